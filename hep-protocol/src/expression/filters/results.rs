//! Tests of registered results.

use super::{Registry, advise, defined, described};
use minijinja::value::ValueKind;
use minijinja::{Error, Value};

/// A test of a result: its names, the field it asks, and the answer it wants.
const TESTS: [(&str, &str, bool); 9] = [
    ("failed", "failed", true),
    ("failure", "failed", true),
    ("succeeded", "failed", false),
    ("success", "failed", false),
    ("successful", "failed", false),
    ("changed", "changed", true),
    ("change", "changed", true),
    ("skipped", "skipped", true),
    ("skip", "skipped", true),
];

pub(super) fn register(engine: &mut Registry<'_>) {
    for (name, field, wanted) in TESTS {
        engine
            .add_test(name, move |value: &Value| asked(value, name, field).map(|is| is == wanted));
    }
}

fn asked(value: &Value, test: &str, field: &str) -> Result<bool, Error> {
    if defined(value)?.kind() != ValueKind::Map {
        let message = format!("`is {test}` asks a registered result, found {}", described(value));
        return Err(advise(message, "name what a task has under `register`"));
    }
    // A result that has no such field is one of a task that did not run, or no result at all.
    Ok(value.get_attr(field)?.is_true())
}
