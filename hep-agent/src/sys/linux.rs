//! The real host: `Observe` and `Change` by system calls. All unsafe code of the agent lives below here.

pub(crate) mod accounts;
mod commands;
pub(crate) mod credentials;
mod files;
mod locks;
pub(crate) mod machine;
mod memory;
mod packages;
pub(crate) mod passwd;
pub(crate) mod process;
mod script;
mod services;
mod settings;
mod signs;
pub(crate) mod socket;
mod standard;
pub(crate) mod terminal;
mod version;

pub(crate) use files::{guarded_place, unescaped_mount};
pub(crate) use standard::{
    give_up_standard_streams, keep_environment, show_on_terminal, standard_error, stop_on_signals,
    take_standard_streams, unnamed_file, use_standard_error,
};

use super::files::Content;
use super::{Cause, Change, Effect, Observe, Session, Subject, SysError, TaskStart};
use crate::outside::Outside;
use hep_protocol::action::Action;
use hep_protocol::message::{Reply, Stream};
use hep_protocol::plan::Privacy;
use nix::sys::signal::SigSet;
use std::sync::Arc;

/// The machine this program runs on.
pub(crate) struct Linux {
    outside: Arc<dyn Outside>,
    task: TaskStart,
    packages: packages::Session,
    known: files::Known,
    near: files::Near,
}

impl Linux {
    /// The machine, reporting and fetching contents through `outside`.
    pub(crate) fn new(outside: Arc<dyn Outside>) -> Self {
        let (task, packages) = (TaskStart::default(), packages::Session::default());
        let (known, near) = (files::Known::default(), files::Near::default());
        Self { outside, task, packages, known, near }
    }

    /// Passes on what a process of the current task wrote.
    fn output(&self, stream: Stream, data: &[u8]) {
        if self.task.privacy == Privacy::Open {
            let task = self.task.number;
            self.outside.reply(Reply::Output { task, stream, data: data.to_vec() });
        }
    }

    /// Tells that the current task waits or got further.
    fn progress(&self, text: String) {
        if self.task.privacy == Privacy::Open {
            self.outside.reply(Reply::Progress { task: self.task.number, text });
        }
    }
}

impl Observe for Linux {
    fn depends(&self, _subject: Subject<'_>) -> Option<Cause> {
        None
    }
}

impl Change for Linux {
    fn announce(&mut self, contents: &[&Content]) {
        self.announce_contents(contents);
    }

    fn apply(&mut self, action: &Action) -> Result<Effect, SysError> {
        match action {
            Action::File(action) => self.apply_file(action),
            Action::Package(action) => self.apply_package(action),
            Action::Service(action) => self.apply_service(action),
            Action::Account(action) => self.apply_account(action),
            Action::Setting(setting) => self.apply_setting(setting),
            Action::Program(invocation) => self.run(invocation),
            Action::Wait(wait) => self.wait(wait),
        }
    }
}

impl Session for Linux {
    fn cancelled(&self) -> bool {
        self.outside.cancelled()
    }

    fn begin_task(&mut self, task: TaskStart) {
        self.task = task;
        self.packages.begin_task();
    }

    fn foresee(&mut self, _cause: Cause) {}
}

/// Leaves the caller's session, so that no hangup signal comes, and its working directory for `/`, so that no file system
/// is kept busy. Not for a program that a person runs: at a terminal, Ctrl-C is meant for it.
pub(crate) fn leave_caller() {
    // Fails only for a process group's leader, which hep makes of its local agent: hep keeps the terminal's signals from it.
    nix::unistd::setsid().ok();
    // Where even `/` cannot be entered, no step will find its paths, and says so.
    std::env::set_current_dir("/").ok();
}

/// Lets a hangup of the terminal that this program was started on pass by. What it starts has no signal blocked.
pub(crate) fn outlive_terminal() {
    let hangup: SigSet = [nix::sys::signal::Signal::SIGHUP].into_iter().collect();
    // Fails for an invalid set only.
    hangup.thread_block().ok();
}

/// Leaves nothing of the caller's for children: no signal blocked, umask 022, no other descriptors; and nothing of this
/// process's for others.
pub(crate) fn prepare_process() {
    memory::keep_private();
    // A caller that waits for signals on a thread of its own has them blocked, and a blocked SIGTERM would go down to all
    // that is started here. Fails for an invalid set only.
    SigSet::empty().thread_set_mask().ok();
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
    process::keep_descriptors_private();
    #[cfg(all(target_env = "gnu", target_feature = "crt-static"))]
    process::keep_name_service_to_files();
}
