//! Corners of Ansible's dialect that the recorded cases of tests/oracle do not have.

use crate::dialect::Dialect;
use crate::expression::{Found, Language, Lookup, Scope, Trouble};
use serde_json::{Value as Json, json};
use std::sync::Arc;

#[derive(Debug)]
struct Names(Json);

impl Scope for Names {
    fn get(&self, name: &str) -> Option<Found> {
        self.0.get(name).cloned().map(Found::Raw)
    }

    fn names(&self) -> Vec<String> {
        self.0.as_object().map(|map| map.keys().cloned().collect()).unwrap_or_default()
    }

    fn answer(&self, asked: &Lookup) -> Option<Result<Vec<Json>, Trouble>> {
        let known = matches!(asked.plugin.as_str(), "file" | "is file" | "| realpath");
        known.then(|| Ok(vec![json!(asked.terms.first() == Some(&json!("/etc/passwd")))]))
    }
}

fn scope() -> Arc<dyn Scope> {
    Arc::new(Names(json!({
        "l": [3, 1, 2], "d": {"b": 1, "a": 2}, "t": "text", "word": "n == 5", "n": 5, "flag": true,
        "deep": "{{ nowhere }}", "broken": "{{ 1 | nope }}",
    })))
}

fn text(text: &str) -> Result<Json, Trouble> {
    Language::of(Dialect::Ansible).text(text, &scope())
}

#[track_caller]
fn check(written: &str, expected: Json) {
    assert_eq!(text(written), Ok(expected), "{written}");
}

/// Lines of an expression and of what real Ansible gave for it, as JSON.
#[track_caller]
pub(super) fn seen(lines: &str) {
    for (written, expected) in lines.lines().filter_map(|line| line.split_once('\t')) {
        check(written, serde_json::from_str(expected).unwrap());
    }
}

#[track_caller]
fn refused(written: &str, expected: &str) {
    assert_eq!(text(written).unwrap_err().message, expected, "{written}");
}

#[track_caller]
fn holds(condition: &str, expected: Result<bool, &str>) {
    let found = Language::of(Dialect::Ansible).holds(condition, &scope());
    assert_eq!(found.map_err(|trouble| trouble.message), expected.map_err(str::to_owned));
}

#[test]
fn lists_and_mappings_are_never_changed() {
    refused("{{ l.append(4) }}", "`append` changes a list in place, which hep does not do");
    refused(
        "{% set _ = d.update({}) %}",
        "`update` changes a mapping in place, which hep does not do",
    );
    check("{{ d | attr('get') is defined }} {{ d | attr('a') is defined }}", json!("True False"));
    check("{{ l.index(1) }} {{ l.copy() }} {{ 'abc'.rindex('c') }}", json!("1 [3, 1, 2] 2"));
}

#[test]
fn a_seed_gives_what_pythons_generator_gives() {
    check("{{ 100 | random(seed='host') }} {{ 59 | random(seed='web1') }}", json!("11 52"));
    check("{{ [1, 2, 3, 4, 5] | shuffle(seed='x') }}", json!([5, 2, 1, 4, 3]));
    refused(
        "{{ 100 | random }}",
        "`random` without a seed gives another value each time, and hep has no chance",
    );
}

#[test]
fn conditions_are_true_or_false() {
    holds("n == 5 and flag", Ok(true));
    holds("{{ flag }}", Ok(true));
    holds("{{ word }}", Ok(true));
    holds("'{{ t }}' == 'text'", Ok(true));
    holds(
        "'a' | regex_search('b')",
        Err("the condition gives nothing, and a condition must be true or false"),
    );
    holds("l", Err("the condition gives a list, and a condition must be true or false"));
    holds("l | length", Err("the condition gives a number, and a condition must be true or false"));
}

#[test]
fn what_cannot_be_compared_is_not_sorted() {
    refused("{{ [1, 'a'] | sort }}", "`sort` cannot compare the text `a` with others of the list");
    check("{{ [true, 0, 2.5] | sort }}", json!([0, true, 2.5]));
}

