//! What the examples of the documentation do not show: corners that Ansible's users rely on.

use crate::expression::{Found, Language, Scope};
use serde_json::{Value as Json, json};
use std::sync::Arc;

#[derive(Debug)]
struct Value(Json);

impl Scope for Value {
    fn get(&self, name: &str) -> Option<Found> {
        (name == "v").then(|| Found::Plain(self.0.clone()))
    }

    fn names(&self) -> Vec<String> {
        vec!["v".to_owned()]
    }
}

/// What an expression gives where `v` is this value; its message when it fails.
fn gives(value: Json, expression: &str) -> Json {
    let scope: Arc<dyn Scope> = Arc::new(Value(value));
    Language::new().evaluate(expression, &scope).unwrap_or_else(|trouble| trouble.message.into())
}

fn check(value: Json, expression: &str, expected: Json) {
    assert_eq!(gives(value.clone(), expression), expected, "{expression} of {value}");
}

#[test]
fn regular_expressions_are_written_as_in_python() {
    check(json!("eth0 eth1"), r"v | regex_replace('eth(\\d)', 'lan\\1')", json!("lan0 lan1"));
    check(json!("ab"), r"v | regex_replace('(?P<x>a)(b)', '\\g<2>\\g<x>$1')", json!("ba$1"));
    check(json!("aXbx"), "v | regex_replace('x', '-', ignorecase=true, count=1)", json!("a-bx"));
    check(json!("a\nb"), "v | regex_replace('^', '# ', multiline=true)", json!("# a\n# b"));
    check(
        json!("port=80"),
        r"v | regex_search('(\\w+)=(\\d+)', '\\2', '\\1')",
        json!(["80", "port"]),
    );
    check(json!("ABC"), "v | regex_search('b', ignorecase=true)", json!("B"));
    check(json!("none"), r"v | regex_search('\\d')", Json::Null);
    check(json!("a=1,b=2"), r"v | regex_findall('(\\w)=(\\d)')", json!([["a", "1"], ["b", "2"]]));
    check(json!("xnginx"), "v is match('nginx')", json!(false));
    check(json!("xnginx"), "v is search('nginx$')", json!(true));
    check(json!("a|b"), "v is match('x|a')", json!(true));
    check(json!(["eth0", "lo"]), "v | select('match', 'eth') | list", json!(["eth0"]));
    check(json!("aab"), r"v | regex_replace('(a)\\1', '')", json!("b"));
    check(
        json!("ab"),
        r"v | regex_replace('(a', '')",
        json!("`(a` is not a regular expression: found open group without closing ')'"),
    );
}

#[test]
fn what_may_be_missing_is_asked_for_at_every_depth() {
    let v = json!({"a": {"b": [{"c": 1}]}, "n": null, "t": "text"});
    for missing in [
        "v.x.y",
        "v.x.y.z",
        "v['x']['y']",
        "v.a.x.y",
        "v.a.b[3].c",
        "v.a.b.0.x.y",
        "v.n.x.y",
        "v.t.x.y",
        "nope.x",
        "nope.x.y[0]",
        "(v.x).y",
        "v.get('x').y",
        "v.a['x' ~ 'y'].z",
    ] {
        for (form, expected) in [
            ("E | default('d')", json!("d")),
            ("E|d('d')", json!("d")),
            ("E is defined", json!(false)),
            ("E is not defined", json!(true)),
            ("E is undefined", json!(true)),
            ("E is defined and E.x == 1", json!(false)),
            ("1 if E is defined else 2", json!(2)),
            ("[E | default(3)] | first", json!(3)),
            ("{'k': E | default(v.x.y) | default(4)}.k", json!(4)),
        ] {
            check(v.clone(), &form.replace('E', missing), expected);
        }
    }
    check(v.clone(), "v.a.b[0].c | default(5)", json!(1));
    check(v.clone(), "v.a.b[0].c is defined", json!(true));
    check(v.clone(), "v[v.q.r | default('a')].b[0].c | default(5)", json!(1));
    let v = json!([{"a": {"b": 1}}, {}, {"a": null}, {"a": {"b": null}}]);
    for (expression, expected) in [
        ("v | selectattr('a.b', 'defined') | list", json!([{"a": {"b": 1}}, {"a": {"b": null}}])),
        ("v | rejectattr('a.b', 'undefined') | list", json!([{"a": {"b": 1}}, {"a": {"b": null}}])),
        ("v | selectattr('a.b', 'undefined') | list", json!([{}, {"a": null}])),
        ("v | rejectattr('a.b', 'defined') | list", json!([{}, {"a": null}])),
        ("v | selectattr('a.b.c.0', 'defined') | list", json!([])),
        ("v | selectattr('a', 'defined') | list | length", json!(3)),
        ("v | selectattr('a.b', 'defined') | selectattr('a.b', 'eq', 1) | list | length", json!(1)),
        ("[[1, 2], [3]] | selectattr('1', 'defined') | list", json!([[1, 2]])),
    ] {
        check(v.clone(), expression, expected);
    }
}

