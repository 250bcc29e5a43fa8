//! `lookup`, `query` and `q`: those that need nothing but what they are handed or the names of the scope are answered here,
//! all others by whoever made the scope.

use super::super::{Registry, advise, items, refuse, shown, trouble};
use super::lists::{every, flatten_into, subelements, together};
use super::{run, string};
use crate::expression::convert::{to_json, to_value};
use crate::expression::run::Run;
use crate::expression::{Lookup, Template, Trouble};
use minijinja::value::{Kwargs, Rest, ValueKind, ValueOrKwargs};
use minijinja::{Error, State, Value};

/// Deeper than any list that a person writes.
const LEVELS: usize = 64;

/// More numbers than any loop over a sequence has.
const MAX_NUMBERS: i64 = 100_000;

pub(super) fn register(engine: &mut Registry<'_>) {
    for (name, always_list) in [("lookup", false), ("query", true), ("q", true)] {
        engine.add_function(
            name,
            move |state: &mut State, plugin: String, rest: Rest<ValueOrKwargs>| {
                let rest = rest.into_values();
                let (terms, kwargs): (&[Value], Kwargs) = minijinja::value::from_args(&rest)?;
                let want = kwargs.get::<Option<bool>>("wantlist")?.unwrap_or(always_list);
                let errors = kwargs.get::<Option<String>>("errors")?;
                match found(state, &plugin, terms, &kwargs) {
                    Ok(found) if want => Ok(Value::from(found)),
                    Ok(found) => Ok(single(found)),
                    Err(error) => match errors.as_deref() {
                        Some("ignore" | "warn") if want => Ok(Value::from(Vec::<Value>::new())),
                        Some("ignore" | "warn") => Ok(Value::from(())),
                        Some(_) | None => Err(error),
                    },
                }
            },
        );
    }
}

/// One result stands for itself, several texts are joined by commas, all else is a list.
fn single(mut found: Vec<Value>) -> Value {
    let texts = found.iter().all(|value| value.as_str().is_some());
    if found.len() == 1 {
        found.remove(0)
    } else if texts {
        let texts: Vec<&str> = found.iter().filter_map(Value::as_str).collect();
        Value::from(texts.join(","))
    } else {
        Value::from(found)
    }
}

fn found(
    state: &mut State,
    plugin: &str,
    terms: &[Value],
    kwargs: &Kwargs,
) -> Result<Vec<Value>, Error> {
    let run = &run(state)?;
    let own = ["ansible.builtin.", "ansible.legacy.", "community.general."];
    let name = own.iter().find_map(|own| plugin.strip_prefix(own)).unwrap_or(plugin);
    match name {
        "vars" => {
            let default = kwargs.get::<Option<Value>>("default")?;
            terms.iter().map(|term| variable(run, term, default.as_ref())).collect()
        }
        "varnames" => {
            let mut names = Vec::new();
            for term in terms {
                let pattern = string(term)?;
                let pattern = crate::expression::Pattern::new(&pattern).map_err(refuse)?;
                let known = run.names().into_iter().filter(|name| pattern.is_match(name));
                names.extend(known.map(Value::from));
            }
            Ok(names)
        }
        "items" => flat(terms, 1, false),
        "flattened" => flat(terms, LEVELS, true),
        "list" => Ok(terms.to_vec()),
        "dict" => pairs(terms),
        "together" => {
            let lists = lists(terms, name)?;
            Ok(together(&lists, Some(Value::from(()))).into_iter().map(Value::from).collect())
        }
        "nested" | "cartesian" => {
            let lists = lists(terms, name)?;
            let rows = every(&lists.iter().collect::<Vec<_>>())?;
            Ok(rows.into_iter().map(Value::from).collect())
        }
        "indexed_items" => {
            let flat = flat(terms, 1, false)?.into_iter().enumerate();
            Ok(flat.map(|(at, item)| Value::from(vec![Value::from(at), item])).collect())
        }
        "subelements" => nested_elements(terms),
        "sequence" => sequence(state, terms, kwargs),
        "template" => terms.iter().map(|term| template(run, term, kwargs)).collect(),
        _ => asked(run, name, terms, kwargs),
    }
}

/// A test or filter that looks at the controller's files. The scope knows it as `is file`, or `| realpath`.
pub(super) fn of_files(
    state: &State,
    name: &str,
    value: &Value,
    rest: &[Value],
) -> Result<Value, Error> {
    let terms: Vec<Value> = std::iter::once(value.clone()).chain(rest.iter().cloned()).collect();
    let kwargs: Kwargs = minijinja::value::from_args::<(Kwargs,)>(&[])?.0;
    asked(&run(state)?, name, &terms, &kwargs).map(single)
}

