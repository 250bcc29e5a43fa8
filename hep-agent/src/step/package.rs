//! What hep does to packages.

use super::Effect;
use crate::sys::packages::{After, Delta, Hold, Transaction, Verb, Version};
use crate::sys::{Host, SysError};
use hep_protocol::task::apt::Debconf;
use std::cmp::Ordering;
use std::fmt;
use std::time::Duration;

/// How many packages that nobody named are shown of each kind.
const SHOWN: usize = 3;

/// One thing done.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PackageStep {
    /// Fetches the package index.
    Refresh(Duration),
    /// Finishes what dpkg was interrupted at.
    Recover(Vec<String>, Duration),
    /// Answers a question of a package.
    Answer(Debconf, Duration),
    /// Lets apt work.
    Transact(Box<Transact>),
    /// Says that these did not come for others only.
    MarkManual(Vec<String>, Duration),
    /// Holds these or takes the hold away.
    Hold(Vec<String>, Hold, Duration),
}

/// A transaction and what its simulation came to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Transact {
    /// What apt shall do.
    pub(crate) transaction: Transaction,
    /// What comes of it: first what was asked for, then what comes with it.
    pub(crate) foreseen: Vec<Delta>,
    /// How many of these were asked for.
    pub(crate) asked: usize,
}

impl PackageStep {
    pub(super) fn execute(&self, host: &mut dyn Host) -> Result<Effect, SysError> {
        if let Self::Refresh(patience) = self {
            host.refresh_index(*patience)?;
            let gap = host.package_index()?.gap;
            return Ok(Effect::Noted(match gap {
                None => "package index refreshed".to_owned(),
                Some(_) => {
                    "the package index would be refreshed first; versions may differ".to_owned()
                }
            }));
        }
        if let Self::Answer(answer, patience) = self {
            return host.answer(answer, *patience).map(|()| Effect::Changed);
        }
        // What dpkg says before and after is what counts, whatever the programs made of it.
        let before = host.packages()?;
        match self {
            Self::Refresh(_) | Self::Answer(..) => {}
            Self::Recover(names, patience) => host.recover(names, *patience)?,
            Self::Transact(step) => host.transact(&step.transaction, &step.foreseen)?,
            Self::MarkManual(names, patience) => host.mark_manual(names, *patience)?,
            Self::Hold(names, hold, patience) => host.hold(names, *hold, *patience)?,
        }
        let same = host.packages()? == before;
        Ok(if same { Effect::Nothing } else { Effect::Changed })
    }
}

impl fmt::Display for PackageStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refresh(_) => f.write_str("refresh the package index"),
            Self::Recover(names, _) if names.is_empty() => {
                f.write_str("finish the interrupted run of dpkg")
            }
            Self::Recover(names, _) => {
                write!(f, "finish the interrupted installation of {}", names.join(", "))
            }
            Self::Answer(Debconf { question, kind, .. }, _) if kind == "password" => {
                write!(f, "answer {question}")
            }
            Self::Answer(Debconf { question, value, .. }, _) => {
                write!(f, "answer {question}: `{value}`")
            }
            Self::Transact(step) => step.fmt(f),
            Self::MarkManual(names, _) => {
                write!(f, "mark {} as manually installed", names.join(", "))
            }
            Self::Hold(names, Hold::Keep, _) => write!(f, "hold {}", names.join(", ")),
            Self::Hold(names, Hold::Release, _) => write!(f, "unhold {}", names.join(", ")),
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
pub(crate) fn in_words(asked: &[Delta], others: &[Delta]) -> Option<String> {
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