#[test]
fn what_is_missing_is_an_error_wherever_nothing_stands_in_for_it() {
    let name_of = |expression: &str| {
        let scope: Arc<dyn Scope> = Arc::new(Value(json!({"a": {}})));
        match Language::new().evaluate(expression, &scope).unwrap_err().kind {
            crate::expression::TroubleKind::Undefined { name } => name,
            other => panic!("{expression}: {other:?}"),
        }
    };
    assert_eq!(name_of("v.x.y"), "v.x");
    assert_eq!(name_of("v.a.x | upper"), "v.a.x");
    assert_eq!(name_of("v.x.y | upper | default('d')"), "v.x");
    assert_eq!(name_of("v.b is defined or v.x.y"), "v.x");
    assert_eq!(name_of("v.x.y == 1 and v.x.y is defined"), "v.x");
    assert_eq!(name_of("v.x | selectattr('a.b', 'defined') | list"), "v.x");
}

#[test]
fn pythons_texts_and_mappings() {
    let v = || json!({"a": "b c", "d": 1, "u": "/ä&="});
    check(v(), "v | urlencode", json!("a=b+c&d=1&u=%2F%C3%A4%26%3D"));
    check(v(), "[['a', 'b'], ['c', 'd e']] | urlencode", json!("a=b&c=d+e"));
    check(v(), "'a/b c' | urlencode", json!("a/b%20c"));
    check(v(), "dict(['a'] | zip([1]))", json!({"a": 1}));
    check(v(), "dict([('a', 1)], a=2, b=3)", json!({"a": 2, "b": 3}));
    check(v(), "dict({'a': 1}, b=3)", json!({"a": 1, "b": 3}));
    check(v(), "dict()", json!({}));
    check(v(), "dict([1])", json!("`dict` takes pairs, found the number 1"));
    check(v(), "'a:b:c'.rsplit(':', 1)", json!(["a:b", "c"]));
    check(v(), "'a:b:c'.rsplit(':')", json!(["a", "b", "c"]));
    check(v(), "' a  b c '.rsplit()", json!(["a", "b", "c"]));
    check(v(), "' a  b c '.rsplit(none, 1)", json!(["a  b", "c"]));
    check(v(), "'x'.zfill(3) ~ '-7'.zfill(4) ~ '12345'.zfill(3)", json!("00x-00712345"));
    check(
        v(),
        "'a=b=c'.partition('=') + 'a=b=c'.rpartition('=')",
        json!(["a", "=", "b=c", "a=b", "=", "c"]),
    );
    check(v(), "'ab'.center(5) ~ '|' ~ 'abc'.center(6, '-')", json!("  ab |-abc--"));
    check(v(), "'v1.2'.removeprefix('v') ~ 'x.conf'.removesuffix('.conf')", json!("1.2x"));
    check(v(), "'x'.ljust(99999999999)", json!("this takes too much work to evaluate"));
    check(v(), "'%s' % 'x'", json!("x"));
    check(v(), "'%s-%03d' % (v.a, v.d)", json!("b c-001"));
    check(v(), "'%s' % v.d ~ '!'", json!("1!"));
    check(v(), "'%05.1f%%' % 2.25", json!("002.2%"));
    check(v(), "7 % 4 + v.d % 2", json!(4));
    check(v(), "'hello' | truncate(3)", json!("hello"));
    check(v(), "'hello you all' | truncate(6)", json!("hel..."));
    check(v(), "'hello you all' | truncate(9)", json!("hello you all"));
    check(v(), "'hello you all there' | truncate(10, true, '..')", json!("hello yo.."));
    check(v(), "'hello you all there' | truncate(10, end='')", json!("hello you"));
}

