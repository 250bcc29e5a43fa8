//! What became of a task, or of one element of its loop: the outcome for the report and the result for later tasks.

use crate::converge::fields_without_run;
use crate::module::WithoutRun;
use crate::sys::SysError;
use crate::sys::output;
use hep_protocol::expression::{Found, Ready};
use hep_protocol::names::{LINES, RESULTS};
use hep_protocol::outcome::{Change, Details, Failure, ItemOutcome, Outcome, Status};
use hep_protocol::plan::Privacy;
use hep_protocol::task::About;
use serde_json::{Map, Value, json};

/// How one try, or all tries of an element, ended.
#[derive(Debug)]
pub(super) struct Verdict {
    /// `Ok`, `Changed`, `Pending`, `Skipped` or `Failed`, until it is settled what a failure means for the run.
    pub(super) status: Status,
    pub(super) details: Details,
    pub(super) data: Map<String, Value>,
    /// Whether `data` has only the end of what a program wrote.
    pub(super) truncated: bool,
    /// Whether `data` has something else in place of bytes that are not UTF-8.
    pub(super) foreign: bool,
    pub(super) attempts: u32,
    pub(super) certainty: Certainty,
    /// Whether there was a program to run and no need to: what the task says of its end does not apply.
    pub(super) needless: bool,
    /// Whether its program was stopped before it ended by itself, and that is a failure.
    pub(super) killed: bool,
    /// What a change makes its status: `Changed`, or `Pending` where nothing is done.
    pub(super) acts: Status,
}

/// How much of a result is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Certainty {
    /// All of it.
    Known,
    /// It would run, and did not: these fields, and what the module found out by looking.
    Partly(&'static [&'static str]),
    /// Nothing, not even whether the task would run; on what that depends.
    Open(String),
}

/// The kind of task: it decides which fields the result has, however the task went.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape<'a> {
    /// One task's, or that of one element of its loop; with its module.
    One(&'a About),
    /// That of a loop as a whole.
    Loop,
    /// Any in Ansible's language: a field is there only if it says something.
    Ansible,
}

/// Of a program that would run: all but what it would say.
pub(super) const FORESEEN: &[&str] = &["changed", "changes", "skipped"];

/// Of a task whose program's end decides whether it changes something.
pub(super) const UNDECIDED: &[&str] = &["skipped"];

/// Of a loop in which one element changes something, whatever the others do.
pub(super) const CHANGES: &[&str] = &["changed", "skipped"];

impl Verdict {
    /// Nothing but a status.
    pub(super) fn of(status: Status) -> Self {
        Self {
            status,
            details: Details::default(),
            data: Map::new(),
            truncated: false,
            foreign: false,
            attempts: 1,
            certainty: Certainty::Known,
            needless: false,
            killed: false,
            acts: Status::Changed,
        }
    }

    /// A condition did not hold.
    pub(super) fn skipped() -> Self {
        Self::of(Status::Skipped)
    }

    /// It is unknown whether or how it would run.
    pub(super) fn open(cause: String) -> Self {
        let mut verdict = Self::of(Status::Pending);
        verdict.details.changes.push(Change::new(format!("depends on {cause}")));
        Self { certainty: Certainty::Open(cause), ..verdict }
    }

    /// It was not even tried, or went wrong.
    pub(super) fn failed(failure: Failure) -> Self {
        Self::of(Status::Failed).failed_by(failure)
    }

    /// Failed, whatever it was.
    pub(super) fn failed_by(mut self, failure: Failure) -> Self {
        self.details.failure = Some(failure);
        Self { status: Status::Failed, ..self }
    }

    /// With the status that its changes give it, unless it failed.
    pub(super) fn acted(mut self) -> Self {
        if self.status != Status::Failed {
            self.status = if self.details.changes.is_empty() { Status::Ok } else { self.acts };
        }
        self
    }

    /// A failure's part that a program said.
    pub(super) fn spoken(&self) -> Failure {
        let text = |name: &str| {
            let text = self.data.get(name).and_then(Value::as_str);
            text.map(output::last_lines).unwrap_or_default().to_owned()
        };
        Failure { stdout: text("stdout"), stderr: text("stderr"), ..Failure::default() }
    }

    /// Whether something was changed, or in check mode would be.
    pub(super) fn changed(&self) -> bool {
        match self.status {
            Status::Changed | Status::Pending => true,
            // What was done before the failure stays done.
            Status::Failed | Status::Ignored | Status::Rescued => !self.details.changes.is_empty(),
            Status::Ok | Status::Skipped => false,
        }
    }

