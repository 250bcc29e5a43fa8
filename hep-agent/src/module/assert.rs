//! The module `assert`.

use super::{Done, Input, Module, Plan};
use crate::sys::{Observe, SysError};
use hep_protocol::task::assert::Assert;
use serde_json::{Map, Value};

impl Module for Assert {
    /// The conditions that do not hold.
    type State = Vec<String>;

    fn inspect(&self, input: &Input<'_>, _host: &dyn Observe) -> Result<Self::State, SysError> {
        let mut broken = Vec::new();
        for condition in self.that.iter() {
            if !input.names.holds(condition)? {
                broken.push(condition.clone());
            }
        }
        Ok(broken)
    }

    fn plan(&self, _input: &Input<'_>, broken: &Self::State) -> Result<Plan, SysError> {
        match (broken.as_slice(), &self.msg) {
            ([], _) => {
                let notes = self.success_msg.iter().flat_map(|msg| msg.lines());
                Ok(Plan { notes: notes.map(str::to_owned).collect(), ..Plan::default() })
            }
            ([..], Some(msg)) => Err(SysError::new(msg.clone())
                .hint(format!("this does not hold: {}", broken.join("; ")))),
            ([one], None) => Err(SysError::new(format!("this does not hold: {one}"))),
            ([..], None) => Err(SysError::new(format!("these do not hold: {}", broken.join("; ")))),
        }
    }

    fn as_ansible(&self, done: &Done<'_>) -> Map<String, Value> {
        let text = |text: &Option<String>, otherwise: &str| {
            Value::from(text.clone().unwrap_or_else(|| otherwise.to_owned()))
        };
        let fields = match done.failed {
            false => vec![("msg", text(&self.success_msg, "All assertions passed"))],
            true => {
                let holds = |one: &&String| matches!(done.input.names.holds(one), Ok(true));
                let broken = self.that.iter().find(|one| !holds(one));
                vec![
                    ("assertion", text(&broken.cloned(), "")),
                    ("evaluated_to", Value::Bool(false)),
                    ("msg", text(&self.msg, "Assertion failed")),
                ]
            }
        };
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
