//! Replies on their way out. A write for each would cost more than most tasks do, so some are gathered for a moment.

use std::io::{self, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a reply waits for others at most: a person sees no difference.
const MOMENT: Duration = Duration::from_millis(25);

/// How much is gathered, in bytes.
const MUCH: usize = 16 * 1024;

/// The way out, and what waits for it.
pub(super) struct Replies {
    state: Mutex<State>,
    waiting: Condvar,
}

struct State {
    output: Box<dyn Write + Send>,
    gathered: Vec<u8>,
}

impl State {
    fn send(&mut self) -> io::Result<()> {
        let sent = self.output.write_all(&self.gathered).and_then(|()| self.output.flush());
        self.gathered.clear();
        sent
    }
}

impl Replies {
    pub(super) fn new(output: Box<dyn Write + Send>) -> Replies {
        let state = State { output, gathered: Vec::new() };
        Replies { state: Mutex::new(state), waiting: Condvar::new() }
    }

    /// Sends frames after all that waits; none: only that.
    pub(super) fn send(&self, frames: &[u8]) -> io::Result<()> {
        let mut state = self.lock();
        state.gathered.extend_from_slice(frames);
        if state.gathered.is_empty() { Ok(()) } else { state.send() }
    }

    /// Keeps a frame until others come, or a moment has passed.
    pub(super) fn gather(&self, frame: &[u8]) -> io::Result<()> {
        let mut state = self.lock();
        if state.gathered.is_empty() {
            self.waiting.notify_one();
        }
        state.gathered.extend_from_slice(frame);
        if state.gathered.len() >= MUCH { state.send() } else { Ok(()) }
    }

    /// Sends what waits when its moment has passed, for as long as somebody takes it.
    pub(super) fn keep_sending(&self) -> io::Result<()> {
        loop {
            let state = self.lock();
            let nothing = |state: &mut State| state.gathered.is_empty();
            let state = self.waiting.wait_while(state, nothing);
            drop(state.unwrap_or_else(PoisonError::into_inner));
            std::thread::sleep(MOMENT);
            self.send(&[])?;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::sync::Arc;

    /// Tells each write apart.
    struct Writes(std::sync::mpsc::Sender<Vec<u8>>);

    impl Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(bytes.to_vec()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_waits_goes_out_before_what_does_not_and_in_one_write() {
        let (sender, writes) = std::sync::mpsc::channel();
        let replies = Replies::new(Box::new(Writes(sender)));
        replies.gather(b"a").unwrap();
        replies.gather(b"b").unwrap();
        assert!(writes.try_recv().is_err());
        replies.send(b"c").unwrap();
        replies.send(b"").unwrap();
        replies.gather(&[b'd'; MUCH]).unwrap();
        drop(replies);
        assert_eq!(writes.iter().collect::<Vec<_>>(), [b"abc".to_vec(), vec![b'd'; MUCH]]);
    }

    #[test]
    fn nothing_waits_for_ever() {
        let (mut reader, writer) = io::pipe().unwrap();
        let replies = Arc::new(Replies::new(Box::new(writer)));
        let sender = Arc::clone(&replies);
        std::thread::spawn(move || sender.keep_sending());
        for _ in 0..3 {
            replies.gather(b"x").unwrap();
            reader.read_exact(&mut [0]).unwrap();
        }
    }

    #[test]
    fn sending_ends_with_its_reader() {
        let (reader, writer) = io::pipe().unwrap();
        let replies = Replies::new(Box::new(writer));
        replies.gather(b"x").unwrap();
        drop(reader);
        assert!(replies.keep_sending().is_err());
    }
}
