//! What `wait_for` decides, on a host in memory; waiting itself is tested in `sys/linux/signs/tests.rs`.

use crate::converge::testing;
use crate::sys::Cause;
use crate::sys::overlay::Overlay;
use crate::sys::overlay::empty::Empty;
use crate::sys::services::{Boot, ServiceState};
use hep_protocol::outcome::Status;
use hep_protocol::plan::{DiffMode, RunMode};
use serde_json::{Value, json};

fn host() -> Overlay<Empty> {
    let mut host = Overlay::new(Empty);
    run(&mut host, &json!({"file": {"dest": "/f", "content": "one\ntwo ready\r\nthree"}}));
    host
}

/// The notes of a task that changes nothing.
#[track_caller]
fn run(host: &mut Overlay<Empty>, task: &Value) -> String {
    let spec = serde_json::from_value(task.clone()).unwrap();
    let task = testing::task(spec);
    let outcome = testing::outcome(&task, DiffMode::Off, RunMode::Check, host);
    match outcome.details.failure {
        Some(failure) => format!("error: {}", failure.message),
        None => outcome.details.notes.join("; "),
    }
}

#[track_caller]
fn check(host: &mut Overlay<Empty>, params: Value, expected: &str) {
    let spec = serde_json::from_value(json!({"wait_for": params})).unwrap();
    let outcome = testing::outcome(&testing::task(spec), DiffMode::Off, RunMode::Check, host);
    assert!(outcome.details.changes.is_empty() && outcome.status != Status::Pending, "{params}");
    assert_eq!(run(host, &json!({"wait_for": params})), expected, "{params}");
}

#[test]
fn what_holds_is_not_waited_for() {
    let mut host = host();
    for params in [
        json!({"path": "/f"}),
        json!({"path": "/f", "pattern": "ready$"}),
        json!({"path": "/f", "pattern": "^three"}),
        json!({"path": "/nothing", "action": "absent"}),
        json!({"path": "/nothing", "action": "absent", "pattern": "x"}),
        json!({"path": "/f", "pattern": "one.*two", "action": "absent"}),
        json!({"port": 80, "action": "absent"}),
        json!({"port": 80, "action": "absent", "delay": 2}),
    ] {
        check(&mut host, params, "");
    }
}

#[test]
fn what_does_not_hold_is_said_in_check_mode() {
    let mut host = host();
    check(
        &mut host,
        json!({"port": 80}),
        "would wait for port 80 of 127.0.0.1, now connection refused",
    );
    check(&mut host, json!({"path": "/x"}), "would wait for /x, now there is nothing");
    check(
        &mut host,
        json!({"path": "/f", "pattern": "four"}),
        "would wait for `four` in /f, now no line matches",
    );
    check(
        &mut host,
        json!({"path": "/f", "action": "absent"}),
        "would wait for the end of /f, now it is there",
    );
    check(
        &mut host,
        json!({"path": "/", "pattern": "x"}),
        "error: cannot look for a line in /: it is a directory",
    );
}

#[test]
fn step_that_may_bring_it_about_is_named() {
    let mut host = host();
    host.set_cause(Cause::Packages(vec!["nginx".to_owned()]));
    check(
        &mut host,
        json!({"port": 80}),
        "would wait for port 80 of 127.0.0.1, now connection refused (depends on package nginx)",
    );
    host.set_service("memcached.service", ServiceState::fresh(Boot::Enabled));
    run(&mut host, &json!({"service": {"name": "memcached", "action": "restart"}}));
    check(
        &mut host,
        json!({"port": 80, "host": "db"}),
        "would wait for port 80 of db, now connection refused (depends on service memcached)",
    );
    check(
        &mut host,
        json!({"path": "/run/x"}),
        "would wait for /run/x, now there is nothing (depends on package nginx)",
    );
}
