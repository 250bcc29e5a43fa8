//! JMESPath's functions.

use super::super::super::{advise, refuse};
use super::parse::Expression;
use super::{Query, are_equal, compared, parse::Comparison};
use minijinja::Error;
use serde_json::{Map, Number, Value as Json};
use std::cmp::Ordering;

/// All of them, for whoever writes another.
const NAMES: &str = "abs, avg, ceil, contains, ends_with, floor, join, keys, length, map, max, \
                     max_by, merge, min, min_by, not_null, reverse, sort, sort_by, starts_with, \
                     sum, to_array, to_number, to_string, type, values";

impl Query<'_, '_, '_> {
    pub(super) fn call(
        &self,
        name: &str,
        arguments: &[Expression],
        json: &Json,
    ) -> Result<Json, Error> {
        match (name, arguments) {
            ("map", [Expression::Reference(each), list]) => {
                let list = self.value(list, json)?;
                let items = list.as_array().ok_or_else(|| takes(name, "a list", &list))?;
                let each = |item| Ok(self.value(each, item)?.into_owned());
                return Ok(Json::Array(items.iter().map(each).collect::<Result<_, Error>>()?));
            }
            ("sort_by" | "min_by" | "max_by", [list, Expression::Reference(key)]) => {
                let list = self.value(list, json)?;
                let items = list.as_array().ok_or_else(|| takes(name, "a list", &list))?;
                return self.by(name, items, key);
            }
            _ => {}
        }
        let values = arguments.iter().map(|one| Ok(self.value(one, json)?.into_owned()));
        let values = values.collect::<Result<Vec<_>, Error>>()?;
        match (name, values.as_slice()) {
            ("not_null", all) => {
                Ok(all.iter().find(|value| !value.is_null()).cloned().unwrap_or_default())
            }
            ("merge", all) => {
                let mut merged = Map::new();
                for value in all {
                    merged.extend(map(name, value)?.clone());
                }
                Ok(Json::Object(merged))
            }
            (_, [one]) => of_one(name, one),
            (_, [one, other]) => of_two(name, one, other),
            (_, _) => Err(unknown(name)),
        }
    }

    /// Sorted by what an expression gives of each item, or the one of which it gives least or most.
    fn by(&self, name: &str, items: &[Json], key: &Expression) -> Result<Json, Error> {
        let keyed = |item| Ok((self.value(key, item)?.into_owned(), item));
        let mut keyed = items.iter().map(keyed).collect::<Result<Vec<(Json, &Json)>, Error>>()?;
        let keys: Vec<&Json> = keyed.iter().map(|(key, _)| key).collect();
        ordered(name, &keys)?;
        keyed.sort_by(|(one, _), (other, _)| order(one, other));
        Ok(match name {
            "sort_by" => keyed.into_iter().map(|(_, item)| item.clone()).collect(),
            "min_by" => keyed.first().map_or(Json::Null, |(_, item)| (*item).clone()),
            _ => {
                let most = keyed.last().map(|(key, _)| key);
                let first = keyed.iter().find(|(key, _)| most == Some(key));
                first.map_or(Json::Null, |(_, item)| (*item).clone())
            }
        })
    }
}

fn takes(name: &str, what: &str, found: &Json) -> Error {
    let found = crate::words::shorten(&found.to_string());
    refuse(format!("`json_query`: `{name}` takes {what}, found {found}"))
}

fn unknown(name: &str) -> Error {
    let known = NAMES.split(", ").any(|known| known.trim() == name);
    match known {
        true => refuse(format!("`json_query`: these are not the arguments of `{name}`")),
        false => advise(
            format!("`json_query` has no function `{name}`"),
            format!("those there are: {NAMES}"),
        ),
    }
}

fn order(one: &Json, other: &Json) -> Ordering {
    let less = |one, other| compared(one, Comparison::Less, other) == Json::Bool(true);
    if less(one, other) {
        Ordering::Less
    } else if less(other, one) {
        Ordering::Greater
    } else {
        Ordering::Equal
    }
}

/// Only numbers, or only texts.
fn ordered(name: &str, items: &[&Json]) -> Result<(), Error> {
    let numbers = items.iter().all(|item| item.is_number());
    if numbers || items.iter().all(|item| item.is_string()) {
        return Ok(());
    }
    let odd = items.iter().find(|item| !item.is_number()).copied().unwrap_or(&Json::Null);
    Err(takes(name, "numbers, or texts", odd))
}

fn list<'j>(name: &str, json: &'j Json) -> Result<&'j Vec<Json>, Error> {
    json.as_array().ok_or_else(|| takes(name, "a list", json))
}

