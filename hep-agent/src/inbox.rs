//! What has come from the controller: a thread reads requests and files them here, the run takes them out.
//!
//! Bounded: contents sent ahead are kept in memory up to a limit and beyond it in an unnamed file; a streamed content
//! waits in a short queue, and the sender with it.

use hep_protocol::blob::Digest;
use hep_protocol::frame;
use hep_protocol::message::Request;
use hep_protocol::plan::Plan;
use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Contents sent ahead that are kept in memory, in bytes, all together.
const MEMORY: usize = 8 * 1024 * 1024;

/// Pieces of a streamed content that may wait.
const QUEUE: usize = 4;

/// Requests that have come and were not used yet.
#[derive(Default)]
pub(crate) struct Inbox {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    plan: Option<Plan>,
    /// Whether the plan has come: from then on a content is streamed to who asked for it, or belongs to nobody any more.
    begun: bool,
    ahead: HashMap<Digest, Stored>,
    in_memory: usize,
    /// The content that was asked for, and what has come of it.
    wanted: Option<Digest>,
    pieces: VecDeque<Piece>,
    cancelled: bool,
    ending: Option<Ending>,
}

/// Why nothing more will come.
#[derive(Clone, Debug)]
pub(crate) enum Ending {
    /// The controller said so.
    Meant,
    /// The stream broke or ended without a word, or made no sense; how.
    Lost(String),
}

enum Piece {
    Data { data: Vec<u8>, last: bool },
    Unavailable(String),
}

/// A content that was sent ahead.
enum Stored {
    Memory(Vec<u8>),
    Disk(Arc<File>, u64),
}

impl Inbox {
    /// Files requests until the stream ends. Runs on a thread of its own.
    pub(crate) fn fill(&self, reader: &mut dyn Read) {
        let ending = loop {
            match frame::read::<Request>(reader) {
                Ok(Some(Request::End)) => break Ending::Meant,
                Ok(Some(request)) => {
                    if let Err(error) = self.file(request) {
                        break Ending::Lost(format!(
                            "cannot keep a content that was sent: {error}"
                        ));
                    }
                }
                Ok(None) => break Ending::Lost("the controller is gone".to_owned()),
                Err(error) => {
                    break Ending::Lost(format!("the controller's stream is broken: {error}"));
                }
            }
        };
        let mut state = self.lock();
        state.cancelled |= matches!(ending, Ending::Lost(_));
        state.ending = Some(ending);
        self.changed.notify_all();
    }

    fn file(&self, request: Request) -> io::Result<()> {
        let mut state = self.lock();
        match request {
            Request::Plan(plan) => {
                state.begun = true;
                state.plan = Some(plan);
            }
            Request::Cancel => state.cancelled = true,
            Request::Blob { digest, data, last } if state.wanted == Some(digest) => {
                state =
                    self.wait_while(state, |s| s.pieces.len() >= QUEUE && s.wanted == Some(digest));
                state.pieces.push_back(Piece::Data { data, last });
            }
            Request::Unavailable { digest, reason } if state.wanted == Some(digest) => {
                state.pieces.push_back(Piece::Unavailable(reason));
            }
            Request::Blob { digest, data, .. } if !state.begun => state.store(digest, data)?,
            // `End` closes the stream before it is filed; the rest of a content whose reader gave up needs no keeping.
            Request::Blob { .. } | Request::Unavailable { .. } | Request::End => {}
        }
        self.changed.notify_all();
        Ok(())
    }

    /// The plan, as soon as it is there.
    pub(crate) fn plan(&self) -> Result<Plan, Ending> {
        let mut state = self.wait_while(self.lock(), |s| s.plan.is_none() && s.ending.is_none());
        match (state.plan.take(), &state.ending) {
            (Some(plan), _) => Ok(plan),
            (None, Some(ending)) => Err(ending.clone()),
            (None, None) => Err(Ending::Lost("no plan came".to_owned())),
        }
    }

    /// Whether the controller asked to stop, or is gone.
    pub(crate) fn cancelled(&self) -> bool {
        self.lock().cancelled
    }

