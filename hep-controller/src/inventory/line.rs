//! One line of a hosts file as words with their places.

use crate::source::Span;

/// A word: a host's name, or `key=value` with the quotes of the value taken off.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) span: Span,
    /// What stands before the first `=`, with its place; the whole word when there is none.
    pub(super) key: String,
    pub(super) key_span: Span,
    /// What stands behind it.
    pub(super) value: Option<(String, Span)>,
}

/// A quote without its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unclosed(pub(super) Span);

/// Splits a line that begins at byte `base` of its file. A `#` at the beginning of a word ends the line.
///
/// A value may be in quotes. In `"` a backslash keeps a quote or backslash as it is; everywhere else it is a letter like
/// others, since passwords have them.
///
/// # Errors
/// The place of a quote that is never closed.
pub(super) fn words(line: &str, base: usize) -> Result<Vec<Word>, Unclosed> {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_start();
        if rest.is_empty() || rest.starts_with('#') {
            return Ok(words);
        }
        let start = base + (line.len() - rest.len());
        let bare = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let equals = rest.get(..bare).and_then(|word| word.find('='));
        let value_at = equals.map(|at| at + 1);
        let after = value_at.and_then(|at| rest.get(at..)).unwrap_or_default();
        let (value, end) = match (value_at, after.chars().next()) {
            (Some(at), Some(quote @ ('"' | '\''))) => {
                let unclosed = || Unclosed(Span::new(start + at, start + at + 1));
                let (text, length) = quoted(after, quote).ok_or_else(unclosed)?;
                (Some(text), at + length)
            }
            (Some(at), _) => (rest.get(at..bare).map(str::to_owned), bare),
            (None, _) => (None, bare),
        };
        let key_end = equals.unwrap_or(bare);
        let place = value_at.map(|at| Span::new(start + at, start + end));
        words.push(Word {
            span: Span::new(start, start + end),
            key: rest.get(..key_end).unwrap_or_default().to_owned(),
            key_span: Span::new(start, start + key_end),
            value: value.zip(place),
        });
        rest = rest.get(end..).unwrap_or_default();
    }
}

/// The text in quotes at the beginning, and how many bytes it takes with them.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => {
                if c != '\\' && c != quote {
                    value.push('\\');
                }
                value.push(c);
                escaped = false;
            }
            '\\' if quote == '"' => escaped = true,
            _ if c == quote => return Some((value, at + 1)),
            _ => value.push(c),
        }
    }
    None
}
