//! The real agent on bundles: signals, the report for a program, output while it comes, what is no bundle.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may panic, and these helpers are tests"
)]

use hep_protocol::blob::Digest;
use hep_protocol::message::Request;
use hep_protocol::plan::{DiffMode, HostPart, Plan, RunMode, Spec, Task};
use hep_protocol::{frame, hello};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// Writes a bundle that runs these scripts.
fn bundle(directory: &Path, scripts: &[&str]) -> PathBuf {
    let path = directory.join("site.hep");
    let mut bytes = Vec::new();
    let task = |script: &&str| {
        let spec = serde_json::json!({"command": {"shell": script}});
        Task::of("a task", Spec::Typed(serde_json::from_value(spec).unwrap()))
    };
    let tasks = scripts.iter().map(task).collect();
    let plan = Plan::of_tasks(RunMode::Apply, DiffMode::Off, tasks);
    let host = HostPart { name: "localhost".into(), plays: vec![0], ..HostPart::default() };
    hello::write(&mut bytes).unwrap();
    frame::write(&mut bytes, &Request::Host(host)).unwrap();
    for request in Request::of_plan(plan) {
        frame::write(&mut bytes, &request).unwrap();
    }
    frame::write(&mut bytes, &Request::End).unwrap();
    bytes.extend_from_slice(Digest::of(&bytes.clone()).as_bytes());
    fs::write(&path, bytes).unwrap();
    path
}

