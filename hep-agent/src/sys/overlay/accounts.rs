//! Users and groups in memory. One that an earlier step would add may have no number yet: the program that adds it chooses.

use super::Overlay;
use crate::sys::accounts::{
    Account, AccountAction, AccountChange, Asked, Group, Home, OWN, ObserveAccounts, Reach,
    Records, User,
};
use crate::sys::files::{FileAction, ObserveFiles, Place};
use crate::sys::{Cause, Effect, Observe, SysError};
use hep_protocol::plan::Privacy;
use std::collections::BTreeMap;

/// What is different about accounts: what each has become, nothing if it is gone.
#[derive(Default)]
pub(super) struct Changed {
    users: BTreeMap<String, Option<User>>,
    groups: BTreeMap<String, Option<Group>>,
    /// The steps that would have added those that have no number yet.
    causes: BTreeMap<String, Cause>,
}

impl Changed {
    /// The number of a user, where that is different; nothing where there is none yet.
    pub(super) fn user_number(&self, name: &str) -> Option<Option<u32>> {
        self.users.get(name).map(|user| number(&user.as_ref()?.uid))
    }

    /// The number of a group, where that is different.
    pub(super) fn group_number(&self, name: &str) -> Option<Option<u32>> {
        self.groups.get(name).map(|group| number(&group.as_ref()?.gid))
    }

    /// The user with a number, where an earlier step gave it that.
    pub(super) fn user_name(&self, uid: u32) -> Option<String> {
        let has = |user: &User| user.uid == Account::Number(uid);
        name_of(&self.users, has)
    }

    /// The group with a number, where an earlier step gave it that.
    pub(super) fn group_name(&self, gid: u32) -> Option<String> {
        name_of(&self.groups, |group| group.gid == Account::Number(gid))
    }

    /// The step that would add an account.
    pub(super) fn cause(&self, name: &str) -> Option<Cause> {
        self.causes.get(name).cloned()
    }
}

fn number(account: &Account) -> Option<u32> {
    match account {
        Account::Number(number) => Some(*number),
        Account::Expected(_) => None,
    }
}

fn name_of<T>(all: &BTreeMap<String, Option<T>>, has: impl Fn(&T) -> bool) -> Option<String> {
    let found = all.iter().find(|(_, entry)| entry.as_ref().is_some_and(&has));
    found.map(|(name, _)| name.clone())
}

impl<O: Observe> ObserveAccounts for Overlay<O> {
    fn user_entry(&self, name: &str, reach: Reach) -> Result<Option<User>, SysError> {
        let found = match self.accounts.users.get(name) {
            Some(user) => user.clone(),
            None => self.base.user_entry(name, reach)?,
        };
        let goes = |group: &String| matches!(self.accounts.groups.get(group), Some(None));
        Ok(found.map(|mut user| {
            user.groups.retain(|group| !goes(group));
            user
        }))
    }

    fn users_of(&self, group: &Account) -> Result<Vec<String>, SysError> {
        let mut users = match group {
            Account::Number(_) => self.base.users_of(group)?,
            Account::Expected(_) => Vec::new(),
        };
        users.retain(|name| !self.accounts.users.contains_key(name));
        let has = |user: &Option<User>| user.as_ref().is_some_and(|user| user.gid == *group);
        let changed = self.accounts.users.iter().filter(|(_, user)| has(user));
        users.extend(changed.map(|(name, _)| name.clone()));
        Ok(users)
    }

    fn group_entry(&self, name: &str, reach: Reach) -> Result<Option<Group>, SysError> {
        match self.accounts.groups.get(name) {
            Some(group) => Ok(group.clone()),
            None => self.base.group_entry(name, reach),
        }
    }

    /// Entries that an earlier step would change are not known: what its program writes is its own matter.
    fn records(&self, asked: &Asked<'_>) -> Result<Records, SysError> {
        let cause = match (OWN.contains(&asked.database), asked.key) {
            (true, Some(key)) => self.accounts.cause(key),
            (true, None) => self.accounts.causes.values().next().cloned(),
            (false, _) => None,
        };
        match cause {
            Some(cause) => Err(SysError::unknown(cause.to_string())),
            None => self.base.records(asked),
        }
    }
}

impl<O: Observe> Overlay<O> {
    pub(super) fn apply_account(&mut self, action: &AccountAction) -> Result<Effect, SysError> {
        match action {
            AccountAction::User(change) => self.change_user(change)?,
            AccountAction::Group(AccountChange { name, to, .. }) => {
                self.accounts.groups.insert(name.clone(), to.clone());
                self.remember("group", name);
            }
        }
        Ok(Effect::Changed)
    }

    fn change_user(&mut self, change: &AccountChange<User>) -> Result<(), SysError> {
        let AccountChange { name, from, to, home, .. } = change;
        let own = |user: &Option<User>| user.as_ref().map(|user| user.gid.clone());
        match (own(from), own(to)) {
            // useradd(8) makes a group of its own for it.
            (None, Some(gid @ Account::Expected(_))) if gid == Account::Expected(name.clone()) => {
                let group = Group { gid, members: Vec::new() };
                self.accounts.groups.insert(name.clone(), Some(group));
            }
            // userdel(8) removes that again.
            (Some(gid), None) => {
                let group = self.group_entry(name, Reach::Local)?;
                let is_its = |group: &Group| group.gid == gid && group.members.is_empty();
                if group.as_ref().is_some_and(is_its) {
                    self.accounts.groups.insert(name.clone(), None);
                }
            }
            (None | Some(_), _) => {}
        }
        self.accounts.users.insert(name.clone(), to.clone());
        self.remember("user", name);
        match home {
            Home::Stays => Ok(()),
            Home::Removed(path) => self.take_away(path),
            // usermod(8) has changed the account by then.
            Home::Moved(_, place) if self.lstat(place)?.is_some() => Err(SysError::new(format!(
                "cannot move the home directory of {name}: {place} exists"
            ))
            .hint("remove it in an earlier task, or leave out `move_home`")),
            Home::Moved(path, place) => {
                // What moves along is seen only once it has moved.
                let attrs = self.lstat(path)?.map(|meta| meta.attrs);
                self.take_away(path)?;
                match attrs {
                    Some(to) => {
                        let place = Place::of(place.clone());
                        let (from, durable) = (None, crate::sys::files::Durable::AtOnce);
                        let detail = String::new();
                        let made = FileAction::MakeDirectory { place, from, to, durable, detail };
                        self.apply_file(&made).map(drop)
                    }
                    None => Ok(()),
                }
            }
        }
    }

    fn take_away(&mut self, path: &hep_protocol::value::AbsPath) -> Result<(), SysError> {
        let gone = FileAction::Remove { place: Place::of(path.clone()), from: None };
        self.apply_file(&gone).map(drop)
    }

    fn remember(&mut self, word: &str, name: &str) {
        let cause = match self.privacy {
            Privacy::Open => Cause::Account(format!("{word} {name}")),
            Privacy::Sensitive => Cause::Sensitive,
        };
        self.accounts.causes.insert(name.to_owned(), cause);
    }
}
