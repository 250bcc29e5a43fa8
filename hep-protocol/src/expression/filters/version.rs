//! Comparing versions: numbers by their value, words by their letters, as Ansible's loose comparison does.

use super::Registry;
use super::advise;
use super::kinds::text;
use minijinja::value::Kwargs;
use minijinja::{Error, Value};
use std::cmp::Ordering;

pub(super) fn register(engine: &mut Registry<'_>) {
    engine.add_test("version", version);
    engine.add_test("version_compare", version);
}

fn version(
    value: &Value,
    other: &Value,
    operator: Option<String>,
    kwargs: Kwargs,
) -> Result<bool, Error> {
    let operator = operator.or(kwargs.get::<Option<String>>("operator")?);
    // What versions are made of differs little; the loose comparison serves all that is asked for.
    let _strict = kwargs.get::<Option<Value>>("strict")?;
    let _kind = kwargs.get::<Option<Value>>("version_type")?;
    kwargs.assert_all_used()?;
    let order = compare(&text(value, "version")?, &text(other, "version")?);
    let operator = operator.unwrap_or_else(|| "==".to_owned());
    holds(&operator, order)
}

/// Whether two versions in this order are related as the operator says.
pub(super) fn holds(operator: &str, order: Ordering) -> Result<bool, Error> {
    Ok(match operator {
        "==" | "=" | "eq" => order == Ordering::Equal,
        "!=" | "<>" | "ne" => order != Ordering::Equal,
        "<" | "lt" => order == Ordering::Less,
        "<=" | "le" => order != Ordering::Greater,
        ">" | "gt" => order == Ordering::Greater,
        ">=" | "ge" => order != Ordering::Less,
        other => {
            let hint = "write one of `==`, `!=`, `<`, `<=`, `>`, `>=`";
            return Err(advise(format!("`version` has no operator `{other}`"), hint));
        }
    })
}

/// A part of a version; a number stands above a word, so that `1.0` is newer than `1.rc1`.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Word(String),
    Number(u64),
}

fn parts(version: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let version = version.trim().trim_start_matches(['v', 'V']);
    for piece in version.split(['.', '-', '+', '_', '~', ':']) {
        let mut rest = piece;
        while let Some(first) = rest.chars().next() {
            let digits = first.is_ascii_digit();
            let end = rest.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(rest.len());
            let (part, after) = rest.split_at(end);
            parts.push(match part.parse() {
                Ok(number) => Part::Number(number),
                Err(_) => Part::Word(part.to_lowercase()),
            });
            rest = after;
        }
    }
    parts
}

fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (parts(a), parts(b));
    for at in 0..a.len().max(b.len()) {
        let order = match (a.get(at), b.get(at)) {
            (Some(a), Some(b)) => a.cmp(b),
            // `1.2` equals `1.2.0`, is newer than `1.2rc1` and older than `1.2.1`.
            (Some(Part::Number(0)), None) | (None, Some(Part::Number(0))) | (None, None) => {
                Ordering::Equal
            }
            (Some(Part::Number(_)), None) | (None, Some(Part::Word(_))) => Ordering::Greater,
            (None, Some(Part::Number(_))) | (Some(Part::Word(_)), None) => Ordering::Less,
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}
