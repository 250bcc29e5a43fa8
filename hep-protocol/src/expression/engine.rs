//! The engine as hep sets it up: strict about undefined names, bounded in work and depth, and what it prints.

use super::filters;
use super::run::is_defined;
use super::{Trouble, TroubleKind};
use crate::dialect::Dialect;
use crate::truth::{Reader, truth};
use minijinja::syntax::SyntaxConfig;
use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value,
};
use std::cell::RefCell;
use std::ops::Range;
use std::sync::LazyLock;

/// About that many steps, or 64 times as many bytes made, are one evaluation's share: some tenths of a second.
const FUEL: u64 = 4_000_000;

/// Those for everything but templates that ask for other rules, one for each dialect. They live as long as the program, so
/// that what they compiled can be kept.
static ENGINES: [LazyLock<Environment<'static>>; 2] = [
    LazyLock::new(|| environment(Dialect::Hep, &Rules::default())),
    LazyLock::new(|| environment(Dialect::Ansible, &Rules::default())),
];

/// Jinja's rules that a template may choose.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    /// The newline after a block is removed.
    trim_blocks: bool,
    /// Blanks before a block, at the beginning of its line, are removed.
    lstrip_blocks: bool,
    /// What begins and ends blocks, variables and comments.
    delimiters: [[String; 2]; 3],
    /// What ends the lines of what comes out.
    pub(super) newline: String,
}

/// The names of all rules, as the parameters of Ansible's module and the first line of a template have them.
pub const RULES: [&str; 9] = [
    "trim_blocks",
    "lstrip_blocks",
    "newline_sequence",
    "block_start_string",
    "block_end_string",
    "variable_start_string",
    "variable_end_string",
    "comment_start_string",
    "comment_end_string",
];

impl Default for Rules {
    fn default() -> Self {
        let delimiters = [["{%", "%}"], ["{{", "}}"], ["{#", "#}"]];
        Self {
            trim_blocks: true,
            lstrip_blocks: false,
            delimiters: delimiters.map(|pair| pair.map(str::to_owned)),
            newline: "\n".to_owned(),
        }
    }
}

impl Rules {
    /// How a text is cut into words by these rules; the usual way where they make no sense.
    pub(super) fn syntax(&self) -> SyntaxConfig {
        let [[block, block_end], [variable, variable_end], [comment, comment_end]] =
            self.delimiters.clone();
        SyntaxConfig::builder()
            .block_delimiters(block, block_end)
            .variable_delimiters(variable, variable_end)
            .comment_delimiters(comment, comment_end)
            .trim_blocks(self.trim_blocks)
            .lstrip_blocks(self.lstrip_blocks)
            .keep_trailing_newline(true)
            .build()
            .unwrap_or_default()
    }
}

/// The usual one.
pub(super) fn engine(dialect: Dialect) -> &'static Environment<'static> {
    let [hep, ansible] = &ENGINES;
    match dialect {
        Dialect::Hep => hep,
        Dialect::Ansible => ansible,
    }
}

/// One with these rules.
pub(super) fn environment(dialect: Dialect, rules: &Rules) -> Environment<'static> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_auto_escape_callback(|_| AutoEscape::None);
    engine.set_fuel(Some(FUEL));
    engine.set_debug(true);
    engine.set_formatter(match dialect {
        Dialect::Hep => print,
        Dialect::Ansible => print_as_python,
    });
    filters::register(&mut engine, dialect);
    engine.add_test("defined", |value: &Value| is_defined(value));
    engine.add_test("undefined", |value: &Value| !is_defined(value));
    engine.set_syntax(rules.syntax());
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

/// Nothing prints as nothing, and so does what is to be left out. What was printed is remembered: a text of one value is that.
fn print_as_python(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    if value.is_undefined() {
        // Of an `if` without `else` it is nothing, of anything else an error.
        return minijinja::escape_formatter(out, state, value);
    }
    if value.is_none() || value.as_str() == Some(filters::OMIT) {
        return Ok(());
    }
    Printed::note(value);
    out.write_str(&filters::shown(value)?).map_err(Error::from)
}

