//! The names that are known before the run, in layers. What only a host or a result could tell is there, and unknown.

use hep_protocol::expression::{Found, Scope};
use hep_protocol::facts::FACTS;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// Names of one kind.
#[derive(Debug)]
pub(crate) enum Layer {
    /// Variables, whose texts may hold expressions.
    Raw(Map<String, Value>),
    /// Final values.
    Plain(Map<String, Value>),
    /// Names whose values come later, each with what it is.
    Later(HashMap<String, String>),
    /// The same, of results so far.
    Registered(Arc<HashMap<String, String>>),
    /// What hep finds out on the host.
    Facts,
}

/// What the facts are to a sentence that begins with `depends on`.
const FACTS_OF_HOST: &str = "the host's facts";

impl Layer {
    pub(crate) fn raw(vars: Map<String, Value>) -> Arc<Layer> {
        Arc::new(Layer::Raw(vars))
    }

    pub(crate) fn facts() -> Arc<Layer> {
        Arc::new(Layer::Facts)
    }

    fn get(&self, name: &str) -> Option<Found> {
        match self {
            Layer::Raw(vars) => vars.get(name).cloned().map(Found::Raw),
            Layer::Plain(vars) => vars.get(name).cloned().map(Found::Plain),
            Layer::Later(names) => names.get(name).cloned().map(Found::Unknown),
            Layer::Registered(names) => names.get(name).cloned().map(Found::Unknown),
            Layer::Facts => is_fact(name).then(|| Found::Unknown(FACTS_OF_HOST.to_owned())),
        }
    }

    fn names(&self) -> Vec<String> {
        match self {
            Layer::Raw(vars) | Layer::Plain(vars) => vars.keys().cloned().collect(),
            Layer::Later(names) => names.keys().cloned().collect(),
            Layer::Registered(names) => names.keys().cloned().collect(),
            Layer::Facts => FACTS.iter().map(|fact| fact.name.to_owned()).collect(),
        }
    }
}

fn is_fact(name: &str) -> bool {
    name == "facts" || FACTS.iter().any(|fact| fact.name == name)
}

/// Layers above one another, strongest first.
#[derive(Clone, Debug)]
pub(crate) struct Names(Vec<Arc<Layer>>);

impl Names {
    pub(crate) fn of(layers: Vec<Arc<Layer>>) -> Arc<dyn Scope> {
        Arc::new(Names(layers))
    }
}

impl Scope for Names {
    fn get(&self, name: &str) -> Option<Found> {
        self.0.iter().find_map(|layer| layer.get(name))
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().flat_map(|layer| layer.names()).collect()
    }
}
