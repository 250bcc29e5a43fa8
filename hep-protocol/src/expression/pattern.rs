//! Regular expressions as Python's `re` reads them, for modules that search and change text. What Python writes otherwise
//! than this engine is translated; what the engine cannot do, look-around and references to groups, is refused by name.

mod translate;

use regex_lite::{Captures, Regex, RegexBuilder};
use std::ops::Range;
pub use translate::Anchors;

/// What a compiled pattern may take, in bytes.
const SIZE: usize = 1 << 20;

/// A regular expression by itself.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// Reads it in the syntax of the filters.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub fn new(pattern: &str) -> Result<Self, String> {
        super::filters::read_pattern(pattern).map(Self)
    }

    /// Reads it in Python's syntax.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub fn python(pattern: &str, anchors: Anchors) -> Result<Self, String> {
        let shown = crate::words::shorten(pattern);
        let translated = translate::translate(pattern, anchors)
            .map_err(|why| format!("the pattern `{shown}` {why}"))?;
        RegexBuilder::new(&translated)
            .size_limit(SIZE)
            .build()
            .map(Self)
            .map_err(|error| format!("`{shown}` is not a regular expression: {error}"))
    }

    /// Whether a pattern in Python's syntax says itself that its anchors are the ends of lines.
    #[must_use]
    pub fn is_multiline(written: &str) -> bool {
        translate::is_multiline(written)
    }

    /// Whether it matches anywhere in a text.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// What its groups match where it is first found in a text, in their order; `None` if it is nowhere.
    #[must_use]
    pub fn groups(&self, text: &str) -> Option<Vec<serde_json::Value>> {
        let found = self.0.captures(text)?;
        let groups = found.iter().skip(1);
        Some(groups.map(|group| group.map(|group| group.as_str()).into()).collect())
    }

    /// Where it matches first.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<Range<usize>> {
        self.0.find(text).map(|found| found.range())
    }

    /// What its first match leaves for a group of this name.
    #[must_use]
    pub fn group(&self, text: &str, name: &str) -> Option<Range<usize>> {
        let found = self.0.captures(text)?;
        found.name(name).map(|group| group.range())
    }

    /// The replacement for its first match, if there is one.
    #[must_use]
    pub fn expand(&self, text: &str, replacement: &Replacement) -> Option<String> {
        self.0.captures(text).map(|captures| replacement.with(&captures))
    }

    /// Replaces all matches, and counts them. As in Python, an empty match directly after another match counts.
    #[must_use]
    pub fn replace_all(&self, text: &str, replacement: &Replacement) -> (String, usize) {
        let (mut replaced, mut kept, mut count) = (String::new(), 0, 0);
        let (mut at, mut must_advance) = (0, false);
        while let Some(captures) = self.0.captures_at(text, at) {
            let Some(found) = captures.get(0) else { break };
            if must_advance && found.end() == at {
                must_advance = false;
                match text.get(at..).and_then(|rest| rest.chars().next()) {
                    Some(next) => at += next.len_utf8(),
                    None => break,
                }
                continue;
            }
            replaced.push_str(text.get(kept..found.start()).unwrap_or_default());
            replaced.push_str(&replacement.with(&captures));
            count += 1;
            (kept, at, must_advance) = (found.end(), found.end(), found.is_empty());
        }
        replaced.push_str(text.get(kept..).unwrap_or_default());
        (replaced, count)
    }
}

/// A replacement as Python has it: `\1`, `\g<1>` and `\g<name>` stand for groups.
#[derive(Clone, Debug)]
pub struct Replacement(Vec<Piece>);

#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Group(usize),
}

impl Replacement {
    /// Reads it for a pattern.
    ///
    /// # Errors
    /// The group that the pattern does not have, in a sentence.
    pub fn new(written: &str, pattern: &Pattern) -> Result<Self, String> {
        Self::parse(written, &pattern.0)
    }

    pub(super) fn parse(written: &str, regex: &Regex) -> Result<Self, String> {
        let names: Vec<Option<&str>> = regex.capture_names().collect();
        let group = |name: &str| {
            let number = name.parse().ok().filter(|number| *number < names.len());
            let found = number.or_else(|| names.iter().position(|known| *known == Some(name)));
            found.map(Piece::Group).ok_or_else(|| {
                let groups = names.len().saturating_sub(1);
                format!("the replacement names the group `{name}`, and the pattern has {groups}")
            })
        };
        let (mut pieces, mut plain) = (Vec::new(), String::new());
        let mut rest = written;
        while let Some(at) = rest.find('\\') {
            let (before, after) = rest.split_at(at);
            plain.push_str(before);
            let after = after.get(1..).unwrap_or_default();
            let digits = after
                .len()
                .saturating_sub(after.trim_start_matches(|c: char| c.is_ascii_digit()).len());
            if digits > 0 {
                let (number, tail) = after.split_at(digits.min(2));
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
                pieces.push(group(number)?);
                rest = tail;
            } else if let Some((name, tail)) =
                after.strip_prefix("g<").and_then(|named| named.split_once('>'))
            {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
                pieces.push(group(name)?);
                rest = tail;
            } else {
                let mut characters = after.chars();
                match characters.next() {
                    Some('\\') | None => plain.push('\\'),
                    Some(letter) if letter.is_ascii_alphabetic() => plain.push(escaped(letter)?),
                    Some(other) => plain.extend(['\\', other]),
                }
                rest = characters.as_str();
            }
        }
        plain.push_str(rest);
        pieces.push(Piece::Text(plain));
        Ok(Self(pieces))
    }

    /// The replacement with the groups of a match.
    pub(super) fn with(&self, captures: &Captures<'_>) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Group(number) => {
                captures.get(*number).map_or(String::new(), |group| group.as_str().to_owned())
            }
        };
        self.0.iter().map(piece).collect()
    }
}

/// What a letter after a backslash stands for in a replacement.
fn escaped(letter: char) -> Result<char, String> {
    match letter {
        'a' => Ok('\x07'),
        'b' => Ok('\x08'),
        'f' => Ok('\x0c'),
        'n' => Ok('\n'),
        'r' => Ok('\r'),
        't' => Ok('\t'),
        'v' => Ok('\x0b'),
        other => Err(format!("the replacement has `\\{other}`, which Python does not know")),
    }
}

#[cfg(test)]
mod tests;
