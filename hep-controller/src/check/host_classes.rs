//! Which hosts are alike to a manifest: equal in all variables that its expressions could read.

use super::Input;
use super::resolve::ResolvedPlay;
use super::targets::Targets;
use crate::ast::texts::Evaluated;
use crate::ast::{Entry, ManifestTask};
use hep_protocol::expression::has_expression;
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};

/// Names that no two hosts have the same value of, unless their variables say so.
const OF_ONE: [&str; 6] = [
    "ansible_host",
    "ansible_ssh_host",
    "host",
    "hostvars",
    "inventory_hostname",
    "inventory_hostname_short",
];

/// Hosts are of one class where they are equal in all that expressions could read.
pub(super) struct HostClasses {
    words: HashSet<String>,
    /// Templates are not looked into: they may read anything.
    anything: bool,
}

impl HostClasses {
    pub(super) fn of(input: &Input<'_>, plays: &[ResolvedPlay<'_>]) -> HostClasses {
        let mut classes = HostClasses { words: HashSet::new(), anything: false };
        for resolved in plays {
            let play = resolved.play;
            let vars = resolved.layers();
            vars.iter().flat_map(|(_, vars)| vars.values()).for_each(|value| classes.value(value));
            play.act_as.each_evaluated(&mut |evaluated| classes.evaluated(evaluated));
            play.handlers.iter().for_each(|handler| classes.task(handler));
            classes.entries(&play.entries);
        }
        input.options.extra.definitions.iter().for_each(|one| classes.value(&one.value));
        for member in &input.targets.members {
            member.vars.values().for_each(|value| classes.value(value));
        }
        classes
    }

    /// The hosts of a play by their classes.
    pub(super) fn of_play(&self, targets: &Targets, play: &ResolvedPlay<'_>) -> Vec<Vec<usize>> {
        let mut classes: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for number in &play.members {
            let Some(member) = targets.members.get(*number) else { continue };
            let read = |name: &str| self.anything || self.words.contains(name);
            let vars = member.vars.iter().filter(|(name, _)| read(name));
            let mut key: String = vars.map(|(name, value)| format!("{name}={value}\n")).collect();
            if OF_ONE.iter().any(|name| read(name)) {
                key.push_str(&member.name);
            }
            if read("group_names") {
                key.push_str(&member.groups.join(","));
            }
            classes.entry(key).or_default().push(*number);
        }
        classes.into_values().collect()
    }

    fn entries(&mut self, entries: &[Entry]) {
        for entry in entries {
            match entry {
                Entry::Task(task) => self.task(task),
                Entry::Block(block) => {
                    block.each_evaluated(&mut |evaluated| self.evaluated(evaluated));
                    for part in [&block.body, &block.rescue, &block.always] {
                        self.entries(part);
                    }
                }
                Entry::Flush => {}
            }
        }
    }

    fn task(&mut self, task: &ManifestTask) {
        self.anything |= task.template().is_some();
        task.each_evaluated(&mut |evaluated| self.evaluated(evaluated));
    }

    fn evaluated(&mut self, evaluated: Evaluated<'_>) {
        evaluated.each_expression(&mut |text| self.words_of(text));
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::String(text) if has_expression(text) => self.words_of(text),
            Value::Array(items) => items.iter().for_each(|item| self.value(item)),
            Value::Object(map) => map.values().for_each(|value| self.value(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn words_of(&mut self, text: &str) {
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
        for word in words.filter(|word| !word.is_empty()) {
            if !self.words.contains(word) {
                self.words.insert(word.to_owned());
            }
        }
    }
}
