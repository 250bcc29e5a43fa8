//! The static agents: for each machine the first of three ways that can be gone here, and why the earlier ones could not.
//! A way that was chosen and then fails is an error, never a reason to try the next: a worse agent must not be shipped unseen.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::musl;
use crate::shell::{self, Failure};
use crate::workspace::Workspace;

/// A kind of processor agents are built for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Machine {
    /// As `uname -m` says it, and the suffix of the agent's file.
    pub(crate) name: &'static str,
    musl: &'static str,
    gnu: &'static str,
}

#[rustfmt::skip]
static MACHINES: &[Machine] = &[
    Machine { name: "x86_64", musl: "x86_64-unknown-linux-musl", gnu: "x86_64-unknown-linux-gnu" },
    Machine { name: "aarch64", musl: "aarch64-unknown-linux-musl", gnu: "aarch64-unknown-linux-gnu" },
    Machine { name: "i686", musl: "i686-unknown-linux-musl", gnu: "i686-unknown-linux-gnu" },
    Machine { name: "armv7l", musl: "armv7-unknown-linux-musleabihf", gnu: "armv7-unknown-linux-gnueabihf" },
    Machine { name: "riscv64", musl: "riscv64gc-unknown-linux-musl", gnu: "riscv64gc-unknown-linux-gnu" },
];

/// The machines of almost every host: built wherever that is possible. The others only by rustup or when asked for.
const COMMON: &[&str] = &["x86_64", "aarch64"];

impl Machine {
    /// The machine of that name.
    pub(crate) fn named(name: &str) -> Result<&'static Machine, Failure> {
        MACHINES.iter().find(|machine| machine.name == name).ok_or_else(|| {
            let names: Vec<_> = MACHINES.iter().map(|machine| machine.name).collect();
            Failure::Told(format!("no machine `{name}`: there are {}", names.join(", ")))
        })
    }

    /// The machine we run on.
    pub(crate) fn own() -> Result<&'static Machine, Failure> {
        Machine::named(match env::consts::ARCH {
            "x86" => "i686",
            "arm" => "armv7l",
            other => other,
        })
    }
}

/// The ways to a static agent, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The toolchain has the standard library for musl.
    Toolchain,
    /// Debian's rustc and its sources, with zig as the linker: the standard library is built along.
    Debian,
    /// glibc, linked statically: larger, and only for the machine we run on.
    Glibc,
}

const WAYS: [Way; 3] = [Way::Toolchain, Way::Debian, Way::Glibc];

impl Way {
    fn name(self) -> &'static str {
        match self {
            Way::Toolchain => "musl of the Rust toolchain",
            Way::Debian => "musl by Debian's rustc and zig",
            Way::Glibc => "static glibc",
        }
    }

    fn is_musl(self) -> bool {
        match self {
            Way::Toolchain | Way::Debian => true,
            Way::Glibc => false,
        }
    }

    /// What is missing here to go this way, or nothing.
    fn obstacle(self, workspace: &Workspace, machine: &Machine) -> Option<String> {
        match self {
            Way::Toolchain => (!toolchain_has(machine.musl))
                .then(|| format!("not installed: `rustup target add {}`", machine.musl)),
            Way::Debian if !COMMON.contains(&machine.name) => {
                Some("only for x86_64 and aarch64".to_owned())
            }
            Way::Debian => musl::obstacle(workspace),
            Way::Glibc => (Machine::own().ok() != Some(machine))
                .then(|| "glibc is linked for this machine alone".to_owned()),
        }
    }

    /// Builds one agent; gives the file cargo made.
    fn build(
        self,
        workspace: &Workspace,
        machine: &Machine,
        symbols: Symbols,
    ) -> Result<PathBuf, Failure> {
        let (target_dir, target) = match self {
            Way::Toolchain => (workspace.target.clone(), machine.musl),
            // Another rustc's artifacts must not mix with those of the developer's own.
            Way::Debian => (workspace.target.join("musl"), machine.musl),
            Way::Glibc => (workspace.target.clone(), machine.gnu),
        };
        let mut command = match self {
            Way::Toolchain => toolchain_build(machine),
            Way::Debian => debian_build(workspace, &target_dir),
            Way::Glibc => {
                let mut command = shell::cargo();
                let flags = format!("-C target-feature=+crt-static {SMALLER}");
                command.arg("build").env("RUSTFLAGS", flags);
                command
            }
        };
        command.args(["--profile", "agent", "-p", "hep-agent", "--target", target]);
        command.env_remove("CARGO_ENCODED_RUSTFLAGS");
        if symbols == Symbols::Kept {
            command.env("CARGO_PROFILE_AGENT_STRIP", "none");
        }
        shell::run(&mut command)?;
        Ok(target_dir.join(target).join("agent/hep-agent"))
    }
}

