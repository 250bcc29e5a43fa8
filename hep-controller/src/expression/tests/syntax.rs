//! What is no expression at all.

use super::said;
use crate::expression::Form;
use insta::assert_snapshot;

#[test]
fn a_single_equals_sign() {
    assert_snapshot!(said(Form::Bare, "os.id = 'debian'"), @r#"
    error: `=` is not a comparison
     --> site.yml:1:7
      |
    1 | os.id = 'debian'
      |       ^
      |
      = hint: write `==`
    "#);
}

#[test]
fn three_equals_signs() {
    assert_snapshot!(said(Form::Bare, "os.id === 'debian'"), @r"
    error: `===` is not an operator here
     --> site.yml:1:7
      |
    1 | os.id === 'debian'
      |       ^^^
      |
      = hint: write `==`
    ");
}

#[test]
fn other_languages_and() {
    assert_snapshot!(said(Form::Bare, "os.id == 'debian' && arch == 'x86_64'"), @r#"
    error: `&&` has no place in an expression
     --> site.yml:1:19
      |
    1 | os.id == 'debian' && arch == 'x86_64'
      |                   ^^
      |
      = hint: write `and`
    "#);
}

#[test]
fn other_languages_or() {
    assert_snapshot!(said(Form::Bare, "os.id == 'debian' || os.id == 'ubuntu'"), @r#"
    error: `||` is not an operator here
     --> site.yml:1:19
      |
    1 | os.id == 'debian' || os.id == 'ubuntu'
      |                   ^^
      |
      = hint: write `or`
    "#);
}

#[test]
fn other_languages_not() {
    assert_snapshot!(said(Form::Bare, "!probe.failed"), @r#"
    error: `!` has no place in an expression
     --> site.yml:1:1
      |
    1 | !probe.failed
      | ^
      |
      = hint: write `not`, with a blank behind it
    "#);
}

#[test]
fn not_equal_of_sql() {
    assert_snapshot!(said(Form::Bare, "os.id <> 'debian'"), @r#"
    error: `<>` is not an operator here
     --> site.yml:1:7
      |
    1 | os.id <> 'debian'
      |       ^^
      |
      = hint: write `!=`
    "#);
}

#[test]
fn operators_in_capitals() {
    assert_snapshot!(said(Form::Bare, "os.id == 'debian' AND arch == 'x86_64'"), @r#"
    error: `AND` is not an operator here
     --> site.yml:1:19
      |
    1 | os.id == 'debian' AND arch == 'x86_64'
      |                   ^^^
      |
      = hint: write `and`, in small letters
    "#);
}

#[test]
fn contains_as_a_word() {
    assert_snapshot!(said(Form::Bare, "probe.stdout contains 'ok'"), @r#"
    error: `contains` is not an operator here
     --> site.yml:1:14
      |
    1 | probe.stdout contains 'ok'
      |              ^^^^^^^^
      |
      = hint: write `'part' in whole`
    "#);
}

#[test]
fn ternary_of_c() {
    assert_snapshot!(said(Form::Text, "port={{ site ? 80 : 81 }}"), @r#"
    error: `?` has no place in an expression
     --> site.yml:1:14
      |
    1 | port={{ site ? 80 : 81 }}
      |              ^
      |
      = hint: write `A if CONDITION else B`
    "#);
}

#[test]
fn dollar_before_a_name() {
    assert_snapshot!(said(Form::Text, "{{ $site }}"), @r#"
    error: `$` has no place in an expression
     --> site.yml:1:4
      |
    1 | {{ $site }}
      |    ^
      |
      = hint: names have no `$` before them: write the name alone
    "#);
}

#[test]
fn quote_that_is_not_closed() {
    assert_snapshot!(said(Form::Bare, "os.id == 'debian"), @r#"
    error: this quote is never closed
     --> site.yml:1:10
      |
    1 | os.id == 'debian
      |          ^
      |
      = hint: write `'` where the text ends
    "#);
}

#[test]
fn quote_closed_by_another() {
    assert_snapshot!(said(Form::Text, "{{ \"site' }}"), @r#"
    error: this quote is never closed
     --> site.yml:1:4
      |
    1 | {{ "site' }}
      |    ^
      |
      = hint: write `"` where the text ends
    "#);
}

#[test]
fn typographic_quotes() {
    assert_snapshot!(said(Form::Bare, "os.id == “debian”"), @r#"
    error: `“` has no place in an expression
     --> site.yml:1:10
      |
    1 | os.id == “debian”
      |          ^
      |
      = hint: quotes are `'` or `"`
    "#);
}

#[test]
fn bracket_that_is_not_closed() {
    assert_snapshot!(said(Form::Bare, "(os.id == 'debian' and arch == 'x'"), @r#"
    error: this `(` is never closed
     --> site.yml:1:1
      |
    1 | (os.id == 'debian' and arch == 'x'
      | ^
      |
      = hint: write `)` where it ends
    "#);
}

#[test]
fn bracket_too_many() {
    assert_snapshot!(said(Form::Bare, "os.id == 'debian')"), @r#"
    error: this `)` closes nothing
     --> site.yml:1:18
      |
    1 | os.id == 'debian')
      |                  ^
      |
      = hint: remove it
    "#);
}

#[test]
fn list_that_is_not_closed() {
    assert_snapshot!(said(Form::Text, "{{ ['a', 'b' | join(',') }}"), @r#"
    error: this `[` is never closed
     --> site.yml:1:4
      |
    1 | {{ ['a', 'b' | join(',') }}
      |    ^
      |
      = hint: write `]` where it ends
    "#);
}

#[test]
fn wrong_bracket() {
    assert_snapshot!(said(Form::Bare, "os.id in ['debian', 'ubuntu')"), @r#"
    error: this `[` is never closed
     --> site.yml:1:10
      |
    1 | os.id in ['debian', 'ubuntu')
      |          ^
      |
      = hint: write `]` where it ends
    "#);
}

#[test]
fn nothing_after_an_operator() {
    assert_snapshot!(said(Form::Bare, "os.id =="), @r#"
    error: there is nothing after `==`
     --> site.yml:1:7
      |
    1 | os.id ==
      |       ^^
      |
      = hint: write a value after it
    "#);
}

#[test]
fn nothing_after_and() {
    assert_snapshot!(said(Form::Bare, "site and"), @r#"
    error: there is nothing after `and`
     --> site.yml:1:6
      |
    1 | site and
      |      ^^^
      |
      = hint: write a value after it
    "#);
}

#[test]
fn nothing_before_an_operator() {
    assert_snapshot!(said(Form::Bare, "== 'debian'"), @r#"
    error: there is nothing before `==`
     --> site.yml:1:1
      |
    1 | == 'debian'
      | ^^
      |
      = hint: write a value before it
    "#);
}

#[test]
fn nothing_after_a_pipe() {
    assert_snapshot!(said(Form::Text, "{{ site | }}"), @r#"
    error: there is nothing after `|`
     --> site.yml:1:9
      |
    1 | {{ site | }}
      |         ^
      |
      = hint: write the name of a filter after it
    "#);
}

#[test]
fn nothing_after_is() {
    assert_snapshot!(said(Form::Bare, "site is"), @r#"
    error: there is nothing after `is`
     --> site.yml:1:6
      |
    1 | site is
      |      ^^
      |
      = hint: write the name of a test after it, as in `is defined`
    "#);
}

#[test]
fn nothing_in_braces() {
    assert_snapshot!(said(Form::Text, "a {{ }} b"), @r#"
    error: there is no expression here
     --> site.yml:1:3
      |
    1 | a {{ }} b
      |   ^^^^^
      |
      = hint: write a name or a value, or remove the whole
    "#);
}

#[test]
fn two_values_side_by_side() {
    assert_snapshot!(said(Form::Bare, "os.id 'debian'"), @r#"
    error: there is no operator between `id` and `'debian'`
     --> site.yml:1:7
      |
    1 | os.id 'debian'
      |       ^^^^^^^^
      |
      = hint: compare with `==`, join texts with `~`, combine conditions with `and` or `or`
    "#);
}

#[test]
fn two_values_in_a_list() {
    assert_snapshot!(said(Form::Text, "{{ ['a' 'b', site arch] }}"), @r#"
    error: there is no operator between `site` and `arch`
     --> site.yml:1:19
      |
    1 | {{ ['a' 'b', site arch] }}
      |                   ^^^^
      |
      = hint: values are separated by `,`, and texts joined by `~`
    "#);
}

#[test]
fn umlaut_in_a_name() {
    assert_snapshot!(said(Form::Text, "{{ größe }}"), @r#"
    error: `ö` has no place in an expression
     --> site.yml:1:6
      |
    1 | {{ größe }}
      |      ^
      |
      = hint: a name is made of `a` to `z`, digits and `_`; a text needs quotes
    "#);
}

#[test]
fn argument_after_named() {
    assert_snapshot!(said(Form::Text, "{{ site | replace(old='a', 'b') }}"), @r#"
    error: a value without a name follows one with a name
     --> site.yml:1:28
      |
    1 | {{ site | replace(old='a', 'b') }}
      |                            ^^^
      |
      = hint: put the values without names first
    "#);
}

#[test]
fn foreign_character_behind_a_text() {
    assert_snapshot!(said(Form::Text, "{{ 'a' $ }} {{ nope }}"), @r#"
    error: `$` has no place in an expression
     --> site.yml:1:8
      |
    1 | {{ 'a' $ }} {{ nope }}
      |        ^
      |
      = hint: names have no `$` before them: write the name alone

    error: `nope` is not defined
     --> site.yml:1:16
      |
    1 | {{ 'a' $ }} {{ nope }}
      |                ^^^^
      |
      = hint: give it in `vars`, the inventory or with `-e`; where it may be missing, write `default(..)`
    "#);
}

#[test]
fn power_of_c() {
    assert_snapshot!(said(Form::Bare, "site ^ 2 == 4"), @r#"
    error: `^` has no place in an expression
     --> site.yml:1:6
      |
    1 | site ^ 2 == 4
      |      ^
      |
      = hint: write `**` for a power
    "#);
}

#[test]
fn increment() {
    assert_snapshot!(said(Form::Text, "{{ site++ }}"), @r#"
    error: `++` is not an operator here
     --> site.yml:1:8
      |
    1 | {{ site++ }}
      |        ^^
      |
      = hint: write `+ 1`
    "#);
}

#[test]
fn sql_equal() {
    assert_snapshot!(said(Form::Bare, "os.id equals 'debian'"), @r#"
    error: `equals` is not an operator here
     --> site.yml:1:7
      |
    1 | os.id equals 'debian'
      |       ^^^^^^
      |
      = hint: write `==`
    "#);
}

#[test]
fn comma_behind() {
    assert_snapshot!(said(Form::Bare, "site,"), @r#"
    error: `,` is not allowed here
     --> site.yml:1:5
      |
    1 | site,
      |     ^
      |
      = hint: remove it
    "#);
}

#[test]
fn dot_at_the_end() {
    assert_snapshot!(said(Form::Bare, "site."), @r#"
    error: there is nothing after `.`
     --> site.yml:1:5
      |
    1 | site.
      |     ^
      |
      = hint: write a name after it; one with other characters goes into brackets: `x['a-b']`
    "#);
}

#[test]
fn number_with_a_name() {
    assert_snapshot!(said(Form::Bare, "8x == 1"), @r#"
    error: there is no operator between `8` and `x`
     --> site.yml:1:2
      |
    1 | 8x == 1
      |  ^
      |
      = hint: a name begins with a letter, and a text needs quotes
    "#);
}

#[test]
fn empty_condition() {
    assert_snapshot!(said(Form::Bare, ""), @r#"
    error: there is no expression here
     --> site.yml:1:1
      |
    1 |
      | ^
      |
      = hint: write a name or a value, or remove the whole
    "#);
}

#[test]
fn empty_subscript() {
    assert_snapshot!(said(Form::Text, "{{ site[] }}"), @r#"
    error: `]` is not allowed here
     --> site.yml:1:9
      |
    1 | {{ site[] }}
      |         ^
      |
      = hint: write `]` before it
    "#);
}
