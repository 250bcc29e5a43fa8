//! The secrets of this process: values under `!secret`, and passwords. The code that reads one registers it here,
//! `ui.rs` masks all of them in whatever is printed, and each host is told those that travel to it. One list for the
//! process, since mistakes are printed that come before any inventory or plan. It only grows; nothing but masking may
//! depend on it.

use hep_protocol::redact::{Redactor, SHORTEST};
use hep_protocol::value::Secret;
use leaves::Leaf;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) mod leaves;

struct Known {
    /// Values, for the hosts.
    values: BTreeSet<Secret>,
    /// The same and how they were written, for what this machine shows.
    shown: BTreeSet<Secret>,
    /// Of `shown`, made when something is printed.
    redactor: Option<Arc<Redactor>>,
}

static KNOWN: Mutex<Known> =
    Mutex::new(Known { values: BTreeSet::new(), shown: BTreeSet::new(), redactor: None });

fn known() -> MutexGuard<'static, Known> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Learns a value that must not be shown from now on.
pub(crate) fn learn(value: &str) {
    if value.trim().len() >= SHORTEST {
        known().values.insert(Secret::new(value));
        learn_written(value);
    }
}

/// Learns how a secret is written in its file, which mistakes show.
pub(crate) fn learn_written(text: &str) {
    let mut known = known();
    known.shown.insert(Secret::new(text));
    known.redactor = None;
}

/// The text with all secrets masked.
pub(crate) fn masked(text: &str) -> String {
    redactor().mask(text).into_owned()
}

/// What masks all secrets that are known by now.
pub(crate) fn redactor() -> Arc<Redactor> {
    let mut known = known();
    let Known { shown, redactor, .. } = &mut *known;
    let make = || Arc::new(Redactor::new(shown.iter().map(Secret::reveal)));
    Arc::clone(redactor.get_or_insert_with(make))
}

/// The secrets that are somewhere in a value, as its leaves hold them.
///
/// # Errors
/// The value cannot be looked through, so that a host might show what it is not told to hide.
pub(crate) fn within(value: &impl Serialize) -> Result<BTreeSet<Secret>, String> {
    let known = known();
    let mut there: Vec<_> = known.values.iter().map(|one| (Sought::of(one), false)).collect();
    // Most plans have no secrets, and are long.
    if !there.is_empty() {
        let mut each = |leaf: Leaf<'_>| {
            there.iter_mut().for_each(|(sought, found)| *found |= sought.is_in(leaf));
        };
        leaves::visit(value, &mut each)
            .map_err(|error| format!("the plan's secrets cannot be found: {error}"))?;
    }
    let found = there.into_iter().filter(|(_, found)| *found);
    Ok(found.map(|(sought, _)| sought.secret.clone()).collect())
}

/// A secret that is looked for.
struct Sought<'a> {
    secret: &'a Secret,
    /// How it stands in JSON text: what an open task says travels so.
    json: String,
}

impl<'a> Sought<'a> {
    fn of(secret: &'a Secret) -> Sought<'a> {
        let json = Value::from(secret.reveal()).to_string();
        let inner = json.strip_prefix('"').and_then(|json| json.strip_suffix('"'));
        Sought { secret, json: inner.unwrap_or_default().to_owned() }
    }

    fn is_in(&self, leaf: Leaf<'_>) -> bool {
        let secret = self.secret.reveal();
        match leaf {
            Leaf::Text(text) => text.contains(secret) || text.contains(&self.json),
            // Its digits in the size of a file tell nobody anything, and would tell another host the secret.
            Leaf::Other("true" | "false" | "null") => false,
            Leaf::Other(number) => number == secret,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_found_where_they_are() {
        ["of-host-one", "of-host-two", "71234567"].into_iter().for_each(learn);
        let found = within(&json!({"a": ["x of-host-one"], "b": {"c": 71_234_567}})).unwrap();
        assert_eq!(found, ["71234567", "of-host-one"].map(Secret::new).into());
        assert_eq!(masked("of-host-two, x"), "********, x");
        ["2345", "true"].into_iter().for_each(learn);
        assert_eq!(within(&json!({"size": 123_456, "on": true})).unwrap(), BTreeSet::new());
    }
}
