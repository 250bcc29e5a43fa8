//! The real host: `Observe` and `Change` by system calls. All unsafe code of the agent lives below here.

mod accounts;
mod commands;
mod files;
mod packages;
pub(crate) mod process;
mod services;
mod standard;

pub(crate) use standard::{stop_on_signals, take_standard_streams, uname, unnamed_file};

use super::{Cause, Observe, Session, Subject};
use crate::engine::Outside;
use hep_protocol::message::{Reply, Stream};
use nix::sys::signal::SigSet;
use std::sync::Arc;

/// The machine this program runs on.
pub(crate) struct Linux {
    outside: Arc<dyn Outside>,
    task: u32,
    packages: packages::Session,
}

impl Linux {
    /// The machine, reporting and fetching contents through `outside`.
    pub(crate) fn new(outside: Arc<dyn Outside>) -> Self {
        Self { outside, task: 0, packages: packages::Session::default() }
    }

    /// Passes on what a process of the current task wrote.
    fn output(&self, stream: Stream, data: &[u8]) {
        self.outside.reply(Reply::Output { task: self.task, stream, data: data.to_vec() });
    }

    /// Tells that the current task waits or got further.
    fn progress(&self, text: String) {
        self.outside.reply(Reply::Progress { task: self.task, text });
    }
}

impl Observe for Linux {
    fn depends(&self, _subject: Subject<'_>) -> Option<Cause> {
        None
    }
}

impl Session for Linux {
    fn cancelled(&self) -> bool {
        self.outside.cancelled()
    }

    fn begin_task(&mut self, task: u32) {
        self.task = task;
    }
}

/// Leaves nothing of the caller's in this process but its working directory: own session (no hangup signal), no signal
/// blocked, umask 022, no other descriptors for children.
pub(crate) fn prepare_process() {
    // A caller that waits for signals on a thread of its own has them blocked, and a blocked SIGTERM would go down to all
    // that is started here. Fails for an invalid set only.
    SigSet::empty().thread_set_mask().ok();
    // Fails only for a process group's leader, which a shell's job is: there the terminal's signals are meant for us.
    nix::unistd::setsid().ok();
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
    process::keep_descriptors_private();
    #[cfg(all(target_env = "gnu", target_feature = "crt-static"))]
    process::keep_name_service_to_files();
}
