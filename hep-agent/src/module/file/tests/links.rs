//! Links and hard links that another user may have planted: what is refused is refused in check mode too, and nothing is
//! changed.

use super::*;

const ALICE: &str = "31001";

/// Alice's home, in it a link to a directory of root's and one to a directory of hers.
fn home(host: &mut dyn Host, top: &str) {
    let directory =
        |dest: &str, owner: &str| json!({"action": "directory", "dest": dest, "owner": owner});
    let link = |dest: &str, src: &str| json!({"action": "link", "dest": dest, "src": src, "owner": ALICE, "force": true});
    for task in [
        directory("/t/root", "root"),
        json!({"dest": "/t/root/keys", "content": "root's\n", "mode": "0600"}),
        directory("/t/root/dir", "root"),
        directory("/t/alice", ALICE),
        directory("/t/alice/own", ALICE),
        json!({"dest": "/t/alice/own/keys", "content": "alice's\n", "owner": ALICE}),
        link("/t/alice/l", &format!("{top}/root")),
        link("/t/alice/m", "own"),
        link("/t/alice/k", &format!("{top}/root/keys")),
        link("/t/alice/f", "own/keys"),
    ] {
        must_run(host, &moved(&task, top));
    }
}

/// What a task says in memory, in check mode and for real, where it must be the same; and what is there afterwards.
fn same(params: &Value) -> String {
    let mut fake = Overlay::new(Empty);
    must_run(&mut fake, &json!({"action": "directory", "dest": "/t"}));
    home(&mut fake, "/t");
    let told = shown(&run(&mut fake, params, DiffMode::Unified));
    if !nix::unistd::geteuid().is_root() {
        return told;
    }
    let directory = tempfile::tempdir().unwrap();
    let top = directory.path().canonicalize().unwrap().to_str().unwrap().to_owned();
    let mut real = Linux::new(Arc::new(Contents));
    home(&mut real, &top);
    let (before, roots) = (state(&top), state(&format!("{top}/root")));
    let params = moved(params, &top);
    let back = |outcome: Outcome| shown(&outcome).replace(&top, "/t");
    let mut overlay = Overlay::new(Linux::new(Arc::new(Contents)));
    let foreseen = back(run(&mut overlay, &params, DiffMode::Unified));
    assert_eq!(state(&top), before, "{params}");
    let done = back(run(&mut real, &params, DiffMode::Unified));
    assert_eq!((foreseen.as_str(), done.as_str()), (told.as_str(), told.as_str()), "{params}");
    if told.starts_with("error") {
        assert_eq!(state(&top), before, "{params}");
    }
    assert_eq!(state(&format!("{top}/root")), roots, "{params}");
    done
}

