//! Steps: everything hep can do to a host, in words and in deed. The only caller of `Change`.
//!
//! A step's text is at once the line of a dry run, the line of the report and the subject of a failure. Nothing is
//! decided here: a step carries all it needs.

mod command;
mod file;
mod package;
mod service;
mod wait;

pub(crate) use command::CommandStep;
pub(crate) use file::FileStep;
pub(crate) use package::{PackageStep, Transact, in_words as transact_in_words};
pub(crate) use service::ServiceStep;
pub(crate) use wait::WaitStep;

use crate::sys::files::{Content, Place};
use crate::sys::{Cause, Host, ProcessEnd, Subject, SysError};
use hep_protocol::outcome;
use std::fmt;

/// One thing done to a host.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// To its files.
    File(FileStep),
    /// To its packages.
    Package(PackageStep),
    /// To its services.
    Service(ServiceStep),
    /// By a program that the operator names.
    Command(CommandStep),
    /// Nothing is done: something is waited for.
    Wait(WaitStep),
}

/// What executing a step came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The host is different now (on an overlay: would be).
    Changed,
    /// The host is different now, and the reader should know this about it.
    ChangedAnd(String),
    /// A program ran, and this is how it ended.
    Ran(ProcessEnd),
    /// A program would run: what it would say is not known.
    WouldRun,
    /// Nothing that counts as a change happened, but the reader should know this.
    Noted(String),
    /// The host was like that already.
    Nothing,
}

/// Says which contents these steps will need, so that they come in one go. No steps: no more of those that were said.
pub(crate) fn announce(steps: &[Planned], host: &mut dyn Host) {
    let contents: Vec<&Content> =
        steps.iter().filter_map(|planned| planned.step.content()).collect();
    host.announce(&contents);
}

/// Asks the file system whether it would refuse one of these steps, before any is done. Where an earlier task's real run may
/// end what is in the way, the step depends on that.
pub(crate) fn weigh(steps: &mut [Planned], host: &dyn Host) -> Result<(), SysError> {
    let mut fine: Option<Place> = None;
    for planned in steps {
        let Step::File(step) = &planned.step else { continue };
        // What is new in a directory is no other case than its neighbour.
        let new = step.new_place().cloned();
        if new.as_ref().zip(fine.as_ref()).is_some_and(|(new, fine)| new.is_beside(fine)) {
            continue;
        }
        match step.refusal(host) {
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

impl Step {
    /// The content that it will need.
    fn content(&self) -> Option<&Content> {
        match self {
            Self::File(step) => step.content(),
            Self::Package(_) | Self::Service(_) | Self::Command(_) | Self::Wait(_) => None,
        }
    }

    /// Does it. The error says what was being done.
    pub(crate) fn execute(&self, host: &mut dyn Host) -> Result<Effect, SysError> {
        match self {
            Self::File(step) => step.execute(host),
            Self::Package(step) => step.execute(host).map_err(SysError::needs_root),
            Self::Service(step) => step.execute(host).map_err(SysError::needs_root),
            Self::Command(step) => step.execute(host),
            Self::Wait(step) => step.execute(host),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(step) => step.fmt(f),
            Self::Package(step) => step.fmt(f),
            Self::Service(step) => step.fmt(f),
            Self::Command(step) => step.fmt(f),
            Self::Wait(step) => step.fmt(f),
        }
    }
}

/// A step with what its module knows about it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Planned {
    /// What to do.
    pub(crate) step: Step,
    /// What the step rests on that only an earlier task's real run would bring. Never set on a real host.
    pub(crate) depends: Option<Cause>,
    /// The text diff of what it changes.
    pub(crate) diff: Option<String>,
}

impl Planned {
    /// A step that rests on nothing unknown.
    pub(crate) fn new(step: Step) -> Self {
        Self { step, depends: None, diff: None }
    }

    /// The report of this step.
    pub(crate) fn change(&self) -> outcome::Change {
        let line = match &self.depends {
            Some(cause) => format!("{} (depends on {cause})", self.step),
            None => self.step.to_string(),
        };
        outcome::Change { line, diff: self.diff.clone() }
    }
}
