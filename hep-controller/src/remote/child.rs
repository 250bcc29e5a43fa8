//! A helper program on this machine that is run to its end, within a time, and never asks anybody.

use crate::canceller::Canceller;
use crate::memory;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::io::{self, Read};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// How often a cancel is looked for.
const LOOK: Duration = Duration::from_millis(100);

/// How long what a program has written may take to be read when it has ended: on a busy machine the thread that reads
/// may not have had its turn.
const LEFT: Duration = Duration::from_secs(10);

/// What is kept of each stream.
const MOST: u64 = 256 * 1024;

/// What a program wrote, and whether it ended with 0.
#[derive(Debug)]
pub(super) struct Collected {
    pub(super) stdout: String,
    pub(super) stderr: String,
    pub(super) ended_well: bool,
}

/// Runs a program without input.
pub(super) fn collect(
    command: &mut Command,
    within: Duration,
    cancel: &Canceller,
) -> io::Result<Collected> {
    let end = Instant::now() + within;
    let command = quiet(command).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = memory::start(command.stderr(Stdio::piped()))?;
    let collected = gather(&mut child, end, cancel).and_then(|texts| {
        // Its pipes are closed a moment before it ends.
        await_end(&mut child, end, cancel)?;
        Ok(texts)
    });
    // The group: what the program started may hold the pipes open.
    end_group(&mut child);
    let status = child.wait()?;
    let (stdout, stderr) = collected?;
    Ok(Collected { stdout, stderr, ended_well: status.success() })
}

fn await_end(child: &mut Child, end: Instant, cancel: &Canceller) -> io::Result<()> {
    let mut pause = Duration::from_millis(1);
    while child.try_wait()?.is_none() {
        if cancel.is_cancelled() {
            return Err(cancelled());
        }
        if Instant::now() > end {
            return Err(late());
        }
        thread::sleep(pause);
        pause = (pause * 2).min(LOOK);
    }
    Ok(())
}

fn cancelled() -> io::Error {
    io::Error::other("cancelled")
}

fn late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "it takes too long")
}

fn gather(child: &mut Child, end: Instant, cancel: &Canceller) -> io::Result<(String, String)> {
    let stdout = read_aside(child.stdout.take())?;
    let stderr = read_aside(child.stderr.take())?;
    let mut await_text = |texts: &mpsc::Receiver<String>| loop {
        match texts.recv_timeout(LOOK) {
            Ok(text) => return Ok(text),
            Err(mpsc::RecvTimeoutError::Disconnected) => return Ok(String::new()),
            Err(mpsc::RecvTimeoutError::Timeout) if cancel.is_cancelled() => {
                return Err(cancelled());
            }
            Err(mpsc::RecvTimeoutError::Timeout) if Instant::now() > end => {
                return Err(late());
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {
                // A daemon it left behind may hold the pipe.
                if child.try_wait()?.is_some() {
                    return Ok(texts.recv_timeout(LEFT).unwrap_or_default());
                }
            }
        }
    };
    Ok((await_text(&stdout)?, await_text(&stderr)?))
}

fn read_aside(pipe: Option<impl Read + Send + 'static>) -> io::Result<mpsc::Receiver<String>> {
    let (sender, texts) = mpsc::channel();
    let read = move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            // What came before an error is all there is.
            drop(pipe.take(MOST).read_to_end(&mut bytes));
        }
        drop(sender.send(String::from_utf8_lossy(&bytes).into_owned()));
    };
    thread::Builder::new().name("helper's output".to_owned()).spawn(read)?;
    Ok(texts)
}

/// In a group of its own, so that all of it can be ended and a Ctrl-C is hep's to handle; an `ssh` in it that would ask
/// for something is refused the answer instead of waiting behind hep's back (ssh(1), SSH_ASKPASS_REQUIRE).
pub(super) fn quiet(command: &mut Command) -> &mut Command {
    command.process_group(0).env("SSH_ASKPASS", "/bin/false").env("SSH_ASKPASS_REQUIRE", "force")
}

/// Ends a child of [`quiet`] with all it has started. It fails only if that has ended already.
pub(super) fn end_group(child: &mut Child) {
    if let Ok(id) = i32::try_from(child.id()) {
        let _ = killpg(Pid::from_raw(id), Signal::SIGTERM);
        if !matches!(child.try_wait(), Ok(Some(_))) {
            thread::sleep(Duration::from_millis(20));
        }
        let _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_closes_its_output_first_may_end_by_itself() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo said; exec >&- 2>&-; sleep 0.3"]);
        let collected =
            collect(&mut command, Duration::from_secs(60), &Canceller::default()).unwrap();
        assert!(collected.ended_well);
        assert_eq!(collected.stdout, "said\n");
    }
}
