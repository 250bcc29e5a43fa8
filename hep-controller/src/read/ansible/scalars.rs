//! Values as YAML 1.1 means them, and the truth values, texts and lists that Ansible's keywords take.

use crate::ast::{Piece, Spot};
use crate::source::Source;
use crate::yaml::{Entry, Kind, Meaning, Node};
use hep_protocol::expression::has_expression;
use std::sync::Arc;

/// A value whose scalars, read as hep's own reader does, mean what they mean in YAML 1.1.
pub(super) fn canonical(node: &Node) -> Node {
    match &node.kind {
        Kind::Scalar(scalar) => {
            let meant = scalar.meaning_11();
            if meant == scalar.meaning() {
                return node.clone();
            }
            match meant {
                Meaning::Text(text) => Node::of_text(text, node.span),
                Meaning::Null => Node::of_word("", node.span),
                Meaning::Bool(value) => Node::of_word(&value.to_string(), node.span),
                Meaning::Unsigned(value) => Node::of_word(&value.to_string(), node.span),
                Meaning::Negative(value) => Node::of_word(&value.to_string(), node.span),
                Meaning::Float(value) => Node::of_word(&format!("{value:?}"), node.span),
            }
        }
        Kind::Seq(items) => Node::of_list(items.iter().map(canonical).collect(), node.span),
        Kind::Map(entries) => {
            let entry =
                |entry: &Entry| Entry { key: entry.key.clone(), value: canonical(&entry.value) };
            node.with_entries(entries.iter().map(entry).collect())
        }
        Kind::Broken => node.clone(),
    }
}

/// A value with its file.
pub(super) fn piece(source: &Arc<Source>, node: &Node) -> Piece {
    Piece { source: Arc::clone(source), node: canonical(node) }
}

/// A text with its place.
pub(super) fn spot(source: &Arc<Source>, node: &Node, text: impl Into<String>) -> Spot {
    Spot { text: text.into(), source: Arc::clone(source), span: node.span }
}

/// What a keyword says that takes a truth value.
pub(super) enum Truth {
    Known(bool),
    /// An expression in braces.
    Asked(Spot),
    /// Nothing is written.
    Absent,
    Wrong,
}

/// Reads a truth value as Ansible's keywords take it.
pub(super) fn truth(source: &Arc<Source>, node: &Node) -> Truth {
    let Kind::Scalar(scalar) = &node.kind else { return Truth::Wrong };
    match scalar.meaning_11() {
        Meaning::Null => Truth::Absent,
        Meaning::Bool(value) => Truth::Known(value),
        Meaning::Unsigned(0) => Truth::Known(false),
        Meaning::Unsigned(1) => Truth::Known(true),
        Meaning::Text(text) if has_expression(text) => Truth::Asked(spot(source, node, text)),
        Meaning::Text(text) => match text.to_ascii_lowercase().as_str() {
            "yes" | "on" | "true" | "1" | "y" | "t" => Truth::Known(true),
            "no" | "off" | "false" | "0" | "n" | "f" => Truth::Known(false),
            _ => Truth::Wrong,
        },
        Meaning::Unsigned(_) | Meaning::Negative(_) | Meaning::Float(_) => Truth::Wrong,
    }
}

/// One text or a list of them; `None` where something else stands.
pub(super) fn texts(source: &Arc<Source>, node: &Node) -> Option<Vec<Spot>> {
    let mut found = Vec::new();
    for item in node.items() {
        match &item.kind {
            Kind::Scalar(_) if item.is_null() => {}
            Kind::Scalar(scalar) => found.push(spot(source, item, &*scalar.text)),
            Kind::Broken => {}
            Kind::Seq(_) => found.extend(texts(source, item)?),
            Kind::Map(_) => return None,
        }
    }
    Some(found)
}

/// The same, where several may stand in one text with commas between them.
pub(super) fn words(source: &Arc<Source>, node: &Node) -> Option<Vec<Spot>> {
    let mut words = Vec::new();
    for one in texts(source, node)? {
        let parts = one.text.split(',').map(str::trim).filter(|part| !part.is_empty());
        words.extend(parts.map(|part| Spot { text: part.to_owned(), ..one.clone() }));
    }
    Some(words)
}

/// Conditions: a text, a truth value or a list of both. `None` where something else stands.
pub(super) fn conditions(source: &Arc<Source>, node: &Node) -> Option<Vec<Spot>> {
    let mut found = Vec::new();
    for item in node.items() {
        match &item.kind {
            Kind::Broken => {}
            Kind::Scalar(scalar) => match scalar.meaning_11() {
                // What is nothing asks for nothing.
                Meaning::Null => {}
                Meaning::Bool(value) => found.push(spot(source, item, value.to_string())),
                Meaning::Text(_)
                | Meaning::Unsigned(_)
                | Meaning::Negative(_)
                | Meaning::Float(_) => {
                    found.push(spot(source, item, &*scalar.text));
                }
            },
            Kind::Seq(_) | Kind::Map(_) => return None,
        }
    }
    Some(found)
}
