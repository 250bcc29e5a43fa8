//! What texts are where Ansible's dialect expects something else.

use super::{Shape, Tree};
use crate::truth::{Reader, truth};

/// What is wrong with a text for a program that cannot be split.
pub(super) const OPEN: &str = "this command has a quote that is never closed";

/// A truth value by a text.
pub(super) fn answer(text: &str) -> Option<bool> {
    truth(text, Reader::Filter).filter(|_| !text.trim().is_empty())
}

/// A truth value as a text.
pub(super) fn shown(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}

/// A whole number by a text.
pub(super) fn number(text: &str) -> Option<i64> {
    let text = text.trim();
    text.parse().ok().or_else(|| whole(text.parse().ok()?))
}

/// A whole number by one that has a fraction of 0.
pub(super) fn whole(value: f64) -> Option<i64> {
    /// All whole numbers up to it are floats as well.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and small enough")]
    let number = value as i64;
    (value.fract() == 0.0 && value.abs() <= EXACT).then_some(number)
}

/// The items of a text with commas.
pub(super) fn items(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// The words of a line as a shell reads them (POSIX, Shell Command Language 2.2), with nothing expanded; `None` if a quote is
/// never closed.
pub(super) fn words(line: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        match (quote, c) {
            (Some(open), _) if open == c => quote = None,
            (Some('"'), '\\') => {
                let escaped = rest.next_if(|next| matches!(next, '"' | '\\'));
                word.get_or_insert_default().push(escaped.unwrap_or('\\'));
            }
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '\\') => word.get_or_insert_default().push(rest.next()?),
            (None, ' ' | '\t' | '\r' | '\n') => words.extend(word.take()),
            (Some(_) | None, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

/// A value as JSON, spaced as Python spaces it.
pub(super) fn json(tree: &impl Tree) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let join = |items: Vec<String>| items.join(", ");
    match tree.shape() {
        Shape::Absent | Shape::Nothing | Shape::Reported => "null".to_owned(),
        Shape::Bool(value) => value.to_string(),
        Shape::Unsigned(_) | Shape::Negative(_) | Shape::Float(_) => {
            tree.text().unwrap_or_default().into_owned()
        }
        Shape::Text(text) => ascii(&quoted(text)),
        Shape::List(items) => format!("[{}]", join(items.iter().map(json).collect())),
        Shape::Mapping(entries) => {
            let entries =
                entries.map(|(key, value)| format!("{}: {}", ascii(&quoted(key)), json(value)));
            format!("{{{}}}", join(entries.collect()))
        }
    }
}

/// JSON with all that is not ASCII escaped.
fn ascii(json: &str) -> String {
    let mut text = String::new();
    let mut units = [0; 2];
    for c in json.chars() {
        if c.is_ascii() {
            text.push(c);
        } else {
            let escapes = c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}"));
            text.extend(escapes);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_is_split_as_by_a_shell() {
        let check = |line: &str, expected: &[&str]| {
            assert_eq!(words(line).unwrap(), expected, "{line}");
        };
        check("echo  a 'b c' \"d \\\"e\\\" \\f\"", &["echo", "a", "b c", "d \"e\" \\f"]);
        check("ls | wc > /x; a&b", &["ls", "|", "wc", ">", "/x;", "a&b"]);
        check("a\\ b 'c\\d' ''", &["a b", "c\\d", ""]);
        check("a\n b", &["a", "b"]);
        assert_eq!(words("echo 'x"), None);
        assert_eq!(words("echo x\\"), None);
    }

    #[test]
    fn numbers_may_be_texts() {
        for (text, expected) in [("5", Some(5)), (" 7 ", Some(7)), ("3.0", Some(3)), ("x", None)] {
            assert_eq!(number(text), expected, "{text}");
        }
        assert_eq!(number("3.5"), None);
    }
}
