//! A module's parameters against their own types. No list of modules is here: the enum of the protocol is asked.

use super::parameter;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{Source, Span};
use crate::yaml::{self, Entry, Kind, Node, decode_each};
use hep_protocol::decode::{STAND_IN, begins_at_home};
use hep_protocol::dialect::Dialect;
use hep_protocol::expression::has_expression;
use hep_protocol::task::{About, Form, TaskSpec};
use std::sync::Arc;

/// Ansible's words for main parameters.
const WORDS: [&str; 5] = ["dest", "name", "path", "pkg", "state"];

/// A task in which a module that has a value alone has it as its main parameter; nothing if none has.
pub(crate) fn spelled_out(task: &Node) -> Option<Node> {
    let entries = task.entries();
    let alone = |entry: &Entry| About::of(&entry.key.text).main.filter(|_| stands_alone(entry));
    let (number, main) =
        entries.iter().enumerate().find_map(|(at, entry)| Some((at, alone(entry)?)))?;
    let value = entries.get(number)?.value.clone();
    let task = task.with(number, Node::below(main, value));
    Some(spelled_out(&task).unwrap_or(task))
}

/// Whether a module's value is one that its main parameter may take. `apt: name=nginx` is none.
fn stands_alone(entry: &Entry) -> bool {
    let value = &entry.value;
    let module: &str = &entry.key.text;
    match &value.kind {
        Kind::Map(_) | Kind::Broken => false,
        Kind::Seq(items) => !items.is_empty(),
        Kind::Scalar(_) => value.text().is_some_and(|text| {
            let known = |name: &str| match About::of(module).in_line {
                Some(known) => known.contains(&name),
                None => WORDS.contains(&name) || has_parameter(module, name),
            };
            let mut words = text.split_whitespace().filter_map(|word| word.split_once('='));
            !words.any(|(name, _)| known(name))
        }),
    }
}

/// What could be made of a module's parameters.
pub(crate) enum Params {
    /// All of them.
    Typed(Arc<TaskSpec>),
    /// They hold expressions, and what is literal among them is right.
    Open,
    /// Mistakes, which were reported.
    Wrong,
}

/// Decodes a module's parameters as far as they are known, and checks them together.
pub(crate) fn read(
    source: &Arc<Source>,
    dialect: Dialect,
    entry: &Entry,
    problems: &mut Diagnostics,
) -> Params {
    let module: &str = &entry.key.text;
    let params = &entry.value;
    match &params.kind {
        Kind::Map(_) => {}
        Kind::Broken => return Params::Wrong,
        Kind::Scalar(_) if About::of(module).form == Form::Word => {}
        Kind::Scalar(_) | Kind::Seq(_) => {
            problems.push(no_mapping(source, module, entry));
            return Params::Wrong;
        }
    }
    // To Ansible an expression may stand in braces where it needs none.
    let plain = dialect == Dialect::Ansible || bare_enough(source, entry, problems);
    if !plain | !names_fit(source, entry, problems) {
        return Params::Wrong;
    }
    // Where homes are only a host knows.
    let at_home = |text: &str| dialect == Dialect::Ansible && begins_at_home(text);
    let open = params.any_text(&|text| has_expression(text) || at_home(text));
    let literal = if open { &params.without_texts(&has_expression) } else { params };
    let called = Called { source, dialect, module, key: entry.key.span };
    let found = decode(called, literal, params, problems);
    match found {
        Ok(_) if open => Params::Open,
        Ok(spec) => Params::Typed(spec),
        Err(Wrong::OnlyLeftOut) if open => Params::Open,
        Err(Wrong::OnlyLeftOut | Wrong::Reported) => Params::Wrong,
    }
}

/// Why parameters could not be decoded.
pub(crate) enum Wrong {
    /// Nothing is wrong but what was left out.
    OnlyLeftOut,
    /// Mistakes, which were reported.
    Reported,
}

/// A module where it is called.
#[derive(Clone, Copy)]
pub(crate) struct Called<'c> {
    pub(crate) source: &'c Arc<Source>,
    pub(crate) dialect: Dialect,
    /// hep's name of it.
    pub(crate) module: &'c str,
    /// Where its name stands.
    pub(crate) key: Span,
}

