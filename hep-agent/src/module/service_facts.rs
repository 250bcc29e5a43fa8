//! The module `service_facts`: the services that systemd and SysV's scripts have, for later tasks.

use super::{Input, Module, Plan};
use crate::facts::services::services;
use crate::sys::{Observe, Subject, SysError};
use hep_protocol::task::service_facts::ServiceFacts;
use serde_json::{Map, Value};

impl Module for ServiceFacts {
    type State = Map<String, Value>;

    fn inspect(&self, _input: &Input<'_>, host: &dyn Observe) -> Result<Self::State, SysError> {
        match host.depends(Subject::Services) {
            Some(cause) => Err(SysError::unknown(cause.to_string())),
            None => Ok(services(host.service_manager())),
        }
    }

    fn plan(&self, _input: &Input<'_>, services: &Self::State) -> Result<Plan, SysError> {
        let facts = Map::from_iter([("services".to_owned(), Value::Object(services.clone()))]);
        Ok(Plan { facts, ..Plan::default() })
    }
}
