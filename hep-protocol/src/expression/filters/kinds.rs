//! Filters that make one kind of value of another, and tests of what a value is.

use super::{Registry, advise, by_name, defined, described, shown};
use crate::truth::{self, Reader};
use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Error, Value};

pub(super) fn register(engine: &mut Registry<'_>) {
    engine.add_filter("bool", |value: &Value| truth(value));
    engine.add_filter("int", int);
    engine.add_filter("float", float);
    engine.add_filter("ternary", ternary);
    for name in ["default", "d"] {
        let filter = Value::from_function(minijinja::filters::default);
        engine.add_filter_of_any(name, by_name(&["default_value", "boolean"], filter));
    }
    engine.add_filter_of_any("mandatory", mandatory);
    engine.add_filter_of_any("type_debug", |value: &Value| type_name(value).to_owned());
    engine.add_test("truthy", |value: &Value| defined(value).map(Value::is_true));
    engine.add_test("falsy", |value: &Value| defined(value).map(|value| !value.is_true()));
}

/// Words as people and Ansible write them.
fn truth(value: &Value) -> Result<bool, Error> {
    match value.as_str() {
        Some(word) => truth::truth(word, Reader::Filter).ok_or_else(|| {
            advise(
                format!("{} is neither true nor false", described(value)),
                "words that are: `true`, `yes`, `on`, `1`; `false`, `no`, `off`, `0`",
            )
        }),
        None => defined(value).map(Value::is_true),
    }
}

/// The argument by position or by name.
fn either(positional: Option<Value>, kwargs: &Kwargs, name: &str) -> Result<Option<Value>, Error> {
    let named = kwargs.get::<Option<Value>>(name)?;
    Ok(positional.or(named).filter(|value| !value.is_undefined()))
}

fn int(
    value: &Value,
    default: Option<Value>,
    base: Option<u32>,
    kwargs: Kwargs,
) -> Result<Value, Error> {
    let default = either(default, &kwargs, "default")?;
    let base = base.or(kwargs.get::<Option<u32>>("base")?).unwrap_or(10);
    kwargs.assert_all_used()?;
    let number = match defined(value)?.kind() {
        ValueKind::Bool => Some(Value::from(i64::from(value.is_true()))),
        ValueKind::Number if value.is_integer() => Some(value.clone()),
        ValueKind::Number => f64::try_from(value.clone()).ok().and_then(whole),
        ValueKind::String => value.as_str().and_then(|text| parsed(text.trim(), base)),
        _ => None,
    };
    number.or(default).ok_or_else(|| {
        let hint = "`int(0)` gives 0 for anything that is not a number";
        advise(format!("{} is not a whole number", described(value)), hint)
    })
}

/// A number's text; of one with decimals, what stands before them.
fn parsed(text: &str, base: u32) -> Option<Value> {
    let bare = match base {
        2 => text.trim_start_matches("0b"),
        8 => text.trim_start_matches("0o"),
        16 => text.trim_start_matches("0x"),
        3..=36 => text,
        _ => return None,
    };
    let number = i64::from_str_radix(bare, base).ok().map(Value::from);
    number.or_else(|| if base == 10 { text.parse::<f64>().ok().and_then(whole) } else { None })
}

fn whole(value: f64) -> Option<Value> {
    // Beyond 2^53 a float no longer tells whole numbers apart.
    let exact = 9_007_199_254_740_992.0;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the decimals go, and the range is checked"
    )]
    (value.abs() <= exact).then_some(value as i64).map(Value::from)
}

fn float(value: &Value, default: Option<Value>, kwargs: Kwargs) -> Result<Value, Error> {
    let default = either(default, &kwargs, "default")?;
    kwargs.assert_all_used()?;
    let number = match defined(value)?.kind() {
        ValueKind::Bool => Some(if value.is_true() { 1.0 } else { 0.0 }),
        ValueKind::Number => f64::try_from(value.clone()).ok(),
        ValueKind::String => value.as_str().and_then(|text| text.trim().parse().ok()),
        _ => None,
    };
    number.filter(|number| number.is_finite()).map(Value::from).or(default).ok_or_else(|| {
        let hint = "`float(0.0)` gives 0.0 for anything that is not a number";
        advise(format!("{} is not a number", described(value)), hint)
    })
}

/// One of two values; a third for nothing.
fn ternary(value: &Value, yes: Value, no: Value, nothing: Option<Value>) -> Result<Value, Error> {
    Ok(match nothing {
        Some(nothing) if value.is_none() => nothing,
        Some(_) | None if defined(value)?.is_true() => yes,
        Some(_) | None => no,
    })
}

fn mandatory(value: &Value, message: Option<String>, kwargs: Kwargs) -> Result<Value, Error> {
    let message = message.or(kwargs.get::<Option<String>>("msg")?);
    kwargs.assert_all_used()?;
    match message {
        Some(message) if value.is_undefined() => Err(super::refuse(message)),
        Some(_) | None => defined(value).cloned(),
    }
}

/// The kind of a value, in hep's words.
fn type_name(value: &Value) -> &'static str {
    match value.kind() {
        ValueKind::Undefined => "undefined",
        ValueKind::None => "nothing",
        ValueKind::Bool => "bool",
        ValueKind::Number if value.is_integer() => "int",
        ValueKind::Number => "float",
        ValueKind::String | ValueKind::Bytes => "text",
        ValueKind::Seq | ValueKind::Iterable => "list",
        ValueKind::Map => "mapping",
        _ => "function",
    }
}

/// The value as a text, for filters that take texts.
pub(super) fn text(value: &Value, filter: &str) -> Result<String, Error> {
    match defined(value)?.kind() {
        ValueKind::String | ValueKind::Number | ValueKind::Bool => shown(value),
        _ => Err(advise(
            format!("`{filter}` takes a text, found {}", described(value)),
            "use `| map(...)` for every item of a list, `| string` for any value",
        )),
    }
}
