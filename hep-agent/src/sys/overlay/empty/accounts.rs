//! `ObserveAccounts` and `ObserveSettings` of the empty host: its two accounts have no member, and nothing is set.

use super::Empty;
use crate::sys::SysError;
use crate::sys::accounts::{Account, Aging, Asked, Group, ObserveAccounts, Reach, Records, User};
use crate::sys::files::ObserveFiles;
use crate::sys::settings::{ObserveSettings, What};
use hep_protocol::value::Secret;

impl ObserveAccounts for Empty {
    fn user_entry(&self, name: &str, _reach: Reach) -> Result<Option<User>, SysError> {
        Ok(self.user(name)?.map(|number| User {
            uid: Account::Number(number),
            gid: Account::Number(number),
            comment: String::new(),
            home: format!("/home/{name}"),
            shell: "/bin/sh".to_owned(),
            groups: Vec::new(),
            password: Some(Secret::new("*")),
            aging: Aging::default(),
        }))
    }

    fn users_of(&self, group: &Account) -> Result<Vec<String>, SysError> {
        let Account::Number(number) = group else { return Ok(Vec::new()) };
        Ok(self.user_name(*number).into_iter().collect())
    }

    fn group_entry(&self, name: &str, _reach: Reach) -> Result<Option<Group>, SysError> {
        let group = |number| Group { gid: Account::Number(number), members: Vec::new() };
        Ok(self.group(name)?.map(group))
    }

    fn records(&self, asked: &Asked<'_>) -> Result<Records, SysError> {
        let Asked { database: "passwd", key: Some(name), service: _ } = asked else {
            return Ok(Records::NoDatabase);
        };
        let line = |number| format!("{name}:x:{number}:{number}::/home/{name}:/bin/sh\n");
        Ok(self.user(name)?.map_or(Records::NoKey, |number| Records::Lines(line(number))))
    }
}

impl ObserveSettings for Empty {
    fn setting(&self, _what: &What) -> Result<Option<String>, SysError> {
        Ok(None)
    }
}
