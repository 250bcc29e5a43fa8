//! The layers of names of which the controller knows that they are, and not what they stand for; and final values.

use hep_protocol::expression::{Found, Scope};
use hep_protocol::facts::FACTS;
use hep_protocol::facts::setup::{ALL, PREFIX, SETUP_FACTS, is_setup_name};
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
    /// The same by Ansible's names, once a task has gathered it; some of it may be taken for granted.
    Gathered(Assumed),
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

/// Facts by Ansible's names without their prefix, of which some are taken for granted.
#[derive(Clone, Debug)]
pub(crate) struct Assumed(pub(crate) Arc<Map<String, Value>>);

impl Scope for Assumed {
    fn get(&self, name: &str) -> Option<Found> {
        let known = self.0.get(name).cloned().map(Found::Plain);
        Some(known.unwrap_or_else(|| Found::Unknown(FACTS_OF_HOST.to_owned())))
    }

    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
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
            Layer::Gathered(assumed) => match name.strip_prefix(PREFIX) {
                Some(bare) if assumed.0.contains_key(bare) => assumed.get(bare),
                _ if name == ALL && !assumed.0.is_empty() => {
                    Some(Found::Names(Arc::new(assumed.clone())))
                }
                _ => is_setup_name(name).then(|| Found::Unknown(FACTS_OF_HOST.to_owned())),
            },
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
            Layer::Gathered(_) => {
                SETUP_FACTS.iter().map(|fact| format!("{PREFIX}{}", fact.name)).collect()
            }
            Layer::HostVars(_) => vec![HOSTVARS.to_owned()],
        }
    }
}

fn is_fact(name: &str) -> bool {
    name == "facts" || FACTS.iter().any(|fact| fact.name == name)
}
