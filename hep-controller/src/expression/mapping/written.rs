//! A scalar as it is written, character by character: what each means and which bytes of the file it takes.

use crate::source::Span;

/// One character that a scalar's text may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) character: char,
    /// Its bytes in the file, with the escape.
    pub(super) file: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Plain,
    Single,
    Double,
}

/// The characters of what is written at a place that begins at `base`; `None` for aliases.
pub(super) fn units(written: &str, base: usize) -> Option<Units<'_>> {
    let properties = properties(written);
    let rest = written.get(properties..)?;
    let (style, skip, end) = match rest.chars().next() {
        Some('*') => return None,
        Some('"') => (Style::Double, 1, 1),
        Some('\'') => (Style::Single, 1, 1),
        // The header of a block: `|-`, `>2 # comment`.
        Some('|' | '>') => (Style::Plain, rest.find('\n').unwrap_or(rest.len()), 0),
        _ => (Style::Plain, 0, 0),
    };
    let inside = rest.get(skip..rest.len().checked_sub(end)?)?;
    Some(Units { rest: inside, at: base.checked_add(properties)?.checked_add(skip)?, style })
}

/// How long tag and anchor before a scalar are, blanks included.
fn properties(written: &str) -> usize {
    let mut rest = written;
    while rest.starts_with(['!', '&']) {
        let word = rest.find(char::is_whitespace).unwrap_or(rest.len());
        rest = rest.get(word..).unwrap_or_default().trim_start();
    }
    written.len().saturating_sub(rest.len())
}

/// Iterates over the characters.
#[derive(Clone, Debug)]
pub(super) struct Units<'w> {
    rest: &'w str,
    at: usize,
    style: Style,
}

impl Iterator for Units<'_> {
    type Item = Unit;

    fn next(&mut self) -> Option<Unit> {
        loop {
            let first = self.rest.chars().next()?;
            let (character, length) = match (self.style, first) {
                (Style::Double, '\\') => escape(self.rest),
                (Style::Single, '\'') => (Some('\''), 2),
                (Style::Plain | Style::Single | Style::Double, _) => {
                    (Some(first), first.len_utf8())
                }
            };
            let start = self.at;
            self.rest = self.rest.get(length..)?;
            self.at = self.at.checked_add(length)?;
            if let Some(character) = character {
                return Some(Unit { character, file: Span::new(start, self.at) });
            }
        }
    }
}

/// An escape of YAML 1.2 (section 5.7): what it means, if anything, and its length.
fn escape(rest: &str) -> (Option<char>, usize) {
    let mut characters = rest.chars();
    characters.next();
    let Some(letter) = characters.next() else { return (None, rest.len()) };
    let hexadecimal = |digits: usize| {
        let code = rest.get(2..2_usize.saturating_add(digits));
        let code = code.and_then(|code| u32::from_str_radix(code, 16).ok());
        (code.and_then(char::from_u32), 2_usize.saturating_add(digits))
    };
    let plain = |character| (Some(character), 1_usize.saturating_add(letter.len_utf8()));
    match letter {
        'x' => hexadecimal(2),
        'u' => hexadecimal(4),
        'U' => hexadecimal(8),
        '0' => plain('\0'),
        'a' => plain('\u{7}'),
        'b' => plain('\u{8}'),
        't' => plain('\t'),
        'n' => plain('\n'),
        'v' => plain('\u{b}'),
        'f' => plain('\u{c}'),
        'r' => plain('\r'),
        'e' => plain('\u{1b}'),
        'N' => plain('\u{85}'),
        '_' => plain('\u{a0}'),
        'L' => plain('\u{2028}'),
        'P' => plain('\u{2029}'),
        // A line that goes on below.
        '\n' => (None, 2),
        other => plain(other),
    }
}
