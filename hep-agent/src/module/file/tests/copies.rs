//! Copies of trees as Ansible makes them, copies of what is on the host, and modes that come with them.

use super::*;

/// A file with a mode of its own.
fn made(dest: &str, mode: &str) -> Value {
    json!({"dest": dest, "content": "x", "mode": mode, "parents": true})
}

#[test]
fn mode_of_the_source_comes_with_it() {
    let script = json!({"src": "run.sh", "dest": "/t/x", "mode": "preserve", "executable": false});
    check(&[], &script, "create /t/x (10 bytes, 0755 root:root)");
    check(
        &[json!({"src": "run.sh", "dest": "/t/x", "mode": "0600"})],
        &script,
        "set /t/x: mode 0600 -> 0755",
    );
    check(
        &[made("/t/f", "0640")],
        &json!({"copy_of": "/t/f", "dest": "/t/g", "mode": "preserve"}),
        "create /t/g (1 byte, 0640 root:root)",
    );
    check(
        &[made("/t/f", "0640")],
        &json!({"copy_of": "/t/f", "dest": "/t/g"}),
        "create /t/g (1 byte, 0644 root:root)",
    );
}

#[test]
fn directories_of_a_tree_are_made_alike() {
    let tree = json!({"src": "usr/", "dest": "/t/a/b", "mode": "0600", "directory_mode": "0700", "parents_alike": true});
    check(
        &[],
        &tree,
        "make directory /t/a (0700 root:root)\nmake directory /t/a/b (0700 root:root)\n\
         make directory /t/a/b/usr (0700 root:root)\ncreate /t/a/b/usr/page (5 bytes, 0600 root:root)",
    );
    // Its top stays as it is.
    let within =
        json!({"src": "tree", "dest": "/t/a", "directory_mode": "0700", "parents_alike": true});
    check(
        &[directory("/t/a"), directory("/t/a/tree"), directory("/t/a/tree/css")],
        &within,
        "set /t/a/tree/css: mode 0755 -> 0700\ncreate /t/a/tree/css/style (6 bytes, 0644 root:root)\n\
         link /t/a/tree/index -> page\ncreate /t/a/tree/page (5 bytes, 0644 root:root)\n\
         create /t/a/tree/run.sh (10 bytes, 0755 root:root)",
    );
    check(
        &[],
        &json!({"src": "one", "dest": "/t/a/", "directory_mode": "0700", "parents_alike": true}),
        "make directory /t/a (0700 root:root)\ncreate /t/a/one (4 bytes, 0644 root:root)",
    );
}

#[test]
fn tree_on_the_host_is_copied_with_its_modes() {
    let before = || {
        vec![
            json!({"action": "directory", "dest": "/t/d", "mode": "0750"}),
            made("/t/d/f", "0600"),
            made("/t/d/e/g", "0755"),
            json!({"action": "link", "src": "f", "dest": "/t/d/l"}),
        ]
    };
    check(
        &[before(), vec![directory("/t/new")]].concat(),
        &json!({"copy_of": "/t/d", "dest": "/t/new"}),
        "make directory /t/new/d (0750 root:root)\nmake directory /t/new/d/e (0755 root:root)\n\
         create /t/new/d/e/g (1 byte, 0755 root:root)\ncreate /t/new/d/f (1 byte, 0600 root:root)\n\
         create /t/new/d/l (1 byte, 0600 root:root)",
    );
    let other = json!({"dest": "/t/new/f", "content": "other", "mode": "0644", "parents": true});
    check(
        &[before(), vec![other]].concat(),
        &json!({"copy_of": "/t/d/", "dest": "/t/new"}),
        "make directory /t/new/e (0755 root:root)\ncreate /t/new/e/g (1 byte, 0755 root:root)\n\
         replace /t/new/f (5 -> 1 byte, mode 0644 -> 0600)\ncreate /t/new/l (1 byte, 0600 root:root)",
    );
}

#[test]
fn verdict_on_a_new_content_is_known_only_for_real() {
    let directory = tempfile::tempdir().unwrap();
    let dest = directory.path().join("f");
    let params = json!({"dest": dest.to_str(), "content": "x", "validate": "grep -q y %s"});
    let mut host = Overlay::new(Linux::new(Arc::new(Contents)));
    let line = shown(&run(&mut host, &params, DiffMode::Off));
    assert!(line.ends_with("(depends on command `grep -q y %s`)"), "{line}");
    let refused = shown(&run(&mut Linux::new(Arc::new(Contents)), &params, DiffMode::Off));
    assert!(refused.contains("`grep -q y %s` refuses the new content"), "{refused}");
}
