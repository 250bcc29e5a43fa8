//! What a manifest holds and what variables a host has, as text for a person.

use crate::ast::{Entry, Manifest, ManifestBlock, ManifestTask};
use crate::check::Input;
use crate::check::select;
use crate::check::variables::{self, Definition};
use crate::diagnostic::Diagnostics;
use hep_protocol::expression::{Language, has_expression};
use std::collections::BTreeSet;

/// The plays, tasks and handlers that would be run, each with its tags.
///
/// # Errors
/// The mistakes of the manifest, and what is wrong with the choice.
pub(crate) fn listing(input: &Input<'_>) -> Result<String, Diagnostics> {
    let Input { manifest, options, .. } = input;
    let chosen = select::choose(manifest, &options.choice)?;
    let mut lines = Vec::new();
    for (number, play) in (1..).zip(&manifest.plays) {
        let name = play.name.as_deref().map_or(String::new(), |name| format!(" {name}"));
        let hosts = play.hosts.as_ref().map_or("all", |hosts| hosts.text.as_str());
        lines.push(format!("play {number}:{name} (hosts: {hosts})"));
        let mut show = |task: &ManifestTask, tags: &BTreeSet<String>, depth: usize| {
            lines.push(line(task, tags, depth));
        };
        let mut wanted = |task: &ManifestTask, tags: &BTreeSet<String>, depth: usize| {
            if chosen.has(task.number) {
                show(task, tags, depth);
            }
        };
        walk(&play.entries, &BTreeSet::new(), 1, &mut wanted);
        if !play.handlers.is_empty() {
            lines.push("  handlers:".to_owned());
        }
        for handler in &play.handlers {
            lines.push(line(handler, &select::tags(&BTreeSet::new(), &handler.control.tags), 2));
        }
    }
    Ok(lines.into_iter().map(|line| line + "\n").collect())
}

/// All tags of a manifest, and the names of its tasks in order, without those that hold expressions.
pub(crate) fn tags_and_titles(manifest: &Manifest) -> (BTreeSet<String>, Vec<String>) {
    let (mut all, mut titles) = (BTreeSet::new(), Vec::new());
    for play in &manifest.plays {
        let mut note = |task: &ManifestTask, tags: &BTreeSet<String>, _| {
            all.extend(tags.iter().cloned());
            titles.push(task.title().to_owned());
        };
        walk(&play.entries, &BTreeSet::new(), 1, &mut note);
    }
    titles.retain(|title| !has_expression(title));
    (all, titles)
}

fn line(task: &ManifestTask, tags: &BTreeSet<String>, depth: usize) -> String {
    let indent = "  ".repeat(depth);
    let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    let tags = if tags.is_empty() { String::new() } else { format!("  [{}]", tags.join(", ")) };
    format!("{indent}{}{tags}", task.title())
}

fn walk(
    entries: &[Entry],
    around: &BTreeSet<String>,
    depth: usize,
    show: &mut dyn FnMut(&ManifestTask, &BTreeSet<String>, usize),
) {
    for entry in entries {
        match entry {
            Entry::Task(task) => show(task, &select::tags(around, &task.control.tags), depth),
            Entry::Block(block) => {
                let ManifestBlock { control, body, rescue, always, .. } = block.as_ref();
                let tags = select::tags(around, &control.tags);
                for part in [body, rescue, always] {
                    walk(part, &tags, depth, show);
                }
            }
            Entry::Flush => {}
        }
    }
}

/// Every variable that a host has in a run of the manifest, with where each of its values comes from: the strongest, which
/// counts, first.
///
/// # Errors
/// Mistakes of the manifest, and files of variables that cannot be read.
pub(crate) fn show_vars(input: &Input<'_>, member: usize) -> Result<String, Diagnostics> {
    let Input { manifest, targets, options } = input;
    // A secret that cannot be hidden is among them.
    let mut problems = manifest.problems.clone();
    let language = Language::of(manifest.dialect);
    let host = targets.members.get(member);
    let mut weakest_first: Vec<Definition> =
        host.map(|host| host.definitions.clone()).unwrap_or_default();
    for play in &manifest.plays {
        let pattern = play.hosts.as_ref().map(|hosts| hosts.text.as_str());
        let meant = targets.select(pattern);
        if meant.is_ok_and(|meant| meant.contains(&member)) {
            let name = play.name.as_deref().map_or(String::new(), |name| format!(" ({name})"));
            let named = variables::of_play(play, &options.extra, &language, &mut problems);
            weakest_first.extend(named.into_iter().map(|one| {
                let origin = format!("{}{name}", one.origin);
                Definition { origin, ..one }
            }));
        }
    }
    weakest_first.extend(options.extra.definitions.iter().cloned());
    let mut names: Vec<&str> = weakest_first.iter().map(|one| one.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let mut text = String::new();
    for name in names {
        let values = weakest_first.iter().rev().filter(|one| one.name == name);
        for (number, one) in values.enumerate() {
            let line = if number == 0 {
                format!("{name}: {}  # {}\n", one.value, one.origin)
            } else {
                format!("  # hides {}, from {}\n", one.value, one.origin)
            };
            text.push_str(&line);
        }
    }
    if text.is_empty() {
        text.push_str("no variables\n");
    }
    problems.unless(text)
}
