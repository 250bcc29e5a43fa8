//! What the host is, from files and system calls; no process is started and nothing is asked of the network, but for the facts
//! of Ansible's `setup`, which stand apart.
//!
//! Each fact of the protocol's table is gathered when it is first read. What the host does not tell is null.

mod hardware;
mod host;
mod local;
mod mounts;
mod names;
mod network;
mod os;
pub(crate) mod services;
pub(crate) mod setup;
mod show;
#[cfg(test)]
mod tests;
mod users;
mod virtualization;

pub(crate) use show::main;

use crate::sys::SysError;
use crate::sys::linux::machine;
use hep_protocol::facts::{FACTS, Facts, Init};
use host::Host;
use serde_json::{Map, Value as Json};
use std::sync::OnceLock;

/// The facts that the host's greeting carries.
pub(crate) fn gather() -> Facts {
    let host = Host::this();
    let os = os::Os::read(&host);
    let names = (host.uname)();
    Facts {
        hostname: names.node,
        kernel: names.release,
        arch: names.machine,
        os_id: os.id.unwrap_or_default(),
        os_version: os.version.unwrap_or_default(),
        os_codename: os.codename.unwrap_or_default(),
        init: machine::init(&host.root),
    }
}

/// The facts of a host, each gathered when it is first read and then kept, whatever changes on the host.
pub(crate) struct Gathered {
    host: Host,
    kept: Vec<(&'static str, OnceLock<Result<Json, Broken>>)>,
}

/// A file that has to be repaired before a fact can be had.
#[derive(Clone, Debug)]
struct Broken {
    what: String,
    hint: Option<&'static str>,
}

impl Gathered {
    /// The facts of this host; none is gathered yet.
    pub(crate) fn new() -> Self {
        Self::of(Host::this())
    }

    fn of(host: Host) -> Self {
        Self { host, kept: FACTS.iter().map(|fact| (fact.name, OnceLock::new())).collect() }
    }

    /// All facts, by name.
    pub(crate) fn all(&self) -> Result<Json, SysError> {
        let facts = FACTS.iter().filter_map(|fact| Some((fact.name, self.get(fact.name)?)));
        let facts = facts.map(|(name, value)| Ok((name.to_owned(), value?.clone())));
        Ok(Json::Object(facts.collect::<Result<_, SysError>>()?))
    }

    /// The fact of that name. `None`: there is no such fact. Only `local` can fail.
    pub(crate) fn get(&self, name: &str) -> Option<Result<&Json, SysError>> {
        let (_, kept) = self.kept.iter().find(|(known, _)| *known == name)?;
        Some(kept.get_or_init(|| read(name, &self.host)).as_ref().map_err(SysError::from))
    }
}

impl From<&Broken> for SysError {
    fn from(broken: &Broken) -> Self {
        let error = SysError::new(&*broken.what);
        match broken.hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// Gathers one fact. A test compares the names and shapes here with the table's.
fn read(name: &str, host: &Host) -> Result<Json, Broken> {
    Ok(match name {
        "hostname" => told(Some((host.uname)().node)),
        "fqdn" => told(Some(names::fqdn(host))),
        "os" => os::Os::read(host).fact(),
        "kernel" => {
            let names = (host.uname)();
            let [name, release, version] =
                [names.system, names.release, names.version].map(|text| told(Some(text)));
            mapping([("name", name), ("release", release), ("version", version)])
        }
        "arch" => told(Some((host.uname)().machine)),
        "init" => Json::from(match machine::init(&host.root) {
            Init::Systemd => "systemd",
            Init::Sysv if host.is_dir("run/openrc") => "openrc",
            Init::Sysv => "sysv",
        }),
        "virtualization" => virtualization::fact(host),
        "cpus" => hardware::cpus(host),
        "memory" => hardware::memory(host),
        "mounts" => mounts::fact(host),
        "interfaces" => network::interfaces(host),
        "addresses" => network::addresses(host),
        "default_ipv4" => network::default_ipv4(host),
        "default_ipv6" => network::default_ipv6(host),
        "users" => users::fact(host),
        "timezone" => told(names::timezone(host)),
        "package_manager" => told(os::package_manager(host).map(str::to_owned)),
        "local" => local::fact(host)?,
        _ => Json::Null,
    })
}

/// Text that is empty where it should say something tells nothing.
fn told(text: Option<String>) -> Json {
    text.filter(|text| !text.is_empty()).map_or(Json::Null, Json::String)
}

/// A mapping with fixed names.
fn mapping<const N: usize>(entries: [(&str, Json); N]) -> Json {
    named(&mut entries.into_iter().map(|(name, value)| (name.to_owned(), value)))
}

/// A mapping of names that differ from host to host. One by one and after one call: this keeps the agent small.
fn named(entries: &mut dyn Iterator<Item = (String, Json)>) -> Json {
    let mut map = Map::new();
    for (name, value) in entries {
        map.insert(name, value);
    }
    Json::Object(map)
}
