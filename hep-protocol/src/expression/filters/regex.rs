//! Regular expressions, in the syntax that Python and Rust share. A small engine without tables of Unicode: `\w`, `\d`,
//! `\s` and ignoring case mean ASCII. It takes time linear in the text, so look-around is not to be had.

use super::super::pattern::Replacement;
use super::kinds::text;
use super::{Registry, Trouble, TroubleKind, charge, defined, items, refuse, trouble};
use minijinja::value::{Kwargs, Rest, ValueOrKwargs};
use minijinja::{Error, State, Value};
use regex_lite::{Captures, Regex, RegexBuilder};
use std::cell::RefCell;
use std::collections::HashMap;

pub(super) fn register(engine: &mut Registry<'_>) {
    engine.add_filter("regex_replace", replace);
    engine.add_filter("regex_search", search);
    engine.add_filter("regex_findall", find_all);
    engine.add_filter("regex_escape", |value: &Value| {
        text(value, "regex_escape").map(|text| regex_lite::escape(&text))
    });
    engine.add_test("match", |value: &Value, pattern: String, kwargs: Kwargs| {
        let regex = compiled(&format!(r"\A(?:{pattern})"), &pattern, &kwargs)?;
        Ok::<_, Error>(regex.is_match(&text(value, "match")?))
    });
    engine.add_test("search", |value: &Value, pattern: String, kwargs: Kwargs| {
        let regex = compiled(&pattern, &pattern, &kwargs)?;
        Ok::<_, Error>(regex.is_match(&text(value, "search")?))
    });
    engine.add_test("regex", |value: &Value, pattern: String, kwargs: Kwargs| {
        let regex = compiled(&pattern, &pattern, &kwargs)?;
        Ok::<_, Error>(regex.is_match(&text(value, "regex")?))
    });
}

/// How a pattern is to be read.
type Flags = (bool, bool);

thread_local! {
    /// Patterns stand in loops and templates; compiling one takes longer than using it.
    static COMPILED: RefCell<HashMap<(String, Flags), Regex>> = RefCell::default();
}

const MAX_KEPT: usize = 256;

/// `full` is what is compiled, `pattern` what the user wrote.
fn compiled(full: &str, pattern: &str, kwargs: &Kwargs) -> Result<Regex, Error> {
    let ignore_case = kwargs.get::<Option<bool>>("ignorecase")?.unwrap_or(false);
    let multiline = kwargs.get::<Option<bool>>("multiline")?.unwrap_or(false);
    kwargs.assert_all_used()?;
    let key = (full.to_owned(), (ignore_case, multiline));
    if let Some(regex) = COMPILED.with_borrow(|known| known.get(&key).cloned()) {
        return Ok(regex);
    }
    let regex = build(full, ignore_case, multiline).map_err(|error| why_not(pattern, &error))?;
    COMPILED.with_borrow_mut(|known| {
        if known.len() >= MAX_KEPT {
            known.clear();
        }
        known.insert(key, regex.clone());
    });
    Ok(regex)
}

fn build(full: &str, ignore_case: bool, multiline: bool) -> Result<Regex, regex_lite::Error> {
    // Python's end of the text.
    let full = full.replace(r"\Z", r"\z");
    RegexBuilder::new(&full)
        .case_insensitive(ignore_case)
        .multi_line(multiline)
        .size_limit(1 << 20)
        .build()
}

/// A pattern by itself, in the syntax of the filters; or what is wrong with it, in a sentence.
pub(in crate::expression) fn read_pattern(pattern: &str) -> Result<Regex, String> {
    build(pattern, false, false).map_err(|error| what_is_wrong(pattern, &error).message)
}

fn why_not(pattern: &str, error: &regex_lite::Error) -> Error {
    trouble(what_is_wrong(pattern, error))
}

