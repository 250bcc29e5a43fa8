//! Collections that make their parts when they are asked for, and what stands in place of what is not known.

use super::super::Trouble;
use super::super::convert::to_value;
use super::{Run, Shared, lock};
use minijinja::value::{Enumerator, Object, ObjectRepr};
use minijinja::{Error, ErrorKind, Value};
use serde_json::Value as Json;
use std::fmt;
use std::sync::Arc;

/// A mapping of which some entries are known, and the others no mistake.
#[derive(Debug)]
pub(super) struct Partial {
    pub(super) run: Run,
    pub(super) known: Json,
    pub(super) cause: String,
}

impl Object for Partial {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match self.known.get(key.as_str()?) {
            Some(value) => Some(to_value(value)),
            // Nor is it known whether there is such an entry.
            None => Some(self.run.unknown(self.cause.clone(), Existence::Open)),
        }
    }

    /// Reading all of it means reading what is not known.
    fn enumerate(self: &Arc<Self>) -> Enumerator {
        self.run.unknown(self.cause.clone(), Existence::Open);
        Enumerator::NonEnumerable
    }
}

/// A collection whose texts are rendered when they are used.
#[derive(Debug)]
pub(super) struct Lazy {
    pub(super) run: Run,
    pub(super) path: String,
    pub(super) json: Json,
}

impl Lazy {
    fn below(&self, key: &str, json: &Json) -> Option<Value> {
        self.run.member(format!("{}.{key}", self.path), json)
    }
}

impl Object for Lazy {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        if self.json.is_array() { ObjectRepr::Seq } else { ObjectRepr::Map }
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match &self.json {
            Json::Array(items) => {
                let at = key.as_usize()?;
                self.below(&at.to_string(), items.get(at)?)
            }
            json => {
                let key = key.as_str()?;
                self.below(key, json.get(key)?)
            }
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        match &self.json {
            Json::Array(items) => Enumerator::Seq(items.len()),
            Json::Object(map) => {
                Enumerator::Values(map.keys().map(|key| Value::from(key.as_str())).collect())
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Enumerator::Empty,
        }
    }
}

/// The names of another scope.
#[derive(Debug)]
pub(super) struct Elsewhere(pub(super) Run);

impl Object for Elsewhere {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.look_up(key.as_str()?)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let mut names = self.0.names();
        names.sort_unstable();
        names.dedup();
        Enumerator::Values(names.into_iter().map(Value::from).collect())
    }
}

/// In place of a value that is not known. Nothing may be made of it, which its look-up's note sees to; only whether
/// it is defined can be told.
#[derive(Debug)]
pub(super) struct NotKnown {
    pub(super) shared: Arc<Shared>,
    pub(super) number: u64,
    pub(super) existence: Existence,
    pub(super) cause: String,
}

/// Whether it is at least known that there is a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Existence {
    Certain,
    Open,
}

impl Object for NotKnown {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, _: &Value) -> Option<Value> {
        let trouble = Trouble::unknown(self.cause.clone());
        Some(Value::from(Error::new(ErrorKind::InvalidOperation, "").with_source(trouble)))
    }

    /// The note of its look-up ends the evaluation, whatever is printed.
    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("?")
    }
}

/// Whether a value is defined, which does no harm to what is not known, provided that nobody else holds it.
pub(in super::super) fn is_defined(value: &Value) -> bool {
    if let Some(unknown) = value.downcast_object::<NotKnown>() {
        // One is ours and one is the value that was handed in: then it came straight from its name and goes nowhere.
        if Arc::strong_count(&unknown) == 2 && unknown.existence == Existence::Certain {
            lock(&unknown.shared.notes).unknown.retain(|(number, _)| *number != unknown.number);
        }
    }
    !value.is_undefined()
}
