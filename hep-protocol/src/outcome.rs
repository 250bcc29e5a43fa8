//! What became of a task.

use serde::{Deserialize, Serialize};
use std::fmt;

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

/// What became of one task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How it ended.
    pub status: Status,
    /// Every change that was made (or, in check mode, would be), in order; also those before a failure.
    pub changes: Vec<Change>,
    /// What a reader should know and nobody changed: `package index refreshed`.
    pub notes: Vec<String>,
    /// Why it failed; present exactly when the status is failed, ignored or rescued.
    pub failure: Option<Failure>,
    /// What became of each element of its loop; changes, notes and failures of those are here alone.
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
    /// As of a task.
    pub changes: Vec<Change>,
    /// As of a task.
    pub notes: Vec<String>,
    /// As of a task.
    pub failure: Option<Failure>,
    /// How long it took, in milliseconds.
    pub ms: u64,
}
