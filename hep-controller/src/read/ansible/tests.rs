//! Mistakes in what perhaps no host reaches.

use super::*;
use std::fs;

/// A playbook beside a good file of tasks, a broken one, and the role `r`.
fn read(play: &str) -> Manifest {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("setup-good.yml", "- command: echo\n");
    write("setup-bad.yml", "- command: [\n");
    write("roles/r/tasks/main.yml", "- name: own\n  command: echo\n");
    write("roles/r/defaults/main.yml", "a: 1\n");
    let spec =
        "argument_specs:\n  main:\n    options:\n      a: {type: int, description: '{{ x }}'}\n";
    write("roles/r/meta/argument_specs.yml", spec);
    write("vars/one.yml", "v: 1\n");
    write("site.yml", &format!("- hosts: all\n  gather_facts: false\n{play}"));
    let playbook = directory.path().join("site.yml");
    Manifest::read_playbooks(&[playbook], &Settings::default()).unwrap()
}

fn mistakes(tasks: &str) -> String {
    let manifest = read(&format!("  tasks:\n{tasks}"));
    manifest.mistakes().unless(()).err().map_or(String::new(), |found| found.to_string())
}

/// The tasks of a play, each with its module and parameters, then its handlers by what they are called.
fn tasks(play: &str) -> Vec<String> {
    let manifest = read(play);
    assert!(manifest.problems.is_empty(), "{:?}", manifest.problems);
    let mut found = Vec::new();
    manifest.plays[0].each_task(&mut |task| {
        found.push(match &task.origin.calls {
            Some(calls) => format!("{}: {}", task.title(), calls.join(", ")),
            None => format!("{}: {} {}", task.title(), task.module.text, task.params.to_json()),
        });
    });
    found
}

#[test]
fn of_handlers_with_one_name_the_first_is_called() {
    let play = "  handlers:\n  - {name: h, debug: {msg: 1}}\n  - {name: h, debug: {msg: 2}}\n  - {name: g, debug: {msg: 3}}\n";
    assert_eq!(tasks(play), ["h: h", "h: ", "g: g"]);
}

#[test]
fn a_role_that_describes_its_arguments_checks_them_first() {
    let checks = "r : Validating arguments against arg spec 'main': validate_argument_spec \
        {\"argument_spec\":{\"a\":{\"type\":\"int\"}},\"provided_arguments\":{\"a\":\"{{ a | default(omit) }}\"}}";
    let own = "r : own: command {\"argv\":\"echo\",\"expand\":true}";
    let found = tasks("  roles: [r]\n");
    assert_eq!(found, [checks, own]);
    let found = tasks("  tasks:\n  - include_role: {name: r, rolespec_validate: false}\n");
    assert_eq!(found, [own]);
}

#[test]
fn variables_of_a_public_role_are_given_where_it_is_included() {
    let play = "  tasks:\n  - include_role: {name: r, public: true, rolespec_validate: false}\n";
    assert_eq!(tasks(play).len(), 2);
    let manifest = read(play);
    let mut gives = Vec::new();
    manifest.plays[0].each_task(&mut |task| {
        gives.extend(task.control.gives.as_ref().map(|gives| gives.rank));
    });
    assert_eq!(gives, [hep_protocol::expression::Rank::RoleDefaults]);
}

#[test]
fn files_of_variables_in_a_loop_are_one_task() {
    let check = |item: &str, expected: &str| {
        let play =
            format!("  tasks:\n  - name: t\n    include_vars: '{{{{ item }}}}'\n    {item}\n");
        assert_eq!(tasks(&play), [format!("t: set {expected}")]);
    };
    check("loop: [vars/one.yml]", r#"{"vars/one.yml":{"v":1}}"#);
    check("with_first_found: ['one-{{ x }}.yml', one.yml]", r#"{"one.yml":{"v":1}}"#);
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
