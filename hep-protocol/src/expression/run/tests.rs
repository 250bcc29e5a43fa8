//! Variables that lead to others, deep, wide and in circles: each ends with a sentence, and soon.

use super::super::{Found, Language, Scope, Trouble};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[derive(Debug)]
struct Variables(serde_json::Map<String, Json>);

impl Scope for Variables {
    fn get(&self, name: &str) -> Option<Found> {
        self.0.get(name).cloned().map(Found::Raw)
    }

    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

fn render(variables: Json, text: &str) -> Result<Json, Trouble> {
    let Json::Object(map) = variables else { panic!("variables have names") };
    let scope: Arc<dyn Scope> = Arc::new(Variables(map));
    let start = Instant::now();
    let rendered = Language::new().text(text, &scope);
    assert!(start.elapsed() < Duration::from_secs(20), "{text} took {:?}", start.elapsed());
    rendered
}

fn refused(variables: Json, text: &str) -> String {
    render(variables, text).expect_err(text).message
}

/// `v0` needs `v1`, which needs `v2`, ...
fn chain(length: usize, each: impl Fn(usize) -> String) -> Json {
    let link = |at: usize| (format!("v{at}"), Json::from(each(at)));
    let last = (format!("v{length}"), json!("end"));
    (0..length).map(link).chain([last]).collect::<serde_json::Map<_, _>>().into()
}

#[test]
fn a_chain_of_variables_has_an_end() {
    let next = |at: usize| format!("{{{{ v{} }}}}", at + 1);
    assert_eq!(render(chain(20, next), "{{ v0 }}"), Ok(json!("end")));
    let message = refused(chain(200, next), "{{ v0 }}");
    assert!(message.contains("needs too many other variables"), "{message}");
}

#[test]
fn variables_that_double_are_rendered_once_each() {
    let twice = |at: usize| format!("{{{{ v{0} }}}}{{{{ v{0} }}}}", at + 1);
    let doubled = render(chain(12, twice), "{{ v0 | length }}");
    assert_eq!(doubled, Ok(json!(3 * 4096)));
}

#[test]
fn circles_are_shown() {
    let itself = "`a` stands for itself: a -> b -> a";
    assert_eq!(refused(json!({"a": "{{ b }}", "b": "x{{ a }}"}), "{{ a }}"), itself);
    assert_eq!(refused(json!({"a": "{{ a }}"}), "{{ a }}"), "`a` stands for itself: a -> a");
    let inner = refused(json!({"a": ["{{ a }}"]}), "{{ a }}");
    assert_eq!(inner, "`a.0` stands for itself: a.0 -> a.0");
    // One member may need another of the same mapping.
    let site = json!({"site": {"root": "/srv", "logs": "{{ site.root }}/log"}});
    assert_eq!(render(site, "{{ site.logs }}"), Ok(json!("/srv/log")));
}

#[test]
fn what_grows_without_end_is_stopped() {
    for text in [
        "{{ 'x' * 1000000000 }}",
        "{{ range(90000) | product(range(90000)) | list | length }}",
        "{% for a in range(90000) %}{% for b in range(90000) %}x{% endfor %}{% endfor %}",
        "{{ 2 ** 100000 }}",
        "{% macro m(n) %}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}",
        "{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(30) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x | flatten }}",
        "{% set ns = namespace(x='xx') %}{% for i in range(9) %}{% set ns.x = ns.x.replace('x', ns.x) %}{% endfor %}",
        "{% set ns = namespace(x='xx') %}{% for i in range(9) %}{% set ns.x = ns.x | regex_replace('x', ns.x) %}{% endfor %}",
    ] {
        assert!(render(json!({}), text).is_err(), "{text}");
    }
    let deep = format!("{{{{ {}1{} }}}}", "(".repeat(5000), ")".repeat(5000));
    assert!(render(json!({}), &deep).is_err());
    let lists = format!("{{{{ {}1{} }}}}", "[".repeat(5000), "]".repeat(5000));
    assert!(render(json!({}), &lists).is_err());
}
