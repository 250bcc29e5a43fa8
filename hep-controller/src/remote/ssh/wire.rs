//! A session and its socket, driven without blocking: every wait is a poll(2) that ends at a deadline, at a cancel or
//! when the host shows no sign of life. After any of these the socket is shut down at once, since libssh2 would block on
//! a live one when its objects are dropped.

use crate::canceller::Canceller;
use crate::remote::connect::KEEPALIVE;
use crate::remote::limit::Limit;
use crate::remote::socket::{Handle, Socket};
use crate::remote::{Alive, Counters};
use libssh2_sys as raw;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use ssh2::{BlockDirections, ErrorCode, Session};
use std::error::Error;
use std::fmt;
use std::io;
use std::os::fd::AsFd;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// libssh2's own limit for the few calls that ssh2 makes blocking, all of them in drops.
const DROP_MILLISECONDS: u32 = 2_000;

/// So many bytes that the host's TCP acknowledged are a message on its way, and not just our keepalives, which the
/// system of a host acknowledges even when its SSH server is frozen.
const MOVEMENT: u64 = 4096;

/// How long [`Wire::both`] waits at most before it asks both again.
const TICK: Duration = Duration::from_millis(20);

/// One host's session.
pub(super) struct Wire {
    session: Session,
    socket: Socket,
    cancel: Canceller,
    limit: Option<(Limit, Manner)>,
    /// When the host last sent anything, or took much.
    heard: Instant,
    /// What [`Wire::counters`] said when that was last found out.
    received: u64,
    sent: u64,
    keeps_alive: Option<Alive>,
}

/// What the end of a limit means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Firm,
    /// The session outlives it.
    Patient,
}

/// Why an operation did not succeed.
#[derive(Debug)]
pub(super) enum Broken {
    /// The host or libssh2 said no; the session may still be good.
    Refused(ssh2::Error),
    Late(Duration),
    /// As late, but the session goes on: see [`Wire::limit_patiently`].
    Overdue(Duration),
    Silent(Duration),
    Cancelled,
    /// The program we write to has ended.
    Ended,
    Wait(io::Error),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Broken::Refused(error) if self.is_fatal() => {
                write!(f, "the connection was lost ({})", error.message())
            }
            Broken::Refused(error) => f.write_str(error.message()),
            Broken::Late(after) | Broken::Overdue(after) => {
                write!(f, "no answer within {} s", after.as_secs_f32())
            }
            Broken::Silent(after) => write!(f, "no sign of life for {} s", after.as_secs()),
            Broken::Cancelled => f.write_str("cancelled"),
            Broken::Ended => f.write_str("the program on the host has ended"),
            Broken::Wait(_) => f.write_str("cannot wait for the socket"),
        }
    }
}

impl Error for Broken {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Broken::Wait(error) => Some(error),
            Broken::Refused(_) | Broken::Late(_) | Broken::Overdue(_) => None,
            Broken::Silent(_) | Broken::Cancelled | Broken::Ended => None,
        }
    }
}

impl Broken {
    /// Whether the other side closed the connection.
    pub(super) fn is_hangup(&self) -> bool {
        let closed = [
            raw::LIBSSH2_ERROR_BANNER_RECV,
            raw::LIBSSH2_ERROR_SOCKET_DISCONNECT,
            raw::LIBSSH2_ERROR_SOCKET_RECV,
            raw::LIBSSH2_ERROR_SOCKET_SEND,
        ];
        match self {
            Broken::Refused(error) => {
                matches!(error.code(), ErrorCode::Session(code) if closed.contains(&code))
                    || is_without_reply(error)
            }
            Broken::Ended => true,
            Broken::Late(_)
            | Broken::Overdue(_)
            | Broken::Silent(_)
            | Broken::Cancelled
            | Broken::Wait(_) => false,
        }
    }

    /// Whether both sides may lack what the other has: libssh2 has this code for that, and for other failures.
    pub(super) fn is_disagreement(&self) -> bool {
        let codes = [
            raw::LIBSSH2_ERROR_KEX_FAILURE,
            raw::LIBSSH2_ERROR_KEY_EXCHANGE_FAILURE,
            raw::LIBSSH2_ERROR_METHOD_NONE,
        ];
        match self {
            Broken::Refused(error) => {
                matches!(error.code(), ErrorCode::Session(code) if codes.contains(&code))
            }
            Broken::Late(_) | Broken::Overdue(_) | Broken::Silent(_) => false,
            Broken::Cancelled | Broken::Ended | Broken::Wait(_) => false,
        }
    }

