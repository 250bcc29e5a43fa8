//! Values of YAML files as Ansible's users mean them. In Ansible's dialect they are those of YAML 1.1.
//!
//! In hep's, as everywhere, only what prints as it was written is a number: `0644` and `1.10` are texts. Unlike in
//! manifests `yes`, `no`, `on` and `off` are truth values, since Ansible reads these files so.

use crate::yaml::{Kind, Node, Scalar, Style};
use hep_protocol::dialect::Dialect;
use hep_protocol::truth::{Reader, truth};
use serde_json::{Map, Value};

/// A node as a value; `None` when part of it is broken, which was reported.
pub(super) fn of(node: &Node, dialect: Dialect) -> Option<Value> {
    let of = |node: &Node| of(node, dialect);
    match &node.kind {
        Kind::Broken => None,
        Kind::Scalar(scalar) => Some(match dialect {
            Dialect::Hep => of_scalar(scalar),
            Dialect::Ansible => scalar.meaning_11().into(),
        }),
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
