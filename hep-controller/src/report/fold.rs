//! Folds the events of many hosts into blocks: one turn of one task, with equal results of several hosts as one.
//!
//! Hosts come in waves: those of a batch, and of a large one as many as are worked on at a time, so that the first wave can be
//! shown while later hosts wait. A block is ready once each host of its wave has passed its turn or ended before it. Turns of
//! one host ascend, so a host that is behind a turn and has no result there never will: its handlers had nothing to do, or
//! its block was not entered.
//!
//! No result waits long for a slow host: what is known is shown after some time, a failure after very little, and the
//! rest follows as another block of the same turn.

use crate::host::HostId;
use hep_protocol::message::Turn;
use hep_protocol::outcome::{Details, ItemOutcome, Outcome, Status, Told};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// The same result on some hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) status: Status,
    /// What the hosts made of a name with expressions.
    pub(crate) name: Option<String>,
    pub(crate) details: Details,
    /// Without their times, which no two hosts have in common.
    pub(crate) items: Vec<ItemOutcome>,
    /// The hosts, in the order of the run.
    pub(crate) hosts: Vec<HostId>,
    /// The shortest and the longest that it took, in milliseconds.
    pub(crate) ms: (u64, u64),
}

impl Group {
    fn new(host: HostId, name: Option<String>, outcome: Outcome) -> Group {
        let Outcome { status, mut details, mut items, ms } = outcome;
        items.iter_mut().for_each(|item| item.ms = 0);
        // Hosts whose lines are equal may have got there from different states.
        let of_items = items.iter_mut().flat_map(|item| &mut item.details.changes);
        let all = details.changes.iter_mut().chain(of_items);
        all.for_each(|change| change.action = Told::Nothing);
        let (hosts, ms) = (vec![host], (ms, ms));
        Group { status, name, details, items, hosts, ms }
    }

    /// Whether the two differ in nothing but hosts and times.
    fn is_like(&self, other: &Group) -> bool {
        let Group { status, name, details, items, hosts: _, ms: _ } = self;
        *status == other.status
            && *name == other.name
            && *details == other.details
            && *items == other.items
    }

    fn join(&mut self, other: Group) {
        self.ms = (self.ms.0.min(other.ms.0), self.ms.1.max(other.ms.1));
        self.hosts.extend(other.hosts);
        self.hosts.sort_unstable();
    }
}

/// How long results wait for those of slower hosts, in milliseconds.
const PATIENCE: u64 = 5_000;

/// The same for failures: as long as it takes that the same ones of many hosts become one.
const SHORT: u64 = 500;

/// One turn of a task with its results in one wave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) task: u32,
    /// Whether no results of other hosts of the wave came before, and none will follow.
    pub(crate) whole: bool,
    /// Ordered by the first host of each.
    pub(crate) groups: Vec<Group>,
}

/// What comes out of the fold, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ready {
    /// From here on blocks are about these hosts, counted in the order of their turns; not given when there is one wave only.
    Wave(Range<usize>),
    /// A task.
    Block(Block),
}

/// How far a host is. A later one is greater.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reached {
    Nothing,
    /// Everything before this turn, and with `true` the turn itself.
    Turn(Turn, bool),
    End,
}

/// The place of a block: its wave, the turn, and the task, should hosts differ in it.
type Place = (usize, Turn, u32);

/// Results that were not shown yet.
#[derive(Debug)]
struct Pending {
    groups: Vec<Group>,
    /// When they are shown at the latest.
    due: u64,
    /// Whether others of the same place were.
    rest: bool,
}

/// The events so far.
#[derive(Debug)]
pub(crate) struct Fold {
    /// How far each host is.
    reached: Vec<Reached>,
    /// The hosts that are shown together, in the order of their turns.
    waves: Vec<Vec<HostId>>,
    /// The wave of each host.
    wave_of: Vec<usize>,
    /// The first wave that has not ended.
    first: usize,
    /// The wave that was named last.
    announced: Option<usize>,
    pending: BTreeMap<Place, Pending>,
    /// Places some of whose results were shown.
    begun: BTreeSet<Place>,
    /// When the next results are due.
    next_due: u64,
}

impl Fold {
    /// A fold over hosts by their numbers; each is in one wave.
    pub(crate) fn new(waves: Vec<Vec<HostId>>) -> Fold {
        let hosts = waves.iter().map(Vec::len).sum();
        let mut wave_of = vec![0; hosts];
        for (wave, host) in
            waves.iter().enumerate().flat_map(|(at, w)| w.iter().map(move |h| (at, h)))
        {
            if let Some(slot) = wave_of.get_mut(host.0) {
                *slot = wave;
            }
        }
        Fold {
            reached: vec![Reached::Nothing; hosts],
            waves,
            wave_of,
            first: 0,
            announced: None,
            pending: BTreeMap::new(),
            begun: BTreeSet::new(),
            next_due: u64::MAX,
        }
    }

