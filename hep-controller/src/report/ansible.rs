//! The report as the default callback of ansible-playbook prints it: PLAY, TASK, a line for each host, PLAY RECAP, with its
//! counters. For programs and people that read those lines.

use super::fold::{Block, Fold, Group, Ready};
use super::{Event, HostReport, HostStatus, Role, Run, RunEnd, Texts, View};
use crate::host::HostId;
use crate::stop::Stopping;
use crate::text::{shown, shown_diff};
use hep_protocol::outcome::{Details, Exit, Status};
use hep_protocol::task::{About, Effect};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// How wide headings are where no terminal says otherwise.
const WIDTH: usize = 79;

/// The counters of a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Recap {
    ok: u32,
    changed: u32,
    unreachable: u32,
    failed: u32,
    skipped: u32,
    rescued: u32,
    ignored: u32,
}

impl Recap {
    /// Counts a task as Ansible does: what changed is ok as well, and so is what failed and may.
    fn add(&mut self, status: Status, changed: bool) {
        match status {
            Status::Ok => self.ok += 1,
            Status::Changed | Status::Pending => {
                self.ok += 1;
                self.changed += 1;
            }
            Status::Failed => self.failed += 1,
            Status::Skipped => self.skipped += 1,
            Status::Ignored => {
                self.ok += 1;
                self.ignored += 1;
                self.changed += u32::from(changed);
            }
            Status::Rescued => self.rescued += 1,
        }
    }

    fn line(&self, host: &str) -> String {
        let Recap { ok, changed, unreachable, failed, skipped, rescued, ignored } = self;
        let counters = [
            ("ok", ok),
            ("changed", changed),
            ("unreachable", unreachable),
            ("failed", failed),
            ("skipped", skipped),
            ("rescued", rescued),
            ("ignored", ignored),
        ];
        let words = counters.map(|(name, count)| format!("{name}={count:<4}"));
        format!("{host:<26} : {}\n", words.join(" "))
    }
}

/// The view of ansible-playbook.
pub(crate) struct Ansible {
    run: Run,
    /// Whether results are shown of tasks that did not fail, too (`-v`).
    verbose: bool,
    fold: Fold,
    recaps: BTreeMap<HostId, Recap>,
    /// How many plays have their heading.
    plays: usize,
    /// The task whose heading was the last.
    task: Option<u32>,
}

impl Ansible {
    /// A view of the run to come.
    pub(crate) fn new(run: Run, verbose: bool) -> Ansible {
        let fold = Fold::new(run.waves.clone());
        let recaps = (0..run.hosts.len()).map(|host| (HostId(host), Recap::default())).collect();
        Ansible { run, verbose, fold, recaps, plays: 0, task: None }
    }

    /// The headings of all plays up to that of a task.
    fn plays_to(&mut self, task: u32) -> String {
        let upto = self.run.plays.partition_point(|play| play.first <= task);
        self.headings(upto)
    }

    fn headings(&mut self, upto: usize) -> String {
        let mut text = String::new();
        for play in self.run.plays.iter().take(upto).skip(self.plays) {
            text.push_str(&heading(&format!("PLAY [{}]", shown(&play.name))));
            if !play.has_hosts {
                text.push_str("skipping: no hosts matched\n");
            }
        }
        self.plays = self.plays.max(upto);
        text
    }

    fn ready(&mut self, now: u64) -> Texts {
        let mut texts = Texts::default();
        for ready in self.fold.ready(now) {
            match ready {
                Ready::Wave(_) => {}
                Ready::Block(block) => {
                    texts.out.push_str(&self.plays_to(block.task));
                    texts.out.push_str(&self.task_heading(&block));
                    self.block(&block, &mut texts);
                }
            }
        }
        texts
    }

    fn task_heading(&mut self, block: &Block) -> String {
        if self.task.replace(block.task) == Some(block.task) {
            return String::new();
        }
        let label = self.run.task(block.task);
        let made = block.groups.iter().find_map(|group| group.name.as_deref());
        let name = shown(made.unwrap_or(&label.name));
        let name = if name.is_empty() { shown(&label.module) } else { name };
        heading(&match label.role {
            Role::Task => format!("TASK [{name}]"),
            Role::Handler => format!("RUNNING HANDLER [{name}]"),
        })
    }

