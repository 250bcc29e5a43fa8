//! Removing a tree by descriptors: no link is followed, and no other file system entered.

use super::spot::Spot;
use super::trouble::trouble;
use crate::sys::SysError;
use hep_protocol::value::AbsPath;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, StatxAttributes, StatxFlags};
use rustix::io::Errno;
use std::ffi::CString;
use std::os::fd::OwnedFd;
use std::rc::Rc;

/// Each level holds a descriptor, of which a process has 1024 by default.
const DEEPEST: usize = 500;

/// How often a directory that others keep filling is emptied again.
const TRIES: usize = 10;

/// Removes a directory and everything in it.
pub(super) fn tree(spot: &Spot) -> Result<(), SysError> {
    Removal { spot }.directory(&spot.dir, &CString::new(spot.name.as_str()).unwrap_or_default(), 0)
}

struct Removal<'a> {
    spot: &'a Spot,
}

impl Removal<'_> {
    fn directory(
        &self,
        parent: &Rc<OwnedFd>,
        name: &CString,
        depth: usize,
    ) -> Result<(), SysError> {
        let failed = |error| trouble("remove", &self.named(name), error);
        if depth > DEEPEST {
            return Err(SysError::new(format!(
                "cannot remove {}: directories are nested more than {DEEPEST} deep",
                self.spot.path
            )));
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        for _ in 0..TRIES {
            if is_mount_root(parent, name).map_err(failed)? {
                return Err(SysError::new(format!(
                    "{} in {} is a mount point by now and was left",
                    name.to_string_lossy(),
                    self.spot.path
                )));
            }
            let dir = rustix::fs::openat(&**parent, name, flags, Mode::empty()).map_err(failed)?;
            let dir = Rc::new(dir);
            for (entry, kind) in entries(&dir).map_err(failed)? {
                self.entry(&dir, &entry, kind, depth)?;
            }
            match rustix::fs::unlinkat(&**parent, name, AtFlags::REMOVEDIR) {
                Ok(()) | Err(Errno::NOENT) => return Ok(()),
                // Somebody put something into it meanwhile.
                Err(Errno::NOTEMPTY | Errno::EXIST) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Err(failed(Errno::NOTEMPTY))
    }

    fn entry(
        &self,
        dir: &Rc<OwnedFd>,
        name: &CString,
        kind: FileType,
        depth: usize,
    ) -> Result<(), SysError> {
        if kind == FileType::Directory {
            return self.directory(dir, name, depth + 1);
        }
        match rustix::fs::unlinkat(&**dir, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            // The file system did not tell its type, or it was exchanged.
            Err(Errno::ISDIR) => self.directory(dir, name, depth + 1),
            Err(error) => Err(trouble("remove", &self.named(name), error)),
        }
    }

    /// The place for a message: something in the tree that is removed, by its last name.
    fn named(&self, name: &CString) -> Spot {
        let name = name.to_string_lossy().into_owned();
        let path = &self.spot.path;
        let shown = if name == path.name() {
            path.clone()
        } else {
            // The path in between is not known here, and need not be.
            AbsPath::try_from(format!("{path}/…/{name}")).unwrap_or_else(|_| path.clone())
        };
        Spot { dir: Rc::clone(&self.spot.dir), name, path: shown }
    }
}

/// All names in a directory, read before any is removed: readdir(3) promises nothing about removing while reading.
fn entries(dir: &OwnedFd) -> Result<Vec<(CString, FileType)>, Errno> {
    let mut names = Vec::new();
    for entry in Dir::read_from(dir)? {
        let entry = entry?;
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
            names.push((entry.file_name().to_owned(), entry.file_type()));
        }
    }
    Ok(names)
}

/// Whether something is mounted here, also a part of the same file system; kernels before 5.8 do not tell, and there
/// the plan's look at the mount table must do.
fn is_mount_root(parent: &OwnedFd, name: &CString) -> Result<bool, Errno> {
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
    match rustix::fs::statx(parent, name, flags, StatxFlags::empty()) {
        Ok(meta) => Ok(meta.stx_attributes.contains(StatxAttributes::MOUNT_ROOT)),
        Err(Errno::NOSYS | Errno::PERM) => Ok(false),
        Err(error) => Err(error),
    }
}
