//! Hosts that differ in a variable are looked at each, whatever key reads it.

use super::plan;
use crate::read::keys;

/// Keys of a task in which nothing is evaluated.
const NEVER_EVALUATED: [&str; 12] = [
    "register",
    "notify",
    "listen",
    "tags",
    "sensitive",
    "check",
    "become_method",
    "block",
    "rescue",
    "always",
    "include",
    "flush",
];

/// A task's lines in which the key reads `data`, which `db1` alone has.
fn reading(key: &str) -> Option<String> {
    let line = match key {
        "when" | "until" | "changed_when" | "failed_when" => format!("{key}: data == 'x'"),
        "name" | "ignore_error" | "retries" | "timeout" | "become" => {
            format!("{key}: \"{{{{ data }}}}\"")
        }
        "loop" => "loop: [\"{{ data }}\"]".to_owned(),
        "loop_control" => "loop: [1]\n  loop_control: {label: \"{{ data }}\"}".to_owned(),
        "delay" => "delay: \"{{ data }}\"\n  retries: 1".to_owned(),
        "vars" => "vars: {seen: \"{{ data }}\"}".to_owned(),
        "env" => "env: {A: \"{{ data }}\"}".to_owned(),
        "become_user" => "become_user: \"{{ data }}\"\n  become: true".to_owned(),
        key if NEVER_EVALUATED.contains(&key) => return None,
        new => panic!("say what reads a variable in `{new}`, or that nothing does"),
    };
    Some(line)
}

/// The hosts that lack `data` are told, and no others.
#[track_caller]
fn check(manifest: &str) {
    let shown = plan(&[("site.yml", manifest)], &[]);
    let of_both = |line: &str| line.contains("`data`") && line.ends_with("for `web1`, `web2`");
    assert!(shown.lines().any(of_both), "{manifest}\n{shown}");
}

#[test]
fn each_key_of_a_task_tells_hosts_apart() {
    let all = keys::TASK.iter().chain(keys::HANDLER).map(|key| key.name);
    for line in all.filter_map(reading) {
        let does = if line.starts_with("vars") { "\"{{ seen }}\"" } else { "x" };
        check(&format!("- debug: {{msg: {does}}}\n  {line}\n"));
        check(&format!(
            "tasks: [{{debug: {{msg: x}}, notify: a}}]\nhandlers:\n- {}\n",
            if line.starts_with("name") {
                "{name: a, debug: {msg: \"{{ data }}\"}}".to_owned()
            } else {
                format!("name: a\n  debug: {{msg: {does}}}\n  {line}")
            }
        ));
    }
}

#[test]
fn each_key_of_a_block_tells_hosts_apart() {
    for key in ["when", "loop", "vars", "env", "become", "become_user"] {
        let line = reading(key).unwrap();
        let does = if line.starts_with("vars") { "\"{{ seen }}\"" } else { "x" };
        check(&format!("- block: [{{debug: {{msg: {does}}}}}]\n  {line}\n"));
    }
}

#[test]
fn each_key_of_a_play_tells_hosts_apart() {
    for line in ["become: \"{{ data }}\"", "become: true\nbecome_user: \"{{ data }}\""] {
        check(&format!("tasks: [{{debug: {{msg: x}}}}]\n{line}\n"));
    }
    check("tasks: [{debug: {msg: \"{{ seen }}\"}}]\nvars: {seen: \"{{ data }}\"}\n");
}

#[test]
fn each_kind_of_module_tells_hosts_apart() {
    check("- debug: {msg: \"{{ data }}\"}\n");
    check("- debug: {var: data}\n");
    check("- assert: {that: [data == 1]}\n");
    check("- set: {a: \"{{ data }}\"}\n");
}
