//! The plan: what one host is asked to do, flat and fully checked.

use crate::blob::Source;
use crate::task::TaskSpec;
use serde::{Deserialize, Serialize};

/// Everything one run does on one host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Whether the host is changed, or only asked.
    pub mode: RunMode,
    /// Whether changes carry a text diff.
    pub diff: DiffMode,
    /// The tasks, in order. A task's place in this list is its number in every message.
    pub tasks: Vec<Task>,
}

/// Whether the host is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunMode {
    /// The real host.
    Apply,
    /// The same run on an overlay that keeps every change in memory.
    Check,
}

/// Whether changes carry a text diff.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DiffMode {
    /// Lines only.
    Off,
    /// A unified diff of texts up to a size.
    Unified,
}

/// One task of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// What the operator called it, or a description made from its parameters.
    pub name: String,
    /// What it does.
    pub spec: TaskSpec,
    /// The local files its parameters name, each under the text that names it.
    pub sources: Vec<NamedSource>,
    /// Whether a failure of this task ends the run.
    pub on_error: OnError,
}

impl Task {
    /// The source that a parameter names.
    #[must_use]
    pub fn source(&self, written: &str) -> Option<&Source> {
        self.sources.iter().find(|named| named.written == written).map(|named| &named.source)
    }
}

/// What a failed task means for those after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnError {
    /// The host's run ends here.
    Stop,
    /// The failure is reported as ignored and the run goes on (`ignore_error: true`).
    GoOn,
}

/// A local source and the text in the manifest that names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedSource {
    /// The text as written: `app/index.php`, `tree/`.
    pub written: String,
    /// What the controller found there.
    pub source: Source,
}
