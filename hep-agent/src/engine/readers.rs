//! Which names that the run gives are still to be read: a result is kept until its last reader has had its turn.
//!
//! A name counts as read wherever its word stands in a text that may be evaluated. A missed reader means a lost
//! result, so everything here is destructured, and what cannot be looked into (a template) reads everything.

use hep_protocol::dialect::Dialect;
use hep_protocol::plan::{
    Block, Condition, Control, HostPart, Item, Layer, Loop, OnError, Plan, Play, Retry, Settings,
    Spec, Task,
};
use hep_protocol::rights::ActAs;
use hep_protocol::value::Json;
use serde_json::Value;
use std::collections::HashMap;

/// What Ansible calls the result of the task whose failure is rescued.
pub(super) const FAILED_RESULT: &str = "ansible_failed_result";

/// How far a run has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Point {
    /// The play's number.
    pub(super) play: u32,
    /// The entry's place in it.
    pub(super) entry: u32,
}

impl Point {
    const END_OF_RUN: Self = Self { play: u32::MAX, entry: u32::MAX };

    /// Behind all entries of a play and its handlers.
    fn end_of(play: u32) -> Self {
        Self { play, entry: u32::MAX }
    }
}

/// Where each name that a task gives is read for the last time; `None`: nowhere.
pub(super) struct Readers(pub(super) HashMap<String, Option<Point>>);

impl Readers {
    /// Those of a host's plays.
    pub(super) fn of(plan: &Plan, host: &HostPart) -> Self {
        let given = plan.tasks().flat_map(|(_, task)| given(task));
        let rescued = plan
            .plays
            .iter()
            .any(|play| play.dialect == Dialect::Ansible && play.items.iter().any(is_rescued));
        let given = given.chain(rescued.then_some(FAILED_RESULT));
        let mut readers = Self(given.map(|name| (name.to_owned(), None)).collect());
        if readers.0.is_empty() {
            return readers;
        }
        let HostPart { name: _, groups: _, vars, plays: _, waits: _, act_as, secrets: _ } = host;
        let Plan { settings, plays } = plan;
        let Settings { mode: _, diff: _, pace: _, extra, groups: _, task_timeout: _, facts: _ } =
            settings;
        // Variables are rendered where they are used, which may be anywhere.
        for vars in [vars, extra] {
            readers.value(&vars.0, Point::END_OF_RUN);
        }
        readers.act_as(act_as, Point::END_OF_RUN);
        plays.iter().for_each(|play| readers.play(play));
        readers
    }

    /// Whether what this name stands for is read when the run has come further than this.
    pub(super) fn is_read_after(&self, name: &str, point: Point) -> bool {
        self.0.get(name).is_none_or(|last| last.is_some_and(|last| last > point))
    }

    /// The same of this point itself and further.
    pub(super) fn is_read_from(&self, name: &str, point: Point) -> bool {
        self.0.get(name).is_none_or(|last| last.is_some_and(|last| last >= point))
    }

    fn play(&mut self, play: &Play) {
        let Play {
            number,
            name: _,
            dialect: _,
            layers,
            first: _,
            tasks: _,
            items,
            handlers,
            on_failure: _,
        } = play;
        self.layers(layers, Point::end_of(*number));
        for task in handlers.iter().filter_map(|handler| play.task(*handler)) {
            self.task(task, Point::end_of(*number));
        }
        // Behind the outermost block with a loop around the present entry: until then everything may have its turn again.
        let mut again = 0;
        for (entry, item) in (0_u32..).zip(items) {
            let at = |entry: u32| Point { play: *number, entry };
            match item {
                Item::Task(task) => {
                    if let Some(task) = play.task(*task) {
                        self.task(task, at(entry.max(again)));
                    }
                }
                Item::Block(block) => {
                    let behind = block.entries().unwrap_or(u32::MAX).saturating_add(1);
                    let end = entry.saturating_add(behind);
                    if block.each.is_some() {
                        again = again.max(end);
                    }
                    self.block(block, at(end.max(again)));
                }
                // Handlers read until the end of the play.
                Item::Flush => {}
            }
        }
    }

