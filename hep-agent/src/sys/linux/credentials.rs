//! The rights of this thread: root's thread takes those of another user for a task, and returns.
//!
//! Raw system calls change the calling thread alone (setresuid(2), C library/kernel differences), so readers of the inbox
//! and of signals stay root. The real and the saved user stay root's meanwhile: the way back, and the reason why that user
//! can send this process no signal. What is started here gives both up before it runs (see `drop_for_good`).

use super::memory;
use super::passwd::{Files, User};
use crate::sys::SysError;
use rustix::fs::{Gid, Uid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;

/// A user of this host, and what a login would give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    account: User,
    groups: Vec<u32>,
}

/// The users that a run has met. A directory (LDAP, SSSD) is asked once for each, as at a login; what the host's own files
/// say is looked up anew when they are others than they were.
#[derive(Default)]
pub(crate) struct Identities {
    known: BTreeMap<String, Identity>,
    files: Option<Files>,
}

impl Identities {
    /// The user of that name, found by `find` if it is not known; `None` if the host has none.
    pub(crate) fn of(
        &mut self,
        name: &str,
        find: impl FnOnce() -> Result<Option<Identity>, SysError>,
    ) -> Result<Option<Identity>, SysError> {
        let files = Files::now()?;
        if self.files.as_ref() != Some(&files) {
            self.known.clear();
            self.files = Some(files);
        }
        if let Some(known) = self.known.get(name) {
            return Ok(Some(known.clone()));
        }
        let found = find()?;
        self.known.extend(found.clone().map(|identity| (name.to_owned(), identity)));
        Ok(found)
    }
}

thread_local! {
    /// The user whose rights this thread has now, if not the process's.
    static WORN: RefCell<Option<Identity>> = const { RefCell::new(None) };
}

/// Whether this process may take any user's rights.
pub(crate) fn may_switch() -> bool {
    unworn(|| nix::unistd::geteuid().is_root())
}

impl Identity {
    /// A user with all its groups, its own first.
    pub(super) fn new(account: User, groups: Vec<u32>) -> Self {
        Self { account, groups }
    }

    /// Whether this process is that user's.
    pub(crate) fn is_own(&self) -> bool {
        unworn(|| nix::unistd::geteuid().as_raw()) == self.account.uid
    }

    /// Does something with the rights of that user and no others.
    pub(crate) fn act<R>(&self, act: impl FnOnce() -> R) -> Result<R, SysError> {
        let back = Back { groups: own_groups()?, gid: nix::unistd::getegid().as_raw() };
        let name = &self.account.name;
        // From here on `back` undoes what has been done, also after an error.
        take(&self.groups, self.account.gid, self.account.uid)
            .map_err(|error| SysError::io(format!("cannot run as `{name}`"), error))?;
        WORN.replace(Some(self.clone()));
        let result = act();
        drop(back);
        Ok(result)
    }

    /// What a login sets for that user's programs.
    fn environment(&self) -> [(&'static str, String); 4] {
        let User { name, home, shell, .. } = &self.account;
        [
            ("HOME", home.clone()),
            ("USER", name.clone()),
            ("LOGNAME", name.clone()),
            ("SHELL", shell.clone()),
        ]
    }
}

/// The variables of the user whose rights this thread has taken, for programs that are started now.
pub(super) fn environment() -> Vec<(&'static str, String)> {
    WORN.with_borrow(|worn| worn.as_ref().map_or_else(Vec::new, |user| user.environment().into()))
}

/// The environment as a program finds it that is started now: the process's own, or that of the user whose rights this thread
/// has taken.
pub(crate) fn login_environment() -> impl Iterator<Item = (String, serde_json::Value)> {
    let worn = environment();
    let own = std::env::vars_os().map(|(name, value)| {
        (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())
    });
    let is_kept = {
        let is_worn = !worn.is_empty();
        move |name: &str| !is_worn || matches!(name, "PATH" | "LANG")
    };
    let own = own.filter(move |(name, _)| is_kept(name));
    let worn = worn.into_iter().map(|(name, value)| (name.to_owned(), value));
    own.chain(worn).map(|(name, value)| (name, value.into()))
}

/// The user whose rights this thread has taken, for [`drop_for_good`].
pub(super) fn taken() -> Option<u32> {
    WORN.with_borrow(|worn| worn.as_ref().map(|user| user.account.uid))
}

/// Makes this process that user's for good: nothing of root is left to come back to. Groups are taken already. Between
/// fork and exec: a system call and no more.
pub(super) fn drop_for_good(uid: u32) -> io::Result<()> {
    let uid = Some(Uid::from_raw(uid));
    Ok(set_thread_res_uid(uid, uid, uid)?)
}

/// Does something with the process's own rights, whomever the task runs as.
pub(crate) fn unworn<R>(act: impl FnOnce() -> R) -> R {
    let Some(user) = WORN.take() else { return act() };
    come_back(effective(Uid::ROOT));
    let result = act();
    come_back(effective(Uid::from_raw(user.account.uid)));
    WORN.replace(Some(user));
    result
}

/// Brings this thread back to root's rights.
struct Back {
    groups: Vec<u32>,
    gid: u32,
}

impl Drop for Back {
    fn drop(&mut self) {
        WORN.take();
        come_back(effective(Uid::ROOT).and_then(|()| take(&self.groups, self.gid, 0)));
    }
}

/// The groups first: whoever has given up root may no longer choose them.
fn take(groups: &[u32], gid: u32, uid: u32) -> io::Result<()> {
    let groups: Vec<Gid> = groups.iter().map(|gid| Gid::from_raw(*gid)).collect();
    let gid = Some(Gid::from_raw(gid));
    set_thread_groups(&groups)?;
    set_thread_res_gid(gid, gid, gid)?;
    effective(Uid::from_raw(uid))
}

/// Changes this thread's effective user alone.
fn effective(uid: Uid) -> io::Result<()> {
    set_thread_res_uid(None, Some(uid), None)?;
    memory::stay_private();
    Ok(())
}

fn own_groups() -> Result<Vec<u32>, SysError> {
    let groups = nix::unistd::getgroups()
        .map_err(|error| SysError::io("cannot read this process's groups", error))?;
    Ok(groups.into_iter().map(nix::unistd::Gid::as_raw).collect())
}

/// A thread that cannot return must not continue as another user, so the process ends here.
fn come_back(result: io::Result<()>) {
    if result.is_err() {
        std::process::abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_looked_up_once_and_an_absent_one_each_time() {
        let mut identities = Identities::default();
        let mut looks = Vec::new();
        for name in ["root", "hep-no-such-user", "root", "hep-no-such-user"] {
            let found = identities.of(name, || {
                looks.push(name);
                Identity::of(name)
            });
            assert_eq!(found.unwrap(), Identity::of(name).unwrap());
        }
        assert_eq!(looks, ["root", "hep-no-such-user", "hep-no-such-user"]);
    }
}
