//! Walking to a directory of the real host, by descriptors: the only place that opens a path.
//!
//! Which links are followed on the way is decided in [`crate::sys::files::walk`].

use super::meta_of_stat;
use crate::sys::SysError;
use crate::sys::files::walk::{self, End, Link, Met, Obstacle, Refused, Stop, Tree, Walked, Way};
use crate::sys::files::{Account, Attrs};
use crate::sys::linux::passwd::Database;
use hep_protocol::value::AbsPath;
use rustix::fs::{CWD, FileType, Mode, OFlags, PROC_SUPER_MAGIC, ResolveFlags, openat, openat2};
use rustix::io::Errno;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// Opened to walk on, to look and to make things in, and neither read nor written.
const PASSING: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// Why nothing was come to.
#[derive(Debug)]
pub(super) enum Lost {
    /// The system says so.
    System(io::Error),
    /// A link on the way is not followed.
    Refused(Box<Refused>),
}

impl From<io::Error> for Lost {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl From<Errno> for Lost {
    fn from(error: Errno) -> Self {
        Self::System(error.into())
    }
}

impl From<Stop<Errno>> for Lost {
    fn from(stop: Stop<Errno>) -> Self {
        match stop {
            Stop::Lost(Obstacle::Missing) => Errno::NOENT.into(),
            Stop::Lost(Obstacle::NoDirectory) => Errno::NOTDIR.into(),
            Stop::Lost(Obstacle::Circle) => Errno::LOOP.into(),
            Stop::Lost(Obstacle::TooLong) => Errno::NAMETOOLONG.into(),
            Stop::Failed(error) => error.into(),
            Stop::Refused(refused) => Self::Refused(refused),
        }
    }
}

impl Lost {
    /// Whether nothing is there.
    pub(super) fn is_absence(&self) -> bool {
        match self {
            Self::System(error) => super::is_absence(error),
            Self::Refused(_) => false,
        }
    }

    /// As the error of doing something.
    pub(super) fn doing(self, what: impl Into<String>) -> SysError {
        match self {
            Self::System(error) => SysError::io(what, error),
            Self::Refused(refused) => refused.error(|uid| Database::Passwd.name_of(uid)),
        }
    }

    /// The same for a place further down: a refusal names the path to write instead.
    pub(super) fn below(self, components: &[&str]) -> Self {
        match self {
            Self::System(_) => self,
            Self::Refused(refused) => Self::Refused(Box::new(refused.below(components))),
        }
    }
}

/// Opens the directory that a path means, and those below it by name, where no link is followed.
pub(super) fn directory(path: &AbsPath, components: &[&str]) -> Result<OwnedFd, Lost> {
    // The kernel goes by itself through what has no link in it.
    match openat2(CWD, path.as_str(), PASSING, Mode::empty(), ResolveFlags::NO_SYMLINKS) {
        Ok(dir) => return Ok(components.iter().try_fold(dir, |at, name| into(&at, name))?),
        // A link, or a kernel (before 5.6) or a sandbox without this call.
        Err(Errno::LOOP | Errno::NOSYS | Errno::PERM | Errno::AGAIN) => {}
        Err(error) => return Err(error.into()),
    }
    let Walked { dir, way } = walk::walk(&Host::now(), path, End::Directory)?;
    let mut passed = (way.path.clone(), dir);
    for name in components {
        let dir = into(&passed.1, name)?;
        let path = passed.0.join(name).map_err(|_| Errno::NAMETOOLONG)?;
        if !way.bounds.is_empty() {
            way.allows(&path, &attrs(&dir)?.owner).map_err(Lost::Refused)?;
        }
        passed = (path, dir);
    }
    Ok(passed.1)
}

/// The path without links of what a path means.
pub(super) fn way(path: &AbsPath, end: End) -> Result<Way, Lost> {
    Ok(walk::walk(&Host::now(), path, end)?.way)
}

/// The path without links of a directory that nobody but root and the acting user can exchange.
pub(super) fn guarded(path: &AbsPath) -> Result<Option<AbsPath>, Lost> {
    Ok(walk::guarded(&Host::now(), path)?)
}

/// The same of a directory to start programs from: opened, and its path without links.
pub(crate) fn guarded_place(path: &Path) -> io::Result<(OwnedFd, PathBuf)> {
    let path = path.to_str().and_then(|path| AbsPath::try_from(path.to_owned()).ok());
    let path = path.ok_or(Errno::INVAL)?;
    let open = || -> Result<_, Lost> {
        let real = guarded(&path)?.ok_or(Errno::PERM)?;
        Ok((directory(&real, &[])?, PathBuf::from(real.as_str())))
    };
    open().map_err(|lost| match lost {
        Lost::System(error) => error,
        Lost::Refused(_) => Errno::PERM.into(),
    })
}

/// Whether nobody but root and the acting user can put anything into a directory.
pub(super) fn is_closed(dir: &OwnedFd) -> Result<bool, Errno> {
    Ok(walk::is_closed(&attrs(dir)?, Host::now().acting()))
}

fn into(dir: &OwnedFd, name: &str) -> Result<OwnedFd, Errno> {
    openat(dir, name, PASSING | OFlags::NOFOLLOW, Mode::empty())
}

fn attrs(dir: &OwnedFd) -> Result<Attrs, Errno> {
    Ok(meta_of_stat(&rustix::fs::fstat(dir)?).attrs)
}

/// The real tree, for one user.
struct Host {
    acting: u32,
}

impl Host {
    /// For the user whose rights this thread has now.
    fn now() -> Self {
        Self { acting: nix::unistd::geteuid().as_raw() }
    }
}

impl Tree for Host {
    type Dir = OwnedFd;
    type Error = Errno;

    fn top(&self) -> Result<OwnedFd, Errno> {
        openat(CWD, "/", PASSING, Mode::empty())
    }

    fn meet(&self, dir: &OwnedFd, name: &str) -> Result<Met<OwnedFd>, Errno> {
        match into(dir, name) {
            Ok(dir) => return Ok(Met::Directory(dir)),
            Err(Errno::NOENT) => return Ok(Met::Nothing),
            Err(Errno::NOTDIR | Errno::LOOP) => {}
            Err(error) => return Err(error),
        }
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let met = openat(dir, name, flags, Mode::empty())?;
        // Text and owner are those of what is open, whatever has this name by now.
        let stat = rustix::fs::fstat(&met)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Symlink => {
                let text = rustix::fs::readlinkat(&met, "", Vec::new())?;
                let text = text.into_string().map_err(|_| Errno::ILSEQ)?;
                let is_magic = rustix::fs::fstatfs(dir)?.f_type == PROC_SUPER_MAGIC;
                Ok(Met::Link(Link { text, owner: Account::Number(stat.st_uid), is_magic }))
            }
            FileType::Directory => Ok(Met::Directory(into(&met, ".")?)),
            FileType::RegularFile
            | FileType::Fifo
            | FileType::Socket
            | FileType::CharacterDevice
            | FileType::BlockDevice
            | FileType::Unknown => Ok(Met::Other),
        }
    }

    fn attrs(&self, dir: &OwnedFd) -> Result<Attrs, Errno> {
        attrs(dir)
    }

    fn acting(&self) -> u32 {
        self.acting
    }
}

#[cfg(test)]
mod tests;
