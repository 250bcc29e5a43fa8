//! The report for a program: one JSON object a line, the same as hep's own for the host `localhost`.

use super::reader::Counts;
use hep_protocol::outcome::{Exit, Failure, Outcome, Status};
use hep_protocol::plan::DiffMode;
use serde::Serialize;

const HOST: &str = "localhost";

/// A task's end.
pub(super) fn task(name: &str, module: &str, outcome: &Outcome, diff: DiffMode) -> String {
    let diffs = || outcome.changes.iter().map(|change| change.diff.as_deref()).collect();
    line(&TaskObject {
        event: "task",
        host: HOST,
        task: name,
        module,
        status: outcome.status,
        changes: outcome.changes.iter().map(|change| change.line.as_str()).collect(),
        diffs: (diff == DiffMode::Unified).then(diffs),
        notes: &outcome.notes,
        error: outcome.failure.as_ref().map(FailureObject::of),
        ms: outcome.ms,
    })
}

/// The host's end: what became of its tasks, of which there were `tasks`. No link carried anything.
pub(super) fn host(counts: &Counts, tasks: usize, ms: u64) -> String {
    let stopped = TroubleObject { message: "stopped on request", hint: None, output: "" };
    let (status, error) = match (counts.of(Status::Failed), counts.all() == tasks) {
        (1.., _) => ("failed", None),
        (0, true) => ("converged", None),
        // As hep calls a host whose run it has not seen to the end.
        (0, false) => ("lost", Some(stopped)),
    };
    line(&HostObject {
        event: "host",
        host: HOST,
        status,
        ok: counts.of(Status::Ok),
        changed: counts.of(Status::Changed),
        pending: counts.of(Status::Pending),
        failed: counts.of(Status::Failed),
        skipped: counts.of(Status::Skipped),
        ignored: counts.of(Status::Ignored),
        bytes_sent: 0,
        bytes_received: 0,
        ms,
        error,
    })
}

/// The run's end.
pub(super) fn run(status: &str, exit: u8, ms: u64) -> String {
    line(&RunObject { event: "run", status, hosts: 1, exit, ms })
}

fn line(object: &impl Serialize) -> String {
    // Objects of strings and numbers always serialize.
    serde_json::to_string(object).unwrap_or_default()
}

#[derive(Serialize)]
struct TaskObject<'a> {
    event: &'static str,
    host: &'a str,
    task: &'a str,
    module: &'a str,
    status: Status,
    changes: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    diffs: Option<Vec<Option<&'a str>>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notes: &'a [String],
    error: Option<FailureObject<'a>>,
    ms: u64,
}

#[derive(Serialize)]
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

#[derive(Serialize)]
struct HostObject<'a> {
    event: &'static str,
    host: &'a str,
    status: &'a str,
    ok: usize,
    changed: usize,
    pending: usize,
    failed: usize,
    skipped: usize,
    ignored: usize,
    bytes_sent: u64,
    bytes_received: u64,
    ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<TroubleObject<'a>>,
}

#[derive(Serialize)]
struct TroubleObject<'a> {
    message: &'a str,
    hint: Option<&'a str>,
    output: &'a str,
}

#[derive(Serialize)]
struct RunObject<'a> {
    event: &'static str,
    status: &'a str,
    hosts: usize,
    exit: u8,
    ms: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use hep_protocol::outcome::Change;

    #[test]
    fn objects_are_those_of_the_report() {
        let failure = Failure {
            message: "no".into(),
            hint: None,
            exit: Some(Exit::Signal(9)),
            stdout: "o".into(),
            stderr: "e".into(),
        };
        let changes = vec![Change { line: "mode".into(), diff: None }];
        let notes = vec!["a note".to_owned()];
        let outcome =
            Outcome { status: Status::Failed, changes, notes, failure: Some(failure), ms: 12 };
        assert_eq!(
            task("a \"page\"", "file", &outcome, DiffMode::Unified),
            r#"{"event":"task","host":"localhost","task":"a \"page\"","module":"file","status":"failed","changes":["mode"],"diffs":[null],"notes":["a note"],"error":{"message":"no","hint":null,"exit":137,"stdout":"o","stderr":"e"},"ms":12}"#
        );
        let outcome = Outcome { notes: Vec::new(), failure: None, ..outcome };
        assert_eq!(
            task("t", "file", &outcome, DiffMode::Off),
            r#"{"event":"task","host":"localhost","task":"t","module":"file","status":"failed","changes":["mode"],"error":null,"ms":12}"#
        );
        let mut counts = Counts::default();
        counts.add(Status::Ok);
        assert_eq!(
            host(&counts, 1, 5),
            r#"{"event":"host","host":"localhost","status":"converged","ok":1,"changed":0,"pending":0,"failed":0,"skipped":0,"ignored":0,"bytes_sent":0,"bytes_received":0,"ms":5}"#
        );
        let stopped = r#""status":"lost","ok":1"#;
        assert!(host(&counts, 2, 5).contains(stopped));
        assert_eq!(
            run("converged", 0, 5),
            r#"{"event":"run","status":"converged","hosts":1,"exit":0,"ms":5}"#
        );
    }
}
