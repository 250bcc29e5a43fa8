//! What has come from the controller: a thread reads requests and files them here, the run takes them out.
//!
//! Bounded: contents sent ahead are kept in memory up to a limit and beyond it in an unnamed file; a streamed content
//! waits in a short queue, and the sender with it.

use hep_protocol::blob::Digest;
use hep_protocol::frame;
use hep_protocol::message::{Go, Request};
use hep_protocol::plan::{HostPart, Plan};
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
    work: Option<Work>,
    /// What is this host's own, until the plan takes it.
    host: HostPart,
    answers: VecDeque<Go>,
    /// Whether the plan has come: from then on a content is streamed to who asked for it, or belongs to nobody any more.
    begun: bool,
    ahead: HashMap<Digest, Stored>,
    in_memory: usize,
    /// The content that was asked for, and what has come of it.
    wanted: Option<Digest>,
    pieces: VecDeque<Piece>,
    /// Answers whose reader gave up before their end, by content: they still come, and belong to nobody. Every want gets one
    /// answer, in order.
    left: HashMap<Digest, usize>,
    cancelled: bool,
    ending: Option<Ending>,
}

/// What reading a request gives.
pub(crate) type Received = Result<Option<Request>, frame::FrameError>;

/// What the controller wants.
#[derive(Debug)]
pub(crate) enum Work {
    /// A run.
    Plan(Box<Plan>, Box<HostPart>),
    /// To know what the host is.
    Facts,
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

impl Piece {
    /// Whether nothing more of the content comes after it.
    fn ends(&self) -> bool {
        match self {
            Piece::Data { last, .. } => *last,
            Piece::Unavailable(_) => true,
        }
    }
}

/// A content that was sent ahead.
enum Stored {
    Memory(Vec<u8>),
    Disk(Arc<File>, u64),
}

impl Inbox {
    /// Files requests until the stream ends, the one that was read already before all others. Runs on a thread of its own.
    pub(crate) fn fill(&self, mut first: Option<Received>, reader: &mut dyn Read) {
        let ending = loop {
            match first.take().unwrap_or_else(|| frame::read(reader)) {
                Ok(Some(Request::End)) => break Ending::Meant,
                Ok(Some(Request::Become(_))) => {
                    break Ending::Lost("the controller asks to become a user out of turn".into());
                }
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
                let host = std::mem::take(&mut state.host);
                state.work = Some(Work::Plan(Box::new(plan), Box::new(host)));
            }
            Request::Host(host) => state.host = host,
            Request::Facts => state.work = Some(Work::Facts),
            Request::Go(go) => state.answers.push_back(go),
            Request::Cancel => state.cancelled = true,
            Request::Blob { digest, data, .. } if !state.begun => state.store(digest, data)?,
            Request::Blob { digest, data, last } => {
                self.pass(state, digest, Piece::Data { data, last });
                return Ok(());
            }
            Request::Unavailable { digest, reason } => {
                self.pass(state, digest, Piece::Unavailable(reason));
                return Ok(());
            }
            // They close the stream before they are filed.
            Request::End | Request::Become(_) => {}
        }
        self.changed.notify_all();
        Ok(())
    }

    /// Hands a piece to the content's reader, and waits while that has enough to do. A piece that nobody waits for, or whose
    /// reader gave up meanwhile, is dropped.
    fn pass(&self, mut state: MutexGuard<'_, State>, digest: Digest, piece: Piece) {
        let full = |s: &mut State| s.belongs(&digest) && s.pieces.len() >= QUEUE;
        state = self.wait_while(state, full);
        if state.belongs(&digest) {
            state.pieces.push_back(piece);
        } else if piece.ends() {
            state.skip(&digest);
        }
        self.changed.notify_all();
    }

    /// The answer to a question that was asked; when none will come, the task is left out and the run is over.
    pub(crate) fn answer(&self) -> Go {
        let waiting = |s: &mut State| s.answers.is_empty() && s.ending.is_none() && !s.cancelled;
        let mut state = self.wait_while(self.lock(), waiting);
        state.answers.pop_front().unwrap_or(Go::Skip)
    }

