//! From a draft to an inventory: who is in which group, and whose variables win.
//!
//! The order is Ansible's: `all` in the files, groups in the files, `all` in `group_vars`, groups in `group_vars` (of each,
//! beside the inventory, then beside the playbook), then the host in the files and in `host_vars`. Groups rank by depth below `all`, then priority, then name.

use super::connection::{self, Connecting, Miss};
use super::draft::{ALL, Draft, DraftGroup, DraftHost, UNGROUPED};
use super::nesting;
use super::{Group, Host, Inventory, Surroundings, Variable};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::host::LOCALHOST;
use crate::remote::Transport;
use hep_protocol::dialect::Dialect;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How often hosts may be in groups, all hosts together: expressions see each of them.
const MAX_MEMBERSHIPS: usize = 1_000_000;

/// The inventory that a draft comes to.
///
/// # Errors
/// Every mistake, those of reading included.
pub(super) fn resolve(
    mut draft: Draft,
    path: &Path,
    extra: &Map<String, Value>,
    around: &Surroundings,
) -> Result<Inventory, Diagnostics> {
    draft.undeclared().into_iter().for_each(|problem| draft.problems.push(problem));
    nesting::link(&mut draft);
    draft.gather_below_all();
    settle_ungrouped(&mut draft);
    let mut problems = std::mem::take(&mut draft.problems);
    let dialect = draft.dialect;
    // Ansible runs plays for this machine without any inventory.
    if draft.hosts.is_empty() && problems.is_empty() && dialect == Dialect::Hep {
        let hint = match draft.groups.get(UNGROUPED + 1) {
            Some(group) => format!(
                "`{}` is a group: hosts go below its `hosts:` in YAML, on lines below `[{0}]` otherwise",
                group.name
            ),
            None => "write a name or an address on each line".to_owned(),
        };
        problems.push(Diagnostic::of_file(path, "the hosts file names no host").hint(hint));
    }
    let depths = depths(&draft.groups);
    if let Some(problem) = nesting::too_deep(&draft, &depths) {
        problems.push(problem);
        return Err(problems);
    }
    let shown = |variable: &Arc<Variable>| {
        dialect == Dialect::Ansible || !connection::is_secret(&variable.name)
    };
    let connecting = Connecting { dialect, extra, around };
    let mut misses = Vec::new();
    let (mut hosts, mut memberships) = (Vec::with_capacity(draft.hosts.len()), 0);
    for host in &draft.hosts {
        let mut settled = settled(host, &draft, &depths);
        memberships += settled.groups.len();
        if memberships > MAX_MEMBERSHIPS {
            let message = format!("hosts are in groups more than {MAX_MEMBERSHIPS} times");
            let hint = "use fewer groups that contain all hosts of others";
            problems.push(Diagnostic::of_file(path, message).hint(hint));
            return Err(problems);
        }
        misses.extend(connection::resolve(&mut settled, host, &connecting, &mut problems));
        settled.vars.retain(shown);
        hosts.push(settled);
    }
    let mut localhost = implicit(&mut draft, &connecting, &mut problems);
    localhost.vars.retain(shown);
    let groups = draft.groups.into_iter().map(|group| {
        let mut vars = group.vars.into_all();
        vars.retain(shown);
        Group { name: group.name, children: group.children, hosts: group.hosts, vars }
    });
    let mut warnings = draft.warnings;
    warnings.extend(about(&misses));
    let (groups, base) = (groups.collect(), PathBuf::new());
    problems.unless(Inventory { dialect, hosts, groups, localhost, warnings, base })
}

/// This machine, as it is where no file names it. To Ansible the variables of `all` and its own concern it as any host.
fn implicit(draft: &mut Draft, connecting: &Connecting<'_>, problems: &mut Diagnostics) -> Host {
    let mut host = Host {
        name: LOCALHOST.to_owned(),
        address: LOCALHOST.to_owned(),
        vars: merged(&[ALL], &draft.groups),
        ..Host::default()
    };
    match draft.dialect {
        Dialect::Hep => {}
        Dialect::Ansible => {
            let vars = std::mem::take(&mut draft.implicit);
            let of = DraftHost::implicit(vars);
            host.vars.extend(of.vars.in_order());
            connection::resolve(&mut host, &of, connecting, problems);
            host.address = LOCALHOST.to_owned();
        }
    }
    host.transport = Some(Transport::Local);
    host
}

