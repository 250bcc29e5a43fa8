//! Names that hep uses beside a place while something is made there.
//!
//! The first choice for `motd` is `.hep-motd`, so that what a killed agent left is met, and removed, by the next that works
//! at the same place. A file or directory being made is locked (flock(2)): a locked one is somebody's, and left alone, as is
//! a directory that anything is in.

use super::remove;
use super::spot::Spot;
use super::trouble::trouble;
use super::walk;
use crate::sys::SysError;
use crate::sys::files::FileKind;
use rustix::fs::{AtFlags, Dir, FileType, FlockOperation, Mode, OFlags, RenameFlags};
use rustix::io::Errno;
use std::ffi::CStr;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

/// Names have at most 255 bytes; room is left for the prefix and the random part.
const LONGEST: usize = 200;

/// How many names are tried before giving up.
const TRIES: usize = 8;

/// A name that is ours until it is renamed to its place, or removed when this is dropped.
pub(super) struct TempName<'a> {
    spot: &'a Spot,
    name: String,
    kind: FileKind,
    is_ours: bool,
}

impl<'a> TempName<'a> {
    /// Makes something under a name that is free.
    pub(super) fn claim(
        spot: &'a Spot,
        kind: FileKind,
        mut make: impl FnMut(&str) -> Result<(), Errno>,
    ) -> Result<Self, Errno> {
        let mut name = format!(".hep-{}", shortened(&spot.name));
        for attempt in 0..TRIES {
            match make(&name) {
                Ok(()) => return Ok(Self { spot, name, kind, is_ours: true }),
                // The first is another agent's or a left one. If a removed one comes back, somebody works here too.
                Err(Errno::EXIST) if attempt == 0 && remove_abandoned(spot, &name) => {}
                Err(Errno::EXIST) => {
                    let random = RandomState::new().build_hasher().finish();
                    name = format!(".hep-{}-{random:016x}", shortened(&spot.name));
                }
                Err(error) => return Err(error),
            }
        }
        Err(Errno::EXIST)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Moves it to its place, where `was` gives way; what cannot be renamed over is exchanged and then removed.
    pub(super) fn install(mut self, was: Option<FileKind>, doing: &str) -> Result<(), SysError> {
        let is_directory = self.kind == FileKind::Directory;
        let failed = |error| trouble(doing, self.spot, error);
        match was {
            None => self.rename(RenameFlags::NOREPLACE).map_err(failed)?,
            Some(was) if is_directory == (was == FileKind::Directory) => {
                self.rename(RenameFlags::empty()).map_err(failed)?;
            }
            Some(was) => {
                self.exchange().map_err(failed)?;
                self.remove_old(was).map_err(|error| self.left_behind(error))?;
            }
        }
        self.is_ours = false;
        Ok(())
    }

    /// Moves it to its place and leaves what was there under this name, which the caller gives away.
    pub(super) fn exchange(&mut self) -> Result<(), Errno> {
        self.rename(RenameFlags::EXCHANGE)?;
        // From here on dropping this must not remove by the kind of what it was.
        self.is_ours = false;
        Ok(())
    }

    fn rename(&self, flags: RenameFlags) -> Result<(), Errno> {
        let Spot { dir, name, .. } = self.spot;
        match rustix::fs::renameat_with(&**dir, &self.name, &**dir, name, flags) {
            // A file system without these flags (NFS): the place was seen empty, and only a race could fill it.
            Err(Errno::INVAL | Errno::NOSYS) if flags == RenameFlags::NOREPLACE => {
                rustix::fs::renameat(&**dir, &self.name, &**dir, name)
            }
            result => result,
        }
    }

    fn remove_old(&self, was: FileKind) -> Result<(), SysError> {
        let old = self.spot.sibling(&self.name);
        match was {
            FileKind::Directory => remove::tree(&old),
            FileKind::File | FileKind::Link | FileKind::Special => {
                rustix::fs::unlinkat(&*old.dir, &old.name, AtFlags::empty())
                    .map_err(|error| trouble("remove the old", &old, error))
            }
        }
    }

    fn left_behind(&self, error: SysError) -> SysError {
        let (name, path) = (&self.name, &self.spot.path);
        error.hint(format!(
            "the new one is in place; what is left of the old is `{name}` beside {path}"
        ))
    }
}

impl Drop for TempName<'_> {
    fn drop(&mut self) {
        if self.is_ours {
            let directory = self.kind == FileKind::Directory;
            let flags = if directory { AtFlags::REMOVEDIR } else { AtFlags::empty() };
            // The error that brought us here is the one to tell.
            rustix::fs::unlinkat(&*self.spot.dir, &self.name, flags).ok();
        }
    }
}

