//! The module `assert`.

use super::{Input, Module, Plan};
use crate::sys::{Observe, SysError};
use hep_protocol::task::assert::Assert;

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
}
