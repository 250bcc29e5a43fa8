//! What names stand for: values as they are, and variables whose texts are rendered when they are used.

use super::super::convert::to_value;
use super::super::filters::RUN;
use super::super::{Found, Lookup, Scope, Trouble, TroubleKind, has_expression};
use super::objects::{Elsewhere, Existence, Lazy, NotKnown, Partial};
use super::{Run, Shared, lock};
use minijinja::value::Object;
use minijinja::{Error, ErrorKind, Value};
use serde_json::Value as Json;
use std::sync::Arc;

/// How many variables may stand for one another in a row.
const MAX_CHAIN: usize = 24;

/// How many texts of variables one evaluation may render: bounds variables that double at every step.
const MAX_RENDERED: usize = 20_000;

impl Run {
    /// A name's value as the engine wants it.
    pub(in super::super) fn look_up(&self, name: &str) -> Option<Value> {
        match self.shared.scope.get(name)? {
            Found::Plain(json) => Some(to_value(&json)),
            Found::Ready(ready) => Some(ready.0),
            Found::Raw(json) => self.member(format!("{}{name}", self.shared.path), &json),
            Found::Unknown(cause) => Some(self.unknown(cause, Existence::Certain)),
            Found::Partial { known, cause } => {
                Some(Value::from_object(Partial { run: self.clone(), known, cause }))
            }
            Found::Failed(message) => Some(self.failed(Trouble::new(TroubleKind::Other, message))),
            Found::Names(scope) => {
                let Shared { memory, notes, path, .. } = self.shared.as_ref();
                let (memory, notes) = (Arc::clone(memory), Arc::clone(notes));
                let path = format!("{path}{name}.");
                let shared = Arc::new(Shared { scope, memory, notes, path });
                let run = Self { shared, chain: Arc::clone(&self.chain) };
                Some(Value::from_object(Elsewhere(run)))
            }
        }
    }

    /// Whether there is such a name, whatever it leads to.
    pub(in super::super) fn has(&self, name: &str) -> bool {
        self.shared.scope.get(name).is_some()
    }

    /// All names.
    pub(in super::super) fn names(&self) -> Vec<String> {
        self.shared.scope.names()
    }

    /// What the scope knows of what a lookup asks for.
    pub(in super::super) fn ask(&self, asked: &Lookup) -> Option<Result<Vec<Json>, Trouble>> {
        self.shared.scope.answer(asked)
    }

    /// An evaluation with these names above the others.
    pub(in super::super) fn over(&self, names: Option<Json>) -> Self {
        match names {
            Some(Json::Object(names)) => {
                let scope = Over { names, below: Arc::clone(&self.shared.scope) };
                let scope: Arc<dyn Scope> = Arc::new(scope);
                Self::new(&scope, &self.shared.memory)
            }
            Some(_) | None => self.clone(),
        }
    }

    /// The evaluation that has these names.
    pub(in super::super) fn of_root(root: &Value) -> Option<Self> {
        root.downcast_object_ref::<Root>().map(|root| root.0.clone())
    }

    /// A value, or a part of one, whose texts are rendered when they are used; `path` is its name.
    pub(super) fn member(&self, path: String, json: &Json) -> Option<Value> {
        match json {
            Json::String(text) if has_expression(text) => self.variable(path, text),
            Json::Array(_) | Json::Object(_) if has_any(json) => {
                Some(Value::from_object(Lazy { run: self.clone(), path, json: json.clone() }))
            }
            Json::Null
            | Json::Bool(_)
            | Json::Number(_)
            | Json::String(_)
            | Json::Array(_)
            | Json::Object(_) => Some(to_value(json)),
        }
    }

    /// A variable's text, rendered. `None` is undefined: something that it needs is.
    fn variable(&self, path: String, text: &str) -> Option<Value> {
        if self.chain.contains(&path) {
            let chain = self.chain.iter().skip_while(|name| **name != path);
            let chain: Vec<String> = chain.cloned().chain([path.clone()]).collect();
            let message = format!("`{path}` stands for itself: {}", chain.join(" -> "));
            let circle = Trouble::new(TroubleKind::Circle { chain }, message);
            return Some(self.failed(circle.hint("give one of them a value of its own")));
        }
        if let Some(value) = lock(&self.shared.notes).rendered.get(&path) {
            return Some(value.clone());
        }
        let renderings = {
            let mut notes = lock(&self.shared.notes);
            notes.renderings = notes.renderings.saturating_add(1);
            notes.renderings
        };
        if self.chain.len() >= MAX_CHAIN || renderings > MAX_RENDERED {
            let message = format!("`{path}` needs too many other variables");
            return Some(self.failed(Trouble::new(TroubleKind::Other, message)));
        }
        let mut chain = self.chain.as_ref().clone();
        chain.push(path.clone());
        let inner = Self { shared: Arc::clone(&self.shared), chain: Arc::new(chain) };
        match inner.rendered(text) {
            Ok(value) => {
                if value.downcast_object_ref::<NotKnown>().is_none() {
                    lock(&self.shared.notes).rendered.insert(path, value.clone());
                }
                Some(value)
            }
            Err(trouble) => match &trouble.kind {
                TroubleKind::Undefined { .. } => {
                    let trouble = self.explained(trouble);
                    lock(&self.shared.notes).hollow.push((path, trouble));
                    None
                }
                TroubleKind::Unknown { .. } => Some(self.failed(trouble)),
                TroubleKind::Syntax | TroubleKind::Circle { .. } | TroubleKind::Other => {
                    let Trouble { kind, message, hint, variable, .. } = trouble.of_variable(&path);
                    // Its place is one in the variable's text.
                    Some(self.failed(Trouble { hint, variable, ..Trouble::new(kind, message) }))
                }
            },
        }
    }

    fn failed(&self, trouble: Trouble) -> Value {
        lock(&self.shared.notes).failed.get_or_insert_with(|| trouble.clone());
        Value::from(Error::new(ErrorKind::InvalidOperation, "").with_source(trouble))
    }

    pub(super) fn unknown(&self, cause: String, existence: Existence) -> Value {
        let mut notes = lock(&self.shared.notes);
        let number = notes.looked_up;
        notes.looked_up = number.saturating_add(1);
        notes.unknown.push((number, cause.clone()));
        Value::from_object(NotKnown { shared: Arc::clone(&self.shared), number, existence, cause })
    }
}

/// Names above those of a scope.
#[derive(Debug)]
struct Over {
    names: serde_json::Map<String, Json>,
    below: Arc<dyn Scope>,
}

impl Scope for Over {
    fn get(&self, name: &str) -> Option<Found> {
        let own = self.names.get(name).cloned().map(Found::Plain);
        own.or_else(|| self.below.get(name))
    }

    fn names(&self) -> Vec<String> {
        self.names.keys().cloned().chain(self.below.names()).collect()
    }

    fn answer(&self, asked: &Lookup) -> Option<Result<Vec<Json>, Trouble>> {
        self.below.answer(asked)
    }
}

/// Whether any text in it has an expression.
fn has_any(json: &Json) -> bool {
    match json {
        Json::String(text) => has_expression(text),
        Json::Array(items) => items.iter().any(has_any),
        Json::Object(map) => map.values().any(has_any),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}

/// The names of the scope, as the engine's outermost mapping.
#[derive(Debug)]
pub(super) struct Root(pub(super) Run);

impl Object for Root {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        if key == RUN {
            Some(Value::from_dyn_object(Arc::clone(self)))
        } else {
            self.0.look_up(key)
        }
    }
}
