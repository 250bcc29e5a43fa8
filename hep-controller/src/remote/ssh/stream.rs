//! The stdin, stdout and stderr of one program on the host, over one channel of a session that somebody else owns.

use super::wire::{Broken, Wire, recovered};
use crate::remote::tail::Tail;
use crate::remote::{Ending, Exit};
use ssh2::{Channel, Session};
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

/// How much of the program's output is taken off the channel while a write waits for room.
const PENDING: usize = 4 * 1024 * 1024;

/// How many pieces of stderr are taken at once.
const AT_ONCE: usize = 64;

/// How long to wait at most before looking again for output that libssh2 already has.
const LOOK: Duration = Duration::from_secs(1);

pub(super) struct Stream {
    channel: Channel,
    stderr: Tail,
    /// Whether there is more of stderr at once: a program that never stops writing there must not hold us.
    behind: bool,
    /// Output that arrived while we were writing.
    pending: VecDeque<u8>,
    received_any: bool,
}

impl Stream {
    pub(super) fn new(channel: Channel) -> Stream {
        let (stderr, pending) = (Tail::default(), VecDeque::new());
        Stream { channel, stderr, behind: false, pending, received_any: false }
    }

    /// How many bytes the host takes at this moment before it has to say that it takes more.
    pub(super) fn room(&self) -> u32 {
        self.channel.write_window().remaining
    }

    /// Whether the program has written anything to stdout so far.
    pub(super) fn received_any(&self) -> bool {
        self.received_any
    }

    /// Waits for output; 0 is its end. A connection that ends without saying so is an error.
    pub(super) fn read(&mut self, wire: &mut Wire, buffer: &mut [u8]) -> Result<usize, Broken> {
        loop {
            if let Some(read) = self.read_within(wire, buffer, LOOK)? {
                return Ok(read);
            }
        }
    }

    /// The same, but waits no longer than this: None if nothing came.
    pub(super) fn read_within(
        &mut self,
        wire: &mut Wire,
        buffer: &mut [u8],
        longest: Duration,
    ) -> Result<Option<usize>, Broken> {
        // Also where there is always something to read.
        wire.time_left()?;
        if buffer.is_empty() || !self.pending.is_empty() {
            return Ok(Some(self.pending.read(buffer).unwrap_or_default()));
        }
        let end = Instant::now() + longest;
        loop {
            let taken = self.take(wire, buffer)?;
            let left = end.saturating_duration_since(Instant::now());
            if taken.is_some() || left.is_zero() {
                return Ok(taken);
            }
            let pause = if self.behind { Duration::ZERO } else { left.min(LOOK) };
            wire.wait(pause)?;
        }
    }

    /// The output there is now: None if there is none yet, 0 if it has ended.
    fn take(&mut self, wire: &Wire, buffer: &mut [u8]) -> Result<Option<usize>, Broken> {
        self.take_stderr(wire)?;
        let channel = &mut self.channel;
        match wire.step(&mut |session| read(session, channel, buffer)).transpose()? {
            Some(0) => {
                // Nothing of either stream must be left in libssh2's queue, or the channel is not at its end.
                self.take_stderr(wire)?;
                Ok((self.channel.eof() && !self.behind).then_some(0))
            }
            Some(read) => {
                self.received_any = true;
                wire.count(0, read);
                Ok(Some(read))
            }
            None => Ok(None),
        }
    }

    /// The host stops sending when stderr is not read, stdout included.
    fn take_stderr(&mut self, wire: &Wire) -> Result<(), Broken> {
        let mut stream = self.channel.stderr();
        let mut buffer = [0; 4096];
        self.behind = false;
        for _ in 0..AT_ONCE {
            match wire.step(&mut |session| read(session, &mut stream, &mut buffer)).transpose()? {
                Some(0) | None => return Ok(()),
                Some(read) => {
                    wire.count(0, read);
                    self.stderr.push(buffer.get(..read).unwrap_or_default());
                }
            }
        }
        self.behind = true;
        Ok(())
    }

