//! Every behaviour of `file`, on three hosts: the empty one in memory, a directory of the real machine, and check mode
//! above it. All three say the same lines, and after each the law holds.

mod acl;
mod copies;
mod foreseen;
mod links;

use crate::converge::testing;
use crate::outside::Outside;
use crate::sys::linux::Linux;
use crate::sys::overlay::Overlay;
use crate::sys::overlay::empty::Empty;
use crate::sys::{Cause, Host, Session};
use hep_protocol::blob::{Digest, Source, SourceFile, TreeEntry, TreeKind, Want};
use hep_protocol::message::{Go, Reply};
use hep_protocol::outcome::{Outcome, Status};
use hep_protocol::plan::{DiffMode, NamedSource, RunMode, Task};
use hep_protocol::task::TaskSpec;
use hep_protocol::value::PermissionBits;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::io::{self, Read};
use std::sync::Arc;

const CONTENTS: [&str; 4] = ["one\n", "#!/bin/sh\n", "page\n", "style\n"];

/// Gives the contents above, as a controller would.
pub(super) struct Contents;

impl Outside for Contents {
    fn reply(&self, _reply: Reply) {}

    fn open(&self, want: Want) -> io::Result<Box<dyn Read>> {
        let found = CONTENTS.iter().find(|text| Digest::of(text.as_bytes()) == want.digest);
        let text = found.ok_or_else(|| io::Error::other("nobody has it"))?;
        Ok(Box::new(text.as_bytes()))
    }

    fn cancelled(&self) -> bool {
        false
    }

    fn ask(&self, _task: u32) -> Go {
        Go::Run
    }
}

fn source_file(name: &str, text: &str, executable: bool) -> SourceFile {
    let digest = Digest::of(text.as_bytes());
    let mode = PermissionBits(if executable { 0o755 } else { 0o644 });
    SourceFile { name: name.to_owned(), digest, size: text.len() as u64, mode }
}

fn source(written: &str) -> Option<Source> {
    let entry = |path: &str, kind| TreeEntry { path: path.to_owned().try_into().unwrap(), kind };
    match written {
        "one" => Some(Source::File(source_file("one", "one\n", false))),
        "run.sh" => Some(Source::File(source_file("run.sh", "#!/bin/sh\n", true))),
        "tree" | "tree/" => Some(Source::Tree {
            name: "tree".to_owned(),
            entries: vec![
                entry("css", TreeKind::Directory),
                entry("css/style", TreeKind::File(source_file("style", "style\n", false))),
                entry("index", TreeKind::Link { target: "page".to_owned() }),
                entry("page", TreeKind::File(source_file("page", "page\n", false))),
                entry("run.sh", TreeKind::File(source_file("run.sh", "#!/bin/sh\n", true))),
            ],
        }),
        "usr/" => Some(Source::Tree {
            name: "usr".to_owned(),
            entries: vec![
                entry("usr", TreeKind::Directory),
                entry("usr/page", TreeKind::File(source_file("page", "page\n", false))),
            ],
        }),
        _ => None,
    }
}

fn task(params: &Value) -> Task {
    let file: hep_protocol::task::file::File = serde_json::from_value(params.clone()).unwrap();
    let named = |written: &String| {
        source(written).map(|source| NamedSource { written: written.clone(), source })
    };
    let sources = file.src.iter().filter_map(named).collect();
    Task { sources, ..testing::task(TaskSpec::File(file)) }
}

fn run(host: &mut dyn Host, params: &Value, diff: DiffMode) -> Outcome {
    testing::outcome(&task(params), diff, RunMode::Apply, host)
}

/// What a reader sees of an outcome.
fn shown(outcome: &Outcome) -> String {
    let mut lines: Vec<String> =
        outcome.details.changes.iter().map(|change| change.line.clone()).collect();
    lines.extend(outcome.details.notes.clone());
    if let Some(failure) = &outcome.details.failure {
        lines.push(format!("error: {}", failure.message));
        lines.extend(failure.hint.iter().map(|hint| format!("hint: {hint}")));
    }
    lines.join("\n")
}

fn must_run(host: &mut dyn Host, params: &Value) {
    let outcome = run(host, params, DiffMode::Off);
    assert_ne!(outcome.status, Status::Failed, "{params}: {}", shown(&outcome));
}

/// After a task has converged, it finds nothing to do.
fn check_law(host: &mut dyn Host, params: &Value, outcome: &Outcome) {
    let always = params["action"] == json!("touch");
    if outcome.status != Status::Failed && !always {
        let again = run(host, params, DiffMode::Off);
        assert_eq!((again.status, shown(&again).as_str()), (Status::Ok, ""), "again: {params}");
    }
}

