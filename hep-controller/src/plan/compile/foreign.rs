//! What a plan in Ansible's dialect has beside its texts: the magic variables that some text reads.

use crate::check::Input;
use crate::check::magic::{self, BATCH};
use crate::check::resolve::ResolvedPlay;
use crate::plan::batches::Batch;
use hep_protocol::expression::Rank;
use hep_protocol::plan::{HostPart, Plan};
use hep_protocol::value::Json;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// What is known of a plan before its hosts are told.
pub(super) struct Known<'k> {
    pub(super) input: &'k Input<'k>,
    pub(super) plays: &'k [ResolvedPlay<'k>],
    pub(super) batches: &'k [Batch],
    /// The magic variables that are read.
    pub(super) read: &'k BTreeSet<&'static str>,
    /// The hosts' numbers among the targets.
    pub(super) members: &'k [usize],
}

/// Gives plays and hosts the magic variables that are read.
pub(super) fn tell(known: &Known<'_>, plan: &mut Plan, parts: &mut [HostPart]) {
    let Known { input, plays, batches, read, members } = known;
    let is_read = |name: &str| read.contains(name);
    for (play, resolved) in plan.plays.iter_mut().zip(*plays) {
        let mut layer = magic::of_play(input, resolved);
        layer.retain(|name, _| is_read(name));
        if !layer.is_empty() {
            play.layers.push((Rank::Magic, Json(Value::Object(layer))));
        }
    }
    for (member, part) in members.iter().zip(parts.iter_mut()) {
        add(
            part,
            magic::of_connection(input, plays, *member)
                .into_iter()
                .filter(|(name, _)| is_read(name)),
        );
    }
    if !BATCH.into_iter().any(is_read) {
        return;
    }
    for batch in *batches {
        let names = batch.hosts.iter().filter_map(|at| parts.get(*at)).map(|part| &*part.name);
        let names: Value = names.collect();
        for at in &batch.hosts {
            if let Some(part) = parts.get_mut(*at) {
                add(part, BATCH.map(|name| (name.to_owned(), names.clone())).into_iter());
            }
        }
    }
}

/// Gives a host variables that it has not.
fn add(part: &mut HostPart, vars: impl Iterator<Item = (String, Value)>) {
    let mut all = part.vars.entries().cloned().unwrap_or_else(Map::new);
    for (name, value) in vars {
        all.entry(name).or_insert(value);
    }
    if !all.is_empty() {
        part.vars = Json(Value::Object(all));
    }
}
