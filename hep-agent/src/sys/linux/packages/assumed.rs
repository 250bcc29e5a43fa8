//! dpkg's database as earlier steps would have left it, written for apt-get's simulations: so apt itself decides what
//! the next step would do. The files lie in a private directory of `/run` for as long as one simulation takes: apt insists on
//! files that have a name.

use super::{files, private};
use crate::sys::SysError;
use crate::sys::packages::*;
use hep_protocol::value::AbsPath;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::{self, BufRead};
use std::path::PathBuf;

/// The files that stand for dpkg's and apt's own as long as this lives.
pub(super) struct Stage {
    directory: PathBuf,
}

impl Drop for Stage {
    fn drop(&mut self) {
        // What stays behind is swept up by the next run.
        fs::remove_dir_all(&self.directory).ok();
    }
}

impl Stage {
    /// Writes the database as a simulation should see it.
    pub(super) fn set(assumed: &Assumed<'_>) -> Result<Self, SysError> {
        let mut status = String::new();
        let mut missing = Missing::default();
        for entry in assumed.database.iter() {
            missing.wanted.insert(key(entry), state(entry));
        }
        let own = files::status()?;
        for stanza in own.split("\n\n") {
            keep(stanza, assumed.database, &mut missing, &mut status);
        }
        for (name, path) in assumed.files {
            missing.read_file(name, path, &mut status)?;
        }
        if missing.wanted.keys().any(|(_, version, _)| !version.is_empty()) {
            files::each_list(&mut |list| missing.find_in(list, &mut status))?;
        }
        let mut marks = String::new();
        for entry in assumed.database.iter().filter(|entry| entry.auto) {
            let arch = if entry.arch == "all" { assumed.database.native() } else { &entry.arch };
            let name = &entry.name;
            write!(marks, "Package: {name}\nArchitecture: {arch}\nAuto-Installed: 1\n\n").ok();
        }
        let failed = |error| SysError::io("cannot set the stage for a simulation", error);
        let parent = if nix::unistd::geteuid().is_root() { "/run" } else { "/tmp" };
        let stage = Self { directory: private::directory(parent, PREFIX).map_err(failed)? };
        fs::write(stage.directory.join("status"), status).map_err(failed)?;
        fs::write(stage.directory.join("extended_states"), marks).map_err(failed)?;
        Ok(stage)
    }

    /// What apt-get has to be told to look here. Its cache must stay as it is, being of the real database.
    pub(super) fn options(&self) -> [String; 6] {
        let option =
            |file: &str| format!("Dir::State::{file}={}", self.directory.join(file).display());
        [
            "-o".to_owned(),
            option("status"),
            "-o".to_owned(),
            option("extended_states"),
            "-o".to_owned(),
            "Dir::Cache::pkgcache=".to_owned(),
        ]
    }
}

/// What the directories are called, before the number of the agent that made one.
const PREFIX: &str = "hep-stage-";

/// Name, version and architecture.
type Key = (String, String, String);

fn key(entry: &Entry) -> Key {
    (entry.name.clone(), entry.version.to_string(), entry.arch.clone())
}

fn field<'a>(stanza: &'a str, name: &str) -> &'a str {
    let line = |line: &'a str| line.strip_prefix(name)?.strip_prefix(':').map(str::trim);
    stanza.lines().find_map(line).unwrap_or_default()
}

/// A stanza of the host's own is kept, with the state that the package would have, unless it would be another.
fn keep(stanza: &str, database: &Database, missing: &mut Missing, status: &mut String) {
    let (name, arch) = (field(stanza, "Package"), field(stanza, "Architecture"));
    let version = field(stanza, "Version");
    let entry = database.get(name, Some(arch));
    if let Some(entry) = entry.filter(|entry| entry.version.as_str() == version) {
        missing.wanted.remove(&key(entry));
        for line in stanza.lines().filter(|line| !line.is_empty()) {
            if line.starts_with("Status:") {
                writeln!(status, "Status: {}", state(entry)).ok();
            } else {
                writeln!(status, "{line}").ok();
            }
        }
        status.push('\n');
    }
}

/// The words of dpkg for an entry's state.
fn state(entry: &Entry) -> String {
    let want = match entry.want {
        Want::Install => "install",
        Want::Hold => "hold",
        Want::Deinstall => "deinstall",
        Want::Purge => "purge",
        Want::Unknown => "unknown",
    };
    let flag = if entry.reinstall { "reinstreq" } else { "ok" };
    let status = match entry.status {
        Status::ConfigFiles => "config-files",
        Status::HalfInstalled => "half-installed",
        Status::Unpacked => "unpacked",
        Status::HalfConfigured => "half-configured",
        Status::TriggersAwaited => "triggers-awaited",
        Status::TriggersPending => "triggers-pending",
        Status::Installed => "installed",
    };
    format!("{want} {flag} {status}")
}

/// The packages that would be in the database, and of which the host's own says nothing: with their state.
#[derive(Default)]
struct Missing {
    wanted: BTreeMap<Key, String>,
}

impl Missing {
    /// Takes a new package's stanza, if it is wanted.
    fn take(&mut self, stanza: &str, status: &mut String) {
        let own = |name| field(stanza, name).to_owned();
        let key = (own("Package"), own("Version"), own("Architecture"));
        if let Some(state) = self.wanted.remove(&key) {
            writeln!(status, "{}\nStatus: {state}\n", stanza.trim_end()).ok();
        }
    }

    /// Finds them among what can be had.
    fn find_in(&mut self, list: &mut dyn BufRead, status: &mut String) -> io::Result<()> {
        let names: BTreeSet<String> = self.wanted.keys().map(|(name, ..)| name.clone()).collect();
        let (mut stanza, mut line, mut wanted) = (Vec::new(), Vec::new(), false);
        loop {
            line.clear();
            let end = list.read_until(b'\n', &mut line)? == 0;
            if line.trim_ascii().is_empty() {
                if wanted {
                    self.take(&String::from_utf8_lossy(&stanza), status);
                }
                (wanted, _) = (false, stanza.clear());
            }
            if let Some(name) = line.strip_prefix(b"Package:") {
                let name = String::from_utf8_lossy(name.trim_ascii());
                wanted = names.contains(name.as_ref());
            }
            // A stanza begins with its package's name; those of others are not worth keeping.
            if wanted {
                stanza.extend_from_slice(&line);
            }
            if end {
                return Ok(());
            }
        }
    }

    /// Reads what a package file would leave.
    fn read_file(
        &mut self,
        name: &str,
        path: &AbsPath,
        status: &mut String,
    ) -> Result<(), SysError> {
        let wanted = self.wanted.keys().any(|(wanted, ..)| wanted == name);
        if let Some(stanza) = if wanted { files::control(path)? } else { None } {
            self.take(&stanza, status);
        }
        Ok(())
    }
}
