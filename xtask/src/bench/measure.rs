//! Measures commands as whole processes, several in turns, and compares them: medians, ratios run by run, and a table.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hep_tests::memory;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike};

use crate::shell::{self, Failure};

/// What one run of a command cost. What was not measured is absent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cost {
    /// Seconds from start to exit.
    pub(super) wall: f64,
    /// Seconds of processor time, of the command and what it waited for.
    pub(super) cpu: f64,
    /// Round trips that the client waited for, one after the other.
    pub(super) trips: Option<u64>,
    /// Bytes to the hosts and back.
    pub(super) sent: Option<u64>,
    pub(super) received: Option<u64>,
}

/// Runs a command to its end, its output kept in `log`.
///
/// # Errors
/// It cannot be started or does not succeed.
pub(super) fn run(command: &mut Command, log: &Path) -> Result<Cost, Failure> {
    let output = fs::File::create(log).map_err(shell::file_error("create", log))?;
    let errors = output.try_clone().map_err(shell::file_error("open", log))?;
    command.stdin(Stdio::null()).stdout(output).stderr(errors);
    let (before, begin) = (children()?, Instant::now());
    let status = command.status();
    let wall = begin.elapsed().as_secs_f64();
    let cpu = children()? - before;
    let name = command.get_program().to_string_lossy().into_owned();
    let status = status.map_err(|source| Failure::Start { command: name, source })?;
    if status.success() {
        return Ok(Cost { wall, cpu, ..Cost::default() });
    }
    let said = fs::read_to_string(log).unwrap_or_default();
    Err(Failure::Quiet { command: format!("{command:?}"), stderr: format!("{status}\n{said}") })
}

/// Processor time of all children that have ended, in seconds (getrusage(2)).
fn children() -> Result<f64, Failure> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)
        .map_err(|error| Failure::Told(format!("cannot read the usage of children: {error}")))?;
    let seconds = |time: TimeVal| time.num_microseconds() as f64 / 1e6;
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}

/// A side of a case: its name, and how it runs once.
pub(super) struct Side<'a> {
    name: String,
    run: Box<dyn FnMut() -> Result<Cost, Failure> + 'a>,
}

impl<'a> Side<'a> {
    pub(super) fn new(
        name: impl Into<String>,
        run: impl FnMut() -> Result<Cost, Failure> + 'a,
    ) -> Side<'a> {
        Side { name: name.into(), run: Box::new(run) }
    }
}

/// All runs of a side.
#[derive(Debug)]
struct Row {
    name: String,
    costs: Vec<Cost>,
}

impl Row {
    fn median(&self, of: impl Fn(&Cost) -> Option<f64>) -> Option<f64> {
        median(self.costs.iter().filter_map(of))
    }
}

/// The median; of an even number of values the lower one, which was measured.
fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut all: Vec<f64> = values.collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len().saturating_sub(1) / 2).copied()
}

/// What a case came to: its sides, its targets as lines of a table, and further figures in words.
#[derive(Debug, Default)]
pub(super) struct Found {
    rows: Vec<Row>,
    pub(super) targets: Vec<String>,
    pub(super) notes: Vec<String>,
}

/// Runs the sides in turns, once for warming up and then so many times.
pub(super) fn in_turns(mut sides: Vec<Side<'_>>, runs: u32) -> Result<Found, Failure> {
    let row = |side: &Side<'_>| Row { name: side.name.clone(), costs: Vec::new() };
    let mut rows: Vec<Row> = sides.iter().map(row).collect();
    for round in 0..=runs {
        for (side, row) in sides.iter_mut().zip(&mut rows) {
            let cost = (side.run)()
                .map_err(|failure| Failure::Told(format!("{}: {failure}", side.name)))?;
            if round > 0 {
                row.costs.push(cost);
            }
        }
    }
    Ok(Found { rows, ..Found::default() })
}

impl Found {
    /// Adds the sides of another round.
    pub(super) fn and(&mut self, other: Found) {
        self.rows.extend(other.rows);
    }

    /// The median of something of a side.
    pub(super) fn median(
        &self,
        name: &str,
        of: impl Fn(&Cost) -> Option<f64>,
    ) -> Result<f64, Failure> {
        let missing = || Failure::Told(format!("nothing was measured of {name}"));
        self.row(name)?.median(of).ok_or_else(missing)
    }

    fn row(&self, name: &str) -> Result<&Row, Failure> {
        let missing = || Failure::Told(format!("nothing was measured of {name}"));
        self.rows.iter().find(|row| row.name == name).ok_or_else(missing)
    }