    /// Waits until some of the bytes are under way. A program that has ended is an error.
    pub(super) fn write(&mut self, wire: &mut Wire, bytes: &[u8]) -> Result<usize, Broken> {
        loop {
            let channel = &mut self.channel;
            let written = wire.step(&mut |session| {
                channel.write(bytes).map_err(|error| recovered(session, &error))
            });
            match written.transpose()? {
                Some(0) if !bytes.is_empty() => {}
                Some(written) => {
                    wire.count(written, 0);
                    return Ok(written);
                }
                None => {}
            }
            // The program may have ended, or may itself be waiting for us to read.
            if self.take_aside(wire)? {
                return Err(Broken::Ended);
            }
            wire.wait(LOOK)?;
        }
    }

    /// Takes output off the channel to be read later. True at its end.
    fn take_aside(&mut self, wire: &Wire) -> Result<bool, Broken> {
        let mut buffer = vec![0; 32 * 1024];
        while self.pending.len() < PENDING {
            match self.take(wire, &mut buffer)? {
                Some(0) => return Ok(true),
                Some(read) => self.pending.extend(buffer.get(..read).unwrap_or_default()),
                None => return Ok(false),
            }
        }
        Ok(false)
    }

    /// Waits for a line that begins with `mark`, through whatever comes before it within `most` bytes, and gives the rest of
    /// the line. What follows it is left to be read, as if nothing had come before.
    pub(super) fn line_after(
        &mut self,
        wire: &mut Wire,
        mark: &str,
        most: usize,
    ) -> Result<Result<String, Noise>, Broken> {
        let mut all = Vec::new();
        let mut buffer = [0; 4096];
        while all.len() < most {
            match self.read(wire, &mut buffer)? {
                0 => break,
                read => all.extend_from_slice(buffer.get(..read).unwrap_or_default()),
            }
            if let Some((line, behind)) = found(&all, mark.as_bytes()) {
                let line = String::from_utf8_lossy(line).into_owned();
                self.received_any = !behind.is_empty();
                self.pending.extend(behind);
                return Ok(Ok(line));
            }
        }
        Ok(Err(Noise(String::from_utf8_lossy(&all).into_owned())))
    }

    /// Waits for the program's end and closes the channel. The wire's deadline bounds it.
    pub(super) fn settle(&mut self, wire: &mut Wire) -> Exit {
        self.settled(wire).unwrap_or(Exit::Unknown)
    }

    fn settled(&mut self, wire: &mut Wire) -> Result<Exit, Broken> {
        let channel = &mut self.channel;
        wire.run(|_| channel.send_eof())?;
        let mut rest = vec![0; 32 * 1024];
        while self.read(wire, &mut rest)? > 0 {
            // An agent that never stops writing never makes us wait.
            wire.time_left()?;
        }
        let channel = &mut self.channel;
        wire.run(|_| channel.close())?;
        wire.run(|_| channel.wait_close())?;
        let signal = channel.exit_signal().ok().and_then(|signal| signal.exit_signal);
        // The status is 0 also if the host sent none: only a closed channel without a signal is worth a word about it.
        let status = channel.exit_status().map_or(Exit::Unknown, Exit::Code);
        Ok(signal.map_or(status, Exit::Signal))
    }

    pub(super) fn ending(&self, exit: Exit) -> Ending {
        Ending { exit, stderr: self.stderr.text() }
    }
}

/// What came in the place of a line that was waited for.
pub(super) struct Noise(pub(super) String);

/// The rest of the line after a mark, and what is after the line, once all of it is there.
fn found<'a>(all: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let start = all.windows(mark.len()).position(|window| window == mark)? + mark.len();
    let rest = all.get(start..)?;
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    Some((rest.get(..end)?, rest.get(end + 1..)?))
}

fn read(session: &Session, from: &mut impl Read, buffer: &mut [u8]) -> Result<usize, ssh2::Error> {
    from.read(buffer).map_err(|error: io::Error| recovered(session, &error))
}
