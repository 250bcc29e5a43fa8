//! A place on the real host: the open directory, and a name in it.

use super::walk::{self, Lost};
use crate::sys::SysError;
use crate::sys::files::{Durable, FileKind, Place};
use hep_protocol::value::AbsPath;
use rustix::fs::{Mode, OFlags, openat};
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
    /// Opens the directory of a place.
    pub(super) fn open(place: &Place) -> Result<Self, SysError> {
        let directory = || place.path().parent().unwrap_or_else(AbsPath::root);
        let failed =
            |error: Lost| error.doing(format!("cannot open the directory {}", directory()));
        let at = Self::directory_of(place).map_err(failed)?;
        // To write it to disk it must be open for reading; a directory that may only be searched is used without.
        let readable = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let at = match openat(&at, ".", readable, Mode::empty()) {
            Ok(dir) => dir,
            Err(Errno::ACCESS) => at,
            Err(error) => return Err(failed(error.into())),
        };
        // The root directory itself has no name: `.` in itself is it.
        Ok(Self { dir: Rc::new(at), name: place.name().to_owned(), path: place.path().clone() })
    }

    /// Opens what is at a place, by the same way; a link there is not followed.
    pub(super) fn open_at(place: &Place, flags: OFlags) -> Result<OwnedFd, Lost> {
        let at = Self::directory_of(place)?;
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(openat(at, place.name(), flags, Mode::empty())?)
    }

    /// Opens the directory of a place, not for reading; its root itself, if it is that. Links above its root are followed
    /// as far as they are trusted, and none below it.
    pub(super) fn directory_of(place: &Place) -> Result<OwnedFd, Lost> {
        let components = place.components();
        let above = components.split_last().map_or(&[][..], |(_, above)| above);
        walk::directory(place.root(), above).map_err(|error| error.below(&components))
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
