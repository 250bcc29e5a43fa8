//! What to do about a program that may ask for a password on its terminal. Decides only; reads and writes nothing.
//!
//! A question is known by the terminal: typing is hidden, and the program has gone quiet. That holds in every language, and
//! after a lecture.

use std::time::Duration;

/// How long a program that hides what is typed must be quiet before it is taken to wait.
const QUIET: Duration = Duration::from_millis(40);

/// What the terminal looks like at this moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// Whether typing is hidden.
    pub(super) hidden: bool,
    /// How long nothing was written.
    pub(super) quiet: Duration,
    /// How many lines the program has ended so far.
    pub(super) lines: usize,
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing yet.
    Wait,
    /// It asks for the password for the first time.
    Answer,
    /// It has had the password and asks again.
    Again,
}

/// How far the program has come.
#[derive(Debug, Default)]
pub(super) enum Dialogue {
    /// It has asked nothing.
    #[default]
    Unasked,
    /// It was given the password; so many lines it had ended by then.
    Given(usize),
    /// It has taken it: it showed typing again, or ended the line of its question. A star for each letter is neither.
    Taken,
}

impl Dialogue {
    /// Takes in what the terminal looks like.
    pub(super) fn turn(&mut self, look: Look) -> Turn {
        if let Self::Given(lines) = *self
            && (!look.hidden || look.lines > lines)
        {
            *self = Self::Taken;
        }
        let asks = look.hidden && look.quiet >= QUIET;
        match *self {
            Self::Unasked if asks => {
                *self = Self::Given(look.lines);
                Turn::Answer
            }
            Self::Taken if asks => Turn::Again,
            Self::Unasked | Self::Given(_) | Self::Taken => Turn::Wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks are (hidden, milliseconds of quiet, lines).
    fn check(looks: &[(bool, u64, usize)], expected: &[Turn]) {
        let mut dialogue = Dialogue::default();
        let turns: Vec<Turn> = looks
            .iter()
            .map(|&(hidden, quiet, lines)| {
                dialogue.turn(Look { hidden, quiet: Duration::from_millis(quiet), lines })
            })
            .collect();
        assert_eq!(turns, expected, "{looks:?}");
    }

    #[test]
    fn question_is_answered_once() {
        use Turn::{Answer, Wait};
        check(&[(false, 500, 0), (true, 0, 3), (true, 60, 3)], &[Wait, Wait, Answer]);
        check(&[(true, 60, 0), (true, 90, 0), (true, 5000, 0)], &[Answer, Wait, Wait]);
    }

    #[test]
    fn second_question_is_known_however_short_the_pause() {
        use Turn::{Again, Answer, Wait};
        check(&[(true, 60, 0), (false, 9, 1), (true, 60, 2)], &[Answer, Wait, Again]);
        check(&[(true, 60, 0), (true, 1, 2), (true, 60, 2)], &[Answer, Wait, Again]);
    }

    #[test]
    fn stars_for_letters_are_no_second_question() {
        use Turn::{Answer, Wait};
        check(&[(true, 60, 0), (true, 1, 0), (true, 60, 0)], &[Answer, Wait, Wait]);
    }
}
