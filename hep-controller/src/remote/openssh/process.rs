//! One `ssh`: its streams, what it says of itself and what it asks, waited for together and never longer than a deadline.
//! A cut socket, a cancel and a drop end it with all that it has started; a ControlMaster that stays is no part of that.

use super::log::{Cause, Log};
use crate::canceller::Canceller;
use crate::canceller::Cut;
use crate::memory;
use crate::remote::askpass::Door;
use crate::remote::limit::Limit;
use crate::remote::tail::Tail;
use crate::remote::{Counters, Exit, Stage, child};
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::Mode;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long to wait at most before looking at deadlines and cancels.
const LOOK: Duration = Duration::from_millis(200);

/// How much of the agent's output is taken aside while a write waits for room.
const PENDING: usize = 4 * 1024 * 1024;

/// How many pieces of its log and of stderr are taken at once: who never stops writing there must not hold us.
const AT_ONCE: usize = 64;

/// How long `ssh` may take to end when its output has ended.
const ENDS: Duration = Duration::from_secs(2);

/// Answers what `ssh` asks, or does not.
pub(super) type Answers<'a> = dyn FnMut(&str) -> Option<String> + 'a;

/// A running one. Its stdin and stdout are one socket, since a shut down socket wakes a reader and a closed pipe does not.
pub(super) struct Process {
    child: Child,
    stream: UnixStream,
    stderr: UnixStream,
    log: File,
    /// Kept open: `ssh` opens it by name, when it comes to that.
    _log_in: File,
    /// Until `ssh` has opened it.
    log_name: Option<NamedPipe>,
    door: Option<Door>,
    cancel: Canceller,
    limit: Option<Limit>,
    pub(super) said: Log,
    aside: Tail,
    aside_at_end: bool,
    /// Output that came while something else was waited for.
    pending: VecDeque<u8>,
    at_end: bool,
    received_any: bool,
    counters: Counters,
}

/// A pipe that `ssh` opens by its name, as it closes all descriptors above 2 when it starts. It is in a directory that no
/// other user enters; of hep's own descriptors, which are in /proc, another process can open none.
struct NamedPipe {
    path: String,
    _directory: TempDir,
}

impl NamedPipe {
    fn new() -> io::Result<NamedPipe> {
        let directory = tempfile::Builder::new().prefix("hep-").tempdir()?;
        let path = directory.path().join("log");
        nix::unistd::mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR)?;
        let path = path.to_str().ok_or(io::ErrorKind::InvalidFilename)?.to_owned();
        Ok(NamedPipe { path, _directory: directory })
    }

    /// Opens an end; for writing only when there is somebody who reads (fifo(7)).
    fn open(&self, how: OFlag) -> io::Result<File> {
        let mut options = File::options();
        options.read(how == OFlag::O_RDONLY).write(how == OFlag::O_WRONLY);
        options.custom_flags(OFlag::O_NONBLOCK.bits()).open(&self.path)
    }
}

impl Process {
    /// Starts `ssh` with the words that `words` makes of the name of the file for its log.
    pub(super) fn start(
        words: impl FnOnce(&str) -> Vec<String>,
        cancel: &Canceller,
    ) -> io::Result<Process> {
        let (stream, theirs) = UnixStream::pair()?;
        let (stderr, their_stderr) = UnixStream::pair()?;
        let pipe = NamedPipe::new()?;
        let (log, log_in) = (pipe.open(OFlag::O_RDONLY)?, pipe.open(OFlag::O_WRONLY)?);
        let door = Door::new()?;
        let words = words(&pipe.path);
        let mut command = Command::new("ssh");
        door.lead(child::quiet(&mut command))
            .args(words)
            .stdin(OwnedFd::from(theirs.try_clone()?))
            .stdout(OwnedFd::from(theirs))
            .stderr(OwnedFd::from(their_stderr));
        let child = memory::start(&mut command)?;
        // Its copies of the sockets are in the command: what `ssh` closes would stay open.
        drop(command);
        let process = Process {
            child,
            stream,
            stderr,
            log,
            _log_in: log_in,
            log_name: Some(pipe),
            door: Some(door),
            cancel: cancel.clone(),
            limit: None,
            said: Log::default(),
            aside: Tail::default(),
            aside_at_end: false,
            pending: VecDeque::new(),
            at_end: false,
            received_any: false,
            counters: Counters::default(),
        };
        process.stream.set_nonblocking(true)?;
        process.stderr.set_nonblocking(true)?;
        cancel.cuts(Cut::Pair(process.stream.try_clone()?));
        Ok(process)
    }

    /// From now on everything together may take so long.
    pub(super) fn limit(&mut self, after: Duration) {
        self.limit = Some(Limit::of(Instant::now(), after));
    }

    /// From now on everything together may take so long, and stand still for no longer than `standstill`.
    pub(super) fn limit_moving(&mut self, standstill: Duration, after: Duration) {
        self.limit = Some(Limit::moving(Instant::now(), standstill, after));
    }

