//! The world outside the host, as a run sees it. It knows of nothing else in the agent.

use hep_protocol::blob::Want;
use hep_protocol::message::{Go, Reply};
use std::io;

/// The world outside the host: where replies go and contents come from. One implementation speaks frames, another
/// prints for a person.
pub(crate) trait Outside: Send + Sync {
    /// Sends a reply; a lost reader shows as [`Outside::cancelled`].
    fn reply(&self, reply: Reply);

    /// Opens a content that the plan names, or the rest of it. A link that was cut is a `ConnectionAborted`, of the reader too.
    fn open(&self, want: Want) -> io::Result<Box<dyn io::Read>>;

    /// Says what will be opened next, in order and with sizes, so that it can be had in one go. Nothing: what was said before
    /// does not count any more. Said before and after the steps of a task, so that by then all replies are on their way.
    fn foresee(&self, _wants: Vec<(Want, u64)>) {}

    /// Whether to stop after the current step.
    fn cancelled(&self) -> bool;

    /// Asks whether a task may begin, and waits for the answer.
    fn ask(&self, task: u32) -> Go;

    /// Waits until the other hosts have ended all plays before this one, or the run is to stop; whether there is no other host
    /// from here on.
    fn wait(&self, _play: u32) -> bool {
        true
    }
}
