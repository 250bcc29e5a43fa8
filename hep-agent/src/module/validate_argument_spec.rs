//! The module `validate_argument_spec`: arguments that must be as a specification describes them. It changes none of them.

mod check;
mod kind;

use super::{Done, Input, Module, Plan};
use crate::sys::{Observe, SysError};
use hep_protocol::task::validate_argument_spec::ValidateArgumentSpec;
use hep_protocol::value::Json;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

impl Module for ValidateArgumentSpec {
    /// What is wrong with the arguments.
    type State = Vec<String>;

    fn inspect(&self, _input: &Input<'_>, _host: &dyn Observe) -> Result<Self::State, SysError> {
        Ok(errors(self))
    }

    fn plan(&self, _input: &Input<'_>, errors: &Self::State) -> Result<Plan, SysError> {
        match errors.as_slice() {
            [] => Ok(Plan::default()),
            [one] => Err(SysError::new(one.clone())),
            [..] => Err(SysError::new(format!("these arguments are wrong: {}", errors.join("; ")))),
        }
    }

    fn as_ansible(&self, done: &Done<'_>) -> Map<String, Value> {
        let fields = match done.failed {
            false => vec![("msg", json!("The arg spec validation passed"))],
            true => vec![
                ("argument_errors", json!(errors(self))),
                ("argument_spec_data", Value::Object(fields(&self.argument_spec))),
            ],
        };
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

fn errors(params: &ValidateArgumentSpec) -> Vec<String> {
    check::errors(&fields(&params.argument_spec), &fields(&params.provided_arguments))
}

fn fields(entries: &BTreeMap<String, Json>) -> Map<String, Value> {
    entries.iter().map(|(name, value)| (name.clone(), value.0.clone())).collect()
}
