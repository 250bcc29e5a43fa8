//! The report for a program: hep's own, for the host `localhost`.

use super::reader::Counts;
use hep_protocol::outcome::{Outcome, Status};
use hep_protocol::plan::DiffMode;
use hep_protocol::report::{HostObject, RunObject, TaskObject, TroubleObject, line};

const HOST: &str = "localhost";

/// A task's end.
pub(super) fn task(name: &str, module: &str, outcome: &Outcome, diff: DiffMode) -> String {
    line(&TaskObject::new(HOST, name, module, outcome, diff))
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
    let count = |status| u32::try_from(counts.of(status)).unwrap_or(u32::MAX);
    line(&HostObject {
        host: HOST,
        status: status.to_owned(),
        ok: count(Status::Ok),
        changed: count(Status::Changed),
        pending: count(Status::Pending),
        failed: count(Status::Failed),
        skipped: count(Status::Skipped),
        ignored: count(Status::Ignored),
        rescued: count(Status::Rescued),
        bytes_sent: 0,
        bytes_received: 0,
        ms,
        error,
    })
}

/// The run's end.
pub(super) fn run(status: &str, exit: u8, ms: u64) -> String {
    line(&RunObject { status: status.to_owned(), hosts: 1, exit, ms })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_those_of_the_report() {
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
