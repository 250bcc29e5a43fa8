//! One block as lines: a title with the status, and under it what the hosts have in common and what they do not.

use super::fold::{Block, Group};
use super::summary::excerpts;
use super::text::{Colour, Style, count, names, shown, shown_lines, span};
use super::{HostId, Run};
use hep_protocol::outcome::{Change, Failure, Status};

/// Where the text under a title begins: behind the status and two spaces.
const INDENT: &str = "         ";

/// Below this a task's time says nothing, in milliseconds.
const NOTEWORTHY: u64 = 500;

/// How many lines that hosts do not share are shown for one task.
const DIFFERENCES: usize = 6;

/// The gravest first.
const BY_GRAVITY: [Status; 6] = [
    Status::Failed,
    Status::Changed,
    Status::Pending,
    Status::Ignored,
    Status::Skipped,
    Status::Ok,
];

/// The block as text that ends in a newline.
pub(crate) fn block(run: &Run, block: &Block, colour: Colour) -> String {
    let mut text = title(run, block, colour);
    let items = items(&block.groups);
    let acting = acting(&block.groups);
    let mut differing = 0;
    for (item, hosts) in &items {
        let shared = hosts.len() == acting;
        differing += usize::from(!shared);
        if shared || differing <= DIFFERENCES {
            let whose =
                if shared { String::new() } else { format!("{}: ", host_names(run, hosts)) };
            item.append(&whose, colour, &mut text);
        }
    }
    if differing > DIFFERENCES {
        let more = count(differing - DIFFERENCES, "more line");
        text.push_str(&format!("{INDENT}... and {more} that not all hosts share\n"));
    }
    text
}

fn title(run: &Run, block: &Block, colour: Colour) -> String {
    let by_status: Vec<(Status, Vec<HostId>)> = BY_GRAVITY
        .into_iter()
        .map(|status| (status, hosts_of(&block.groups, status)))
        .filter(|(_, hosts)| !hosts.is_empty())
        .collect();
    let gravest = by_status.first().map_or(Status::Ok, |(status, _)| *status);
    let many = run.hosts.len() > 1;
    let (mut statuses, mut aside) = (String::new(), Vec::new());
    match by_status.as_slice() {
        [(_, hosts)] if many => aside.push(count(hosts.len(), "host")),
        [_] => {}
        several => statuses = format!(": {}", shares(run, several)),
    }
    let (least, most) = times(&block.groups);
    if most >= NOTEWORTHY {
        aside.push(span(least, most));
    }
    let aside = match aside.as_slice() {
        [] => String::new(),
        parts => format!("  {}", colour.paint(Style::Faint, &format!("({})", parts.join(", ")))),
    };
    let word = colour.paint(Style::of(gravest), &format!("{gravest:<7}"));
    format!("{word}  {}{statuses}{aside}\n", shown(&run.task(block.task).name))
}

/// `changed 48, ok 1 (web3)`: hosts are named where they are few, and not most of all.
fn shares(run: &Run, by_status: &[(Status, Vec<HostId>)]) -> String {
    let most = by_status.iter().map(|(_, hosts)| hosts.len()).max().unwrap_or(0);
    let share = |(status, hosts): &(Status, Vec<HostId>)| {
        let few = hosts.len() <= 3 && (hosts.len() < most || most <= 3);
        let who = if few { format!(" ({})", host_names(run, hosts)) } else { String::new() };
        format!("{status} {}{who}", hosts.len())
    };
    by_status.iter().map(share).collect::<Vec<_>>().join(", ")
}

fn hosts_of(groups: &[Group], status: Status) -> Vec<HostId> {
    let same = groups.iter().filter(|group| group.status == status);
    let mut hosts: Vec<HostId> = same.flat_map(|group| group.hosts.iter().copied()).collect();
    hosts.sort_unstable();
    hosts
}

fn times(groups: &[Group]) -> (u64, u64) {
    let least = groups.iter().map(|group| group.ms.0).min().unwrap_or(0);
    let most = groups.iter().map(|group| group.ms.1).max().unwrap_or(0);
    (least, most)
}

/// The names of hosts for a message.
pub(crate) fn host_names(run: &Run, hosts: &[HostId]) -> String {
    names(&hosts.iter().map(|host| run.host(*host)).collect::<Vec<_>>())
}

/// What stands under a title.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Item<'a> {
    Change(&'a Change),
    Note(&'a str),
    /// The failure of a task whose failure does not matter.
    Ignored(&'a Failure),
}

impl<'a> Item<'a> {
    fn all(group: &'a Group) -> impl Iterator<Item = Item<'a>> {
        let ignored = group.failure.iter().filter(|_| group.status == Status::Ignored);
        let changes = group.changes.iter().map(Item::Change);
        let notes = group.notes.iter().map(|note| Item::Note(note));
        changes.chain(notes).chain(ignored.map(Item::Ignored))
    }

    fn append(self, whose: &str, colour: Colour, text: &mut String) {
        match self {
            Item::Change(change) => {
                text.push_str(&format!("{INDENT}{whose}{}\n", shown(&change.line)));
                for line in change.diff.iter().flat_map(|diff| shown_lines(diff)) {
                    text.push_str(&format!("{INDENT}  {}\n", diff_line(&line, colour)));
                }
            }
            Item::Note(note) => text.push_str(&format!("{INDENT}{whose}note: {}\n", shown(note))),
            Item::Ignored(failure) => {
                text.push_str(&format!("{INDENT}{whose}{}\n", shown(&failure.message)));
                for line in excerpts(failure, colour) {
                    text.push_str(&format!("{INDENT}  {line}\n"));
                }
            }
        }
    }
}

/// One line of a unified diff.
fn diff_line(line: &str, colour: Colour) -> String {
    let style = match line.chars().next() {
        _ if line.starts_with("---") || line.starts_with("+++") => Style::Strong,
        Some('+') => Style::Good,
        Some('-') => Style::Bad,
        Some('@') => Style::Foreseen,
        Some(_) | None => return line.to_owned(),
    };
    colour.paint(style, line)
}

/// Every different item with the hosts that have it, in the order of the first of them.
fn items(groups: &[Group]) -> Vec<(Item<'_>, Vec<HostId>)> {
    let mut all: Vec<(Item<'_>, Vec<HostId>)> = Vec::new();
    for group in groups {
        for item in Item::all(group) {
            // A line that one host has twice stays twice.
            let mine = |hosts: &[HostId]| group.hosts.iter().any(|host| hosts.contains(host));
            match all.iter_mut().find(|(other, hosts)| *other == item && !mine(hosts)) {
                Some((_, hosts)) => hosts.extend(&group.hosts),
                None => all.push((item, group.hosts.clone())),
            }
        }
    }
    all.iter_mut().for_each(|(_, hosts)| hosts.sort_unstable());
    all
}

/// How many hosts have anything under the title.
fn acting(groups: &[Group]) -> usize {
    let with_items = groups.iter().filter(|group| Item::all(group).next().is_some());
    with_items.map(|group| group.hosts.len()).sum()
}
