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

/// Reads users and groups. No process is started unless nsswitch.conf(5) names a directory.
pub(crate) trait ObserveAccounts {
    /// The user of that name.
    fn user_entry(&self, name: &str, reach: Reach) -> Result<Option<User>, SysError>;

    /// The group of that name.
    fn group_entry(&self, name: &str, reach: Reach) -> Result<Option<Group>, SysError>;
}
