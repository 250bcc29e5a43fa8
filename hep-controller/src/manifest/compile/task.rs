//! What one task is called and says, as the plan has it.

use super::super::verify::vars_of_blocks;
use super::super::{Entry, ManifestPlay, ManifestTask, Piece};
use super::{Inherited, conditions, json, looped, value};
use hep_protocol::expression::has_expression;
use hep_protocol::plan::{Control, Privacy, Retry};
use hep_protocol::rights::ActAs;
use hep_protocol::value::Json;
use serde_json::{Map, Value};
use std::sync::Arc;

impl ManifestPlay {
    /// Whether variables somewhere in it could not be read.
    pub(super) fn has_broken_vars(&self) -> bool {
        let mut pieces: Vec<&Piece> = self.vars.iter().collect();
        vars_of_blocks(&self.entries, &mut pieces);
        self.each_task(&mut |task| pieces.extend(&task.control.vars));
        pieces.iter().any(|piece| piece.node.has_broken())
    }

    /// Every task in its order, then every handler.
    pub(in super::super) fn each_task<'p>(&'p self, see: &mut dyn FnMut(&'p ManifestTask)) {
        fn walk<'p>(entries: &'p [Entry], see: &mut dyn FnMut(&'p ManifestTask)) {
            for entry in entries {
                match entry {
                    Entry::Task(task) => see(task),
                    Entry::Block(block) => {
                        walk(&block.body, see);
                        walk(&block.rescue, see);
                        walk(&block.always, see);
                    }
                }
            }
        }
        walk(&self.entries, see);
        self.handlers.iter().for_each(see);
    }
}

impl ManifestTask {
    /// What it is called: its own name, or one made from its parameters.
    pub(in super::super) fn title(&self) -> String {
        self.title_in(self.control.privacy.unwrap_or_default())
    }

    /// The same of a task whose privacy is known: parameters that may not be shown make no name.
    pub(in super::super) fn title_in(&self, privacy: Privacy) -> String {
        if let Some(name) = &self.control.name {
            return name.text.clone();
        }
        match &self.spec {
            _ if privacy == Privacy::Sensitive => self.module.text.clone(),
            Some(spec) => spec.params().title(),
            None => {
                let module = &self.module.text;
                let main = self.params.entries().iter().find_map(|entry| {
                    let main = ["dest", "path", "package", "name", "service", "msg"];
                    main.contains(&&*entry.key.text).then(|| entry.value.text()).flatten()
                });
                // The name is rendered once, and the elements of a loop are not known then.
                match main.filter(|text| self.control.each.is_none() || !has_expression(text)) {
                    Some(text) => format!("{module} {}", crate::yaml::shorten(text)),
                    None => module.clone(),
                }
            }
        }
    }

    /// The parameter with this value.
    pub(in super::super) fn parameter(&self, written: &str) -> Piece {
        let named = self.params.entries().iter().find(|entry| entry.value.text() == Some(written));
        let node = match named {
            Some(entry) => entry.value.clone(),
            None => crate::yaml::Node::of_text("", self.module.span),
        };
        Piece { source: Arc::clone(&self.module.source), node }
    }

    /// Its variables: those of the file it is from, below its own.
    pub(in super::super) fn vars(&self) -> Map<String, Value> {
        let mut vars = Map::new();
        for piece in self.file_vars.iter().chain(&self.control.vars) {
            if let Value::Object(map) = piece.node.to_json() {
                vars.extend(map);
            }
        }
        vars
    }

    /// Ansible's: three more tries where only `until` is given, and five seconds between two.
    fn retry(&self) -> Option<Retry> {
        let keys = &self.control;
        let retries = match (&keys.retries, keys.until.is_empty()) {
            (Some(retries), _) => value(retries),
            (None, false) => Json(Value::from(3)),
            (None, true) => return None,
        };
        let delay = keys.delay.as_ref().map_or(Json(Value::from(5)), value);
        Some(Retry { retries, delay, until: conditions(&keys.until) })
    }

    pub(super) fn plan_control(
        &self,
        inherited: Inherited,
        notify: Vec<u32>,
        usual: &ActAs,
    ) -> Option<Box<Control>> {
        let keys = &self.control;
        let Inherited { on_error: _, env, notify: _, privacy, check, timeout, act_as } = inherited;
        let control = Control {
            when: conditions(&keys.when),
            each: keys.each.as_deref().map(looped),
            register: keys.register.as_ref().map(|name| name.text.clone()),
            notify,
            retry: self.retry(),
            changed_when: keys.changed_when.as_deref().map(conditions),
            failed_when: keys.failed_when.as_deref().map(conditions),
            vars: json(self.vars()),
            env,
            timeout,
            privacy: privacy.unwrap_or_default(),
            check: check.unwrap_or_default(),
            act_as: act_as.act_as(usual),
        };
        (control != Control::default()).then(|| Box::new(control))
    }
}
