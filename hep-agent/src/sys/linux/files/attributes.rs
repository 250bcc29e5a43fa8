//! Owner, group and mode of what is there, without a moment of too much.

use super::acl;
use super::spot::Spot;
use super::temp::descriptor_path;
use super::trouble::trouble;
use super::walk;
use crate::sys::SysError;
use crate::sys::files::{self, Account, Acl, Attrs};
use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, Stat, Uid};
use rustix::io::Errno;
use std::os::fd::AsFd;

/// Sets the attributes of what is at a place; a link there is changed itself, and has no mode.
pub(super) fn set(spot: &Spot, attrs: &Attrs) -> Result<(), SysError> {
    let failed = |error| trouble("set the attributes of", spot, error);
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::openat(&*spot.dir, &spot.name, flags, Mode::empty()).map_err(failed)?;
    set_open(&file, spot, attrs)
}

/// The same of what is open, whatever stands at its place by now.
pub(super) fn set_open(file: impl AsFd, spot: &Spot, attrs: &Attrs) -> Result<(), SysError> {
    let failed = |error| trouble("set the attributes of", spot, error);
    let old = rustix::fs::fstat(&file).map_err(failed)?;
    let is_link = FileType::from_raw_mode(old.st_mode) == FileType::Symlink;
    let (uid, gid) = owners(attrs)?;
    let new_owner = (old.st_uid, old.st_gid) != (uid.as_raw(), gid.as_raw());
    let old_mode = old.st_mode & 0o7777;
    let new_mode = u32::from(attrs.mode.0);
    let drops = !is_link && attrs.acl == Acl::None && acl::has_any(&file);
    if new_owner || drops || (!is_link && old_mode != new_mode) {
        refuse_shared(&old, spot)?;
    }
    // A descriptor that follows nothing cannot be given to fchmod(2); its name in /proc can, and leads to this file only.
    let set_mode =
        |mode| rustix::fs::chmod(descriptor_path(&file), Mode::from_raw_mode(mode)).map_err(failed);
    if new_owner || drops {
        // The new owner must not have the old mode for a moment, nor the old owner the new. With an ACL the group's bits are
        // its mask, and once it is gone they are the group's own.
        let both = old_mode & new_mode & 0o777;
        if !is_link && both != old_mode {
            set_mode(both)?;
        }
    }
    if drops {
        acl::drop_all(&file).map_err(failed)?;
    }
    if new_owner {
        rustix::fs::chownat(&file, "", Some(uid), Some(gid), AtFlags::EMPTY_PATH)
            .map_err(failed)?;
    }
    if !is_link && (new_owner || drops || old_mode != new_mode) {
        set_mode(new_mode)
    } else {
        Ok(())
    }
}

/// Refuses to change what may be a file from elsewhere: whoever may write to a directory gives a name in it to any file that
/// the system lets them (`protected_hardlinks`, proc_sys_fs(5)). As long as the file has a name elsewhere, it has two.
pub(super) fn refuse_shared(stat: &Stat, spot: &Spot) -> Result<(), SysError> {
    let is_directory = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
    if is_directory || stat.st_nlink < 2 {
        return Ok(());
    }
    match walk::is_closed(&spot.dir) {
        Ok(true) => Ok(()),
        Ok(false) => Err(files::shared(&spot.path)),
        Err(error) => Err(trouble("look at the directory of", spot, error)),
    }
}

/// Sets owner and group of an open file.
pub(super) fn set_owner(file: impl AsFd, attrs: &Attrs) -> Result<Result<(), Errno>, SysError> {
    let (uid, gid) = owners(attrs)?;
    let set = || {
        let is = rustix::fs::fstat(&file)?;
        // Most files are for who makes them, and each change of an inode is one more for the journal.
        match (is.st_uid, is.st_gid) == (uid.as_raw(), gid.as_raw()) {
            true => Ok(()),
            false => rustix::fs::fchown(&file, Some(uid), Some(gid)),
        }
    };
    Ok(set())
}

fn owners(attrs: &Attrs) -> Result<(Uid, Gid), SysError> {
    Ok((Uid::from_raw(number(&attrs.owner)?), Gid::from_raw(number(&attrs.group)?)))
}

fn number(account: &Account) -> Result<u32, SysError> {
    match account {
        Account::Number(number) => Ok(*number),
        Account::Expected(name) => {
            Err(SysError::new(format!("there is no user or group `{name}` on the host")))
        }
    }
}
