//! Scalars as YAML 1.1 has them, and as PyYAML reads them: what Ansible's files mean. `0644` is 420, `yes` is true,
//! `12:30:45` is 45045. Dates stay texts, and so do numbers that JSON cannot hold.

use super::{Entry, Kind, Meaning, Node, Scalar, Style};
use hep_protocol::truth::{Reader, truth};
use serde_json::{Map, Value};

impl Scalar {
    /// What it means by itself to YAML 1.1 (<https://yaml.org/type/>, as PyYAML has it).
    pub(crate) fn meaning_11(&self) -> Meaning<'_> {
        let text: &str = &self.text;
        match (self.style, text) {
            (Style::Text, _) => Meaning::Text(text),
            (Style::Plain, "" | "~" | "null" | "Null" | "NULL") => Meaning::Null,
            (Style::Plain, _) => {
                let truth = || truth(text, Reader::Yaml11).map(Meaning::Bool);
                let number = || integer(text).or_else(|| float(text));
                truth().or_else(number).unwrap_or(Meaning::Text(text))
            }
        }
    }
}

impl Node {
    /// The value, with scalars as they mean to YAML 1.1. What is broken is nothing.
    pub(crate) fn to_json_11(&self) -> Value {
        match &self.kind {
            Kind::Broken => Value::Null,
            Kind::Scalar(scalar) => scalar.meaning_11().into(),
            Kind::Seq(items) => Value::Array(items.iter().map(Node::to_json_11).collect()),
            Kind::Map(entries) => {
                let pair = |entry: &Entry| (entry.key.text.to_string(), entry.value.to_json_11());
                let readable = |entry: &&Entry| !matches!(entry.value.kind, Kind::Broken);
                Value::Object(entries.iter().filter(readable).map(pair).collect::<Map<_, _>>())
            }
        }
    }
}

/// The sign, and the text after it.
fn signed(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn whole(negative: bool, number: u64) -> Option<Meaning<'static>> {
    match negative {
        false => Some(Meaning::Unsigned(number)),
        true if number == 0 => Some(Meaning::Unsigned(0)),
        true => 0_i64.checked_sub_unsigned(number).map(Meaning::Negative),
    }
}

fn integer(text: &str) -> Option<Meaning<'_>> {
    let (negative, digits) = signed(text);
    let of = |digits: &str, base: u32, fits: fn(u8) -> bool| {
        let sound = !digits.is_empty() && digits.bytes().all(|byte| fits(byte) || byte == b'_');
        let plain = digits.replace('_', "");
        sound.then(|| u64::from_str_radix(&plain, base).ok()).flatten()
    };
    let digit = |byte: u8| byte.is_ascii_digit();
    let number = if let Some(bits) = digits.strip_prefix("0b") {
        of(bits, 2, |byte| matches!(byte, b'0' | b'1'))
    } else if let Some(hex) = digits.strip_prefix("0x") {
        of(hex, 16, |byte| byte.is_ascii_hexdigit())
    } else if digits.starts_with('0') {
        of(digits, 8, |byte| matches!(byte, b'0'..=b'7'))
    } else if digits.starts_with(|c: char| c.is_ascii_digit()) {
        match digits.split_once(':') {
            None => of(digits, 10, digit),
            Some((first, rest)) => rest.split(':').try_fold(of(first, 10, digit)?, |sum, part| {
                sum.checked_mul(60)?.checked_add(sixtieths(part)?)
            }),
        }
    } else {
        None
    };
    whole(negative, number?)
}

/// One or two digits below sixty.
fn sixtieths(part: &str) -> Option<u64> {
    let sound = matches!(part.len(), 1 | 2) && part.bytes().all(|byte| byte.is_ascii_digit());
    part.parse().ok().filter(|number| sound && *number < 60)
}

/// A point is what makes a number one: `1e3` is a text.
fn float(text: &str) -> Option<Meaning<'_>> {
    let (negative, digits) = signed(text);
    let unsigned_only = digits.starts_with('.') && digits.len() < text.len();
    let (mantissa, exponent) = match digits.find(['e', 'E']) {
        Some(at) => digits.split_at(at),
        None => (digits, ""),
    };
    let (before, after) = mantissa.split_once('.')?;
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let sexagesimal = before.contains(':');
    let sound = match (sexagesimal, before.is_empty()) {
        (true, _) => exponent.is_empty(),
        (false, true) => after.starts_with(|c: char| c.is_ascii_digit()) && !unsigned_only,
        (false, false) => before.starts_with(|c: char| c.is_ascii_digit()) && is_digits(before),
    };
    let power = exponent.get(1..).unwrap_or_default();
    let exponent_sound = exponent.is_empty()
        || power.strip_prefix(['+', '-']).is_some_and(|digits| {
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        });
    if !(sound && exponent_sound && is_digits(after)) {
        return None;
    }
    let value = if sexagesimal {
        let (first, rest) = before.split_once(':')?;
        let first = first.replace('_', "").parse::<u64>().ok()?;
        let whole = rest
            .split(':')
            .try_fold(first, |sum, part| sum.checked_mul(60)?.checked_add(sixtieths(part)?))?;
        format!("{whole}.{}", after.replace('_', ""))
    } else {
        format!("{}.{}0{exponent}", before.replace('_', ""), after.replace('_', ""))
    };
    let value: f64 = value.parse().ok()?;
    let value = if negative { -value } else { value };
    value.is_finite().then_some(Meaning::Float(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What PyYAML 6 makes of the same words.
    #[track_caller]
    fn check(text: &str, expected: Meaning<'_>) {
        let scalar = Scalar { text: text.into(), style: Style::Plain };
        assert_eq!(scalar.meaning_11(), expected, "{text}");
    }

    #[test]
    fn plain_numbers_are_those_of_pyyaml() {
        for (text, number) in [
            ("0", 0),
            ("0644", 420),
            ("0_7", 7),
            ("0_", 0),
            ("0x1F", 31),
            ("0b11", 3),
            ("1_000", 1000),
            ("+5", 5),
            ("12:30:45", 45045),
            ("1_0:30", 630),
            ("190:20", 11420),
            ("18446744073709551615", u64::MAX),
        ] {
            check(text, Meaning::Unsigned(number));
        }
        check("-0644", Meaning::Negative(-420));
        check("-1:30", Meaning::Negative(-90));
        for (text, number) in [
            ("1.5", 1.5),
            ("1.10", 1.1),
            (".5", 0.5),
            ("5.", 5.0),
            ("1.0e+3", 1000.0),
            ("-1.5", -1.5),
            ("1_0.5", 10.5),
            ("1:30.5", 90.5),
            ("08.5", 8.5),
        ] {
            check(text, Meaning::Float(number));
        }
    }

    #[test]
    fn other_words_are_texts_as_in_pyyaml() {
        for text in ["yes", "On", "TRUE"] {
            check(text, Meaning::Bool(true));
        }
        check("Null", Meaning::Null);
        for text in [
            "y",
            "n",
            "0o14",
            "1e3",
            "1.0e3",
            "089",
            "0x",
            "1:60",
            "1.2.3",
            "-.5",
            "10.0.0.1",
            "-",
            "+",
            ".",
            "1:2:",
            "2024-01-02",
            "é",
            "0b",
            ":1",
            "1.5:3",
            "_1",
            "._5",
        ] {
            check(text, Meaning::Text(text));
        }
    }
}
