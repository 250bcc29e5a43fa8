//! What PyYAML reads in these texts.

use super::documents;
use serde_json::{Value as Json, json};

#[track_caller]
fn check(text: &str, expected: Json) {
    let found = documents(text, "from_yaml").unwrap_or_else(|error| panic!("{text}: {error:?}"));
    assert_eq!(Json::Array(found), expected, "{text}");
}

#[track_caller]
fn refused(text: &str, expected: &str) {
    let error = documents(text, "from_yaml").expect_err(text);
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), expected, "{text}");
}

#[test]
fn collections_in_lines_and_in_brackets() {
    check(
        "a:\n- b\n-   c: 1\n    d: 2\n-\n    - n\n",
        json!([{"a": ["b", {"c": 1, "d": 2}, ["n"]]}]),
    );
    check("- a\n- - x\n  - y\n", json!([["a", ["x", "y"]]]));
    check(
        "f: [a, b: c, {x: 1, y}, \"q\"]\ne: {}\nn:\n",
        json!([{"f": ["a", {"b": "c"}, {"x": 1, "y": null}, "q"], "e": {}, "n": null}]),
    );
    check("--- a\n---\nb: 1\n...\n# end\n", json!(["a", {"b": 1}]));
    check("", json!([]));
}

#[test]
fn scalars_mean_what_yaml_1_1_says() {
    check(
        "[yes, Off, y, 0644, 0o14, 0x1F, 1_000, 12:30:45, 1.5, .5, 1e3, ~, 'no', 2024-01-02]",
        json!([[
            true,
            false,
            "y",
            420,
            "0o14",
            31,
            1000,
            45045,
            1.5,
            0.5,
            "1e3",
            null,
            "no",
            "2024-01-02"
        ]]),
    );
    check(
        "a: !!str 5\nb: !!int '5'\nyes: 1\n1: 2\n",
        json!([{"a": "5", "b": 5, "true": 1, "1": 2}]),
    );
}

#[test]
fn texts_over_lines() {
    check(
        "a: |\n  x\n   y\n\n  z\n\nb: >-\n  f\n  g\n\n  h\n",
        json!([{"a": "x\n y\n\nz\n", "b": "f g\nh"}]),
    );
    check(
        "a: plain\n  over\n\n  lines # c\nb: 'it''s\n  two'\n",
        json!([{"a": "plain over\nlines", "b": "it's two"}]),
    );
    check(
        r#"a: "esc \t \u00e4 \
          joined""#,
        json!([{"a": "esc \t ä joined"}]),
    );
    check("a: |+\n  k\n\nb: |2\n    t\n", json!([{"a": "k\n\n", "b": "  t\n"}]));
}

#[test]
fn anchors_and_merge_keys() {
    check(
        "base: &b {x: 1, y: 2}\nd:\n  <<: *b\n  y: 3\nl: [*b]\n",
        json!([{"base": {"x": 1, "y": 2}, "d": {"y": 3, "x": 1}, "l": [{"x": 1, "y": 2}]}]),
    );
    let bomb = (1..9).fold("a0: &a0 [x, x]\n".to_owned(), |text, at| {
        format!("{text}a{at}: &a{at} [{}]\n", vec![format!("*a{}", at - 1); 9].join(", "))
    });
    refused(&bomb, "`from_yaml`: line 6: aliases stand for too much");
}

#[test]
fn mistakes_have_their_line() {
    refused("a: 1\nb: [1\n", "`from_yaml`: line 3: `,` or `]` is needed here");
    refused("a: b: c\n", "`from_yaml`: line 1: a mapping does not begin on the line of its key");
    refused(
        "a:\n  b: 1\n c: 2\n",
        "`from_yaml`: line 3: this line is indented further than those before it",
    );
    refused("a: 1\nb\n", "`from_yaml`: line 2: a key is needed here, with `: ` after it");
    refused("a: @x\n", "`from_yaml`: line 1: no value begins with `@`");
    refused("a: *x\n", "`from_yaml`: line 1: there is no anchor `&x` before this alias");
}
