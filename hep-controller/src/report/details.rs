//! One block as lines: a title with the status, and under it what the hosts have in common and what they do not.

use super::Run;
use super::fold::{Block, Group};
use super::ranges::names;
use super::summary::excerpts;
use crate::host::HostId;
use crate::text::{Colour, Style, count, shown, shown_diff, shown_lines, span};
use hep_protocol::outcome::{Change, Details, Failure, ItemOutcome, Status};

/// Where the text under a title begins: after the status and two spaces.
const INDENT: &str = "         ";

/// Below this a task's time says nothing, in milliseconds.
const NOTEWORTHY: u64 = 500;

/// How many characters of a process's last line stand below its task: the whole of it comes at the end.
const LAST: usize = 300;

/// How many lines that hosts do not share are shown for one task.
const DIFFERENCES: usize = 6;

/// The gravest first.
const BY_GRAVITY: [Status; 7] = [
    Status::Failed,
    Status::Changed,
    Status::Pending,
    Status::Ignored,
    Status::Rescued,
    Status::Ok,
    Status::Skipped,
];

/// Whether equal and uneventful elements of a loop are told one by one, and all that hosts do not share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Elements {
    /// `3 items ok`, `... and 3 more lines`.
    Folded,
    All,
}

/// The block as text that ends in a newline.
pub(crate) fn block(run: &Run, block: &Block, elements: Elements, colour: Colour) -> String {
    let mut text = title(run, block, colour);
    let groups: Vec<(&Group, Vec<Line<'_>>)> =
        block.groups.iter().map(|group| (group, Line::all(block, group, elements))).collect();
    // A failure is its hosts' own, and what the others have in common stays that.
    let acts = |lines: &[Line<'_>]| lines.iter().any(|line| !matches!(line, Line::Fatal(_)));
    let acting: usize =
        groups.iter().filter(|(_, lines)| acts(lines)).map(|(g, _)| g.hosts.len()).sum();
    let most = match elements {
        Elements::Folded => DIFFERENCES,
        Elements::All => usize::MAX,
    };
    let mut differing = 0;
    for (line, hosts) in &shared(&groups) {
        let fatal = matches!(line, Line::Fatal(_));
        let sharing = if fatal { run.hosts.len() } else { acting };
        let by_all = hosts.len() == sharing;
        // A name says less than the change below it, and leaves the room to that.
        differing += usize::from(!by_all && !matches!(line, Line::Name(_)));
        if by_all || differing <= most {
            let whose =
                if by_all { String::new() } else { format!("{}: ", host_names(run, hosts)) };
            line.append(&whose, colour, &mut text);
        }
    }
    if differing > most {
        let more = count(differing - most, "more line");
        text.push_str(&format!(
            "{INDENT}... and {more} that differ between hosts (-v shows all)\n"
        ));
    }
    text
}

/// Whether every host left the task out and nobody has anything to say about it.
pub(crate) fn is_skipped(block: &Block) -> bool {
    block.groups.iter().all(|group| {
        group.status == Status::Skipped
            && Line::all(block, group, Elements::Folded)
                .iter()
                .all(|line| matches!(line, Line::Count(..)))
    })
}

/// Tasks in a row that every host left out, in one line.
pub(crate) fn skipped(tasks: usize, colour: Colour) -> String {
    let line = format!("{:<7}  {}", Status::Skipped.to_string(), count(tasks, "task"));
    format!("{}\n", colour.paint(Style::Faint, &line))
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
        // The hosts of a whole block are listed above it.
        [(_, hosts)] if many && block.whole => aside.push(count(hosts.len(), "host")),
        [(_, hosts)] if many => {
            let names = host_names(run, hosts);
            aside.push(format!("{}: {names}", count(hosts.len(), "host")));
        }
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
    let label = run.task(block.task);
    let name = common_name(block).unwrap_or(&label.name);
    let mut name = format!("{}{}", label.role, shown(name));
    if gravest == Status::Skipped {
        name = colour.paint(Style::Faint, &name);
    }
    let word = colour.paint(Style::of(gravest), &format!("{gravest:<7}"));
    format!("{word}  {name}{statuses}{aside}\n")
}

/// What all hosts made of the task's name.
fn common_name(block: &Block) -> Option<&str> {
    let mut names = block.groups.iter().map(|group| group.name.as_deref());
    let first = names.next().flatten();
    first.filter(|first| names.all(|name| name == Some(first)))
}

/// `changed 48 (web[01-48]), failed 1 (web49)`.
fn shares(run: &Run, by_status: &[(Status, Vec<HostId>)]) -> String {
    let share = |(status, hosts): &(Status, Vec<HostId>)| {
        format!("{status} {} ({})", hosts.len(), host_names(run, hosts))
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
    names(&hosts.iter().map(|host| run.host(*host)).collect::<Vec<_>>(), run.room)
}

/// What stands under a title.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line<'a> {
    /// The task's name, where hosts differ in it.
    Name(&'a str),
    Change(&'a Change),
    Note(&'a str),
    /// The failure of a task that does not end the run.
    Tolerated(&'a Failure),
    /// The failure of one that does: its cause at once, all of it at the end of the report.
    Fatal(&'a Failure),
    /// So many elements of a loop ended like this, and there is no more to say of them.
    Count(Status, usize),
    /// One element, with what it changed.
    Element(&'a ItemOutcome),
}

impl<'a> Line<'a> {
    fn all(block: &Block, group: &'a Group, elements: Elements) -> Vec<Line<'a>> {
        let name = group.name.as_deref().filter(|_| common_name(block).is_none());
        let mut lines: Vec<Line<'a>> = name.map(Line::Name).into_iter().collect();
        lines.extend(group.details.changes.iter().map(Line::Change));
        lines.extend(group.details.notes.iter().map(|note| Line::Note(note)));
        lines.extend(of_items(&group.items, elements));
        // A loop's failure only counts those of its elements, which stand above.
        let of_element = group.items.iter().any(|item| item.details.failure.is_some());
        let failure = |failure| {
            if is_tolerated(group.status) {
                Some(Line::Tolerated(failure))
            } else {
                (!of_element).then_some(Line::Fatal(failure))
            }
        };
        lines.extend(group.details.failure.iter().filter_map(failure));
        lines
    }

    fn append(self, whose: &str, colour: Colour, text: &mut String) {
        match self {
            Line::Name(name) => text.push_str(&format!("{INDENT}{whose}{}\n", shown(name))),
            Line::Change(change) => {
                text.push_str(&format!("{INDENT}{whose}{}\n", shown(&change.line)));
                append_diff(change, INDENT, colour, text);
            }
            Line::Note(note) => append_note(note, &format!("{INDENT}{whose}"), text),
            Line::Tolerated(failure) => {
                text.push_str(&format!("{INDENT}{whose}{}\n", shown(&failure.message)));
                for line in excerpts(failure, colour) {
                    text.push_str(&format!("{INDENT}  {line}\n"));
                }
            }
            Line::Fatal(failure) => {
                let mut lines = cause(failure, colour).into_iter();
                let first = lines.next().unwrap_or_default();
                text.push_str(&format!("{INDENT}{whose}{first}\n"));
                lines.for_each(|line| text.push_str(&format!("{INDENT}{line}\n")));
            }
            Line::Count(status, n) => {
                let line = format!("{} {status}", count(n, "item"));
                text.push_str(&format!("{INDENT}{whose}{}\n", colour.paint(Style::Faint, &line)));
            }
            Line::Element(item) => append_element(item, whose, colour, text),
        }
    }
}

fn is_tolerated(status: Status) -> bool {
    matches!(status, Status::Ignored | Status::Rescued)
}

/// The elements of a loop: those with something to say, and how many others there are of each status.
fn of_items(items: &[ItemOutcome], elements: Elements) -> Vec<Line<'_>> {
    let quiet = |item: &&ItemOutcome| item.is_quiet();
    if elements == Elements::All {
        return items.iter().map(Line::Element).collect();
    }
    let mut lines: Vec<Line<'_>> =
        items.iter().filter(|item| !quiet(item)).map(Line::Element).collect();
    for status in [Status::Ok, Status::Skipped] {
        match items.iter().filter(quiet).filter(|item| item.status == status).count() {
            0 => {}
            n => lines.push(Line::Count(status, n)),
        }
    }
    lines
}

fn append_element(item: &ItemOutcome, whose: &str, colour: Colour, text: &mut String) {
    let ItemOutcome { label, status, details, ms: _ } = item;
    let Details { changes, notes, failure } = details;
    let word = colour.paint(Style::of(*status), &format!("{status:<7}"));
    text.push_str(&format!("{INDENT}{whose}{word}  {}\n", shown(label)));
    let below = format!("{INDENT}  ");
    for change in changes {
        text.push_str(&format!("{below}{}\n", shown(&change.line)));
        append_diff(change, &below, colour, text);
    }
    notes.iter().for_each(|note| append_note(note, &below, text));
    if let Some(failure) = failure {
        // All of a failure that ends the run comes last.
        if !is_tolerated(*status) {
            cause(failure, colour)
                .iter()
                .for_each(|line| text.push_str(&format!("{below}{line}\n")));
        } else {
            shown_lines(&failure.message)
                .for_each(|line| text.push_str(&format!("{below}{line}\n")));
            excerpts(failure, colour)
                .iter()
                .for_each(|line| text.push_str(&format!("{below}  {line}\n")));
        }
    }
}

/// What failed and the last that its process said of it, without indent.
fn cause(failure: &Failure, colour: Colour) -> Vec<String> {
    let mut lines: Vec<String> = shown_lines(&failure.message).collect();
    let last = failure.stderr.lines().map(str::trim).rfind(|line| !line.is_empty());
    // A failure of some modules ends in it already.
    let said = |last: &&str| {
        failure.message.lines().any(|line| line == *last || line.ends_with(&format!(": {last}")))
    };
    if let Some(last) = last.filter(|last| !said(last)) {
        let last: String = last.chars().take(LAST).collect();
        lines.push(format!("  {} {}", colour.paint(Style::Faint, "stderr:"), shown(&last)));
    }
    lines
}

fn append_diff(change: &Change, indent: &str, colour: Colour, text: &mut String) {
    for line in change.diff.iter().flat_map(|diff| shown_diff(diff)) {
        text.push_str(&format!("{indent}  {}\n", diff_line(&line, colour)));
    }
}

/// A note's first line after `before`, the others below it.
fn append_note(note: &str, before: &str, text: &mut String) {
    let mut lines = shown_lines(note);
    text.push_str(&format!("{before}note: {}\n", lines.next().unwrap_or_default()));
    lines.for_each(|line| text.push_str(&format!("{INDENT}      {line}\n")));
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

/// Every different line with the hosts that have it, in the order of the first of them.
fn shared<'a>(groups: &[(&'a Group, Vec<Line<'a>>)]) -> Vec<(Line<'a>, Vec<HostId>)> {
    let mut all: Vec<(Line<'a>, Vec<HostId>)> = Vec::new();
    for (group, lines) in groups {
        // A group has nothing in common with itself: a line that one host has twice stays twice.
        let before = all.len();
        for line in lines {
            let mut others = all.iter_mut().take(before);
            let mine = |hosts: &[HostId]| group.hosts.iter().any(|host| hosts.contains(host));
            match others.find(|(other, hosts)| other == line && !mine(hosts)) {
                Some((_, hosts)) => hosts.extend(&group.hosts),
                None => all.push((*line, group.hosts.clone())),
            }
        }
    }
    all.iter_mut().for_each(|(_, hosts)| hosts.sort_unstable());
    // What the task is called on which host comes before what it did there.
    all.sort_by_key(|(line, _)| !matches!(line, Line::Name(_)));
    all
}
