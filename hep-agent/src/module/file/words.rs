//! The parenthesised parts of a step's line: sizes and attributes, new and changed.

use super::accounts::{Asked, Names};
use crate::sys::files::{Acl, Attrs};
use hep_protocol::value::AbsPath;

/// `0644 root:root`.
pub(super) fn attrs(attrs: &Attrs, names: &Names) -> String {
    let (owner, group) = (names.user(&attrs.owner), names.group(&attrs.group));
    format!("{} {owner}:{group}", attrs.mode)
}

/// `mode 0600 -> 0644, owner root -> www-data`; empty if nothing differs.
pub(super) fn changes(from: &Attrs, to: &Attrs, names: &Names) -> String {
    let mut words = Vec::new();
    if from.mode != to.mode {
        words.push(format!("mode {} -> {}", from.mode, to.mode));
    }
    if from.owner != to.owner {
        words.push(format!("owner {} -> {}", names.user(&from.owner), names.user(&to.owner)));
    }
    if from.group != to.group {
        words.push(format!("group {} -> {}", names.group(&from.group), names.group(&to.group)));
    }
    if let (Acl::Entries(entries), Acl::None) = (&from.acl, &to.acl) {
        words.push(format!("ACL {entries} -> none"));
    }
    words.join(", ")
}

/// What says that mounted file systems keep their attributes, if any are there.
pub(super) fn left(mounts: &[AbsPath]) -> Option<String> {
    const SHOWN: usize = 3;
    let (shown, more) = mounts.split_at(mounts.len().min(SHOWN));
    let shown: Vec<&str> = shown.iter().map(AbsPath::as_str).collect();
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    (!shown.is_empty()).then(|| {
        let shown = shown.join(", ");
        format!(
            "left as it is, being mounted: {shown}{more} (`one_file_system: false` goes there too)"
        )
    })
}

/// `12 bytes`, or `12 -> 40 bytes`.
pub(super) fn size(from: Option<u64>, to: u64) -> String {
    let unit = if to == 1 { "byte" } else { "bytes" };
    match from {
        Some(from) if from != to => format!("{from} -> {to} {unit}"),
        Some(_) | None => format!("{to} {unit}"),
    }
}

/// Two parts with a comma between, if both say something.
pub(super) fn joined(first: String, second: &str) -> String {
    if second.is_empty() { first } else { format!("{first}, {second}") }
}

/// The attributes that were asked for, of something that cannot be looked at: `mode -> 0600, owner -> www-data`.
pub(super) fn asked(asked: &Asked, attrs: &Attrs, names: &Names) -> String {
    let mut words = Vec::new();
    if let Some(mode) = &asked.mode {
        words.push(format!("mode -> {mode}"));
    }
    if asked.owner.is_some() {
        words.push(format!("owner -> {}", names.user(&attrs.owner)));
    }
    if asked.group.is_some() {
        words.push(format!("group -> {}", names.group(&attrs.group)));
    }
    words.join(", ")
}
