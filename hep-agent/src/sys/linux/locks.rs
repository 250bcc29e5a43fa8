//! Other programs at work on what cannot be shared: who holds their locks, and waiting for it.

use super::Linux;
use crate::sys::SysError;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use std::fs::File;
use std::time::{Duration, Instant};

/// What other programs hold while they are at work.
pub(super) struct Locks {
    /// Record locks (fcntl(2)), the one held longest first: asking is enough.
    pub(super) records: &'static [&'static str],
    /// Files that name the process that holds them by its number.
    pub(super) files: &'static [&'static str],
    /// Who holds them.
    pub(super) who: &'static str,
    /// What to do about it.
    pub(super) hint: &'static str,
}

/// How often to ask.
const PAUSE: Duration = Duration::from_millis(200);

/// Someone who holds a lock.
#[derive(PartialEq, Eq)]
struct Holder {
    lock: &'static str,
    /// The process, if the kernel names one: not for locks of an open file, nor across namespaces.
    pid: Option<i32>,
    command: String,
}

impl Holder {
    fn words(&self) -> String {
        let Self { lock, pid, command } = self;
        match pid {
            Some(pid) if command.is_empty() => format!("process {pid}, which holds {lock}"),
            Some(pid) => format!("pid {pid}: `{command}`, which holds {lock}"),
            None => format!("another program, which holds {lock}"),
        }
    }
}

impl Linux {
    /// Waits until nobody holds a lock, telling whom it waits for. `start` is when the waiting for this began.
    pub(super) fn wait_for_locks(
        &self,
        locks: &Locks,
        start: Instant,
        patience: Duration,
    ) -> Result<(), SysError> {
        let mut told = None;
        while let Some(holder) = locks.holder() {
            if self.outside.cancelled() {
                return Err(SysError::new(format!("stopped waiting for {}", holder.words())));
            }
            if start.elapsed() >= patience {
                let seconds = patience.as_secs();
                return Err(SysError::new(format!(
                    "{} was not done after {seconds} s: {}",
                    locks.who,
                    holder.words()
                ))
                .hint(locks.hint));
            }
            if told.as_ref() != Some(&holder) {
                self.progress(format!("waiting for {}", holder.words()));
                told = Some(holder);
            }
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }
}

impl Locks {
    fn holder(&self) -> Option<Holder> {
        let records = self.records.iter().find_map(|lock| held(lock));
        records.or_else(|| self.files.iter().find_map(|lock| named(lock)))
    }
}

/// The process that a lock file names, if it lives.
fn named(lock: &'static str) -> Option<Holder> {
    let text = std::fs::read_to_string(lock).ok()?;
    let pid = text.trim_matches(['\0', '\n', ' ']).parse().ok().filter(|pid| *pid > 0)?;
    let alive = std::path::Path::new(&format!("/proc/{pid}")).exists();
    alive.then(|| Holder { lock, pid: Some(pid), command: command(pid) })
}

/// The holder of a lock. A missing file is not locked, and one that we may not open is not ours to take.
fn held(path: &'static str) -> Option<Holder> {
    let file = File::open(path).ok()?;
    let mut lock = libc::flock {
        l_type: i16::try_from(libc::F_WRLCK).unwrap_or_default(),
        l_whence: i16::try_from(libc::SEEK_SET).unwrap_or_default(),
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    fcntl(&file, FcntlArg::F_GETLK(&mut lock)).ok()?;
    if i32::from(lock.l_type) == libc::F_UNLCK {
        return None;
    }
    let pid = (lock.l_pid > 0).then_some(lock.l_pid);
    Some(Holder { lock: path, pid, command: pid.map(command).unwrap_or_default() })
}

/// A process's command line, as far as it fits a line.
fn command(pid: i32) -> String {
    let bytes = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words: Vec<_> = bytes
        .split(|byte| *byte == 0)
        .filter(|word| !word.is_empty())
        .map(String::from_utf8_lossy)
        .collect();
    words.join(" ").chars().take(200).collect()
}
