//! One command measured as a whole process, several commands in turns, and what came of them: medians and ratios.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
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
    let status = status.map_err(|source| Failure::Start { command: name.clone(), source })?;
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
    pub(super) name: String,
    pub(super) run: Box<dyn FnMut() -> Result<Cost, Failure> + 'a>,
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
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) costs: Vec<Cost>,
}

impl Row {
    /// The median of something; of an even number the lower one, which was measured.
    pub(super) fn median(&self, of: impl Fn(&Cost) -> f64) -> f64 {
        let mut all: Vec<f64> = self.costs.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
    }

    pub(super) fn wall(&self) -> f64 {
        self.median(|cost| cost.wall)
    }

    /// The median of a count, where it was counted.
    pub(super) fn count(&self, of: impl Fn(&Cost) -> Option<u64>) -> Option<u64> {
        let mut all: Vec<u64> = self.costs.iter().filter_map(of).collect();
        all.sort_unstable();
        all.get(all.len().saturating_sub(1) / 2).copied()
    }

    /// Its time as part of another's, run by run: the median of the ratios, since a busy moment meets both.
    pub(super) fn ratio(&self, other: &Row) -> f64 {
        let pairs = self.costs.iter().zip(&other.costs);
        let mut all: Vec<f64> = pairs.map(|(own, other)| own.wall / other.wall).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
    }
}

/// Runs the sides in turns, once for warming up and then so many times.
pub(super) fn in_turns(sides: &mut [Side<'_>], runs: u32) -> Result<Vec<Row>, Failure> {
    let mut costs: BTreeMap<usize, Vec<Cost>> = BTreeMap::new();
    for round in 0..=runs {
        for (number, side) in sides.iter_mut().enumerate() {
            let cost = (side.run)()
                .map_err(|failure| Failure::Told(format!("{}: {failure}", side.name)))?;
            if round > 0 {
                costs.entry(number).or_default().push(cost);
            }
        }
    }
    let row = |(side, costs): (&Side<'_>, Vec<Cost>)| Row { name: side.name.clone(), costs };
    Ok(sides.iter().zip(costs.into_values()).map(row).collect())
}

/// One thing that a case was to reach.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// What is asked, such as `wall <= 1.6 x ssh host true`.
    pub(super) asked: String,
    /// What was found, in the same unit.
    pub(super) found: String,
    pub(super) met: bool,
}

impl Target {
    /// No more than a bound, in a unit and with so many decimals.
    pub(super) fn at_most(what: &str, bound: f64, found: f64, unit: &str) -> Target {
        let decimals = if found.fract() == 0.0 && bound.fract() == 0.0 { 0 } else { 2 };
        Target {
            asked: format!("{what} <= {bound}{unit}"),
            found: format!("{found:.decimals$}{unit}"),
            met: found <= bound,
        }
    }
}

/// What a case came to.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    pub(super) rows: Vec<Row>,
    pub(super) targets: Vec<Target>,
    /// Further figures, in words.
    pub(super) notes: Vec<String>,
}

/// The most memory that the processes had at a time each, sampled while a command runs: their high-water mark, which only grows
/// (proc_pid_status(5)), in KiB. `of` finds them.
pub(super) struct Peak {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
}

impl Peak {
    pub(super) fn watch(of: impl Fn(&str) -> bool + Send + 'static) -> Peak {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut most = 0;
            while !stopped.load(Ordering::Relaxed) {
                let found = processes().filter(|(_, line)| of(line));
                most = found.filter_map(|(pid, _)| memory::peak(pid)).fold(most, u64::max);
                thread::sleep(Duration::from_millis(5));
            }
            most
        });
        Peak { stop, thread }
    }

    /// Ends the watch.
    pub(super) fn kib(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_default()
    }
}

/// Each process of the machine and its hosts, with its command line.
fn processes() -> impl Iterator<Item = (u32, String)> {
    fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let line = fs::read(entry.path().join("cmdline")).ok()?;
        Some((pid, String::from_utf8_lossy(&line).replace('\0', " ")))
    })
}
