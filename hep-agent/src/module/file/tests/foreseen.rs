//! Check mode where an earlier command, or the file system, has a say: what is not known is not told as if it were.

use super::*;
use crate::sys::Change as _;
use hep_protocol::action::Action;
use hep_protocol::action::programs::Invocation;
use hep_protocol::value::{AbsPath, Argv};

/// What a task comes to in check mode after a command, which names paths below `/t`; `f` and `d/x` are there.
#[track_caller]
fn check(command: &str, params: &Value, expected: &str) {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().canonicalize().unwrap().to_str().unwrap().to_owned();
    std::fs::write(directory.path().join("f"), "old").unwrap();
    std::fs::create_dir(directory.path().join("d")).unwrap();
    std::fs::write(directory.path().join("d/x"), "x").unwrap();
    let mut host = Overlay::new(Linux::new(Arc::new(Contents)));
    let script = command.replace("/t", &root);
    let argv = ["/bin/sh", "-c", &script].map(str::to_owned).to_vec();
    let invocation = Invocation {
        expand: false,
        words: "it".to_owned(),
        argv: Argv::try_from(argv).unwrap(),
        script: None,
        paths: Vec::new(),
        chdir: AbsPath::root(),
        env: std::collections::BTreeMap::new(),
        stdin: Vec::new(),
        timeout: None,
    };
    host.apply(&Action::Program(invocation)).unwrap();
    let outcome = run(&mut host, &moved(params, &root), DiffMode::Off);
    let back = |text: String| text.replace(&root, "/t").replace(&own_names(), "root:root");
    assert_eq!(back(shown(&outcome)), expected, "{command}: {params}");
}

#[test]
fn what_a_command_may_have_changed_or_taken_away_is_open() {
    let same = json!({"dest": "/t/f", "content": "old"});
    let open = "replace /t/f (3 bytes) (depends on command `it`)";
    check("rm /t/f", &same, open);
    check("sed -i s/a/b/ /t/f", &same, open);
    check("rm -rf /t/*", &same, open);
    check("cd /t && rm f", &same, open);
    check("rm /t/other", &same, "");
    check("make", &same, "");
    check(
        "rm -rf /t/d",
        &directory("/t/d"),
        "make directory /t/d (0755 root:root) (depends on command `it`)",
    );
    let mode = json!({"dest": "/t/f", "mode": "0600"});
    check("rm /t/f", &mode, "set /t/f: mode 0644 -> 0600 (depends on command `it`)");
    check(
        "rm /t/f",
        &json!({"dest": "/t/f", "mode": "0644"}),
        "set /t/f: mode -> 0644 (depends on command `it`)",
    );
    check(
        "rm /t/f",
        &json!({"dest": "/t/f", "action": "absent"}),
        "remove /t/f (depends on command `it`)",
    );
    // What is in the way now may be gone by then.
    check(
        "rm -rf /t/d",
        &json!({"dest": "/t/d", "content": "file"}),
        "replace directory /t/d and everything in it by a file (4 bytes, 0644 root:root) (depends on command `it`)",
    );
}

#[test]
fn what_a_command_may_have_made_is_open() {
    let absent = json!({"dest": "/t/g", "action": "absent"});
    check("touch /t/g", &absent, "remove /t/g (depends on command `it`)");
    check("mkdir -p /t/g/h", &absent, "remove /t/g (depends on command `it`)");
    check("touch /t/h", &absent, "");
    let tree = json!({"dest": "/t/d", "action": "directory", "recurse": true, "mode": "0644"});
    check(
        "touch /t/d/new",
        &tree,
        "set what is below /t/d: mode -> 0644 (depends on command `it`)",
    );
    check("touch /t/e/new", &tree, "");
}

#[test]
fn what_a_later_step_puts_in_place_is_certain_again() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().canonicalize().unwrap();
    let file = json!({"dest": root.join("f").to_str().unwrap(), "content": "x"});
    let mut host = Overlay::new(Linux::new(Arc::new(Contents)));
    host.set_cause(Cause::Command("it".to_owned()));
    host.foresee(Cause::Task(format!("no {}", root.join("f").display())));
    assert!(shown(&run(&mut host, &file, DiffMode::Off)).contains("(depends on task"));
    assert_eq!(shown(&run(&mut host, &file, DiffMode::Off)), "");
}

#[test]
fn refusal_of_the_file_system_is_foreseen_unless_a_command_may_end_it() {
    let file = json!({"dest": "/f", "content": "new"});
    Empty::refuses("/f");
    let refused = "error: /f is in the way";
    let mut host = Overlay::new(Empty);
    assert_eq!(shown(&run(&mut host, &file, DiffMode::Off)), refused);
    let mut later = Overlay::new(Empty);
    later.set_cause(Cause::Command("chattr -i".to_owned()));
    let open = "create /f (3 bytes, 0644 root:root) (depends on command `chattr -i`)";
    assert_eq!(shown(&run(&mut later, &file, DiffMode::Off)), open);
    let mut package = Overlay::new(Empty);
    package.set_cause(Cause::Packages(vec!["nginx".to_owned()]));
    assert_eq!(shown(&run(&mut package, &file, DiffMode::Off)), refused);
}
