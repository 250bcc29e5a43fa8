//! Everything that a run finds out, as lines: for `-vv`, `-vvv` and the log. Each line is harmless and without colours.

use super::clock::Clock;
use super::{Event, HostReport, Run, RunEnd};
use crate::host::HostId;
use crate::stop::Stopping;
use crate::text::{duration, shown, shown_diff};
use hep_protocol::calendar::Moment;
use hep_protocol::outcome::{Counts, Details, Failure, ItemOutcome, Outcome};
use hep_protocol::plan::RunMode;

/// From which number of `-v` on a line is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Depth {
    /// `-v` tells it in words of its own.
    Known,
    /// `-vv`: what the agent saw and did.
    Agent,
    /// `-vvv`: the way to the host.
    Way,
}

/// A line without its end.
pub(crate) type Line = (Depth, String);

/// The first line of a run.
pub(crate) fn begin(run: &Run) -> String {
    let mode = match run.mode {
        RunMode::Apply => "changes hosts",
        RunMode::Check => "checks only",
    };
    format!("run begins: {} hosts, {} tasks, {mode}", run.hosts.len(), run.tasks.len())
}

/// The last one.
pub(crate) fn end(end: &RunEnd, exit: u8) -> String {
    format!("run ends: {}, exit {exit}, {}", end.status(), duration(end.ms))
}

/// What an event tells.
pub(crate) fn lines(run: &Run, clock: &Clock, event: &Event) -> Vec<Line> {
    match event {
        Event::Connected { host, facts } => {
            let os = format!("{} {} ({})", facts.os_id, facts.os_version, facts.os_codename);
            let is = format!("is {os}, {}, linux {}", facts.arch, facts.kernel);
            vec![(Depth::Known, of(run, *host, &is)), way(run, clock, *host)]
        }
        Event::Started { host, task, turn, name } => {
            let what =
                format!("begins {}, turn {}", title(run, *task, name.as_deref()), places(turn));
            vec![(Depth::Agent, of(run, *host, &what))]
        }
        Event::Output { host, data, .. } => {
            let text = String::from_utf8_lossy(data);
            text.lines().map(|line| (Depth::Known, of(run, *host, &format!("| {line}")))).collect()
        }
        Event::Progress { host, text, .. } => vec![(Depth::Known, of(run, *host, text))],
        Event::Finished { host, task, turn: _, name, outcome } => {
            let mut all = vec![format!(
                "{} {} in {} ms",
                outcome.status,
                title(run, *task, name.as_deref()),
                outcome.ms
            )];
            all.extend(outcome_lines(outcome));
            all.iter().map(|line| (Depth::Agent, of(run, *host, line))).collect()
        }
        Event::Ended(report) => ended(run, clock, report),
        Event::Stopping(Stopping::Soon, reason) => {
            let why = reason.as_ref().map_or(String::new(), |why| format!(", since {why}"));
            vec![(Depth::Known, format!("stopping{why}"))]
        }
        Event::Again { host, what, seconds } => {
            vec![(Depth::Known, of(run, *host, &format!("{what}; again in {seconds} s")))]
        }
        Event::Stopping(Stopping::Now, _) => vec![(Depth::Known, "cutting the links".to_owned())],
    }
}

fn of(run: &Run, host: HostId, text: &str) -> String {
    format!("{}: {}", shown(run.host(host)), shown(text.trim_end_matches('\r')))
}

fn title(run: &Run, task: u32, name: Option<&str>) -> String {
    let label = run.task(task);
    format!("{}{} ({})", label.role, name.unwrap_or(&label.name), label.module)
}

fn places(turn: &hep_protocol::message::Turn) -> String {
    turn.0.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
}

/// The stages on the way to a host; one that failed is the last.
fn way(run: &Run, clock: &Clock, host: HostId) -> Line {
    let stages: Vec<String> =
        clock.of(host).iter().map(|(stage, ms)| format!("{stage} {ms} ms")).collect();
    let stages = if stages.is_empty() { "none".to_owned() } else { stages.join(", ") };
    (Depth::Way, of(run, host, &format!("stages: {stages}")))
}