    /// The lines of all hosts, in the order of the run.
    fn block(&self, block: &Block, texts: &mut Texts) {
        let module = self.run.task(block.task).module.as_str();
        let mut lines: Vec<(HostId, String)> = Vec::new();
        for group in &block.groups {
            for host in &group.hosts {
                lines.push((*host, self.lines(*host, group, module)));
            }
            if let (Status::Failed, Some(failure)) = (group.status, &group.details.failure) {
                let hint = failure.hint.iter().map(|hint| format!("; {}", shown(hint)));
                let hint: String = hint.collect();
                let line = format!("[ERROR]: Task failed: {}{hint}\n", shown(&failure.message));
                texts.err.push_str(&line);
            }
        }
        lines.sort_by_key(|(host, _)| *host);
        lines.iter().for_each(|(_, line)| texts.out.push_str(line));
    }

    fn lines(&self, host: HostId, group: &Group, module: &str) -> String {
        let name = shown(self.run.host(host));
        let mut text = String::new();
        for item in &group.items {
            let label = shown(&item.label);
            text.push_str(&diffs(&item.details));
            text.push_str(&match item.status {
                Status::Failed | Status::Ignored | Status::Rescued => {
                    let result = python(&result(item.status, &item.details), None);
                    format!("failed: [{name}] (item={label}) => {result}\n")
                }
                Status::Skipped => format!("skipping: [{name}] => (item={label}) \n"),
                Status::Ok | Status::Changed | Status::Pending => {
                    let told = self.told(item.status, &item.details, module);
                    let word = word(item.status);
                    format!("{word}: [{name}] => (item={label}){told}\n")
                }
            });
        }
        text.push_str(&diffs(&group.details));
        match group.status {
            Status::Failed | Status::Ignored | Status::Rescued if group.items.is_empty() => {
                let result = python(&result(group.status, &group.details), None);
                text.push_str(&format!("fatal: [{name}]: FAILED! => {result}\n"));
            }
            Status::Failed | Status::Ignored | Status::Rescued => {}
            Status::Skipped => text.push_str(&format!("skipping: [{name}]\n")),
            Status::Ok | Status::Changed | Status::Pending if group.items.is_empty() => {
                let told = self.told(group.status, &group.details, module);
                text.push_str(&format!("{}: [{name}]{told}\n", word(group.status)));
            }
            Status::Ok | Status::Changed | Status::Pending => {}
        }
        if group.status == Status::Ignored {
            text.push_str("...ignoring\n");
        }
        text
    }

    /// What stands after a host that did not fail.
    fn told(&self, status: Status, details: &Details, module: &str) -> String {
        // A task that only says something is there for what it says.
        if About::of(module).effect == Effect::None && !details.notes.is_empty() {
            let message = details.notes.join("\n");
            return format!(" => {}", python(&json!({ "msg": message }), Some(0)));
        }
        if !self.verbose {
            return String::new();
        }
        format!(" => {}", python(&result(status, details), None))
    }

    /// What is said of a host that was not reached, or whose end is not known.
    fn unreached(&mut self, report: &HostReport) -> String {
        let host = shown(self.run.host(report.host));
        let trouble = report.trouble.clone().unwrap_or_default();
        let hint = trouble.hint.map(|hint| format!("; {hint}")).unwrap_or_default();
        let message = format!("{}{hint}", trouble.what);
        let result = json!({ "changed": false, "msg": message, "unreachable": true });
        let heading = if self.plays == 0 { self.headings(1) } else { String::new() };
        format!("{heading}fatal: [{host}]: UNREACHABLE! => {}\n", python(&result, None))
    }
}

impl View for Ansible {
    fn begin(&mut self) -> Texts {
        Texts::default()
    }

    fn event(&mut self, event: Event, now: u64) -> Texts {
        match event {
            Event::Started { host, turn, .. } => {
                self.fold.started(host, turn);
                self.ready(now)
            }
            Event::Finished { host, task, turn, name, outcome } => {
                let changed = !outcome.details.changes.is_empty()
                    || outcome.items.iter().any(|item| !item.details.changes.is_empty());
                self.recaps.entry(host).or_default().add(outcome.status, changed);
                self.fold.finished(host, task, turn, name, outcome, now);
                self.ready(now)
            }
            Event::Ended(report) => {
                self.fold.ended(report.host);
                let mut texts = self.ready(now);
                match report.status {
                    HostStatus::Unreachable | HostStatus::Lost => {
                        self.recaps.entry(report.host).or_default().unreachable = 1;
                        texts.out.push_str(&self.unreached(&report));
                    }
                    HostStatus::Converged
                    | HostStatus::Failed
                    | HostStatus::Stopped
                    | HostStatus::NotStarted => {}
                }
                texts
            }
            Event::Again { host, what, seconds } => {
                let (host, what) = (shown(self.run.host(host)), shown(&what));
                let err = format!("[WARNING]: {host}: {what}; again in {seconds} s\n");
                Texts { out: String::new(), err }
            }
            Event::Stopping(Stopping::Soon, _) => {
                let err = "[ERROR]: User interrupted execution\n".to_owned();
                Texts { out: String::new(), err }
            }
            Event::Connected { .. }
            | Event::Output { .. }
            | Event::Progress { .. }
            | Event::Stopping(Stopping::Now, _) => Texts::default(),
        }
    }

