//! Arguments against what is known of each of them, by Ansible's rules for the parameters of modules.

use super::kind::{read, shown};
use serde_json::{Map, Value};

type Fields = Map<String, Value>;

/// All that is wrong with the arguments.
pub(super) fn errors(options: &Fields, given: &Fields) -> Vec<String> {
    let mut errors = Vec::new();
    level(&Level { options, rules: &Fields::new(), path: "" }, given, &mut errors);
    errors
}

/// The arguments below one argument, or those of all.
struct Level<'a> {
    /// What is known of each, by its name.
    options: &'a Fields,
    /// Which go together: what stands beside `options`.
    rules: &'a Fields,
    /// The argument that they are below.
    path: &'a str,
}

impl Level<'_> {
    fn name(&self, name: &str) -> String {
        if self.path.is_empty() {
            format!("`{name}`")
        } else {
            format!("`{name}` of `{}`", self.path)
        }
    }

    /// Where the message says nothing of one of them.
    fn place(&self) -> String {
        if self.path.is_empty() { String::new() } else { format!(" of `{}`", self.path) }
    }
}

fn level(level: &Level<'_>, given: &Fields, errors: &mut Vec<String>) {
    let mut values = named(level, given, errors);
    exclusive(level, &values, errors);
    for (name, about) in level.options {
        if let Some(default) = about.get("default").filter(|default| !default.is_null()) {
            values.entry(name.clone()).or_insert_with(|| default.clone());
        }
    }
    missing(level, &values, errors);
    for (name, about) in level.options {
        let Some(value) = values.get(name) else { continue };
        let required = about.get("required") == Some(&Value::Bool(true));
        if value.is_null() && !required {
            continue;
        }
        match typed(about, value) {
            Ok(value) => {
                choice(level, name, about, &value, errors);
                below(level, name, about, &value, errors);
                values.insert(name.clone(), value);
            }
            Err(why) => errors.push(format!("{}: {why}", level.name(name))),
        }
    }
    together(level, &values, errors);
}

/// The arguments by their own names; those of other names are mistakes.
fn named(level: &Level<'_>, given: &Fields, errors: &mut Vec<String>) -> Fields {
    let mut values = Fields::new();
    let (mut unknown, mut known) = (Vec::new(), Vec::new());
    known.extend(level.options.keys().map(String::as_str));
    for (name, value) in given {
        let has_alias =
            |(_, about): &(&String, &Value)| texts(about.get("aliases")).contains(&name.as_str());
        let own =
            level.options.get_key_value(name).or_else(|| level.options.iter().find(has_alias));
        match own {
            Some((own, _)) => drop(values.insert(own.clone(), value.clone())),
            None => unknown.push(name.as_str()),
        }
    }
    for name in unknown {
        let list = known.join(", ");
        errors.push(format!("there is no argument {}; there are: {list}", level.name(name)));
    }
    values
}

/// A value as its type reads it.
fn typed(about: &Value, value: &Value) -> Result<Value, String> {
    let kind = about.get("type").and_then(Value::as_str).unwrap_or("str");
    let value = read(kind, value)?;
    match (about.get("elements").and_then(Value::as_str), value) {
        (Some(kind), Value::Array(items)) => {
            let items: Result<Vec<Value>, String> =
                items.iter().map(|item| read(kind, item)).collect();
            items.map(Value::Array).map_err(|why| format!("its elements: {why}"))
        }
        (_, value) => Ok(value),
    }
}

fn choice(level: &Level<'_>, name: &str, about: &Value, value: &Value, errors: &mut Vec<String>) {
    let Some(choices) = about.get("choices").and_then(Value::as_array) else { return };
    // A word such as `no` among the choices is what YAML makes a truth value of.
    let same = |choice: &Value, value: &Value| {
        choice == value || read("str", choice).ok().as_ref() == Some(value)
    };
    let is_one = |value: &Value| choices.iter().any(|choice| same(choice, value));
    let wrong = match value {
        Value::Array(items) => items.iter().find(|item| !is_one(item)),
        one @ (Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Object(_)) => Some(one).filter(|one| !is_one(one)),
    };
    if let Some(wrong) = wrong {
        let list: Vec<String> = choices.iter().map(shown).collect();
        let (name, wrong) = (level.name(name), shown(wrong));
        errors.push(format!("{name} is one of {}, found {wrong}", list.join(", ")));
    }
}

