//! One evaluation: the scope as the engine asks for it, and notes of what it met on the way.
//!
//! What is unknown or could not be had is noted when it is looked up: whatever an expression then makes of it, the
//! evaluation ends with that and with no guess.

mod memory;
mod names;
mod objects;
mod templates;

pub(super) use memory::Memory;
pub(super) use objects::is_defined;

use super::convert::to_json;
use super::engine::{self, Printed, Rules, engine};
use super::filters::OMIT;
use super::rewrite::{Form, Rewritten, rewrite};
use super::spoken::Speaking;
use super::{Found, Scope, Trouble, TroubleKind, has_expression};
use crate::dialect::Dialect;
use crate::truth::{Reader, truth};
use minijinja::value::ValueKind;
use minijinja::{Environment, Error, ErrorKind, Value};
use names::Root;
use serde_json::Value as Json;
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Everything one evaluation shares with those of the variables it uses.
struct Shared {
    scope: Arc<dyn Scope>,
    memory: Arc<Memory>,
    notes: Arc<Mutex<Notes>>,
    /// What leads to the scope's names; nothing, if they are those of the evaluation itself.
    path: String,
}

/// What was noted holds values that make their parts when these are looked at, and that takes the notes' lock: they are no part of
/// any message.
impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shared({:?})", self.path)
    }
}

