//! `hep-agent facts` as people and programs run it.
#![allow(clippy::unwrap_used, reason = "a test may panic, and these helpers are tests")]

use std::process::{Command, Output};

const AGENT: &str = env!("CARGO_BIN_EXE_hep-agent");

fn facts(names: &[&str]) -> Output {
    Command::new(AGENT).arg("facts").args(names).output().unwrap()
}

fn value(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn without_names_all_facts_are_shown() {
    let output = facts(&[]);
    assert!(output.status.success(), "{output:?}");
    let shown = value(&output);
    let names = hep_protocol::facts::FACTS.iter().map(|fact| fact.name);
    assert!(names.clone().all(|name| shown.get(name).is_some()), "{shown}");
    assert_eq!(shown.as_object().unwrap().len(), names.count());
}

#[test]
fn names_choose_and_wrong_ones_are_refused_with_the_nearest() {
    let shown = value(&facts(&["arch", "kernel"]));
    assert_eq!(shown.as_object().unwrap().len(), 2);
    assert_eq!(shown["arch"], std::env::consts::ARCH);
    let output = facts(&["arch", "memroy"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "hep-agent: no such fact: `memroy`\nhint: did you mean `memory`?\n");
}

/// Under strace no program is started but the agent, no process is made, and no name server is asked: there is no socket
/// but the kernel's own (rtnetlink(7), for getifaddrs(3)).
#[test]
fn gathering_all_facts_starts_no_process_and_asks_no_network() {
    let directory = tempfile::tempdir().unwrap();
    let trace = directory.path().join("trace");
    let output = Command::new("strace")
        .args(["-f", "-qq", "-e", "trace=execve,fork,vfork,clone,clone3,socket", "-o"])
        .arg(&trace)
        .args([AGENT, "facts"])
        .output()
        .expect("strace(1) is installed where the tests run");
    assert!(output.status.success(), "{output:?}");
    let calls = std::fs::read_to_string(&trace).unwrap();
    let count = |is: &dyn Fn(&str) -> bool| calls.lines().filter(|line| is(line)).count();
    let is_fork = |line: &str| line.contains("fork(") || line.contains("clone");
    let is_outward = |line: &str| line.contains("socket(") && !line.contains("AF_NETLINK");
    let started = count(&|line| line.contains("execve("));
    assert_eq!((started, count(&is_fork), count(&is_outward)), (1, 0, 0), "{calls}");
}
