//! The end of a report: one row a host, and everything about the hosts that did not get through.

use super::details::host_names;
use super::fold::Group;
use super::{HostReport, HostStatus, Run, RunEnd, Trouble};
use crate::host::HostId;
use crate::text::{Colour, Style, count, duration, shown, shown_lines, span};
use hep_protocol::outcome::{Counts, Exit, Failure, Status};
use hep_protocol::plan::RunMode;
use std::collections::BTreeMap;

/// Above this many hosts, equal rows become one.
const ROWS: usize = 10;

/// The order of the columns.
const COLUMNS: [Status; 7] = [
    Status::Ok,
    Status::Changed,
    Status::Pending,
    Status::Failed,
    Status::Skipped,
    Status::Ignored,
    Status::Rescued,
];

/// A failure of one task, the same on some hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failed {
    pub(crate) task: u32,
    /// What the hosts made of its name.
    pub(crate) name: Option<String>,
    pub(crate) hosts: Vec<HostId>,
    pub(crate) failure: Failure,
    /// The elements of its loop that failed.
    pub(crate) items: Vec<(String, Failure)>,
}

impl Failed {
    /// What a group tells of its failure.
    pub(crate) fn of(task: u32, group: Group) -> Option<Failed> {
        let Group { name, hosts, details, items, .. } = group;
        let failed = items.into_iter().filter(|item| item.status == Status::Failed);
        let items = failed.filter_map(|item| Some((item.label, item.details.failure?))).collect();
        Some(Failed { task, name, hosts, failure: details.failure?, items })
    }
}

impl Failed {
    /// Whether the two differ in nothing but hosts.
    pub(crate) fn is_like(&self, other: &Failed) -> bool {
        let Failed { task, name, hosts: _, failure, items } = self;
        *task == other.task
            && *name == other.name
            && *failure == other.failure
            && *items == other.items
    }
}

/// Everything after the blocks.
pub(crate) fn summary(run: &Run, end: &RunEnd, failures: &[Failed], colour: Colour) -> String {
    let mut text = String::new();
    if let [report] = end.reports.as_slice() {
        text.push_str(&only_host(run, report, end.cancelled, colour));
    } else {
        text.push_str(&table(run, end, colour));
        text.push_str(&closing(run, end));
    }
    for failed in failures {
        text.push('\n');
        text.push_str(&failed_task(run, failed, colour));
    }
    for troubled in troubles(end) {
        text.push('\n');
        text.push_str(&troubled_hosts(run, &troubled, colour));
    }
    text
}

/// Only what went wrong, and the line that closes the report.
pub(crate) fn failures_only(
    run: &Run,
    end: &RunEnd,
    failures: &[Failed],
    colour: Colour,
) -> String {
    let failed = failures.iter().map(|failed| failed_task(run, failed, colour));
    let troubles = troubles(end);
    let all = failed.chain(troubles.iter().map(|t| troubled_hosts(run, t, colour)));
    let mut text: String = all.map(|part| part + "\n").collect();
    match end.reports.as_slice() {
        [report] => text.push_str(&only_host(run, report, end.cancelled, colour)),
        _ => text.push_str(closing(run, end).trim_start()),
    }
    text
}

/// `web1 converged in 8.4 s: 3 changed, 3 ok`.
fn only_host(run: &Run, report: &HostReport, cancelled: bool, colour: Colour) -> String {
    let (word, unchanged) = match (report.status, run.mode) {
        (HostStatus::Converged, RunMode::Check) => ("checked".to_owned(), ", nothing was changed"),
        (status, _) => (status.to_string(), ""),
    };
    let verb = colour.paint(style(report.status), &word);
    let mut parts: Vec<String> = COLUMNS
        .into_iter()
        .rev()
        .map(|status| (report.counts.of(status), status))
        .filter(|(n, _)| *n > 0)
        .map(|(n, status)| format!("{n} {status}"))
        .collect();
    if report.missing > 0 {
        parts.push(format!("{} not run", report.missing));
    }
    let parts = match (parts.is_empty(), report.status) {
        (false, _) => format!(": {}", parts.join(", ")),
        (true, HostStatus::Converged | HostStatus::Failed) => ": nothing to do".to_owned(),
        (
            true,
            HostStatus::Unreachable
            | HostStatus::Lost
            | HostStatus::Stopped
            | HostStatus::NotStarted,
        ) => String::new(),
    };
    let early = if cancelled { ", cancelled" } else { "" };
    let (time, host) = (duration(report.ms), shown(run.host(report.host)));
    match report.status {
        HostStatus::Converged | HostStatus::Failed => {
            format!("{host} {verb} in {time}{unchanged}{parts}{early}\n")
        }
        HostStatus::Unreachable | HostStatus::Lost => {
            format!("{host} is {verb} after {time}{parts}{early}\n")
        }
        HostStatus::Stopped => format!("{host} was {verb} after {time}{parts}{early}\n"),
        HostStatus::NotStarted => format!("{host} was {verb}{early}\n"),
    }
}