/// A template file of the controller, whose text the scope has, rendered with the names that are in view here.
fn template(run: &Run, term: &Value, kwargs: &Kwargs) -> Result<Value, Error> {
    let vars = kwargs.get::<Option<Value>>("template_vars")?;
    let _converted = kwargs.get::<Option<bool>>("convert_data")?;
    let mut rules = Vec::new();
    for name in crate::expression::engine::RULES {
        if let Some(value) = kwargs.get::<Option<Value>>(name)? {
            let value = string(&value)?.replace('\n', "\\n").replace('\r', "\\r");
            let truth = name.ends_with("blocks");
            rules.push(if truth {
                format!("{name}: {value}")
            } else {
                format!("{name}: '{value}'")
            });
        }
    }
    let lookup = Lookup {
        plugin: "template".to_owned(),
        terms: vec![to_json(term).map_err(trouble)?],
        options: serde_json::Map::new(),
    };
    let name = string(term)?;
    let text = answer_of(run, &lookup)?.into_iter().next();
    let text = text.as_ref().and_then(|text| text.as_str()).unwrap_or_default();
    let vars = vars.map(|vars| to_json(&vars).map_err(trouble)).transpose()?;
    let template = Template { name: &name, text, rules: &rules.join(", "), parts: &[] };
    run.over(vars).template_value(&template).map_err(trouble)
}

fn answer_of(run: &Run, asked: &Lookup) -> Result<Vec<serde_json::Value>, Error> {
    match run.ask(asked) {
        Some(answer) => answer.map_err(trouble),
        None => Err(unanswered(&asked.plugin)),
    }
}

fn unanswered(name: &str) -> Error {
    let message = match name.split_once(' ') {
        Some(_) => format!("`{name}` looks at the controller's files, and they are not known here"),
        None => format!("the lookup `{name}` cannot be answered here"),
    };
    advise(message, "have a task that is delegated to localhost find the value, and register it")
}

/// What the scope knows of it.
fn asked(run: &Run, name: &str, terms: &[Value], kwargs: &Kwargs) -> Result<Vec<Value>, Error> {
    let json = |value: &Value| to_json(value).map_err(trouble);
    let mut options = serde_json::Map::new();
    for name in kwargs.args().filter(|name| !matches!(*name, "wantlist" | "errors")) {
        options.insert(name.to_owned(), json(&kwargs.get::<Value>(name)?)?);
    }
    let terms = terms.iter().map(json).collect::<Result<_, _>>()?;
    let asked = Lookup { plugin: name.to_owned(), terms, options };
    Ok(answer_of(run, &asked)?.iter().map(to_value).collect())
}

/// A variable by its name; its default only where there is none of that name.
fn variable(run: &Run, term: &Value, default: Option<&Value>) -> Result<Value, Error> {
    let name = string(term)?;
    let undefined = || trouble(Trouble::undefined(&name));
    match (run.has(&name), default) {
        (true, _) => run.look_up(&name).filter(|value| !value.is_undefined()).ok_or_else(undefined),
        (false, Some(default)) => Ok(default.clone()),
        (false, None) => Err(undefined()),
    }
}

fn flat(terms: &[Value], levels: usize, skip: bool) -> Result<Vec<Value>, Error> {
    let mut flat = Vec::new();
    flatten_into(&mut flat, terms.to_vec(), levels, skip)?;
    Ok(flat)
}

/// Terms that are lists; anything else is a list of one.
fn lists(terms: &[Value], name: &str) -> Result<Vec<Vec<Value>>, Error> {
    if terms.is_empty() {
        return Err(refuse(format!("the lookup `{name}` takes at least one list")));
    }
    terms
        .iter()
        .map(|term| match term.kind() {
            ValueKind::Seq | ValueKind::Iterable => items(term, name),
            _ => Ok(vec![term.clone()]),
        })
        .collect()
}

fn pairs(terms: &[Value]) -> Result<Vec<Value>, Error> {
    let mut pairs = Vec::new();
    for term in flat(terms, 1, false)? {
        if term.kind() != ValueKind::Map {
            return Err(refuse("the lookup `dict` takes mappings"));
        }
        for key in term.try_iter()?.checked() {
            let key = key?;
            let value = term.get_item(&key)?;
            pairs.push(Value::from_pairs([("key", key), ("value", value)]));
        }
    }
    Ok(pairs)
}

/// Each mapping without the list at the path, with each item of that list.
fn nested_elements(terms: &[Value]) -> Result<Vec<Value>, Error> {
    let [list, path, rest @ ..] = terms else {
        return Err(refuse("the lookup `subelements` takes a list and the name of a list in it"));
    };
    let skip = match rest.first() {
        Some(flags) => flags.get_attr("skip_missing")?.is_true(),
        None => false,
    };
    let pairs = subelements(list, path, skip)?;
    let last = string(path)?;
    let without = |pair: Value| -> Result<Value, Error> {
        let (element, item) = (pair.get_item_by_index(0)?, pair.get_item_by_index(1)?);
        Ok(Value::from(vec![removed(&element, &last.split('.').collect::<Vec<_>>())?, item]))
    };
    pairs.into_iter().map(without).collect()
}

