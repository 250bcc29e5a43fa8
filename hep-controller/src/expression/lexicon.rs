//! Filters, tests and functions that there are not, as problems.

use super::Problem;
use super::foreign::{self, advice};
use crate::words::nearest;
use crate::yaml::shorten;
use hep_protocol::expression::{self, Documented};
use std::ops::Range;

/// The problem of a filter that does not exist.
pub(super) fn filter(name: &str, place: Range<usize>) -> Option<Problem> {
    if has(expression::FILTERS, name) {
        return None;
    }
    let problem = Problem::new(place, format!("there is no filter `{}`", shorten(name)));
    if let Some(advice) = advice(foreign::FILTERS, name) {
        return Some(problem.hint(advice));
    }
    if has(expression::TESTS, name) {
        return Some(problem.hint(format!("it is a test: `VALUE is {name}`")));
    }
    Some(meant(problem, name, expression::FILTERS))
}

/// The problem of a test that does not exist.
pub(super) fn test(name: &str, place: Range<usize>) -> Option<Problem> {
    test_of(name, place, None)
}

/// The same of a test of something.
pub(super) fn test_of(name: &str, place: Range<usize>, on: Option<&str>) -> Option<Problem> {
    if has(expression::TESTS, name) {
        return None;
    }
    let problem = Problem::new(place, format!("there is no test `{}`", shorten(name)));
    if let Some(advice) = advice(foreign::TESTS, name) {
        let on = on.unwrap_or("VALUE");
        return Some(
            problem.hint(
                advice
                    .replace("V.", &format!("{on}."))
                    .replace("V ", &format!("{on} "))
                    .replace("V`", &format!("{on}`")),
            ),
        );
    }
    if has(expression::FILTERS, name) {
        return Some(problem.hint(format!("it is a filter: `VALUE | {name}`")));
    }
    Some(meant(problem, name, expression::TESTS))
}

/// The problem of a function that does not exist; `first` is its first argument, if that is a constant text.
pub(super) fn function(name: &str, place: Range<usize>, first: Option<&str>) -> Option<Problem> {
    if has(expression::FUNCTIONS, name) {
        return None;
    }
    let problem = Problem::new(place, format!("there is no function `{}`", shorten(name)));
    let looks_up = matches!(name, "lookup" | "query" | "q");
    let plugin = first.filter(|_| looks_up).and_then(|first| first.rsplit('.').next());
    let plugin = plugin.and_then(|plugin| advice(foreign::LOOKUPS, plugin));
    if let Some(advice) = plugin.or_else(|| advice(foreign::FUNCTIONS, name)) {
        return Some(problem.hint(advice));
    }
    if has(expression::FILTERS, name) {
        return Some(problem.hint(format!("it is a filter: `VALUE | {name}`")));
    }
    Some(meant(problem, name, expression::FUNCTIONS))
}

/// Whether the engine has a word.
pub(super) fn has(known: &[Documented], name: &str) -> bool {
    known.iter().any(|word| word.name == name)
}

fn meant(problem: Problem, name: &str, known: &[Documented]) -> Problem {
    let name = name.strip_prefix("ansible.builtin.").unwrap_or(name);
    match nearest(name, known.iter().map(|word| word.name)) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem.hint("`hep doc` lists those there are"),
    }
}
