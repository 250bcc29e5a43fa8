//! What is no word of the language at all: foreign characters, quotes and comments that are not closed.

use super::Failure;
use crate::expression::Problem;
use crate::expression::words::Stop;

/// The problem at the place where the lexer stopped.
pub(super) fn explain(failure: &Failure<'_>, stop: &Stop) -> Problem {
    let text = failure.text;
    // What the lexer was reading begins after the last word.
    let begun = failure.words.last().map_or(0, |word| word.range.end);
    let rest = text.get(begun..).unwrap_or_default();
    let skipped = rest.len().saturating_sub(rest.trim_start().len());
    let start = begun.saturating_add(skipped);
    match stop.detail.as_str() {
        "unexpected end of string" => {
            let quote = text.get(start..).and_then(|rest| rest.chars().next()).unwrap_or('"');
            let problem =
                Problem::new(start..start.saturating_add(1), "this quote is never closed");
            problem.hint(format!("write `{quote}` where the text ends"))
        }
        "unexpected end of comment" => {
            let at = rest.find("{#").map_or(start, |at| begun.saturating_add(at));
            let problem = Problem::new(at..at.saturating_add(2), "this `{#` is never closed");
            problem.hint("a comment ends with `#}`")
        }
        "unexpected end of raw block" => {
            let at = rest.find("{%").map_or(start, |at| begun.saturating_add(at));
            let problem = Problem::new(at..at.saturating_add(2), "this `{% raw %}` is never ended");
            problem.hint("write `{% endraw %}`")
        }
        detail => foreign(text, stop.at, detail),
    }
}

/// A character that the language does not have.
fn foreign(text: &str, at: usize, detail: &str) -> Problem {
    let mut rest = text.get(at..).unwrap_or_default().chars();
    let Some(character) = rest.next() else {
        return Problem::new(at..at, "the expression ends too early");
    };
    let twice = rest.next() == Some(character);
    let length = if twice && character == '&' { 2 } else { character.len_utf8() };
    let range = at..at.saturating_add(length);
    let written = text.get(range.clone()).unwrap_or_default();
    if detail != "unexpected character" {
        return Problem::new(range, "this is neither a number nor text")
            .hint("a text needs quotes, and `\\` in it is written `\\\\`");
    }
    let problem = Problem::new(range, format!("`{written}` has no place in an expression"));
    match character {
        '&' => problem.hint("write `and`"),
        '!' => problem.hint("write `not`, with a blank behind it"),
        '$' => problem.hint("names have no `$` before them: write the name alone"),
        '?' => problem.hint("write `A if CONDITION else B`"),
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{2018}' | '\u{2019}' | '`' => {
            problem.hint("quotes are `'` or `\"`")
        }
        ';' => problem.hint("a text holds one expression: make two of it"),
        '#' => problem.hint("a comment is written `{# #}`, outside of expressions"),
        '^' => problem.hint("write `**` for a power"),
        '\\' | '@' => problem.hint("a text needs quotes: `'a\\\\b'`"),
        other if other.is_alphabetic() => {
            problem.hint("a name is made of `a` to `z`, digits and `_`; a text needs quotes")
        }
        _ => problem,
    }
}
