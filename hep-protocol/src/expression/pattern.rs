//! Regular expressions as Python's `re` reads them, for modules that search and change text. What Python writes otherwise
//! than the engine is translated; what that cannot do, look-around and references to groups, [`back`] does.

mod back;
mod scanner;
mod translate;

use back::Program;
pub(in crate::expression) use back::Spans;
use regex_lite::{Match, Regex, RegexBuilder};
use std::ops::Range;
use std::sync::Arc;
pub use translate::Anchors;
use translate::Translated;

/// What a compiled pattern may take, in bytes.
const SIZE: usize = 1 << 20;

/// A regular expression in the syntax that Python and Rust share, for texts that are looked at again and again: it takes time
/// linear in the text.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// Reads it.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub fn new(pattern: &str) -> Result<Self, String> {
        // Python's end of the text.
        let engine = RegexBuilder::new(&pattern.replace(r"\Z", r"\z")).size_limit(SIZE).build();
        engine.map(Self).map_err(|error| what_is_wrong(pattern, &error))
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

fn what_is_wrong(pattern: &str, error: &regex_lite::Error) -> String {
    let shown = crate::words::shorten(pattern);
    let look_around = ["(?=", "(?!", "(?<=", "(?<!"];
    if let Some(found) = look_around.iter().find(|start| pattern.contains(**start)) {
        return format!(
            "the pattern `{shown}` looks around with `{found}`, which is not supported here"
        );
    }
    let referring = |digit: char| pattern.contains(&format!("\\{digit}"));
    if ('1'..='9').any(referring) || pattern.contains("(?P=") {
        return format!(
            "the pattern `{shown}` refers back to a group, which is not supported here"
        );
    }
    format!("`{shown}` is not a regular expression: {error}")
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
        Self::with_case(pattern, anchors, false)
    }

    /// Reads it, and has it match letters of either case if that is to be ignored.
    pub(super) fn with_case(
        pattern: &str,
        anchors: Anchors,
        ignore_case: bool,
    ) -> Result<Self, String> {
        let written = crate::words::shorten(pattern);
        let wrong = |why| format!("the pattern `{written}` {why}");
        let Translated { pattern, goes_back } =
            translate::translate(pattern, anchors).map_err(wrong)?;
        let pattern = if ignore_case { format!("(?i){pattern}") } else { pattern };
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

    /// What its groups are called; the first one is the match itself.
    pub(super) fn names(&self) -> Vec<Option<&str>> {
        match &self.engine {
            Engine::Linear(regex) => regex.capture_names().collect(),
            Engine::Back(program) => program.names.iter().map(Option::as_deref).collect(),
        }
    }

    /// The first match at or after a place.
    pub(super) fn spans(&self, text: &str, at: usize) -> Result<Option<Spans>, String> {
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

    /// All matches, first to last, with what their groups match.
    pub(super) fn matches<'p>(&'p self, text: &'p str) -> Matches<'p> {
        Matches { pattern: self, text, at: Some(0), must_advance: false }
    }

    /// Replaces all matches, and counts them.
    ///
    /// # Errors
    /// See the type.
    pub fn replace_all(
        &self,
        text: &str,
        replacement: &Replacement,
    ) -> Result<(String, usize), String> {
        let (mut replaced, mut kept, mut count) = (String::new(), 0, 0);
        for spans in self.matches(text) {
            let spans = spans?;
            let Some(found) = spans.first().cloned().flatten() else { break };
            replaced.push_str(text.get(kept..found.start).unwrap_or_default());
            replaced.push_str(&replacement.with_spans(text, &spans));
            count += 1;
            kept = found.end;
        }
        replaced.push_str(text.get(kept..).unwrap_or_default());
        Ok((replaced, count))
    }
}

/// The matches of a pattern in a text. As in Python, an empty match directly after another match counts.
pub(super) struct Matches<'p> {
    pattern: &'p Python,
    text: &'p str,
    /// Where the next one begins at the earliest; nothing, when there are no more.
    at: Option<usize>,
    /// Whether the last match was empty: then there is no other at its place.
    must_advance: bool,
}

impl Iterator for Matches<'_> {
    type Item = Result<Spans, String>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let at = self.at?;
            let spans = match self.pattern.spans(self.text, at) {
                Ok(spans) => spans,
                Err(why) => {
                    self.at = None;
                    return Some(Err(why));
                }
            };
            let found = spans.as_ref().and_then(|spans| spans.first().cloned().flatten());
            let Some(found) = found else {
                self.at = None;
                return None;
            };
            if self.must_advance && found.end == at {
                self.must_advance = false;
                let next = self.text.get(at..).and_then(|rest| rest.chars().next());
                self.at = next.map(|next| at.saturating_add(next.len_utf8()));
                continue;
            }
            self.must_advance = found.is_empty();
            self.at = Some(found.end);
            return spans.map(Ok);
        }
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
    fn parse(written: &str, names: &[Option<&str>]) -> Result<Self, String> {
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

    /// The group that it is, if it is one and nothing more.
    pub(super) fn group(&self) -> Option<usize> {
        match self.0.as_slice() {
            [Piece::Text(before), Piece::Group(number), Piece::Text(behind)] => {
                (before.is_empty() && behind.is_empty()).then_some(*number)
            }
            _ => None,
        }
    }

    /// The replacement with the groups of a match.
    fn with<'t>(&self, group: impl Fn(usize) -> Option<&'t str>) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Group(number) => group(*number).unwrap_or_default().to_owned(),
        };
        self.0.iter().map(piece).collect()
    }

    pub(super) fn with_spans(&self, text: &str, spans: &Spans) -> String {
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