/// Runs `params` after `before` on each kind of host; paths begin with `/t`, which is a directory that is there.
fn check(before: &[Value], params: &Value, expected: &str) {
    let mut fake = Overlay::new(Empty);
    must_run(&mut fake, &json!({"action": "directory", "dest": "/t"}));
    before.iter().for_each(|task| must_run(&mut fake, task));
    let outcome = run(&mut fake, params, DiffMode::Off);
    assert_eq!(shown(&outcome), expected, "in memory: {params}");
    check_law(&mut fake, params, &outcome);

    let directory = tempfile::tempdir().unwrap();
    let real_path = directory.path().canonicalize().unwrap().to_str().unwrap().to_owned();
    let there = |task: &Value| moved(task, &real_path);
    let params = there(params);
    let mut real = Linux::new(Arc::new(Contents));
    before.iter().for_each(|task| must_run(&mut real, &there(task)));
    let foreseen = run(&mut Overlay::new(Linux::new(Arc::new(Contents))), &params, DiffMode::Off);
    let outcome = run(&mut real, &params, DiffMode::Off);
    let back = |text: String| text.replace(&real_path, "/t").replace(&own_names(), "root:root");
    assert_eq!(back(shown(&foreseen)), expected, "foreseen: {params}");
    assert_eq!(back(shown(&outcome)), expected, "for real: {params}");
    check_law(&mut real, &params, &outcome);
    let left = walk(directory.path());
    assert!(left.iter().all(|name| !name.starts_with(".hep-")), "left behind: {left:?}");
}

fn moved(task: &Value, root: &str) -> Value {
    let mut task = task.clone();
    for key in ["dest", "src", "copy_of"] {
        let text = task[key].as_str();
        if let Some(text) = text.filter(|text| *text == "/t" || text.starts_with("/t/")) {
            task[key] = json!(format!("{root}{}", &text[2..]));
        }
    }
    task
}

/// `root:root` for whoever runs the tests.
fn own_names() -> String {
    let user = users::get_user_by_uid(nix::unistd::geteuid().as_raw()).unwrap();
    let group = users::get_group_by_gid(nix::unistd::getegid().as_raw()).unwrap();
    format!("{}:{}", user.name().to_string_lossy(), group.name().to_string_lossy())
}

fn walk(directory: &std::path::Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap().map(Result::unwrap) {
        names.push(entry.file_name().to_string_lossy().into_owned());
        if entry.file_type().unwrap().is_dir() {
            names.extend(walk(&entry.path()));
        }
    }
    names
}

fn file(text: &str, mode: &str) -> Value {
    json!({"dest": "/t/f", "content": text, "mode": mode})
}

fn directory(dest: &str) -> Value {
    json!({"action": "directory", "dest": dest})
}

#[test]
fn content_makes_a_file_or_replaces_it() {
    let new = json!({"dest": "/t/f", "content": "hello\n"});
    check(&[], &new, "create /t/f (6 bytes, 0644 root:root)");
    check(&[file("hello\n", "0600")], &new, "");
    check(&[file("a", "0600")], &new, "replace /t/f (1 -> 6 bytes)");
    check(
        &[file("world\n", "0600")],
        &file("hello\n", "0644"),
        "replace /t/f (6 bytes, mode 0600 -> 0644)",
    );
    check(&[file("hello\n", "0600")], &file("hello\n", "u+x"), "set /t/f: mode 0600 -> 0700");
    check(&[], &json!({"dest": "/t/f", "content": ""}), "create /t/f (0 bytes, 0644 root:root)");
    check(&[], &file("x", "4755"), "create /t/f (1 byte, 4755 root:root)");
}

#[test]
fn source_keeps_its_execute_right_and_its_name() {
    check(&[], &json!({"src": "run.sh", "dest": "/t/x"}), "create /t/x (10 bytes, 0755 root:root)");
    check(
        &[],
        &json!({"src": "one", "dest": "/t/x", "mod": 600}),
        "create /t/x (4 bytes, 0600 root:root)",
    );
    check(&[], &json!({"src": "one", "dest": "/t/"}), "create /t/one (4 bytes, 0644 root:root)");
    check(&[], &json!({"src": "one", "dest": "/t"}), "create /t/one (4 bytes, 0644 root:root)");
    check(
        &[directory("/t/d"), json!({"action": "link", "src": "d", "dest": "/t/l"})],
        &json!({"src": "one", "dest": "/t/l"}),
        "create /t/l/one (4 bytes, 0644 root:root)",
    );
}

#[test]
fn missing_parents_are_made_only_when_asked() {
    check(
        &[],
        &json!({"dest": "/t/a/b/f", "content": "x"}),
        "error: the directory /t/a/b does not exist\nhint: `parents: true` makes missing directories",
    );
    check(
        &[],
        &json!({"dest": "/t/a/b/f", "content": "x", "parents": true, "mode": "0600"}),
        "make directory /t/a (0755 root:root)\nmake directory /t/a/b (0755 root:root)\n\
         create /t/a/b/f (1 byte, 0600 root:root)",
    );
    check(
        &[file("x", "0644")],
        &json!({"dest": "/t/f/g", "content": "x", "parents": true}),
        "error: /t/f is a file, not a directory",
    );
    check(
        &[],
        &json!({"src": "one", "dest": "/t/new/", "parents": true}),
        "make directory /t/new (0755 root:root)\ncreate /t/new/one (4 bytes, 0644 root:root)",
    );
}

