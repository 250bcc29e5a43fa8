//! The elements of a loop added up: a bounded report, and the result that later tasks see.

use super::verdict::{CHANGES, Certainty, FORESEEN, Shape, UNDECIDED, Verdict, failure};
use hep_protocol::names::RESULTS;
use hep_protocol::outcome::{Change, Details, Failure, ItemOutcome, Outcome, Room, Status};
use hep_protocol::plan::{Loop, Privacy};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// How many elements a report tells one by one, and what they may take in it, in bytes: far less than a frame may.
const ITEMS: usize = 10_000;
const BYTES: usize = 16 * 1024 * 1024;

/// How many failed elements are told beyond that, by their sentences alone.
const FAILED: usize = 100;

/// The elements so far.
pub(super) struct Tally<'a> {
    privacy: Privacy,
    /// Of the result of an element.
    shape: Shape<'a>,
    each: &'a Loop,
    /// Whether anybody will ask for the result.
    wanted: bool,
    results: Vec<Value>,
    changes: Vec<Change>,
    failed: Vec<String>,
    failures: usize,
    count: usize,
    statuses: BTreeMap<Status, usize>,
    /// The first element of which nobody knows whether it would run, and on what that depends.
    open: Option<String>,
    partly: bool,
    undecided: bool,
    runs: bool,
    changes_for_sure: bool,
    truncated: bool,
    foreign: bool,
    items: Items,
}

impl<'a> Tally<'a> {
    pub(super) fn new(privacy: Privacy, shape: Shape<'a>, each: &'a Loop, wanted: bool) -> Self {
        Self {
            privacy,
            shape,
            each,
            wanted,
            results: Vec::new(),
            changes: Vec::new(),
            failed: Vec::new(),
            failures: 0,
            count: 0,
            statuses: BTreeMap::new(),
            open: None,
            partly: false,
            undecided: false,
            runs: false,
            changes_for_sure: false,
            truncated: false,
            foreign: false,
            items: Items::default(),
        }
    }

    /// Adds what became of an element.
    pub(super) fn add(&mut self, label: String, element: &Value, verdict: Verdict, ms: u64) {
        self.count += 1;
        *self.statuses.entry(verdict.status).or_default() += 1;
        self.weigh(&verdict);
        self.truncated |= verdict.truncated;
        self.foreign |= verdict.foreign;
        if verdict.details.failure.is_some() {
            self.failures += 1;
            if self.failed.is_empty() {
                self.failed.push(label.clone());
            }
        }
        if self.wanted {
            let mut fields = verdict.fields(self.shape);
            match self.shape {
                Shape::Ansible => {
                    fields.extend(names_of(self.each, self.count.saturating_sub(1), element));
                }
                Shape::One(_) | Shape::Loop => {
                    fields.insert("item".to_owned(), element.clone());
                }
            }
            self.results.push(Value::Object(fields));
        }
        let kept = if self.wanted { usize::MAX } else { 1 };
        let lines = verdict.details.changes.iter().take(kept.saturating_sub(self.changes.len()));
        self.changes.extend(lines.map(|change| Change::new(&change.line)));
        self.items.add(verdict.hidden(self.privacy).item(label, ms));
    }

    /// Notes how much is known.
    fn weigh(&mut self, verdict: &Verdict) {
        let changed = match &verdict.certainty {
            Certainty::Known => verdict.changed(),
            Certainty::Partly(known) => {
                self.partly = true;
                self.undecided |= !known.contains(&"changed");
                known.contains(&"changed") && verdict.changed()
            }
            Certainty::Open(cause) => {
                self.open.get_or_insert_with(|| cause.clone());
                return;
            }
        };
        self.changes_for_sure |= changed;
        self.runs |= verdict.status != Status::Skipped;
    }

    /// The elements together, and each for the report.
    pub(super) fn whole(self) -> (Verdict, Items) {
        let certainty = self.certainty();
        // A loop over nothing, or in which nothing held, did nothing.
        let grave = [Status::Failed, Status::Pending, Status::Changed, Status::Ok];
        let status = grave.into_iter().find(|status| self.statuses.contains_key(status));
        let mut whole = Verdict::of(status.unwrap_or(Status::Skipped));
        if certainty == Certainty::Known && self.wanted {
            if matches!(self.shape, Shape::Ansible) {
                whole.data = summary(self.count, self.failures, whole.status);
            }
            whole.data.insert(RESULTS.to_owned(), Value::Array(self.results));
        }
        whole.details.failure = match (self.failures, self.failed.first()) {
            (0, _) | (_, None) => None,
            (1, Some(label)) => Some(failure(format!("`{label}` failed, of {}", self.count))),
            (many, Some(_)) => Some(failure(format!("{many} of {} failed", self.count))),
        };
        whole.details.changes = self.changes;
        let Self { truncated, foreign, items, .. } = self;
        (Verdict { certainty, truncated, foreign, ..whole }, items)
    }

