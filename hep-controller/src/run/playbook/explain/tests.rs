//! What is said of a repository.

use super::*;
use crate::cli::Vars;
use insta::assert_snapshot;
use std::fs;
use tempfile::TempDir;

fn support(files: &[(&str, &str)]) -> (Support, String) {
    let directory = TempDir::new().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let options = Options::to_validate(&Vars::default()).unwrap();
    let support = Support::of(directory.path(), &Settings::default(), &options)
        .unwrap_or_else(|refused| panic!("{refused:?}"));
    let root = format!("{}/", directory.path().display());
    let text = support.text().replace(&root, "");
    (support, text)
}

#[test]
fn playbooks_and_roles_are_found_and_judged() {
    let (support, text) = support(&[
        ("site.yml", "- hosts: all\n  roles: [good]\n"),
        ("bad.yml", "- hosts: all\n  tasks:\n  - a.b.nothing: {x: 1}\n"),
        ("group_vars/all.yml", "- hosts: all\n"),
        ("list.yml", "- a\n- b\n"),
        ("roles/good/tasks/main.yml", "- command: echo\n"),
        ("roles/bad/tasks/main.yml", "- a.b.nothing: {x: 1}\n- a.b.nothing: {x: 2}\n"),
    ]);
    assert_snapshot!(text, @r#"
    bad.yml: playbook, 2 tasks: does not run whole, 1 reason
      hep has no module `a.b.nothing` yet
        at bad.yml:3
        hint: leave the task out with tags or `when`, or do the same with `command`
    roles/bad: role, 3 tasks: does not run whole, 1 reason
      hep has no module `a.b.nothing` yet
        at roles/bad/tasks/main.yml:1, roles/bad/tasks/main.yml:2
        hint: leave the task out with tags or `when`, or do the same with `command`
    roles/good: role, 2 tasks: runs whole
    site.yml: playbook, 2 tasks: runs whole
    2 of 4 run whole
    most often:
         2  hep has no module `a.b.nothing` yet
    "#);
    assert_eq!(support.json()["found"], 4);
    assert_eq!(support.json()["whole"], 2);
}

#[test]
fn branches_that_only_others_take_count_for_nothing() {
    let (support, text) = support(&[(
        "site.yml",
        "- hosts: all\n  tasks:\n  \
         - a.b.nothing:\n    when: ansible_os_family == 'Solaris'\n  \
         - a.b.none:\n    when: ansible_facts['pkg_mgr'] == 'dnf' or ansible_facts.system != 'Linux'\n  \
         - a.b.some:\n    when: ansible_facts.processor_vcpus > 2\n",
    )]);
    assert_snapshot!(text, @r#"
    site.yml: playbook, 4 tasks: does not run whole, 1 reason
      hep has no module `a.b.some` yet
        at site.yml:7
        hint: leave the task out with tags or `when`, or do the same with `command`
    0 of 1 run whole
    "#);
    assert_eq!(support.json()["whole"], 0);
}

#[test]
fn what_reaches_beyond_its_host_counts_whatever_hosts_there_are() {
    let (_, text) = support(&[(
        "site.yml",
        "- hosts: all\n  tasks:\n  \
         - assert: {that: true}\n    run_once: true\n    delegate_to: localhost\n  \
         - command: id\n    run_once: true\n  \
         - local_action: command id\n",
    )]);
    assert_snapshot!(text, @r"
    site.yml: playbook, 4 tasks: does not run whole, 2 reasons
      `run_once` cannot be done: hep runs each task on every host of its play
        at site.yml:7
        hint: move the task into a play of its own with one host
      `local_action` cannot be done: hep does not run a task on this machine in the middle of a play
        at site.yml:8
        hint: move the task into a play with `hosts: localhost`
    0 of 1 run whole
    ");
}

#[test]
fn what_is_broken_is_a_reason_and_no_more() {
    let (support, _) = support(&[
        ("tasks/main.yml", "- command: [\n"),
        ("tests/test.yml", "- hosts: all\n  tasks: 5\n"),
        ("tests/other.yml", "- hosts: all\n  roles: [missing]\n"),
    ]);
    assert_eq!(support.json()["whole"], 0, "{}", support.text());
}
