//! Regular expressions, in the syntax that Python and Rust share. A small engine without tables of Unicode: `\w`, `\d`,
//! `\s` and ignoring case mean ASCII. It takes time linear in the text, so look-around is not to be had.

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

/// A regular expression by itself, in the syntax of the filters.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// What its groups match where it is first found in a text, in their order; `None` if it is nowhere.
    #[must_use]
    pub fn groups(&self, text: &str) -> Option<Vec<serde_json::Value>> {
        let found = self.0.captures(text)?;
        let groups = found.iter().skip(1);
        Some(groups.map(|group| group.map(|group| group.as_str()).into()).collect())
    }

    /// Reads it.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub fn new(pattern: &str) -> Result<Self, String> {
        build(pattern, false, false)
            .map(Self)
            .map_err(|error| what_is_wrong(pattern, &error).message)
    }

    /// Whether it matches anywhere in a text.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
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
    let replacement = Replacement::parse(&replacement, &regex)?;
    let text = text(value, "regex_replace")?;
    let most = if count == 0 { usize::MAX } else { count };
    let (mut replaced, mut behind) = (String::new(), 0);
    for captures in regex.captures_iter(&text).take(most) {
        let Some(found) = captures.get(0) else { continue };
        let instead = replacement.with(&captures);
        charge(state, instead.len())?;
        replaced.push_str(text.get(behind..found.start()).unwrap_or_default());
        replaced.push_str(&instead);
        behind = found.end();
    }
    replaced.push_str(text.get(behind..).unwrap_or_default());
    Ok(replaced)
}

/// A replacement as Python has it: `\1`, `\g<1>` and `\g<name>` stand for groups.
struct Replacement(Vec<Piece>);

enum Piece {
    Text(String),
    Group(usize),
}

impl Replacement {
    fn parse(written: &str, regex: &Regex) -> Result<Self, Error> {
        let names: Vec<Option<&str>> = regex.capture_names().collect();
        let group = |name: &str| {
            let number = name.parse().ok().filter(|number| *number < names.len());
            let found = number.or_else(|| names.iter().position(|known| *known == Some(name)));
            found.map(Piece::Group).ok_or_else(|| {
                let groups = names.len().saturating_sub(1);
                refuse(format!(
                    "the replacement names the group `{name}`, and the pattern has {groups}"
                ))
            })
        };
        let (mut pieces, mut plain) = (Vec::new(), String::new());
        let mut rest = written;
        while let Some(at) = rest.find('\\') {
            let (before, after) = rest.split_at(at);
            plain.push_str(before);
            let after = after.get(1..).unwrap_or_default();
            let digits = after
                .len()
                .saturating_sub(after.trim_start_matches(|c: char| c.is_ascii_digit()).len());
            if digits > 0 {
                let (number, tail) = after.split_at(digits.min(2));
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
                pieces.push(group(number)?);
                rest = tail;
            } else if let Some((name, tail)) =
                after.strip_prefix("g<").and_then(|named| named.split_once('>'))
            {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
                pieces.push(group(name)?);
                rest = tail;
            } else {
                let mut characters = after.chars();
                match characters.next() {
                    Some('n') => plain.push('\n'),
                    Some('t') => plain.push('\t'),
                    Some('\\') | None => plain.push('\\'),
                    Some(other) => plain.extend(['\\', other]),
                }
                rest = characters.as_str();
            }
        }
        plain.push_str(rest);
        pieces.push(Piece::Text(plain));
        Ok(Self(pieces))
    }

    fn with(&self, captures: &Captures<'_>) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Group(number) => {
                captures.get(*number).map_or(String::new(), |group| group.as_str().to_owned())
            }
        };
        self.0.iter().map(piece).collect()
    }
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
        Ok(Value::from(Replacement::parse(&written, &regex)?.with(&captures)))
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
