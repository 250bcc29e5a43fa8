//! The module `flush`: nothing on the host; the engine runs the notified handlers after it.

use super::{Input, Module, Plan};
use crate::sys::{Observe, SysError};
use hep_protocol::task::flush::Flush;

impl Module for Flush {
    type State = ();

    fn inspect(&self, _input: &Input<'_>, _host: &dyn Observe) -> Result<(), SysError> {
        Ok(())
    }

    fn plan(&self, _input: &Input<'_>, (): &()) -> Result<Plan, SysError> {
        Ok(Plan::default())
    }
}
