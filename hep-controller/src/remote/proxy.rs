//! The way to a host through a program on this machine: ProxyCommand and ProxyJump of ssh_config(5). One socketpair is the
//! program's stdin and stdout; it ends with the connection.

use super::tail::{Stderr, follow};
use super::{Problem, child};
use crate::canceller::Canceller;
use crate::canceller::Cut;
use crate::memory;
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command};

/// A program that connects its stdin and stdout with a host's SSH server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proxy {
    words: Vec<String>,
    /// As messages name it.
    shown: String,
}

impl Proxy {
    /// ProxyCommand, with its tokens expanded.
    pub(super) fn command(text: String) -> Proxy {
        let shell = std::env::var("SHELL").ok().filter(|shell| !shell.is_empty());
        let shell = shell.unwrap_or_else(|| "/bin/sh".to_owned());
        let words = vec![shell, "-c".to_owned(), format!("exec {text}")];
        Proxy { words, shown: format!("ProxyCommand `{text}`") }
    }

    /// ProxyJump: `ssh` to the last of the hosts by way of those before it, as `ssh` itself does.
    ///
    /// # Errors
    /// A port that is none.
    pub(super) fn jump(
        jump: &str,
        config: Option<&Path>,
        host: &str,
        port: u16,
    ) -> Result<Proxy, Problem> {
        let (before, last) = match jump.rsplit_once(',') {
            Some((before, last)) => (Some(before), last),
            None => (None, jump),
        };
        let Hop { user, host: hop, port: hop_port } = Hop::parse(last)?;
        let mut words: Vec<String> = ["ssh", "-o", "BatchMode=yes"].map(str::to_owned).into();
        let mut add = |option: &str, value: String| words.extend([option.to_owned(), value]);
        if let Some(config) = config {
            add("-F", config.display().to_string());
        }
        if let Some(before) = before {
            add("-J", before.to_owned());
        }
        if let Some(user) = user {
            add("-l", user);
        }
        if let Some(port) = hop_port {
            add("-p", port.to_string());
        }
        let host = host.trim_start_matches('[').trim_end_matches(']');
        add("-W", format!("[{host}]:{port}"));
        add("--", hop);
        Ok(Proxy { words, shown: format!("ProxyJump `{jump}`") })
    }

    /// As messages name it.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// Whether what such a program says at its end leaves it open that the host hung up on it, and not that it never got
    /// there: nothing, or that the same happened to it on its way. One that was refused says so beside that.
    pub(super) fn met_a_hangup(said: &str) -> bool {
        const WORDS: [&str; 4] = [
            "kex_exchange_identification: ",
            "Connection closed by ",
            "Connection reset by ",
            "Warning: Permanently added ",
        ];
        let lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.into_iter().all(|line| WORDS.iter().any(|words| line.starts_with(words)))
    }

    #[cfg(test)]
    pub(super) fn words(&self) -> &[String] {
        &self.words
    }

    /// Starts it.
    pub(super) fn start(&self, cancel: &Canceller) -> io::Result<Proxied> {
        let (ours, theirs) = UnixStream::pair()?;
        let (program, arguments) = self.words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = Command::new(program);
        child::quiet(&mut command)
            .args(arguments)
            .stdin(OwnedFd::from(theirs.try_clone()?))
            .stdout(OwnedFd::from(theirs))
            .stderr(std::process::Stdio::piped());
        let mut child = memory::start(&mut command)?;
        // Its copies of the socket are in the command.
        drop(command);
        let stderr = child.stderr.take().map(follow).transpose();
        let mut proxied = Proxied { stream: ours, child, stderr: None };
        cancel.cuts(Cut::Pair(proxied.stream.try_clone()?));
        proxied.stderr = stderr?;
        Ok(proxied)
    }
}

/// One of the hosts of a ProxyJump: `[user@]host[:port]` or `ssh://[user@]host[:port]`.
struct Hop {
    user: Option<String>,
    host: String,
    port: Option<u16>,
}

impl Hop {
    fn parse(text: &str) -> Result<Hop, Problem> {
        let text = text.trim().strip_prefix("ssh://").unwrap_or(text.trim());
        let (user, place) = match text.rsplit_once('@') {
            Some((user, place)) => (Some(user.to_owned()), place),
            None => (None, text),
        };
        let (host, port) = match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, rest)) => (host, rest.strip_prefix(':')),
            // More than one colon is an IPv6 address.
            None => match place.split_once(':') {
                Some((host, port)) if !port.contains(':') => (host, Some(port)),
                Some(_) | None => (place, None),
            },
        };
        let number = |text: &str| {
            text.parse()
                .map_err(|_| Problem::new(format!("ProxyJump `{text}`: that is not a port")))
        };
        let port = port.map(number).transpose()?;
        Ok(Hop { user, host: host.to_owned(), port })
    }
}

/// A running one, and our end of its socket.
pub(super) struct Proxied {
    stream: UnixStream,
    child: Child,
    stderr: Option<Stderr>,
}

impl Proxied {
    /// The last it wrote to stderr.
    pub(super) fn said(&self) -> String {
        self.stderr.as_ref().map(Stderr::text).unwrap_or_default()
    }

    pub(super) fn stream(&self) -> &UnixStream {
        &self.stream
    }
}

impl AsFd for Proxied {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

impl Drop for Proxied {
    fn drop(&mut self) {
        // Fails only on a socket whose other end is gone.
        drop(self.stream.shutdown(Shutdown::Both));
        child::end_group(&mut self.child);
        drop(self.child.wait());
    }
}
