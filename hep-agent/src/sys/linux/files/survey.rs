//! Many places looked at, on several threads, with one walk for those that lie together.
//!
//! A thread has the rights of the one that starts it, whomever the task runs as (credentials(7)).

use super::spot::Spot;
use super::walk::Lost;
use super::{meta_of_stat, regular};
use crate::sys::SysError;
use crate::sys::files::{Content, FileKind, Place, Seen};
use hep_protocol::blob::{CHUNK, Digest};
use rustix::fs::{AtFlags, Mode, OFlags};
use std::fs::File;
use std::num::NonZero;
use std::os::fd::OwnedFd;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// A place, and the content that it should have.
pub(super) type Looked<'a> = (&'a Place, Option<&'a Content>);

/// Fewer places than this, or fewer bytes, are not worth a thread.
const PLACES_A_THREAD: usize = 64;
const BYTES_A_THREAD: u64 = 4 * 1024 * 1024;

/// More threads than this wait for the disk and no more.
const THREADS: usize = 8;

/// What is at each of the places, in their order.
pub(super) fn survey(places: &[Looked<'_>]) -> Result<Vec<Seen>, SysError> {
    let parts = parts(places);
    // How many processors there are is a question of several system calls: most tasks have one place.
    if parts.len() < 2 {
        return look_at(places);
    }
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = parts.len().min(processors).min(THREADS);
    if threads < 2 {
        return look_at(places);
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(part) = parts.get(at) else { return done };
            done.push((at, look_at(part)));
        }
    };
    let mut done: Vec<_> = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let own = work();
        let others = others.into_iter();
        let others = others.flat_map(|thread| thread.join().unwrap_or_else(|e| resume_unwind(e)));
        own.into_iter().chain(others).collect()
    });
    done.sort_by_key(|(at, _)| *at);
    let mut seen = Vec::with_capacity(places.len());
    for (_, part) in done {
        seen.extend(part?);
    }
    Ok(seen)
}

/// The places in pieces that are worth a thread each.
fn parts<'p, 'a>(places: &'p [Looked<'a>]) -> Vec<&'p [Looked<'a>]> {
    let mut parts = Vec::new();
    let (mut begin, mut bytes) = (0, 0);
    for (at, (_, content)) in places.iter().enumerate() {
        bytes += content.map_or(0, |content| content.size);
        let end = at + 1;
        if end - begin >= PLACES_A_THREAD || bytes >= BYTES_A_THREAD || end == places.len() {
            parts.extend(places.get(begin..end));
            (begin, bytes) = (end, 0);
        }
    }
    parts
}

fn look_at(places: &[Looked<'_>]) -> Result<Vec<Seen>, SysError> {
    let mut look = Look { directory: None, buffer: Vec::new() };
    places.iter().map(|(place, content)| look.at(place, *content)).collect()
}

/// The last directory that was walked to: most places that follow each other lie in one.
struct Look<'a> {
    /// None if it is not there: then nothing is in it.
    directory: Option<(&'a Place, Option<OwnedFd>)>,
    buffer: Vec<u8>,
}

impl<'a> Look<'a> {
    fn at(&mut self, place: &'a Place, content: Option<&Content>) -> Result<Seen, SysError> {
        match self.try_at(place, content) {
            Ok(seen) => Ok(seen),
            Err((_, error)) if error.is_absence() => Ok(Seen { meta: None, same: false }),
            Err((doing, error)) => Err(error.doing(format!("cannot {doing} {}", place.path()))),
        }
    }

    fn try_at(
        &mut self,
        place: &'a Place,
        content: Option<&Content>,
    ) -> Result<Seen, (&'static str, Lost)> {
        let to_look = |error: Lost| ("look at", error);
        let to_read = |error: Lost| ("read", error);
        let directory = match self.directory.take().filter(|(known, _)| known.is_beside(place)) {
            Some((_, directory)) => directory,
            None => present(Spot::directory_of(place)).map_err(to_look)?,
        };
        let (_, directory) = self.directory.insert((place, directory));
        let Some(directory) = directory else { return Ok(Seen::default()) };
        // What is no regular file is not opened: that may do something to a device.
        let meta = rustix::fs::statat(&*directory, place.name(), AtFlags::SYMLINK_NOFOLLOW);
        let meta = meta_of_stat(&meta.map_err(|e| to_look(e.into()))?);
        let same = match content {
            Some(content) if meta.may_hold(content) => {
                let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let file = rustix::fs::openat(&*directory, place.name(), flags, Mode::empty())
                    .map_err(|e| to_read(e.into()))?;
                let mut file = regular(File::from(file)).map_err(|e| to_read(e.into()))?;
                let room = usize::try_from(content.size).map_or(CHUNK, |size| size.min(CHUNK));
                if self.buffer.len() < room.max(1) {
                    self.buffer.resize(room.max(1), 0);
                }
                let read = Digest::of_reader_through(&mut file, &mut self.buffer);
                read.map_err(|e| to_read(e.into()))?.0 == content.digest
            }
            Some(_) | None => false,
        };
        debug_assert!(!same || meta.kind == FileKind::File);
        Ok(Seen { meta: Some(meta), same })
    }
}

/// A directory, if it is there.
fn present(directory: Result<OwnedFd, Lost>) -> Result<Option<OwnedFd>, Lost> {
    match directory {
        Ok(directory) => Ok(Some(directory)),
        Err(error) if error.is_absence() => Ok(None),
        Err(error) => Err(error),
    }
}