/// The arguments in a mapping, or in each mapping of a list.
fn below(level: &Level<'_>, name: &str, about: &Value, value: &Value, errors: &mut Vec<String>) {
    let (Some(options), Some(rules)) =
        (about.get("options").and_then(Value::as_object), about.as_object())
    else {
        return;
    };
    let dot = if level.path.is_empty() { "" } else { "." };
    let path = format!("{}{dot}{name}", level.path);
    let inner = Level { options, rules, path: &path };
    match value {
        Value::Object(given) => self::level(&inner, given, errors),
        Value::Array(items) => {
            items
                .iter()
                .filter_map(Value::as_object)
                .for_each(|given| self::level(&inner, given, errors));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn missing(level: &Level<'_>, values: &Fields, errors: &mut Vec<String>) {
    for (name, about) in level.options {
        let required = about.get("required") == Some(&Value::Bool(true));
        if required && !values.contains_key(name) {
            errors.push(format!("{} is missing", level.name(name)));
        }
    }
}

fn exclusive(level: &Level<'_>, values: &Fields, errors: &mut Vec<String>) {
    for group in groups(level.rules.get("mutually_exclusive")) {
        let there: Vec<&str> =
            group.iter().copied().filter(|name| is_there(values, name)).collect();
        if there.len() > 1 {
            errors.push(format!("only one of {}{} may be given", there.join(", "), level.place()));
        }
    }
}

/// Arguments that others require.
fn together(level: &Level<'_>, values: &Fields, errors: &mut Vec<String>) {
    let place = level.place();
    for group in groups(level.rules.get("required_together")) {
        let there = group.iter().filter(|name| is_there(values, name)).count();
        if there > 0 && there < group.len() {
            errors.push(format!("{}{place} go together", group.join(", ")));
        }
    }
    for group in groups(level.rules.get("required_one_of")) {
        if !group.iter().any(|name| is_there(values, name)) {
            errors.push(format!("one of {}{place} is required", group.join(", ")));
        }
    }
    let by = level.rules.get("required_by").and_then(Value::as_object);
    for (name, needs) in by.into_iter().flatten().filter(|(name, _)| is_there(values, name)) {
        let absent = texts(Some(needs)).into_iter().find(|need| !is_there(values, need));
        errors.extend(absent.map(|need| format!("`{name}`{place} requires `{need}`")));
    }
    let conditions = level.rules.get("required_if").and_then(Value::as_array);
    for rule in conditions.into_iter().flatten().filter_map(Value::as_array) {
        let [name, wanted, needs, rest @ ..] = rule.as_slice() else { continue };
        let name = name.as_str().unwrap_or_default();
        if values.get(name) != Some(wanted) {
            continue;
        }
        let needs = texts(Some(needs));
        let there = needs.iter().filter(|need| is_there(values, need)).count();
        let enough = if rest.first() == Some(&Value::Bool(true)) { 1 } else { needs.len() };
        if there < enough.min(needs.len()) {
            let (list, wanted) = (needs.join(", "), shown(wanted));
            errors.push(format!("`{name}`{place} being {wanted} requires {list}"));
        }
    }
}

fn is_there(values: &Fields, name: &str) -> bool {
    values.get(name).is_some_and(|value| !value.is_null())
}

/// A text or a list of texts.
fn texts(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => {
            Vec::new()
        }
    }
}

/// Lists of names; a single list stands for itself.
fn groups(value: Option<&Value>) -> Vec<Vec<&str>> {
    let Some(Value::Array(items)) = value else { return Vec::new() };
    if items.iter().all(Value::is_string) {
        return vec![texts(value)];
    }
    items.iter().map(|item| texts(Some(item))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(spec: Value, given: Value, expected: &[&str]) {
        let (spec, given) = (spec.as_object().unwrap(), given.as_object().unwrap());
        assert_eq!(errors(spec, given), expected);
    }

    #[test]
    fn arguments_are_there_and_of_their_types() {
        let spec = json!({
            "number": {"type": "int", "required": true},
            "choice": {"choices": ["a", "b"]},
            "list": {"type": "list", "elements": "int"},
        });
        check(spec.clone(), json!({"number": "5", "choice": "a", "list": [1, "2"]}), &[]);
        let wrong = json!({"number": "text", "choice": "z", "list": ["x"]});
        let expected = [
            "`choice` is one of \"a\", \"b\", found \"z\"",
            "`list`: its elements: it takes int, found \"x\"",
            "`number`: it takes int, found \"text\"",
        ];
        let found = errors(spec.as_object().unwrap(), wrong.as_object().unwrap());
        let mut sorted = found;
        sorted.sort();
        assert_eq!(sorted, expected);
        check(spec, json!({}), &["`number` is missing"]);
    }

    #[test]
    fn what_may_be_left_out_may_be_null() {
        check(json!({"a": {"type": "int"}}), json!({"a": null}), &[]);
        let found = ["`a`: it takes int, found null"];
        check(json!({"a": {"type": "int", "required": true}}), json!({"a": null}), &found);
    }

    #[test]
    fn mappings_have_their_own_arguments_and_rules() {
        let spec = json!({"users": {"type": "list", "elements": "dict", "options": {
            "name": {"required": true}, "uid": {"type": "int"}, "key": {}, "keys": {"type": "list"}},
            "mutually_exclusive": [["key", "keys"]]}});
        check(spec.clone(), json!({"users": [{"name": "ada", "uid": "5"}]}), &[]);
        let given = json!({"users": [{"uid": 1, "shell": "x", "key": "a", "keys": []}]});
        let expected = [
            "there is no argument `shell` of `users`; there are: name, uid, key, keys",
            "only one of key, keys of `users` may be given",
            "`name` of `users` is missing",
        ];
        let found = errors(spec.as_object().unwrap(), given.as_object().unwrap());
        assert_eq!(found.len(), expected.len(), "{found:?}");
        assert!(
            expected.iter().skip(1).all(|line| found.contains(&(*line).to_owned())),
            "{found:?}"
        );
    }

    #[test]
    fn truth_values_are_the_words_that_yaml_made_them_of() {
        check(json!({"a": {"choices": [false, "always"]}}), json!({"a": "False"}), &[]);
        check(json!({"a": {"aliases": ["b"], "required": true}}), json!({"b": "x"}), &[]);
    }
}
