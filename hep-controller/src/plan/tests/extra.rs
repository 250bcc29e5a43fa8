//! What `-e` means: as Ansible has it where YAML would take a value apart, with hep's types where a word has one.

use crate::check::variables::Extra;
use serde_json::{Value, json};

#[track_caller]
fn check(word: &str, expected: Value) {
    let found = Extra::read(&[word.to_owned()]).map(|extra| Value::Object(extra.vars()));
    assert_eq!(found.map_err(|problems| problems.to_string()), Ok(expected), "{word}");
}

#[test]
fn what_yaml_would_eat_is_text() {
    for text in [
        "#fff",
        "&x",
        "---",
        "...",
        "*x",
        "!x",
        "%x",
        "@x",
        "`x",
        "|",
        ">",
        "- x",
        "-",
        "?",
        "? x",
        "x #y",
        "a: b",
        ":",
        "x:",
        "it's",
        "\"",
        "'",
        "'x' y",
        "\"x\" #y",
        "{",
        "[",
        "[1",
        "{a",
        "}",
        "0644",
        "1.10",
        "1e3",
        "<<",
        "~x",
        "=x",
        "a=b",
        "x y",
        "C:\\dir",
        "{{ x }} {{ y }}",
    ] {
        check(&format!("a={text}"), json!({ "a": text }));
    }
}

#[test]
fn words_keep_their_types() {
    check("a=1", json!({"a": 1}));
    check("a=-1.5", json!({"a": -1.5}));
    check("a=true", json!({"a": true}));
    check("a=null", json!({"a": null}));
    check("a=", json!({"a": ""}));
    check("a=\"1\"", json!({"a": "1"}));
    check("a='true'", json!({"a": "true"}));
    check("a=[1, x]", json!({"a": [1, "x"]}));
    check("a={b: 1}", json!({"a": {"b": 1}}));
    check("{a: '#f', b: 2}", json!({"a": "#f", "b": 2}));
}

#[test]
fn several_assignments_are_split_at_blanks_outside_of_quotes() {
    check("a=1 b=2", json!({"a": 1, "b": 2}));
    check("a='x y' b=2", json!({"a": "x y", "b": 2}));
    check("a=\"x b=3\"  b='y'", json!({"a": "x b=3", "b": "y"}));
    check("a=x y b=#fff c=[1, d=2]", json!({"a": "x y", "b": "#fff", "c": [1, "d=2"]}));
    check("a={{ x | d('b=1') }} b=2", json!({"a": "{{ x | d('b=1') }}", "b": 2}));
    check("a=it's b=o'clock", json!({"a": "it's", "b": "o'clock"}));
    check("a='x b=2", json!({"a": "'x", "b": 2}));
    check("a=1\nb=2", json!({"a": 1, "b": 2}));
    check("a= b=2", json!({"a": "", "b": 2}));
    check("url=http://x/?q=1&r=2 b=--opt=3", json!({"url": "http://x/?q=1&r=2", "b": "--opt=3"}));
}

#[test]
fn each_assignment_is_judged_by_itself() {
    let refused = |word: &str| Extra::read(&[word.to_owned()]).unwrap_err().to_string();
    assert!(refused("a=1 b=yes").contains("`yes` could mean"));
    assert!(refused("x").contains("`x` gives no variable a value"));
    assert!(refused("a=1 item=2").contains("`item` cannot be a variable"));
}
