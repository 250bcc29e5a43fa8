//! The module `fail`.

use super::{Input, Module, Plan};
use crate::sys::{Observe, SysError};
use hep_protocol::task::fail::Fail;

impl Module for Fail {
    type State = ();

    fn inspect(&self, _input: &Input<'_>, _host: &dyn Observe) -> Result<(), SysError> {
        Ok(())
    }

    fn plan(&self, _input: &Input<'_>, (): &()) -> Result<Plan, SysError> {
        Err(SysError::new(self.msg.clone()))
    }
}
