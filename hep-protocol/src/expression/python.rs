//! How Python writes values: what Ansible's templates print.

use super::Trouble;
use super::convert::{MAX_DEPTH, MAX_PARTS};
use super::trouble::TroubleKind;
use minijinja::Value;
use minijinja::value::ValueKind;
use std::fmt::Write as _;

/// A value within a text, as `str` gives it.
pub(super) fn printed(value: &Value) -> Result<String, Trouble> {
    match value.as_str() {
        Some(text) => Ok(text.to_owned()),
        None => repr(value),
    }
}

/// A value as Python's `repr` gives it.
pub(super) fn repr(value: &Value) -> Result<String, Trouble> {
    let mut out = String::new();
    write(&mut out, value, 0, &mut 0)?;
    Ok(out)
}

fn write(out: &mut String, value: &Value, depth: usize, parts: &mut usize) -> Result<(), Trouble> {
    *parts = parts.saturating_add(1);
    if depth > MAX_DEPTH || *parts > MAX_PARTS {
        return Err(Trouble::new(TroubleKind::Other, "the value is too large to be printed"));
    }
    let below = depth.saturating_add(1);
    match value.kind() {
        ValueKind::None => out.push_str("None"),
        ValueKind::Bool => out.push_str(if value.is_true() { "True" } else { "False" }),
        ValueKind::Number if value.is_integer() => out.push_str(&value.to_string()),
        ValueKind::Number => {
            out.push_str(&float(f64::try_from(value.clone()).unwrap_or(f64::NAN)));
        }
        ValueKind::String => quoted(out, value.as_str().unwrap_or_default()),
        ValueKind::Seq | ValueKind::Iterable => {
            // A tuple is a list by the time Ansible prints it.
            out.push('[');
            let mut count = 0_usize;
            for item in value.try_iter().map_err(Trouble::from_error)?.checked() {
                out.push_str(if count == 0 { "" } else { ", " });
                write(out, &item.map_err(Trouble::from_error)?, below, parts)?;
                count = count.saturating_add(1);
            }
            out.push(']');
        }
        ValueKind::Map => {
            out.push('{');
            let mut separator = "";
            for key in value.try_iter().map_err(Trouble::from_error)?.checked() {
                let key = key.map_err(Trouble::from_error)?;
                out.push_str(separator);
                write(out, &key, below, parts)?;
                out.push_str(": ");
                write(out, &value.get_item(&key).map_err(Trouble::from_error)?, below, parts)?;
                separator = ", ";
            }
            out.push('}');
        }
        ValueKind::Undefined => {
            value.get_attr("").map_err(Trouble::from_error)?;
        }
        ValueKind::Invalid => {
            return Err(super::convert::why_invalid(value));
        }
        _ => out.push_str(&value.to_string()),
    }
    Ok(())
}

/// A float: the shortest digits that give it back, with an exponent below 1e-4 and from 1e16 on.
pub(super) fn float(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..16).contains(&exponent) {
        let plain = number.to_string();
        if plain.contains('.') { plain } else { format!("{plain}.0") }
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
    }
}

/// A text in single quotes; in double ones where it has single ones and no double ones.
fn quoted(out: &mut String, text: &str) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for character in text.chars() {
        // Writing to a string does not fail.
        let _written = match character {
            '\\' => out.write_str("\\\\"),
            '\n' => out.write_str("\\n"),
            '\r' => out.write_str("\\r"),
            '\t' => out.write_str("\\t"),
            character if character == quote => write!(out, "\\{character}"),
            character if !is_printable(character) => match u32::from(character) {
                code @ ..=0xff => write!(out, "\\x{code:02x}"),
                code @ 0x100..=0xffff => write!(out, "\\u{code:04x}"),
                code => write!(out, "\\U{code:08x}"),
            },
            character => out.write_char(character),
        };
    }
    out.push(quote);
}

/// Python's view of it, as far as texts of configurations need it: controls, formats, private and other blanks are not.
fn is_printable(character: char) -> bool {
    !character.is_control()
        && (character == ' ' || !character.is_whitespace())
        && !matches!(u32::from(character),
            0xad | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f | 0xfeff
            | 0xe000..=0xf8ff | 0xfff0..=0xfffb | 0xe0000..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_python_writes_them() {
        let check = |number: f64, expected: &str| assert_eq!(float(number), expected);
        check(1.0, "1.0");
        check(-0.5, "-0.5");
        check(1e15, "1000000000000000.0");
        check(1e16, "1e+16");
        check(1.5e-7, "1.5e-07");
        check(0.0001, "0.0001");
        check(0.000_01, "1e-05");
        check(123_456_789.123, "123456789.123");
        check(1e100, "1e+100");
        check(f64::INFINITY, "inf");
    }

    #[test]
    fn texts_are_quoted_as_python_quotes_them() {
        let check = |text: &str, expected: &str| {
            assert_eq!(repr(&Value::from(text)).unwrap(), expected);
        };
        check("a", "'a'");
        check("it's", "\"it's\"");
        check("it's \"q\"", "'it\\'s \"q\"'");
        check("a\n\t\\\u{1b}\u{e9}\u{200b}", "'a\\n\\t\\\\\\x1b\u{e9}\\u200b'");
    }
}
