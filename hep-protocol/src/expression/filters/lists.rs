//! Filters of lists, and tests of one list against another.

use super::{Registry, defined, items, reach, refuse};
use crate::expression::run::is_defined;
use minijinja::value::{Kwargs, Rest, ValueKind, ValueOrKwargs};
use minijinja::{Error, State, Value, filters};
use std::borrow::Cow;

/// More items than any list of a configuration; a product of lists grows fast.
const MAX_ITEMS: usize = 100_000;

pub(super) fn register(engine: &mut Registry<'_>) {
    engine.add_filter("flatten", flatten);
    engine.add_filter("union", |a: &Value, b: &Value| {
        let all = items(a, "union")?.into_iter().chain(items(b, "union")?);
        Ok::<_, Error>(distinct(all.collect()))
    });
    engine.add_filter("intersect", |a: &Value, b: &Value| {
        let b = items(b, "intersect")?;
        Ok::<_, Error>(distinct(kept(items(a, "intersect")?, |item| b.contains(item))))
    });
    engine.add_filter("difference", |a: &Value, b: &Value| {
        let b = items(b, "difference")?;
        Ok::<_, Error>(distinct(kept(items(a, "difference")?, |item| !b.contains(item))))
    });
    engine.add_filter("symmetric_difference", |a: &Value, b: &Value| {
        let (a, b) = (items(a, "symmetric_difference")?, items(b, "symmetric_difference")?);
        let mut only = kept(a.clone(), |item| !b.contains(item));
        only.extend(kept(b, |item| !a.contains(item)));
        Ok::<_, Error>(distinct(only))
    });
    engine.add_filter("product", product);
    engine.add_filter("extract", extract);
    engine.add_filter("selectattr", selectattr);
    engine.add_filter("rejectattr", rejectattr);
    engine.add_test("subset", |a: &Value, b: &Value| within(a, b, "subset"));
    engine.add_test("superset", |a: &Value, b: &Value| within(b, a, "superset"));
    engine.add_test("contains", contains);
    engine.add_test("any", |a: &Value| Ok::<_, Error>(items(a, "any")?.iter().any(Value::is_true)));
    engine.add_test("all", |a: &Value| Ok::<_, Error>(items(a, "all")?.iter().all(Value::is_true)));
}

fn kept(items: Vec<Value>, keep: impl Fn(&Value) -> bool) -> Vec<Value> {
    items.into_iter().filter(keep).collect()
}

/// Each once, in the order of its first appearance.
fn distinct(items: Vec<Value>) -> Vec<Value> {
    let mut seen = std::collections::BTreeSet::new();
    items.into_iter().filter(|item| seen.insert(item.clone())).collect()
}

fn within(a: &Value, b: &Value, test: &str) -> Result<bool, Error> {
    let b = items(b, test)?;
    Ok(items(a, test)?.iter().all(|item| b.contains(item)))
}

/// Lists inside become part of the list, as deep as `levels` says.
fn flatten(value: &Value, levels: Option<usize>, kwargs: Kwargs) -> Result<Vec<Value>, Error> {
    let levels = levels.or(kwargs.get::<Option<usize>>("levels")?).unwrap_or(usize::MAX);
    kwargs.assert_all_used()?;
    let mut flat = Vec::new();
    flatten_into(&mut flat, items(value, "flatten")?, levels, 0)?;
    Ok(flat)
}

fn flatten_into(
    flat: &mut Vec<Value>,
    list: Vec<Value>,
    levels: usize,
    depth: usize,
) -> Result<(), Error> {
    if depth > 64 {
        return Err(refuse("`flatten` found lists nested too deeply"));
    }
    for item in list {
        let nested = matches!(item.kind(), ValueKind::Seq | ValueKind::Iterable);
        if nested && levels > 0 {
            let inner = items(&item, "flatten")?;
            flatten_into(flat, inner, levels.saturating_sub(1), depth.saturating_add(1))?;
        } else if flat.len() >= MAX_ITEMS {
            return Err(refuse(format!("`flatten` would give more than {MAX_ITEMS} items")));
        } else if !item.is_none() {
            flat.push(item);
        }
    }
    Ok(())
}

/// Every item of one with every item of the others.
fn product(value: &Value, others: Rest<Value>) -> Result<Vec<Vec<Value>>, Error> {
    let mut rows: Vec<Vec<Value>> =
        items(value, "product")?.into_iter().map(|item| vec![item]).collect();
    for other in &others.0 {
        let other = items(other, "product")?;
        if rows.len().saturating_mul(other.len()) > MAX_ITEMS {
            return Err(refuse(format!("`product` would give more than {MAX_ITEMS} items")));
        }
        let extended = |row: &Vec<Value>| {
            let extend = |item: &Value| row.iter().cloned().chain([item.clone()]).collect();
            other.iter().map(extend).collect::<Vec<Vec<Value>>>()
        };
        rows = rows.iter().flat_map(extended).collect();
    }
    Ok(rows)
}

/// The entry or item of this key: for `map`, which hands keys in.
fn extract(key: &Value, container: &Value) -> Result<Value, Error> {
    let found = container.get_item(key)?;
    if found.is_undefined() {
        return Err(refuse(format!("`extract` found no `{}`", super::shown(key)?)));
    }
    Ok(found)
}

/// The engine's own, but that `defined` and `undefined` are asked at any depth.
fn selectattr(
    state: &mut State,
    value: Value,
    path: Cow<'_, str>,
    test: Option<Cow<'_, str>>,
    args: Rest<ValueOrKwargs>,
) -> Result<Vec<Value>, Error> {
    match asks(test.as_deref()) {
        Some(wanted) if args.is_empty() => with_path(state, &value, &path, wanted),
        Some(_) | None => filters::selectattr(state, value, path, test, args),
    }
}

/// The inverse.
fn rejectattr(
    state: &mut State,
    value: Value,
    path: Cow<'_, str>,
    test: Option<Cow<'_, str>>,
    args: Rest<ValueOrKwargs>,
) -> Result<Vec<Value>, Error> {
    match asks(test.as_deref()) {
        Some(wanted) if args.is_empty() => with_path(state, &value, &path, !wanted),
        Some(_) | None => filters::rejectattr(state, value, path, test, args),
    }
}

/// Whether a test passes what is defined, or what is not; nothing of any other test.
fn asks(test: Option<&str>) -> Option<bool> {
    match test {
        Some("defined") => Some(true),
        Some("undefined") => Some(false),
        Some(_) | None => None,
    }
}

/// The items that have something at a path, or those that have not.
fn with_path(state: &State, list: &Value, path: &str, wanted: bool) -> Result<Vec<Value>, Error> {
    let key = |name: &str| name.parse::<usize>().map_or_else(|_| name.into(), Value::from);
    let keys: Vec<Value> = path.split('.').map(key).collect();
    let mut kept = Vec::new();
    for item in defined(list)?.try_iter()?.checked() {
        state.consume_fuel(1)?;
        let item = item?;
        if is_defined(&reach(&item, &keys)?) == wanted {
            kept.push(item);
        }
    }
    Ok(kept)
}

fn contains(value: &Value, wanted: &Value) -> Result<bool, Error> {
    match (value.as_str(), value.kind()) {
        (Some(text), _) => Ok(text.contains(&super::shown(defined(wanted)?)?)),
        (None, ValueKind::Map) => Ok(value.try_iter()?.any(|key| key == *wanted)),
        (None, _) => Ok(items(value, "contains")?.contains(wanted)),
    }
}