    fn block(&mut self, block: &Block, at: Point) {
        let Block { name: _, body: _, rescue: _, always: _, when, each, layers, choice: _ } = block;
        self.conditions(when, at);
        each.iter().for_each(|each| self.each(each, at));
        self.layers(layers, at);
    }

    fn task(&mut self, task: &Task, at: Point) {
        let Task { name, spec, sources: _, on_error, control } = task;
        self.text(name, at);
        // Variables that are kept as written read what they read until the end.
        let lasting = control.as_ref().is_some_and(|control| control.gives.is_some());
        if let (true, Spec::Typed(spec)) = (lasting, spec) {
            spec.params().kept().into_iter().for_each(|value| self.value(value, Point::END_OF_RUN));
        }
        self.spec(spec, at);
        match on_error {
            OnError::Stop | OnError::GoOn => {}
            OnError::Ask(condition) => self.text(&condition.0, at),
        }
        if let Some(control) = control {
            self.control(control, at);
        }
    }

    fn spec(&mut self, spec: &Spec, at: Point) {
        if spec.has_template() {
            self.everything(at);
        }
        match spec {
            Spec::Open { module: _, params } => self.value(&params.0, at),
            Spec::Typed(spec) => {
                spec.params().expressions().into_iter().for_each(|text| self.text(text, at));
            }
        }
    }

    fn control(&mut self, control: &Control, at: Point) {
        let Control {
            when,
            each,
            register: _,
            notify: _,
            retry,
            changed_when,
            failed_when,
            layers,
            env,
            timeout,
            privacy: _,
            check: _,
            act_as,
            choice: _,
            gives,
            ends_play: _,
        } = control;
        self.conditions(when, at);
        let chosen = gives.iter().filter_map(|gives| gives.chosen.as_ref());
        chosen.for_each(|chosen| self.text(chosen, at));
        each.iter().for_each(|each| self.each(each, at));
        if let Some(Retry { retries, delay, until }) = retry {
            self.value(&retries.0, at);
            self.value(&delay.0, at);
            self.conditions(until, at);
        }
        for conditions in [changed_when, failed_when].into_iter().flatten() {
            self.conditions(conditions, at);
        }
        self.layers(layers, at);
        for value in env.iter().chain(timeout) {
            self.value(&value.0, at);
        }
        self.act_as(act_as, at);
    }

    fn each(&mut self, each: &Loop, at: Point) {
        let Loop { over, var: _, index: _, label, kind: _, pause, extended: _ } = each;
        self.value(&over.0, at);
        pause.iter().for_each(|pause| self.value(&pause.0, at));
        label.iter().for_each(|label| self.text(label, at));
    }

    fn act_as(&mut self, act_as: &ActAs, at: Point) {
        let ActAs { wanted, user } = act_as;
        for Json(value) in [wanted, user].into_iter().flatten() {
            self.value(value, at);
        }
    }

    fn conditions(&mut self, conditions: &[Condition], at: Point) {
        conditions.iter().for_each(|condition| self.text(&condition.0, at));
    }

    fn layers(&mut self, layers: &[Layer], at: Point) {
        layers.iter().for_each(|(_, Json(vars))| self.value(vars, at));
    }

    fn value(&mut self, value: &Value, at: Point) {
        match value {
            Value::String(text) => self.text(text, at),
            Value::Array(items) => items.iter().for_each(|item| self.value(item, at)),
            // Keys are never rendered.
            Value::Object(entries) => entries.values().for_each(|value| self.value(value, at)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn text(&mut self, text: &str, at: Point) {
        for word in text.split(|c: char| !c.is_alphanumeric() && c != '_') {
            if let Some(last) = self.0.get_mut(word) {
                *last = (*last).max(Some(at));
            }
        }
    }

    fn everything(&mut self, at: Point) {
        self.0.values_mut().for_each(|last| *last = (*last).max(Some(at)));
    }
}

fn is_rescued(item: &Item) -> bool {
    match item {
        Item::Block(block) => block.rescue > 0,
        Item::Task(_) | Item::Flush => false,
    }
}

/// The names that a task gives to those after it.
fn given(task: &Task) -> Vec<&str> {
    let registered = task.control.as_ref().and_then(|control| control.register.as_deref());
    registered.into_iter().chain(super::task::variables(task)).collect()
}
