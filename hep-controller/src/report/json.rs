//! The report for a program: one JSON object per line, as things happen. Texts of hosts are escaped as JSON does.

use super::clock::Clock;
use super::{Event, HostReport, Run, RunEnd, Texts, Trouble, View};
use crate::host::HostId;
use hep_protocol::outcome::Outcome;
use hep_protocol::plan::DiffMode;
use hep_protocol::report::{self, HostObject, RunObject, TaskObject, TroubleObject};
use serde::Serialize;
use std::sync::Arc;

/// The view of a program.
#[derive(Debug)]
pub(crate) struct Json {
    run: Run,
    diff: DiffMode,
    clock: Arc<Clock>,
}

impl Json {
    /// A view of the run to come; with `diff`, task objects have `diffs`.
    pub(crate) fn new(run: Run, diff: DiffMode, clock: Arc<Clock>) -> Json {
        Json { run, diff, clock }
    }

    fn task(&self, host: &str, task: u32, name: Option<&str>, outcome: &Outcome) -> Texts {
        let label = self.run.task(task);
        let name = name.unwrap_or(&label.name);
        line(&TaskObject::new(host, name, &label.module, outcome, self.diff))
    }

    fn host(&self, report: &HostReport) -> Texts {
        line(&HostObject {
            host: self.run.host(report.host),
            status: report.status.to_string(),
            counts: report.counts,
            bytes_sent: report.bytes_sent,
            bytes_received: report.bytes_received,
            ms: report.ms,
            stages: self.clock.of(report.host).into_iter().collect(),
            error: report.trouble.as_ref().map(trouble),
        })
    }
}

impl View for Json {
    fn begin(&mut self) -> Texts {
        Texts::default()
    }

    fn event(&mut self, event: Event, _now: u64) -> Texts {
        match event {
            Event::Finished { host, task, turn: _, name, outcome } => {
                self.task(self.run.host(host), task, name.as_deref(), &outcome)
            }
            Event::Ended(report) => self.host(&report),
            Event::Connected { .. }
            | Event::Started { .. }
            | Event::Output { .. }
            | Event::Progress { .. }
            | Event::Stopping(..)
            | Event::Again { .. } => Texts::default(),
        }
    }

    fn quiet(&mut self, _now: u64) -> Texts {
        Texts::default()
    }

    fn end(&mut self, end: &RunEnd, exit: u8) -> Texts {
        line(&RunObject {
            status: end.status().to_string(),
            hosts: end.reports.len(),
            exit,
            ms: end.ms,
            schema: report::SCHEMA,
        })
    }

    fn question(&self, host: HostId, task: u32) -> String {
        self.run.question(host, task)
    }

    fn status(&self, _now: u64) -> Option<String> {
        None
    }
}

fn line(object: &impl Serialize) -> Texts {
    Texts { out: report::line(object) + "\n", err: String::new() }
}

fn trouble(trouble: &Trouble) -> TroubleObject<'_> {
    let Trouble { what, hint, output } = trouble;
    TroubleObject { message: what, hint: hint.as_deref(), output }
}

#[cfg(test)]
mod tests {
    use super::super::{HostStatus, Role, TaskLabel};
    use super::*;
    use hep_protocol::outcome::{Change, Counts, Details, Exit, Failure, ItemOutcome, Status};
    use hep_protocol::plan::RunMode;

    fn run() -> Run {
        Run {
            hosts: vec!["web1".to_owned()],
            plays: Vec::new(),
            tasks: vec![TaskLabel {
                name: "a \"page\"".to_owned(),
                module: "file".to_owned(),
                role: Role::Task,
            }],
            mode: RunMode::Apply,
            waves: vec![vec![HostId(0)]],
            room: 60,
        }
    }

    fn finished(status: Status, failure: Option<Failure>) -> Event {
        let diff = Some("-a\n+b\n".to_owned());
        let change = |line: &str, diff| Change { diff, ..Change::new(line) };
        let changes = vec![change("content \u{1b}[2J", diff), change("mode", None)];
        let details = Details { changes, failure, ..Details::default() };
        let outcome = Outcome { ms: 12, ..Outcome::new(status, details) };
        let (host, turn) = (HostId(0), Default::default());
        Event::Finished { host, task: 0, turn, name: None, outcome }
    }

    fn report(status: HostStatus, trouble: Option<Trouble>) -> HostReport {
        HostReport {
            host: HostId(0),
            status,
            counts: Counts {
                ok: 1,
                changed: 2,
                pending: 3,
                failed: 4,
                skipped: 5,
                ignored: 6,
                rescued: 7,
            },
            missing: 8,
            bytes_sent: 100,
            bytes_received: 200,
            ms: 345,
            trouble,
        }
    }

