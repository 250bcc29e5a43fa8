//! What a signal does to the programs that hep starts: they hear it as if the operator had started them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const HEP: &str = env!("CARGO_BIN_EXE_hep");

const SITE: &str = "- tasks:\n    - debug: {msg: hello}\n      become: true\n";

/// A directory with these files and a play; `ROOT` stands for it.
fn stage(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().to_str().unwrap();
    for (name, text) in files.iter().chain(&[("site.yml", SITE)]) {
        fs::write(directory.path().join(name), text.replace("ROOT", root)).unwrap();
    }
    directory
}

fn await_file(path: &Path) {
    let begun = Instant::now();
    while !fs::read(path).is_ok_and(|text| !text.is_empty()) {
        assert!(begun.elapsed() < Duration::from_secs(30), "{} never came", path.display());
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn no_program_that_hep_starts_has_a_signal_blocked() {
    let ssh_config = "Match exec \"cp /proc/self/status ROOT/match\"\nHost *\n  ProxyCommand cp /proc/self/status ROOT/proxy\n";
    let files = [("hosts", "web1 host=127.0.0.1 port=1\n"), ("ssh_config", ssh_config)];
    let stage = stage(&files);
    let command = "cp /proc/self/status password";
    for (transport, names) in [("ssh2", ["match", "proxy"]), ("openssh", ["match", "proxy"])] {
        let run = |more: &[&str]| {
            let mut hep = Command::new(HEP);
            hep.args(["push", "-i", "hosts", "site.yml", "--ssh-config", "ssh_config"]);
            hep.args(["--transport", transport]).args(more);
            let hep = hep.current_dir(stage.path()).stdin(Stdio::null()).output().unwrap();
            String::from_utf8_lossy(&hep.stderr).into_owned()
        };
        let said = run(&[]) + &run(&["--become-password-command", command]);
        for name in [names.as_slice(), &["password"]].concat() {
            let file = stage.path().join(name);
            let status = fs::read_to_string(&file).unwrap_or_else(|_| panic!("{name}: {said}"));
            let blocked = status.lines().find(|line| line.starts_with("SigBlk:")).unwrap();
            assert_eq!(blocked, "SigBlk:\t0000000000000000", "{transport}: {name}");
            fs::remove_file(file).unwrap();
        }
    }
}

/// Those who run with this word on their command line.
fn running(word: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    let lines = processes.filter_map(|path| fs::read_to_string(path.join("cmdline")).ok());
    lines.filter(|line| line.split('\0').any(|found| found == word)).collect()
}

#[test]
fn ctrl_c_ends_a_password_command_with_all_that_it_has_started() {
    let seconds = format!("31.{}", std::process::id());
    // A shell that is not the last to run, and so waits for it.
    let ask = format!("echo x > begun\nsleep {seconds}\n:\n");
    let stage = stage(&[("ask", &ask), ("hosts", "web1 host=127.0.0.1 port=1\n")]);
    let line = format!("{HEP} push -i hosts site.yml --become-password-command 'sh ask'");
    // script(1) gives it a terminal, and types there what it reads.
    let mut command = Command::new("script");
    command.args(["-q", "-e", "-c", &line, "/dev/null"]).current_dir(stage.path());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    await_file(&stage.path().join("begun"));
    let begun = Instant::now();
    let mut keyboard = child.stdin.take().unwrap();
    keyboard.write_all(b"\x03").unwrap();
    let output = child.wait_with_output().unwrap();
    drop(keyboard);
    let shown = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(130), "{shown}");
    assert!(shown.contains("stopped on request: nothing was contacted"), "{shown}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{shown}");
    assert_eq!(running(&seconds), Vec::<String>::new());
}

#[test]
fn a_stop_does_not_wait_for_an_ssh_config_that_hangs() {
    let ssh_config = "Match exec \"echo x > ROOT/begun; sleep 60\"\n  User op\n";
    let files = [("hosts", "web1 host=127.0.0.1 port=1\n"), ("ssh_config", ssh_config)];
    let stage = stage(&files);
    let mut hep = Command::new(HEP);
    hep.args(["push", "-i", "hosts", "site.yml", "--ssh-config", "ssh_config"]);
    hep.current_dir(stage.path()).stdin(Stdio::null()).stdout(Stdio::piped());
    let hep = hep.stderr(Stdio::piped()).spawn().unwrap();
    await_file(&stage.path().join("begun"));
    let begun = Instant::now();
    kill(Pid::from_raw(hep.id().try_into().unwrap()), Signal::SIGINT).unwrap();
    let output = hep.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(begun.elapsed() < Duration::from_secs(5), "{said}");
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("stopped on request: nothing was contacted"), "{said}");
}
