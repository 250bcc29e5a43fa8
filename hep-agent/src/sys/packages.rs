//! Debian packages: what dpkg has installed, and what apt would and does do.

mod catalogue;
pub(crate) mod control;
mod database;
mod version;

pub(crate) use catalogue::Catalogue;
pub(crate) use database::{Database, Entry, Status, Want};
pub(crate) use version::{Version, matches};

use super::{Cause, SysError};
use hep_protocol::task::apt::{Debconf, Upgrade};
use hep_protocol::value::AbsPath;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// What apt shall do in one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Transaction {
    /// What to do.
    pub(crate) verb: Verb,
    /// To which packages.
    pub(crate) targets: Vec<Target>,
    /// How.
    pub(crate) options: Options,
}

/// What apt does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    /// Installs the targets, in another version too.
    Install,
    /// Removes the targets.
    Remove,
    /// Removes the targets and their configuration.
    Purge,
    /// Installs what is needed to build the targets.
    BuildDep,
    /// Upgrades everything.
    Upgrade(Upgrade),
    /// Removes what came for others and is needed no more.
    Autoremove,
}

/// A package as apt is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// By name.
    Named {
        /// Its name.
        name: String,
        /// Its architecture, if not the machine's own.
        arch: Option<String>,
        /// The exact version.
        version: Option<Version>,
    },
    /// As a file.
    File(AbsPath),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named { name, arch, version } => {
                f.write_str(name)?;
                arch.iter().try_for_each(|arch| write!(f, ":{arch}"))?;
                version.iter().try_for_each(|version| write!(f, "={version}"))
            }
            Self::File(path) => write!(f, "{path}"),
        }
    }
}

/// How apt works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// Whether recommended packages come along, if not as the host has it.
    pub(crate) recommends: Option<bool>,
    /// The release to prefer.
    pub(crate) release: Option<String>,
    /// Options for dpkg, without their dashes.
    pub(crate) dpkg: Vec<String>,
    /// Whether to remove what is needed no more.
    pub(crate) autoremove: bool,
    /// Whether older versions may come.
    pub(crate) downgrades: bool,
    /// Whether packages on hold may be changed.
    pub(crate) held: bool,
    /// Whether packages may go at all.
    pub(crate) removals: bool,
    /// What `policy-rc.d` answers.
    pub(crate) policy: Option<u8>,
    /// How long to wait for another package manager.
    pub(crate) patience: Duration,
}

/// One package before and after a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Delta {
    /// Its name.
    pub(crate) name: String,
    /// Its architecture, as in `Entry`; empty where apt does not say.
    pub(crate) arch: String,
    /// The version that is there before.
    pub(crate) from: Option<Version>,
    /// What is there after.
    pub(crate) to: After,
}

/// What a transaction leaves of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// This version of it.
    Version(Version),
    /// Some version; which one only an index that is not there yet will tell.
    Unforeseen,
    /// Its configuration files.
    Removed,
    /// Nothing.
    Purged,
}

/// How current apt's index of packages is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Index {
    /// How long ago it was refreshed; `None` if there is none, or if the sources were changed since.
    pub(crate) age: Option<Duration>,
    /// Whether the present task has refreshed it.
    pub(crate) refreshed: bool,
    /// Why packages that it does not have may be in it when their turn comes; always `None` on a real host.
    pub(crate) gap: Option<Gap>,
}

/// Why an index is not what it would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Gap {
    /// It would be refreshed before.
    Refresh,
    /// An earlier step may change it.
    Step(Cause),
}

/// What a package file says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PackageFile {
    /// The package's name.
    pub(crate) name: String,
    /// Its architecture.
    pub(crate) arch: String,
    /// Its version.
    pub(crate) version: Version,
    /// Why all this is only what its name says: an earlier task's real run would put it there. Never on a real host.
    pub(crate) depends: Option<Cause>,
}

/// Packages as a simulation shall see them instead of the host's own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Assumed<'a> {
    /// What dpkg would have.
    pub(crate) database: &'a Database,
    /// The files that packages would have come from, by name; those not there are of no use.
    pub(crate) files: &'a BTreeMap<String, AbsPath>,
}

/// Whether packages are kept at their version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// They are.
    Keep,
    /// They are not.
    Release,
}

/// Reads the package database.
pub(crate) trait ObservePackages {
    /// All that dpkg has. No process is started.
    fn packages(&self) -> Result<Database, SysError>;

    /// Waits until no other package manager is at work; what was read before may have changed then.
    fn settle(&self, patience: Duration) -> Result<(), SysError>;

    /// Whether this run may change packages at all: only root may.
    fn may_change_packages(&self) -> bool;

    /// How current apt's index is. No process is started.
    fn package_index(&self) -> Result<Index, SysError>;

    /// Every package of the index. No process is started unless the index is kept compressed.
    fn catalogue(&self) -> Result<Catalogue, SysError>;

    /// What a package file says of itself; `None` if there is no such file.
    fn package_file(&self, path: &AbsPath) -> Result<Option<PackageFile>, SysError>;

    /// The answers that debconf has for questions; those it does not know are left out.
    fn answers(&self, questions: &[&str]) -> Result<BTreeMap<String, String>, SysError>;

    /// What a transaction would do, in apt's order; on the host as it is, or as it is assumed to be.
    fn simulate(
        &self,
        transaction: &Transaction,
        assumed: Option<&Assumed<'_>>,
    ) -> Result<Vec<Delta>, SysError>;
}

/// Changes packages. Every operation waits for other package managers first.
pub(crate) trait ChangePackages {
    /// Fetches apt's index anew, all of it or an error.
    fn refresh_index(&mut self, patience: Duration) -> Result<(), SysError>;

    /// Finishes what dpkg was interrupted at; these packages must be whole afterwards, others may not be.
    fn recover(&mut self, names: &[String], patience: Duration) -> Result<(), SysError>;

    /// Does what a transaction says; `foreseen` is what its simulation came to.
    fn transact(&mut self, transaction: &Transaction, foreseen: &[Delta]) -> Result<(), SysError>;

    /// Holds packages, or takes the hold away. Names are as `libc6:i386`.
    fn hold(&mut self, names: &[String], hold: Hold, patience: Duration) -> Result<(), SysError>;

    /// Says that packages were asked for and did not come for others only.
    fn mark_manual(&mut self, names: &[String], patience: Duration) -> Result<(), SysError>;

    /// Answers a question before it is asked.
    fn answer(&mut self, answer: &Debconf, patience: Duration) -> Result<(), SysError>;
}
