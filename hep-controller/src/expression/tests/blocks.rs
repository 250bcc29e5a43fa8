//! Braces and blocks that do not fit together.

use super::said;
use crate::expression::Form;
use insta::assert_snapshot;

#[test]
fn braces_in_a_condition() {
    assert_snapshot!(said(Form::Bare, "{{ os.id == 'debian' }}"), @r#"
    error: this is an expression already: it takes no braces
     --> site.yml:1:1
      |
    1 | {{ os.id == 'debian' }}
      | ^^
      |
      = hint: write `os.id == 'debian'`
    "#);
}

#[test]
fn braces_around_a_part() {
    assert_snapshot!(said(Form::Bare, "os.id == 'debian' and {{ site }}"), @r#"
    error: this is an expression already: it takes no braces
     --> site.yml:1:23
      |
    1 | os.id == 'debian' and {{ site }}
      |                       ^^
      |
      = hint: write `os.id == 'debian' and site`
    "#);
}

#[test]
fn braces_in_a_text() {
    assert_snapshot!(said(Form::Bare, "site == \"{{ app.name }}\""), @r#"
    error: braces inside an expression's text are not rendered
     --> site.yml:1:9
      |
    1 | site == "{{ app.name }}"
      |         ^^^^^^^^^^^^^^^^
      |
      = hint: write `app.name` in place of `"{{ app.name }}"`
    "#);
}

#[test]
fn braces_in_braces() {
    assert_snapshot!(said(Form::Text, "{{ {{ site }} }}"), @r#"
    error: braces cannot stand in braces
     --> site.yml:1:4
      |
    1 | {{ {{ site }} }}
      |    ^^
      |
      = hint: inside of braces a name stands alone: `{{ a ~ b }}`
    "#);
}

#[test]
fn braces_in_braces_text() {
    assert_snapshot!(said(Form::Text, "{{ app['{{ site }}'] }}"), @r#"
    error: braces inside an expression's text are not rendered
     --> site.yml:1:8
      |
    1 | {{ app['{{ site }}'] }}
      |        ^^^^^^^^^^^^
      |
      = hint: write `site` in place of `'{{ site }}'`; braces as they are go between `{% raw %}` and `{% endraw %}`
    "#);
}

#[test]
fn braces_that_are_not_closed() {
    assert_snapshot!(said(Form::Text, "port={{ site"), @r#"
    error: this `{{` is never closed
     --> site.yml:1:6
      |
    1 | port={{ site
      |      ^^
      |
      = hint: write `}}` after the expression
    "#);
}

#[test]
fn braces_closed_by_one() {
    assert_snapshot!(said(Form::Text, "port={{ site }"), @r#"
    error: this `{{` is never closed
     --> site.yml:1:6
      |
    1 | port={{ site }
      |      ^^
      |
      = hint: it ends with `}}`: a brace or percent sign is missing
    "#);
}

#[test]
fn braces_closed_before_others() {
    assert_snapshot!(said(Form::Text, "{{ site and {{ arch }}"), @r#"
    error: this `{{` is never closed
     --> site.yml:1:1
      |
    1 | {{ site and {{ arch }}
      | ^^
      |
      = hint: write `}}` after the expression
    "#);
}

#[test]
fn braces_closed_as_a_block() {
    assert_snapshot!(said(Form::Text, "{{ site %}"), @r#"
    error: `{{` ends with `}}`, not with `%}`
     --> site.yml:1:9
      |
    1 | {{ site %}
      |         ^^
      |
      = hint: write `}}`
    "#);
}

#[test]
fn block_closed_as_a_value() {
    assert_snapshot!(said(Form::Template, "{% if site }}yes{% endif %}"), @r#"
    error: `{%` ends with `%}`, not with `}}`
     --> motd.j2:1:12
      |
    1 | {% if site }}yes{% endif %}
      |            ^^
      |
      = hint: write `%}`
    "#);
}

#[test]
fn block_that_is_not_closed() {
    assert_snapshot!(said(Form::Template, "{% if site \nyes\n{% endif %}"), @r#"
    error: this `{%` is never closed
     --> motd.j2:1:1
      |
    1 | {% if site 
      | ^^
      |
      = hint: write `%}` after the expression
    "#);
}

#[test]
fn if_without_end() {
    assert_snapshot!(said(Form::Template, "{% if site %}\nyes\n"), @r#"
    error: this `{% if %}` is never ended
     --> motd.j2:1:1
      |
    1 | {% if site %}
      | ^^
      |
      = hint: write `{% endif %}`
    "#);
}

#[test]
fn for_ended_as_if() {
    assert_snapshot!(said(Form::Template, "{% for a in app.hosts %}\n{{ a }}\n{% endif %}\n"), @r#"
    error: `endif` cannot end this `for`
     --> motd.j2:3:4
      |
    3 | {% endif %}
      |    ^^^^^
      |
      = hint: write `{% endfor %}` first
    "#);
}

#[test]
fn end_without_beginning() {
    assert_snapshot!(said(Form::Template, "yes\n{% endfor %}\n"), @r#"
    error: there is no `for` that this `endfor` could belong to
     --> motd.j2:2:4
      |
    2 | {% endfor %}
      |    ^^^^^^
      |
      = hint: write `{% for .. %}` before it, or remove it
    "#);
}

#[test]
fn else_if() {
    assert_snapshot!(said(Form::Template, "{% if site %}a{% else if arch %}b{% endif %}"), @r#"
    error: there is no `else if`
     --> motd.j2:1:18
      |
    1 | {% if site %}a{% else if arch %}b{% endif %}
      |                  ^^^^^^^
      |
      = hint: write `elif`
    "#);
}

#[test]
fn elseif() {
    assert_snapshot!(said(Form::Template, "{% if site %}a{% elseif arch %}b{% endif %}"), @r#"
    error: there is no statement `elseif`
     --> motd.j2:1:18
      |
    1 | {% if site %}a{% elseif arch %}b{% endif %}
      |                  ^^^^^^
      |
      = hint: write `elif`
    "#);
}

#[test]
fn misspelt_statement() {
    assert_snapshot!(said(Form::Template, "{% fro a in app.hosts %}{{ a }}{% endfor %}"), @r#"
    error: there is no statement `fro`
     --> motd.j2:1:4
      |
    1 | {% fro a in app.hosts %}{{ a }}{% endfor %}
      |    ^^^
      |
      = hint: did you mean `for`?
    "#);
}

#[test]
fn include_of_a_file() {
    assert_snapshot!(said(Form::Template, "{% include 'head.j2' %}"), @r#"
    error: hep's templates have no `include`
     --> motd.j2:1:4
      |
    1 | {% include 'head.j2' %}
      |    ^^^^^^^
      |
      = hint: a template stands alone; write its parts as macros, or as templates of their own
    "#);
}

#[test]
fn comment_without_end() {
    assert_snapshot!(said(Form::Template, "a {# never closed"), @r#"
    error: this `{#` is never closed
     --> motd.j2:1:3
      |
    1 | a {# never closed
      |   ^^
      |
      = hint: a comment ends with `#}`
    "#);
}

#[test]
fn raw_without_end() {
    assert_snapshot!(said(Form::Template, "{% raw %}{{ x }}"), @r#"
    error: this `{% raw %}` is never ended
     --> motd.j2:1:1
      |
    1 | {% raw %}{{ x }}
      | ^^
      |
      = hint: write `{% endraw %}`
    "#);
}

#[test]
fn reserved_name() {
    assert_snapshot!(said(Form::Template, "{% set loop = 1 %}"), @r#"
    error: `loop` is a word of the language
     --> motd.j2:1:8
      |
    1 | {% set loop = 1 %}
      |        ^^^^
      |
      = hint: choose another name
    "#);
}

#[test]
fn set_without_a_value() {
    assert_snapshot!(said(Form::Template, "{% set %}x{% endset %}"), @"");
}

#[test]
fn set_without_end() {
    assert_snapshot!(said(Form::Template, "{% set x %}y"), @r#"
    error: this `{% set %}` is never ended
     --> motd.j2:1:1
      |
    1 | {% set x %}y
      | ^^
      |
      = hint: write `{% endset %}`
    "#);
}

#[test]
fn macro_without_brackets() {
    assert_snapshot!(said(Form::Template, "{% macro m %}x{% endmacro %}"), @r#"
    error: `%}` is not allowed here
     --> motd.j2:1:12
      |
    1 | {% macro m %}x{% endmacro %}
      |            ^^
      |
      = hint: write `(` before it
    "#);
}

#[test]
fn for_without_in() {
    assert_snapshot!(said(Form::Template, "{% for a of app.hosts %}{{ a }}{% endfor %}"), @r#"
    error: `of` is not allowed here
     --> motd.j2:1:10
      |
    1 | {% for a of app.hosts %}{{ a }}{% endfor %}
      |          ^^
      |
      = hint: write `{% for NAME in LIST %}`
    "#);
}

#[test]
fn break_in_a_loop() {
    assert_snapshot!(said(Form::Template, "{% for a in app.hosts %}{% break %}{% endfor %}"), @r#"
    error: hep's templates have no `break`
     --> motd.j2:1:28
      |
    1 | {% for a in app.hosts %}{% break %}{% endfor %}
      |                            ^^^^^
      |
      = hint: give the loop a condition: `{% for x in xs if CONDITION %}`
    "#);
}

#[test]
fn colon_behind_if() {
    assert_snapshot!(said(Form::Template, "{% if site: %}x{% endif %}"), @r#"
    error: `:` is not allowed here
     --> motd.j2:1:11
      |
    1 | {% if site: %}x{% endif %}
      |           ^
      |
      = hint: write `:`, expected end of block before it
    "#);
}
