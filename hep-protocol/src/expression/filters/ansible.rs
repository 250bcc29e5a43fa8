//! Filters and tests as Ansible has them, where hep's differ or are missing. They stand above hep's own of the same name.

mod addresses;
mod chance;
pub(in crate::expression) mod dates;
mod from_yaml;
mod json;
mod lists;
mod lookups;
pub(super) mod methods;
mod numbers;
mod passwords;
mod query;
mod texts;
mod to_yaml;
mod versions;

pub(in crate::expression) use chance::choice;

use super::{Registry, defined, described, refuse, shown};
use crate::expression::rewrite::{COMPARE, TEXT};
use crate::expression::run::Run;
use crate::truth::{self, Reader};
use minijinja::value::{Kwargs, Rest, ValueKind};
use minijinja::{Error, State, Value, filters};

/// The name under which the engine finds the evaluation itself. Nobody can write it.
pub(crate) const RUN: &str = "\0run";

/// The engine's own filters, which here give what is undefined where they are handed that.
pub(super) fn register_inherited(engine: &mut Registry<'_>) {
    engine.add_filter("upper", filters::upper);
    engine.add_filter("lower", filters::lower);
    engine.add_filter("title", filters::title);
    engine.add_filter("capitalize", filters::capitalize);
    engine.add_filter("replace", filters::replace);
    engine.add_filter("trim", filters::trim);
    engine.add_filter("round", filters::round);
    engine.add_filter("abs", filters::abs);
    engine.add_filter("first", filters::first);
    engine.add_filter("last", filters::last);
    engine.add_filter("min", filters::min);
    engine.add_filter("max", filters::max);
    engine.add_filter("sort", filters::sort);
    engine.add_filter_named("batch", &["linecount", "fill_with"], filters::batch);
    engine.add_filter_named("slice", &["slices", "fill_with"], filters::slice);
    engine.add_filter("sum", filters::sum);
    engine.add_filter("select", filters::select);
    engine.add_filter("reject", filters::reject);
    engine.add_filter("map", lists::map);
    engine.add_filter("groupby", filters::groupby);
    engine.add_filter("unique", filters::unique);
    engine.add_filter("format", filters::format);
    engine.add_filter("reverse", filters::reverse);
    engine.add_filter("dictsort", filters::dictsort);
    engine.add_filter("length", filters::length);
    engine.add_filter("count", filters::length);
    engine.add_filter("items", filters::items);
    engine.add_filter("split", filters::split);
}

pub(super) fn register(engine: &mut Registry<'_>) {
    addresses::register(engine);
    chance::register(engine);
    dates::register(engine);
    passwords::register(engine);
    query::register(engine);
    json::register(engine);
    numbers::register(engine);
    texts::register(engine);
    lists::register(engine);
    lookups::register(engine);
    to_yaml::register(engine);
    versions::register(engine);
    from_yaml::register(engine);
    engine.add_filter(TEXT, |state: &State, value: &Value| match value.as_str() {
        Some(text) => run(state)?.inner(text),
        None => Ok(value.clone()),
    });
    engine.add_filter_of_any(COMPARE, lists::compared);
    engine.add_filter_named("attr", &["name"], methods::attribute);
    engine.add_filter("bool", |value: &Value| Ok::<_, Error>(truth(value).unwrap_or(false)));
    engine.add_filter_of_any("type_debug", type_name);
    engine.add_test("truthy", |value: &Value, kwargs: Kwargs| truthy(value, &kwargs));
    engine.add_test("falsy", |value: &Value, kwargs: Kwargs| {
        truthy(value, &kwargs).map(|truth| !truth)
    });
    engine.add_test("vault_encrypted", |_: &Value| false);
    register_kinds(engine);
    engine.add_test("sequence", |value: &Value| {
        let kind = defined(value)?.kind();
        Ok::<_, Error>(matches!(kind, ValueKind::Seq | ValueKind::Map | ValueKind::String))
    });
    engine.add_function("cycler", |items: Rest<Value>| minijinja_contrib::globals::cycler(items.0));
    engine.add_function("joiner", minijinja_contrib::globals::joiner);
    engine.add_function("undef", |_: Option<Value>, _: Kwargs| Value::UNDEFINED);
    for name in ["file", "directory", "exists", "link", "mount", "link_exists", "same_file"] {
        engine.add_test(name, move |state: &State, value: &Value, rest: Rest<Value>| {
            let found = lookups::of_files(state, &format!("is {name}"), value, &rest)?;
            Ok::<_, Error>(found.is_true())
        });
    }
}