thread_local! {
    static PRINTED: RefCell<Printed> = const { RefCell::new(Printed { count: 0, only: None }) };
}

/// What a text has printed so far.
#[derive(Debug, Default)]
pub(super) struct Printed {
    count: usize,
    only: Option<Value>,
}

impl Printed {
    /// Begins anew, and gives what was printed until now by the text around this one.
    pub(super) fn replace(by: Self) -> Self {
        PRINTED.replace(by)
    }

    fn note(value: &Value) {
        PRINTED.with_borrow_mut(|printed| {
            printed.count = printed.count.saturating_add(1);
            printed.only = (printed.count == 1).then(|| value.clone());
        });
    }

    /// The value of a text that printed one and nothing else; nothing, if it printed nothing at all.
    pub(super) fn value(self, text: &str) -> Option<Value> {
        match self.only {
            Some(only) => {
                let same = filters::shown(&only).is_ok_and(|shown| shown == text);
                same.then_some(only)
            }
            None if self.count == 0 && text.is_empty() => Some(Value::from(())),
            None => None,
        }
    }
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

/// Ansible's first line of a template that chooses rules: `#jinja2: lstrip_blocks: True, trim_blocks: False`. Also where the
/// template begins after it. `rules` are those that the task chose; the template has the last word.
pub(super) fn header(text: &str, rules: &str) -> Result<(Option<Rules>, usize), Trouble> {
    let of_task = Some(rules).filter(|rules| !rules.is_empty());
    let of_task = of_task.map(|rules| Rules::default().changed(rules)).transpose();
    let of_task = of_task.map_err(|trouble| Trouble { line: None, column: None, ..trouble })?;
    let Some(rest) = text.strip_prefix("#jinja2:") else { return Ok((of_task, 0)) };
    let (line, _) = rest.split_once('\n').unwrap_or((rest, ""));
    let rules = of_task.unwrap_or_default().changed(line)?;
    let skipped = text.find('\n').map_or(text.len(), |at| at.saturating_add(1));
    Ok((Some(rules), skipped))
}

impl Rules {
    /// With these ones changed: `trim_blocks: False, newline_sequence: "\r\n"`.
    fn changed(mut self, line: &str) -> Result<Self, Trouble> {
        let refuse = |message: String| {
            let trouble = Trouble::new(TroubleKind::Syntax, message);
            let hint =
                "write `#jinja2: lstrip_blocks: true`; `trim_blocks` is the other rule there is";
            Err(Trouble { line: Some(1), column: Some(1), ..trouble.hint(hint) })
        };
        for rule in line.split(',').filter(|rule| !rule.trim().is_empty()) {
            let (name, value) = rule.split_once(':').unwrap_or((rule, ""));
            let (name, value) = (name.trim(), value.trim());
            let quoted = ['\'', '"']
                .into_iter()
                .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
                .map(|text| text.replace("\\n", "\n").replace("\\r", "\r"));
            if let (Some(place), Some(text)) = (self.named(name), quoted) {
                *place = text;
                continue;
            }
            let Some(value) = truth(value, Reader::Ansible) else {
                let rule = rule.trim();
                return refuse(format!("`{rule}` in `#jinja2:` is neither true nor false"));
            };
            match name {
                "trim_blocks" => self.trim_blocks = value,
                "lstrip_blocks" => self.lstrip_blocks = value,
                name => return refuse(format!("`#jinja2:` has no rule `{name}` here")),
            }
        }
        Ok(self)
    }

    /// The rule of a name whose value is a text.
    fn named(&mut self, name: &str) -> Option<&mut String> {
        let [[block, block_end], [variable, variable_end], [comment, comment_end]] =
            &mut self.delimiters;
        Some(match name {
            "block_start_string" => block,
            "block_end_string" => block_end,
            "variable_start_string" => variable,
            "variable_end_string" => variable_end,
            "comment_start_string" => comment,
            "comment_end_string" => comment_end,
            "newline_sequence" => &mut self.newline,
            _ => return None,
        })
    }
}
