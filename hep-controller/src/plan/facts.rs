//! Which facts of `setup` a run reads, by their collectors, and which of Ansible's magic variables: no others are gathered and
//! sent. A name counts as read wherever it stands as a word; where names are computed, all are read.

use super::reads;
use crate::check::magic;
use crate::local_files::contents::Contents;
use crate::secrets::leaves::{self, Leaf};
use hep_protocol::blob::Source;
use hep_protocol::dialect::Dialect;
use hep_protocol::facts::setup::{ALL, Collector, OF_MODULES, PREFIX, collector_of};
use hep_protocol::plan::{HostPart, Plan, Task};
use hep_protocol::task::setup;
use std::collections::BTreeSet;
use std::fs;

/// What a plan reads.
pub(super) struct Read {
    /// The collectors of facts; `None`: it may read any.
    pub(super) facts: Option<BTreeSet<Collector>>,
    /// Magic variables.
    pub(super) magic: BTreeSet<&'static str>,
}

impl Read {
    /// What is read by plays of this dialect; hep's own has no magic variables.
    pub(super) fn by(
        dialect: Dialect,
        plan: &Plan,
        hosts: &[HostPart],
        contents: &Contents,
    ) -> Read {
        let tasks = || plan.plays.iter().flat_map(|play| &play.tasks);
        let gathers = tasks().any(|task| task.spec.about().name == setup::ABOUT.name);
        if dialect == Dialect::Hep && !gathers {
            return Read { facts: Some(BTreeSet::new()), magic: BTreeSet::new() };
        }
        let (mut names, mut all) = (Names::default(), false);
        let mut text = |text: &str| all |= names.of_text(text) == Extent::All;
        let mut looked: Result<(), _> =
            plan.plays.iter().try_for_each(|play| reads::texts(play, &mut text));
        let mut leaf = |leaf: Leaf<'_>| {
            if let Leaf::Text(of) = leaf {
                text(of);
            }
        };
        looked = looked.and(leaves::visit(&(&plan.settings, hosts), &mut leaf));
        for path in tasks().flat_map(|task| templates(task, contents)) {
            let content = fs::read(path).unwrap_or_default();
            text(&String::from_utf8_lossy(&content));
        }
        // What cannot be looked through may read anything.
        all |= looked.is_err();
        let Names { facts, magic } = names;
        let facts = if gathers { (!all).then_some(facts) } else { Some(BTreeSet::new()) };
        Read { facts, magic: if all { magic::NAMES.into() } else { magic } }
    }
}

fn templates(task: &Task, contents: &Contents) -> Vec<std::path::PathBuf> {
    let files = task.sources.iter().filter(|_| task.spec.has_template());
    let files = files.filter_map(|named| match &named.source {
        Source::File(file) => contents.get(&file.digest),
        Source::Tree { .. } => None,
    });
    files.map(|content| content.path.clone()).collect()
}

/// How much a text reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    /// What it names.
    Named,
    /// Any of the facts.
    All,
}

#[derive(Debug, Default)]
struct Names {
    facts: BTreeSet<Collector>,
    magic: BTreeSet<&'static str>,
}

impl Names {
    fn of_text(&mut self, text: &str) -> Extent {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let mut rest = text;
        while let Some(start) = rest.find(is_part) {
            let (before, from) = rest.split_at(start);
            let (word, after) = from.split_at(from.find(|c| !is_part(c)).unwrap_or(from.len()));
            let quoted = before.ends_with(['\'', '"', '.']) && after.starts_with(['\'', '"']);
            let after_blanks = after.trim_start();
            let is_computed = match word {
                "hostvars" | PREFIX => true,
                ALL => {
                    let name = below(after_blanks);
                    let collector = name.and_then(collector_of);
                    self.facts.extend(collector);
                    collector.is_none() && !name.is_some_and(|name| OF_MODULES.contains(&name))
                }
                "vars" | "varnames" => {
                    quoted
                        || (after_blanks.starts_with(['[', '|']) && below(after_blanks).is_none())
                }
                _ => {
                    let magic = magic::NAMES.iter().find(|name| **name == word);
                    self.magic.extend(magic);
                    // What is not known by its name may be an interface's.
                    let bare = word.strip_prefix(PREFIX).filter(|_| magic.is_none());
                    let collector =
                        bare.map(|bare| collector_of(bare).unwrap_or(Collector::Network));
                    self.facts.extend(collector);
                    false
                }
            };
            if is_computed {
                return Extent::All;
            }
            rest = after;
        }
        Extent::Named
    }
}

/// The name in `.name` or `['name']`.
fn below(text: &str) -> Option<&str> {
    let end = |text: &str| text.find(|c: char| !c.is_alphanumeric() && c != '_');
    if let Some(name) = text.strip_prefix('.') {
        return name.get(..end(name).unwrap_or(name.len())).filter(|name| !name.is_empty());
    }
    let text = text.strip_prefix('[')?.trim_start();
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let (name, _) = text.get(1..)?.split_once(quote)?;
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_read_where_their_names_stand() {
        use Collector::{Distribution, Local, Memory, Network};
        let check = |text: &str, expected: &[Collector]| {
            let mut read = Names::default();
            assert_eq!(read.of_text(text), Extent::Named, "{text}");
            assert_eq!(read.facts.into_iter().collect::<Vec<_>>(), expected, "{text}");
        };
        check("nothing but words, vars/main.yml and packages", &[]);
        check("ansible_os_family == 'Debian' and x", &[Distribution]);
        check(
            "{{ ansible_facts.os_family }} {{ ansible_facts['memtotal_mb'] }}",
            &[Distribution, Memory],
        );
        check("{{ ansible_facts [ \"local\" ].a.os_family }}", &[Local]);
        check("vars/{{ ansible_distribution }}.yml", &[Distribution]);
        check("{{ ansible_my_bridge.ipv4 }}", &[Network]);
        check("{{ ansible_play_hosts }} {{ ansible_version.full }}", &[]);
        check("{{ vars['ansible_distribution'] }}", &[Distribution]);
        check("{{ ansible_facts.packages.bash }} {{ ansible_facts['services'] }}", &[]);
    }

    #[test]
    fn computed_names_read_all_facts() {
        let check = |text: &str| {
            assert_eq!(Names::default().of_text(text), Extent::All, "{text}");
        };
        for text in ["{{ ansible_facts }}", "ansible_facts[x]", "ansible_facts | dict2items"] {
            check(text);
        }
        for text in ["ansible_facts.get('x')", "hostvars['a'].b", "'ansible_' ~ item", "vars[x]"] {
            check(text);
        }
        for text in ["lookup('vars', x)", "query('ansible.builtin.varnames', '.+')", "vars | list"]
        {
            check(text);
        }
    }
}
