//! The layers of names of which the controller knows that they are, and not what they stand for; and final values.

use hep_protocol::expression::{Found, Scope};
use hep_protocol::facts::FACTS;
use hep_protocol::facts::setup::{PREFIX, SETUP_FACTS, is_setup_name};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// Names of one kind.
#[derive(Debug)]
pub(crate) enum Layer {
    /// Final values.
    Plain(Map<String, Value>),
    /// Names whose values come later, each with what it is.
    Later(Arc<HashMap<String, String>>),
    /// What hep finds out on the host.
    Facts,
    /// The same by Ansible's names, once a task has gathered it.
    Gathered,
    /// `hostvars`: the hosts of the inventory.
    HostVars(Arc<Others>),
}

/// Ansible's name for the variables of all hosts.
const HOSTVARS: &str = "hostvars";

/// Hosts by their names.
#[derive(Debug)]
pub(crate) struct Others {
    /// The one that asks.
    pub(crate) name: String,
    pub(crate) others: Vec<String>,
}

impl Scope for Others {
    fn get(&self, name: &str) -> Option<Found> {
        if name == self.name {
            return Some(Found::Unknown("what the host's tasks give".to_owned()));
        }
        self.others.iter().any(|other| other == name).then(|| {
            Found::Failed(format!("the variables of `{name}` are not known on `{}`", self.name))
        })
    }

    fn names(&self) -> Vec<String> {
        self.others.iter().chain([&self.name]).cloned().collect()
    }
}

/// What the facts are to a sentence that begins with `depends on`.
const FACTS_OF_HOST: &str = "the host's facts";

impl Layer {
    /// Names whose values come later, all for the same cause.
    pub(crate) fn later(names: impl IntoIterator<Item = String>, cause: &str) -> Layer {
        let later = names.into_iter().map(|name| (name, cause.to_owned()));
        Layer::Later(Arc::new(later.collect()))
    }
}

impl Scope for Layer {
    fn get(&self, name: &str) -> Option<Found> {
        match self {
            Layer::Plain(vars) => vars.get(name).cloned().map(Found::Plain),
            Layer::Later(names) => names.get(name).cloned().map(Found::Unknown),
            Layer::Facts => is_fact(name).then(|| Found::Unknown(FACTS_OF_HOST.to_owned())),
            Layer::Gathered => {
                is_setup_name(name).then(|| Found::Unknown(FACTS_OF_HOST.to_owned()))
            }
            Layer::HostVars(hosts) => {
                (name == HOSTVARS).then(|| Found::Names(Arc::<Others>::clone(hosts)))
            }
        }
    }

    fn names(&self) -> Vec<String> {
        match self {
            Layer::Plain(vars) => vars.keys().cloned().collect(),
            Layer::Later(names) => names.keys().cloned().collect(),
            Layer::Facts => FACTS.iter().map(|fact| fact.name.to_owned()).collect(),
            Layer::Gathered => {
                SETUP_FACTS.iter().map(|fact| format!("{PREFIX}{}", fact.name)).collect()
            }
            Layer::HostVars(_) => vec![HOSTVARS.to_owned()],
        }
    }
}

fn is_fact(name: &str) -> bool {
    name == "facts" || FACTS.iter().any(|fact| fact.name == name)
}
