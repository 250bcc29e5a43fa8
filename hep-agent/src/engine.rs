//! Walks a plan: one task after the other, on the real host or on an overlay of it.

use crate::converge::converge;
use crate::module::Input;
use crate::sys::Host;
use crate::sys::linux::Linux;
use crate::sys::overlay::Overlay;
use hep_protocol::message::{End, Reply};
use hep_protocol::outcome::Status;
use hep_protocol::plan::{Plan, RunMode};
use std::sync::Arc;

/// The world outside the host: where replies go and contents come from. One implementation speaks frames, another
/// prints for a person.
pub(crate) trait Outside: Send + Sync {
    /// Sends a reply; a lost reader shows as [`Outside::cancelled`].
    fn reply(&self, reply: Reply);

    /// Opens a content that the plan names.
    fn open(&self, digest: &hep_protocol::blob::Digest) -> std::io::Result<Box<dyn std::io::Read>>;

    /// Whether to stop after the step in hand.
    fn cancelled(&self) -> bool;
}

/// Runs the whole plan. Check mode is the same run on an overlay.
pub(crate) fn run(plan: &Plan, outside: &Arc<dyn Outside>) -> End {
    let linux = Linux::new(Arc::clone(outside));
    match plan.mode {
        RunMode::Apply => walk(plan, &mut { linux }, outside.as_ref()),
        RunMode::Check => walk(plan, &mut Overlay::new(linux), outside.as_ref()),
    }
}

fn walk(plan: &Plan, host: &mut dyn Host, outside: &dyn Outside) -> End {
    for (index, task) in plan.tasks.iter().enumerate() {
        if outside.cancelled() {
            return End::Cancelled;
        }
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        host.begin_task(number);
        outside.reply(Reply::Started { task: number });
        let outcome = converge(&Input { task, diff: plan.diff }, plan.mode, host);
        let failed = outcome.status == Status::Failed;
        outside.reply(Reply::Finished { task: number, outcome });
        if failed {
            break;
        }
    }
    if outside.cancelled() { End::Cancelled } else { End::Completed }
}
