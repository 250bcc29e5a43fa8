//! Queries whose values Python's `jmespath` was seen to give.

use crate::dialect::Dialect;
use crate::expression::{Language, Layers, Rank, Scope, Variables};
use serde_json::{Value as Json, json};
use std::sync::Arc;

#[track_caller]
fn check(query: &str, expected: Json) {
    let data = json!({
        "people": [{"n": "b", "age": 10, "t": ["x"]}, {"n": "a", "age": 5}, {"n": "c"}],
        "m": {"z": {"v": 1}, "a": {"v": 2}}, "deep": [[1, 2], [3, [4]], 5], "s": "text",
    });
    let names = json!({"d": data, "q": query});
    let names = Variables(names.as_object().cloned().unwrap());
    let scope: Arc<dyn Scope> = Arc::new(Layers::default().with(Rank::Play, names));
    let found = Language::of(Dialect::Ansible).text("{{ d | json_query(q) }}", &scope);
    assert_eq!(found.unwrap_or_else(|trouble| trouble.message.into()), expected, "{query}");
}

#[test]
fn queries_give_what_python_gives() {
    check("people[*].n", json!(["b", "a", "c"]));
    check("people[?age > `6`].n", json!(["b"]));
    check("people[?n == `a`] | [0].age", json!(5));
    check("people[?n > 'a'].n", json!(["b", "c"]));
    check("m.*.v", json!([1, 2]));
    check("deep[]", json!([1, 2, 3, [4], 5]));
    check("deep[][]", json!([1, 2, 3, 4, 5]));
    check("people[-1].n", json!("c"));
    check("people[::-1].n", json!(["c", "a", "b"]));
    check("people[0].[n, age]", json!(["b", 10]));
    check("people[].{who: n, old: age}[0:1]", json!([{"who": "b", "old": 10}]));
    check("people[*].t[0]", json!(["x"]));
    check("sort_by(people[?age], &age)[].n", json!(["a", "b"]));
    check("max_by(people[?age], &age).n || 'none'", json!("b"));
    check("nope.further", Json::Null);
    check("length(people) == `3` && !nope", json!(true));
    check("merge(m.z, m.a, `{\"k\": 1}`)", json!({"v": 2, "k": 1}));
    check("contains(s, 'ex')", json!(true));
    check("people[?contains(t || `[]`, 'x')].n", json!(["b"]));
}

#[test]
fn what_is_no_query_is_refused() {
    check("people[", json!("`json_query` does not understand a query that ends too early"));
    check("nope(people)", json!("`json_query` has no function `nope`"));
    check("sum(s)", json!("`json_query`: `sum` takes a list, found \"text\""));
}
