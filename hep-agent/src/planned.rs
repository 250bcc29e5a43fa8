//! Actions with what their module knows about them, and what is asked of the host before the first of them.
#![expect(
    clippy::disallowed_methods,
    reason = "what actions need is announced here, and none is done"
)]

use crate::sys::files::{Content, Deed, Durable, FileAction, FileKind, Former, Place};
use crate::sys::{Cause, Host, Subject, SysError};
use hep_protocol::action::Action;
use hep_protocol::outcome::{Change, Told};
use hep_protocol::value::AbsPath;

/// One step of a plan.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Planned {
    /// What to do.
    pub(crate) action: Action,
    /// What it rests on that only an earlier task's real run would bring. Never set on a real host.
    pub(crate) depends: Option<Cause>,
    /// The text diff of what it changes.
    pub(crate) diff: Option<String>,
    /// The tree that it is part of the copy of.
    pub(crate) tree: Option<AbsPath>,
}

impl Planned {
    /// A step that rests on nothing unknown.
    pub(crate) fn new(action: Action) -> Self {
        Self { action, depends: None, diff: None, tree: None }
    }

    /// The report of this step.
    pub(crate) fn change(&self) -> Change {
        let line = match &self.depends {
            Some(cause) => format!("{} (depends on {cause})", self.action),
            None => self.action.to_string(),
        };
        Change { line, diff: self.diff.clone(), action: Told::Action(self.action.told()) }
    }
}

/// Says which contents these steps will need, so that they come in one go. No steps: no more of those that were said.
pub(crate) fn announce(steps: &[Planned], host: &mut dyn Host) {
    let contents: Vec<&Content> =
        steps.iter().filter_map(|planned| content(&planned.action)).collect();
    host.announce(&contents);
}

/// The content that an action will need.
fn content(action: &Action) -> Option<&Content> {
    match action {
        Action::File(FileAction::Put(file)) => Some(&file.to.content),
        Action::File(_)
        | Action::Package(_)
        | Action::Service(_)
        | Action::Account(_)
        | Action::Setting(_)
        | Action::Program(_)
        | Action::Wait(_) => None,
    }
}

/// Asks the file system whether it would refuse one of these steps, before any is done. Where an earlier task's real run may
/// end what is in the way, the step depends on that.
pub(crate) fn weigh(steps: &mut [Planned], host: &dyn Host) -> Result<(), SysError> {
    let mut fine: Option<Place> = None;
    for planned in steps {
        let Action::File(action) = &planned.action else { continue };
        // What is new in a directory is no other case than its neighbour.
        let new = new_place(action).cloned();
        if new.as_ref().zip(fine.as_ref()).is_some_and(|(new, fine)| new.is_beside(fine)) {
            continue;
        }
        match refusal(action, host) {
            None => fine = new.or(fine),
            Some(_) if planned.depends.is_some() => {}
            Some(error) => match host.depends(Subject::Hindrance) {
                Some(cause) => planned.depends = Some(cause),
                None => return Err(error),
            },
        }
    }
    Ok(())
}

/// Whether it is safe on the disk only after a flush.
pub(crate) fn is_later(action: &FileAction) -> bool {
    let durable = match action {
        FileAction::Put(file) => file.durable,
        FileAction::MakeDirectory { durable, .. } | FileAction::Link { durable, .. } => *durable,
        FileAction::Set { .. }
        | FileAction::SetBelow { .. }
        | FileAction::Hardlink { .. }
        | FileAction::Remove { .. }
        | FileAction::Flush { .. }
        | FileAction::Touch { .. } => Durable::AtOnce,
    };
    durable == Durable::Later
}

/// The place of what is new and takes nothing's place.
fn new_place(action: &FileAction) -> Option<&Place> {
    let (place, from) = match action {
        FileAction::Put(file) => (&file.place, &file.from),
        FileAction::MakeDirectory { place, from, .. }
        | FileAction::Link { place, from, .. }
        | FileAction::Hardlink { place, from, .. } => (place, from),
        FileAction::Set { .. }
        | FileAction::SetBelow { .. }
        | FileAction::Remove { .. }
        | FileAction::Flush { .. }
        | FileAction::Touch { .. } => return None,
    };
    from.is_none().then_some(place)
}

/// Why the file system would refuse it.
fn refusal(action: &FileAction, host: &dyn Host) -> Option<SysError> {
    let placed = |place, kind, from: &Option<Former>, attrs| {
        let was = from.as_ref().map(|from| from.kind);
        host.refusal(place, Deed::Place { kind, was, attrs })
    };
    match action {
        FileAction::Put(file) if file.in_place => host.refusal(&file.place, Deed::Rewrite),
        FileAction::Put(file) => {
            placed(&file.place, FileKind::File, &file.from, Some(&file.to.attrs))
        }
        FileAction::MakeDirectory { place, from, to, .. } => {
            placed(place, FileKind::Directory, from, Some(to))
        }
        FileAction::Link { place, from, to, .. } => {
            placed(place, FileKind::Link, from, Some(&to.attrs))
        }
        FileAction::Hardlink { place, from, .. } => placed(place, FileKind::File, from, None),
        FileAction::Set { place, to, .. } => host.refusal(place, Deed::Attributes(to)),
        FileAction::SetBelow { entries, .. } => {
            entries.iter().find_map(|new| host.refusal(&new.place, Deed::Attributes(&new.to)))
        }
        FileAction::Remove { place, .. } => host.refusal(place, Deed::Remove),
        FileAction::Touch { place } => host.refusal(place, Deed::Touch),
        FileAction::Flush { .. } => None,
    }
}
