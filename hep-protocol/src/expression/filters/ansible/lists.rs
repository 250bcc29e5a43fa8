//! Filters of lists and mappings that Ansible has and hep's own language has not, or has otherwise.

use super::super::mappings::{combine, pairs};
use super::super::{Registry, advise, defined, described, items, reach, refuse, shown};
use super::{argument, iterated, string};
use minijinja::value::{Kwargs, Rest, ValueKind, ValueOrKwargs};
use minijinja::{Error, ErrorKind, State, Value, filters};

/// More items than any list of a configuration; permutations grow fast.
const MAX_ITEMS: usize = 100_000;

pub(super) fn register(engine: &mut Registry<'_>) {
    engine.add_filter("flatten", flatten);
    engine.add_filter("product", product);
    engine
        .add_filter("zip", |value: &Value, others: Rest<ValueOrKwargs>| zip(value, others, false));
    engine.add_filter("zip_longest", |value: &Value, others: Rest<ValueOrKwargs>| {
        zip(value, others, true)
    });
    engine.add_filter_named("permutations", &["r"], |value: &Value, size: Option<usize>| {
        let items = iterated(value, "permutations")?;
        let size = size.unwrap_or(items.len());
        chosen(&items, size, Order::Any)
    });
    engine.add_filter("combinations", |value: &Value, size: usize| {
        chosen(&iterated(value, "combinations")?, size, Order::AsGiven)
    });
    engine.add_filter("combine", |value: &Value, others: Rest<ValueOrKwargs>| {
        let rest = others.into_values();
        match value.kind() {
            ValueKind::Seq | ValueKind::Iterable => {
                let all = items(value, "combine")?.into_iter().chain(rest).map(ValueOrKwargs::from);
                combine(&Value::from_pairs(Vec::<(Value, Value)>::new()), Rest(all.collect()))
            }
            _ => combine(value, Rest(rest.into_iter().map(ValueOrKwargs::from).collect())),
        }
    });
    engine.add_filter("dict", |value: &Value| pairs(value, "dict").map(Value::from_pairs));
    register_orders(engine);
    engine.add_filter("extract", extract);
    engine.add_filter("subelements", |value: &Value, path: &Value, rest: Rest<ValueOrKwargs>| {
        let rest = rest.into_values();
        let (skip, kwargs): (Option<bool>, Kwargs) = minijinja::value::from_args(&rest)?;
        let skip = skip.or(kwargs.get("skip_missing")?).unwrap_or(false);
        kwargs.assert_all_used()?;
        subelements(value, path, skip)
    });
    engine.add_filter("rekey_on_member", |value: &Value, key: String| {
        let list = match value.kind() {
            ValueKind::Map => iterated(value, "rekey_on_member")?
                .iter()
                .map(|key| value.get_item(key))
                .collect::<Result<Vec<_>, _>>()?,
            _ => items(value, "rekey_on_member")?,
        };
        let entry = |item: Value| {
            let found = Some(&item).filter(|item| item.kind() == ValueKind::Map);
            let found = found.map(|item| item.get_attr(&key)).transpose()?;
            let found = found.filter(|found| !found.is_undefined());
            let found = found.ok_or_else(|| refuse(format!("an item has no `{key}`")))?;
            Ok((found, item))
        };
        let entries: Result<Vec<_>, Error> = list.into_iter().map(entry).collect();
        entries.map(Value::from_pairs)
    });
    for (name, test) in [("issubset", "subset"), ("issuperset", "superset")] {
        engine.add_test(name, move |a: &Value, b: &Value| {
            let (small, large) = if test == "subset" { (a, b) } else { (b, a) };
            let large = items(large, test)?;
            Ok::<_, Error>(items(small, test)?.iter().all(|item| large.contains(item)))
        });
    }
}

fn register_orders(engine: &mut Registry<'_>) {
    for (name, filter) in [
        ("sort", Value::from_function(filters::sort)),
        ("min", Value::from_function(filters::min)),
        ("max", Value::from_function(filters::max)),
    ] {
        engine.add_filter(
            name,
            move |state: &mut State, value: &Value, rest: Rest<ValueOrKwargs>| {
                let rest = rest.into_values();
                comparable(value, &rest, name)?;
                let arguments: Vec<Value> = std::iter::once(value.clone()).chain(rest).collect();
                filter.call(state, &arguments)
            },
        );
    }
}

/// Whether a value is less than another, or more, where Python compares the two.
pub(super) fn compared(value: &Value, operator: String, other: &Value) -> Result<bool, Error> {
    let (a, b) = (order_of(defined(value)?), order_of(defined(other)?));
    let (Some(a), Some(b)) = (a, b) else { return Err(not_ordered(value, other)) };
    if a != b {
        return Err(not_ordered(value, other));
    }
    Ok(match operator.as_str() {
        "<" => value < other,
        "<=" => value <= other,
        ">" => value > other,
        _ => value >= other,
    })
}

fn not_ordered(value: &Value, other: &Value) -> Error {
    advise(
        format!("{} and {} cannot be compared", described(value), described(other)),
        "make both numbers: `x | int`",
    )
}

