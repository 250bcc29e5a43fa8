//! The characters of a pattern, one after the other.

pub(super) struct Scanner {
    pub(super) rest: Vec<char>,
    /// How many of them have been read.
    pub(super) at: usize,
}

impl Scanner {
    pub(super) fn of(text: &str) -> Self {
        Self { rest: text.chars().collect(), at: 0 }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.at += usize::from(next.is_some());
        next
    }

    /// Passes over these characters if they come next.
    pub(super) fn take(&mut self, expected: &str) -> bool {
        let length = expected.chars().count();
        let ahead = self.rest.get(self.at..self.at + length);
        let found = ahead.is_some_and(|ahead| ahead.iter().copied().eq(expected.chars()));
        self.at += if found { length } else { 0 };
        found
    }

    /// The characters up to this one, which is passed over; nothing if it does not come.
    pub(super) fn until(&mut self, end: char) -> Option<String> {
        let length = self.rest.get(self.at..)?.iter().position(|c| *c == end)?;
        let text = self.rest.get(self.at..self.at + length)?.iter().collect();
        self.at += length + 1;
        Some(text)
    }
}
