//! What is done to packages.

mod version;

use crate::task::apt::{Debconf, Upgrade};
use crate::value::AbsPath;
use serde::{Serialize, Serializer};
use std::cmp::Ordering;
use std::fmt;
use std::time::Duration;
pub use version::Version;

/// How many packages that nobody named are shown of each kind.
const SHOWN: usize = 3;

/// One thing done to packages. Each waits for other package managers first, no longer than its patience.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum PackageAction {
    /// Fetches the package index, all of it or an error.
    Refresh {
        /// How long to wait.
        #[serde(skip)]
        patience: Duration,
    },
    /// Finishes what dpkg was interrupted at.
    Recover {
        /// These packages must be whole afterwards, others may not be.
        #[serde(rename = "subject")]
        names: Vec<String>,
        /// How long to wait.
        #[serde(skip)]
        patience: Duration,
    },
    /// Answers a question of a package before it is asked.
    Answer {
        /// The question and its answer.
        #[serde(rename = "subject", serialize_with = "question")]
        answer: Debconf,
        /// How long to wait.
        #[serde(skip)]
        patience: Duration,
    },
    /// Lets apt work.
    Transact(Box<Transact>),
    /// Says that packages were asked for and did not come for others only.
    MarkManual {
        /// Their names.
        #[serde(rename = "subject")]
        names: Vec<String>,
        /// How long to wait.
        #[serde(skip)]
        patience: Duration,
    },
    /// Holds packages, or takes the hold away.
    Hold {
        /// Their names, as `libc6:i386`.
        #[serde(rename = "subject")]
        names: Vec<String>,
        /// Which of the two.
        to: Hold,
        /// How long to wait.
        #[serde(skip)]
        patience: Duration,
    },
}

/// The answer may be a password.
fn question<S: Serializer>(answer: &Debconf, to: S) -> Result<S::Ok, S::Error> {
    answer.question.serialize(to)
}

/// A transaction and what its simulation came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Transact {
    /// What apt should do.
    #[serde(skip)]
    pub transaction: Transaction,
    /// What comes of it: first what was asked for, then what comes with it.
    #[serde(rename = "subject")]
    pub foreseen: Vec<Delta>,
    /// How many of these were asked for.
    pub asked: usize,
}

/// What apt should do in one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// What to do.
    pub verb: Verb,
    /// To which packages.
    pub targets: Vec<Target>,
    /// How.
    pub options: Options,
}

/// What apt does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
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
    /// Removes what came for others and is no longer needed.
    Autoremove,
}

/// A package as apt is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether recommended packages come along, if not as the host has it.
    pub recommends: Option<bool>,
    /// The release to prefer.
    pub release: Option<String>,
    /// Options for dpkg, without their dashes.
    pub dpkg: Vec<String>,
    /// Whether to remove what is no longer needed.
    pub autoremove: bool,
    /// Whether older versions may come.
    pub downgrades: bool,
    /// Whether packages on hold may be changed.
    pub held: bool,
    /// Whether packages may go at all.
    pub removals: bool,
    /// What `policy-rc.d` answers.
    pub policy: Option<u8>,
    /// How long to wait for another package manager.
    pub patience: Duration,
}

/// One package before and after a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Delta {
    /// Its name.
    pub name: String,
    /// Its architecture, as in `Entry`; empty where apt does not say.
    pub arch: String,
    /// The version that is there before.
    pub from: Option<Version>,
    /// What is there after.
    pub to: After,
}

/// What a transaction leaves of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum After {
    /// This version of it.
    Version(Version),
    /// Some version; which one only an index that is not there yet will tell.
    Unforeseen,
    /// Its configuration files.
    Removed,
    /// Nothing.
    Purged,
}

/// Whether packages are kept at their version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Hold {
    /// They are.
    Keep,
    /// They are not.
    Release,
}

