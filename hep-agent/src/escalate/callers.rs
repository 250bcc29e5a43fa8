//! Callers of the meeting's socket. Anybody on the host can connect: socket names are no secret. Nobody is waited
//! for, and nobody's place is taken by those of other users.

use crate::sys::linux::socket;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant};

/// How long a process that has connected may take to prove who it is.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many of the wanted user may wait at a time. More can only be that user's own doing.
const MOST: usize = 64;

/// How many connections are taken in one go. All that can wait in a listener's queue (`net.core.somaxconn`) is taken long
/// before it matters; in between the terminal is looked at.
const AT_ONCE: usize = 1024;

/// How many letters a token has.
const TOKEN: usize = 32;

/// A process of the wanted user.
struct Caller {
    stream: UnixStream,
    /// What it has said of its token.
    token: Vec<u8>,
    since: Instant,
}

/// All that wait.
pub(super) struct Callers {
    listener: UnixListener,
    /// The only user whose processes are listened to.
    uid: u32,
    /// The oldest first.
    waiting: Vec<Caller>,
}

impl Callers {
    /// Those of a user who connect to this socket.
    pub(super) fn of(uid: u32, listener: UnixListener) -> Self {
        Self { listener, uid, waiting: Vec::new() }
    }

    /// Takes in who has connected, and what they have said. Waits for nothing.
    pub(super) fn meet(&mut self) {
        for _ in 0..AT_ONCE {
            let Ok((stream, _)) = self.listener.accept() else { break };
            let right = socket::peer(&stream).is_ok_and(|uid| uid == self.uid);
            if right && stream.set_nonblocking(true).is_ok() {
                self.hear();
                if self.waiting.len() >= MOST {
                    self.waiting.remove(0);
                }
                let (token, since) = (Vec::new(), Instant::now());
                self.waiting.push(Caller { stream, token, since });
            }
        }
        self.hear();
    }

    fn hear(&mut self) {
        self.waiting.retain_mut(|caller| caller.since.elapsed() < PATIENCE && caller.hear());
    }

    /// The one whose token passes.
    pub(super) fn proven(&mut self, passes: impl Fn(&str) -> bool) -> Option<UnixStream> {
        let proves = |caller: &Caller| {
            let token = std::str::from_utf8(&caller.token);
            caller.is_heard() && token.is_ok_and(&passes)
        };
        let index = self.waiting.iter().position(proves)?;
        let Caller { stream, .. } = self.waiting.remove(index);
        stream.set_nonblocking(false).ok()?;
        Some(stream)
    }

    /// Where something may come.
    pub(super) fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let silent = self.waiting.iter().filter(|caller| !caller.is_heard());
        std::iter::once(self.listener.as_fd()).chain(silent.map(|caller| caller.stream.as_fd()))
    }
}

impl Caller {
    fn is_heard(&self) -> bool {
        self.token.len() == TOKEN
    }

    /// Takes what it has said of its token and not a byte more. False if that is no token.
    fn hear(&mut self) -> bool {
        let mut buffer = [0; TOKEN];
        while let Some(room) = buffer.get_mut(self.token.len()..).filter(|room| !room.is_empty()) {
            match self.stream.read(room) {
                Ok(0) => return false,
                Ok(n) => self.token.extend_from_slice(room.get(..n).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
        self.token.iter().all(u8::is_ascii_hexdigit)
    }
}