    fn quiet(&mut self, now: u64) -> Texts {
        self.ready(now)
    }

    fn end(&mut self, end: &RunEnd, _exit: u8) -> Texts {
        let mut texts = self.ready(end.ms);
        // A play after the last host has failed has no heading.
        let goes_on = |report: &HostReport| report.status == HostStatus::Converged;
        if end.reports.is_empty() || end.reports.iter().any(goes_on) {
            texts.out.push_str(&self.headings(usize::MAX));
        }
        texts.out.push_str(&heading("PLAY RECAP"));
        let touched = |report: &&HostReport| report.status != HostStatus::NotStarted;
        let mut hosts: Vec<(String, HostId)> = end
            .reports
            .iter()
            .filter(touched)
            .map(|report| (shown(self.run.host(report.host)), report.host))
            .collect();
        hosts.sort();
        for (name, host) in hosts {
            let recap = self.recaps.get(&host).copied().unwrap_or_default();
            texts.out.push_str(&recap.line(&name));
        }
        texts.out.push('\n');
        texts
    }

    fn question(&self, host: HostId, task: u32) -> String {
        self.run.question(host, task)
    }

    fn status(&self, _now: u64) -> Option<String> {
        None
    }
}

/// A heading with its row of stars, after an empty line.
fn heading(text: &str) -> String {
    let stars = WIDTH.saturating_sub(text.chars().count()).max(3);
    format!("\n{text} {}\n", "*".repeat(stars))
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::Changed | Status::Pending => "changed",
        Status::Skipped => "skipping",
        Status::Failed | Status::Ignored | Status::Rescued => "failed",
    }
}

/// The changes of files, before the line of their host.
fn diffs(details: &Details) -> String {
    let diffs = details.changes.iter().filter_map(|change| change.diff.as_deref());
    let lines = |diff| shown_diff(diff).map(|line| format!("{line}\n")).collect::<String>();
    diffs.map(|diff| format!("{}\n", lines(diff))).collect()
}

/// What is known of a result.
fn result(status: Status, details: &Details) -> Value {
    let mut fields = Map::new();
    let moved = matches!(status, Status::Changed | Status::Pending);
    fields.insert("changed".to_owned(), json!(moved || !details.changes.is_empty()));
    if let Some(failure) = &details.failure {
        fields.insert("msg".to_owned(), json!(failure.message));
        if let Some(exit) = failure.exit {
            let code = match exit {
                Exit::Code(code) => code,
                Exit::Signal(signal) => -signal,
            };
            fields.insert("rc".to_owned(), json!(code));
            fields.insert("stderr".to_owned(), json!(failure.stderr));
            fields.insert("stdout".to_owned(), json!(failure.stdout));
        }
    } else if !details.notes.is_empty() {
        fields.insert("msg".to_owned(), json!(details.notes.join("\n")));
    }
    Value::Object(fields)
}

/// JSON as Python writes it, on one line or indented by four.
fn python(value: &Value, indent: Option<usize>) -> String {
    let (open, close, between) = match indent {
        None => (String::new(), String::new(), ", ".to_owned()),
        Some(depth) => {
            let inner = " ".repeat((depth + 1) * 4);
            (format!("\n{inner}"), format!("\n{}", " ".repeat(depth * 4)), format!(",\n{inner}"))
        }
    };
    let deeper = indent.map(|depth| depth + 1);
    let around = |left: char, parts: Vec<String>, right: char| match parts.as_slice() {
        [] => format!("{left}{right}"),
        parts => format!("{left}{open}{}{close}{right}", parts.join(&between)),
    };
    match value {
        Value::Array(items) => {
            around('[', items.iter().map(|item| python(item, deeper)).collect(), ']')
        }
        Value::Object(entries) => {
            let sorted: BTreeMap<&String, &Value> = entries.iter().collect();
            let entry = |(key, value): (&String, &Value)| {
                format!("{}: {}", json!(key), python(value, deeper))
            };
            around('{', sorted.into_iter().map(entry).collect(), '}')
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests;
