//! Values of keys: texts, lists of texts, truths, conditions, each with its place. Says what is wrong with those that are
//! something else.

use super::parameter;
use crate::ast::{Piece, Spot};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::Source;
use crate::yaml::{Entry, Kind, Meaning, Node, shorten};
use hep_protocol::decode::decode;
use hep_protocol::expression::has_expression;
use hep_protocol::names::{Giver, is_name, no_name, refused};
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// One `key: value` of a file, and where mistakes go.
pub(crate) struct Value<'a> {
    pub(crate) source: &'a Arc<Source>,
    pub(crate) entry: &'a Entry,
    pub(crate) problems: &'a mut Diagnostics,
}

impl Value<'_> {
    fn node(&self) -> &Node {
        &self.entry.value
    }

    pub(crate) fn piece(&self) -> Piece {
        Piece { source: Arc::clone(self.source), node: self.entry.value.clone() }
    }

    fn spot_of(&self, node: &Node, text: impl Into<String>) -> Spot {
        Spot { text: text.into(), source: Arc::clone(self.source), span: node.span }
    }

    /// A mistake at the value.
    pub(crate) fn refuse(&mut self, message: impl Into<String>, hint: impl Into<String>) {
        let problem = Diagnostic::at(self.source, self.entry.value.span, message).hint(hint);
        self.problems.push(problem);
    }

    /// The value is something else than wanted: `takes` in words.
    fn takes(&mut self, node: &Node, takes: &str, hint: &str) {
        if matches!(node.kind, Kind::Broken) {
            return;
        }
        let key = shorten(&self.entry.key.text);
        let problem = if node.is_null() {
            Diagnostic::at(self.source, node.span, format!("`{key}` has no value"))
                .hint("write a value after it, or remove the key")
        } else {
            let message = format!("`{key}` takes {takes}, found {}", node.describe());
            Diagnostic::at(self.source, node.span, message).hint(hint)
        };
        self.problems.push(problem);
    }

    fn decode<T: DeserializeOwned>(&mut self) -> Option<T> {
        match decode(&self.entry.value) {
            Ok(value) => Some(value),
            Err(mistake) => {
                let mistake = mistake.under(&self.entry.key.text);
                let place = parameter::Place {
                    source: self.source,
                    module: "a task",
                    words: parameter::Words::Keys,
                    key: self.entry.key.span,
                };
                let explained = place.explain(&mistake, &self.entry.value);
                explained.into_iter().for_each(|d| self.problems.push(d));
                None
            }
        }
    }

    pub(crate) fn text(&mut self) -> Option<Spot> {
        let text: String = self.decode()?;
        Some(self.spot_of(self.node(), text))
    }

    pub(crate) fn truth(&mut self) -> Option<bool> {
        self.decode()
    }

    /// A truth value, or an expression that gives one.
    pub(crate) fn truth_or_expression(&mut self) -> Option<Piece> {
        if self.node().text().is_some_and(has_expression) {
            Some(self.piece())
        } else {
            self.truth().map(|_| self.piece())
        }
    }

    /// A name that variables may have.
    pub(crate) fn name(&mut self) -> Option<Spot> {
        let name = self.text()?;
        if is_name(&name.text) {
            Some(name)
        } else {
            let (message, hint) = no_name(&name.text);
            self.refuse(message, hint);
            None
        }
    }

    /// One text or a list of them.
    pub(crate) fn texts(&mut self) -> Vec<Spot> {
        let node = self.entry.value.clone();
        let mut found = Vec::new();
        for item in node.items() {
            match item.text() {
                Some(text) => found.push(self.spot_of(item, text)),
                None => self.takes(item, "a text or a list of texts", "write `[one, two]`"),
            }
        }
        found
    }

    /// The same, where several may stand in one text with commas between them.
    pub(crate) fn words(&mut self) -> Vec<Spot> {
        let mut words = Vec::new();
        for spot in self.texts() {
            let parts = spot.text.split(',').map(str::trim).filter(|part| !part.is_empty());
            words.extend(parts.map(|part| Spot { text: part.to_owned(), ..spot.clone() }));
        }
        words
    }

    /// Expressions that all must hold.
    pub(crate) fn conditions(&mut self) -> Vec<Spot> {
        let node = self.entry.value.clone();
        let mut found = Vec::new();
        for item in node.items() {
            let meaning = match &item.kind {
                Kind::Scalar(scalar) => Some(scalar.meaning()),
                Kind::Seq(_) | Kind::Map(_) | Kind::Broken => None,
            };
            match meaning {
                Some(Meaning::Bool(value)) => found.push(self.spot_of(item, value.to_string())),
                Some(Meaning::Text(text)) if !text.trim().is_empty() => {
                    found.push(self.spot_of(item, text));
                }
                Some(
                    Meaning::Null
                    | Meaning::Unsigned(_)
                    | Meaning::Negative(_)
                    | Meaning::Float(_)
                    | Meaning::Text(_),
                )
                | None => self.takes(
                    item,
                    "an expression",
                    "write a condition as `os.family == \"debian\"`, or a list of them",
                ),
            }
        }
        found
    }

    /// A whole number, or an expression that gives one.
    pub(crate) fn number(&mut self) -> Option<Piece> {
        if self.node().text().is_some_and(has_expression) {
            Some(self.piece())
        } else {
            self.decode::<u32>().map(|_| self.piece())
        }
    }

    /// A mapping of names to anything.
    pub(crate) fn variables(&mut self) -> Option<Piece> {
        let node = self.entry.value.clone();
        match &node.kind {
            Kind::Map(entries) => {
                let bad = entries.iter().filter_map(|entry| bad_variable(self.source, entry));
                let bad: Vec<Diagnostic> = bad.collect();
                bad.into_iter().for_each(|problem| self.problems.push(problem));
                Some(self.piece())
            }
            // Others that name them make no mistake by that.
            Kind::Broken => Some(self.piece()),
            Kind::Scalar(_) | Kind::Seq(_) => {
                let hint = match &node.kind {
                    Kind::Seq(_) => {
                        "write each as `name: value` on a line of its own, without a `-`"
                    }
                    Kind::Scalar(_) | Kind::Map(_) | Kind::Broken => "write `{name: value}`",
                };
                self.takes(&node, "a mapping", hint);
                Some(Piece { node: Node::broken(node.span), ..self.piece() })
            }
        }
    }

    /// A mapping of names to texts, or an expression that gives one.
    pub(crate) fn environment(&mut self) -> Option<Piece> {
        let node = self.entry.value.clone();
        match &node.kind {
            Kind::Map(entries) => {
                for entry in entries.iter() {
                    let name: &str = &entry.key.text;
                    if name.is_empty() || name.contains(['=', '\0']) {
                        let message = "this is not a valid name for an environment variable";
                        let problem = Diagnostic::at(self.source, entry.key.span, message);
                        self.problems.push(problem.hint("write `{NAME: value}`"));
                    }
                    if entry.value.text().is_none() && !matches!(entry.value.kind, Kind::Broken) {
                        let inner = Value { source: self.source, entry, problems: self.problems };
                        let (mut inner, node) = (inner, entry.value.clone());
                        inner.takes(&node, "a text", "write a text, with quotes where it is empty");
                    }
                }
                Some(self.piece())
            }
            Kind::Scalar(_) if node.text().is_some_and(has_expression) => Some(self.piece()),
            Kind::Broken => None,
            Kind::Scalar(_) | Kind::Seq(_) => {
                self.takes(&node, "a mapping", "write `{NAME: value}`");
                None
            }
        }
    }
}

/// What is wrong with a word that YAML no longer takes for a truth value.
pub(crate) fn ambiguous(word: &str) -> String {
    format!("`{word}` could mean a truth value or the word itself")
}

/// What is wrong with a variable: its name, or an ambiguous word in its value.
pub(crate) fn bad_variable(source: &Arc<Source>, entry: &Entry) -> Option<Diagnostic> {
    if let Some((message, hint)) = refused(&entry.key.text, Giver::Variables) {
        return Some(Diagnostic::at(source, entry.key.span, message).hint(hint));
    }
    let (node, truth) = entry.value.yes_or_no()?;
    let word = node.text().unwrap_or_default();
    let message = ambiguous(word);
    let hint = format!("write `{truth}`, or `\"{word}\"` for the word itself");
    Some(Diagnostic::at(source, node.span, message).hint(hint))
}
