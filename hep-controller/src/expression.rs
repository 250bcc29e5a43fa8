//! What can be known of an expression before anything is contacted: the names it reads, and what is wrong with it, each
//! with its exact place. Evaluates nothing: that is the engine's, in `hep-protocol`.
//!
//! The only module of the controller that names the engine. Its parser is the judge of what is an expression; this one
//! only finds the words for what the parser refuses.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "the engine's parser is asked here"
)]

mod foreign;
mod known;
mod lexicon;
mod mapping;
mod method;
mod misread;
mod syntax;
mod walk;
mod words;

pub(crate) use known::{Known, Origin, Shape, is_sound, judge};
pub(crate) use mapping::{Mapping, place};

use minijinja::machinery;
use minijinja::syntax::SyntaxConfig;
use std::ops::Range;
use walk::Walk;
use words::Words;

/// What to write for a name of another program's: a variable, filter, test or function.
pub(crate) fn instead(word: &str) -> Option<String> {
    let mut names = word.split('.');
    let (name, fields) = (names.next()?, names.collect::<Vec<_>>());
    let variable = foreign::instead(name, &fields).map(|(advice, _)| advice);
    let of = |table| foreign::advice(table, word);
    let plain = variable.or_else(|| of(foreign::FILTERS)).or_else(|| of(foreign::FUNCTIONS));
    let test = || of(foreign::TESTS).map(|advice| advice.replace('V', "VALUE"));
    plain.map(str::to_owned).or_else(test)
}

/// What a text is to the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Form {
    /// An expression without braces, as in `when` and `until`.
    Bare,
    /// A text with `{{ }}` in it.
    Text,
    /// A template file.
    Template,
}

/// What is known of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Every mention of a name that is not the text's own.
    pub(crate) names: Vec<Name>,
    /// What is wrong whatever the names stand for.
    pub(crate) problems: Vec<Problem>,
    /// The templates that it includes, imports or extends, as far as they are named by constants.
    pub(crate) parts: Vec<String>,
    /// What is defined wherever this expression holds: a condition answers for what it guards.
    pub(crate) assured: Vec<Path>,
}

/// A name with the constant names below it: `os.codename`, `item['x']`.
pub(crate) type Path = Vec<String>;

/// One mention of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    /// The name itself.
    pub(crate) name: String,
    /// What is read below it, as far as that is constant.
    pub(crate) fields: Vec<Field>,
    /// Where the name is in the text, in bytes.
    pub(crate) range: Range<usize>,
    /// It may be undefined here: `x is defined`, `x | default(..)`, `x is not defined or x > 1`.
    pub(crate) guarded: bool,
    /// This mention is an `is defined` test.
    pub(crate) tested: bool,
    /// What else may have been meant, if there is no such name.
    pub(crate) hunch: Hunch,
}

/// What a name that does not exist may have been meant as.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Hunch {
    #[default]
    Name,
    /// It stands where a comparison has a text; its quotes may be missing.
    Text,
    /// It is a part of a name with dashes, which the engine takes for a subtraction.
    Dashed(Range<usize>, String),
}

/// One constant name below another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    /// Where it is in the text, in bytes; with its quotes, if it has any.
    pub(crate) range: Range<usize>,
}

/// Something wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Where it is in the text, in bytes.
    pub(crate) range: Range<usize>,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    /// Whether it is a name that an inventory may have, and none was read.
    pub(crate) without_hosts: bool,
}

impl Problem {
    fn new(range: Range<usize>, message: impl Into<String>) -> Problem {
        Problem { range, message: message.into(), hint: None, without_hosts: false }
    }

    fn hint(mut self, hint: impl Into<String>) -> Problem {
        self.hint = Some(hint.into());
        self
    }
}

/// Each mistake in the syntax costs one more pass over the text; a reader has enough after so many.
const MAX_SYNTAX_PROBLEMS: usize = 10;

/// The other templates that a template of Ansible's names by constants.
pub(crate) fn parts_of(text: &str) -> Vec<String> {
    let parsed = machinery::parse(text, "", SyntaxConfig::default());
    let mut walk = Walk::new(text, Form::Template);
    if let Ok(whole) = &parsed {
        walk.statement(whole);
    }
    walk.reading.parts
}

/// Reads a text.
pub(crate) fn read(text: &str, form: Form) -> Reading {
    let mut reading = Reading::default();
    // What is understood as wrong is overwritten with blanks, byte for byte: places stay what they are.
    let mut rest = text.to_owned();
    if let (Form::Bare, Some(problem)) = (form, misread::braces(text)) {
        reading.problems.push(problem);
        rest = misread::without_braces(text);
    }
    if form == Form::Template {
        words::blank(&mut rest, 0..words::header(text));
    }
    for _ in 0..MAX_SYNTAX_PROBLEMS {
        let (problem, again) = match attempt(&rest, form) {
            Ok(found) => {
                reading.names = found.names;
                reading.problems.extend(found.problems);
                reading.assured = found.assured;
                break;
            }
            Err(failed) => failed,
        };
        reading.problems.push(problem);
        match again {
            Some(piece) => words::blank(&mut rest, piece),
            None => break,
        }
    }
    reading.problems.sort_by_key(|problem| (problem.range.start, problem.range.end));
    reading
}

/// Reads a text that may stop at its first mistake; then also the part without which the rest can be read.
fn attempt(text: &str, form: Form) -> Result<Reading, (Problem, Option<Range<usize>>)> {
    let words = Words::of(text, form);
    // The parser and the trees it makes are recursive in what this bounds.
    if let Some(problem) = words.too_much() {
        return Err((problem, None));
    }
    let mut walk = Walk::new(text, form);
    let parsed = match form {
        Form::Bare => machinery::parse_expr(text).map(|expression| walk.condition(&expression)),
        Form::Text | Form::Template => {
            machinery::parse(text, "", SyntaxConfig::default()).map(|whole| walk.statement(&whole))
        }
    };
    // The parser takes words for other files, which hep's dialect does not have.
    let refused = parsed.as_ref().err().and_then(minijinja::Error::range);
    let of_files = syntax::block::reaches_for_files(&words)
        .filter(|(word, _)| refused.is_none_or(|refused| word.range.start <= refused.start))
        .map(|(word, name)| (syntax::block::of_files(word, name), None));
    // Behind a quoted text the parser takes what is no word for the end: `'a' && b` would be `'a'`.
    if parsed.is_ok() && words.stop.is_none() && of_files.is_none() {
        return match misread::call_of_go(text, &words).filter(|_| form == Form::Text) {
            Some((problem, piece)) => Err((problem, Some(piece))),
            None => Ok(walk.reading),
        };
    }
    if let Some(found) = of_files {
        return Err(found);
    }
    let failure = syntax::Failure::new(text, &words, parsed.err().as_ref());
    Err((failure.explain(), failure.piece()))
}

#[cfg(test)]
mod tests;
