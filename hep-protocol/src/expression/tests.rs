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
            None if name.starts_with("partial") => {
                Found::Partial { known: json, cause: "the result of `check`".to_owned() }
            }
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
        "partial": {"changed": true},
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

/// Every documented example, with what it gives.
#[test]
fn documented_examples_give_what_they_say() {
    let language = Language::new();
    let mut wrong = Vec::new();
    for row in [FILTERS, TESTS, FUNCTIONS].concat() {
        let got = match language.evaluate(row.example, &sample()) {
            Ok(json) => json.to_string(),
            Err(trouble) => format!("{trouble} {:?}", trouble.hint),
        };
        let expected: Json = serde_json::from_str(row.gives).expect(row.name);
        if Some(expected) != serde_json::from_str(&got).ok() {
            wrong.push(format!("{}: {} gives {got}", row.name, row.example));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What each text fails with.
fn fails(texts: &[&str], expected: &str) {
    let said: Vec<String> = texts.iter().map(|text| failure(text)).collect();
    assert_eq!(said.join("\n"), expected);
}

fn failure(text: &str) -> String {
    let trouble = match Language::new().text(text, &sample()) {
        Ok(value) => panic!("{text} gives {value}"),
        Err(trouble) => trouble,
    };
    let kind = match &trouble.kind {
        TroubleKind::Undefined { name } => format!("undefined {name}"),
        TroubleKind::Unknown { .. } => "unknown".to_owned(),
        TroubleKind::Syntax => "syntax".to_owned(),
        TroubleKind::Circle { chain } => format!("circle {}", chain.join(" ")),
        TroubleKind::Other => "other".to_owned(),
    };
    let at = trouble.range.clone().and_then(|range| text.get(range)).unwrap_or("?");
    let hint = trouble.hint.as_deref().unwrap_or("-");
    let place = format!("{}:{}", trouble.line.unwrap_or(0), trouble.column.unwrap_or(0));
    format!("{kind} at {place} `{at}`: {}; {hint}", trouble.message)
}

#[test]
fn what_is_undefined_is_named_with_the_nearest() {
    fails(
        &[
            "{{ packges }}",
            "a\n  {{ os.famly }}",
            "{{ nope | upper }}",
            "{{ nope ~ 'x' }}",
            "{{ hollow }}",
            "{{ site.broken }}",
        ],
        r#"undefined packges at 1:4 `packges`: `packges` is undefined; did you mean `packages`?
undefined os.famly at 2:6 `os.famly`: `os.famly` is undefined; did you mean `os.family`?
undefined nope at 1:4 `nope`: `nope` is undefined; -
undefined nope at 1:4 `nope`: `nope` is undefined; -
undefined missing at 1:4 `hollow`: in the variable `hollow`: `missing` is undefined; -
undefined nope at 1:4 `site.broken`: in the variable `site.broken`: `nope` is undefined; -"#,
    );
    check("{{ nope | default('x') }}", json!("x"));
    check("{{ site.broken | default('x') }}", json!("x"));
    check("{{ os.nope is defined }}", json!(false));
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    fails(
        &[
            "{{ n | quot }}",
            "{{ n is mach('x') }}",
            "{{ lookup('file', 'x') }}",
            "{{ n +",
            "{{ a }}",
            "{{ 'x' | int }}",
            "x {% if n %}",
            "{{ n | regex_replace('(?(1)x)', '') }}",
            "{{ 'x' | regex_replace('(', '') }}",
            "{{ 'x' | regex_replace('x', '\\\\2') }}",
            "{{ range(1000000) | list | length }}",
            "{% for x in range(90000) %}{% for y in range(900) %}{{ y }}{% endfor %}{% endfor %}",
            "{{ {'a': 1} | join }}",
            "{{ n | hash('crc') }}",
            "{{ n.foo() }}",
            "{{ nope.foo() }}",
            "{{ 'a' + 1 }}",
            "{{ packages[9] }}",
            "{{ packages[9] | upper }}",
            "{{ os['x y'] }}",
            "{{ 'a' if n == 5 }}",
            "a {{ 'a' if n == 5 }} b",
            "{% for i in n %}{% endfor %}",
            "{{ packages | join(1, 2, 3) }}",
            "{{ 'a' | replace('b') }}",
        ],
        r#"other at 1:8 `quot`: there is no filter `quot`; did you mean `quote`?
other at 1:9 `mach('x')`: there is no test `mach`; did you mean `match`?
other at 1:4 `lookup('file', 'x')`: there is no function `lookup`; docs/expressions.md lists every function
syntax at 1:6 `+`: unexpected end of input, expected expression; -
circle a b c a at 1:4 `a`: `a` stands for itself: a -> b -> c -> a; give one of them a value of its own
other at 1:10 `int`: the text `x` is not a whole number; `int(0)` gives 0 for anything that is not a number
syntax at 1:11 `%}`: unexpected end of input, expected end of block; -
other at 1:8 `regex_replace('(?(1)x)', '')`: the pattern `(?(1)x)` has a condition `(?(`, which hep does not support; -
other at 1:10 `regex_replace('(', '')`: `(` is not a regular expression: found open group without closing ')'; -
other at 1:10 `regex_replace('x', '\\2')`: the replacement names the group `2`, and the pattern has 0; -
other at 1:4 `range(1000000)`: range has too many elements; -
other at 1:40 `range(900)`: this takes too much work to evaluate; -
other at 1:15 `join`: `join` takes a list, found a mapping; write `[value]` for a list of one, or `| split` to make one of a text
other at 1:8 `hash('crc')`: `hash` has no `crc`; write one of `sha256`, `sha512`, `sha384`, `sha224`, `sha1`, `md5`
other at 1:5 `.foo()`: number has no method named foo; -
undefined nope at 1:4 `nope`: `nope` is undefined; -
other at 1:4 `'a' + 1`: `+` adds two numbers or joins two texts, but not one of each; join them with `~`, or convert the text with `| int`
undefined packages[9] at 1:4 `packages[9]`: `packages[9]` is undefined; -
undefined packages[9] at 1:4 `packages[9]`: `packages[9]` is undefined; -
undefined os['x y'] at 1:4 `os['x y']`: `os['x y']` is undefined; `os` has `family` and `version`
undefined  at 1:4 `'a' if n == 5`: this `if` has no `else`, and its condition is false; write `A if CONDITION else B`
undefined  at 1:6 `'a' if n == 5`: this `if` has no `else`, and its condition is false; write `A if CONDITION else B`
other at 1:13 `n`: a list is needed here, not a number; `range(N)` counts from 0 to N - 1; `[VALUE]` is a list of one
other at 1:15 `join(1, 2, 3)`: too many arguments for `join`; it is used as in `['a', 'b'] | join(', ')`
other at 1:10 `replace('b')`: missing argument for `replace`; it is used as in `'a-b-c' | replace('-', '_')`"#,
    );
}

#[test]
fn what_is_unknown_is_never_guessed() {
    for text in [
        "{{ check.rc == 0 }}",
        "{{ check == 3 }}",
        "{{ check | default(5) }}",
        "{{ check | length }}",
        "{{ [check] == [1] }}",
        "{{ check in [1] }}",
        "{{ not check }}",
        "{{ [check] | select('defined') | list | length }}",
        "{% set y = check %}{{ y is defined }}{{ y == 1 }}",
        "{{ via }}",
        "{{ via == 1 }}",
        "{{ check.rc | default(0) }}",
        "{{ check is failed }}",
        "{{ check == 1 or n == 4 }}",
        "{{ partial.rc == 0 }}",
        "{{ partial.rc is defined }}",
        "{{ partial | length }}",
        "{{ partial == {'changed': true} }}",
    ] {
        let trouble = Language::new().text(text, &sample()).expect_err(text);
        let cause = "the result of `check`".to_owned();
        assert_eq!(trouble.kind, TroubleKind::Unknown { cause }, "{text}");
        assert_eq!(trouble.message, "depends on the result of `check`");
    }
    check("{{ check is defined }}", json!(true));
    check("{{ partial.changed and partial is changed }}", json!(true));
    check("{{ check is not defined }}", json!(false));
    check("{{ n == 4 or check.rc == 0 }}", json!(true));
    check("{{ n == 5 and check.rc == 0 }}", json!(false));
    check("{% if check is defined %}yes{% endif %}", json!("yes"));
}

#[test]
fn a_condition_needs_an_answer() {
    let holds = |text: &str| {
        Language::new().holds(text, &sample()).map_err(|t| (t.message, t.hint.unwrap_or_default()))
    };
    assert_eq!(holds("os.family == 'debian' and n > 3"), Ok(true));
    assert_eq!(holds("packages"), Ok(true));
    let braced = holds("{{ n }} > 3").expect_err("braces");
    assert_eq!(braced.1, "it is an expression already: write it without `{{ }}`");
    assert_eq!(holds("word | bool"), Ok(false));
    assert_eq!(
        holds("word"),
        Err((
            "the condition is the text `no`, which is neither true nor false".to_owned(),
            "write `word | bool` to read it as a word".to_owned()
        ))
    );
    assert_eq!(holds("nope"), Err(("`nope` is undefined".to_owned(), String::new())));
}

#[test]
fn a_tree_tells_the_way_to_what_is_wrong() {
    let language = Language::new();
    let good = json!({"dest": "{{ site.path }}", "n": 1, "list": ["{{ n }}", {"x": "{{ flag }}"}]});
    assert_eq!(
        language.tree(&good, &sample()),
        Ok(json!({"dest": "/srv/4/www", "n": 1, "list": [4, {"x": true}]}))
    );
    let wrong = json!({"list": ["a", {"x": "{{ nope }}"}]});
    let trouble = language.tree(&wrong, &sample()).expect_err("undefined");
    assert_eq!(trouble.path, ["list", "1", "x"]);
    let left_out =
        json!({"dest": "/a", "owner": "{{ nope | default(omit) }}", "l": ["{{ omit }}", 1]});
    assert_eq!(language.tree(&left_out, &sample()), Ok(json!({"dest": "/a", "l": [1]})));
    let alone = |text: &str| language.part(&json!(text), &sample()).unwrap();
    assert_eq!(alone("{{ nope | default(omit) }}"), None);
    assert_eq!(alone("{{ 1 + 1 }}"), Some(json!(2)));
    assert!(language.text("x{{ omit }}", &sample()).is_err());
}

#[test]
fn templates_have_the_whitespace_rules_of_ansible() {
    let language = Language::new();
    let render = |text: &str| language.template("a.j2", text, &sample());
    assert_eq!(
        render(
            "{% for p in packages %}\n  {% if true %}\n- {{ p }}\n  {% endif %}\n{% endfor %}\nend\n"
        ),
        Ok("  - nginx\n    - curl\n  end\n".to_owned())
    );
    assert_eq!(
        render(
            "#jinja2: lstrip_blocks: True\n{% for p in packages %}\n  {% if true %}\n- {{ p }}\n  {% endif %}\n{% endfor %}\nend"
        ),
        Ok("- nginx\n- curl\nend".to_owned())
    );
    let trouble = render("ok\n  {{ nope }}\n").expect_err("undefined");
    assert_eq!(trouble.to_string(), "a.j2:2:6: `nope` is undefined");
    let trouble =
        render("#jinja2: trim_blocks: False\nok\n  {{ os.nope }}\n").expect_err("undefined");
    assert_eq!(trouble.to_string(), "a.j2:3:6: `os.nope` is undefined");
    assert_eq!(
        render("{{ packages }} {{ flag }} {{ none }} {{ 1.5 }} {{ os }}"),
        Ok(r#"["nginx","curl"] true  1.5 {"family":"debian","version":"12"}"#.to_owned())
    );
}

/// A scope with the names of another one in it.
#[derive(Debug)]
struct Around(Arc<dyn Scope>);

impl Scope for Around {
    fn get(&self, name: &str) -> Option<Found> {
        match name {
            "there" => Some(Found::Names(Arc::clone(&self.0))),
            "host" => Some(Found::Plain(json!("here"))),
            _ => None,
        }
    }

    fn names(&self) -> Vec<String> {
        vec!["there".to_owned()]
    }
}

#[test]
fn names_of_another_scope_are_rendered_there() {
    let there = json!({"host": "there", "greeting": "on {{ host }}", "list": ["{{ host }}"], "bad": "{{ nope }}"});
    let there = Names(there.as_object().unwrap().clone());
    let scope: Arc<dyn Scope> = Arc::new(Around(Arc::new(there)));
    let check = |text: &str, expected: Json| {
        assert_eq!(Language::new().text(text, &scope), Ok(expected), "{text}");
    };
    check("{{ host }} {{ there.greeting }} {{ there['list'][0] }}", json!("here on there there"));
    check("{{ there.greeting }} {{ host }} {{ there.host }}", json!("on there here there"));
    check("{{ there.bad is defined }} {{ there.none | default(1) }}", json!("false 1"));
    check("{{ there | list }}", json!(["bad", "greeting", "host", "list"]));
}

#[test]
fn what_is_not_known_is_printed_beside_what_is_made_on_the_way() {
    let all = json!({"one": ["{{ 1 }}"], "two": ["{{ 2 }}"], "both": "{{ one + two }}", "later": {"unknown": "the run"}});
    let scope: Arc<dyn Scope> = Arc::new(Names(all.as_object().unwrap().clone()));
    for dialect in [Dialect::Hep, Dialect::Ansible] {
        let text = "{{ both | length }} {{ later }}";
        let trouble = Language::of(dialect).text(text, &scope).unwrap_err();
        assert_eq!(trouble.message, "depends on the run");
    }
}
