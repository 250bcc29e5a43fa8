//! Where the bytes of a content come from: the task itself, a file of this host that has them, what an earlier push left of
//! them, the controller. Nothing crosses the line that is here already.

use super::spot::Spot;
use super::trouble::trouble;
use super::{open_to_read_at, partial};
use crate::outside::Outside;
use crate::sys::SysError;
use crate::sys::files::{Content, Place};
use hep_protocol::blob::{CHUNK, Digest, Hasher, Want};
use rustix::fs::FallocateFlags;
use rustix::io::Errno;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The disk is told of a large content in pieces of so many bytes.
const WRITEBACK: u64 = 8 * 1024 * 1024;

/// How many contents are known by the files that have them.
const MAX_KNOWN: usize = 16 * 1024;

/// Files with contents that this run put or found: another task, or another file of the same tree, may want one again. They
/// are opened with the rights of the task that wants them, and hashed as they are copied.
#[derive(Default)]
pub(in super::super) struct Known(Mutex<HashMap<Digest, Place>>);

impl Known {
    pub(super) fn add(&self, digest: Digest, place: &Place) {
        let mut all = self.lock();
        if all.len() < MAX_KNOWN {
            all.insert(digest, place.clone());
        }
    }

    fn has(&self, digest: &Digest) -> bool {
        self.lock().contains_key(digest)
    }

    fn take(&self, digest: &Digest) -> Option<Place> {
        self.lock().remove(digest)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, Place>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the contents among these need from outside.
pub(super) fn wants(contents: &[&Content], known: &Known) -> Vec<(Want, u64)> {
    let here = |content: &&&Content| content.inline.is_some() || known.has(&content.digest);
    let want = |content: &&Content| {
        let from = partial::find(content).map_or(0, |(_, len)| len);
        (Want { digest: content.digest, from }, content.size)
    };
    contents.iter().filter(|content| !here(content)).map(want).collect()
}

/// Writes a content into an empty file, and proves that it is the one that was meant.
pub(super) fn fill(
    file: &mut File,
    content: &Content,
    spot: &Spot,
    known: &Known,
    outside: &dyn Outside,
) -> Result<(), SysError> {
    if content.size > CHUNK as u64 {
        // Says at once that the disk is too small, before anything is sent.
        reserve(file, content.size).map_err(|error| trouble("write", spot, error))?;
    }
    let room = usize::try_from(content.size).map_or(CHUNK, |size| size.saturating_add(1));
    let buffer = vec![0; room.min(CHUNK)];
    let mut pour = Pour { file, content, spot, hasher: Hasher::default(), to_disk: 0, buffer };
    if let Some(bytes) = &content.inline {
        pour.copy(&mut bytes.as_slice()).map_err(|stopped| stopped.at(spot))?;
    } else if !pour.copy_known(known)? && !pour.copy_rest(outside)? {
        pour.copy_coming(0, outside)?;
    }
    pour.proven()
}

/// Has the file system set room aside, the content still as it is (fallocate(2)). Where it cannot, writing tells.
pub(super) fn reserve(file: &File, size: u64) -> Result<(), Errno> {
    let result = rustix::fs::fallocate(file, FallocateFlags::KEEP_SIZE, 0, size);
    if let Err(error @ (Errno::NOSPC | Errno::DQUOT | Errno::FBIG)) = result {
        Err(error)
    } else {
        Ok(())
    }
}

pub(super) fn write_failed(spot: &Spot, error: &io::Error) -> SysError {
    let number = error.raw_os_error().unwrap_or(nix::libc::EIO);
    trouble("write", spot, Errno::from_raw_os_error(number))
}

/// A content on its way into a file.
struct Pour<'a> {
    file: &'a mut File,
    content: &'a Content,
    spot: &'a Spot,
    /// Of what is in the file.
    hasher: Hasher,
    /// How much of it the disk was told of.
    to_disk: u64,
    buffer: Vec<u8>,
}

/// Why a copy stopped.
enum Stopped {
    /// The bytes could not be read.
    Reading(io::Error),
    Writing(SysError),
}

impl Stopped {
    fn at(self, spot: &Spot) -> SysError {
        match self {
            Self::Reading(error) => {
                SysError::io(format!("cannot get the new content of {}", spot.path), error)
            }
            Self::Writing(error) => error,
        }
    }
}

impl Pour<'_> {
    /// From a file that had the content when this run last saw it; false if that is over.
    fn copy_known(&mut self, known: &Known) -> Result<bool, SysError> {
        let place = known.take(&self.content.digest);
        let Some(mut there) = place.and_then(|place| open_to_read_at(&place).ok()) else {
            return Ok(false);
        };
        match self.copy(&mut there) {
            Err(Stopped::Writing(error)) => return Err(error),
            Ok(()) | Err(Stopped::Reading(_)) => {}
        }
        self.is_right_or_anew()
    }

