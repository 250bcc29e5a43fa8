//! Modules and their parameters.

use super::{mistake, site};
use insta::assert_snapshot;

#[test]
fn a_key_misspelt() {
    assert_snapshot!(site("- name: web
  apt: {package: nginx}
  notfy: reload
"), @"
    error: unknown key `notfy` of a task
     --> site.yml:3:3
      |
    3 |   notfy: reload
      |   ^^^^^
      |
      = hint: did you mean `notify`?
    ");
}

#[test]
fn a_module_misspelt() {
    assert_snapshot!(site("- name: web
  srvice: {name: nginx, action: start}
"), @"
    error: unknown module `srvice`
     --> site.yml:2:3
      |
    2 |   srvice: {name: nginx, action: start}
      |   ^^^^^^
      |
      = hint: did you mean `service`? the modules are `alternatives`, `apt`, `apt_repository`, `assert`, `authorized_key`, `blockinfile`, `command`, `debug`, `fail`, `file`, `find`, `flush`, `getent`, `group`, `hostname`, `ini_file`, `lineinfile`, `locale_gen`, `package_facts`, `ping`, `replace`, `service`, `service_facts`, `set`, `setup`, `slurp`, `stat`, `sysctl`, `timezone`, `user`, `validate_argument_spec` and `wait_for`
    ");
}

#[test]
fn a_task_without_a_module() {
    assert_snapshot!(site("- name: web
  when: os.family == 'debian'
"), @"
    error: the task has no module
     --> site.yml:1:3
      |
    1 | - name: web
      |   ^^^^^^^^^
      |
      = hint: add one of `alternatives`, `apt`, `apt_repository`, `assert`, `authorized_key`, `blockinfile`, `command`, `debug`, `fail`, `file`, `find`, `flush`, `getent`, `group`, `hostname`, `ini_file`, `lineinfile`, `locale_gen`, `package_facts`, `ping`, `replace`, `service`, `service_facts`, `set`, `setup`, `slurp`, `stat`, `sysctl`, `timezone`, `user`, `validate_argument_spec` or `wait_for`
    ");
}

#[test]
fn a_task_with_two_modules() {
    assert_snapshot!(site("- name: web
  apt: {package: nginx}
  service: {name: nginx, action: start}
"), @"
    error: a task has one module, and this one has `apt` and `service`
     --> site.yml:3:3
      |
    3 |   service: {name: nginx, action: start}
      |   ^^^^^^^ the second module
      |
     ::: site.yml:2:3
      |
    2 |   apt: {package: nginx}
      |   ^^^ the first module
      |
      = hint: make two tasks of it, each beginning with `- `
    ");
}

#[test]
fn a_parameter_misspelt() {
    assert_snapshot!(site("- file: {dest: /etc/motd, content: hello, onwer: root}\n"), @"
    error: unknown parameter `onwer` of `file`
     --> site.yml:1:43
      |
    1 | - file: {dest: /etc/motd, content: hello, onwer: root}
      |                                           ^^^^^
      |
      = hint: did you mean `owner`? `file` has action, dest, path, src, target, copy_of, content, template, template_rules, owner, group, mod, mode, directory_mode, executable, overwrite, keep_times, recurse, one_file_system, parents, parents_alike, remove_content, force, follow, backup, in_place, validate
    ");
}

#[test]
fn a_parameter_missing() {
    assert_snapshot!(site("- file: {content: hello}\n"), @"
    error: `file` needs the parameter `dest`
     --> site.yml:1:3
      |
    1 | - file: {content: hello}
      |   ^^^^
      |
      = hint: add `dest: ...` below `file`
    ");
}

#[test]
fn a_text_for_a_number() {
    assert_snapshot!(site("- apt: {package: nginx, cache_valid_time: one hour}\n"), @"
    error: `cache_valid_time` takes a whole number, found the text `one hour`
     --> site.yml:1:43
      |
    1 | - apt: {package: nginx, cache_valid_time: one hour}
      |                                           ^^^^^^^^
      |
      = hint: write digits alone, as `60`
    ");
}

#[test]
fn a_list_for_a_text() {
    assert_snapshot!(site("- file: {dest: [/etc/motd, /etc/issue], content: hello}\n"), @"
    error: `dest` takes a text, found a list
     --> site.yml:1:16
      |
    1 | - file: {dest: [/etc/motd, /etc/issue], content: hello}
      |                ^^^^^^^^^^^^^^^^^^^^^^^
      |
      = hint: write one text; `loop` does a task once for each of several
    ");
}

#[test]
fn a_mapping_for_a_text() {
    assert_snapshot!(site("- service: {name: {nginx: started}, action: start}\n"), @"
    error: `name` takes a text, found a mapping
     --> site.yml:1:19
      |
    1 | - service: {name: {nginx: started}, action: start}
      |                   ^^^^^^^^^^^^^^^^
      |
      = hint: write a text instead of a mapping
    ");
}

#[test]
fn yes_for_true() {
    assert_snapshot!(site("- service: {name: nginx, enabled: yes}\n"), @"
    error: `enabled` takes `true` or `false`, found the text `yes`
     --> site.yml:1:35
      |
    1 | - service: {name: nginx, enabled: yes}
      |                                   ^^^
      |
      = hint: write `true`
    ");
}

#[test]
fn a_word_that_is_no_action() {
    assert_snapshot!(site("- service: {name: nginx, action: started}\n"), @"
    error: `started` is no value of `action`
     --> site.yml:1:34
      |
    1 | - service: {name: nginx, action: started}
      |                                  ^^^^^^^
      |
      = hint: write `start`; possible are `start`, `stop`, `restart` and `reload`
    ");
}

#[test]
fn a_mode_with_a_nine() {
    assert_snapshot!(site("- file: {dest: /etc/motd, content: hello, mode: 0999}\n"), @"
    error: `0999` is not a mode
     --> site.yml:1:49
      |
    1 | - file: {dest: /etc/motd, content: hello, mode: 0999}
      |                                                 ^^^^
      |
      = hint: write octal digits such as `0644`, or clauses such as `u=rw,g=r,o=`
    ");
}

#[test]
fn a_mode_as_a_decimal_number() {
    assert_snapshot!(site("- file: {dest: /etc/motd, content: hello, mode: 420.0}\n"), @"
    error: `mode` takes a mode such as `0644` or `u=rw,g=r,o=`, found the number 420.0
     --> site.yml:1:49
      |
    1 | - file: {dest: /etc/motd, content: hello, mode: 420.0}
      |                                                 ^^^^^
      |
      = hint: write octal digits such as `0644`, or clauses such as `u=rw,g=r,o=`
    ");
}

#[test]
fn a_destination_that_is_relative() {
    assert_snapshot!(site("- file: {dest: etc/motd, content: hello}\n"), @"
    error: `etc/motd` is not an absolute path: it must begin with `/`
     --> site.yml:1:16
      |
    1 | - file: {dest: etc/motd, content: hello}
      |                ^^^^^^^^
      |
      = hint: write a full path on the host, such as `/etc/motd`
    ");
}

#[test]
fn a_home_as_destination() {
    assert_snapshot!(site("- file: {dest: ~/.bashrc, content: hello}\n"), @"
    error: `~/.bashrc` is not an absolute path: `~` is not expanded on the host, write the home directory in full
     --> site.yml:1:16
      |
    1 | - file: {dest: ~/.bashrc, content: hello}
      |                ^^^^^^^^^
      |
      = hint: write a full path on the host, such as `/etc/motd`
    ");
}

#[test]
fn a_source_and_a_content() {
    assert_snapshot!(mistake(&[
        ("site.yml", "- file: {dest: /etc/motd, src: motd, content: hello}\n"),
        ("motd", "hi\n"),
    ]), @"
    error: `src` and `content` both set the content of the file
     --> site.yml:1:38
      |
    1 | - file: {dest: /etc/motd, src: motd, content: hello}
      |                                      ^^^^^^^
      |
      = hint: keep one of them
    ");
}

#[test]
fn a_package_that_can_be_no_name() {
    assert_snapshot!(site(r#"- apt: {package: "nginx; rm -rf /"}
"#), @r#"
    error: `nginx; rm -rf /` is not a package: a package file is an absolute path on the host that ends in `.deb`
     --> site.yml:1:18
      |
    1 | - apt: {package: "nginx; rm -rf /"}
      |                  ^^^^^^^^^^^^^^^^^
      |
      = hint: write a name such as `nginx`, `nginx=1.22*` or `libc6:arm64`
    "#);
}

#[test]
fn a_task_that_is_a_text() {
    assert_snapshot!(site("- apt install nginx\n"), @"
    error: a task is a mapping, found the text `apt install nginx`
     --> site.yml:1:3
      |
    1 | - apt install nginx
      |   ^^^^^^^^^^^^^^^^^
      |
      = hint: write `name:` and a module, as in `- file: {dest: /etc/motd, content: hello}`
    ");
}

#[test]
fn a_sensitive_value_that_does_not_fit() {
    assert_snapshot!(site(r#"- file: {dest: /etc/x, content: x, mode: "{{ key }}"}
  vars: {key: hunter2}
  sensitive: true
"#), @r#"
    error: this gives no value that is allowed here; which is hidden by `sensitive: true`
     --> site.yml:1:42
      |
    1 | - file: {dest: /etc/x, content: x, mode: "{{ key }}"}
      |                                          ^^^^^^^^^^^
    "#);
}

#[test]
fn a_sensitive_block_with_a_value_that_cannot_be_read() {
    assert_snapshot!(site(r#"- block:
    - file: {dest: /etc/x, content: "{{ key | from_json }}"}
  vars: {key: hunter2}
  sensitive: true
"#), @r#"
    error: this cannot be evaluated; why is hidden by `sensitive: true`
     --> site.yml:2:47
      |
    2 |     - file: {dest: /etc/x, content: "{{ key | from_json }}"}
      |                                               ^^^^^^^^^
    "#);
}
