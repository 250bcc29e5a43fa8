//! The module `file`: files, directories and links.
//!
//! Whatever a task asks for becomes a list of entries, each a path with what is wanted there: a tree has many, a single
//! file one, and missing parents are entries before them. [`look`] reads what is there now, [`decide`] turns each entry
//! into steps.

mod accounts;
mod ansible;
mod decide;
mod diff;
pub(super) mod edit;
mod look;
#[cfg(test)]
mod tests;
pub(super) mod text;
mod unified;
mod words;

use super::{Done, Input, Module, Plan};
use crate::sys::files::{Attrs, Content, Former, Meta, Place};
use crate::sys::{Cause, Observe, SysError};
use accounts::{Asked, Names};
use hep_protocol::task::file::{Action, File};
use hep_protocol::value::{AbsPath, PermissionBits};
use serde_json::{Map, Value};

/// What a task asks for, entry by entry, and what is there.
#[derive(Debug)]
pub(crate) struct State {
    asked: Asked,
    names: Names,
    /// In the order in which they are worked on.
    entries: Vec<Entry>,
    /// Parent directories that are not there, outermost first, with the attributes they get.
    missing: Vec<(AbsPath, Attrs)>,
    /// What is mounted below a directory whose tree gets attributes, and keeps its own.
    left: Vec<AbsPath>,
    /// The earlier task whose real run may create the missing parent, or put something where we see nothing.
    cause: Option<Cause>,
    /// The command that has yet to accept a new content.
    verdict: Option<Cause>,
}

/// One path, and what should be there.
#[derive(Debug)]
struct Entry {
    place: Place,
    want: Want,
    found: Option<Found>,
    /// The attributes of something new here that the task says nothing of; the mode without any type's default.
    new: Attrs,
    /// The mode of what it is copied from, where it gets that.
    own: Option<PermissionBits>,
    /// The earlier task whose real run may leave something else here than is there now. Never any on a real host.
    open: Option<Cause>,
    /// What a default ACL above leaves to something new here, if there is one.
    handed_down: Option<PermissionBits>,
    scope: Scope,
}

impl Entry {
    /// The path of what is there, with no link above it where that matters.
    fn found_at(&self) -> AbsPath {
        self.found.as_ref().map_or_else(|| self.place.path().clone(), |found| found.at.clone())
    }

    /// What is there, as an action tells what gives way to it.
    fn former(&self) -> Option<Former> {
        let Found { meta, link, .. } = self.found.as_ref()?;
        let (kind, size, attrs) = (meta.kind, meta.size, meta.attrs.clone());
        Some(Former { kind, size, target: link.clone(), attrs })
    }
}

/// Which attributes an entry gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// Those that the task asks for.
    Asked,
    /// Those that the task asks for, in a tree: a directory gets execute where it gets read.
    Tree,
    /// In a tree that is copied on the host: the owner and group that the task asks for. Its mode is its own.
    Copied,
    /// As in a tree if it is new; an existing one stays as it is.
    NewOnly,
    /// A new one the defaults; an existing one stays as it is: a directory that only holds what was asked for, a link that only
    /// leads to it.
    Holder,
}

impl Scope {
    /// Whether it is in a tree.
    fn is_tree(self) -> bool {
        matches!(self, Self::Tree | Self::Copied)
    }
}

/// What should be at a path.
#[derive(Debug)]
enum Want {
    File {
        content: Content,
        executable: bool,
        same: bool,
        diff: Option<diff::Texts>,
    },
    Directory,
    Link {
        target: String,
        dangling: Dangling,
    },
    Hardlink {
        target: AbsPath,
        target_meta: Option<Meta>,
        /// Whether a change of the target might reach a file elsewhere.
        shared: bool,
        cause: Option<Cause>,
    },
    /// Anything, with the attributes that were asked for.
    Attributes {
        cause: Option<Cause>,
    },
    Touch,
    Absent,
    /// Everything below a directory that has other attributes than those asked for: its path below the directory.
    AttributesBelow {
        entries: Vec<(String, Place, Meta)>,
    },
}

/// Whether a link would lead nowhere.
#[derive(Debug)]
enum Dangling {
    /// It leads somewhere, or nobody asks.
    No,
    /// Its target is not there; who may bring it.
    Missing(Option<Cause>),
    /// The way to its target leads through the link itself.
    Circle,
}

/// What is at a path.
#[derive(Debug)]
struct Found {
    meta: Meta,
    /// The text, if it is a link.
    link: Option<String>,
    /// Its path; if it may have to give way, with no link above it.
    at: AbsPath,
    /// Whether a change of it might reach a file elsewhere.
    shared: bool,
    /// The mount points at and below it, if it is a directory that may have to give way.
    mounts: Vec<AbsPath>,
}

/// Whether missing parent directories are made.
fn makes_parents(params: &File, entries: &[Entry]) -> bool {
    let is_directory = |entry: &Entry| matches!(entry.want, Want::Directory);
    let into = params.dest.into || entries.first().is_some_and(is_directory);
    params.parents || (params.parents_alike && params.action == Action::Present && into)
}

/// Looks for a module that puts a content of its own in the place of what `params` name; the plan is made as for `file`.
fn look_with(
    params: &File,
    content: &[u8],
    input: &Input<'_>,
    host: &dyn Observe,
) -> Result<State, SysError> {
    look::look_with(params, Content::inline(content), input, host)
}

impl Module for File {
    type State = State;

    const BACKUP: Option<&'static str> = Some("backup_file");

    fn inspect(&self, input: &Input<'_>, host: &dyn Observe) -> Result<State, SysError> {
        look::look(self, input, host)
    }

    fn plan(&self, input: &Input<'_>, state: &State) -> Result<Plan, SysError> {
        let plan = decide::decide(self, state)?;
        let data = if input.as_ansible() { ansible::foreseen(self, state) } else { plan.data };
        Ok(Plan { data, ..plan })
    }

    fn as_ansible(&self, done: &Done<'_>) -> Map<String, Value> {
        let mut fields = ansible::fields(self, done);
        let backup = Self::BACKUP.and_then(|name| done.data.get(name).map(|path| (name, path)));
        fields.extend(backup.map(|(name, path)| (name.to_owned(), path.clone())));
        fields
    }
}
