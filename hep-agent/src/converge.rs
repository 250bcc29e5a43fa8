//! One task: inspect, plan, execute. This crate's one match over modules.

use crate::module::{Input, Module};
use crate::step::Effect;
use crate::sys::{Host, SysError};
use hep_protocol::outcome::{Change, Failure, Outcome, Status};
use hep_protocol::plan::{OnError, RunMode, Task};
use hep_protocol::task::TaskSpec;
use std::time::Instant;

/// No module needs more than two looks at the host; a third would mean that it goes in circles.
const MAX_ROUNDS: usize = 3;

/// Brings one task's part of the host to what the task says, and tells what became of it.
pub(crate) fn converge(input: &Input<'_>, mode: RunMode, host: &mut dyn Host) -> Outcome {
    let start = Instant::now();
    let mut report = Report::default();
    let result = match &input.task.spec {
        TaskSpec::Apt(params) => run(params, input, host, &mut report),
        TaskSpec::Command(params) => run(params, input, host, &mut report),
        TaskSpec::File(params) => run(params, input, host, &mut report),
        TaskSpec::Service(params) => run(params, input, host, &mut report),
    };
    report.close();
    let status = match (&result, report.changes.is_empty(), mode) {
        (Err(_), _, _) => failed_status(input.task),
        (Ok(()), true, _) => Status::Ok,
        (Ok(()), false, RunMode::Apply) => Status::Changed,
        (Ok(()), false, RunMode::Check) => Status::Pending,
    };
    Outcome {
        status,
        changes: report.changes,
        notes: report.notes,
        failure: result.err().map(Failure::from),
        ms: u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
    }
}

fn failed_status(task: &Task) -> Status {
    match task.on_error {
        OnError::Stop => Status::Failed,
        OnError::GoOn => Status::Ignored,
    }
}

/// What a task did so far; kept when a later step fails.
#[derive(Default)]
struct Report {
    changes: Vec<Change>,
    notes: Vec<String>,
    /// The bytes of all changes.
    size: usize,
    /// The bytes of their lines.
    lines: usize,
    /// Changes whose line found no more room.
    more: usize,
}

/// What the lines of one task's changes may take together in its report, in bytes; the others are counted.
const LINES: usize = 16 * 1024 * 1024;

/// What the diffs of one task may take together in its report, in bytes: far less than a frame may.
const DIFFS: usize = 8 * 1024 * 1024;

impl Report {
    fn add(&mut self, change: Change) {
        self.size += change.line.len() + change.diff.as_ref().map_or(0, String::len);
        let diff = change.diff.filter(|_| self.size <= DIFFS);
        self.lines += change.line.len();
        if self.lines <= LINES {
            self.changes.push(Change { diff, ..change });
        } else {
            self.more += 1;
        }
    }

    /// Names in a last line what found no room.
    fn close(&mut self) {
        if self.more > 0 {
            let s = if self.more == 1 { "" } else { "s" };
            let line = format!("and {} more change{s}", self.more);
            self.changes.push(Change { line, diff: None });
        }
    }
}

fn run<M: Module>(
    params: &M,
    input: &Input<'_>,
    host: &mut dyn Host,
    report: &mut Report,
) -> Result<(), SysError> {
    for _ in 0..MAX_ROUNDS {
        let state = params.inspect(input, host)?;
        let plan = params.plan(input, &state)?;
        report.notes.extend(plan.notes);
        for (index, planned) in plan.steps.iter().enumerate() {
            if index > 0 && host.cancelled() {
                return Err(SysError::new(format!("stopped before: {}", planned.step))
                    .hint("the run was cancelled or its controller went away; push again"));
            }
            match planned.step.execute(host)? {
                Effect::Changed => report.add(planned.change()),
                Effect::ChangedAnd(note) => {
                    report.add(planned.change());
                    report.notes.push(note);
                }
                Effect::Noted(note) => report.notes.push(note),
                Effect::Nothing => {}
            }
        }
        if !plan.again {
            return Ok(());
        }
    }
    Err(SysError::new("the task does not come to an end: this is a fault of hep"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hep_protocol::frame;
    use hep_protocol::message::Reply;

    #[test]
    fn report_of_endless_changes_fits_into_a_frame() {
        let mut report = Report::default();
        let (line, diff) = ("x".repeat(1024 * 1024), Some("y".repeat(1024 * 1024)));
        for _ in 0..100 {
            report.add(Change { line: line.clone(), diff: diff.clone() });
        }
        report.close();
        assert_eq!(report.changes.len(), 17);
        assert_eq!(report.changes[16].line, "and 84 more changes");
        assert_eq!(report.changes.iter().filter(|change| change.diff.is_some()).count(), 4);
        let outcome = Outcome {
            status: Status::Changed,
            changes: report.changes,
            notes: report.notes,
            failure: None,
            ms: 0,
        };
        assert!(frame::encode(&Reply::Finished { task: 0, outcome }).is_ok());
    }
}
