//! The names that a role's tasks have for it.

use crate::ast::{Piece, Spot};
use crate::yaml::{Entry, Node};
use std::path::Path;
use std::sync::Arc;

/// The names that a role has for itself.
/// `parents` are the roles that led to it, the nearest first: names and paths.
pub(super) fn magic(
    asked: &Spot,
    name: &str,
    full: &str,
    collection: Option<&str>,
    path: &Path,
    parents: &[(String, String)],
) -> Piece {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let text = |text: &str| Node::of_text(text, asked.span);
    let entry = |key: &str, value: Node| Entry {
        key: crate::yaml::Key { span: asked.span, text: key.into() },
        value,
    };
    let mut entries = vec![
        entry("role_name", text(name)),
        entry("ansible_role_name", text(full)),
        entry("role_path", text(&path.to_string_lossy())),
    ];
    entries.extend(collection.map(|collection| entry("ansible_collection_name", text(collection))));
    if !parents.is_empty() {
        let names = parents.iter().map(|(name, _)| text(name)).collect();
        entries.push(entry("ansible_parent_role_names", Node::of_list(names, asked.span)));
        let paths = parents.iter().map(|(_, path)| text(path)).collect();
        entries.push(entry("ansible_parent_role_paths", Node::of_list(paths, asked.span)));
    }
    let node = Node::of_list(Vec::new(), asked.span).with_entries(entries);
    Piece { source: Arc::clone(&asked.source), node }
}
