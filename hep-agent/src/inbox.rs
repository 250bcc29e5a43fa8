//! What has come from the controller: a thread reads requests and files them here, the run takes them out.
//!
//! Bounded: contents sent ahead are kept in memory up to a limit and beyond it in an unnamed file; streamed contents wait
//! in a short queue, and the sender with them.

mod ahead;
mod due;
#[cfg(test)]
mod tests;

use ahead::Ahead;
use due::{Due, Number, Piece};
use hep_protocol::blob::{Digest, Want};
use hep_protocol::frame;
use hep_protocol::message::{Go, Request};
use hep_protocol::plan::{HostPart, Plan, Play};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Requests that have come and were not used yet.
#[derive(Default)]
pub(crate) struct Inbox {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    work: Option<Work>,
    /// What is this host's own, until the run begins.
    host: HostPart,
    /// Its plays, until the run begins.
    plays: Vec<Play>,
    answers: VecDeque<Go>,
    /// Whether the host may go on with its next play, and is alone then.
    go_ahead: Option<bool>,
    /// Whether the run has begun: from then on a content is streamed to who asked for it, or belongs to nobody any more.
    begun: bool,
    ahead: Ahead,
    due: Due,
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

impl Inbox {
    /// Files requests until the stream ends, the one that was read already before all others. Runs on a thread of its own.
    pub(crate) fn fill(&self, mut first: Option<Received>, reader: &mut dyn Read) {
        let ending = loop {
            match first.take().unwrap_or_else(|| frame::read_packed(reader)) {
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
            Request::Host(host) => state.host = host,
            Request::Play(play) => state.plays.push(play),
            Request::Begin(settings) => {
                state.begun = true;
                let plays = std::mem::take(&mut state.plays);
                let host = std::mem::take(&mut state.host);
                let plan = Plan { settings, plays };
                state.work = Some(Work::Plan(Box::new(plan), Box::new(host)));
            }
            Request::Facts => state.work = Some(Work::Facts),
            Request::Go(go) => state.answers.push_back(go),
            Request::GoAhead { alone } => state.go_ahead = Some(alone),
            Request::Cancel => state.cancelled = true,
            Request::Blob { digest, data, .. } if !state.begun => {
                state.ahead.store(digest, data)?
            }
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
    fn pass(&self, state: MutexGuard<'_, State>, digest: Digest, piece: Piece) {
        let mut state = self.wait_while(state, |s| s.due.is_full());
        state.due.file(&digest, piece);
        self.changed.notify_all();
    }

    /// The answer to a question that was asked; when none will come, the task is left out and the run is over.
    pub(crate) fn answer(&self) -> Go {
        let waiting = |s: &mut State| s.answers.is_empty() && s.ending.is_none() && !s.cancelled;
        let mut state = self.wait_while(self.lock(), waiting);
        state.answers.pop_front().unwrap_or(Go::Skip)
    }

    /// The word to go on with the next play, and whether no other host is left; when none will come, the run is over.
    pub(crate) fn go_ahead(&self) -> bool {
        let waiting = |s: &mut State| s.go_ahead.is_none() && s.ending.is_none() && !s.cancelled;
        let mut state = self.wait_while(self.lock(), waiting);
        let alone = state.go_ahead.take();
        state.cancelled |= alone.is_none();
        alone.unwrap_or(true)
    }

    /// Files a piece of a content that was asked for, where no plan comes.
    pub(crate) fn stream(&self, request: Request) {
        match request {
            Request::Blob { digest, data, last } => {
                self.pass(self.lock(), digest, Piece::Data { data, last });
            }
            Request::Unavailable { digest, reason } => {
                self.pass(self.lock(), digest, Piece::Unavailable(reason));
            }
            Request::Become(_)
            | Request::Host(_)
            | Request::Play(_)
            | Request::Begin(_)
            | Request::Facts
            | Request::Go(_)
            | Request::GoAhead { .. }
            | Request::Cancel
            | Request::End => {}
        }
    }

    /// Nothing more will come: the run stops after the current step.
    pub(crate) fn lose(&self, how: &str) {
        let mut state = self.lock();
        state.cancelled = true;
        state.ending = Some(Ending::Lost(how.to_owned()));
        self.changed.notify_all();
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

    /// Tells which contents will be opened next, in this order and with their sizes; they are asked for by `ask` ahead of
    /// their use. None means that those told before are not needed any more.
    pub(crate) fn foresee(&self, wants: Vec<(Want, u64)>, ask: impl FnOnce(Vec<Want>)) {
        let mut state = self.lock();
        let wants = wants.into_iter().filter(|(want, _)| !state.ahead.has(&want.digest)).collect();
        state.due.foresee(wants);
        let asked = if state.ending.is_none() { state.due.ask() } else { Vec::new() };
        drop(state);
        // Pieces that nobody waits for any more have made room.
        self.changed.notify_all();
        send(asked, ask);
    }

    /// A content, or the rest of it: sent ahead, or asked for by `ask` and then streamed.
    pub(crate) fn open(
        self: &Arc<Self>,
        want: Want,
        ask: impl FnOnce(Vec<Want>),
    ) -> io::Result<Box<dyn Read>> {
        let mut state = self.lock();
        if let Some(reader) = state.ahead.open(&want.digest, want.from) {
            return Ok(reader);
        }
        if let Some(ending) = &state.ending {
            return Err(ending.error());
        }
        let (number, asked) = state.due.of(want);
        drop(state);
        self.changed.notify_all();
        send(asked, ask);
        let (inbox, data) = (Arc::clone(self), io::Cursor::default());
        Ok(Box::new(StreamReader { inbox, number, data, ended: false }))
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

impl Ending {
    /// What it is to who waits for a content. That of a link that was cut has a kind of its own.
    fn error(&self) -> io::Error {
        match self {
            Ending::Lost(how) => io::Error::new(ErrorKind::ConnectionAborted, how.clone()),
            Ending::Meant => io::Error::other("the content was not sent along"),
        }
    }
}

fn send(asked: Vec<Want>, ask: impl FnOnce(Vec<Want>)) {
    if !asked.is_empty() {
        ask(asked);
    }
}

/// Reads a content while it comes.
struct StreamReader {
    inbox: Arc<Inbox>,
    number: Number,
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
            let (inbox, number) = (&self.inbox, self.number);
            let nothing = |s: &mut State| !s.due.has(number) && s.ending.is_none();
            let mut state = inbox.wait_while(inbox.lock(), nothing);
            let piece = state.due.take(number);
            self.ended = piece.as_ref().is_some_and(Piece::ends);
            match (piece, &state.ending) {
                (Some(Piece::Data { data, .. }), _) => self.data = io::Cursor::new(data),
                (Some(Piece::Unavailable(reason)), _) => return Err(io::Error::other(reason)),
                (None, Some(ending)) => return Err(ending.error()),
                (None, None) => return Err(io::Error::other("the content was not sent along")),
            }
            inbox.changed.notify_all();
        }
    }
}

impl Drop for StreamReader {
    fn drop(&mut self) {
        self.inbox.lock().due.give_up(self.number);
        self.inbox.changed.notify_all();
    }
}
