//! What Ansible's results of `copy`, `template` and `file` say.

use super::look::look;
use super::{Entry, Scope, State, Want};
use crate::module::Done;
use crate::sys::files::FileKind;
use crate::sys::files::told;
use hep_protocol::blob::Source;
use hep_protocol::task::file::{Action, File};
use serde_json::{Map, Value, json};

/// The field that is there only if a content was copied.
const COPIED: &str = "md5sum";

/// What only the state before the task tells.
pub(super) fn foreseen(params: &File, state: &State) -> Map<String, Value> {
    let new = match state.entries.first().map(|entry| &entry.want) {
        Some(Want::File { same, .. }) => !same || params.copy_of.is_some(),
        Some(
            Want::Directory
            | Want::Link { .. }
            | Want::Hardlink { .. }
            | Want::Attributes { .. }
            | Want::Touch
            | Want::Absent
            | Want::AttributesBelow { .. },
        )
        | None => false,
    };
    new.then(|| (COPIED.to_owned(), Value::Null)).into_iter().collect()
}

/// The fields, by looking once more.
pub(super) fn fields(params: &File, done: &Done<'_>) -> Map<String, Value> {
    let filled = params.content.is_some() || params.template.is_some() || params.copy_of.is_some();
    let copies = params.action == Action::Present && (filled || params.src.is_some());
    let copied = params.copy_of.as_ref().map(ToString::to_string);
    let from = params.src.as_deref().or(copied.as_deref());
    let tree = from.and_then(|from| done.input.task.source(from));
    let dest = &params.dest.path;
    if let Some(Source::Tree { .. }) = tree {
        let fields = [("dest", json!(format!("{dest}/"))), ("src", json!(params.src))];
        return named(fields);
    }
    let state = match look(params, done.input, done.host) {
        Ok(state) if !done.failed => state,
        Ok(_) | Err(_) => return Map::new(),
    };
    // What may not be overwritten is not looked at.
    // Not a directory that only holds it.
    let is_own =
        |entry: &&Entry| entry.scope != Scope::Holder || matches!(entry.want, Want::Link { .. });
    let mut entries = state.entries.iter().filter(is_own);
    let Some(entry) = entries.next() else { return named([("dest", json!(dest))]) };
    let path = json!(entry.place.path());
    let Some(meta) = entry.found.as_ref().map(|found| &found.meta) else {
        return named([("path", path), ("state", json!("absent"))]);
    };
    let mut fields = told::of(meta, done.host);
    let mut put = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
    let digest = |kind| {
        let text = told::digest(&entry.found_at(), kind, done.host);
        text.map_or(Value::Null, |text| json!(text))
    };
    match params.action {
        Action::Present if copies => {
            // A directory has no digests, and says so.
            let is_tree = meta.kind == FileKind::Directory;
            let copied = done.data.contains_key(COPIED) || is_tree;
            if is_tree || meta.kind == FileKind::File {
                put("checksum", digest("sha1"));
            }
            if copied {
                put(COPIED, digest("md5"));
            } else {
                put("path", path.clone());
            }
            if params.copy_of.is_some() {
                put("src", json!(from));
            }
            put("dest", path);
        }
        Action::Link | Action::Hardlink => {
            put("src", json!(params.target.as_deref().or(params.src.as_deref())));
            put("dest", path);
        }
        Action::Touch => put("dest", path),
        Action::Present | Action::Directory | Action::Absent => put("path", path),
    }
    fields
}

fn named<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