fn map<'j>(name: &str, json: &'j Json) -> Result<&'j Map<String, Json>, Error> {
    json.as_object().ok_or_else(|| takes(name, "a mapping", json))
}

fn text<'j>(name: &str, json: &'j Json) -> Result<&'j str, Error> {
    json.as_str().ok_or_else(|| takes(name, "a text", json))
}

fn number(name: &str, json: &Json) -> Result<f64, Error> {
    json.as_f64().ok_or_else(|| takes(name, "a number", json))
}

/// A number that is whole without decimals.
fn whole(number: f64) -> Json {
    #[expect(clippy::cast_possible_truncation, reason = "only numbers without decimals come here")]
    Json::from(number as i64)
}

fn total(name: &str, items: &[Json]) -> Result<Json, Error> {
    if let Some(numbers) = items.iter().map(Json::as_i64).collect::<Option<Vec<_>>>() {
        return Ok(numbers.into_iter().fold(0_i64, i64::saturating_add).into());
    }
    let numbers = items.iter().map(|item| number(name, item));
    Ok(numbers.collect::<Result<Vec<_>, _>>()?.iter().sum::<f64>().into())
}

fn of_one(name: &str, json: &Json) -> Result<Json, Error> {
    Ok(match name {
        "abs" | "avg" | "ceil" | "floor" | "sum" => return of_numbers(name, json),
        "keys" => map(name, json)?.keys().map(String::as_str).collect(),
        "values" => map(name, json)?.values().cloned().collect(),
        "length" => match json {
            Json::String(text) => text.chars().count().into(),
            Json::Array(items) => items.len().into(),
            Json::Object(map) => map.len().into(),
            Json::Null | Json::Bool(_) | Json::Number(_) => {
                return Err(takes(name, "a text, a list or a mapping", json));
            }
        },
        "max" | "min" | "sort" => {
            let mut items: Vec<&Json> = list(name, json)?.iter().collect();
            ordered(name, &items)?;
            items.sort_by(|one, other| order(one, other));
            match name {
                "sort" => items.into_iter().cloned().collect(),
                "min" => items.first().copied().cloned().unwrap_or_default(),
                _ => items.last().copied().cloned().unwrap_or_default(),
            }
        }
        "reverse" => match json {
            Json::String(text) => text.chars().rev().collect::<String>().into(),
            json => list(name, json)?.iter().rev().cloned().collect(),
        },
        "to_array" if json.is_array() => json.clone(),
        "to_array" => Json::Array(vec![json.clone()]),
        "to_string" if json.is_string() => json.clone(),
        "to_string" => json.to_string().into(),
        "to_number" => match json {
            Json::Number(_) => json.clone(),
            Json::String(text) => {
                let text = text.trim();
                let float = || text.parse().ok().and_then(Number::from_f64).map(Json::Number);
                text.parse::<i64>().ok().map(Json::from).or_else(float).unwrap_or_default()
            }
            Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => Json::Null,
        },
        "type" => match json {
            Json::Null => "null",
            Json::Bool(_) => "boolean",
            Json::Number(_) => "number",
            Json::String(_) => "string",
            Json::Array(_) => "array",
            Json::Object(_) => "object",
        }
        .into(),
        other => return Err(unknown(other)),
    })
}

fn of_numbers(name: &str, json: &Json) -> Result<Json, Error> {
    Ok(match name {
        "abs" => match json.as_i64() {
            Some(whole) => whole.saturating_abs().into(),
            None => number(name, json)?.abs().into(),
        },
        "avg" => {
            let items = list(name, json)?;
            let sum = total(name, items)?.as_f64().unwrap_or_default();
            #[expect(clippy::cast_precision_loss, reason = "a list is not that long")]
            let count = items.len() as f64;
            if items.is_empty() { Json::Null } else { (sum / count).into() }
        }
        "ceil" => whole(number(name, json)?.ceil()),
        "floor" => whole(number(name, json)?.floor()),
        _ => total(name, list(name, json)?)?,
    })
}

fn of_two(name: &str, one: &Json, other: &Json) -> Result<Json, Error> {
    Ok(match name {
        "contains" => match one {
            Json::String(whole) => whole.contains(text(name, other)?).into(),
            one => list(name, one)?.iter().any(|item| are_equal(item, other)).into(),
        },
        "starts_with" => text(name, one)?.starts_with(text(name, other)?).into(),
        "ends_with" => text(name, one)?.ends_with(text(name, other)?).into(),
        "join" => {
            let texts = list(name, other)?.iter().map(|item| text(name, item));
            texts.collect::<Result<Vec<_>, _>>()?.join(text(name, one)?).into()
        }
        other => return Err(unknown(other)),
    })
}
