//! From a target's address to a TCP connection: all addresses are tried, within one deadline.
//! Knows nothing of SSH.

use super::{Problem, Stage, Target, Timeouts, Unreachable};
use crate::canceller::Canceller;
use crate::canceller::Cut;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrStorage, connect, getsockopt, setsockopt, socket,
    sockopt,
};
use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// How often a quiet connection is tried, and how many tries may stay without answer.
pub(super) const KEEPALIVE: Duration = Duration::from_secs(15);
pub(super) const UNANSWERED: u32 = 3;

/// How often a cancel is looked for.
const LOOK: Duration = Duration::from_millis(100);

/// Why there is no connection, before it is known whose it would have been.
#[derive(Debug)]
pub(super) struct Refusal {
    problem: Problem,
    source: Option<io::Error>,
}

impl Refusal {
    pub(super) fn at(self, target: &Target, stage: Stage) -> Unreachable {
        let unreachable = Unreachable::new(target, stage, self.problem);
        match self.source {
            Some(source) => unreachable.because(source),
            None => unreachable,
        }
    }
}

/// The addresses of the host, in the system's order.
pub(super) fn resolve(
    target: &Target,
    timeouts: &Timeouts,
    cancel: &Canceller,
) -> Result<Vec<SocketAddr>, Refusal> {
    let (host, port) = (target.address.clone(), target.port);
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    // getaddrinfo(3) takes as long as the slowest name server, and cannot be stopped: it is left behind if late.
    let (answer, answers) = mpsc::channel();
    let ask = move || {
        let found = (host.as_str(), port).to_socket_addrs();
        // The receiver is gone if the answer came too late.
        drop(answer.send(found.map(Iterator::collect::<Vec<_>>)));
    };
    let refusal = |end: &str, source| {
        let hint = "check the name, or give the host's address with `host=` in the hosts file";
        let what = format!("no address found for `{}`{end}", target.address);
        Refusal { problem: Problem::new(what).with_hint(hint), source }
    };
    if let Err(error) = thread::Builder::new().name("resolve".to_owned()).spawn(ask) {
        let problem = Problem::new("cannot start a thread");
        return Err(Refusal { problem, source: Some(error) });
    }
    let end = Instant::now() + timeouts.resolve;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        match answers.recv_timeout(left.min(LOOK)) {
            Ok(Ok(addresses)) if addresses.is_empty() => return Err(refusal("", None)),
            Ok(Ok(addresses)) => return Ok(addresses),
            Ok(Err(error)) => return Err(refusal("", Some(error))),
            Err(_) if cancel.is_cancelled() => return Err(cancelled()),
            Err(_) if left.is_zero() => {
                let late = format!(" within {} s", timeouts.resolve.as_secs_f32());
                return Err(refusal(&late, None));
            }
            Err(_) => {}
        }
    }
}

fn cancelled() -> Refusal {
    Refusal { problem: Problem::new("cancelled"), source: None }
}

/// A connection to the first address that takes one.
pub(super) fn tcp(
    addresses: &[SocketAddr],
    timeouts: &Timeouts,
    cancel: &Canceller,
) -> Result<TcpStream, Refusal> {
    let end = Instant::now() + timeouts.connect;
    let mut refusals = Vec::new();
    for (index, address) in addresses.iter().enumerate() {
        let left = u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
        let share = end.saturating_duration_since(Instant::now()) / left;
        let attempt = reach(address, share.max(Duration::from_millis(1)), cancel);
        match attempt.and_then(|stream| prepare(&stream, cancel).map(|()| stream)) {
            Ok(stream) => return Ok(stream),
            Err(_) if cancel.is_cancelled() => return Err(cancelled()),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                let seconds = share.as_secs_f32();
                refusals.push((format!("{address} does not answer within {seconds:.0} s"), None));
            }
            Err(error) => refusals.push((format!("{address} takes no connection"), Some(error))),
        }
    }
    let what: Vec<String> = refusals.iter().map(|(what, _)| what.clone()).collect();
    let hint = "is the host up, is sshd listening on that port, does a firewall drop it?";
    let source = refusals.into_iter().find_map(|(_, error)| error);
    Err(Refusal { problem: Problem::new(what.join("; ")).with_hint(hint), source })
}

/// As [`TcpStream::connect_timeout`], but a cancel ends the wait.
fn reach(address: &SocketAddr, within: Duration, cancel: &Canceller) -> io::Result<TcpStream> {
    let end = Instant::now() + within;
    let family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let connecting = socket(family, SockType::Stream, flags, None)?;
    match connect(connecting.as_raw_fd(), &SockaddrStorage::from(*address)) {
        Ok(()) | Err(Errno::EINPROGRESS | Errno::EINTR) => {}
        Err(errno) => return Err(errno.into()),
    }
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if cancel.is_cancelled() || left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let wait = PollTimeout::try_from(left.min(LOOK)).unwrap_or(PollTimeout::ZERO);
        match poll(&mut [PollFd::new(connecting.as_fd(), PollFlags::POLLOUT)], wait) {
            Ok(0) | Err(Errno::EINTR) => {}
            Ok(_) => break,
            Err(errno) => return Err(errno.into()),
        }
    }
    match getsockopt(&connecting, sockopt::SocketError)? {
        0 => {}
        error => return Err(io::Error::from_raw_os_error(error)),
    }
    let stream = TcpStream::from(connecting);
    stream.set_nonblocking(false)?;
    Ok(stream)
}