#[test]
fn values_of_two_kinds_are_not_compared() {
    refused("{{ 1 < 'a' }}", "the number 1 and the text `a` cannot be compared");
    refused("{{ n >= none }}", "the number 5 and nothing cannot be compared");
    check(
        "{{ [n - 1 > 3, 'a' < 'b', 1 < n < 9, not n | int <= 4 and l[0] >= 3] }}",
        json!([true, true, true, true]),
    );
    check("{% if l | length > 1 %}{{ n if n < 9 else t }}{% endif %}", json!(5));
}

#[test]
fn what_is_undefined_is_named() {
    refused("{{ nope | upper }}", "`nope` is undefined");
    refused("{{ nope is none }}", "`nope` is undefined");
    refused("{{ nope > 1 }}", "`nope` is undefined");
    check("{{ nope.x | upper | default('d') }}", json!("d"));
}

#[test]
fn lookups_are_answered_by_names_or_by_the_scope() {
    check("{{ lookup('vars', 'n') }}", json!(5));
    check("{{ lookup('ansible.builtin.file', '/etc/passwd') }}", json!(true));
    check(
        "{{ q('file', 'x') }} {{ '/etc/passwd' is file }} {{ 'x' | realpath }}",
        json!("[False] True False"),
    );
    refused("{{ lookup('vars', 'deep') }}", "in the variable `deep`: `nowhere` is undefined");
    refused("{{ lookup('url', 'x') }}", "the lookup `url` cannot be answered here");
    check("{{ lookup('url', 'x', errors='ignore') is none }}", json!(true));
}

#[test]
fn patterns_look_around_and_refer_back() {
    check("{{ 'foobar foobaz' | regex_replace('foo(?=baz)', 'X') }}", json!("foobar Xbaz"));
    check("{{ 'aabb' | regex_search('(.)\\1') }}", json!("aa"));
    check("{{ 'b' | regex_search('(a)|(b)', '\\1', '\\2') }}", json!([null, "b"]));
    check("{{ 'abc' | regex_replace('x*', '-') }}", json!("-a-b-c-"));
    check(
        "{{ 'Ab' is match('a', ignorecase=true) }} {{ 'ab' is match('b') }}",
        json!("True False"),
    );
    refused(
        "{{ 'a' | regex_replace('b', 'c', mandatory_count=1) }}",
        "`regex_replace` found `b` 0 times, and `mandatory_count` is 1",
    );
    refused("{{ 'a' | regex_search('(a)', 'a') }}", "`regex_search` takes groups, and `a` is none");
}

#[test]
fn filters_of_filters_take_their_arguments() {
    check(
        "{{ [[{'m': 1}], [{'m': 2}]] | map('map', attribute='m') | map('list') | list }}",
        json!([[1], [2]]),
    );
    check("{{ ['/a/b'] | map('ansible.builtin.basename') | list }}", json!(["b"]));
    refused("{{ [1] | map('nope') | list }}", "there is no filter `nope`");
}

#[test]
fn what_other_collections_have_and_hep_too() {
    check("{{ ['1.10', '1.9'] | community.general.version_sort }}", json!(["1.9", "1.10"]));
    check("{{ [['a', 1]] | community.general.dict }}", json!({"a": 1}));
    check("{{ [['a', 1]] | items2dict(key_name=0, value_name=1) }}", json!({"a": 1}));
    refused(
        "{{ '52:zz' | random_mac(seed='a') }}",
        "`random_mac` takes the first bytes of an address, found `52:zz`",
    );
}

#[test]
fn tuples_print_as_lists_and_jinjas_json_is_safe() {
    check("x{{ {'a': 1}.items() | list }}", json!("x[['a', 1]]"));
    check(
        "{{ {'b': '<', 'a': \"'\"} | tojson }}",
        json!("{\"a\": \"\\u0027\", \"b\": \"\\u003c\"}"),
    );
}

#[test]
fn a_variable_that_cannot_be_made_says_why() {
    refused("{{ {'a': broken} | to_json }}", "in the variable `broken`: there is no filter `nope`");
}
