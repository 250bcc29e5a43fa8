//! One evaluation: the scope as the engine asks for it, and notes of what it met on the way.
//!
//! What is unknown or could not be had is noted when it is looked up: whatever an expression then makes of it, the
//! evaluation ends with that and with no guess.

use super::convert::{to_json, to_value};
use super::engine::{self, engine};
use super::{Found, Scope, Trouble, TroubleKind, has_expression};
use minijinja::value::{Enumerator, Object, ObjectRepr};
use minijinja::{Environment, Error, ErrorKind, Expression, Value};
use serde_json::Value as Json;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many variables may stand for one another in a row.
const MAX_CHAIN: usize = 24;

/// How many texts of variables one evaluation may render: bounds variables that double at every step.
const MAX_RENDERED: usize = 20_000;

/// How many compiled expressions are kept.
const MAX_KEPT: usize = 4096;

/// Compiled expressions, by their text.
#[derive(Default)]
pub(super) struct Memory {
    compiled: Mutex<HashMap<String, Arc<Compiled>>>,
}

type Compiled = Expression<'static, 'static>;

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory({} expressions)", lock(&self.compiled).len())
    }
}

impl Memory {
    fn expression(&self, text: &str) -> Result<Arc<Compiled>, Error> {
        let known = lock(&self.compiled).get(text).cloned();
        match known {
            Some(expression) => Ok(expression),
            None => {
                let expression = engine().compile_expression_owned(text.to_owned())?;
                let expression = Arc::new(expression);
                let mut compiled = lock(&self.compiled);
                if compiled.len() >= MAX_KEPT {
                    compiled.clear();
                }
                compiled.insert(text.to_owned(), Arc::clone(&expression));
                Ok(expression)
            }
        }
    }
}

/// Everything one evaluation shares with those of the variables it uses.
#[derive(Debug)]
struct Shared {
    scope: Arc<dyn Scope>,
    memory: Arc<Memory>,
    notes: Mutex<Notes>,
}

#[derive(Debug, Default)]
struct Notes {
    /// What was looked up and is not known, by the number of the look-up.
    unknown: Vec<(u64, String)>,
    looked_up: u64,
    /// The first variable that could not be rendered, where no value could carry that.
    failed: Option<Trouble>,
    /// Variables that exist but are undefined, since they need what does not exist.
    hollow: Vec<(String, Trouble)>,
    rendered: HashMap<String, Value>,
    renderings: usize,
}

