//! The module `wait_for`.

use super::{Input, Module, Plan};
use crate::sys::{Observe, SysError};
use hep_protocol::task::wait_for::WaitFor;

impl Module for WaitFor {
    type State = ();

    fn inspect(&self, _input: &Input<'_>, _host: &dyn Observe) -> Result<(), SysError> {
        Err(SysError::new("not there yet"))
    }

    fn plan(&self, _input: &Input<'_>, (): &()) -> Result<Plan, SysError> {
        Ok(Plan::default())
    }
}