    /// Whether the session is lost with it.
    pub(super) fn is_fatal(&self) -> bool {
        match self {
            Broken::Refused(error) => {
                is_without_reply(error)
                    || matches!(
                        error.code(),
                        ErrorCode::Session(
                            raw::LIBSSH2_ERROR_SOCKET_SEND
                                | raw::LIBSSH2_ERROR_SOCKET_RECV
                                | raw::LIBSSH2_ERROR_SOCKET_DISCONNECT
                                | raw::LIBSSH2_ERROR_SOCKET_TIMEOUT
                                | raw::LIBSSH2_ERROR_BAD_SOCKET
                                | raw::LIBSSH2_ERROR_TIMEOUT
                                | raw::LIBSSH2_ERROR_PROTO
                                | raw::LIBSSH2_ERROR_DECRYPT
                                | raw::LIBSSH2_ERROR_INVALID_MAC
                        )
                    )
            }
            Broken::Ended | Broken::Overdue(_) => false,
            Broken::Late(_) | Broken::Silent(_) | Broken::Cancelled | Broken::Wait(_) => true,
        }
    }

    /// Whether a login failed with a key that the host had found welcome: it was good for a part of the login, or the
    /// signature was not.
    pub(super) fn is_after_signing(&self) -> bool {
        match self {
            Broken::Refused(error) => {
                error.code() == ErrorCode::Session(raw::LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED)
            }
            Broken::Late(_) | Broken::Overdue(_) | Broken::Silent(_) => false,
            Broken::Cancelled | Broken::Ended | Broken::Wait(_) => false,
        }
    }

    /// Whether the host said no to a way of logging in: libssh2 has a sentence for that which tells nothing more.
    pub(super) fn is_refusal(&self) -> bool {
        let codes =
            [raw::LIBSSH2_ERROR_AUTHENTICATION_FAILED, raw::LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED];
        match self {
            Broken::Refused(error) => {
                matches!(error.code(), ErrorCode::Session(code) if codes.contains(&code))
            }
            Broken::Late(_) | Broken::Overdue(_) | Broken::Silent(_) => false,
            Broken::Cancelled | Broken::Ended | Broken::Wait(_) => false,
        }
    }

    pub(super) fn into_io(self) -> io::Error {
        let kind = match &self {
            Broken::Refused(error) => match error.code() {
                ErrorCode::Session(
                    raw::LIBSSH2_ERROR_CHANNEL_CLOSED | raw::LIBSSH2_ERROR_CHANNEL_EOF_SENT,
                ) => io::ErrorKind::BrokenPipe,
                ErrorCode::Session(_) | ErrorCode::SFTP(_) => io::ErrorKind::ConnectionAborted,
            },
            Broken::Ended => io::ErrorKind::BrokenPipe,
            Broken::Late(_) | Broken::Overdue(_) | Broken::Silent(_) => io::ErrorKind::TimedOut,
            // Not `Interrupted`: that asks the caller to try again.
            Broken::Cancelled | Broken::Wait(_) => io::ErrorKind::ConnectionAborted,
        };
        io::Error::new(kind, self)
    }
}

/// Whether the connection ended while a login waited for the host's word: libssh2 gives that the code of a refusal, and
/// tells it in words alone (userauth.c).
fn is_without_reply(error: &ssh2::Error) -> bool {
    let refusals = [
        ErrorCode::Session(raw::LIBSSH2_ERROR_AUTHENTICATION_FAILED),
        ErrorCode::Session(raw::LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED),
    ];
    refusals.contains(&error.code()) && error.message().starts_with("Waiting for ")
}

/// What became of each of two operations.
pub(super) type Both<A, B> = (Result<A, Broken>, Result<B, Broken>);

/// ssh2 hides libssh2's error behind an io::Error where it implements Read or Write: this finds it again.
pub(super) fn recovered(session: &Session, error: &io::Error) -> ssh2::Error {
    if error.kind() == io::ErrorKind::WouldBlock {
        ssh2::Error::from_errno(ErrorCode::Session(raw::LIBSSH2_ERROR_EAGAIN))
    } else {
        ssh2::Error::last_session_error(session).unwrap_or_else(ssh2::Error::unknown)
    }
}

fn would_block(error: &ssh2::Error) -> bool {
    error.code() == ErrorCode::Session(raw::LIBSSH2_ERROR_EAGAIN)
}

impl Wire {
    pub(super) fn new(socket: Socket, cancel: Canceller) -> Result<Wire, Broken> {
        let mut session = Session::new().map_err(Broken::Refused)?;
        match socket.handle().map_err(Broken::Wait)? {
            Handle::Tcp(stream) => session.set_tcp_stream(stream),
            Handle::Pair(stream) => session.set_tcp_stream(stream),
        }
        session.set_blocking(false);
        session.set_timeout(DROP_MILLISECONDS);
        let (heard, received, sent) = (Instant::now(), 0, 0);
        let (limit, keeps_alive) = (None, None);
        Ok(Wire { session, socket, cancel, limit, heard, received, sent, keeps_alive })
    }

