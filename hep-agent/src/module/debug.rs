//! The module `debug`.

use super::{Done, Input, Module, Plan};
use crate::render::Unrendered;
use crate::sys::{Observe, SysError};
use hep_protocol::dialect::Dialect;
use hep_protocol::task::debug::Debug;
use serde_json::{Map, Value};

impl Module for Debug {
    /// What is shown.
    type State = String;

    fn inspect(&self, input: &Input<'_>, _host: &dyn Observe) -> Result<Self::State, SysError> {
        match (&self.msg, &self.var) {
            (Some(msg), _) => Ok(words(&msg.0)),
            (None, Some(var)) => Ok(format!("{var}: {}", words(&value(var, input)?))),
            (None, None) => Ok(words(&Value::Null)),
        }
    }

    fn plan(&self, _input: &Input<'_>, text: &Self::State) -> Result<Plan, SysError> {
        Ok(Plan { notes: text.lines().map(str::to_owned).collect(), ..Plan::default() })
    }

    fn as_ansible(&self, done: &Done<'_>) -> Map<String, Value> {
        let shown = match (&self.msg, &self.var) {
            (None, Some(var)) => value(var, done.input).ok().map(|value| (var.clone(), value)),
            (msg, _) => {
                Some(("msg".to_owned(), msg.as_ref().map_or(Value::Null, |msg| msg.0.clone())))
            }
        };
        shown.into_iter().collect()
    }
}

/// The value of an expression; in Ansible's dialect it may be undefined.
fn value(var: &str, input: &Input<'_>) -> Result<Value, SysError> {
    match (input.names.value(var), input.names.dialect()) {
        (Err(Unrendered::Wrong(_)), Dialect::Ansible) => Ok("VARIABLE IS NOT DEFINED!".into()),
        (value, Dialect::Hep | Dialect::Ansible) => Ok(value?),
    }
}

/// A text as it is; anything else as JSON, on several lines when it is long.
fn words(value: &Value) -> String {
    const LONG: usize = 80;
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(_) | Value::Object(_) => {
            let line = value.to_string();
            if line.len() <= LONG { line } else { format!("{value:#}") }
        }
    }
}
