//! What `meta` does without a module.

use super::lower::short;
use crate::yaml::Node;

/// Words of `meta` that the reader carries out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meta {
    /// Notified handlers, now.
    Flush,
    /// Nothing: hep has no need of it.
    Nothing,
    /// The host is done with the play.
    EndPlay,
}

impl Meta {
    /// That of an item with the key `meta`.
    pub(super) fn of_item(item: &Node) -> Option<Meta> {
        item.entries().iter().find_map(|entry| Meta::of_call(&entry.key.text, &entry.value))
    }

    /// That of a module and what stands below it, however the call is written.
    pub(super) fn of_call(module: &str, value: &Node) -> Option<Meta> {
        let word = value.text().filter(|_| short(module) == "meta")?;
        match word.trim() {
            "flush_handlers" => Some(Meta::Flush),
            "noop" | "reset_connection" | "clear_host_errors" => Some(Meta::Nothing),
            "end_play" | "end_host" => Some(Meta::EndPlay),
            _ => None,
        }
    }
}