    pub(super) fn no_limit(&mut self) {
        self.limit = None;
    }

    /// It has logged in: from here on it gets no answers.
    pub(super) fn shut_the_door(&mut self) {
        self.door = None;
    }

    /// Whether the program on the host has written anything to stdout, what was waited for first left out.
    pub(super) fn received_any(&self) -> bool {
        self.received_any
    }

    pub(super) fn counters(&self) -> Counters {
        self.counters
    }

    pub(super) fn canceller(&self) -> Canceller {
        self.cancel.clone()
    }

    /// The last that came by stderr: the host's words, and those of programs that connect.
    pub(super) fn stderr(&mut self) -> String {
        // What it wrote at its end may not have been seen yet.
        drop(self.take_words());
        self.aside.text()
    }

    /// Why it gave up.
    pub(super) fn cause(&mut self) -> Cause {
        let aside = self.stderr();
        self.said.cause(&aside)
    }

    /// Waits for a line that begins with `mark`, through whatever comes before it within `most` bytes, and gives the rest of
    /// the line; what came in its place if there is none. `answers` is asked meanwhile, and `entered` hears of stages.
    pub(super) fn line_after(
        &mut self,
        mark: &str,
        most: usize,
        answers: &mut Answers<'_>,
        entered: &mut dyn FnMut(&mut Process, Stage),
    ) -> io::Result<Result<String, String>> {
        let mut all = Vec::new();
        let mut seen = (None, false);
        loop {
            let rest = self.pending.drain(..).collect::<Vec<u8>>();
            all.extend(rest);
            if let Some((line, behind)) = found(&all, mark.as_bytes()) {
                let line = String::from_utf8_lossy(line).into_owned();
                self.received_any = !behind.is_empty();
                self.pending.extend(behind);
                return Ok(Ok(line));
            }
            if self.at_end || all.len() >= most {
                return Ok(Err(String::from_utf8_lossy(&all).into_owned()));
            }
            self.wait(false, LOOK)?;
            self.answer(answers)?;
            self.take_words()?;
            self.take_output()?;
            let now = (self.said.stage(), self.said.is_doubted());
            if seen != now {
                seen = now;
                now.0.into_iter().for_each(|stage| entered(self, stage));
            }
        }
    }

