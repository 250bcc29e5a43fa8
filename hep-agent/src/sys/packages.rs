//! Debian packages: what dpkg has installed, and what apt would and does do.

mod catalogue;
pub(crate) mod control;
mod database;
mod origins;

pub(crate) use catalogue::Catalogue;
pub(crate) use database::{Database, Entry, Status, Want};
pub(crate) use origins::{Origins, origin_of};

use super::{Cause, SysError};
use crate::glob;
pub(crate) use hep_protocol::action::packages::{
    After, Delta, Hold, Options, PackageAction, Target, Transact, Transaction, Verb, Version,
};
use hep_protocol::value::AbsPath;
use std::collections::BTreeMap;
use std::time::Duration;

/// Whether a text matches a pattern, letters of either case alike, as apt matches versions.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    glob::matches(&pattern.to_ascii_lowercase(), &text.to_ascii_lowercase())
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

/// Packages as a simulation should see them instead of the host's own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Assumed<'a> {
    /// What dpkg would have.
    pub(crate) database: &'a Database,
    /// The files that packages would have come from, by name; those not there are of no use.
    pub(crate) files: &'a BTreeMap<String, AbsPath>,
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

    /// Who publishes the versions that are installed, as far as the index has them. No process is started unless the index is
    /// kept compressed.
    fn origins(&self) -> Result<Origins, SysError>;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_texts() {
        for (pattern, text, expected) in [
            ("1.2*", "1.2", true),
            ("1.2*", "1.22-1", true),
            ("1.2*", "1.1", false),
            ("1.2", "1.22", false),
            ("*", "", true),
            ("*-1", "1-1-1", true),
            ("*a*b", "xaxbxb", true),
            ("php8.[2-4]-*", "php8.3-cli", true),
            ("php8.[2-4]-*", "php8.5-cli", false),
            ("php8.[!2]-*", "php8.2-cli", false),
            ("a[]]b", "a]b", true),
            ("a[b", "a[b", true),
            ("?", "", false),
            ("1.0-RC*", "1.0-rc1", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
