//! YAML as a tree in which every node knows its place. The only module that names the YAML library.
//!
//! The library's own decoder is not used: it stops at the first mistake, and ours has to find them all. What differs
//! from YAML 1.2 is strictness alone: duplicate keys, tags of other programs and several documents are mistakes.
#![expect(clippy::disallowed_types, reason = "this is where YAML is read")]

mod build;
mod decode;
mod encrypted;
mod indentation;
mod json;
mod merge;
mod recover;
mod syntax;
mod tags;
mod version11;

pub(crate) use decode::decode_each;
pub(crate) use hep_protocol::words::shorten;
pub(crate) use indentation::{colon, dash};
pub(crate) use recover::{parse, parse_foreign};

use crate::source::Span;
use hep_protocol::decode::Tree;
use hep_protocol::truth::{Reader, truth};
use std::sync::Arc;

/// How many nodes a document may have after its aliases are expanded.
const MAX_NODES: u64 = 4_000_000;

/// How many nodes all its aliases may stand for, or ten times what is written, if that is more: each becomes a value of
/// its own where it is evaluated.
const MAX_ALIASED: u64 = 200_000;

/// How many bytes of text weigh as much as a node.
const BYTES_PER_NODE: usize = 64;

/// How deep collections may nest, aliases included.
const MAX_DEPTH: u16 = 64;

/// A value with its place. Cloning shares what is below.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Its place; of an alias, the alias itself.
    pub(crate) span: Span,
    pub(crate) kind: Kind,
    /// How many nodes it is, with everything below; a long text counts as several.
    weight: u64,
    /// How many collections it is deep.
    height: u16,
}

/// What a node is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Scalar(Scalar),
    Seq(Arc<Vec<Node>>),
    Map(Arc<Vec<Entry>>),
    /// Something a mistake was already reported for: it stands where its value would, and is no further mistake.
    Broken,
}

/// A scalar as text; what a plain one means depends on what it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scalar {
    pub(crate) text: Arc<str>,
    pub(crate) style: Style,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// May mean a number, a truth value or nothing.
    Plain,
    /// Quoted, a block, or tagged as text: a text whatever it looks like.
    Text,
}

/// One `key: value` of a mapping.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Key,
    pub(crate) value: Node,
}

/// The key of an entry: always a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) span: Span,
    pub(crate) text: Arc<str>,
}

/// What a scalar means by itself (YAML 1.2 core schema, decimal numbers in canonical form alone).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Meaning<'a> {
    Null,
    Bool(bool),
    Unsigned(u64),
    Negative(i64),
    Float(f64),
    Text(&'a str),
}

impl Entry {
    fn pair(&self) -> (&str, &Node) {
        (&self.key.text, &self.value)
    }
}

impl Node {
    /// The same at another place.
    pub(crate) fn placed(self, span: Span) -> Node {
        Node { span, ..self }
    }
}

impl Scalar {
    pub(crate) fn meaning(&self) -> Meaning<'_> {
        let text: &str = &self.text;
        match (self.style, text) {
            (Style::Text, _) => Meaning::Text(text),
            (Style::Plain, "" | "~" | "null" | "Null" | "NULL") => Meaning::Null,
            (Style::Plain, _) => {
                let truth = || truth(text, Reader::Yaml).map(Meaning::Bool);
                let number = || number(text).or_else(|| float(text));
                truth().or_else(number).unwrap_or(Meaning::Text(text))
            }
        }
    }
}

/// `0644` has a meaning to people that its value as a number would lose: only what prints as it was read is a number.
fn number(text: &str) -> Option<Meaning<'_>> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let canonical = digits.bytes().all(|byte| byte.is_ascii_digit())
        && (!digits.starts_with('0') || text == "0");
    if canonical {
        let unsigned = text.parse().map(Meaning::Unsigned).ok();
        unsigned.or_else(|| text.parse().map(Meaning::Negative).ok())
    } else {
        None
    }
}

