//! What became of a task.

use crate::value::Json;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// How much of each stream of a program a failure shows, in bytes: its end.
pub const MAX_SHOWN: usize = 64 * 1024;

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The host was already as wanted.
    Ok,
    /// The host was changed.
    Changed,
    /// Check mode: the host would be changed.
    Pending,
    /// The task failed, and with it the host's run.
    Failed,
    /// The task's condition did not hold.
    Skipped,
    /// The task failed, and says that this does not matter.
    Ignored,
    /// The task failed, and the `rescue` of its block takes over.
    Rescued,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Changed => "changed",
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Ignored => "ignored",
            Self::Rescued => "rescued",
        })
    }
}

/// One change, made or foreseen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The step in words, the same whether foreseen or made: `mode 0600 -> 0644`.
    pub line: String,
    /// A unified diff of text, when asked for and short enough.
    pub diff: Option<String>,
    /// What is done, as a value.
    pub action: Told,
}

/// What is told of an action beside its line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Told {
    /// Nothing: there is none, or it is told with another.
    #[default]
    Nothing,
    /// All that may leave the host.
    Action(Json),
    /// Nothing, since the task has told as much as one may.
    TooMuch,
}

impl Told {
    /// About how many bytes it takes.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Action(Json(value)) => size(value),
            Self::Nothing | Self::TooMuch => 0,
        }
    }
}

/// How much room there is for actions in the report of a task: their lines tell the rest.
#[derive(Clone, Copy, Debug, Default)]
pub struct Room {
    actions: usize,
    bytes: usize,
}

impl Room {
    /// How many a task tells at most.
    const ACTIONS: usize = 1_000;

    /// What they take at most, in bytes.
    const BYTES: usize = 256 * 1024;

    /// What is told of an action in the room that is left.
    #[must_use]
    pub fn take(&mut self, told: Told) -> Told {
        let bytes = self.bytes.saturating_add(told.size());
        match told {
            Told::Action(_) if self.actions >= Self::ACTIONS || bytes > Self::BYTES => {
                Told::TooMuch
            }
            Told::Action(_) => {
                self.actions += 1;
                self.bytes = bytes;
                told
            }
            Told::Nothing | Told::TooMuch => told,
        }
    }
}

fn size(value: &Value) -> usize {
    /// What a value takes beside its text.
    const EACH: usize = 8;
    EACH + match value {
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(size).sum(),
        Value::Object(entries) => entries.iter().map(|(name, of)| name.len() + size(of)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

impl Change {
    /// A change of which there is no more to say than a line.
    pub fn new(line: impl Into<String>) -> Self {
        Self { line: line.into(), diff: None, action: Told::Nothing }
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exit {
    /// It exited with this code.
    Code(i32),
    /// This signal killed it.
    Signal(i32),
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "killed by signal {signal}"),
        }
    }
}

/// Why a task failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The sentence: what was being done, to what, and the cause, outermost first.
    pub message: String,
    /// What to change, naming the key or command.
    pub hint: Option<String>,
    /// How the process at fault ended, if one was.
    pub exit: Option<Exit>,
    /// The end of what it wrote to its standard output, at most 64 KiB.
    pub stdout: String,
    /// The end of what it wrote to its standard error, at most 64 KiB.
    pub stderr: String,
}

/// What is told of a task, or of one element of its loop, beside how it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// Every change that was made (or, in check mode, would be), in order; also those before a failure.
    pub changes: Vec<Change>,
    /// What a reader should know and nobody changed: `package index refreshed`.
    pub notes: Vec<String>,
    /// Why it failed; present exactly when the status is failed, ignored or rescued.
    pub failure: Option<Failure>,
}

/// What became of one task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How it ended.
    pub status: Status,
    /// What there is to tell; nothing of the elements of its loop.
    pub details: Details,
    /// What became of each element of its loop.
    pub items: Vec<ItemOutcome>,
    /// How long it took, in milliseconds.
    pub ms: u64,
}

/// What became of a task for one element of its loop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemOutcome {
    /// What the element is called.
    pub label: String,
    /// How it ended.
    pub status: Status,
    /// What there is to tell.
    pub details: Details,
    /// How long it took, in milliseconds.
    pub ms: u64,
}

impl Outcome {
    /// Of a task without a loop, that took no time.
    #[must_use]
    pub fn new(status: Status, details: Details) -> Self {
        Self { status, details, items: Vec::new(), ms: 0 }
    }
}

impl ItemOutcome {
    /// Whether there is nothing to say of it but its status.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        let Self { label: _, status, details: Details { changes, notes, failure }, ms: _ } = self;
        let unmoved = matches!(status, Status::Ok | Status::Skipped);
        unmoved && changes.is_empty() && notes.is_empty() && failure.is_none()
    }
}

/// How many tasks ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Counts {
    /// Tasks that found nothing to do.
    pub ok: u32,
    /// Tasks that changed the host.
    pub changed: u32,
    /// Tasks that would change it.
    pub pending: u32,
    /// Tasks that failed.
    pub failed: u32,
    /// Tasks whose condition did not hold.
    pub skipped: u32,
    /// Tasks that failed and may.
    pub ignored: u32,
    /// Tasks that failed, and the rescue of their block took over.
    pub rescued: u32,
}

impl Counts {
    /// One more of this status.
    pub fn add(&mut self, status: Status) {
        let slot = self.slot(status);
        *slot = slot.saturating_add(1);
    }

    /// How many had this status.
    #[must_use]
    pub fn of(mut self, status: Status) -> u32 {
        *self.slot(status)
    }

    fn slot(&mut self, status: Status) -> &mut u32 {
        match status {
            Status::Ok => &mut self.ok,
            Status::Changed => &mut self.changed,
            Status::Pending => &mut self.pending,
            Status::Failed => &mut self.failed,
            Status::Skipped => &mut self.skipped,
            Status::Ignored => &mut self.ignored,
            Status::Rescued => &mut self.rescued,
        }
    }
}
