//! Any host plus changes kept in memory: what check mode runs on, and, above [`empty::Empty`], the host of the unit tests.
//!
//! Later tasks see what earlier ones would have done. Where only a real run could tell (what a package brings, what a
//! command does), [`Observe::depends`] names the cause.

mod commands;
#[cfg(test)]
pub(crate) mod empty;
mod files;
mod packages;
mod services;

use super::{Cause, Host, Observe, Subject};

/// A host and what would be different on it.
pub(crate) struct Overlay<O> {
    base: O,
    /// Earlier steps whose effect is not known here, in order.
    causes: Vec<Cause>,
    files: files::Changed,
    services: services::Changed,
}

impl<O: Observe> Overlay<O> {
    /// Nothing is different yet.
    pub(crate) fn new(base: O) -> Self {
        Self {
            base,
            causes: Vec::new(),
            files: files::Changed::default(),
            services: services::Changed::default(),
        }
    }
}

impl<O: Observe> Observe for Overlay<O> {
    fn depends(&self, subject: Subject<'_>) -> Option<Cause> {
        // The package that bears the subject's name is the likeliest to bring it; otherwise the latest cause is named.
        let words: Vec<&str> = match subject {
            Subject::Path(path) => {
                path.as_str().split(['/', '.']).filter(|word| !word.is_empty()).collect()
            }
            Subject::User(name) | Subject::Group(name) => vec![name],
            Subject::Service(name) => vec![name.as_str()],
        };
        let named = self.causes.iter().find_map(|cause| match cause {
            Cause::Packages(names) => names.iter().find(|name| words.contains(&name.as_str())),
            Cause::Command(_) => None,
        });
        match named {
            Some(name) => Some(Cause::Packages(vec![name.clone()])),
            None => self.causes.last().cloned(),
        }
    }
}

impl<O: Observe + Host> Host for Overlay<O> {
    fn cancelled(&self) -> bool {
        self.base.cancelled()
    }

    fn begin_task(&mut self, task: u32) {
        self.base.begin_task(task);
    }
}
