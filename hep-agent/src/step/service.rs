//! What hep does to services.

use super::Effect;
use crate::sys::{Host, SysError};
use std::fmt;

/// One thing done.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ServiceStep {}

impl ServiceStep {
    pub(super) fn execute(&self, _host: &mut dyn Host) -> Result<Effect, SysError> {
        match *self {}
    }
}

impl fmt::Display for ServiceStep {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}
