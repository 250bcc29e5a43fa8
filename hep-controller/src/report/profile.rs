//! Where the time of a run went: its slowest tasks and stages over all hosts.

use super::Run;
use super::clock::Clock;
use crate::host::HostId;
use crate::text::{Colour, Style, duration, shown, shown_json};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How many tasks are shown.
const TASKS: usize = 10;

/// What each task took, on each host; turns of a loop are one.
#[derive(Debug, Default)]
pub(crate) struct Profile {
    tasks: BTreeMap<u32, BTreeMap<HostId, u64>>,
}

/// One row.
struct Row {
    name: String,
    module: String,
    times: Times,
}

/// What something took on all hosts, in milliseconds.
struct Times {
    hosts: usize,
    total: u64,
    median: u64,
    max: u64,
    slowest: HostId,
}

impl Times {
    fn of(mut all: Vec<(u64, HostId)>) -> Option<Times> {
        all.sort_by_key(|(ms, host)| (*ms, std::cmp::Reverse(*host)));
        let (max, slowest) = *all.last()?;
        let median = all.get((all.len() - 1) / 2)?.0;
        let total = all.iter().fold(0_u64, |sum, (ms, _)| sum.saturating_add(*ms));
        Some(Times { hosts: all.len(), total, median, max, slowest })
    }
}

impl Profile {
    /// A host finished a task.
    pub(crate) fn add(&mut self, host: HostId, task: u32, ms: u64) {
        let slot = self.tasks.entry(task).or_default().entry(host).or_default();
        *slot = slot.saturating_add(ms);
    }

    fn slowest(&self, run: &Run) -> Vec<Row> {
        let row = |(task, hosts): (&u32, &BTreeMap<HostId, u64>)| {
            let label = run.task(*task);
            let times = Times::of(hosts.iter().map(|(host, ms)| (*ms, *host)).collect())?;
            let name = format!("{}{}", label.role, label.name);
            Some(Row { name, module: label.module.clone(), times })
        };
        let mut rows: Vec<Row> = self.tasks.iter().filter_map(row).collect();
        rows.sort_by_key(|row| std::cmp::Reverse((row.times.max, row.times.total)));
        rows.truncate(TASKS);
        rows
    }

    /// For a person.
    pub(crate) fn human(&self, run: &Run, clock: &Clock, colour: Colour) -> String {
        let tasks = table(run, "slowest tasks", &self.slowest(run), colour);
        let stages = table(run, "stages", &stages(run, clock), colour);
        format!("{tasks}{stages}")
    }

    /// For a program.
    pub(crate) fn json(&self, run: &Run, clock: &Clock) -> String {
        let object = |key: &str, row: Row| {
            let Times { hosts, total, median, max, slowest } = row.times;
            let mut object = json!({
                "hosts": hosts, "total_ms": total, "median_ms": median, "max_ms": max,
                "slowest": run.host(slowest),
            });
            if let Some(map) = object.as_object_mut() {
                map.insert(key.to_owned(), row.name.into());
                if !row.module.is_empty() {
                    map.insert("module".to_owned(), row.module.into());
                }
            }
            object
        };
        let tasks: Vec<Value> =
            self.slowest(run).into_iter().map(|row| object("task", row)).collect();
        let stages: Vec<Value> =
            stages(run, clock).into_iter().map(|row| object("stage", row)).collect();
        let line = json!({"event": "profile", "tasks": tasks, "stages": stages});
        shown_json(&format!("{line}\n"))
    }
}

/// The stages in their order.
fn stages(run: &Run, clock: &Clock) -> Vec<Row> {
    let mut all: Vec<(String, Vec<(u64, HostId)>)> = Vec::new();
    for host in (0..run.hosts.len()).map(HostId) {
        for (stage, ms) in clock.of(host) {
            match all.iter_mut().find(|(other, _)| *other == stage) {
                Some((_, times)) => times.push((ms, host)),
                None => all.push((stage, vec![(ms, host)])),
            }
        }
    }
    let row = |(name, times)| Some(Row { name, module: String::new(), times: Times::of(times)? });
    all.into_iter().filter_map(row).collect()
}

fn table(run: &Run, heading: &str, rows: &[Row], colour: Colour) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let name = |row: &Row| match row.module.as_str() {
        "" => shown(&row.name),
        module => format!("{} ({module})", shown(&row.name)),
    };
    let width = rows.iter().map(|row| name(row).chars().count()).max().unwrap_or(0).max(13);
    let line = format!(
        "{heading:width$}  {:>5}  {:>11}  {:>11}  {:>11}  slowest host",
        "hosts", "total", "median", "max"
    );
    let mut text = format!("\n{}\n", colour.paint(Style::Strong, &line));
    for row in rows {
        let Times { hosts, total, median, max, slowest } = &row.times;
        text.push_str(&format!(
            "{:width$}  {hosts:>5}  {:>11}  {:>11}  {:>11}  {}\n",
            name(row),
            time(*total),
            time(*median),
            time(*max),
            shown(run.host(*slowest))
        ));
    }
    text
}

/// As [`duration`], with milliseconds where it would say nothing.
fn time(ms: u64) -> String {
    if ms < 100 { format!("{ms} ms") } else { duration(ms) }
}