impl fmt::Display for PackageAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refresh { .. } => f.write_str("refresh the package index"),
            Self::Recover { names, .. } if names.is_empty() => {
                f.write_str("finish the interrupted run of dpkg")
            }
            Self::Recover { names, .. } => {
                write!(f, "finish the interrupted installation of {}", names.join(", "))
            }
            Self::Answer { answer: Debconf { question, kind, value, .. }, .. } => {
                match kind.as_str() {
                    "password" => write!(f, "answer {question}"),
                    _ => write!(f, "answer {question}: `{value}`"),
                }
            }
            Self::Transact(transact) => transact.fmt(f),
            Self::MarkManual { names, .. } => {
                write!(f, "mark {} as manually installed", names.join(", "))
            }
            Self::Hold { names, to: Hold::Keep, .. } => write!(f, "hold {}", names.join(", ")),
            Self::Hold { names, to: Hold::Release, .. } => {
                write!(f, "unhold {}", names.join(", "))
            }
        }
    }
}

/// What becomes of one package, as a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Install,
    Upgrade,
    Downgrade,
    Reinstall,
    Remove,
    Purge,
}

fn kind(delta: &Delta) -> Kind {
    match (&delta.from, &delta.to) {
        (None, After::Version(_) | After::Unforeseen) => Kind::Install,
        (Some(_), After::Unforeseen) => Kind::Upgrade,
        (Some(from), After::Version(to)) => match from.compare(to) {
            Ordering::Less => Kind::Upgrade,
            Ordering::Equal => Kind::Reinstall,
            Ordering::Greater => Kind::Downgrade,
        },
        (_, After::Removed) => Kind::Remove,
        (_, After::Purged) => Kind::Purge,
    }
}

impl fmt::Display for Transact {
    /// `install apache2 2.4.62-1 (and 11 more: apache2-bin, apache2-data, apache2-utils, ...); upgrade x 1.0 -> 1.1`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (asked, others) = self.foreseen.split_at_checked(self.asked).unwrap_or_default();
        match in_words(asked, others) {
            Some(words) => f.write_str(&words),
            // Nothing but what dpkg has left unconfigured.
            None => f.write_str(match self.transaction.verb {
                Verb::Install | Verb::BuildDep | Verb::Upgrade(_) => "configure what is unpacked",
                Verb::Remove | Verb::Purge | Verb::Autoremove => "remove what is left",
            }),
        }
    }
}

/// What becomes of packages that were asked for, and of others with them, in words; `None` if nothing does.
fn in_words(asked: &[Delta], others: &[Delta]) -> Option<String> {
    let kinds = [
        (Kind::Install, "install"),
        (Kind::Upgrade, "upgrade"),
        (Kind::Downgrade, "downgrade"),
        (Kind::Reinstall, "reinstall"),
        (Kind::Remove, "remove"),
        (Kind::Purge, "purge"),
    ];
    let mut parts = Vec::new();
    for (wanted, word) in kinds {
        let of_kind = |deltas: &[Delta]| -> Vec<Delta> {
            deltas.iter().filter(|delta| kind(delta) == wanted).cloned().collect()
        };
        parts.extend(line(word, of_kind(asked), of_kind(others)));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// One kind's part of the line. If nobody named any of them, the first stand for all.
fn line(word: &str, mut asked: Vec<Delta>, mut others: Vec<Delta>) -> Option<String> {
    if asked.is_empty() {
        let rest = others.split_off(others.len().min(SHOWN));
        (asked, others) = (others, rest);
    }
    if asked.is_empty() {
        return None;
    }
    let shown: Vec<String> = asked.iter().map(words).collect();
    let mut line = format!("{word} {}", shown.join(", "));
    if !others.is_empty() {
        let names: Vec<&str> = others.iter().take(SHOWN).map(|delta| delta.name.as_str()).collect();
        let dots = if others.len() > SHOWN { ", ..." } else { "" };
        line.push_str(&format!(" (and {} more: {}{dots})", others.len(), names.join(", ")));
    }
    Some(line)
}

fn words(delta: &Delta) -> String {
    let name = &delta.name;
    let version = |version: &Version| version.to_string();
    match (&delta.from, &delta.to) {
        (None, After::Version(to)) => format!("{name} {to}"),
        (Some(from), After::Version(to)) if from != to => format!("{name} {from} -> {to}"),
        (from, After::Version(_) | After::Unforeseen | After::Removed | After::Purged) => {
            let from = from.as_ref().map(version).unwrap_or_default();
            format!("{name} {from}").trim_end().to_owned()
        }
    }
}