/// Whether the linker leaves the names of functions in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Symbols {
    Stripped,
    Kept,
}

/// Which agents are wanted.
#[derive(Debug)]
pub(crate) enum Wanted {
    /// These, and all of them must be built.
    Exactly(Vec<&'static Machine>),
    /// The machine we run on, and every other that can be built here.
    AllPossible,
}

/// Whether glibc will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Libc {
    Any,
    Musl,
}

/// Builds the wanted agents into `target/agents`, which then holds these and no others; gives their files.
pub(crate) fn build(
    workspace: &Workspace,
    wanted: &Wanted,
    libc: Libc,
) -> Result<Vec<PathBuf>, Failure> {
    let mut built = Vec::new();
    for (machine, way) in choose(workspace, wanted, libc)? {
        shell::say(&format!("agent for {}: {}", machine.name, way.name()));
        built.push((machine, way.build(workspace, machine, Symbols::Stripped)?));
    }
    let directory = workspace.agents();
    fs::create_dir_all(&directory).map_err(shell::file_error("create", &directory))?;
    let mut agents = Vec::new();
    for (machine, file) in built {
        let agent = directory.join(format!("hep-agent-{}", machine.name));
        refuse_dynamic(&file)?;
        copy_if_other(&file, &agent)?;
        agents.push(agent);
    }
    remove_others(&directory, &agents)?;
    Ok(agents)
}

/// The agent for the machine we run on with its symbols, to be looked into and not to be shipped.
pub(crate) fn with_symbols(workspace: &Workspace, libc: Libc) -> Result<PathBuf, Failure> {
    let own = Machine::own()?;
    let chosen = choose(workspace, &Wanted::Exactly(vec![own]), libc)?;
    let (machine, way) = *chosen.first().ok_or_else(|| Failure::Told(no_way(own, libc)))?;
    way.build(workspace, machine, Symbols::Kept)
}

/// For each wanted machine the first way without an obstacle; says what stood in the earlier ones.
fn choose(
    workspace: &Workspace,
    wanted: &Wanted,
    libc: Libc,
) -> Result<Vec<(&'static Machine, Way)>, Failure> {
    let own = Machine::own()?;
    let machines: Vec<&'static Machine> = match wanted {
        Wanted::Exactly(machines) => machines.clone(),
        Wanted::AllPossible => MACHINES.iter().filter(|machine| offered(machine, own)).collect(),
    };
    let mut chosen = Vec::new();
    for machine in machines {
        let way = first_way(workspace, machine, libc);
        match (way, wanted) {
            (Some(way), _) => chosen.push((machine, way)),
            (None, Wanted::AllPossible) if machine != own => {
                shell::say(&format!("agent for {}: not built", machine.name));
            }
            (None, _) => return Err(Failure::Told(no_way(machine, libc))),
        }
    }
    Ok(chosen)
}

fn offered(machine: &Machine, own: &Machine) -> bool {
    machine == own || COMMON.contains(&machine.name) || toolchain_has(machine.musl)
}

fn first_way(workspace: &Workspace, machine: &Machine, libc: Libc) -> Option<Way> {
    WAYS.into_iter().find(|way| {
        let obstacle = match libc {
            Libc::Musl if !way.is_musl() => Some("musl is required".to_owned()),
            Libc::Any | Libc::Musl => way.obstacle(workspace, machine),
        };
        if let Some(obstacle) = &obstacle {
            shell::say(&format!("agent for {}: no {}: {obstacle}", machine.name, way.name()));
        }
        obstacle.is_none()
    })
}

