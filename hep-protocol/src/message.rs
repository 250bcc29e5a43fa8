//! Everything that crosses the wire after the greetings.

use crate::blob::Digest;
use crate::facts::Facts;
use crate::outcome::Outcome;
use crate::plan::Plan;
use serde::{Deserialize, Serialize};

/// From the controller (or a bundle) to the agent.
///
/// A stream is any number of `Blob`s, one `Plan`, then answers to wants. A bundle closes with `End`; the end
/// of the stream without it means that the controller is gone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// A piece of a content, in order; the agent checks the digest when the last has come.
    Blob {
        /// Which content.
        digest: Digest,
        /// The next bytes of it, at most [`crate::blob::CHUNK`].
        #[serde(with = "crate::bytes")]
        data: Vec<u8>,
        /// Whether these are the last.
        last: bool,
    },
    /// A wanted content cannot be had, and why.
    Unavailable {
        /// Which content.
        digest: Digest,
        /// The cause, for the task's failure.
        reason: String,
    },
    /// What to do; begins at once.
    Plan(Plan),
    /// Stop after the step in hand.
    Cancel,
    /// Nothing more will come, and that is meant.
    End,
}

/// From the agent to the controller.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// The agent is there; what its host is.
    Hello(Facts),
    /// A task needs this content, which was not sent ahead.
    Want(Digest),
    /// A task begins.
    Started {
        /// Its place in the plan.
        task: u32,
    },
    /// A process of the task wrote something.
    Output {
        /// The task's place in the plan.
        task: u32,
        /// Where the process wrote it.
        stream: Stream,
        /// The bytes, unescaped.
        #[serde(with = "crate::bytes")]
        data: Vec<u8>,
    },
    /// The task waits for something, or got further.
    Progress {
        /// The task's place in the plan.
        task: u32,
        /// In words.
        text: String,
    },
    /// A task ended.
    Finished {
        /// Its place in the plan.
        task: u32,
        /// What became of it.
        outcome: Outcome,
    },
    /// The run is over and the agent is about to exit: without this frame no run succeeded.
    Done(End),
}

/// Where a process writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// Every task was run, or the run ended at a failed one.
    Completed,
    /// The controller asked to stop, or went away: the tasks after the last finished one did not run.
    Cancelled,
}