#[derive(Default)]
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
            notes: Arc::default(),
            path: String::new(),
        };
        Self { shared: Arc::new(shared), chain: Arc::default() }
    }

    pub(super) fn json(&self, text: &str) -> Result<Json, Trouble> {
        let _speaking = self.speaking();
        let value = self.bare(text);
        self.settled(value.and_then(|value| to_json(&value))).and_then(whole)
    }

    pub(super) fn truth(&self, text: &str) -> Result<bool, Trouble> {
        let _speaking = self.speaking();
        match self.shared.memory.dialect {
            Dialect::Hep => {
                let value = self.bare(text);
                self.settled(value.and_then(|value| match value.as_str() {
                    // It says yes or no to a person, and is true to Jinja since it is not empty.
                    Some(word) if truth(word, Reader::Key).is_some() => {
                        let message = format!(
                            "the condition is the text `{word}`, which is neither true nor false"
                        );
                        let hint = format!("write `{} | bool` to read it as a word", text.trim());
                        Err(Trouble::new(TroubleKind::Other, message).hint(hint))
                    }
                    Some(_) | None => Ok(value.is_true()),
                }))
            }
            Dialect::Ansible => self.settled(self.condition(text)),
        }
    }

    /// A condition must be true or false itself. One in braces is rendered, and what was written in the variable that it names
    /// is a condition again.
    fn condition(&self, text: &str) -> Result<bool, Trouble> {
        let text = text.trim();
        if !has_expression(text) || text.starts_with(['\'', '"']) || !text.contains("{{") {
            return self.bare(text).and_then(|value| boolean(&value, text));
        }
        if !text.starts_with("{{") && !text.starts_with("{%") && is_within_literals(text) {
            return self.bare(text).and_then(|value| boolean(&value, text));
        }
        let value = self.rendered(text)?;
        match value.as_str() {
            Some(inner) if self.is_written(text) => {
                self.bare(inner).and_then(|value| boolean(&value, inner))
            }
            Some(_) | None => boolean(&value, text),
        }
    }

    /// Whether what a text in braces gives is nothing but what was written: no data of hosts is in it.
    fn is_written(&self, text: &str) -> bool {
        let names = |text: &str| -> Vec<String> {
            let parts = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
        };
        names(text).iter().all(|name| match self.shared.scope.get(name) {
            Some(Found::Raw(_)) | None => true,
            Some(
                Found::Plain(_)
                | Found::Ready(_)
                | Found::Unknown(_)
                | Found::Partial { .. }
                | Found::Failed(_)
                | Found::Names(_),
            ) => false,
        })
    }

    /// For as long as something is evaluated.
    fn speaking(&self) -> Speaking {
        Speaking::of(self.shared.memory.dialect)
    }

    /// The value of an expression that stands alone, without braces.
    fn bare(&self, text: &str) -> Result<Value, Trouble> {
        self.expression(text, 0..text.len(), text, Form::Bare).map_err(|trouble| {
            let braced = trouble.kind == TroubleKind::Syntax && has_expression(text);
            let hint = "it is an expression already: write it without `{{ }}`";
            if braced { trouble.hint(hint) } else { trouble }
        })
    }

    pub(super) fn text(&self, text: &str) -> Result<Json, Trouble> {
        self.value(text).and_then(whole)
    }

    /// A text as a value, which may be or have something that is to be left out.
    fn value(&self, text: &str) -> Result<Json, Trouble> {
        let _speaking = self.speaking();
        let value = self.rendered(text);
        self.settled(value.and_then(|value| to_json(&value)))
    }

    pub(super) fn tree(&self, json: &Json) -> Result<Json, Trouble> {
        self.part(json).map(|value| value.unwrap_or(Json::Null))
    }

    /// The same of a part of it; `None` for what is to be left out.
    pub(super) fn part(&self, json: &Json) -> Result<Option<Json>, Trouble> {
        let step = |key: &dyn fmt::Display, json: &Json| {
            self.part(json).map_err(|mut trouble| {
                trouble.path.insert(0, key.to_string());
                trouble
            })
        };
        match json {
            Json::String(text) if has_expression(text) => self.value(text).map(kept),
            Json::Array(items) => {
                let items = items.iter().enumerate().filter_map(|(at, i)| step(&at, i).transpose());
                items.collect::<Result<_, _>>().map(Json::Array).map(Some)
            }
            Json::Object(map) => {
                let entry = |(key, value): (&String, &Json)| {
                    step(key, value).transpose().map(|value| Ok((key.clone(), value?)))
                };
                map.iter().filter_map(entry).collect::<Result<_, _>>().map(Json::Object).map(Some)
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
                Ok(Some(json.clone()))
            }
        }
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

    /// A bare expression's value, which is defined; it stands at `place` of the text that was handed in.
    fn expression(
        &self,
        expression: &str,
        place: Range<usize>,
        text: &str,
        form: Form,
    ) -> Result<Value, Trouble> {
        let at_its_place = |error: Error, rewritten: Option<&Rewritten>| {
            let trouble = Trouble::from_error(error).written(rewritten);
            trouble.placed(expression, place.start, text)
        };
        let compiled = match self.shared.memory.expression(expression, form) {
            Ok(compiled) => compiled,
            Err((error, rewritten)) => return Err(at_its_place(error, rewritten.as_ref())),
        };
        match compiled.expression.eval(Value::from_object(Root(self.clone()))) {
            Ok(value) if value.is_undefined() => {
                let first = expression.split('|').next().unwrap_or_default();
                let name = match self.shared.memory.dialect {
                    Dialect::Ansible if !first.contains('(') => path_of(first),
                    Dialect::Ansible | Dialect::Hep => path_of(expression),
                };
                let kind = TroubleKind::Undefined { name };
                Err(Trouble::new(kind, "").placed(expression, place.start, text))
            }
            Ok(value) => Ok(value),
            Err(error) => Err(at_its_place(error, compiled.rewritten.as_ref())),
        }
    }

    /// A text with expressions as a value.
    fn rendered(&self, text: &str) -> Result<Value, Trouble> {
        let dialect = self.shared.memory.dialect;
        // Jinja takes away the last newline of a template.
        let body = match dialect {
            Dialect::Ansible => text.strip_suffix('\n').unwrap_or(text),
            Dialect::Hep => text,
        };
        if let Some(place) = engine::alone(body) {
            let expression = body.get(place.clone()).unwrap_or_default();
            let value = self.expression(expression, place, body, Form::Alone)?;
            return Ok(match value.as_str() {
                Some(part) if body.len() < text.len() => {
                    Value::from(templates::with_newlines_of(text, part.to_owned()))
                }
                Some(_) | None => value,
            });
        }
        let rules = Rules::default();
        match dialect {
            Dialect::Hep => {
                self.replaced(engine(dialect), &rules, text, Form::Text).map(Value::from)
            }
            Dialect::Ansible => {
                let around = Printed::replace(Printed::default());
                let replaced = self.replaced(engine(dialect), &rules, body, Form::Text);
                let printed = Printed::replace(around);
                let replaced = replaced?;
                let value = printed.value(&replaced).filter(|value| value.as_str().is_none());
                let text = || Value::from(templates::with_newlines_of(text, replaced));
                Ok(value.unwrap_or_else(text))
            }
        }
    }

    fn replaced(
        &self,
        engine: &Environment<'_>,
        rules: &Rules,
        text: &str,
        form: Form,
    ) -> Result<String, Trouble> {
        let rewritten = rewrite(text, form, self.shared.memory.dialect, &rules.syntax());
        let new = rewritten.as_ref().map_or(text, |new| &new.text);
        let rendered = engine.render_str(new, Value::from_object(Root(self.clone())));
        rendered.map_err(|error| {
            Trouble::from_error(error).written(rewritten.as_ref()).placed(text, 0, text)
        })
    }

    /// A text that a written expression has in it, as a value: the literal of a condition, what a lookup is asked for.
    pub(super) fn inner(&self, text: &str) -> Result<Value, Error> {
        let failed = |trouble| Error::new(ErrorKind::InvalidOperation, "").with_source(trouble);
        self.rendered(text).map_err(failed)
    }
}