    fn check(diff: DiffMode, event: Event, expected: &str) {
        let Texts { out, err } = Json::new(run(), diff, Arc::default()).event(event, 0);
        assert_eq!((out.trim_end(), err.as_str()), (expected, ""));
    }

    #[test]
    fn a_task_is_one_line() {
        check(
            DiffMode::Off,
            finished(Status::Changed, None),
            r#"{"event":"task","host":"web1","task":"a \"page\"","module":"file","status":"changed","changes":["content \u001b[2J","mode"],"error":null,"ms":12}"#,
        );
        check(
            DiffMode::Unified,
            finished(Status::Pending, None),
            r#"{"event":"task","host":"web1","task":"a \"page\"","module":"file","status":"pending","changes":["content \u001b[2J","mode"],"diffs":["-a\n+b\n",null],"error":null,"ms":12}"#,
        );
    }

    #[test]
    fn a_failure_is_an_object() {
        let failure = Failure {
            message: "no".to_owned(),
            hint: None,
            exit: Some(Exit::Signal(9)),
            stdout: "o".to_owned(),
            stderr: "e".to_owned(),
        };
        check(
            DiffMode::Off,
            finished(Status::Failed, Some(failure)),
            r#"{"event":"task","host":"web1","task":"a \"page\"","module":"file","status":"failed","changes":["content \u001b[2J","mode"],"error":{"message":"no","hint":null,"exit":137,"stdout":"o","stderr":"e"},"ms":12}"#,
        );
    }

    #[test]
    fn a_loop_tells_of_its_elements_and_a_name_is_the_rendered_one() {
        let item = |label: &str, lines: &[&str], failure: Option<Failure>| ItemOutcome {
            label: label.to_owned(),
            status: if failure.is_some() { Status::Ignored } else { Status::Changed },
            details: Details {
                changes: lines.iter().map(|line| Change::new(*line)).collect(),
                notes: vec![],
                failure,
            },
            ms: 1,
        };
        let failure = Failure { message: "no".to_owned(), ..Failure::default() };
        let items = vec![item("a", &["mode"], None), item("b", &[], Some(failure))];
        let details = Details::default();
        let outcome = Outcome { status: Status::Changed, details, items, ms: 12 };
        let (turn, name) = (Default::default(), Some("page of web1".to_owned()));
        check(
            DiffMode::Unified,
            Event::Finished { host: HostId(0), task: 0, turn, name, outcome },
            r#"{"event":"task","host":"web1","task":"page of web1","module":"file","status":"changed","changes":["mode"],"diffs":[null],"error":null,"items":[{"label":"a","status":"changed","changes":["mode"],"error":null,"ms":1},{"label":"b","status":"ignored","changes":[],"error":{"message":"no","hint":null,"exit":null,"stdout":"","stderr":""},"ms":1}],"ms":12}"#,
        );
    }

    #[test]
    fn a_host_is_one_line() {
        check(
            DiffMode::Off,
            Event::Ended(report(HostStatus::Failed, None)),
            r#"{"event":"host","host":"web1","status":"failed","ok":1,"changed":2,"pending":3,"failed":4,"skipped":5,"ignored":6,"rescued":7,"bytes_sent":100,"bytes_received":200,"ms":345}"#,
        );
        let trouble = Trouble {
            what: "gone".to_owned(),
            hint: Some("look".to_owned()),
            output: String::new(),
        };
        check(
            DiffMode::Off,
            Event::Ended(report(HostStatus::Lost, Some(trouble))),
            r#"{"event":"host","host":"web1","status":"lost","ok":1,"changed":2,"pending":3,"failed":4,"skipped":5,"ignored":6,"rescued":7,"bytes_sent":100,"bytes_received":200,"ms":345,"error":{"message":"gone","hint":"look","output":""}}"#,
        );
    }

    #[test]
    fn the_run_ends_with_its_exit_code() {
        let end = RunEnd { reports: vec![report(HostStatus::Lost, None)], cancelled: true, ms: 7 };
        let texts = Json::new(run(), DiffMode::Off, Arc::default()).end(&end, 130);
        assert_eq!(
            texts.out,
            "{\"event\":\"run\",\"status\":\"cancelled\",\"hosts\":1,\"exit\":130,\"ms\":7,\"schema\":1}\n"
        );
    }
}