    pub(super) fn session(&self) -> &Session {
        &self.session
    }

    pub(super) fn canceller(&self) -> Canceller {
        self.cancel.clone()
    }

    /// From now on, all operations together may take this long.
    pub(super) fn limit(&mut self, after: Duration) {
        self.limit = Some((Limit::of(Instant::now(), after), Manner::Firm));
    }

    /// The same, but the session outlives the deadline, to clean up after what did not come.
    pub(super) fn limit_patiently(&mut self, after: Duration) {
        self.limit = Some((Limit::of(Instant::now(), after), Manner::Patient));
    }

    /// From now on, all operations together may take so long, and no longer than `standstill` while nothing of what we send is
    /// acknowledged, neither by the host's TCP nor, as the caller says with [`Wire::moves`], by a program there.
    pub(super) fn limit_moving(&mut self, standstill: Duration, after: Duration) {
        self.limit = Some((Limit::moving(Instant::now(), standstill, after), Manner::Firm));
    }

    /// Something of what we send was acknowledged.
    pub(super) fn moves(&mut self) {
        if let Some((limit, _)) = &mut self.limit {
            limit.moved(Instant::now());
        }
    }

    pub(super) fn no_limit(&mut self) {
        self.limit = None;
    }

    /// From now on a quiet host is asked for a sign of life. Only a host that has let us in answers.
    pub(super) fn keep_alive(&mut self, alive: Alive) {
        let seconds = u32::try_from(alive.every.as_secs()).unwrap_or(u32::MAX);
        self.session.set_keepalive(true, seconds);
        self.keeps_alive = Some(alive);
    }

    /// Takes note of what programs exchanged, for where nothing else counts.
    pub(super) fn count(&self, sent: usize, received: usize) {
        self.socket.count(sent, received);
    }

    /// The last words of a program on the way to the host.
    pub(super) fn said_on_the_way(&self) -> String {
        self.socket.said()
    }

    /// The exchange of versions and keys. A thread holds it to its limit too: libssh2 reads lines before a host's version for as
    /// long as they come, and does not return meanwhile.
    pub(super) fn handshake(&mut self) -> Result<(), Broken> {
        let left = self.time_left()?;
        let watched = self.socket.handle().map_err(Broken::Wait)?;
        let (done, over) = mpsc::channel::<()>();
        let ended = thread::scope(|scope| {
            let watch = move || {
                if over.recv_timeout(left) == Err(RecvTimeoutError::Timeout) {
                    watched.cut();
                }
            };
            // Without a thread the time that libssh2 gives back is looked at all the same.
            drop(thread::Builder::new().name("handshake".to_owned()).spawn_scoped(scope, watch));
            let ended = self.run(|session| session.clone().handshake());
            drop(done);
            ended
        });
        ended.map_err(|broken| self.time_left().err().unwrap_or(broken))
    }

    /// Repeats an operation until it is done.
    pub(super) fn run<T>(
        &mut self,
        mut operation: impl FnMut(&Session) -> Result<T, ssh2::Error>,
    ) -> Result<T, Broken> {
        loop {
            if let Some(ended) = self.step(&mut operation) {
                return ended;
            }
            self.wait(KEEPALIVE)?;
        }
    }

    /// Two operations at once: their round trips overlap. They must not be two of a kind on one object, since libssh2
    /// keeps the state of an unfinished operation in the session, the channel or the SFTP handle it belongs to. Each has
    /// its own result; the outer one is lost with the session.
    pub(super) fn both<A, B>(
        &mut self,
        mut first: impl FnMut(&Session) -> Result<A, ssh2::Error>,
        mut second: impl FnMut(&Session) -> Result<B, ssh2::Error>,
    ) -> Result<Both<A, B>, Broken> {
        let (mut a, mut b) = (None, None);
        loop {
            // Each may read the other's answer off the socket and leave it in libssh2's queue, where no poll sees it: so
            // they take turns twice, and the wait after that is short.
            for _ in 0..2 {
                a = a.or_else(|| self.step(&mut first));
                b = b.or_else(|| self.step(&mut second));
            }
            match (a, b) {
                (Some(a), Some(b)) => return Ok((a, b)),
                (done_a, done_b) => (a, b) = (done_a, done_b),
            }
            self.wait(TICK)?;
        }
    }

