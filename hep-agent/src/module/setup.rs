//! The module `setup`: facts by Ansible's names, gathered now.

use super::{Input, Module, Plan};
use crate::facts::setup::{Asked, LOCAL, gather};
use crate::sys::{Observe, SysError};
use hep_protocol::task::setup::Setup;
use serde_json::{Map, Value};
use std::time::Duration;

impl Module for Setup {
    type State = (Map<String, Value>, Vec<String>);

    fn inspect(&self, input: &Input<'_>, _host: &dyn Observe) -> Result<Self::State, SysError> {
        let control = input.task.control.as_ref();
        let is_registered = control.is_some_and(|control| control.register.is_some());
        gather(&Asked {
            subset: &self.gather_subset,
            filter: &self.filter,
            local: self.fact_path.as_ref().map_or(LOCAL, |path| path.as_str()),
            patience: self.gather_timeout.map(|seconds| Duration::from_secs(seconds.into())),
            wanted: input.names.wanted_facts().filter(|_| !is_registered),
        })
    }

    fn plan(&self, _input: &Input<'_>, (facts, notes): &Self::State) -> Result<Plan, SysError> {
        Ok(Plan { facts: facts.clone(), notes: notes.clone(), ..Plan::default() })
    }
}
