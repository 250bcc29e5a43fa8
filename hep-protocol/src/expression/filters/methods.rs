//! Methods of Python's texts that `minijinja-contrib` does not have, as Python defines them.

use super::charge;
use minijinja::value::from_args;
use minijinja::{Error, ErrorKind, State, Value};

/// The names of the methods here.
pub(super) const METHODS: [&str; 12] = [
    "casefold",
    "center",
    "ljust",
    "partition",
    "removeprefix",
    "removesuffix",
    "rjust",
    "rpartition",
    "rsplit",
    "swapcase",
    "zfill",
    "isdecimal",
];

/// The value of a method of a text.
pub(super) fn of_text(
    state: &State,
    text: &str,
    name: &str,
    args: &[Value],
) -> Result<Value, Error> {
    let parted = |(before, between, after): (&str, &str, &str)| {
        Value::from(vec![Value::from(before), Value::from(between), Value::from(after)])
    };
    Ok(match name {
        "casefold" => {
            let () = from_args(args)?;
            Value::from(text.to_lowercase())
        }
        "center" | "ljust" | "rjust" => {
            let (width, fill): (usize, Option<&str>) = from_args(args)?;
            Value::from(padded(state, text, name, width, fill)?)
        }
        "isdecimal" => {
            let () = from_args(args)?;
            Value::from(!text.is_empty() && text.chars().all(|c| c.is_ascii_digit()))
        }
        "partition" => {
            let (separator,): (&str,) = from_args(args)?;
            let found = text.split_once(not_empty(separator)?);
            parted(found.map_or((text, "", ""), |(before, after)| (before, separator, after)))
        }
        "rpartition" => {
            let (separator,): (&str,) = from_args(args)?;
            let found = text.rsplit_once(not_empty(separator)?);
            parted(found.map_or(("", "", text), |(before, after)| (before, separator, after)))
        }
        "removeprefix" => {
            let (part,): (&str,) = from_args(args)?;
            Value::from(text.strip_prefix(part).unwrap_or(text))
        }
        "removesuffix" => {
            let (part,): (&str,) = from_args(args)?;
            Value::from(text.strip_suffix(part).unwrap_or(text))
        }
        "rsplit" => {
            let (separator, most): (Option<&str>, Option<i64>) = from_args(args)?;
            split_from_the_end(text, separator, most)?.into_iter().map(Value::from).collect()
        }
        "swapcase" => {
            let () = from_args(args)?;
            Value::from(text.chars().map(swapped).collect::<String>())
        }
        "zfill" => {
            let (width,): (usize,) = from_args(args)?;
            Value::from(filled(state, text, width)?)
        }
        _ => return Err(Error::from(ErrorKind::UnknownMethod)),
    })
}

fn swapped(letter: char) -> String {
    if letter.is_uppercase() {
        letter.to_lowercase().collect()
    } else {
        letter.to_uppercase().collect()
    }
}

fn not_empty(separator: &str) -> Result<&str, Error> {
    if separator.is_empty() {
        Err(super::refuse("a separator is not empty"))
    } else {
        Ok(separator)
    }
}

/// How many characters are missing to a width, which are paid for before they are made.
fn missing(state: &State, text: &str, width: usize) -> Result<usize, Error> {
    let missing = width.saturating_sub(text.chars().count());
    charge(state, missing)?;
    Ok(missing)
}

pub(super) fn padded(
    state: &State,
    text: &str,
    name: &str,
    width: usize,
    fill: Option<&str>,
) -> Result<String, Error> {
    let fill = fill.unwrap_or(" ");
    if fill.chars().count() != 1 {
        return Err(super::refuse(format!("`{name}` fills with one character")));
    }
    let missing = missing(state, text, width)?;
    let left = match name {
        "ljust" => 0,
        "rjust" => missing,
        // Of an odd number CPython puts the one more to the left where the width is odd too.
        _ => (missing / 2).saturating_add(missing & width & 1),
    };
    let right = missing.saturating_sub(left);
    Ok(format!("{}{text}{}", fill.repeat(left), fill.repeat(right)))
}

/// Zeros after the sign.
fn filled(state: &State, text: &str, width: usize) -> Result<String, Error> {
    let zeros = "0".repeat(missing(state, text, width)?);
    let (sign, digits) = match text.strip_prefix(['+', '-']) {
        Some(digits) => text.split_at(text.len().saturating_sub(digits.len())),
        None => ("", text),
    };
    Ok(format!("{sign}{zeros}{digits}"))
}

fn split_from_the_end<'t>(
    text: &'t str,
    separator: Option<&str>,
    most: Option<i64>,
) -> Result<Vec<&'t str>, Error> {
    let most = most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    let mut parts: Vec<&str> = match separator {
        Some(separator) => text.rsplitn(most.saturating_add(1), not_empty(separator)?).collect(),
        None => {
            let (mut parts, mut rest) = (Vec::new(), text.trim());
            while parts.len() < most && !rest.is_empty() {
                let (before, word) = rest.rsplit_once(char::is_whitespace).unwrap_or(("", rest));
                parts.push(word);
                rest = before.trim_end();
            }
            parts.extend((!rest.is_empty()).then_some(rest));
            parts
        }
    };
    parts.reverse();
    Ok(parts)
}
