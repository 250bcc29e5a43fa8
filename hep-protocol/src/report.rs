//! The report for programs: one JSON object per line, the same whoever writes it. `docs/report.md` describes it.

use crate::outcome::{Change, Counts, Details, Exit, Failure, ItemOutcome, Outcome, Status, Told};
use crate::plan::DiffMode;
use crate::text::shown_json;
use crate::value::Json;
use serde::Serialize;
use std::collections::BTreeMap;

/// The report's version. It grows when a key goes, or means something else; new keys leave it as it is.
pub const SCHEMA: u32 = 1;

/// Any of the objects, as one line without its end; harmless for a terminal.
#[must_use]
pub fn line(object: &impl Serialize) -> String {
    // Objects of strings and numbers always serialize.
    shown_json(&serde_json::to_string(object).unwrap_or_default())
}

/// A task's end on a host.
#[derive(Debug, Serialize)]
pub struct TaskObject<'a> {
    event: &'static str,
    host: &'a str,
    task: &'a str,
    module: &'a str,
    status: Status,
    changes: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    actions: Vec<&'a Json>,
    #[serde(skip_serializing_if = "is_zero")]
    more_actions: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    diffs: Option<Vec<Option<&'a str>>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notes: &'a [String],
    error: Option<FailureObject<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    items: Vec<ItemObject<'a>>,
    ms: u64,
}

/// What became of one element of a loop.
#[derive(Debug, Serialize)]
struct ItemObject<'a> {
    label: &'a str,
    status: Status,
    changes: Vec<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notes: &'a [String],
    error: Option<FailureObject<'a>>,
    ms: u64,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl<'a> ItemObject<'a> {
    fn of(item: &'a ItemOutcome) -> Self {
        let ItemOutcome { label, status, details, ms } = item;
        let Details { changes, notes, failure } = details;
        Self {
            label,
            status: *status,
            changes: changes.iter().map(|change| change.line.as_str()).collect(),
            notes,
            error: failure.as_ref().map(FailureObject::of),
            ms: *ms,
        }
    }
}

impl<'a> TaskObject<'a> {
    /// The object of an outcome; with `diff` it has the diff of each change.
    #[must_use]
    pub fn new(
        host: &'a str,
        task: &'a str,
        module: &'a str,
        outcome: &'a Outcome,
        diff: DiffMode,
    ) -> Self {
        let Outcome { status, details, items, ms } = outcome;
        let of_items = || items.iter().flat_map(|item| &item.details.changes);
        let all = || details.changes.iter().chain(of_items());
        let actions = || all().map(|change| &change.action);
        let diffs = || all().map(|change: &Change| change.diff.as_deref()).collect();
        Self {
            event: "task",
            host,
            task,
            module,
            status: *status,
            changes: all().map(|change| change.line.as_str()).collect(),
            actions: actions()
                .filter_map(|told| match told {
                    Told::Action(action) => Some(action),
                    Told::Nothing | Told::TooMuch => None,
                })
                .collect(),
            more_actions: actions().filter(|told| **told == Told::TooMuch).count(),
            diffs: (diff == DiffMode::Unified).then(diffs),
            notes: &details.notes,
            error: details.failure.as_ref().map(FailureObject::of),
            items: items.iter().map(ItemObject::of).collect(),
            ms: *ms,
        }
    }
}

#[derive(Debug, Serialize)]
struct FailureObject<'a> {
    message: &'a str,
    hint: Option<&'a str>,
    exit: Option<i32>,
    stdout: &'a str,
    stderr: &'a str,
}

impl<'a> FailureObject<'a> {
    fn of(failure: &'a Failure) -> Self {
        let Failure { message, hint, exit, stdout, stderr } = failure;
        let exit = exit.map(|exit| match exit {
            Exit::Code(code) => code,
            // As a shell says it.
            Exit::Signal(signal) => 128_i32.saturating_add(signal),
        });
        Self { message, hint: hint.as_deref(), exit, stdout, stderr }
    }
}

/// A host's end.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename = "host")]
pub struct HostObject<'a> {
    /// Its name in the hosts file.
    pub host: &'a str,
    /// `converged`, `failed`, `unreachable`, `lost`, `stopped` or `not started`.
    pub status: String,
    /// How its tasks ended.
    #[serde(flatten)]
    pub counts: Counts,
    /// Bytes of the connection to the host.
    pub bytes_sent: u64,
    /// Bytes of the connection from the host.
    pub bytes_received: u64,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// Milliseconds of each stage on the way to the agent.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub stages: BTreeMap<String, u64>,
    /// Why the host is unreachable or lost, was stopped or not started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<TroubleObject<'a>>,
}

/// Why a host's run has no end of its own.
#[derive(Debug, Serialize)]
pub struct TroubleObject<'a> {
    /// The stage and the cause.
    pub message: &'a str,
    /// What to do about it.
    pub hint: Option<&'a str>,
    /// The last that was heard.
    pub output: &'a str,
}

/// The run's end.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename = "run")]
pub struct RunObject {
    /// The exit code's word.
    pub status: String,
    /// How many hosts there were.
    pub hosts: usize,
    /// The exit code.
    pub exit: u8,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// What the keys of all objects mean: [`SCHEMA`].
    pub schema: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Change;

    #[test]
    fn task_object_has_what_its_readers_rely_on() {
        let failure = Failure {
            message: "no".into(),
            hint: None,
            exit: Some(Exit::Signal(9)),
            stdout: "o".into(),
            stderr: "e".into(),
        };
        let changes = vec![Change::new("mode")];
        let notes = vec!["a note".to_owned()];
        let details = Details { changes, notes, failure: Some(failure) };
        let outcome = Outcome { ms: 12, ..Outcome::new(Status::Failed, details) };
        assert_eq!(
            line(&TaskObject::new("web1", "a \"page\"", "file", &outcome, DiffMode::Unified)),
            r#"{"event":"task","host":"web1","task":"a \"page\"","module":"file","status":"failed","changes":["mode"],"diffs":[null],"notes":["a note"],"error":{"message":"no","hint":null,"exit":137,"stdout":"o","stderr":"e"},"ms":12}"#
        );
        let change = |action| Change { action, ..Change::new("mode") };
        let action = Told::Action(Json(serde_json::json!({"kind": "set"})));
        let changes = [action, Told::Nothing, Told::TooMuch].map(change).into();
        let acts = Outcome::new(Status::Changed, Details { changes, ..Details::default() });
        assert_eq!(
            line(&TaskObject::new("web1", "t", "file", &acts, DiffMode::Off)),
            r#"{"event":"task","host":"web1","task":"t","module":"file","status":"changed","changes":["mode","mode","mode"],"actions":[{"kind":"set"}],"more_actions":1,"error":null,"ms":0}"#
        );
        let details = Details { notes: Vec::new(), failure: None, ..outcome.details };
        let outcome = Outcome { details, ..outcome };
        assert_eq!(
            line(&TaskObject::new("web1", "t", "file", &outcome, DiffMode::Off)),
            r#"{"event":"task","host":"web1","task":"t","module":"file","status":"failed","changes":["mode"],"error":null,"ms":12}"#
        );
    }
}
