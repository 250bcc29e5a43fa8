//! Argument specifications of roles: the task before a role's own that checks what the role is given.

use super::entry::Around;
use super::inherit::Keys;
use super::role::{Asked, Role};
use super::scalars::canonical;
use super::{Loaded, Reader};
use crate::ast::{Entry as Step, Spot};
use crate::source::Span;
use crate::yaml::{Entry, Key, Kind, Node};
use hep_protocol::expression::has_expression;
use std::sync::Arc;

/// The module that checks.
const MODULE: &str = "validate_argument_spec";

/// What of a specification says which values are allowed; the rest is for readers.
const RULES: [&str; 12] = [
    "aliases",
    "choices",
    "default",
    "elements",
    "mutually_exclusive",
    "options",
    "required",
    "required_by",
    "required_if",
    "required_one_of",
    "required_together",
    "type",
];

impl Reader<'_> {
    /// The task that checks what a role is given, if the role describes that; `meta` is its `meta/main.yml`.
    pub(super) fn argument_spec(
        &mut self,
        asked: &Asked,
        role: &Role,
        meta: Option<&Loaded>,
        around: &Around,
    ) -> Option<Step> {
        if !asked.validates {
            return None;
        }
        let own = self.role_file(role, "meta", "argument_specs");
        let Loaded { source, root } = own.as_ref().or(meta)?;
        let specs = &root.as_ref()?.entry("argument_specs")?.value;
        let spec = specs.entry(&asked.tasks)?;
        let options = spec.value.entry("options").map(|entry| &entry.value);
        let options = options.filter(|options| matches!(options.kind, Kind::Map(_)))?;
        let about = spec.value.entry("short_description").and_then(|entry| entry.value.text());
        let about = about.map(|about| format!(" - {about}")).unwrap_or_default();
        let text = format!("Validating arguments against arg spec '{}'{about}", asked.tasks);
        let name = Spot { text, source: Arc::clone(source), span: spec.key.span };
        let entry = task(&canonical(options), spec.key.span);
        let keys = Keys { name: Some(name.clone()), ..Keys::default() };
        let mut control = around.inherited.clone().control(keys);
        control.tags.push(Spot { text: "always".to_owned(), ..name.clone() });
        Some(Step::Task(Box::new(self.own_task(&name, entry, control, around))))
    }
}

/// The module's call: the rules, and each argument as far as it is defined.
fn task(options: &Node, span: Span) -> Entry {
    let mapping = |entries| Node::of_list(Vec::new(), span).with_entries(entries);
    let entry = |key: &str, value: Node| Entry { key: Key { span, text: key.into() }, value };
    let given = options.entries().iter().map(|option| {
        let name = &*option.key.text;
        entry(name, Node::of_text(&format!("{{{{ {name} | default(omit) }}}}"), span))
    });
    let given = mapping(given.collect());
    let params =
        vec![entry("argument_spec", options_of(options)), entry("provided_arguments", given)];
    entry(MODULE, mapping(params))
}

/// The arguments of a mapping, each with its rules alone.
fn options_of(options: &Node) -> Node {
    let rules = |option: &Entry| Entry { value: rules_of(&option.value), ..option.clone() };
    options.with_entries(options.entries().iter().map(rules).collect())
}

fn rules_of(option: &Node) -> Node {
    let known = option.entries().iter().filter(|entry| RULES.contains(&&*entry.key.text));
    // A default tells readers what the role does without it; checked is only what is written out.
    let known =
        known.filter(|entry| &*entry.key.text != "default" || !has_expressions(&entry.value));
    let known = known.map(|entry| match &*entry.key.text {
        "options" => Entry { value: options_of(&entry.value), ..entry.clone() },
        _ => entry.clone(),
    });
    option.with_entries(known.collect())
}

fn has_expressions(node: &Node) -> bool {
    let mut found = false;
    node.each_text(&mut |text| found |= has_expression(text));
    found
}
