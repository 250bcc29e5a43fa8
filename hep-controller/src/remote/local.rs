//! The agent as a child process of hep: for `hep apply`, and for tests of everything above a [`Link`].
//! One socketpair is its stdin and stdout, since a shut down socket wakes a reader and a closed pipe does not.
//!
//! Never kills it: as over SSH, an agent whose link is cut finishes the current step (that may be dpkg's) and goes.

use super::tail::{Stderr, follow};
use super::{Counters, Ending, Exit, Link};
use crate::canceller::Canceller;
use crate::canceller::Cut;
use crate::memory;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::signal::Signal;
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long [`Link::finish`] waits for an agent that has closed its stdout.
const FINISH: Duration = Duration::from_secs(5);

/// Starts `<agent> serve` from a file.
pub(crate) fn start_file(agent: &Path) -> io::Result<Box<dyn Link>> {
    start(Command::new(agent).arg("serve"))
}

/// Starts `hep-agent serve` from memory: no file of it is ever on a disk.
pub(crate) fn start_bytes(agent: &[u8]) -> io::Result<Box<dyn Link>> {
    let memory = memfd_create(c"hep-agent", MFdFlags::MFD_CLOEXEC)?;
    let mut file = File::from(memory);
    file.write_all(agent)?;
    // Opened by the child before its own copy is closed by exec.
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    start(Command::new(path).arg0("hep-agent").arg("serve"))
}

fn start(command: &mut Command) -> io::Result<Box<dyn Link>> {
    let (ours, theirs) = UnixStream::pair()?;
    command
        .stdin(OwnedFd::from(theirs.try_clone()?))
        .stdout(OwnedFd::from(theirs))
        .stderr(Stdio::piped())
        // A Ctrl-C at the terminal is hep's to handle.
        .process_group(0);
    let mut child = memory::start(command)?;
    let cancel = Canceller::default();
    cancel.cuts(Cut::Pair(ours.try_clone()?));
    let stderr = child.stderr.take().map(follow).transpose()?;
    let counters = Counters::default();
    Ok(Box::new(LocalLink { child, stream: ours, stderr, cancel, counters, ended: None }))
}

struct LocalLink {
    child: Child,
    stream: UnixStream,
    stderr: Option<Stderr>,
    cancel: Canceller,
    counters: Counters,
    ended: Option<Ending>,
}

impl LocalLink {
    fn cancelled_or<T>(&self, done: io::Result<T>) -> io::Result<T> {
        if self.cancel.is_cancelled() {
            Err(io::Error::new(io::ErrorKind::ConnectionAborted, "cancelled"))
        } else {
            done
        }
    }

    /// Waits for the exit a while, but not once that was cancelled: then the agent is left to the current step, and
    /// whoever inherits it reaps it.
    fn settle(&mut self) -> io::Result<Option<ExitStatus>> {
        let end = Instant::now() + FINISH;
        self.cancel.forget();
        // An agent that is still writing gets a broken pipe; one that is still reading, the end of its input.
        drop(self.stream.shutdown(Shutdown::Both));
        let mut pause = Duration::from_millis(1);
        loop {
            let status = self.child.try_wait()?;
            if status.is_some() || Instant::now() >= end || self.cancel.is_cancelled() {
                return Ok(status);
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }
}

impl Read for LocalLink {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer);
        let read = self.cancelled_or(read)?;
        self.counters.received += u64::try_from(read).unwrap_or_default();
        Ok(read)
    }
}

impl Write for LocalLink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.stream.write(bytes);
        let written = self.cancelled_or(written)?;
        self.counters.sent += u64::try_from(written).unwrap_or_default();
        Ok(written)
    }

    /// Nothing is held back.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Link for LocalLink {
    fn look_around(&mut self, every: Duration) -> io::Result<()> {
        self.stream.set_read_timeout(Some(every))
    }

    fn finish(&mut self) -> Ending {
        if let Some(ending) = &self.ended {
            return ending.clone();
        }
        let status = self.settle();
        let exit = status.ok().flatten().map_or(Exit::Unknown, exit_of);
        let stderr = self.stderr.as_ref().map(Stderr::text).unwrap_or_default();
        self.ended.insert(Ending { exit, stderr }).clone()
    }

    fn canceller(&self) -> Canceller {
        self.cancel.clone()
    }

    fn counters(&self) -> Counters {
        self.counters
    }
}

impl Drop for LocalLink {
    /// A child that was not waited for learns that nobody listens any more.
    fn drop(&mut self) {
        if self.ended.is_none() {
            self.cancel.cancel();
            self.finish();
        }
    }
}

fn exit_of(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal_name(signal)),
        (None, None) => Exit::Unknown,
    }
}

fn signal_name(number: i32) -> String {
    match Signal::try_from(number) {
        Ok(signal) => signal.as_str().trim_start_matches("SIG").to_owned(),
        Err(_) => number.to_string(),
    }
}

#[cfg(test)]
mod tests;
