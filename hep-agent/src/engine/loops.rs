//! Loops: the elements, what they are called, and a task's tries over them made into one outcome and one result.

use super::tally::Tally;
use super::task::{Job, millis};
use super::tries::stopped;
use super::verdict::Verdict;
use super::{Flow, Walk};
use crate::render::{Names, Unrendered, ready, word};
use crate::sys::SysError;
use crate::sys::output;
use hep_protocol::expression::Found;
use hep_protocol::message::Reply;
use hep_protocol::outcome::Outcome;
use hep_protocol::plan::{Loop, OnError, Privacy};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How many characters a loop's element is called by.
const LABEL: usize = 60;

/// About how many times a loop tells how far it is, and how long it says nothing.
const TOLD: usize = 1000;
const LONG: Duration = Duration::from_secs(1);

impl Walk<'_> {
    /// A task with a loop: every element has its turn, also after one that failed.
    pub(super) fn looped(&mut self, job: &Job<'_>, each: &Loop) -> (Outcome, Flow) {
        let privacy = job.control.privacy;
        let elements = match elements(each, &job.names) {
            Ok(elements) => elements,
            Err(why) => {
                let mut verdict = self.unsettled(job, why);
                let flow = self.settle(job, &mut verdict);
                return (verdict.hidden(privacy).outcome(), flow);
            }
        };
        let begun = Instant::now();
        let mut merged = self.merged(job, each, &elements);
        let asked = matches!(job.task.on_error, OnError::Ask(_));
        let wanted = self.registered(job).is_some() || asked;
        let mut tally = Tally::new(privacy, job.one(), each, wanted);
        for (round, element) in (0_u32..).zip(&elements) {
            let start = Instant::now();
            let names = job.names.with_locals(locals(each, round, element));
            let label = label(each, round, element, &names, privacy);
            if self.outside.cancelled() && !merged.is_done() {
                tally.add(label.clone(), element, stopped(Verdict::skipped(), &label), 0);
                break;
            }
            if begun.elapsed() > LONG {
                self.tell(job, &label, round, elements.len());
            }
            let verdict = merged.next(self, job, &names);
            self.room = self.room.map(|room| room.saturating_sub(output::size(&verdict.data)));
            tally.add(label, element, verdict, millis(start));
        }
        let (mut whole, items) = tally.whole();
        let flow = self.settle(job, &mut whole);
        (items.outcome(&whole), flow)
    }

    /// Tells which element has its turn, of very many not each.
    fn tell(&self, job: &Job<'_>, label: &str, round: u32, count: usize) {
        let seldom = (round as usize).is_multiple_of(count.div_ceil(TOLD).max(1));
        if round > 0 && seldom && job.control.privacy == Privacy::Open {
            let text = format!("{label} ({} of {count})", round.saturating_add(1));
            self.outside.reply(Reply::Progress { task: job.number, text });
        }
    }
}

/// The elements of a loop.
pub(super) fn elements(each: &Loop, names: &Names) -> Result<Vec<Value>, Unrendered> {
    match names.tree(&each.over)? {
        Value::Array(elements) => Ok(elements),
        Value::Object(entries) => {
            let pairs = entries.into_iter().map(|(key, value)| json!({"key": key, "value": value}));
            Ok(pairs.collect())
        }
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            let shown: String = other.to_string().chars().take(LABEL).collect();
            Err(Unrendered::Wrong(
                SysError::new(format!("`loop` takes a list or a mapping, found {shown}"))
                    .hint("write `[...]` around it, or an expression that gives a list"),
            ))
        }
    }
}

/// The names of one round of a loop.
pub(super) fn locals(each: &Loop, round: u32, element: &Value) -> Vec<(String, Found)> {
    let index = each.index.iter().map(|name| (name.clone(), Found::Plain(json!(round))));
    std::iter::once((each.var.clone(), ready(element))).chain(index).collect()
}

/// What an element is called. A label that cannot be rendered may have been meant to hide the rest of the element.
fn label(each: &Loop, round: u32, element: &Value, names: &Names, privacy: Privacy) -> String {
    let numbered = || format!("element {}", round.saturating_add(1));
    let value = match (privacy, &each.label) {
        (Privacy::Sensitive, _) => return numbered(),
        (Privacy::Open, None) => element.clone(),
        (Privacy::Open, Some(label)) => match names.text(label) {
            Ok(value) => value,
            Err(_) => return numbered(),
        },
    };
    let text = word(value);
    let first = text.lines().next().unwrap_or_default();
    let short: String = first.chars().take(LABEL).collect();
    let more = if short.len() < text.len() { "..." } else { "" };
    format!("{short}{more}")
}
