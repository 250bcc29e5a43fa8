//! Tasks that reach beyond their hosts, and what is said of the way there.

use super::{HOSTS, Targets, compile_for};
use crate::ast::Manifest;
use crate::plan::compile::Compiled;
use crate::read::ansible::Settings;
use hep_protocol::plan::Spec;
use hep_protocol::task::TaskSpec;
use std::fs;

/// Compiles a play of a playbook for its hosts.
fn compiled(hosts: &str, tasks: &str) -> Result<Compiled, String> {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("hosts"), HOSTS).unwrap();
    let text = format!("- hosts: {hosts}\n  gather_facts: false\n  tasks:\n{tasks}");
    fs::write(at("site.yml"), text).unwrap();
    let around = crate::inventory::Surroundings {
        working_directory: directory.path().to_owned(),
        home: None,
    };
    let inventory = crate::inventory::Inventory::read(&at("hosts"), &around).unwrap();
    let manifest = Manifest::read_playbooks(&[at("site.yml")], &Settings::default()).unwrap();
    let compiled = compile_for(&manifest, directory.path(), &Targets::of(inventory), &[]);
    compiled.map_err(|mistakes| mistakes.into_iter().map(|one| one.message).collect())
}

const ONCE: &str = "`run_once` cannot be done: hep runs each task on every host of its play";
const ELSEWHERE: &str =
    "`delegate_to` cannot be done: hep does not run a task on another host than the play's";

#[track_caller]
fn check(hosts: &str, tasks: &str, expected: Result<(), &str>) {
    let result = compiled(hosts, tasks).map(|_| ());
    assert_eq!(result, expected.map_err(str::to_owned), "{hosts}:\n{tasks}");
}

#[test]
fn what_runs_once_runs_where_there_is_one_host() {
    let once = "  - {command: id, run_once: true}\n";
    check("db", once, Ok(()));
    check("web", once, Err(ONCE));
    check("web", "  - {command: id, run_once: false}\n", Ok(()));
}

#[test]
fn what_looks_at_no_host_is_the_same_anywhere() {
    let to = "delegate_to: localhost, run_once: true";
    check("web", &format!("  - {{assert: {{that: true}}, {to}}}\n"), Ok(()));
    check("web", &format!("  - {{debug: {{msg: a}}, {to}}}\n"), Ok(()));
    check("web", &format!("  - {{debug: {{msg: a}}, register: r, {to}}}\n"), Err(ONCE));
    check("web", &format!("  - {{set_fact: {{a: 1}}, {to}}}\n"), Err(ONCE));
    check("web", "  - {set_fact: {a: 1}, delegate_to: db1}\n", Ok(()));
    let given = "  - {set_fact: {a: 1}, delegate_to: db1, delegate_facts: true}\n";
    check("web", given, Err(ELSEWHERE));
}

#[test]
fn a_host_may_name_itself() {
    check("web", "  - {command: id, delegate_to: '{{ inventory_hostname }}'}\n", Ok(()));
    check("db", "  - {command: id, delegate_to: db1}\n", Ok(()));
    check("web", "  - {command: id, delegate_to: web1}\n", Err(ELSEWHERE));
    check("db", "  - {command: id, delegate_to: localhost}\n", Err(ELSEWHERE));
    check("localhost", "  - {command: id, delegate_to: localhost}\n", Ok(()));
    check("localhost", "  - local_action: command id\n", Ok(()));
}

#[test]
fn what_a_host_may_reach_fails_there() {
    let compiled = compiled("db", "  - {command: id, delegate_to: web1, when: x is defined}\n");
    assert!(compiled.is_ok_and(|compiled| compiled.warnings.is_empty()), "it is never reached");
    let later =
        "  - {command: id, register: r}\n  - {command: id, delegate_to: web1, when: r.rc == 1}\n";
    let compiled = super::crossings::compiled("db", later).unwrap();
    assert_eq!(compiled.warnings.len(), 1);
    let Spec::Typed(spec) = &compiled.plan.plays[0].tasks[1].spec else { panic!("it is open") };
    let TaskSpec::Fail(fail) = &**spec else { panic!("{spec:?}") };
    assert!(fail.msg.contains(ELSEWHERE), "{}", fail.msg);
}

#[test]
fn the_user_of_a_play_is_a_variable() {
    let shown = "  - debug: {msg: '{{ ansible_user }}'}\n";
    let compiled = compiled("web\n  remote_user: deploy", shown).unwrap();
    let users: Vec<_> =
        compiled.hosts.iter().map(|host| host.part.vars.0["ansible_user"].as_str()).collect();
    assert_eq!(users, [Some("deploy"), Some("deploy")]);
    let play = "web\n  port: 22\n  connection: ssh\n  any_errors_fatal: true";
    check(play, shown.replace("ansible_user", "ansible_host").as_str(), Ok(()));
}
