//! The agent's stream through an `ssh` as a [`Link`].

use super::process::Process;
use crate::canceller::Canceller;
use crate::remote::{Counters, Ending, Exit, Link};
use std::io::{self, Read, Write};
use std::time::Duration;

pub(super) struct OpensshLink {
    process: Process,
    finish_within: Duration,
    look_every: Option<Duration>,
    is_broken: bool,
    ended: Option<Ending>,
}

impl OpensshLink {
    pub(super) fn new(process: Process, finish_within: Duration) -> OpensshLink {
        OpensshLink { process, finish_within, look_every: None, is_broken: false, ended: None }
    }

    /// The hello is done: from here on the agent may take its time.
    pub(super) fn run_on(&mut self) {
        self.process.no_limit();
        self.process.shut_the_door();
    }

    /// There was no hello: how the agent ended, and whether it wrote nothing at all.
    pub(super) fn give_up(mut self) -> (Ending, bool) {
        let ending = self.finish();
        (ending, !self.process.received_any())
    }

    fn note<T>(&mut self, done: io::Result<T>) -> io::Result<T> {
        self.is_broken |= done.is_err();
        done
    }
}

impl Read for OpensshLink {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.look_every {
            None => {
                let read = self.process.read(buffer);
                self.note(read)
            }
            Some(every) => {
                let read = self.process.read_within(buffer, every);
                self.note(read)?.ok_or_else(|| io::ErrorKind::WouldBlock.into())
            }
        }
    }
}

impl Write for OpensshLink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A program that has ended may have said why: what it wrote can still be read.
        self.process.write(bytes)
    }

    /// Nothing is held back.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Link for OpensshLink {
    fn look_around(&mut self, every: Duration) -> io::Result<()> {
        self.look_every = Some(every);
        Ok(())
    }

    fn finish(&mut self) -> Ending {
        if let Some(ending) = &self.ended {
            return ending.clone();
        }
        self.process.limit(self.finish_within);
        let exit = if self.is_broken { Exit::Unknown } else { self.process.settle() };
        self.process.end();
        self.is_broken = true;
        let stderr = self.process.stderr();
        self.ended.insert(Ending { exit, stderr }).clone()
    }

    fn canceller(&self) -> Canceller {
        self.process.canceller()
    }

    fn counters(&self) -> Counters {
        self.process.counters()
    }
}
