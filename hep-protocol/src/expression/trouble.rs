//! What went wrong with an expression, in words; the engine's own errors are translated here and nowhere else.

use super::documented::{Documented, FILTERS, FUNCTIONS, TESTS};
use super::rewrite::Rewritten;
use super::spoken::spoken;
use crate::dialect::Dialect;
use crate::words::{nearest, shorten};
use minijinja::{Error, ErrorKind};
use std::fmt;
use std::ops::Range;

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What kind of trouble.
    pub kind: TroubleKind,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
    /// The template file it is in, when it is in one.
    pub template: Option<String>,
    /// Its line, from 1, in the text that was handed in.
    pub line: Option<usize>,
    /// Its column in that line, from 1, in characters.
    pub column: Option<usize>,
    /// Its place in that text, in bytes.
    pub range: Option<Range<usize>>,
    /// The variable whose own text it is in, with the names below it: `site.root`.
    pub variable: Option<String>,
    /// The way to the text in a tree: keys and numbers of items, outermost first.
    pub path: Vec<String>,
}

/// The kinds of trouble.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TroubleKind {
    /// A name that does not exist.
    Undefined {
        /// With the names it is below, as far as they are known: `os.nope`.
        name: String,
    },
    /// It depends on what is not known yet.
    Unknown {
        /// What that is: `the result of `NAME``.
        cause: String,
    },
    /// It cannot be read.
    Syntax,
    /// A variable that needs itself.
    Circle {
        /// The variables, each needing the next; the first stands again at the end.
        chain: Vec<String>,
    },
    /// Anything else, such as a filter that does not take this value.
    Other,
}