    /// What an earlier push left, and the rest from outside; false if there is none, or it did not lead to the content.
    fn copy_rest(&mut self, outside: &dyn Outside) -> Result<bool, SysError> {
        let Some((mut there, len)) = partial::find(self.content) else { return Ok(false) };
        match self.copy(&mut (&mut there).take(len)) {
            Ok(()) if self.hasher.len() == len => self.copy_coming(len, outside)?,
            Err(Stopped::Writing(error)) => return Err(error),
            Ok(()) | Err(Stopped::Reading(_)) => {}
        }
        partial::remove(&self.content.digest);
        self.is_right_or_anew()
    }

    /// From outside, after the first bytes. What has come of a large content when the link is cut is kept.
    fn copy_coming(&mut self, from: u64, outside: &dyn Outside) -> Result<(), SysError> {
        let want = Want { digest: self.content.digest, from };
        let copied = match outside.open(want) {
            Ok(mut reader) => self.copy(&mut reader),
            Err(error) => Err(Stopped::Reading(error)),
        };
        if let Err(Stopped::Reading(error)) = &copied
            && error.kind() == ErrorKind::ConnectionAborted
        {
            partial::keep(self.file, self.content, self.hasher.len());
        }
        copied.map_err(|stopped| stopped.at(self.spot))
    }

    /// Appends what a reader gives; no more than a byte beyond the content's size.
    fn copy(&mut self, reader: &mut dyn Read) -> Result<(), Stopped> {
        while self.hasher.len() <= self.content.size {
            match reader.read(&mut self.buffer) {
                Ok(0) => break,
                Ok(n) => {
                    let data = self.buffer.get(..n).unwrap_or_default();
                    self.hasher.update(data);
                    let written = self.file.write_all(data);
                    written.map_err(|e| Stopped::Writing(write_failed(self.spot, &e)))?;
                    self.begin_writeback();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Stopped::Reading(error)),
            }
        }
        Ok(())
    }

    /// Has the disk begin with what has come, so that little is left to wait for at the end.
    fn begin_writeback(&mut self) {
        let come = self.hasher.len();
        if come - self.to_disk >= WRITEBACK {
            super::writeback::begin(self.file, self.to_disk, come - self.to_disk);
            self.to_disk = come;
        }
    }

    fn is_right(&self) -> bool {
        self.hasher.len() == self.content.size && self.hasher.finish() == self.content.digest
    }

    /// Whether the file has the content; if not, it is empty again.
    fn is_right_or_anew(&mut self) -> Result<bool, SysError> {
        if self.is_right() {
            return Ok(true);
        }
        (self.hasher, self.to_disk) = (Hasher::default(), 0);
        let emptied = self.file.set_len(0).and_then(|()| self.file.rewind());
        emptied.map_err(|error| write_failed(self.spot, &error))?;
        Ok(false)
    }

    fn proven(&self) -> Result<(), SysError> {
        if self.is_right() {
            return Ok(());
        }
        let (path, len, digest) = (&self.spot.path, self.hasher.len(), self.hasher.finish());
        let size = self.content.size;
        Err(SysError::new(format!(
            "the new content of {path} is not what was announced: {len} bytes of {size}, sha256 {digest}"
        ))
        .hint("the local file changed during the run; run again"))
    }
}