fn start(path: &Path, options: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_hep-agent"))
        .arg("apply")
        .arg(path)
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn signal_lets_the_step_in_hand_finish_and_nothing_more_begin() {
    for signal in ["INT", "TERM", "HUP"] {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let (begun, done, next) = (path("begun"), path("done"), path("next"));
        let first = format!("touch {}; sleep 0.5; touch {}", begun.display(), done.display());
        let second = format!("touch {}", next.display());
        let child = start(&bundle(directory.path(), &[&first, &second]), &["--output", "json"]);
        while !begun.exists() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let kill = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
        assert!(kill.unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{signal}");
        assert!(done.exists() && !next.exists(), "{signal}");
        let (out, err) = texts(&output);
        assert_eq!(err, "stopping after the current step\n");
        assert!(out.contains(r#"{"event":"run","status":"cancelled","hosts":1,"exit":130,"#));
    }
}

#[test]
fn what_a_task_starts_has_no_signal_blocked() {
    let directory = tempfile::tempdir().unwrap();
    let script = "grep SigBlk /proc/self/status";
    let output = start(&bundle(directory.path(), &[script]), &[]).wait_with_output().unwrap();
    assert_eq!(texts(&output).1, "  SigBlk:\t0000000000000000\n");
}

#[test]
fn output_is_shown_harmless_while_it_comes() {
    let directory = tempfile::tempdir().unwrap();
    let script = r"printf 'one\n\033[2Jtwo'; exit 3";
    let path = bundle(directory.path(), &[script]);
    let output = start(&path, &[]).wait_with_output().unwrap();
    let (out, err) = texts(&output);
    assert_eq!((output.status.code(), err.as_str()), (Some(1), "  one\n  \\u{1b}[2Jtwo\n"));
    assert!(out.starts_with("failed   a task\n"), "{out}");
    let output = start(&path, &["--output=json"]).wait_with_output().unwrap();
    let (out, err) = texts(&output);
    assert_eq!((out.lines().count(), err.as_str()), (3, ""), "{out}");
    assert!(out.contains(r#""exit":3,"stdout":"one\n\u001b[2Jtwo""#), "{out}");
}

#[test]
fn what_is_no_bundle_is_refused_in_harmless_lines() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("site.hep");
    for bytes in [b"\x1b[2J\n\xe2\x80\xae\x07junk\n and more \x1b]0;x\x07\n".as_slice(), b""] {
        fs::write(&path, bytes).unwrap();
        let output = start(&path, &[]).wait_with_output().unwrap();
        let (out, err) = texts(&output);
        assert_eq!((output.status.code(), out.as_str()), (Some(2), ""));
        assert_eq!(err.lines().count(), 2, "{err}");
        assert!(err.chars().all(|c| c == '\n' || (!c.is_control() && c != '\u{202e}')), "{err}");
        assert!(
            err.ends_with("site.hep` is not a bundle of hep\nhint: `hep bundle` makes one\n"),
            "{err}"
        );
    }
}

/// Applies these bytes, which must run nothing, and gives the message.
fn refused(path: &Path, ran: &Path, bytes: &[u8]) -> String {
    fs::write(path, bytes).unwrap();
    let output = start(path, &[]).wait_with_output().unwrap();
    let (out, err) = texts(&output);
    assert_eq!((output.status.code(), out.as_str()), (Some(2), ""), "{err}");
    assert!(!ran.exists(), "{err}");
    err
}

#[test]
fn damaged_bundle_runs_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let ran = directory.path().join("ran");
    let path = bundle(directory.path(), &[&format!("touch {}", ran.display())]);
    let sound = fs::read(&path).unwrap();
    let anew = "\nhint: make it anew with `hep bundle`\n";
    for at in 0..sound.len() {
        let mut bytes = sound.clone();
        bytes[at] ^= 0x20;
        let err = refused(&path, &ran, &bytes);
        let known = ["is not a bundle", "another build", "is damaged", "is cut short", "behind"];
        assert!(known.iter().any(|words| err.contains(words)), "{at}: {err}");
    }
    // A letter of the command, and one of the seal.
    let touch = sound.windows(5).position(|bytes| bytes == b"touch").unwrap();
    for at in [touch, sound.len() - 1] {
        let mut bytes = sound.clone();
        bytes[at] ^= 1;
        let err = refused(&path, &ran, &bytes);
        assert!(err.ends_with(&format!("site.hep` is damaged{anew}")), "{at}: {err}");
    }
    // At the end of the greeting, in the plan, and in the seal.
    for len in [44, 50, sound.len() - 33, sound.len() - 32, sound.len() - 1] {
        let err = refused(&path, &ran, &sound[..len]);
        assert!(err.ends_with(&format!("site.hep` is cut short{anew}")), "{len}: {err}");
    }
    for more in [b"x".to_vec(), sound.clone()] {
        let err = refused(&path, &ran, &[sound.clone(), more].concat());
        assert!(err.ends_with(&format!("site.hep` has data after its end{anew}")), "{err}");
    }
    let mut other = sound.clone();
    other[12..16].copy_from_slice(b"beef");
    let err = refused(&path, &ran, &other);
    assert!(err.contains("site.hep` was made by another build of hep: beef"), "{err}");
    assert!(err.contains("\nhint: a bundle must be applied by the build that made it"), "{err}");
    fs::write(&path, &sound).unwrap();
    assert!(start(&path, &[]).wait_with_output().unwrap().status.success() && ran.exists());
}

#[test]
fn what_cannot_be_read_is_said_in_the_systems_words() {
    let directory = tempfile::tempdir().unwrap();
    let gone = directory.path().join("gone");
    for (path, words) in [
        (gone.as_path(), "gone` cannot be opened: no such file or directory\n"),
        (directory.path(), "` cannot be read: is a directory\n"),
    ] {
        let err = texts(&start(path, &[]).wait_with_output().unwrap()).1;
        assert!(err.ends_with(words), "{err}");
    }
}

#[test]
fn check_says_that_nothing_is_changed() {
    let directory = tempfile::tempdir().unwrap();
    let path = bundle(directory.path(), &["true"]);
    let first = |options: &[&str]| {
        let (out, _) = texts(&start(&path, options).wait_with_output().unwrap());
        out.lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(first(&["--check"]), "check mode: nothing is changed");
    assert!(first(&["--check", "--output=json"]).starts_with('{'));
    assert!(!first(&[]).contains("check mode"));
}

#[test]
fn unknown_words_are_named_with_the_usage() {
    for (words, message) in [
        (["aply", "x"], "hep-agent: unknown command: `aply`\nusage: hep-agent serve"),
        (
            ["apply", "--bogus"],
            "hep-agent: unknown option: `--bogus`\nusage: hep-agent apply BUNDLE",
        ),
    ] {
        let agent = Command::new(env!("CARGO_BIN_EXE_hep-agent")).args(words).output().unwrap();
        assert_eq!(agent.status.code(), Some(2));
        assert!(texts(&agent).1.starts_with(message), "{}", texts(&agent).1);
    }
}