#[test]
fn wrong_type_gives_way_only_by_force() {
    let before = [directory("/t/f"), json!({"dest": "/t/f/x", "content": "x"})];
    check(
        &before,
        &file("x", "0644"),
        "error: /t/f is a directory, not a file\nhint: `force: true` replaces it with everything in it",
    );
    check(
        &before,
        &json!({"dest": "/t/f", "content": "x", "force": true}),
        "replace directory /t/f and everything in it by a file (1 byte, 0644 root:root)",
    );
    check(
        &before,
        &json!({"action": "link", "dest": "/t/f", "src": "/t", "force": true}),
        "replace directory /t/f and everything in it by a link -> /t",
    );
    let before = [file("x", "0644")];
    check(
        &before,
        &directory("/t/f"),
        "error: /t/f is a file, not a directory\nhint: `force: true` replaces it",
    );
    check(
        &before,
        &json!({"action": "directory", "dest": "/t/f", "force": true}),
        "replace file /t/f by a directory (0755 root:root)",
    );
}

#[test]
fn link_at_dest_is_replaced_unless_followed() {
    let before = [
        json!({"dest": "/t/real", "content": "old", "mode": "0640"}),
        json!({"action": "link", "dest": "/t/f", "src": "real"}),
    ];
    check(
        &before,
        &json!({"dest": "/t/f", "content": "new!"}),
        "replace link /t/f by a file (4 bytes, 0644 root:root)",
    );
    check(
        &before,
        &json!({"dest": "/t/f", "content": "new!", "follow": true}),
        "replace /t/real (3 -> 4 bytes)",
    );
    check(
        &before,
        &json!({"dest": "/t/f", "mode": "0600", "follow": true}),
        "set /t/real: mode 0640 -> 0600",
    );
    check(
        &before,
        &json!({"dest": "/t/f", "mode": "0600"}),
        "error: /t/f is a link, which has no mode of its own\n\
         hint: `follow: true` sets it on what the link leads to",
    );
    check(
        &before,
        &json!({"action": "link", "dest": "/t/f", "target": "real", "mode": "0600", "follow": true}),
        "set /t/real: mode 0640 -> 0600",
    );
    check(&before, &json!({"action": "absent", "dest": "/t/f"}), "remove link /t/f");
    check(
        &[directory("/t/d"), json!({"action": "link", "dest": "/t/l", "src": "d"})],
        &directory("/t/l"),
        "error: /t/l is a link, not a directory\n\
         hint: `follow: true` works on what the link leads to, `force: true` replaces the link",
    );
}

#[test]
fn tree_of_what_the_host_lives_on_never_gets_attributes() {
    let refused = |params: Value, expected: &str| {
        let mut memory = Overlay::new(Empty);
        for path in ["/etc", "/usr", "/usr/bin", "/var", "/var/www", "/tmp"] {
            must_run(&mut memory, &json!({"action": "directory", "dest": path, "mode": "0711"}));
        }
        must_run(&mut memory, &json!({"action": "link", "dest": "/bin", "src": "usr/bin"}));
        must_run(&mut memory, &json!({"action": "link", "dest": "/var/www/etc", "src": "/etc"}));
        assert_eq!(shown(&run(&mut memory, &params, DiffMode::Off)), expected, "{params}");
    };
    let tree =
        |dest: &str| json!({"action": "directory", "dest": dest, "recurse": true, "mode": "0700"});
    let never = |at: &str, whose: &str| {
        format!(
            "error: {at} never gets one owner, group or mode with {whose}: the host lives on it\n\
             hint: name what is meant in it; is a variable in `dest` empty?"
        )
    };
    let all = "everything in it";
    for (dest, at) in [
        ("/", "/"),
        ("//", "/"),
        ("/etc/", "/etc"),
        ("/usr/.", "/usr"),
        ("/usr/..", "/"),
        ("/var/www/../../usr/bin", "/usr/bin"),
    ] {
        refused(tree(dest), &never(at, all));
        let mut owner = tree(dest);
        (owner["mode"], owner["owner"]) = (Value::Null, json!("www-data"));
        refused(owner, &never(at, all));
    }
    for (link, at) in [("/bin", "/usr/bin"), ("/var/www/etc", "/etc")] {
        let mut followed = tree(link);
        followed["follow"] = json!(true);
        refused(followed, &never(at, all));
    }
    let copied = json!({"src": "usr/", "dest": "/", "mode": "0600"});
    refused(copied, &never("/usr", "the tree that is copied over it"));
    let same = json!({"src": "usr/", "dest": "/", "owner": "root"});
    refused(same, "create /usr/page (5 bytes, 0644 root:root)");
    // One directory by itself, or a tree that gets nothing, harms nothing.
    refused(
        json!({"action": "directory", "dest": "/tmp", "mode": "0700"}),
        "set /tmp: mode 0711 -> 0700",
    );
    refused(json!({"action": "directory", "dest": "/etc", "recurse": true}), "");
    refused(tree("/var/www"), "set /var/www: mode 0711 -> 0700");
}