fn style(status: HostStatus) -> Style {
    match status {
        HostStatus::Converged => Style::Good,
        HostStatus::Failed | HostStatus::Unreachable | HostStatus::Lost => Style::Bad,
        // Nothing went wrong there.
        HostStatus::Stopped | HostStatus::NotStarted => Style::Tolerated,
    }
}

/// Hosts that share a row.
struct Row<'a> {
    hosts: Vec<HostId>,
    status: HostStatus,
    counts: Counts,
    missing: u32,
    ms: (u64, u64),
    run: &'a Run,
}

impl Row<'_> {
    fn name(&self) -> String {
        host_names(self.run, &self.hosts)
    }
}

fn rows<'a>(run: &'a Run, reports: &[HostReport]) -> Vec<Row<'a>> {
    let row = |report: &HostReport| Row {
        hosts: vec![report.host],
        status: report.status,
        counts: report.counts,
        missing: report.missing,
        ms: (report.ms, report.ms),
        run,
    };
    if reports.len() <= ROWS {
        return reports.iter().map(row).collect();
    }
    let mut folded: BTreeMap<(HostStatus, Counts, u32), Row<'a>> = BTreeMap::new();
    for report in reports {
        let row = folded
            .entry((report.status, report.counts, report.missing))
            .or_insert_with(|| Row { hosts: vec![], ..row(report) });
        row.hosts.push(report.host);
        row.ms = (row.ms.0.min(report.ms), row.ms.1.max(report.ms));
    }
    let mut rows: Vec<Row<'a>> = folded.into_values().collect();
    rows.sort_by_key(|row| (row.status, row.hosts.first().copied()));
    rows
}

fn table(run: &Run, end: &RunEnd, colour: Colour) -> String {
    let acting = match run.mode {
        RunMode::Apply => Status::Changed,
        RunMode::Check => Status::Pending,
    };
    let shown_always = |status| status == Status::Ok || status == acting;
    let counted = |status| end.reports.iter().any(|report| report.counts.of(status) > 0);
    let columns: Vec<Status> =
        COLUMNS.into_iter().filter(|s| shown_always(*s) || counted(*s)).collect();
    let rows = rows(run, &end.reports);
    let host_width =
        rows.iter().map(|row| row.name().chars().count()).chain([4]).max().unwrap_or(4);
    let status_width =
        rows.iter().map(|row| row.status.to_string().len()).max().unwrap_or(0).max(6);
    let mut heading = format!("{:host_width$}  {:status_width$}", "host", "status");
    let width = |status: Status| {
        let most = rows.iter().map(|row| row.counts.of(status)).max().unwrap_or(0);
        status.to_string().len().max(most.to_string().len())
    };
    columns.iter().for_each(|status| heading.push_str(&format!("  {status:>0$}", width(*status))));
    let any_missing = rows.iter().any(|row| row.missing > 0);
    heading.push_str(if any_missing { "  not run" } else { "" });
    let mut text = format!("{}\n", colour.paint(Style::Strong, &format!("{heading}  time")));
    for row in &rows {
        let status = colour.paint(style(row.status), &format!("{:status_width$}", row.status));
        text.push_str(&format!("{:host_width$}  {status}", row.name()));
        for column in &columns {
            let n = row.counts.of(*column);
            let cell = format!("{n:>0$}", width(*column));
            let style = if n == 0 { Style::Faint } else { Style::of(*column) };
            text.push_str(&format!("  {}", colour.paint(style, &cell)));
        }
        if any_missing {
            let cell = match row.status {
                HostStatus::Unreachable | HostStatus::NotStarted => "-".to_owned(),
                HostStatus::Converged
                | HostStatus::Failed
                | HostStatus::Lost
                | HostStatus::Stopped => row.missing.to_string(),
            };
            let style = if row.missing == 0 { Style::Faint } else { Style::Strong };
            text.push_str(&format!("  {}", colour.paint(style, &format!("{cell:>7}"))));
        }
        text.push_str(&format!("  {}\n", span(row.ms.0, row.ms.1)));
    }
    text
}

