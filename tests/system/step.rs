//! `--step` as an operator at a terminal sees it.

use crate::operator::{Operator, Run, start, traces};
use crate::terminal::Answers;
use hep_tests::{Flavour, Host};
use std::process::{Command, Stdio};
use std::time::Duration;

const MANIFEST: &str = "
- name: one
  file: {dest: /srv/1, content: x}
- name: two
  file: {dest: /srv/2, content: x}
- name: three
  file: {dest: /srv/3, content: x}
- name: four
  file: {dest: /srv/4, content: x}
";

/// Pushes at a terminal, types one answer to each question, and gives the exit code and the screen.
#[track_caller]
fn answered(operator: &Operator, manifest: &str, answers: &[&str]) -> (i32, String) {
    operator.write("manifest.yml", manifest);
    let answers = Answers { question: "(y/n/c/q)? ", answers, after: Duration::ZERO };
    answers.given_to(operator, &["push", "-i", "hosts", "--step", "manifest.yml"])
}

/// Which of the four files there are.
fn files(host: &Host) -> String {
    host.shell("cd /srv; ls -d [1-4] 2>/dev/null | tr -d '\\n'; rm -f [1-4]").unwrap()
}

#[test]
fn operator_runs_tasks_leaves_them_out_and_runs_the_rest() {
    let (host, operator) = start(Flavour::Sysv);
    let (code, screen) = answered(&operator, MANIFEST, &["y", "n", "c"]);
    assert_eq!((code, files(&host).as_str()), (0, "134"), "{screen}");
    for question in ["web1: one (file): run it", "web1: two (file): run it"] {
        assert!(screen.contains(question), "{question}: {screen}");
    }
    assert_eq!(traces(&host), "");
}

#[test]
fn operator_who_runs_the_rest_is_not_asked_about_the_next_host() {
    let (host, operator) = start(Flavour::Sysv);
    let line = std::fs::read_to_string(operator.path("hosts")).unwrap();
    let (first, rest) = line.trim_end().split_once(' ').unwrap();
    operator.write("hosts", format!("{first} {rest}\nweb2 {rest}\n"));
    let manifest = "- {name: one, command: {shell: 'echo x >> /srv/1'}}\n- {name: two, command: {shell: 'echo x >> /srv/2'}}\n";
    let (code, screen) = answered(&operator, manifest, &["n", "c"]);
    let lines = host.shell("cat /srv/1 | wc -l; cat /srv/2 | wc -l; rm -f /srv/[12]").unwrap();
    assert_eq!(
        (code, lines.split_whitespace().collect::<Vec<_>>()),
        (0, vec!["1", "2"]),
        "{screen}"
    );
}

#[test]
fn operator_quits_and_nothing_stays() {
    let (host, operator) = start(Flavour::Sysv);
    let (code, screen) = answered(&operator, MANIFEST, &["y", "q"]);
    assert_eq!((code, files(&host).as_str()), (130, "1"), "{screen}");
    assert_eq!(traces(&host), "");
}

#[test]
fn block_and_handler_are_asked_about_too() {
    let (host, operator) = start(Flavour::Sysv);
    let manifest = "
- tasks:
    - block:
        - {name: one, file: {dest: /srv/1, content: x}, notify: told}
        - {name: broken, command: {argv: 'false'}}
      rescue:
        - {name: two, file: {dest: /srv/2, content: x}}
  handlers:
    - {name: told, file: {dest: /srv/3, content: x}}
";
    let (code, screen) = answered(&operator, manifest, &["y", "y", "n", "y"]);
    assert_eq!((code, files(&host).as_str()), (0, "13"), "{screen}");
}

#[test]
fn without_a_terminal_nothing_is_contacted() {
    let operator = Operator::new(&[]);
    operator.write("hosts", "web1 host=127.0.0.1 port=9 user=root\n");
    operator.write("manifest.yml", MANIFEST);
    let hep = operator.hep(&["push", "-i", "hosts", "--step", "manifest.yml"]);
    let mut alone = Command::new("setsid");
    alone.arg("--wait").arg(hep.get_program()).args(hep.get_args());
    alone.current_dir(operator.path("")).env("HOME", operator.path("home")).stdin(Stdio::null());
    let run = Run::of(alone.output().unwrap()).ends(2);
    assert!(run.stderr.contains("--step") && run.stderr.contains("terminal"), "{}", run.stderr);
}
