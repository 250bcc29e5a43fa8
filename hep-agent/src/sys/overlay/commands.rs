//! `ChangeCommands` in memory: nothing runs, and everything after it may depend on what would have.

use super::Overlay;
use crate::sys::commands::{ChangeCommands, Invocation};
use crate::sys::{Cause, Observe, ProcessEnd, SysError};

impl<O: Observe> ChangeCommands for Overlay<O> {
    fn run(&mut self, invocation: &Invocation) -> Result<Option<ProcessEnd>, SysError> {
        self.expect(Cause::Command(invocation.words.clone()));
        Ok(None)
    }
}