    /// Waits for output; 0 is its end.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(read) = self.read_within(buffer, LOOK)? {
                return Ok(read);
            }
        }
    }

    /// The same, but waits no longer than this: None if nothing came.
    pub(super) fn read_within(
        &mut self,
        buffer: &mut [u8],
        longest: Duration,
    ) -> io::Result<Option<usize>> {
        let end = Instant::now() + longest;
        // Also where there is always something to read.
        self.alive()?;
        loop {
            if buffer.is_empty() || !self.pending.is_empty() {
                return self.pending.read(buffer).map(Some);
            }
            if self.at_end {
                return self.ended().map(|()| Some(0));
            }
            let left = end.saturating_duration_since(Instant::now());
            self.wait(false, left.min(LOOK))?;
            self.take_words()?;
            self.take_output()?;
            if left.is_zero() && self.pending.is_empty() && !self.at_end {
                return Ok(None);
            }
        }
    }

    /// Waits until some of the bytes are with `ssh`. Its end is an error.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.stream.write(bytes) {
                Ok(written) => {
                    self.counters.sent += u64::try_from(written).unwrap_or_default();
                    self.moved();
                    self.take_words()?;
                    return Ok(written);
                }
                Err(error) if again(&error) => {}
                Err(error) => {
                    self.alive()?;
                    // It has ended: what it said before is to be read.
                    self.take_output()?;
                    return Err(error);
                }
            }
            self.wait(true, LOOK)?;
            self.take_words()?;
            // The agent may itself be waiting for us to read.
            self.take_output()?;
        }
    }

    /// Waits for its end, and says how the program on the host ended. The deadline bounds it.
    pub(super) fn settle(&mut self) -> Exit {
        drop(self.stream.shutdown(Shutdown::Write));
        let mut rest = vec![0; 32 * 1024];
        while matches!(self.read(&mut rest), Ok(1..)) && self.alive().is_ok() {}
        match self.exit_code(ENDS) {
            // Its name is in no word of `ssh`.
            Some(255) if self.said.tells_of_a_signal() => Exit::Signal("UNKNOWN".to_owned()),
            Some(255) | None => Exit::Unknown,
            Some(code) => Exit::Code(code),
        }
    }

    /// Ends it with all that it has started.
    pub(super) fn end(&mut self) {
        // Fails only on a socket whose other end is gone.
        drop(self.stream.shutdown(Shutdown::Both));
        child::end_group(&mut self.child);
        drop(self.child.wait());
    }

    /// At the end of its output: an error if it is the connection that has ended.
    fn ended(&mut self) -> io::Result<()> {
        self.alive()?;
        let code = self.exit_code(ENDS);
        self.take_words()?;
        if code != Some(255) || self.said.tells_of_a_signal() {
            return Ok(());
        }
        // The one word about an end that does not go to the log.
        let stderr = self.stderr();
        let closed = stderr.lines().rev().find(|line| line.starts_with("Connection to "));
        let said = self.said.last().or(closed.map(str::to_owned));
        let said = said.unwrap_or_else(|| "`ssh` says nothing".to_owned());
        let what = format!("the connection was lost ({})", said.trim_end().trim_end_matches('.'));
        Err(io::Error::new(io::ErrorKind::ConnectionReset, what))
    }

    /// With 255 it ended by itself (ssh(1), EXIT STATUS), or a signal ended the program on the host.
    fn exit_code(&mut self, within: Duration) -> Option<i32> {
        let end = Instant::now() + within;
        let mut pause = Duration::from_millis(1);
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return status.code(),
                Ok(None) if Instant::now() < end && self.alive().is_ok() => {}
                Ok(None) | Err(_) => return None,
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }

    fn wait(&mut self, to_write: bool, longest: Duration) -> io::Result<()> {
        self.alive()?;
        let mut wanted = PollFlags::empty();
        wanted.set(PollFlags::POLLIN, self.pending.len() < PENDING && !self.at_end);
        wanted.set(PollFlags::POLLOUT, to_write);
        let mut waiting = vec![
            PollFd::new(self.stream.as_fd(), wanted),
            PollFd::new(self.log.as_fd(), PollFlags::POLLIN),
        ];
        if !self.aside_at_end {
            waiting.push(PollFd::new(self.stderr.as_fd(), PollFlags::POLLIN));
        }
        if let Some(door) = &self.door {
            waiting.push(PollFd::new(door.as_fd(), PollFlags::POLLIN));
        }
        let longest = PollTimeout::try_from(longest).unwrap_or(PollTimeout::MAX);
        match poll(&mut waiting, longest) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => self.alive(),
            Err(error) => Err(error.into()),
        }
    }

    /// Neither cancelled nor late.
    fn alive(&self) -> io::Result<()> {
        if self.cancel.is_cancelled() {
            return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "cancelled"));
        }
        match self.limit.map(|limit| limit.left(Instant::now())) {
            Some(Err(after)) => {
                let what = format!("no answer within {} s", after.as_secs_f32());
                Err(io::Error::new(io::ErrorKind::TimedOut, what))
            }
            Some(Ok(_)) | None => Ok(()),
        }
    }

    fn moved(&mut self) {
        if let Some(limit) = &mut self.limit {
            limit.moved(Instant::now());
        }
    }

    fn take_output(&mut self) -> io::Result<()> {
        let mut buffer = vec![0; 32 * 1024];
        while self.pending.len() < PENDING && !self.at_end {
            match self.stream.read(&mut buffer) {
                Ok(0) => self.at_end = true,
                Ok(read) => {
                    self.received_any = true;
                    self.counters.received += u64::try_from(read).unwrap_or_default();
                    self.pending.extend(buffer.get(..read).unwrap_or_default());
                    self.moved();
                }
                Err(error) if again(&error) => return Ok(()),
                // What was sent to it is lost with it: an end like any other.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => self.at_end = true,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn take_words(&mut self) -> io::Result<()> {
        let mut buffer = [0; 4096];
        for _ in 0..AT_ONCE {
            let Ok(read @ 1..) = self.log.read(&mut buffer) else { break };
            self.log_name = None;
            self.said.push(buffer.get(..read).unwrap_or_default());
        }
        for _ in 0..AT_ONCE {
            match self.stderr.read(&mut buffer) {
                Ok(0) => {
                    self.aside_at_end = true;
                    return Ok(());
                }
                Ok(read) => {
                    self.counters.received += u64::try_from(read).unwrap_or_default();
                    self.aside.push(buffer.get(..read).unwrap_or_default());
                }
                Err(error) if again(&error) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Lets a question in, if there is one; the operator may take their time over it.
    fn answer(&mut self, answers: &mut Answers<'_>) -> io::Result<()> {
        let Some(door) = &self.door else { return Ok(()) };
        let asked = Instant::now();
        match door.open(self.child.id(), answers) {
            Err(error) if again(&error) => return Ok(()),
            // The asking side has gone, or stayed silent.
            Ok(()) | Err(_) => {}
        }
        if let Some(limit) = &mut self.limit {
            limit.put_off(asked.elapsed());
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

fn again(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// The rest of the line after a mark, and what is after the line, once all of it is there.
fn found<'a>(all: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let start = all.windows(mark.len()).position(|window| window == mark)? + mark.len();
    let rest = all.get(start..)?;
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    Some((rest.get(..end)?, rest.get(end + 1..)?))
}
