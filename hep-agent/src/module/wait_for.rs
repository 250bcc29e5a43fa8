//! The module `wait_for`: nothing if it is so already, else one step that waits.

use super::{Done, Input, Module, Plan};
use crate::planned::Planned;
use crate::sys::files::told;
use crate::sys::signs::{Address, Regex, Sight, Sign, Wait, look};
use crate::sys::{Observe, SysError};
use hep_protocol::action::Action;
use hep_protocol::expression::Pattern;
use hep_protocol::task::wait_for::{Action as Wanted, WaitFor};
use serde_json::{Map, Value, json};
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

    fn as_ansible(&self, done: &Done<'_>) -> Map<String, Value> {
        let state = match (&self.path, self.action) {
            _ if done.failed => return Map::new(),
            (Some(_), Wanted::Absent) => "absent",
            (None, Wanted::Absent) => "stopped",
            (Some(_) | None, Wanted::Present) => "started",
        };
        let mut fields: Map<String, Value> = [
            ("state", json!(state)),
            ("elapsed", json!(done.took.as_secs())),
            ("port", json!(self.port)),
            ("path", json!(self.path)),
            ("search_regex", json!(self.pattern)),
            ("match_groups", json!(groups(self, done.host))),
            ("match_groupdict", json!({})),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect();
        let there = self.path.as_ref().and_then(|path| done.host.lstat(path).ok().flatten());
        fields.extend(there.iter().flat_map(|meta| told::of(meta, done.host)));
        fields
    }
}

/// What the groups of the pattern match in the file.
fn groups(params: &WaitFor, host: &dyn Observe) -> Vec<Value> {
    const MOST: u64 = 16 << 20;
    let (Some(path), Some(pattern)) = (&params.path, &params.pattern) else { return Vec::new() };
    let text = host
        .read(path, MOST)
        .ok()
        .flatten()
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let pattern = Pattern::new(pattern).ok();
    pattern.zip(text).and_then(|(pattern, text)| pattern.groups(&text)).unwrap_or_default()
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
