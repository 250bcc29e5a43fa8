//! Loops: the elements, what they are called, and a task's tries over them made into one outcome and one result.

use super::tally::Tally;
use super::task::{Job, conditions, millis};
use super::tries::stopped;
use super::verdict::Verdict;
use super::{Flow, Walk};
use crate::render::{Names, Unrendered, ready, word};
use crate::sys::SysError;
use crate::sys::output;
use hep_protocol::dialect::Dialect;
use hep_protocol::expression::Found;
use hep_protocol::message::Reply;
use hep_protocol::outcome::Outcome;
use hep_protocol::plan::{Loop, OnError, PLACE, Privacy, place};
use serde_json::{Value, json};
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::{Duration, Instant};

/// The loop over one of its terms, by chance: `with_random_choice`.
const CHANCE: &str = "random_choice";

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
            // To Ansible what is skipped may loop over anything.
            Err(Unrendered::Wrong(_)) if untaken(job) => {
                let mut verdict = Verdict::skipped();
                let flow = self.settle(job, &mut verdict);
                return (verdict.hidden(privacy).outcome(), flow);
            }
            Err(why) => {
                let mut verdict = self.unsettled(job, why);
                let flow = self.settle(job, &mut verdict);
                return (verdict.hidden(privacy).outcome(), flow);
            }
        };
        let begun = Instant::now();
        let mut merged = self.merged(job, each, &elements);
        let asked = matches!(job.task.on_error, OnError::Ask(_));
        let wanted = self.registered(job).is_some() || asked || self.is_told(job);
        let mut tally = Tally::new(privacy, job.one(), each, wanted);
        for (round, element) in (0_u32..).zip(&elements) {
            let start = Instant::now();
            if round > 0
                && let Err(why) = self.rest(each, &job.names)
            {
                let verdict = self.unsettled(job, why);
                tally.add(format!("element {}", round.saturating_add(1)), element, verdict, 0);
                break;
            }
            let names = job.names.with_locals(locals(each, round, &elements));
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

    /// The pause between two rounds.
    pub(super) fn rest(&self, each: &Loop, names: &Names) -> Result<(), Unrendered> {
        if let Some(pause) = &each.pause {
            let seconds = names.seconds(pause, "pause")?;
            self.sleep(Duration::try_from_secs_f64(seconds).unwrap_or_default());
        }
        Ok(())
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

/// Whether a condition does not hold whatever the element is, in Ansible's dialect.
fn untaken(job: &Job<'_>) -> bool {
    let (when, names) = (&job.control.when, &job.names);
    names.dialect() == Dialect::Ansible
        && when.iter().any(|one| matches!(conditions(std::slice::from_ref(one), names), Ok(false)))
}

/// The elements of a loop.
pub(super) fn elements(each: &Loop, names: &Names) -> Result<Vec<Value>, Unrendered> {
    match (&each.kind, names.tree(&each.over)?) {
        (Some(kind), over) => {
            let terms = match over {
                Value::Array(terms) => terms,
                one @ (Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Object(_)) => vec![one],
            };
            match kind.as_str() {
                CHANCE => Ok(chosen(terms)),
                kind => names.look_up(kind, terms),
            }
        }
        (None, Value::Array(elements)) => Ok(elements),
        (None, Value::Object(entries)) if names.dialect() == Dialect::Hep => {
            let pairs = entries.into_iter().map(|(key, value)| json!({"key": key, "value": value}));
            Ok(pairs.collect())
        }
        (
            None,
            other @ (Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_)),
        ) => {
            let shown: String = other.to_string().chars().take(LABEL).collect();
            let (takes, hint) = match names.dialect() {
                Dialect::Hep => (
                    "a list or a mapping",
                    "write `[...]` around it, or an expression that gives a list",
                ),
                Dialect::Ansible => {
                    ("a list", "write `[...]` around it, or `| dict2items` after a mapping")
                }
            };
            Err(Unrendered::Wrong(
                SysError::new(format!("`loop` takes {takes}, found {shown}")).hint(hint),
            ))
        }
    }
}

/// One of the terms, by chance.
fn chosen(mut terms: Vec<Value>) -> Vec<Value> {
    let chance = RandomState::new().build_hasher().finish();
    let count = u64::try_from(terms.len()).unwrap_or(u64::MAX);
    let at = chance.checked_rem(count).and_then(|at| usize::try_from(at).ok());
    at.map(|at| terms.swap_remove(at)).into_iter().collect()
}

/// The names of one round of a loop.
pub(super) fn locals(each: &Loop, round: u32, elements: &[Value]) -> Vec<(String, Found)> {
    let at = round as usize;
    let element = elements.get(at).map_or(Found::Plain(Value::Null), ready);
    let index = each.index.iter().map(|name| (name.clone(), Found::Plain(json!(round))));
    let place = each.extended.then(|| (PLACE.to_owned(), Found::Plain(place(at, elements))));
    std::iter::once((each.var.clone(), element)).chain(index).chain(place).collect()
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
