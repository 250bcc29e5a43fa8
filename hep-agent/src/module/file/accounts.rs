//! Owners and groups: what the task asks for, and what numbers are called.

use super::Scope;
use crate::sys::files::{Account, Attrs};
use crate::sys::{Cause, Observe, Subject, SysError};
use hep_protocol::task::file::File;
use hep_protocol::value::{Mode, Owner, PermissionBits};
use std::collections::BTreeMap;

/// The attributes that the task asks for.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    pub(super) owner: Option<Account>,
    pub(super) group: Option<Account>,
    pub(super) mode: Option<Mode>,
    /// The mode of a tree's directories, if that is another.
    pub(super) directory_mode: Option<Mode>,
    /// The earlier task whose real run would create a missing account.
    pub(super) cause: Option<Cause>,
}

impl Asked {
    /// Looks the names up; one that the host does not know is an error, before anything else is read.
    pub(super) fn look(params: &File, host: &dyn Observe) -> Result<Self, SysError> {
        let mut cause = None;
        let mut account = |asked: &Option<Owner>, kind| match asked {
            None => Ok(None),
            Some(Owner::Id(number)) => Ok(Some(Account::Number(*number))),
            Some(Owner::Name(name)) => look_up(name, kind, host, &mut cause).map(Some),
        };
        let owner = account(&params.owner, Kind::User)?;
        let group = account(&params.group, Kind::Group)?;
        let mode = params.mode.clone();
        let directory_mode = params.directory_mode.as_deref().cloned();
        Ok(Self { owner, group, mode, directory_mode, cause })
    }

    /// Whether the task says who may get in: by an owner or a mode. Then an ACL must not let in others.
    pub(super) fn shuts_others_out(&self) -> bool {
        self.owner.is_some() || self.mode.is_some()
    }

    /// Whether the task names no attribute.
    pub(super) fn is_empty(&self) -> bool {
        let Self { owner, group, mode, directory_mode, cause: _ } = self;
        owner.is_none() && group.is_none() && mode.is_none() && directory_mode.is_none()
    }

    /// What a directory gets of it, and otherwise.
    pub(super) fn directory(&self, otherwise: Attrs) -> Attrs {
        let mode = self.directory_mode.as_ref().or(self.mode.as_ref());
        let mode = mode.map(|mode| mode.apply(otherwise.mode, true));
        Attrs {
            owner: self.owner.clone().unwrap_or(otherwise.owner),
            group: self.group.clone().unwrap_or(otherwise.group),
            mode: mode.unwrap_or(otherwise.mode),
            acl: otherwise.acl,
        }
    }

    /// The mode asked for is that of a tree's files: its directories get another, or execute where they get read.
    pub(super) fn mode(
        &self,
        current: PermissionBits,
        directory: bool,
        scope: Scope,
    ) -> PermissionBits {
        if scope == Scope::Copied {
            return current;
        }
        let below = directory && matches!(scope, Scope::Tree | Scope::NewOnly);
        if let (true, Some(mode)) = (below, &self.directory_mode) {
            return mode.apply(current, directory);
        }
        let Some(mode) = &self.mode else { return current };
        let bits = mode.apply(current, directory);
        if below && !mode.is_of_source() {
            PermissionBits(bits.0 | ((bits.0 & 0o444) >> 2))
        } else {
            bits
        }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    User,
    Group,
}

fn look_up(
    name: &str,
    kind: Kind,
    host: &dyn Observe,
    cause: &mut Option<Cause>,
) -> Result<Account, SysError> {
    let (number, subject, word, key) = match kind {
        Kind::User => (host.user(name)?, Subject::User(name), "user", "owner"),
        Kind::Group => (host.group(name)?, Subject::Group(name), "group", "group"),
    };
    match (number, host.depends(subject)) {
        (Some(number), _) => Ok(Account::Number(number)),
        (None, Some(from)) => {
            *cause = Some(from);
            Ok(Account::Expected(name.to_owned()))
        }
        (None, None) => Err(SysError::new(format!("there is no {word} `{name}` on the host"))
            .hint(format!("create it in an earlier task, or correct `{key}`"))),
    }
}

/// What the numbers that occur are called.
#[derive(Debug, Default)]
pub(super) struct Names {
    users: BTreeMap<u32, String>,
    groups: BTreeMap<u32, String>,
}

impl Names {
    /// Learns the names of a path's owners.
    pub(super) fn learn(&mut self, attrs: &Attrs, host: &dyn Observe) {
        if let Account::Number(uid) = attrs.owner {
            let name = || host.user_name(uid).unwrap_or_else(|| uid.to_string());
            self.users.entry(uid).or_insert_with(name);
        }
        if let Account::Number(gid) = attrs.group {
            let name = || host.group_name(gid).unwrap_or_else(|| gid.to_string());
            self.groups.entry(gid).or_insert_with(name);
        }
    }

    /// What a user is called.
    pub(super) fn user(&self, account: &Account) -> String {
        called(&self.users, account)
    }

    /// What a group is called.
    pub(super) fn group(&self, account: &Account) -> String {
        called(&self.groups, account)
    }
}

fn called(names: &BTreeMap<u32, String>, account: &Account) -> String {
    match account {
        Account::Number(number) => names.get(number).cloned().unwrap_or_else(|| number.to_string()),
        Account::Expected(name) => name.clone(),
    }
}
