//! Folds the events of many hosts into blocks: one turn of one task, with equal results of several hosts as one.
//!
//! Hosts come in waves of as many as are worked on at a time, so that the first wave can be shown while later hosts
//! wait. A block is ready once each host of its wave has passed its turn or ended before it. Turns of one host ascend,
//! so a host that is behind a turn and has no result there never will: its handlers had nothing to do, or its block
//! was not entered.

use super::HostId;
use hep_protocol::message::Turn;
use hep_protocol::outcome::{Change, Failure, ItemOutcome, Outcome, Status};
use std::collections::BTreeMap;
use std::ops::Range;

/// The same result on some hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) status: Status,
    /// What the hosts made of a name with expressions.
    pub(crate) name: Option<String>,
    pub(crate) changes: Vec<Change>,
    pub(crate) notes: Vec<String>,
    pub(crate) failure: Option<Failure>,
    /// Without their times, which no two hosts have in common.
    pub(crate) items: Vec<ItemOutcome>,
    /// The hosts, in the order of the run.
    pub(crate) hosts: Vec<HostId>,
    /// The shortest and the longest that it took, in milliseconds.
    pub(crate) ms: (u64, u64),
}

impl Group {
    fn new(host: HostId, name: Option<String>, outcome: Outcome) -> Group {
        let Outcome { status, changes, notes, failure, mut items, ms } = outcome;
        items.iter_mut().for_each(|item| item.ms = 0);
        let (hosts, ms) = (vec![host], (ms, ms));
        Group { status, name, changes, notes, failure, items, hosts, ms }
    }

    /// Whether the two differ in nothing but hosts and times.
    fn is_like(&self, other: &Group) -> bool {
        let Group { status, name, changes, notes, failure, items, hosts: _, ms: _ } = self;
        *status == other.status
            && *name == other.name
            && *changes == other.changes
            && *notes == other.notes
            && *failure == other.failure
            && *items == other.items
    }

    fn join(&mut self, other: Group) {
        self.ms = (self.ms.0.min(other.ms.0), self.ms.1.max(other.ms.1));
        self.hosts.extend(other.hosts);
        self.hosts.sort_unstable();
    }
}

/// One turn of a task with all its results in one wave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) task: u32,
    /// Ordered by the first host of each.
    pub(crate) groups: Vec<Group>,
}

/// What comes out of the fold, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ready {
    /// From here on blocks are about these hosts; not given when there is one wave only.
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

/// The place of a block: the first host of its wave, the turn, and the task, should hosts differ in it.
type Place = (usize, Turn, u32);

/// The events so far.
#[derive(Debug)]
pub(crate) struct Fold {
    /// How far each host is.
    reached: Vec<Reached>,
    wave_size: usize,
    /// The first host of the wave being shown.
    wave: usize,
    announced: bool,
    pending: BTreeMap<Place, Vec<Group>>,
}

impl Fold {
    /// A fold over hosts by their numbers; `wave_size` hosts are shown together.
    pub(crate) fn new(hosts: usize, wave_size: usize) -> Fold {
        Fold {
            reached: vec![Reached::Nothing; hosts],
            wave_size: wave_size.max(1),
            wave: 0,
            announced: false,
            pending: BTreeMap::new(),
        }
    }

    /// A host began a task.
    pub(crate) fn started(&mut self, host: HostId, turn: Turn) {
        self.reach(host, Reached::Turn(turn, false));
    }

    /// A host finished a task.
    pub(crate) fn finished(
        &mut self,
        host: HostId,
        task: u32,
        turn: Turn,
        name: Option<String>,
        outcome: Outcome,
    ) {
        let wave = host.0 / self.wave_size * self.wave_size;
        let groups = self.pending.entry((wave, turn.clone(), task)).or_default();
        let group = Group::new(host, name, outcome);
        match groups.iter_mut().find(|other| other.is_like(&group)) {
            Some(same) => same.join(group),
            None => groups.push(group),
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
    pub(crate) fn ready(&mut self) -> Vec<Ready> {
        let mut ready = Vec::new();
        while self.wave < self.reached.len() {
            let end = self.reached.len().min(self.wave.saturating_add(self.wave_size));
            let wave = self.wave..end;
            let slowest = self.reached.get(wave.clone()).unwrap_or_default().iter().min();
            let slowest = slowest.cloned().unwrap_or(Reached::End);
            while let Some(block) = self.next_before(&slowest) {
                if !self.announced && self.reached.len() > self.wave_size {
                    self.announced = true;
                    ready.push(Ready::Wave(wave.clone()));
                }
                ready.push(Ready::Block(block));
            }
            if slowest < Reached::End {
                break;
            }
            (self.wave, self.announced) = (wave.end, false);
        }
        ready
    }

    /// The first block of the wave, if the slowest host has passed it.
    fn next_before(&mut self, slowest: &Reached) -> Option<Block> {
        let first = self.pending.first_entry()?;
        let (wave, turn, task) = first.key();
        if *wave != self.wave || *slowest < Reached::Turn(turn.clone(), true) {
            return None;
        }
        let task = *task;
        let mut groups = first.remove();
        groups.sort_by(|a, b| a.hosts.cmp(&b.hosts));
        Some(Block { task, groups })
    }
}

#[cfg(test)]
mod tests;
