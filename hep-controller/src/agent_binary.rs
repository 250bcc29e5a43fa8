//! The agents hep carries, by machine: finds the bytes to upload to a host, or says how to build them.
//! Reads one file at most (the agent beside hep, in development); must not connect, upload or print.

use agent::Carried;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::{env, fs, io};

mod agent;
mod gzip;

pub(crate) use agent::{Agent, BLOCK};

/// The agents put into this hep by build.rs.
static EMBEDDED: &[Carried] = include!(concat!(env!("OUT_DIR"), "/agents.rs"));

/// What [`for_machine`] has found.
static FOUND: Mutex<BTreeMap<&str, Arc<Agent>>> = Mutex::new(BTreeMap::new());

/// The development agent's file name, beside hep in cargo's target directory.
const BESIDE: &str = "hep-agent";

/// The agent to upload to a host whose `uname -m` says `machine`: one that hep carries, else (in development) the
/// one beside the running hep, if it was built for that machine. All hosts share it.
pub(crate) fn for_machine(machine: &str) -> Result<Arc<Agent>, NoAgent> {
    let wanted = Machine::named(machine)
        .ok_or_else(|| NoAgent::UnknownMachine { machine: machine.to_owned() })?;
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(agent) = found.get(wanted.name) {
        return Ok(Arc::clone(agent));
    }
    let agent = Arc::new(match embedded(EMBEDDED, wanted) {
        Some(carried) => Agent::carried(carried),
        None => Agent::of(agent_beside(&own_directory()?, wanted, EMBEDDED)?.bytes),
    });
    found.insert(wanted.name, Arc::clone(&agent));
    Ok(agent)
}

/// What `uname -m` may say on hosts for which there may be an agent.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    MACHINES
        .iter()
        .flat_map(|machine| [machine.name].into_iter().chain(machine.also.iter().copied()))
}

/// The agent for this machine, as `hep apply` starts it.
pub(crate) fn local() -> Result<LocalAgent, NoAgent> {
    let machine = env::consts::ARCH;
    let wanted = Machine::named(machine)
        .ok_or_else(|| NoAgent::UnknownMachine { machine: machine.to_owned() })?;
    match embedded(EMBEDDED, wanted) {
        Some(carried) => Ok(LocalAgent::Carried(Agent::carried(carried))),
        None => agent_beside(&own_directory()?, wanted, EMBEDDED)
            .map(|found| LocalAgent::File(found.path)),
    }
}

/// Where the agent of this machine is.
#[derive(Debug)]
pub(crate) enum LocalAgent {
    /// An executable file that is there already.
    File(PathBuf),
    /// Within hep; whoever starts it must write it somewhere first.
    Carried(Agent),
}

/// Why there is no agent to give.
#[derive(Debug)]
pub(crate) enum NoAgent {
    /// `uname -m` said something no agent can be built for.
    UnknownMachine { machine: String },
    /// This hep has agents, or one beside it, but not for the wanted machine.
    NotBuilt { wanted: &'static Machine, carried: Vec<&'static str>, beside: Beside },
    /// The agent beside hep could not be read.
    Unreadable { path: PathBuf, source: io::Error },
    /// The system does not say which file hep itself is.
    WhereAmI { source: io::Error },
}

/// What was found where the development agent would be.
#[derive(Debug)]
pub(crate) enum Beside {
    /// No such file.
    Nothing(PathBuf),
    /// A file, but not an executable of the wanted machine.
    Other { path: PathBuf, is: String },
}

