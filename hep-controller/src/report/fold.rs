//! Folds the events of many hosts into blocks: one task, with equal results of several hosts as one.
//!
//! Hosts come in waves of as many as are worked on at a time, so that the first wave can be shown while later hosts
//! wait. A block is ready once each host of its wave has finished the task or ended before it.

use super::HostId;
use hep_protocol::outcome::{Change, Failure, Outcome, Status};
use std::collections::BTreeMap;
use std::ops::Range;

/// The same result on some hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) status: Status,
    pub(crate) changes: Vec<Change>,
    pub(crate) notes: Vec<String>,
    pub(crate) failure: Option<Failure>,
    /// The hosts, in the order of the run.
    pub(crate) hosts: Vec<HostId>,
    /// The shortest and the longest that it took, in milliseconds.
    pub(crate) ms: (u64, u64),
}

/// One task with all its results in one wave.
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

/// The events so far.
#[derive(Debug)]
pub(crate) struct Fold {
    /// For each host, the first task it has not finished; `u32::MAX` once it has ended.
    next: Vec<u32>,
    wave_size: usize,
    /// The first host of the wave being shown, and the first task not shown for it.
    wave: usize,
    task: u32,
    tasks: u32,
    announced: bool,
    pending: BTreeMap<(usize, u32), Vec<Group>>,
}

impl Fold {
    /// A fold over hosts and tasks by their numbers; `wave_size` hosts are shown together.
    pub(crate) fn new(hosts: usize, tasks: usize, wave_size: usize) -> Fold {
        Fold {
            next: vec![0; hosts],
            wave_size: wave_size.max(1),
            wave: 0,
            task: 0,
            tasks: u32::try_from(tasks).unwrap_or(u32::MAX),
            announced: false,
            pending: BTreeMap::new(),
        }
    }

    /// A host finished a task.
    pub(crate) fn finished(&mut self, host: HostId, task: u32, outcome: Outcome) {
        let Outcome { status, changes, notes, failure, ms } = outcome;
        let wave = host.0 / self.wave_size * self.wave_size;
        let groups = self.pending.entry((wave, task)).or_default();
        let same = groups.iter_mut().find(|group| {
            group.status == status
                && group.changes == changes
                && group.notes == notes
                && group.failure == failure
        });
        match same {
            Some(group) => {
                group.ms = (group.ms.0.min(ms), group.ms.1.max(ms));
                let at = group.hosts.partition_point(|other| *other < host);
                group.hosts.insert(at, host);
            }
            None => {
                let hosts = vec![host];
                groups.push(Group { status, changes, notes, failure, hosts, ms: (ms, ms) });
            }
        }
        self.reached(host, task.saturating_add(1));
    }

    /// A host will finish nothing more.
    pub(crate) fn ended(&mut self, host: HostId) {
        self.reached(host, u32::MAX);
    }

    fn reached(&mut self, host: HostId, next: u32) {
        if let Some(slot) = self.next.get_mut(host.0) {
            *slot = next.max(*slot);
        }
    }