    /// The time of one side divided by another's: the median of the ratios run by run, since a busy moment slows both.
    pub(super) fn ratio(&self, name: &str, other: &str) -> Result<f64, Failure> {
        let pairs = self.row(name)?.costs.iter().zip(&self.row(other)?.costs);
        Ok(median(pairs.map(|(own, other)| own.wall / other.wall)).unwrap_or(f64::NAN))
    }

    /// A target: no more than a bound, in a unit.
    pub(super) fn at_most(&mut self, what: &str, bound: f64, found: f64, unit: &str) {
        let decimals = if found.fract() == 0.0 && bound.fract() == 0.0 { 0 } else { 2 };
        let met = if found <= bound { "yes" } else { "**no**" };
        self.targets.push(format!("{what} <= {bound}{unit} | {found:.decimals$}{unit} | {met}"));
    }

    /// A target: one side takes at most so many times as long as another.
    pub(super) fn time(&mut self, name: &str, bound: f64, other: &str) -> Result<(), Failure> {
        let ratio = self.ratio(name, other)?;
        self.at_most(&format!("{name}: time / {other}"), bound, ratio, "");
        Ok(())
    }

    /// A target: at most so many round trips.
    pub(super) fn trips(&mut self, name: &str, bound: f64) -> Result<(), Failure> {
        let trips = self.median(name, |cost| cost.trips.map(|trips| trips as f64))?;
        self.at_most(&format!("{name}: round trips"), bound, trips, "");
        Ok(())
    }

    /// The sides as a table, and the notes.
    pub(super) fn table(&self) -> String {
        let mut text =
            "side | median | fastest-slowest | processor | round trips | sent | received\n\
                        ---|---|---|---|---|---|---\n"
                .to_owned();
        for row in &self.rows {
            let walls = || row.costs.iter().map(|cost| cost.wall);
            let time = |of: fn(&Cost) -> f64| {
                seconds(median(row.costs.iter().map(of)).unwrap_or(f64::NAN))
            };
            let count =
                |of: fn(&Cost) -> Option<u64>| row.median(|cost| of(cost).map(|n| n as f64));
            let bytes = |of| count(of).map_or_else(String::new, |n| format!("{:.1} KB", n / 1e3));
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "{} | {} | {} - {} | {} | {} | {} | {}",
                row.name,
                time(|cost| cost.wall),
                seconds(walls().fold(f64::MAX, f64::min)),
                seconds(walls().fold(0.0, f64::max)),
                time(|cost| cost.cpu),
                count(|cost| cost.trips).map_or_else(String::new, |n| n.to_string()),
                bytes(|cost| cost.sent),
                bytes(|cost| cost.received),
            );
        }
        self.notes.iter().for_each(|note| text.push_str(&format!("\n{note}\n")));
        text
    }
}

fn seconds(value: f64) -> String {
    if value < 1.0 { format!("{:.0} ms", value * 1e3) } else { format!("{value:.2} s") }
}

/// Runs something, and gives the most memory that a process had meanwhile, in KiB: the high-water mark of those whose
/// command line `is_meant` accepts, sampled (proc_pid_status(5)).
pub(super) fn peak_during<T>(
    is_meant: impl Fn(&str) -> bool + Send + Sync,
    run: impl FnOnce() -> T,
) -> (T, u64) {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut most = 0;
            while !done.load(Ordering::Relaxed) {
                let meant = processes().filter(|(_, line)| is_meant(line));
                most = meant.filter_map(|(pid, _)| memory::peak(pid)).fold(most, u64::max);
                thread::sleep(Duration::from_millis(5));
            }
            most
        });
        let ran = run();
        done.store(true, Ordering::Relaxed);
        (ran, watch.join().unwrap_or_default())
    })
}

/// Each process of the machine and its hosts, with its command line.
fn processes() -> impl Iterator<Item = (u32, String)> {
    fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let line = fs::read(entry.path().join("cmdline")).ok()?;
        Some((pid, String::from_utf8_lossy(&line).replace('\0', " ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(sides: [(&str, &[f64]); 2]) -> Found {
        let cost = |wall: &f64| Cost { wall: *wall, ..Cost::default() };
        let row = |(name, walls): (&str, &[f64])| Row {
            name: name.to_owned(),
            costs: walls.iter().map(cost).collect(),
        };
        Found { rows: sides.map(row).into(), ..Found::default() }
    }

    #[test]
    fn ratios_are_taken_run_by_run() {
        let mut found = found([("hep", &[1.0, 4.0, 3.0]), ("ssh", &[2.0, 4.0, 9.0])]);
        found.time("hep", 0.4, "ssh").unwrap();
        found.time("hep", 0.5, "ssh").unwrap();
        let expected =
            ["hep: time / ssh <= 0.4 | 0.50 | **no**", "hep: time / ssh <= 0.5 | 0.50 | yes"];
        assert_eq!(found.targets, expected);
    }
}
