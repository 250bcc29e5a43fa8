//! `first_found`: the first of several names that is there, as a loop or a lookup; the host chooses among those that may be.

use super::Reader;
use super::entry::Around;
use super::include::{too_many, unknowable};
use super::inherit::Keys;
use super::names::Named;
use super::scalars::{self, Truth};
use crate::ast::control::ManifestLoop;
use crate::ast::{Layer, Piece, Spot};
use crate::diagnostic::Diagnostic;
use crate::source::Source;
use crate::wildcard::Pattern;
use crate::yaml::{Kind, Node};
use hep_protocol::expression::Rank;
use std::path::PathBuf;
use std::sync::Arc;

/// Under which it finds what `with_first_found` names, and which of those are there.
const WANTED: &str = "hep_wanted_files";
const FOUND: &str = "hep_found_files";

/// The name of the first that is there, where no loop gives it another.
pub(super) const ITEM: &str = "item";

/// What `with_first_found` asks for.
pub(super) struct FirstFound {
    /// The names, as one list.
    names: Vec<Node>,
    /// Whether it is no mistake if none is there.
    skip: bool,
    /// Whether it is a loop, and not the lookup.
    pub(super) is_loop: bool,
    /// The name that the task has for the one that is there.
    pub(super) var: String,
}

impl FirstFound {
    /// The loop over the one that is there.
    pub(super) fn each(&self, file: &Spot) -> ManifestLoop {
        let there = format!("{WANTED} | select('in', {FOUND}) | list");
        let over = match self.skip {
            true => format!("{{{{ ({there})[:1] }}}}"),
            false => format!("{{{{ [{there} | first | mandatory('no file was found')] }}}}"),
        };
        let over = Node::of_text(&over, file.span);
        let source = Arc::clone(&file.source);
        ManifestLoop { var: self.var.clone(), ..ManifestLoop::over(Piece { source, node: over }) }
    }
}

impl Reader<'_> {
    /// The files that several names may be, each as the host names it.
    pub(super) fn found(
        &mut self,
        file: &Spot,
        first: &FirstFound,
        inner: &Around,
        directories: &[PathBuf],
    ) -> Result<Vec<(String, PathBuf)>, Box<Diagnostic>> {
        let mut found: Vec<(String, PathBuf)> = Vec::new();
        for name in first.names.iter().filter_map(Node::text) {
            let pattern = match self.named(name, inner) {
                Named::Exactly(name) => Pattern::exactly(&name),
                Named::Like(pattern) => pattern,
                Named::Unknown => return Err(unknowable(file).into()),
            };
            let more =
                Self::candidates(&pattern, directories).ok_or_else(|| Box::new(too_many(file)))?;
            let new =
                more.into_iter().filter(|(name, _)| !found.iter().any(|(known, _)| known == name));
            let new: Vec<_> = new.collect();
            found.extend(new);
        }
        Ok(found)
    }

    /// `with_first_found`, taken out of the keywords.
    pub(super) fn first_found(
        &mut self,
        keys: &mut Keys,
        around: &Around,
        below: &str,
    ) -> Option<FirstFound> {
        let kind = keys.each.as_ref()?.kind.as_ref()?;
        if super::lower::short(&kind.text) != "first_found" {
            return None;
        }
        let each = keys.each.take()?;
        let first = self.terms(&each.over, around, below);
        Some(FirstFound { is_loop: true, var: each.var, ..first })
    }

    /// The names that `first_found` is given: texts, lists, or mappings with `files` and `paths`.
    pub(super) fn terms(&mut self, terms: &Piece, around: &Around, below: &str) -> FirstFound {
        let var = ITEM.to_owned();
        let mut first = FirstFound { names: Vec::new(), skip: false, is_loop: false, var };
        self.terms_of(&terms.node, around, below, &mut first);
        first
    }

    fn terms_of(&mut self, node: &Node, around: &Around, below: &str, first: &mut FirstFound) {
        for item in node.items() {
            match &item.kind {
                Kind::Seq(_) => self.terms_of(item, around, below, first),
                Kind::Scalar(_) => match self.variable(item, around) {
                    Some(meant) => self.terms_of(&meant, around, below, first),
                    None => first.names.push(item.clone()),
                },
                Kind::Map(_) => {
                    let truth = item.entry("skip").map(|entry| &entry.value);
                    let here = Arc::new(Source { path: PathBuf::new(), text: String::new() });
                    first.skip |= truth.is_some_and(|node| {
                        matches!(scalars::truth(&here, node), Truth::Known(true))
                    });
                    let files = item.entry("files").map(|entry| entry.value.clone());
                    let files = files.map(|files| self.variable(&files, around).unwrap_or(files));
                    let paths = item.entry("paths").map(|entry| entry.value.clone());
                    for file in files.iter().flat_map(Node::items) {
                        let Some(name) = file.text() else { continue };
                        match &paths {
                            None => first.names.push(file.clone()),
                            Some(paths) => {
                                for path in paths.items().iter().filter_map(Node::text) {
                                    // Names of directories that are searched anyway would be there twice.
                                    let path = path.trim_end_matches('/');
                                    let whole = if path == below {
                                        name.to_owned()
                                    } else {
                                        format!("{path}/{name}")
                                    };
                                    first.names.push(Node::of_text(&whole, file.span));
                                }
                            }
                        }
                    }
                }
                Kind::Broken => {}
            }
        }
    }
}

/// What lets the host find the first of several names that is there, under `item`.
pub(super) fn first_layers(
    file: &Spot,
    first: &FirstFound,
    found: &[(String, PathBuf)],
) -> Vec<Layer> {
    let span = file.span;
    let text = |text: &str| Node::of_text(text, span);
    let found = Node::of_list(found.iter().map(|(name, _)| text(name)).collect(), span);
    let none = if first.skip { "''" } else { "hep_wanted_files | join(', ')" };
    let item = format!("{{{{ ({WANTED} | select('in', {FOUND}) | list + [{none}]) | first }}}}");
    let layer = |name: &str, node: Node| {
        (Rank::Local, Piece { source: Arc::clone(&file.source), node: Node::below(name, node) })
    };
    vec![
        layer(WANTED, Node::of_list(first.names.clone(), span)),
        layer(FOUND, found),
        layer(ITEM, text(&item)),
    ]
}
