//! What expressions give, and what they say when they cannot.

use super::*;
use serde_json::json;

#[derive(Debug)]
struct Names(serde_json::Map<String, Json>);

impl Scope for Names {
    fn get(&self, name: &str) -> Option<Found> {
        let json = self.0.get(name)?.clone();
        Some(match json.get("unknown").and_then(Json::as_str) {
            Some(cause) => Found::Unknown(cause.to_owned()),
            None if name.starts_with("plain") => Found::Plain(json),
            None => Found::Raw(json),
        })
    }

    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

fn scope(json: Json) -> Arc<dyn Scope> {
    let Json::Object(map) = json else { panic!("names are a mapping") };
    Arc::new(Names(map))
}

fn sample() -> Arc<dyn Scope> {
    scope(json!({
        "os": {"family": "debian", "version": "12"},
        "n": 4,
        "flag": true,
        "word": "no",
        "packages": ["nginx", "curl"],
        "root": "/srv/{{ n }}",
        "site": {"path": "{{ root }}/www", "port": 80, "broken": "{{ nope }}"},
        "a": "{{ b }}", "b": "x{{ c }}", "c": "{{ a }}",
        "plain_text": "{{ n }}",
        "check": {"unknown": "the result of `check`"},
        "via": "{{ check.rc }}",
        "hollow": "{{ missing.value }}",
    }))
}

fn check(text: &str, expected: Json) {
    let got = Language::new().text(text, &sample());
    assert_eq!(got, Ok(expected), "{text}");
}

#[test]
fn types_survive_when_an_expression_is_alone() {
    check("{{ n }}", json!(4));
    check("{{ flag }}", json!(true));
    check("{{- packages -}}", json!(["nginx", "curl"]));
    check("{{ {'a': {'b': 1}} }}", json!({"a": {"b": 1}}));
    check("{{ n }}{{ n }}", json!("44"));
    check("n is {{ n }}, {{ flag }}\n", json!("n is 4, true\n"));
    check("{{ '}}' }}", json!("}}"));
    check("{{ packages }}!", json!(r#"["nginx","curl"]!"#));
}

#[test]
fn variables_are_rendered_when_they_are_used() {
    check("{{ site.path }}", json!("/srv/4/www"));
    check("{{ site.port }}", json!(80));
    check("{{ plain_text }}", json!("{{ n }}"));
}