#[test]
fn versions_are_compared_by_their_numbers() {
    for (old, new) in [
        ("1.9", "1.10"),
        ("1.2rc1", "1.2"),
        ("1.2", "1.2.1"),
        ("22.04", "24.04"),
        ("1.0.0-1", "1.0.0-2"),
        ("v1.2", "1.3"),
    ] {
        check(json!(old), &format!("v is version('{new}', '<')"), json!(true));
        check(json!(new), &format!("v is version('{old}', 'gt')"), json!(true));
        check(json!(new), &format!("v is version('{old}', '<=')"), json!(false));
    }
    check(json!("1.2"), "v is version('1.2.0')", json!(true));
    check(json!(12), "v is version('11', '>=')", json!(true));
    check(json!("1"), "v is version('1', '~')", json!("`version` has no operator `~`"));
}

#[test]
fn mappings_are_merged_as_deep_as_asked() {
    let v = json!({"a": {"x": 1, "y": 2}, "l": [1, 2]});
    let other = "{'a': {'y': 3}, 'l': [2, 3]}";
    let combined = |arguments: &str| gives(v.clone(), &format!("v | combine({other}{arguments})"));
    assert_eq!(combined(""), json!({"a": {"y": 3}, "l": [2, 3]}));
    assert_eq!(combined(", recursive=true"), json!({"a": {"x": 1, "y": 3}, "l": [2, 3]}));
    assert_eq!(combined(", list_merge='append'")["l"], json!([1, 2, 2, 3]));
    assert_eq!(combined(", list_merge='append_rp'")["l"], json!([1, 2, 3]));
    assert_eq!(combined(", list_merge='prepend_rp'")["l"], json!([2, 3, 1]));
    assert_eq!(combined(", list_merge='keep'")["l"], json!([1, 2]));
    check(json!([{"a": 1}, {"b": 2}]), "{} | combine(v)", json!({"a": 1, "b": 2}));
    check(json!([1]), "v | combine({})", json!("`combine` takes a mapping, found a list"));
    check(
        json!([{"name": "a", "id": 1}]),
        "v | items2dict(key_name='name', value_name='id')",
        json!({"a": 1}),
    );
}

#[test]
fn yaml_is_laid_out_as_pyyaml_does() {
    let v = json!({
        "b": [{"b": 1, "c": [1, 2]}, [3, [4]], "x"],
        "a": {"e": {}, "d": [], "f": null, "g": true, "h": 1.5},
    });
    let expected = "a:\n    d: []\n    e: {}\n    f: null\n    g: true\n    h: 1.5\n\
        b:\n-   b: 1\n    c:\n    - 1\n    - 2\n-   - 3\n    -   - 4\n- x\n";
    check(v.clone(), "v | to_nice_yaml", json!(expected));
    let flat = "b:\n- b: 1\n  c:\n  - 1\n  - 2\n- - 3\n  - - 4\n- x\na:\n  e: {}\n  d: []\n  f: null\n  g: true\n  h: 1.5\n";
    check(v, "v | to_yaml(sort_keys=false)", json!(flat));
}

#[test]
fn yaml_texts_stay_texts() {
    for text in [
        "yes",
        "0644",
        "1.5",
        "a: b",
        "- x",
        "x # y",
        "*x",
        "",
        "2024-01-01",
        "12:30",
        "null",
        "@x",
        "key:",
        "0x1f",
        ".5",
        "1_000",
        "=",
        "<<",
        "#x",
        "[a",
        "{a",
        "!x",
        "%x",
        "~",
        " x",
        "x ",
        "---",
        "it's",
        "\"x\"",
        "1e5",
        "-1",
        "+1",
        "?",
        "? x",
        "&a",
        "|",
        ">",
        "`x`",
        "0o17",
        "-.inf",
        "OFF",
    ] {
        let written = gives(json!(text), "v | to_yaml");
        let quoted = written.as_str().is_some_and(|w| w.starts_with(['\'', '"'])) || text == "it's";
        assert!(quoted, "{text} is written {written}");
    }
    for text in ["a", "/etc/x", "a,b", "a=b", "x-y", "a b", "ü", "www-data", "nginx.conf", "a:b"] {
        check(json!(text), "v | to_yaml", json!(format!("{text}\n")));
    }
    check(json!("a\nb"), "v | to_yaml", json!("\"a\\nb\"\n"));
}

