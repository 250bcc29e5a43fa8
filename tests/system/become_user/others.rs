//! Tasks of users of whom none is root: each by an agent of its own user, and sudo is asked for nobody else.

use super::bench::Bench;
use super::push::{known, operator};
use super::{STRICT, sudo};
use crate::operator::Run;

/// Two users, a login, and a task that concerns nobody.
const MANIFEST: &str = "
- tasks:
    - debug: {msg: \"to {{ facts.hostname }}\"}
    - name: as bob
      command: {shell: 'id -un; id -Gn; echo $HOME'}
      become: true
      become_user: bob
      register: bob
    - {assert: {that: [\"bob.stdout_lines == ['bob', 'bob', '/home/bob']\"]}}
    - name: of bob
      file: {dest: /home/bob/notes, src: notes}
      become: true
      become_user: bob
    - name: as the login
      command: {shell: 'id -un >/tmp/login'}
    - name: as carol
      file: {dest: /home/carol/notes, src: notes}
      become: true
      become_user: carol
";

fn bench(rules: &str) -> Bench {
    let bench = Bench::new();
    bench.host.shell("useradd -m -s /bin/bash carol; gpasswd -d op sudo").unwrap();
    sudo(&bench, rules);
    bench
}

fn push(bench: &Bench, manifest: &str, options: &[&str]) -> Run {
    let operator = operator(bench, "");
    let command = known(&operator);
    operator.write("notes", "x".repeat(300_000));
    operator.write("manifest.yml", manifest);
    let fixed = ["push", "-i", "hosts", "--output", "json", "--become-password-command", &command];
    let run = operator.run(&[&fixed, options, &["manifest.yml"]].concat());
    assert!(!format!("{}{}", run.stdout, run.stderr).contains("Xyzzy"), "{}", run.stdout);
    run
}

#[test]
fn each_user_s_tasks_run_where_sudo_permits_nobody_else() {
    let only = "op ALL=(bob) NOPASSWD: ALL\nop ALL=(carol) NOPASSWD: ALL\n";
    let asking = "op ALL=(bob, carol) ALL\n";
    for rules in [only.to_owned(), format!("{STRICT}{asking}")] {
        let bench = bench(&rules);
        let run = push(&bench, MANIFEST, &[]).ends(0);
        let expected = ["ok", "changed", "ok", "changed", "changed", "changed"];
        assert_eq!(run.statuses(), expected, "{}", run.stdout);
        assert_eq!(bench.host.read("/tmp/login").unwrap().trim(), "op");
        for user in ["bob", "carol"] {
            let look = format!("stat -c '%U %s' /home/{user}/notes");
            assert_eq!(bench.host.shell(&look).unwrap(), format!("{user} 300000\n"));
        }
        let again = push(&bench, MANIFEST, &[]).ends(0);
        assert_eq!(again.statuses()[3], "ok");
        bench.nothing_is_left();
    }
}

#[test]
fn one_user_beside_a_task_of_nobody_needs_no_root() {
    let bench = bench("op ALL=(bob) NOPASSWD: ALL\n");
    let two = "- tasks:\n    - debug: {msg: hello}\n    - command: {shell: 'id -un >/tmp/who'}\n      become: true\n      become_user: bob\n";
    push(&bench, two, &[]).ends(0);
    assert_eq!(bench.host.shell("cat /tmp/who; stat -c %U /tmp/who").unwrap(), "bob\nbob\n");
    bench.nothing_is_left();
}

#[test]
fn user_whom_sudo_refuses_fails_at_its_task_and_is_asked_for_once() {
    let bench = bench("Defaults logfile=/var/log/sudo\nop ALL=(bob) NOPASSWD: ALL\n");
    let loops = "- tasks:\n    - command: {argv: [id]}\n      become: true\n      become_user: bob\n    - command: {argv: [id, \"{{ item }}\"]}\n      become: true\n      become_user: carol\n      loop: [-u, -g, -G]\n";
    let run = push(&bench, loops, &[]).ends(1);
    assert_eq!(run.statuses(), ["changed", "failed"], "{}", run.stdout);
    let why = "`sudo` does not let `op` act as `carol` on the host";
    assert!(run.stdout.contains(why), "{}", run.stdout);
    // sudo writes down each refusal.
    assert_eq!(bench.host.shell("grep -c 'USER=carol' /var/log/sudo").unwrap(), "1\n");
    bench.nothing_is_left();
}

#[test]
fn check_mode_names_what_other_users_agents_cannot_show() {
    let bench = bench("op ALL=(bob, carol) NOPASSWD: ALL\n");
    let run = push(&bench, MANIFEST, &["--check"]).ends(0);
    let of = |name: &str| {
        let tasks = run.events("task");
        let task = tasks.iter().find(|task| task["task"] == name).unwrap().clone();
        format!("{} {}", task["status"].as_str().unwrap(), task["changes"])
    };
    assert!(of("as bob").starts_with("pending "), "{}", run.stdout);
    let other = "depends on what the tasks of other users would do";
    assert!(of("as carol").contains(other), "{}", run.stdout);
    assert!(!bench.host.exists("/home/bob/notes") && !bench.host.exists("/tmp/login"));
    bench.nothing_is_left();
}

#[test]
fn helper_that_is_killed_fails_its_task_alone() {
    let bench = bench("op ALL=(bob, carol) NOPASSWD: ALL\n");
    let kill = "- tasks:\n    - command: {shell: 'kill -9 $PPID; sleep 30'}\n      become: true\n      become_user: bob\n      ignore_error: true\n    - command: {shell: 'id -un >/tmp/who'}\n      become: true\n      become_user: bob\n    - debug: {msg: end}\n";
    let run = push(&bench, kill, &[]).ends(0);
    assert_eq!(run.statuses(), ["ignored", "changed", "ok"], "{}", run.stdout);
    assert!(run.stdout.contains("the agent of `bob` is lost"), "{}", run.stdout);
    assert_eq!(bench.host.read("/tmp/who").unwrap(), "bob\n");
}
