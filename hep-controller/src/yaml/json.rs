//! Between nodes and values without places: what variables and parameters with expressions travel as.

use super::{Entry, Key, Kind, Meaning, Node, Scalar, Style};
use crate::source::{Source, Span};
use hep_protocol::truth::truth_of_yaml11;
use serde_json::{Map, Value};
use std::sync::Arc;

impl From<Meaning<'_>> for Value {
    fn from(meaning: Meaning<'_>) -> Value {
        match meaning {
            Meaning::Null => Value::Null,
            Meaning::Bool(value) => Value::from(value),
            Meaning::Unsigned(value) => Value::from(value),
            Meaning::Negative(value) => Value::from(value),
            Meaning::Float(value) => Value::from(value),
            Meaning::Text(text) => Value::from(text),
        }
    }
}

impl Node {
    /// The value, with scalars as they mean by themselves. What is broken is nothing.
    pub(crate) fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Broken => Value::Null,
            Kind::Scalar(scalar) => scalar.meaning().into(),
            Kind::Seq(items) => Value::Array(items.iter().map(Node::to_json).collect()),
            Kind::Map(entries) => {
                let pair = |entry: &Entry| (entry.key.text.to_string(), entry.value.to_json());
                let readable = |entry: &&Entry| !matches!(entry.value.kind, Kind::Broken);
                Value::Object(entries.iter().filter(readable).map(pair).collect::<Map<_, _>>())
            }
        }
    }

    /// The first scalar that YAML 1.1 took for a truth value and that is a text today, with what was meant.
    pub(crate) fn yes_or_no(&self) -> Option<(&Node, bool)> {
        match &self.kind {
            Kind::Broken => None,
            Kind::Scalar(Scalar { style: Style::Text, .. }) => None,
            Kind::Scalar(scalar) => Some((self, truth_of_yaml11(&scalar.text)?)),
            Kind::Seq(items) => items.iter().find_map(Node::yes_or_no),
            Kind::Map(entries) => entries.iter().find_map(|entry| entry.value.yes_or_no()),
        }
    }

    /// Whether any text in it is one of those.
    pub(crate) fn any_text(&self, is: &impl Fn(&str) -> bool) -> bool {
        match &self.kind {
            Kind::Broken => false,
            Kind::Scalar(scalar) => is(&scalar.text),
            Kind::Seq(items) => items.iter().any(|item| item.any_text(is)),
            Kind::Map(entries) => entries.iter().any(|entry| entry.value.any_text(is)),
        }
    }

    /// The innermost value of a place.
    pub(crate) fn find(&self, span: Span) -> Option<&Node> {
        let below = match &self.kind {
            Kind::Scalar(_) | Kind::Broken => None,
            Kind::Seq(items) => items.iter().find_map(|item| item.find(span)),
            Kind::Map(entries) => entries.iter().find_map(|entry| entry.value.find(span)),
        };
        below.or((self.span == span).then_some(self))
    }

    /// Shows every text in it.
    pub(crate) fn each_text(&self, see: &mut dyn FnMut(&str)) {
        match &self.kind {
            Kind::Broken => {}
            Kind::Scalar(scalar) => see(&scalar.text),
            Kind::Seq(items) => items.iter().for_each(|item| item.each_text(see)),
            Kind::Map(entries) => entries.iter().for_each(|entry| entry.value.each_text(see)),
        }
    }

    /// A mapping of the same place with other entries.
    pub(crate) fn with_entries(&self, entries: Vec<Entry>) -> Node {
        Node::new(self.span, Kind::Map(Arc::new(entries)))
    }

    /// A list of the same place.
    pub(crate) fn with_items(&self, items: Vec<Node>) -> Node {
        Node::new(self.span, Kind::Seq(Arc::new(items)))
    }

    /// The same with something broken in place of each text that is one of those: a mistake in it is not reported.
    pub(crate) fn without_texts(&self, is: &impl Fn(&str) -> bool) -> Node {
        let kind = match &self.kind {
            Kind::Scalar(scalar) if is(&scalar.text) => Kind::Broken,
            Kind::Scalar(_) | Kind::Broken => self.kind.clone(),
            Kind::Seq(items) => {
                Kind::Seq(Arc::new(items.iter().map(|item| item.without_texts(is)).collect()))
            }
            Kind::Map(entries) => {
                let without = |entry: &Entry| Entry {
                    key: entry.key.clone(),
                    value: entry.value.without_texts(is),
                };
                Kind::Map(Arc::new(entries.iter().map(without).collect()))
            }
        };
        Node::new(self.span, kind)
    }

    /// The node at the end of a way of keys and numbers, or the last that is on it.
    pub(crate) fn at(&self, way: &[String]) -> &Node {
        let Some((step, rest)) = way.split_first() else { return self };
        let below = match &self.kind {
            Kind::Seq(items) => step.parse().ok().and_then(|at: usize| items.get(at)),
            Kind::Map(_) => self.entry(step).map(|entry| &entry.value),
            Kind::Scalar(_) | Kind::Broken => None,
        };
        below.map_or(self, |node| node.at(rest))
    }

    /// A value with the places of what it was made from; what has none of its own has that of its collection.
    pub(crate) fn rendered(&self, value: &Value) -> Node {
        let plain = |text: String| scalar(&text, Style::Plain);
        let kind = match value {
            Value::Null => plain(String::new()),
            Value::Bool(value) => plain(value.to_string()),
            Value::Number(number) => plain(number.to_string()),
            Value::String(text) => match &self.kind {
                // What was not rendered means what it meant.
                Kind::Scalar(own) if *own.text == **text => Kind::Scalar(own.clone()),
                Kind::Scalar(_) | Kind::Seq(_) | Kind::Map(_) | Kind::Broken => {
                    scalar(text, Style::Text)
                }
            },
            Value::Array(items) => {
                let place = |at: usize| self.at(&[at.to_string()]);
                let item = |(at, item): (usize, &Value)| place(at).rendered(item);
                Kind::Seq(Arc::new(items.iter().enumerate().map(item).collect()))
            }
            Value::Object(map) => {
                let entry = |(key, value): (&String, &Value)| {
                    let own = self.entry(key);
                    let span = own.map_or(self.span, |entry| entry.key.span);
                    let value = own.map_or(self, |entry| &entry.value).rendered(value);
                    Entry { key: Key { span, text: key.as_str().into() }, value }
                };
                Kind::Map(Arc::new(map.iter().map(entry).collect()))
            }
        };
        Node::new(self.span, kind)
    }

    /// A scalar of a file, for who knows its text and place alone.
    pub(crate) fn of_scalar(source: &Source, span: Span, text: &str) -> Node {
        let plain = source.slice(span) == text;
        Node::new(span, scalar(text, if plain { Style::Plain } else { Style::Text }))
    }

    /// A mapping with this value alone, at the value's own place.
    pub(crate) fn below(key: &str, value: Node) -> Node {
        let span = value.span;
        let key = Key { span, text: key.into() };
        Node::new(span, Kind::Map(Arc::new(vec![Entry { key, value }])))
    }

    /// The same mapping with another value at one of its entries.
    pub(crate) fn with(&self, number: usize, value: Node) -> Node {
        let mut entries = self.entries().to_vec();
        entries.get_mut(number).into_iter().for_each(|entry| entry.value = value.clone());
        Node::new(self.span, Kind::Map(Arc::new(entries)))
    }

    /// A list that is written nowhere but here.
    pub(crate) fn of_list(items: Vec<Node>, span: Span) -> Node {
        Node::new(span, Kind::Seq(Arc::new(items)))
    }

    /// A text that is written nowhere but here.
    pub(crate) fn of_text(text: &str, span: Span) -> Node {
        Node::new(span, scalar(text, Style::Text))
    }

    /// A word that is written nowhere but here, and may mean a number, a truth value or nothing.
    pub(crate) fn of_word(text: &str, span: Span) -> Node {
        Node::new(span, scalar(text, Style::Plain))
    }
}

fn scalar(text: &str, style: Style) -> Kind {
    Kind::Scalar(Scalar { text: text.into(), style })
}