/// An evaluation, or that of a variable within one.
#[derive(Clone, Debug)]
pub(super) struct Run {
    shared: Arc<Shared>,
    /// The variables that led here.
    chain: Arc<Vec<String>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it is held, and what it holds is right at any time.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Run {
    pub(super) fn new(scope: &Arc<dyn Scope>, memory: &Arc<Memory>) -> Self {
        let shared = Shared {
            scope: Arc::clone(scope),
            memory: Arc::clone(memory),
            notes: Mutex::default(),
        };
        Self { shared: Arc::new(shared), chain: Arc::default() }
    }

    pub(super) fn json(&self, text: &str) -> Result<Json, Trouble> {
        let value = self.expression(text, 0..text.len(), text);
        self.settled(value.and_then(|value| to_json(&value)))
    }

    pub(super) fn truth(&self, text: &str) -> Result<bool, Trouble> {
        let truth =
            self.expression(text, 0..text.len(), text).and_then(|value| match value.as_str() {
                Some(word) if is_no_answer(word) => Err(Trouble::new(
                    TroubleKind::Other,
                    format!("the condition is the text `{word}`, which is neither true nor false"),
                )
                .hint(format!("write `{} | bool` to read it as a word", text.trim()))),
                Some(_) | None if value.is_undefined() => Err(self.explained(Trouble::new(
                    TroubleKind::Undefined { name: text.trim().to_owned() },
                    "",
                ))),
                Some(_) | None => Ok(value.is_true()),
            });
        self.settled(truth)
    }

    pub(super) fn text(&self, text: &str) -> Result<Json, Trouble> {
        let value = self.rendered(text);
        self.settled(value.and_then(|value| to_json(&value)))
    }

    pub(super) fn tree(&self, json: &Json) -> Result<Json, Trouble> {
        let below = |key: String, json: &Json| {
            self.tree(json).map_err(|mut trouble| {
                trouble.path.insert(0, key);
                trouble
            })
        };
        match json {
            Json::String(text) if has_expression(text) => self.text(text),
            Json::Array(items) => {
                let items = items.iter().enumerate().map(|(at, item)| below(at.to_string(), item));
                items.collect::<Result<_, _>>().map(Json::Array)
            }
            Json::Object(map) => {
                let entries =
                    map.iter().map(|(key, value)| Ok((key.clone(), below(key.clone(), value)?)));
                entries.collect::<Result<_, _>>().map(Json::Object)
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Ok(json.clone()),
        }
    }

    pub(super) fn template(&self, name: &str, text: &str) -> Result<String, Trouble> {
        let named = |mut trouble: Trouble| {
            trouble.template.get_or_insert_with(|| name.to_owned());
            trouble
        };
        let (whitespace, skipped) = engine::header(text).map_err(named)?;
        let body = text.get(skipped..).unwrap_or_default();
        let rendered = match whitespace {
            None => self.whole(engine(), body),
            Some(whitespace) => self.whole(&engine::environment(whitespace), body),
        };
        let rendered = rendered.map_err(|trouble| trouble.moved(skipped, text));
        self.settled(rendered).map_err(named)
    }

    /// What the notes say about an evaluation, before its own result.
    fn settled<T>(&self, result: Result<T, Trouble>) -> Result<T, Trouble> {
        let notes = lock(&self.shared.notes);
        if let Some((_, cause)) = notes.unknown.first() {
            return Err(Trouble::unknown(cause.clone()));
        }
        match (&notes.failed, result) {
            (Some(failed), Ok(_)) => Err(failed.clone()),
            (_, Err(trouble)) => {
                drop(notes);
                Err(self.explained(trouble))
            }
            (None, Ok(value)) => Ok(value),
        }
    }

    /// A bare expression's value; it stands at `place` of the text that was handed in.
    fn expression(
        &self,
        expression: &str,
        place: std::ops::Range<usize>,
        text: &str,
    ) -> Result<Value, Trouble> {
        let value = self
            .shared
            .memory
            .expression(expression)
            .and_then(|expression| expression.eval(Value::from_object(Root(self.clone()))));
        value.map_err(|error| Trouble::from_error(error).placed(expression, place.start, text))
    }

    /// A text with expressions as a value.
    fn rendered(&self, text: &str) -> Result<Value, Trouble> {
        match engine::alone(text) {
            Some(place) => {
                let expression = text.get(place.clone()).unwrap_or_default();
                self.expression(expression, place, text)
            }
            None => self.whole(engine(), text).map(Value::from),
        }
    }

    fn whole(&self, engine: &Environment<'_>, text: &str) -> Result<String, Trouble> {
        let rendered = engine.render_str(text, Value::from_object(Root(self.clone())));
        rendered.map_err(|error| Trouble::from_error(error).placed(text, 0, text))
    }
}

/// Words that say yes or no to a person, and are true to Jinja since they are not empty.
fn is_no_answer(word: &str) -> bool {
    ["false", "no", "off", "true", "yes", "on", "0", "1"]
        .contains(&word.trim().to_lowercase().as_str())
}

impl Run {
    /// A name's value as the engine wants it.
    fn look_up(&self, name: &str) -> Option<Value> {
        match self.shared.scope.get(name)? {
            Found::Plain(json) => Some(to_value(&json)),
            Found::Ready(ready) => Some(ready.0),
            Found::Raw(json) => self.member(name.to_owned(), &json),
            Found::Unknown(cause) => Some(self.unknown(cause)),
            Found::Failed(message) => Some(self.failed(Trouble::new(TroubleKind::Other, message))),
        }
    }

    /// A value, or a part of one, whose texts are rendered when they are used; `path` is its name.
    fn member(&self, path: String, json: &Json) -> Option<Value> {
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
        if let Some(value) = lock(&self.shared.notes).rendered.get(&path) {
            return Some(value.clone());
        }
        if self.chain.contains(&path) {
            let chain = self.chain.iter().skip_while(|name| **name != path);
            let chain: Vec<&str> = chain.map(String::as_str).chain([&*path]).collect();
            let message = format!("`{path}` stands for itself: {}", chain.join(" -> "));
            let hint = "give one of them a value of its own";
            return Some(self.failed(Trouble::new(TroubleKind::Other, message).hint(hint)));
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
            Ok(value) if value.is_undefined() => None,
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
                TroubleKind::Syntax | TroubleKind::Other => {
                    let trouble = self.within(&path, trouble);
                    Some(self.failed(trouble))
                }
            },
        }
    }

    /// Trouble in a variable's own text, told to who used it.
    fn within(&self, path: &str, trouble: Trouble) -> Trouble {
        let told = trouble.message.starts_with("in the variable ")
            || trouble.message.contains("stands for itself");
        let message = if told {
            trouble.message
        } else {
            format!("in the variable `{path}`: {}", trouble.message)
        };
        Trouble { hint: trouble.hint, ..Trouble::new(trouble.kind, message) }
    }

    fn failed(&self, trouble: Trouble) -> Value {
        lock(&self.shared.notes).failed.get_or_insert_with(|| trouble.clone());
        Value::from(Error::new(ErrorKind::InvalidOperation, "").with_source(trouble))
    }

    fn unknown(&self, cause: String) -> Value {
        let mut notes = lock(&self.shared.notes);
        let number = notes.looked_up;
        notes.looked_up = number.saturating_add(1);
        notes.unknown.push((number, cause.clone()));
        Value::from_object(NotKnown { shared: Arc::clone(&self.shared), number, cause })
    }

    /// With the nearest name, or why the name it is about is undefined.
    fn explained(&self, mut trouble: Trouble) -> Trouble {
        let TroubleKind::Undefined { name } = &trouble.kind else { return trouble };
        let hollow = {
            let notes = lock(&self.shared.notes);
            let below = |(path, _): &&(String, Trouble)| {
                name == path || name.strip_prefix(path.as_str()).is_some_and(|r| r.starts_with('.'))
            };
            notes.hollow.iter().find(below).cloned()
        };
        if let Some((path, inner)) = hollow {
            trouble.message = if inner.message.starts_with("in the variable ") {
                inner.message
            } else {
                format!("in the variable `{path}`: {}", inner.message)
            };
            trouble.hint = inner.hint;
            trouble.kind = inner.kind;
            return trouble;
        }
        if !trouble.message.is_empty() || trouble.hint.is_some() {
            return trouble;
        }
        trouble.message = match name.as_str() {
            "" => "a value here is undefined".to_owned(),
            name => format!("`{name}` is undefined"),
        };
        trouble.hint = self.suggestion(name);
        trouble
    }

    /// The nearest name that does exist.
    fn suggestion(&self, name: &str) -> Option<String> {
        let (owner, last) = match name.rsplit_once('.') {
            Some((owner, last)) => (Some(owner), last),
            None => (None, name),
        };
        let known: Vec<String> = match owner {
            None => self.shared.scope.names(),
            Some(owner) => {
                let keys = self.expression(owner, 0..0, owner).ok()?.try_iter().ok()?;
                keys.filter_map(|key| key.as_str().map(str::to_owned)).take(1000).collect()
            }
        };
        let near = crate::words::nearest(last, known.iter().map(String::as_str))?;
        Some(match owner {
            Some(owner) => format!("did you mean `{owner}.{near}`?"),
            None => format!("did you mean `{near}`?"),
        })
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
struct Root(Run);

impl Object for Root {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.look_up(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.0.look_up(key)
    }
}

/// A collection whose texts are rendered when they are used.
#[derive(Debug)]
struct Lazy {
    run: Run,
    path: String,
    json: Json,
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

/// In place of a value that is not known. Nothing may be made of it, which its look-up's note sees to; only whether
/// it is defined can be told.
#[derive(Debug)]
pub(super) struct NotKnown {
    shared: Arc<Shared>,
    number: u64,
    cause: String,
}

impl Object for NotKnown {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, _: &Value) -> Option<Value> {
        let trouble = Trouble::unknown(self.cause.clone());
        Some(Value::from(Error::new(ErrorKind::InvalidOperation, "").with_source(trouble)))
    }
}

/// Whether a value is defined, which does no harm to what is not known, provided that nobody else holds it.
pub(super) fn is_defined(value: &Value) -> bool {
    if let Some(unknown) = value.downcast_object::<NotKnown>() {
        // One is ours and one is the value that was handed in: then it came straight from its name and goes nowhere.
        if Arc::strong_count(&unknown) == 2 {
            lock(&unknown.shared.notes).unknown.retain(|(number, _)| *number != unknown.number);
        }
    }
    !value.is_undefined()
}
