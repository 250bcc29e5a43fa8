//! The module `wait_for`: nothing if it is so already, else one step that waits.

use super::{Input, Module, Plan};
use crate::planned::Planned;
use crate::sys::signs::{Address, Regex, Sight, Sign, Wait, look};
use crate::sys::{Observe, SysError};
use hep_protocol::action::Action;
use hep_protocol::expression::Pattern;
use hep_protocol::task::wait_for::{Action as Wanted, WaitFor};
use std::time::Duration;

/// Where a port is unless the task says otherwise.
const HERE: &str = "127.0.0.1";

/// What is waited for, and what was seen of it; `None` if the task wants no look before its delay is over.
pub(crate) struct State {
    sign: Sign,
    sight: Option<Sight>,
}

impl Module for WaitFor {
    type State = State;

    fn inspect(&self, _input: &Input<'_>, host: &dyn Observe) -> Result<State, SysError> {
        let sign = sign(self)?;
        let sight =
            if self.delay == 0 && sign != Sign::Time { Some(look(&sign, host)?) } else { None };
        Ok(State { sign, sight })
    }

    fn plan(&self, _input: &Input<'_>, state: &State) -> Result<Plan, SysError> {
        let holds = state.sight.as_ref().is_some_and(|sight| sight.is(self.action));
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        let timeout = self.timeout.unwrap_or(Self::TIMEOUT);
        let (action, delay) = match state.sign {
            Sign::Time => (Wanted::Present, timeout),
            Sign::Port(_) | Sign::Path(_) | Sign::Line(..) => (self.action, self.delay),
        };
        let wait = Wait {
            sign: state.sign.clone(),
            action,
            timeout: seconds(timeout),
            delay: seconds(delay),
            msg: self.msg.clone(),
        };
        let step = (!holds).then(|| Planned::new(Action::Wait(wait)));
        Ok(Plan { steps: step.into_iter().collect(), ..Plan::default() })
    }
}

fn sign(params: &WaitFor) -> Result<Sign, SysError> {
    match (params.port, &params.path, &params.pattern) {
        (Some(port), _, _) => {
            let host = params.host.clone().unwrap_or_else(|| HERE.to_owned());
            Ok(Sign::Port(Address { host, port }))
        }
        (None, Some(path), None) => Ok(Sign::Path(path.clone())),
        (None, Some(path), Some(written)) => {
            let pattern = Pattern::new(written).map_err(SysError::new)?;
            Ok(Sign::Line(path.clone(), Regex { written: written.clone(), pattern }))
        }
        (None, None, _) => Ok(Sign::Time),
    }
}

#[cfg(test)]
mod tests;
