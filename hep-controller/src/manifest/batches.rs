//! In which order the hosts of a run have their turns, and what ends it: the keys `serial`, `max_fail_percentage` and
//! `any_errors_fatal` of plays.
//!
//! A host runs all its plays in one go. So hosts are put into batches by the first play with `serial` that is for them;
//! those that no such play means are one batch, in the place of the first of them.

use super::values::Value;
use crate::yaml::{Kind, Node, shorten};
use hep_protocol::plan::HostPart;

/// What a play says of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Order {
    /// How many hosts have their turn together; of the last as often as needed.
    serial: Vec<Size>,
    /// How many of a batch may fail, in percent.
    most_failed: Option<u32>,
    /// Whether one failure ends the run.
    fatal: bool,
}

/// How many hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Size {
    Hosts(usize),
    Percent(usize),
}

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
}

impl Order {
    /// Reads one of the keys; whether it is one.
    pub(super) fn take(&mut self, key: &str, value: &mut Value<'_>) -> bool {
        match key {
            "serial" => self.serial = sizes(value),
            "max_fail_percentage" => self.most_failed = percentage(value),
            "any_errors_fatal" => self.fatal = value.truth().unwrap_or_default(),
            _ => return false,
        }
        true
    }
}

fn sizes(value: &mut Value<'_>) -> Vec<Size> {
    let node = value.entry.value.clone();
    let items = match &node.kind {
        Kind::Seq(items) => items.as_slice(),
        Kind::Scalar(_) | Kind::Map(_) | Kind::Broken => std::slice::from_ref(&node),
    };
    let found: Option<Vec<Size>> = items.iter().map(size).collect();
    match found {
        Some(sizes) if !sizes.is_empty() => sizes,
        Some(_) | None => {
            if !node.has_broken() {
                let found = node
                    .text()
                    .map_or_else(|| node.describe(), |text| format!("`{}`", shorten(text)));
                value.refuse(
                    format!("`serial` takes numbers and percentages above 0, found {found}"),
                    "write `serial: 5`, `serial: 30%` or `serial: [1, 10%, 50%]`",
                );
            }
            Vec::new()
        }
    }
}

fn size(node: &Node) -> Option<Size> {
    let text = node.text()?.trim();
    match text.strip_suffix('%') {
        Some(percent) => percent.parse().ok().filter(|n| (1..=100).contains(n)).map(Size::Percent),
        None => text.parse().ok().filter(|count| *count > 0).map(Size::Hosts),
    }
}

fn percentage(value: &mut Value<'_>) -> Option<u32> {
    let text = value.entry.value.text();
    let number = text.and_then(|text| text.trim().trim_end_matches('%').parse().ok());
    let found = number.filter(|percent| *percent <= 100);
    if found.is_none() {
        value.refuse("`max_fail_percentage` takes a whole number from 0 to 100", "write `30`");
    }
    found
}

/// The batches of a run. `plays` are those of the plan, by their places in it.
pub(super) fn batches(plays: &[&Order], hosts: &[&HostPart]) -> Vec<Batch> {
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
        let orders: Vec<&Order> =
            parts.flat_map(|part| part.plays.iter().filter_map(play)).collect();
        let most_failed = orders.iter().filter_map(|order| order.most_failed).min();
        let fatal = orders.iter().any(|order| order.fatal);
        Batch { hosts: members, most_failed, fatal }
    };
    batches.into_iter().map(bounded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `plays` by their `serial`, `hosts` by their plays; the batches as places.
    #[track_caller]
    fn check(plays: &[&[Size]], hosts: &[&[u32]], expected: &[&[usize]]) {
        let order = |serial: &&[Size]| Order { serial: serial.to_vec(), ..Order::default() };
        let plays: Vec<Order> = plays.iter().map(order).collect();
        let part = |plays: &&[u32]| HostPart { plays: plays.to_vec(), ..HostPart::default() };
        let hosts: Vec<HostPart> = hosts.iter().map(part).collect();
        let found = batches(&plays.iter().collect::<Vec<_>>(), &hosts.iter().collect::<Vec<_>>());
        let found: Vec<Vec<usize>> = found.into_iter().map(|batch| batch.hosts).collect();
        assert_eq!(found, expected);
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
