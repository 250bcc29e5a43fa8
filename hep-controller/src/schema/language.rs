//! Schemas of plays, tasks and handlers, from the table of keys.

use super::Module;
use super::form::{EXPRESSION, reference, text};
use crate::read::keys::{HANDLER, Key, LOOP, PLAY, TASK, Takes};
use serde_json::{Map, Value, json};

/// A name that expressions can use.
const NAME: &str = "^[A-Za-z_][A-Za-z0-9_]*$";

/// An entry of a manifest that is a list: a play if it has a key that only plays have, else a task.
pub(super) fn entry() -> Value {
    let own = PLAY.iter().filter(|key| !TASK.iter().any(|other| other.is(key.name)));
    let own: Vec<Value> = own.map(|key| required(key.name)).collect();
    json!({"if": {"anyOf": own}, "then": reference("play"), "else": reference("task")})
}

/// Everything but the modules' parameters.
pub(super) fn definitions(modules: &[Module]) -> Map<String, Value> {
    let mut all = Map::new();
    let mut define = |name: &str, schema| all.insert(name.to_owned(), schema);
    define(
        "expression",
        json!({"type": "string", "pattern": EXPRESSION, "description": "A text with `{{ expressions }}`."}),
    );
    define("text", text());
    define("texts", json!({"anyOf": [text(), {"type": "array", "items": text()}]}));
    define("condition", condition());
    define("loop_control", mapping(properties(LOOP)));
    define("task", task(modules));
    // A key with nothing below it is an empty list.
    define("tasks", json!({"type": ["array", "null"], "items": reference("task")}));
    define("handler", handler(modules));
    define("handlers", json!({"type": ["array", "null"], "items": reference("handler")}));
    define("play", mapping(properties(PLAY)));
    all
}

/// Bare expressions: any text, a truth value, or a list of them.
fn condition() -> Value {
    json!({"anyOf": [{"type": ["string", "boolean"]}, {"type": "array", "items": {"type": ["string", "boolean"]}}]})
}

fn mapping(properties: Map<String, Value>) -> Value {
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}

/// A task: one module, block or include, and the keys beside it.
fn task(modules: &[Module]) -> Value {
    let one = one_of(modules, &["block", "include"]);
    let loops = spellings_of(&["loop"]);
    let tries = spellings_of(&["retries", "until"]);
    let mut schema = mapping(with_modules(modules, properties(TASK)));
    set(&mut schema, "oneOf", one);
    // A play may be without tasks; a block cannot.
    if let Some(block) = schema.pointer_mut("/properties/block") {
        set(block, "type", json!("array"));
        set(block, "minItems", json!(1));
    }
    let needs = json!({
        "rescue": ["block"], "always": ["block"], "loop_control": {"anyOf": loops}, "delay": {"anyOf": tries}
    });
    set(&mut schema, "dependencies", needs);
    schema
}

/// A handler: a task with a module, that may listen; or an include of such.
fn handler(modules: &[Module]) -> Value {
    let blocks = ["block", "rescue", "always"];
    let keys = TASK.iter().filter(|key| !blocks.contains(&key.name));
    let mut all = Map::new();
    keys.chain(HANDLER).for_each(|key| all.extend(entries(key)));
    let mut schema = mapping(with_modules(modules, all));
    set(&mut schema, "oneOf", one_of(modules, &["include"]));
    schema
}

/// One of the modules, or one of these keys by any of their names.
fn one_of(modules: &[Module], keys: &[&str]) -> Value {
    let modules = modules.iter().map(|module| required(&module.name));
    Value::Array(modules.chain(spellings_of(keys)).collect())
}

/// Mappings that have one of these keys of a task, by any of its names.
fn spellings_of(keys: &[&str]) -> Vec<Value> {
    let keys = TASK.iter().filter(|key| keys.contains(&key.name));
    keys.flat_map(spellings).map(required).collect()
}

/// A mapping that has this key.
fn required(key: &str) -> Value {
    json!({"required": [key]})
}

fn set(schema: &mut Value, key: &str, value: Value) {
    if let Some(map) = schema.as_object_mut() {
        map.insert(key.to_owned(), value);
    }
}

fn with_modules(modules: &[Module], mut keys: Map<String, Value>) -> Map<String, Value> {
    for module in modules {
        let schema = json!({"description": module.about, "allOf": [reference(&module.name)]});
        keys.insert(module.name.clone(), schema);
    }
    keys
}

fn spellings(key: &Key) -> impl Iterator<Item = &'static str> {
    std::iter::once(key.name).chain(key.also.iter().map(|also| also.name))
}

fn properties(table: &[Key]) -> Map<String, Value> {
    table.iter().flat_map(entries).collect()
}

/// A key under each of its names.
fn entries(key: &Key) -> Vec<(String, Value)> {
    let own = (key.name.to_owned(), described(key.takes, key.about.to_owned()));
    let other = key.also.iter().map(|also| {
        let about = format!("Ansible's word for `{}`.", key.name);
        (also.name.to_owned(), described(also.takes, about))
    });
    std::iter::once(own).chain(other).collect()
}

fn described(takes: Takes, about: String) -> Value {
    let mut schema = value(takes);
    set(&mut schema, "description", Value::String(about));
    schema
}

fn value(takes: Takes) -> Value {
    let number = || json!({"anyOf": [{"type": "integer", "minimum": 0}, reference("expression")]});
    match takes {
        Takes::Text => text(),
        Takes::Name => json!({"type": "string", "pattern": NAME}),
        Takes::Texts => json!({"allOf": [reference("texts")]}),
        Takes::Truth => json!({"type": "boolean"}),
        Takes::TruthOrExpression => {
            json!({"anyOf": [{"type": "boolean"}, reference("expression")]})
        }
        Takes::File => {
            let file =
                json!({"type": "object", "properties": {"file": text()}, "required": ["file"]});
            json!({"anyOf": [text(), file]})
        }
        Takes::Number | Takes::Seconds => number(),
        Takes::Sizes => {
            let percent = json!({"type": "string", "pattern": "^[0-9]+ *%?$"});
            let one = json!({"anyOf": [{"type": "integer", "minimum": 1}, percent]});
            json!({"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]})
        }
        Takes::Condition => json!({"allOf": [reference("condition")]}),
        Takes::Variables => json!({"type": "object", "propertyNames": {"pattern": NAME}}),
        Takes::Environment => {
            json!({"anyOf": [{"type": "object", "additionalProperties": text()}, reference("expression")]})
        }
        Takes::Items => {
            json!({"anyOf": [{"type": ["array", "object"]}, reference("expression")]})
        }
        Takes::List => json!({"anyOf": [{"type": "array"}, reference("expression")]}),
        Takes::LoopControl => json!({"allOf": [reference("loop_control")]}),
        Takes::Tasks => json!({"allOf": [reference("tasks")]}),
        Takes::Handlers => json!({"allOf": [reference("handlers")]}),
        Takes::Word(words) => json!({"type": "string", "enum": words}),
    }
}
