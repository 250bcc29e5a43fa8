//! Lines that begin in the wrong column, tabs, and blanks that are missing.

use super::site;
use insta::assert_snapshot;

#[test]
fn a_key_that_is_not_deep_enough() {
    assert_snapshot!(site("- name: welcome
  file:
  dest: /etc/motd
  content: hello
"), @"
    error: `dest` and `content` are parameters of `file`
     --> site.yml:3:3
      |
    3 |   dest: /etc/motd
      |   ^^^^
      |
      = hint: indent them further than `file:`
    ");
}

#[test]
fn a_key_that_is_too_deep() {
    assert_snapshot!(site("- name: welcome
  file:
    dest: /etc/motd
      content: hello
"), @"
    error: `content` is indented further than `dest`, which has a value already
     --> site.yml:4:7
      |
    4 |       content: hello
      |       ^^^^^^^
      |
      = hint: put 4 spaces before it, as before `dest`
    ");
}

#[test]
fn a_key_between_two_depths() {
    assert_snapshot!(site("- name: welcome
  file:
      dest: /etc/motd
    content: hello
"), @"
    error: this line does not fit the ones above it
     --> site.yml:4:5
      |
    4 |     content: hello
      |     ^^^^^^^^^^^^^^
      |
      = hint: 6 spaces put it beside `dest`, 2 spaces beside `file`; it has 4
    ");
}

#[test]
fn a_key_left_of_its_task() {
    assert_snapshot!(site("- name: welcome
  file: {dest: /etc/motd, content: hello}
 when: os.family == 'debian'
"), @"
    error: this line does not fit the ones above it
     --> site.yml:3:2
      |
    3 |  when: os.family == 'debian'
      |  ^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = hint: 2 spaces put it beside `file`; it has 1
    ");
}

#[test]
fn a_task_not_aligned() {
    assert_snapshot!(site("- name: one
  command: {argv: [ls]}
 - name: two
   command: {argv: [ls]}
"), @"
    error: this line does not fit the ones above it
     --> site.yml:3:2
      |
    3 |  - name: two
      |  ^^^^^^^^^^^
      |
      = hint: no spaces put it beside the `-` in line 1; it has 1
    ");
}

#[test]
fn a_task_further_right() {
    assert_snapshot!(site("- name: one
  command: {argv: [ls]}
  - name: two
    command: {argv: [ls]}
"), @"
    error: this line does not fit the ones above it
     --> site.yml:3:3
      |
    3 |   - name: two
      |   ^^^^^^^^^^^
      |
      = hint: no spaces put it beside the `-` in line 1; it has 2
    ");
}

#[test]
fn a_list_item_not_aligned() {
    assert_snapshot!(site("- apt:
    package:
      - nginx
     - curl
"), @"
    error: this line does not fit the ones above it
     --> site.yml:4:6
      |
    4 |      - curl
      |      ^^^^^^
      |
      = hint: 6 spaces put it beside the `-` in line 3, no spaces beside the `-` in line 1; it has 5
    ");
}

#[test]
fn block_content_not_indented() {
    assert_snapshot!(site("- file:
    dest: /etc/motd
    content: |
    hello
    world
"), @"
    error: this is neither a `key: value` nor part of the text above
     --> site.yml:4:5
      |
    4 |     hello
      |     ^^^^^
      |
      = hint: indent all lines of a text further than `content:`; write `: ` after each key
    ");
}

#[test]
fn block_content_that_goes_left() {
    assert_snapshot!(site("- file:
    dest: /etc/motd
    content: |
      hello
    world
    mode: 0644
"), @"
    error: this is neither a `key: value` nor part of the text above
     --> site.yml:5:5
      |
    5 |     world
      |     ^^^^^
      |
      = hint: indent all lines of a text further than `content:`; write `: ` after each key
    ");
}

#[test]
fn block_content_that_begins_deeper() {
    assert_snapshot!(site("- file:
    dest: /etc/motd
    content: |
        hello
      world
"), @"
    error: this line of a text begins further left than its first line
     --> site.yml:5:7
      |
    5 |       world
      |       ^^^^^
      |
      = hint: put as many spaces before it as before the first line, or more
    ");
}

#[test]
fn a_tab_in_the_indentation() {
    assert_snapshot!(site("- name: welcome\n  file:\n\tdest: /etc/motd\n\tcontent: hello\n"), @"
    error: there is a tab in the indentation
     --> site.yml:3:1
      |
    3 |     dest: /etc/motd
      | ^^^^
      |
      = hint: indent with spaces, two for each level
    ");
}

#[test]
fn a_tab_after_spaces() {
    assert_snapshot!(site("- name: welcome\n  file:\n  \tdest: /etc/motd\n"), @"
    error: there is a tab in the indentation
     --> site.yml:3:3
      |
    3 |       dest: /etc/motd
      |   ^^^^
      |
      = hint: indent with spaces, two for each level
    ");
}

#[test]
fn a_key_given_twice() {
    assert_snapshot!(site("- name: web
  apt: {package: nginx}
  when: os.family == 'debian'
  tags: web
  when: cpus.count > 1
"), @"
    error: the key `when` is given twice
     --> site.yml:5:3
      |
    5 |   when: cpus.count > 1
      |   ^^^^ and again here
      |
     ::: site.yml:3:3
      |
    3 |   when: os.family == 'debian'
      |   ^^^^ first here
      |
      = hint: keep one of them
    ");
}

#[test]
fn no_space_after_the_colon() {
    assert_snapshot!(site("- name: welcome
  file:
    dest:/etc/motd
    content: hello
"), @"
    error: there is no space after the `:`
     --> site.yml:3:9
      |
    3 |     dest:/etc/motd
      |         ^
      |
      = hint: write `dest: /etc/motd`
    ");
}

#[test]
fn no_space_after_the_colon_in_braces() {
    assert_snapshot!(site("- name: welcome
  file: {dest:/etc/motd, content: hello}
"), @"
    error: there is no space after the `:`
     --> site.yml:2:14
      |
    2 |   file: {dest:/etc/motd, content: hello}
      |              ^
      |
      = hint: write `dest: /etc/motd`
    ");
}

#[test]
fn no_space_after_the_dash() {
    assert_snapshot!(site("-name: welcome
 file: {dest: /etc/motd, content: hello}
"), @"
    error: there is no space after the `-`
     --> site.yml:1:1
      |
    1 | -name: welcome
      | ^
      |
      = hint: write `- name: ...`
    ");
}

#[test]
fn no_space_after_a_later_dash() {
    assert_snapshot!(site("- name: one
  command: {argv: [ls]}
-name: two
  command: {argv: [ls]}
"), @"
    error: there is no space after the `-`
     --> site.yml:3:1
      |
    3 | -name: two
      | ^
      |
      = hint: write `- name: ...`
    ");
}
