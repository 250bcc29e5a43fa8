//! What a session's bytes go through: a TCP connection, or a program on this machine that has one.

use super::Counters;
use super::proxy::Proxied;
use nix::sys::socket::getsockopt;
use std::cell::Cell;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

pub(super) enum Socket {
    Tcp(TcpStream),
    /// With what the programs on both ends have exchanged: no kernel counts what crosses such a socket.
    Proxied(Proxied, Cell<Counters>),
}

/// A second handle of a socket, for libssh2.
pub(super) enum Handle {
    Tcp(TcpStream),
    Pair(UnixStream),
}

impl Handle {
    /// Ends the connection of all handles.
    pub(super) fn cut(&self) {
        match self {
            Handle::Tcp(stream) => drop(stream.shutdown(Shutdown::Both)),
            Handle::Pair(stream) => drop(stream.shutdown(Shutdown::Both)),
        }
    }
}

impl Socket {
    pub(super) fn handle(&self) -> io::Result<Handle> {
        match self {
            Socket::Tcp(stream) => stream.try_clone().map(Handle::Tcp),
            Socket::Proxied(proxied, _) => proxied.stream().try_clone().map(Handle::Pair),
        }
    }

    /// Ends the connection. It fails only on one that has ended already.
    pub(super) fn cut(&self) {
        match self {
            Socket::Tcp(stream) => drop(stream.shutdown(Shutdown::Both)),
            Socket::Proxied(proxied, _) => drop(proxied.stream().shutdown(Shutdown::Both)),
        }
    }

    /// What was exchanged so far; zeros if the kernel does not say.
    pub(super) fn counters(&self) -> Counters {
        match self {
            Socket::Tcp(stream) => {
                let head = getsockopt(stream, TcpInfoHead).unwrap_or_default();
                let [.., sent, received] = head;
                Counters { sent, received }
            }
            Socket::Proxied(_, counters) => counters.get(),
        }
    }

    /// Takes note of what programs sent and received, where the kernel does not.
    pub(super) fn count(&self, sent: usize, received: usize) {
        if let Socket::Proxied(_, counters) = self {
            let mut sum = counters.get();
            sum.sent = sum.sent.saturating_add(u64::try_from(sent).unwrap_or(u64::MAX));
            sum.received = sum.received.saturating_add(u64::try_from(received).unwrap_or(u64::MAX));
            counters.set(sum);
        }
    }

    /// The last words of the program between; none if there is none.
    pub(super) fn said(&self) -> String {
        match self {
            Socket::Tcp(_) => String::new(),
            Socket::Proxied(proxied, _) => proxied.said(),
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Socket::Tcp(stream) => stream.as_fd(),
            Socket::Proxied(proxied, _) => proxied.as_fd(),
        }
    }
}

/// `struct tcp_info` of linux/tcp.h up to `tcpi_bytes_acked` and `tcpi_bytes_received`, in words of 8 bytes; the kernel has
/// both since 4.1, and fills as much as it is asked for.
#[derive(Debug, Clone, Copy)]
struct TcpInfoHead;

nix::getsockopt_impl!(
    TcpInfoHead,
    libc::IPPROTO_TCP,
    libc::TCP_INFO,
    [u64; 17],
    nix::sys::socket::sockopt::GetStruct<[u64; 17]>
);
