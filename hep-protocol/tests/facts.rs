//! The facts' examples are expressions that hold on some host.
#![allow(clippy::unwrap_used, reason = "a test may panic, and these helpers are tests")]

use hep_protocol::expression::{Found, Language, Scope};
use hep_protocol::facts::{FACTS, Shape, fact};
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

/// A host that tells everything.
#[derive(Debug)]
struct Sample;

impl Scope for Sample {
    fn get(&self, name: &str) -> Option<Found> {
        fact(name).map(|fact| Found::Plain(sample(fact.shape)))
    }

    fn names(&self) -> Vec<String> {
        FACTS.iter().map(|fact| fact.name.to_owned()).collect()
    }
}

fn sample(shape: Shape) -> Json {
    let one = |name: &str, value| Json::Object(Map::from_iter([(name.to_owned(), value)]));
    match shape {
        Shape::Text => json!("text"),
        Shape::Number => json!(1),
        Shape::Switch => json!(true),
        Shape::List(element) => json!([sample(*element)]),
        Shape::Mapping(fields) => {
            fields.iter().map(|field| (field.name.to_owned(), sample(field.shape))).collect()
        }
        Shape::Named(Shape::Any) => one("site", json!({"rack": "b7"})),
        Shape::Named(element) => one("eth0", sample(*element)),
        Shape::Any => Json::Null,
    }
}

#[test]
fn examples_evaluate() {
    let scope: Arc<dyn Scope> = Arc::new(Sample);
    for fact in FACTS {
        let value = Language::new().evaluate(fact.example, &scope);
        assert!(value.is_ok(), "{}: {value:?}", fact.example);
    }
}
