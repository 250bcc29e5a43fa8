//! Contents that were asked for: what has come of each, and what is asked for next.
//!
//! The controller answers every want once and in order. So a piece belongs to the first answer that is not whole yet, and
//! answers that nobody will read any more are dropped as they come. What is known to be needed is asked for ahead of its
//! use, so that a task waits for one round trip and not for one each content; how far ahead is bounded, since what was asked
//! for comes even if the task fails.

use hep_protocol::blob::{Digest, WANTS, Want};
use std::collections::{HashSet, VecDeque};

/// What may wait to be read, in bytes; then the controller waits.
const WAITING: usize = 1024 * 1024;

/// The same in pieces: small ones have their price too.
const PIECES: usize = 1024;

/// What is asked for at once, in bytes; one content may be larger. Half of it is still to come when the next are asked for.
const GO: u64 = 4 * 1024 * 1024;

/// Answers to come and contents to ask for.
#[derive(Default)]
pub(super) struct Due {
    answers: VecDeque<Answer>,
    /// The number of the first answer.
    first: u64,
    /// What will be needed and was not asked for yet, in order, with its size.
    foreseen: VecDeque<(Want, u64)>,
    /// What waits to be read: bytes and pieces.
    waiting: usize,
    pieces: usize,
    /// What is needed and still to come: bytes and contents.
    bytes_to_come: u64,
    to_come: usize,
}

/// An answer, from its want until it is read.
struct Answer {
    want: Want,
    /// How many bytes are still to come, as far as that was foreseen.
    left: u64,
    /// Whether somebody reads it, or will.
    needed: bool,
    pieces: VecDeque<Piece>,
    whole: bool,
}

pub(super) enum Piece {
    Data { data: Vec<u8>, last: bool },
    Unavailable(String),
}

impl Piece {
    /// Whether nothing more of the content comes after it.
    pub(super) fn ends(&self) -> bool {
        match self {
            Piece::Data { last, .. } => *last,
            Piece::Unavailable(_) => true,
        }
    }

    fn len(&self) -> usize {
        match self {
            Piece::Data { data, .. } => data.len(),
            Piece::Unavailable(reason) => reason.len(),
        }
    }
}

/// Which answer, of all of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number(u64);

impl Due {
    /// What will be needed next, in order, each content once. Whatever was foreseen before is not needed any more.
    pub(super) fn foresee(&mut self, wants: Vec<(Want, u64)>) {
        self.forget();
        let mut seen = HashSet::new();
        self.foreseen.extend(wants.into_iter().filter(|(want, _)| seen.insert(want.digest)));
    }

    /// Nothing of what was asked for or foreseen is needed.
    fn forget(&mut self) {
        self.foreseen.clear();
        self.drop_before(self.answers.len());
    }

    /// What to ask for now; to be sent before anything else is asked for. One more than the content in hand is always asked
    /// for, so that no large one is waited for with nothing under way.
    pub(super) fn ask(&mut self) -> Vec<Want> {
        let enough = self.bytes_to_come > GO / 2 || self.to_come > WANTS / 2;
        let (mut asked, mut bytes) = (Vec::new(), 0);
        if self.to_come > 1 && enough {
            return asked;
        }
        while asked.len() < WANTS && bytes < GO {
            let Some((want, size)) = self.foreseen.pop_front() else { break };
            let left = size.saturating_sub(want.from);
            bytes += left;
            self.bytes_to_come += left;
            self.to_come += 1;
            asked.push(want);
            let pieces = VecDeque::new();
            self.answers.push_back(Answer { want, left, needed: true, pieces, whole: false });
        }
        asked
    }

    /// The answer to a want: one to come, or one to ask for, which is told. Answers before it are not waited for: they would
    /// stand in its way, and are asked for again if they are needed after all.
    pub(super) fn of(&mut self, want: Want) -> (Number, Vec<Want>) {
        let is = |answer: &Answer| answer.needed && answer.want == want;
        let mut asked = Vec::new();
        let at = match self.answers.iter().position(is) {
            Some(at) => at,
            None => {
                match self.foreseen.iter().position(|(foreseen, _)| *foreseen == want) {
                    Some(at) => drop(self.foreseen.drain(..at)),
                    // It is the next all the same.
                    None => self.foreseen.push_front((want, 0)),
                }
                self.drop_before(self.answers.len());
                asked = self.ask();
                self.answers.iter().position(is).unwrap_or_default()
            }
        };
        let number = Number(self.first + at as u64);
        self.drop_before(at);
        asked.extend(self.ask());
        (number, asked)
    }

    /// Whether a piece that comes now has to wait.
    pub(super) fn is_full(&self) -> bool {
        let present = self.answers.iter().find(|answer| !answer.whole);
        present.is_some_and(|answer| answer.needed)
            && (self.waiting >= WAITING || self.pieces >= PIECES)
    }

    /// Files a piece with its answer; dropped, if nobody reads that.
    pub(super) fn file(&mut self, digest: &Digest, piece: Piece) {
        let Some(answer) = self.answers.iter_mut().find(|answer| !answer.whole) else { return };
        if answer.want.digest != *digest {
            return;
        }
        answer.whole = piece.ends();
        if answer.needed {
            let came = if answer.whole { answer.left } else { answer.left.min(piece.len() as u64) };
            answer.left -= came;
            self.bytes_to_come -= came;
            self.to_come -= usize::from(answer.whole);
            self.waiting += piece.len();
            self.pieces += 1;
            answer.pieces.push_back(piece);
        }
        self.settle();
    }

    /// Whether the next piece of an answer is there.
    pub(super) fn has(&mut self, number: Number) -> bool {
        self.answer(number).is_none_or(|answer| !answer.pieces.is_empty())
    }

    /// The next piece of an answer, if it is there.
    pub(super) fn take(&mut self, number: Number) -> Option<Piece> {
        let piece = self.answer(number)?.pieces.pop_front()?;
        self.waiting -= piece.len();
        self.pieces -= 1;
        Some(piece)
    }

    /// The answer is no longer read.
    pub(super) fn give_up(&mut self, number: Number) {
        if let Some(answer) = self.answer(number).filter(|answer| answer.needed) {
            answer.needed = false;
            let (left, whole) = (std::mem::take(&mut answer.left), answer.whole);
            let pieces = std::mem::take(&mut answer.pieces);
            self.bytes_to_come -= left;
            self.to_come -= usize::from(!whole);
            self.waiting -= pieces.iter().map(Piece::len).sum::<usize>();
            self.pieces -= pieces.len();
        }
        self.settle();
    }

    fn answer(&mut self, Number(number): Number) -> Option<&mut Answer> {
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.answers.get_mut(at)
    }

    fn drop_before(&mut self, at: usize) {
        (self.first..).take(at).for_each(|number| self.give_up(Number(number)));
    }

    /// Forgets answers that have come whole and that nobody reads.
    fn settle(&mut self) {
        while self.answers.front().is_some_and(|answer| answer.whole && !answer.needed) {
            self.answers.pop_front();
            self.first += 1;
        }
    }

    #[cfg(test)]
    pub(super) fn state(&self) -> (usize, usize, usize) {
        (self.answers.len(), self.pieces, self.waiting)
    }
}
