//! Keeping what is replaced, beside it: `motd.20260131-235959~`.

use super::spot::Spot;
use super::trouble::trouble;
use super::{attributes, xattrs};
use crate::sys::SysError;
use crate::sys::files::{Account, Acl, Attrs};
use hep_protocol::calendar::Moment;
use hep_protocol::value::{AbsPath, PermissionBits};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, RenameFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::time::{SystemTime, UNIX_EPOCH};

/// How many backups of one second are told apart.
const TRIES: usize = 100;

/// The rights that a program has beyond those of who starts it: no backup keeps them, or whoever replaces a program with a
/// hole keeps the hole.
const SET_ID: u32 = 0o6000;

/// Gives the old file a second name, so that it lives on when its place is taken; a copy where links are not allowed, or the
/// old one has rights that a second name would keep.
pub(super) fn keep(spot: &Spot) -> Result<AbsPath, SysError> {
    let failed = |error| trouble("keep a backup of", spot, error);
    if is_privileged(spot).map_err(failed)? {
        return copy(spot);
    }
    let link = named(spot, |name| {
        rustix::fs::linkat(&*spot.dir, &spot.name, &*spot.dir, name, AtFlags::empty())
    });
    match link {
        Ok(name) => Ok(name),
        Err(Errno::PERM | Errno::OPNOTSUPP | Errno::MLINK | Errno::XDEV) => copy(spot),
        Err(error) => Err(failed(error)),
    }
}

/// Whether the old file is a program with rights of its own: by its mode or its capabilities (capabilities(7)).
fn is_privileged(spot: &Spot) -> Result<bool, Errno> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::openat(&*spot.dir, &spot.name, flags, Mode::empty())?;
    let meta = rustix::fs::fstat(&file)?;
    let is_file = FileType::from_raw_mode(meta.st_mode) == FileType::RegularFile;
    Ok(is_file && (meta.st_mode & SET_ID != 0 || xattrs::has_capabilities(&file)))
}

/// Moves an old directory from hep's name for it to its backup's.
pub(super) fn rename(spot: &Spot, from: &str) -> Result<AbsPath, SysError> {
    named(spot, |name| {
        let flags = RenameFlags::NOREPLACE;
        rustix::fs::renameat_with(&*spot.dir, from, &*spot.dir, name, flags)
    })
    .map_err(|error| trouble("keep a backup of", spot, error))
}

/// Copies the old file with its attributes.
pub(super) fn copy(spot: &Spot) -> Result<AbsPath, SysError> {
    let failed =
        |error: io::Error| SysError::io(format!("cannot keep a backup of {}", spot.path), error);
    let read = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let old = rustix::fs::openat(&*spot.dir, &spot.name, read, Mode::empty());
    let mut old = File::from(old.map_err(|error| failed(error.into()))?);
    let meta = old.metadata().map_err(failed)?;
    if !meta.is_file() {
        return Err(failed(io::Error::other("it is not a regular file")));
    }
    let write = OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::WRONLY | OFlags::CLOEXEC;
    let mut made = None;
    let kept = named(spot, |name| {
        let mode = Mode::RUSR | Mode::WUSR;
        made = Some(File::from(rustix::fs::openat(&*spot.dir, name, write, mode)?));
        Ok(())
    })
    .map_err(|error| failed(error.into()))?;
    let Some(mut new) = made else { return Err(failed(io::Error::other("it was not made"))) };
    let mut finish = || {
        io::copy(&mut old, &mut new).map_err(failed)?;
        xattrs::carry_over(&old, &new, &spot.path, &Acl::AsItIs)?;
        let mode = u16::try_from(meta.mode() & 0o7777 & !SET_ID).unwrap_or(0o600);
        let (owner, group) = (Account::Number(meta.uid()), Account::Number(meta.gid()));
        let attrs = Attrs { owner, group, mode: PermissionBits(mode), acl: Acl::AsItIs };
        attributes::set_open(&new, spot, &attrs)?;
        new.sync_all().map_err(failed)
    };
    finish().inspect_err(|_| {
        // Half a backup is none; the error tells the rest.
        rustix::fs::unlinkat(&*spot.dir, kept.name(), AtFlags::empty()).ok();
    })?;
    Ok(kept)
}

/// Makes something under the first free name for a backup of now.
fn named(spot: &Spot, mut make: impl FnMut(&str) -> Result<(), Errno>) -> Result<AbsPath, Errno> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let time = stamp(now);
    for attempt in 0..TRIES {
        let count = if attempt == 0 { String::new() } else { format!("-{attempt}") };
        let name = format!("{}.{time}{count}~", spot.name);
        match make(&name) {
            Ok(()) => {
                let directory = spot.path.parent().unwrap_or_else(AbsPath::root);
                return directory.join(&name).map_err(|_| Errno::NAMETOOLONG);
            }
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Errno::EXIST)
}

/// Seconds since 1970 as `YYYYmmdd-HHMMSS`, UTC: hosts of one run agree on it.
fn stamp(seconds: u64) -> String {
    let Moment { year, month, day, hour, minute, second } = Moment::of(seconds);
    format!("{year:04}{month:02}{day:02}-{hour:02}{minute:02}{second:02}")
}

#[cfg(test)]
mod tests {
    use super::stamp;

    #[test]
    fn times_are_those_of_the_calendar() {
        // Checked with `date -u -d @N +%Y%m%d-%H%M%S`.
        assert_eq!(stamp(0), "19700101-000000");
        assert_eq!(stamp(951_782_399), "20000228-235959");
        assert_eq!(stamp(951_782_400), "20000229-000000");
        assert_eq!(stamp(1_735_689_599), "20241231-235959");
        assert_eq!(stamp(4_107_542_400), "21000301-000000");
    }
}
