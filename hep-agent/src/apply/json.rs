//! The report for a program: hep's own, for the host `localhost`.

use hep_protocol::message::End;
use hep_protocol::outcome::{Counts, Outcome};
use hep_protocol::plan::DiffMode;
use hep_protocol::report::{HostObject, RunObject, SCHEMA, TaskObject, TroubleObject, line};

const HOST: &str = "localhost";

/// A task's end.
pub(super) fn task(name: &str, module: &str, outcome: &Outcome, diff: DiffMode) -> String {
    line(&TaskObject::new(HOST, name, module, outcome, diff))
}

/// The host's end. No link carried anything.
pub(super) fn host(counts: Counts, end: End, ms: u64) -> String {
    let stopped = TroubleObject { message: "stopped on request", hint: None, output: "" };
    let failed = counts.failed > 0;
    let (status, error) = match end {
        End::Completed => ("converged", None),
        End::Failed => ("failed", None),
        End::Cancelled if failed => ("failed", None),
        End::Cancelled => ("stopped", Some(stopped)),
    };
    line(&HostObject {
        host: HOST,
        status: status.to_owned(),
        counts,
        bytes_sent: 0,
        bytes_received: 0,
        ms,
        stages: Default::default(),
        error,
    })
}

/// The run's end.
pub(super) fn run(end: End, exit: u8, ms: u64) -> String {
    let status = match end {
        End::Completed => "converged",
        End::Failed => "failed",
        End::Cancelled => "cancelled",
    };
    line(&RunObject { status: status.to_owned(), hosts: 1, exit, ms, schema: SCHEMA })
}

#[cfg(test)]
mod tests {
    use super::*;
    use hep_protocol::outcome::Status;

    #[test]
    fn objects_are_those_of_the_report() {
        let mut counts = Counts::default();
        counts.add(Status::Ok);
        assert_eq!(
            host(counts, End::Completed, 5),
            r#"{"event":"host","host":"localhost","status":"converged","ok":1,"changed":0,"pending":0,"failed":0,"skipped":0,"ignored":0,"rescued":0,"bytes_sent":0,"bytes_received":0,"ms":5}"#
        );
        let check = |counts, end, status: &str| {
            let expected = format!(r#""status":"{status}","ok":1"#);
            let told = host(counts, end, 5);
            assert!(told.contains(&expected), "{told}");
        };
        check(counts, End::Cancelled, "stopped");
        counts.add(Status::Failed);
        check(counts, End::Cancelled, "failed");
        check(counts, End::Failed, "failed");
        assert_eq!(
            run(End::Completed, 0, 5),
            r#"{"event":"run","status":"converged","hosts":1,"exit":0,"ms":5,"schema":1}"#
        );
    }
}
