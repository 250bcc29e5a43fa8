//! The keys `serial`, `max_fail_percentage` and `any_errors_fatal` of a play.

use super::values::Value;
use crate::ast::{Batching, Size};
use crate::yaml::{Node, shorten};

impl Batching {
    /// Reads one of the keys; whether it is one.
    pub(crate) fn take(&mut self, key: &str, value: &mut Value<'_>) -> bool {
        match key {
            "serial" => self.serial = sizes(value),
            "max_fail_percentage" => self.most_failed = percentage(value),
            "any_errors_fatal" => self.fatal = value.truth().unwrap_or_default(),
            "wait" => self.free = !value.truth().unwrap_or(true),
            _ => return false,
        }
        true
    }
}

fn sizes(value: &mut Value<'_>) -> Vec<Size> {
    let node = value.entry.value.clone();
    let found: Option<Vec<Size>> = node.items().iter().map(size).collect();
    match found {
        Some(sizes) if !sizes.is_empty() => sizes,
        Some(_) | None => {
            if !node.has_broken() {
                let found = node
                    .text()
                    .map_or_else(|| node.describe(), |text| format!("`{}`", shorten(text)));
                value.refuse(
                    format!("`serial` takes numbers and percentages above 0, found {found}"),
                    "write `serial: 5`, `serial: 30%` or `serial: [1, 10%, 50%]`",
                );
            }
            Vec::new()
        }
    }
}

fn size(node: &Node) -> Option<Size> {
    let text = node.text()?.trim();
    match text.strip_suffix('%') {
        Some(percent) => percent.parse().ok().filter(|n| (1..=100).contains(n)).map(Size::Percent),
        None => text.parse().ok().filter(|count| *count > 0).map(Size::Hosts),
    }
}

fn percentage(value: &mut Value<'_>) -> Option<u32> {
    let text = value.entry.value.text();
    let number = text.and_then(|text| text.trim().trim_end_matches('%').parse().ok());
    let found = number.filter(|percent| *percent <= 100);
    if found.is_none() {
        value.refuse("`max_fail_percentage` takes a whole number from 0 to 100", "write `30`");
    }
    found
}
