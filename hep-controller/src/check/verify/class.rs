//! What all hosts of a class have in common: names, and values as far as they are known.

use super::{HostClass, Verifier};
use crate::ast::Manifest;
use crate::check::Input;
use crate::check::magic;
use crate::check::resolve::ResolvedPlay;
use crate::check::scope::{Assumed, Layer, Others};
use crate::check::targets::Hosts;
use crate::expression::{self, Origin, Shape};
use hep_protocol::dialect::Dialect;
use hep_protocol::expression::{Layers, Rank, Variables};
use hep_protocol::plan::RunMode;
use serde_json::{Map, Value, json};
use std::path::Path;
use std::sync::Arc;

impl Verifier<'_, '_> {
    /// `results` are names that results have anywhere.
    pub(super) fn class(
        &self,
        resolved: &ResolvedPlay<'_>,
        members: &[usize],
        results: &[&str],
    ) -> HostClass {
        let Input { targets, options, .. } = self.input;
        let member = members.first().and_then(|member| targets.members.get(*member));
        let vars = member.map(|member| member.vars.clone()).unwrap_or_default();
        let (play, extra) = (resolved.layers(), options.extra.vars());
        let mut built_in = Map::new();
        if let Some(member) = member {
            built_in.insert("host".to_owned(), json!(member.name));
            built_in.insert("group_names".to_owned(), json!(member.groups));
        }
        built_in.insert("groups".to_owned(), Value::Object(targets.groups.clone()));
        built_in.insert("check_mode".to_owned(), json!(options.mode == RunMode::Check));
        let mut names = expression::Known::of_every_host();
        for (name, _) in hep_protocol::names::BUILT_IN {
            if name != "facts" {
                names.add(name, Origin::Fact, Shape::Any);
            }
        }
        for map in [&vars, &extra].into_iter().chain(play.iter().map(|(_, map)| map)) {
            map.iter()
                .for_each(|(name, value)| names.add(name, Origin::Variable, Shape::of(value)));
        }
        // Names may be those of hosts that nobody knows of.
        let incomplete = resolved.incomplete || targets.hosts == Hosts::Unreadable;
        if incomplete {
            names.be_silent();
        }
        if targets.hosts == Hosts::NotNamed {
            names.miss_hosts();
        }
        if let Some(base) = targets.base() {
            for kind in ["group_vars", "host_vars"] {
                let real = |directory: &Path| directory.join(kind).canonicalize().ok();
                let beside = Manifest::directory(&self.input.manifest.source);
                if real(&beside).is_some_and(|beside| real(base) != Some(beside)) {
                    let base = if base == Path::new("") { Path::new(".") } else { base };
                    names.advise(format!(
                        "`{kind}` next to the manifest is not read, only next to the inventory, in `{}`",
                        base.display()
                    ));
                }
            }
        }
        explain(&mut names, results);
        let layers = match self.input.manifest.dialect {
            Dialect::Hep => Layers::default()
                .with(Rank::Facts, Layer::Facts)
                .with(Rank::BuiltIn, Layer::Plain(built_in)),
            Dialect::Ansible => self.foreign(resolved, members),
        };
        let layers =
            layers.with(Rank::Inventory, Variables(vars)).with(Rank::Extra, Variables(extra));
        let with = |layers: Layers, (rank, map)| layers.with(rank, Variables(map));
        let layers = play.into_iter().fold(layers, with);
        HostClass { layers, names, incomplete }
    }

    /// What a class of hosts has in Ansible's dialect beside variables.
    fn foreign(&self, resolved: &ResolvedPlay<'_>, members: &[usize]) -> Layers {
        let targets = self.input.targets;
        let mut magic = magic::of_play(self.input, resolved);
        magic.insert("groups".to_owned(), Value::Object(targets.groups.clone()));
        let first = members.first().and_then(|at| Some((*at, targets.members.get(*at)?)));
        let Some((at, member)) = first else { return Layers::default() };
        let short = member.name.split('.').next().unwrap_or_default();
        magic.insert("inventory_hostname".to_owned(), json!(member.name));
        magic.insert("inventory_hostname_short".to_owned(), json!(short));
        magic.insert("group_names".to_owned(), json!(member.groups));
        let others = targets.members.iter().map(|other| other.name.clone());
        let others = others.filter(|other| *other != member.name).collect();
        let hosts = Others { name: member.name.clone(), others };
        let mut layers = Layers::default()
            .with(
                Rank::Inventory,
                Variables(magic::of_connection(self.input, std::slice::from_ref(resolved), at)),
            )
            .with(
                Rank::HostFacts,
                Layer::Gathered(Assumed(Arc::clone(&self.input.options.assumed))),
            )
            .with(Rank::Magic, Layer::HostVars(Arc::new(hosts)))
            .with(Rank::Magic, Layer::Plain(magic));
        if !resolved.play.batching.serial.is_empty() {
            let later = Layer::later(magic::BATCH.map(str::to_owned), "the host's batch");
            layers.add(Rank::Magic, Arc::new(later));
        }
        layers
    }
}

/// What is said of names that are not in scope, though they exist elsewhere.
fn explain(names: &mut expression::Known<'_>, results: &[&str]) {
    for name in results {
        names.explain(
            name,
            "it is known after the task that registers it: move that task before this one",
        );
    }
    names.explain(
        "item",
        "it exists only in a task with `loop`, unless `loop_control` gives it another name",
    );
    let result = "it exists only in `until`, `changed_when` and `failed_when`: elsewhere write `register: NAME`, and use `NAME` in the tasks after it";
    names.explain("result", result);
}