/// Locks what we just made under a name; `EXIST` if another agent took it for a left one in between, so that it is not
/// ours.
pub(super) fn lock_named(spot: &Spot, name: &str, file: impl AsFd) -> Result<(), Errno> {
    lock(&file).map_err(|_| Errno::EXIST)?;
    let ours = rustix::fs::fstat(&file)?;
    match rustix::fs::statat(&*spot.dir, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(there) if (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino) => Ok(()),
        Ok(_) | Err(_) => Err(Errno::EXIST),
    }
}

/// Whether a directory is the one that was just made, as far as a directory tells: `EXIST` if, where others may exchange
/// names, it is another user's or has something in it.
pub(super) fn is_new_directory(spot: &Spot, made: impl AsFd) -> Result<(), Errno> {
    let is_ours = rustix::fs::fstat(&made)?.st_uid == nix::unistd::geteuid().as_raw();
    let is_own = |name: &CStr| matches!(name.to_bytes(), b"." | b"..");
    let entries = Dir::read_from(&made)?.collect::<Result<Vec<_>, _>>()?;
    let is_empty = entries.iter().all(|entry| is_own(entry.file_name()));
    if walk::is_closed(&spot.dir)? || (is_ours && is_empty) { Ok(()) } else { Err(Errno::EXIST) }
}

/// Opens a link that was just made; `EXIST` if something else has its name by now.
pub(super) fn open_new_link(spot: &Spot, name: &str, text: &str) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let made = rustix::fs::openat(&*spot.dir, name, flags, Mode::empty())
        .map_err(|error| if error == Errno::NOENT { Errno::EXIST } else { error })?;
    let stat = rustix::fs::fstat(&made)?;
    let is_link = FileType::from_raw_mode(stat.st_mode) == FileType::Symlink;
    let is_it = is_link
        && stat.st_nlink == 1
        && rustix::fs::readlinkat(&made, "", Vec::new())?.to_bytes() == text.as_bytes();
    if is_it { Ok(made) } else { Err(Errno::EXIST) }
}

/// Locks a file that we write: as long as we live, nobody takes it for a left one.
pub(super) fn lock(file: impl AsFd) -> Result<(), Errno> {
    rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive)
}

/// `.../proc/self/fd/3`: the name the kernel has for an open file (proc(5)).
pub(super) fn descriptor_path(file: impl AsFd) -> String {
    format!("/proc/self/fd/{}", file.as_fd().as_raw_fd())
}

pub(super) fn shortened(name: &str) -> &str {
    let end = (0..=name.len().min(LONGEST)).rev().find(|end| name.is_char_boundary(*end));
    name.get(..end.unwrap_or(0)).unwrap_or_default()
}

/// Removes what a killed agent left under a name; false if it is somebody's, or cannot be removed.
fn remove_abandoned(spot: &Spot, name: &str) -> bool {
    let Ok(meta) = rustix::fs::statat(&*spot.dir, name, AtFlags::SYMLINK_NOFOLLOW) else {
        return true;
    };
    let unlink = |flags| rustix::fs::unlinkat(&*spot.dir, name, flags).is_ok();
    let unlink_unlocked = |how| {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&*spot.dir, name, flags, Mode::empty());
        // The lock is held until after the removal: whoever made it just now finds it taken. It may be at its place by now,
        // and the name another's.
        file.is_ok_and(|file| lock_named(spot, name, &file).is_ok() && unlink(how))
    };
    match FileType::from_raw_mode(meta.st_mode) {
        FileType::RegularFile => unlink_unlocked(AtFlags::empty()),
        FileType::Symlink => unlink(AtFlags::empty()),
        // A killed agent left it empty. One that is not may be an operator's own.
        FileType::Directory => unlink_unlocked(AtFlags::REMOVEDIR),
        FileType::Fifo
        | FileType::Socket
        | FileType::CharacterDevice
        | FileType::BlockDevice
        | FileType::Unknown => false,
    }
}