/// Decodes parameters and checks them together; `written` is what places and hints are of.
pub(crate) fn decode(
    place: Called<'_>,
    params: &Node,
    written: &Node,
    problems: &mut Diagnostics,
) -> Result<Arc<TaskSpec>, Wrong> {
    let Called { source, dialect, module, key } = place;
    match decode_each(params, |params| TaskSpec::decode_in(dialect, module, params, STAND_IN)) {
        Ok(spec) => match spec.params().check_in(dialect) {
            Ok(()) => Ok(Arc::new(spec)),
            Err(bad) => {
                let place = written.entry(bad.key).map_or(key, |entry| entry.key.span);
                problems.push(Diagnostic::at(source, place, bad.message).hint(bad.hint));
                Err(Wrong::Reported)
            }
        },
        Err(mistakes) => {
            let place =
                parameter::Place { source, module, words: parameter::Words::Parameters, key };
            let explained = mistakes.iter().filter_map(|mistake| place.explain(mistake, written));
            let explained: Vec<Diagnostic> = explained.collect();
            let none = explained.is_empty();
            explained.into_iter().for_each(|diagnostic| problems.push(diagnostic));
            Err(if none { Wrong::OnlyLeftOut } else { Wrong::Reported })
        }
    }
}

/// Expressions that are written without braces.
fn bare_enough(source: &Arc<Source>, entry: &Entry, problems: &mut Diagnostics) -> bool {
    let bare = About::of(&entry.key.text).bare;
    let value = bare.and_then(|key| entry.value.entry(key));
    let items = value.map_or(&[] as &[Node], |entry| entry.value.items());
    let braces = items.iter().filter(|item| item.text().is_some_and(has_expression));
    let braces: Vec<&Node> = braces.collect();
    for item in &braces {
        let inner = item.text().unwrap_or_default().replace("{{", "").replace("}}", "");
        let message = "this is an expression by itself, without `{{ }}`";
        let hint = format!("write `{}`", yaml::shorten(inner.trim()));
        problems.push(Diagnostic::at(source, item.span, message).hint(hint));
    }
    braces.is_empty()
}

/// The names of variables, where those are what a module takes.
fn names_fit(source: &Arc<Source>, entry: &Entry, problems: &mut Diagnostics) -> bool {
    let gives = About::of(&entry.key.text).gives_variables();
    let given = if gives { entry.value.entries() } else { &[] };
    let bad = given.iter().filter_map(|entry| super::values::bad_variable(source, entry));
    let bad: Vec<Diagnostic> = bad.collect();
    let fit = bad.is_empty();
    bad.into_iter().for_each(|problem| problems.push(problem));
    fit
}

/// `apt: nginx`, `apt:` and `apt: [a, b]`, where parameters should be.
fn no_mapping(source: &Arc<Source>, module: &str, entry: &Entry) -> Diagnostic {
    let value = &entry.value;
    let main = About::of(module).main.unwrap_or("name");
    if value.is_null() {
        return Diagnostic::at(source, entry.key.span, format!("`{module}` has no parameters"))
            .hint(format!("write them below it, indented further: `{main}: ...`"));
    }
    let hint = match value.text() {
        Some(text) if text.split_whitespace().any(|word| word.contains('=')) => {
            format!("write each parameter as `key: value` on its own line below `{module}:`")
        }
        Some(text) => format!("write `{module}: {{{main}: {}}}`", quoted(&yaml::shorten(text))),
        None => format!("write `{module}: {{{main}: [...]}}`"),
    };
    let message = format!("`{module}` takes a mapping of parameters, found {}", value.describe());
    Diagnostic::at(source, value.span, message).hint(hint)
}

/// As a scalar that means the same inside `{}`.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=".contains(c);
    if text.chars().all(plain) && !text.is_empty() { text.to_owned() } else { format!("{text:?}") }
}

/// Whether a module has a parameter of this name.
pub(crate) fn has_parameter(module: &str, name: &str) -> bool {
    TaskSpec::parameters(module).iter().any(|parameter| parameter == name)
}
