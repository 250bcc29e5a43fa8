//! From a target's address to a TCP connection: all addresses are tried, within one deadline.
//! Knows nothing of SSH.

use super::canceller::Cut;
use super::{Canceller, Problem, Stage, Target, Timeouts, Unreachable};
use nix::sys::socket::{setsockopt, sockopt};
use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// How often a quiet connection is tried, and how many tries may stay without answer.
pub(super) const KEEPALIVE: Duration = Duration::from_secs(15);
pub(super) const UNANSWERED: u32 = 3;

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
pub(super) fn resolve(target: &Target, timeouts: &Timeouts) -> Result<Vec<SocketAddr>, Refusal> {
    let (host, port) = (target.address.clone(), target.port);
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    // getaddrinfo(3) takes as long as the slowest name server, and cannot be stopped: it is left behind if late.
    let (answer, answers) = mpsc::channel();
    let ask = move || {
        let found = (host.as_str(), port).to_socket_addrs();
        // Nobody listens any more if the answer came too late.
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
    match answers.recv_timeout(timeouts.resolve) {
        Ok(Ok(addresses)) if addresses.is_empty() => Err(refusal("", None)),
        Ok(Ok(addresses)) => Ok(addresses),
        Ok(Err(error)) => Err(refusal("", Some(error))),
        Err(_) => Err(refusal(&format!(" within {} s", timeouts.resolve.as_secs_f32()), None)),
    }
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
        if cancel.is_cancelled() {
            return Err(Refusal { problem: Problem::new("cancelled"), source: None });
        }
        let attempt = TcpStream::connect_timeout(address, share.max(Duration::from_millis(1)));
        match attempt.and_then(|stream| prepare(&stream, cancel).map(|()| stream)) {
            Ok(stream) => return Ok(stream),
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
            let found = resolve(&target(address), &timeouts).unwrap();
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
        let refusal = resolve(&target("nothing.invalid"), &Timeouts::default()).unwrap_err();
        assert_eq!(refusal.problem.what, "no address found for `nothing.invalid`");
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