    /// Stops the run: nobody reads the replies any more.
    pub(crate) fn cancel(&self) {
        self.lock().cancelled = true;
        self.changed.notify_all();
    }

    /// A content: sent ahead, or asked for by `ask` and then streamed.
    pub(crate) fn open(
        self: &Arc<Self>,
        digest: &Digest,
        ask: impl FnOnce(),
    ) -> io::Result<Box<dyn Read>> {
        let mut state = self.lock();
        match state.ahead.get(digest) {
            Some(Stored::Memory(bytes)) => return Ok(Box::new(io::Cursor::new(bytes.clone()))),
            Some(Stored::Disk(file, len)) => {
                return Ok(Box::new(DiskReader { file: Arc::clone(file), at: 0, len: *len }));
            }
            None => {}
        }
        if state.ending.is_some() {
            return Err(io::Error::other("the content was not sent along"));
        }
        state.wanted = Some(*digest);
        state.pieces.clear();
        drop(state);
        ask();
        Ok(Box::new(StreamReader {
            inbox: Arc::clone(self),
            data: io::Cursor::default(),
            last: false,
        }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_while<'a>(
        &self,
        guard: MutexGuard<'a, State>,
        condition: impl Fn(&mut State) -> bool,
    ) -> MutexGuard<'a, State> {
        self.changed.wait_while(guard, condition).unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn store(&mut self, digest: Digest, data: Vec<u8>) -> io::Result<()> {
        let fits = self.in_memory + data.len() <= MEMORY;
        self.in_memory += data.len();
        match self.ahead.get_mut(&digest) {
            Some(Stored::Memory(bytes)) if fits => bytes.extend_from_slice(&data),
            Some(Stored::Memory(bytes)) => {
                let mut file = crate::sys::linux::unnamed_file()?;
                file.write_all(bytes)?;
                file.write_all(&data)?;
                let len = (bytes.len() + data.len()) as u64;
                self.in_memory -= bytes.len() + data.len();
                self.ahead.insert(digest, Stored::Disk(Arc::new(file), len));
            }
            Some(Stored::Disk(file, len)) => {
                file.write_all_at(&data, *len)?;
                *len += data.len() as u64;
                self.in_memory -= data.len();
            }
            None if fits => {
                self.ahead.insert(digest, Stored::Memory(data));
            }
            None => {
                let mut file = crate::sys::linux::unnamed_file()?;
                file.write_all(&data)?;
                self.in_memory -= data.len();
                self.ahead.insert(digest, Stored::Disk(Arc::new(file), data.len() as u64));
            }
        }
        Ok(())
    }
}

/// Reads a content kept on disk, apart from its other readers.
struct DiskReader {
    file: Arc<File>,
    at: u64,
    len: u64,
}

impl Read for DiskReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.len - self.at).unwrap_or(usize::MAX).min(buffer.len());
        let n = self.file.read_at(buffer.get_mut(..left).unwrap_or_default(), self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}

/// Reads a content while it comes.
struct StreamReader {
    inbox: Arc<Inbox>,
    data: io::Cursor<Vec<u8>>,
    last: bool,
}

impl Read for StreamReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let n = self.data.read(buffer)?;
            if n > 0 || buffer.is_empty() || self.last {
                return Ok(n);
            }
            let inbox = &self.inbox;
            let mut state =
                inbox.wait_while(inbox.lock(), |s| s.pieces.is_empty() && s.ending.is_none());
            match (state.pieces.pop_front(), &state.ending) {
                (Some(Piece::Data { data, last }), _) => {
                    self.data = io::Cursor::new(data);
                    self.last = last;
                }
                (Some(Piece::Unavailable(reason)), _) => return Err(io::Error::other(reason)),
                (None, Some(Ending::Lost(how))) => return Err(io::Error::other(how.clone())),
                (None, _) => return Err(io::Error::other("the content was not sent along")),
            }
            inbox.changed.notify_all();
        }
    }
}

impl Drop for StreamReader {
    fn drop(&mut self) {
        let mut state = self.inbox.lock();
        state.wanted = None;
        state.pieces.clear();
        self.inbox.changed.notify_all();
    }
}
