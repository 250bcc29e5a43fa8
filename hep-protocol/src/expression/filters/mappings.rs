//! Filters of mappings.

use super::{Registry, advise, defined, described, items};
use minijinja::value::{Kwargs, Rest, ValueKind, ValueOrKwargs};
use minijinja::{Error, Value};

pub(super) fn register(engine: &mut Registry<'_>) {
    engine.add_filter("combine", combine);
    engine.add_filter("dict2items", dict2items);
    engine.add_filter("items2dict", items2dict);
    engine.add_function("dict", dict);
}

type Entries = Vec<(Value, Value)>;

fn entries(value: &Value, filter: &str) -> Result<Entries, Error> {
    if defined(value)?.kind() != ValueKind::Map {
        let message = format!("`{filter}` takes a mapping, found {}", described(value));
        return Err(advise(message, "write `{}` for an empty one"));
    }
    let keys = value.try_iter()?.checked();
    keys.map(|key| key.and_then(|key| Ok((key.clone(), value.get_item(&key)?)))).collect()
}

/// The pairs that are the items of a list.
pub(super) fn pairs(value: &Value, what: &str) -> Result<Entries, Error> {
    let pair = |item: Value| {
        let two = items(&item, what).ok().and_then(|two| <[Value; 2]>::try_from(two).ok());
        let [key, value] = two.ok_or_else(|| {
            let message = format!("`{what}` takes pairs, found {}", described(&item));
            advise(message, "write `[[key, value], ...]`, or make pairs by `zip`")
        })?;
        Ok((key, value))
    };
    items(value, what)?.into_iter().map(pair).collect()
}

/// A mapping of another one or of pairs, and of names: Python's.
fn dict(of: Option<Value>, kwargs: Kwargs) -> Result<Value, Error> {
    let mut all = match &of {
        None => Vec::new(),
        Some(value) if value.kind() == ValueKind::Map => entries(value, "dict")?,
        Some(value) => pairs(value, "dict")?,
    };
    for name in kwargs.args() {
        all.push((Value::from(name), kwargs.get::<Value>(name)?));
    }
    Ok(Value::from_pairs(all))
}

/// What becomes of two lists of one key.
#[derive(Clone, Copy)]
enum Lists {
    Replace,
    Keep,
    Append,
    Prepend,
    AppendNew,
    PrependNew,
}

/// Later mappings win over earlier ones.
pub(super) fn combine(value: &Value, others: Rest<ValueOrKwargs>) -> Result<Value, Error> {
    let others = others.into_values();
    let (others, kwargs): (&[Value], Kwargs) = minijinja::value::from_args(&others)?;
    let recursive = kwargs.get::<Option<bool>>("recursive")?.unwrap_or(false);
    let lists = match kwargs.get::<Option<&str>>("list_merge")?.unwrap_or("replace") {
        "replace" => Lists::Replace,
        "keep" => Lists::Keep,
        "append" => Lists::Append,
        "prepend" => Lists::Prepend,
        "append_rp" => Lists::AppendNew,
        "prepend_rp" => Lists::PrependNew,
        other => {
            let hint = "write `replace`, `keep`, `append`, `prepend`, `append_rp` or `prepend_rp`";
            return Err(advise(format!("`list_merge` of `combine` cannot be `{other}`"), hint));
        }
    };
    kwargs.assert_all_used()?;
    let mut merged = entries(value, "combine")?;
    for other in others {
        let mappings = match other.kind() {
            ValueKind::Seq | ValueKind::Iterable => items(other, "combine")?,
            _ => vec![other.clone()],
        };
        for mapping in mappings {
            merged = merge(merged, entries(&mapping, "combine")?, recursive, lists)?;
        }
    }
    Ok(Value::from_pairs(merged))
}

fn merge(
    mut below: Entries,
    above: Entries,
    recursive: bool,
    lists: Lists,
) -> Result<Entries, Error> {
    for (key, new) in above {
        match below.iter_mut().find(|(known, _)| *known == key) {
            None => below.push((key, new)),
            Some((_, old)) => {
                let is_list = |v: &Value| matches!(v.kind(), ValueKind::Seq | ValueKind::Iterable);
                if recursive && old.kind() == ValueKind::Map && new.kind() == ValueKind::Map {
                    let inner = (entries(old, "combine")?, entries(&new, "combine")?);
                    *old = Value::from_pairs(merge(inner.0, inner.1, recursive, lists)?);
                } else if is_list(old) && is_list(&new) {
                    *old = Value::from(merge_lists(
                        items(old, "combine")?,
                        items(&new, "combine")?,
                        lists,
                    ));
                } else {
                    *old = new;
                }
            }
        }
    }
    Ok(below)
}

fn merge_lists(old: Vec<Value>, new: Vec<Value>, lists: Lists) -> Vec<Value> {
    let without = |list: &[Value], others: &[Value]| -> Vec<Value> {
        list.iter().filter(|item| !others.contains(item)).cloned().collect()
    };
    match lists {
        Lists::Replace => new,
        Lists::Keep => old,
        Lists::Append => [old, new].concat(),
        Lists::Prepend => [new, old].concat(),
        Lists::AppendNew => [without(&old, &new), new].concat(),
        Lists::PrependNew => {
            let rest = without(&old, &new);
            [new, rest].concat()
        }
    }
}

/// What the two fields of an item are called.
fn names(kwargs: &Kwargs) -> Result<(Value, Value), Error> {
    let key = kwargs.get::<Option<Value>>("key_name")?;
    let value = kwargs.get::<Option<Value>>("value_name")?;
    kwargs.assert_all_used()?;
    Ok((key.unwrap_or_else(|| Value::from("key")), value.unwrap_or_else(|| Value::from("value"))))
}

fn dict2items(value: &Value, kwargs: Kwargs) -> Result<Vec<Value>, Error> {
    let (key_name, value_name) = names(&kwargs)?;
    let item =
        |(key, value)| Value::from_pairs([(key_name.clone(), key), (value_name.clone(), value)]);
    Ok(entries(value, "dict2items")?.into_iter().map(item).collect())
}

fn items2dict(value: &Value, kwargs: Kwargs) -> Result<Value, Error> {
    let (key_name, value_name) = names(&kwargs)?;
    let field = |item: &Value, name: &Value| -> Result<Value, Error> {
        let field = item.get_item(name)?;
        if field.is_undefined() {
            let message = format!("an item of `items2dict` has no `{name}`");
            let hint =
                "say how they are called: `items2dict(key_name=\"name\", value_name=\"id\")`";
            return Err(advise(message, hint));
        }
        Ok(field)
    };
    let entry = |item: Value| Ok((field(&item, &key_name)?, field(&item, &value_name)?));
    let entries = items(value, "items2dict")?.into_iter().map(entry);
    Ok(Value::from_pairs(entries.collect::<Result<Entries, Error>>()?))
}
