//! What a program said, as its task's result has it: text, and where that is too long its last whole lines.
//!
//! The end is kept, since that is where programs say what it all came to, and what a failure shows.

use super::ProcessEnd;
use hep_protocol::outcome::MAX_SHOWN;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a result that somebody reads keeps of both streams together, in bytes.
pub(crate) const OF_A_RESULT: usize = 8 * 1024 * 1024;

/// What the results that are still to be read keep together, in bytes.
pub(crate) const OF_A_RUN: usize = 32 * 1024 * 1024;

/// What stands for bytes that are not UTF-8.
pub(crate) const REPLACEMENT: char = char::REPLACEMENT_CHARACTER;

/// What a result does not have of what its program wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Missing {
    stdout: Gap,
    stderr: Gap,
}

/// The same of one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Gap {
    /// How many bytes are kept, and how many before them are not.
    kept: u64,
    cut: u64,
    /// Whether what is kept begins within a line: it is longer than there is room.
    within_line: bool,
    /// How many bytes are not UTF-8.
    foreign: u64,
}

/// What becomes of newlines at the end of what a program wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ends {
    /// They are left out.
    #[default]
    Stripped,
    /// They stay.
    Kept,
    /// They stay, and each line ends as on a terminal.
    Terminal,
}

/// A program's streams as text, at most so many bytes together, and what is missing in it.
pub(crate) fn texts(end: &ProcessEnd, most: usize, ends: Ends) -> (String, String, Missing) {
    let (stdout, out) = decoded(&end.stdout, end.lost.stdout, ends);
    let (stderr, err) = decoded(&end.stderr, end.lost.stderr, ends);
    let mut missing = Missing { stdout: out, stderr: err };
    let (stdout, stderr) = fitted(stdout, stderr, most, &mut missing);
    (stdout, stderr, missing)
}

/// Cuts what an agent of another user says that a program wrote.
pub(crate) fn bound(data: &mut Map<String, Value>, most: usize, missing: &mut Missing) {
    let mut take = |name: &str| match data.get_mut(name) {
        Some(Value::String(text)) => std::mem::take(text),
        Some(_) | None => String::new(),
    };
    let texts = (take("stdout"), take("stderr"));
    let (stdout, stderr) = fitted(texts.0, texts.1, most, missing);
    for (name, text) in [("stdout", stdout), ("stderr", stderr)] {
        if let Some(Value::String(place)) = data.get_mut(name) {
            *place = text;
        }
    }
}

/// How many bytes of what programs wrote are in a result's fields, and in those of a loop's elements.
pub(crate) fn size(data: &Map<String, Value>) -> usize {
    let text = |name: &str| data.get(name).and_then(Value::as_str).map_or(0, str::len);
    let elements = data.get(hep_protocol::names::RESULTS).and_then(Value::as_array);
    let elements = elements.into_iter().flatten().filter_map(Value::as_object);
    text("stdout") + text("stderr") + elements.map(size).sum::<usize>()
}

fn decoded(bytes: &[u8], lost: u64, ends: Ends) -> (String, Gap) {
    // What is kept may begin within a character.
    let is_rest = |byte: &&u8| lost > 0 && (0x80..0xc0).contains(*byte);
    let skipped = bytes.iter().take(3).take_while(is_rest).count();
    let (mut text, mut gap) = (String::new(), Gap { cut: lost, ..Gap::default() });
    for chunk in bytes.get(skipped..).unwrap_or_default().utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push(REPLACEMENT);
            gap.foreign = gap.foreign.saturating_add(chunk.invalid().len() as u64);
        }
    }
    match ends {
        Ends::Stripped => text.truncate(text.trim_end_matches(['\r', '\n']).len()),
        Ends::Kept => {}
        Ends::Terminal => text = text.replace('\n', "\r\n"),
    }
    (text, gap)
}

/// Both texts, no longer together than there is room. A short one loses nothing to a long one.
fn fitted(stdout: String, stderr: String, most: usize, missing: &mut Missing) -> (String, String) {
    let share = |own: usize, other: usize| own.min(most.saturating_sub(other).max(most / 2));
    let room = (share(stdout.len(), stderr.len()), share(stderr.len(), stdout.len()));
    (end_of(stdout, room.0, &mut missing.stdout), end_of(stderr, room.1, &mut missing.stderr))
}

/// The end of a text, and what that leaves out.
fn end_of(mut text: String, most: usize, gap: &mut Gap) -> String {
    if gap.cut > 0 || text.len() > most {
        let (from, within_line) = cut(&text, most);
        gap.within_line = within_line;
        gap.cut = gap.cut.saturating_add(from as u64);
        text.drain(..from);
        text.shrink_to_fit();
    }
    gap.kept = text.len() as u64;
    text
}