#[test]
fn links_lead_somewhere_or_are_forced() {
    let before = [file("x", "0644")];
    check(&before, &json!({"action": "link", "dest": "/t/l", "src": "f"}), "link /t/l -> f");
    check(&before, &json!({"action": "link", "dest": "/t/l", "src": "/t/f"}), "link /t/l -> /t/f");
    check(
        &before,
        &json!({"action": "link", "dest": "/t/l", "src": "g"}),
        "error: g, which /t/l would point to, does not exist\nhint: `force: true` makes the link all the same",
    );
    check(
        &before,
        &json!({"action": "link", "dest": "/t/l", "src": "g", "force": true}),
        "link /t/l -> g",
    );
    let circle = [
        before[0].clone(),
        json!({"action": "link", "dest": "/t/l", "src": "f"}),
        json!({"action": "link", "dest": "/t/m", "src": "l"}),
    ];
    check(
        &circle,
        &json!({"action": "link", "dest": "/t/l", "src": "m"}),
        "error: m, which /t/l would point to, leads back to it\nhint: `force: true` makes the link all the same",
    );
    let around = [
        json!({"action": "link", "dest": "/t/l", "src": "m", "force": true}),
        json!({"action": "link", "dest": "/t/m", "src": "l", "force": true}),
    ];
    check(
        &around,
        &json!({"content": "x", "dest": "/t/l/f"}),
        "error: /t/l is a link that goes in circles",
    );
    check(
        &around[..1],
        &json!({"content": "x", "dest": "/t/l/f"}),
        "error: /t/l is a link that leads nowhere",
    );
    let linked = [before[0].clone(), json!({"action": "link", "dest": "/t/l", "src": "f"})];
    check(
        &linked,
        &json!({"action": "link", "dest": "/t/l", "src": "/t/f"}),
        "link /t/l -> /t/f (was -> f)",
    );
    check(
        &[before[0].clone(), directory("/t/d")],
        &json!({"action": "link", "dest": "/t/f", "src": "d"}),
        "error: /t/f is a file, not a link\nhint: `force: true` replaces it",
    );
    check(
        &[directory("/t/d"), before[0].clone()],
        &json!({"action": "link", "dest": "/t/d/", "src": "/t/f"}),
        "link /t/d/f -> /t/f",
    );
}

#[test]
fn hard_links_share_one_file() {
    let before = [file("x", "0644")];
    let link = json!({"action": "hardlink", "dest": "/t/h", "src": "/t/f"});
    check(&before, &link, "hard link /t/h -> /t/f");
    check(
        &[before[0].clone(), link.clone()],
        &json!({"action": "hardlink", "dest": "/t/h", "src": "/t/f", "mode": "0600"}),
        "set /t/h: mode 0644 -> 0600",
    );
    check(
        &[before[0].clone(), json!({"dest": "/t/h", "content": "other"})],
        &link,
        "replace file /t/h by a hard link -> /t/f",
    );
    check(&[], &link, "error: there is no /t/f to give a second name\nhint: correct `src`");
    // Replacing one name leaves the other with the old content.
    check(
        &[before[0].clone(), link.clone(), file("new", "0644")],
        &link,
        "replace file /t/h by a hard link -> /t/f",
    );
    // Rewriting in place keeps them together.
    check(
        &[
            before[0].clone(),
            link.clone(),
            json!({"dest": "/t/f", "content": "new", "in_place": true}),
        ],
        &link,
        "",
    );
}

#[test]
fn absence_takes_directories_only_with_recurse() {
    let before = [directory("/t/d"), json!({"dest": "/t/d/x", "content": "x"})];
    check(&[], &json!({"action": "absent", "dest": "/t/d/none"}), "");
    check(&[file("x", "0644")], &json!({"action": "absent", "dest": "/t/f/below"}), "");
    check(&before, &json!({"action": "absent", "dest": "/t/d/x", "src": "one"}), "remove /t/d/x");
    check(
        &before,
        &json!({"action": "absent", "dest": "/t/d"}),
        "error: /t/d is a directory\nhint: `recurse: true` removes a directory with everything in it",
    );
    check(
        &before,
        &json!({"action": "absent", "dest": "/t/d", "recurse": true}),
        "remove directory /t/d and everything in it",
    );
}

/// In memory only: on the real machine this would be no test to fail.
#[test]
fn directories_that_a_host_lives_on_are_never_removed() {
    let mut fake = Overlay::new(Empty);
    must_run(&mut fake, &json!({"action": "directory", "dest": "/usr"}));
    must_run(&mut fake, &json!({"action": "link", "dest": "/u", "src": "usr"}));
    let mut check = |task: &Value, expected: &str| {
        let outcome = run(&mut fake, task, DiffMode::Off);
        assert_eq!(shown(&outcome), expected);
    };
    let refused = |path: &str| {
        format!(
            "error: {path} is never removed or replaced: the host lives on it\n\
             hint: name what is meant in it"
        )
    };
    check(&json!({"action": "absent", "dest": "/", "recurse": true}), &refused("/"));
    check(&json!({"action": "absent", "dest": "/usr/..", "recurse": true}), &refused("/"));
    check(&json!({"action": "absent", "dest": "/usr/../usr", "recurse": true}), &refused("/usr"));
    check(&json!({"dest": "/usr", "content": "", "force": true}), &refused("/usr"));
    check(&json!({"action": "absent", "dest": "/usr"}), &refused("/usr"));
    check(&json!({"action": "absent", "dest": "/u", "recurse": true}), "remove link /u");
}

