//! The module `command`.

use super::{Input, Module, Plan};
use crate::sys::{Observe, SysError};
use hep_protocol::task::command::Command;

impl Module for Command {
    type State = ();

    fn inspect(&self, _input: &Input<'_>, _host: &dyn Observe) -> Result<(), SysError> {
        Err(SysError::new("under construction"))
    }

    fn plan(&self, _input: &Input<'_>, _state: &()) -> Result<Plan, SysError> {
        Ok(Plan::default())
    }
}
