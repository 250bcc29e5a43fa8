//! Hands a helper its errand, the contents that it wants, if they are its task's, and the wish to stop.

use super::Word;
use crate::outside::Outside;
use hep_protocol::blob::{CHUNK, Digest, Source, SourceFile, TreeKind, Want};
use hep_protocol::frame;
use hep_protocol::message::Request;
use hep_protocol::plan::Task;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How soon a wish to stop reaches a helper.
const GLANCE: Duration = Duration::from_millis(200);

/// How often a task may ask for a file, on average: ahead of its use, again if it was passed over, and for its rest.
const OFTEN: usize = 4;

/// The contents that a task names.
pub(super) struct Named {
    /// With their sizes.
    contents: BTreeMap<Digest, u64>,
    /// How many files have them.
    files: usize,
}

impl Named {
    pub(super) fn by(task: &Task) -> Self {
        let mut named = Self { contents: BTreeMap::new(), files: 0 };
        for source in &task.sources {
            match &source.source {
                Source::File(file) => named.add(file),
                Source::Tree { entries, .. } => {
                    for entry in entries {
                        match &entry.kind {
                            TreeKind::File(file) => named.add(file),
                            TreeKind::Directory | TreeKind::Link { .. } => {}
                        }
                    }
                }
            }
        }
        named
    }

    fn add(&mut self, file: &SourceFile) {
        self.contents.insert(file.digest, file.size);
        self.files += 1;
    }

    /// How many wants the task can have.
    pub(super) fn most(&self) -> usize {
        self.files.saturating_mul(OFTEN)
    }

    fn with_sizes(&self, wants: &[Want]) -> Vec<(Want, u64)> {
        let size = |want: &Want| self.contents.get(&want.digest).map(|size| (*want, *size));
        wants.iter().filter_map(size).collect()
    }
}

/// What is said to a helper while a task runs, all by one thread.
pub(super) struct Feeder<'a> {
    pub(super) stream: &'a UnixStream,
    pub(super) named: &'a Named,
    pub(super) outside: &'a dyn Outside,
    /// Whether the task has ended: what it still wanted is told to be unavailable, so that the next finds its own answers.
    pub(super) over: &'a AtomicBool,
    /// How long a helper whose task has ended may leave that unread.
    pub(super) patience: Duration,
}

impl Feeder<'_> {
    /// Hands over an errand and answers wants until nobody can ask any more. A helper that takes nothing is gone, which its
    /// own end tells better.
    pub(super) fn feed(&self, errand: &[u8], asked: &Receiver<Vec<Want>>) {
        if self.put(errand).and_then(|()| self.answers(asked)).is_err() {
            // It may have part of a frame, and can be told nothing more.
            self.stream.shutdown(Shutdown::Both).ok();
        }
        if !self.named.contents.is_empty() {
            self.outside.foresee(Vec::new());
        }
    }

    fn answers(&self, asked: &Receiver<Vec<Want>>) -> io::Result<()> {
        let mut stop = Stop::default();
        loop {
            self.heed(&mut stop)?;
            match asked.recv_timeout(GLANCE) {
                Ok(wants) => {
                    if !self.is_over() {
                        // All in one go: one round trip, and not one for each.
                        self.outside.foresee(self.named.with_sizes(&wants));
                    }
                    wants.iter().try_for_each(|want| self.answer(*want, &mut stop))?;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    }

    /// Passes on the wish to stop, once.
    fn heed(&self, stop: &mut Stop) -> io::Result<()> {
        if self.outside.cancelled() && !stop.told {
            stop.told = true;
            self.say(Request::Cancel)?;
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    fn answer(&self, want: Want, stop: &mut Stop) -> io::Result<()> {
        let digest = want.digest;
        let opened = if !self.named.contents.contains_key(&digest) {
            Err(io::Error::other("the task does not name it"))
        } else if self.is_over() {
            Err(over())
        } else {
            self.outside.open(want)
        };
        let missing = match opened {
            Ok(mut content) => self.pass(digest, content.as_mut(), stop)?,
            Err(error) => Some(error),
        };
        match missing {
            Some(error) => self.say(Request::Unavailable { digest, reason: error.to_string() }),
            None => Ok(()),
        }
    }

    /// Passes a content on; gives why its rest does not come, if so. A piece is known to be the last when the next one is
    /// empty.
    fn pass(
        &self,
        digest: Digest,
        content: &mut dyn Read,
        stop: &mut Stop,
    ) -> io::Result<Option<io::Error>> {
        let mut piece = || {
            let mut data = Vec::new();
            (&mut *content).take(CHUNK as u64).read_to_end(&mut data).map(|_| data)
        };
        let mut data = match piece() {
            Ok(data) => data,
            Err(error) => return Ok(Some(error)),
        };
        loop {
            self.heed(stop)?;
            if self.is_over() {
                return Ok(Some(over()));
            }
            let next = match piece() {
                Ok(next) => next,
                Err(error) => return Ok(Some(error)),
            };
            let last = next.is_empty();
            self.say(Request::Blob { digest, data, last })?;
            if last {
                return Ok(None);
            }
            data = next;
        }
    }

    fn say(&self, request: Request) -> io::Result<()> {
        let word = Word::Request(Box::new(request));
        self.put(&frame::encode(&word).map_err(|error| io::Error::other(error.to_string()))?)
    }

    /// Writes as long as the task runs: who listens to the helper shuts the stream when nothing is heard of it.
    fn put(&self, frame: &[u8]) -> io::Result<()> {
        let (mut rest, mut late) = (frame, None);
        while !rest.is_empty() {
            let mut stream = self.stream;
            match stream.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(n) => rest = rest.get(n..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let since = self.is_over().then(|| *late.get_or_insert_with(Instant::now));
                    if since.is_some_and(|since| since.elapsed() >= self.patience) {
                        return Err(ErrorKind::TimedOut.into());
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Whether the wish to stop was passed on.
#[derive(Default)]
struct Stop {
    told: bool,
}

fn over() -> io::Error {
    io::Error::other("the task has ended")
}
