//! The last bytes of a stream of unknown length, in bounded memory.

use std::collections::VecDeque;

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

    /// The bytes as text; what is no UTF-8 (the cut may be inside a character) is replaced.
    pub(super) fn text(&self) -> String {
        let (front, back) = self.0.as_slices();
        String::from_utf8_lossy(&[front, back].concat()).into_owned()
    }
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
