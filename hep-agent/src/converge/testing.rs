//! What the tests of modules have in common: a task of typed parameters, and what one try of it comes to.

use super::converge;
use crate::module::Input;
use crate::render::Names;
use crate::sys::{Host, Kept};
use hep_protocol::action::Action;
use hep_protocol::outcome::{Outcome, Status};
use hep_protocol::plan::{DiffMode, RunMode, Spec, Task};
use hep_protocol::task::TaskSpec;
use std::cell::RefCell;
use std::sync::Arc;

/// Is told of an action before it is carried out.
type Recorder = Box<dyn FnMut(&Action, &dyn Host)>;

thread_local! {
    static RECORDER: RefCell<Option<Recorder>> = const { RefCell::new(None) };
}

/// Does something, and tells of all actions on the way.
pub(crate) fn recorded<R>(
    recorder: impl FnMut(&Action, &dyn Host) + 'static,
    act: impl FnOnce() -> R,
) -> R {
    RECORDER.set(Some(Box::new(recorder)));
    let result = act();
    RECORDER.take();
    result
}

/// Tells of an action if anybody listens.
pub(super) fn record(action: &Action, host: &dyn Host) {
    RECORDER.with_borrow_mut(|recorder| recorder.iter_mut().for_each(|tell| tell(action, host)));
}

/// A task without a name.
pub(crate) fn task(spec: TaskSpec) -> Task {
    Task::of("", Spec::Typed(Arc::new(spec)))
}

/// Hands over what a module is told of a task; no expression finds any name but facts.
pub(crate) fn with_input<R>(task: &Task, diff: DiffMode, act: impl FnOnce(&Input<'_>) -> R) -> R {
    act(&Input { task, diff, names: &Names::none(), kept: Kept::default(), result: None })
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

/// What one try of a module with these parameters comes to: a line for each change and note, and its failure; and the fields
/// of its result.
pub(crate) fn tried(
    module: &str,
    params: &serde_json::Value,
    host: &mut dyn Host,
) -> (String, serde_json::Map<String, serde_json::Value>) {
    let spec = match TaskSpec::from_json(module, params) {
        Ok(spec) => spec,
        Err(mistake) => return (format!("refused: {mistake}"), serde_json::Map::new()),
    };
    let task = task(spec.clone());
    let tried = with_input(&task, DiffMode::Off, |input| converge(&spec, input, host));
    let details = tried.details;
    let changes = details.changes.into_iter().map(|change| change.line);
    let notes = details.notes.into_iter().map(|note| format!("note: {note}"));
    let failure = details.failure.map(|failure| format!("failed: {}", failure.message));
    let lines: Vec<String> = changes.chain(notes).chain(failure).collect();
    (lines.join("\n"), tried.data)
}

/// Checks what a task does, and that it then has nothing left to do.
#[track_caller]
pub(crate) fn settles(
    module: &str,
    params: &serde_json::Value,
    host: &mut dyn Host,
    expected: &str,
) {
    let (lines, _) = tried(module, params, host);
    assert_eq!(lines, expected, "{module}: {params}");
    if !lines.contains("failed: ") && !lines.contains("refused: ") {
        assert_eq!(tried(module, params, host).0, "", "{module}: {params}, again");
    }
}