/// A word about each name by which a setting was most likely meant, with the first place.
fn about(misses: &[Miss]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let first = misses.iter().filter(|miss| seen.insert(miss.variable.name.as_str()));
    let word = |Miss { variable, meant: (short, long) }: &Miss| {
        let name = &variable.name;
        let hosts = misses.iter().filter(|miss| miss.variable.name == *name).count();
        let more = match hosts - 1 {
            0 => String::new(),
            1 => ", and 1 more host".to_owned(),
            more => format!(", and {more} more hosts"),
        };
        let meant = match short {
            Some(short) => format!("`{short}`, or `{long}` in YAML"),
            None => format!("`{long}`"),
        };
        let origin = &variable.origin;
        format!(
            "`{name}` is a variable to hep ({origin}{more}): did you mean {meant}? saying that too ends this warning"
        )
    };
    first.map(word).collect()
}

/// In `ungrouped` are those hosts that are in no other group but `all`.
fn settle_ungrouped(draft: &mut Draft) {
    for (number, host) in draft.hosts.iter_mut().enumerate() {
        let Some(ungrouped) = draft.groups.get_mut(UNGROUPED) else { return };
        let grouped = host.groups.iter().any(|group| *group != ALL && *group != UNGROUPED);
        let there = host.groups.contains(&UNGROUPED);
        if grouped && there {
            host.groups.retain(|group| *group != UNGROUPED);
            ungrouped.hosts.retain(|host| *host != number);
        } else if !grouped && !there {
            host.groups.push(UNGROUPED);
            ungrouped.hosts.push(number);
        }
    }
}

/// How many groups each is below `all`, on the longest way.
fn depths(groups: &[DraftGroup]) -> Vec<usize> {
    let mut depths = vec![0_usize; groups.len()];
    let mut missing: Vec<usize> = groups.iter().map(|group| group.parents.len()).collect();
    let mut open = vec![ALL];
    while let Some(number) = open.pop() {
        let depth = depths.get(number).copied().unwrap_or_default();
        for child in groups.get(number).into_iter().flat_map(|group| &group.children) {
            if let (Some(known), Some(missing)) = (depths.get_mut(*child), missing.get_mut(*child))
            {
                *known = depth.saturating_add(1).max(*known);
                *missing = missing.saturating_sub(1);
                if *missing == 0 {
                    open.push(*child);
                }
            }
        }
    }
    depths
}

/// A host with its groups and variables; how to reach it is open.
fn settled(host: &DraftHost, draft: &Draft, depths: &[usize]) -> Host {
    let mut groups: BTreeSet<usize> = host.groups.iter().copied().collect();
    let mut open = host.groups.clone();
    while let Some(number) = open.pop() {
        let parents = draft.groups.get(number).into_iter().flat_map(|group| &group.parents);
        open.extend(parents.filter(|parent| groups.insert(**parent)));
    }
    groups.insert(ALL);
    let mut ranked: Vec<usize> = groups.into_iter().collect();
    ranked.sort_by_key(|number| {
        let rank = draft.groups.get(*number).map(|group| (group.priority, group.name.as_str()));
        (*number != ALL, depths.get(*number).copied(), rank)
    });
    let mut names: Vec<String> = ranked
        .iter()
        .filter(|number| **number != ALL)
        .map(|number| draft.group_name(*number).to_owned())
        .collect();
    names.sort();
    let mut vars = merged(&ranked, &draft.groups);
    vars.extend(host.vars.in_order());
    Host { name: host.name.clone(), groups: names, vars, ..Host::default() }
}

/// The definitions of groups from the weakest, `all`, to the strongest. One of `group_vars` beats those in the files, one
/// of all hosts is weaker than any of a group wherever it is, and those beside a later inventory beat those beside an
/// earlier one.
fn merged(ranked: &[usize], groups: &[DraftGroup]) -> Vec<Arc<Variable>> {
    let ranked: Vec<&DraftGroup> = ranked.iter().filter_map(|number| groups.get(*number)).collect();
    let (all, others) = ranked.split_at(1.min(ranked.len()));
    let last = ranked.iter().filter_map(|group| group.vars.beside.keys().next_back()).max();
    let inventories = 0..last.map_or(0, |last| last + 1);
    let mut vars: Vec<&Arc<Variable>> =
        ranked.iter().flat_map(|group| &group.vars.inline).collect();
    for groups in [all, others] {
        for number in inventories.clone() {
            vars.extend(groups.iter().flat_map(|group| group.vars.beside(number)));
        }
        vars.extend(groups.iter().flat_map(|group| &group.vars.playbook));
    }
    vars.into_iter().cloned().collect()
}
