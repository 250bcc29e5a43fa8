//! Loops and their variables.

use super::site;
use insta::assert_snapshot;

#[test]
fn a_loop_over_a_text() {
    assert_snapshot!(site(r#"- apt: {package: "{{ item }}"}
  loop: nginx
"#), @r#"
    error: `loop` takes a list or a mapping, found the text `nginx`
     --> site.yml:2:9
      |
    2 |   loop: nginx
      |         ^^^^^
      |
      = hint: write `[nginx]` for a list of one, or `"{{ nginx }}"` for a variable
    "#);
}

#[test]
fn a_loop_over_texts_with_commas() {
    assert_snapshot!(site(r#"- apt: {package: "{{ item }}"}
  loop: nginx, curl
"#), @"
    error: `loop` takes a list or a mapping, found the text `nginx, curl`
     --> site.yml:2:9
      |
    2 |   loop: nginx, curl
      |         ^^^^^^^^^^^
      |
      = hint: write `[nginx, curl]`
    ");
}

#[test]
fn a_loop_over_a_variable_without_braces() {
    assert_snapshot!(site(r#"- vars: {web_packages: [nginx, curl]}
  apt: {package: "{{ item }}"}
  loop: web_packages
"#), @r#"
    error: `loop` takes a list or a mapping, found the text `web_packages`
     --> site.yml:3:9
      |
    3 |   loop: web_packages
      |         ^^^^^^^^^^^^
      |
      = hint: write `"{{ web_packages }}"` for an expression, or `[web_packages]` for a list of one
    "#);
}

#[test]
fn a_loop_over_a_variable_that_is_a_text() {
    assert_snapshot!(site(r#"- vars: {packages: nginx curl}
  apt: {package: "{{ item }}"}
  loop: "{{ packages }}"
"#), @r#"
    error: a loop takes a list or a mapping, and this gives the text `nginx curl`
     --> site.yml:3:9
      |
    3 |   loop: "{{ packages }}"
      |         ^^^^^^^^^^^^^^^^
      |
      = hint: write an expression that gives a list
    "#);
}

#[test]
fn a_loop_over_a_number() {
    assert_snapshot!(site(r#"- debug: {msg: "{{ item }}"}
  loop: 3
"#), @r#"
    error: `loop` takes a list or a mapping, found the number 3
     --> site.yml:2:9
      |
    2 |   loop: 3
      |         ^
      |
      = hint: write `"{{ range(3) }}"` for the numbers below it, or `[3]`
    "#);
}

#[test]
fn loop_control_without_a_loop() {
    assert_snapshot!(site("- debug: {msg: hello}
  loop_control: {var: name}
"), @"
    error: `loop_control` has no loop
     --> site.yml:2:3
      |
    2 |   loop_control: {var: name}
      |   ^^^^^^^^^^^^
      |
      = hint: add `loop: [...]`, or remove it
    ");
}

#[test]
fn a_key_of_loop_control_misspelt() {
    assert_snapshot!(site(r#"- debug: {msg: "{{ name }}"}
  loop: [a]
  loop_control: {vra: name}
"#), @"
    error: unknown key `vra` of `loop_control`
     --> site.yml:3:18
      |
    3 |   loop_control: {vra: name}
      |                  ^^^
      |
      = hint: did you mean `var`? it has `var`, `index` and `label`
    ");
}

#[test]
fn a_loop_variable_outside_of_its_loop() {
    assert_snapshot!(site(r#"- debug: {msg: "{{ item }}"}
  loop: [a, b]
- debug: {msg: "{{ item }}"}
"#), @r#"
    error: `item` is not defined
     --> site.yml:3:20
      |
    3 | - debug: {msg: "{{ item }}"}
      |                    ^^^^
      |
      = hint: it exists only in a task with `loop`, unless `loop_control` gives it another name
    "#);
}

#[test]
fn item_where_the_loop_variable_has_another_name() {
    assert_snapshot!(site(r#"- debug: {msg: "{{ item }}"}
  loop: [a, b]
  loop_control: {var: name}
"#), @r#"
    error: `item` is not defined
     --> site.yml:1:20
      |
    1 | - debug: {msg: "{{ item }}"}
      |                    ^^^^
      |
      = hint: it exists only in a task with `loop`, unless `loop_control` gives it another name
    "#);
}

#[test]
fn a_field_that_no_element_has() {
    assert_snapshot!(site(r#"- file: {dest: "/srv/{{ item.nmae }}", action: directory}
  loop:
  - {name: web, owner: www-data}
  - {name: log, owner: root}
"#), @r#"
    error: `item` has no `nmae`
     --> site.yml:1:30
      |
    1 | - file: {dest: "/srv/{{ item.nmae }}", action: directory}
      |                              ^^^^
      |
      = hint: did you mean `name`?
    "#);
}

#[test]
fn a_loop_in_two_spellings() {
    assert_snapshot!(site(r#"- debug: {msg: "{{ item }}"}
  loop: [1]
  with_items: [2]
"#), @"
    error: this means the same as another key of the task
     --> site.yml:3:3
      |
    3 |   with_items: [2]
      |   ^^^^^^^^^^ and again here
      |
     ::: site.yml:2:3
      |
    2 |   loop: [1]
      |   ^^^^ first here
      |
      = hint: keep one of them
    ");
}
