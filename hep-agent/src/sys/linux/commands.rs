//! `ChangeCommands` on the real host.

use super::Linux;
use crate::sys::commands::{ChangeCommands, Invocation};
use crate::sys::{ProcessEnd, SysError};

impl ChangeCommands for Linux {
    fn run(&mut self, _invocation: &Invocation) -> Result<ProcessEnd, SysError> {
        Err(SysError::new("under construction"))
    }
}