/// Every path below a directory with its owner, mode, size and number of names.
fn state(top: &str) -> Vec<String> {
    use std::os::unix::fs::MetadataExt;
    let mut paths: Vec<_> = vec![std::path::PathBuf::from(top)];
    let mut lines = Vec::new();
    while let Some(path) = paths.pop() {
        let meta = std::fs::symlink_metadata(&path).unwrap();
        let (is_dir, shown) =
            (meta.is_dir(), path.strip_prefix(top).unwrap().display().to_string());
        let size = if is_dir { 0 } else { meta.len() };
        lines.push(format!("{shown} {} {:o} {size} {}", meta.uid(), meta.mode(), meta.nlink()));
        if is_dir {
            paths.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    lines.sort();
    lines
}

#[test]
fn link_of_another_user_leads_no_task_to_what_is_not_theirs() {
    let refused = "error: the link /t/alice/l of 31001 is not followed: it leads to /t/root, which belongs to root";
    for (params, instead) in [
        (json!({"dest": "/t/alice/l/new", "content": "x"}), "/t/root/new"),
        (json!({"dest": "/t/alice/l/keys", "content": "x", "backup": true}), "/t/root/keys"),
        (json!({"dest": "/t/alice/l/keys", "content": "x", "in_place": true}), "/t/root/keys"),
        (json!({"dest": "/t/alice/l/keys", "content": "x", "validate": "true %s"}), "/t/root/keys"),
        (json!({"dest": "/t/alice/l/keys", "owner": ALICE}), "/t/root/keys"),
        (json!({"dest": "/t/alice/l/keys", "mode": "0666"}), "/t/root/keys"),
        (json!({"dest": "/t/alice/l/keys", "action": "touch"}), "/t/root/keys"),
        (json!({"dest": "/t/alice/l/keys", "action": "absent"}), "/t/root/keys"),
        (json!({"dest": "/t/alice/l/dir", "action": "absent", "recurse": true}), "/t/root/dir"),
        (json!({"dest": "/t/alice/l/dir", "action": "directory", "mode": "0777"}), "/t/root/dir"),
        (
            json!({"dest": "/t/alice/l/dir", "action": "directory", "recurse": true, "mode": "0777"}),
            "/t/root/dir",
        ),
        (json!({"dest": "/t/alice/l/a/b/c", "content": "x", "parents": true}), "/t/root/a/b/c"),
        (json!({"dest": "/t/alice/l/k", "action": "link", "src": "/t/alice/own"}), "/t/root/k"),
        (
            json!({"dest": "/t/alice/l/k", "action": "hardlink", "src": "/t/alice/own/keys"}),
            "/t/root/k",
        ),
        (
            json!({"dest": "/t/root/k", "action": "hardlink", "src": "/t/alice/l/keys"}),
            "/t/root/keys",
        ),
        (json!({"dest": "/t/alice/l", "src": "one", "follow": true}), "/t/root/one"),
        (json!({"dest": "/t/alice/l/", "src": "one"}), "/t/root/one"),
        (json!({"dest": "/t/alice/l/", "src": "tree"}), "/t/root"),
        (json!({"dest": "/t/alice/l/x", "src": "tree/"}), "/t/root/x"),
        (
            json!({"dest": "/t/alice/l", "action": "directory", "follow": true, "mode": "0777"}),
            "/t/root",
        ),
        (json!({"dest": "/t/alice/l/../x", "content": "x"}), "/t/root/.."),
    ] {
        let said = same(&params);
        let hint = format!("hint: write `{instead}` if that is what is meant");
        assert_eq!(said.lines().collect::<Vec<_>>(), [refused, hint.as_str()], "{params}");
    }
    let followed = json!({"dest": "/t/alice/k", "content": "x", "follow": true, "in_place": true});
    assert_eq!(
        same(&followed),
        "error: the link /t/alice/k of 31001 is not followed: it leads to /t/root, which belongs to root\n\
         hint: write `/t/root/keys` if that is what is meant"
    );
}

#[test]
fn link_of_a_user_leads_to_what_is_theirs() {
    for (params, expected) in [
        (
            json!({"dest": "/t/alice/m/new", "content": "x", "owner": ALICE, "group": "0"}),
            "create /t/alice/m/new (1 byte, 0644 31001:root)",
        ),
        (
            json!({"dest": "/t/alice/m/keys", "mode": "0600"}),
            "set /t/alice/m/keys: mode 0644 -> 0600",
        ),
        (
            json!({"dest": "/t/alice/f", "mode": "0600", "follow": true}),
            "set /t/alice/own/keys: mode 0644 -> 0600",
        ),
        (json!({"dest": "/t/alice/m/keys", "action": "absent"}), "remove /t/alice/m/keys"),
        (json!({"dest": "/t/alice/l", "action": "absent"}), "remove link /t/alice/l"),
        (
            json!({"dest": "/t/alice/m/a/b", "content": "x", "parents": true}),
            "error: the link /t/alice/m of 31001 is not followed: it leads to /t/alice/own/a, which belongs to root\n\
             hint: write `/t/alice/own/a` if that is what is meant",
        ),
    ] {
        assert_eq!(same(&params), expected, "{params}");
    }
}

/// Names in alice's home, and one in a directory of root's, of a file of root's.
fn plant(host: &mut dyn Host, top: &str) {
    home(host, top);
    for task in [
        json!({"dest": "/t/alice/h", "action": "hardlink", "src": "/t/root/keys"}),
        json!({"dest": "/t/alice/d", "action": "directory", "owner": ALICE}),
        json!({"dest": "/t/alice/d/h", "action": "hardlink", "src": "/t/root/keys"}),
        json!({"dest": "/t/root/dir/h", "action": "hardlink", "src": "/t/root/keys"}),
    ] {
        must_run(host, &moved(&task, top));
    }
}

/// What a task over such names says, in memory, in check mode and for real.
fn changed(params: &Value) -> String {
    let mut fake = Overlay::new(Empty);
    must_run(&mut fake, &json!({"action": "directory", "dest": "/t"}));
    plant(&mut fake, "/t");
    let told = shown(&run(&mut fake, params, DiffMode::Off));
    if nix::unistd::geteuid().is_root() {
        let directory = tempfile::tempdir().unwrap();
        let top = directory.path().canonicalize().unwrap().to_str().unwrap().to_owned();
        let mut real = Linux::new(Arc::new(Contents));
        plant(&mut real, &top);
        let (before, params) = (state(&format!("{top}/root")), moved(params, &top));
        let mut overlay = Overlay::new(Linux::new(Arc::new(Contents)));
        let foreseen = shown(&run(&mut overlay, &params, DiffMode::Off)).replace(&top, "/t");
        let done = shown(&run(&mut real, &params, DiffMode::Off)).replace(&top, "/t");
        assert_eq!((foreseen.as_str(), done.as_str()), (told.as_str(), told.as_str()), "{params}");
        if told.starts_with("error") {
            assert_eq!(state(&format!("{top}/root")), before, "{params}");
        }
    }
    told
}

#[test]
fn file_with_names_elsewhere_is_replaced_and_not_changed() {
    let shared = "error: /t/alice/h is a hard link to a file that has other names, and others than root may write to its directory: \
                  the change might reach a file elsewhere\n\
                  hint: remove that name, or give it a file of its own: copy it, and rename the copy over it";
    let below = shared.replace("/t/alice/h", "/t/alice/d/h");
    for params in [
        json!({"dest": "/t/alice/h", "owner": ALICE}),
        json!({"dest": "/t/alice/h", "mode": "0666"}),
        json!({"dest": "/t/alice/h", "content": "x", "in_place": true}),
        json!({"dest": "/t/alice/h", "content": "root's\n", "mode": "0666"}),
        json!({"dest": "/t/alice/h", "action": "touch"}),
    ] {
        assert_eq!(changed(&params), shared, "{params}");
    }
    for owner in [json!({"owner": ALICE}), json!({"mode": "0666"})] {
        let mut params = json!({"dest": "/t/alice/d", "action": "directory", "recurse": true});
        owner.as_object().unwrap().iter().for_each(|(key, value)| params[key] = value.clone());
        assert_eq!(changed(&params), below, "{params}");
    }
    // Its name here may go, and so may its content; as it is, it may stay.
    assert_eq!(changed(&json!({"dest": "/t/alice/h", "action": "absent"})), "remove /t/alice/h");
    assert_eq!(
        changed(&json!({"dest": "/t/alice/h", "content": "x\n", "mode": "0600"})),
        "replace /t/alice/h (7 -> 2 bytes)"
    );
    assert_eq!(changed(&json!({"dest": "/t/alice/h", "mode": "0600"})), "");
    // In root's own directory nobody else can have put it.
    assert_eq!(
        changed(&json!({"dest": "/t/root/dir/h", "mode": "0644"})),
        "set /t/root/dir/h: mode 0600 -> 0644"
    );
    let tree =
        json!({"dest": "/t/root/dir", "action": "directory", "recurse": true, "mode": "0644"});
    assert_eq!(changed(&tree), "set 1 entry below /t/root/dir: h (mode 0600 -> 0644)");
}
