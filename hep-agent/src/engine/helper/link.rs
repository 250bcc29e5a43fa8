//! The way to one agent of another user. That user may stop it, keep it from reading or have it lie: none of it holds the
//! run, or fills this process's memory.

use super::feed::{Feeder, Named};
use super::{Answer, Errand, Word};
use crate::converge::Tried;
use crate::escalate::Started;
use crate::outside::Outside;
use crate::sys::output;
use crate::sys::{Kept, SysError};
use hep_protocol::blob::{WANTS, Want};
use hep_protocol::frame::{self, FrameError};
use hep_protocol::message::Reply;
use hep_protocol::outcome::{Exit, Room, Told};
use hep_protocol::plan::RunMode;
use std::io::{self, ErrorKind, Read};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How often who waits for the other side looks up.
const GLANCE: Duration = Duration::from_millis(200);

/// How long one that was given up may take to go. This process's end hangs up its terminal in any case.
const PARTING: Duration = Duration::from_secs(1);

/// How soon the end of one that has gone is seen.
const TICK: Duration = Duration::from_millis(5);

/// How long nothing may be heard of a helper whose task runs. It says every second that it is there, however long a step is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// In a run that goes on.
    pub(super) running: Duration,
    /// In one that is to stop; so long it may also leave unread what is sent behind the end of a task.
    pub(super) stopping: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { running: Duration::from_secs(60), stopping: Duration::from_secs(10) }
    }
}

/// An agent of another user.
pub(super) struct Helper {
    stream: UnixStream,
    /// How the program that started it ended; nothing once that is known, or not waited for any more.
    end: Option<JoinHandle<io::Result<Exit>>>,
    patience: Patience,
}

impl Helper {
    pub(super) fn of(started: Started, patience: Patience) -> Result<Self, SysError> {
        let Started { stream, end } = started;
        let glance = Some(GLANCE.min(patience.stopping));
        stream
            .set_read_timeout(glance)
            .and_then(|()| stream.set_write_timeout(glance))
            .map_err(|error| SysError::io("cannot set a socket's limits of time", error))?;
        Ok(Self { stream, end: Some(end), patience })
    }

    /// Has it make a try.
    pub(super) fn attempt(&self, errand: Errand, outside: &dyn Outside) -> Result<Tried, SysError> {
        let stream = &self.stream;
        let (task, mode, kept) = (errand.start.number, errand.really(), errand.start.kept);
        let named = &Named::by(&errand.task);
        let errand = frame::encode(&Word::Errand(Box::new(errand))).map_err(broken)?;
        let over = &AtomicBool::new(false);
        let (asks, asked) = mpsc::channel();
        thread::scope(|scope| {
            // Aside: who writes must not keep the other side's words from being read.
            let feeder = Feeder { stream, named, outside, over, patience: self.patience.stopping };
            let feed = move || feeder.feed(&errand, &asked);
            let feeder = thread::Builder::new().spawn_scoped(scope, feed);
            let heard = feeder
                .map_err(|error| SysError::io("cannot start a thread", error))
                .and_then(|_| self.hear(task, Asks { left: named.most(), asks }, outside));
            // The feeder ends with its questions, and with the stream if it stands in a write.
            over.store(true, Ordering::SeqCst);
            if heard.is_err() {
                self.dismiss();
            }
            heard.map(|tried| believed(tried, mode, kept))
        })
    }

    /// Listens until the end of the task.
    fn hear(&self, task: u32, mut asks: Asks, outside: &dyn Outside) -> Result<Tried, SysError> {
        let mut ear = Ear { stream: &self.stream, patience: self.patience, outside };
        loop {
            match frame::read(&mut ear).map_err(broken)? {
                Some(Answer::Alive) => {}
                Some(Answer::Done(tried)) => return Ok(*tried),
                Some(Answer::Reply(Reply::Want(wants))) => asks.pass(wants)?,
                Some(Answer::Reply(reply)) if is_of(&reply, task) => outside.reply(reply),
                Some(Answer::Reply(_)) => {
                    return Err(SysError::new("it sent what it may not send"));
                }
                None => return Err(SysError::new("it ended before the task did")),
            }
        }
    }

    /// Tells it that nothing more comes.
    pub(super) fn dismiss(&self) {
        self.stream.shutdown(Shutdown::Both).ok();
    }

    /// Waits until it is gone: nothing of hep's stays. One that does not go in time is waited for no more; its terminal
    /// hangs up when this process ends.
    pub(super) fn outlast(&mut self, until: Instant) {
        if let Some(end) = self.end.take() {
            while !end.is_finished() && Instant::now() < until {
                thread::sleep(TICK);
            }
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.dismiss();
        self.outlast(Instant::now() + PARTING);
    }
}

/// Wants on their way to the feeder. No more than the task can have: each waits in memory.
struct Asks {
    left: usize,
    asks: Sender<Vec<Want>>,
}

impl Asks {
    fn pass(&mut self, wants: Vec<Want>) -> Result<(), SysError> {
        let left = self.left.checked_sub(wants.len().max(1)).filter(|_| wants.len() <= WANTS);
        self.left = left.ok_or_else(|| SysError::new("it asks for more than its task names"))?;
        // A feeder that is gone has met the stream's end, which is read here next.
        self.asks.send(wants).ok();
        Ok(())
    }
}

/// A try's account is the helper's word, but not whether it was a real run, which its errand says: only a try in check mode
/// may rest on what a real run would tell. Of what a program wrote it gives no more than it was asked for.
fn believed(mut tried: Tried, mode: RunMode, kept: Kept) -> Tried {
    output::bound(&mut tried.data, kept.0, &mut tried.missing);
    let mut room = Room::default();
    for change in &mut tried.details.changes {
        change.action = room.take(std::mem::replace(&mut change.action, Told::Nothing));
    }
    match mode {
        RunMode::Check => tried,
        RunMode::Apply => Tried { depends: None, unforeseen: false, ..tried },
    }
}

/// Whether a helper may say this while that task runs.
fn is_of(reply: &Reply, task: u32) -> bool {
    match reply {
        Reply::Output { task: own, .. } | Reply::Progress { task: own, .. } => *own == task,
        Reply::Hello(_)
        | Reply::Became
        | Reply::Refused(_)
        | Reply::Want(_)
        | Reply::Facts(_)
        | Reply::Ask { .. }
        | Reply::Waits { .. }
        | Reply::Started { .. }
        | Reply::Finished { .. }
        | Reply::Done(_) => false,
    }
}

/// Reads what a helper says, as long as it says something.
struct Ear<'a> {
    stream: &'a UnixStream,
    patience: Patience,
    outside: &'a dyn Outside,
}

impl Read for Ear<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let begun = Instant::now();
        loop {
            match self.stream.read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                heard => return heard,
            }
            let Patience { running, stopping } = self.patience;
            let limit = if self.outside.cancelled() { stopping } else { running };
            if begun.elapsed() >= limit {
                let what = format!("it was silent for {} s", limit.as_secs());
                return Err(io::Error::new(ErrorKind::TimedOut, what));
            }
        }
    }
}

fn broken(error: FrameError) -> SysError {
    match error {
        FrameError::Io(error) if error.kind() == ErrorKind::TimedOut => {
            SysError::new(error.to_string())
        }
        FrameError::Io(error) => SysError::io("its stream is broken", error),
        FrameError::TooLong { .. } | FrameError::Malformed(_) => SysError::new(error.to_string()),
    }
}
