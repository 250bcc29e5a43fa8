//! What Ansible makes of the same files.

use super::super::file::edit::tests::{self, never_settles};
use serde_json::{Value, json};

#[track_caller]
fn check(old: &str, params: Value, expected: &str) {
    tests::check("blockinfile", Some(old), params, expected);
}

#[test]
fn block_is_inserted_replaced_and_removed() {
    let text = "a\n# BEGIN ANSIBLE MANAGED BLOCK\none\ntwo\n# END ANSIBLE MANAGED BLOCK\n";
    let inserted = format!("Block inserted|{text}");
    check("a\n", json!({"block": "one\ntwo"}), &inserted);
    check("a\n", json!({"block": "one\ntwo\n"}), &inserted);
    check("a", json!({"block": "one\ntwo"}), &inserted);
    check(text, json!({"block": "one\ntwo"}), &format!("|{text}"));
    let below = format!("{text}b\n");
    check(&below, json!({"block": "one\ntwo", "insertafter": "BOF"}), &format!("|{below}"));
    check(&below, json!({"block": ""}), "Block removed|a\nb\n");
    check(&below, json!({"state": "absent", "block": "any"}), "Block removed|a\nb\n");
    check("a\n", json!({"state": "absent"}), "|a\n");
    check(
        "",
        json!({"block": "x", "marker": "<!-- {mark} -->"}),
        "Block inserted|<!-- BEGIN -->\nx\n<!-- END -->\n",
    );
    let marks =
        json!({"block": "x", "marker": "; {mark}", "marker_begin": "ON", "marker_end": "OFF"});
    check("; ON\ny\n; OFF\n", marks, "Block inserted|; ON\nx\n; OFF\n");
}

#[test]
fn last_block_counts_and_half_a_block_is_none() {
    let marked = |params: Value| {
        let mut params = params;
        params["marker"] = json!("#{mark}");
        params
    };
    let two = "#BEGIN\nx\n#END\nm\n#BEGIN\nz\n#END\n";
    check(
        two,
        marked(json!({"block": "y"})),
        "Block inserted|#BEGIN\nx\n#END\nm\n#BEGIN\ny\n#END\n",
    );
    check(
        "#BEGIN\nx\n",
        marked(json!({"block": "y"})),
        "Block inserted|#BEGIN\nx\n#BEGIN\ny\n#END\n",
    );
    check(
        "a\r\nb\r\n",
        marked(json!({"block": "y", "insertafter": "^a"})),
        "Block inserted|a\r\n#BEGIN\ny\n#END\nb\r\n",
    );
}

#[test]
fn new_block_goes_where_it_should() {
    let at = |key: &str, place: &str, expected| {
        check("a\nb\na\nc\n", json!({"block": "x", "marker": "#{mark}", key: place}), expected);
    };
    at("insertafter", "^a", "Block inserted|a\nb\na\n#BEGIN\nx\n#END\nc\n");
    at("insertbefore", "^a", "Block inserted|a\nb\n#BEGIN\nx\n#END\na\nc\n");
    at("insertbefore", "BOF", "Block inserted|#BEGIN\nx\n#END\na\nb\na\nc\n");
    at("insertafter", "EOF", "Block inserted|a\nb\na\nc\n#BEGIN\nx\n#END\n");
    at("insertafter", "^z", "Block inserted|a\nb\na\nc\n#BEGIN\nx\n#END\n");
    at("insertbefore", "^z", "Block inserted|a\nb\na\nc\n#BEGIN\nx\n#END\n");
    at("insertafter", "(?m)^b\na$", "Block inserted|a\nb\na\n#BEGIN\nx\n#END\nc\n");
}

#[test]
fn empty_lines_are_put_around_it() {
    let params = json!({
        "block": "x", "marker": "#{mark}", "insertafter": "^a",
        "prepend_newline": true, "append_newline": true,
    });
    check("a\nb\n", params.clone(), "Block inserted|a\n\n#BEGIN\nx\n#END\n\nb\n");
    check("a\n", params, "Block inserted|a\n\n#BEGIN\nx\n#END\n");
}

#[test]
fn missing_file_is_made_if_asked_for() {
    let missing = |params: Value, expected| tests::check("blockinfile", None, params, expected);
    missing(json!({"block": "x"}), "failed: /f does not exist");
    missing(json!({"state": "absent"}), "failed: /f does not exist");
    missing(json!({"state": "absent", "create": true}), "File /f not present|none");
    let (first, _) = ("File created|#BEGIN\nx\n#END\n", ());
    missing(json!({"block": "x", "marker": "#{mark}", "create": true}), first);
}

#[test]
fn marker_that_is_one_line_for_both_ends_never_settles() {
    let params = json!({"block": "x", "marker": "# mine"});
    never_settles(
        "blockinfile",
        "",
        params,
        ["Block inserted|# mine\nx\n# mine\n", "Block inserted|# mine\nx\n# mine\nx\n# mine\n"],
    );
}
