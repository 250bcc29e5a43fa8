//! Methods of Python's values that the engine does not have. Those that change a list or a mapping in place are refused by name:
//! values here do not change.

use super::super::{advise, charge, items, refuse};
use super::string;
use minijinja::value::{Kwargs, Rest, ValueKind, from_args};
use minijinja::{Error, State, Value};

/// Methods that change what they are called on.
const CHANGING: [&str; 12] = [
    "add",
    "append",
    "clear",
    "extend",
    "insert",
    "pop",
    "popitem",
    "remove",
    "reverse",
    "setdefault",
    "sort",
    "update",
];

/// Python's attributes of a value, which its entries are not: methods by their names, and the parts of dates.
pub(super) fn attribute(value: &Value, name: String) -> Result<Value, Error> {
    let known: &[&str] = match value.kind() {
        ValueKind::Map => &["copy", "get", "items", "keys", "values"],
        ValueKind::Seq | ValueKind::Iterable => &["copy", "count", "index"],
        ValueKind::String => &[
            "capitalize",
            "count",
            "endswith",
            "find",
            "format",
            "isalnum",
            "isalpha",
            "isdigit",
            "islower",
            "isupper",
            "join",
            "lower",
            "lstrip",
            "replace",
            "rsplit",
            "rstrip",
            "split",
            "splitlines",
            "startswith",
            "strip",
            "title",
            "upper",
            "zfill",
        ],
        ValueKind::Plain => return value.get_attr(&name),
        _ => &[],
    };
    if !known.contains(&name.as_str()) {
        return Ok(Value::UNDEFINED);
    }
    let value = value.clone();
    Ok(Value::from_function(move |state: &mut State, args: Rest<Value>| {
        value.call_method(state, &name, &args)
    }))
}

/// The value of a method; nothing where it is none of those here.
pub(in super::super) fn called(
    state: &State,
    value: &Value,
    name: &str,
    args: &[Value],
) -> Option<Result<Value, Error>> {
    let list = matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable);
    let map = value.kind() == ValueKind::Map;
    let found = match (name, value.as_str()) {
        (name, _) if (list || map) && CHANGING.contains(&name) => Err(changing(name, map)),
        ("copy", None) if list || map => Ok(value.clone()),
        ("index", None) if list => index(value, args),
        ("is_integer", None) if value.kind() == ValueKind::Number => {
            let number = f64::try_from(value.clone()).unwrap_or(f64::NAN);
            Ok(Value::from(number.fract() == 0.0))
        }
        ("index" | "rindex", Some(text)) => place(text, name, args),
        ("isidentifier", Some(text)) => {
            let word = |c: char| c.is_alphanumeric() || c == '_';
            Ok(Value::from(
                !text.starts_with(|c: char| c.is_numeric())
                    && !text.is_empty()
                    && text.chars().all(word),
            ))
        }
        ("expandtabs", Some(text)) => expanded(state, text, args),
        ("encode", Some(text)) => Ok(Value::from(text)),
        _ => return None,
    };
    Some(found)
}

fn changing(name: &str, map: bool) -> Error {
    let hint = match (name, map) {
        ("pop" | "popitem" | "clear", true) => {
            "make another mapping: `x | dict2items | rejectattr('key', 'eq', 'KEY') | items2dict`"
        }
        (_, true) => "make another mapping: `{% set x = x | combine({'key': value}) %}`",
        ("remove" | "pop" | "clear", false) => {
            "make another list: `{% set x = x | difference([value]) %}`, or `x[:-1]` for all but the last"
        }
        ("sort" | "reverse", false) => "use the filter, which gives another list: `x | sort`",
        (_, false) => {
            "make another list: `{% set x = x + [value] %}`; out of a loop it is carried by `namespace()`"
        }
    };
    let what = if map { "mapping" } else { "list" };
    advise(format!("`{name}` changes a {what} in place, which hep does not do"), hint)
}

fn index(value: &Value, args: &[Value]) -> Result<Value, Error> {
    let (wanted,): (&Value,) = from_args(args)?;
    let at = items(value, "index")?.iter().position(|item| item == wanted);
    at.map(Value::from).ok_or_else(|| refuse("`index`: the list does not have this item"))
}

/// Where a text is in another, in characters.
fn place(text: &str, name: &str, args: &[Value]) -> Result<Value, Error> {
    let (part,): (&str,) = from_args(args)?;
    let found = if name == "index" { text.find(part) } else { text.rfind(part) };
    let before = found.and_then(|at| text.get(..at));
    let before = before.ok_or_else(|| refuse(format!("`{name}`: the text has no `{part}`")))?;
    Ok(Value::from(before.chars().count()))
}

fn expanded(state: &State, text: &str, args: &[Value]) -> Result<Value, Error> {
    let (size, kwargs): (Option<usize>, Kwargs) = from_args(args)?;
    let size = size.or(kwargs.get("tabsize")?).unwrap_or(8);
    let (mut out, mut column) = (String::new(), 0_usize);
    for character in text.chars() {
        match character {
            '\t' => {
                let missing = size.saturating_sub(column.checked_rem(size).unwrap_or(size));
                charge(state, missing)?;
                out.push_str(&" ".repeat(missing));
                column = column.saturating_add(missing);
            }
            character => {
                out.push(character);
                column = if character == '\n' { 0 } else { column.saturating_add(1) };
            }
        }
    }
    string(&Value::from(out)).map(Value::from)
}
