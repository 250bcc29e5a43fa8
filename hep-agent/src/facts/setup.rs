//! The facts that Ansible's `setup` gathers, with its names and shapes, and as it does: what only a program tells, a program
//! is started for. They are gathered when a task asks for it, and never change by themselves.

mod firmware;
mod hardware;
mod identity;
mod local;
mod network;
mod system;
#[cfg(test)]
mod tests;
mod time;
mod virtualization;

pub(crate) use local::{LIMIT, is_local};

use super::host::Host;
use super::{Gathered, named};
use crate::glob;
use crate::sys::SysError;
use crate::sys::linux::credentials;
use hep_protocol::facts::setup::{Collector, PREFIX, SETUP_FACTS, chosen};
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

/// What a task asks of `setup`.
pub(crate) struct Asked<'a> {
    /// As `gather_subset` says it.
    pub(crate) subset: &'a [String],
    /// As `filter` says it.
    pub(crate) filter: &'a [String],
    /// The directory of local facts.
    pub(crate) local: &'a str,
    /// How long a file system may take to say how large it is, as `gather_timeout` says it.
    pub(crate) patience: Option<Duration>,
    /// The collectors whose facts anybody reads; `None`: all may be read.
    pub(crate) wanted: Option<&'a BTreeSet<Collector>>,
}

/// Where the host's own facts are, if nobody says so.
pub(crate) const LOCAL: &str = "/etc/ansible/facts.d";

/// The files of local facts in a directory, with their content; one that cannot be read or is too large is left out.
pub(crate) fn local_files(directory: &str) -> BTreeMap<String, Vec<u8>> {
    local::files(&Host::this(), directory)
}

/// Gathers facts of this host, by the names that they have as variables, and what should be said of it.
pub(crate) fn gather(asked: &Asked<'_>) -> Result<(Map<String, Json>, Vec<String>), SysError> {
    of(&Host::this(), asked)
}

fn of(host: &Host, asked: &Asked<'_>) -> Result<(Map<String, Json>, Vec<String>), SysError> {
    let mut collectors = chosen(asked.subset).map_err(|word| {
        SysError::new(format!("there is no subset `{word}`"))
            .hint("correct `gather_subset`: `all`, `min`, `network`, `hardware`, `local` ...")
    })?;
    if let Some(wanted) = asked.wanted {
        collectors.retain(|collector| wanted.contains(collector));
    }
    let own = Gathered::of(host.clone());
    let mut gathering = Gathering { host, own, asked, facts: Map::new(), notes: Vec::new() };
    collectors.into_iter().for_each(|collector| gathering.collect(collector));
    let Gathering { facts, notes, .. } = gathering;
    let facts = facts.into_iter().map(|(name, value)| (format!("{PREFIX}{name}"), value));
    let kept = facts.filter(|(name, _)| is_kept(name, asked.filter));
    Ok((kept.collect(), notes))
}

/// Whether one of the patterns matches; they may leave the prefix out.
fn is_kept(name: &str, filter: &[String]) -> bool {
    let mut patterns = filter.iter().map(String::as_str).filter(|pattern| !pattern.is_empty());
    let fits = |pattern: &str| {
        glob::matches(pattern, name) || glob::matches(&format!("{PREFIX}{pattern}"), name)
    };
    filter.is_empty() || filter.iter().any(String::is_empty) || patterns.any(fits)
}

/// Facts as they come together.
struct Gathering<'a> {
    host: &'a Host,
    /// hep's facts, for those that are the same.
    own: Gathered,
    asked: &'a Asked<'a>,
    facts: Map<String, Json>,
    notes: Vec<String>,
}

impl Gathering<'_> {
    fn collect(&mut self, collector: Collector) {
        let host = self.host;
        let facts = match collector {
            Collector::Apparmor => system::apparmor(host),
            Collector::Capabilities => system::capabilities(host),
            Collector::Chroot => system::chroot(host),
            Collector::CommandLine => system::command_line(host),
            Collector::DateTime => time::facts(host, SystemTime::now()),
            Collector::Distribution => identity::distribution(host),
            Collector::Dns => system::dns(host),
            Collector::Environment => one("env", named(&mut credentials::login_environment())),
            Collector::Fips => system::fips(host),
            Collector::Firmware => firmware::facts(host),
            Collector::Load => hardware::load(host),
            Collector::Local => {
                let (facts, notes) = local::facts(host, self.asked.local);
                self.notes.extend(notes);
                one("local", facts)
            }
            Collector::Lsb => identity::lsb(host),
            Collector::Memory => hardware::memory(host),
            Collector::Mounts => hardware::mounts(host, self.asked.patience),
            Collector::Names => identity::names(host),
            Collector::Network => network::facts(host),
            Collector::PackageManager => identity::package_manager(host),
            Collector::Platform => identity::platform(host),
            Collector::Processors => hardware::processors(host),
            Collector::Python => system::python(host),
            Collector::Selinux => system::selinux(host),
            Collector::ServiceManager => system::service_manager(host),
            Collector::SshKeys => system::ssh_keys(host),
            Collector::Systemd => system::systemd(host),
            Collector::Uptime => hardware::uptime(host),
            Collector::User => identity::user(host),
            Collector::Virtualization => virtualization::facts(host),
        };
        self.facts.extend(facts);
        self.same(collector);
    }

    /// The facts that are hep's own under another name.
    fn same(&mut self, collector: Collector) {
        for fact in SETUP_FACTS.iter().filter(|fact| fact.collector == collector) {
            let Some(path) = fact.same_as else { continue };
            let (first, rest) = path.split_once('.').unwrap_or((path, ""));
            let Some(Ok(value)) = self.own.get(first) else { continue };
            let value = if rest.is_empty() { Some(value) } else { value.get(rest) };
            self.facts.insert(fact.name.to_owned(), value.cloned().unwrap_or_default());
        }
    }
}

/// A single fact.
fn one(name: &str, value: Json) -> Map<String, Json> {
    Map::from_iter([(name.to_owned(), value)])
}

/// Some facts.
fn some<const N: usize>(entries: [(&str, Json); N]) -> Map<String, Json> {
    entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
