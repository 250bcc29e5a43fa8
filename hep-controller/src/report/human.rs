//! The report for a person: blocks as they become ready, then the summary. Knows colours, but no terminal.

use super::details::Elements;
use super::fold::{Block, Fold, Ready};
use super::summary::{Failed, failures_only, summary};
use super::{Event, HostStatus, Run, RunEnd, Texts, View, details};
use crate::host::HostId;
use crate::stop::Stopping;
use crate::text::{Colour, Style, count, duration, shown, shown_lines};
use hep_protocol::outcome::Status;
use hep_protocol::plan::RunMode;
use std::collections::{BTreeMap, HashSet};

/// How many texts of progress are shown in one run: more are no help, and a host may send any number.
const PROGRESS: usize = 1000;

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// What failed, hosts that were not reached, and one line at the end.
    Failures,
    /// What the run found, and nothing of what goes on meanwhile.
    Quiet,
    /// Also what a task that waits says.
    Normal,
    /// Also each host's facts and what processes write while they run.
    Verbose,
}

/// The view of a person.
#[derive(Debug)]
pub(crate) struct Human {
    run: Run,
    colour: Colour,
    verbosity: Verbosity,
    fold: Fold,
    failures: Vec<Failed>,
    /// Tasks in a row that every host left out and that are not shown yet: the first of them, and how many.
    skipped: Option<(Block, usize)>,
    progress: HashSet<(u32, String)>,
    /// What each host does, and since when.
    running: BTreeMap<HostId, (String, u64)>,
    /// The last line that each host's task wrote.
    said: BTreeMap<HostId, String>,
    done: usize,
    failed: usize,
    /// The hosts that answered and are not done.
    connected: HashSet<HostId>,
    /// Whether anything is above what comes next.
    printed: bool,
}

impl Human {
    /// A view of the run to come.
    pub(crate) fn new(run: Run, colour: Colour, verbosity: Verbosity) -> Human {
        let fold = Fold::new(run.waves.clone());
        Human {
            run,
            colour,
            verbosity,
            fold,
            failures: Vec::new(),
            skipped: None,
            progress: HashSet::new(),
            running: BTreeMap::new(),
            said: BTreeMap::new(),
            done: 0,
            failed: 0,
            connected: HashSet::new(),
            printed: false,
        }
    }

    fn ready(&mut self, now: u64) -> String {
        let mut text = String::new();
        for ready in self.fold.ready(now) {
            match ready {
                Ready::Wave(_) if self.verbosity == Verbosity::Failures => {}
                Ready::Wave(hosts) => {
                    text.push_str(&self.take_skipped());
                    let (first, all) = (hosts.start + 1, self.run.hosts.len());
                    let line = match hosts.len() {
                        1 => format!("host {first} of {all}"),
                        _ => format!("hosts {first} to {} of {all}", hosts.end),
                    };
                    let gap = if hosts.start == 0 { "" } else { "\n" };
                    text.push_str(&format!("{gap}{}\n", self.colour.paint(Style::Strong, &line)));
                }
                Ready::Block(block)
                    if self.verbosity < Verbosity::Verbose
                        && block.whole
                        && details::is_skipped(&block) =>
                {
                    let (first, n) = self.skipped.take().unwrap_or((block, 0));
                    self.skipped = Some((first, n + 1));
                }
                Ready::Block(block) => {
                    text.push_str(&self.take_skipped());
                    text.push_str(&self.block(&block));
                    let failed =
                        block.groups.into_iter().filter(|group| group.status == Status::Failed);
                    failed
                        .filter_map(|group| Failed::of(block.task, group))
                        .for_each(|failed| self.remember(failed));
                }
            }
        }
        text
    }

    /// Keeps a failure for the end, with those like it that were shown before.
    fn remember(&mut self, failed: Failed) {
        match self.failures.iter_mut().find(|known| known.is_like(&failed)) {
            Some(known) => {
                known.hosts.extend(failed.hosts);
                known.hosts.sort_unstable();
            }
            None => self.failures.push(failed),
        }
    }

    fn block(&self, block: &Block) -> String {
        let elements = match self.verbosity {
            Verbosity::Failures => return String::new(),
            Verbosity::Quiet | Verbosity::Normal => Elements::Folded,
            Verbosity::Verbose => Elements::All,
        };
        details::block(&self.run, block, elements, self.colour)
    }

    /// The line of tasks that were left out; one alone has its own.
    fn take_skipped(&mut self) -> String {
        match self.skipped.take() {
            None => String::new(),
            Some(_) if self.verbosity == Verbosity::Failures => String::new(),
            Some((block, 1)) => self.block(&block),
            Some((_, n)) => details::skipped(n, self.colour),
        }
    }

    fn progress(&mut self, host: HostId, task: u32, text: String) -> String {
        let quiet = self.verbosity <= Verbosity::Quiet || self.progress.len() >= PROGRESS;
        if quiet || !self.progress.insert((task, text.clone())) {
            return String::new();
        }
        let written = &self.run.task(task).name;
        let name = self.running.get(&host).map_or(written, |(name, _)| name);
        let line = format!("{}: {}", shown(name), shown(&text));
        format!("{}{line}\n", self.prefix(host))
    }

