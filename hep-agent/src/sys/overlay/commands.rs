//! `ChangeCommands` in memory: nothing runs, and everything after it may depend on what would have.

use super::Overlay;
use super::mentions::Mentions;
use crate::sys::commands::{ChangeCommands, Invocation};
use crate::sys::{Cause, Observe, ProcessEnd, SysError};

impl<O: Observe> ChangeCommands for Overlay<O> {
    fn run(&mut self, invocation: &Invocation) -> Result<Option<ProcessEnd>, SysError> {
        let cause = self.expect(Cause::Command(invocation.words.clone()));
        self.mentioned.push((Mentions::of(invocation), cause));
        Ok(None)
    }
}
