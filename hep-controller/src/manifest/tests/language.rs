//! The language: forms, keys, blocks, includes, handlers, and what is said of mistakes in them.

use super::plan;
use insta::assert_snapshot;

fn check(text: &str) -> String {
    plan(&[("site.yml", text)], &[])
}

#[test]
fn every_key_reaches_the_plan() {
    assert_snapshot!(check(
        "- hosts: web
  name: all keys
  vars: {names: [a, b]}
  handlers_on_failure: skip
  tasks:
  - name: one
    command: {argv: [true]}
    when: [port > 0, true]
    loop: \"{{ names }}\"
    loop_control: {var: n, index: i, label: \"{{ n }}\"}
    register: out
    notify: reload
    ignore_error: true
    retries: 4
    delay: 1
    until: result.rc == 0
    changed_when: false
    failed_when: [out.rc > 1]
    vars: {x: 1}
    env: {A: b}
    tags: [t, u]
    timeout: 9
    sensitive: true
    check: never
  - name: as Ansible spells it
    command: {argv: [true]}
    with_items: [a]
    loop_control: {loop_var: n, index_var: i}
    ignore_errors: true
    until: result.rc == 0
    environment: {A: b}
    no_log: true
    check_mode: true
  - flush: true
  - set: {release: \"{{ os.codename }}-backports\"}
  - debug: {var: release}
  handlers:
  - name: reload
    listen: topic
    service: {name: nginx, action: reload}
"
    ), @r#"
    play all keys {"names":["a","b"]} Skip
      0 one: when=["port > 0","true"] each={"over":"{{ names }}","var":"n","index":"i","label":"{{ n }}"} register="out" notify=[5] retry={"retries":4,"delay":1,"until":["result.rc == 0"]} changed_when=["false"] failed_when=["out.rc > 1"] vars={"x":1} env=[{"A":"b"}] timeout=9 privacy="Sensitive" check="Never" GoOn
      1 as Ansible spells it: each={"over":["a"],"var":"n","index":"i","label":null} retry={"retries":3,"delay":5,"until":["result.rc == 0"]} env=[{"A":"b"}] privacy="Sensitive" check="Always" GoOn
      2 run notified handlers:
      3 set: set {"release":"{{ os.codename }}-backports"}
      4 debug release:
      handler 5 reload:
    web1: [0]
    web2: [0]
    "#);
}

#[test]
fn blocks_are_counted_and_hand_down() {
    assert_snapshot!(check(
        "- block:
  - command: {argv: [a]}
  - block:
    - {command: {argv: [b]}, ignore_error: false, env: {B: \"2\"}, timeout: 1}
    when: port > 100
    tags: inner
  rescue:
  - debug: {msg: failed}
  always:
  - debug: {msg: over}
  vars: {a: 1}
  ignore_error: true
  env: {A: \"1\"}
  sensitive: true
  check: always
  timeout: 5
- block:
  - debug: {msg: nothing around me}
  tags: x
- {debug: {msg: \"{{ item }}\"}, loop: [1, 2.5, 0644]}
"
    ), @r#"
    play  null Run
      block 3+1+1 vars={"a":1}
      0 command: env=[{"A":"1"}] timeout=5 privacy="Sensitive" check="Always" GoOn
      block 1+0+0 when=["port > 100"]
      1 command: env=[{"A":"1"},{"B":"2"}] timeout=1 privacy="Sensitive" check="Always"
      2 debug: env=[{"A":"1"}] timeout=5 privacy="Sensitive" check="Always" GoOn
      3 debug: env=[{"A":"1"}] timeout=5 privacy="Sensitive" check="Always" GoOn
      4 debug:
      5 debug: debug {"msg":"{{ item }}"} each={"over":[1,2.5,"0644"],"var":"item","index":null,"label":null}
    web1: [0]
    web2: [0]
    db1: [0]
    "#);
}

#[test]
fn includes_are_blocks_and_bring_their_handlers() {
    let files = [
        ("site.yml", "- name: first\n  hosts: web\n  include: base.yml\n  tasks:\n  - include: roles/web.yml\n    vars: {page: own}\n    when: port == 80\n    loop: [1, 2]\n    notify: restart\n"),
        ("base.yml", "- debug: {msg: base}\n"),
        ("roles/web.yml", "vars: {page: usual, other: 1}\ntasks:\n- {file: {src: page.html, dest: /srv/x}}\n- include: deep.yml\nhandlers:\n- {name: restart, service: {name: nginx, action: restart}}\n- include: more.yml\n"),
        ("roles/deep.yml", "- {debug: {msg: \"{{ page }} {{ item }}\"}, notify: more}\n"),
        ("roles/more.yml", "- {name: more, debug: {msg: \"{{ other }}\"}}\n"),
        ("roles/page.html", "x"),
    ];
    assert_snapshot!(plan(&files, &[]), @r#"
    play first null Run
      0 debug:
      block 2+0+0 when=["port == 80"] each={"over":[1,2],"var":"item","index":null,"label":null} vars={"page":"own","other":1}
      1 file /srv/x: notify=[3] ["page.html"]
      2 debug {{ page }} {{ item }}: debug {"msg":"{{ page }} {{ item }}"} notify=[3,4]
      handler 3 restart: vars={"page":"own","other":1}
      handler 4 more: debug {"msg":"{{ other }}"} vars={"page":"own","other":1}
    web1: [0]
    web2: [0]
    "#);
}

#[test]
fn includes_that_cannot_be_read_are_explained() {
    let files = [
        ("site.yml", "- include: a.yml\n- include: missing.yml\n- include: \"{{ os.id }}.yml\"\n- include: plays.yml\n- include: [a.yml]\n- include: words.yml\n  register: x\n  file: {dest: /x}\n"),
        ("a.yml", "- include: b.yml\n"),
        ("b.yml", "- debug: {msg: b}\n- include: a.yml\n- debug: {mgs: b}\n"),
        ("plays.yml", "- hosts: all\n  tasks: []\n"),
        ("words.yml", "hello\n"),
    ];
    assert_snapshot!(plan(&files, &[]), @r#"
    error: the file includes itself: a.yml -> b.yml -> a.yml
     --> b.yml:2:12
      |
    2 | - include: a.yml
      |            ^^^^^
      |
      = hint: remove one of these includes

    error: unknown parameter `mgs` of `debug`
     --> b.yml:3:11
      |
    3 | - debug: {mgs: b}
      |           ^^^
      |
      = hint: did you mean `msg`? `debug` has msg, var

    error: cannot include `missing.yml`: no such file or directory
     --> site.yml:2:12
      |
    2 | - include: missing.yml
      |            ^^^^^^^^^^^
      |
      = hint: the path is relative to the file with the include

    error: the name of an included file must be known before the run
     --> site.yml:3:12
      |
    3 | - include: "{{ os.id }}.yml"
      |            ^^^^^^^^^^^^^^^^^
      |
      = hint: include each file that may be meant, with a `when` of its own

    error: `plays.yml` holds plays, and only tasks can be included
     --> site.yml:4:12
      |
    4 | - include: plays.yml
      |            ^^^^^^^^^
      |
      = hint: include a file with a list of tasks, or push that file by itself

    error: `include` takes the name of a file, found a list
     --> site.yml:5:12
      |
    5 | - include: [a.yml]
      |            ^^^^^^^
      |
      = hint: write one entry for each file

    error: an include has no result of its own, so `register` means nothing here
     --> site.yml:7:3
      |
    7 |   register: x
      |   ^^^^^^^^
      |
      = hint: give the key to the task inside that it is about

    error: an include has no `file` beside it
     --> site.yml:8:3
      |
    8 |   file: {dest: /x}
      |   ^^^^
      |
     ::: site.yml:6:3
      |
    6 | - include: words.yml
      |   ^^^^^^^ this makes it an include
      |
      = hint: make two entries of it, each beginning with `- `

    error: an included file is a list of tasks, found the text `hello`
     --> words.yml:1:1
      |
    1 | hello
      | ^^^^^
      |
      = hint: begin each task with `- name: ...` and write its module below
    "#);
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

    error: a list holds either plays or tasks, and this is no play
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
      = hint: write them at the beginning of `tasks`, with `flush: true` behind them

    error: hep has no `roles`
     --> site.yml:3:41
      |
    3 | - {hosts: all, task: [], pre_tasks: [], roles: [a], when: true, become: true, gather_facts: false, environment: {}}
      |                                         ^^^^^
      |
      = hint: write the role's tasks into a file and `include: roles/NAME/tasks/main.yml`

    error: `when` is a key of tasks, and this is a play
     --> site.yml:3:53
      |
    3 | - {hosts: all, task: [], pre_tasks: [], roles: [a], when: true, become: true, gather_facts: false, environment: {}}
      |                                                     ^^^^
      |
      = hint: put the tasks into a block with it: `- block: [...]` and `when: ...`

    error: this version of hep has no `become`
     --> site.yml:3:65
      |
    3 | - {hosts: all, task: [], pre_tasks: [], roles: [a], when: true, become: true, gather_facts: false, environment: {}}
      |                                                                 ^^^^^^
      |
      = hint: hep does everything as the user it logs in as: log in as `root`

    error: hep has no `gather_facts`
     --> site.yml:3:79
      |
    3 | - {hosts: all, task: [], pre_tasks: [], roles: [a], when: true, become: true, gather_facts: false, environment: {}}
      |                                                                               ^^^^^^^^^^^^
      |
      = hint: remove it: hep finds out by itself what it needs to know

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
      = hint: notify each handler that may be meant, and give the handlers a `when`

    error: there is no handler `nginx`
     --> site.yml:4:29
      |
    4 | - {debug: {msg: a}, notify: nginx, listen: x}
      |                             ^^^^^
      |
      = hint: the only handler is `one`

    error: only handlers `listen`
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

#[test]
fn keys_with_other_values_are_refused() {
    assert_snapshot!(check(
        "- {debug: {msg: a}, when: 5, loop: web, retries: many, delay: -1, until: , check: yes, tags: {a: b}}
- {debug: {msg: a}, loop: 5, register: 1x, vars: {a-b: 1, item: 2, true: 3}, env: [a], timeout: soon}
- {debug: {msg: a}, loop_control: {pause: 3}, register: item, vars: [a]}
- {debug: {msg: a}, loop: [1], loop_control: {pause: 3, loop_vr: x}, delay: 3}
- {debug: {msg: a}, with_items: [\"{{ a }}\", [b]], ignore_error: \"{{ a }}{{ b }}\"}
- {debug: {msg: a}, loop: range(3)}
- {block: [{debug: {msg: a}}], register: x, until: y}
- {rescue: [{debug: {msg: a}}], debug: {msg: b}}
- {block: {debug: {msg: a}}, command: {argv: a}}
- {block: [], include: x.yml}
- {flush: {}}
- {flush: false}
- {set: {a b: 1}}
"
    ), @r#"
    error: `when` takes an expression, found the number 5
     --> site.yml:1:27
      |
    1 | - {debug: {msg: a}, when: 5, loop: web, retries: many, delay: -1, until: , check: yes, tags: {a: b}}
      |                           ^
      |
      = hint: write a condition as `os.family == "debian"`, or a list of them

    error: `loop` takes a list or a mapping, found the text `web`
     --> site.yml:1:36
      |
    1 | - {debug: {msg: a}, when: 5, loop: web, retries: many, delay: -1, until: , check: yes, tags: {a: b}}
      |                                    ^^^
      |
      = hint: write `[web]` for a list of one, or `"{{ web }}"` for a variable

    error: `retries` takes a whole number, found the text `many`
     --> site.yml:1:50
      |
    1 | - {debug: {msg: a}, when: 5, loop: web, retries: many, delay: -1, until: , check: yes, tags: {a: b}}
      |                                                  ^^^^
      |
      = hint: write digits alone, as `60`

    error: `delay` is the pause between two tries, and there is one
     --> site.yml:1:56
      |
    1 | - {debug: {msg: a}, when: 5, loop: web, retries: many, delay: -1, until: , check: yes, tags: {a: b}}
      |                                                        ^^^^^
      |
      = hint: add `retries: 10` or `until: ...`, or remove `delay`

    error: `delay` takes a whole number, found the number -1
     --> site.yml:1:63
      |
    1 | - {debug: {msg: a}, when: 5, loop: web, retries: many, delay: -1, until: , check: yes, tags: {a: b}}
      |                                                               ^^
      |
      = hint: write a whole number, 0 or more

    error: `until` has no value
     --> site.yml:1:67
      |
    1 | - {debug: {msg: a}, when: 5, loop: web, retries: many, delay: -1, until: , check: yes, tags: {a: b}}
      |                                                                   ^^^^^
      |
      = hint: write a value after it, or remove the key

    error: `check` takes `always` or `never`, found `yes`
     --> site.yml:1:83
      |
    1 | - {debug: {msg: a}, when: 5, loop: web, retries: many, delay: -1, until: , check: yes, tags: {a: b}}
      |                                                                                   ^^^
      |
      = hint: `always`: the task is only checked, in every run; `never`: it runs in check mode too

    error: `tags` takes a text or a list of texts, found a mapping
     --> site.yml:1:94
      |
    1 | - {debug: {msg: a}, when: 5, loop: web, retries: many, delay: -1, until: , check: yes, tags: {a: b}}
      |                                                                                              ^^^^^^
      |
      = hint: write `[one, two]`

    error: `loop` takes a list or a mapping, found the number 5
     --> site.yml:2:27
      |
    2 | - {debug: {msg: a}, loop: 5, register: 1x, vars: {a-b: 1, item: 2, true: 3}, env: [a], timeout: soon}
      |                           ^
      |
      = hint: write `"{{ range(5) }}"` for the numbers below it, or `[5]`

    error: `1x` is no name that a variable can have
     --> site.yml:2:40
      |
    2 | - {debug: {msg: a}, loop: 5, register: 1x, vars: {a-b: 1, item: 2, true: 3}, env: [a], timeout: soon}
      |                                        ^^
      |
      = hint: write letters, digits and `_`, beginning with a letter or `_`, as in `http_port`

    error: `a-b` is no name that a variable can have
     --> site.yml:2:51
      |
    2 | - {debug: {msg: a}, loop: 5, register: 1x, vars: {a-b: 1, item: 2, true: 3}, env: [a], timeout: soon}
      |                                                   ^^^
      |
      = hint: write letters, digits and `_`, beginning with a letter or `_`, as in `http_port`

    error: `item` cannot be a variable: it is the element of a loop
     --> site.yml:2:59
      |
    2 | - {debug: {msg: a}, loop: 5, register: 1x, vars: {a-b: 1, item: 2, true: 3}, env: [a], timeout: soon}
      |                                                           ^^^^
      |
      = hint: give it another name

    error: `true` is no name that a variable can have
     --> site.yml:2:68
      |
    2 | - {debug: {msg: a}, loop: 5, register: 1x, vars: {a-b: 1, item: 2, true: 3}, env: [a], timeout: soon}
      |                                                                    ^^^^
      |
      = hint: write letters, digits and `_`, beginning with a letter or `_`, as in `http_port`

    error: `env` takes a mapping, found a list
     --> site.yml:2:83
      |
    2 | - {debug: {msg: a}, loop: 5, register: 1x, vars: {a-b: 1, item: 2, true: 3}, env: [a], timeout: soon}
      |                                                                                   ^^^
      |
      = hint: write `{NAME: value}`

    error: `timeout` takes a whole number, found the text `soon`
     --> site.yml:2:97
      |
    2 | - {debug: {msg: a}, loop: 5, register: 1x, vars: {a-b: 1, item: 2, true: 3}, env: [a], timeout: soon}
      |                                                                                                 ^^^^
      |
      = hint: write digits alone, as `60`

    error: `loop_control` has no loop
     --> site.yml:3:21
      |
    3 | - {debug: {msg: a}, loop_control: {pause: 3}, register: item, vars: [a]}
      |                     ^^^^^^^^^^^^
      |
      = hint: add `loop: [...]`, or remove it

    error: `item` cannot be a variable: it is the element of a loop
     --> site.yml:3:57
      |
    3 | - {debug: {msg: a}, loop_control: {pause: 3}, register: item, vars: [a]}
      |                                                         ^^^^
      |
      = hint: give it another name

    error: `vars` takes a mapping, found a list
     --> site.yml:3:69
      |
    3 | - {debug: {msg: a}, loop_control: {pause: 3}, register: item, vars: [a]}
      |                                                                     ^^^
      |
      = hint: write each as `name: value` on a line of its own, without a `-`

    error: unknown key `pause` of `loop_control`
     --> site.yml:4:47
      |
    4 | - {debug: {msg: a}, loop: [1], loop_control: {pause: 3, loop_vr: x}, delay: 3}
      |                                               ^^^^^
      |
      = hint: hep does not wait between elements: put `wait_for` or `command: {argv: [sleep, 3]}` into a block with the loop

    error: unknown key `loop_vr` of `loop_control`
     --> site.yml:4:57
      |
    4 | - {debug: {msg: a}, loop: [1], loop_control: {pause: 3, loop_vr: x}, delay: 3}
      |                                                         ^^^^^^^
      |
      = hint: did you mean `loop_var`? it has `var`, `index` and `label`

    error: `delay` is the pause between two tries, and there is one
     --> site.yml:4:70
      |
    4 | - {debug: {msg: a}, loop: [1], loop_control: {pause: 3, loop_vr: x}, delay: 3}
      |                                                                      ^^^^^
      |
      = hint: add `retries: 10` or `until: ...`, or remove `delay`

    error: `with_items` joins the lists that its elements are, and hep's loops do not
     --> site.yml:5:33
      |
    5 | - {debug: {msg: a}, with_items: ["{{ a }}", [b]], ignore_error: "{{ a }}{{ b }}"}
      |                                 ^^^^^^^^^^^^^^^^
      |
      = hint: write `loop: "{{ one + two }}"`

    error: `ignore_error` takes `true`, `false` or one expression
     --> site.yml:5:65
      |
    5 | - {debug: {msg: a}, with_items: ["{{ a }}", [b]], ignore_error: "{{ a }}{{ b }}"}
      |                                                                 ^^^^^^^^^^^^^^^^
      |
      = hint: write `ignore_error: "{{ ... }}"`

    error: `loop` takes a list or a mapping, found the text `range(3)`
     --> site.yml:6:27
      |
    6 | - {debug: {msg: a}, loop: range(3)}
      |                           ^^^^^^^^
      |
      = hint: write `"{{ range(3) }}"` for an expression, or `[range(3)]` for a list of one

    error: a block has no result of its own, so `register` means nothing here
     --> site.yml:7:32
      |
    7 | - {block: [{debug: {msg: a}}], register: x, until: y}
      |                                ^^^^^^^^
      |
      = hint: give the key to the task inside that it is about

    error: a block has no result of its own, so `until` means nothing here
     --> site.yml:7:45
      |
    7 | - {block: [{debug: {msg: a}}], register: x, until: y}
      |                                             ^^^^^
      |
      = hint: give the key to the task inside that it is about

    error: `rescue` belongs to a block, and there is none
     --> site.yml:8:4
      |
    8 | - {rescue: [{debug: {msg: a}}], debug: {msg: b}}
      |    ^^^^^^
      |
      = hint: write the tasks before it below `block:`

    error: `block` takes a list, found a mapping
     --> site.yml:9:11
      |
    9 | - {block: {debug: {msg: a}}, command: {argv: a}}
      |           ^^^^^^^^^^^^^^^^^
      |
      = hint: begin each task with `- `

    error: a block has no `command` beside it
     --> site.yml:9:30
      |
    9 | - {block: {debug: {msg: a}}, command: {argv: a}}
      |                              ^^^^^^^
      |
     ::: site.yml:9:4
      |
    9 | - {block: {debug: {msg: a}}, command: {argv: a}}
      |    ^^^^^ this makes it a block
      |
      = hint: make two entries of it, each beginning with `- `

    error: the block has no tasks
      --> site.yml:10:4
       |
    10 | - {block: [], include: x.yml}
       |    ^^^^^
       |
       = hint: write them below `block:`, each beginning with `- `

    error: a block has no `include` beside it
      --> site.yml:10:15
       |
    10 | - {block: [], include: x.yml}
       |               ^^^^^^^
       |
      ::: site.yml:10:4
       |
    10 | - {block: [], include: x.yml}
       |    ^^^^^ this makes it a block
       |
       = hint: make two entries of it, each beginning with `- `

    error: `flush` takes `true` or `false`, found a mapping
      --> site.yml:11:11
       |
    11 | - {flush: {}}
       |           ^^
       |
       = hint: write `true` or `false`

    error: `false` is not a value of `flush`
      --> site.yml:12:4
       |
    12 | - {flush: false}
       |    ^^^^^
       |
       = hint: write `true`, or remove the task

    error: `a b` is no name that a variable can have
      --> site.yml:13:10
       |
    13 | - {set: {a b: 1}}
       |          ^^^
       |
       = hint: write letters, digits and `_`, beginning with a letter or `_`, as in `http_port`
    "#);
}

#[test]
fn keys_of_playbooks_get_advice() {
    let keys = [
        "delegate_to", "run_once", "async", "throttle", "set_fact", "template", "shell", "pip", "meta",
        "with_fileglob", "with_sequence", "with_nested", "import_role", "become", "debugger", "no_such_key",
        "taggs", "hosts_", "vars_files_",
    ];
    let tasks: Vec<String> = keys.iter().map(|key| format!("- {{debug: {{msg: a}}, {key}: x}}\n")).collect();
    let said = check(&tasks.concat());
    let lines = said.lines().filter(|line| line.starts_with("error") || line.contains("hint"));
    assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r#"
    error: hep has no `delegate_to`
      = hint: put the task into a play of its own, with `hosts:` naming that host
    error: hep has no `run_once`
      = hint: put the task into a play of its own, with `hosts:` naming that host
    error: hep has no `async`
      = hint: a task runs until it is done; `timeout: SECONDS` limits that
    error: hep has no `throttle`
      = hint: use `hep push --forks`
    error: hep has no `set_fact`
      = hint: write `set: {name: value}`
    error: hep has no `template`
      = hint: write `file: {template: ..., dest: ...}`
    error: hep has no `shell`
      = hint: write `command: {shell: "x"}`
    error: this version of hep has no `pip`
      = hint: write `command: {argv: [pip, install, ...], creates: ...}`
    error: hep has no `meta`
      = hint: for `meta: flush_handlers` write `flush: true`
    error: hep has no `with_fileglob`
       = hint: write the files as a list: `loop: [a.conf, b.conf]`; a directory as `src` of `file` is copied whole
    error: hep has no `with_sequence`
       = hint: write `loop: "{{ range(1, 5) }}"`
    error: hep has no `with_nested`
       = hint: write a block with the outer `loop` around a task with the inner
    error: hep has no `import_role`
       = hint: write the role's tasks into a file and `include: roles/NAME/tasks/main.yml`
    error: this version of hep has no `become`
       = hint: hep does everything as the user it logs in as: log in as `root`
    error: hep has no `debugger`
       = hint: use `hep push --step`
    error: unknown key `no_such_key` of a task
       = hint: `hep doc task` shows the keys of a task
    error: unknown key `taggs` of a task
       = hint: did you mean `tags`?
    error: unknown key `hosts_` of a task
       = hint: `hep doc task` shows the keys of a task
    error: unknown key `vars_files_` of a task
       = hint: `hep doc task` shows the keys of a task
    "#);
}
