//! The module `user`. [`change`] decides what the programs that keep /etc/passwd and /etc/shadow are asked for, [`home`]
//! what becomes of the home directory, and [`keys`] what of its SSH keys.
//!
//! A new user has a number only once it has been added, so the host is looked at again after that, and a home directory is
//! made in the same way for a new user and for an old one.

mod change;
mod home;
mod keys;
#[cfg(test)]
mod tests;

use super::{Done, Input, Module, Plan};
use crate::planned::Planned;
use crate::sys::accounts::{self, Account, AccountAction, Reach};
use crate::sys::{Cause, Observe, Subject, SysError};
use change::Defaults;
use hep_protocol::action::Action;
use hep_protocol::task::State as Wanted;
use hep_protocol::task::user::User;
use hep_protocol::value::Owner;
use serde_json::{Map, Value, json};

/// A field of the result of a new user, and those of an old one.
const NEW: &str = "create_home";
const CHANGED: [&str; 2] = ["append", "move_home"];

/// What was found.
#[derive(Debug)]
pub(crate) struct State {
    /// The user.
    user: Option<accounts::User>,
    /// The group that should be its own, by name, with its number.
    group: Option<(String, Account)>,
    /// The names of the groups that it should be in.
    groups: Option<Vec<String>>,
    /// The earlier task that would bring a group that is not there.
    cause: Option<Cause>,
    defaults: Defaults,
    home: home::State,
    key: Option<keys::State>,
}

impl Module for User {
    type State = State;

    fn inspect(&self, _input: &Input<'_>, host: &dyn Observe) -> Result<State, SysError> {
        let user = host.user_entry(&self.name.to_string(), Reach::of(self.local))?;
        refuse_taken(self, user.as_ref(), host)?;
        let mut cause = None;
        let (mut group, mut groups) = (None, None);
        let present = self.state == Wanted::Present;
        if present {
            let mut find = |owner: &Owner| find(owner, self, host, &mut cause);
            group = self.group.as_ref().map(&mut find).transpose()?;
            let names = self.groups.as_ref().map(|names| names.iter());
            let found = names
                .map(|names| names.map(|name| find(&owner(name)?).map(|(name, _)| name)).collect());
            groups = found.transpose()?;
        }
        let there = user.as_ref().filter(|_| present);
        let defaults = match (&user, self.state) {
            (None, Wanted::Present) => Defaults::look(self, host)?,
            (Some(_), _) | (None, Wanted::Absent) => Defaults::default(),
        };
        let home = there.map(|user| home::State::look(self, user, host)).transpose()?;
        let key = there.filter(|_| self.generate_ssh_key);
        let key = key.map(|user| keys::State::look(self, user, host)).transpose()?;
        Ok(State { user, group, groups, cause, defaults, home: home.unwrap_or_default(), key })
    }

    fn plan(&self, _input: &Input<'_>, state: &State) -> Result<Plan, SysError> {
        let mut notes = Vec::new();
        let (change, more) = match (self.state, &state.user) {
            (Wanted::Absent, None) => (None, Vec::new()),
            (Wanted::Absent, Some(user)) => (Some(change::removal(self, user)?), Vec::new()),
            (Wanted::Present, None) => (Some(change::addition(self, state)), Vec::new()),
            (Wanted::Present, Some(user)) => {
                let mut more = home::steps(&state.home);
                more.extend(state.key.iter().flat_map(|key| keys::steps(self, user, key)));
                notes.extend(change::unlockable(self, user));
                (change::difference(self, state, user)?, more)
            }
        };
        // What is made together with a key is its program's until it is given to its user.
        let makes_key = more.iter().any(|step| matches!(step, Action::Setting(_)));
        let again = self.state == Wanted::Present && (change.is_some() || makes_key);
        let change = change.map(|change| Planned {
            depends: state.cause.clone(),
            ..Planned::new(Action::Account(AccountAction::User(Box::new(change))))
        });
        let steps = change.into_iter().chain(more.into_iter().map(Planned::new)).collect();
        let expected = |user: &accounts::User| matches!(user.uid, Account::Expected(_));
        let unforeseen = state.user.as_ref().is_some_and(expected);
        Ok(Plan { steps, notes, data: result(self, state), again, unforeseen, ..Plan::default() })
    }