/// On a merged `/usr` they are links, which otherwise give way to a file without being asked.
#[test]
fn links_that_a_host_lives_on_are_never_removed() {
    let mut fake = Overlay::new(Empty);
    for directory in ["/usr", "/usr/bin", "/usr/lib64", "/usr/other", "/usr/local", "/opt", "/t"] {
        must_run(&mut fake, &json!({"action": "directory", "dest": directory}));
    }
    for (path, target) in [("/bin", "usr/bin"), ("/lib64", "usr/lib64"), ("/r", "/")] {
        must_run(&mut fake, &json!({"action": "link", "dest": path, "src": target}));
    }
    must_run(&mut fake, &json!({"dest": "/t/f", "content": "x"}));
    let refused = |path: &str| {
        format!(
            "error: {path} is never removed or replaced: the host lives on it\n\
             hint: name what is meant in it"
        )
    };
    let mut check = |task: Value, expected: &str| {
        let outcome = run(&mut fake, &task, DiffMode::Off);
        assert_eq!(shown(&outcome), expected, "{task}");
    };
    check(json!({"action": "absent", "dest": "/lib64"}), &refused("/lib64"));
    check(json!({"action": "absent", "dest": "/r/lib64"}), &refused("/lib64"));
    check(json!({"dest": "/bin", "content": "x"}), &refused("/bin"));
    check(json!({"dest": "/bin", "content": "x", "force": true}), &refused("/bin"));
    check(json!({"action": "directory", "dest": "/bin", "force": true}), &refused("/bin"));
    check(json!({"action": "hardlink", "dest": "/bin", "src": "/t/f"}), &refused("/bin"));
    check(json!({"action": "link", "dest": "/bin", "src": "usr/other"}), &refused("/bin"));
    check(json!({"action": "link", "dest": "/bin", "src": "usr/bin"}), "");
    check(
        json!({"dest": "/bin", "content": "x", "follow": true, "force": true}),
        &refused("/usr/bin"),
    );
    check(
        json!({"action": "absent", "dest": "/usr/local", "recurse": true}),
        &refused("/usr/local"),
    );
    check(
        json!({"action": "absent", "dest": "/opt", "recurse": true}),
        "remove directory /opt and everything in it",
    );
}

#[test]
fn directories_get_their_attributes_and_those_below_them() {
    let before = [
        directory("/t/d"),
        directory("/t/d/e"),
        json!({"dest": "/t/d/e/x", "content": "x"}),
        json!({"action": "link", "dest": "/t/d/l", "src": "/t"}),
    ];
    check(
        &[],
        &json!({"action": "directory", "dest": "/t/n/", "mode": "2750"}),
        "make directory /t/n (2750 root:root)",
    );
    check(
        &before,
        &json!({"action": "directory", "dest": "/t/d", "mode": "0700"}),
        "set /t/d: mode 0755 -> 0700",
    );
    check(
        &before,
        &json!({"action": "directory", "dest": "/t/d", "mode": "u=rwX,go=", "recurse": true}),
        "set 2 entries below /t/d: e (mode 0755 -> 0700), e/x (mode 0644 -> 0600)\n\
         set /t/d: mode 0755 -> 0700",
    );
    // The mode is that of the files: no directory is shut by it.
    check(
        &before,
        &json!({"action": "directory", "dest": "/t/d", "mode": "0640", "recurse": true}),
        "set 2 entries below /t/d: e (mode 0755 -> 0750), e/x (mode 0644 -> 0640)\n\
         set /t/d: mode 0755 -> 0750",
    );
    check(
        &[],
        &json!({"action": "directory", "dest": "/t/n", "mode": "0644", "recurse": true}),
        "make directory /t/n (0755 root:root)",
    );
    check(
        &[],
        &json!({"action": "directory", "dest": "/t/n", "mode": "0644"}),
        "make directory /t/n (0644 root:root)",
    );
    check(
        &[directory("/t/d"), json!({"action": "directory", "dest": "/t/d", "mode": "2775"})],
        &json!({"action": "directory", "dest": "/t/d/below"}),
        "make directory /t/d/below (2755 root:root)",
    );
}

