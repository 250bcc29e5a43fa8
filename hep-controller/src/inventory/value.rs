//! Values of YAML files as Ansible's users mean them.
//!
//! As everywhere in hep, only what prints as it was written is a number: `0644` and `1.10` are texts. Unlike in
//! manifests `yes`, `no`, `on` and `off` are truth values, since Ansible reads these files so.

use crate::yaml::{Kind, Node, Scalar, Style};
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
    let plain = (scalar.style == Style::Plain).then_some(&scalar.text);
    let meant = plain.and_then(|text| truth(text, Reader::Yaml11));
    meant.map_or_else(|| scalar.meaning().into(), Value::Bool)
}
