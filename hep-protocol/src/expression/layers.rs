//! Which of several values a name stands for: layers of names, one above the other. Both sides look names up here, so
//! precedence is written once, in [`Rank`].

use super::{Found, Lookup, Scope, Trouble, TroubleKind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// How strong the names of a layer are, from the weakest on. Of layers of one rank the later one is stronger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Rank {
    /// What hep finds out on the host.
    Facts,
    /// Names that every expression may use.
    BuiltIn,
    /// The defaults of roles.
    RoleDefaults,
    /// The inventory's variables.
    Inventory,
    /// Facts by names of their own, which beat those of the inventory: Ansible's `ansible_hostname`.
    HostFacts,
    /// The play's.
    Play,
    /// The variables of roles.
    RoleVars,
    /// Those of blocks, and of the task in them.
    Task,
    /// What `include_vars` read.
    IncludedVars,
    /// Results and variables that tasks gave.
    Registered,
    /// What a role or an include was given.
    Params,
    /// What only the run itself can say: Ansible's `inventory_hostname`.
    Magic,
    /// The command line's.
    Extra,
    /// A loop's, and a task's own result.
    Local,
}

/// Names in layers. Cloning shares the layers.
#[derive(Clone, Debug, Default)]
pub struct Layers(
    /// The strongest first.
    Vec<(Rank, Arc<dyn Scope>)>,
);

impl Layers {
    /// Puts a layer at its place, above those of the same rank.
    pub fn add(&mut self, rank: Rank, layer: Arc<dyn Scope>) {
        let at = self.0.partition_point(|(other, _)| *other > rank);
        self.0.insert(at, (rank, layer));
    }

    /// The layers of these ranks.
    #[must_use]
    pub fn only(&self, ranks: &[Rank]) -> Self {
        Self(self.0.iter().filter(|(rank, _)| ranks.contains(rank)).cloned().collect())
    }

    /// With one more layer.
    #[must_use]
    pub fn with(mut self, rank: Rank, layer: impl Scope + 'static) -> Self {
        self.add(rank, Arc::new(layer));
        self
    }
}

impl Scope for Layers {
    fn get(&self, name: &str) -> Option<Found> {
        self.0.iter().find_map(|(_, layer)| layer.get(name))
    }

    /// What a layer knows, or what was answered before and travelled as a variable.
    fn answer(&self, asked: &Lookup) -> Option<Result<Vec<Json>, Trouble>> {
        let known = || {
            let found = match self.get(ANSWERS)? {
                Found::Raw(known) | Found::Plain(known) => known.get(asked.key()).cloned()?,
                Found::Ready(_)
                | Found::Unknown(_)
                | Found::Partial { .. }
                | Found::Names(_)
                | Found::Failed(_) => return None,
            };
            Some(answered(found))
        };
        self.0.iter().find_map(|(_, layer)| layer.answer(asked)).or_else(known)
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().flat_map(|(_, layer)| layer.names()).collect()
    }
}

/// The variable that holds what lookups were answered with, by [`Lookup::key`]: a list each, or a text that tells why there is
/// none. Nobody can write this name.
pub const ANSWERS: &str = "answers of lookups";

fn answered(found: Json) -> Result<Vec<Json>, Trouble> {
    match found {
        Json::Array(found) => Ok(found),
        Json::String(why) => Err(Trouble::new(TroubleKind::Other, why)),
        other => Ok(vec![other]),
    }
}

/// A layer of variables, whose texts may hold expressions.
#[derive(Clone, Debug, Default)]
pub struct Variables(pub Map<String, Json>);

impl Scope for Variables {
    fn get(&self, name: &str) -> Option<Found> {
        self.0.get(name).cloned().map(Found::Raw)
    }

    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(value: &str) -> Variables {
        Variables(Map::from_iter([("x".to_owned(), value.into()), (value.to_owned(), 1.into())]))
    }

    #[test]
    fn the_strongest_and_then_the_latest_layer_gives_a_name() {
        let layers = Layers::default();
        let layers = layers.with(Rank::Task, layer("block")).with(Rank::Facts, layer("fact"));
        let layers = layers.with(Rank::Task, layer("task")).with(Rank::Play, layer("play"));
        let value = |layers: &Layers| match layers.get("x") {
            Some(Found::Raw(value)) => value,
            other => panic!("{other:?}"),
        };
        assert_eq!(value(&layers), "task");
        assert_eq!(value(&layers.clone().with(Rank::Local, layer("loop"))), "loop");
        assert!(layers.get("fact").is_some() && layers.get("nope").is_none());
        let names = layers.names();
        let names: Vec<&str> =
            names.iter().map(String::as_str).filter(|name| *name != "x").collect();
        assert_eq!(names, ["task", "block", "play", "fact"]);
    }

    #[test]
    fn ranks_are_in_the_order_of_precedence() {
        use Rank::{
            BuiltIn, Extra, Facts, HostFacts, IncludedVars, Inventory, Local, Magic, Params, Play,
            Registered, RoleDefaults, RoleVars, Task,
        };
        let ranks = [
            (Facts, "facts"),
            (BuiltIn, "built_in"),
            (RoleDefaults, "role_defaults"),
            (Inventory, "inventory"),
            (HostFacts, "host_facts"),
            (Play, "play"),
            (RoleVars, "role_vars"),
            (Task, "task"),
            (IncludedVars, "included_vars"),
            (Registered, "registered"),
            (Params, "params"),
            (Magic, "magic"),
            (Extra, "extra"),
            (Local, "local"),
        ];
        let mut layers = Layers::default();
        for (weaker, (rank, name)) in ranks.iter().enumerate().rev() {
            layers.add(*rank, Arc::new(layer(name)));
            let strongest = ranks.last().map(|(_, name)| *name);
            let found = layers.get("x").map(|found| format!("{found:?}"));
            assert_eq!(found, strongest.map(|name| format!("Raw(String({name:?}))")));
            assert!(ranks.iter().take(weaker).all(|(below, _)| below < rank));
        }
        // In whatever order they came.
        let expected: Vec<&str> = ranks.iter().rev().map(|(_, name)| *name).collect();
        let names = layers.names();
        let names: Vec<&str> =
            names.iter().map(String::as_str).filter(|name| *name != "x").collect();
        assert_eq!(names, expected);
    }
}
