//! A line that does not fit the ones above it: which of them is meant, and what to write. Looks at lines alone, since where
//! the parser stopped there is no tree.

use super::shorten;
use super::syntax::Words;
use crate::source::{Source, Span};

/// What is said of the line with a place, if its neighbours tell; `at_key` if a `:` was met that belongs to no key.
pub(super) fn explain(source: &Source, at: usize, at_key: bool) -> Option<Words> {
    let lines = Lines::above(&source.text, at)?;
    strange_blank(&lines.own)
        .or_else(|| collection_with_more(&lines, at))
        .or_else(|| lines.own_and_above().find_map(|line| never_closed(&line)))
        .or_else(|| lines.own_and_above().find_map(|line| dash_without_space(&line)))
        .or_else(|| lines.own_and_above().find_map(|line| colon_without_space(&line)))
        .or_else(|| key_without_colon(&lines, at_key))
        .or_else(|| text_without_indentation(&lines))
        .or_else(|| too_deep(&lines, at_key))
        .or_else(|| between(&lines, at_key))
}

/// A line with its place.
#[derive(Clone, Copy)]
struct Line<'t> {
    number: usize,
    start: usize,
    text: &'t str,
}

impl<'t> Line<'t> {
    /// How many spaces it begins with.
    fn indent(&self) -> usize {
        self.text.len() - self.text.trim_start_matches(' ').len()
    }

    /// The columns in which its parts begin: its dashes, then what is after them.
    fn columns(&self) -> Vec<usize> {
        let mut columns = vec![self.indent()];
        let mut rest = self.text.trim_start_matches(' ');
        while let Some(behind) = rest.strip_prefix("- ") {
            rest = behind.trim_start_matches(' ');
            columns.push(self.text.len() - rest.len());
        }
        columns
    }

    /// What is after its dashes.
    fn content(&self) -> &'t str {
        let column = self.columns().pop().unwrap_or_default();
        self.text.get(column..).unwrap_or_default().trim_end()
    }

    fn begins_item(&self) -> bool {
        let rest = self.text.trim_start_matches(' ');
        rest.starts_with("- ") || rest.trim_end() == "-"
    }

    fn span_of(&self, part: &str) -> Span {
        let offset = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let start = self.start.saturating_add(offset);
        Span::new(start, start.saturating_add(part.len()))
    }

    /// Its key, if it has one.
    fn key(&self) -> Option<&'t str> {
        let content = self.content();
        let (key, rest) = content.split_once(':')?;
        (is_key(key) && (rest.is_empty() || rest.starts_with(' '))).then_some(key)
    }

    fn value(&self) -> &'t str {
        let (_, value) = self.content().split_once(": ").unwrap_or_default();
        value.trim()
    }

    /// Whether a text in lines of its own begins after it.
    fn begins_text(&self) -> bool {
        let marks = self.text.trim_end().rsplit([' ', ':']).next().unwrap_or_default();
        marks.starts_with(['|', '>'])
            && marks.chars().skip(1).all(|c| c.is_ascii_digit() || c == '-' || c == '+')
    }
}

fn is_key(key: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == '-' || c == '.';
    key.starts_with(|c: char| c.is_alphabetic() || c == '_') && key.chars().all(word)
}

/// The line with a mistake and those above it that say something, from below.
struct Lines<'t> {
    own: Line<'t>,
    above: Vec<Line<'t>>,
}

impl<'t> Lines<'t> {
    fn above(text: &'t str, at: usize) -> Option<Lines<'t>> {
        let (mut all, mut start) = (Vec::new(), 0);
        for (number, line) in (1..).zip(text.split_inclusive('\n')) {
            if start > at {
                break;
            }
            all.push(Line { number, start, text: line.trim_end_matches(['\n', '\r']) });
            start += line.len();
        }
        let own = all.pop().filter(|line| !line.text.trim().is_empty())?;
        let says = |line: &Line<'_>| {
            let text = line.text.trim();
            !text.is_empty() && !text.starts_with('#')
        };
        all.retain(says);
        all.reverse();
        // What is far away is not meant.
        all.truncate(1000);
        Some(Lines { own, above: all })
    }

