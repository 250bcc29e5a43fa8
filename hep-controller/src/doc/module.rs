//! The page of a module, from the schema that its type gives.

use super::EXAMPLES;
use super::page::{Page, Row};
use crate::schema::{Module, aliases};
use crate::text::Style;
use hep_protocol::task::About;
use serde_json::Value;

/// A parameter as its documentation has it.
#[derive(Debug)]
pub(super) struct Parameter {
    /// Its name.
    pub(super) name: String,
    /// Other names of it.
    pub(super) aliases: Vec<String>,
    /// What it takes, in words.
    pub(super) takes: String,
    /// Whether it must be given.
    pub(super) required: bool,
    /// What holds without it.
    pub(super) default: Option<String>,
    /// What it says.
    pub(super) about: String,
    /// Its words, with what each means.
    pub(super) words: Vec<(String, String)>,
    /// The keys of the mappings it takes.
    pub(super) keys: Vec<Parameter>,
}

/// The example of a module.
pub(super) fn example(module: &str) -> Option<&'static str> {
    EXAMPLES.iter().find(|(name, _)| *name == module).map(|(_, text)| *text)
}

pub(super) fn print(module: &Module, page: &mut Page) {
    page.title(&module.name, &module.about);
    let parameters = parameters(&module.parameters);
    if parameters.is_empty() {
        let about = description(&module.parameters);
        page.text(&format!("Takes: {}. {about}", takes(&module.parameters)));
    } else {
        page.heading("Parameters");
        page.rows(&parameters.iter().map(row).collect::<Vec<_>>());
        page.text(
            "Any value may be a `{{ expression }}`. `hep doc task` has the keys beside the module.",
        );
        if let Some(main) = About::of(&module.name).main {
            let name = &module.name;
            page.text(&format!("`{name}: VALUE` is short for `{name}: {{{main}: VALUE}}`."));
        }
    }
    if let Some(example) = example(&module.name) {
        page.heading(&format!("Example (examples/{}.yml)", module.name));
        page.verbatim(example);
    }
}

/// The parameters of this name, and those with a key of it in their mappings.
pub(super) fn named(module: &Module, word: &str) -> Vec<Row> {
    let is = |parameter: &Parameter| {
        parameter.name == word || parameter.aliases.iter().any(|alias| alias == word)
    };
    let all = parameters(&module.parameters);
    all.iter().filter(|one| is(one) || one.keys.iter().any(is)).map(row).collect()
}

fn row(parameter: &Parameter) -> Row {
    let words = parameter.words.iter().map(|(word, about)| format!("{word}: {about}"));
    let keys = parameter.keys.iter().map(|key| {
        let required = if key.required { "; required" } else { "" };
        format!("{} ({}{required}): {}", key.name, key.takes, key.about)
    });
    let names = std::iter::once(&parameter.name).chain(&parameter.aliases);
    Row {
        names: names.map(String::as_str).collect::<Vec<_>>().join(", "),
        takes: parameter.takes.clone(),
        default: parameter.default.clone(),
        required: parameter.required,
        about: parameter.about.clone(),
        below: words.chain(keys).map(|line| (Style::Faint, line)).collect(),
    }
}

/// The parameters of a module, in the order of its type; those that must be given first.
pub(super) fn parameters(schema: &Value) -> Vec<Parameter> {
    let required: Vec<&str> = strings(schema.get("required")).collect();
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let parameter = |(name, schema): (&String, &Value)| {
        let (about, written) = split_default(&description(schema));
        let default = written.or_else(|| schema.get("default").map(plain));
        Parameter {
            name: name.clone(),
            aliases: aliases(schema),
            takes: takes(schema),
            required: required.contains(&name.as_str()),
            default,
            about,
            words: words(schema),
            keys: schema.get("items").map(parameters).unwrap_or_default(),
        }
    };
    let mut all: Vec<Parameter> = properties.map(parameter).collect();
    all.sort_by_key(|parameter| !parameter.required);
    all
}

fn strings(list: Option<&Value>) -> impl Iterator<Item = &str> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn description(schema: &Value) -> String {
    let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A value without the quotes of JSON.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What a comment says of a parameter, and the default that it names at its end.
fn split_default(about: &str) -> (String, Option<String>) {
    match about.split_once(" Default: ") {
        Some((about, default)) => {
            let default = default.trim_end_matches('.').trim_matches('`');
            (about.to_owned(), Some(default.to_owned()))
        }
        None => (about.to_owned(), None),
    }
}

/// The words that a value is one of, each with what it means.
fn words(schema: &Value) -> Vec<(String, String)> {
    let choices = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    let word =
        |choice: &Value| Some((choice.get("const")?.as_str()?.to_owned(), description(choice)));
    choices.filter_map(word).collect()
}

/// What a value is, in words.
fn takes(schema: &Value) -> String {
    if let Some(title) = schema.get("title").and_then(Value::as_str) {
        return title.to_owned();
    }
    let words: Vec<String> = words(schema).into_iter().map(|(word, _)| word).collect();
    if !words.is_empty() {
        return words.join(" | ");
    }
    if let Some([one, list]) = schema.get("anyOf").and_then(Value::as_array).map(Vec::as_slice)
        && list.get("items") == Some(one)
    {
        return format!("{} or list", takes(one));
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("boolean") => "true or false".to_owned(),
        Some("integer") => number(schema),
        Some("string") => "text".to_owned(),
        Some("array") => match schema.get("items") {
            Some(items) => format!("list of {}", plural(&takes(items))),
            None => "list".to_owned(),
        },
        Some("object") => match schema.get("additionalProperties") {
            Some(inner @ Value::Object(_)) => format!("mapping of {}", plural(&takes(inner))),
            Some(_) | None => "mapping".to_owned(),
        },
        Some(_) | None => "any value".to_owned(),
    }
}

fn number(schema: &Value) -> String {
    let bound = |key: &str| schema.get(key).and_then(Value::as_u64);
    match (bound("minimum").filter(|least| *least > 0), bound("maximum")) {
        (Some(least), Some(most)) => format!("number from {least} to {most}"),
        (Some(least), None) => format!("number from {least}"),
        (None, Some(most)) => format!("number up to {most}"),
        (None, None) => "number".to_owned(),
    }
}

fn plural(words: &str) -> String {
    format!("{words}s")
}
