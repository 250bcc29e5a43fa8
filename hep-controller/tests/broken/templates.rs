//! Templates with mistakes: each is told at its place in the template's own file.

use super::{mistake, mistake_of_bytes, site};
use insta::assert_snapshot;

#[test]
fn a_template_that_does_not_exist() {
    assert_snapshot!(site(r#"- vars: {site: blog}
  file:
    template: "templates/{{ site }}.conf.j2"
    dest: /etc/nginx/blog.conf
"#), @r#"
    error: `templates/blog.conf.j2` is not there: `ROOT/templates/blog.conf.j2` does not exist
     --> site.yml:3:15
      |
    3 |     template: "templates/{{ site }}.conf.j2"
      |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = hint: it is a path on this machine, next to the manifest, and not on the host
    "#);
}

#[test]
fn a_template_with_an_unclosed_block() {
    assert_snapshot!(mistake(&[
        ("site.yml", "- file: {template: motd.j2, dest: /etc/motd}\n"),
        ("motd.j2", "Hosts:
{% for user in users %}
  {{ user.name }}
"),
    ]), @"
    error: this `{% for %}` is never ended
     --> motd.j2:2:1
      |
    2 | {% for user in users %}
      | ^^
      |
      = hint: write `{% endfor %}`
    ");
}

#[test]
fn a_template_with_an_unclosed_expression() {
    assert_snapshot!(mistake(&[
        ("site.yml", "- file: {template: motd.j2, dest: /etc/motd}\n"),
        ("motd.j2", "Welcome
to {{ hostname

this is {{ os.id }}
"),
    ]), @"
    error: this `{{` is never closed
     --> motd.j2:2:4
      |
    2 | to {{ hostname
      |    ^^
      |
      = hint: write `}}` after the expression
    ");
}

#[test]
fn a_template_with_an_unknown_filter() {
    assert_snapshot!(mistake(&[
        ("site.yml", "- file: {template: motd.j2, dest: /etc/motd}\n"),
        ("motd.j2", "Welcome to {{ hostname | uper }}\n"),
    ]), @"
    error: there is no filter `uper`
     --> motd.j2:1:26
      |
    1 | Welcome to {{ hostname | uper }}
      |                          ^^^^
      |
      = hint: did you mean `upper`?
    ");
}

#[test]
fn a_template_with_an_undefined_name() {
    assert_snapshot!(mistake(&[
        ("site.yml", "- file: {template: motd.j2, dest: /etc/motd}\n"),
        ("motd.j2", "Welcome
  to {{ hostnme }}
"),
    ]), @"
    error: `hostnme` is not defined
     --> motd.j2:2:9
      |
    2 |   to {{ hostnme }}
      |         ^^^^^^^
      |
      = hint: did you mean `hostname`?
    ");
}

#[test]
fn a_template_with_an_undefined_field() {
    assert_snapshot!(mistake(&[
        ("site.yml", "- file: {template: motd.j2, dest: /etc/motd}\n"),
        ("motd.j2", "Welcome to {{ os.nmae }}\n"),
    ]), @"
    error: `os` has no `nmae`
     --> motd.j2:1:18
      |
    1 | Welcome to {{ os.nmae }}
      |                  ^^^^
      |
      = hint: did you mean `name`?
    ");
}

#[test]
fn a_template_that_ends_another_block() {
    assert_snapshot!(mistake(&[
        ("site.yml", "- file: {template: motd.j2, dest: /etc/motd}\n"),
        ("motd.j2", "{% if cpus.count > 1 %}
many
{% endfor %}
"),
    ]), @"
    error: `endfor` cannot end this `if`
     --> motd.j2:3:4
      |
    3 | {% endfor %}
      |    ^^^^^^
      |
      = hint: write `{% endif %}` first
    ");
}

#[test]
fn a_template_with_a_word_of_another_language() {
    assert_snapshot!(mistake(&[
        ("site.yml", "- file: {template: motd.j2, dest: /etc/motd}\n"),
        ("motd.j2", "{% foreach user in users %}
{% endfor %}
"),
    ]), @"
    error: there is no statement `foreach`
     --> motd.j2:1:4
      |
    1 | {% foreach user in users %}
      |    ^^^^^^^
      |
      = hint: write `{% for NAME in LIST %}`
    ");
}

#[test]
fn a_template_that_is_not_utf8() {
    assert_snapshot!(mistake_of_bytes(&[("site.yml", b"- file: {template: motd.j2, dest: /etc/motd}\n".as_slice()), ("motd.j2", b"caf\xe9\n".as_slice())]), @"
    error: this byte is not UTF-8 text
     --> motd.j2:1:4
      |
    1 | caf�
      |    ^
      |
      = hint: save the file as UTF-8
    ");
}