#[test]
fn texts_are_quoted_and_commented() {
    check(json!("it's"), "v | quote", json!(r#"'it'"'"'s'"#));
    check(json!(""), "v | quote", json!("''"));
    check(json!("a/b-c=1"), "v | quote", json!("a/b-c=1"));
    check(json!("x\ny"), "v | comment('c')", json!("//\n// x\n// y\n//"));
    check(json!("x"), "v | comment('cblock')", json!("/*\n *\n * x\n *\n */"));
    check(json!("x"), "v | comment(decoration='; ')", json!(";\n; x\n;"));
    check(json!([true, null, 1.5, "a"]), "v | join('|')", json!("true||1.5|a"));
    check(json!([{"n": "a"}, {"n": "b"}]), "v | join(',', attribute='n')", json!("a,b"));
    check(json!("a\nb"), "v | indent(4, true)", json!("    a\n    b"));
}

#[test]
fn kinds_are_made_of_one_another() {
    for (value, expected) in [
        (json!("Yes"), json!(true)),
        (json!("0"), json!(false)),
        (json!(""), json!(false)),
        (json!(1), json!(true)),
        (json!(null), json!(false)),
        (json!("maybe"), json!("the text `maybe` is neither true nor false")),
    ] {
        check(value, "v | bool", expected);
    }
    check(json!(" 12.9 "), "v | int", json!(12));
    check(json!("x"), "v | int(7)", json!(7));
    check(json!("x"), "v | int(default=7)", json!(7));
    check(json!("0x1f"), "v | int(base=16)", json!(31));
    check(json!(3.9), "v | int", json!(3));
    check(json!(true), "v | int", json!(1));
    check(json!("2.50"), "v | float", json!(2.5));
    check(json!(null), "v | ternary('a', 'b', 'c')", json!("c"));
    check(json!(1), "nope | mandatory('set it')", json!("set it"));
    check(json!(u64::MAX), "v", json!(u64::MAX));
    check(json!(i64::MIN), "v", json!(i64::MIN));
}

#[test]
fn paths_are_cut_and_joined() {
    check(json!("/a/b/"), "[v | basename, v | dirname]", json!(["", "/a/b"]));
    check(json!("x"), "[v | basename, v | dirname]", json!(["x", ""]));
    check(json!("/x"), "v | dirname", json!("/"));
    check(json!("/a.d/.bashrc"), "v | splitext", json!(["/a.d/.bashrc", ""]));
    check(json!("a.tar.gz"), "v | splitext", json!(["a.tar", ".gz"]));
    check(json!("/etc/"), "[v, 'a', 'b'] | path_join", json!("/etc/a/b"));
    check(json!("/etc"), "v | path_join('/x')", json!("/x"));
}

#[test]
fn methods_of_python_work() {
    check(json!("a,b"), "v.split(',')", json!(["a", "b"]));
    check(json!(" A "), "v.strip().lower()", json!("a"));
    check(
        json!("abc"),
        "v.startswith('ab') and v.endswith('bc') and v.find('z') == -1",
        json!(true),
    );
    check(json!({"a": 1}), "v.get('b', 2)", json!(2));
    check(json!({"a": 1}), "v.items() | list", json!([["a", 1]]));
    check(json!({"a": 1}), "v.keys() | list", json!(["a"]));
}

#[test]
fn json_and_base64_are_read_back() {
    let v = json!({"z": [1, 2.5, null, "é\n"], "a": {}});
    for filter in ["to_json", "to_nice_json", "to_json(indent=1)"] {
        check(v.clone(), &format!("v | {filter} | from_json"), v.clone());
    }
    check(json!("aGVw"), "v | b64decode | b64encode", json!("aGVw"));
    check(json!("aGU"), "v | b64decode", json!("he"));
    check(
        json!("/w=="),
        "v | b64decode",
        json!("`b64decode` gives bytes that are no text (UTF-8)"),
    );
    check(
        json!("{"),
        "v | from_json",
        json!("`from_json`: this is not JSON: {: EOF while parsing an object at line 1 column 1"),
    );
}