    /// What is to be done, as soon as it is there.
    pub(crate) fn work(&self) -> Result<Work, Ending> {
        let mut state = self.wait_while(self.lock(), |s| s.work.is_none() && s.ending.is_none());
        match (state.work.take(), &state.ending) {
            (Some(Work::Plan(plan, host)), _) => match plan.fault(&host) {
                None => Ok(Work::Plan(plan, host)),
                Some(fault) => Err(Ending::Lost(format!("the plan is damaged: {fault}"))),
            },
            (Some(Work::Facts), _) => Ok(Work::Facts),
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
            digest: *digest,
            data: io::Cursor::default(),
            ended: false,
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
    /// Whether a piece that comes now is for the reader.
    fn belongs(&self, digest: &Digest) -> bool {
        self.wanted == Some(*digest) && !self.left.contains_key(digest)
    }

    /// An answer that belongs to nobody is over.
    fn skip(&mut self, digest: &Digest) {
        if let Some(left) = self.left.get_mut(digest) {
            *left -= 1;
            if *left == 0 {
                self.left.remove(digest);
            }
        }
    }

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
    digest: Digest,
    data: io::Cursor<Vec<u8>>,
    /// Whether the last piece was taken.
    ended: bool,
}

impl Read for StreamReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let n = self.data.read(buffer)?;
            if n > 0 || buffer.is_empty() || self.ended {
                return Ok(n);
            }
            let inbox = &self.inbox;
            let mut state =
                inbox.wait_while(inbox.lock(), |s| s.pieces.is_empty() && s.ending.is_none());
            let piece = state.pieces.pop_front();
            self.ended = piece.as_ref().is_some_and(Piece::ends);
            match (piece, &state.ending) {
                (Some(Piece::Data { data, .. }), _) => self.data = io::Cursor::new(data),
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
        if !self.ended && !state.pieces.iter().any(Piece::ends) {
            *state.left.entry(self.digest).or_default() += 1;
        }
        state.pieces.clear();
        self.inbox.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hep_protocol::plan::{DiffMode, RunMode};
    use std::io::PipeWriter;

    /// An inbox in the middle of a run, and the way into it.
    fn running() -> (Arc<Inbox>, PipeWriter) {
        let (mut reader, mut writer) = io::pipe().unwrap();
        let inbox = Arc::new(Inbox::default());
        let filler = Arc::clone(&inbox);
        std::thread::spawn(move || filler.fill(None, &mut reader));
        let plan = Plan::of_tasks(RunMode::Apply, DiffMode::Off, Vec::new());
        frame::write(&mut writer, &Request::Plan(plan)).unwrap();
        inbox.work().unwrap();
        (inbox, writer)
    }

    /// Sends one answer, a piece for each word.
    fn answer(writer: &mut PipeWriter, content: &str, words: &[&str]) {
        let digest = Digest::of(content.as_bytes());
        for (index, word) in words.iter().enumerate() {
            let (data, last) = (word.as_bytes().to_vec(), index + 1 == words.len());
            frame::write(writer, &Request::Blob { digest, data, last }).unwrap();
        }
    }

    fn open(inbox: &Arc<Inbox>, content: &str) -> Box<dyn Read> {
        inbox.open(&Digest::of(content.as_bytes()), || {}).unwrap()
    }

    fn text(mut reader: Box<dyn Read>) -> String {
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        text
    }

    fn wait_until_full(inbox: &Inbox) {
        while inbox.lock().pieces.len() < QUEUE {
            std::thread::yield_now();
        }
        // The next piece is waited with by then, or comes later: the outcome is the same.
        std::thread::sleep(std::time::Duration::from_millis(50));
    }

    #[test]
    fn pieces_of_a_reader_that_gave_up_reach_nobody_else() {
        let (inbox, mut writer) = running();
        let first = open(&inbox, "d");
        answer(&mut writer, "d", &["1", "2", "3", "4", "5", "6"]);
        wait_until_full(&inbox);
        drop(first);
        let other = open(&inbox, "e");
        answer(&mut writer, "e", &["of ", "e"]);
        assert_eq!(text(other), "of e");
        assert!(inbox.lock().left.is_empty());
    }

    #[test]
    fn content_opened_again_begins_with_its_second_answer() {
        let (inbox, mut writer) = running();
        let first = open(&inbox, "d");
        answer(&mut writer, "d", &["1", "2", "3", "4", "5", "6"]);
        wait_until_full(&inbox);
        drop(first);
        drop(open(&inbox, "d"));
        let digest = Digest::of(b"d");
        let reason = "it is gone".to_owned();
        frame::write(&mut writer, &Request::Unavailable { digest, reason }).unwrap();
        let third = open(&inbox, "d");
        answer(&mut writer, "d", &["a", "b"]);
        assert_eq!(text(third), "ab");
        assert!(inbox.lock().left.is_empty());
    }

    #[test]
    fn whole_answer_that_nobody_read_leaves_nothing_to_skip() {
        let (inbox, mut writer) = running();
        let first = open(&inbox, "d");
        answer(&mut writer, "d", &["1", "2", "3", "4"]);
        wait_until_full(&inbox);
        drop(first);
        let second = open(&inbox, "d");
        answer(&mut writer, "d", &["new"]);
        assert_eq!(text(second), "new");
    }
}
