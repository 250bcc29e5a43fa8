//! Words that the language does not have, and texts that are never what they seem.

use super::said;
use crate::expression::Form;
use insta::assert_snapshot;

#[test]
fn text_alone_after_or() {
    assert_snapshot!(said(Form::Bare, "os.id == 'debian' or 'ubuntu'"), @r#"
    error: the text 'ubuntu' alone is always true
     --> site.yml:1:22
      |
    1 | os.id == 'debian' or 'ubuntu'
      |                      ^^^^^^^^
      |
      = hint: write `os.id in ['debian', 'ubuntu']`
    "#);
}

#[test]
fn method_of_javascript() {
    assert_snapshot!(said(Form::Bare, "hostname.startsWith(\"web\")"), @r#"
    error: no value has a method `startsWith`
     --> site.yml:1:10
      |
    1 | hostname.startsWith("web")
      |          ^^^^^^^^^^
      |
      = hint: write `hostname.startswith("web")`
    "#);
}

#[test]
fn method_append() {
    assert_snapshot!(said(Form::Text, "{{ app.hosts.append(site) }}"), @r#"
    error: no value has a method `append`
     --> site.yml:1:14
      |
    1 | {{ app.hosts.append(site) }}
      |              ^^^^^^
      |
      = hint: write `app.hosts + [site]`
    "#);
}

#[test]
fn method_iteritems() {
    assert_snapshot!(said(Form::Template, "{% for k, v in app.iteritems() %}{{ k }}{{ v }}{% endfor %}"), @r#"
    error: no value has a method `iteritems`
     --> motd.j2:1:20
      |
    1 | {% for k, v in app.iteritems() %}{{ k }}{{ v }}{% endfor %}
      |                    ^^^^^^^^^
      |
      = hint: write `app.items()`
    "#);
}

#[test]
fn method_update() {
    assert_snapshot!(said(Form::Text, "{{ app.update({\"x\": 1}) }}"), @r#"
    error: no value has a method `update`
     --> site.yml:1:8
      |
    1 | {{ app.update({"x": 1}) }}
      |        ^^^^^^
      |
      = hint: write `app | combine({"x": 1})`
    "#);
}

#[test]
fn method_misspelt() {
    assert_snapshot!(said(Form::Text, "{{ site.splt(\",\") }}"), @r#"
    error: no value has a method `splt`
     --> site.yml:1:9
      |
    1 | {{ site.splt(",") }}
      |         ^^^^
      |
      = hint: did you mean `split`?
    "#);
}

#[test]
fn method_that_is_a_filter() {
    assert_snapshot!(said(Form::Text, "{{ (site ~ \"x\").unique() }}{{ site.first() }}"), @r#"
    error: no value has a method `unique`
     --> site.yml:1:17
      |
    1 | {{ (site ~ "x").unique() }}{{ site.first() }}
      |                 ^^^^^^
      |
      = hint: it is a filter: `VALUE | unique`

    error: no value has a method `first`
     --> site.yml:1:36
      |
    1 | {{ (site ~ "x").unique() }}{{ site.first() }}
      |                                    ^^^^^
      |
      = hint: it is a filter: `site | first`
    "#);
}

#[test]
fn method_nobody_knows() {
    assert_snapshot!(said(Form::Text, "{{ site.frobnicate() }}"), @r#"
    error: no value has a method `frobnicate`
     --> site.yml:1:9
      |
    1 | {{ site.frobnicate() }}
      |         ^^^^^^^^^^
      |
      = hint: values are changed by filters, `VALUE | NAME`
    "#);
}

#[test]
fn lookup_env() {
    assert_snapshot!(said(Form::Text, "{{ lookup('env', 'HOME') }}"), @r#"
    error: there is no function `lookup`
     --> site.yml:1:4
      |
    1 | {{ lookup('env', 'HOME') }}
      |    ^^^^^^
      |
      = hint: give the value with `-e NAME=VALUE`
    "#);
}

#[test]
fn lookup_of_a_plugin() {
    assert_snapshot!(said(Form::Text, "{{ query('ansible.builtin.vars', site) }}"), @r#"
    error: there is no function `query`
     --> site.yml:1:4
      |
    1 | {{ query('ansible.builtin.vars', site) }}
      |    ^^^^^
      |
      = hint: write `NAME` itself, or keep the values in a mapping: `NAME[KEY]`
    "#);
}

#[test]
fn unknown_function() {
    assert_snapshot!(said(Form::Text, "{{ rnage(3) }}"), @r#"
    error: there is no function `rnage`
     --> site.yml:1:4
      |
    1 | {{ rnage(3) }}
      |    ^^^^^
      |
      = hint: did you mean `range`?
    "#);
}

#[test]
fn filter_as_function() {
    assert_snapshot!(said(Form::Text, "{{ upper(site) }}"), @r#"
    error: there is no function `upper`
     --> site.yml:1:4
      |
    1 | {{ upper(site) }}
      |    ^^^^^
      |
      = hint: it is a filter: `VALUE | upper`
    "#);
}

#[test]
fn misspelt_filter() {
    assert_snapshot!(said(Form::Text, "{{ site | uper }}"), @r#"
    error: there is no filter `uper`
     --> site.yml:1:11
      |
    1 | {{ site | uper }}
      |           ^^^^
      |
      = hint: did you mean `upper`?
    "#);
}

#[test]
fn filter_of_ansible() {
    assert_snapshot!(said(Form::Text, "{{ site | json_query('a.b') }}"), @r#"
    error: there is no filter `json_query`
     --> site.yml:1:11
      |
    1 | {{ site | json_query('a.b') }}
      |           ^^^^^^^^^^
      |
      = hint: write `map(attribute='NAME')`, `selectattr` or a path: `NAME.FIELD`
    "#);
}

#[test]
fn filter_with_collection() {
    assert_snapshot!(said(Form::Text, "{{ site | ansible.builtin.to_jsn }}"), @r#"
    error: there is no filter `ansible.builtin.to_jsn`
     --> site.yml:1:11
      |
    1 | {{ site | ansible.builtin.to_jsn }}
      |           ^^^^^^^^^^^^^^^^^^^^^^
      |
      = hint: did you mean `to_json`?
    "#);
}

#[test]
fn test_as_filter() {
    assert_snapshot!(said(Form::Text, "{{ site | defined }}"), @r#"
    error: there is no filter `defined`
     --> site.yml:1:11
      |
    1 | {{ site | defined }}
      |           ^^^^^^^
      |
      = hint: it is a test: `VALUE is defined`
    "#);
}

#[test]
fn filter_named_in_map() {
    assert_snapshot!(said(Form::Text, "{{ app.hosts | map('uper') | list }}"), @r#"
    error: there is no filter `uper`
     --> site.yml:1:20
      |
    1 | {{ app.hosts | map('uper') | list }}
      |                    ^^^^^^
      |
      = hint: did you mean `upper`?
    "#);
}

#[test]
fn test_named_in_select() {
    assert_snapshot!(said(Form::Text, "{{ app.hosts | select('strng') | list }}"), @r#"
    error: there is no test `strng`
     --> site.yml:1:23
      |
    1 | {{ app.hosts | select('strng') | list }}
      |                       ^^^^^^^
      |
      = hint: did you mean `string`?
    "#);
}

#[test]
fn misspelt_test() {
    assert_snapshot!(said(Form::Bare, "site is defnied"), @r#"
    error: there is no test `defnied`
     --> site.yml:1:9
      |
    1 | site is defnied
      |         ^^^^^^^
      |
      = hint: did you mean `defined`?
    "#);
}

#[test]
fn test_startingwith() {
    assert_snapshot!(said(Form::Bare, "site is startingwith(\"x\")"), @r#"
    error: there is no test `startingwith`
     --> site.yml:1:9
      |
    1 | site is startingwith("x")
      |         ^^^^^^^^^^^^
      |
      = hint: write `site.startswith('..')`
    "#);
}

#[test]
fn test_is_directory() {
    assert_snapshot!(said(Form::Bare, "site is directory"), @r#"
    error: there is no test `directory`
     --> site.yml:1:9
      |
    1 | site is directory
      |         ^^^^^^^^^
      |
      = hint: use the module `stat` and `register`
    "#);
}

#[test]
fn methods_that_there_are_are_no_mistake() {
    assert_snapshot!(said(Form::Text, "{{ site.split(\",\")[0] }}{{ app.items() }}{{ site is failed }}{{ omit }}"), @"");
}

#[test]
fn test_nobody_knows() {
    assert_snapshot!(said(Form::Bare, "site is nonsense"), @r#"
    error: there is no test `nonsense`
     --> site.yml:1:9
      |
    1 | site is nonsense
      |         ^^^^^^^^
      |
      = hint: `hep doc` lists those there are
    "#);
}
