//! In which order the hosts of a run have their turns, and what ends it: the keys `serial`, `max_fail_percentage` and
//! `any_errors_fatal` of plays.
//!
//! A host runs all its plays in one go. So hosts are put into batches by the first play with `serial` that is for them;
//! those that no such play means are one batch, in the place of the first of them.

use crate::ast::{Batching, Size};
use hep_protocol::plan::HostPart;

impl Size {
    fn of(self, all: usize) -> usize {
        match self {
            Size::Hosts(count) => count,
            Size::Percent(percent) => all.saturating_mul(percent) / 100,
        }
        .max(1)
    }
}

/// Hosts that have their turn together, and what they may do to the run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Batch {
    /// By their places in the run.
    pub(crate) hosts: Vec<usize>,
    /// How many of them may fail, in percent; more end the run.
    pub(crate) most_failed: Option<u32>,
    /// Whether one failure ends the run.
    pub(crate) fatal: bool,
    /// Whether plays wait for one another across its hosts, so that all of them are on their way at a time.
    pub(crate) meets: bool,
}

/// The batches of a run. `plays` are those of the plan, by their places in it.
pub(crate) fn batches(plays: &[&Batching], hosts: &[HostPart]) -> Vec<Batch> {
    let play = |number: &u32| plays.get(*number as usize).copied();
    let serial = |number: &&u32| play(number).is_some_and(|play| !play.serial.is_empty());
    // Of each host the play that decides, if any does.
    let decides: Vec<Option<u32>> =
        hosts.iter().map(|host| host.plays.iter().find(serial).copied()).collect();
    let mut batches = Vec::new();
    let mut rest: Vec<usize> =
        (0..hosts.len()).filter(|at| decides.get(*at) == Some(&None)).collect();
    for (number, order) in (0_u32..).zip(plays) {
        let runs = |at: &usize| hosts.get(*at).is_some_and(|host| host.plays.contains(&number));
        if rest.iter().any(runs) {
            batches.push(std::mem::take(&mut rest));
        }
        let all = (0..hosts.len()).filter(runs).count();
        let mut left: Vec<usize> =
            (0..hosts.len()).filter(|at| decides.get(*at) == Some(&Some(number))).collect();
        let mut sizes = order.serial.iter();
        let mut last = 1;
        while !left.is_empty() {
            last = sizes.next().map_or(last, |size| size.of(all));
            let behind = left.split_off(last.min(left.len()));
            batches.push(std::mem::replace(&mut left, behind));
        }
    }
    let bounded = |members: Vec<usize>| {
        let parts = members.iter().filter_map(|at| hosts.get(*at));
        let orders: Vec<&Batching> =
            parts.flat_map(|part| part.plays.iter().filter_map(play)).collect();
        let most_failed = orders.iter().filter_map(|order| order.most_failed).min();
        let fatal = orders.iter().any(|order| order.fatal);
        Batch { hosts: members, most_failed, fatal, meets: false }
    };
    batches.into_iter().map(bounded).collect()
}

/// The plays before which a host waits for the others of its batch: all but those that nothing comes before, and those that
/// do not wait.
pub(crate) fn set_waits(plays: &[&Batching], batches: &mut [Batch], hosts: &mut [HostPart]) {
    for batch in batches.iter_mut().filter(|batch| batch.hosts.len() > 1) {
        let firsts = batch.hosts.iter().filter_map(|at| hosts.get(*at)?.plays.first());
        let Some(first) = firsts.min().copied() else { continue };
        for at in &batch.hosts {
            let Some(host) = hosts.get_mut(*at) else { continue };
            let waits = |play: &&u32| {
                **play > first && plays.get(**play as usize).is_some_and(|play| !play.free)
            };
            host.waits = host.plays.iter().filter(waits).copied().collect();
            batch.meets |= !host.waits.is_empty();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `plays` by their `serial`, `hosts` by their plays; the batches as places.
    #[track_caller]
    fn check(plays: &[&[Size]], hosts: &[&[u32]], expected: &[&[usize]]) {
        let order = |serial: &&[Size]| Batching { serial: serial.to_vec(), ..Batching::default() };
        let plays: Vec<Batching> = plays.iter().map(order).collect();
        let part = |plays: &&[u32]| HostPart { plays: plays.to_vec(), ..HostPart::default() };
        let hosts: Vec<HostPart> = hosts.iter().map(part).collect();
        let found = batches(&plays.iter().collect::<Vec<_>>(), &hosts);
        let found: Vec<Vec<usize>> = found.into_iter().map(|batch| batch.hosts).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn hosts_wait_before_plays_that_something_comes_before() {
        let check = |plays: &[Batching], hosts: &[&[u32]], expected: &[&[u32]]| {
            let part = |plays: &&[u32]| HostPart { plays: plays.to_vec(), ..HostPart::default() };
            let mut hosts: Vec<HostPart> = hosts.iter().map(part).collect();
            let plays: Vec<&Batching> = plays.iter().collect();
            let mut batches = batches(&plays, &hosts);
            set_waits(&plays, &mut batches, &mut hosts);
            let waits: Vec<Vec<u32>> = hosts.into_iter().map(|host| host.waits).collect();
            assert_eq!(waits, expected);
        };
        let plays = || vec![Batching::default(), Batching::default(), Batching::default()];
        check(&plays(), &[&[0, 1, 2]], &[&[]]);
        check(&plays(), &[&[1], &[1]], &[&[], &[]]);
        check(&plays(), &[&[0, 1, 2], &[0, 2], &[1]], &[&[1, 2], &[2], &[1]]);
        let mut free = plays();
        free[1].free = true;
        check(&free, &[&[0, 1, 2], &[1]], &[&[2], &[]]);
        let mut serial = plays();
        serial[0].serial = vec![Size::Hosts(1)];
        check(&serial, &[&[0, 1], &[0, 1]], &[&[], &[]]);
    }

    #[test]
    fn hosts_come_in_the_batches_of_their_first_serial_play() {
        use Size::{Hosts, Percent};
        let all: &[&[u32]] = &[&[0], &[0], &[0], &[0], &[0]];
        check(&[&[]], all, &[&[0, 1, 2, 3, 4]]);
        check(&[&[Hosts(2)]], all, &[&[0, 1], &[2, 3], &[4]]);
        check(&[&[Hosts(1), Percent(40)]], all, &[&[0], &[1, 2], &[3, 4]]);
        check(&[&[Percent(1)]], &[&[0], &[0]], &[&[0], &[1]]);
        check(&[&[Percent(100)]], all, &[&[0, 1, 2, 3, 4]]);
        // Two groups, each with a play of its own, and a play for all of them before.
        let two: &[&[u32]] = &[&[0, 1], &[0, 2], &[0, 1], &[0, 2], &[0]];
        check(&[&[], &[Hosts(1)], &[Hosts(2)]], two, &[&[4], &[0], &[2], &[1, 3]]);
        check(&[&[], &[], &[Hosts(1)]], two, &[&[0, 2, 4], &[1], &[3]]);
    }
}
