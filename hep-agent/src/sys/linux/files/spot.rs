//! A place on the real host: the open directory, and a name in it.

use crate::sys::SysError;
use crate::sys::files::{Durable, FileKind, Place};
use hep_protocol::value::AbsPath;
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;
use std::os::fd::OwnedFd;
use std::rc::Rc;

/// A name in a directory that is held open: whoever renames or links the directory meanwhile changes nothing for us.
pub(super) struct Spot {
    pub(super) dir: Rc<OwnedFd>,
    pub(super) name: String,
    /// For messages.
    pub(super) path: AbsPath,
}

impl Spot {
    /// Opens the directory of a place, following links above its root only.
    pub(super) fn open(place: &Place) -> Result<Self, SysError> {
        let mut components = place.components();
        // The root directory itself has no name: `.` in itself is it.
        let name = components.pop().unwrap_or(".").to_owned();
        let directory = || place.path().parent().unwrap_or_else(AbsPath::root);
        let failed = |error: Errno| {
            SysError::io(format!("cannot open the directory {}", directory()), error)
        };
        let at = walk(place.root(), &components).map_err(failed)?;
        // To write it to disk it must be open for reading; a directory that may only be searched is used without.
        let readable = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let at = match openat(&at, ".", readable, Mode::empty()) {
            Ok(dir) => dir,
            Err(Errno::ACCESS) => at,
            Err(error) => return Err(failed(error)),
        };
        Ok(Self { dir: Rc::new(at), name, path: place.path().clone() })
    }

    /// Opens what is at a place, by the same way; a link there is not followed.
    pub(super) fn open_at(place: &Place, flags: OFlags) -> Result<OwnedFd, Errno> {
        let at = Self::directory_of(place)?;
        openat(at, place.name(), flags | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())
    }

    /// Opens the directory of a place, not for reading; its root itself, if it is that.
    pub(super) fn directory_of(place: &Place) -> Result<OwnedFd, Errno> {
        let mut components = place.components();
        components.pop();
        walk(place.root(), &components)
    }

    /// Another name in the same directory; messages still speak of this place.
    pub(super) fn sibling(&self, name: &str) -> Self {
        Self { dir: Rc::clone(&self.dir), name: name.to_owned(), path: self.path.clone() }
    }

    /// Writes the directory to disk now, if it is not written with many others later.
    pub(super) fn sync_if(&self, durable: Durable) -> Result<(), SysError> {
        match durable {
            Durable::AtOnce => self.sync(),
            Durable::Later => Ok(()),
        }
    }

    /// Writes the directory to disk, so that the new name survives a crash (fsync(2)).
    pub(super) fn sync(&self) -> Result<(), SysError> {
        match rustix::fs::fsync(&*self.dir) {
            // Not open for reading, or a file system that does not know of syncing directories.
            Ok(()) | Err(Errno::BADF | Errno::INVAL) => Ok(()),
            Err(error) => Err(SysError::io(
                format!("cannot write the directory of {} to disk", self.path),
                error,
            )),
        }
    }
}

/// The directory that was worked in last: most changes of a task that follow each other are made in one. It is forgotten
/// between tasks, which may have other rights, and where a directory gives way.
#[derive(Default)]
pub(in super::super) struct Near(Option<(Place, Rc<OwnedFd>)>);

impl Near {
    /// As [`Spot::open`].
    pub(super) fn open(&mut self, place: &Place) -> Result<Spot, SysError> {
        match &self.0 {
            Some((known, dir)) if known.is_beside(place) => {
                let (name, path) = (place.name().to_owned(), place.path().clone());
                Ok(Spot { dir: Rc::clone(dir), name, path })
            }
            Some(_) | None => {
                let spot = Spot::open(place)?;
                self.0 = Some((place.clone(), Rc::clone(&spot.dir)));
                Ok(spot)
            }
        }
    }

    /// The same where something gives way: below a directory that does, nothing is as it was.
    pub(super) fn open_over(
        &mut self,
        place: &Place,
        was: Option<FileKind>,
    ) -> Result<Spot, SysError> {
        let spot = self.open(place);
        if was == Some(FileKind::Directory) {
            self.forget();
        }
        spot
    }

    pub(super) fn forget(&mut self) {
        self.0 = None;
    }
}

/// Opens a directory, following links in the first path only.
fn walk(root: &AbsPath, components: &[&str]) -> Result<OwnedFd, Errno> {
    let passing = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut at = openat(CWD, root.as_str(), passing, Mode::empty())?;
    for component in components {
        at = openat(&at, *component, passing | OFlags::NOFOLLOW, Mode::empty())?;
    }
    Ok(at)
}
