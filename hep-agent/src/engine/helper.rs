//! Agents of other users, for a process that cannot take their rights itself: each is started by sudo, doas or su when its
//! first task has its turn, runs one try after the other, and is gone with the run.
//!
//! A helper belongs to its user, who may make it say anything: it gets no plan, no variables and no contents but those that
//! its task names, and of what it says only output, progress and the end of its try count.

mod feed;
mod work;

pub(crate) use work::main as assist;

use super::Outside;
use crate::converge::Tried;
use crate::escalate::{self, Started};
use crate::sys::{SysError, TaskStart};
use hep_protocol::frame::{self, FrameError};
use hep_protocol::message::{Reply, Request};
use hep_protocol::outcome::{Change, Exit, Failure};
use hep_protocol::plan::{CheckPolicy, DiffMode, RunMode, Task};
use hep_protocol::rights::Means;
use hep_protocol::value::Json;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

/// What a try in check mode depends on when another user's tasks would have changed something: each user's agent knows what
/// its own would do.
const OTHERS: &str = "what the tasks of other users would do";

/// One try of a task, as a helper is told it. Its parameters are typed, and nothing in them is to be evaluated.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Errand {
    pub(super) task: Task,
    pub(super) start: TaskStart,
    pub(super) diff: DiffMode,
    /// Whether the run changes the host.
    pub(super) mode: RunMode,
    /// Whether this task does all the same, or does not.
    pub(super) check: CheckPolicy,
}

/// From the run's own agent to a helper.
#[derive(Debug, Serialize, Deserialize)]
enum Word {
    Errand(Box<Errand>),
    /// Contents, and the wish to stop.
    Request(Box<Request>),
}

/// From a helper to the run's own agent.
#[derive(Debug, Serialize, Deserialize)]
enum Answer {
    /// Output, progress, wants.
    Reply(Reply),
    /// The try's end, and whether it was on the real host.
    Done(Box<Account>, RunMode),
}

/// What a try came to, as it crosses.
#[derive(Debug, Serialize, Deserialize)]
struct Account {
    result: Result<(), Failure>,
    changes: Vec<Change>,
    notes: Vec<String>,
    data: Json,
    unforeseen: bool,
    depends: Option<String>,
}

impl Account {
    fn of(tried: Tried) -> Self {
        // Variables are set by a module that needs nobody's rights and no helper.
        let Tried { result, changes, notes, data, set: _, unforeseen, depends } = tried;
        Self { result, changes, notes, data: Json(Value::Object(data)), unforeseen, depends }
    }

    fn tried(self) -> Tried {
        let Self { result, changes, notes, data, unforeseen, depends } = self;
        let data = data.entries().cloned().unwrap_or_default();
        Tried { result, changes, notes, data, set: Map::new(), unforeseen, depends }
    }
}

/// The helpers of a run.
#[derive(Default)]
pub(super) struct Helpers {
    /// How to get one; without it nobody can be become.
    means: Option<Means>,
    /// By the user's name. Who could not be become once is not tried again: a wrong password locks accounts.
    known: BTreeMap<String, Result<Helper, Failure>>,
    /// Whose tasks would change the host, in check mode; `None` is the process's own user.
    foreseen: BTreeSet<Option<String>>,
}

impl Helpers {
    pub(super) fn new(means: Option<Means>) -> Self {
        Self { means, ..Self::default() }
    }

    /// Whether there can be any.
    pub(super) fn can_be(&self) -> bool {
        self.means.is_some()
    }

    /// Notes that tasks of a user would change the host.
    pub(super) fn foresee(&mut self, user: Option<String>) {
        self.foreseen.insert(user);
    }

