//! The module `stat`.

use super::{Input, Module, Plan};
use crate::sys::{Observe, SysError};
use hep_protocol::task::stat::Stat;

impl Module for Stat {
    type State = ();

    fn inspect(&self, _input: &Input<'_>, _host: &dyn Observe) -> Result<(), SysError> {
        Err(SysError::new("not there yet"))
    }

    fn plan(&self, _input: &Input<'_>, (): &()) -> Result<Plan, SysError> {
        Ok(Plan::default())
    }
}