    /// Remembers the last line of an output; one that is long is cut, nobody's terminal is that wide.
    fn hear(&mut self, host: HostId, data: &[u8]) {
        let text = String::from_utf8_lossy(data);
        let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty());
        if let Some(line) = line {
            let line: String = line.chars().take(300).collect();
            self.said.insert(host, shown(&line));
        }
    }

    /// What tells the hosts of several apart.
    fn prefix(&self, host: HostId) -> String {
        let name = shown(self.run.host(host));
        if self.run.hosts.len() == 1 { String::new() } else { format!("{name}: ") }
    }

    fn output(&self, host: HostId, data: &[u8]) -> String {
        let prefix = self.prefix(host);
        let line = |line| format!("{prefix}| {line}\n");
        shown_lines(&String::from_utf8_lossy(data)).map(line).collect()
    }
}

impl View for Human {
    fn begin(&mut self) -> Texts {
        let out = match self.run.mode {
            _ if self.verbosity == Verbosity::Failures => String::new(),
            RunMode::Apply => String::new(),
            RunMode::Check => {
                let text = "check mode: nothing is changed, `pending` is what a push would do";
                format!("{}\n\n", self.colour.paint(Style::Strong, text))
            }
        };
        Texts { out, err: String::new() }
    }

    fn event(&mut self, event: Event, now: u64) -> Texts {
        let (mut out, mut err) = (String::new(), String::new());
        let verbose = self.verbosity == Verbosity::Verbose;
        if let Event::Connected { host, .. } | Event::Started { host, .. } = &event {
            self.connected.insert(*host);
        }
        if let Event::Output { host, data, .. } = &event {
            self.hear(*host, data);
        }
        match event {
            Event::Connected { host, facts } if verbose => {
                let os = format!("{} {} ({})", facts.os_id, facts.os_version, facts.os_codename);
                let line = format!("{os}, {}, linux {}", facts.arch, facts.kernel);
                err = format!("{}: {}\n", shown(self.run.host(host)), shown(&line));
            }
            Event::Started { host, task, turn, name } => {
                let name = name.unwrap_or_else(|| self.run.task(task).name.clone());
                self.said.remove(&host);
                self.running.insert(host, (name, now));
                self.fold.started(host, turn);
                out = self.ready(now);
            }
            Event::Output { host, data, .. } if verbose => err = self.output(host, &data),
            Event::Connected { .. } | Event::Output { .. } => {}
            Event::Progress { host, task, text } => err = self.progress(host, task, text),
            Event::Finished { host, task, turn, name, outcome } => {
                self.running.remove(&host);
                self.fold.finished(host, task, turn, name, outcome, now);
                out = self.ready(now);
            }
            Event::Ended(report) => {
                self.running.remove(&report.host);
                self.connected.remove(&report.host);
                self.done += 1;
                self.failed += match report.status {
                    HostStatus::Failed | HostStatus::Unreachable | HostStatus::Lost => 1,
                    HostStatus::Converged | HostStatus::Stopped | HostStatus::NotStarted => 0,
                };
                self.fold.ended(report.host);
                out = self.ready(now);
            }
            Event::Stopping(Stopping::Soon, None) => {
                err = "stopping after the current steps; press Ctrl-C again to cut the links\n"
                    .to_owned();
            }
            Event::Stopping(Stopping::Soon, Some(reason)) => {
                err = format!("stopping after the current steps, since {}\n", shown(&reason));
            }
            Event::Again { host, what, seconds } => {
                let (host, what) = (shown(self.run.host(host)), shown(&what));
                err = format!("{host}: {what}; again in {seconds} s\n");
            }
            Event::Stopping(Stopping::Now, _) => err = "cutting the links\n".to_owned(),
        }
        self.printed |= !out.is_empty();
        Texts { out, err }
    }

    fn quiet(&mut self, now: u64) -> Texts {
        let out = self.ready(now);
        self.printed |= !out.is_empty();
        Texts { out, err: String::new() }
    }

    fn end(&mut self, end: &RunEnd, _exit: u8) -> Texts {
        let mut out = self.ready(end.ms);
        if self.verbosity == Verbosity::Failures {
            out = failures_only(&self.run, end, &self.failures, self.colour);
            return Texts { out, err: String::new() };
        }
        out.push_str(&self.take_skipped());
        if self.printed || !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&summary(&self.run, end, &self.failures, self.colour));
        Texts { out, err: String::new() }
    }

    fn question(&self, host: HostId, task: u32) -> String {
        self.run.question(host, task)
    }

    fn status(&self, now: u64) -> Option<String> {
        if self.verbosity == Verbosity::Failures {
            return None;
        }
        let hosts = self.run.hosts.len();
        let done = match hosts {
            0 | 1 => String::new(),
            n => {
                let failed = match self.failed {
                    0 => String::new(),
                    failed => format!("{failed} failed, "),
                };
                let running = self.connected.len();
                format!("{} of {} done, {failed}{running} running; ", self.done, count(n, "host"))
            }
        };
        // The one that has been at it for longest is what everybody waits for.
        match self.running.iter().min_by_key(|(_, (_, since))| *since) {
            Some((host, (task, since))) => {
                let time = duration(now.saturating_sub(*since));
                let said = self.said.get(host).map(|line| format!(": {line}")).unwrap_or_default();
                Some(format!("{done}{}{} ({time}){said}", self.prefix(*host), shown(task)))
            }
            None if self.done >= hosts => None,
            None => {
                let what = if self.connected.is_empty() { "connecting" } else { "working" };
                Some(format!("{done}{what} ({})", duration(now)))
            }
        }
    }
}

#[cfg(test)]
mod tests;
