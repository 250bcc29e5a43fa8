//! Regular expressions as Python's `re` reads them.

use super::super::pattern::{Anchors, Python, Replacement, Spans};
use super::kinds::text;
use super::{Registry, advise, charge, defined, refuse};
use minijinja::value::{Kwargs, Rest, ValueOrKwargs};
use minijinja::{Error, State, Value};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

pub(super) fn register(engine: &mut Registry<'_>) {
    let arguments =
        &["pattern", "replacement", "ignorecase", "multiline", "count", "mandatory_count"];
    engine.add_filter_named("regex_replace", arguments, replace);
    engine.add_filter("regex_search", search);
    engine.add_filter_named("regex_findall", &["regex", "multiline", "ignorecase"], find_all);
    engine.add_filter("regex_escape", escape);
    engine.add_test("match", |value: &Value, pattern: String, kwargs: Kwargs| {
        let found = compiled(&pattern, &kwargs)?.find(&text(value, "match")?).map_err(refuse)?;
        Ok::<_, Error>(found.is_some_and(|found| found.start == 0))
    });
    engine.add_test("search", |value: &Value, pattern: String, kwargs: Kwargs| {
        compiled(&pattern, &kwargs)?.is_match(&text(value, "search")?).map_err(refuse)
    });
    engine.add_test("regex", |value: &Value, pattern: String, kwargs: Kwargs| {
        let full = kwargs.get::<Option<String>>("match_type")?.unwrap_or_default();
        let regex = compiled(&pattern, &kwargs)?;
        let text = text(value, "regex")?;
        let found = regex.find(&text).map_err(refuse)?;
        Ok::<_, Error>(found.is_some_and(|found| match full.as_str() {
            "match" => found.start == 0,
            "fullmatch" => found == (0..text.len()),
            _ => true,
        }))
    });
}

/// How a pattern is to be read.
type Flags = (bool, bool);

thread_local! {
    /// Patterns stand in loops and templates; compiling one takes longer than using it.
    static COMPILED: RefCell<HashMap<(String, Flags), Rc<Python>>> = RefCell::default();
}

const MAX_KEPT: usize = 256;

fn compiled(pattern: &str, kwargs: &Kwargs) -> Result<Rc<Python>, Error> {
    let flag = |name| kwargs.get::<Option<Value>>(name);
    let (ignore_case, multiline) = (flag("ignorecase")?, flag("multiline")?);
    kwargs.assert_all_used()?;
    flagged(pattern, ignore_case, multiline)
}

/// The same with the flags at places of their own; Python takes any value for one.
fn flagged(
    pattern: &str,
    ignore_case: Option<Value>,
    multiline: Option<Value>,
) -> Result<Rc<Python>, Error> {
    let is_set = |flag: Option<Value>| flag.is_some_and(|flag| flag.is_true());
    let (ignore_case, multiline) = (is_set(ignore_case), is_set(multiline));
    let key = (pattern.to_owned(), (ignore_case, multiline));
    if let Some(regex) = COMPILED.with_borrow(|known| known.get(&key).cloned()) {
        return Ok(regex);
    }
    let anchors = if multiline { Anchors::Lines } else { Anchors::Text };
    let regex = Rc::new(Python::with_case(pattern, anchors, ignore_case).map_err(refuse)?);
    COMPILED.with_borrow_mut(|known| {
        if known.len() >= MAX_KEPT {
            known.clear();
        }
        known.insert(key, Rc::clone(&regex));
    });
    Ok(regex)
}

