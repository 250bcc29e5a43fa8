//! Mistakes in what perhaps no host reaches.

use super::*;
use std::fs;

/// What is wrong with a playbook beside a good file of tasks and a broken one.
fn mistakes(tasks: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
    write("setup-good.yml", "- command: echo\n");
    write("setup-bad.yml", "- command: [\n");
    write("site.yml", &format!("- hosts: all\n  gather_facts: false\n  tasks:\n{tasks}"));
    let playbook = directory.path().join("site.yml");
    let manifest = Manifest::read_playbooks(&[playbook], &Settings::default()).unwrap();
    manifest.mistakes().unless(()).err().map_or(String::new(), |found| found.to_string())
}

#[test]
fn a_file_that_a_host_may_choose_stops_nothing_by_its_mistakes() {
    assert_eq!(mistakes("  - include_tasks: 'setup-{{ kind }}.yml'\n"), "");
    assert_eq!(mistakes("  - include_vars: 'setup-{{ kind }}.yml'\n"), "");
    let surely = "  - include_tasks: 'setup-{{ kind }}.yml'\n  - import_tasks: setup-bad.yml\n";
    assert!(mistakes(surely).contains("unclosed bracket"), "{}", mistakes(surely));
}

#[test]
fn a_key_of_plays_in_a_task_is_told_once() {
    let found = mistakes("  - command: echo\n    hosts: all\n");
    assert_eq!(found.matches("error:").count(), 1, "{found}");
}

#[test]
fn a_role_that_is_missing_names_the_places_that_were_searched() {
    let found = mistakes("  - import_role: {name: nowhere}\n");
    assert!(found.contains("there is no role `nowhere`: searched `/"), "{found}");
    assert!(!found.contains("``"), "{found}");
}
