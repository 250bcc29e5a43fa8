//! The types that an argument may have, and which values are of them: also texts that can be read as such, as Ansible's
//! modules take them.

use hep_protocol::truth::{Reader, truth};
use serde_json::{Map, Value};

/// A value as its type reads it, or why it is none.
pub(super) fn read(kind: &str, value: &Value) -> Result<Value, String> {
    let read = match kind {
        "raw" => Some(value.clone()),
        "str" | "path" => text(value).map(Value::from),
        "bool" => truth_of(value).map(Value::from),
        "int" => whole(value),
        "float" => number(value),
        "list" => list(value),
        "dict" => mapping(value),
        "json" | "jsonarg" => (!value.is_null()).then(|| value.clone()),
        "bytes" | "bits" => size(value).map(|()| value.clone()),
        _ => return Err(format!("there is no type `{kind}`")),
    };
    read.ok_or_else(|| format!("it takes {kind}, found {}", shown(value)))
}

/// A value in a message.
pub(super) fn shown(value: &Value) -> String {
    const LONG: usize = 60;
    let text = value.to_string();
    let short: String = text.chars().take(LONG).collect();
    let more = if short.len() < text.len() { "..." } else { "" };
    format!("{short}{more}")
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        Value::Bool(true) => Some("True".to_owned()),
        Value::Bool(false) => Some("False".to_owned()),
        Value::Number(_) | Value::Array(_) | Value::Object(_) => Some(value.to_string()),
    }
}

fn truth_of(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(known) => Some(*known),
        Value::String(text) => truth(text, Reader::Filter).filter(|_| !text.trim().is_empty()),
        Value::Number(number) => match number.as_f64()? {
            1.0 => Some(true),
            0.0 => Some(false),
            _ => None,
        },
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn whole(value: &Value) -> Option<Value> {
    let whole = |number: f64| number.is_finite() && number.fract() == 0.0;
    match value {
        Value::Bool(known) => Some(i64::from(*known).into()),
        Value::Number(number) if number.is_i64() || number.is_u64() => Some(value.clone()),
        Value::Number(number) => number.as_f64().filter(|number| whole(*number)).map(Value::from),
        Value::String(text) => {
            let text = text.trim();
            let plain = text.replace('_', "").parse::<i64>().ok().map(Value::from);
            plain.or_else(|| text.parse().ok().filter(|number| whole(*number)).map(Value::from))
        }
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn number(value: &Value) -> Option<Value> {
    match value {
        Value::Bool(known) => Some(f64::from(u8::from(*known)).into()),
        Value::Number(_) => Some(value.clone()),
        Value::String(text) => text.trim().parse::<f64>().ok().map(Value::from),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn list(value: &Value) -> Option<Value> {
    match value {
        Value::Array(_) => Some(value.clone()),
        Value::String(text) => Some(text.split(',').map(Value::from).collect()),
        Value::Number(_) => text(value).map(|one| vec![one].into()),
        Value::Null | Value::Bool(_) | Value::Object(_) => None,
    }
}

/// A mapping, or a text that is one: JSON, or `a=1, b=2`.
fn mapping(value: &Value) -> Option<Value> {
    let Value::String(text) = value else { return value.is_object().then(|| value.clone()) };
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).ok().filter(Value::is_object);
    }
    let pairs = text.split([',', ' ']).map(str::trim).filter(|pair| !pair.is_empty());
    let pairs: Option<Map<String, Value>> = pairs
        .map(|pair| pair.split_once('='))
        .map(|pair| pair.map(|(name, value)| (name.to_owned(), value.into())))
        .collect();
    pairs.filter(|pairs| !pairs.is_empty()).map(Value::Object)
}

/// `10M`, `1.5 GB`: a number with a unit, or without one.
fn size(value: &Value) -> Option<()> {
    let text = match value {
        Value::Number(_) | Value::String(_) => text(value)?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    number.parse::<f64>().ok()?;
    let unit = unit.trim();
    let is_unit = unit.len() <= 3 && unit.chars().all(|c| c.is_ascii_alphabetic());
    (is_unit && (unit.is_empty() || unit.starts_with(|c: char| "YZEPTGMKBbkmg".contains(c))))
        .then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_are_read_as_the_type_that_is_wanted() {
        let check = |kind: &str, value: Value, expected: Option<Value>| {
            assert_eq!(read(kind, &value).ok(), expected, "{kind} {value}");
        };
        check("int", json!("5"), Some(json!(5)));
        check("int", json!("five"), None);
        check("int", json!(1.5), None);
        check("str", json!(5), Some(json!("5")));
        check("str", json!(null), None);
        check("bool", json!("yes"), Some(json!(true)));
        check("bool", json!("maybe"), None);
        check("list", json!("a,b"), Some(json!(["a", "b"])));
        check("list", json!({"a": 1}), None);
        check("dict", json!("a=1, b=2"), Some(json!({"a": "1", "b": "2"})));
        check("dict", json!("word"), None);
        check("float", json!("1.5"), Some(json!(1.5)));
        check("bytes", json!("10M"), Some(json!("10M")));
        check("bytes", json!("many"), None);
        check("nonsense", json!(1), None);
    }
}