impl Trouble {
    /// Trouble without a place.
    #[must_use]
    pub fn new(kind: TroubleKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
            template: None,
            line: None,
            column: None,
            range: None,
            variable: None,
            path: Vec::new(),
        }
    }

    /// With advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// In a variable's own text, unless it is told of another already.
    pub(super) fn of_variable(mut self, path: &str) -> Self {
        let told = self.variable.is_some() || matches!(self.kind, TroubleKind::Circle { .. });
        if !told {
            self.message = format!("in the variable `{path}`: {}", self.message);
            self.variable = Some(path.to_owned());
        }
        self
    }

    /// A name that stands for nothing.
    pub(super) fn undefined(name: &str) -> Self {
        Self::new(TroubleKind::Undefined { name: name.to_owned() }, "")
    }

    /// What is not known yet.
    #[must_use]
    pub fn unknown(cause: impl Into<String>) -> Self {
        let cause = cause.into();
        let message = format!("depends on {cause}");
        Self::new(TroubleKind::Unknown { cause }, message)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.template, self.line, self.column) {
            (Some(name), Some(line), Some(column)) => write!(f, "{name}:{line}:{column}: ")?,
            (Some(name), Some(line), None) => write!(f, "{name}:{line}: ")?,
            (Some(name), None, _) => write!(f, "{name}: ")?,
            (None, _, _) => {}
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Trouble {}

impl Trouble {
    /// The engine's error, or the trouble of hep's own that it carries.
    pub(super) fn from_error(error: Error) -> Self {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(inner) = cause {
            if let Some(own) = inner.downcast_ref::<Self>() {
                return Self { line: error.line(), range: error.range(), ..own.clone() };
            }
            cause = inner.source();
        }
        let detail = error.detail().unwrap_or_default();
        let undefined = undefined(detail);
        let trouble = match error.kind() {
            kind if undefined.is_some() || kind == ErrorKind::UndefinedError => {
                let name = undefined.unwrap_or_default().to_owned();
                Self::new(TroubleKind::Undefined { name }, "")
            }
            ErrorKind::SyntaxError | ErrorKind::BadEscape => Self::new(TroubleKind::Syntax, detail),
            ErrorKind::UnknownFilter => missing("filter", word(detail, "filter "), FILTERS),
            ErrorKind::UnknownTest => missing("test", word(detail, "test "), TESTS),
            ErrorKind::UnknownFunction => missing("function", word(detail, ""), FUNCTIONS),
            ErrorKind::OutOfFuel => {
                Self::new(TroubleKind::Other, "this takes too much work to evaluate")
            }
            kind if detail.is_empty() => Self::new(TroubleKind::Other, kind.to_string()),
            _ if detail.contains("+ operator") && detail.contains("string") => Self::new(
                TroubleKind::Other,
                "`+` adds two numbers or joins two texts, but not one of each",
            )
            .hint("join them with `~`, or convert the text with `| int`"),
            _ => match detail.strip_suffix(" is not iterable") {
                Some(what) => {
                    Self::new(TroubleKind::Other, format!("a list is needed here, not a {what}"))
                        .hint("`range(N)` counts from 0 to N - 1; `[VALUE]` is a list of one")
                }
                None => Self::new(TroubleKind::Other, detail),
            },
        };
        Self { line: error.line(), range: error.range(), ..trouble }
    }

    /// Where it was written, if the engine was given something else.
    pub(super) fn written(mut self, rewritten: Option<&Rewritten>) -> Self {
        if let (Some(range), Some(rewritten)) = (&self.range, rewritten) {
            self.range = Some(rewritten.written(range.clone()));
        }
        self
    }

    /// At its place in `text`, where what was evaluated begins at byte `start`; its range was within that.
    pub(super) fn placed(mut self, evaluated: &str, start: usize, text: &str) -> Self {
        let inner = self.narrowed(evaluated);
        self.advise(evaluated.get(inner.clone()).unwrap_or_default());
        self.range = Some(inner.start.saturating_add(start)..inner.end.saturating_add(start));
        self.located(text)
    }

    /// Says what the engine does not, from the text that it is about.
    fn advise(&mut self, text: &str) {
        let has = |word| text.split_whitespace().any(|other| other == word);
        let count = [ErrorKind::TooManyArguments, ErrorKind::MissingArgument];
        if self.kind == (TroubleKind::Undefined { name: String::new() })
            && has("if")
            && !has("else")
            && !text.contains("{%")
        {
            self.message = "this `if` has no `else`, and its condition is false".to_owned();
            self.hint = Some("write `A if CONDITION else B`".to_owned());
        } else if count.iter().any(|kind| self.message == kind.to_string()) {
            let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let name = text.rsplit_once('(').map_or(text, |(name, _)| name).trim_end();
            let name = name.rsplit(|c| !word(c)).next().unwrap_or_default();
            let mut rows = [FILTERS, TESTS, FUNCTIONS].into_iter().flatten();
            if let Some(row) = rows.find(|row| row.name == name) {
                self.message = format!("{} for `{name}`", self.message);
                self.hint = Some(format!("it is used as in `{}`", row.example));
            }
        }
    }

    /// The range in what was evaluated: the name itself where one is undefined, and no blanks around it.
    fn narrowed(&self, evaluated: &str) -> Range<usize> {
        let whole = self.range.clone().unwrap_or(0..evaluated.len());
        let Some(part) = evaluated.get(whole.clone()) else { return whole };
        let found = match &self.kind {
            TroubleKind::Undefined { name } if !name.is_empty() => {
                let until = evaluated.get(..whole.end).unwrap_or(evaluated);
                let inside = part.find(name.as_str()).map(|at| whole.start.saturating_add(at));
                inside.or_else(|| until.rfind(name.as_str())).map(|at| (at, name.len()))
            }
            TroubleKind::Undefined { .. }
            | TroubleKind::Unknown { .. }
            | TroubleKind::Syntax
            | TroubleKind::Circle { .. }
            | TroubleKind::Other => None,
        };
        let blanks = part.len().saturating_sub(part.trim_start().len());
        let trimmed = (whole.start.saturating_add(blanks), part.trim().len());
        let (start, length) = found.unwrap_or(trimmed);
        start..start.saturating_add(length)
    }

    /// Further on by `skipped` bytes, in a text that has more before it.
    pub(super) fn moved(mut self, skipped: usize, text: &str) -> Self {
        self.range =
            self.range.map(|r| r.start.saturating_add(skipped)..r.end.saturating_add(skipped));
        self.located(text)
    }

    /// Line and column of the range.
    fn located(mut self, text: &str) -> Self {
        if let Some(range) = &self.range {
            let before = text.get(..range.start).unwrap_or(text);
            let line = before.rsplit('\n').next().unwrap_or_default();
            self.line = Some(before.matches('\n').count().saturating_add(1));
            self.column = Some(line.chars().count().saturating_add(1));
        }
        self
    }
}

/// What the engine says is undefined. It puts that into its sentence alone, whatever the kind of error.
fn undefined(detail: &str) -> Option<&str> {
    detail.rsplit_once("` is undefined")?.0.rsplit('`').next()
}

/// The name in the engine's `filter NAME is unknown`, which has it nowhere else.
fn word<'d>(detail: &'d str, before: &str) -> &'d str {
    detail.strip_prefix(before).unwrap_or(detail).split(' ').next().unwrap_or_default()
}

/// A filter, test or function that there is not.
fn missing(kind: &str, name: &str, known: &[Documented]) -> Trouble {
    let trouble =
        Trouble::new(TroubleKind::Other, format!("there is no {kind} `{}`", shorten(name)));
    if spoken() == Dialect::Ansible {
        return trouble.hint(foreign_advice(name));
    }
    trouble.hint(match nearest(name, known.iter().map(|row| row.name)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("docs/expressions.md lists every {kind}"),
    })
}

/// What to do without a filter, test or function of Ansible's that there is not.
fn foreign_advice(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "password_hash" => "hash the password beforehand, and keep the hash in a variable",
        "json_query" => "write it with `selectattr` and `map(attribute=..)`",
        "ipaddr" | "ipv4" | "ipv6" | "ipwrap" | "ipsubnet" | "ipmath" | "nthhost" => {
            "take addresses apart with `split('/')` and `regex_replace`, or write the parts as variables"
        }
        "now" | "strftime" | "to_datetime" => "`ansible_date_time` has the time of the host",
        _ if name.contains('.') => "those of collections are not had: use one of ansible.builtin",
        _ => "docs/ansible.md tells which there are",
    }
}
