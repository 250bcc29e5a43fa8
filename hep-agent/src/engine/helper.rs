//! Agents of other users, for a process that cannot take their rights itself: each is started by sudo, doas or su when its
//! first task has its turn, runs one try after the other, and is gone with the run.
//!
//! A helper belongs to its user, who may make it say anything: it gets no plan, no variables and no contents but those that
//! its task names, and of what it says only output, progress and the end of its try count.

mod feed;
mod link;
#[cfg(test)]
mod tests;
mod work;

pub(crate) use work::main as assist;

use crate::converge::Tried;
use crate::escalate::{self, Refused};
use crate::outside::Outside;
use crate::sys::{SysError, TaskStart};
use hep_protocol::message::{Reply, Request};
use hep_protocol::outcome::Failure;
use hep_protocol::plan::{CheckPolicy, DiffMode, RunMode, Task};
use hep_protocol::rights::{Means, Method};
use link::{Helper, Patience};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// What a try in check mode depends on when another user's tasks would have changed something: each user's agent knows what
/// its own would do.
const OTHERS: &str = "what the tasks of other users would do";

/// How long a run waits at its end until all helpers are gone.
const FAREWELL: Duration = Duration::from_secs(10);

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

impl Errand {
    /// Whether the try is one on the real host.
    fn really(&self) -> RunMode {
        match (self.check, self.mode) {
            (CheckPolicy::AsRun, mode) => mode,
            (CheckPolicy::Always, _) => RunMode::Check,
            (CheckPolicy::Never, _) => RunMode::Apply,
        }
    }
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
    /// While a try is made: nothing else is to be said.
    Alive,
    /// The try's end.
    Done(Box<Tried>),
}

/// The helpers of a run.
pub(super) struct Helpers {
    /// How to start one; without it no other user is available.
    means: Option<Means>,
    /// By user name. A user who could not be become is not tried again: wrong passwords lock accounts.
    known: BTreeMap<String, Result<Helper, Failure>>,
    /// What became of the login's own password, if sudo or doas did not take it: for whomever it is given again, it is wrong.
    wrong: Option<Failure>,
    /// The users whose tasks would change the host, in check mode; `None` is the process's own user.
    foreseen: BTreeSet<Option<String>>,
}

impl Helpers {
    pub(super) fn new(means: Option<Means>) -> Self {
        Self { means, known: BTreeMap::new(), wrong: None, foreseen: BTreeSet::new() }
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
        let (known, wrong) = (&mut self.known, &mut self.wrong);
        let helper = known.entry(user.to_owned()).or_insert_with(|| {
            let start = || escalate::start(means, user, "assist", &|| outside.cancelled());
            let started = first_wrong(means.method, wrong, start)?;
            Helper::of(started, Patience::default()).map_err(Failure::from)
        });
        let helper = helper.as_ref().map_err(|failure| failure.clone())?;
        let mode = errand.really();
        let done = helper.attempt(errand, outside).map(|tried| (tried, mode));
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

/// Starts something with a password, unless that is known to be wrong. sudo and doas ask for the same one whoever is to be
/// become, and a few failures lock an account (faillock(8)); su asks for each user's own.
fn first_wrong<S>(
    method: Method,
    wrong: &mut Option<Failure>,
    start: impl FnOnce() -> Result<S, Refused>,
) -> Result<S, Failure> {
    match wrong {
        Some(failure) => Err(failure.clone()),
        None => start().map_err(|refused| {
            let is_shared = match method {
                Method::Sudo | Method::Doas => true,
                Method::Su => false,
            };
            let counts = is_shared && matches!(refused, Refused::Password(_));
            let failure = Failure::from(SysError::from(refused));
            *wrong = counts.then(|| failure.clone());
            failure
        }),
    }
}

impl Drop for Helpers {
    /// Ends them all at once, and waits until they are gone.
    fn drop(&mut self) {
        self.known.values().flatten().for_each(Helper::dismiss);
        let until = Instant::now() + FAREWELL;
        self.known.values_mut().flatten().for_each(|helper| helper.outlast(until));
    }
}
