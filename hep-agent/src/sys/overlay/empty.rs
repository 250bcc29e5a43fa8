//! A host with nothing on it but `/`: the base of the unit tests.

mod accounts;
mod files;
mod packages;
mod services;
mod signs;

use crate::sys::{Cause, Observe, Session, Subject, TaskStart};

/// A host with an empty `/`, the users and groups `root` (0) and `www-data` (33), no package and no service;
/// packages can be had from the small world in `empty/packages.rs`.
#[derive(Default)]
pub(crate) struct Empty;

impl Observe for Empty {
    fn depends(&self, _subject: Subject<'_>) -> Option<Cause> {
        None
    }
}

impl Session for Empty {
    fn cancelled(&self) -> bool {
        false
    }

    fn begin_task(&mut self, _task: TaskStart) {}

    fn foresee(&mut self, _cause: Cause) {}
}
