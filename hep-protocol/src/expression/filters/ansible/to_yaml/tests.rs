//! What Ansible 2.19 wrote, letter by letter.

use super::*;
use serde_json::json;

#[track_caller]
fn check(layout: Layout, json: &Json, expected: &str) {
    let mut emitter = Emitter { indent: layout.indent, ..Emitter::new(layout.flow) };
    emitter.node(json, None, At::Root);
    emitter.line_break();
    assert_eq!(emitter.out, expected);
}

const NICE: Layout = Layout { indent: 4, flow: Flow::Never };
const SHORT: Layout = Layout { indent: 2, flow: Flow::Innermost };

#[test]
fn collections_are_laid_out_as_libyaml_does_it() {
    let json = json!({"a": [1, {"x": "y", "z": ["q"]}], "el": [], "ed": {}, "f": 1.5, "n": null});
    check(NICE, &json, "a:\n- 1\n-   x: y\n    z:\n    - q\nel: []\ned: {}\nf: 1.5\nn: null\n");
    check(SHORT, &json, "a:\n- 1\n- x: y\n  z: [q]\nel: []\ned: {}\nf: 1.5\nn: null\n");
    check(NICE, &json!({"a": {"b": {"c": 1}}}), "a:\n    b:\n        c: 1\n");
    check(NICE, &json!([[1, [2]], 3]), "-   - 1\n    -   - 2\n- 3\n");
    check(SHORT, &json!({"a": {"b": 1}, "c": ["d: e", "f,g"]}), "a: {b: 1}\nc: ['d: e', 'f,g']\n");
    check(SHORT, &json!([]), "[]\n");
    check(NICE, &json!("a"), "a\n");
}

#[test]
fn texts_that_are_something_else_to_yaml_1_1_are_quoted() {
    for text in [
        "",
        "yes",
        "Off",
        "0644",
        "1_000",
        "12:30:45",
        "1.5",
        "1.e+3",
        ".5",
        ".inf",
        "~",
        "null",
        " pad",
        "x: y",
        "a #b",
        "2024-01-02",
        "<<",
        "=",
        "- a",
        "---",
        "#a",
        "@a",
        "a:",
        "0x1F",
        "0b11",
        "2024-1-2 3:04:05",
        "%a",
        "'a'",
        "[a",
        "0o1 :",
        "1e3 ",
    ] {
        check(NICE, &json!(text), &format!("'{}'\n", text.replace('\'', "''")));
    }
    for text in
        ["y", "0o14", "1e3", "a-b", "a#b", "08", "1.2.3", "a:b", "-a", "x,y", "it's", "\u{e4}"]
    {
        check(NICE, &json!(text), &format!("{text}\n"));
    }
}

#[test]
fn long_and_broken_texts() {
    check(NICE, &json!({"m": "l1\nl2\n"}), "m: 'l1\n\n    l2\n\n    '\n");
    check(NICE, &json!({"m": "a\tb\u{1f600}"}), "m: \"a\\tb\\U0001F600\"\n");
    let long = "word ".repeat(16);
    let tail = "word ".repeat(14);
    check(
        NICE,
        &json!({"k": format!("{long}{tail}")}),
        &format!("k: '{}\n    {tail}'\n", long.trim_end()),
    );
    let words = long.trim_end();
    check(NICE, &json!({"k": format!("{words} end")}), &format!("k: {words}\n    end\n"));
    check(NICE, &json!({"a\nb": 1}), "? 'a\n\n    b'\n: 1\n");
}
