//! The agent's stream as a [`Link`].

use super::send::Sent;
use super::stream::Stream;
use super::wire::{Broken, Wire};
use crate::canceller::Canceller;
use crate::remote::{Counters, Ending, Exit, Link};
use ssh2::Sftp;
use std::io::{self, Read, Write};
use std::time::Duration;

pub(super) struct SshLink {
    /// First, so that it is dropped first: see its `drop`.
    wire: Wire,
    stream: Stream,
    /// What the agent came by. Closing it would take a round trip; it ends with the connection.
    sent: Option<Sent>,
    sftp: Option<Sftp>,
    finish_within: Duration,
    look_every: Option<Duration>,
    is_broken: bool,
    ended: Option<Ending>,
}

impl SshLink {
    pub(super) fn new(wire: Wire, stream: Stream, finish_within: Duration) -> SshLink {
        SshLink {
            wire,
            stream,
            sent: None,
            sftp: None,
            finish_within,
            look_every: None,
            is_broken: false,
            ended: None,
        }
    }

    /// The hello is done: from here on the agent may take its time.
    pub(super) fn run_on(&mut self, sftp: Option<Sftp>) {
        self.wire.no_limit();
        self.sftp = sftp;
    }

    pub(super) fn keep(&mut self, sent: Sent) {
        self.sent = Some(sent);
    }

    /// There was no hello: how the agent ended, whether it wrote nothing at all, and the session for another attempt.
    pub(super) fn give_up(mut self, within: Duration) -> (Ending, bool, Wire) {
        let exit = self.settle(within);
        let SshLink { wire, stream, .. } = self;
        (stream.ending(exit), !stream.received_any(), wire)
    }

    fn settle(&mut self, within: Duration) -> Exit {
        if self.is_broken {
            return Exit::Unknown;
        }
        self.wire.limit_patiently(within);
        self.stream.settle(&mut self.wire)
    }

    fn note<T>(&mut self, done: Result<T, Broken>) -> io::Result<T> {
        done.map_err(|broken| {
            self.is_broken |= broken.is_fatal();
            broken.into_io()
        })
    }
}

impl Read for SshLink {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.look_every {
            None => {
                let read = self.stream.read(&mut self.wire, buffer);
                self.note(read)
            }
            Some(every) => {
                let read = self.stream.read_within(&mut self.wire, buffer, every);
                self.note(read)?.ok_or_else(|| io::ErrorKind::WouldBlock.into())
            }
        }
    }
}

impl Write for SshLink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.stream.write(&mut self.wire, bytes);
        self.note(written)
    }

    /// Nothing is held back.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Link for SshLink {
    fn look_around(&mut self, every: Duration) -> io::Result<()> {
        self.look_every = Some(every);
        Ok(())
    }

    fn finish(&mut self) -> Ending {
        if self.ended.is_none() {
            let exit = self.settle(self.finish_within);
            self.ended = Some(self.stream.ending(exit));
            self.is_broken = true;
            self.wire.part();
        }
        self.ended.clone().unwrap_or_else(|| self.stream.ending(Exit::Unknown))
    }

    fn canceller(&self) -> Canceller {
        self.wire.canceller()
    }

    fn counters(&self) -> Counters {
        self.wire.counters()
    }
}