impl NoAgent {
    /// What to do about it, for the `hint:` line.
    pub(crate) fn hint(&self) -> String {
        match self {
            NoAgent::UnknownMachine { .. } => {
                let names: Vec<_> = MACHINES.iter().map(|machine| machine.name).collect();
                format!("agents exist for: {}", names.join(", "))
            }
            NoAgent::NotBuilt { wanted, .. } if wanted.is_own() => {
                "in hep's source tree: `cargo build` for this machine alone, or `cargo xtask dist`"
                    .to_owned()
            }
            NoAgent::NotBuilt { wanted, .. } => {
                format!(
                    "in hep's source tree: `rustup target add {} && cargo xtask dist`",
                    wanted.rust_target
                )
            }
            NoAgent::Unreadable { .. } | NoAgent::WhereAmI { .. } => {
                "use a hep made by `cargo xtask dist`: it carries its agents".to_owned()
            }
        }
    }
}

impl fmt::Display for NoAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoAgent::UnknownMachine { machine } => write!(f, "no agent for machine: `{machine}`"),
            NoAgent::NotBuilt { wanted, carried, beside } => {
                write!(f, "no agent for machine `{}`: this hep carries ", wanted.name)?;
                match carried.as_slice() {
                    [] => f.write_str("none")?,
                    names => f.write_str(&names.join(", "))?,
                }
                match beside {
                    Beside::Nothing(path) => write!(f, ", and `{}` is not there", path.display()),
                    Beside::Other { path, is } => write!(f, ", and `{}` is {is}", path.display()),
                }
            }
            NoAgent::Unreadable { path, .. } => {
                write!(f, "cannot read the agent `{}`", path.display())
            }
            NoAgent::WhereAmI { .. } => f.write_str("cannot tell which file hep itself is"),
        }
    }
}

impl Error for NoAgent {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            NoAgent::UnknownMachine { .. } | NoAgent::NotBuilt { .. } => None,
            NoAgent::Unreadable { source, .. } | NoAgent::WhereAmI { source } => Some(source),
        }
    }
}

/// A kind of processor an agent can be built for.
#[derive(Debug)]
pub(crate) struct Machine {
    /// What `uname -m` says, and the suffix of the agent's file.
    name: &'static str,
    /// Other names of the same: Debian's, Rust's, older processors that run it.
    also: &'static [&'static str],
    elf: Elf,
    rust_target: &'static str,
}

/// The three fields of an ELF header that say which machine a program is for (elf(5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Elf {
    bits: u8,
    little_endian: bool,
    /// `e_machine`, the EM_ numbers of elf.h.
    machine: u16,
}

const fn little(bits: u8, machine: u16) -> Elf {
    Elf { bits, little_endian: true, machine }
}

#[rustfmt::skip]
static MACHINES: &[Machine] = &[
    Machine { name: "x86_64", also: &["amd64"], elf: little(64, 62), rust_target: "x86_64-unknown-linux-musl" },
    Machine { name: "aarch64", also: &["arm64"], elf: little(64, 183), rust_target: "aarch64-unknown-linux-musl" },
    Machine { name: "i686", also: &["i386", "i486", "i586", "x86"], elf: little(32, 3), rust_target: "i686-unknown-linux-musl" },
    Machine { name: "armv7l", also: &["armv8l", "armhf", "arm"], elf: little(32, 40), rust_target: "armv7-unknown-linux-musleabihf" },
    Machine { name: "riscv64", also: &[], elf: little(64, 243), rust_target: "riscv64gc-unknown-linux-musl" },
];

impl Machine {
    fn named(name: &str) -> Option<&'static Machine> {
        MACHINES.iter().find(|machine| machine.name == name || machine.also.contains(&name))
    }

    fn is_own(&self) -> bool {
        Machine::named(env::consts::ARCH).is_some_and(|own| own.name == self.name)
    }
}

impl Elf {
    /// Reads the header's first 20 bytes; none when they are not an ELF file's.
    fn of(file: &[u8]) -> Option<Elf> {
        let (magic, rest) = file.split_first_chunk::<4>()?;
        let (&[class, data], _) = rest.split_first_chunk::<2>()?;
        let (_, from_machine) = file.split_at_checked(18)?;
        let (&machine, _) = from_machine.split_first_chunk::<2>()?;
        let bits = match class {
            1 => 32,
            2 => 64,
            _ => return None,
        };
        let (little_endian, machine) = match data {
            1 => (true, u16::from_le_bytes(machine)),
            2 => (false, u16::from_be_bytes(machine)),
            _ => return None,
        };
        (magic == b"\x7fELF").then_some(Elf { bits, little_endian, machine })
    }
}

