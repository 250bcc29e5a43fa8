//! Handlers, and who notifies them.

use super::site;
use insta::assert_snapshot;

#[test]
fn a_handler_misspelt() {
    assert_snapshot!(site("tasks:
- file: {dest: /etc/nginx/nginx.conf, content: hello}
  notify: relaod nginx
handlers:
- name: reload nginx
  service: {name: nginx, action: reload}
"), @"
    error: there is no handler `relaod nginx`
     --> site.yml:3:11
      |
    3 |   notify: relaod nginx
      |           ^^^^^^^^^^^^
      |
      = hint: did you mean `reload nginx`?
    ");
}

#[test]
fn a_handler_that_nobody_wrote() {
    assert_snapshot!(site("tasks:
- file: {dest: /etc/nginx/nginx.conf, content: hello}
  notify: clear the cache
handlers:
- name: reload nginx
  service: {name: nginx, action: reload}
"), @"
    error: there is no handler `clear the cache`
     --> site.yml:3:11
      |
    3 |   notify: clear the cache
      |           ^^^^^^^^^^^^^^^
      |
      = hint: the only handler is `reload nginx`
    ");
}

#[test]
fn a_handler_named_by_an_expression() {
    assert_snapshot!(site(r#"tasks:
- file: {dest: /etc/nginx/nginx.conf, content: hello}
  notify: "reload {{ web }}"
handlers:
- name: reload nginx
  service: {name: nginx, action: reload}
"#), @r#"
    error: the names of handlers must be known before the run
     --> site.yml:3:11
      |
    3 |   notify: "reload {{ web }}"
      |           ^^^^^^^^^^^^^^^^^^
      |
      = hint: notify each possible handler, and give the handlers a `when`
    "#);
}

#[test]
fn a_handler_without_a_name() {
    assert_snapshot!(site("tasks:
- command: {argv: [ls]}
handlers:
- service: {name: nginx, action: reload}
"), @"
    error: a handler without a name is never notified
     --> site.yml:4:3
      |
    4 | - service: {name: nginx, action: reload}
      |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = hint: add `name: ...`, which `notify` then uses
    ");
}

#[test]
fn two_handlers_with_one_name() {
    assert_snapshot!(site("tasks:
- file: {dest: /etc/nginx/nginx.conf, content: hello}
  notify: reload nginx
handlers:
- name: reload nginx
  service: {name: nginx, action: reload}
- name: reload nginx
  service: {name: nginx, action: restart}
"), @"
    error: there are two handlers called `reload nginx`
     --> site.yml:7:9
      |
    7 | - name: reload nginx
      |         ^^^^^^^^^^^^ the second
      |
     ::: site.yml:5:9
      |
    5 | - name: reload nginx
      |         ^^^^^^^^^^^^ the first
      |
      = hint: give one another name; several may `listen` to one name
    ");
}

#[test]
fn a_block_among_handlers() {
    assert_snapshot!(site("tasks:
- command: {argv: [ls]}
  notify: reload
handlers:
- name: reload
  block:
  - service: {name: nginx, action: reload}
"), @"
    error: a handler cannot be a block
     --> site.yml:6:3
      |
    6 |   block:
      |   ^^^^^
      |
      = hint: write its tasks as handlers that `listen` to one name, and notify that
    ");
}

#[test]
fn a_task_that_listens() {
    assert_snapshot!(site("- command: {argv: [ls]}
  listen: web changed
"), @"
    error: only handlers can `listen`
     --> site.yml:2:3
      |
    2 |   listen: web changed
      |   ^^^^^^
      |
      = hint: move the task below `handlers:`, or remove `listen`
    ");
}

#[test]
fn handlers_below_a_list_of_tasks() {
    assert_snapshot!(site("- command: {argv: [ls]}
  handlers:
  - name: reload
    service: {name: nginx, action: reload}
"), @"
    error: `command` belongs in a task, but `handlers` makes this a play
     --> site.yml:1:3
      |
    1 | - command: {argv: [ls]}
      |   ^^^^^^^
      |
      = hint: write `- command: ...` below `tasks:`; a task has no `handlers`
    ");
}

#[test]
fn another_word_for_handlers_on_failure() {
    assert_snapshot!(site("handlers_on_failure: ignore
tasks:
- command: {argv: [ls]}
"), @"
    error: `handlers_on_failure` takes `run` or `skip`, found `ignore`
     --> site.yml:1:22
      |
    1 | handlers_on_failure: ignore
      |                      ^^^^^^
      |
      = hint: `run` is what holds without it
    ");
}

#[test]
fn a_handler_with_a_mistake_is_there_all_the_same() {
    assert_snapshot!(site("tasks:
- command: {argv: [ls]}
  notify: reload
handlers:
- name: reload
  service: {nme: nginx, action: reload}
"), @"
    error: unknown parameter `nme` of `service`
     --> site.yml:6:13
      |
    6 |   service: {nme: nginx, action: reload}
      |             ^^^
      |
      = hint: did you mean `name`? `service` has name, service, action, enabled, masked, daemon_reload, pattern, timeout
    ");
}
