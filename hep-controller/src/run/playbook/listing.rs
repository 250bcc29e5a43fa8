//! `--list-tasks`, `--list-tags`, `--list-hosts`: what ansible-playbook shows in place of a run.

use crate::ast::{Entry, ManifestPlay, ManifestTask};
use crate::check::select::Chosen;
use crate::check::{Checked, Input, Programs, check};
use crate::cli::playbook::Selection;
use crate::diagnostic::Diagnostics;
use crate::text::shown;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What is listed of each play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    tasks: bool,
    tags: bool,
    hosts: bool,
}

impl Wanted {
    /// What the options ask for; nothing, if they ask for a run.
    pub(crate) fn of(selection: &Selection) -> Option<Wanted> {
        let Selection { list_tasks: tasks, list_tags: tags, list_hosts: hosts, .. } = *selection;
        (tasks || tags || hosts).then_some(Wanted { tasks, tags, hosts })
    }
}

/// The name of a playbook, before what is said of it.
pub(crate) fn title(playbook: &Path) -> String {
    format!("\nplaybook: {}\n", shown(&playbook.to_string_lossy()))
}

/// The plays of playbooks, as text.
///
/// # Errors
/// What is wrong with the playbooks.
pub(crate) fn listing(
    input: &Input<'_>,
    playbooks: &[PathBuf],
    wanted: Wanted,
) -> Result<String, Diagnostics> {
    let Checked { plays, chosen, problems, .. } = check(input, Programs::Leave)?;
    let mut text: String = playbooks.iter().map(|playbook| title(playbook)).collect();
    for (number, resolved) in (1..).zip(&plays) {
        let play = resolved.play;
        let pattern = shown(play.hosts.as_ref().map_or("all", |spot| spot.text.as_str()));
        let name = play.name.as_deref().map_or_else(|| pattern.clone(), shown);
        text.push_str(&format!("\n  play #{number} ({pattern}): {name}\tTAGS: []\n"));
        if wanted.hosts {
            let members = &input.targets.members;
            let names = resolved.members.iter().filter_map(|member| members.get(*member));
            let names: Vec<String> = names.map(|member| shown(&member.name)).collect();
            text.push_str(&format!("    pattern: ['{pattern}']\n    hosts ({}):\n", names.len()));
            names.iter().for_each(|name| text.push_str(&format!("      {name}\n")));
        }
        text.push_str(&of_tasks(play, &chosen, wanted));
    }
    problems.unless(text)
}

fn of_tasks(play: &ManifestPlay, chosen: &Chosen, wanted: Wanted) -> String {
    let mut tasks = Vec::new();
    collect(&play.entries, chosen, &mut tasks);
    let mut text = String::new();
    if wanted.tasks || wanted.tags {
        text.push_str("    tasks:\n");
    }
    if wanted.tasks {
        for task in &tasks {
            let (title, tags) = (shown(&task.title()), joined(tags(task)));
            text.push_str(&format!("      {title}\tTAGS: [{tags}]\n"));
        }
    }
    if wanted.tags {
        let all = joined(tasks.iter().flat_map(|task| tags(task)));
        text.push_str(&format!("      TASK TAGS: [{all}]\n"));
    }
    text
}

fn tags(task: &ManifestTask) -> impl Iterator<Item = &str> {
    task.control.tags.iter().map(|tag| tag.text.as_str())
}

/// Each once, sorted.
fn joined<'t>(tags: impl Iterator<Item = &'t str>) -> String {
    let tags: BTreeSet<&str> = tags.collect();
    shown(&tags.into_iter().collect::<Vec<_>>().join(", "))
}

fn collect<'p>(entries: &'p [Entry], chosen: &Chosen, found: &mut Vec<&'p ManifestTask>) {
    for entry in entries {
        match entry {
            Entry::Task(task) if chosen.has(task.number) => found.push(task),
            Entry::Task(_) | Entry::Flush => {}
            Entry::Block(block) => {
                for part in [&block.body, &block.rescue, &block.always] {
                    collect(part, chosen, found);
                }
            }
        }
    }
}
