//! The engine as hep sets it up: strict about undefined names, bounded in work and depth, and what it prints.

use super::filters;
use super::run::is_defined;
use super::{Trouble, TroubleKind};
use minijinja::syntax::SyntaxConfig;
use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value,
};
use std::ops::Range;
use std::sync::LazyLock;

/// About that many steps, or 64 times as many bytes made, are one evaluation's share: some tenths of a second.
const FUEL: u64 = 4_000_000;

/// The one for everything but templates that ask for other whitespace rules. It lives as long as the program, so that
/// what it compiled can be kept.
static ENGINE: LazyLock<Environment<'static>> =
    LazyLock::new(|| environment(Whitespace { trim_blocks: true, lstrip_blocks: false }));

/// Jinja's whitespace rules that a template may choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Whitespace {
    /// The newline after a block is removed.
    pub(super) trim_blocks: bool,
    /// Blanks before a block, at the beginning of its line, are removed.
    pub(super) lstrip_blocks: bool,
}

/// The usual one.
pub(super) fn engine() -> &'static Environment<'static> {
    &ENGINE
}

/// One with these rules.
pub(super) fn environment(whitespace: Whitespace) -> Environment<'static> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_auto_escape_callback(|_| AutoEscape::None);
    engine.set_fuel(Some(FUEL));
    engine.set_debug(true);
    engine.set_formatter(print);
    filters::register(&mut engine);
    engine.add_test("defined", |value: &Value| is_defined(value));
    engine.add_test("undefined", |value: &Value| !is_defined(value));
    let syntax = SyntaxConfig::builder()
        .trim_blocks(whitespace.trim_blocks)
        .lstrip_blocks(whitespace.lstrip_blocks)
        .keep_trailing_newline(true)
        .build();
    if let Ok(syntax) = syntax {
        engine.set_syntax(syntax);
    }
    engine
}

fn print(out: &mut Output, _: &mut State, value: &Value) -> Result<(), Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    if value.as_str() == Some(filters::OMIT) {
        let message = "`omit` can only be the whole value of a parameter";
        return Err(Error::new(ErrorKind::InvalidOperation, message));
    }
    out.write_str(&filters::shown(value)?).map_err(Error::from)
}

/// The place of the expression in a text that is one expression alone: `{{ e }}`.
pub(super) fn alone(text: &str) -> Option<Range<usize>> {
    let inner = text.strip_prefix("{{")?.strip_suffix("}}")?;
    let (mut quote, mut depth) = (None, 0_usize);
    let mut characters = inner.char_indices().peekable();
    while let Some((_, character)) = characters.next() {
        match (quote, character) {
            (Some(_), '\\') => drop(characters.next()),
            (Some(open), character) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(character),
            (None, '{' | '[' | '(') => depth = depth.saturating_add(1),
            // A brace more than there were is the end of this expression, before that of the text.
            (None, '}') if depth == 0 => return None,
            (None, '}' | ']' | ')') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
    }
    let start = inner.len().saturating_sub(inner.trim_start_matches(['-', '+']).len()).min(1);
    let end = inner.len().saturating_sub(usize::from(inner.ends_with(['-', '+'])));
    (quote.is_none() && start <= end).then(|| start.saturating_add(2)..end.saturating_add(2))
}

/// Ansible's first line of a template that chooses whitespace rules: `#jinja2: lstrip_blocks: True, trim_blocks: False`.
/// Also where the template begins after it.
pub(super) fn header(text: &str) -> Result<(Option<Whitespace>, usize), Trouble> {
    let Some(rest) = text.strip_prefix("#jinja2:") else { return Ok((None, 0)) };
    let (line, _) = rest.split_once('\n').unwrap_or((rest, ""));
    let refuse = |message: String| {
        let trouble = Trouble::new(TroubleKind::Syntax, message);
        let hint = "write `#jinja2: lstrip_blocks: true`; `trim_blocks` is the other rule there is";
        Err(Trouble { line: Some(1), column: Some(1), ..trouble.hint(hint) })
    };
    let mut whitespace = Whitespace { trim_blocks: true, lstrip_blocks: false };
    for rule in line.split(',').filter(|rule| !rule.trim().is_empty()) {
        let (name, value) = rule.split_once(':').unwrap_or((rule, ""));
        let value = match value.trim().to_lowercase().as_str() {
            "true" => true,
            "false" => false,
            _ => {
                return refuse(format!(
                    "`{}` in `#jinja2:` is neither true nor false",
                    rule.trim()
                ));
            }
        };
        match name.trim() {
            "trim_blocks" => whitespace.trim_blocks = value,
            "lstrip_blocks" => whitespace.lstrip_blocks = value,
            name => return refuse(format!("`#jinja2:` has no rule `{name}` here")),
        }
    }
    let skipped = text.find('\n').map_or(text.len(), |at| at.saturating_add(1));
    Ok((Some(whitespace), skipped))
}
