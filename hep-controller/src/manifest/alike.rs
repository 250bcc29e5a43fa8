//! Which hosts are alike to a manifest: equal in all variables that its expressions could read.

use super::audience::Audience;
use super::compile::Order;
use super::control::Control;
use super::verify::PlayToVerify;
use super::{Entry, ManifestTask};
use hep_protocol::expression::has_expression;
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};

/// The words that expressions could read.
pub(super) struct Groups {
    words: HashSet<String>,
    /// Templates are not looked into: they may read anything.
    anything: bool,
}

impl Groups {
    pub(super) fn of(order: &Order<'_>, plays: &[PlayToVerify<'_>]) -> Groups {
        let mut groups = Groups { words: HashSet::new(), anything: false };
        for PlayToVerify { play, vars, .. } in plays {
            vars.iter().for_each(|one| groups.value(&one.value));
            play.handlers.iter().for_each(|handler| groups.task(handler));
            groups.entries(&play.entries);
        }
        order.extra.definitions.iter().for_each(|one| groups.value(&one.value));
        for member in &order.audience.members {
            member.vars.values().for_each(|value| groups.value(value));
        }
        groups
    }

    /// The hosts of a play in groups that are alike.
    pub(super) fn of_play(&self, audience: &Audience, play: &PlayToVerify<'_>) -> Vec<Vec<usize>> {
        let mut alike: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for number in &play.members {
            let Some(member) = audience.members.get(*number) else { continue };
            let read = |name: &str| self.anything || self.words.contains(name);
            let vars = member.vars.iter().filter(|(name, _)| read(name));
            let mut key: String = vars.map(|(name, value)| format!("{name}={value}\n")).collect();
            if read("host") {
                key.push_str(&member.name);
            }
            if read("group_names") {
                key.push_str(&member.groups.join(","));
            }
            alike.entry(key).or_default().push(*number);
        }
        alike.into_values().collect()
    }

    fn entries(&mut self, entries: &[Entry]) {
        for entry in entries {
            match entry {
                Entry::Task(task) => self.task(task),
                Entry::Block(block) => {
                    self.control(&block.control);
                    let file = block.file_vars.iter();
                    file.for_each(|piece| self.value(&piece.node.to_json()));
                    for part in [&block.body, &block.rescue, &block.always] {
                        self.entries(part);
                    }
                }
            }
        }
    }

    fn task(&mut self, task: &ManifestTask) {
        self.control(&task.control);
        task.file_vars.iter().for_each(|piece| self.value(&piece.node.to_json()));
        self.anything |= task.params.entry("template").is_some();
        let bare = super::module::is_bare(&task.module.text);
        if bare || task.spec.is_none() {
            task.params.each_text(&mut |text| {
                if bare || has_expression(text) {
                    self.words_of(text);
                }
            });
        }
    }

    fn control(&mut self, control: &Control) {
        let lists = [
            Some(&control.when),
            Some(&control.until),
            control.changed_when.as_ref(),
            control.failed_when.as_ref(),
        ];
        for condition in lists.into_iter().flatten().flatten() {
            self.words_of(&condition.text);
        }
        let pieces =
            [&control.vars, &control.env, &control.retries, &control.delay, &control.timeout];
        let over = control.each.as_ref().map(|each| &each.over);
        for piece in pieces.into_iter().flatten().chain(over).chain(control.act_as.pieces()) {
            piece.node.each_text(&mut |text| {
                if has_expression(text) {
                    self.words_of(text);
                }
            });
        }
        let label = control.each.as_ref().and_then(|each| each.label.as_ref());
        for spot in control.name.iter().chain(label) {
            if has_expression(&spot.text) {
                self.words_of(&spot.text);
            }
        }
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