    /// On what it depends what a try of a user would find, if other users' tasks would have changed something before.
    pub(super) fn depends(&self, user: Option<&String>) -> Option<&'static str> {
        self.foreseen.iter().any(|other| other.as_ref() != user).then_some(OTHERS)
    }

    /// Has the user's helper make a try.
    pub(super) fn attempt(
        &mut self,
        user: &str,
        errand: Errand,
        outside: &dyn Outside,
    ) -> Result<(Tried, RunMode), Failure> {
        let Some(means) = &self.means else {
            return Err(SysError::new(format!("nothing says how to become `{user}`")).into());
        };
        let helper = self.known.entry(user.to_owned()).or_insert_with(|| {
            let started = escalate::start(means, user, "assist", &|| outside.cancelled());
            started.map(Helper::of).map_err(Failure::from)
        });
        let helper = helper.as_mut().map_err(|failure| failure.clone())?;
        let done = helper.attempt(errand, outside);
        if done.is_err() {
            self.known.retain(|name, _| name != user);
        }
        done.map_err(|error| {
            let what = format!("the agent of `{user}` is lost: {}", crate::sys::words(error));
            SysError::new(what)
                .hint("see whether something on the host ended it; push again")
                .into()
        })
    }
}

/// An agent of another user.
struct Helper {
    stream: UnixStream,
    /// How the program that started it ended; nothing once that is known.
    end: Option<JoinHandle<io::Result<Exit>>>,
}

impl Helper {
    fn of(started: Started) -> Self {
        let Started { stream, end } = started;
        Self { stream, end: Some(end) }
    }

    fn attempt(
        &mut self,
        errand: Errand,
        outside: &dyn Outside,
    ) -> Result<(Tried, RunMode), SysError> {
        let stream = &self.stream;
        let (task, digests) = (errand.start.number, feed::digests(&errand.task));
        send(stream, &Word::Errand(Box::new(errand)))?;
        let (asks, asked) = mpsc::channel();
        let digests = &digests;
        thread::scope(|scope| {
            // Dropped with this closure, which ends the feeder.
            let asks = asks;
            // Aside: who writes contents must not keep the other side's words from being read.
            let feed = move || feed::feed(&asked, digests, stream, outside);
            let feeder = thread::Builder::new().spawn_scoped(scope, feed);
            feeder.map_err(|error| SysError::io("cannot start a thread", error))?;
            loop {
                match frame::read(&mut &*stream).map_err(broken)? {
                    Some(Answer::Done(account, mode)) => return Ok((account.tried(), mode)),
                    Some(Answer::Reply(Reply::Want(wants))) => drop(asks.send(wants)),
                    Some(Answer::Reply(reply)) if is_of(&reply, task) => outside.reply(reply),
                    Some(Answer::Reply(_)) => {
                        return Err(SysError::new("it says what is not its to say"));
                    }
                    None => return Err(SysError::new("it ended before the task did")),
                }
            }
        })
    }
}

/// Whether a helper may say this while that task runs.
fn is_of(reply: &Reply, task: u32) -> bool {
    match reply {
        Reply::Output { task: own, .. } | Reply::Progress { task: own, .. } => *own == task,
        Reply::Hello(_)
        | Reply::Became
        | Reply::Refused(_)
        | Reply::Want(_)
        | Reply::Facts(_)
        | Reply::Ask { .. }
        | Reply::Started { .. }
        | Reply::Finished { .. }
        | Reply::Done(_) => false,
    }
}

impl Drop for Helper {
    /// Ends it, and waits until it is gone: nothing of hep's stays.
    fn drop(&mut self) {
        self.stream.shutdown(Shutdown::Both).ok();
        drop(self.end.take().map(JoinHandle::join));
    }
}

fn send(mut stream: &UnixStream, word: &Word) -> Result<(), SysError> {
    frame::write(&mut stream, word).map_err(broken)
}

fn broken(error: FrameError) -> SysError {
    match error {
        FrameError::Io(error) => SysError::io("its stream is broken", error),
        FrameError::TooLong(_) | FrameError::Malformed(_) => SysError::new(error.to_string()),
    }
}
