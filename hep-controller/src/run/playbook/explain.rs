//! `--explain-support DIR`: of all playbooks and roles below a directory, what hep runs, what it does not, and why.
//! Takes a host with Debian for granted. Contacts no host, runs no program, and reads nothing that is not below the directory or named from there.

mod find;

use crate::ast::{Manifest, ManifestTask};
use crate::check::targets::Targets;
use crate::check::{Checked, Input, Options, Programs, check};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::host::LOCALHOST;
use crate::read::ansible::Settings;
use crate::refusal::Refusal;
use crate::source::Source;
use crate::text::{count, shown};
use find::{Found, Kind, find};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many places of one reason are named.
const PLACES: usize = 3;

/// How many of the commonest reasons the summary has.
const COMMONEST: usize = 10;

/// A playbook or role.
struct Explained {
    kind: Kind,
    path: PathBuf,
    /// How many tasks and handlers it has.
    tasks: usize,
    reasons: Vec<Reason>,
}

/// Why something does not run.
struct Reason {
    message: String,
    hint: Option<String>,
    places: Vec<String>,
}

/// What hep makes of all that is below a directory.
pub(crate) struct Support {
    all: Vec<Explained>,
}

impl Support {
    /// Looks at everything below a directory.
    ///
    /// # Errors
    /// It is no directory that can be read.
    pub(crate) fn of(
        directory: &Path,
        settings: &Settings,
        options: &Options,
    ) -> Result<Support, Refusal> {
        let found = find(directory)?;
        let parents: BTreeSet<PathBuf> = found
            .iter()
            .filter(|found| found.kind == Kind::Role)
            .filter_map(|role| std::path::absolute(&role.path).ok()?.parent().map(Path::to_owned))
            .collect();
        let mut settings = settings.clone();
        settings.roles_path = parents.into_iter().chain(settings.roles_path).collect();
        let explained = |found: Found| explained(found, &settings, options);
        Ok(Support { all: found.into_iter().map(explained).collect() })
    }

    /// As text for people.
    pub(crate) fn text(&self) -> String {
        let mut text: String = self.all.iter().map(Explained::text).collect();
        let whole = self.all.iter().filter(|one| one.reasons.is_empty()).count();
        text.push_str(&format!("{whole} of {} run whole\n", self.all.len()));
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        for one in &self.all {
            let messages: BTreeSet<&str> =
                one.reasons.iter().map(|reason| reason.message.as_str()).collect();
            messages.into_iter().for_each(|message| *times.entry(message).or_default() += 1);
        }
        let mut times: Vec<(&str, usize)> = times.into_iter().filter(|(_, n)| *n > 1).collect();
        times.sort_by_key(|(message, n)| (std::cmp::Reverse(*n), *message));
        if !times.is_empty() {
            text.push_str("most often:\n");
        }
        for (message, n) in times.into_iter().take(COMMONEST) {
            text.push_str(&format!("{n:>6}  {}\n", shown(message)));
        }
        text
    }

    /// As one JSON value.
    pub(crate) fn json(&self) -> Value {
        let whole = self.all.iter().filter(|one| one.reasons.is_empty()).count();
        json!({
            "found": self.all.len(),
            "whole": whole,
            "items": self.all.iter().map(Explained::json).collect::<Vec<_>>(),
        })
    }
}

impl Explained {
    fn text(&self) -> String {
        let Explained { kind, path, tasks, reasons } = self;
        let path = shown(&path.to_string_lossy());
        let tasks = count(*tasks, "task");
        if reasons.is_empty() {
            return format!("{path}: {}, {tasks}: runs whole\n", kind.word());
        }
        let why = count(reasons.len(), "reason");
        let mut text = format!("{path}: {}, {tasks}: does not run whole, {why}\n", kind.word());
        for Reason { message, hint, places } in reasons {
            text.push_str(&format!("  {}\n", shown(message)));
            let named: Vec<String> = places.iter().take(PLACES).map(|place| shown(place)).collect();
            let more = match places.len().saturating_sub(PLACES) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            text.push_str(&format!("    at {}{more}\n", named.join(", ")));
            let hint = hint.iter().map(|hint| format!("    hint: {}\n", shown(hint)));
            text.extend(hint);
        }
        text
    }

