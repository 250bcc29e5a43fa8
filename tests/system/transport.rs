//! The transports: what `ssh2` does `openssh` does, and says; and what only OpenSSH's client can.

use crate::operator::{Run, start, traces};
use hep_tests::Flavour;
use serde_json::Value;

/// The ways that must not differ.
const WAYS: [&str; 2] = ["ssh2", "openssh"];

/// What a run has found, without what differs from one run to the next: times and bytes.
fn found(run: &Run) -> Vec<Value> {
    let events = run.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let strip = |mut event: Value| {
        if let Some(fields) = event.as_object_mut() {
            for varying in ["ms", "sent", "received", "slowest", "stages", "at", "started"] {
                fields.remove(varying);
            }
        }
        event
    };
    events.map(strip).collect()
}

#[test]
fn the_same_manifest_has_the_same_report_by_each_transport() {
    let (host, operator) = start(Flavour::Sysv);
    let manifest = "- file: {dest: /srv/t, action: directory}\n";
    for way in WAYS {
        let run = operator.push(manifest, &["--transport", way, "--diff"]);
        eprintln!("{way}: {} {:#?}\n{}", run.code, found(&run), run.stderr);
    }
    assert_eq!(traces(&host), "");
}