#[test]
fn attributes_alone_need_something_that_is_there() {
    check(
        &[],
        &json!({"dest": "/t/f", "mode": "0600"}),
        "error: /t/f does not exist\n\
         hint: give `src` or `content` to make a file, `action: directory` to make a directory",
    );
    check(
        &[file("x", "0644")],
        &json!({"dest": "/t/f", "mode": "0600"}),
        "set /t/f: mode 0644 -> 0600",
    );
    check(&[file("x", "0644")], &json!({"dest": "/t/f"}), "");
    check(
        &[],
        &json!({"dest": "/t/f", "content": "x", "owner": "hep-nobody"}),
        "error: there is no user `hep-nobody` on the host\n\
         hint: create it in an earlier task, or correct `owner`",
    );
    check(
        &[],
        &json!({"dest": "/t/f", "content": "x", "group": "hep-nobody"}),
        "error: there is no group `hep-nobody` on the host\n\
         hint: create it in an earlier task, or correct `group`",
    );
}

#[test]
fn touch_always_acts() {
    let touch = json!({"action": "touch", "dest": "/t/f"});
    check(&[], &touch, "create /t/f (0 bytes, 0644 root:root)");
    check(&[file("x", "0600")], &touch, "touch /t/f");
    check(
        &[file("x", "0600")],
        &json!({"action": "touch", "dest": "/t/f", "mode": "0644"}),
        "set /t/f: mode 0600 -> 0644\ntouch /t/f",
    );
}

#[test]
fn trees_are_copied_as_rsync_does() {
    check(
        &[],
        &json!({"src": "tree", "dest": "/t/x"}),
        "make directory /t/x (0755 root:root)\n\
         make directory /t/x/tree (0755 root:root)\n\
         make directory /t/x/tree/css (0755 root:root)\n\
         create /t/x/tree/css/style (6 bytes, 0644 root:root)\n\
         link /t/x/tree/index -> page\n\
         create /t/x/tree/page (5 bytes, 0644 root:root)\n\
         create /t/x/tree/run.sh (10 bytes, 0755 root:root)",
    );
    check(
        &[directory("/t/css"), json!({"dest": "/t/page", "content": "old", "mode": "0600"})],
        &json!({"src": "tree/", "dest": "/t", "mode": "0640"}),
        "set /t/css: mode 0755 -> 0750\n\
         create /t/css/style (6 bytes, 0640 root:root)\n\
         link /t/index -> page\n\
         replace /t/page (3 -> 5 bytes, mode 0600 -> 0640)\n\
         create /t/run.sh (10 bytes, 0640 root:root)",
    );
    check(
        &[],
        &json!({"src": "tree/", "dest": "/t/a/b"}),
        "error: the directory /t/a does not exist\nhint: `parents: true` makes missing directories",
    );
    check(
        &[directory("/t/e"), json!({"action": "link", "dest": "/t/css", "src": "e"})],
        &json!({"src": "tree/", "dest": "/t", "follow": true}),
        "error: /t/css is a link, not a directory\n\
         hint: `force: true` replaces the link; a tree is never copied through one",
    );
}

/// What the link leads to says nothing of what will be in its place.
#[test]
fn tree_is_whole_where_a_link_in_it_gives_way() {
    check(
        &[
            directory("/t/e"),
            json!({"dest": "/t/e/style", "content": "style\n"}),
            json!({"action": "link", "dest": "/t/css", "src": "e"}),
        ],
        &json!({"src": "tree/", "dest": "/t", "force": true}),
        "replace link /t/css by a directory (0755 root:root)\n\
         create /t/css/style (6 bytes, 0644 root:root)\n\
         link /t/index -> page\n\
         create /t/page (5 bytes, 0644 root:root)\n\
         create /t/run.sh (10 bytes, 0755 root:root)",
    );
}

#[test]
fn tree_goes_where_a_link_at_its_top_leads_if_that_was_asked() {
    let before = [
        directory("/t/real"),
        directory("/t/real/css"),
        json!({"dest": "/t/real/page", "content": "page\n"}),
        json!({"action": "link", "dest": "/t/tree", "src": "real"}),
    ];
    check(
        &before,
        &json!({"src": "tree", "dest": "/t"}),
        "error: /t/tree is a link, not a directory\n\
         hint: `follow: true` works on what the link leads to, `force: true` replaces the link",
    );
    check(
        &before,
        &json!({"src": "tree", "dest": "/t", "follow": true, "mode": "0640"}),
        "set /t/real: mode 0755 -> 0750\n\
         set /t/real/css: mode 0755 -> 0750\n\
         create /t/real/css/style (6 bytes, 0640 root:root)\n\
         link /t/real/index -> page\n\
         set /t/real/page: mode 0644 -> 0640\n\
         create /t/real/run.sh (10 bytes, 0640 root:root)",
    );
}

