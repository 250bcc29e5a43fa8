//! Tasks that run as other users. Only root can become one.

use super::*;
use hep_protocol::rights::ActAs;
use hep_protocol::value::Json;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

const NOBODY: u32 = 65534;

/// Whether this process can switch; says so if not.
fn is_root() -> bool {
    let root = nix::unistd::geteuid().is_root();
    if !root {
        eprintln!("skipped: only root can become another user");
    }
    root
}

/// A run whose tasks of these names run as these users.
fn run_as(mode: RunMode, tasks: Value, host: ActAs, users: &[(&str, Value)]) -> Run {
    let mut plan = plan(mode, &[tasks]);
    for (name, user) in users {
        let task = plan.plays[0].tasks.iter_mut().find(|task| task.name == *name).unwrap();
        task.control.as_mut().unwrap().act_as = as_user(user.clone());
    }
    let part = HostPart { act_as: host, ..manifest::host(&plan) };
    Run::heard(plan, part, Ear::default())
}

fn as_user(user: Value) -> ActAs {
    ActAs { wanted: Some(Json(json!(true))), user: Some(Json(user)) }
}

fn here() -> (u32, u32) {
    (nix::unistd::geteuid().as_raw(), nix::unistd::getegid().as_raw())
}

/// A directory that everybody may enter.
fn open_dir() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    dir
}

fn path(dir: &Path, name: &str) -> String {
    dir.join(name).to_str().unwrap().to_owned()
}

#[test]
fn what_a_task_makes_is_its_users_and_nothing_of_root_is_left_to_its_programs() {
    if !is_root() {
        return;
    }
    let dir = open_dir();
    let (file, said) = (path(dir.path(), "file"), path(dir.path(), "said"));
    let script = format!(
        "id -u; id -G; echo $HOME $USER; grep -E '^(Uid|Gid|CapPrm|CapEff)' /proc/self/status; echo > {said}"
    );
    let tasks = json!([
        {"name": "file", "file": {"dest": file, "content": "a"}},
        {"name": "run", "command": ["/bin/sh", "-c", script], "register": "out"},
        {"name": "root", "command": ["/usr/bin/id", "-u"], "register": "own"},
        {"name": "told", "debug": {"msg": "{{ out.stdout }}|{{ own.stdout }}|{{ facts.hostname is defined }}"}},
    ]);
    let users = [("file", json!("nobody")), ("run", json!("nobody")), ("told", json!("nobody"))];
    let run = run_as(RunMode::Apply, tasks, ActAs::default(), &users);
    let none = "0000000000000000";
    let ids = "65534\t65534\t65534\t65534";
    let told = format!(
        "65534\n65534\n/nonexistent nobody\nUid:\t{ids}\nGid:\t{ids}\nCapPrm:\t{none}\nCapEff:\t{none}|0|"
    );
    let heard = run.told("told").replace("note: ", "");
    assert!(heard.contains(&told), "{heard}");
    for made in [file, said] {
        let meta = std::fs::metadata(made).unwrap();
        assert_eq!((meta.uid(), meta.gid()), (NOBODY, NOBODY));
    }
    assert_eq!(here(), (0, 0));
}

#[test]
fn what_its_user_may_not_do_fails_and_root_goes_on() {
    if !is_root() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (path(dir.path(), "one"), path(dir.path(), "two"));
    let tasks = json!([
        {"name": "one", "file": {"dest": one, "content": "a"}, "ignore_error": true},
        {"name": "two", "file": {"dest": two, "content": "a"}},
    ]);
    let run = run_as(RunMode::Apply, tasks, ActAs::default(), &[("one", json!("nobody"))]);
    assert!(run.told("one").contains("permission denied"), "{}", run.told("one"));
    assert_eq!(run.order(), "one ignored, two changed: completed");
    assert_eq!((std::fs::metadata(two).unwrap().uid(), here()), (0, (0, 0)));
}

#[test]
fn each_element_has_its_own_user_and_the_hosts_word_beats_the_tasks() {
    if !is_root() {
        return;
    }
    let tasks = json!([
        {"name": "each", "command": ["/usr/bin/id", "-un"], "loop": ["nobody", "daemon", "root"], "register": "out"},
        {"name": "told", "debug": {"msg": "{{ out.results | map(attribute='stdout') | join(' ') }}"}},
    ]);
    let users = [("each", json!("{{ item }}"))];
    let run = run_as(RunMode::Apply, tasks.clone(), ActAs::default(), &users);
    assert!(run.told("told").contains("nobody daemon root"), "{}", run.told("told"));
    let no = ActAs { wanted: Some(Json(json!("no"))), user: None };
    let run = run_as(RunMode::Apply, tasks.clone(), no, &users);
    assert!(run.told("told").contains("root root root"), "{}", run.told("told"));
    let bin = ActAs { wanted: None, user: Some(Json(json!("bin"))) };
    let run = run_as(RunMode::Apply, tasks, bin, &users);
    assert!(run.told("told").contains("bin bin bin"), "{}", run.told("told"));
}

