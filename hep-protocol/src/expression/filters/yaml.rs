//! Writes YAML in block style, laid out as PyYAML lays it out: lists under a key are not indented.

use crate::truth::{Reader, truth};
use serde_json::Value as Json;

/// With a newline at its end.
pub(super) fn written(json: &Json, indent: usize) -> String {
    let mut out = String::new();
    match json {
        Json::Array(items) if !items.is_empty() => sequence(&mut out, items, 0, indent),
        Json::Object(map) if !map.is_empty() => mapping(&mut out, map, 0, indent),
        scalar => {
            out.push_str(&plain(scalar));
            out.push('\n');
        }
    }
    out
}

/// The items, each on its line; what stands before the first dash is there already.
fn sequence(out: &mut String, items: &[Json], column: usize, indent: usize) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push_str(&" ".repeat(column));
        }
        out.push('-');
        let inner = column.saturating_add(indent);
        match item {
            Json::Array(items) if !items.is_empty() => {
                out.push_str(&" ".repeat(indent.saturating_sub(1)));
                sequence(out, items, inner, indent);
            }
            Json::Object(map) if !map.is_empty() => {
                out.push_str(&" ".repeat(indent.saturating_sub(1)));
                mapping(out, map, inner, indent);
            }
            scalar => {
                out.push(' ');
                out.push_str(&plain(scalar));
                out.push('\n');
            }
        }
    }
}

/// The entries, each on its line; what stands before the first key is there already.
fn mapping(out: &mut String, map: &serde_json::Map<String, Json>, column: usize, indent: usize) {
    for (at, (key, value)) in map.iter().enumerate() {
        if at > 0 {
            out.push_str(&" ".repeat(column));
        }
        out.push_str(&text(key));
        out.push(':');
        match value {
            Json::Array(items) if !items.is_empty() => {
                out.push('\n');
                out.push_str(&" ".repeat(column));
                sequence(out, items, column, indent);
            }
            Json::Object(map) if !map.is_empty() => {
                let inner = column.saturating_add(indent);
                out.push('\n');
                out.push_str(&" ".repeat(inner));
                mapping(out, map, inner, indent);
            }
            scalar => {
                out.push(' ');
                out.push_str(&plain(scalar));
                out.push('\n');
            }
        }
    }
}

/// What stands on one line.
fn plain(json: &Json) -> String {
    match json {
        Json::String(value) => text(value),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
            json.to_string()
        }
    }
}

/// Words that are no texts to one YAML reader or another (1.1 and 1.2), beside those that say yes or no.
const WORDS: [&str; 5] = ["null", "~", ".nan", ".inf", "-.inf"];

/// A text, in quotes when it would be read as something else.
fn text(value: &str) -> String {
    let lower = value.to_lowercase();
    if value
        .chars()
        .any(|c| c.is_control() || c == '\u{feff}' || c == '\u{2028}' || c == '\u{2029}')
    {
        // JSON's escapes are YAML's too.
        return Json::String(value.to_owned()).to_string();
    }
    let number_like = value.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
        && value.chars().all(|c| c.is_ascii_alphanumeric() || "+-._:, ".contains(c))
        && value.contains(|c: char| c.is_ascii_digit());
    let special = value.is_empty()
        || value.trim() != value
        || WORDS.contains(&&*lower)
        || truth(value, Reader::Key).is_some()
        || value.starts_with(|c: char| "!&*?|>%@`\"'#,[]{}=<".contains(c))
        || value.starts_with("- ")
        || value == "-"
        || value.starts_with("---")
        || value.starts_with("...")
        || value.contains(": ")
        || value.contains(" #")
        || value.ends_with(':')
        || number_like;
    if special { format!("'{}'", value.replace('\'', "''")) } else { value.to_owned() }
}