/// `1.5` is a number; `1.10`, `1e3` and `.5` would not print as they were read.
fn float(text: &str) -> Option<Meaning<'_>> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    let value: f64 = if digits { text.parse().ok()? } else { return None };
    (value.is_finite() && format!("{value:?}") == text).then_some(Meaning::Float(value))
}

impl Node {
    fn new(span: Span, kind: Kind) -> Node {
        let (weight, height) = match &kind {
            Kind::Scalar(scalar) => (weight_of(&scalar.text), 0),
            Kind::Broken => (0, 0),
            Kind::Seq(items) => measure(items.iter()),
            Kind::Map(entries) => {
                let (weight, height) = measure(entries.iter().map(|entry| &entry.value));
                let keys = entries.iter().map(|entry| weight_of(&entry.key.text));
                (keys.fold(weight, u64::saturating_add), height)
            }
        };
        Node { span, kind, weight: weight.saturating_add(1), height }
    }

    /// Stands where something is wrong, which was reported.
    pub(crate) fn broken(span: Span) -> Node {
        Node::new(span, Kind::Broken)
    }

    /// Whether a part of it could not be read.
    pub(crate) fn has_broken(&self) -> bool {
        match &self.kind {
            Kind::Broken => true,
            Kind::Scalar(_) => false,
            Kind::Seq(items) => items.iter().any(Node::has_broken),
            Kind::Map(entries) => entries.iter().any(|entry| entry.value.has_broken()),
        }
    }

    /// In words: `a list`, `the number 3`.
    pub(crate) fn describe(&self) -> String {
        Tree::describe(self)
    }

    pub(crate) fn is_null(&self) -> bool {
        match &self.kind {
            Kind::Scalar(scalar) => scalar.meaning() == Meaning::Null,
            Kind::Seq(_) | Kind::Map(_) | Kind::Broken => false,
        }
    }

    /// The text of a scalar that is not nothing.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(scalar) if !self.is_null() => Some(&scalar.text),
            Kind::Scalar(_) | Kind::Seq(_) | Kind::Map(_) | Kind::Broken => None,
        }
    }

    /// The entries of a mapping; none for anything else.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            Kind::Scalar(_) | Kind::Seq(_) | Kind::Broken => &[],
        }
    }

    /// The items of a list, or what stands in place of a list: itself.
    pub(crate) fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::Seq(items) => items,
            Kind::Scalar(_) | Kind::Map(_) | Kind::Broken => std::slice::from_ref(self),
        }
    }

    /// The entry of a mapping with this key.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| &*entry.key.text == key)
    }

    /// The same without the innermost entry on a way of keys and numbers; `None` when no entry is on it.
    fn without(&self, way: &[String]) -> Option<Node> {
        let (step, rest) = way.split_first()?;
        let kind = match &self.kind {
            Kind::Seq(items) => {
                let mut items = items.as_ref().clone();
                let item = items.get_mut(step.parse::<usize>().ok()?)?;
                *item = item.without(rest)?;
                Kind::Seq(Arc::new(items))
            }
            Kind::Map(entries) => {
                let mut entries = entries.as_ref().clone();
                let at = entries.iter().position(|entry| *entry.key.text == **step)?;
                let entry = entries.get_mut(at)?;
                match entry.value.without(rest) {
                    Some(value) => entry.value = value,
                    None => drop(entries.remove(at)),
                }
                Kind::Map(Arc::new(entries))
            }
            Kind::Scalar(_) | Kind::Broken => return None,
        };
        Some(Node::new(self.span, kind))
    }
}

/// What a text weighs beside its node.
fn weight_of(text: &str) -> u64 {
    (text.len() / BYTES_PER_NODE) as u64
}

fn measure<'n>(below: impl Iterator<Item = &'n Node>) -> (u64, u16) {
    let add = |(weight, height): (u64, u16), node: &Node| {
        (weight.saturating_add(node.weight), height.max(node.height.saturating_add(1)))
    };
    below.fold((0, 1), add)
}
