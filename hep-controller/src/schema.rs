//! The JSON Schema of manifests, for editors: composed of what the modules' types say of themselves and of the table of
//! keys. Touches nothing; `hep schema` prints it and docs/manifest.schema.json is a copy.
//!
//! Draft 7, which all editors know. It may take more than hep does, never less: what it refuses is a mistake.

mod form;
mod language;
#[cfg(test)]
mod tests;

pub(crate) use form::aliases;

use hep_protocol::task::{About, TaskSpec};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// What a module's type says of itself.
#[derive(Debug)]
pub(crate) struct Module {
    /// Its name: the key of a task.
    pub(crate) name: String,
    /// What it is for, in a line.
    pub(crate) about: String,
    /// The schema of its parameters: what is never given is not in it, other names are in `x-aliases`.
    pub(crate) parameters: Value,
}

/// Every module, in the order of the enum.
pub(crate) fn modules() -> Vec<Module> {
    let settings = SchemaSettings::draft07().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let root = settings.into_generator().into_root_schema_for::<TaskSpec>().to_value();
    let variants = root.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    variants.filter_map(module).collect()
}

fn module(variant: &Value) -> Option<Module> {
    let (name, parameters) = variant.get("properties")?.as_object()?.iter().next()?;
    let about = variant.get("description").and_then(Value::as_str).unwrap_or_default();
    let mut parameters = parameters.clone();
    form::settle(&mut parameters);
    Some(Module { name: name.clone(), about: about.to_owned(), parameters })
}

/// The whole schema.
pub(crate) fn manifest() -> Value {
    let modules = modules();
    let mut definitions = Map::new();
    for module in &modules {
        let mut parameters = module.parameters.clone();
        form::admit_expressions(&mut parameters);
        form::spell_out_aliases(&mut parameters);
        if let Some(main) = About::of(&module.name).main {
            let about = format!("A value alone is `{main}`.");
            let types = ["string", "number", "boolean", "array"];
            let alone = json!({"type": types, "description": about});
            parameters = json!({"if": {"type": "object"}, "then": parameters, "else": alone});
        }
        definitions.insert(module.name.clone(), parameters);
    }
    definitions.extend(language::definitions(&modules));
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "manifest of hep",
        "description": "What hosts shall be: a list of tasks, a play, or a list of plays.",
        "if": {"type": "array"},
        "then": {"minItems": 1, "items": language::entry()},
        "else": {"$ref": "#/definitions/play"},
        "definitions": definitions,
    })
}

/// The whole schema as `hep schema` prints it.
pub(crate) fn text() -> String {
    // The alternate form of a value's Display is its text over several lines; it cannot fail.
    format!("{:#}\n", manifest())
}