    /// On what it depends whether something would be changed, when that is not known.
    pub(super) fn open_change(&self, title: &str) -> Option<String> {
        match &self.certainty {
            Certainty::Open(cause) => Some(cause.clone()),
            Certainty::Partly(known) if !known.contains(&"changed") => Some(result_of(title)),
            Certainty::Partly(_) | Certainty::Known => None,
        }
    }

    /// The result's fields.
    pub(super) fn fields(&self, shape: Shape<'_>) -> Map<String, Value> {
        let mut fields = match (&self.certainty, shape) {
            (_, Shape::Ansible) => return self.as_ansible(),
            (Certainty::Known, Shape::One(module)) => fields_without_run(module.name, self.end()),
            (Certainty::Known, Shape::Loop) => Map::from_iter([(RESULTS.to_owned(), json!([]))]),
            (Certainty::Partly(_) | Certainty::Open(_), _) => Map::new(),
        };
        fields.extend(self.data.clone());
        let Details { changes, notes: _, failure } = &self.details;
        let lines: Vec<&str> = changes.iter().map(|change| change.line.as_str()).collect();
        let message = failure.as_ref().map_or("", |failure| failure.message.as_str());
        for (name, value) in [
            ("changed", json!(self.changed())),
            ("failed", json!(failure.is_some())),
            ("skipped", json!(self.status == Status::Skipped)),
            ("changes", json!(lines)),
            ("msg", json!(message)),
            ("attempts", json!(self.attempts)),
            ("truncated", json!(self.truncated)),
        ] {
            fields.insert(name.to_owned(), value);
        }
        fields
    }

    /// The fields of a result of Ansible's.
    fn as_ansible(&self) -> Map<String, Value> {
        let mut fields = self.data.clone();
        fields.insert("changed".to_owned(), json!(self.changed()));
        let failure = self.details.failure.as_ref();
        match (self.status, failure) {
            (Status::Skipped, _) => {
                fields.entry("skipped").or_insert(json!(true));
            }
            (_, failure) => {
                fields.insert("failed".to_owned(), json!(failure.is_some()));
            }
        }
        if let Some(failure) = failure {
            fields.entry("msg").or_insert_with(|| json!(failure.message));
        }
        fields
    }

    /// With fields that only Ansible's results have.
    pub(super) fn with(mut self, fields: impl IntoIterator<Item = (&'static str, Value)>) -> Self {
        self.data.extend(fields.into_iter().map(|(name, value)| (name.to_owned(), value)));
        self
    }

    /// How it ended, for a program that was not run.
    fn end(&self) -> WithoutRun {
        match (self.status, &self.details.failure) {
            (Status::Skipped, _) => WithoutRun::Skipped,
            (_, Some(_)) => WithoutRun::Failed,
            (_, None) => WithoutRun::Needless,
        }
    }

    /// The result as expressions see it, as far as it is known; `title` is the task's name.
    pub(super) fn result(&self, title: &str, shape: Shape<'_>) -> Found {
        match &self.certainty {
            Certainty::Known => Found::Ready(Ready::of_result(&Value::Object(self.fields(shape)))),
            Certainty::Partly(known) => {
                let mut fields = self.fields(shape);
                fields.retain(|name, _| {
                    known.contains(&name.as_str()) || self.data.contains_key(name)
                });
                for (text, lines) in LINES {
                    if let Some(text) = fields.get(text).and_then(Value::as_str) {
                        let all = text.lines().collect();
                        fields.insert(lines.to_owned(), all);
                    }
                }
                Found::Partial { known: Value::Object(fields), cause: result_of(title) }
            }
            Certainty::Open(_) => Found::Unknown(result_of(title)),
        }
    }

    /// For the report of a task.
    pub(super) fn outcome(self) -> Outcome {
        Outcome::new(self.status, self.details)
    }

    /// As one element of a loop.
    pub(super) fn item(self, label: String, ms: u64) -> ItemOutcome {
        let Self { status, details, .. } = self;
        ItemOutcome { label, status, details, ms }
    }

    /// Without a word of what the task does.
    pub(super) fn hidden(self, privacy: Privacy) -> Self {
        match privacy {
            Privacy::Open => self,
            Privacy::Sensitive => {
                let Details { changes, notes: _, failure } = self.details;
                let changes = changes.first().map(|_| Change::new("hidden by `sensitive: true`"));
                let failure = failure.map(|failure| Failure {
                    message: "the task failed; why is hidden by `sensitive: true`".to_owned(),
                    exit: failure.exit,
                    ..Failure::default()
                });
                let changes = changes.into_iter().collect();
                Self { details: Details { changes, notes: Vec::new(), failure }, ..self }
            }
        }
    }
}

fn result_of(title: &str) -> String {
    format!("the result of `{title}`")
}

/// A failure with a plain sentence.
pub(super) fn failure(message: impl Into<String>) -> Failure {
    SysError::new(message).into()
}