    /// A host began a task.
    pub(crate) fn started(&mut self, host: HostId, turn: Turn) {
        self.reach(host, Reached::Turn(turn, false));
    }

    /// A host finished a task; `now` is the run's age in milliseconds.
    pub(crate) fn finished(
        &mut self,
        host: HostId,
        task: u32,
        turn: Turn,
        name: Option<String>,
        outcome: Outcome,
        now: u64,
    ) {
        let wave = self.wave_of.get(host.0).copied().unwrap_or_default();
        let patience = if outcome.status == Status::Failed { SHORT } else { PATIENCE };
        let due = now.saturating_add(patience);
        let place = (wave, turn.clone(), task);
        let rest = self.begun.contains(&place);
        let none = || Pending { groups: Vec::new(), due, rest };
        let pending = self.pending.entry(place).or_insert_with(none);
        pending.due = pending.due.min(due);
        self.next_due = self.next_due.min(due);
        let group = Group::new(host, name, outcome);
        match pending.groups.iter_mut().find(|other| other.is_like(&group)) {
            Some(same) => same.join(group),
            None => pending.groups.push(group),
        }
        self.reach(host, Reached::Turn(turn, true));
    }

    /// A host will finish nothing more.
    pub(crate) fn ended(&mut self, host: HostId) {
        self.reach(host, Reached::End);
    }

    fn reach(&mut self, host: HostId, reached: Reached) {
        if let Some(slot) = self.reached.get_mut(host.0).filter(|slot| **slot < reached) {
            *slot = reached;
        }
    }

    /// What became ready since the last call.
    pub(crate) fn ready(&mut self, now: u64) -> Vec<Ready> {
        let mut ready = Vec::new();
        while self.first < self.waves.len() {
            let slowest = self.slowest(self.first);
            while let Some(place) = self.next_before(&slowest) {
                self.show(&place, true, &mut ready);
            }
            if slowest < Reached::End {
                break;
            }
            self.first += 1;
        }
        if self.next_due <= now {
            self.overdue(now, &mut ready);
        }
        ready
    }

    /// Shows what has waited long enough, and what stands before that in its wave.
    fn overdue(&mut self, now: u64, ready: &mut Vec<Ready>) {
        let due = self.pending.iter().filter(|(_, pending)| pending.due <= now);
        let last: BTreeMap<usize, Place> = due.map(|(place, _)| (place.0, place.clone())).collect();
        for (wave, last) in last {
            let slowest = self.slowest(wave);
            let upto = self.pending.range(..=&last).map(|(place, _)| place);
            let mine: Vec<Place> = upto.filter(|place| place.0 == wave).cloned().collect();
            for place in mine {
                let passed = slowest >= Reached::Turn(place.1.clone(), true);
                self.show(&place, passed, ready);
            }
        }
        self.next_due = self.pending.values().map(|pending| pending.due).min().unwrap_or(u64::MAX);
    }

    /// How far the slowest host of a wave is.
    fn slowest(&self, wave: usize) -> Reached {
        let hosts = self.waves.get(wave).into_iter().flatten();
        let slowest = hosts.filter_map(|host| self.reached.get(host.0)).min();
        slowest.cloned().unwrap_or(Reached::End)
    }

    /// The first place of the first wave, if that one's slowest host has passed it.
    fn next_before(&self, slowest: &Reached) -> Option<Place> {
        let (place, _) = self.pending.first_key_value()?;
        let passed = *slowest >= Reached::Turn(place.1.clone(), true);
        (place.0 == self.first && passed).then(|| place.clone())
    }

    /// Takes a place's results; `passed` says whether no more of them will follow.
    fn show(&mut self, place: &Place, passed: bool, ready: &mut Vec<Ready>) {
        let Some(Pending { mut groups, rest, due: _ }) = self.pending.remove(place) else { return };
        let (wave, _, task) = place;
        if self.waves.len() > 1 && self.announced != Some(*wave) {
            self.announced = Some(*wave);
            let before = self.waves.iter().take(*wave).map(Vec::len).sum();
            let hosts = self.waves.get(*wave).map_or(0, Vec::len);
            ready.push(Ready::Wave(before..before + hosts));
        }
        groups.sort_by(|a, b| a.hosts.cmp(&b.hosts));
        ready.push(Ready::Block(Block { task: *task, whole: passed && !rest, groups }));
        if passed {
            self.begun.remove(place);
        } else {
            self.begun.insert(place.clone());
        }
    }
}

#[cfg(test)]
mod tests;
