//! Every text, number and truth value somewhere in a value, as JSON has them. No tree of the whole is made: a plan may be
//! very long.

use serde::Serialize;
use serde_json::Error;
use serde_json::ser::{CharEscape, Formatter, Serializer};
use std::io::{Result, Write};

/// A leaf of a value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Leaf<'a> {
    Text(&'a str),
    /// A number, a truth value or nothing, as JSON writes it.
    Other(&'a str),
}

/// Shows every leaf to `look`: first the texts, then all others. Keys are no leaves.
///
/// # Errors
/// The value cannot be looked through.
pub(crate) fn visit(
    value: &impl Serialize,
    look: &mut dyn FnMut(Leaf<'_>),
) -> std::result::Result<(), Error> {
    let mut others = Vec::new();
    let texts = Texts { look: &mut *look, text: String::new(), is_key: false };
    value.serialize(&mut Serializer::with_formatter(&mut others, texts))?;
    let others = String::from_utf8_lossy(&others);
    others
        .split(['[', ']', '{', '}', ',', ':'])
        .filter(|leaf| !leaf.is_empty())
        .map(Leaf::Other)
        .for_each(look);
    Ok(())
}

/// Takes the texts out of what is written.
struct Texts<'a> {
    look: &'a mut dyn FnMut(Leaf<'_>),
    /// The text that is being written.
    text: String,
    is_key: bool,
}

impl Formatter for Texts<'_> {
    fn begin_object_key<W: Write + ?Sized>(&mut self, writer: &mut W, _: bool) -> Result<()> {
        self.is_key = true;
        writer.write_all(b",")
    }

    fn end_object_key<W: Write + ?Sized>(&mut self, _: &mut W) -> Result<()> {
        self.is_key = false;
        Ok(())
    }

    fn begin_string<W: Write + ?Sized>(&mut self, _: &mut W) -> Result<()> {
        self.text.clear();
        Ok(())
    }

    fn write_string_fragment<W: Write + ?Sized>(&mut self, _: &mut W, text: &str) -> Result<()> {
        self.text.push_str(text);
        Ok(())
    }

    fn write_char_escape<W: Write + ?Sized>(&mut self, _: &mut W, c: CharEscape) -> Result<()> {
        self.text.push(match c {
            CharEscape::Quote => '"',
            CharEscape::ReverseSolidus => '\\',
            CharEscape::Solidus => '/',
            CharEscape::Backspace => '\x08',
            CharEscape::FormFeed => '\x0c',
            CharEscape::LineFeed => '\n',
            CharEscape::CarriageReturn => '\r',
            CharEscape::Tab => '\t',
            CharEscape::AsciiControl(byte) => char::from(byte),
        });
        Ok(())
    }

    fn end_string<W: Write + ?Sized>(&mut self, _: &mut W) -> Result<()> {
        if !self.is_key {
            (self.look)(Leaf::Text(&self.text));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hep_protocol::plan::{OnError, Play, Spec, Task};
    use serde_json::{Value, json};

    fn leaves(value: &impl Serialize) -> Vec<String> {
        let mut found = Vec::new();
        let mut look = |leaf: Leaf<'_>| match leaf {
            Leaf::Text(text) | Leaf::Other(text) => found.push(text.to_owned()),
        };
        visit(value, &mut look).unwrap();
        found.retain(|leaf| leaf != "null");
        found.sort();
        found
    }

    /// Those of the tree that JSON would be.
    fn of_tree(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Null => {}
            Value::String(text) => found.push(text.clone()),
            Value::Bool(_) | Value::Number(_) => found.push(value.to_string()),
            Value::Array(items) => items.iter().for_each(|item| of_tree(item, found)),
            Value::Object(entries) => entries.values().for_each(|value| of_tree(value, found)),
        }
    }

    #[test]
    fn leaves_are_those_of_the_json_tree() {
        let spec = json!({"file": {"content": "a\n\"b\" \\ \u{1}\t\u{8}\u{c}\r", "dest": "/srv/x", "mode": 644}});
        let task = Task {
            name: "a task".into(),
            spec: Spec::Typed(serde_json::from_value(spec).unwrap()),
            sources: vec![],
            on_error: OnError::Stop,
            control: None,
        };
        let play = Play { tasks: vec![task], handlers: vec![7], ..Play::default() };
        let mut expected = Vec::new();
        of_tree(&serde_json::to_value(&play).unwrap(), &mut expected);
        expected.sort();
        assert_eq!(leaves(&play), expected);
        let some = json!({"a": [1, -2, 1.5, null, true], "b": {"c": "d"}});
        assert_eq!(leaves(&some), ["-2", "1", "1.5", "d", "true"]);
    }
}
