//! The engine on this machine: plans as a controller would send them, and everything that is said of their run.

mod ansible;
mod blocks;
mod check;
mod handlers;
mod loops;
mod manifest;
mod modules;
mod names;
mod readers;
mod recorder;
mod results;
mod rights;
mod speed;

use super::*;
use hep_protocol::blob::{Digest, Want};
use hep_protocol::message::{Go, Reply};
use hep_protocol::outcome::{Outcome, Status};
use hep_protocol::plan::RunMode;
use manifest::plan;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Hears what is said, and has the contents that it was given.
#[derive(Default)]
struct Ear {
    heard: Mutex<Vec<Reply>>,
    contents: HashMap<Digest, Vec<u8>>,
    opened: AtomicUsize,
    answers: Mutex<Vec<Go>>,
    cancelled: AtomicBool,
    /// Wants the run to stop when this task begins, or else at its first word.
    cancels: Option<Cancels>,
}

#[derive(Clone, Copy)]
enum Cancels {
    Start(u32),
    Progress,
}

impl Outside for Ear {
    fn reply(&self, reply: Reply) {
        let cancels = match (&reply, self.cancels) {
            (Reply::Started { task, .. }, Some(Cancels::Start(wanted))) => *task == wanted,
            (Reply::Progress { .. }, Some(Cancels::Progress)) => true,
            _ => false,
        };
        self.cancelled.fetch_or(cancels, Ordering::SeqCst);
        self.heard.lock().unwrap().push(reply);
    }

    fn open(&self, want: Want) -> io::Result<Box<dyn io::Read>> {
        self.opened.fetch_add(1, Ordering::SeqCst);
        let content = self.contents.get(&want.digest).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(io::Cursor::new(content.clone())))
    }

    fn cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }

    fn ask(&self, task: u32) -> Go {
        self.reply(Reply::Ask { task });
        self.answers.lock().unwrap().remove(0)
    }
}

/// What was said of a run.
struct Run {
    plan: Plan,
    replies: Vec<Reply>,
    end: End,
}

impl Run {
    fn of(plan: Plan) -> Self {
        let host = manifest::host(&plan);
        Self::heard(plan, host, Ear::default())
    }

    fn heard(plan: Plan, host: HostPart, ear: Ear) -> Self {
        assert_eq!(plan.fault(&host), None);
        let ear = Arc::new(ear);
        let outside: Arc<dyn Outside> = Arc::clone(&ear) as _;
        let end = run(&plan, host, &outside);
        let replies = std::mem::take(&mut *ear.heard.lock().unwrap());
        let turns: Vec<&Turn> = replies.iter().filter_map(turn).collect();
        assert!(turns.is_sorted_by(|one, next| one < next), "turns do not ascend: {turns:?}");
        Self { plan, replies, end }
    }

    /// Every task that ended, by its name.
    fn finished(&self) -> Vec<(String, &Outcome)> {
        let mut names = HashMap::new();
        let mut finished = Vec::new();
        for reply in &self.replies {
            match reply {
                Reply::Started { task, name, .. } => {
                    let written = || self.plan.task(*task).unwrap().name.clone();
                    names.insert(*task, name.clone().unwrap_or_else(written));
                }
                Reply::Finished { task, outcome } => {
                    finished.push((names.remove(task).expect("it has begun"), outcome));
                }
                Reply::Hello(_)
                | Reply::Became
                | Reply::Refused(_)
                | Reply::Want(_)
                | Reply::Facts(_)
                | Reply::Ask { .. }
                | Reply::Waits { .. }
                | Reply::Output { .. }
                | Reply::Progress { .. }
                | Reply::Done(_) => {}
            }
        }
        assert!(names.is_empty(), "begun and not finished: {names:?}");
        finished
    }

    /// The order of tasks and what became of them: `a changed, b failed: failed`.
    fn order(&self) -> String {
        let tasks: Vec<String> = self
            .finished()
            .iter()
            .map(|(name, outcome)| format!("{name} {}", outcome.status))
            .collect();
        let end = match self.end {
            End::Completed => "completed",
            End::Failed => "failed",
            End::Cancelled => "cancelled",
        };
        format!("{}: {end}", tasks.join(", "))
    }

    /// The first outcome of the task of that name.
    #[track_caller]
    fn outcome(&self, name: &str) -> &Outcome {
        let found = self.finished().into_iter().find(|(known, _)| known == name);
        found.unwrap_or_else(|| panic!("no task {name}: {}", self.order())).1
    }

    /// What the first task of that name tells: its status and all its lines.
    #[track_caller]
    fn told(&self, name: &str) -> String {
        let outcome = self.outcome(name);
        let mut lines = vec![outcome.status.to_string()];
        lines.extend(outcome.details.changes.iter().map(|change| change.line.clone()));
        lines.extend(outcome.details.notes.iter().map(|note| format!("note: {note}")));
        lines.extend(
            outcome.details.failure.iter().map(|failure| format!("error: {}", failure.message)),
        );
        for item in &outcome.items {
            let own = item.details.failure.iter().map(|failure| failure.message.clone());
            let own = item.details.changes.iter().map(|change| change.line.clone()).chain(own);
            let own: Vec<String> = own.chain(item.details.notes.clone()).collect();
            lines.push(format!("[{}] {} {}", item.label, item.status, own.join(", ")));
        }
        lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n")
    }

    /// What the only failure says, and its advice.
    #[track_caller]
    fn failure(&self) -> (String, String) {
        let finished = self.finished();
        let failure = finished.iter().find_map(|(_, outcome)| outcome.details.failure.clone());
        let failure = failure.unwrap_or_else(|| panic!("nothing failed: {}", self.order()));
        (failure.message, failure.hint.unwrap_or_default())
    }
}

fn turn(reply: &Reply) -> Option<&Turn> {
    if let Reply::Started { turn, .. } = reply { Some(turn) } else { None }
}

fn apply(play: Value) -> Run {
    Run::of(plan(RunMode::Apply, &[play]))
}

fn check(play: Value) -> Run {
    Run::of(plan(RunMode::Check, &[play]))
}

/// Runs a play on the host; tasks must come in this order to this.
#[track_caller]
fn orders(play: Value, expected: &str) {
    let shown = play.to_string();
    assert_eq!(apply(play).order(), expected, "{shown}");
}

/// A task that changes something, as far as anybody knows.
fn changes(name: &str, notify: &[&str]) -> Value {
    json!({"name": name, "debug": {"msg": name}, "changed_when": true, "notify": notify})
}

fn fails(name: &str) -> Value {
    json!({"name": name, "fail": {"msg": format!("{name} fails")}})
}

fn flush() -> Value {
    json!({"name": "flush", "flush": true})
}

/// A task with more keys.
fn with(mut task: Value, more: Value) -> Value {
    let (Value::Object(keys), Value::Object(more)) = (&mut task, more) else { panic!("no task") };
    keys.extend(more);
    task
}
