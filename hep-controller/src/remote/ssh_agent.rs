//! ssh-agent (draft-miller-ssh-agent): the keys it holds, and a way to it that does not wait forever. libssh2 would
//! wait for a forgotten agent, and for a confirmation that nobody gives, until the end of days. That way also brings
//! together what libssh2 cannot: certificates in files, and agents that have their keys.

use super::auth::AgentKey;
use super::public_key::{PublicKey, string};
use crate::canceller::Canceller;
use crate::canceller::Cut;
use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};
use std::fs::DirBuilder;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

mod lent;

pub(super) use lent::Lent;

/// An agent answers this question from memory.
const ANSWERS: Duration = Duration::from_secs(5);

/// The longest message that agents take and give.
const LONGEST: usize = 256 * 1024;

/// SSH_AGENTC_REQUEST_IDENTITIES and SSH_AGENT_IDENTITIES_ANSWER.
const REQUEST: [u8; 1] = [11];
const ANSWER: u8 = 12;

/// How soon an agent that has no room for one more visitor is tried again.
const PAUSE: Duration = Duration::from_millis(20);

/// The keys of the agent behind a socket; none if there is no agent, or one that does not answer.
pub(super) fn keys(socket: &Path, cancel: &Canceller) -> Vec<AgentKey> {
    let ask = || {
        let mut agent = visit(socket, Instant::now() + ANSWERS, cancel)?;
        cancel.cuts(Cut::Pair(agent.try_clone()?));
        agent.set_read_timeout(Some(ANSWERS))?;
        agent.set_write_timeout(Some(ANSWERS))?;
        write(&mut agent, &REQUEST)?;
        read(&mut agent)
    };
    ask().ok().and_then(|answer| parse(&answer)).unwrap_or_default()
}

/// A way to the agent, until `end` or a cancel: connect(2) itself would wait forever on an agent that was stopped while
/// many came.
fn visit(path: &Path, end: Instant, cancel: &Canceller) -> io::Result<UnixStream> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let agent = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
    let address = UnixAddr::new(path)?;
    loop {
        match connect(agent.as_raw_fd(), &address) {
            Ok(()) => break,
            Err(Errno::EAGAIN | Errno::EINTR) if cancel.is_cancelled() || Instant::now() > end => {
                return Err(io::ErrorKind::TimedOut.into());
            }
            Err(Errno::EAGAIN | Errno::EINTR) => thread::sleep(PAUSE),
            Err(errno) => return Err(errno.into()),
        }
    }
    let agent = UnixStream::from(agent);
    agent.set_nonblocking(false)?;
    Ok(agent)
}

/// Type, number of keys, and of each its blob and comment. A key of a form unknown here is passed over.
fn parse(answer: &[u8]) -> Option<Vec<AgentKey>> {
    let (kind, rest) = answer.split_first()?;
    let (_count, mut rest) = rest.split_at_checked(4)?;
    let mut keys = Vec::new();
    while *kind == ANSWER && !rest.is_empty() {
        let (blob, after) = string(rest)?;
        let (comment, after) = string(after)?;
        rest = after;
        keys.extend(PublicKey::from_blob(blob).map(|public| AgentKey {
            public,
            comment: String::from_utf8_lossy(comment).into_owned(),
        }));
    }
    Some(keys)
}

/// A door to the agent that closes when the time is over.
pub(super) struct Door {
    directory: PathBuf,
    listener: UnixListener,
}

impl Door {
    /// In a directory that is the user's alone.
    pub(super) fn new() -> io::Result<Door> {
        let mut random = [0; 8];
        std::fs::File::open("/dev/urandom")?.read_exact(&mut random)?;
        let name = format!("hep-{:016x}", u64::from_ne_bytes(random));
        let directory = std::env::temp_dir().join(name);
        DirBuilder::new().mode(0o700).create(&directory)?;
        match UnixListener::bind(directory.join("agent")) {
            Ok(listener) => Ok(Door { directory, listener }),
            Err(error) => {
                drop(std::fs::remove_dir(&directory));
                Err(error)
            }
        }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.directory.join("agent")
    }

    /// Joins the one who has knocked already with the agent, until `end` or a cancel, and tells of certificates beside the
    /// agent's own keys.
    pub(super) fn open(
        self,
        socket: &Path,
        certificates: Vec<Lent>,
        end: Instant,
        cancel: &Canceller,
    ) -> io::Result<()> {
        self.listener.set_nonblocking(true)?;
        let (inside, _) = self.listener.accept()?;
        inside.set_nonblocking(false)?;
        let agent = visit(socket, end, cancel)?;
        cancel.cuts(Cut::Pair(agent.try_clone()?));
        cancel.cuts(Cut::Pair(inside.try_clone()?));
        let join = move || {
            drop(join(&inside, &agent, &certificates, end));
            // Closing would not do: the canceller has handles of both.
            for stream in [inside, agent] {
                drop(stream.shutdown(Shutdown::Both));
            }
        };
        thread::Builder::new().name("ssh-agent".to_owned()).spawn(join).map(drop)
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        // The process inside no longer needs the name.
        drop(std::fs::remove_file(self.path()));
        drop(std::fs::remove_dir(&self.directory));
    }
}

fn join(
    mut inside: &UnixStream,
    mut agent: &UnixStream,
    certificates: &[Lent],
    end: Instant,
) -> io::Result<()> {
    loop {
        let asked = read(&mut inside)?;
        let request = lent::request(&asked, certificates).unwrap_or(asked);
        let left = end.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        agent.set_read_timeout(Some(left))?;
        agent.set_write_timeout(Some(left))?;
        write(&mut agent, &request)?;
        let answer = read(&mut agent)?;
        let answer = if request == REQUEST { lent::answer(answer, certificates) } else { answer };
        write(&mut inside, &answer)?;
    }
}

fn read(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > LONGEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut message = vec![0; length];
    stream.read_exact(&mut message)?;
    Ok(message)
}

fn write(stream: &mut impl Write, message: &[u8]) -> io::Result<()> {
    let length = u32::try_from(message.len()).map_err(|_| io::ErrorKind::InvalidData)?;
    stream.write_all(&[&length.to_be_bytes(), message].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An agent that was stopped, with as many visitors before the door as there is room for.
    #[test]
    fn an_agent_whose_queue_is_full_is_not_waited_for_after_a_cancel() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("agent");
        let flags = SockFlag::SOCK_CLOEXEC;
        let stopped = socket(AddressFamily::Unix, SockType::Stream, flags, None).unwrap();
        let address = UnixAddr::new(&path).unwrap();
        nix::sys::socket::bind(stopped.as_raw_fd(), &address).unwrap();
        nix::sys::socket::listen(&stopped, nix::sys::socket::Backlog::new(0).unwrap()).unwrap();
        let soon = || Instant::now() + Duration::from_millis(100);
        let cancel = Canceller::default();
        let mut waiting = Vec::new();
        while let Ok(stream) = visit(&path, soon(), &cancel) {
            waiting.push(stream);
        }
        let cancelling = cancel.clone();
        let thread = thread::spawn(move || {
            thread::sleep(Duration::from_millis(300));
            cancelling.cancel();
        });
        let begun = Instant::now();
        assert_eq!(keys(&path, &cancel), []);
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
        thread.join().unwrap();
    }
}
