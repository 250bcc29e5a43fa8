//! Texts of the report: what came from a host made harmless, durations, lists of hosts, colours.

use hep_protocol::outcome::Status;
pub(crate) use hep_protocol::text::{is_obeyed, shown, shown_diff, shown_json};
use std::error::Error;

/// The lines of a text, each made harmless; without the carriage returns that end some.
pub(crate) fn shown_lines(text: &str) -> impl Iterator<Item = String> {
    text.lines().map(|line| shown(line.trim_end_matches('\r')))
}

/// A duration as a person reads it: `0.3 s`, `12 s`, `2 min 5 s`.
pub(crate) fn duration(ms: u64) -> String {
    match ms {
        0..60_000 => span_seconds(ms),
        60_000.. => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1000),
    }
}

fn span_seconds(ms: u64) -> String {
    if ms < 10_000 {
        format!("{}.{} s", ms / 1000, ms % 1000 / 100)
    } else {
        format!("{} s", ms / 1000)
    }
}

/// Two durations and what lies between: `0.3-2.1 s`; one when they read the same.
pub(crate) fn span(least: u64, most: u64) -> String {
    let (from, to) = (duration(least), duration(most));
    if from == to {
        to
    } else if most < 60_000 {
        format!("{}-{to}", from.trim_end_matches(" s"))
    } else {
        format!("{from} - {to}")
    }
}

/// `1 host`, `2 hosts`.
pub(crate) fn count(n: usize, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}

/// An error and its causes in one line, outermost first; a cause that only repeats what was said is left out.
pub(crate) fn chain(error: &dyn Error) -> String {
    // The number that std appends to the system's words says nothing that they do not.
    let words = |error: &dyn Error| {
        let text = error.to_string();
        text.split(" (os error").next().map(str::to_owned).unwrap_or(text)
    };
    let mut text = words(error);
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = words(error);
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}

/// What a piece of text is, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Nothing was to be done.
    Good,
    /// Something was done.
    Acted,
    /// Something would be done.
    Foreseen,
    /// Something went wrong.
    Bad,
    /// Something went wrong and does not matter.
    Tolerated,
    /// Of less interest.
    Faint,
    /// A heading.
    Strong,
}

impl Style {
    /// The style of a task's status.
    pub(crate) fn of(status: Status) -> Style {
        match status {
            Status::Ok => Style::Good,
            Status::Changed => Style::Acted,
            Status::Pending => Style::Foreseen,
            Status::Failed => Style::Bad,
            Status::Skipped => Style::Faint,
            Status::Ignored | Status::Rescued => Style::Tolerated,
        }
    }

    /// Parameters of Select Graphic Rendition (ECMA-48, 8.3.117).
    fn parameters(self) -> &'static str {
        match self {
            Style::Good => "32",
            Style::Acted => "33",
            Style::Foreseen => "36",
            Style::Bad => "1;31",
            Style::Tolerated => "35",
            Style::Faint => "2",
            Style::Strong => "1",
        }
    }
}

/// Whether text gets colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    /// None: not a terminal, or `NO_COLOR` is set.
    Off,
    /// ANSI escapes.
    Ansi,
}

impl Colour {
    /// The text in its style.
    pub(crate) fn paint(self, style: Style, text: &str) -> String {
        match self {
            Colour::Off => text.to_owned(),
            Colour::Ansi => format!("\u{1b}[{}m{text}\u{1b}[0m", style.parameters()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_shown_instead() {
        let check = |text: &str, expected: &str| assert_eq!(shown(text), expected);
        check("plain ümlaut 字\ttab", "plain ümlaut 字\ttab");
        check("\u{1b}[2Jgone", "\\u{1b}[2Jgone");
        check("a\u{202e}b\u{2066}c", "a\\u{202e}b\\u{2066}c");
        check("\u{9b}31m\u{7f}\u{feff}", "\\u{9b}31m\\u{7f}\\u{feff}");
        check("over\rwritten\n", "over\\u{d}written\\u{a}");
    }

    #[test]
    fn lines_stay_lines() {
        let lines: Vec<String> = shown_lines("one\r\ntwo\u{8}\n\nfour").collect();
        assert_eq!(lines, ["one", "two\\u{8}", "", "four"]);
    }

    #[test]
    fn durations_read_as_spoken() {
        let all = [0, 349, 9_999, 10_000, 59_999, 60_000, 125_400].map(duration);
        assert_eq!(all, ["0.0 s", "0.3 s", "9.9 s", "10 s", "59 s", "1 min 0 s", "2 min 5 s"]);
        assert_eq!(span(300, 2_100), "0.3-2.1 s");
        assert_eq!(span(2_100, 2_150), "2.1 s");
        assert_eq!(span(300, 61_000), "0.3 s - 1 min 1 s");
    }
}
