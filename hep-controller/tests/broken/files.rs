//! Manifests, includes and files of variables that cannot be read, or are something else.

use super::{mistake, mistake_of_bytes, refused, site, sound};
use insta::assert_snapshot;

#[test]
fn an_empty_manifest() {
    assert_snapshot!(site(""), @"
    error: the manifest has no tasks
    --> site.yml
     = hint: write a list of tasks: `- file: {dest: /etc/motd, content: hello}`
    ");
}

#[test]
fn a_manifest_of_comments() {
    assert_snapshot!(site("# to be written\n"), @"
    error: the manifest has no tasks
    --> site.yml
     = hint: write a list of tasks: `- file: {dest: /etc/motd, content: hello}`
    ");
}

#[test]
fn a_manifest_that_does_not_exist() {
    assert_snapshot!(mistake(&[]), @"
    error: cannot read the file: no such file or directory
    --> site.yml
     = hint: a relative path starts in the directory that hep runs in
    ");
}

#[test]
fn a_manifest_that_is_a_directory() {
    assert_snapshot!(mistake(&[("site.yml/other.yml", "")]), @"
    error: cannot read the file: is a directory
    --> site.yml
     = hint: name a file in it
    ");
}

#[test]
fn a_manifest_that_is_not_utf8() {
    assert_snapshot!(mistake_of_bytes(&[("site.yml", b"- name: caf\xe9\n  command: {argv: [ls]}\n".as_slice())]), @"
    error: this byte is not UTF-8 text
     --> site.yml:1:12
      |
    1 | - name: caf�
      |            ^
      |
      = hint: save the file as UTF-8
    ");
}

#[test]
fn a_byte_order_mark_and_line_ends_of_windows_are_fine() {
    assert_snapshot!(sound("\u{feff}- name: one\r\n  command: {argv: [ls]}\r\n"), @"site.yml: 1 task, no mistake found");
}

#[test]
fn places_are_right_behind_line_ends_of_windows() {
    assert_snapshot!(site("\u{feff}- name: one\r\n  command: {argv: [ls]}\r\n  when: nosuch\r\n"), @"
    error: `nosuch` is not defined
     --> site.yml:3:9
      |
    3 |   when: nosuch
      |         ^^^^^^
      |
      = hint: no inventory was read: name it with `-i FILE`, or give the variable in `vars` or with `-e`; where it may be missing, write `default(..)`
    ");
}

#[test]
fn a_manifest_that_is_a_text() {
    assert_snapshot!(site("install nginx\n"), @"
    error: a manifest is a list of tasks, found the text `install nginx`
     --> site.yml:1:1
      |
    1 | install nginx
      | ^^^^^^^^^^^^^
      |
      = hint: begin each task with `- name: ...` and write its module below
    ");
}

#[test]
fn a_source_that_does_not_exist() {
    assert_snapshot!(site("- file:
    src: files/motd
    dest: /etc/motd
"), @"
    error: `files/motd` is not there: `ROOT/files/motd` does not exist
     --> site.yml:2:10
      |
    2 |     src: files/motd
      |          ^^^^^^^^^^
      |
      = hint: it is a path on this machine, next to the manifest, and not on the host
    ");
}

#[test]
fn an_include_of_itself_through_another() {
    assert_snapshot!(mistake(&[
        ("site.yml", "- include: a.yml\n"),
        ("a.yml", "- command: {argv: [ls]}
- include: b.yml
"),
        ("b.yml", "- include: a.yml\n"),
    ]), @"
    error: the file includes itself: a.yml -> b.yml -> a.yml
     --> b.yml:1:12
      |
    1 | - include: a.yml
      |            ^^^^^
      |
      = hint: remove one of these includes
    ");
}

#[test]
fn an_include_of_a_missing_file() {
    assert_snapshot!(mistake(&[
        ("site.yml", "- include: tasks/wbe.yml\n"),
        ("tasks/web.yml", "- command: {argv: [ls]}\n"),
    ]), @"
    error: cannot include `tasks/wbe.yml`: no such file or directory
     --> site.yml:1:12
      |
    1 | - include: tasks/wbe.yml
      |            ^^^^^^^^^^^^^
      |
      = hint: did you mean `web.yml`, which is in the same directory?
    ");
}

#[test]
fn an_include_of_something_else() {
    assert_snapshot!(mistake(&[
        ("site.yml", "- include: vars.yml\n"),
        ("vars.yml", "port: 80
user: web
"),
    ]), @"
    error: an included file is a list of tasks, found a mapping
     --> vars.yml:1:1
      |
    1 | port: 80
      | ^^^^^^^^
      |
      = hint: begin each task with `- `; a file of variables is named by `vars_files: [...]` of the play
    ");
}

#[test]
fn a_mistake_in_an_included_file() {
    assert_snapshot!(mistake(&[
        ("site.yml", "- include: web.yml
- include: web.yml
"),
        ("web.yml", "- apt: {package: nginx, acton: install}\n"),
    ]), @"
    error: unknown parameter `acton` of `apt`
     --> web.yml:1:25
      |
    1 | - apt: {package: nginx, acton: install}
      |                         ^^^^^
      |
      = hint: did you mean `action`? `apt` has name, package, packages, action, purge, update_cache, cache_valid_time, install_recommends, default_release, allow_downgrade, allow_removals, autoremove, hold, dpkg_options, policy_rc_d, upgrade, lock_timeout, debconf, recover
    ");
}

#[test]
fn a_file_of_variables_that_does_not_exist() {
    assert_snapshot!(site("vars_files: [vars/main.yml]
tasks:
- command: {argv: [ls]}
"), @"
    error: cannot read `vars/main.yml`: no such file or directory
     --> site.yml:1:14
      |
    1 | vars_files: [vars/main.yml]
      |              ^^^^^^^^^^^^^
      |
      = hint: files of variables are sought beside the file that names them
    ");
}

#[test]
fn a_file_of_variables_with_a_mistake_inside() {
    assert_snapshot!(mistake(&[
        ("site.yml", r#"vars_files: [vars.yml]
tasks:
- debug: {msg: "{{ port }}"}
"#),
        ("vars.yml", "user: web
port 80
"),
    ]), @"
    error: this is not a `key: value`
     --> vars.yml:2:1
      |
    2 | port 80
      | ^
      |
      = hint: write `: ` after each key
    ");
}

#[test]
fn a_file_of_variables_that_is_a_list() {
    assert_snapshot!(mistake(&[
        ("site.yml", r#"vars_files: [vars.yml]
tasks:
- debug: {msg: "{{ port }}"}
"#),
        ("vars.yml", "- port: 80\n"),
    ]), @"
    error: variables are a mapping, found a list
     --> vars.yml:1:1
      |
    1 | - port: 80
      | ^^^^^^^^^^
      |
      = hint: write each as `name: value` on a line of its own
    ");
}

#[test]
fn an_include_of_itself() {
    assert_snapshot!(site("- include: site.yml\n"), @"
    error: the file includes itself: site.yml -> site.yml
     --> site.yml:1:12
      |
    1 | - include: site.yml
      |            ^^^^^^^^
      |
      = hint: remove one of these includes
    ");
}

#[test]
fn a_source_that_is_only_on_the_host() {
    assert_snapshot!(site("- file: {src: /nowhere/motd, dest: /etc/motd}\n"), @"
    error: `/nowhere/motd` does not exist on this machine
     --> site.yml:1:15
      |
    1 | - file: {src: /nowhere/motd, dest: /etc/motd}
      |               ^^^^^^^^^^^^^
      |
      = hint: it names a file or directory on this machine, not on the host
    ");
}

/// What a name of the inventory's would be is not known; all else in an expression is.
#[test]
fn expressions_beside_a_wrong_inventory() {
    let text = "- debug: {msg: \"{{ of_the_inventory }}\"}
- debug: {msg: \"{{ of_the_inventory | nosuch }}\"}
- debug: {msg: \"{{ of_the_inventory\"}
- file: {dest: etc/motd, content: \"{{ groups.web }}\"}
";
    let files = [("hosts", "web1 port=abc\n".as_bytes()), ("site.yml", text.as_bytes())];
    assert_snapshot!(refused(&files, 4), @r#"
    error: `abc` is not a port
     --> hosts:1:11
      |
    1 | web1 port=abc
      |           ^^^
      |
      = hint: write a number from 1 to 65535

    error: there is no filter `nosuch`
     --> site.yml:2:39
      |
    2 | - debug: {msg: "{{ of_the_inventory | nosuch }}"}
      |                                       ^^^^^^
      |
      = hint: `hep doc` lists those there are

    error: this `{{` is never closed
     --> site.yml:3:17
      |
    3 | - debug: {msg: "{{ of_the_inventory"}
      |                 ^^
      |
      = hint: write `}}` after the expression

    error: `etc/motd` is not an absolute path: it must begin with `/`
     --> site.yml:4:16
      |
    4 | - file: {dest: etc/motd, content: "{{ groups.web }}"}
      |                ^^^^^^^^
      |
      = hint: write a full path on the host, such as `/etc/motd`
    "#);
}
