//! What becomes of a type's own schema before a manifest is held against it.

use serde_json::{Map, Value, json};

/// What a string that holds an expression looks like.
pub(super) const EXPRESSION: &str = r"\{\{|\{%";

/// Any text, as hep reads it: a number or a truth value without quotes is its own text.
pub(super) fn text() -> Value {
    json!({"type": ["string", "number", "boolean"]})
}

/// A reference to a definition.
pub(super) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/definitions/{name}")})
}

/// Takes out what a type says to programs and a manifest cannot: nothing as a value, empty defaults, widths of numbers.
pub(super) fn settle(schema: &mut Value) {
    let Some(map) = schema.as_object_mut() else { return };
    map.remove("format");
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    };
    if map.get("default").is_some_and(is_empty) {
        map.remove("default");
    }
    for list in ["type", "enum", "anyOf"] {
        if let Some(Value::Array(items)) = map.get_mut(list) {
            items.retain(|item| !is_nothing(item));
        }
    }
    if let Some(Value::Array(types)) = map.get_mut("type")
        && let [only] = types.as_slice()
    {
        let only = only.clone();
        map.insert("type".to_owned(), only);
    }
    unwrap_only_choice(map);
    below(map).for_each(settle);
}

/// `null`, as a type, a word or a schema.
fn is_nothing(item: &Value) -> bool {
    item.is_null() || item == "null" || item.get("type").is_some_and(|kind| kind == "null")
}

/// `anyOf` with one member is that member; what was said beside it stays.
fn unwrap_only_choice(map: &mut Map<String, Value>) {
    let Some(Value::Array(choices)) = map.get("anyOf") else { return };
    let [Value::Object(only)] = choices.as_slice() else { return };
    let only = only.clone();
    map.remove("anyOf");
    for (key, value) in only {
        map.entry(key).or_insert(value);
    }
}

/// The schemas inside of a schema.
fn below(map: &mut Map<String, Value>) -> impl Iterator<Item = &mut Value> {
    map.iter_mut().flat_map(|(key, value)| -> Vec<&mut Value> {
        match (key.as_str(), value) {
            ("properties", Value::Object(entries)) => entries.values_mut().collect(),
            ("anyOf" | "oneOf", Value::Array(items)) => items.iter_mut().collect(),
            ("items" | "additionalProperties", inner @ Value::Object(_)) => vec![inner],
            _ => Vec::new(),
        }
    })
}

/// Lets every value below a module's parameters also be a `{{ expression }}`, and a text without quotes.
pub(super) fn admit_expressions(parameters: &mut Value) {
    if let Some(map) = parameters.as_object_mut() {
        below(map).for_each(admit);
    }
}

/// The same for one value and all below it.
fn admit(schema: &mut Value) {
    let Some(map) = schema.as_object_mut() else { return };
    if let Some(Value::Array(choices)) = map.get_mut("anyOf") {
        for choice in choices.iter_mut() {
            let inner = choice.as_object_mut().into_iter().flat_map(below);
            inner.for_each(admit);
            widen(choice);
        }
        if !choices.iter().any(is_any_text) {
            choices.push(reference("expression"));
        }
        return;
    }
    below(map).filter(|inner| inner.get("const").is_none()).for_each(admit);
    widen(schema);
    if !takes_everything(schema) && !is_any_text(schema) {
        offer_expression(schema);
    }
}

/// A text without a form of its own is also a number or a truth value without quotes.
fn widen(schema: &mut Value) {
    if let Some(map) = schema.as_object_mut()
        && map.get("type").is_some_and(|kind| kind == "string")
        && !["pattern", "enum", "const"].iter().any(|key| map.contains_key(*key))
        && let Some(kind) = text().get("type")
    {
        map.insert("type".to_owned(), kind.clone());
    }
}

fn is_any_text(schema: &Value) -> bool {
    schema.get("type") == text().get("type")
}

fn takes_everything(schema: &Value) -> bool {
    let constrains = ["type", "enum", "const", "oneOf", "anyOf", "$ref"];
    !constrains.iter().any(|key| schema.get(key).is_some())
}

/// Makes a schema one of two, keeping outside what is said about it.
fn offer_expression(schema: &mut Value) {
    let Some(map) = schema.as_object_mut() else { return };
    let inner: Map<_, _> = std::mem::take(map);
    let about = |key: &str| ["description", "default", "x-aliases"].contains(&key);
    let (mut outside, inside): (Map<_, _>, Map<_, _>) =
        inner.into_iter().partition(|(key, _)| about(key));
    outside.insert("anyOf".to_owned(), json!([inside, reference("expression")]));
    *map = outside;
}

/// Gives every other name of a parameter its place among the parameters; one of its names suffices where it is required.
pub(super) fn spell_out_aliases(parameters: &mut Value) {
    let Some(map) = parameters.as_object_mut() else { return };
    let mut required: Vec<Value> = match map.remove("required") {
        Some(Value::Array(names)) => names,
        Some(_) | None => Vec::new(),
    };
    let mut choices = Vec::new();
    if let Some(Value::Object(properties)) = map.get_mut("properties") {
        let named: Vec<(String, Vec<String>)> =
            properties.iter().map(|(name, schema)| (name.clone(), aliases(schema))).collect();
        for (name, aliases) in named.into_iter().filter(|(_, aliases)| !aliases.is_empty()) {
            let Some(Value::Object(schema)) = properties.get_mut(&name) else { continue };
            schema.remove("x-aliases");
            let mut copy = schema.clone();
            copy.insert("description".to_owned(), json!(format!("The same as `{name}`.")));
            copy.remove("default");
            for alias in &aliases {
                properties.insert(alias.clone(), Value::Object(copy.clone()));
            }
            if required.contains(&json!(name)) {
                required.retain(|other| *other != name);
                let all = std::iter::once(&name).chain(&aliases);
                let all: Vec<Value> = all.map(|name| json!({"required": [name]})).collect();
                choices.push(json!({"anyOf": all}));
            }
        }
    }
    if !required.is_empty() {
        map.insert("required".to_owned(), Value::Array(required));
    }
    if !choices.is_empty() {
        map.insert("allOf".to_owned(), Value::Array(choices));
    }
}

/// The other names of a parameter.
pub(crate) fn aliases(schema: &Value) -> Vec<String> {
    let names = schema.get("x-aliases").and_then(Value::as_array).into_iter().flatten();
    names.filter_map(Value::as_str).map(str::to_owned).collect()
}