    fn certainty(&self) -> Certainty {
        match &self.open {
            Some(cause) if !self.runs => Certainty::Open(cause.clone()),
            Some(_) if self.changes_for_sure => Certainty::Partly(CHANGES),
            None if self.undecided && self.changes_for_sure => Certainty::Partly(CHANGES),
            Some(_) => Certainty::Partly(UNDECIDED),
            None if self.undecided => Certainty::Partly(UNDECIDED),
            None if self.partly => Certainty::Partly(FORESEEN),
            None => Certainty::Known,
        }
    }
}

/// What the result of an element has of its loop in Ansible's language.
fn names_of(each: &Loop, round: usize, element: &Value) -> Map<String, Value> {
    let element = [(each.var.clone(), element.clone()), named("ansible_loop_var", &each.var)];
    let index = each.index.iter();
    let index =
        index.flat_map(|name| [(name.clone(), json!(round)), named("ansible_index_var", name)]);
    element.into_iter().chain(index).collect()
}

fn named(field: &str, name: &str) -> (String, Value) {
    (field.to_owned(), json!(name))
}

/// What the result of a loop has beside those of its elements in Ansible's language.
fn summary(count: usize, failures: usize, status: Status) -> Map<String, Value> {
    let skipped = status == Status::Skipped;
    let msg = match (count, failures) {
        (0, _) => return [named("skipped_reason", "No items in the list")].into_iter().collect(),
        (_, 0) if skipped => "All items skipped",
        (_, 0) => "All items completed",
        (_, _) => "One or more items failed",
    };
    let flags = [("failed", failures > 0), ("skipped", skipped)];
    let flags = flags.map(|(name, value)| (name.to_owned(), json!(value)));
    flags.into_iter().chain([named("msg", msg)]).collect()
}

/// Elements for the report. What finds no room is counted.
#[derive(Default)]
pub(super) struct Items {
    kept: Vec<ItemOutcome>,
    actions: Room,
    bytes: usize,
    failed: usize,
    more: BTreeMap<Status, usize>,
}

impl Items {
    fn add(&mut self, mut item: ItemOutcome) {
        if self.bytes.saturating_add(size(&item)) > BYTES {
            item.details.changes.iter_mut().for_each(|change| change.diff = None);
        }
        for change in &mut item.details.changes {
            change.action = self.actions.take(std::mem::take(&mut change.action));
        }
        let bytes = self.bytes.saturating_add(size(&item));
        if self.kept.len() < ITEMS && bytes <= BYTES {
            self.bytes = bytes;
            self.kept.push(item);
        } else if item.status == Status::Failed && self.failed < FAILED {
            self.failed += 1;
            self.kept.push(sentence(item));
        } else {
            *self.more.entry(item.status).or_default() += 1;
        }
    }

    /// The report of a loop that came to this.
    pub(super) fn outcome(self, whole: &Verdict) -> Outcome {
        let mut items = self.kept;
        items.extend(closing(&self.more));
        for item in items.iter_mut().filter(|item| item.status == Status::Failed) {
            item.status = whole.status;
        }
        let details = Details { changes: Vec::new(), ..whole.details.clone() };
        Outcome { status: whole.status, details, items, ms: 0 }
    }
}

/// An element that stands for those that found no room, as grave as the gravest.
fn closing(more: &BTreeMap<Status, usize>) -> Option<ItemOutcome> {
    let grave = [Status::Failed, Status::Pending, Status::Changed, Status::Ok, Status::Skipped];
    let status = grave.into_iter().find(|status| more.contains_key(status))?;
    let label = format!("and {} more", more.values().sum::<usize>());
    let each: Vec<String> =
        more.iter().map(|(status, count)| format!("{count} {status}")).collect();
    let failure = (status == Status::Failed).then(|| failure("some of them failed"));
    let details = Details { changes: Vec::new(), notes: vec![each.join(", ")], failure };
    Some(ItemOutcome { label, status, details, ms: 0 })
}

/// A failed element by its sentence alone.
fn sentence(item: ItemOutcome) -> ItemOutcome {
    const SHORT: usize = 400;
    let failure = item.details.failure.map(|failure| Failure {
        message: failure.message.chars().take(SHORT).collect(),
        exit: failure.exit,
        ..Failure::default()
    });
    ItemOutcome { details: Details { failure, ..Details::default() }, ..item }
}

/// About how many bytes an element takes on the wire.
fn size(item: &ItemOutcome) -> usize {
    let change = |Change { line, diff, action }: &Change| {
        line.len() + diff.as_ref().map_or(0, String::len) + action.size()
    };
    let Details { changes, notes, failure } = &item.details;
    let failure = failure.as_ref().map_or(0, |failure| {
        let hint = failure.hint.as_ref().map_or(0, String::len);
        failure.message.len() + hint + failure.stdout.len() + failure.stderr.len()
    });
    let notes: usize = notes.iter().map(String::len).sum();
    item.label.len() + changes.iter().map(change).sum::<usize>() + notes + failure
}
