//! Who reads the run of a bundle: a person, or a program that reads JSON lines. What happened goes to standard output,
//! what goes on meanwhile to standard error.

use super::text::shown;
use super::{json, say};
use crate::engine::Outside;
use crate::inbox::Inbox;
use hep_protocol::blob::Digest;
use hep_protocol::message::{End, Go, Reply, Stream};
use hep_protocol::outcome::{Outcome, Status};
use hep_protocol::plan::{DiffMode, Plan, Task};
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A line of output that grows longer, in bytes, is shown in pieces.
const LONG: usize = 8 * 1024;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Human,
    Json,
}

/// How many tasks ended how.
#[derive(Default)]
pub(super) struct Counts(Vec<Status>);

impl Counts {
    pub(super) fn add(&mut self, status: Status) {
        self.0.push(status);
    }

    pub(super) fn all(&self) -> usize {
        self.0.len()
    }

    pub(super) fn of(&self, status: Status) -> usize {
        self.0.iter().filter(|seen| **seen == status).count()
    }
}

pub(super) struct Reader {
    inbox: Arc<Inbox>,
    tasks: Vec<(String, String)>,
    format: Format,
    diff: DiffMode,
    begin: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    counts: Counts,
    stdout: Lines,
    stderr: Lines,
}

impl Reader {
    pub(super) fn new(inbox: Arc<Inbox>, plan: &Plan, format: Format) -> Self {
        let label = |task: &Task| (task.name.clone(), task.spec.module().to_owned());
        let tasks = plan.tasks.iter().map(label).collect();
        let (begin, state) = (Instant::now(), Mutex::default());
        Self { inbox, tasks, format, diff: plan.diff, begin, state }
    }

    /// Whether a task failed.
    pub(super) fn failed(&self) -> bool {
        self.lock().counts.of(Status::Failed) > 0
    }

    /// Prints how the run ended.
    pub(super) fn end(&self, end: End, exit: u8) {
        let ms = u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        let status = match end {
            End::Cancelled => "cancelled",
            End::Failed => "failed",
            End::Completed => "converged",
        };
        let counts = &self.lock().counts;
        say(&match self.format {
            Format::Human => format!(
                "\n{} ok, {} changed, {} pending, {} failed, {} ignored",
                counts.of(Status::Ok),
                counts.of(Status::Changed),
                counts.of(Status::Pending),
                counts.of(Status::Failed),
                counts.of(Status::Ignored),
            ),
            Format::Json => {
                json::host(counts, self.tasks.len(), ms) + "\n" + &json::run(status, exit, ms)
            }
        });
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows a person what goes on.
    fn meanwhile(&self, lines: &[String]) {
        if self.format == Format::Human {
            // A reader that is gone changes nothing about the run.
            lines.iter().for_each(|line| drop(writeln!(io::stderr(), "  {}", shown(line))));
        }
    }
}

impl Outside for Reader {
    fn reply(&self, reply: Reply) {
        match reply {
            Reply::Finished { task, outcome } => {
                let mut state = self.lock();
                let rest = [state.stdout.rest(), state.stderr.rest()];
                self.meanwhile(&rest.into_iter().flatten().collect::<Vec<_>>());
                let (name, module) = self
                    .tasks
                    .get(task as usize)
                    .map_or(("", ""), |(name, module)| (name.as_str(), module.as_str()));
                say(&match self.format {
                    Format::Human => human(name, &outcome),
                    Format::Json => json::task(name, module, &outcome, self.diff),
                });
                state.counts.add(outcome.status);
            }
            Reply::Progress { text, .. } => self.meanwhile(&[text]),
            Reply::Output { stream, data, .. } => {
                let mut state = self.lock();
                let lines = match stream {
                    Stream::Stdout => state.stdout.take(&data),
                    Stream::Stderr => state.stderr.take(&data),
                };
                self.meanwhile(&lines);
            }
            Reply::Hello(_)
            | Reply::Want(_)
            | Reply::Facts(_)
            | Reply::Ask { .. }
            | Reply::Started { .. }
            | Reply::Done(_) => {}
        }
    }

    fn open(&self, digest: &Digest) -> io::Result<Box<dyn Read>> {
        self.inbox.open(digest, || {})
    }

    fn cancelled(&self) -> bool {
        self.inbox.cancelled()
    }

    /// Nobody is there to be asked.
    fn ask(&self, _task: u32) -> Go {
        Go::RunAll
    }
}

/// Output that comes in pieces, as lines.
#[derive(Default)]
struct Lines(Vec<u8>);

impl Lines {
    /// The lines that are whole now.
    fn take(&mut self, data: &[u8]) -> Vec<String> {
        self.0.extend_from_slice(data);
        let newline = self.0.iter().rposition(|byte| *byte == b'\n').map(|at| at + 1);
        let end = newline.or((self.0.len() > LONG).then_some(self.0.len()));
        let whole: Vec<u8> = self.0.drain(..end.unwrap_or_default()).collect();
        let text = String::from_utf8_lossy(&whole);
        text.lines().map(|line| line.trim_end_matches('\r').to_owned()).collect()
    }

    /// What came after the last newline.
    fn rest(&mut self) -> Option<String> {
        let rest = std::mem::take(&mut self.0);
        (!rest.is_empty()).then(|| String::from_utf8_lossy(&rest).into_owned())
    }
}

fn human(name: &str, outcome: &Outcome) -> String {
    let mut lines = vec![format!("{:<8} {}", outcome.status, shown(name))];
    for change in &outcome.changes {
        lines.push(format!("         {}", shown(&change.line)));
        let diff = change.diff.iter().flat_map(|diff| diff.lines());
        lines.extend(diff.map(|line| format!("           {}", shown(line))));
    }
    lines.extend(outcome.notes.iter().map(|note| format!("         {}", shown(note))));
    if let Some(failure) = &outcome.failure {
        lines.push(format!("         error: {}", shown(&failure.message)));
        lines.extend(failure.hint.iter().map(|hint| format!("         hint: {}", shown(hint))));
        lines.extend(failure.exit.iter().map(|exit| format!("         {exit}")));
        for (what, text) in [("stdout", &failure.stdout), ("stderr", &failure.stderr)] {
            lines.extend(text.lines().map(|line| format!("         {what}: {}", shown(line))));
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_in_pieces_is_shown_in_lines() {
        let mut lines = Lines::default();
        assert_eq!(lines.take(b"one\r\ntw"), ["one"]);
        assert!(lines.take(b"o").is_empty());
        assert_eq!(lines.take(b"\nthree\nf"), ["two", "three"]);
        assert_eq!(lines.rest().as_deref(), Some("f"));
        assert_eq!((lines.rest(), lines.take(&[b'x'; LONG + 1]).len()), (None, 1));
    }
}
