//! What the modules have in common that change the text of one file: they say which file, and how its text changes.
//! The file is read, bounded; the new text goes on as `file` with content, which knows owners, modes, links, backups and
//! diffs.

use super::super::{Input, Module, Plan, WithoutRun};
use super::text::{Part, Text, file};
use crate::planned::Planned;
use crate::sys::files::walk::End;
use crate::sys::files::{FileAction, FileKind, Former, Place};
use crate::sys::{Observe, Subject, SysError};
use hep_protocol::action::Action;
use hep_protocol::task::About;
use hep_protocol::task::file::File;
use hep_protocol::value::{AbsPath, Attributes};
use serde_json::{Map, Value, json};

/// The largest file that is edited, in bytes: old and new text are both in memory.
const LIMIT: u64 = 8 * 1024 * 1024;

/// What Ansible adds to its message when owner, group or mode change.
const ATTRIBUTES: &str = "ownership, perms or SE linux context changed";

/// The mode of a new file before it gets the one that is asked for.
const NEW: u16 = 0o644;

/// A module that changes the text of one file.
pub(crate) trait Edit {
    /// What is known of the module.
    const ABOUT: &'static About;

    /// The field of its results that names the backup.
    const BACKUP: &'static str = "backup_file";

    /// Whether its message says that owner, group or mode change.
    const TELLS_ATTRIBUTES: bool = true;

    /// Which file, and what else it should be.
    fn target(&self) -> Target;

    /// The text that the file should have, by the one it has; `None` where it is missing.
    fn edit(&self, old: Option<&str>) -> Result<Edited, SysError>;
}

/// A file to edit.
pub(crate) struct Target {
    pub(crate) path: AbsPath,
    /// Whether a missing file is made, with its directories.
    pub(crate) create: bool,
    pub(crate) attributes: Attributes,
}

/// What becomes of a text.
#[derive(Debug, Default)]
pub(crate) struct Edited {
    /// The new text; `None` where the file is not to be touched at all, or is missing and may be.
    pub(crate) text: Option<String>,
    /// What was done, in Ansible's words; empty if nothing was.
    pub(crate) message: String,
    /// Further fields of the result.
    pub(crate) data: Vec<(&'static str, Value)>,
    /// What a reader should know.
    pub(crate) notes: Vec<String>,
}

/// What becomes of the file.
pub(crate) struct State {
    edited: Edited,
    part: Option<Part>,
}

impl<E: Edit> Module for E {
    type State = State;

    const BACKUP: Option<&'static str> = Some(E::BACKUP);

    fn inspect(&self, input: &Input<'_>, host: &dyn Observe) -> Result<State, SysError> {
        let Target { path, create, attributes } = self.target();
        let at = behind_links(&path, host)?;
        let (mut edited, old) = match read(&at, host)? {
            Some(old) => (self.edit(Some(&old.shown))?, old),
            None => match host.depends(Subject::Path(&at)) {
                Some(cause) if !create => return Err(SysError::unknown(cause.to_string())),
                Some(_) | None => (self.edit(None)?, Text::default()),
            },
        };
        let Some(new) = edited.text.take() else { return Ok(State { edited, part: None }) };
        let Attributes { owner, group, mode, backup, validate } = attributes;
        let params = file(json!({"dest": at, "parents": create}))?;
        let params = File { owner, group, mode, backup, validate, ..params };
        let part = Part::with(params, &old.bytes(&new), input, host)?;
        Ok(State { edited, part: Some(part) })
    }

    fn plan(&self, input: &Input<'_>, state: &State) -> Result<Plan, SysError> {
        let State { edited, part } = state;
        let steps = part.as_ref().map_or(Ok(Vec::new()), |part| part.steps(input))?;
        let mut plan = Plan { steps, ..Plan::default() };
        let attributes = E::TELLS_ATTRIBUTES && plan.steps.iter().any(changes_attributes);
        let parts = [edited.message.as_str(), if attributes { ATTRIBUTES } else { "" }];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        plan.data =
            edited.data.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        plan.data.insert("msg".to_owned(), parts.join(" and ").into());
        plan.notes.extend(edited.notes.iter().cloned());
        Ok(plan)
    }

    fn fields_without_run(_why: WithoutRun) -> Map<String, Value> {
        let fields = E::ABOUT.results.into_iter().flatten();
        fields.map(|field| ((*field).to_owned(), Value::Null)).collect()
    }
}

/// The refusal to edit a file that is not there.
pub(crate) fn missing(path: &AbsPath, hint: &str) -> SysError {
    SysError::new(format!("{path} does not exist")).hint(hint)
}

/// The path that a link leads to, even to nothing.
pub(in crate::module) fn behind_links(
    path: &AbsPath,
    host: &dyn Observe,
) -> Result<AbsPath, SysError> {
    let is_link = host.lstat(path)?.is_some_and(|meta| meta.kind == FileKind::Link);
    let way = if is_link { host.way(path, End::Anything, &[])? } else { None };
    Ok(way.map_or_else(|| path.clone(), |way| way.path))
}

/// The text of what is at a path, if it is known and a file.
pub(in crate::module) fn read(
    path: &AbsPath,
    host: &dyn Observe,
) -> Result<Option<Text>, SysError> {
    let place = Place::of(path.clone());
    let Some(meta) = host.lstat_at(&place)? else { return Ok(None) };
    if let Some(cause) = host.depends(Subject::There(path)) {
        return Err(SysError::unknown(cause.to_string()));
    }
    match meta.kind {
        FileKind::File => {}
        kind @ (FileKind::Directory | FileKind::Link | FileKind::Special) => {
            return Err(SysError::new(format!("{path} is a {kind}, not a file")));
        }
    }
    match host.read_at(&place, LIMIT)? {
        Some(bytes) => Ok(Some(Text::of(&bytes))),
        None => Err(SysError::new(format!(
            "{path} is too large to be edited: {} bytes, and at most {LIMIT} can be",
            meta.size
        ))),
    }
}

/// Whether a step changes owner, group or mode of the file.
fn changes_attributes(step: &Planned) -> bool {
    let Action::File(action) = &step.action else { return false };
    match action {
        FileAction::Set { .. } => true,
        FileAction::Put(file) => match &file.from {
            Some(Former { attrs, .. }) => *attrs != file.to.attrs,
            None => file.to.attrs.mode.0 != NEW,
        },
        FileAction::SetBelow { .. }
        | FileAction::MakeDirectory { .. }
        | FileAction::Link { .. }
        | FileAction::Hardlink { .. }
        | FileAction::Remove { .. }
        | FileAction::Flush { .. }
        | FileAction::Touch { .. } => false,
    }
}

#[cfg(test)]
pub(in crate::module) mod tests;
