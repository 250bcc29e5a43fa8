//! The results as text: a table for the screen, and the page docs/benchmarks.md.

use std::fmt::Write as _;
use std::fs;

use super::cases::Case;
use super::measure::{Cost, Found, Row};
use super::stage::Stage;
use crate::shell;

/// The sides of a case, a line each.
pub(super) fn rows(found: &Found) -> String {
    let mut text = "side | median | fastest-slowest | processor | round trips | sent | received\n\
                    ---|---|---|---|---|---|---\n"
        .to_owned();
    for row in &found.rows {
        let of = |count: fn(&Cost) -> Option<u64>| row.count(count).map(|n| n as f64);
        let bytes = |count| of(count).map_or_else(String::new, |n| format!("{:.1} KB", n / 1e3));
        let trips = of(|cost| cost.trips).map_or_else(String::new, |n| n.to_string());
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{} | {} | {} | {} | {trips} | {} | {}",
            row.name,
            seconds(row.wall()),
            spread(row),
            seconds(row.median(|cost| cost.cpu)),
            bytes(|cost| cost.sent),
            bytes(|cost| cost.received),
        );
    }
    for note in &found.notes {
        let _ = writeln!(text, "\n{note}");
    }
    text
}

fn spread(row: &Row) -> String {
    let walls = || row.costs.iter().map(|cost| cost.wall);
    format!(
        "{} - {}",
        seconds(walls().fold(f64::MAX, f64::min)),
        seconds(walls().fold(0.0, f64::max))
    )
}

fn seconds(value: f64) -> String {
    if value < 1.0 { format!("{:.0} ms", value * 1e3) } else { format!("{value:.2} s") }
}

/// What was to be reached, and what was.
pub(super) fn table(results: &[(&Case, Found)]) -> String {
    let mut text = "case | target | found | met\n---|---|---|---\n".to_owned();
    for (case, found) in results {
        for target in &found.targets {
            let met = if target.met { "yes" } else { "**no**" };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{} | {} | {} | {met}", case.name, target.asked, target.found);
        }
    }
    text
}

/// On what it was measured.
pub(super) fn conditions(stage: &Stage) -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let info = read("/proc/cpuinfo");
    let processor = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("");
    let processor = processor.trim_start_matches(['\t', ' ', ':']);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut ssh = shell::command("ssh");
    let ssh = ssh.arg("-V").output();
    let ssh = ssh.map(|output| String::from_utf8_lossy(&output.stderr).trim().to_owned());
    let size = |path: &std::path::Path| fs::metadata(path).map_or(0, |file| file.len());
    let agent = stage.agents.join(format!("hep-agent-{}", std::env::consts::ARCH));
    let peers =
        stage.peers.as_ref().map_or_else(|| "not asked for".to_owned(), |p| p.versions.clone());
    format!(
        "- Machine: {cores} processors ({processor}), Linux {}; hosts are Debian with SysV init, in namespaces of the same machine, \
         behind a real sshd. So the processors are shared by both sides.\n\
         - hep at {}, release build, {} bytes with its agent; the agent {} bytes.\n\
         - {}. Peers: {peers}.\n\
         - Every side runs once for warming up, then {} times in turns with the others (some cases at most 3 or 5 times, 200 sshd once): medians, \
         and ratios run by run.\n",
        read("/proc/sys/kernel/osrelease").trim(),
        stage.commit,
        size(&stage.hep),
        size(&agent),
        ssh.unwrap_or_default(),
        stage.runs,
    )
}

/// docs/benchmarks.md.
pub(super) fn page(results: &[(&Case, Found)], conditions: &str) -> String {
    let mut text = format!(
        "# Benchmarks\n\n\
         `cargo xtask bench --peers --publish` wrote this page; `cargo xtask bench` measures on your machine. A relay on loopback makes \
         slow lines: it delays each byte by half the round trip, bounds what passes in a second, has lost segments come a round trip late, and \
         counts bytes and round trips.\n\n\
         ![Times](benchmarks.svg)\n\n## Conditions\n\n{conditions}\n## Targets\n\n{}",
        table(results)
    );
    for (case, found) in results {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n## {}: {}\n\n{}", case.name, case.title, rows(found));
    }
    text.push_str(WHAT);
    text.push_str(include_str!("notes.md"));
    text
}

const WHAT: &str = "
## What is run

The seventeen tasks are one directory, ten files of 2.7 KB, five packages that are installed, and one SysV service. Ansible has pipelining, \
ControlPersist, as many forks as there are hosts and gathers no facts; Mitogen is its strategy `mitogen_linear` under the same Ansible; pyinfra \
runs `files.directory`, `files.put`, `apt.packages` and `sysvinit.service`. Each run logs in anew. Round trips are counted by the relay: how often \
the client spoke after the host had, at least a round trip later; memory is the kernel's high-water mark of one process.
";
