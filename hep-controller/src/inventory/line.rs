//! One line of a hosts file as words with their places.
//!
//! Words are split as a shell does, since Ansible does so. hep's own keys are read more simply: their values are
//! passwords and paths, in which a backslash or `#` is a letter. Ansible's dialect has no such keys.

use super::connection::SHORT;
use crate::source::Span;
use hep_protocol::dialect::Dialect;

/// A word: a host's name, or `key=value` with the quotes of the value taken off.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) span: Span,
    /// What stands before the first `=`, with its place; the whole word when there is none.
    pub(super) key: String,
    pub(super) key_span: Span,
    /// What stands after it.
    pub(super) value: Option<(String, Span)>,
}

/// A quote or a backslash that lacks what follows it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unclosed(pub(super) Span);

/// Splits a line that begins at byte `base` of its file. A `#` ends the line.
///
/// # Errors
/// The place of a quote that is never closed, or of a backslash at the end.
pub(super) fn words(line: &str, base: usize, dialect: Dialect) -> Result<Vec<Word>, Unclosed> {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_start();
        if rest.is_empty() || rest.starts_with('#') {
            return Ok(words);
        }
        let start = base + (line.len() - rest.len());
        let bare = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let key = rest.get(..bare).and_then(|word| word.split_once('=')).map(|(key, _)| key);
        let own = key
            .filter(|key| dialect == Dialect::Hep && SHORT.iter().any(|(short, _)| short == key));
        let (word, end) = match own {
            Some(key) => own_word(rest, key, bare, start)?,
            None => shell_word(rest, start)?,
        };
        words.push(word);
        rest = rest.get(end..).unwrap_or_default();
    }
}

/// One of hep's own keys: the value goes to the next space, or stands in quotes. In `"` a backslash keeps a quote or
/// backslash as it is.
fn own_word(rest: &str, key: &str, bare: usize, start: usize) -> Result<(Word, usize), Unclosed> {
    let at = key.len() + 1;
    let after = rest.get(at..).unwrap_or_default();
    let (value, end) = match after.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            let unclosed = || Unclosed(Span::new(start + at, start + at + 1));
            let (text, length) = quoted(after, quote).ok_or_else(unclosed)?;
            (text, at + length)
        }
        Some(_) | None => (rest.get(at..bare).unwrap_or_default().to_owned(), bare),
    };
    let word = Word {
        span: Span::new(start, start + end),
        key: key.to_owned(),
        key_span: Span::new(start, start + key.len()),
        value: Some((value, Span::new(start + at, start + end))),
    };
    Ok((word, end))
}

/// A word with quotes and backslashes anywhere in it.
fn shell_word(rest: &str, start: usize) -> Result<(Word, usize), Unclosed> {
    let mut text = String::new();
    // Where the first `=` is in the text, and after it in the line.
    let mut equals: Option<(usize, usize)> = None;
    let mut end = rest.len();
    let mut quote: Option<(char, usize)> = None;
    let mut escaped: Option<usize> = None;
    for (at, c) in rest.char_indices() {
        match (escaped.take(), quote) {
            (Some(_), None) => text.push(c),
            (Some(_), Some((quote, _))) => {
                if c != quote && c != '\\' {
                    text.push('\\');
                }
                text.push(c);
            }
            (None, Some((open, _))) if c == open => quote = None,
            (None, Some(('"', _)) | None) if c == '\\' => escaped = Some(at),
            (None, Some(_)) => text.push(c),
            (None, None) if c.is_whitespace() || c == '#' => {
                end = at;
                break;
            }
            (None, None) if c == '"' || c == '\'' => quote = Some((c, at)),
            (None, None) => text.push(c),
        }
        if equals.is_none() && text.ends_with('=') {
            equals = Some((text.len() - 1, at + 1));
        }
    }
    if let Some(at) = quote.map(|(_, at)| at).or(escaped) {
        return Err(Unclosed(Span::new(start + at, start + at + 1)));
    }
    let span = Span::new(start, start + end);
    let word = match equals {
        None => Word { span, key: text, key_span: span, value: None },
        Some((in_text, behind)) => {
            let (key, value) = text.split_at(in_text);
            let value = value.get(1..).unwrap_or_default().to_owned();
            Word {
                span,
                key: key.to_owned(),
                key_span: Span::new(start, start + behind - 1),
                value: Some((value, Span::new(start + behind, start + end))),
            }
        }
    };
    Ok((word, end))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &[&str]) {
        let words = words(line, 0, Dialect::Hep).unwrap();
        let shown = words.iter().map(|word| match &word.value {
            Some((value, span)) => {
                format!("{}|{value}|{}", word.key, line.get(span.start..span.end).unwrap())
            }
            None => word.key.clone(),
        });
        assert_eq!(shown.collect::<Vec<_>>(), expected, "{line}");
    }

    #[test]
    fn words_are_split_as_a_shell_does() {
        check("web1 a=1  b='x y' # c=2", &["web1", "a|1|1", "b|x y|'x y'"]);
        check(
            r#"w a="{'b': \"c\"}" d=e\ f"#,
            &["w", r#"a|{'b': "c"}|"{'b': \"c\"}""#, r"d|e f|e\ f"],
        );
        check("w a=b#c d=e", &["w", "a|b|b"]);
        check("w a=b=c", &["w", "a|b=c|b=c"]);
        check("w a='x'\"y\"z", &["w", "a|xyz|'x'\"y\"z"]);
        check("w a=", &["w", "a||"]);
    }

    #[test]
    fn values_of_own_keys_are_what_they_look_like() {
        check(r"w password=a\b#c'd user=x", &["w", r"password|a\b#c'd|a\b#c'd", "user|x|x"]);
        check(r#"w password="a \" b""#, &["w", r#"password|a " b|"a \" b""#]);
    }

    #[test]
    fn open_ends_are_refused() {
        for line in ["w a='x", "w a=\"x", "w password='x", "w a=\\", "w'"] {
            assert!(words(line, 0, Dialect::Hep).is_err(), "{line}");
        }
    }
}