fn what_is_wrong(pattern: &str, error: &regex_lite::Error) -> Trouble {
    let shown = crate::words::shorten(pattern);
    let wrong = |message: String| Trouble::new(TroubleKind::Other, message);
    let look_around = ["(?=", "(?!", "(?<=", "(?<!"];
    if let Some(found) = look_around.iter().find(|start| pattern.contains(**start)) {
        return wrong(format!(
            "the pattern `{shown}` looks around with `{found}`, which hep does not support"
        ))
        .hint(
            "match what is around too, in groups, and keep it: `regex_replace('(a)b', '\\\\1c')`",
        );
    }
    let referring = |digit: char| pattern.contains(&format!("\\{digit}"));
    if ('1'..='9').any(referring) || pattern.contains("(?P=") {
        return wrong(format!(
            "the pattern `{shown}` refers back to a group, which hep does not support"
        ));
    }
    wrong(format!("`{shown}` is not a regular expression: {error}"))
}

fn replace(
    state: &mut State,
    value: &Value,
    pattern: String,
    replacement: Option<String>,
    kwargs: Kwargs,
) -> Result<String, Error> {
    let replacement =
        replacement.or(kwargs.get::<Option<String>>("replacement")?).unwrap_or_default();
    let count = kwargs.get::<Option<usize>>("count")?.unwrap_or(0);
    let regex = compiled(&pattern, &pattern, &kwargs)?;
    let replacement = Replacement::parse(&replacement, &names_of(&regex)).map_err(refuse)?;
    let text = text(value, "regex_replace")?;
    let most = if count == 0 { usize::MAX } else { count };
    let (mut replaced, mut behind) = (String::new(), 0);
    for captures in regex.captures_iter(&text).take(most) {
        let Some(found) = captures.get(0) else { continue };
        let instead = replacement.with(|number| group_of(&captures, number));
        charge(state, instead.len())?;
        replaced.push_str(text.get(behind..found.start()).unwrap_or_default());
        replaced.push_str(&instead);
        behind = found.end();
    }
    replaced.push_str(text.get(behind..).unwrap_or_default());
    Ok(replaced)
}

fn names_of(regex: &Regex) -> Vec<Option<&str>> {
    regex.capture_names().collect()
}

fn group_of<'t>(captures: &Captures<'t>, number: usize) -> Option<&'t str> {
    captures.get(number).map(|group| group.as_str())
}

/// The first match, or nothing; with groups (`'\\1'`, `'\\g<name>'`), a list of them.
fn search(value: &Value, pattern: String, groups: Rest<ValueOrKwargs>) -> Result<Value, Error> {
    let groups = groups.into_values();
    let (groups, kwargs): (&[Value], Kwargs) = minijinja::value::from_args(&groups)?;
    let regex = compiled(&pattern, &pattern, &kwargs)?;
    let text = text(value, "regex_search")?;
    let Some(captures) = regex.captures(&text) else { return Ok(Value::from(())) };
    if groups.is_empty() {
        return Ok(captures.get(0).map(|all| Value::from(all.as_str())).unwrap_or_default());
    }
    let group = |group: &Value| -> Result<Value, Error> {
        let written = defined(group)?.to_string();
        let written = Replacement::parse(&written, &names_of(&regex)).map_err(refuse)?;
        Ok(Value::from(written.with(|number| group_of(&captures, number))))
    };
    groups.iter().map(group).collect::<Result<Vec<_>, _>>().map(Value::from)
}

/// All matches; of a pattern with one group that group's, with several lists of them.
fn find_all(value: &Value, pattern: String, kwargs: Kwargs) -> Result<Vec<Value>, Error> {
    let regex = compiled(&pattern, &pattern, &kwargs)?;
    let text = text(value, "regex_findall")?;
    let group = |captures: &Captures<'_>, number: usize| {
        Value::from(captures.get(number).map_or("", |group| group.as_str()))
    };
    let found = |captures: Captures<'_>| match captures.len() {
        1 => group(&captures, 0),
        2 => group(&captures, 1),
        groups => Value::from((1..groups).map(|at| group(&captures, at)).collect::<Vec<_>>()),
    };
    let all: Vec<Value> = regex.captures_iter(&text).map(found).collect();
    // What is handed on is a list like any other.
    items(&Value::from(all), "regex_findall")
}
