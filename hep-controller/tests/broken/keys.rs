//! The keys of tasks, blocks and plays.

use super::{mistake, site};
use insta::assert_snapshot;

#[test]
fn tasks_that_are_a_mapping() {
    assert_snapshot!(site("tasks:
  name: web
  apt: {package: nginx}
"), @"
    error: `tasks` takes a list, found a mapping
     --> site.yml:2:3
      |
    2 |   name: web
      |   ^^^^^^^^^
      |
      = hint: begin each task with `- `
    ");
}

#[test]
fn a_key_of_a_play_in_a_task() {
    assert_snapshot!(site("- name: web
  apt: {package: nginx}
  hosts: web
"), @"
    error: `apt` belongs in a task, but `hosts` makes this a play
     --> site.yml:2:3
      |
    2 |   apt: {package: nginx}
      |   ^^^
      |
      = hint: write `- apt: ...` below `tasks:`; a task has no `hosts`
    ");
}

#[test]
fn a_key_of_a_task_in_a_play() {
    assert_snapshot!(site("hosts: all
when: os.family == 'debian'
tasks:
- apt: {package: nginx}
"), @"
    error: `when` is a key of tasks, but this is a play
     --> site.yml:2:1
      |
    2 | when: os.family == 'debian'
      | ^^^^
      |
      = hint: put the tasks into a block with it: `- block: [...]` and `when: ...`
    ");
}

#[test]
fn a_module_in_a_play() {
    assert_snapshot!(site("- hosts: all
  apt: {package: nginx}
"), @"
    error: `apt` belongs in a task, but `hosts` makes this a play
     --> site.yml:2:3
      |
    2 |   apt: {package: nginx}
      |   ^^^
      |
      = hint: write `- apt: ...` below `tasks:`; a task has no `hosts`
    ");
}

#[test]
fn a_play_key_misspelt() {
    assert_snapshot!(site("host: all
tasks:
- apt: {package: nginx}
"), @"
    error: unknown key `host` of a manifest
     --> site.yml:1:1
      |
    1 | host: all
      | ^^^^
      |
      = hint: did you mean `hosts`?
    ");
}

#[test]
fn hosts_that_do_not_exist() {
    assert_snapshot!(mistake(&[("site.yml", "- hosts: wbe
  tasks:
  - apt: {package: nginx}
"), ("hosts", "[web]
web1
web2
")]), @"
    hosts: 2 hosts, no mistake found
    error: there is no host or group `wbe`
     --> site.yml:1:10
      |
    1 | - hosts: wbe
      |          ^^^
      |
      = hint: did you mean `web`?
    ");
}

#[test]
fn a_block_without_tasks() {
    assert_snapshot!(site("- name: web
  block:
  when: os.family == 'debian'
"), @"
    error: the block has no tasks
     --> site.yml:2:3
      |
    2 |   block:
      |   ^^^^^
      |
      = hint: write them below `block:`, each beginning with `- `
    ");
}

#[test]
fn a_block_with_an_empty_list() {
    assert_snapshot!(site("- name: web
  block: []
"), @"
    error: the block has no tasks
     --> site.yml:2:3
      |
    2 |   block: []
      |   ^^^^^
      |
      = hint: write them below `block:`, each beginning with `- `
    ");
}

#[test]
fn a_rescue_without_a_block() {
    assert_snapshot!(site("- name: web
  apt: {package: nginx}
  rescue:
  - debug: {msg: no nginx}
"), @"
    error: `rescue` belongs to a block, and there is none
     --> site.yml:3:3
      |
    3 |   rescue:
      |   ^^^^^^
      |
      = hint: write the tasks before it below `block:`
    ");
}

#[test]
fn a_block_with_a_module() {
    assert_snapshot!(site("- block:
  - command: {argv: [ls]}
  apt: {package: nginx}
"), @"
    error: a block has no `apt` beside it
     --> site.yml:3:3
      |
    3 |   apt: {package: nginx}
      |   ^^^
      |
     ::: site.yml:1:3
      |
    1 | - block:
      |   ^^^^^ this makes it a block
      |
      = hint: make two entries of it, each beginning with `- `
    ");
}

#[test]
fn a_block_with_a_result() {
    assert_snapshot!(site("- block:
  - command: {argv: [ls]}
  register: listing
"), @"
    error: a block has no result of its own, so `register` means nothing here
     --> site.yml:3:3
      |
    3 |   register: listing
      |   ^^^^^^^^
      |
      = hint: move the key to the task inside that it applies to
    ");
}

#[test]
fn retries_that_are_no_number() {
    assert_snapshot!(site("- command: {argv: [ls]}
  retries: often
"), @"
    error: `retries` takes a whole number, found the text `often`
     --> site.yml:2:12
      |
    2 |   retries: often
      |            ^^^^^
      |
      = hint: write digits alone, as `60`
    ");
}

#[test]
fn a_delay_without_tries() {
    assert_snapshot!(site("- command: {argv: [ls]}
  delay: 5
"), @"
    error: `delay` is the pause between tries, and there is only one
     --> site.yml:2:3
      |
    2 |   delay: 5
      |   ^^^^^
      |
      = hint: add `retries: 10` or `until: ...`, or remove `delay`
    ");
}

#[test]
fn an_until_that_the_result_does_not_decide() {
    assert_snapshot!(site("- command: {argv: [ls]}
  until: rc == 0
"), @"
    error: `rc` is not defined
     --> site.yml:2:10
      |
    2 |   until: rc == 0
      |          ^^
      |
      = hint: write `result.rc`
    ");
}

#[test]
fn a_negative_timeout() {
    assert_snapshot!(site("- command: {argv: [ls]}
  timeout: -5
"), @"
    error: `timeout` takes a whole number, found the number -5
     --> site.yml:2:12
      |
    2 |   timeout: -5
      |            ^^
      |
      = hint: write a whole number, 0 or more
    ");
}

#[test]
fn a_sensitive_that_is_a_word() {
    assert_snapshot!(site("- command: {argv: [ls]}
  sensitive: yes
"), @"
    error: `sensitive` takes `true` or `false`, found the text `yes`
     --> site.yml:2:14
      |
    2 |   sensitive: yes
      |              ^^^
      |
      = hint: write `true`
    ");
}

#[test]
fn an_empty_list_of_tags() {
    assert_snapshot!(site("- command: {argv: [ls]}
  tags: {web: true}
"), @"
    error: `tags` takes a text or a list of texts, found a mapping
     --> site.yml:2:9
      |
    2 |   tags: {web: true}
      |         ^^^^^^^^^^^
      |
      = hint: write `[one, two]`
    ");
}

#[test]
fn a_play_among_tasks() {
    assert_snapshot!(site("- command: {argv: [ls]}
- hosts: web
  tasks:
  - command: {argv: [ls]}
"), @"
    error: a list holds either plays or tasks, and this is not a play
     --> site.yml:1:3
      |
    1 | - command: {argv: [ls]}
      |   ^^^^^^^^^^^^^^^^^^^^^
      |
      = hint: write it below the `tasks:` of a play
    ");
}
