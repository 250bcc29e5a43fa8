//! What `find` finds, on a host in memory.

use crate::converge::testing::{settles, tried};
use crate::sys::Cause;
use crate::sys::overlay::Overlay;
use crate::sys::overlay::empty::Empty;
use serde_json::{Value, json};

fn host() -> Overlay<Empty> {
    let mut host = Overlay::new(Empty);
    let files = [
        json!({"dest": "/d/a.log", "content": "one\ntwo\n", "mode": "0644", "parents": true}),
        json!({"dest": "/d/b.txt", "content": "two two\r\n", "mode": "0600"}),
        json!({"dest": "/d/.hidden", "content": ""}),
        json!({"dest": "/d/s/c.log", "content": "x", "parents": true}),
        json!({"dest": "/d/s/t/d.log", "content": "", "parents": true}),
        json!({"action": "link", "src": "/d", "dest": "/d/s/up"}),
        json!({"action": "link", "src": "/d/a.log", "dest": "/d/l"}),
    ];
    for file in files {
        let (lines, _) = tried("file", &file, &mut host);
        assert!(!lines.contains("failed"), "{lines}");
    }
    host
}

/// Which paths are found below `/d`, how many were seen, and what was said of them.
#[track_caller]
fn check(mut params: Value, expected: &str) {
    params["paths"] = json!("/d");
    let (lines, data) = tried("find", &params, &mut host());
    assert_eq!(lines, "", "{params}");
    let files = data["files"].as_array().unwrap();
    let mut paths: Vec<&str> = files.iter().filter_map(|file| file["path"].as_str()).collect();
    paths.sort_unstable();
    assert_eq!(data["matched"], paths.len());
    assert_eq!(format!("{} of {}", paths.join(" "), data["examined"]), expected, "{params}");
}

#[test]
fn names_types_and_levels_are_chosen() {
    check(json!({}), "/d/a.log /d/b.txt of 5");
    check(json!({"hidden": true}), "/d/.hidden /d/a.log /d/b.txt of 5");
    check(json!({"patterns": ["*.log"], "recurse": true}), "/d/a.log /d/s/c.log /d/s/t/d.log of 9");
    check(json!({"patterns": "*.log", "recurse": true, "depth": 2}), "/d/a.log /d/s/c.log of 9");
    check(json!({"patterns": "*.log", "recurse": true, "depth": 1}), "/d/a.log of 8");
    check(json!({"patterns": "[ab]", "use_regex": true}), "/d/a.log /d/b.txt of 5");
    check(json!({"patterns": "log", "use_regex": true}), " of 5");
    check(json!({"excludes": "*.txt"}), "/d/a.log of 5");
    check(json!({"file_type": "directory", "recurse": true}), "/d/s /d/s/t of 9");
    check(json!({"file_type": "link", "recurse": true}), "/d/l /d/s/up of 9");
    check(
        json!({"file_type": "any", "recurse": true, "follow": true}),
        "/d/a.log /d/b.txt /d/l /d/s /d/s/c.log /d/s/t /d/s/t/d.log /d/s/up of 9",
    );
}

#[test]
fn contents_sizes_modes_and_ages_are_chosen() {
    check(json!({"contains": "two"}), "/d/a.log /d/b.txt of 5");
    check(json!({"contains": "two$"}), "/d/a.log of 5");
    check(json!({"contains": "ne"}), " of 5");
    check(json!({"contains": "ne.two", "read_whole_file": true}), " of 5");
    check(json!({"contains": "ne\\ntwo", "read_whole_file": true}), "/d/a.log of 5");
    check(json!({"size": "9"}), "/d/b.txt of 5");
    check(json!({"size": "-8b"}), "/d/a.log of 5");
    check(json!({"mode": "0644"}), "/d/a.log of 5");
    check(json!({"mode": "o=r", "exact_mode": false}), "/d/a.log of 5");
    check(json!({"age": "1d"}), " of 5");
    check(json!({"age": "-1d"}), "/d/a.log /d/b.txt of 5");
    check(json!({"recurse": true, "limit": 1}), "/d/a.log of 5");
}

#[test]
fn what_is_no_directory_is_noted_and_what_is_not_known_is_not_guessed() {
    let mut host = host();
    let params = json!({"paths": ["/nothing", "/d"], "get_checksum": true, "patterns": "a*"});
    let (lines, data) = tried("find", &params, &mut host);
    assert_eq!(lines, "note: skipped /nothing: it is not a directory");
    let skipped = json!({"/nothing": "'/nothing' is not a directory"});
    assert_eq!((&data["matched"], &data["skipped_paths"]), (&json!(1), &skipped));
    assert_eq!(data["files"][0]["checksum"].as_str().map(str::len), Some(40));
    assert_eq!(data["files"][0]["mode"], "0644");
    host.set_cause(Cause::Command("make".to_owned()));
    settles("find", &params, &mut host, "failed: depends on command `make`");
}

#[test]
fn wrong_amounts_and_patterns_are_refused() {
    let mut host = host();
    let mut refused = |params: Value| {
        let (lines, _) = tried("find", &params, &mut host);
        assert!(lines.starts_with("refused: "), "{params}: {lines}");
    };
    refused(json!({"paths": "/d", "age": "soon"}));
    refused(json!({"paths": "/d", "size": "big"}));
    refused(json!({"paths": "/d", "patterns": "(", "use_regex": true}));
    refused(json!({"paths": "/d", "limit": 0}));
}