fn outcome_lines(outcome: &Outcome) -> Vec<String> {
    let Outcome { status: _, details, items, ms: _ } = outcome;
    let Details { changes, notes, failure } = details;
    let mut all = Vec::new();
    for change in changes {
        all.push(format!("  {}", change.line));
        all.extend(
            change.diff.iter().flat_map(|diff| shown_diff(diff)).map(|line| format!("    {line}")),
        );
    }
    all.extend(notes.iter().flat_map(|note| note.lines()).map(|line| format!("  note: {line}")));
    all.extend(failure.iter().flat_map(causes));
    for ItemOutcome { label, status, details, ms } in items {
        let Details { changes, notes, failure } = details;
        all.push(format!("  {status} {label} in {ms} ms"));
        all.extend(changes.iter().map(|change| format!("    {}", change.line)));
        all.extend(notes.iter().flat_map(|n| n.lines()).map(|line| format!("    note: {line}")));
        all.extend(failure.iter().flat_map(causes).map(|line| format!("  {line}")));
    }
    all
}

fn causes(failure: &Failure) -> Vec<String> {
    let Failure { message, hint, exit, stdout, stderr } = failure;
    let mut all: Vec<String> = message.lines().map(|line| format!("  {line}")).collect();
    all.extend(hint.iter().map(|hint| format!("  hint: {hint}")));
    all.extend(exit.iter().map(|exit| format!("  {exit}")));
    all.extend(stdout.lines().map(|line| format!("  stdout: {line}")));
    all.extend(stderr.lines().map(|line| format!("  stderr: {line}")));
    all
}

fn ended(run: &Run, clock: &Clock, report: &HostReport) -> Vec<Line> {
    let host = report.host;
    let Counts { ok, changed, pending, failed, skipped, ignored, rescued } = report.counts;
    let mut all = vec![(
        Depth::Agent,
        of(
            run,
            host,
            &format!(
                "{} after {} ms: {ok} ok, {changed} changed, {pending} pending, {failed} failed, \
                 {skipped} skipped, {ignored} ignored, {rescued} rescued",
                report.status, report.ms
            ),
        ),
    )];
    if let Some(trouble) = &report.trouble {
        let lines = trouble.what.lines().map(str::to_owned);
        let hint = trouble.hint.iter().map(|hint| format!("hint: {hint}"));
        let output = trouble.output.lines().map(|line| format!("last output: {line}"));
        let lines = lines.chain(hint).chain(output);
        all.extend(lines.map(|line| (Depth::Known, of(run, host, &format!("  {line}")))));
        all.push(way(run, clock, host));
    }
    let bytes = format!("{} bytes sent, {} received", report.bytes_sent, report.bytes_received);
    all.push((Depth::Way, of(run, host, &bytes)));
    all
}

/// The time as RFC 3339 has it, in UTC, of so many milliseconds since 1970.
pub(crate) fn timestamp(ms: u64) -> String {
    let Moment { year, month, day, hour, minute, second } = Moment::of(ms / 1000);
    let milli = ms % 1000;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// Lines that start with a time, each one line whatever is in it: a host must not begin one of its own.
pub(crate) fn stamped<'a>(lines: impl Iterator<Item = &'a str>, ms: u64) -> String {
    let time = timestamp(ms);
    lines.map(|line| format!("{time} {}\n", shown(line))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        let check =
            |seconds: u64, expected: &str| assert_eq!(timestamp(seconds * 1000 + 7), expected);
        check(0, "1970-01-01T00:00:00.007Z");
        check(951_782_400, "2000-02-29T00:00:00.007Z");
        check(1_709_251_199, "2024-02-29T23:59:59.007Z");
        check(1_735_689_600, "2025-01-01T00:00:00.007Z");
        check(4_102_444_800, "2100-01-01T00:00:00.007Z");
    }
}