fn embedded(agents: &'static [Carried], wanted: &Machine) -> Option<&'static Carried> {
    agents.iter().find(|agent| agent.machine == wanted.name)
}

/// The directory of the running hep, links followed, so that a link to it in `~/bin` finds the agent too.
fn own_directory() -> Result<PathBuf, NoAgent> {
    let hep = env::current_exe()
        .and_then(fs::canonicalize)
        .map_err(|source| NoAgent::WhereAmI { source })?;
    let nowhere = || NoAgent::WhereAmI { source: io::Error::from(io::ErrorKind::NotADirectory) };
    hep.parent().map(Path::to_owned).ok_or_else(nowhere)
}

/// A development agent that fits.
#[derive(Debug)]
struct Found {
    path: PathBuf,
    bytes: Vec<u8>,
}

/// The development agent in `directory`, if its header says it is for the wanted machine.
fn agent_beside(
    directory: &Path,
    wanted: &'static Machine,
    carried: &[Carried],
) -> Result<Found, NoAgent> {
    let path = directory.join(BESIDE);
    let not_built = |beside| NoAgent::NotBuilt {
        wanted,
        carried: carried.iter().map(|agent| agent.machine).collect(),
        beside,
    };
    match fs::read(&path) {
        Ok(bytes) => match Elf::of(&bytes) {
            Some(elf) if elf == wanted.elf => Ok(Found { path, bytes }),
            other => Err(not_built(Beside::Other { path, is: description(other) })),
        },
        Err(source) if source.kind() == io::ErrorKind::NotFound => {
            Err(not_built(Beside::Nothing(path)))
        }
        Err(source) => Err(NoAgent::Unreadable { path, source }),
    }
}

fn description(elf: Option<Elf>) -> String {
    match elf {
        None => "not a program".to_owned(),
        Some(elf) => match MACHINES.iter().find(|machine| machine.elf == elf) {
            Some(machine) => format!("for {}", machine.name),
            None => format!("for another machine (ELF number {})", elf.machine),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(elf: Elf) -> Vec<u8> {
        let mut bytes = b"\x7fELF".to_vec();
        bytes.push(if elf.bits == 64 { 2 } else { 1 });
        bytes.push(if elf.little_endian { 1 } else { 2 });
        bytes.resize(18, 0);
        let number = elf.machine;
        bytes.extend(if elf.little_endian { number.to_le_bytes() } else { number.to_be_bytes() });
        bytes
    }

    fn carried(machine: &'static str) -> Carried {
        Carried { machine, packed: b"", length: 0, sha256: "" }
    }

    /// What asking for `wanted` says when `content` is the file beside hep and agents for `machines` are in it.
    fn check(wanted: &str, machines: &[&'static str], content: Option<&[u8]>) -> String {
        let directory = tempfile::tempdir().unwrap();
        if let Some(content) = content {
            fs::write(directory.path().join(BESIDE), content).unwrap();
        }
        let wanted = Machine::named(wanted).unwrap();
        let carried: Vec<_> = machines.iter().map(|machine| carried(machine)).collect();
        match agent_beside(directory.path(), wanted, &carried) {
            Ok(found) => format!("{} bytes", found.bytes.len()),
            Err(error) => format!("{error}\nhint: {}", error.hint())
                .replace(&directory.path().display().to_string(), "DIR"),
        }
    }

    #[test]
    fn names_of_one_machine_are_one_machine() {
        let names = ["x86_64", "amd64", "aarch64", "arm64", "i386", "i686", "armv7l", "armv8l"];
        let machines = names.map(|name| Machine::named(name).unwrap().name);
        let expected =
            ["x86_64", "x86_64", "aarch64", "aarch64", "i686", "i686", "armv7l", "armv7l"];
        assert_eq!(machines, expected);
        assert!(Machine::named("vax").is_none());
    }

    #[test]
    fn every_machine_is_told_from_every_other_by_its_header() {
        for machine in MACHINES {
            let read = Elf::of(&header(machine.elf)).unwrap();
            let same: Vec<_> = MACHINES.iter().filter(|other| other.elf == read).collect();
            assert_eq!(same.len(), 1, "{}", machine.name);
        }
    }

    #[test]
    fn a_short_or_foreign_header_is_no_program() {
        let whole = header(little(64, 62));
        for length in 0..whole.len() {
            assert_eq!(Elf::of(&whole[..length]), None, "{length} bytes");
        }
        assert_eq!(Elf::of(b"#!/bin/sh\nexec true, and so on\n"), None);
        let big_endian = Elf { bits: 64, little_endian: false, machine: 22 };
        assert_eq!(Elf::of(&header(big_endian)), Some(big_endian));
    }

    #[test]
    fn the_agent_beside_hep_is_taken_when_it_fits() {
        assert_eq!(check("amd64", &[], Some(&header(little(64, 62)))), "20 bytes");
    }

    #[test]
    fn an_agent_for_another_machine_is_refused_by_name() {
        assert_eq!(
            check("riscv64", &["x86_64"], Some(&header(little(64, 183)))),
            "no agent for machine `riscv64`: this hep carries x86_64, and `DIR/hep-agent` is for aarch64\n\
             hint: in hep's source tree: `rustup target add riscv64gc-unknown-linux-musl && cargo xtask dist`"
        );
        assert_eq!(
            check(env::consts::ARCH, &[], Some(b"#!/bin/sh")),
            format!(
                "no agent for machine `{}`: this hep carries none, and `DIR/hep-agent` is not a program\n\
                 hint: in hep's source tree: `cargo build` for this machine alone, or `cargo xtask dist`",
                Machine::named(env::consts::ARCH).unwrap().name
            )
        );
    }

    #[test]
    fn no_agent_at_all_says_what_hep_carries_and_how_to_build_it() {
        assert_eq!(
            check("i686", &["aarch64", "x86_64"], None),
            "no agent for machine `i686`: this hep carries aarch64, x86_64, and `DIR/hep-agent` is not there\n\
             hint: in hep's source tree: `rustup target add i686-unknown-linux-musl && cargo xtask dist`"
        );
    }

    #[test]
    fn an_unknown_machine_lists_the_known_ones() {
        let error = for_machine("vax").unwrap_err();
        assert_eq!(error.to_string(), "no agent for machine: `vax`");
        assert_eq!(error.hint(), "agents exist for: x86_64, aarch64, i686, armv7l, riscv64");
    }

    #[test]
    fn a_carried_agent_comes_before_the_one_beside_hep() {
        let both = Box::leak(Box::new(["aarch64", "x86_64"].map(carried)));
        let named = |name| embedded(both, Machine::named(name).unwrap()).map(|one| one.machine);
        assert_eq!((named("amd64"), named("i686")), (Some("x86_64"), None));
    }

    #[test]
    fn carried_agents_are_for_the_machine_they_are_named_after() {
        for carried in EMBEDDED {
            let (name, agent) = (carried.machine, Agent::carried(carried));
            let elf = Machine::named(name).map(|machine| machine.elf);
            assert_eq!(Elf::of(agent.plain()), elf, "{name}");
            let again = Agent::of(agent.plain().to_vec());
            assert_eq!(
                (again.sha256(), again.blocks()),
                (agent.sha256(), agent.blocks()),
                "{name}"
            );
        }
    }
}