    /// What became ready since the last call.
    pub(crate) fn ready(&mut self) -> Vec<Ready> {
        let mut ready = Vec::new();
        while self.wave < self.next.len() {
            let wave = self.wave..self.next.len().min(self.wave.saturating_add(self.wave_size));
            let passed = self.next.get(wave.clone()).unwrap_or_default().iter().min().copied();
            let passed = passed.unwrap_or(u32::MAX);
            let shown = passed.min(self.tasks);
            for task in self.task..shown {
                let Some(mut groups) = self.pending.remove(&(self.wave, task)) else { continue };
                groups.sort_by(|a, b| a.hosts.cmp(&b.hosts));
                if !self.announced && self.next.len() > self.wave_size {
                    self.announced = true;
                    ready.push(Ready::Wave(wave.clone()));
                }
                ready.push(Ready::Block(Block { task, groups }));
            }
            self.task = shown.max(self.task);
            if passed < u32::MAX {
                break;
            }
            (self.wave, self.task, self.announced) = (wave.end, 0, false);
        }
        ready
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(status: Status, line: &str, ms: u64) -> Outcome {
        let changes = if line.is_empty() {
            vec![]
        } else {
            vec![Change { line: line.to_owned(), diff: None }]
        };
        Outcome { status, changes, notes: vec![], failure: None, ms }
    }

    /// `task: status[hosts] ...` for each block that is ready.
    fn shown(fold: &mut Fold) -> String {
        let text = |ready| match ready {
            Ready::Wave(hosts) => format!("wave {}-{}", hosts.start, hosts.end),
            Ready::Block(Block { task, groups }) => {
                let group = |g: &Group| {
                    let hosts: Vec<String> = g.hosts.iter().map(|h| h.0.to_string()).collect();
                    format!(" {}[{}]", g.status, hosts.join(","))
                };
                format!("{task}:{}", groups.iter().map(group).collect::<String>())
            }
        };
        fold.ready().into_iter().map(text).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn one_host_is_shown_at_once() {
        let mut fold = Fold::new(1, 2, 32);
        fold.finished(HostId(0), 0, outcome(Status::Ok, "", 1));
        assert_eq!(shown(&mut fold), "0: ok[0]");
        fold.finished(HostId(0), 1, outcome(Status::Changed, "x", 1));
        assert_eq!(shown(&mut fold), "1: changed[0]");
        fold.ended(HostId(0));
        assert_eq!(shown(&mut fold), "");
    }

    #[test]
    fn a_task_waits_for_the_hosts_that_still_run() {
        let mut fold = Fold::new(3, 2, 32);
        fold.finished(HostId(2), 0, outcome(Status::Changed, "x", 7));
        fold.finished(HostId(2), 1, outcome(Status::Ok, "", 1));
        fold.finished(HostId(0), 0, outcome(Status::Changed, "x", 1));
        assert_eq!(shown(&mut fold), "");
        fold.ended(HostId(1));
        assert_eq!(shown(&mut fold), "0: changed[0,2]");
        fold.finished(HostId(0), 1, outcome(Status::Changed, "y", 1));
        assert_eq!(shown(&mut fold), "1: changed[0] ok[2]");
    }

    #[test]
    fn later_waves_wait_for_earlier_ones() {
        let mut fold = Fold::new(3, 1, 2);
        fold.finished(HostId(2), 0, outcome(Status::Ok, "", 1));
        fold.ended(HostId(2));
        fold.finished(HostId(0), 0, outcome(Status::Ok, "", 1));
        fold.ended(HostId(0));
        assert_eq!(shown(&mut fold), "");
        fold.ended(HostId(1));
        assert_eq!(shown(&mut fold), "wave 0-2\n0: ok[0]\nwave 2-3\n0: ok[2]");
    }

    #[test]
    fn a_failed_host_holds_nobody() {
        let mut fold = Fold::new(2, 3, 32);
        fold.finished(HostId(0), 0, outcome(Status::Failed, "", 1));
        fold.ended(HostId(0));
        for task in 0..3 {
            fold.finished(HostId(1), task, outcome(Status::Ok, "", 1));
        }
        assert_eq!(shown(&mut fold), "0: failed[0] ok[1]\n1: ok[1]\n2: ok[1]");
    }

    proptest::proptest! {
        /// Five hosts with three tasks each, the second host failing at its second, in waves of two.
        #[test]
        fn the_order_of_events_does_not_show(turns in proptest::collection::vec(0_usize..5, 60)) {
            let mut fold = Fold::new(5, 3, 2);
            let mut at = [0_u32; 5];
            let mut text = Vec::new();
            // Whoever was not drawn often enough comes at the end.
            for host in turns.into_iter().chain((0..5).flat_map(|host| [host; 4])) {
                let last = if host == 1 { 1 } else { 2 };
                match at[host] {
                    task if task < last => fold.finished(HostId(host), task, outcome(Status::Ok, "x", 1)),
                    task if task == last && host == 1 => {
                        fold.finished(HostId(host), task, outcome(Status::Failed, "", 1));
                    }
                    task if task == last => {
                        let line = format!("pid {}", host / 3);
                        fold.finished(HostId(host), task, outcome(Status::Changed, &line, 1));
                    }
                    _ => fold.ended(HostId(host)),
                }
                at[host] += 1;
                text.push(shown(&mut fold));
            }
            text.retain(|part| !part.is_empty());
            proptest::prop_assert_eq!(
                text.join("\n"),
                "wave 0-2\n0: ok[0,1]\n1: ok[0] failed[1]\n2: changed[0]\n\
                 wave 2-4\n0: ok[2,3]\n1: ok[2,3]\n2: changed[2] changed[3]\n\
                 wave 4-5\n0: ok[4]\n1: ok[4]\n2: changed[4]"
            );
        }
    }
}