/// A mapping without what is at a path of it.
fn removed(value: &Value, path: &[&str]) -> Result<Value, Error> {
    let Some((name, below)) = path.split_first() else { return Ok(value.clone()) };
    let mut entries = Vec::new();
    for key in value.try_iter()?.checked() {
        let key = key?;
        let item = value.get_item(&key)?;
        match (key.as_str() == Some(name), below.is_empty()) {
            (true, true) => {}
            (true, false) => entries.push((key, removed(&item, below)?)),
            (false, _) => entries.push((key, item)),
        }
    }
    Ok(Value::from_pairs(entries))
}

/// Numbers as texts: `start=1 end=9 stride=2 format=web%02d`, `count=3`, `1-9/2:web%02d`.
fn sequence(state: &mut State, terms: &[Value], kwargs: &Kwargs) -> Result<Vec<Value>, Error> {
    let mut given: Vec<(String, String)> = Vec::new();
    for name in ["start", "end", "count", "stride", "format"] {
        if let Some(value) = kwargs.get::<Option<Value>>(name)? {
            given.push((name.to_owned(), string(&value)?));
        }
    }
    let mut numbers = Vec::new();
    if terms.is_empty() {
        numbers = counted(state, &given)?;
    }
    for term in terms {
        let term = string(term)?;
        let mut own = given.clone();
        own.extend(if term.contains('=') { named(&term)? } else { short(&term)? });
        numbers.extend(counted(state, &own)?);
    }
    Ok(numbers)
}

fn named(term: &str) -> Result<Vec<(String, String)>, Error> {
    let pair = |word: &str| {
        let pair = word
            .split_once('=')
            .filter(|(name, _)| ["start", "end", "count", "stride", "format"].contains(name));
        let pair = pair.map(|(name, value)| (name.to_owned(), value.to_owned()));
        pair.ok_or_else(|| refuse(format!("`sequence` does not understand `{word}`")))
    };
    term.split_whitespace().map(pair).collect()
}

/// `[start-]end[/stride][:format]`
fn short(term: &str) -> Result<Vec<(String, String)>, Error> {
    let (rest, format) = term.split_once(':').map_or((term, None), |(rest, f)| (rest, Some(f)));
    let (rest, stride) = rest.split_once('/').map_or((rest, None), |(rest, s)| (rest, Some(s)));
    let split = rest.split_once('-').filter(|(start, _)| !start.is_empty());
    let (start, end) = split.map_or((None, rest), |(start, end)| (Some(start), end));
    let parts = [("start", start), ("end", Some(end)), ("stride", stride), ("format", format)];
    let given = |(name, value): (&str, Option<&str>)| Some((name.to_owned(), value?.to_owned()));
    Ok(parts.into_iter().filter_map(given).collect())
}

fn counted(state: &mut State, given: &[(String, String)]) -> Result<Vec<Value>, Error> {
    let last = |name: &str| given.iter().rev().find(|(known, _)| known == name);
    let number = |name: &str| -> Result<Option<i64>, Error> {
        let Some((_, text)) = last(name) else { return Ok(None) };
        let bare = text.trim();
        let parsed = match (bare.strip_prefix("0x"), bare.strip_prefix('0')) {
            (Some(hex), _) => i64::from_str_radix(hex, 16),
            (None, Some(octal)) if !octal.is_empty() => {
                i64::from_str_radix(octal.trim_start_matches('o'), 8)
            }
            (None, _) => bare.parse(),
        };
        parsed.map(Some).map_err(|_| {
            refuse(format!("`sequence` takes a whole number as `{name}`, found `{text}`"))
        })
    };
    let start = number("start")?.unwrap_or(1);
    let (end, count) = (number("end")?, number("count")?);
    let stride = number("stride")?;
    let (end, stride) = match (end, count) {
        (Some(_), Some(_)) => return Err(refuse("`sequence` takes `end` or `count`, not both")),
        (None, None) => return Err(refuse("`sequence` takes `end` or `count`")),
        (Some(end), None) => (end, stride.unwrap_or(1)),
        (None, Some(0)) => return Ok(Vec::new()),
        (None, Some(count)) => {
            let stride = stride.unwrap_or(1);
            (start.saturating_add(count.saturating_sub(1).saturating_mul(stride)), stride)
        }
    };
    let backwards = stride > 0 && end < start || stride < 0 && end > start;
    if stride == 0 || backwards && count.is_none() {
        return Err(advise(
            format!("`sequence` does not come from {start} to {end} in steps of {stride}"),
            "a negative `stride` counts down",
        ));
    }
    if end.abs_diff(start) / stride.unsigned_abs() > MAX_NUMBERS.unsigned_abs() {
        return Err(refuse(format!("`sequence` would give more than {MAX_NUMBERS} numbers")));
    }
    let format = last("format").map(|(_, format)| format.as_str());
    let mut numbers = Vec::new();
    let mut at = start;
    while if stride > 0 { at <= end } else { at >= end } {
        let text = match format {
            None => at.to_string(),
            Some(format) => {
                shown(&state.apply_filter("format", &[Value::from(format), Value::from(at)])?)?
            }
        };
        numbers.push(Value::from(text));
        at = at.saturating_add(stride);
    }
    Ok(numbers)
}
