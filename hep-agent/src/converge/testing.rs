//! What the tests of modules have in common: a task of typed parameters, and what one try of it comes to.

use super::converge;
use crate::module::Input;
use crate::render::Names;
use crate::sys::{Host, Kept};
use hep_protocol::outcome::{Outcome, Status};
use hep_protocol::plan::{DiffMode, RunMode, Spec, Task};
use hep_protocol::task::TaskSpec;

/// A task without a name.
pub(crate) fn task(spec: TaskSpec) -> Task {
    Task::of("", Spec::Typed(spec))
}

/// Hands over what a module is told of a task; no expression finds any name but facts.
pub(crate) fn with_input<R>(task: &Task, diff: DiffMode, act: impl FnOnce(&Input<'_>) -> R) -> R {
    act(&Input { task, diff, names: &Names::none(), kept: Kept::default() })
}

/// Tries a task once; a change on a host that is only asked is pending.
pub(crate) fn outcome(task: &Task, diff: DiffMode, mode: RunMode, host: &mut dyn Host) -> Outcome {
    let Spec::Typed(spec) = &task.spec else { panic!("the parameters have expressions") };
    let tried = with_input(task, diff, |input| converge(spec, input, host));
    let details = tried.details;
    let status = match (&details.failure, details.changes.is_empty(), mode) {
        (Some(_), _, _) => Status::Failed,
        (None, true, _) => Status::Ok,
        (None, false, RunMode::Apply) => Status::Changed,
        (None, false, RunMode::Check) => Status::Pending,
    };
    Outcome::new(status, details)
}