    /// A new user is looked at twice, but nothing of it was changed.
    fn as_ansible(&self, done: &Done<'_>) -> Map<String, Value> {
        let mut fields = done.data.clone();
        if fields.contains_key(NEW) {
            fields.retain(|field, _| !CHANGED.contains(&field.as_str()));
        }
        fields
    }
}

/// Whose the files of a user are, for a reader.
fn whose(params: &User, user: &accounts::User, host: &dyn Observe) -> String {
    let group = match &user.gid {
        Account::Number(gid) => host.group_name(*gid).unwrap_or_else(|| gid.to_string()),
        Account::Expected(name) => name.clone(),
    };
    format!("{}:{group}", params.name)
}

/// Refuses a number that another user has, as the programs would.
fn refuse_taken(
    params: &User,
    user: Option<&accounts::User>,
    host: &dyn Observe,
) -> Result<(), SysError> {
    let wanted = params.uid.filter(|_| params.state == Wanted::Present && !params.non_unique);
    let wanted = wanted.map(|uid| Account::Number(uid.0));
    let Some(Account::Number(uid)) = wanted else { return Ok(()) };
    if user.is_some_and(|user| user.uid == Account::Number(uid)) {
        return Ok(());
    }
    let Some(name) = host.user_name(uid) else { return Ok(()) };
    // An earlier step may have given it another.
    let has = host.user_entry(&name, Reach::Everywhere)?;
    if has.is_none_or(|user| user.uid != Account::Number(uid)) {
        return Ok(());
    }
    Err(SysError::new(format!("the number {uid} is that of the user {name}"))
        .hint("give another `uid`, or let both have it with `non_unique: true`"))
}

fn owner(name: &str) -> Result<Owner, SysError> {
    name.parse().map_err(|error| SysError::new(format!("`groups`: {error}")))
}

/// A group by name or number, as its name and number.
fn find(
    owner: &Owner,
    params: &User,
    host: &dyn Observe,
    cause: &mut Option<Cause>,
) -> Result<(String, Account), SysError> {
    let name = match owner {
        Owner::Name(name) => Some(name.clone()),
        Owner::Id(number) => host.group_name(*number),
    };
    let entry = match &name {
        Some(name) => host.group_entry(name, Reach::of(params.local))?,
        None => None,
    };
    let name = name.unwrap_or_else(|| owner.to_string());
    match (entry, host.depends(Subject::Group(&name))) {
        (Some(group), _) => Ok((name, group.gid)),
        (None, Some(from)) => {
            *cause = Some(from);
            Ok((name.clone(), Account::Expected(name)))
        }
        (None, None) => Err(SysError::new(format!("there is no group `{name}` on the host"))
            .hint("create it in an earlier task, or correct `group` and `groups`")),
    }
}

/// The fields of the result; those of the user itself if it is there.
fn result(params: &User, state: &State) -> Map<String, Value> {
    let mut data = vec![("name", json!(params.name)), ("state", json!(params.state.word()))];
    match (params.state, &state.user) {
        (Wanted::Absent, None) => {}
        (Wanted::Absent, Some(_)) => {
            data.extend([("force", json!(params.force)), ("remove", json!(params.remove))]);
        }
        (Wanted::Present, None) => {
            data.extend([("system", json!(params.system)), (NEW, json!(params.create_home))])
        }
        (Wanted::Present, Some(user)) => {
            data.extend([
                (CHANGED[0], json!(params.append)),
                (CHANGED[1], json!(params.move_home)),
                ("comment", json!(user.comment)),
                ("home", json!(user.home)),
                ("shell", json!(user.shell)),
            ]);
            let numbers = [("uid", &user.uid), ("group", &user.gid)];
            data.extend(numbers.into_iter().filter_map(|(key, account)| match account {
                Account::Number(number) => Some((key, json!(number))),
                Account::Expected(_) => None,
            }));
            data.extend(state.key.iter().flat_map(keys::fields));
        }
    }
    if params.state == Wanted::Present {
        let groups = params.groups.as_ref().map(|groups| ("groups", json!(groups.join(","))));
        data.extend(groups);
        data.extend(params.password.as_ref().map(|_| ("password", json!("NOT_LOGGING_PASSWORD"))));
    }
    data.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
