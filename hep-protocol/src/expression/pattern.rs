//! Regular expressions as Python's `re` reads them, for modules that search and change text. What Python writes otherwise
//! than the engine is translated; what that cannot do, look-around and references to groups, [`back`] does.

mod back;
mod scanner;
mod translate;

use back::{Program, Spans};
use regex_lite::{Match, Regex, RegexBuilder};
use std::ops::Range;
use std::sync::Arc;
pub use translate::Anchors;
use translate::Translated;

/// What a compiled pattern may take, in bytes.
const SIZE: usize = 1 << 20;

/// A regular expression in the syntax of the filters.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// Reads it.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub fn new(pattern: &str) -> Result<Self, String> {
        super::filters::read_pattern(pattern).map(Self)
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
}

/// A regular expression in Python's syntax. The errors of all searches: the pattern takes too long on that text.
#[derive(Clone, Debug)]
pub struct Python {
    engine: Engine,
    /// What was written, for messages.
    written: String,
}

#[derive(Clone, Debug)]
enum Engine {
    /// Takes time linear in the text.
    Linear(Regex),
    /// For what the other cannot do.
    Back(Arc<Program>),
}

impl Python {
    /// Reads it.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub fn new(pattern: &str, anchors: Anchors) -> Result<Self, String> {
        let written = crate::words::shorten(pattern);
        let wrong = |why| format!("the pattern `{written}` {why}");
        let Translated { pattern, goes_back } =
            translate::translate(pattern, anchors).map_err(wrong)?;
        let engine = if goes_back {
            Engine::Back(Arc::new(Program::parse(&pattern).map_err(wrong)?))
        } else {
            let regex = RegexBuilder::new(&pattern).size_limit(SIZE).build();
            Engine::Linear(
                regex
                    .map_err(|error| format!("`{written}` is not a regular expression: {error}"))?,
            )
        };
        Ok(Self { engine, written: written.to_string() })
    }

    /// Whether a pattern says itself that its anchors are the ends of lines.
    #[must_use]
    pub fn is_multiline(written: &str) -> bool {
        translate::is_multiline(written)
    }

    fn names(&self) -> Vec<Option<&str>> {
        match &self.engine {
            Engine::Linear(regex) => regex.capture_names().collect(),
            Engine::Back(program) => program.names.iter().map(Option::as_deref).collect(),
        }
    }

    /// The first match at or after a place.
    fn spans(&self, text: &str, at: usize) -> Result<Option<Spans>, String> {
        match &self.engine {
            Engine::Linear(regex) => {
                let found = regex.captures_at(text, at);
                let span = |group: Option<Match<'_>>| group.map(|group| group.range());
                Ok(found.map(|found| found.iter().map(span).collect()))
            }
            Engine::Back(program) => program
                .find(text, at)
                .map_err(|why| format!("the pattern `{}` {why}", self.written)),
        }
    }

    /// Whether it matches anywhere in a text.
    ///
    /// # Errors
    /// See the type.
    pub fn is_match(&self, text: &str) -> Result<bool, String> {
        match &self.engine {
            Engine::Linear(regex) => Ok(regex.is_match(text)),
            Engine::Back(_) => Ok(self.spans(text, 0)?.is_some()),
        }
    }

    /// Where it matches first.
    ///
    /// # Errors
    /// See the type.
    pub fn find(&self, text: &str) -> Result<Option<Range<usize>>, String> {
        Ok(self.spans(text, 0)?.and_then(|spans| spans.first().cloned().flatten()))
    }

    /// What its first match leaves for a group of this name.
    ///
    /// # Errors
    /// See the type.
    pub fn group(&self, text: &str, name: &str) -> Result<Option<Range<usize>>, String> {
        let number = self.names().iter().position(|known| *known == Some(name));
        let spans = self.spans(text, 0)?;
        Ok(spans.zip(number).and_then(|(spans, number)| spans.get(number).cloned().flatten()))
    }

    /// The replacement for its first match, if there is one.
    ///
    /// # Errors
    /// See the type.
    pub fn expand(&self, text: &str, replacement: &Replacement) -> Result<Option<String>, String> {
        Ok(self.spans(text, 0)?.map(|spans| replacement.with_spans(text, &spans)))
    }

    /// Replaces all matches, and counts them. As in Python, an empty match directly after another match counts.
    ///
    /// # Errors
    /// See the type.
    pub fn replace_all(
        &self,
        text: &str,
        replacement: &Replacement,
    ) -> Result<(String, usize), String> {
        let (mut replaced, mut kept, mut count) = (String::new(), 0, 0);
        let (mut at, mut must_advance) = (0, false);
        while let Some(spans) = self.spans(text, at)? {
            let Some(found) = spans.first().cloned().flatten() else { break };
            if must_advance && found.end == at {
                must_advance = false;
                match text.get(at..).and_then(|rest| rest.chars().next()) {
                    Some(next) => at += next.len_utf8(),
                    None => break,
                }
                continue;
            }
            replaced.push_str(text.get(kept..found.start).unwrap_or_default());
            replaced.push_str(&replacement.with_spans(text, &spans));
            count += 1;
            (kept, at, must_advance) = (found.end, found.end, found.is_empty());
        }
        replaced.push_str(text.get(kept..).unwrap_or_default());
        Ok((replaced, count))
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
    pub fn new(written: &str, pattern: &Python) -> Result<Self, String> {
        Self::parse(written, &pattern.names())
    }

    /// Reads it for a pattern with groups of these names.
    pub(super) fn parse(written: &str, names: &[Option<&str>]) -> Result<Self, String> {
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
    pub(super) fn with<'t>(&self, group: impl Fn(usize) -> Option<&'t str>) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Group(number) => group(*number).unwrap_or_default().to_owned(),
        };
        self.0.iter().map(piece).collect()
    }

    fn with_spans(&self, text: &str, spans: &Spans) -> String {
        self.with(|number| text.get(spans.get(number)?.clone()?))
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
