//! The module `set`: variables for the rest of the host's run, and nothing on the host.

use super::{Done, Input, Module, Plan};
use crate::sys::{Observe, SysError};
use hep_protocol::task::Params as _;
use hep_protocol::task::set::Set;
use serde_json::{Map, Value};

impl Module for Set {
    type State = ();

    fn inspect(&self, _input: &Input<'_>, _host: &dyn Observe) -> Result<(), SysError> {
        Ok(())
    }

    fn plan(&self, _input: &Input<'_>, (): &()) -> Result<Plan, SysError> {
        Ok(Plan { set: self.given().unwrap_or_default(), ..Plan::default() })
    }

    fn as_ansible(&self, done: &Done<'_>) -> Map<String, Value> {
        [("ansible_facts".to_owned(), done.set.clone().into())].into_iter().collect()
    }
}
