//! What is known of expressions before the run, for each kind of hosts.

use super::plan;
use insta::assert_snapshot;

fn check(text: &str) -> String {
    plan(&[("site.yml", text)], &[])
}

#[test]
fn names_that_nobody_defines_are_mistakes() {
    assert_snapshot!(check(
        "- name: \"for {{ hots }}\"
  file: {dest: \"/etc/{{ prot }}\", content: \"{{ os.codname }} {{ data | default('x') }}\"}
  when: pot > 1
- debug: {msg: \"{{ data }}\"}
- debug: {msg: \"{{ data }}\"}
  when: data is defined
- debug: {msg: \"{{ later.rc }}\"}
- {command: {argv: [true]}, register: later}
- debug: {msg: \"{{ later.rc }} {{ later.cr }}\"}
- assert: {that: [port > 0, prot > 0, \"{{ port }}\"]}
- debug: {var: prt}
- {debug: {msg: x}, until: reslt.rc == 0, changed_when: result.changed, failed_when: nothing}
- {debug: {msg: \"{{ item.x }} {{ i }}\"}, loop: [{x: 1}, {x: 2}]}
- {debug: {msg: \"{{ item.y }} {{ i }}\"}, loop: [{x: 1}, {x: 2}], loop_control: {index: i}}
"
    ), @r#"
    error: `hots` is not defined
     --> site.yml:1:17
      |
    1 | - name: "for {{ hots }}"
      |                 ^^^^
      |
      = hint: did you mean `host`?

    error: `prot` is not defined
     --> site.yml:2:25
      |
    2 |   file: {dest: "/etc/{{ prot }}", content: "{{ os.codname }} {{ data | default('x') }}"}
      |                         ^^^^
      |
      = hint: did you mean `port`?

    error: `os` has no `codname`
     --> site.yml:2:51
      |
    2 |   file: {dest: "/etc/{{ prot }}", content: "{{ os.codname }} {{ data | default('x') }}"}
      |                                                   ^^^^^^^
      |
      = hint: did you mean `codename`?

    error: `pot` is not defined
     --> site.yml:3:9
      |
    3 |   when: pot > 1
      |         ^^^
      |
      = hint: did you mean `port`?

    error: `data` is not defined, for `web1`, `web2`
     --> site.yml:4:20
      |
    4 | - debug: {msg: "{{ data }}"}
      |                    ^^^^
      |
      = hint: give it in `vars`, the inventory or with `-e`; where it may be missing, write `default(..)`

    error: `later` is not defined
     --> site.yml:7:20
      |
    7 | - debug: {msg: "{{ later.rc }}"}
      |                    ^^^^^
      |
      = hint: it is known after the task that registers it: move that task before this one

    error: `later` has no `cr`
     --> site.yml:9:41
      |
    9 | - debug: {msg: "{{ later.rc }} {{ later.cr }}"}
      |                                         ^^
      |
      = hint: did you mean `rc`?

    error: this is an expression by itself, without `{{ }}`
      --> site.yml:10:39
       |
    10 | - assert: {that: [port > 0, prot > 0, "{{ port }}"]}
       |                                       ^^^^^^^^^^^^
       |
       = hint: write `port`

    error: `prt` is not defined
      --> site.yml:11:16
       |
    11 | - debug: {var: prt}
       |                ^^^
       |
       = hint: did you mean `port`?

    error: `reslt` is not defined
      --> site.yml:12:28
       |
    12 | - {debug: {msg: x}, until: reslt.rc == 0, changed_when: result.changed, failed_when: nothing}
       |                            ^^^^^
       |
       = hint: did you mean `result`?

    error: `nothing` is not defined
      --> site.yml:12:86
       |
    12 | - {debug: {msg: x}, until: reslt.rc == 0, changed_when: result.changed, failed_when: nothing}
       |                                                                                      ^^^^^^^
       |
       = hint: give it in `vars`, the inventory or with `-e`; where it may be missing, write `default(..)`

    error: `i` is not defined
      --> site.yml:13:34
       |
    13 | - {debug: {msg: "{{ item.x }} {{ i }}"}, loop: [{x: 1}, {x: 2}]}
       |                                  ^
       |
       = hint: give it in `vars`, the inventory or with `-e`; where it may be missing, write `default(..)`

    error: `item` has no `y`
      --> site.yml:14:26
       |
    14 | - {debug: {msg: "{{ item.y }} {{ i }}"}, loop: [{x: 1}, {x: 2}], loop_control: {index: i}}
       |                          ^
       |
       = hint: it has `x`
    "#);
}

#[test]
fn what_may_be_missing_is_no_mistake() {
    assert_snapshot!(check(
        "- name: \"install {{ item.name }}, number {{ i }}\"
  command: {argv: [echo, \"{{ item.name }}\"]}
  loop: [{name: a}, {name: b}]
  loop_control: {index: i}
- name: \"from {{ mirror }}\"
  file: {dest: /a, content: \"{{ mirror }}\", owner: \"{{ owner | default(omit) }}\"}
  when: mirror is defined
- name: \"to {{ elsewhere }}\"
  file: {dest: /a, content: x}
  when: move_on | default(false)
- apt: {package: nginx, default_release: \"{{ release | default(omit) }}\"}
- command: {argv: [a, \"{{ option | default(omit) }}\"]}
"
    ), @r#"
    play  null Run
      0 install {{ item.name }}, number {{ i }}: command {"argv":["echo","{{ item.name }}"]} each={"over":[{"name":"a"},{"name":"b"}],"var":"item","index":"i","label":null}
      1 from {{ mirror }}: file {"dest":"/a","content":"{{ mirror }}","owner":"{{ owner | default(omit) }}"} when=["mirror is defined"]
      2 to {{ elsewhere }}: when=["move_on | default(false)"]
      3 apt nginx: apt {"package":"nginx","default_release":"{{ release | default(omit) }}"}
      4 command: command {"argv":["a","{{ option | default(omit) }}"]}
    web1: [0]
    web2: [0]
    db1: [0]
    "#);
    assert_snapshot!(check("- debug: {msg: \"{{ far.away | default('x') }}\"}\n- {debug: {msg: x}, loop: \"{{ omit }}\"}"), @r#"
    error: a loop cannot be left out by `omit`
     --> site.yml:2:27
      |
    2 | - {debug: {msg: x}, loop: "{{ omit }}"}
      |                           ^^^^^^^^^^^^
      |
      = hint: write `default([])` where there may be nothing to do
    "#);
}

#[test]
fn wrong_values_of_variables_are_refused_at_their_place() {
    assert_snapshot!(check(
        "- vars: {mode: \"0999\", yes_: 'yes', names: [nginx, \"Bad Name\"], path: etc/x, n: 5, here: \"/x/{{ n }}\"}
  hosts: all
  tasks:
  - file: {dest: \"{{ here }}\", mode: \"{{ mode }}\", recurse: \"{{ yes_ }}\"}
  - apt: {package: \"{{ names }}\", onwer: \"{{ n }}\", cache_valid_time: \"{{ n }}\"}
  - file: {dest: \"{{ path }}\", owner: \"{{ os.id }}\"}
  - file: {dest: \"{{ item }}\", mode: \"{{ result_ | default('u+x') }}\"}
    loop: [/a, b]
  - service: {name: \"{{ os.id }}\"}
  - command: {argv: [a], shell: \"{{ n }}\"}
  - {debug: {msg: a}, timeout: \"{{ names }}\", loop: \"{{ n }}\"}
"
    ), @r#"
    error: `0999` is not a mode
     --> site.yml:4:38
      |
    4 |   - file: {dest: "{{ here }}", mode: "{{ mode }}", recurse: "{{ yes_ }}"}
      |                                      ^^^^^^^^^^^^ this gives `0999`
      |
      = hint: write octal digits such as `0644`, or clauses such as `u=rw,g=r,o=`

    error: `recurse` takes `true` or `false`, found the text `yes`
     --> site.yml:4:61
      |
    4 |   - file: {dest: "{{ here }}", mode: "{{ mode }}", recurse: "{{ yes_ }}"}
      |                                                             ^^^^^^^^^^^^ this gives `yes`
      |
      = hint: write `true` or `false`

    error: unknown parameter `onwer` of `apt`
     --> site.yml:5:35
      |
    5 |   - apt: {package: "{{ names }}", onwer: "{{ n }}", cache_valid_time: "{{ n }}"}
      |                                   ^^^^^
      |
      = hint: `apt` has name, package, packages, action, purge, update_cache, cache_valid_time, install_recommends, default_release, allow_downgrade, allow_removals, autoremove, hold, dpkg_options, policy_rc_d, upgrade, lock_timeout, debconf, recover

    error: `etc/x` is not an absolute path: it must begin with `/`
     --> site.yml:6:18
      |
    6 |   - file: {dest: "{{ path }}", owner: "{{ os.id }}"}
      |                  ^^^^^^^^^^^^ this gives `etc/x`
      |
      = hint: write a full path on the host, such as `/etc/motd`

    error: `b` is not an absolute path: it must begin with `/`
     --> site.yml:7:18
      |
    7 |   - file: {dest: "{{ item }}", mode: "{{ result_ | default('u+x') }}"}
      |                  ^^^^^^^^^^^^ this gives `b`
      |
      = hint: write a full path on the host, such as `/etc/motd`

    error: `argv` and `shell` both say what to run
      --> site.yml:10:26
       |
    10 |   - command: {argv: [a], shell: "{{ n }}"}
       |                          ^^^^^
       |
       = hint: keep one of them

    error: a loop takes a list or a mapping, and this gives the number 5
      --> site.yml:11:53
       |
    11 |   - {debug: {msg: a}, timeout: "{{ names }}", loop: "{{ n }}"}
       |                                                     ^^^^^^^^^
       |
       = hint: write an expression that gives a list
    "#);
}

#[test]
fn mistakes_of_some_hosts_name_them() {
    assert_snapshot!(check(
        "- file: {dest: \"{{ data }}\", mode: \"{{ port }}\"}
- debug: {msg: \"{{ data }}\"}
  when: \"'db' in group_names\"
- block:
  - debug: {msg: \"{{ nothing }}\"}
  when: port == 1
- fail: {msg: \"{{ nothing }}\"}
  when: host == 'web2'
"
    ), @r#"
    error: `data` is not defined, for `web1`, `web2`
     --> site.yml:1:20
      |
    1 | - file: {dest: "{{ data }}", mode: "{{ port }}"}
      |                    ^^^^
      |
      = hint: give it in `vars`, the inventory or with `-e`; where it may be missing, write `default(..)`

    error: `80` is not a mode, for `web1`
     --> site.yml:1:36
      |
    1 | - file: {dest: "{{ data }}", mode: "{{ port }}"}
      |                                    ^^^^^^^^^^^^ this gives `80`
      |
      = hint: write octal digits such as `0644`, or clauses such as `u=rw,g=r,o=`

    error: `8080` is not a mode, for `web2`
     --> site.yml:1:36
      |
    1 | - file: {dest: "{{ data }}", mode: "{{ port }}"}
      |                                    ^^^^^^^^^^^^ this gives `8080`
      |
      = hint: write octal digits such as `0644`, or clauses such as `u=rw,g=r,o=`

    error: `nothing` is not defined, for `web2`
     --> site.yml:7:19
      |
    7 | - fail: {msg: "{{ nothing }}"}
      |                   ^^^^^^^
      |
      = hint: give it in `vars`, the inventory or with `-e`; where it may be missing, write `default(..)`
    "#);
}

#[test]
fn a_file_of_variables_counts_where_it_is_named_last() {
    let site = "- hosts: web1\n  vars: {a: 1}\n  vars_files: [one.yml, two.yml, one.yml, three.yml]\n  tasks:\n  - file: {dest: /a, mode: \"{{ a }}{{ b }}{{ c }}\"}\n";
    let files = [
        ("site.yml", site),
        ("one.yml", "a: one\nb: one\n"),
        ("two.yml", "a: two\nb: two\nc: two\n"),
        ("three.yml", "b: three\n"),
    ];
    let said = plan(&files, &[]);
    assert!(said.contains("`onethreetwo` is not a mode"), "{said}");
}

#[test]
fn variables_come_from_files_and_the_command_line() {
    let files = [
        (
            "site.yml",
            "- hosts: web1\n  vars: {a: 1, b: 1, c: 1, stage: test}\n  vars_files: [one.yml, \"{{ stage }}.yml\"]\n  tasks:\n  - file: {dest: \"/{{ a }}{{ b }}{{ c }}{{ port }}{{ e }}\", mode: \"{{ m }}\"}\n",
        ),
        ("one.yml", "b: 2\nc: 2\n"),
        ("prod.yml", "c: 3\nm: 0644\n"),
        ("more.yml", "e: [1]\n"),
    ];
    assert_snapshot!(plan(&files, &["stage=prod", "port=99", "{m: '0999'}", "@DIR"]), @"
    error: cannot read the file: no such file or directory
    --> DIR
     = hint: a relative path starts in the directory that hep runs in
    ");
    assert_snapshot!(plan(&files, &["stage=prod", "port=99", "{m: '0999', e: e}"]), @r#"
    error: `0999` is not a mode
     --> site.yml:5:67
      |
    5 |   - file: {dest: "/{{ a }}{{ b }}{{ c }}{{ port }}{{ e }}", mode: "{{ m }}"}
      |                                                                   ^^^^^^^^^ this gives `0999`
      |
      = hint: write octal digits such as `0644`, or clauses such as `u=rw,g=r,o=`
    "#);
    assert_snapshot!(plan(&files, &["e=1.50"]), @r#"
    error: cannot read `test.yml`: no such file or directory
     --> site.yml:3:25
      |
    3 |   vars_files: [one.yml, "{{ stage }}.yml"]
      |                         ^^^^^^^^^^^^^^^^^
      |
      = hint: files of variables are sought beside the file that names them
    "#);
    assert_snapshot!(plan(&files, &["stage", "1x=2", "item=5", "[a]", "{a: }", "{a b: 1}"]), @"
    error: `1x` is not a valid variable name
     --> -e:1:1
      |
    1 | 1x=2
      | ^^
      |
      = hint: use letters, digits and `_`, starting with a letter or `_`, as in `http_port`

    error: variables are a mapping, found a list
     --> -e:1:1
      |
    1 | [a]
      | ^^^
      |
      = hint: write each as `name: value` on a line of its own

    error: `item` cannot be a variable: it is the element of a loop
     --> -e:1:1
      |
    1 | item=5
      | ^^^^
      |
      = hint: give it another name

    error: `stage` gives no variable a value
     --> -e:1:1
      |
    1 | stage
      | ^^^^^
      |
      = hint: write `-e name=value`, `-e '{name: value}'` or `-e @file.yml`

    error: `a b` is not a valid variable name
     --> -e:1:2
      |
    1 | {a b: 1}
      |  ^^^
      |
      = hint: use letters, digits and `_`, starting with a letter or `_`, as in `http_port`
    ");
    let files = [
        (
            "site.yml",
            "- hosts: web\n  vars_files: [one.yml, missing.yml, \"{{ os.id }}.yml\", \"{{ port }}.yml\"]\n  tasks: [{debug: {msg: a}}]\n",
        ),
        ("one.yml", "- a\n"),
    ];
    assert_snapshot!(plan(&files, &[]), @r#"
    error: variables are a mapping, found a list
     --> one.yml:1:1
      |
    1 | - a
      | ^^^
      |
      = hint: write each as `name: value` on a line of its own

    error: cannot read `missing.yml`: no such file or directory
     --> site.yml:2:25
      |
    2 |   vars_files: [one.yml, missing.yml, "{{ os.id }}.yml", "{{ port }}.yml"]
      |                         ^^^^^^^^^^^
      |
      = hint: files of variables are sought beside the file that names them

    error: the name of a file of variables must be known before the run
     --> site.yml:2:38
      |
    2 |   vars_files: [one.yml, missing.yml, "{{ os.id }}.yml", "{{ port }}.yml"]
      |                                      ^^^^^^^^^^^^^^^^^
      |
      = hint: it may depend on variables of the play and on `-e` alone: it is the same for all hosts; variables of one group or host belong into `group_vars` and `host_vars`

    error: `port` is undefined
     --> site.yml:2:57
      |
    2 |   vars_files: [one.yml, missing.yml, "{{ os.id }}.yml", "{{ port }}.yml"]
      |                                                         ^^^^^^^^^^^^^^^^
      |
      = hint: it may depend on variables of the play and on `-e` alone: it is the same for all hosts; variables of one group or host belong into `group_vars` and `host_vars`
    "#);
}
