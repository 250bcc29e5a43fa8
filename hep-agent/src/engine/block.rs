//! Entries of a play in a row, and blocks of them: conditions, loops, rescue, always.

use super::task::Kin;
use super::{Flow, Walk, worse};
use crate::render::{Names, Unrendered, ready};
use crate::sys::{Cause, SysError};
use hep_protocol::expression::Found;
use hep_protocol::message::Turn;
use hep_protocol::plan::{Block, CheckPolicy, Item, Loop, Play};
use serde_json::{Value, json};
use std::ops::Range;

/// Where entries are run: of which play, and under which turn.
pub(super) struct Place<'p> {
    pub(super) play: &'p Play,
    /// The turn of what is around them.
    pub(super) turn: Turn,
}

impl Place<'_> {
    fn turn(&self, at: u32) -> Turn {
        deeper(&self.turn, at)
    }
}

/// A turn within a turn.
pub(super) fn deeper(turn: &Turn, at: u32) -> Turn {
    let mut numbers = turn.0.clone();
    numbers.push(at);
    Turn(numbers)
}

/// Why the tasks of a block are reported without being run.
#[derive(Clone, Copy)]
enum Passed<'a> {
    /// Its condition does not hold.
    Skipped,
    /// Whether they would be run depends on this.
    Depends(&'a str),
}

impl Walk<'_> {
    /// Runs entries until one fails.
    pub(super) fn entries(&mut self, place: &Place<'_>, range: Range<u32>, names: &Names) -> Flow {
        let mut at = range.start;
        while at < range.end {
            if self.outside.cancelled() {
                return Flow::Cancelled;
            }
            let (flow, next) = match place.play.items.get(at as usize) {
                Some(Item::Task(number)) => (self.entry(place, at, *number, names), at + 1),
                Some(Item::Block(block)) => {
                    let size = block.entries().unwrap_or(u32::MAX);
                    let end = at.saturating_add(1).saturating_add(size).min(range.end);
                    (self.block(place, at, block, names), end)
                }
                None => return Flow::On,
            };
            if flow != Flow::On {
                return flow;
            }
            at = next;
        }
        Flow::On
    }

    /// A task, and behind a `flush` the handlers.
    fn entry(&mut self, place: &Place<'_>, at: u32, number: u32, names: &Names) -> Flow {
        let turn = place.turn(at);
        let flow = self.task(number, &turn, names, &Kin::default());
        if std::mem::take(&mut self.flush) { self.handlers(place.play, &turn, names) } else { flow }
    }

    fn block(&mut self, place: &Place<'_>, at: u32, block: &Block, names: &Names) -> Flow {
        let names = names.with_vars(&block.vars);
        let body = at + 1;
        match self.conditions(&block.when, &names) {
            Ok(true) => {}
            Ok(false) => return self.pass(place, body, block.body, Passed::Skipped),
            Err(Unrendered::Unknown(cause)) => {
                return self.pass(place, body, block.body, Passed::Depends(&cause));
            }
            Err(Unrendered::Wrong(error)) => return self.refuse(place, body, block, error),
        }
        let Some(each) = &block.each else { return self.sections(place, body, block, &names) };
        match self.elements(each, &names) {
            Ok(elements) => {
                for (round, element) in (0_u32..).zip(elements) {
                    let names = names.with_locals(locals(each, round, &element));
                    let turn = deeper(&place.turn(at), round);
                    let inner = Place { play: place.play, turn };
                    let flow = self.sections(&inner, body, block, &names);
                    if flow != Flow::On {
                        return flow;
                    }
                }
                Flow::On
            }
            Err(Unrendered::Unknown(cause)) => {
                self.pass(place, body, block.body, Passed::Depends(&cause))
            }
            Err(Unrendered::Wrong(error)) => self.refuse(place, body, block, error),
        }
    }

    /// Body, rescue and always, which stand one behind the other.
    fn sections(&mut self, place: &Place<'_>, body: u32, block: &Block, names: &Names) -> Flow {
        let rescue = body.saturating_add(block.body);
        let always = rescue.saturating_add(block.rescue);
        let end = always.saturating_add(block.always);
        let rescues = usize::from(block.rescue > 0);
        self.rescued += rescues;
        let mut flow = self.entries(place, body..rescue, names);
        self.rescued -= rescues;
        if flow == Flow::Failed && block.rescue > 0 {
            flow = self.entries(place, rescue..always, names);
        }
        if flow == Flow::Cancelled {
            return flow;
        }
        worse(flow, self.entries(place, always..end, names))
    }

    /// Reports the tasks of a block that is not entered.
    fn pass(&mut self, place: &Place<'_>, first: u32, count: u32, why: Passed<'_>) -> Flow {
        let mut at = first;
        let end = first.saturating_add(count);
        while at < end {
            let turn = place.turn(at);
            at = match place.play.items.get(at as usize) {
                Some(Item::Task(number)) => {
                    match why {
                        Passed::Skipped => self.skip(*number, &turn),
                        Passed::Depends(cause) => self.leave_open(*number, &turn, cause),
                    }
                    at + 1
                }
                // Of inner blocks the body counts, as of the outer one.
                Some(Item::Block(block)) => {
                    self.pass(place, at + 1, block.body, why);
                    at.saturating_add(1).saturating_add(block.entries().unwrap_or(u32::MAX))
                }
                None => return Flow::On,
            };
        }
        Flow::On
    }

    /// A block whose condition or loop is wrong fails at its first task.
    fn refuse(&mut self, place: &Place<'_>, first: u32, block: &Block, error: SysError) -> Flow {
        let task = (first..first.saturating_add(block.body)).find_map(|at| {
            match place.play.items.get(at as usize) {
                Some(Item::Task(number)) => Some((at, *number)),
                Some(Item::Block(_)) | None => None,
            }
        });
        match task {
            Some((at, number)) => self.fail(number, &place.turn(at), error),
            None => Flow::Failed,
        }
    }

    /// The elements of a loop.
    pub(super) fn elements(&self, each: &Loop, names: &Names) -> Result<Vec<Value>, Unrendered> {
        match names.tree(&each.over)? {
            Value::Array(elements) => Ok(elements),
            Value::Object(entries) => Ok(entries
                .into_iter()
                .map(|(key, value)| json!({"key": key, "value": value}))
                .collect()),
            other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
                let shown: String = other.to_string().chars().take(60).collect();
                Err(Unrendered::Wrong(
                    SysError::new(format!("`loop` takes a list or a mapping, found {shown}"))
                        .hint("write `[...]` around it, or an expression that gives a list"),
                ))
            }
        }
    }

    /// What an overlay has to know of a task that may or may not run.
    pub(super) fn foresee(&mut self, name: &str) {
        let cause = Cause::Task(name.to_owned());
        self.machine.with(CheckPolicy::AsRun, |host, _| host.foresee(cause));
    }
}

/// The names of one round of a loop.
pub(super) fn locals(each: &Loop, round: u32, element: &Value) -> Vec<(String, Found)> {
    let index = each.index.iter().map(|name| (name.clone(), Found::Plain(json!(round))));
    std::iter::once((each.var.clone(), ready(element))).chain(index).collect()
}
