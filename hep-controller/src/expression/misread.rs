//! Braces where the engine takes them for something else than the operator does.

use super::words::{self, Words};
use super::{Form, Problem};
use minijinja::machinery::Token;
use std::ops::Range;

/// The problem of a bare expression with `{{ }}` around it or a part of it.
pub(super) fn braces(text: &str) -> Option<Problem> {
    let first = pairs(text).into_iter().next()?;
    let plain = without_braces(text).split_whitespace().collect::<Vec<_>>().join(" ");
    let problem = Problem::new(first, "this is an expression already: it takes no braces");
    Some(if plain.is_empty() || plain.len() > 80 {
        problem.hint("write it without `{{` and `}}`")
    } else {
        problem.hint(format!("write `{plain}`"))
    })
}

/// The same text with blanks for the braces, of the same length.
pub(super) fn without_braces(text: &str) -> String {
    let mut plain = text.to_owned();
    pairs(text).into_iter().for_each(|range| words::blank(&mut plain, range));
    plain
}

/// The problem of a constant text inside an expression with braces around another expression: it is never rendered.
/// Braces around anything else are meant as they are: Go's templates have them.
pub(super) fn nested(text: &str, form: Form, range: Range<usize>, value: &str) -> Option<Problem> {
    let (_, after) = value.split_once("{{")?;
    let (inner, _) = after.split_once("}}")?;
    let inner = inner.trim();
    if go(value) || minijinja::machinery::parse_expr(inner).is_err() {
        return None;
    }
    let whole = text.get(range.clone()).unwrap_or_default();
    let alone = value.trim().starts_with("{{") && value.trim().ends_with("}}");
    let hint = if alone && !inner.contains("}}") {
        format!("write `{inner}` in place of `{}`", crate::yaml::shorten(whole))
    } else {
        format!("join texts and names: `'text' ~ {inner}`")
    };
    let hint = match form {
        Form::Bare => hint,
        Form::Text | Form::Template => {
            format!("{hint}; braces as they are go between `{{% raw %}}` and `{{% endraw %}}`")
        }
    };
    Some(Problem::new(range, "braces inside an expression's text are not rendered").hint(hint))
}

/// Whether a text has what stands in braces in a template of Go's: `{{.Name}}`, `{{range .Items}}`, `{{$x.Name}}`. A `$x`
/// alone is more often a name as a shell has it.
pub(super) fn go(text: &str) -> bool {
    let action = |inside: &str| {
        let inside = inside.split("}}").next().unwrap_or_default();
        let inside = inside.strip_prefix("- ").unwrap_or(inside).trim();
        let field = |word: &str| word.starts_with(['.', '$']) || word.starts_with("(.");
        let shell = inside.strip_prefix('$').is_some_and(|name| !name.contains([' ', '.']));
        !shell && !inside.contains(['\'', '|']) && inside.split_whitespace().any(field)
            || !shell && inside.split_whitespace().next().is_some_and(field)
    };
    text.split("{{").skip(1).any(action)
}

/// The first braces that the engine can read and that are a call of Go's all the same: in `{{json .Config}}` it sees the
/// attribute `Config`, where Go's exported fields begin with a capital letter and are set off by a blank.
pub(super) fn call_of_go(text: &str, words: &Words<'_>) -> Option<(Problem, Range<usize>)> {
    let is_call = |written: &str| {
        let exported = |word: &str| {
            word.strip_prefix('.')
                .is_some_and(|name| name.starts_with(|c: char| c.is_ascii_uppercase()))
        };
        go(written) && written.split_whitespace().skip(1).any(exported)
    };
    let opening = |word: &&words::Word<'_>| matches!(word.token, Token::VariableStart);
    let mut starts = words.all.iter().filter(opening).map(|word| word.range.start);
    starts.find_map(|start| {
        let end = text.get(start..)?.find("}}")?.saturating_add(start).saturating_add(2);
        let written = text.get(start..end).filter(|written| is_call(written))?;
        Some((of_go(written, start..end), start..end))
    })
}

/// The problem of braces that are a template of Go's.
pub(super) fn of_go(written: &str, piece: Range<usize>) -> Problem {
    let hint = format!(
        "braces that hep shall leave alone go between `{{% raw %}}` and `{{% endraw %}}`: \
         `{{% raw %}}{}{{% endraw %}}`",
        crate::yaml::shorten(written)
    );
    Problem::new(piece, "this is no expression: it looks like a template of Go's").hint(hint)
}

/// The places of `{{` and `}}` among the words of a bare expression.
fn pairs(text: &str) -> Vec<Range<usize>> {
    let words = Words::of(text, Form::Bare).all;
    let (mut found, mut open): (Vec<Range<usize>>, usize) = (Vec::new(), 0);
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let Some(next) = words.peek() else { break };
        let adjacent = word.range.end == next.range.start;
        let pair = word.range.start..next.range.end;
        match (&word.token, &next.token) {
            (Token::BraceOpen, Token::BraceOpen) if adjacent => open += 1,
            (Token::BraceClose, Token::BraceClose) if adjacent && open > 0 => open -= 1,
            _ => continue,
        }
        found.push(pair);
        words.next();
    }
    found
}
