//! What `stat` tells, on a host in memory.

use super::*;
use crate::converge::{converge, testing};
use crate::sys::Cause;
use crate::sys::overlay::Overlay;
use crate::sys::overlay::empty::Empty;
use hep_protocol::plan::{DiffMode, RunMode};
use hep_protocol::task::TaskSpec;
use hep_protocol::task::stat::RESULTS;

fn run(host: &mut Overlay<Empty>, task: Value) -> crate::converge::Tried {
    let spec: TaskSpec = serde_json::from_value(task).unwrap();
    let task = testing::task(spec.clone());
    testing::with_input(&task, DiffMode::Off, |input| converge(&spec, input, host))
}

fn host(tasks: &[Value]) -> Overlay<Empty> {
    let mut host = Overlay::new(Empty);
    for file in tasks {
        let spec = serde_json::from_value(json!({"file": file})).unwrap();
        let outcome =
            testing::outcome(&testing::task(spec), DiffMode::Off, RunMode::Check, &mut host);
        assert_eq!(outcome.details.failure, None, "{file}");
    }
    host
}

/// What is told of a path, in the order of names, and whether there is more.
#[track_caller]
fn check(host: &mut Overlay<Empty>, params: Value, expected: &str) {
    let tried = run(host, json!({"stat": params}));
    assert_eq!((tried.details.failure, tried.details.changes.len()), (None, 0));
    let mut said: Vec<String> = tried
        .data
        .iter()
        .filter(|(name, _)| *name != "stat")
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    said.sort();
    said.extend(tried.unforeseen.then(|| "...".to_owned()));
    assert_eq!(said.join(" "), expected, "{params}");
}

#[test]
fn what_is_there_is_told_and_what_only_a_run_would_show_is_left_open() {
    let mut host = host(&[
        json!({"dest": "/f", "content": "abc", "mode": "0750", "owner": "www-data"}),
        json!({"action": "link", "src": "/f", "dest": "/l"}),
        json!({"action": "directory", "dest": "/d", "group": "33"}),
    ]);
    check(
        &mut host,
        json!({"path": "/f", "checksum": true}),
        "checksum=null executable=true exists=true gid=0 group=\"root\" kind=\"file\" mode=\"0750\" owner=\"www-data\" \
         sha256=\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\" size=3 target=null uid=33 ...",
    );
    check(
        &mut host,
        json!({"path": "/l"}),
        "checksum=null executable=true exists=true gid=0 group=\"root\" kind=\"link\" mode=\"0777\" owner=\"root\" \
         sha256=null size=2 target=\"/f\" uid=0 ...",
    );
    check(
        &mut host,
        json!({"path": "/l", "follow": true}),
        "checksum=null executable=true exists=true gid=0 group=\"root\" kind=\"file\" mode=\"0750\" owner=\"www-data\" \
         sha256=null size=3 target=null uid=33 ...",
    );
    check(
        &mut host,
        json!({"path": "/", "checksum": true}),
        "checksum=null executable=true exists=true gid=0 group=\"root\" kind=\"directory\" mode=\"0755\" mtime=0 owner=\"root\" \
         sha256=null size=0 target=null uid=0",
    );
}

#[test]
fn all_fields_are_there_whatever_the_path_is() {
    let mut host = host(&[json!({"action": "link", "src": "/gone", "dest": "/l", "force": true})]);
    let nothing = "checksum=null executable=false exists=false gid=null group=null kind=null mode=null mtime=null owner=null \
                   sha256=null size=null target=null uid=null";
    check(&mut host, json!({"path": "/nothing"}), nothing);
    check(&mut host, json!({"path": "/l", "follow": true}), nothing);
    for path in ["/", "/nothing"] {
        let tried = run(&mut host, json!({"stat": {"path": path}}));
        let mut names: Vec<&str> = tried.data.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, RESULTS, "{path}");
        assert_eq!(tried.data["stat"]["exists"], tried.data["exists"]);
    }
}

#[test]
fn path_that_an_earlier_run_may_bring_is_not_known() {
    let mut host = host(&[json!({"dest": "/f", "content": "abc"})]);
    host.set_cause(Cause::Command("make".to_owned()));
    check(&mut host, json!({"path": "/made"}), "...");
    let tried = run(&mut host, json!({"stat": {"path": "/f"}}));
    assert_eq!(tried.data["exists"], json!(true));
}

#[test]
fn owner_that_an_earlier_run_would_bring_has_a_name_and_no_number() {
    let mut host = host(&[]);
    host.set_cause(Cause::Packages(vec!["hepd".to_owned()]));
    run(&mut host, json!({"file": {"dest": "/f", "content": "x", "owner": "hepd"}}));
    let tried = run(&mut host, json!({"stat": {"path": "/f"}}));
    assert_eq!(tried.data["owner"], json!("hepd"));
    assert_eq!((tried.data.get("uid"), tried.unforeseen), (None, true));
}
