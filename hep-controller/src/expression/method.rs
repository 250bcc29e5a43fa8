//! Methods that values have in other languages and not here.

use super::Problem;
use super::lexicon::has;
use crate::words::nearest;
use hep_protocol::expression::FILTERS;
use std::ops::Range;

/// `VALUE.NAME(..)`: those of Python's texts, lists and mappings.
const METHODS: &[&str] = &[
    "capitalize",
    "casefold",
    "center",
    "count",
    "endswith",
    "find",
    "format",
    "get",
    "isalnum",
    "isalpha",
    "isascii",
    "isdecimal",
    "isdigit",
    "islower",
    "isnumeric",
    "isspace",
    "isupper",
    "items",
    "join",
    "keys",
    "ljust",
    "lower",
    "lstrip",
    "partition",
    "removeprefix",
    "removesuffix",
    "replace",
    "rfind",
    "rjust",
    "rpartition",
    "rsplit",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "swapcase",
    "title",
    "upper",
    "values",
    "zfill",
];

/// What is written in place of a method; `V` stands for the value and `A` for what is between the brackets.
const INSTEAD: [(&str, &str); 24] = [
    ("append", "V + [A]"),
    ("copy", "V"),
    ("decode", "V"),
    ("encode", "V"),
    ("endsWith", "V.endswith(A)"),
    ("extend", "V + A"),
    ("has_key", "A in V"),
    ("includes", "A in V"),
    ("index", "A in V"),
    ("insert", "[A] + V"),
    ("iteritems", "V.items()"),
    ("len", "V | length"),
    ("length", "V | length"),
    ("pop", "V | last"),
    ("remove", "V | difference([A])"),
    ("reverse", "V | reverse"),
    ("size", "V | length"),
    ("sort", "V | sort"),
    ("startsWith", "V.startswith(A)"),
    ("toLowerCase", "V | lower"),
    ("toUpperCase", "V | upper"),
    ("trim", "V | trim"),
    ("union", "V | union(A)"),
    ("update", "V | combine(A)"),
];

/// The problem of a call of a method: `on` and `arguments` are what is written before and in it, when that is short.
pub(super) fn explain(
    name: &str,
    place: Range<usize>,
    on: Option<&str>,
    arguments: Option<&str>,
) -> Option<Problem> {
    if METHODS.contains(&name) {
        return None;
    }
    let shown = crate::yaml::shorten(name);
    let problem = Problem::new(place, format!("no value has a method `{shown}`"));
    if let Some((_, pattern)) = INSTEAD.iter().find(|(method, _)| *method == name) {
        let (on, arguments) = (on.unwrap_or("VALUE"), arguments.unwrap_or(".."));
        return Some(problem.hint(format!("write `{}`", fill(pattern, on, arguments))));
    }
    if has(FILTERS, name) {
        return Some(problem.hint(format!("it is a filter: `{} | {name}`", on.unwrap_or("VALUE"))));
    }
    Some(match nearest(name, METHODS.iter().copied()) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem.hint("values are changed by filters, `VALUE | NAME`"),
    })
}

/// The pattern with the value and the arguments in place of their letters, where these stand alone.
fn fill(pattern: &str, on: &str, arguments: &str) -> String {
    let alone = |at: usize| {
        let beside = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        let before = pattern.get(..at).and_then(|part| part.chars().next_back());
        let after = pattern.get(at.saturating_add(1)..).and_then(|part| part.chars().next());
        !beside(before) && !beside(after)
    };
    let mut filled = String::new();
    for (at, character) in pattern.char_indices() {
        match character {
            'V' if alone(at) => filled.push_str(on),
            'A' if alone(at) => filled.push_str(arguments),
            other => filled.push(other),
        }
    }
    filled
}
