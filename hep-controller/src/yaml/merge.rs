//! Merge keys: what `<<` names joins the mapping that it stands in.

use super::build::Builder;
use super::{Entry, Kind};
use std::collections::HashSet;
use std::sync::Arc;

impl Builder<'_> {
    /// Puts what `<<` names after the mapping's own entries, which win.
    pub(super) fn merged(&mut self, entries: Vec<Entry>) -> Vec<Entry> {
        if !entries.iter().any(|entry| &*entry.key.text == "<<") {
            return entries;
        }
        let (merges, mut own): (Vec<Entry>, Vec<Entry>) =
            entries.into_iter().partition(|entry| &*entry.key.text == "<<");
        let mut seen: HashSet<Arc<str>> = own.iter().map(|entry| entry.key.text.clone()).collect();
        for merge in merges {
            for part in merge.value.items() {
                match &part.kind {
                    Kind::Map(entries) => own.extend(
                        entries.iter().filter(|entry| seen.insert(entry.key.text.clone())).cloned(),
                    ),
                    Kind::Broken => {}
                    Kind::Scalar(_) | Kind::Seq(_) => {
                        let message = format!("`<<` takes a mapping, found {}", part.describe());
                        self.problem(
                            part.span,
                            message,
                            "write `<<: *name` with the anchor of a mapping",
                        );
                    }
                }
            }
        }
        own
    }
}
