//! The grammar of expressions, and conditions above all.

use super::site;
use insta::assert_snapshot;

#[test]
fn braces_in_a_condition() {
    assert_snapshot!(site(r#"- command: {argv: [ls]}
  when: "{{ os.family }} == 'debian'"
"#), @r#"
    error: this is an expression already: it takes no braces
     --> site.yml:2:10
      |
    2 |   when: "{{ os.family }} == 'debian'"
      |          ^^
      |
      = hint: write `os.family == 'debian'`
    "#);
}

#[test]
fn a_condition_in_braces() {
    assert_snapshot!(site(r#"- command: {argv: [ls]}
  when: "{{ os.family == 'debian' }}"
"#), @r#"
    error: this is an expression already: it takes no braces
     --> site.yml:2:10
      |
    2 |   when: "{{ os.family == 'debian' }}"
      |          ^^
      |
      = hint: write `os.family == 'debian'`
    "#);
}

#[test]
fn an_assignment_for_a_comparison() {
    assert_snapshot!(site("- command: {argv: [ls]}
  when: os.family = 'debian'
"), @"
    error: `=` is not a comparison
     --> site.yml:2:19
      |
    2 |   when: os.family = 'debian'
      |                   ^
      |
      = hint: write `==`
    ");
}

#[test]
fn a_double_ampersand() {
    assert_snapshot!(site("- command: {argv: [ls]}
  when: os.family == 'debian' && cpus.count > 1
"), @"
    error: `&&` has no place in an expression
     --> site.yml:2:31
      |
    2 |   when: os.family == 'debian' && cpus.count > 1
      |                               ^^
      |
      = hint: write `and`
    ");
}

#[test]
fn a_double_bar() {
    assert_snapshot!(site("- command: {argv: [ls]}
  when: os.family == 'debian' || os.family == 'ubuntu'
"), @"
    error: `||` is not an operator here
     --> site.yml:2:31
      |
    2 |   when: os.family == 'debian' || os.family == 'ubuntu'
      |                               ^^
      |
      = hint: write `or`
    ");
}

#[test]
fn an_exclamation_mark() {
    assert_snapshot!(site(r#"- command: {argv: [ls]}
  when: "!local.done"
"#), @r#"
    error: `!` has no place in an expression
     --> site.yml:2:10
      |
    2 |   when: "!local.done"
      |          ^
      |
      = hint: write `not`, with a blank behind it
    "#);
}

#[test]
fn and_in_capitals() {
    assert_snapshot!(site("- command: {argv: [ls]}
  when: os.family == 'debian' AND cpus.count > 1
"), @"
    error: `AND` is not an operator here
     --> site.yml:2:31
      |
    2 |   when: os.family == 'debian' AND cpus.count > 1
      |                               ^^^
      |
      = hint: write `and`, in small letters
    ");
}

#[test]
fn a_quote_in_an_expression_never_closed() {
    assert_snapshot!(site("- command: {argv: [ls]}
  when: os.family == 'debian
"), @"
    error: this quote is never closed
     --> site.yml:2:22
      |
    2 |   when: os.family == 'debian
      |                      ^
      |
      = hint: write `'` where the text ends
    ");
}

#[test]
fn a_parenthesis_never_closed() {
    assert_snapshot!(site("- command: {argv: [ls]}
  when: (os.family == 'debian' and cpus.count > 1
"), @"
    error: this `(` is never closed
     --> site.yml:2:9
      |
    2 |   when: (os.family == 'debian' and cpus.count > 1
      |         ^
      |
      = hint: write `)` where it ends
    ");
}

#[test]
fn a_condition_that_is_a_text() {
    assert_snapshot!(site(r#"- command: {argv: [ls]}
  when: "no"
"#), @r#"
    error: `no` is not defined
     --> site.yml:2:10
      |
    2 |   when: "no"
      |          ^^
      |
      = hint: write `false`
    "#);
}

#[test]
fn a_condition_that_is_the_word_yes() {
    assert_snapshot!(site("- command: {argv: [ls]}
  when: yes
"), @"
    error: `yes` is not defined
     --> site.yml:2:9
      |
    2 |   when: yes
      |         ^^^
      |
      = hint: write `true`
    ");
}

#[test]
fn a_condition_without_a_value() {
    assert_snapshot!(site("- command: {argv: [ls]}
  when: 
"), @"
    error: `when` has no value
     --> site.yml:2:3
      |
    2 |   when: 
      |   ^^^^
      |
      = hint: write a value after it, or remove the key
    ");
}

#[test]
fn a_text_without_quotes() {
    assert_snapshot!(site("- command: {argv: [ls]}
  when: os.family == debian
"), @"
    error: `debian` is not defined
     --> site.yml:2:22
      |
    2 |   when: os.family == debian
      |                      ^^^^^^
      |
      = hint: a text needs quotes: `'debian'`
    ");
}

#[test]
fn a_filter_that_does_not_exist() {
    assert_snapshot!(site("- command: {argv: [ls]}
  when: os.family | lowr == 'debian'
"), @"
    error: there is no filter `lowr`
     --> site.yml:2:21
      |
    2 |   when: os.family | lowr == 'debian'
      |                     ^^^^
      |
      = hint: did you mean `lower`?
    ");
}

#[test]
fn a_test_that_does_not_exist() {
    assert_snapshot!(site("- command: {argv: [ls]}
  when: os.family is defind
"), @"
    error: there is no test `defind`
     --> site.yml:2:22
      |
    2 |   when: os.family is defind
      |                      ^^^^^^
      |
      = hint: did you mean `defined`?
    ");
}

#[test]
fn an_expression_never_closed() {
    assert_snapshot!(site(r#"- file: {dest: "/etc/{{ hostname", content: hello}
"#), @r#"
    error: this `{{` is never closed
     --> site.yml:1:22
      |
    1 | - file: {dest: "/etc/{{ hostname", content: hello}
      |                      ^^
      |
      = hint: write `}}` after the expression
    "#);
}

#[test]
fn an_expression_closed_by_one_brace() {
    assert_snapshot!(site(r#"- file: {dest: "/etc/{{ hostname }.conf", content: hello}
"#), @r#"
    error: this `{{` is never closed
     --> site.yml:1:22
      |
    1 | - file: {dest: "/etc/{{ hostname }.conf", content: hello}
      |                      ^^
      |
      = hint: it ends with `}}`: a brace or percent sign is missing
    "#);
}

#[test]
fn quotes_of_a_word_processor() {
    assert_snapshot!(site("- command: {argv: [ls]}
  when: os.family == ‘debian’
"), @r#"
    error: `‘` has no place in an expression
     --> site.yml:2:22
      |
    2 |   when: os.family == ‘debian’
      |                      ^
      |
      = hint: quotes are `'` or `"`
    "#);
}

#[test]
fn a_test_of_a_result_by_another_name() {
    let screen =
        site("- command: {argv: [ls]}\n  register: r\n- debug: {msg: a}\n  when: r is ok\n");
    assert!(screen.contains("hint: write `r is succeeded`"), "{screen}");
}
