//! Users and groups, with all that the host's files say of them.

use super::SysError;
pub(crate) use super::files::Account;
pub(crate) use hep_protocol::action::accounts::{
    AccountAction, AccountChange, Aging, Group, Home, User,
};

/// Where accounts are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// In the host's own files.
    Local,
    /// Also wherever else nsswitch.conf(5) names.
    Everywhere,
}

impl Reach {
    /// What a task's `local` means.
    pub(crate) fn of(local: bool) -> Self {
        if local { Self::Local } else { Self::Everywhere }
    }
}

/// The databases that are files of accounts, with `:` between fields.
pub(crate) const OWN: &[&str] = &["passwd", "group", "shadow", "gshadow"];

/// What is asked of a database, as of getent(1).
pub(crate) struct Asked<'a> {
    pub(crate) database: &'a str,
    /// The entry; without it, all of them.
    pub(crate) key: Option<&'a str>,
    /// The only source of nsswitch.conf(5) to ask.
    pub(crate) service: Option<&'a str>,
}

/// What a database says.
#[derive(Debug)]
pub(crate) enum Records {
    /// A line for each entry.
    Lines(String),
    /// There is no such entry.
    NoKey,
    /// There is no such database.
    NoDatabase,
    /// It answers only for single entries.
    NoList,
}

/// Reads users and groups. No process is started unless nsswitch.conf(5) names a directory.
pub(crate) trait ObserveAccounts {
    /// The user of that name.
    fn user_entry(&self, name: &str, reach: Reach) -> Result<Option<User>, SysError>;

    /// The users whose own group it is, by name.
    fn users_of(&self, group: &Account) -> Result<Vec<String>, SysError>;

    /// The group of that name.
    fn group_entry(&self, name: &str, reach: Reach) -> Result<Option<Group>, SysError>;

    /// Entries of a database. getent(1) is asked for those that are no file of accounts.
    fn records(&self, asked: &Asked<'_>) -> Result<Records, SysError>;
}
