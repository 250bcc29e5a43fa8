//! Names of files and roles: those that are known before the run, and patterns of those that a host decides.

use super::Reader;
use super::entry::Around;
use super::lower::short;
use crate::ast::control::ManifestLoop;
use crate::ast::{Layer, Piece, Spot};
use crate::wildcard::Pattern;
use crate::yaml::{Kind, Node};
use hep_protocol::expression::{Layers, Rank, Scope, Variables, has_expression};
use serde_json::Value;
use std::sync::Arc;

/// How many files may be candidates for one name.
const MAX_CANDIDATES: usize = 64;

/// What a name may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Using {
    /// What no host can change: magic variables and those of the command line.
    Certain,
    /// All variables of plays, roles and imports: names of imports are for all hosts the same.
    Static,
}

/// A name as far as it is known.
#[derive(Debug)]
pub(super) enum Named {
    /// The whole.
    Exactly(String),
    /// The host decides.
    Like(Pattern),
    /// Nothing is known of it.
    Unknown,
}

impl Reader<'_> {
    fn scope_of_names(&self, around: &Around, using: Using) -> Arc<dyn Scope> {
        let usable = |(rank, _): &&Layer| match using {
            Using::Certain => matches!(rank, Rank::Magic | Rank::Local),
            Using::Static => true,
        };
        let own = self.play.layers.iter().chain(&around.known);
        let role = around.role.iter().flat_map(|role| &role.layers);
        let mut layers = Layers::default();
        for (rank, Piece { node, .. }) in own.chain(role).filter(usable) {
            if let Value::Object(map) = node.to_json() {
                layers.add(*rank, Arc::new(Variables(map)));
            }
        }
        layers.add(Rank::Extra, Arc::new(Variables(self.settings.extra.clone())));
        Arc::new(layers)
    }

    /// A text whose expressions are replaced, if all of them are known.
    pub(super) fn known_text(&self, text: &str, around: &Around, using: Using) -> Option<String> {
        if !has_expression(text) {
            return Some(text.to_owned());
        }
        match self.language.text(text, &self.scope_of_names(around, using)) {
            Ok(Value::String(text)) => Some(text),
            Ok(Value::Number(number)) => Some(number.to_string()),
            Ok(_) | Err(_) => None,
        }
    }

    /// The name of a file that is read during the run.
    pub(super) fn named(&self, text: &str, around: &Around) -> Named {
        if let Some(text) = self.known_text(text, around, Using::Certain) {
            return Named::Exactly(text);
        }
        let certain = self.scope_of_names(around, Using::Certain);
        let usable = |pattern: &Pattern| pattern.says_something() && pattern.is_narrow();
        let pattern = Pattern::of_text(&self.language, text, &certain).filter(usable);
        if let Some(pattern) = pattern {
            return Named::Like(pattern);
        }
        // A variable alone: what plays and roles say of it.
        let name = text.trim().trim_start_matches("{{").trim_end_matches("}}").trim();
        let layers = self.play.layers.iter().chain(&around.known);
        let role = around.role.iter().flat_map(|role| &role.layers);
        let mut meant =
            layers.chain(role).filter_map(|(_, piece)| piece.node.entry(name)?.value.text());
        let meant = meant.next_back().map(str::to_owned);
        match meant.and_then(|meant| Pattern::of_text(&self.language, &meant, &certain)) {
            Some(pattern) if usable(&pattern) => Named::Like(pattern),
            Some(_) | None => Named::Unknown,
        }
    }

    /// What a variable alone stands for, as far as plays and roles say.
    pub(super) fn variable(&self, node: &Node, around: &Around) -> Option<Node> {
        let text = node.text()?.trim();
        let name = text.strip_prefix("{{")?.strip_suffix("}}")?.trim();
        let layers = self
            .play
            .layers
            .iter()
            .chain(around.role.iter().flat_map(|role| &role.layers))
            .chain(&around.known);
        let mut meant = layers.filter_map(|(_, piece)| Some(piece.node.entry(name)?.value.clone()));
        meant.next_back().filter(|node| matches!(node.kind, Kind::Seq(_) | Kind::Map(_)))
    }

    /// The names that a text gives in the rounds of a loop, if they are known before the run.
    pub(super) fn named_in_loop(
        &self,
        text: &str,
        each: Option<&ManifestLoop>,
        around: &Around,
    ) -> Option<Vec<String>> {
        let each = each?;
        let elements = |kind: &Spot| matches!(short(&kind.text), "items" | "list");
        if !each.kind.as_ref().is_none_or(elements) {
            return None;
        }
        let meant = self.variable(&each.over.node, around);
        let Kind::Seq(items) = &meant.as_ref().unwrap_or(&each.over.node).kind else {
            return None;
        };
        let name = |item: &Node| {
            let mut inner = around.clone();
            let (source, node) =
                (Arc::clone(&each.over.source), Node::below(&each.var, item.clone()));
            inner.known.push((Rank::Local, Piece { source, node }));
            self.known_text(text, &inner, Using::Certain)
        };
        items.iter().map(name).collect()
    }

    /// The files that a pattern may mean below directories, each as the host will name it; the first of one name counts.
    pub(super) fn candidates(
        pattern: &Pattern,
        directories: &[std::path::PathBuf],
    ) -> Option<Vec<(String, std::path::PathBuf)>> {
        let mut found: Vec<(String, std::path::PathBuf)> = Vec::new();
        for directory in directories {
            for written in pattern.matches(directory) {
                let path = directory.join(&written);
                if path.is_file() && !found.iter().any(|(known, _)| *known == written) {
                    found.push((written, path));
                }
                if found.len() > MAX_CANDIDATES {
                    return None;
                }
            }
        }
        Some(found)
    }
}
