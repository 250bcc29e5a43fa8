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
        }
    }
}

fn is_fact(name: &str) -> bool {
    name == "facts" || FACTS.iter().any(|fact| fact.name == name)
}
