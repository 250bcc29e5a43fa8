//! What a module is: two functions and a law. One file a module below.
//!
//! A module reads through [`Observe`] and decides; it never acts, and it cannot tell a real host from an overlay.

mod alternatives;
mod apt;
mod apt_repository;
mod assert;
mod authorized_key;
mod blockinfile;
mod command;
mod debug;
mod fail;
mod file;
mod find;
mod flush;
mod getent;
mod group;
mod hostname;
mod ini_file;
mod lineinfile;
mod locale_gen;
mod package_facts;
mod ping;
mod replace;
mod service;
mod service_facts;
mod set;
mod setup;
mod slurp;
mod stat;
mod sysctl;
mod timezone;
mod user;
mod validate_argument_spec;
mod wait_for;

use crate::planned::Planned;
use crate::render::Names;
use crate::sys::{Kept, Observe, SysError};
use hep_protocol::dialect::Dialect;
use hep_protocol::plan::{DiffMode, Task};
use serde_json::{Map, Value};
use std::time::{Duration, SystemTime};

/// A module's agent side, implemented by its parameters.
///
/// The law: after every step of a plan has been executed, a plan made anew is empty (but for what acts always,
/// such as a restart or a command).
pub(crate) trait Module {
    /// What `inspect` found and `plan` needs.
    type State;

    /// The field of its results that names the backup of what gave way.
    const BACKUP: Option<&'static str> = None;

    /// Reads the host. An error here is a failed task, never "nothing to do".
    fn inspect(&self, input: &Input<'_>, host: &dyn Observe) -> Result<Self::State, SysError>;

    /// Decides everything, and reads nothing. An error is a state of the host that the parameters do not allow to change.
    fn plan(&self, input: &Input<'_>, state: &Self::State) -> Result<Plan, SysError>;

    /// The fields of its results beyond those of all results, with their values where it did not run: what reads a result
    /// must not depend on how the task went.
    fn fields_without_run(_why: WithoutRun) -> Map<String, Value> {
        Map::new()
    }

    /// The fields of a result in Ansible's language, in place of those of hep's; `changed`, `failed` and a failure's `msg` come
    /// on top. Those of its plans, where they have the names that Ansible's have.
    fn as_ansible(&self, done: &Done<'_>) -> Map<String, Value> {
        done.data.clone()
    }
}

/// Why a task's module did not run, or did not get to what its result tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WithoutRun {
    /// Its condition did not hold, or the operator passed it over.
    Skipped,
    /// There was no need to.
    Needless,
    /// It failed before.
    Failed,
}

/// What a module is told besides its parameters.
pub(crate) struct Input<'a> {
    /// The task: its sources by the text that names them.
    pub(crate) task: &'a Task,
    /// Whether changes should carry a text diff.
    pub(crate) diff: DiffMode,
    /// What expressions may use, for the modules that take bare ones.
    pub(crate) names: &'a Names,
    /// How much of what a program says its result keeps.
    pub(crate) kept: Kept,
    /// The language of what reads its result; none where nobody does.
    pub(crate) result: Option<Dialect>,
}

impl Input<'_> {
    /// Whether the result is to have the fields that Ansible's has.
    pub(crate) fn as_ansible(&self) -> bool {
        self.result == Some(Dialect::Ansible)
    }
}

/// The field of a program that failed where that it ran is a change all the same: in Ansible's language.
pub(crate) const RAN: &str = "changed";

/// A task that is done, or failed.
pub(crate) struct Done<'d> {
    /// What the module was told.
    pub(crate) input: &'d Input<'d>,
    /// The host as it is now.
    pub(crate) host: &'d dyn Observe,
    /// Whether it failed.
    pub(crate) failed: bool,
    /// Whether its program would have run.
    pub(crate) unforeseen: bool,
    /// The fields of its plans, and what its program said.
    pub(crate) data: &'d Map<String, Value>,
    /// The variables that it sets.
    pub(crate) set: &'d Map<String, Value>,
    /// When it began, and how long it took.
    pub(crate) began: SystemTime,
    pub(crate) took: Duration,
}

/// What a module decided.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// The steps, in order.
    pub(crate) steps: Vec<Planned>,
    /// What a reader should know although nothing changes.
    pub(crate) notes: Vec<String>,
    /// What the task's registered result has beyond what all results have.
    pub(crate) data: Map<String, Value>,
    /// Variables for the rest of the host's run.
    pub(crate) set: Map<String, Value>,
    /// Facts for the rest of the host's run, by the names that they have as variables. The result has them, too.
    pub(crate) facts: Map<String, Value>,
    /// Whether the result has fields beyond `data` that only a real run could tell.
    pub(crate) unforeseen: bool,
    /// Whether the task counts as skipped, as there is nothing to do.
    pub(crate) skipped: bool,
    /// Whether the host must be looked at again after these steps, because they bring what the rest depends on (a
    /// refreshed package index).
    pub(crate) again: bool,
}
