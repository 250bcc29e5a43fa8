//! Names in expressions: variables, facts, results.

use super::{refused, site, two};
use insta::assert_snapshot;

#[test]
fn a_fact_that_has_no_such_field() {
    assert_snapshot!(site("- command: {argv: [ls]}
  when: os.faimly == 'debian'
"), @"
    error: `os` has no `faimly`
     --> site.yml:2:12
      |
    2 |   when: os.faimly == 'debian'
      |            ^^^^^^
      |
      = hint: did you mean `family`?
    ");
}

#[test]
fn a_fact_of_ansible() {
    assert_snapshot!(site("- command: {argv: [ls]}
  when: ansible_os_family == 'Debian'
"), @"
    error: `ansible_os_family` is not defined
     --> site.yml:2:9
      |
    2 |   when: ansible_os_family == 'Debian'
      |         ^^^^^^^^^^^^^^^^^
      |
      = hint: write `os.family`, in small letters: `os.family == 'debian'`
    ");
}

#[test]
fn a_fact_of_ansible_by_its_mapping() {
    assert_snapshot!(site("- command: {argv: [ls]}
  when: ansible_facts['os_family'] == 'Debian'
"), @"
    error: `ansible_facts.os_family` is not defined
     --> site.yml:2:9
      |
    2 |   when: ansible_facts['os_family'] == 'Debian'
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = hint: write `os.family`, in small letters: `os.family == 'debian'`
    ");
}

#[test]
fn a_variable_misspelt() {
    assert_snapshot!(site(r#"vars: {http_port: 80}
tasks:
- debug: {msg: "port {{ htp_port }}"}
"#), @r#"
    error: `htp_port` is not defined
     --> site.yml:3:25
      |
    3 | - debug: {msg: "port {{ htp_port }}"}
      |                         ^^^^^^^^
      |
      = hint: did you mean `http_port`?
    "#);
}

#[test]
fn a_field_of_a_variable_misspelt() {
    assert_snapshot!(site(r#"vars:
  site: {name: blog, port: 80}
tasks:
- debug: {msg: "{{ site.prot }}"}
"#), @r#"
    error: `site` has no `prot`
     --> site.yml:4:25
      |
    4 | - debug: {msg: "{{ site.prot }}"}
      |                         ^^^^
      |
      = hint: did you mean `port`?
    "#);
}

#[test]
fn a_field_of_a_result_misspelt() {
    assert_snapshot!(site(r#"- command: {argv: [ls]}
  register: listing
- debug: {msg: "{{ listing.stdot }}"}
"#), @r#"
    error: `listing` has no `stdot`
     --> site.yml:3:28
      |
    3 | - debug: {msg: "{{ listing.stdot }}"}
      |                            ^^^^^
      |
      = hint: did you mean `stdout`?
    "#);
}

#[test]
fn a_result_before_it_is_there() {
    assert_snapshot!(site(r#"- debug: {msg: "{{ listing.stdout }}"}
- command: {argv: [ls]}
  register: listing
"#), @r#"
    error: `listing` is not defined
     --> site.yml:1:20
      |
    1 | - debug: {msg: "{{ listing.stdout }}"}
      |                    ^^^^^^^
      |
      = hint: it is known after the task that registers it: move that task before this one
    "#);
}

#[test]
fn a_variable_that_stands_for_itself() {
    assert_snapshot!(site(r#"vars: {path: "{{ path }}/bin"}
tasks:
- debug: {msg: "{{ path }}"}
"#), @r#"
    error: `path` stands for itself: path -> path
     --> site.yml:1:14
      |
    1 | vars: {path: "{{ path }}/bin"}
      |              ^^^^^^^^^^^^^^^^
      |
      = hint: a variable cannot use a variable of the same name: rename one of them
    "#);
}

#[test]
fn two_variables_that_stand_for_each_other() {
    assert_snapshot!(site(r#"vars: {a: "{{ b }}", b: "{{ a }}"}
tasks:
- debug: {msg: "{{ a }}"}
"#), @r#"
    error: `a` stands for itself: a -> b -> a
     --> site.yml:1:11
      |
    1 | vars: {a: "{{ b }}", b: "{{ a }}"}
      |           ^^^^^^^^^
      |
      = hint: give one of them a value of its own
    "#);
}

#[test]
fn a_number_that_an_expression_does_not_give() {
    assert_snapshot!(site(r#"- vars: {p: abc}
  wait_for: {port: "{{ p }}"}
"#), @r#"
    error: `port` takes a whole number up to 65535, found the text `abc`
     --> site.yml:2:20
      |
    2 |   wait_for: {port: "{{ p }}"}
      |                    ^^^^^^^^^ this gives `abc`
      |
      = hint: write digits alone, as `60`
    "#);
}

#[test]
fn a_mode_that_an_expression_does_not_give() {
    assert_snapshot!(site(r#"- vars: {m: rw-r--r--}
  file: {dest: /etc/motd, content: hello, mode: "{{ m }}"}
"#), @r#"
    error: `rw-r--r--` is not a mode
     --> site.yml:2:49
      |
    2 |   file: {dest: /etc/motd, content: hello, mode: "{{ m }}"}
      |                                                 ^^^^^^^^^ this gives `rw-r--r--`
      |
      = hint: write octal digits such as `0644`, or clauses such as `u=rw,g=r,o=`
    "#);
}

#[test]
fn variables_that_are_a_list() {
    assert_snapshot!(site("vars:
- port: 80
tasks:
- debug: {msg: hello}
"), @"
    error: `vars` takes a mapping, found a list
     --> site.yml:2:3
      |
    2 | - port: 80
      |   ^^^^^^^^
      |
      = hint: write each as `name: value` on a line of its own, without a `-`
    ");
}

#[test]
fn a_variable_with_a_dash() {
    assert_snapshot!(site("vars: {http-port: 80}
tasks:
- debug: {msg: hello}
"), @"
    error: `http-port` is not a valid variable name
     --> site.yml:1:8
      |
    1 | vars: {http-port: 80}
      |        ^^^^^^^^^
      |
      = hint: use letters, digits and `_`, starting with a letter or `_`, as in `http_port`
    ");
}

#[test]
fn a_variable_with_a_dash_in_an_expression() {
    assert_snapshot!(site(r#"- vars: {http_port: 80}
  debug: {msg: "{{ http-port }}"}
"#), @r#"
    error: `http-port` is not defined
     --> site.yml:2:20
      |
    2 |   debug: {msg: "{{ http-port }}"}
      |                    ^^^^^^^^^
      |
      = hint: names have no `-`: write `http_port`, or `A - B` to subtract
    "#);
}

#[test]
fn a_variable_with_a_name_of_the_language() {
    assert_snapshot!(site("vars: {item: 80}
tasks:
- debug: {msg: hello}
"), @"
    error: `item` cannot be a variable: it is the element of a loop
     --> site.yml:1:8
      |
    1 | vars: {item: 80}
      |        ^^^^
      |
      = hint: give it another name
    ");
}

#[test]
fn a_name_for_a_result_that_cannot_be_one() {
    assert_snapshot!(site("- command: {argv: [ls]}
  register: my-listing
"), @"
    error: `my-listing` is not a valid variable name
     --> site.yml:2:13
      |
    2 |   register: my-listing
      |             ^^^^^^^^^^
      |
      = hint: use letters, digits and `_`, starting with a letter or `_`, as in `http_port`
    ");
}

#[test]
fn a_lookup_of_ansible() {
    assert_snapshot!(site(r#"- debug: {msg: "{{ lookup('file', 'x') }}"}
"#), @r#"
    error: there is no function `lookup`
     --> site.yml:1:20
      |
    1 | - debug: {msg: "{{ lookup('file', 'x') }}"}
      |                    ^^^^^^
      |
      = hint: write `file: {src: .., dest: ..}`, or put the text into a variable
    "#);
}

#[test]
fn two_mistakes_at_once() {
    assert_snapshot!(two(r#"- debug: {msg: "{{ nobody }}"}
- file: {dest: etc/motd, content: hello}
"#), @r#"
    error: `nobody` is not defined
     --> site.yml:1:20
      |
    1 | - debug: {msg: "{{ nobody }}"}
      |                    ^^^^^^
      |
      = hint: no inventory was read: name it with `-i FILE`, or give the variable in `vars` or with `-e`; where it may be missing, write `default(..)`

    error: `etc/motd` is not an absolute path: it must begin with `/`
     --> site.yml:2:16
      |
    2 | - file: {dest: etc/motd, content: hello}
      |                ^^^^^^^^
      |
      = hint: write a full path on the host, such as `/etc/motd`
    "#);
}

#[test]
fn a_variable_whose_expression_is_never_closed() {
    assert_snapshot!(site(r#"vars:
  url: "http://{{ hostname"
tasks:
- debug: {msg: "{{ url }}"}
"#), @r#"
    error: this `{{` is never closed
     --> site.yml:2:16
      |
    2 |   url: "http://{{ hostname"
      |                ^^
      |
      = hint: write `}}` after the expression
    "#);
}

#[test]
fn a_variable_that_needs_an_undefined_one() {
    assert_snapshot!(site(r#"vars:
  url: "http://{{ nosuch }}/"
tasks:
- debug: {msg: "{{ url }}"}
- debug: {msg: "see {{ url }}"}
"#), @r#"
    error: `nosuch` is not defined
     --> site.yml:2:19
      |
    2 |   url: "http://{{ nosuch }}/"
      |                   ^^^^^^
      |
      = hint: no inventory was read: name it with `-i FILE`, or give the variable in `vars` or with `-e`; where it may be missing, write `default(..)`
    "#);
}

#[test]
fn a_result_of_a_task_with_a_mistake() {
    assert_snapshot!(site(r#"- comand: {argv: [ls]}
  register: listing
- debug: {msg: "{{ listing.stdout }}"}
"#), @"
    error: unknown module `comand`
     --> site.yml:1:3
      |
    1 | - comand: {argv: [ls]}
      |   ^^^^^^
      |
      = hint: did you mean `command`? the modules are `alternatives`, `apt`, `apt_repository`, `assert`, `authorized_key`, `blockinfile`, `command`, `debug`, `fail`, `file`, `find`, `flush`, `getent`, `group`, `hostname`, `ini_file`, `lineinfile`, `locale_gen`, `package_facts`, `ping`, `replace`, `service`, `service_facts`, `set`, `setup`, `slurp`, `stat`, `sysctl`, `timezone`, `user`, `validate_argument_spec` and `wait_for`
    ");
}

#[test]
fn a_variable_that_says_no_as_a_text() {
    assert_snapshot!(site(r#"- vars: {tls: no}
  tasks:
    - debug: {msg: "{{ 'on' if tls else 'off' }}"}
"#), @r#"
    error: `no` could mean a truth value or the word itself
     --> site.yml:1:15
      |
    1 | - vars: {tls: no}
      |               ^^
      |
      = hint: write `false`, or `"no"` for the word itself
    "#);
}

#[test]
fn a_field_that_a_stat_does_not_give() {
    assert_snapshot!(site(r#"- stat: {path: /etc/motd}
  register: motd
- debug: {msg: "{{ motd.exist }}"}
"#), @r#"
    error: `motd` has no `exist`
     --> site.yml:3:25
      |
    3 | - debug: {msg: "{{ motd.exist }}"}
      |                         ^^^^^
      |
      = hint: did you mean `exists`?
    "#);
}

#[test]
fn without_an_inventory_each_unknown_name_is_told_once() {
    let text = "- debug: {msg: \"{{ nobody }}\"}
- debug: {msg: \"{{ nothing }}\"}
- debug: {msg: \"{{ nobody }} and {{ nobody }}\"}
- file: {dest: /a, content: \"{{ nobody }}\"}
  when: nothing
- debug: {msg: \"{{ hostname | nosuch }}\"}
";
    assert_snapshot!(refused(&[("site.yml", text.as_bytes())], 3), @r#"
    error: `nobody` is not defined
     --> site.yml:1:20
      |
    1 | - debug: {msg: "{{ nobody }}"}
      |                    ^^^^^^
      |
      = note: also in site.yml:3, site.yml:4
      = hint: no inventory was read: name it with `-i FILE`, or give the variable in `vars` or with `-e`; where it may be missing, write `default(..)`

    error: `nothing` is not defined
     --> site.yml:2:20
      |
    2 | - debug: {msg: "{{ nothing }}"}
      |                    ^^^^^^^
      |
      = note: also in site.yml:5

    error: there is no filter `nosuch`
     --> site.yml:6:31
      |
    6 | - debug: {msg: "{{ hostname | nosuch }}"}
      |                               ^^^^^^
      |
      = hint: `hep doc` lists those there are
    "#);
    let many = "- debug: {msg: \"{{ nobody }}\"}\n".repeat(20);
    assert_snapshot!(refused(&[("site.yml", many.as_bytes())], 1), @r#"
    error: `nobody` is not defined
     --> site.yml:1:20
      |
    1 | - debug: {msg: "{{ nobody }}"}
      |                    ^^^^^^
      |
      = note: also in site.yml:2, site.yml:3, site.yml:4, site.yml:5, site.yml:6 and 14 more
      = hint: no inventory was read: name it with `-i FILE`, or give the variable in `vars` or with `-e`; where it may be missing, write `default(..)`
    "#);
}

/// Where an inventory was read, each place is one to fix.
#[test]
fn with_an_inventory_an_unknown_name_is_told_at_each_place() {
    let text = "- debug: {msg: \"{{ nobody }}\"}\n- debug: {msg: \"{{ nobody }}\"}\n";
    let screen = refused(&[("hosts", "web1\n".as_bytes()), ("site.yml", text.as_bytes())], 2);
    assert!(!screen.contains("no inventory was read"), "{screen}");
}

#[test]
fn a_name_from_variables_next_to_the_manifest() {
    let files = [
        ("site.yml", "- debug: {msg: \"{{ tier }}\"}\n"),
        ("group_vars/all.yml", "tier: x\n"),
        ("inv/hosts", "web1\n"),
    ];
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let validate = |hosts: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_hep"));
        command.args(["validate", "site.yml", "-i", hosts]).current_dir(directory.path());
        String::from_utf8(command.output().unwrap().stderr).unwrap()
    };
    let screen = validate("inv/hosts");
    let hint =
        "`group_vars` next to the manifest is not read, only next to the inventory, in `inv`";
    assert!(screen.contains(hint), "{screen}");
    std::fs::rename(directory.path().join("inv/hosts"), directory.path().join("hosts")).unwrap();
    assert_eq!(validate("hosts"), "");
}