    /// Asks once: None if it is not done yet.
    pub(super) fn step<T>(
        &self,
        operation: &mut impl FnMut(&Session) -> Result<T, ssh2::Error>,
    ) -> Option<Result<T, Broken>> {
        match operation(&self.session) {
            Ok(done) => Some(Ok(done)),
            Err(error) if would_block(&error) => None,
            Err(error) => Some(Err(self.refused(error))),
        }
    }

    /// The error that an operation ended with; it is ours if we cut the socket under it.
    fn refused(&self, error: ssh2::Error) -> Broken {
        if self.cancel.is_cancelled() { Broken::Cancelled } else { Broken::Refused(error) }
    }

    /// Waits until libssh2 can go on, but no longer than `longest`.
    pub(super) fn wait(&mut self, longest: Duration) -> Result<(), Broken> {
        let waited = self.wait_or_break(longest);
        if waited.as_ref().is_err_and(Broken::is_fatal) {
            self.cut();
        }
        waited
    }

    fn wait_or_break(&mut self, longest: Duration) -> Result<(), Broken> {
        if self.cancel.is_cancelled() {
            return Err(Broken::Cancelled);
        }
        self.listen();
        let until_deadline = self.time_left()?;
        let directions = self.session.block_directions();
        let events = match directions {
            BlockDirections::Inbound | BlockDirections::None => PollFlags::POLLIN,
            BlockDirections::Outbound => PollFlags::POLLOUT,
            BlockDirections::Both => PollFlags::POLLIN | PollFlags::POLLOUT,
        };
        let breath = self.keeps_alive.map_or(KEEPALIVE, |alive| alive.every);
        let found = self.poll(events, longest.min(until_deadline).min(breath))?;
        if found.intersects(PollFlags::POLLIN | PollFlags::POLLHUP | PollFlags::POLLERR) {
            self.heard = Instant::now();
        }
        // A keepalive may only be sent when no packet is half sent.
        if let Some(alive) = self.keeps_alive
            && directions == BlockDirections::Inbound
        {
            self.ask_for_life(alive)?;
        }
        Ok(())
    }

    /// Takes note of what came and went. Polls alone would not do: an answer may be there, and be read, before the next
    /// one, and while much is sent only room for more is waited for.
    fn listen(&mut self) {
        let Counters { sent, received } = self.counters();
        let moved = sent >= self.sent + MOVEMENT;
        if moved {
            self.sent = sent;
            self.moves();
        }
        if moved || received > self.received {
            self.received = received;
            self.heard = Instant::now();
        }
    }

    /// Until the deadline, which is an error once it has passed.
    pub(super) fn time_left(&self) -> Result<Duration, Broken> {
        let Some((limit, manner)) = self.limit else {
            return Ok(Duration::MAX);
        };
        limit.left(Instant::now()).map_err(|after| match manner {
            Manner::Patient => Broken::Overdue(after),
            Manner::Firm => Broken::Late(after),
        })
    }

    fn ask_for_life(&mut self, alive: Alive) -> Result<(), Broken> {
        let quiet = self.heard.elapsed();
        if quiet > alive.every * alive.unanswered.saturating_add(1) {
            return Err(Broken::Silent(quiet));
        }
        // With the send buffer full a keepalive would be sent in half; TCP itself notices a dead peer then.
        if quiet >= alive.every
            && self.poll(PollFlags::POLLOUT, Duration::ZERO)?.contains(PollFlags::POLLOUT)
        {
            self.session.keepalive_send().map_err(|error| self.refused(error))?;
        }
        Ok(())
    }

    fn poll(&self, events: PollFlags, longest: Duration) -> Result<PollFlags, Broken> {
        let mut fds = [PollFd::new(self.socket.as_fd(), events)];
        // Rounded up: a wait of less than a millisecond must not become a busy loop.
        let milliseconds = longest.as_micros().div_ceil(1000);
        match poll(&mut fds, PollTimeout::try_from(milliseconds).unwrap_or(PollTimeout::MAX)) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(Broken::Wait(errno.into())),
        }
        let [fd] = fds;
        Ok(fd.revents().unwrap_or(PollFlags::empty()))
    }

    /// Ends the connection; nothing on this session can block after it.
    pub(super) fn cut(&self) {
        self.socket.cut();
    }

    /// Says goodbye before the cut, if that needs no waiting.
    pub(super) fn part(&self) {
        drop(self.session.disconnect(None, "done", None));
        self.cut();
    }

    /// What was counted on this connection.
    pub(super) fn counters(&self) -> Counters {
        self.socket.counters()
    }
}

impl Drop for Wire {
    /// Comes before the drop of whatever was made of this session, wherever the wire is its owner's first field.
    fn drop(&mut self) {
        self.cut();
        self.cancel.forget();
    }
}
