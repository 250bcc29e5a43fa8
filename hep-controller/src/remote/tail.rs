//! The last bytes of a stream of unknown length, in bounded memory; and those of a child's stderr.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::{self, Read as _};
use std::process::ChildStderr;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// What is kept of an agent's stderr.
const KEPT: usize = 8 * 1024;

/// Keeps the last [`KEPT`] bytes of what it is given.
#[derive(Debug, Default)]
pub(super) struct Tail(VecDeque<u8>);

impl Tail {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let newest = bytes.get(bytes.len().saturating_sub(KEPT)..).unwrap_or(bytes);
        let surplus = (self.0.len() + newest.len()).saturating_sub(KEPT);
        self.0.drain(..surplus);
        self.0.extend(newest);
    }

    /// The bytes as text; what is not UTF-8 (the cut may be inside a character) is replaced.
    pub(super) fn text(&self) -> String {
        let (front, back) = self.0.as_slices();
        String::from_utf8_lossy(&[front, back].concat()).into_owned()
    }
}

/// The tail of stderr, and a channel that is closed at its end.
pub(super) struct Stderr {
    tail: Arc<Mutex<Tail>>,
    end: Receiver<Infallible>,
}

impl Stderr {
    /// The end is waited for a moment only: a task may have left a daemon behind that holds the pipe open.
    pub(super) fn text(&self) -> String {
        let _ = self.end.recv_timeout(Duration::from_millis(200));
        self.tail.lock().unwrap_or_else(PoisonError::into_inner).text()
    }
}

/// Reads a child's stderr to its end.
pub(super) fn follow(mut pipe: ChildStderr) -> io::Result<Stderr> {
    let (at_end, end) = mpsc::channel();
    let kept = Arc::new(Mutex::new(Tail::default()));
    let tail = Arc::clone(&kept);
    let copy = move || {
        let _at_end = at_end;
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = pipe.read(&mut buffer) {
            let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
            tail.push(buffer.get(..read).unwrap_or_default());
        }
    };
    thread::Builder::new().name("stderr".to_owned()).spawn(copy)?;
    Ok(Stderr { tail: kept, end })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_bytes_are_kept() {
        let mut tail = Tail::default();
        tail.push(&vec![b'a'; KEPT]);
        tail.push(b"end");
        assert_eq!(tail.text().len(), KEPT);
        assert!(tail.text().ends_with("aend"));
        tail.push(&vec![b'b'; 3 * KEPT]);
        assert_eq!(tail.text(), "b".repeat(KEPT));
    }
}