    fn own_and_above(&self) -> impl Iterator<Item = Line<'t>> {
        std::iter::once(self.own).chain(self.above.first().copied())
    }

    /// The columns that the next line may begin in, from the right, with the lines that they are of.
    fn open(&self, dashes: bool) -> Vec<(usize, Line<'t>)> {
        let (mut found, mut left) = (Vec::new(), usize::MAX);
        for line in &self.above {
            let columns = line.columns();
            let last = columns.len().saturating_sub(1);
            for (place, column) in columns.into_iter().enumerate().rev() {
                if column < left {
                    left = column;
                    if dashes == (place < last) {
                        found.push((column, *line));
                    }
                }
            }
        }
        found
    }
}

/// What is on a line from a place on, without a comment.
pub(super) fn rest_of_line(text: &str, start: usize) -> Span {
    let rest = text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let rest = rest.split(" #").next().unwrap_or_default().trim_end();
    Span::new(start, start.saturating_add(rest.len()))
}

/// A value that begins with a bracket and is meant as a text.
pub(super) fn needs_quotes(written: &str) -> (String, String) {
    let bracket = written.chars().next().unwrap_or('{');
    let short = shorten(written);
    let quoted = if short.contains(['"', '\\']) {
        format!("'{}'", short.replace('\'', "''"))
    } else {
        format!("\"{short}\"")
    };
    (format!("a text that begins with `{bracket}` needs quotes"), format!("write `{quoted}`"))
}

/// A blank that looks like a space, from a web page or a word processor.
fn strange_blank(line: &Line<'_>) -> Option<Words> {
    let blanks = line.text.len() - line.text.trim_start().len();
    let (at, blank) = line.text.get(..blanks)?.char_indices().find(|(_, c)| !c.is_ascii())?;
    let start = line.start + at;
    Some(Words {
        span: Span::new(start, start + blank.len_utf8()),
        message: "this blank in the indentation is not a space".to_owned(),
        hint: "write spaces in its place; it was perhaps copied from a web page".to_owned(),
    })
}

/// `name: [web] install`
fn collection_with_more(lines: &Lines<'_>, at: usize) -> Option<Words> {
    let line = lines.own;
    let before = line.text.get(..at.checked_sub(line.start)?)?;
    let value = if line.key().is_some() { line.value() } else { line.content() };
    let more = before.trim_end().ends_with([']', '}']) && value.starts_with(['[', '{']);
    if !more {
        return None;
    }
    let value = value.split(" #").next().unwrap_or_default().trim_end();
    let (message, hint) = needs_quotes(value);
    Some(Words { span: line.span_of(value), message, hint })
}

/// `package: [nginx, curl` with another key below.
fn never_closed(line: &Line<'_>) -> Option<Words> {
    let value = if line.key().is_some() { line.value() } else { line.content() };
    let (open, close) = match value.chars().next()? {
        '[' => ('[', ']'),
        '{' => ('{', '}'),
        _ => return None,
    };
    let count = |bracket: char| value.matches(bracket).count();
    if count(open) <= count(close) {
        return None;
    }
    let start = line.span_of(value).start;
    Some(Words {
        span: Span::new(start, start + 1),
        message: format!("this `{open}` is not closed"),
        hint: format!("write `{close}` after the last value"),
    })
}

/// `-name: web`
fn dash_without_space(line: &Line<'_>) -> Option<Words> {
    let rest = line.text.trim_start_matches(' ');
    let behind = rest.strip_prefix('-')?;
    let (key, _) = behind.split_once(':')?;
    if !is_key(key) {
        return None;
    }
    let span = line.span_of(rest);
    let (message, hint) = dash(key);
    Some(Words { span: Span::new(span.start, span.start + 1), message, hint })
}

/// What is said of an item whose dash is taken for a part of its key.
pub(crate) fn dash(key: &str) -> (String, String) {
    let message = "there is no space after the `-`".to_owned();
    (message, format!("write `- {}: ...`", shorten(key)))
}

/// `dest:/etc/motd`
fn colon_without_space(line: &Line<'_>) -> Option<Words> {
    let content = line.content();
    let (key, value) = content.split_once(':')?;
    let begins = value.starts_with(|c: char| !c.is_whitespace()) && !value.starts_with("//");
    if !is_key(key) || !begins || value.contains(": ") {
        return None;
    }
    let start = line.span_of(content).start + key.len();
    let (message, hint) = colon(key, value);
    Some(Words { span: Span::new(start, start + 1), message, hint })
}