fn replace(
    state: &mut State,
    value: &Value,
    pattern: String,
    rest: Rest<Value>,
) -> Result<String, Error> {
    type Given = (Option<String>, Option<Value>, Option<Value>, Option<usize>, Option<usize>);
    let (replacement, ignore_case, multiline, count, mandatory): Given =
        minijinja::value::from_args(&rest)?;
    let regex = flagged(&pattern, ignore_case, multiline)?;
    let replacement = Replacement::new(&replacement.unwrap_or_default(), &regex);
    let replacement = replacement.map_err(refuse)?;
    let (count, mandatory) = (count.unwrap_or(0), mandatory.unwrap_or(0));
    let text = text(value, "regex_replace")?;
    let most = if count == 0 { usize::MAX } else { count };
    let (mut replaced, mut behind, mut times) = (String::new(), 0, 0_usize);
    for spans in regex.matches(&text).take(most) {
        let spans = spans.map_err(refuse)?;
        let Some(found) = spans.first().cloned().flatten() else { continue };
        let instead = replacement.with_spans(&text, &spans);
        charge(state, instead.len())?;
        replaced.push_str(text.get(behind..found.start).unwrap_or_default());
        replaced.push_str(&instead);
        behind = found.end;
        times = times.saturating_add(1);
    }
    if times < mandatory {
        let shown = crate::words::shorten(&pattern);
        return Err(refuse(format!(
            "`regex_replace` found `{shown}` {times} times, and `mandatory_count` is {mandatory}"
        )));
    }
    replaced.push_str(text.get(behind..).unwrap_or_default());
    Ok(replaced)
}

/// What a group matched, if it took part.
fn group_of<'t>(text: &'t str, spans: &Spans, number: usize) -> Option<&'t str> {
    text.get(spans.get(number)?.clone()?)
}

/// The first match, or nothing; with groups (`'\\1'`, `'\\g<name>'`), a list of them, in which one that took no part is nothing.
fn search(value: &Value, pattern: String, groups: Rest<ValueOrKwargs>) -> Result<Value, Error> {
    let groups = groups.into_values();
    let (groups, kwargs): (&[Value], Kwargs) = minijinja::value::from_args(&groups)?;
    let regex = compiled(&pattern, &kwargs)?;
    let text = text(value, "regex_search")?;
    let Some(spans) = regex.spans(&text, 0).map_err(refuse)? else { return Ok(Value::from(())) };
    if groups.is_empty() {
        return Ok(group_of(&text, &spans, 0).map(Value::from).unwrap_or_default());
    }
    let group = |group: &Value| -> Result<Value, Error> {
        let written = defined(group)?.to_string();
        let number = Replacement::new(&written, &regex).map_err(refuse)?.group();
        let number = number.ok_or_else(|| {
            let message = format!("`regex_search` takes groups, and `{written}` is none");
            advise(message, r"write `'\\1'` or `'\\g<name>'`")
        })?;
        Ok(group_of(&text, &spans, number).map_or_else(|| Value::from(()), Value::from))
    };
    groups.iter().map(group).collect::<Result<Vec<_>, _>>().map(Value::from)
}

/// All matches; of a pattern with one group that group's, with several lists of them.
fn find_all(
    state: &mut State,
    value: &Value,
    pattern: String,
    multiline: Option<Value>,
    ignore_case: Option<Value>,
) -> Result<Vec<Value>, Error> {
    let regex = flagged(&pattern, ignore_case, multiline)?;
    let text = text(value, "regex_findall")?;
    let group =
        |spans: &Spans, number| Value::from(group_of(&text, spans, number).unwrap_or_default());
    let mut all = Vec::new();
    for spans in regex.matches(&text) {
        let spans = spans.map_err(refuse)?;
        charge(state, 64)?;
        all.push(match spans.len() {
            1 => group(&spans, 0),
            2 => group(&spans, 1),
            groups => Value::from((1..groups).map(|at| group(&spans, at)).collect::<Vec<_>>()),
        });
    }
    Ok(all)
}

/// A text as the pattern that matches it: in Python's syntax, or for tools with POSIX's basic one.
fn escape(value: &Value, kind: Option<String>, kwargs: Kwargs) -> Result<String, Error> {
    let kind = kind.or(kwargs.get::<Option<String>>("re_type")?);
    kwargs.assert_all_used()?;
    let special = match kind.as_deref() {
        None | Some("python") => "()[]{}?*+-|^$\\.&~# \t\n\r\u{b}\u{c}",
        Some("posix_basic") => "].[^$*\\",
        Some(other) => {
            let message = format!(
                "`regex_escape` knows no patterns of type `{}`",
                crate::words::shorten(other)
            );
            return Err(advise(message, "`python` and `posix_basic` are known"));
        }
    };
    let mut escaped = String::new();
    for character in text(value, "regex_escape")?.chars() {
        if special.contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    Ok(escaped)
}
