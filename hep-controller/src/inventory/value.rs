//! Values of YAML files as Ansible's users mean them.
//!
//! As everywhere in hep, only what prints as it was written is a number: `0644` and `1.10` are texts. Unlike in
//! manifests `yes`, `no`, `on` and `off` are truth values, since Ansible reads these files so.

use crate::yaml::{Kind, Meaning, Node, Scalar, Style};
use hep_protocol::truth::{Reader, truth};
use serde_json::{Map, Value};

/// A node as a value; `None` when part of it is broken, which was reported.
pub(super) fn of(node: &Node) -> Option<Value> {
    match &node.kind {
        Kind::Broken => None,
        Kind::Scalar(scalar) => Some(of_scalar(scalar)),
        Kind::Seq(items) => items.iter().map(of).collect::<Option<Vec<Value>>>().map(Value::Array),
        Kind::Map(entries) => {
            let pair =
                |entry: &crate::yaml::Entry| Some((entry.key.text.to_string(), of(&entry.value)?));
            entries.iter().map(pair).collect::<Option<Map<String, Value>>>().map(Value::Object)
        }
    }
}

fn of_scalar(scalar: &Scalar) -> Value {
    match scalar.meaning() {
        Meaning::Null => Value::Null,
        Meaning::Bool(value) => Value::Bool(value),
        Meaning::Unsigned(number) => Value::from(number),
        Meaning::Negative(number) => Value::from(number),
        Meaning::Float(number) => Value::from(number),
        Meaning::Text(text) if scalar.style == Style::Plain => plain(text),
        Meaning::Text(text) => Value::from(text),
    }
}

/// A plain text that has a meaning here.
fn plain(text: &str) -> Value {
    truth(text, Reader::Yaml11).map_or_else(|| Value::from(text), Value::Bool)
}
