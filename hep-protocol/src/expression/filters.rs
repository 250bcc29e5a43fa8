//! hep's filters, tests and functions beside the engine's own, a family a file. Each is pure; what would not be
//! repeatable (chance, the clock, look-ups on the operator's machine) is no filter here.

mod ansible;
mod digests;
mod encoded;
mod formats;
mod kinds;
mod lists;
mod mappings;
mod methods;
mod paths;
mod regex;
mod results;
mod texts;
mod version;
mod yaml;

pub(super) use ansible::{RUN, choice, dates};
pub use digests::digest_of;
pub use encoded::has_encoded_replacement;

use super::rewrite::REACH;
use super::spoken::spoken;
use super::{Trouble, TroubleKind};
use crate::dialect::Dialect;
use minijinja::functions::Function;
use minijinja::value::{FunctionArgs, FunctionResult, Kwargs, Rest, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, Value};

/// What a parameter's expression gives to leave the parameter out. No YAML text and no program's output has a NUL.
pub(super) const OMIT: &str = "\0omit";

/// Adds them all, and takes away what hep has no use for.
pub(super) fn register(engine: &mut Environment<'static>, dialect: Dialect) {
    if dialect == Dialect::Hep {
        for name in ["attr", "chain", "e", "escape", "lines", "pprint", "safe"] {
            engine.remove_filter(name);
        }
    }
    for name in ["endingwith", "escaped", "safe", "startingwith"] {
        engine.remove_test(name);
    }
    engine.remove_global("debug");
    engine.add_filter(REACH, |value: &Value, keys: Rest<Value>| reach(value, &keys));
    engine.add_global("omit", Value::from(OMIT));
    engine.set_unknown_method_callback(method);
    let mut engine = Registry { engine, dialect };
    if dialect == Dialect::Ansible {
        ansible::register_inherited(&mut engine);
    }
    texts::register(&mut engine);
    kinds::register(&mut engine);
    lists::register(&mut engine);
    mappings::register(&mut engine);
    formats::register(&mut engine);
    digests::register(&mut engine);
    paths::register(&mut engine);
    regex::register(&mut engine);
    results::register(&mut engine);
    version::register(&mut engine);
    if dialect == Dialect::Ansible {
        ansible::register(&mut engine);
    }
}

/// Where filters, tests and functions are added, in one dialect.
struct Registry<'e> {
    engine: &'e mut Environment<'static>,
    dialect: Dialect,
}

