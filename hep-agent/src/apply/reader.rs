//! The reader of a bundle's run: a person, or a program that reads JSON lines. What happened goes to standard output,
//! what goes on meanwhile to standard error.

use super::{human, json, say};
use crate::inbox::Inbox;
use crate::outside::Outside;
use hep_protocol::blob::Want;
use hep_protocol::message::{End, Go, Reply, Stream};
use hep_protocol::outcome::{Counts, Outcome};
use hep_protocol::plan::{DiffMode, Plan, Task};
use hep_protocol::text::shown;
use std::collections::BTreeMap;
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

/// How a task is called.
struct Label {
    name: String,
    module: String,
    /// Stands before the name of a handler.
    role: &'static str,
}

pub(super) struct Reader {
    inbox: Arc<Inbox>,
    /// By their numbers.
    tasks: BTreeMap<u32, Label>,
    format: Format,
    diff: DiffMode,
    begin: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    counts: Counts,
    /// What the task in hand is called, when its name holds an expression.
    name: Option<String>,
    stdout: Lines,
    stderr: Lines,
}

impl Reader {
    pub(super) fn new(inbox: Arc<Inbox>, plan: &Plan, format: Format) -> Self {
        let label = |task: &Task| Label {
            name: task.name.clone(),
            module: task.spec.module().to_owned(),
            role: "",
        };
        let mut tasks: BTreeMap<u32, Label> =
            plan.tasks().map(|(number, task)| (number, label(task))).collect();
        for handler in plan.plays.iter().flat_map(|play| &play.handlers) {
            if let Some(label) = tasks.get_mut(handler) {
                label.role = "handler: ";
            }
        }
        let (begin, state) = (Instant::now(), Mutex::default());
        Self { inbox, tasks, format, diff: plan.settings.diff, begin, state }
    }

    /// Prints how the run ended.
    pub(super) fn end(&self, end: End, exit: u8) {
        let ms = u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        let counts = self.lock().counts;
        say(&match self.format {
            Format::Human => human::end(counts),
            Format::Json => json::host(counts, end, ms) + "\n" + &json::run(end, exit, ms),
        });
    }

    /// Prints how a task ended.
    fn finished(&self, task: u32, outcome: &Outcome) {
        let mut state = self.lock();
        let rest = [state.stdout.rest(), state.stderr.rest()];
        self.meanwhile(&rest.into_iter().flatten().collect::<Vec<_>>());
        let rendered = state.name.take();
        if let Some(Label { name, module, role }) = self.tasks.get(&task) {
            let name = rendered.as_ref().unwrap_or(name);
            say(&match self.format {
                Format::Human => human::task(&format!("{role}{name}"), outcome),
                Format::Json => json::task(name, module, outcome, self.diff),
            });
        }
        state.counts.add(outcome.status);
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
            Reply::Started { name, .. } => self.lock().name = name,
            Reply::Finished { task, outcome } => self.finished(task, &outcome),
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
            | Reply::Became
            | Reply::Refused(_)
            | Reply::Want(_)
            | Reply::Facts(_)
            | Reply::Ask { .. }
            | Reply::Waits { .. }
            | Reply::Done(_) => {}
        }
    }

    fn open(&self, want: Want) -> io::Result<Box<dyn Read>> {
        self.inbox.open(want, |_| {})
    }

    fn cancelled(&self) -> bool {
        self.inbox.cancelled()
    }

    /// There is nobody to ask.
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