/// The kind of what has an order.
fn order_of(value: &Value) -> Option<ValueKind> {
    match value.kind() {
        ValueKind::Bool | ValueKind::Number => Some(ValueKind::Number),
        ValueKind::Iterable | ValueKind::Seq => Some(ValueKind::Seq),
        ValueKind::String => Some(ValueKind::String),
        kind => super::dates::known(value).map(|_| kind),
    }
}

/// What Python can put in order: numbers among numbers, texts among texts, lists among lists.
fn comparable(value: &Value, rest: &[Value], filter: &str) -> Result<(), Error> {
    let (_, kwargs): (&[Value], Kwargs) = minijinja::value::from_args(rest)?;
    let attribute = kwargs.get::<Option<Value>>("attribute")?;
    let attribute = attribute.map(|attribute| string(&attribute)).transpose()?;
    let mut first: Option<Option<ValueKind>> = None;
    for item in iterated(value, filter)? {
        let item = match attribute.as_deref().and_then(|all| all.split(',').next()) {
            Some(path) => at_path(&item, path.trim())?,
            None => item,
        };
        let kind = order_of(&item);
        if first.is_some_and(|first| first != kind || kind.is_none()) {
            return Err(advise(
                format!("`{filter}` cannot compare {} with others of the list", described(&item)),
                "make them of one kind: `x | map('string') | sort`",
            ));
        }
        first = Some(kind);
    }
    Ok(())
}

/// What is below a value by names that dots part; undefined where there is nothing.
pub(super) fn at_path(value: &Value, path: &str) -> Result<Value, Error> {
    let key = |name: &str| name.parse::<usize>().map_or_else(|_| name.into(), Value::from);
    reach(value, &path.split('.').map(key).collect::<Vec<_>>())
}

fn is_list(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable)
}

/// Lists inside become part of the list, as deep as `levels` says.
fn flatten(
    value: &Value,
    levels: Option<Value>,
    skip: Option<bool>,
    kwargs: Kwargs,
) -> Result<Vec<Value>, Error> {
    let levels = argument(levels.as_ref(), &kwargs, "levels")?.and_then(|levels| levels.as_usize());
    let skip = skip.or(kwargs.get("skip_nulls")?).unwrap_or(true);
    kwargs.assert_all_used()?;
    let mut flat = Vec::new();
    flatten_into(&mut flat, items(value, "flatten")?, levels.unwrap_or(64), skip)?;
    Ok(flat)
}

/// The lists of these items and in them, as deep as `levels` says.
pub(in super::super::super) fn flatten_into(
    flat: &mut Vec<Value>,
    list: Vec<Value>,
    levels: usize,
    skip: bool,
) -> Result<(), Error> {
    for item in list {
        if flat.len() >= MAX_ITEMS {
            return Err(refuse(format!("this would give more than {MAX_ITEMS} items")));
        }
        let word = item.as_str().is_some_and(|text| text == "None" || text == "null");
        if skip && (item.is_none() || word) {
            continue;
        }
        match levels.checked_sub(1).filter(|_| is_list(&item)) {
            Some(below) => flatten_into(flat, items(&item, "flatten")?, below, skip)?,
            None => flat.push(item),
        }
    }
    Ok(())
}

/// The engine's own, but that a filter may take an `attribute` of its own, as another `map` does.
pub(super) fn map(
    state: &mut State,
    value: Value,
    args: Rest<ValueOrKwargs>,
) -> Result<Vec<Value>, Error> {
    let given = args.into_values();
    let (names, _): (&[Value], Kwargs) = minijinja::value::from_args(&given)?;
    let name = names.first().and_then(Value::as_str);
    let name = name.map(|name| name.strip_prefix("ansible.builtin.").unwrap_or(name).to_owned());
    let Some(name) = name else {
        return filters::map(state, value, Rest(given.into_iter().map(Into::into).collect()));
    };
    let named = |error: Error| match (error.kind(), error.detail()) {
        (ErrorKind::UnknownFilter, None) => {
            Error::new(ErrorKind::UnknownFilter, format!("filter {name} is unknown"))
        }
        _ => error,
    };
    let mut mapped = Vec::new();
    for item in iterated(&value, "map")? {
        super::super::charge(state, 64)?;
        let args: Vec<Value> = std::iter::once(item).chain(given.iter().skip(1).cloned()).collect();
        mapped.push(state.apply_filter(&name, &args).map_err(named)?);
    }
    Ok(mapped)
}

/// Every item of one with every item of the others; `repeat` takes them all so many times.
fn product(value: &Value, others: Rest<ValueOrKwargs>) -> Result<Vec<Vec<Value>>, Error> {
    let others = others.into_values();
    let (others, kwargs): (&[Value], Kwargs) = minijinja::value::from_args(&others)?;
    let repeat = kwargs.get::<Option<usize>>("repeat")?.unwrap_or(1).min(16);
    kwargs.assert_all_used()?;
    let mut lists = vec![iterated(value, "product")?];
    for other in others {
        lists.push(iterated(other, "product")?);
    }
    every(&lists.iter().cycle().take(lists.len().saturating_mul(repeat)).collect::<Vec<_>>())
}

