//! The module `group`.

use super::{Input, Module, Plan};
use crate::planned::Planned;
use crate::sys::accounts::{self, Account, AccountAction, AccountChange, Home, Reach};
use crate::sys::{Observe, SysError};
use hep_protocol::action::Action;
use hep_protocol::action::programs::Call;
use hep_protocol::task::State;
use hep_protocol::task::group::Group;
use serde_json::{Map, Value, json};

impl Module for Group {
    /// What there is of that name.
    type State = Option<accounts::Group>;

    fn inspect(&self, _input: &Input<'_>, host: &dyn Observe) -> Result<Self::State, SysError> {
        let group = host.group_entry(&self.name.to_string(), Reach::of(self.local))?;
        match self.state {
            State::Present => refuse_taken(self, group.as_ref(), host)?,
            State::Absent => refuse_used(self, group.as_ref(), host)?,
        }
        Ok(group)
    }

    fn plan(&self, _input: &Input<'_>, state: &Self::State) -> Result<Plan, SysError> {
        let step = match (self.state, state) {
            (State::Absent, None) => None,
            (State::Absent, Some(_)) => Some((None, removed(self))),
            (State::Present, None) => {
                let name = self.name.to_string();
                let gid = self.gid.map_or(Account::Expected(name), |gid| Account::Number(gid.0));
                Some((Some(accounts::Group { gid, members: Vec::new() }), added(self)))
            }
            (State::Present, Some(group)) => self.gid.and_then(|gid| {
                let to = Account::Number(gid.0);
                let call = Call::new(number(self, vec!["groupmod".to_owned()]));
                (group.gid != to)
                    .then(|| (Some(accounts::Group { gid: to, ..group.clone() }), call))
            }),
        };
        let again = self.state == State::Present && step.is_some();
        let steps = step.map(|(to, call)| {
            let (name, from) = (self.name.to_string(), state.clone());
            let change = AccountChange { name, from, to, by: vec![call], home: Home::Stays };
            Planned::new(Action::Account(AccountAction::Group(change)))
        });
        let unforeseen = matches!(state, Some(group) if matches!(group.gid, Account::Expected(_)));
        let (steps, data) = (steps.into_iter().collect(), result(self, state.as_ref()));
        Ok(Plan { steps, data, again, unforeseen, ..Plan::default() })
    }
}

/// Refuses a number that another group has, as the programs would.
fn refuse_taken(
    params: &Group,
    group: Option<&accounts::Group>,
    host: &dyn Observe,
) -> Result<(), SysError> {
    let Some(gid) = params.gid.filter(|_| !params.non_unique).map(|gid| gid.0) else {
        return Ok(());
    };
    if group.is_some_and(|group| group.gid == Account::Number(gid)) {
        return Ok(());
    }
    let Some(name) = host.group_name(gid) else { return Ok(()) };
    // An earlier step may have given it another.
    let has = host.group_entry(&name, Reach::Everywhere)?;
    if has.is_none_or(|group| group.gid != Account::Number(gid)) {
        return Ok(());
    }
    Err(SysError::new(format!("the number {gid} is that of the group {name}"))
        .hint("give another `gid`, or let both have it with `non_unique: true`"))
}

/// Refuses to remove the own group of a user, as the programs would.
fn refuse_used(
    params: &Group,
    group: Option<&accounts::Group>,
    host: &dyn Observe,
) -> Result<(), SysError> {
    let Some(group) = group.filter(|_| !params.force) else { return Ok(()) };
    match host.users_of(&group.gid)?.first() {
        None => Ok(()),
        Some(user) => {
            let what = format!("{} is the own group of the user {user}", params.name);
            Err(SysError::new(what)
                .hint("give the user another group first, or remove it with `force: true`"))
        }
    }
}

/// The command line of a program, with the number and the name at its end.
fn number(params: &Group, mut words: Vec<String>) -> Vec<String> {
    if let Some(gid) = params.gid {
        words.extend(["-g".to_owned(), gid.to_string()]);
        words.extend(params.non_unique.then(|| "-o".to_owned()));
    }
    words.push(params.name.to_string());
    words
}

fn added(params: &Group) -> Call {
    let mut words = vec!["groupadd".to_owned()];
    words.extend(params.system.then(|| "-r".to_owned()));
    for (key, value) in [("GID_MIN", params.gid_min), ("GID_MAX", params.gid_max)] {
        words.extend(value.into_iter().flat_map(|id| ["-K".to_owned(), format!("{key}={id}")]));
    }
    Call::new(number(params, words))
}

fn removed(params: &Group) -> Call {
    let force = params.force.then(|| "-f".to_owned());
    let words = ["groupdel".to_owned()].into_iter().chain(force);
    Call::new(words.chain([params.name.to_string()]))
}

/// The fields of the result; those of the group itself if it is there.
fn result(params: &Group, group: Option<&accounts::Group>) -> Map<String, Value> {
    let mut data = vec![("name", json!(params.name)), ("state", json!(params.state.word()))];
    if params.state == State::Present
        && let Some(accounts::Group { gid: Account::Number(gid), .. }) = group
    {
        data.extend([("gid", json!(gid)), ("system", json!(params.system))]);
    }
    data.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests;
