//! Words that say yes or no. The reader decides which of them count; this is the only table of them.

use serde_json::Value;

/// The readers of words, from the strictest on: each accepts all words of those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reader {
    /// YAML 1.2 (10.3.2, core schema). As in YAML 1.1, a word is `true`, `True` or `TRUE`, and not `tRUE`.
    Yaml,
    /// YAML 1.1, which Ansible's inventories are written in.
    Yaml11,
    /// Ansible's filter `bool` and its options, whatever the case.
    Ansible,
    /// A key that takes yes or no, whatever the case.
    Key,
    /// The filter `bool`, which is Ansible's.
    Filter,
}

/// The words, with the strictest of their readers.
const WORDS: [(&str, bool, Reader); 13] = [
    ("true", true, Reader::Yaml),
    ("false", false, Reader::Yaml),
    ("yes", true, Reader::Yaml11),
    ("no", false, Reader::Yaml11),
    ("on", true, Reader::Yaml11),
    ("off", false, Reader::Yaml11),
    ("y", true, Reader::Key),
    ("n", false, Reader::Key),
    ("1", true, Reader::Ansible),
    ("0", false, Reader::Ansible),
    ("t", true, Reader::Filter),
    ("f", false, Reader::Filter),
    ("", false, Reader::Filter),
];

/// What a word means to its reader; `None`: it is no truth value.
#[must_use]
pub fn truth(text: &str, reader: Reader) -> Option<bool> {
    let word = match reader {
        Reader::Yaml | Reader::Yaml11 => Some(text).filter(|text| is_yaml(text))?,
        Reader::Ansible => text,
        Reader::Key | Reader::Filter => text.trim(),
    };
    let mut known = WORDS.iter().filter(|(_, _, strictest)| *strictest <= reader);
    known.find(|(known, _, _)| word.eq_ignore_ascii_case(known)).map(|(_, truth, _)| *truth)
}

/// What YAML 1.1 meant by a word that is a text today.
#[must_use]
pub fn truth_of_yaml11(text: &str) -> Option<bool> {
    truth(text, Reader::Yaml11).filter(|_| truth(text, Reader::Yaml).is_none())
}

/// What a value means to a key that takes yes or no.
#[must_use]
pub fn truth_of_value(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::String(text) => truth(text, Reader::Key),
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// In lower case, in upper case, or with a capital.
fn is_yaml(text: &str) -> bool {
    let tail = text.get(1..).unwrap_or_default();
    let lower = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase());
    let upper = |text: &str| text.bytes().all(|byte| byte.is_ascii_uppercase());
    lower(tail) || upper(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_differ_in_words_and_cases() {
        let check = |text: &str, expected: [Option<bool>; 5]| {
            let readers =
                [Reader::Yaml, Reader::Yaml11, Reader::Ansible, Reader::Key, Reader::Filter];
            assert_eq!(readers.map(|reader| truth(text, reader)), expected, "{text:?}");
        };
        let (yes, no) = (Some(true), Some(false));
        check("true", [yes; 5]);
        check("FALSE", [no; 5]);
        check("fALSE", [None, None, no, no, no]);
        check("On", [None, yes, yes, yes, yes]);
        check("nO", [None, None, no, no, no]);
        check(" no ", [None, None, None, no, no]);
        check("y", [None, None, None, yes, yes]);
        check("0", [None, None, no, no, no]);
        check("f", [None, None, None, None, no]);
        check("", [None, None, None, None, no]);
        check("maybe", [None; 5]);
        check("\u{e9}", [None; 5]);
    }
}
