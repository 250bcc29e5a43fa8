//! Users and groups by name: the host's own files first ([`super::passwd`]), then getent(1), which knows of a directory
//! (LDAP, SSSD).

mod entries;

use super::credentials::Identity;
use super::passwd::{Database, User, account_in, fields, groups_in, number_in};
use super::process::Program;
use crate::sys::SysError;
use hep_protocol::outcome::Exit;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// How long the host's directory may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

impl Database {
    /// The number of a name; `None` if the host does not know it.
    pub(super) fn number(self, name: &str) -> Result<Option<u32>, SysError> {
        match number_in(&self.read()?, name) {
            Some(number) => Ok(Some(number)),
            None => {
                // A directory may spell the name in its own way (`Alice` as `alice@example.org`).
                let text = getent(self.name(), name)?;
                Ok(text.and_then(|text| text.lines().find_map(fields).map(|(_, number)| number)))
            }
        }
    }
}

impl Identity {
    /// The user of that name; `None` if the host has none.
    pub(crate) fn of(name: &str) -> Result<Option<Self>, SysError> {
        let Some(account) = account(name)? else { return Ok(None) };
        let groups = groups_of(&account)?;
        Ok(Some(Self::new(account, groups)))
    }

    /// A user who has logged in, with the numbers and groups that this has given.
    pub(crate) fn of_session(
        name: &str,
        uid: u32,
        gid: u32,
        groups: &[u32],
    ) -> Result<Self, SysError> {
        let (home, shell) = account(name)?.map_or_else(
            || ("/".to_owned(), "/bin/sh".to_owned()),
            |account| (account.home, account.shell),
        );
        let account = User { name: name.to_owned(), uid, gid, home, shell };
        let others = groups.iter().copied().filter(|other| *other != gid);
        Ok(Self::new(account, std::iter::once(gid).chain(others).collect()))
    }
}

/// What getent(1) prints; it ends with 2 for a name that no source knows.
fn getent(database: &str, name: &str) -> Result<Option<String>, SysError> {
    let Some(getent) =
        ["/usr/bin/getent", "/bin/getent"].into_iter().find(|p| Path::new(p).exists())
    else {
        return Ok(None);
    };
    let argv = [getent, database, name].map(str::to_owned);
    let program = Program { timeout: Some(PATIENCE), ..Program::new(&argv) };
    let end = program.run().map_err(|error| {
        error.hint("`getent` asks what /etc/nsswitch.conf names; see whether that answers")
    })?;
    match end.exit {
        Some(Exit::Code(0)) => Ok(Some(String::from_utf8_lossy(&end.stdout).into_owned())),
        Some(Exit::Code(2)) => Ok(None),
        Some(Exit::Code(_) | Exit::Signal(_)) | None => {
            Err(SysError::new(format!("cannot look up `{name}`: `{}` failed", argv.join(" ")))
                .process(end))
        }
    }
}

/// The number of a user; `None` if the host does not know the name.
pub(crate) fn user_number(name: &str) -> Result<Option<u32>, SysError> {
    Database::Passwd.number(name)
}

/// The user of that name; `None` if the host does not know it.
fn account(name: &str) -> Result<Option<User>, SysError> {
    match account_in(&Database::Passwd.read()?, |known, _| known == name) {
        Some(account) => Ok(Some(account)),
        None => {
            let line = getent("passwd", name)?;
            Ok(line.and_then(|line| account_in(&line, |_, _| true)))
        }
    }
}

/// All groups of a user (initgroups(3)): those of `/etc/group`, and where the host knows others too, what getent(1) says.
fn groups_of(account: &User) -> Result<Vec<u32>, SysError> {
    let mut groups = groups_in(&Database::Group.read()?, account);
    let switch = fs::read_to_string("/etc/nsswitch.conf").unwrap_or_default();
    if asks_elsewhere(&switch, &["group", "initgroups"]) {
        let told = getent("initgroups", &account.name)?.unwrap_or_default();
        let new = told.split_whitespace().skip(1).filter_map(|word| word.parse().ok());
        for group in new {
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
    }
    Ok(groups)
}

/// Whether nsswitch.conf(5) has one of these databases come from elsewhere than this host's own files.
fn asks_elsewhere(switch: &str, databases: &[&str]) -> bool {
    let mut sources = switch
        .lines()
        .filter_map(|line| line.split('#').next()?.split_once(':'))
        .filter(|(database, _)| databases.contains(&database.trim()))
        .flat_map(|(_, sources)| sources.split_whitespace())
        // What is in brackets says how to go on after a source.
        .filter(|word| !word.contains(['[', ']', '=']));
    sources.any(|source| !matches!(source, "files" | "compat" | "systemd"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_may_come_from_elsewhere() {
        let groups = |switch: &str| asks_elsewhere(switch, &["group", "initgroups"]);
        assert!(!groups(""));
        assert!(!groups("passwd: files sss\ngroup: files systemd # sss\n"));
        assert!(groups("group:\tfiles [SUCCESS=merge] sss\n"));
        assert!(groups("group: files\ninitgroups: files ldap\n"));
    }

    #[test]
    fn absent_names_are_none_also_for_getent() {
        assert_eq!(Database::Passwd.number("hep-no-such-user").unwrap(), None);
        assert_eq!(Database::Group.number("root").unwrap(), Some(0));
    }
}
