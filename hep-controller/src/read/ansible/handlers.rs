//! Handlers: tasks without an order of their own, by the names that `notify` uses for them.

use super::Reader;
use super::entry::Around;
use super::names::Using;
use crate::ast::{Entry as Step, Layer, ManifestTask, Spot};
use crate::source::Source;
use crate::yaml::{Kind, Node};
use hep_protocol::expression::Rank;
use std::collections::HashSet;
use std::sync::Arc;

/// What an include among handlers hands to the handlers that it reads.
#[derive(Clone, Default)]
struct Through {
    layers: Vec<Layer>,
    when: Vec<Spot>,
}

impl Reader<'_> {
    /// The handlers in a list. Of one name the first counts.
    pub(super) fn handlers_of(
        &mut self,
        source: &Arc<Source>,
        items: &[Node],
        around: &Around,
    ) -> Vec<ManifestTask> {
        let mut handlers: Vec<ManifestTask> = Vec::new();
        let mut taken: HashSet<String> = HashSet::new();
        for item in items {
            let included = item.entries().iter().find(|entry| {
                matches!(
                    super::lower::short(&entry.key.text),
                    "include_tasks" | "include" | "include_role"
                )
            });
            let name = item.entry("name").and_then(|entry| entry.value.text());
            let calls =
                included.map(|_| (name.unwrap_or_default().to_owned(), listens(source, item)));
            if let Kind::Scalar(_) = &item.kind
                && item.is_null()
            {
                continue;
            }
            let steps = self.entries(source, std::slice::from_ref(item), around);
            let before = handlers.len();
            self.flatten(steps, &Through::default(), &mut handlers);
            for handler in handlers.iter_mut().skip(before) {
                // What an include reads is called by the include's name alone.
                match &calls {
                    Some((name, listen)) => {
                        handler.origin.calls = Some(names_of(&self.meant(name, around), around));
                        handler.control.listen.clone_from(listen);
                    }
                    None if handler.origin.calls.is_none() => {
                        let own = handler.control.name.as_ref().filter(|_| named(item, handler));
                        let own = own.map(|name| name.text.clone()).unwrap_or_default();
                        handler.origin.calls = Some(names_of(&self.meant(&own, around), around));
                    }
                    None => {}
                }
            }
            // The tasks of one include have their names together.
            let alone = calls.is_none();
            let own = handlers.iter_mut().skip(before);
            let own = own.filter_map(|handler| handler.origin.calls.as_mut());
            let mut new: Vec<String> = Vec::new();
            for calls in own {
                let again = |name: &String| alone && new.contains(name);
                calls.retain(|name| !taken.contains(name) && !again(name));
                new.extend(calls.iter().cloned());
            }
            taken.extend(new);
        }
        handlers
    }

    /// A name with variables of plays and roles in it.
    fn meant(&self, name: &str, around: &Around) -> String {
        self.known_text(name, around, Using::Static).unwrap_or_else(|| name.to_owned())
    }

    /// The tasks of entries, each with what lies around it.
    fn flatten(&mut self, steps: Vec<Step>, through: &Through, handlers: &mut Vec<ManifestTask>) {
        for step in steps {
            match step {
                Step::Task(mut task) => {
                    task.layers.splice(0..0, through.layers.iter().cloned());
                    task.control.when.splice(0..0, through.when.iter().cloned());
                    handlers.push(*task);
                }
                Step::Block(block) => {
                    if let Some(each) = &block.control.each {
                        let hint = "give each handler in the file the loop";
                        let problem = each
                            .over
                            .problem("an include among handlers has no loop in hep")
                            .hint(hint);
                        self.problems.push(problem);
                    }
                    let mut inner = through.clone();
                    inner.layers.extend(block.layers);
                    inner.layers.extend(block.control.vars.map(|vars| (Rank::Task, vars)));
                    inner.when.extend(block.control.when);
                    self.flatten(block.body, &inner, handlers);
                }
                Step::Flush => {}
            }
        }
    }
}

/// Whether a handler's name is one that was written.
fn named(item: &Node, handler: &ManifestTask) -> bool {
    let own = item.entry("name").is_some();
    own || handler.control.name.as_ref().is_some_and(|name| name.text != handler.module.text)
}

fn listens(source: &Arc<Source>, item: &Node) -> Vec<Spot> {
    let entry = item.entry("listen");
    entry.and_then(|entry| super::scalars::texts(source, &entry.value)).unwrap_or_default()
}

/// The names that `notify` may use for a handler.
fn names_of(name: &str, around: &Around) -> Vec<String> {
    if name.is_empty() {
        return Vec::new();
    }
    let roles = around.role.iter().flat_map(|role| {
        let short = (role.name != role.full).then(|| format!("{} : {name}", role.name));
        [Some(format!("{} : {name}", role.full)), short].into_iter().flatten()
    });
    [name.to_owned()].into_iter().chain(roles).collect()
}

/// Handlers in their order. Of one name those of the last list count.
pub(super) fn joined(groups: Vec<Vec<ManifestTask>>) -> Vec<ManifestTask> {
    let mut taken: HashSet<String> = HashSet::new();
    let mut joined: Vec<Vec<ManifestTask>> = Vec::new();
    for mut group in groups.into_iter().rev() {
        let mut own: HashSet<String> = HashSet::new();
        for calls in group.iter_mut().filter_map(|handler| handler.origin.calls.as_mut()) {
            calls.retain(|name| !taken.contains(name));
            own.extend(calls.iter().cloned());
        }
        taken.extend(own);
        joined.push(group);
    }
    joined.into_iter().rev().flatten().collect()
}
