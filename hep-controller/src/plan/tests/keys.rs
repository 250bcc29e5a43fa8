//! What is said of keys with values that do not fit, and of keys of playbooks.

use super::plan;
use insta::assert_snapshot;

fn check(text: &str) -> String {
    plan(&[("site.yml", text)], &[])
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

    error: `delay` is the pause between tries, and there is only one
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

    error: `1x` is not a valid variable name
     --> site.yml:2:40
      |
    2 | - {debug: {msg: a}, loop: 5, register: 1x, vars: {a-b: 1, item: 2, true: 3}, env: [a], timeout: soon}
      |                                        ^^
      |
      = hint: use letters, digits and `_`, starting with a letter or `_`, as in `http_port`

    error: `a-b` is not a valid variable name
     --> site.yml:2:51
      |
    2 | - {debug: {msg: a}, loop: 5, register: 1x, vars: {a-b: 1, item: 2, true: 3}, env: [a], timeout: soon}
      |                                                   ^^^
      |
      = hint: use letters, digits and `_`, starting with a letter or `_`, as in `http_port`

    error: `item` cannot be a variable: it is the element of a loop
     --> site.yml:2:59
      |
    2 | - {debug: {msg: a}, loop: 5, register: 1x, vars: {a-b: 1, item: 2, true: 3}, env: [a], timeout: soon}
      |                                                           ^^^^
      |
      = hint: give it another name

    error: `true` is not a valid variable name
     --> site.yml:2:68
      |
    2 | - {debug: {msg: a}, loop: 5, register: 1x, vars: {a-b: 1, item: 2, true: 3}, env: [a], timeout: soon}
      |                                                                    ^^^^
      |
      = hint: use letters, digits and `_`, starting with a letter or `_`, as in `http_port`

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
      = hint: hep does not wait between items: put `wait_for` or `command: {argv: [sleep, 3]}` into a block with the loop

    error: unknown key `loop_vr` of `loop_control`
     --> site.yml:4:57
      |
    4 | - {debug: {msg: a}, loop: [1], loop_control: {pause: 3, loop_vr: x}, delay: 3}
      |                                                         ^^^^^^^
      |
      = hint: did you mean `loop_var`? it has `var`, `index` and `label`

    error: `delay` is the pause between tries, and there is only one
     --> site.yml:4:70
      |
    4 | - {debug: {msg: a}, loop: [1], loop_control: {pause: 3, loop_vr: x}, delay: 3}
      |                                                                      ^^^^^
      |
      = hint: add `retries: 10` or `until: ...`, or remove `delay`

    error: `with_items` joins items that are lists, and hep's loops do not
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
      = hint: move the key to the task inside that it applies to

    error: a block has no result of its own, so `until` means nothing here
     --> site.yml:7:45
      |
    7 | - {block: [{debug: {msg: a}}], register: x, until: y}
      |                                             ^^^^^
      |
      = hint: move the key to the task inside that it applies to

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
      --> site.yml:12:11
       |
    12 | - {flush: false}
       |           ^^^^^
       |
       = hint: write `true`, or remove the task

    error: `a b` is not a valid variable name
      --> site.yml:13:10
       |
    13 | - {set: {a b: 1}}
       |          ^^^
       |
       = hint: use letters, digits and `_`, starting with a letter or `_`, as in `http_port`
    "#);
}

#[test]
fn keys_of_playbooks_get_advice() {
    let keys = [
        "delegate_to",
        "run_once",
        "async",
        "throttle",
        "set_fact",
        "template",
        "shell",
        "pip",
        "meta",
        "with_fileglob",
        "with_sequence",
        "with_nested",
        "import_role",
        "become",
        "debugger",
        "no_such_key",
        "taggs",
        "hosts_",
        "vars_files_",
    ];
    let tasks: Vec<String> =
        keys.iter().map(|key| format!("- {{debug: {{msg: a}}, {key}: x}}\n")).collect();
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
    error: `become` takes `true` or `false`, found the text `x`
       = hint: write `true` or `false`
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