/// Tests of what a value is, which refuse what is undefined.
fn register_kinds(engine: &mut Registry<'_>) {
    type Kind = (&'static str, fn(&Value) -> bool);
    let kinds: [Kind; 8] = [
        ("none", Value::is_none),
        ("string", |value| value.kind() == ValueKind::String),
        ("mapping", |value| value.kind() == ValueKind::Map),
        ("boolean", |value| value.kind() == ValueKind::Bool),
        ("integer", |value| value.kind() == ValueKind::Number && value.is_integer()),
        ("float", |value| value.kind() == ValueKind::Number && !value.is_integer()),
        ("number", |value| matches!(value.kind(), ValueKind::Number | ValueKind::Bool)),
        ("iterable", |value| {
            use ValueKind::{Iterable, Map, Seq, String};
            matches!(value.kind(), Seq | Iterable | Map | String)
        }),
    ];
    for (name, test) in kinds {
        engine.add_test(name, move |value: &Value| defined(value).map(test));
    }
}

/// The evaluation that a filter is part of.
fn run(state: &State) -> Result<Run, Error> {
    let run = state.lookup(RUN).and_then(|root| Run::of_root(&root));
    run.ok_or_else(|| refuse("this can be used in an expression only"))
}

/// Yes or no by Ansible's words; nothing for what is neither.
fn truth(value: &Value) -> Option<bool> {
    match value.kind() {
        ValueKind::Bool => Some(value.is_true()),
        ValueKind::Number => match f64::try_from(value.clone()) {
            Ok(1.0) => Some(true),
            Ok(0.0) => Some(false),
            Ok(_) | Err(_) => None,
        },
        ValueKind::String => truth::truth(value.as_str().unwrap_or_default(), Reader::Ansible),
        _ => None,
    }
}

/// Python's truth, or with `convert_bool` that of a word.
fn truthy(value: &Value, kwargs: &Kwargs) -> Result<bool, Error> {
    let convert = kwargs.get::<Option<bool>>("convert_bool")?.unwrap_or(false);
    kwargs.assert_all_used()?;
    let value = defined(value)?;
    Ok(Some(value).filter(|_| convert).and_then(truth).unwrap_or_else(|| value.is_true()))
}

/// The kind of a value, in Python's words.
fn type_name(value: &Value) -> &'static str {
    if let Some((name, _)) = dates::known(value) {
        return name;
    }
    match value.kind() {
        ValueKind::Undefined => "UndefinedMarker",
        ValueKind::None => "NoneType",
        ValueKind::Bool => "bool",
        ValueKind::Number if value.is_integer() => "int",
        ValueKind::Number => "float",
        ValueKind::String | ValueKind::Bytes => "str",
        ValueKind::Seq | ValueKind::Iterable if value.is_tuple() => "tuple",
        ValueKind::Seq | ValueKind::Iterable => "list",
        ValueKind::Map => "dict",
        _ => "function",
    }
}

/// The items of anything that Python iterates over: of a text its characters, of a mapping its keys.
fn iterated(value: &Value, filter: &str) -> Result<Vec<Value>, Error> {
    match defined(value)?.kind() {
        ValueKind::Seq | ValueKind::Iterable | ValueKind::Map => {
            value.try_iter()?.checked().collect()
        }
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            Ok(text.chars().map(|character| Value::from(character.to_string())).collect())
        }
        _ => Err(refuse(format!("`{filter}` takes a list, found {}", described(value)))),
    }
}

/// A named argument that may stand at a place as well.
fn argument(place: Option<&Value>, kwargs: &Kwargs, name: &str) -> Result<Option<Value>, Error> {
    let named = kwargs.get::<Option<Value>>(name)?;
    Ok(place.cloned().or(named).filter(|value| !value.is_undefined()))
}

/// The value as Python's `str` has it.
fn string(value: &Value) -> Result<String, Error> {
    shown(defined(value)?)
}

#[cfg(test)]
mod tests;
