//! `--step` as an operator at a terminal sees it.

use crate::operator::{Operator, Run, start, traces};
use hep_tests::{Flavour, Host};
use std::io::{Read as _, Write as _};
use std::process::{ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
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

/// What the terminal shows, as it comes.
fn screen(mut terminal: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(read @ 1..) = terminal.read(&mut bytes) {
            let text = String::from_utf8_lossy(&bytes[..read]).into_owned();
            if sender.send(text).is_err() {
                break;
            }
        }
    });
    receiver
}

/// The command line in one text for a shell; no word of it has a quote.
fn words(command: &Command) -> String {
    let all = std::iter::once(command.get_program()).chain(command.get_args());
    all.map(|word| format!("'{}'", word.to_str().unwrap())).collect::<Vec<_>>().join(" ")
}

/// Pushes at a terminal, types one answer to each question, and gives the exit code and the screen.
#[track_caller]
fn answered(operator: &Operator, manifest: &str, answers: &[&str]) -> (i32, String) {
    operator.write("manifest.yml", manifest);
    let hep = operator.hep(&["push", "-i", "hosts", "--step", "manifest.yml"]);
    // script(1) gives its child a terminal, and passes on what it reads itself.
    let mut script = Command::new("script");
    script.args(["-qec", &words(&hep), "/dev/null"]).current_dir(operator.path(""));
    script.env("HOME", operator.path("home")).env("TERM", "xterm").env("SHELL", "/bin/sh");
    script.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut running = script.spawn().unwrap();
    let mut keyboard = running.stdin.take().unwrap();
    let shown = screen(running.stdout.take().unwrap());
    let (mut seen, mut given) = (String::new(), answers.iter());
    let mut asked = 0;
    loop {
        match shown.recv_timeout(Duration::from_secs(30)) {
            Ok(text) => seen.push_str(&text),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                running.kill().unwrap();
                panic!("nothing more after:\n{seen}");
            }
        }
        let questions = seen.matches("(y/n/c/q)? ").count();
        for _ in asked..questions {
            let answer = given.next().unwrap_or_else(|| panic!("asked once more:\n{seen}"));
            keyboard.write_all(format!("{answer}\n").as_bytes()).unwrap();
        }
        asked = questions;
    }
    assert_eq!(asked, answers.len(), "{seen}");
    (running.wait().unwrap().code().unwrap(), seen)
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
