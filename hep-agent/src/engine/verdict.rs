//! What became of a task, or of one element of its loop: the outcome for the report and the result for later tasks.

use crate::render::{Unrendered, ready};
use crate::sys::SysError;
use hep_protocol::expression::Found;
use hep_protocol::outcome::{Change, Failure, ItemOutcome, Status};
use hep_protocol::plan::Privacy;
use serde_json::{Map, Value, json};

/// How one try, or all tries of an element, ended.
#[derive(Debug)]
pub(super) struct Verdict {
    /// `Ok`, `Changed`, `Pending`, `Skipped` or `Failed`: whether a failure counts is decided for the whole task.
    pub(super) status: Status,
    pub(super) changes: Vec<Change>,
    pub(super) notes: Vec<String>,
    pub(super) failure: Option<Failure>,
    pub(super) data: Map<String, Value>,
    pub(super) attempts: u32,
    pub(super) certainty: Certainty,
}

/// How much of a result is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Certainty {
    /// All of it.
    Known,
    /// Not what a program would say: it would run, and did not.
    Foreseen,
    /// Nothing, not even whether the task would run; on what that depends.
    Open(String),
}

impl Verdict {
    fn of(status: Status) -> Self {
        Self {
            status,
            changes: Vec::new(),
            notes: Vec::new(),
            failure: None,
            data: Map::new(),
            attempts: 1,
            certainty: Certainty::Known,
        }
    }

    /// A condition did not hold.
    pub(super) fn skipped() -> Self {
        Self::of(Status::Skipped)
    }

    /// Nobody knows whether or how it would run.
    pub(super) fn open(cause: String) -> Self {
        let change = Change { line: format!("depends on {cause}"), diff: None };
        let changes = vec![change];
        Self { changes, certainty: Certainty::Open(cause), ..Self::of(Status::Pending) }
    }

    /// It was not even tried, or went wrong.
    pub(super) fn failed(failure: Failure) -> Self {
        Self { failure: Some(failure), ..Self::of(Status::Failed) }
    }

    /// It could not be rendered.
    pub(super) fn unrendered(why: Unrendered) -> Self {
        match why {
            Unrendered::Unknown(cause) => Self::open(cause),
            Unrendered::Wrong(error) => Self::failed(error.into()),
        }
    }

    /// Nothing but what a try came to.
    pub(super) fn tried(status: Status) -> Self {
        Self::of(status)
    }

    /// Whether something was changed, or in check mode would be.
    pub(super) fn changed(&self) -> bool {
        match self.status {
            Status::Changed | Status::Pending => true,
            // What was done before the failure stays done.
            Status::Failed | Status::Ignored | Status::Rescued => !self.changes.is_empty(),
            Status::Ok | Status::Skipped => false,
        }
    }

    /// The result's fields.
    pub(super) fn fields(&self) -> Map<String, Value> {
        let mut fields = self.data.clone();
        let lines: Vec<&str> = self.changes.iter().map(|change| change.line.as_str()).collect();
        let message = self.failure.as_ref().map_or("", |failure| failure.message.as_str());
        for (name, value) in [
            ("changed", json!(self.changed())),
            ("failed", json!(self.failure.is_some())),
            ("skipped", json!(self.status == Status::Skipped)),
            ("changes", json!(lines)),
            ("msg", json!(message)),
            ("attempts", json!(self.attempts)),
        ] {
            fields.insert(name.to_owned(), value);
        }
        fields
    }

    /// The result as expressions see it; `task` is the task's name.
    pub(super) fn result(&self, task: &str) -> Found {
        found(&self.certainty, self.fields(), task)
    }

    /// As one element of a loop.
    pub(super) fn item(self, label: String, status: Status, ms: u64) -> ItemOutcome {
        let Self { changes, notes, failure, .. } = self;
        ItemOutcome { label, status, changes, notes, failure, ms }
    }

    /// Without a word of what the task does.
    pub(super) fn hidden(self, privacy: Privacy) -> Self {
        match privacy {
            Privacy::Open => self,
            Privacy::Sensitive => {
                let hidden = || "hidden by `sensitive: true`".to_owned();
                let changed = !self.changes.is_empty();
                let changes = changed.then(|| Change { line: hidden(), diff: None });
                let failure = self.failure.map(|failure| Failure {
                    message: "the task failed; why is hidden by `sensitive: true`".to_owned(),
                    exit: failure.exit,
                    ..Failure::default()
                });
                let changes = changes.into_iter().collect();
                Self { changes, notes: Vec::new(), failure, ..self }
            }
        }
    }
}

/// The fields of a result, as far as they are known.
pub(super) fn found(certainty: &Certainty, fields: Map<String, Value>, task: &str) -> Found {
    let cause = || format!("the result of `{task}`");
    match certainty {
        Certainty::Known => ready(&Value::Object(fields)),
        Certainty::Foreseen => Found::Partial { known: Value::Object(fields), cause: cause() },
        Certainty::Open(_) => Found::Unknown(cause()),
    }
}

/// A failure with a plain sentence.
pub(super) fn failure(message: impl Into<String>) -> Failure {
    SysError::new(message).into()
}