#[test]
fn a_user_that_the_host_has_not_is_named() {
    let tasks = json!([{"name": "one", "command": ["/usr/bin/id"]}]);
    let users = [("one", json!("hep-no-such-user"))];
    let run = run_as(RunMode::Apply, tasks, ActAs::default(), &users);
    assert_eq!(run.failure().0, "there is no user `hep-no-such-user` on the host");
}

#[test]
fn check_mode_sees_one_host_whoever_looks() {
    if !is_root() {
        return;
    }
    let dir = open_dir();
    let file = path(dir.path(), "file");
    let tasks = json!([
        {"name": "one", "file": {"dest": file, "content": "a"}},
        {"name": "two", "file": {"dest": file, "content": "a", "owner": "nobody"}},
    ]);
    let users = [("one", json!("nobody"))];
    let run = run_as(RunMode::Check, tasks, ActAs::default(), &users);
    assert_eq!(run.order(), "one pending, two ok: completed");
    assert!(!std::fs::exists(file).unwrap());
}

#[test]
fn a_run_that_was_started_as_root_is_the_logins_where_nothing_else_is_wanted() {
    if !is_root() {
        return;
    }
    let plan = plan(
        RunMode::Apply,
        &[json!([
            {"name": "id", "command": ["/bin/sh", "-c", "id -un; id -G"], "register": "out"},
            {"name": "told", "debug": {"msg": "{{ out.stdout_lines | join(' ') }}"}},
        ])],
    );
    let ear = Arc::new(Ear::default());
    let outside: Arc<dyn Outside> = Arc::clone(&ear) as _;
    let host = manifest::host(&plan);
    let end = {
        // A session's groups need not be what the host's files say.
        let login = Login { name: "daemon".to_owned(), uid: 1, gid: 1, groups: vec![4711] };
        let others = Others { login: Some(login), means: None };
        run_for(&plan, host, &outside, others)
    };
    let replies = std::mem::take(&mut *ear.heard.lock().unwrap());
    let run = Run { plan, replies, end };
    assert!(run.told("told").contains("daemon 1 4711"), "{}", run.told("told"));
}

#[test]
fn the_runs_limit_of_time_is_that_of_every_task_without_its_own() {
    let tasks = json!([
        {"name": "own", "command": ["/bin/sleep", "1.2"], "timeout": 30},
        {"name": "late", "command": ["/bin/sleep", "60"]},
    ]);
    let mut plan = plan(RunMode::Apply, &[tasks]);
    plan.settings.task_timeout = Some(1);
    let run = Run::of(plan);
    assert_eq!(run.order(), "own changed, late failed: failed");
    assert_eq!(run.failure().0, "`/bin/sleep 60` did not end within 1 s and was stopped");
}

#[test]
fn user_without_rights_is_told_of_become() {
    if !is_root() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let dest = |name: &str| path(dir.path(), name);
    let advice =
        "it ran as `nobody`, who is not root: `become: true` or `--become` runs it as root";
    for (task, hint) in [
        (json!({"file": {"dest": dest("new"), "content": "a"}}), Some(advice)),
        (json!({"file": {"dest": dest("there"), "mode": "0600"}}), Some(advice)),
        (json!({"file": {"dest": dest("there"), "action": "absent"}}), Some(advice)),
        (json!({"command": {"argv": [dest("there")]}}), Some(advice)),
        // Their own failures say nothing of rights.
        (json!({"command": {"argv": ["/bin/false"]}}), None),
        (json!({"command": {"argv": ["/bin/cat", "/etc/shadow"]}}), None),
        (json!({"file": {"dest": dest("none/new"), "content": "a"}}), None),
        (json!({"fail": {"msg": "permission denied"}}), None),
    ] {
        std::fs::write(dest("there"), "x").unwrap();
        let task = with(json!({"name": "t"}), task);
        let run =
            run_as(RunMode::Apply, json!([task]), ActAs::default(), &[("t", json!("nobody"))]);
        let failure = run.outcome("t").details.failure.clone().unwrap();
        let told = failure.hint.filter(|hint| hint.contains("become"));
        assert_eq!(told.as_deref(), hint, "{}", failure.message);
        // root's own trouble is another.
        let run = apply(json!([with(task, json!({"ignore_error": true}))]));
        let hint = run.outcome("t").details.failure.clone().and_then(|failure| failure.hint);
        assert!(!hint.unwrap_or_default().contains("become"));
    }
}
