//! Which element of a merged loop a change belongs to: told by dpkg's database before and after.

use crate::planned::Planned;
use crate::sys::packages::{
    After, Database, Delta, Entry, Options, PackageAction, Transact, Transaction, Verb, Version,
};
use hep_protocol::action::Action;
use hep_protocol::outcome::Change;
use hep_protocol::task::apt::{self, Apt};
use hep_protocol::value::Package;
use std::collections::BTreeMap;
use std::time::Duration;

/// The changes of each element: what it names is its own, and what came along belongs to the first element that has
/// anything.
pub(super) fn shares(elements: &[&Apt], before: &Database, after: &Database) -> Vec<Vec<Change>> {
    let gone = match elements.first().map(|apt| apt.action) {
        Some(apt::Action::Purge) => After::Purged,
        Some(
            apt::Action::Install
            | apt::Action::Latest
            | apt::Action::Remove
            | apt::Action::BuildDep,
        )
        | None => After::Removed,
    };
    let (deltas, manual) = differences(before, after, &gone);
    let mut own: Vec<Vec<Delta>> = vec![Vec::new(); elements.len()];
    let mut others = Vec::new();
    for delta in deltas {
        let provides = after.get(&delta.name, None).map_or(&[][..], |entry| &entry.provides);
        let by_name = place(elements, |name| name == delta.name);
        let found =
            by_name.or_else(|| place(elements, |name| provides.iter().any(|own| own == name)));
        match found.and_then(|at| own.get_mut(at)) {
            Some(share) => share.push(delta),
            None => others.push(delta),
        }
    }
    let first = own.iter().position(|share| !share.is_empty()).unwrap_or_default();
    let mut shares = Vec::new();
    for (at, deltas) in own.iter().enumerate() {
        let along = if at == first { std::mem::take(&mut others) } else { Vec::new() };
        let marked = manual.iter().filter(|name| place(elements, |own| own == **name) == Some(at));
        let names: Vec<String> = marked.cloned().collect();
        let is_marked = !names.is_empty();
        let mark = PackageAction::MarkManual { names, patience: Duration::ZERO };
        let mark = is_marked.then_some(mark);
        let actions = transacted(deltas, along).into_iter().chain(mark);
        let change = |action| Planned::new(Action::Package(action)).change();
        shares.push(actions.map(change).collect());
    }
    shares
}

/// What apt has done for an element, if anything.
fn transacted(own: &[Delta], along: Vec<Delta>) -> Option<PackageAction> {
    let (foreseen, asked) = ([own, &along].concat(), own.len());
    let verb = Verb::Install;
    let transaction = Transaction { verb, targets: Vec::new(), options: Options::default() };
    let transact = PackageAction::Transact(Box::new(Transact { transaction, foreseen, asked }));
    (!own.is_empty() || !along.is_empty()).then_some(transact)
}

/// The first element that names a package for which this holds.
fn place(elements: &[&Apt], names: impl Fn(&str) -> bool) -> Option<usize> {
    elements.iter().position(|apt| {
        apt.package.iter().any(|package| match package {
            Package::Named { name, .. } => names(name.as_str()),
            Package::File(_) => false,
        })
    })
}

/// What is different, and which packages are wanted for themselves now.
fn differences(before: &Database, after: &Database, gone: &After) -> (Vec<Delta>, Vec<String>) {
    let old: BTreeMap<_, _> = before.iter().map(|entry| (key(entry), entry)).collect();
    let new: BTreeMap<_, _> = after.iter().map(|entry| (key(entry), entry)).collect();
    let (mut deltas, mut manual) = (Vec::new(), Vec::new());
    for ((name, arch), entry) in &new {
        let known = old.get(&(*name, *arch)).copied();
        let from = known.and_then(version);
        let to = match (version(entry), &from) {
            (Some(to), Some(from)) if to == *from => {
                if known.is_some_and(|old| old.auto) && !entry.auto {
                    manual.push((*name).to_owned());
                }
                continue;
            }
            (Some(to), _) if to.as_str().is_empty() => After::Unforeseen,
            (Some(to), _) => After::Version(to),
            (None, Some(_)) => gone.clone(),
            (None, None) => continue,
        };
        deltas.push(Delta { name: (*name).to_owned(), arch: (*arch).to_owned(), from, to });
    }
    for ((name, arch), entry) in &old {
        if !new.contains_key(&(*name, *arch)) {
            let (from, to) = (version(entry), gone.clone());
            // What has no configuration is forgotten when it is removed; a purge may have had nothing else to take.
            let to = if from.is_none() { After::Purged } else { to };
            deltas.push(Delta { name: (*name).to_owned(), arch: (*arch).to_owned(), from, to });
        }
    }
    (deltas, manual)
}

fn key(entry: &Entry) -> (&str, &str) {
    (&entry.name, &entry.arch)
}

/// The version that is there.
fn version(entry: &Entry) -> Option<Version> {
    entry.is_present().then(|| entry.version.clone())
}