fn no_way(machine: &Machine, libc: Libc) -> String {
    let libc = match libc {
        Libc::Any => "",
        Libc::Musl => " with musl",
    };
    format!(
        "no way to an agent for {}{libc}\nhint: `rustup target add {}`, or on Debian `cargo xtask dist --setup-musl`",
        machine.name, machine.musl
    )
}

/// Whether the toolchain's standard library for that target is installed, by rustup or otherwise.
fn toolchain_has(target: &str) -> bool {
    let mut rustc = shell::command(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--print", "target-libdir", "--target", target]);
    let directory = shell::output(&mut rustc).unwrap_or_default();
    let files = fs::read_dir(directory.trim()).into_iter().flatten().flatten();
    files.into_iter().any(|file| file.file_name().to_string_lossy().starts_with("libstd-"))
}

fn toolchain_build(machine: &Machine) -> std::process::Command {
    let mut command = shell::cargo();
    command.arg("build").env("RUSTFLAGS", SMALLER);
    if Machine::own().ok() != Some(machine) {
        // The system's linker knows its own machine only; the one in the toolchain knows all.
        let variable = machine.musl.to_uppercase().replace('-', "_");
        command.env(format!("CARGO_TARGET_{variable}_LINKER"), "rust-lld");
    }
    command
}

/// A panic aborts: nobody reads the tables for unwinding, a sixth of the file.
const SMALLER: &str = "-C force-unwind-tables=no";

/// Where Debian's package puts its rustc, whatever PATH says.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
fn debian_build(workspace: &Workspace, target_dir: &Path) -> std::process::Command {
    let tools = workspace.tools();
    let mut command = shell::command(tools.join("bin/cargo-zigbuild"));
    command
        .args(["zigbuild", "-Zbuild-std=std,panic_abort"])
        // Without backtraces, which a stripped program has no use for.
        .args(["-Zbuild-std-features=optimize_for_size", "--target-dir"])
        .arg(target_dir)
        .env("PATH", path_before(&[tools.join("zig/bin"), tools.join("bin")]))
        .env("RUSTC", DEBIAN_RUSTC)
        // The compiler is a stable one; building its own standard library is all it is bootstrapped for.
        .env("RUSTC_BOOTSTRAP", "1")
        // zig brings musl's start files; rustc's own would come twice.
        .env("RUSTFLAGS", format!("-C link-self-contained=no {SMALLER}"));
    command
}

fn path_before(directories: &[PathBuf]) -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    let all = directories.iter().cloned().chain(env::split_paths(&path));
    // Only a directory with a colon in its name cannot be joined; then the system's PATH is what is left.
    env::join_paths(all).unwrap_or(path)
}

/// An agent that asks for a loader or a shared library runs here and fails on the next host.
fn refuse_dynamic(agent: &Path) -> Result<(), Failure> {
    let headers = shell::output(shell::command("readelf").args(["-lW"]).arg(agent))?;
    if headers.contains("INTERP") {
        return Err(Failure::Told(format!("not static: `{}`", agent.display())));
    }
    Ok(())
}

/// Equal agents keep their time, so that hep is not built again for them.
fn copy_if_other(from: &Path, to: &Path) -> Result<(), Failure> {
    let new = fs::read(from).map_err(shell::file_error("read", from))?;
    if fs::read(to).is_ok_and(|old| old == new) {
        return Ok(());
    }
    fs::copy(from, to).map(|_| ()).map_err(shell::file_error("write", to))
}

/// An agent of an earlier build would be refused by its host's hep: it must not be embedded.
fn remove_others(directory: &Path, agents: &[PathBuf]) -> Result<(), Failure> {
    let keep: BTreeSet<&Path> = agents.iter().map(PathBuf::as_path).collect();
    for entry in fs::read_dir(directory).map_err(shell::file_error("list", directory))? {
        let path = entry.map_err(shell::file_error("list", directory))?.path();
        if !keep.contains(path.as_path()) {
            fs::remove_file(&path).map_err(shell::file_error("remove", &path))?;
        }
    }
    Ok(())
}