/// The answer that a condition's value is.
fn boolean(value: &Value, text: &str) -> Result<bool, Trouble> {
    if value.kind() == ValueKind::Bool {
        return Ok(value.is_true());
    }
    let what = match value.kind() {
        ValueKind::None => "nothing",
        ValueKind::String => "a text",
        ValueKind::Number => "a number",
        ValueKind::Seq | ValueKind::Iterable => "a list",
        ValueKind::Map => "a mapping",
        _ => "no value",
    };
    let message = format!("the condition gives {what}, and a condition must be true or false");
    let hint = format!(
        "write `({text}) | bool` for a word, `({text}) | length > 0` for what may be empty, or `({text}) is truthy`"
    );
    Err(Trouble::new(TroubleKind::Other, message).hint(hint))
}

/// Whether all braces of an expression are in its quoted texts.
fn is_within_literals(text: &str) -> bool {
    let mut quote = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(_), '\\') => drop(characters.next()),
            (Some(open), character) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(character),
            (None, '{') if matches!(characters.peek(), Some('{' | '%' | '#')) => return false,
            (None, _) => {}
        }
    }
    true
}

/// The name that an expression is, if it is one and nothing more.
fn path_of(expression: &str) -> String {
    let name = expression.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.[]'\" ".contains(c);
    if name.chars().all(plain) { name.to_owned() } else { String::new() }
}

/// A rendered value without what is to be left out; `None` when that is all of it.
fn kept(json: Json) -> Option<Json> {
    match json {
        Json::String(text) if text == OMIT => None,
        Json::Array(items) => Some(items.into_iter().filter_map(kept).collect()),
        Json::Object(map) => {
            let entry = |(key, value)| kept(value).map(|value| (key, value));
            Some(Json::Object(map.into_iter().filter_map(entry).collect()))
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Some(json),
    }
}

/// A rendered value that stands for itself and can be left out of nothing.
fn whole(json: Json) -> Result<Json, Trouble> {
    kept(json).ok_or_else(|| {
        Trouble::new(TroubleKind::Other, "`omit` can only be the whole value of a parameter")
            .hint("give another value here")
    })
}

impl Run {
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
            let Trouble { kind, message, hint, variable, .. } = inner.of_variable(&path);
            return Trouble { kind, message, hint, variable, ..trouble };
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
        // `os['name']` is `os.name`.
        let name = name.replace(['"', '\''], "").replace('[', ".").replace(']', "");
        let name = name.as_str();
        let (owner, last) = match name.rsplit_once('.') {
            Some((owner, last)) => (Some(owner), last),
            None => (None, name),
        };
        let known: Vec<String> = match owner {
            None => self.shared.scope.names(),
            Some(owner) => {
                let owner = self.expression(owner, 0..0, owner, Form::Bare).ok()?;
                let keys = Some(owner).filter(|owner| owner.kind() == ValueKind::Map)?;
                let keys = keys.try_iter().ok()?;
                keys.filter_map(|key| key.as_str().map(str::to_owned)).take(1000).collect()
            }
        };
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        match (crate::words::nearest(last, known.iter().copied()), owner) {
            (Some(near), Some(owner)) => Some(format!("did you mean `{owner}.{near}`?")),
            (Some(near), None) => Some(format!("did you mean `{near}`?")),
            (None, Some(owner)) if (1..=20).contains(&known.len()) => {
                Some(format!("`{owner}` has {}", crate::words::all_of(&known)))
            }
            (None, _) => None,
        }
    }
}

#[cfg(test)]
mod tests;