/// Every item of each list with every item of those after it.
pub(in super::super::super) fn every(lists: &[&Vec<Value>]) -> Result<Vec<Vec<Value>>, Error> {
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for list in lists {
        if rows.len().saturating_mul(list.len()) > MAX_ITEMS {
            return Err(refuse(format!("this would give more than {MAX_ITEMS} items")));
        }
        let extended = |row: &Vec<Value>| -> Vec<Vec<Value>> {
            list.iter().map(|item| row.iter().cloned().chain([item.clone()]).collect()).collect()
        };
        rows = rows.iter().flat_map(extended).collect();
    }
    Ok(rows)
}

fn zip(
    value: &Value,
    others: Rest<ValueOrKwargs>,
    longest: bool,
) -> Result<Vec<Vec<Value>>, Error> {
    let others = others.into_values();
    let (others, kwargs): (&[Value], Kwargs) = minijinja::value::from_args(&others)?;
    let fill = kwargs.get::<Option<Value>>("fillvalue")?.unwrap_or_else(|| Value::from(()));
    let _strict = kwargs.get::<Option<bool>>("strict")?;
    kwargs.assert_all_used()?;
    let mut lists = vec![iterated(value, "zip")?];
    for other in others {
        lists.push(iterated(other, "zip")?);
    }
    Ok(together(&lists, longest.then_some(fill)))
}

/// The first items of all lists, the second ones, ...; to the end of the longest where something fills in, else of the shortest.
pub(in super::super::super) fn together(
    lists: &[Vec<Value>],
    fill: Option<Value>,
) -> Vec<Vec<Value>> {
    let lengths = lists.iter().map(Vec::len);
    let length = if fill.is_some() { lengths.max() } else { lengths.min() }.unwrap_or_default();
    let fill = fill.unwrap_or_default();
    let row = |at: usize| lists.iter().map(|list| list.get(at).unwrap_or(&fill).clone()).collect();
    (0..length).map(row).collect()
}

/// Whether the items of a choice may stand in any order.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Any,
    AsGiven,
}

/// All ways to take so many of the items.
fn chosen(items: &[Value], size: usize, order: Order) -> Result<Vec<Vec<Value>>, Error> {
    let mut rows: Vec<Vec<usize>> = vec![Vec::new()];
    for _ in 0..size {
        let mut longer = Vec::new();
        for row in &rows {
            let begin = match order {
                Order::Any => 0,
                Order::AsGiven => row.last().map_or(0, |last| last.saturating_add(1)),
            };
            for at in (begin..items.len()).filter(|at| !row.contains(at)) {
                longer.push(row.iter().copied().chain([at]).collect());
            }
            if longer.len() > MAX_ITEMS {
                return Err(refuse(format!("this would give more than {MAX_ITEMS} items")));
            }
        }
        rows = longer;
    }
    let row = |row: Vec<usize>| row.iter().filter_map(|at| items.get(*at).cloned()).collect();
    Ok(rows.into_iter().map(row).collect())
}

/// The entry or item of this key, and of further keys below it.
fn extract(
    key: &Value,
    container: &Value,
    more: Option<Value>,
    kwargs: Kwargs,
) -> Result<Value, Error> {
    let more = argument(more.as_ref(), &kwargs, "morekeys")?;
    kwargs.assert_all_used()?;
    let mut keys = vec![key.clone()];
    match more {
        Some(more) if is_list(&more) => keys.extend(items(&more, "extract")?),
        Some(more) => keys.push(more),
        None => {}
    }
    reach(defined(container)?, &keys)
}

/// Each mapping of a list with each item of the list that it has at a path.
pub(in super::super::super) fn subelements(
    value: &Value,
    path: &Value,
    skip: bool,
) -> Result<Vec<Value>, Error> {
    let list = match defined(value)?.kind() {
        ValueKind::Map => iterated(value, "subelements")?
            .iter()
            .map(|key| value.get_item(key))
            .collect::<Result<Vec<_>, _>>()?,
        _ => items(value, "subelements")?,
    };
    let names: Vec<String> = match path.as_str() {
        Some(path) => path.split('.').map(str::to_owned).collect(),
        None => items(path, "subelements")?.iter().map(shown).collect::<Result<_, _>>()?,
    };
    let mut pairs = Vec::new();
    for element in list {
        let mut found = element.clone();
        for name in &names {
            found = if found.kind() == ValueKind::Map {
                found.get_attr(name)?
            } else {
                Value::UNDEFINED
            };
            if found.is_undefined() {
                break;
            }
        }
        if found.is_undefined() && skip {
            continue;
        }
        if found.is_undefined() || !is_list(&found) {
            let path = names.join(".");
            let what = described(&found);
            return Err(advise(
                format!("`subelements` takes a list at `{path}` of each item, found {what}"),
                "`skip_missing=True` leaves out items that have none",
            ));
        }
        for item in items(&found, "subelements")? {
            pairs.push(Value::from(vec![element.clone(), item]));
        }
    }
    Ok(pairs)
}
