//! Everything that crosses the wire after the greetings.

use crate::blob::{Digest, Want};
use crate::facts::Facts;
use crate::outcome::{Failure, Outcome};
use crate::plan::{HostPart, Plan, Play, Settings};
use crate::rights::Means;
use crate::value::Json;
use serde::{Deserialize, Serialize};

/// From the controller (or a bundle) to the agent.
///
/// A stream is one `Become` if tasks run as others, any number of `Blob`s, one `Host`, its `Play`s in order, one `Begin`, then
/// answers to wants, waits and questions. Or it is one `Facts`. A bundle closes with `End`; the end of the stream without it means that the controller
/// is gone.
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
    /// How to become other users. The agent that is the wanted one in the end reads all that follows.
    Become(Means),
    /// What is this host's own; comes before its plays.
    Host(HostPart),
    /// One of the plays that the host runs.
    Play(Play),
    /// Run the plays that came. It begins at once.
    Begin(Settings),
    /// Tell what the host is, and end.
    Facts,
    /// The answer to [`Reply::Ask`].
    Go(Go),
    /// The answer to [`Reply::Waits`]: the other hosts have ended all plays before that one.
    GoAhead {
        /// Whether no other host is left: there is nobody to wait for from here on.
        alone: bool,
    },
    /// Stop after the current step.
    Cancel,
    /// Nothing more will come, and that is meant.
    End,
}

impl Request {
    /// A plan as it crosses: its plays, then the word to begin.
    pub fn of_plan(plan: Plan) -> impl Iterator<Item = Request> {
        let Plan { settings, plays } = plan;
        plays.into_iter().map(Request::Play).chain([Request::Begin(settings)])
    }
}

/// From the agent to the controller.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// The agent is there; what its host is.
    Hello(Facts),
    /// The run continues as the user that [`Means::start`] names.
    Became,
    /// It does not, and why: nothing else follows.
    Refused(Failure),
    /// A task needs these contents, at most [`crate::blob::WANTS`], which were not sent ahead. Each is answered, one after
    /// the other in this order, by its blobs or by [`Request::Unavailable`].
    Want(Vec<Want>),
    /// What the host is: a mapping of all facts.
    Facts(Json),
    /// May this task begin? Asked only of a plan that wants to be asked.
    Ask {
        /// The task's number.
        task: u32,
    },
    /// The next play may begin as soon as the other hosts have ended those before it. Said of those alone that
    /// [`HostPart::waits`] names.
    Waits {
        /// The play's number.
        play: u32,
    },
    /// A task begins.
    Started {
        /// Its number.
        task: u32,
        /// When it is run; greater than that of every task before it.
        turn: Turn,
        /// What it is called, when its name holds an expression.
        name: Option<String>,
    },
    /// A process of the task wrote something.
    Output {
        /// The task's number.
        task: u32,
        /// Where the process wrote it.
        stream: Stream,
        /// The bytes, unescaped.
        #[serde(with = "crate::bytes")]
        data: Vec<u8>,
    },
    /// The task waits for something, or got further.
    Progress {
        /// The task's number.
        task: u32,
        /// In words.
        text: String,
    },
    /// A task ended.
    Finished {
        /// Its number.
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

/// When a task is run: the numbers of the play, of the entry in it, and within a looped block or a run of handlers also the
/// round and the place in that. Turns of one host are in ascending order; those of several hosts can be compared.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Turn(pub Vec<u32>);

/// What an agent sends of the output of one task at most, by [`output_cost`]. A program that sends more is not an
/// agent of hep.
pub const OUTPUT_OF_TASK: u64 = 16 * 1024 * 1024;

/// The same for all tasks of a host together.
pub const OUTPUT_OF_HOST: u64 = 256 * 1024 * 1024;

/// What a piece of output counts for: its bytes, and the least that a message takes.
#[must_use]
pub fn output_cost(data: &[u8]) -> u64 {
    data.len().max(16) as u64
}

/// The longest frame that an agent sends in a run, in bytes: an outcome with all its lines is below that.
pub const LONGEST_REPLY: usize = 20 * 1024 * 1024;

/// The longest frame that an agent sends before the plan begins, in bytes: what its host is, or why it is not another user.
pub const LONGEST_GREETING: usize = 256 * 1024;

/// How deep blocks may lie in blocks.
pub const MAX_DEPTH: usize = 32;

/// What the operator answers when asked about a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Go {
    /// Run it, and ask again about the next.
    Run,
    /// Leave it out, and ask again about the next.
    Skip,
    /// Run it, and ask no more.
    RunAll,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// Every task had its turn, and none failed that may not.
    Completed,
    /// A task failed: those after it did not run.
    Failed,
    /// The controller asked to stop, or went away: the tasks after the last finished one did not run.
    Cancelled,
}
