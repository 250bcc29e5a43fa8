//! What is written out of habit by who comes from Ansible.

use super::site;
use insta::assert_snapshot;

#[test]
fn becoming_another_user_perhaps() {
    assert_snapshot!(site("- apt: {package: nginx}
  become: sure
"), @"
    error: `become` takes `true` or `false`, found the text `sure`
     --> site.yml:2:11
      |
    2 |   become: sure
      |           ^^^^
      |
      = hint: write `true` or `false`
    ");
}

#[test]
fn becoming_another_user_in_an_unknown_way() {
    assert_snapshot!(site("- apt: {package: nginx}
  become: true
  become_method: pbrun
"), @"
    error: hep knows no `become_method: pbrun`
     --> site.yml:3:18
      |
    3 |   become_method: pbrun
      |                  ^^^^^
      |
      = hint: write `sudo`, `doas` or `su`
    ");
}

#[test]
fn flags_of_becoming_another_user() {
    assert_snapshot!(site("- apt: {package: nginx}
  become: true
  become_flags: -n
"), @"
    error: this version of hep has no `become_flags`
     --> site.yml:3:3
      |
    3 |   become_flags: -n
      |   ^^^^^^^^^^^^
      |
      = hint: remove it: hep gives sudo, doas and su what they need
    ");
}

#[test]
fn becoming_a_number() {
    assert_snapshot!(site("- apt: {package: nginx}
  become: true
  become_user: \"{{ 7 }}\"
"), @r#"
    error: `become_user` takes a name, and this gives 7
     --> site.yml:3:16
      |
    3 |   become_user: "{{ 7 }}"
      |                ^^^^^^^^^
    "#);
}

#[test]
fn facts_that_are_gathered() {
    assert_snapshot!(site("- hosts: all
  gather_facts: false
  tasks:
  - apt: {package: nginx}
"), @"
    error: hep has no `gather_facts`
     --> site.yml:2:3
      |
    2 |   gather_facts: false
      |   ^^^^^^^^^^^^
      |
      = hint: remove it: hep detects what it needs
    ");
}

#[test]
fn roles_in_a_play() {
    assert_snapshot!(site("- hosts: all
  roles: [nginx]
"), @"
    error: hep has no `roles`
     --> site.yml:2:3
      |
    2 |   roles: [nginx]
      |   ^^^^^
      |
      = hint: write the role's tasks into a file and `include: roles/NAME/tasks/main.yml`
    ");
}

#[test]
fn a_task_for_another_host() {
    assert_snapshot!(site("- command: {argv: [ls]}
  delegate_to: localhost
"), @"
    error: hep has no `delegate_to`
     --> site.yml:2:3
      |
    2 |   delegate_to: localhost
      |   ^^^^^^^^^^^
      |
      = hint: put the task into a play of its own, with `hosts:` naming that host
    ");
}

#[test]
fn import_tasks_of_a_missing_file() {
    assert_snapshot!(site("- import_tasks: web.yml\n"), @"
    error: cannot include `web.yml`: no such file or directory
     --> site.yml:1:17
      |
    1 | - import_tasks: web.yml
      |                 ^^^^^^^
      |
      = hint: the path is relative to the file with the include
    ");
}

#[test]
fn meta_with_flush_handlers() {
    assert_snapshot!(site("- apt: {package: nginx}
- meta: flush_handlers
"), @"
    error: hep has no `meta`
     --> site.yml:2:3
      |
    2 | - meta: flush_handlers
      |   ^^^^
      |
      = hint: write `flush: true`
    ");
}

#[test]
fn facts_that_are_set() {
    assert_snapshot!(site("- set_fact:
    port: 80
"), @"
    error: hep has no `set_fact`
     --> site.yml:1:3
      |
    1 | - set_fact:
      |   ^^^^^^^^
      |
      = hint: write `set: {name: value}`
    ");
}

#[test]
fn a_loop_over_files() {
    assert_snapshot!(site(r#"- file: {src: "{{ item }}", dest: /etc/nginx/}
  with_fileglob: conf.d/*.conf
"#), @"
    error: hep has no `with_fileglob`
     --> site.yml:2:3
      |
    2 |   with_fileglob: conf.d/*.conf
      |   ^^^^^^^^^^^^^
      |
      = hint: write the files as a list: `loop: [a.conf, b.conf]`; a directory as `src` of `file` is copied whole
    ");
}

#[test]
fn a_module_with_its_collection() {
    assert_snapshot!(site("- ansible.builtin.apt:
    package: nginx
"), @"
    error: modules of hep have short names, found `ansible.builtin.apt`
     --> site.yml:1:3
      |
    1 | - ansible.builtin.apt:
      |   ^^^^^^^^^^^^^^^^^^^
      |
      = hint: write `apt`
    ");
}

#[test]
fn copy_with_its_collection() {
    assert_snapshot!(site("- ansible.builtin.copy:
    src: motd
    dest: /etc/motd
"), @"
    error: hep has no `ansible.builtin.copy`
     --> site.yml:1:3
      |
    1 | - ansible.builtin.copy:
      |   ^^^^^^^^^^^^^^^^^^^^
      |
      = hint: write `file: {src: ..., dest: ...}` or `file: {content: ..., dest: ...}`
    ");
}

#[test]
fn shell_with_free_text() {
    assert_snapshot!(site("- shell: echo hi\n"), @r#"
    error: hep has no `shell`
     --> site.yml:1:3
      |
    1 | - shell: echo hi
      |   ^^^^^
      |
      = hint: write `command: {shell: "echo hi"}`
    "#);
}

#[test]
fn a_value_alone_is_the_main_parameter() {
    let text = "- command: id -u\n- apt: nginx\n- apt: [nginx, curl]\n- debug: \"{{ host }}\"\n- fail: x\n  when: false\n\
                - stat: /etc/x\n- wait_for: 80\n- assert: [1 == 1]\n- command: make a=b\n- debug: a=b\n";
    let (screen, code) = crate::validate(&[("site.yml", text.as_bytes())]);
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("10 tasks"), "{screen}");
}

#[test]
fn arguments_of_a_module_behind_its_program() {
    assert_snapshot!(site("- command: ls creates=/x\n"), @r#"
    error: `command` takes a mapping of parameters, found the text `ls creates=/x`
     --> site.yml:1:12
      |
    1 | - command: ls creates=/x
      |            ^^^^^^^^^^^^^
      |
      = hint: write each parameter as `key: value` on its own line below `command:`
    "#);
}

#[test]
fn parameters_with_equals_signs() {
    assert_snapshot!(site("- apt: name=nginx state=present\n"), @"
    error: `apt` takes a mapping of parameters, found the text `name=nginx state=present`
     --> site.yml:1:8
      |
    1 | - apt: name=nginx state=present
      |        ^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = hint: write each parameter as `key: value` on its own line below `apt:`
    ");
}

#[test]
fn state_of_a_service() {
    assert_snapshot!(site("- service: {name: nginx, state: started}\n"), @"
    error: unknown parameter `state` of `service`
     --> site.yml:1:26
      |
    1 | - service: {name: nginx, state: started}
      |                          ^^^^^
      |
      = hint: write `action: start`
    ");
}

#[test]
fn creates_below_args() {
    assert_snapshot!(site("- command: {argv: [make]}
  args: {creates: /srv/out}
"), @"
    error: hep has no `args`
     --> site.yml:2:3
      |
    2 |   args: {creates: /srv/out}
      |   ^^^^
      |
      = hint: write the parameters below the module itself
    ");
}

#[test]
fn items_of_two_lists() {
    assert_snapshot!(site(r#"- vars: {a: [x], b: [y]}
  debug: {msg: "{{ item }}"}
  with_items: ["{{ a }}", "{{ b }}"]
"#), @r#"
    error: `with_items` joins items that are lists, and hep's loops do not
     --> site.yml:3:15
      |
    3 |   with_items: ["{{ a }}", "{{ b }}"]
      |               ^^^^^^^^^^^^^^^^^^^^^^
      |
      = hint: write `loop: "{{ a + b }}"`
    "#);
}

#[test]
fn the_name_of_a_host() {
    assert_snapshot!(site(r#"- debug: {msg: "{{ inventory_hostname }}"}
"#), @r#"
    error: `inventory_hostname` is not defined
     --> site.yml:1:20
      |
    1 | - debug: {msg: "{{ inventory_hostname }}"}
      |                    ^^^^^^^^^^^^^^^^^^
      |
      = hint: write `host`
    "#);
}

#[test]
fn braces_in_the_var_of_debug() {
    assert_snapshot!(site(r#"- vars: {port: 80}
  debug: {var: "{{ port }}"}
"#), @r#"
    error: this is an expression by itself, without `{{ }}`
     --> site.yml:2:16
      |
    2 |   debug: {var: "{{ port }}"}
      |                ^^^^^^^^^^^^
      |
      = hint: write `port`
    "#);
}
