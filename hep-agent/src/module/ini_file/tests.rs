//! What Ansible makes of the same files.

use super::super::file::edit::tests;
use serde_json::{Value, json};

#[track_caller]
fn check(old: &str, params: Value, expected: &str) {
    tests::check("ini_file", Some(old), params, expected);
}

fn a(value: &str) -> Value {
    json!({"section": "s", "option": "a", "value": value})
}

#[test]
fn option_gets_its_value() {
    check("[s]\na = 1\n", a("1"), "OK|[s]\na = 1\n");
    check("[s]\na=1\n", a("1"), "option changed|[s]\na = 1\n");
    check("[s]\na = 2\nb = 1\n", a("1"), "option changed|[s]\na = 1\nb = 1\n");
    check("[s]\n#a = 2\nb = 1\n", a("1"), "option changed|[s]\na = 1\nb = 1\n");
    check("[s]\nb = 1\n\n; end\n[t]\n", a("1"), "option added|[s]\nb = 1\na = 1\n\n; end\n[t]\n");
    check("[t]\na = 1\n", a("1"), "section and option added|[t]\na = 1\n[s]\na = 1\n");
    check("", a("1"), "section and option added|\n[s]\na = 1\n");
    check("[ s ] x\na = 1", a("1"), "OK|[ s ] x\na = 1\n");
    check("[s]\r\nab = 1\r\n", a("1"), "option added|[s]\nab = 1\na = 1\n");
    check("[s]\r\na = 1\r\n", a("1"), "OK|[s]\r\na = 1\r\n");
    check("[s]\na = 1\na = 2\n", a("3"), "option changed|[s]\na = 3\n");
    tests::check("ini_file", None, a("1"), "section and option added|\n[s]\na = 1\n");
}

#[test]
fn options_before_the_first_section_have_none() {
    let top = json!({"option": "a", "value": "1", "no_extra_spaces": true});
    check("a=2\n[s]\na=3\n", top.clone(), "option changed|a=1\n[s]\na=3\n");
    check("# top\n\n[s]\n", top.clone(), "option added|a=1\n# top\n\n[s]\n");
    check("b=1\n\n", top, "option added|b=1\na=1\n\n");
}

#[test]
fn spaces_comments_and_missing_values_count_as_asked() {
    let with = |more: Value| {
        let mut params = a("1");
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        params
    };
    check("[s]\na=1\n", with(json!({"ignore_spaces": true})), "OK|[s]\na=1\n");
    check(
        "[s]\n#a = 1\n",
        with(json!({"modify_inactive_option": false})),
        "option added|[s]\na = 1\n#a = 1\n",
    );
    let bare = json!({"section": "s", "option": "a", "allow_no_value": true});
    check("[s]\n", bare.clone(), "option added|[s]\na\n");
    check("[s]\na = 1\n", bare, "option changed|[s]\na\n");
    let section = json!({"section": "s", "allow_no_value": true});
    check("[t]\n", section.clone(), "only section added|[t]\n[s]\n");
    check("[s]\n", section, "OK|[s]\n");
}

#[test]
fn several_values_have_a_line_each() {
    let both = |exclusive| json!({"section": "s", "option": "a", "values": ["1", "2"], "exclusive": exclusive});
    check("[s]\na = 3\n", both(true), "option added|[s]\na = 1\na = 2\n");
    check("[s]\na = 2\na = 3\n", both(true), "option changed|[s]\na = 2\na = 1\n");
    check("[s]\na = 3\n", both(false), "option added|[s]\na = 3\na = 1\na = 2\n");
    let has = json!({"section": "s", "section_has_values": [{"option": "n", "value": "2"}],
        "option": "a", "value": "1"});
    check("[s]\nn = 1\n[s]\nn = 2\n", has.clone(), "option added|[s]\nn = 1\n[s]\nn = 2\na = 1\n");
    check("[s]\nn = 1\n", has, "section and option added|[s]\nn = 1\n[s]\nn = 2\na = 1\n");
}

#[test]
fn option_value_or_section_goes() {
    let goes = |more: Value| {
        let mut params = json!({"section": "s", "state": "absent"});
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        params
    };
    check(
        "[s]\n#a = 1\na = 1\nb = 1\n",
        goes(json!({"option": "a"})),
        "option changed|[s]\n#a = 1\nb = 1\n",
    );
    check("[s]\nb = 1\n", goes(json!({"option": "a"})), "OK|[s]\nb = 1\n");
    let one = goes(json!({"option": "a", "value": "1", "exclusive": false}));
    check("[s]\na = 1\na = 2\n", one, "option changed|[s]\na = 2\n");
    check("x\n[s]\na = 1\n[t]\n", goes(json!({})), "section removed|x\n[t]\n");
    check("[t]\n", goes(json!({})), "OK|[t]\n");
    tests::check("ini_file", None, goes(json!({})), "OK|none");
    let never = json!({"section": "s", "option": "a", "value": "1", "create": false});
    tests::check("ini_file", None, never, "failed: /f does not exist");
}
