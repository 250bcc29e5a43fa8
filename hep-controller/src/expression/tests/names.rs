//! Names that are not there, and those that need not be.

use super::said;
use crate::expression::Form;
use insta::assert_snapshot;

#[test]
fn dash_in_a_name() {
    assert_snapshot!(said(Form::Text, "{{ app-name }}"), @r#"
    error: `app-name` is not defined
     --> site.yml:1:4
      |
    1 | {{ app-name }}
      |    ^^^^^^^^
      |
      = hint: names have no `-`: write `app_name`, or `A - B` to subtract
    "#);
}

#[test]
fn undefined_name() {
    assert_snapshot!(said(Form::Bare, "prot == 80"), @r#"
    error: `prot` is not defined
     --> site.yml:1:1
      |
    1 | prot == 80
      | ^^^^
      |
      = hint: give it in `vars`, the inventory or with `-e`; where it may be missing, write `default(..)`
    "#);
}

#[test]
fn undefined_far_name() {
    assert_snapshot!(said(Form::Bare, "frobnication > 3"), @r#"
    error: `frobnication` is not defined
     --> site.yml:1:1
      |
    1 | frobnication > 3
      | ^^^^^^^^^^^^
      |
      = hint: give it in `vars`, the inventory or with `-e`; where it may be missing, write `default(..)`
    "#);
}

#[test]
fn text_without_quotes() {
    assert_snapshot!(said(Form::Bare, "os.id == debian"), @r#"
    error: `debian` is not defined
     --> site.yml:1:10
      |
    1 | os.id == debian
      |          ^^^^^^
      |
      = hint: a text needs quotes: `'debian'`
    "#);
}

#[test]
fn fact_misspelt() {
    assert_snapshot!(said(Form::Bare, "hostnam == 'web1'"), @r#"
    error: `hostnam` is not defined
     --> site.yml:1:1
      |
    1 | hostnam == 'web1'
      | ^^^^^^^
      |
      = hint: did you mean `hostname`?
    "#);
}

#[test]
fn field_of_a_fact_misspelt() {
    assert_snapshot!(said(Form::Bare, "os.codname == 'bookworm'"), @r#"
    error: `os` has no `codname`
     --> site.yml:1:4
      |
    1 | os.codname == 'bookworm'
      |    ^^^^^^^
      |
      = hint: did you mean `codename`?
    "#);
}

#[test]
fn field_of_a_fact_by_item() {
    assert_snapshot!(said(Form::Bare, "facts['os']['codname'] == 'bookworm'"), @r#"
    error: `facts.os` has no `codname`
     --> site.yml:1:13
      |
    1 | facts['os']['codname'] == 'bookworm'
      |             ^^^^^^^^^
      |
      = hint: did you mean `codename`?
    "#);
}

#[test]
fn field_of_a_text() {
    assert_snapshot!(said(Form::Bare, "hostname.short == 'web1'"), @r#"
    error: `hostname` is a text: there is no `short` in it
     --> site.yml:1:10
      |
    1 | hostname.short == 'web1'
      |          ^^^^^
    "#);
}

#[test]
fn field_of_a_list() {
    assert_snapshot!(said(Form::Text, "{{ mounts.path }}"), @r#"
    error: `mounts` is a list: there is no `path` in it
     --> site.yml:1:11
      |
    1 | {{ mounts.path }}
      |           ^^^^
      |
      = hint: write `mounts[0].path`, or `mounts | map(attribute='path')`
    "#);
}

#[test]
fn field_of_a_variable() {
    assert_snapshot!(said(Form::Text, "{{ app.prot }}"), @r#"
    error: `app` has no `prot`
     --> site.yml:1:8
      |
    1 | {{ app.prot }}
      |        ^^^^
      |
      = hint: did you mean `port`?
    "#);
}

#[test]
fn field_of_a_result() {
    assert_snapshot!(said(Form::Bare, "probe.std_out == ''"), @r#"
    error: `probe` has no `std_out`
     --> site.yml:1:7
      |
    1 | probe.std_out == ''
      |       ^^^^^^^
      |
      = hint: did you mean `stdout`?
    "#);
}

#[test]
fn field_of_a_result_msg() {
    assert_snapshot!(said(Form::Bare, "probe.msg == ''"), @"");
}

#[test]
fn field_of_result_code() {
    assert_snapshot!(said(Form::Bare, "probe.exit_code == 0"), @r#"
    error: `probe` has no `exit_code`
     --> site.yml:1:7
      |
    1 | probe.exit_code == 0
      |       ^^^^^^^^^
      |
      = hint: write `rc`
    "#);
}

#[test]
fn field_of_a_result_without_it() {
    assert_snapshot!(said(Form::Bare, "copied.rc == 0"), @r#"
    error: `copied` has no `rc`
     --> site.yml:1:8
      |
    1 | copied.rc == 0
      |        ^^
      |
      = hint: it has `attempts`, `changed`, `changes`, `failed`, `msg`, `skipped` and `truncated`
    "#);
}

#[test]
fn field_of_a_loops_result() {
    assert_snapshot!(said(Form::Bare, "pages.stdout == ''"), @r#"
    error: `pages` is the result of a loop: `stdout` is in its items
     --> site.yml:1:7
      |
    1 | pages.stdout == ''
      |       ^^^^^^
      |
      = hint: write `pages.results[0].stdout`, or loop over `pages.results`
    "#);
}

#[test]
fn field_of_an_item() {
    assert_snapshot!(said(Form::Text, "{{ item.nmae }}"), @r#"
    error: `item` has no `nmae`
     --> site.yml:1:9
      |
    1 | {{ item.nmae }}
      |         ^^^^
      |
      = hint: did you mean `name`?
    "#);
}

#[test]
fn ansible_release() {
    assert_snapshot!(said(Form::Text, "deb {{ ansible_distribution_release }} main"), @r#"
    error: `ansible_distribution_release` is not defined
     --> site.yml:1:8
      |
    1 | deb {{ ansible_distribution_release }} main
      |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = hint: write `os.codename`
    "#);
}

#[test]
fn ansible_family() {
    assert_snapshot!(said(Form::Bare, "ansible_os_family == 'Debian'"), @r#"
    error: `ansible_os_family` is not defined
     --> site.yml:1:1
      |
    1 | ansible_os_family == 'Debian'
      | ^^^^^^^^^^^^^^^^^
      |
      = hint: write `os.family`, in small letters: `os.family == 'debian'`
    "#);
}

#[test]
fn ansible_facts_item() {
    assert_snapshot!(said(Form::Bare, "ansible_facts['distribution_release'] == 'bookworm'"), @r#"
    error: `ansible_facts.distribution_release` is not defined
     --> site.yml:1:1
      |
    1 | ansible_facts['distribution_release'] == 'bookworm'
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = hint: write `os.codename`
    "#);
}

#[test]
fn ansible_address() {
    assert_snapshot!(said(Form::Text, "{{ ansible_default_ipv4.address }}"), @r#"
    error: `ansible_default_ipv4.address` is not defined
     --> site.yml:1:4
      |
    1 | {{ ansible_default_ipv4.address }}
      |    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = hint: write `default_ipv4.address`
    "#);
}

#[test]
fn ansible_facts_address() {
    assert_snapshot!(said(Form::Text, "{{ ansible_facts.default_ipv4.address }}"), @r#"
    error: `ansible_facts.default_ipv4.address` is not defined
     --> site.yml:1:4
      |
    1 | {{ ansible_facts.default_ipv4.address }}
      |    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = hint: write `default_ipv4.address`
    "#);
}

#[test]
fn ansible_other() {
    assert_snapshot!(said(Form::Text, "{{ ansible_bios_date }}"), @r#"
    error: `ansible_bios_date` is not defined
     --> site.yml:1:4
      |
    1 | {{ ansible_bios_date }}
      |    ^^^^^^^^^^^^^^^^^
      |
      = hint: `hep facts HOST` shows the facts there are, and Ansible's settings of a host are in the inventory
    "#);
}

#[test]
fn hostvars() {
    assert_snapshot!(said(Form::Text, "{{ hostvars['web1'].port }}"), @r#"
    error: `hostvars` is not defined
     --> site.yml:1:4
      |
    1 | {{ hostvars['web1'].port }}
      |    ^^^^^^^^
      |
      = hint: a host has only its own variables; set shared ones in a group
    "#);
}

#[test]
fn inventory_hostname() {
    assert_snapshot!(said(Form::Text, "{{ inventory_hostname }}"), @r#"
    error: `inventory_hostname` is not defined
     --> site.yml:1:4
      |
    1 | {{ inventory_hostname }}
      |    ^^^^^^^^^^^^^^^^^^
      |
      = hint: write `host`
    "#);
}

#[test]
fn ansible_memory() {
    assert_snapshot!(said(Form::Text, "{{ ansible_memtotal_mb }}"), @r#"
    error: `ansible_memtotal_mb` is not defined
     --> site.yml:1:4
      |
    1 | {{ ansible_memtotal_mb }}
      |    ^^^^^^^^^^^^^^^^^^^
      |
      = hint: write `memory.total`, in bytes: `memory.total // 1048576`
    "#);
}

#[test]
fn check_mode() {
    assert_snapshot!(said(Form::Bare, "not ansible_check_mode"), @r#"
    error: `ansible_check_mode` is not defined
     --> site.yml:1:5
      |
    1 | not ansible_check_mode
      |     ^^^^^^^^^^^^^^^^^^
      |
      = hint: write `check_mode`
    "#);
}

#[test]
fn playbook_dir() {
    assert_snapshot!(said(Form::Text, "{{ playbook_dir }}/files"), @r#"
    error: `playbook_dir` is not defined
     --> site.yml:1:4
      |
    1 | {{ playbook_dir }}/files
      |    ^^^^^^^^^^^^
      |
      = hint: leave it out: hep looks for `src` next to the manifest
    "#);
}

#[test]
fn yaml_null() {
    assert_snapshot!(said(Form::Bare, "site == null"), @r#"
    error: `null` is not defined
     --> site.yml:1:9
      |
    1 | site == null
      |         ^^^^
      |
      = hint: write `none`
    "#);
}

#[test]
fn yaml_yes() {
    assert_snapshot!(said(Form::Bare, "site == yes"), @r#"
    error: `yes` is not defined
     --> site.yml:1:9
      |
    1 | site == yes
      |         ^^^
      |
      = hint: write `true`
    "#);
}

#[test]
fn several_mistakes_at_once() {
    assert_snapshot!(said(Form::Text, "{{ prot }} {{ site | uper }} {{ os.codname }} {{ a = }} {{ hostnam }}"), @r#"
    error: `prot` is not defined
     --> site.yml:1:4
      |
    1 | {{ prot }} {{ site | uper }} {{ os.codname }} {{ a = }} {{ hostnam }}
      |    ^^^^
      |
      = hint: give it in `vars`, the inventory or with `-e`; where it may be missing, write `default(..)`

    error: there is no filter `uper`
     --> site.yml:1:22
      |
    1 | {{ prot }} {{ site | uper }} {{ os.codname }} {{ a = }} {{ hostnam }}
      |                      ^^^^
      |
      = hint: did you mean `upper`?

    error: `os` has no `codname`
     --> site.yml:1:36
      |
    1 | {{ prot }} {{ site | uper }} {{ os.codname }} {{ a = }} {{ hostnam }}
      |                                    ^^^^^^^
      |
      = hint: did you mean `codename`?

    error: `=` is not a comparison
     --> site.yml:1:52
      |
    1 | {{ prot }} {{ site | uper }} {{ os.codname }} {{ a = }} {{ hostnam }}
      |                                                    ^
      |
      = hint: write `==`

    error: `hostnam` is not defined
     --> site.yml:1:60
      |
    1 | {{ prot }} {{ site | uper }} {{ os.codname }} {{ a = }} {{ hostnam }}
      |                                                            ^^^^^^^
      |
      = hint: did you mean `hostname`?
    "#);
}

#[test]
fn names_before_and_after() {
    assert_snapshot!(said(Form::Template, "{{ nope }}\n{% for n in app.hosts %}{{ n }}{{ loop.index }}{{ nix }}{% endfor %}\n{{ n }}"), @r#"
    error: `nope` is not defined
     --> motd.j2:1:4
      |
    1 | {{ nope }}
      |    ^^^^
      |
      = hint: give it in `vars`, the inventory or with `-e`; where it may be missing, write `default(..)`

    error: `nix` is not defined
     --> motd.j2:2:51
      |
    2 | {% for n in app.hosts %}{{ n }}{{ loop.index }}{{ nix }}{% endfor %}
      |                                                   ^^^
      |
      = hint: give it in `vars`, the inventory or with `-e`; where it may be missing, write `default(..)`

    error: `n` is not defined
     --> motd.j2:3:4
      |
    3 | {{ n }}
      |    ^
      |
      = hint: give it in `vars`, the inventory or with `-e`; where it may be missing, write `default(..)`
    "#);
}

#[test]
fn no_mistake_guard() {
    assert_snapshot!(said(Form::Bare, "foo is defined and foo == 1 or bar is not defined or bar > 2"), @"");
}

#[test]
fn no_mistake_default() {
    assert_snapshot!(said(Form::Text, "{{ foo | default('x') }}{{ app.foo | default('y') }}{{ foo.bar.baz | d(1) }}"), @"");
}

#[test]
fn no_mistake_if() {
    assert_snapshot!(said(Form::Template, "{% if foo is defined %}{{ foo }}{% else %}{{ site }}{% endif %}{{ foo if foo is defined else 1 }}"), @"");
}

#[test]
fn a_templates_own_names_are_no_mistake() {
    assert_snapshot!(said(Form::Template, "#jinja2: lstrip_blocks: True\n{% set x = 1 %}{% macro m(a, b=2) %}{{ a }}{{ b }}{{ varargs }}{% endmacro %}{{ m(x) }}\n{% set ns = namespace(a=1) %}{% set ns.a = 2 %}{% call m(1) %}{% endcall %}{{ loop }}"), @r#"
    error: `loop` is not defined
     --> motd.j2:3:79
      |
    3 | {% set ns = namespace(a=1) %}{% set ns.a = 2 %}{% call m(1) %}{% endcall %}{{ loop }}
      |                                                                               ^^^^
      |
      = hint: give it in `vars`, the inventory or with `-e`; where it may be missing, write `default(..)`
    "#);
}

#[test]
fn loop_is_known_in_loops_alone() {
    assert_snapshot!(said(Form::Template, "{% for a in app.hosts %}{{ loop.index }}{{ loop.cycle('a', 'b') }}{% endfor %}{{ loop.index }}"), @r#"
    error: `loop` is not defined
     --> motd.j2:1:82
      |
    1 | {% for a in app.hosts %}{{ loop.index }}{{ loop.cycle('a', 'b') }}{% endfor %}{{ loop.index }}
      |                                                                                  ^^^^
      |
      = hint: give it in `vars`, the inventory or with `-e`; where it may be missing, write `default(..)`
    "#);
}

#[test]
fn dashed_name_of_nothing() {
    assert_snapshot!(said(Form::Text, "{{ my-own-name }}"), @r#"
    error: `my-own-name` is not defined
     --> site.yml:1:4
      |
    1 | {{ my-own-name }}
      |    ^^^^^^^^^^^
      |
      = hint: names have no `-`: write `my_own_name`, or `A - B` to subtract
    "#);
}