/// `48 hosts converged, 1 failed, 1 unreachable in 12 s`.
fn closing(run: &Run, end: &RunEnd) -> String {
    let statuses = [
        HostStatus::Converged,
        HostStatus::Failed,
        HostStatus::Unreachable,
        HostStatus::Lost,
        HostStatus::Stopped,
        HostStatus::NotStarted,
    ];
    let mut parts = Vec::new();
    for status in statuses {
        let n = end.reports.iter().filter(|report| report.status == status).count();
        let word = match (status, run.mode) {
            (HostStatus::Converged, RunMode::Check) => "checked".to_owned(),
            _ => status.to_string(),
        };
        match (n, parts.is_empty()) {
            (0, _) => {}
            (n, true) => parts.push(format!("{} {word}", count(n, "host"))),
            (n, false) => parts.push(format!("{n} {word}")),
        }
    }
    let parts = if parts.is_empty() { "no host".to_owned() } else { parts.join(", ") };
    let time = duration(end.ms);
    match (end.cancelled, run.mode) {
        (true, _) => format!("\ncancelled after {time}: {parts}\n"),
        (false, RunMode::Apply) => format!("\n{parts} in {time}\n"),
        (false, RunMode::Check) => format!("\n{parts} in {time}, nothing was changed\n"),
    }
}

fn failed_task(run: &Run, failed: &Failed, colour: Colour) -> String {
    let Failed { task, name, hosts, failure, items } = failed;
    let label = run.task(*task);
    let mut text = format!(
        "{} on {}: {}{} ({})\n",
        colour.paint(Style::Bad, "failed"),
        host_names(run, hosts),
        label.role,
        shown(name.as_ref().unwrap_or(&label.name)),
        label.module
    );
    text.push_str(&causes(failure, colour));
    for (label, failure) in items {
        text.push_str(&format!("  item {}:\n", shown(label)));
        for line in causes(failure, colour).lines() {
            text.push_str(&format!("  {line}\n"));
        }
    }
    text
}

/// Everything that a failure tells.
fn causes(failure: &Failure, colour: Colour) -> String {
    let Failure { message, hint, exit, stdout, stderr } = failure;
    let mut text: String = shown_lines(message).map(|line| format!("  {line}\n")).collect();
    hint.iter().for_each(|hint| text.push_str(&hint_line(hint, colour)));
    let said = |exit: &&Exit| !message.contains(&exit.to_string());
    exit.iter().filter(said).for_each(|exit| text.push_str(&format!("  {exit}\n")));
    text.push_str(&quoted("stdout", stdout, colour));
    text.push_str(&quoted("stderr", stderr, colour));
    text
}

fn hint_line(hint: &str, colour: Colour) -> String {
    format!("  {} {}\n", colour.paint(Style::Foreseen, "hint:"), shown(hint))
}

/// How many lines of what a process said are shown of its beginning and its end, where its failure does not matter.
const SHOWN: (usize, usize) = (10, 30);

/// What the processes of a tolerated failure said, without indent; the middle of much is left out.
pub(super) fn excerpts(failure: &Failure, colour: Colour) -> Vec<String> {
    let (first, last) = SHOWN;
    let said = [("stdout", &failure.stdout), ("stderr", &failure.stderr)];
    let mut all = Vec::new();
    for (what, output) in said.into_iter().filter(|(_, output)| !output.trim().is_empty()) {
        all.push(colour.paint(Style::Faint, &format!("{what}:")));
        let lines: Vec<String> = shown_lines(output.trim_end()).collect();
        let left_out = lines.len().saturating_sub(first + last);
        for (at, line) in lines.iter().enumerate() {
            if left_out == 0 || at < first || at >= first + left_out {
                all.push(format!("  {line}"));
            } else if at == first {
                all.push(format!("  ... {} left out", count(left_out, "line")));
            }
        }
    }
    all
}

fn quoted(what: &str, output: &str, colour: Colour) -> String {
    if output.trim().is_empty() {
        return String::new();
    }
    let mut text = format!("  {}\n", colour.paint(Style::Faint, &format!("{what}:")));
    shown_lines(output.trim_end()).for_each(|line| text.push_str(&format!("    {line}\n")));
    text
}

/// A trouble, the same of some hosts.
struct Troubled<'a> {
    status: HostStatus,
    trouble: &'a Trouble,
    hosts: Vec<HostId>,
}

/// Every different trouble with its hosts, in the order of the first of them.
fn troubles(end: &RunEnd) -> Vec<Troubled<'_>> {
    let mut all: Vec<Troubled<'_>> = Vec::new();
    for report in &end.reports {
        let Some(trouble) = &report.trouble else { continue };
        let status = report.status;
        match all.iter_mut().find(|other| other.status == status && other.trouble == trouble) {
            Some(other) => other.hosts.push(report.host),
            None => all.push(Troubled { status, trouble, hosts: vec![report.host] }),
        }
    }
    all
}

fn troubled_hosts(run: &Run, troubled: &Troubled<'_>, colour: Colour) -> String {
    let Troubled { status, trouble: Trouble { what, hint, output }, hosts } = troubled;
    let status = colour.paint(style(*status), &status.to_string());
    let mut text = format!("{status}: {}\n", host_names(run, hosts));
    shown_lines(what).for_each(|line| text.push_str(&format!("  {line}\n")));
    hint.iter().for_each(|hint| text.push_str(&hint_line(hint, colour)));
    text.push_str(&quoted("last output", output, colour));
    text
}
