//! Plays: their hosts and their handlers.

use super::plan;
use insta::assert_snapshot;

fn check(text: &str) -> String {
    plan(&[("site.yml", text)], &[])
}

#[test]
fn plays_are_for_the_hosts_they_name() {
    assert_snapshot!(check(
        "- {name: w, hosts: web, tasks: [{debug: {msg: hello}}]}
- {name: n, hosts: \"db:!db1\", tasks: [{debug: {msg: hello}}]}
- {name: l, hosts: localhost, tasks: [{debug: {msg: hello}}]}
- {name: a, hosts: [web1, db1], tasks: [{debug: {msg: hello}}]}
"
    ), @"
    play w null Run
      0 debug:
    play n null Run
      1 debug:
    play l null Run
      2 debug:
    play a null Run
      3 debug:
    web1: [0, 3]
    web2: [0]
    db1: [3]
    localhost: [2]
    warning: the play `n` has no hosts: none is `db:!db1`
    ");
    assert_snapshot!(check(
        "- {hosts: wbe, tasks: [{debug: {msg: hello}}]}
- {name: stray, debug: {msg: x}}
- {hosts: all, task: [], pre_tasks: [], roles: [a], when: true, become: true, gather_facts: false, environment: {}}
"
    ), @"
    error: there is no host or group `wbe`
     --> site.yml:1:11
      |
    1 | - {hosts: wbe, tasks: [{debug: {msg: hello}}]}
      |           ^^^
      |
      = hint: did you mean `web`?

    error: a list holds either plays or tasks, and this is not a play
     --> site.yml:2:3
      |
    2 | - {name: stray, debug: {msg: x}}
      |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = hint: write it below the `tasks:` of a play

    error: unknown key `task` of a manifest
     --> site.yml:3:16
      |
    3 | - {hosts: all, task: [], pre_tasks: [], roles: [a], when: true, become: true, gather_facts: false, environment: {}}
      |                ^^^^
      |
      = hint: did you mean `tasks`?

    error: hep has no `pre_tasks`
     --> site.yml:3:26
      |
    3 | - {hosts: all, task: [], pre_tasks: [], roles: [a], when: true, become: true, gather_facts: false, environment: {}}
      |                          ^^^^^^^^^
      |
      = hint: write them at the beginning of `tasks`, with `flush: true` after them

    error: hep has no `roles`
     --> site.yml:3:41
      |
    3 | - {hosts: all, task: [], pre_tasks: [], roles: [a], when: true, become: true, gather_facts: false, environment: {}}
      |                                         ^^^^^
      |
      = hint: write the role's tasks into a file and `include: roles/NAME/tasks/main.yml`

    error: `when` is a key of tasks, but this is a play
     --> site.yml:3:53
      |
    3 | - {hosts: all, task: [], pre_tasks: [], roles: [a], when: true, become: true, gather_facts: false, environment: {}}
      |                                                     ^^^^
      |
      = hint: put the tasks into a block with it: `- block: [...]` and `when: ...`

    error: hep has no `gather_facts`
     --> site.yml:3:79
      |
    3 | - {hosts: all, task: [], pre_tasks: [], roles: [a], when: true, become: true, gather_facts: false, environment: {}}
      |                                                                               ^^^^^^^^^^^^
      |
      = hint: remove it: hep detects what it needs

    error: hep has no `environment`
     --> site.yml:3:100
      |
    3 | - {hosts: all, task: [], pre_tasks: [], roles: [a], when: true, become: true, gather_facts: false, environment: {}}
      |                                                                                                    ^^^^^^^^^^^
      |
      = hint: put the tasks into a block with it: `- block: [...]` and `env: {NAME: value}`
    ");
}

#[test]
fn handlers_are_found_by_name_and_topic() {
    assert_snapshot!(check(
        "tasks:
- {debug: {msg: a}, notify: [one, topic]}
- {debug: {msg: a}, notify: topic}
handlers:
- {name: one, debug: {msg: 1}, notify: two}
- {name: two, debug: {msg: 2}, listen: topic}
- {name: three, debug: {msg: 3}, listen: [topic, other]}
"
    ), @"
    play  null Run
      0 debug: notify=[2,3,4]
      1 debug: notify=[3,4]
      handler 2 one: notify=[3]
      handler 3 two:
      handler 4 three:
    web1: [0]
    web2: [0]
    db1: [0]
    ");
    assert_snapshot!(check(
        "tasks:
- {debug: {msg: a}, notify: on}
- {debug: {msg: a}, notify: \"{{ x }}\"}
- {debug: {msg: a}, notify: nginx, listen: x}
handlers:
- {name: one, debug: {msg: 1}}
- {name: one, debug: {msg: 2}}
- {debug: {msg: 2}}
- block: [{debug: {msg: 2}}]
"
    ), @r#"
    error: there is no handler `on`
     --> site.yml:2:29
      |
    2 | - {debug: {msg: a}, notify: on}
      |                             ^^
      |
      = hint: did you mean `one`?

    error: the names of handlers must be known before the run
     --> site.yml:3:29
      |
    3 | - {debug: {msg: a}, notify: "{{ x }}"}
      |                             ^^^^^^^^^
      |
      = hint: notify each possible handler, and give the handlers a `when`

    error: there is no handler `nginx`
     --> site.yml:4:29
      |
    4 | - {debug: {msg: a}, notify: nginx, listen: x}
      |                             ^^^^^
      |
      = hint: the only handler is `one`

    error: only handlers can `listen`
     --> site.yml:4:36
      |
    4 | - {debug: {msg: a}, notify: nginx, listen: x}
      |                                    ^^^^^^
      |
      = hint: move the task below `handlers:`, or remove `listen`

    error: there are two handlers called `one`
     --> site.yml:7:10
      |
    7 | - {name: one, debug: {msg: 2}}
      |          ^^^ the second
      |
     ::: site.yml:6:10
      |
    6 | - {name: one, debug: {msg: 1}}
      |          ^^^ the first
      |
      = hint: give one another name; several may `listen` to one name

    error: a handler without a name is never notified
     --> site.yml:8:3
      |
    8 | - {debug: {msg: 2}}
      |   ^^^^^^^^^^^^^^^^^
      |
      = hint: add `name: ...`, which `notify` then uses

    error: a handler cannot be a block
     --> site.yml:9:3
      |
    9 | - block: [{debug: {msg: 2}}]
      |   ^^^^^
      |
      = hint: write its tasks as handlers that `listen` to one name, and notify that
    "#);
    assert_snapshot!(check("- {debug: {msg: a}, notify: reload}\n"), @"
    error: there is no handler `reload`
     --> site.yml:1:29
      |
    1 | - {debug: {msg: a}, notify: reload}
      |                             ^^^^^^
      |
      = hint: there are no handlers: write them below `handlers:`, beside `tasks:`
    ");
}
