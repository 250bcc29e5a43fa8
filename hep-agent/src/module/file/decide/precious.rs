//! What no task takes away: directories that a host lives on, and what is mounted.

use crate::module::file::Found;
use crate::sys::SysError;
use hep_protocol::value::AbsPath;

/// What no task means to remove or replace, be it a directory or, as `/bin` of a merged `/usr`, a link to one.
const PROTECTED: [&str; 31] = [
    "/",
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/home",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/sys",
    "/tmp",
    "/usr",
    "/usr/bin",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/libexec",
    "/usr/libx32",
    "/usr/local",
    "/usr/sbin",
    "/usr/share",
    "/var",
    "/var/cache",
    "/var/lib",
    "/var/log",
    "/var/spool",
];

/// Whether a path is one of them; it must have no links above it.
pub(in crate::module::file) fn is_protected(at: &AbsPath) -> bool {
    PROTECTED.contains(&at.as_str())
}

/// Refuses to give such a directory the owner, group and mode of a tree: `whose` says which.
pub(super) fn refuse_attributes(found: &Found, whose: &str) -> Result<(), SysError> {
    let at = &found.at;
    if is_protected(at) {
        Err(SysError::new(format!(
            "{at} never gets one owner, group or mode with {whose}: the host lives on it"
        ))
        .hint("name what is meant in it; is a variable in `dest` empty?"))
    } else {
        Ok(())
    }
}

/// Refuses to remove or replace what a system cannot be without.
pub(super) fn refuse_protected(found: &Found) -> Result<(), SysError> {
    let at = &found.at;
    if is_protected(at) {
        Err(SysError::new(format!("{at} is never removed or replaced: the host lives on it"))
            .hint("name what is meant in it"))
    } else {
        Ok(())
    }
}

/// Refuses to remove what is mounted.
pub(super) fn refuse_mounts(found: &Found) -> Result<(), SysError> {
    let at = &found.at;
    match found.mounts.first() {
        Some(mount) if mount == at => {
            Err(SysError::new(format!("{at} is a mount point"))
                .hint("unmount it in an earlier task"))
        }
        Some(mount) => Err(SysError::new(format!("{mount}, in {at}, is a mount point"))
            .hint("unmount it in an earlier task: what is mounted would be removed with the rest")),
        None => Ok(()),
    }
}