#[test]
fn owners_are_changed_and_called_by_name() {
    // Only root may give files away.
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let owned = |owner: &str, group: &str| json!({"dest": "/t/f", "content": "x", "owner": owner, "group": group});
    check(&[], &owned("www-data", "33"), "create /t/f (1 byte, 0644 www-data:www-data)");
    check(&[owned("0", "0")], &owned("www-data", "root"), "set /t/f: owner root -> www-data");
    check(
        &[owned("www-data", "www-data")],
        &json!({"dest": "/t/f", "content": "longer", "group": "12345"}),
        "replace /t/f (1 -> 6 bytes, group www-data -> 12345)",
    );
    let link = json!({"action": "link", "dest": "/t/l", "src": "f", "owner": "www-data"});
    check(&[owned("0", "0")], &link, "link /t/l -> f (owner -> www-data)");
    check(
        &[directory("/t/d"), json!({"action": "link", "dest": "/t/d/l", "src": "/t"})],
        &json!({"action": "directory", "dest": "/t/d", "owner": "www-data", "recurse": true}),
        "set 1 entry below /t/d: l (owner root -> www-data)\nset /t/d: owner root -> www-data",
    );
}

/// A host on which earlier tasks of the same run would install packages and run a command.
fn expecting(causes: &[Cause]) -> Overlay<Empty> {
    let mut host = Overlay::new(Empty);
    must_run(&mut host, &directory("/etc"));
    must_run(&mut host, &directory("/srv"));
    causes.iter().for_each(|cause| host.foresee(cause.clone()));
    host
}

#[test]
fn check_mode_says_what_only_earlier_tasks_would_bring() {
    let packages = Cause::Packages(vec!["apache2".into(), "php".into()]);
    let mut host = expecting(&[packages]);
    let mut check = |task: Value, expected: &str| {
        let outcome = run(&mut host, &task, DiffMode::Off);
        assert_eq!(shown(&outcome), expected, "{task}");
    };
    let dir = "/etc/apache2/mods-enabled";
    check(
        json!({"src": "one", "dest": format!("{dir}/dir.conf"), "owner": "www-data", "mod": 644}),
        "create /etc/apache2/mods-enabled/dir.conf (4 bytes, 0644 www-data:root) (depends on package apache2)",
    );
    check(
        json!({"src": "one", "dest": format!("{dir}/second.conf")}),
        "create /etc/apache2/mods-enabled/second.conf (4 bytes, 0644 root:root) (depends on package apache2)",
    );
    check(json!({"src": "one", "dest": format!("{dir}/dir.conf")}), "");
    check(
        json!({"src": "one", "dest": "/var/www/html/index.php"}),
        "create /var/www/html/index.php (4 bytes, 0644 root:root) (depends on packages apache2, php)",
    );
    check(
        json!({"action": "absent", "dest": "/var/lib/apache2/x"}),
        "remove /var/lib/apache2/x (depends on package apache2)",
    );
    check(
        json!({"dest": "/srv/x", "content": "x", "owner": "deploy"}),
        "create /srv/x (1 byte, 0644 deploy:root) (depends on packages apache2, php)",
    );
    check(json!({"dest": "/srv/x", "owner": "deploy"}), "");
    check(json!({"dest": "/srv/x", "owner": "root"}), "set /srv/x: owner deploy -> root");
    check(
        json!({"dest": "/etc/php.ini", "mode": "0600"}),
        "set /etc/php.ini: mode -> 0600 (depends on package php)",
    );
    check(
        json!({"action": "link", "dest": "/srv/l", "src": "/usr/lib/php/x"}),
        "link /srv/l -> /usr/lib/php/x (depends on package php)",
    );
    // What the run itself makes depends on nobody.
    check(json!({"dest": "/srv/own", "content": "x"}), "create /srv/own (1 byte, 0644 root:root)");
    check(
        json!({"dest": "/srv/a/b", "content": "x", "parents": true}),
        "make directory /srv/a (0755 root:root)\ncreate /srv/a/b (1 byte, 0644 root:root)",
    );
    check(json!({"dest": "/srv/a/c", "content": "x"}), "create /srv/a/c (1 byte, 0644 root:root)");
}

#[test]
fn nothing_is_foreseen_without_a_cause() {
    let mut host = expecting(&[]);
    let outcome = run(&mut host, &json!({"dest": "/opt/x", "content": "x"}), DiffMode::Off);
    assert_eq!(outcome.status, Status::Failed);
    let mut host = expecting(&[Cause::Command("make install".into())]);
    let outcome = run(&mut host, &json!({"dest": "/opt/x", "content": "x"}), DiffMode::Off);
    assert_eq!(
        shown(&outcome),
        "create /opt/x (1 byte, 0644 root:root) (depends on command `make install`)"
    );
    // A command hardly brings what a later task takes away.
    let outcome = run(&mut host, &json!({"action": "absent", "dest": "/mnt/x/y"}), DiffMode::Off);
    assert_eq!(shown(&outcome), "");
}

#[test]
fn diffs_are_unified_and_say_why_they_are_not() {
    let mut host = expecting(&[]);
    let mut diff = |content: &str| {
        let task = json!({"dest": "/etc/x", "content": content});
        let outcome = run(&mut host, &task, DiffMode::Unified);
        outcome.details.changes.iter().filter_map(|change| change.diff.clone()).collect::<String>()
    };
    assert_eq!(diff("a\nb\n"), "--- /dev/null\n+++ /etc/x\n@@ -0,0 +1,2 @@\n+a\n+b\n");
    assert_eq!(
        diff("a\nc"),
        "--- /etc/x\n+++ /etc/x\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n\\ No newline at end of file\n"
    );
    assert_eq!(diff("a\nc"), "");
    assert_eq!(diff("\0"), "(content of /etc/x: binary)\n");
    assert_eq!(diff(&"x\n".repeat(40_000)), "(content of /etc/x: too large to be shown)\n");
}

