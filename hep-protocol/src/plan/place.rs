//! Where a round of a loop stands among the others.

use serde_json::{Value, json};

/// What a round calls its place.
pub const PLACE: &str = "ansible_loop";

/// The place of a round, counted from 0, among those of all elements.
#[must_use]
pub fn place(at: usize, elements: &[Value]) -> Value {
    let length = elements.len();
    let left = length.saturating_sub(at);
    let mut place = json!({
        "index": at.saturating_add(1),
        "index0": at,
        "first": at == 0,
        "last": left == 1,
        "length": length,
        "revindex": left,
        "revindex0": left.saturating_sub(1),
        "allitems": elements,
    });
    let beside = [("previtem", at.checked_sub(1)), ("nextitem", at.checked_add(1))];
    for (name, at) in beside {
        if let Some(element) = at.and_then(|at| elements.get(at))
            && let Value::Object(fields) = &mut place
        {
            fields.insert(name.to_owned(), element.clone());
        }
    }
    place
}