/// Where the end of a text begins that has no more than so many bytes: with a whole line, unless the last one alone is too
/// long, and whether it is so.
fn cut(text: &str, most: usize) -> (usize, bool) {
    let from = text.len().saturating_sub(most);
    let from = (from..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    let whole = from > 0 && text.as_bytes().get(from.saturating_sub(1)) == Some(&b'\n');
    let rest = text.get(from..).unwrap_or_default();
    // Behind a newline at the very end there is no line.
    match rest.trim_end_matches('\n').find('\n') {
        _ if whole => (from, false),
        Some(at) => (from.saturating_add(at).saturating_add(1), false),
        None => (from, !rest.is_empty()),
    }
}

/// The last lines of a text, as many as a failure shows.
pub(crate) fn last_lines(text: &str) -> &str {
    let from = if text.len() > MAX_SHOWN { cut(text, MAX_SHOWN).0 } else { 0 };
    text.get(from..).unwrap_or_default()
}

/// What a failure does not show of what its program wrote.
pub(crate) fn left_out(end: &ProcessEnd) -> Vec<String> {
    let ProcessEnd { exit: _, stdout, stderr, lost } = end;
    let streams = [("stdout", stdout, lost.stdout), ("stderr", stderr, lost.stderr)];
    let note = |(name, kept, lost): (&str, &Vec<u8>, u64)| {
        let all = lost.saturating_add(kept.len() as u64);
        let (all, most) = (Some(all).filter(|all| *all > MAX_SHOWN as u64)?, MAX_SHOWN >> 10);
        Some(format!(
            "{name} is truncated: the failure shows the last {most} KiB of {}",
            in_words(all)
        ))
    };
    streams.into_iter().filter_map(note).collect()
}

impl Missing {
    /// Whether anything was cut.
    pub(crate) fn is_cut(&self) -> bool {
        self.stdout.cut > 0 || self.stderr.cut > 0
    }

    /// Whether bytes were replaced because they are not UTF-8.
    pub(crate) fn is_foreign(&self) -> bool {
        self.stdout.foreign > 0 || self.stderr.foreign > 0
    }

    /// What a reader of the report should know of it.
    pub(crate) fn notes(&self) -> Vec<String> {
        let Self { stdout, stderr } = self;
        let each = [("stdout", stdout), ("stderr", stderr)];
        each.iter().flat_map(|(name, gap)| gap.notes(name)).collect()
    }
}

impl Gap {
    fn notes(&self, name: &str) -> Vec<String> {
        let mut notes = Vec::new();
        if self.cut > 0 {
            let kept = in_words(self.kept);
            let all = in_words(self.kept.saturating_add(self.cut));
            let within = if self.within_line { ", from within a line on" } else { "" };
            let (one, run) = (OF_A_RESULT >> 20, OF_A_RUN >> 20);
            notes.push(format!(
                "{name} is truncated: of {all} the last {kept} are kept{within} (a result keeps {one} MiB, all together {run} MiB)"
            ));
        }
        match self.foreign {
            0 => {}
            1 => notes.push(format!("{name} is not UTF-8: 1 byte is replaced by U+FFFD")),
            n => notes.push(format!("{name} is not UTF-8: {n} bytes are replaced by U+FFFD")),
        }
        notes
    }
}

/// `512 bytes`, `1.5 KiB`, `20.0 MiB`.
fn in_words(bytes: u64) -> String {
    let tenths = |unit: u64| {
        let tenths = bytes.saturating_mul(10) / unit;
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KiB", tenths(1024)),
        _ => format!("{} MiB", tenths(1_048_576)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::Lost;
    use serde_json::json;

    /// What is kept of both streams, and what is said of it.
    #[track_caller]
    fn check(streams: (&[u8], &[u8]), lost: u64, most: usize, kept: (&str, &str), notes: &[&str]) {
        let lost = Lost { stdout: lost, stderr: 0 };
        let (stdout, stderr) = (streams.0.to_vec(), streams.1.to_vec());
        let end = ProcessEnd { exit: None, stdout, stderr, lost };
        let (stdout, stderr, missing) = texts(&end, most, Ends::Stripped);
        assert_eq!((stdout.as_str(), stderr.as_str()), kept);
        assert!(stdout.len() + stderr.len() <= most);
        let notes: Vec<String> = notes.iter().map(|&note| note.to_owned()).collect();
        let limits = " (a result keeps 8 MiB, all together 32 MiB)";
        let said: Vec<String> =
            missing.notes().iter().map(|note| note.replace(limits, "")).collect();
        assert_eq!(said, notes);
        assert_eq!(missing.is_cut(), said.iter().any(|note| note.contains("truncated")));
        assert_eq!(missing.is_foreign(), said.iter().any(|note| note.contains("UTF-8")));
    }

    #[test]
    fn too_long_text_is_its_last_whole_lines() {
        check((b"one\ntwo\n", b"e\n"), 0, 100, ("one\ntwo", "e"), &[]);
        let cut = |all: u64, kept: u64| {
            format!("stdout is truncated: of {all} bytes the last {kept} bytes are kept")
        };
        check((b"one\ntwo\nthree\n", b""), 0, 8, ("three", ""), &[&cut(13, 5)]);
        check((b"one\ntwo\nthree\n", b""), 0, 9, ("two\nthree", ""), &[&cut(13, 9)]);
        check((b"one\ntwo\n", b""), 100, 50, ("two", ""), &[&cut(107, 3)]);
        let within = format!("{}, from within a line on", cut(6, 4));
        check((b"abcdef\n", b""), 0, 4, ("cdef", ""), &[&within]);
        check(
            (b"a\nb\n", b""),
            0,
            0,
            ("", ""),
            &["stdout is truncated: of 3 bytes the last 0 bytes are kept"],
        );
    }

    #[test]
    fn short_stream_loses_nothing_to_a_long_one() {
        let cut = "stdout is truncated: of 11 bytes the last 3 bytes are kept";
        check((b"aaa\nbbb\nccc\n", b"why\n"), 0, 8, ("ccc", "why"), &[cut]);
        let other = "stderr is truncated: of 11 bytes the last 3 bytes are kept";
        check((b"why\n", b"aaa\nbbb\nccc\n"), 0, 8, ("why", "ccc"), &[other]);
        check((b"aaa\nbbb\nccc\n", b"aaa\nbbb\nccc\n"), 0, 8, ("ccc", "ccc"), &[cut, other]);
    }

    #[test]
    fn bytes_that_are_not_utf8_are_counted_and_grow_no_further() {
        let said = |n: u64| format!("stdout is not UTF-8: {n} bytes are replaced by U+FFFD");
        check(
            (b"caf\xe9\n", b""),
            0,
            100,
            ("caf\u{fffd}", ""),
            &["stdout is not UTF-8: 1 byte is replaced by U+FFFD"],
        );
        check((b"\xff\xfe\n", b""), 0, 100, ("\u{fffd}\u{fffd}", ""), &[&said(2)]);
        let cut =
            "stdout is truncated: of 9 bytes the last 3 bytes are kept, from within a line on";
        check((b"\xff\xfe\xff\n", b""), 0, 4, ("\u{fffd}", ""), &[cut, &said(3)]);
        // The first character's beginning is not there: that is the cut's fault.
        let cut =
            "stdout is truncated: of 8 bytes the last 1 bytes are kept, from within a line on";
        check((b"\x82\xacx", b""), 7, 100, ("x", ""), &[cut]);
    }

    #[test]
    fn failure_shows_whole_lines_and_says_what_it_leaves_out() {
        let text = "0123456\n".repeat(MAX_SHOWN / 8);
        assert_eq!(last_lines(&text), text);
        let longer = format!("more\n{text}last");
        assert_eq!(last_lines(&longer).len(), MAX_SHOWN - 8 + 4);
        assert!(last_lines(&longer).starts_with("0123456\n"));
        let (stdout, stderr) = (longer.into_bytes(), b"short".to_vec());
        let end = ProcessEnd { exit: None, stdout, stderr, lost: Lost::default() };
        let note = "stdout is truncated: the failure shows the last 64 KiB of 64.0 KiB";
        assert_eq!(left_out(&end), [note]);
        assert!(left_out(&ProcessEnd::default()).is_empty());
    }

    #[test]
    fn word_of_another_users_agent_is_bounded() {
        let Value::Object(mut data) = json!({"rc": 0, "stdout": "aaaa\nbb", "stderr": "c"}) else {
            panic!("no mapping")
        };
        let mut missing = Missing::default();
        bound(&mut data, 4, &mut missing);
        assert_eq!(Value::Object(data.clone()), json!({"rc": 0, "stdout": "bb", "stderr": "c"}));
        assert_eq!((size(&data), missing.is_cut()), (3, true));
    }

    #[test]
    fn sizes_are_told_with_one_decimal() {
        let check = |bytes, expected: &str| assert_eq!(in_words(bytes), expected);
        check(1023, "1023 bytes");
        check(1024, "1.0 KiB");
        check(1_572_864, "1.5 MiB");
    }
}