#[test]
fn failing_step_ends_the_task_and_keeps_what_was_done() {
    let directory = tempfile::tempdir().unwrap();
    let dest = directory.path().to_str().unwrap();
    let mut host = Linux::new(Arc::new(Contents));
    let mut task = task(&json!({"src": "tree/", "dest": dest}));
    if let Some(Source::Tree { entries, .. }) =
        task.sources.first_mut().map(|named| &mut named.source)
    {
        entries.insert(
            3,
            TreeEntry {
                path: "lost".to_owned().try_into().unwrap(),
                kind: TreeKind::File(source_file("lost", "nobody has this", false)),
            },
        );
    }
    let outcome = testing::outcome(&task, DiffMode::Off, RunMode::Apply, &mut host);
    let expected = format!(
        "make directory {dest}/css (0755 {names})\ncreate {dest}/css/style (6 bytes, 0644 {names})\n\
         link {dest}/index -> page\n\
         error: cannot get the new content of {dest}/lost: nobody has it",
        names = own_names()
    );
    assert_eq!(shown(&outcome), expected);
    let mut names = walk(directory.path());
    names.sort();
    assert_eq!(names, ["css", "index", "style"]);
}

/// One task of a random run: few names, so that they meet.
fn any_task() -> impl Strategy<Value = Value> {
    let path = prop::sample::select(vec!["/t/a", "/t/a/b", "/t/c", "/t/c/b", "/t/l", "/t/l/b"]);
    let action = prop::sample::select(vec![
        "present",
        "absent",
        "directory",
        "link",
        "hardlink",
        "touch",
        "tree",
    ]);
    let text = prop::sample::select(vec!["one", "two!"]);
    let mode = prop::sample::select(vec![None, Some("0600"), Some("2751"), Some("u+x,o=")]);
    let target = prop::sample::select(vec!["a", "/t/c", "c/b", "l", "/t/a/b"]);
    (path, action, text, mode, target, any::<[bool; 5]>()).prop_map(
        |(path, action, text, mode, target, [force, recurse, follow, parents, in_place])| {
            let mut task =
                json!({"dest": path, "force": force, "follow": follow, "parents": parents});
            // Both together can remove the very link that was followed.
            task["follow"] = json!(follow && !force);
            let content = action == "present";
            match action {
                "tree" => task["src"] = json!(if recurse { "tree/" } else { "tree" }),
                "present" => {
                    task["content"] = json!(text);
                    task["in_place"] = json!(in_place);
                }
                "link" => task["src"] = json!(target),
                "hardlink" => {
                    task["src"] = json!(path.replace("/t/a", "/t/c").replace("/t/l", "/t/a"))
                }
                _ => {}
            }
            if !content && action != "tree" {
                task["action"] = json!(action);
            }
            if matches!(action, "absent" | "directory") {
                task["recurse"] = json!(recurse);
            }
            if action != "link" {
                task["mode"] = json!(mode);
            }
            task
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// Check mode of a whole run is exact: in memory, above the real machine, and for real, every task says the same.
    #[test]
    fn every_host_says_the_same_of_every_run(tasks in prop::collection::vec(any_task(), 1..12)) {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path().canonicalize().unwrap().to_str().unwrap().to_owned();
        let mut memory = Overlay::new(Empty);
        must_run(&mut memory, &directory("/t"));
        let mut foreseen = Overlay::new(Linux::new(Arc::new(Contents)));
        let mut real = Linux::new(Arc::new(Contents));
        let there: Vec<Value> = tasks.iter().map(|task| moved(task, &root)).collect();
        let back = |text: String| text.replace(&root, "/t").replace(&own_names(), "root:root");
        // The whole run is foreseen before its first task is carried out.
        let check: Vec<String> =
            there.iter().map(|task| back(shown(&run(&mut foreseen, task, DiffMode::Off)))).collect();
        for ((task, moved), foreseen) in tasks.iter().zip(&there).zip(check) {
            let in_memory = shown(&run(&mut memory, task, DiffMode::Off));
            let outcome = run(&mut real, moved, DiffMode::Off);
            let for_real = back(shown(&outcome));
            prop_assert_eq!(&in_memory, &for_real, "in memory: {} of {:#?}", task, tasks);
            prop_assert_eq!(&foreseen, &for_real, "foreseen: {} of {:#?}", task, tasks);
            check_law(&mut real, moved, &outcome);
            check_law(&mut memory, task, &outcome);
        }
        prop_assert!(walk(temporary.path()).iter().all(|name| !name.starts_with(".hep-")));
    }
}
