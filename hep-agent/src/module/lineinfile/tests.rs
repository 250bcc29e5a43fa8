//! What Ansible makes of the same files.

use super::super::file::edit::tests::{self, never_settles};
use crate::converge::testing::{settles, tried};
use crate::sys::overlay::Overlay;
use crate::sys::overlay::empty::Empty;
use serde_json::{Value, json};

#[track_caller]
fn check(old: &str, params: Value, expected: &str) {
    tests::check("lineinfile", Some(old), params, expected);
}

#[track_caller]
fn missing(params: Value, expected: &str) {
    tests::check("lineinfile", None, params, expected);
}

#[test]
fn line_is_added_unless_it_is_there() {
    check("one\ntwo\n", json!({"line": "two"}), "|one\ntwo\n");
    check("one\n", json!({"line": "two"}), "line added|one\ntwo\n");
    check("one", json!({"line": "two"}), "line added|one\ntwo\n");
    check("one", json!({"line": "one"}), "line replaced|one\n");
    check("", json!({"line": "one"}), "line added|one\n");
    check("one\r\n", json!({"line": "one"}), "line replaced|one\n");
    check("é\n", json!({"line": "ü  "}), "line added|é\nü  \n");
    never_settles(
        "lineinfile",
        "",
        json!({"line": "a\nb"}),
        ["line added|a\nb\n", "line added|a\nb\na\nb\n"],
    );
}

#[test]
fn last_or_first_line_that_matches_is_replaced() {
    let old = "a=1\na=2\n#c=1\n";
    check(old, json!({"regexp": "^a=", "line": "a=3"}), "line replaced|a=1\na=3\n#c=1\n");
    let first = json!({"regexp": "^a=", "line": "a=3", "firstmatch": true});
    check(old, first, "line replaced|a=3\na=2\n#c=1\n");
    let comment = json!({"regexp": r"^#?\s*c\s*=", "line": "c=2"});
    check(old, comment, "line replaced|a=1\na=2\nc=2\n");
    check(old, json!({"regexp": "^d", "line": "d"}), "line added|a=1\na=2\n#c=1\nd\n");
    check(old, json!({"search_string": "a=", "line": "a="}), "line replaced|a=1\na=\n#c=1\n");
    check("a\r\nb\r\n", json!({"regexp": "^a", "line": "A"}), "line replaced|A\nb\r\n");
    check("a=9\n", json!({"regexp": "^a(?==9)", "line": "a=10"}), "line replaced|a=10\n");
    // The line is there, although the pattern does not match it.
    check("x\n", json!({"regexp": "^y", "line": "x"}), "|x\n");
}

#[test]
fn groups_are_filled_in_where_asked_for() {
    let filled = |regexp: &str, line: &str, expected| {
        check("b=1\nc\n", json!({"regexp": regexp, "line": line, "backrefs": true}), expected);
    };
    filled("^(b)=(.*)$", r"\1=\2", "|b=1\nc\n");
    filled("^(b)=(.)$", r"\1 = \2", "line replaced|b = 1\nc\n");
    filled("^(?P<k>b)(x)?=", r"\g<k>:\2", "line replaced|b:\nc\n");
    filled("^(z)$", r"\1", "|b=1\nc\n");
    check("b=1\n", json!({"regexp": "^(b)=", "line": r"\1"}), "line replaced|\\1\n");
}