impl Registry<'_> {
    /// In Ansible's dialect a filter of what is undefined gives that: a default behind it still stands in.
    fn add_filter<F, Rv, Args>(&mut self, name: &'static str, filter: F)
    where
        F: Function<Rv, Args>,
        Rv: FunctionResult,
        Args: for<'a> FunctionArgs<'a>,
    {
        match self.dialect {
            Dialect::Hep => self.engine.add_filter(name, filter),
            Dialect::Ansible => {
                let filter = Value::from_function(filter);
                let lenient = move |state: &mut State, value: &Value, rest: Rest<ValueOrKwargs>| {
                    if value.is_undefined() {
                        return Ok(value.clone());
                    }
                    let mut arguments = vec![value.clone()];
                    arguments.extend(rest.into_values());
                    filter.call(state, &arguments)
                };
                self.engine.add_filter(name, lenient);
            }
        }
    }

    /// A filter whose further arguments have these names, in this order: each may stand at its place or behind its name.
    fn add_filter_named<F, Rv, Args>(
        &mut self,
        name: &'static str,
        arguments: &'static [&'static str],
        filter: F,
    ) where
        F: Function<Rv, Args>,
        Rv: FunctionResult,
        Args: for<'a> FunctionArgs<'a>,
    {
        self.add_filter(name, by_name(arguments, Value::from_function(filter)));
    }

    /// A filter that takes what is undefined.
    fn add_filter_of_any<F, Rv, Args>(&mut self, name: &'static str, filter: F)
    where
        F: Function<Rv, Args>,
        Rv: FunctionResult,
        Args: for<'a> FunctionArgs<'a>,
    {
        self.engine.add_filter(name, filter);
    }

    fn add_test<F, Rv, Args>(&mut self, name: &'static str, test: F)
    where
        F: Function<Rv, Args>,
        Rv: FunctionResult,
        Args: for<'a> FunctionArgs<'a>,
    {
        self.engine.add_test(name, test);
    }

    fn add_function<F, Rv, Args>(&mut self, name: &'static str, function: F)
    where
        F: Function<Rv, Args>,
        Rv: FunctionResult,
        Args: for<'a> FunctionArgs<'a>,
    {
        self.engine.add_function(name, function);
    }
}

/// What is below a value by these keys; undefined where there is nothing.
fn reach(value: &Value, keys: &[Value]) -> Result<Value, Error> {
    let mut value = value.clone();
    for key in keys {
        if value.is_undefined() {
            break;
        }
        value = value.get_item(key)?;
        // In a list it tells what is wrong with it, if something is.
        Value::from(vec![value.clone()])
            .try_iter()?
            .checked()
            .try_for_each(|item| item.map(drop))?;
    }
    Ok(value)
}

/// The methods of Python's texts, lists and mappings.
fn method(state: &mut State, value: &Value, name: &str, args: &[Value]) -> Result<Value, Error> {
    if spoken() == Dialect::Ansible
        && let Some(found) = ansible::methods::called(state, value, name, args)
    {
        return found;
    }
    if let ("replace", Some(text), [old, new, ..]) = (name, value.as_str(), args)
        && let (Some(old), Some(new)) = (old.as_str(), new.as_str())
    {
        charge(
            state,
            text.len().saturating_add(text.matches(old).count().saturating_mul(new.len())),
        )?;
    }
    if methods::METHODS.contains(&name)
        && let Some(text) = value.as_str()
    {
        return methods::of_text(state, text, name, args);
    }
    minijinja_contrib::pycompat::unknown_method_callback(state, value, name, args)
}

/// Takes the work of making so many bytes from what an evaluation may do, before they are made.
fn charge(state: &State, bytes: usize) -> Result<(), Error> {
    const BYTES_A_STEP: usize = 64;
    state.consume_fuel(u64::try_from(bytes / BYTES_A_STEP).unwrap_or(u64::MAX))
}

/// Calls a filter with arguments that were named at the places that they have.
fn by_name(
    arguments: &'static [&'static str],
    filter: Value,
) -> impl Fn(&mut State, &Value, Rest<ValueOrKwargs>) -> Result<Value, Error> {
    move |state, value, rest| {
        let given = rest.into_values();
        let (placed, named): (&[Value], Kwargs) = minijinja::value::from_args(&given)?;
        let mut all: Vec<Value> = std::iter::once(value).chain(placed).cloned().collect();
        for (at, name) in (1_usize..).zip(arguments) {
            if let Some(value) = named.get::<Option<Value>>(name)? {
                all.resize(all.len().max(at.saturating_add(1)), Value::UNDEFINED);
                all.splice(at..at.saturating_add(1), [value]);
            }
        }
        named.assert_all_used()?;
        filter.call(state, &all)
    }
}

/// A filter's refusal.
fn refuse(message: impl Into<String>) -> Error {
    trouble(Trouble::new(TroubleKind::Other, message))
}

/// The value as it stands in a text.
pub(super) fn shown(value: &Value) -> Result<String, Error> {
    super::convert::shown(value).map_err(trouble)
}

/// A filter's refusal, with advice.
fn advise(message: impl Into<String>, hint: impl Into<String>) -> Error {
    trouble(Trouble::new(TroubleKind::Other, message).hint(hint))
}

fn trouble(trouble: Trouble) -> Error {
    Error::new(ErrorKind::InvalidOperation, "").with_source(trouble)
}

/// The value, which must be defined.
fn defined(value: &Value) -> Result<&Value, Error> {
    if value.is_undefined() {
        // The engine's error knows which name it is.
        value.get_attr("")?;
    }
    Ok(value)
}

/// The items of a list.
fn items(value: &Value, filter: &str) -> Result<Vec<Value>, Error> {
    use minijinja::value::ValueKind;
    let kind = defined(value)?.kind();
    if !matches!(kind, ValueKind::Seq | ValueKind::Iterable) {
        return Err(advise(
            format!("`{filter}` takes a list, found {}", described(value)),
            "write `[value]` for a list of one, or `| split` to make one of a text",
        ));
    }
    value.try_iter()?.checked().collect()
}

/// A value in words, for a message.
fn described(value: &Value) -> String {
    use minijinja::value::ValueKind;
    let short = || crate::words::shorten(&shown(value).unwrap_or_default());
    match value.kind() {
        ValueKind::Undefined => "what is undefined".to_owned(),
        ValueKind::None => "nothing".to_owned(),
        ValueKind::Bool => format!("`{}`", short()),
        ValueKind::Number => format!("the number {}", short()),
        ValueKind::String => format!("the text `{}`", short()),
        ValueKind::Bytes => "bytes".to_owned(),
        ValueKind::Seq | ValueKind::Iterable => "a list".to_owned(),
        ValueKind::Map => "a mapping".to_owned(),
        _ => "a function".to_owned(),
    }
}

#[cfg(test)]
mod tests;