/// What is said of a key whose value is taken for a part of it.
pub(crate) fn colon(key: &str, value: &str) -> (String, String) {
    let hint = format!("write `{key}: {}`", shorten(value));
    ("there is no space after the `:`".to_owned(), hint)
}

/// `recurse true` above this line.
fn key_without_colon(lines: &Lines<'_>, at_key: bool) -> Option<Words> {
    let line = lines.above.first().filter(|_| at_key)?;
    let content = line.content();
    let beside = line.columns().last() == lines.own.columns().last();
    let (key, _) = content.split_once(' ').unwrap_or((content, ""));
    if !beside || content.contains(':') || !is_key(key) {
        return None;
    }
    Some(Words {
        span: line.span_of(content),
        message: "this is not a `key: value`".to_owned(),
        hint: "write `: ` after each key".to_owned(),
    })
}

/// The lines of a text, as far left as the key that they belong to, or further left than the first of them.
fn text_without_indentation(lines: &Lines<'_>) -> Option<Words> {
    let own = lines.own;
    let header = lines.above.iter().find(|line| line.indent() <= own.indent())?;
    let column = header.columns().pop()?;
    if !header.begins_text() || own.key().is_some() {
        return None;
    }
    let span = own.span_of(own.text.trim());
    let key = header.key().map_or_else(|| "-".to_owned(), |key| format!("{key}:"));
    Some(if own.indent() > column {
        Words {
            span,
            message: "this line of a text begins further left than its first line".to_owned(),
            hint: "put as many spaces before it as before the first line, or more".to_owned(),
        }
    } else {
        Words {
            span,
            message: "this is neither a `key: value` nor part of the text above".to_owned(),
            hint: format!(
                "indent all lines of a text further than `{key}`; write `: ` after each key"
            ),
        }
    })
}

/// A key further right than the one above, which has a value already.
fn too_deep(lines: &Lines<'_>, at_key: bool) -> Option<Words> {
    let (own, above) = (lines.own, lines.above.first()?);
    let (key, other) = (own.key()?, above.key()?);
    let column = *above.columns().last()?;
    if !at_key || above.value().is_empty() || own.indent() <= column {
        return None;
    }
    Some(Words {
        span: own.span_of(key),
        message: format!("`{key}` is indented further than `{other}`, which has a value already"),
        hint: format!("put {} before it, as before `{other}`", spaces(column)),
    })
}

/// A line between the columns that are open.
fn between(lines: &Lines<'_>, at_key: bool) -> Option<Words> {
    let own = lines.own;
    let item = own.begins_item();
    let open = lines.open(item);
    let column = own.indent();
    if at_key || open.iter().any(|(other, _)| *other == column) {
        return None;
    }
    // The next one to the right and the next one to the left.
    let right = open.iter().rfind(|(other, _)| *other > column);
    let left = open.iter().find(|(other, _)| *other < column);
    let says = |(column, line): &(usize, Line<'_>), more: &str| {
        let beside = match (item, line.key()) {
            (false, Some(key)) => format!("`{key}`"),
            (true, _) => format!("the `-` in line {}", line.number),
            (false, None) => format!("line {}", line.number),
        };
        format!("{}{more} beside {beside}", spaces(*column))
    };
    let ways = match (right, left) {
        (Some(one), Some(other)) => format!("{}, {}", says(one, " put it"), says(other, "")),
        (Some(one), None) | (None, Some(one)) => says(one, " put it"),
        (None, None) => return None,
    };
    Some(Words {
        span: Span::new(own.start + column, own.start + own.text.trim_end().len()),
        message: "this line does not fit the ones above it".to_owned(),
        hint: format!(
            "{ways}; it has {}",
            if column == 0 { "none".to_owned() } else { column.to_string() }
        ),
    })
}

fn spaces(count: usize) -> String {
    match count {
        0 => "no spaces".to_owned(),
        1 => "1 space".to_owned(),
        more => format!("{more} spaces"),
    }
}