/// Small packets at once; a dead peer is noticed within a minute, in either direction (tcp(7)).
fn prepare(stream: &TcpStream, cancel: &Canceller) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let seconds = u32::try_from(KEEPALIVE.as_secs()).unwrap_or(u32::MAX);
    setsockopt(stream, sockopt::KeepAlive, &true)?;
    setsockopt(stream, sockopt::TcpKeepIdle, &seconds)?;
    setsockopt(stream, sockopt::TcpKeepInterval, &seconds)?;
    setsockopt(stream, sockopt::TcpKeepCount, &UNANSWERED)?;
    setsockopt(stream, sockopt::TcpUserTimeout, &(seconds * 1000 * (UNANSWERED + 1)))?;
    cancel.cuts(Cut::Socket(stream.try_clone()?));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(address: &str) -> Target {
        Target {
            name: "web1".into(),
            address: address.into(),
            port: 22,
            user: "root".into(),
            password: None,
            private_key: None,
            ..Target::default()
        }
    }

    #[test]
    fn addresses_need_no_resolver() {
        let timeouts = Timeouts { resolve: Duration::ZERO, ..Timeouts::default() };
        for (address, expected) in [("127.0.0.1", "127.0.0.1:22"), ("::1", "[::1]:22")] {
            let found = resolve(&target(address), &timeouts, &Canceller::default()).unwrap();
            assert_eq!(found, [expected.parse().unwrap()]);
        }
    }

    #[test]
    fn what_one_stage_took_the_next_has_less() {
        let seconds = Duration::from_secs;
        let check = |timeouts: Timeouts, spent, expected: [u64; 3]| {
            let Timeouts { resolve, connect, handshake, .. } = timeouts.after(seconds(spent));
            assert_eq!([resolve, connect, handshake], expected.map(Duration::from_millis));
        };
        check(Timeouts::default(), 0, [15_000, 15_000, 20_000]);
        check(Timeouts::default(), 30, [15_000, 15_000, 20_000]);
        let short = Timeouts::default().reaching_within(seconds(3));
        check(short, 0, [3_000, 3_000, 3_000]);
        check(short, 2, [1_000, 1_000, 1_000]);
        check(short, 4, [1, 1, 1]);
    }

    #[test]
    fn a_name_that_is_none_says_so() {
        let (target, timeouts) = (target("nothing.invalid"), Timeouts::default());
        let refusal = resolve(&target, &timeouts, &Canceller::default()).unwrap_err();
        assert_eq!(refusal.problem.what, "no address found for `nothing.invalid`");
    }

    #[test]
    fn a_cancel_ends_the_wait_for_a_host_that_does_not_answer() {
        // One that takes nobody, and whose queue is full: what comes now is not even refused.
        let any = std::net::Ipv4Addr::LOCALHOST;
        let flags = SockFlag::SOCK_CLOEXEC;
        let full = socket(AddressFamily::Inet, SockType::Stream, flags, None).unwrap();
        let here = SockaddrStorage::from(SocketAddr::from((any, 0)));
        nix::sys::socket::bind(full.as_raw_fd(), &here).unwrap();
        nix::sys::socket::listen(&full, nix::sys::socket::Backlog::new(0).unwrap()).unwrap();
        let address = std::net::TcpListener::from(full);
        let at = address.local_addr().unwrap();
        let quick = Duration::from_millis(300);
        let mut waiting = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&at, quick) {
            waiting.push(stream);
        }
        let cancel = Canceller::default();
        let cancelling = cancel.clone();
        let thread = thread::spawn(move || {
            thread::sleep(quick);
            cancelling.cancel();
        });
        let begun = Instant::now();
        let refusal = tcp(&[at], &Timeouts::default(), &cancel).unwrap_err();
        assert_eq!(refusal.problem.what, "cancelled");
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        thread.join().unwrap();
    }

    #[test]
    fn the_second_address_is_tried_when_the_first_refuses() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let open = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let addresses = [closed, open.local_addr().unwrap()];
        let cancel = Canceller::default();
        let stream = tcp(&addresses, &Timeouts::default(), &cancel).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), addresses[1]);
        let refusal = tcp(&[closed], &Timeouts::default(), &cancel).unwrap_err();
        assert_eq!(refusal.problem.what, format!("{closed} takes no connection"));
        assert_eq!(refusal.source.unwrap().kind(), io::ErrorKind::ConnectionRefused);
    }
}