    fn json(&self) -> Value {
        let Explained { kind, path, tasks, reasons } = self;
        let reason = |Reason { message, hint, places }: &Reason| json!({ "message": message, "hint": hint, "places": places });
        json!({
            "kind": kind.word(),
            "path": path.to_string_lossy(),
            "tasks": tasks,
            "whole": reasons.is_empty(),
            "reasons": reasons.iter().map(reason).collect::<Vec<_>>(),
        })
    }
}

fn explained(found: Found, settings: &Settings, options: &Options) -> Explained {
    let looked_at = catch_unwind(AssertUnwindSafe(|| look(&found, settings, options)));
    let (tasks, problems) = looked_at.unwrap_or_else(|_| {
        let message = "hep has a mistake of its own here";
        let hint = "please report it, with the file";
        (0, vec![Diagnostic::of_file(&found.path, message).hint(hint)])
    });
    let mut reasons: Vec<Reason> = Vec::new();
    for problem in problems {
        let place = problem.line().unwrap_or_else(|| problem.path.display().to_string());
        let known = reasons.iter_mut().find(|reason| reason.message == problem.message);
        match known {
            Some(reason) if reason.places.contains(&place) => {}
            Some(reason) => reason.places.push(place),
            None => reasons.push(Reason {
                message: problem.message,
                hint: problem.hint,
                places: vec![place],
            }),
        }
    }
    let Found { kind, path } = found;
    Explained { kind, path, tasks, reasons }
}

/// How many tasks there are, and all that stands in the way of one.
fn look(found: &Found, settings: &Settings, options: &Options) -> (usize, Vec<Diagnostic>) {
    let all = |problems: Diagnostics| problems.into_iter().collect::<Vec<_>>();
    let read = match found.kind {
        Kind::Playbook => Manifest::read_playbooks(std::slice::from_ref(&found.path), settings),
        Kind::Role => play_of(&found.path)
            .and_then(|source| Manifest::read_playbook_sources(&[source], settings)),
    };
    let manifest = match read {
        Ok(manifest) => manifest,
        Err(problems) => return (0, all(problems)),
    };
    let mut problems = Vec::new();
    // That there is one host here says nothing of those that a run has.
    let mut crossing = |task: &ManifestTask| {
        let crossings = &task.origin.crossings;
        problems.extend(crossings.iter().map(|crossing| crossing.problem.clone()));
    };
    for play in &manifest.plays {
        play.each_task(&mut crossing);
    }
    let targets = Targets::some_host(LOCALHOST);
    let options = Options { assumed: Arc::new(debian()), ..options.clone() };
    let input = Input { manifest: &manifest, targets: &targets, options: &options };
    match check(&input, Programs::Leave) {
        Ok(Checked { problems: sure, doubts, .. }) => {
            problems.extend(all(sure));
            problems.extend(doubts);
        }
        Err(sure) => problems.extend(all(sure)),
    }
    (manifest.tasks, problems)
}

/// What every host says that hep is made for: a branch that only others take keeps nothing from running.
fn debian() -> Map<String, Value> {
    let facts = [
        ("distribution", "Debian"),
        ("distribution_major_version", "12"),
        ("distribution_release", "bookworm"),
        ("os_family", "Debian"),
        ("pkg_mgr", "apt"),
        ("service_mgr", "systemd"),
        ("system", "Linux"),
    ];
    facts.map(|(name, value)| (name.to_owned(), Value::from(value))).into_iter().collect()
}

/// A playbook that runs a role and nothing else.
fn play_of(role: &Path) -> Result<Arc<Source>, Diagnostics> {
    let path = std::path::absolute(role).unwrap_or_else(|_| role.to_owned());
    let text = format!("- hosts: all\n  roles:\n  - role: {}\n", json!(path.to_string_lossy()));
    Source::from_bytes(role, text.into_bytes())
}

#[cfg(test)]
mod tests;
