//! What hep does to commands.

use super::Effect;
use crate::sys::{Host, SysError};
use std::fmt;

/// One thing done.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum CommandStep {}

impl CommandStep {
    pub(super) fn execute(&self, _host: &mut dyn Host) -> Result<Effect, SysError> {
        match *self {}
    }
}

impl fmt::Display for CommandStep {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}
