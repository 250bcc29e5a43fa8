//! Values between JSON and the engine.

use super::filters::dates;
use super::spoken::spoken;
use super::trouble::TroubleKind;
use super::{Trouble, python};
use crate::dialect::Dialect;
use minijinja::Value;
use minijinja::value::ValueKind;
use serde_json::{Map, Number, Value as Json};

/// Deeper than any value a person writes; what is deeper was made by a template in a loop.
pub(super) const MAX_DEPTH: usize = 128;

/// As the engine wants it.
pub(super) fn to_value(json: &Json) -> Value {
    match json {
        Json::Null => Value::from(()),
        Json::Bool(value) => Value::from(*value),
        Json::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(value), _, _) => Value::from(value),
            (None, Some(value), _) => Value::from(value),
            (None, None, value) => Value::from(value.unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => Value::from(items.iter().map(to_value).collect::<Vec<_>>()),
        Json::Object(map) => {
            Value::from_pairs(map.iter().map(|(key, value)| (key.as_str(), to_value(value))))
        }
    }
}

/// More values than any variable holds; one list in many places of another grows beyond that in a few lines.
pub(super) const MAX_PARTS: usize = 2_000_000;

/// Out of the engine.
pub(super) fn to_json(value: &Value) -> Result<Json, Trouble> {
    json_below(value, 0, &mut 0)
}

fn json_below(value: &Value, depth: usize, parts: &mut usize) -> Result<Json, Trouble> {
    let refuse = |message: &str| Trouble::new(TroubleKind::Other, message);
    *parts = parts.saturating_add(1);
    if *parts > MAX_PARTS {
        return Err(refuse("the value is too large"));
    }
    if depth > MAX_DEPTH {
        return Err(refuse("the value nests too deeply"));
    }
    match value.kind() {
        ValueKind::None => Ok(Json::Null),
        ValueKind::Bool => Ok(Json::Bool(value.is_true())),
        ValueKind::Number => number(value).map(Json::Number),
        ValueKind::String => Ok(Json::String(value.as_str().unwrap_or_default().to_owned())),
        ValueKind::Bytes => match value.as_str() {
            Some(text) => Ok(Json::String(text.to_owned())),
            None => Err(refuse("the value is no text: it is not UTF-8")),
        },
        ValueKind::Seq | ValueKind::Iterable => {
            let items = value.try_iter().map_err(Trouble::from_error)?.checked();
            let items = items.map(|item| match item {
                Ok(item) => json_below(&item, depth.saturating_add(1), parts),
                Err(error) => Err(Trouble::from_error(error)),
            });
            items.collect::<Result<Vec<_>, _>>().map(Json::Array)
        }
        ValueKind::Map => {
            let mut map = Map::new();
            for key in value.try_iter().map_err(Trouble::from_error)?.checked() {
                let key = key.map_err(Trouble::from_error)?;
                let below = value.get_item(&key).map_err(Trouble::from_error)?;
                map.insert(shown(&key)?, json_below(&below, depth.saturating_add(1), parts)?);
            }
            Ok(Json::Object(map))
        }
        ValueKind::Undefined => Err(Trouble::new(
            TroubleKind::Undefined { name: String::new() },
            "the value is undefined",
        )),
        ValueKind::Invalid => Err(why_invalid(value)),
        _ => match dates::known(value) {
            Some((_, Some(date))) => Ok(Json::String(date)),
            Some((name, None)) => Err(refuse(&format!("a `{name}` cannot be kept"))
                .hint("take a part of it: `.days`, `.total_seconds()`")),
            None => Err(refuse("the value is a function, and not what it gives")
                .hint("write `()` after its name, with what it takes")),
        },
    }
}

/// Why a value could not be made. The engine says it of the items of a list that are gone through.
pub(super) fn why_invalid(value: &Value) -> Trouble {
    let list = Value::from(vec![value.clone()]);
    match list.try_iter().ok().and_then(|items| items.checked().next()) {
        Some(Err(error)) => Trouble::from_error(error),
        Some(Ok(_)) | None => Trouble::new(TroubleKind::Other, "the value could not be made"),
    }
}

fn number(value: &Value) -> Result<Number, Trouble> {
    let float = || f64::try_from(value.clone()).ok().and_then(Number::from_f64);
    let whole = || match (u64::try_from(value.clone()), i64::try_from(value.clone())) {
        (Ok(number), _) => Some(Number::from(number)),
        (Err(_), Ok(number)) => Some(Number::from(number)),
        (Err(_), Err(_)) => None,
    };
    let number = if value.is_integer() { whole() } else { float() };
    number.ok_or_else(|| {
        Trouble::new(TroubleKind::Other, format!("the number {value} is too large, or no number"))
    })
}

/// As it stands in a text. In hep's dialect `true` as YAML and configuration files have it, nothing as nothing, collections
/// as JSON; in Ansible's as Python prints it.
pub(super) fn shown(value: &Value) -> Result<String, Trouble> {
    if spoken() == Dialect::Ansible {
        return python::printed(value);
    }
    Ok(match value.kind() {
        ValueKind::Bool => if value.is_true() { "true" } else { "false" }.to_owned(),
        ValueKind::None => String::new(),
        // The engine's own words for a collection know no end of one that holds itself.
        ValueKind::Map | ValueKind::Seq | ValueKind::Iterable => to_json(value)?.to_string(),
        _ => value.to_string(),
    })
}
