//! ssh-agent (draft-miller-ssh-agent): the keys it holds, and a way to it that does not wait for ever. libssh2 would wait
//! for a forgotten agent, and for a confirmation that nobody gives, until the end of days.

use super::auth::AgentKey;
use super::canceller::Cut;
use super::known_hosts::PublicKey;
use super::{Canceller, private_key};
use std::fs::DirBuilder;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// An agent answers this question from memory.
const ANSWERS: Duration = Duration::from_secs(5);

/// The longest message that agents take and give.
const LONGEST: usize = 256 * 1024;

/// SSH_AGENTC_REQUEST_IDENTITIES and SSH_AGENT_IDENTITIES_ANSWER.
const REQUEST: [u8; 1] = [11];
const ANSWER: u8 = 12;

/// The keys of the agent behind a socket; none if there is no agent, or one that does not answer.
pub(super) fn keys(socket: &Path) -> Vec<AgentKey> {
    let ask = || {
        let mut agent = UnixStream::connect(socket)?;
        agent.set_read_timeout(Some(ANSWERS))?;
        agent.set_write_timeout(Some(ANSWERS))?;
        write(&mut agent, &REQUEST)?;
        read(&mut agent)
    };
    ask().ok().and_then(|answer| parse(&answer)).unwrap_or_default()
}

/// Type, number of keys, and of each its blob and comment. A key of a form unknown here is passed over.
fn parse(answer: &[u8]) -> Option<Vec<AgentKey>> {
    let (kind, rest) = answer.split_first()?;
    let (_count, mut rest) = rest.split_at_checked(4)?;
    let mut keys = Vec::new();
    while *kind == ANSWER && !rest.is_empty() {
        let (blob, after) = private_key::string(rest)?;
        let (comment, after) = private_key::string(after)?;
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

    /// Joins the one who has knocked already with the agent, until `end` or a cancel.
    pub(super) fn open(self, socket: &Path, end: Instant, cancel: &Canceller) -> io::Result<()> {
        self.listener.set_nonblocking(true)?;
        let (inside, _) = self.listener.accept()?;
        inside.set_nonblocking(false)?;
        let agent = UnixStream::connect(socket)?;
        cancel.cuts(Cut::Pair(agent.try_clone()?));
        cancel.cuts(Cut::Pair(inside.try_clone()?));
        let join = move || {
            drop(join(&inside, &agent, end));
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
        // Whoever is inside needs the name no more.
        drop(std::fs::remove_file(self.path()));
        drop(std::fs::remove_dir(&self.directory));
    }
}

fn join(mut inside: &UnixStream, mut agent: &UnixStream, end: Instant) -> io::Result<()> {
    loop {
        let request = read(&mut inside)?;
        let left = end.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        agent.set_read_timeout(Some(left))?;
        agent.set_write_timeout(Some(left))?;
        write(&mut agent, &request)?;
        let answer = read(&mut agent)?;
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