#[test]
fn new_line_goes_where_it_should() {
    let at = |key: &str, place: &str, expected| {
        check("[a]\nx=1\n[b]\nx=1\n", json!({"line": "new", key: place}), expected);
    };
    at("insertafter", r"^\[a\]", "line added|[a]\nnew\nx=1\n[b]\nx=1\n");
    at("insertafter", "^x=", "line added|[a]\nx=1\n[b]\nx=1\nnew\n");
    at("insertbefore", "^x=", "line added|[a]\nx=1\n[b]\nnew\nx=1\n");
    at("insertbefore", "BOF", "line added|new\n[a]\nx=1\n[b]\nx=1\n");
    at("insertafter", "BOF", "line added|new\n[a]\nx=1\n[b]\nx=1\n");
    at("insertafter", "EOF", "line added|[a]\nx=1\n[b]\nx=1\nnew\n");
    at("insertafter", "^nope", "line added|[a]\nx=1\n[b]\nx=1\nnew\n");
    at("insertbefore", "^nope", "line added|[a]\nx=1\n[b]\nx=1\nnew\n");
    let first = json!({"line": "new", "insertafter": "^x=", "firstmatch": true});
    check("x=1\nx=2\n", first, "line added|x=1\nnew\nx=2\n");
    // A match of the pattern beats the place.
    let both = json!({"regexp": "^x=2", "line": "y", "insertafter": "^x=1"});
    check("x=1\nx=2\n", both, "line replaced|x=1\ny\n");
}

#[test]
fn lines_are_removed() {
    let gone = |key: &str, value: &str, expected| {
        check("a\nb\na\nab\r\n", json!({key: value, "state": "absent"}), expected);
    };
    gone("line", "a", "2 line(s) removed|b\nab\r\n");
    gone("line", "ab", "1 line(s) removed|a\nb\na\n");
    gone("regexp", "b", "2 line(s) removed|a\na\n");
    gone("search_string", "b", "2 line(s) removed|a\na\n");
    gone("line", "z", "|a\nb\na\nab\r\n");
    missing(json!({"line": "z", "state": "absent"}), "file not present|none");
}

#[test]
fn missing_file_is_made_if_asked_for() {
    missing(json!({"line": "x"}), "failed: /f does not exist");
    missing(json!({"line": "x", "create": true}), "line added|x\n");
    let attributes = "line added and ownership, perms or SE linux context changed|x\n";
    missing(json!({"line": "x", "create": true, "mode": "0600"}), attributes);
    let mut host = Overlay::new(Empty);
    let below = json!({"path": "/a/b/f", "line": "x", "create": true});
    let made = "make directory /a (0755 root:root)\nmake directory /a/b (0755 root:root)\n\
         create /a/b/f (2 bytes, 0644 root:root)";
    settles("lineinfile", &below, &mut host, made);
    let directory = "failed: /a is a directory, not a file";
    settles("lineinfile", &json!({"path": "/a", "line": "x"}), &mut host, directory);
}

#[test]
fn result_has_the_fields_of_ansible_s() {
    let mut host = Overlay::new(Empty);
    tried("file", &json!({"dest": "/f", "content": "a\n"}), &mut host);
    let fields = |params: Value, host: &mut Overlay<Empty>| tried("lineinfile", &params, host).1;
    let same = fields(json!({"path": "/f", "line": "a"}), &mut host);
    assert_eq!(Value::Object(same), json!({"backup": "", "msg": ""}));
    let gone = json!({"path": "/f", "line": "b", "state": "absent"});
    assert_eq!(
        Value::Object(fields(gone, &mut host)),
        json!({"backup": "", "msg": "", "found": 0})
    );
    // In check mode nothing is kept.
    let kept = fields(json!({"path": "/f", "line": "b", "backup": true}), &mut host);
    assert_eq!(Value::Object(kept), json!({"backup": "", "msg": "line added"}));
}

#[test]
fn parameters_that_do_not_go_together_are_refused() {
    let refused = |params: Value, expected: &str| missing(params, expected);
    refused(json!({"regexp": "a"}), "refused: `lineinfile` needs the `line`");
    refused(
        json!({"line": "a", "regexp": "a", "search_string": "a"}),
        "refused: `regexp` and `search_string` both say which line is meant",
    );
    refused(
        json!({"line": "a", "backrefs": true}),
        "refused: `backrefs` fills in groups of `regexp`, and there is none",
    );
    refused(
        json!({"line": r"\2", "regexp": "(a)", "backrefs": true}),
        "refused: the replacement names the group `2`, and the pattern has 1",
    );
}
