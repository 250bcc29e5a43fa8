//! Check mode through conditions and results: exact where the overlay knows, and open where only a program would tell.

use super::*;

/// A task that asks something, and what it comes to after the others.
#[track_caller]
fn asks(before: &[Value], keys: Value, expected: &str) {
    let asked = with(json!({"name": "t", "debug": {"msg": "x"}}), keys);
    let tasks: Vec<Value> = before.iter().cloned().chain([asked.clone()]).collect();
    assert_eq!(check(json!(tasks)).told("t"), expected, "{asked}");
}

const OPEN: &str = "pending\ndepends on the result of `probe`";

fn probe(more: Value) -> Value {
    with(json!({"name": "probe", "command": "true", "register": "r"}), more)
}

#[test]
fn result_of_a_file_task_is_exact() {
    let directory = tempfile::tempdir().unwrap();
    let dest = directory.path().join("f");
    let file = json!({"name": "file", "file": {"dest": dest.to_str().unwrap(), "content": "x"}, "register": "f"});
    asks(std::slice::from_ref(&file), json!({"when": "f.changed and not f.failed"}), "ok\nnote: x");
    asks(
        &[file.clone(), with(file.clone(), json!({"name": "again"}))],
        json!({"when": "f.changed"}),
        "skipped",
    );
    asks(
        std::slice::from_ref(&file),
        json!({"debug": {"var": "f.changes | length"}}),
        "ok\nnote: f.changes | length: 1",
    );
    assert!(!dest.exists());
}

#[test]
fn what_a_program_would_say_leaves_open_what_needs_it() {
    let probe = [probe(json!({}))];
    for when in [
        "r.rc == 0",
        "r.stdout == ''",
        "r.failed",
        "'x' in r.stdout_lines",
        "r is defined and r.rc == 1",
    ] {
        asks(&probe, json!({"when": when}), OPEN);
    }
    asks(&probe, json!({"when": "r.changed"}), "ok\nnote: x");
    asks(&probe, json!({"when": "not r.skipped and r.changes == ['run true']"}), "ok\nnote: x");
    asks(&probe, json!({"when": "r is defined"}), "ok\nnote: x");
    asks(&probe, json!({"when": ["false", "r.rc == 0"]}), "skipped");
    asks(&probe, json!({"debug": {"msg": "{{ r.stdout }}"}}), OPEN);
    asks(&probe, json!({"debug": {"var": "r.stdout"}}), OPEN);
    asks(&probe, json!({"vars": {"v": "{{ r.rc }}"}, "when": "v == 0"}), OPEN);
    asks(&probe, json!({"loop": "{{ r.stdout_lines }}"}), OPEN);
    asks(
        &probe,
        json!({"loop": [1, 2], "when": "item == r.rc"}),
        "pending\n[1] pending depends on the result of `probe`\n[2] pending depends on the result of `probe`",
    );
    asks(
        &probe,
        json!({"loop": [1, 2], "when": "item == 1 or r.rc"}),
        "pending\n[1] ok x\n[2] pending depends on the result of `probe`",
    );
    asks(&probe, json!({"timeout": "{{ r.rc }}"}), OPEN);
    asks(&probe, json!({"retries": "{{ r.rc }}"}), OPEN);
    let assert = json!({"name": "a", "assert": {"that": "r.rc == 0"}});
    assert_eq!(check(json!([probe[0], assert])).told("a"), OPEN);
}

#[test]
fn change_of_a_program_is_known_where_its_failure_would_end_the_run() {
    asks(&[probe(json!({"changed_when": false}))], json!({"when": "r.changed"}), "skipped");
    asks(&[probe(json!({"ignore_error": true}))], json!({"when": "r.changed"}), OPEN);
    asks(
        &[probe(json!({"ignore_error": true, "changed_when": true}))],
        json!({"when": "r.changed"}),
        "ok\nnote: x",
    );
    asks(&[probe(json!({"changed_when": "r.rc == 0"}))], json!({"when": "r.changed"}), OPEN);
    asks(&[probe(json!({"check": "never"}))], json!({"when": "r.rc == 0"}), "ok\nnote: x");
    let failing = probe(json!({"failed_when": "r.rc > 1"}));
    let run = check(json!([failing]));
    assert_eq!(
        run.told("probe"),
        "pending\nrun true\nnote: whether it fails depends on the result of `probe`"
    );
    let looped = probe(json!({"loop": [1, 2]}));
    asks(std::slice::from_ref(&looped), json!({"when": "r.changed"}), "ok\nnote: x");
    asks(&[looped], json!({"when": "r.results[0].rc == 0"}), OPEN);
    let retried = probe(json!({"retries": 3, "until": "r.rc == 0"}));
    asks(&[retried], json!({"when": "r.rc == 0"}), OPEN);
}

#[test]
fn open_task_leaves_its_own_result_open() {
    let open = json!({"name": "open", "debug": {"msg": "x"}, "when": "r.rc == 0", "register": "o"});
    let chain = [probe(json!({})), open];
    asks(&chain, json!({"when": "o.changed"}), "pending\ndepends on the result of `open`");
    asks(&chain, json!({"when": "o.skipped"}), "pending\ndepends on the result of `open`");
    let set = json!({"name": "set", "set": {"v": "{{ r.stdout }}", "w": 1}});
    asks(&[probe(json!({})), set], json!({"when": "v == ''"}), OPEN);
    // What was known before may be something else now.
    let before = json!({"name": "before", "set": {"v": "old"}});
    let maybe = json!({"name": "set", "set": {"v": "new"}, "when": "r.rc == 0"});
    asks(&[probe(json!({})), before, maybe], json!({"when": "v == 'old'"}), OPEN);
    let mixed = json!({"name": "mixed", "debug": {"msg": "x"}, "loop": [1, 2], "when": "item == 1 or r.rc", "register": "m"});
    asks(
        &[probe(json!({})), mixed.clone()],
        json!({"when": "m.changed"}),
        "pending\ndepends on the result of `mixed`",
    );
    asks(&[probe(json!({})), mixed.clone()], json!({"when": "not m.skipped"}), "ok\nnote: x");
    let sure = with(mixed, json!({"changed_when": true}));
    asks(&[probe(json!({})), sure], json!({"when": "m.changed"}), "ok\nnote: x");
}

#[test]
fn block_that_may_not_be_entered_is_open_as_a_whole() {
    let known = json!({"name": "known", "debug": {"msg": "x"}, "when": false});
    let inner = json!({"block": ["b", known], "rescue": ["q"], "register": "x"});
    let registered = json!({"name": "a", "debug": {"msg": "x"}, "register": "a"});
    let block = json!({"block": [registered, inner], "rescue": ["q"], "always": ["w"], "when": "r.rc == 0"});
    let run = check(
        json!([probe(json!({})), block, {"name": "z", "debug": {"msg": "x"}, "when": "a.changed"}]),
    );
    assert_eq!(
        run.order(),
        "probe pending, a pending, b pending, known skipped, z pending: completed"
    );
    assert_eq!(run.told("b"), OPEN);
    assert_eq!(run.told("z"), "pending\ndepends on the result of `a`");
    let looped = json!({"block": [{"name": "a", "debug": {"msg": "{{ item }}"}, "when": "item == 1"}],
        "loop": "{{ r.stdout_lines }}"});
    assert_eq!(check(json!([probe(json!({})), looped])).told("a"), OPEN);
}

#[test]
fn task_has_its_own_say_about_check_mode() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let touch = |name: &str, check: &str| json!({"name": name, "command": ["touch", path(name)], "check": check});
    let run = apply(json!([touch("a", "always")]));
    assert_eq!(run.told("a"), format!("pending\nrun touch {}", path("a")));
    let file = json!({"name": "f", "file": {"dest": path("f"), "content": "x"}, "check": "always", "register": "f"});
    let then = json!({"name": "then", "debug": {"msg": "drift"}, "when": "f.changed"});
    assert_eq!(apply(json!([file, then])).order(), "f pending, then ok: completed");
    let run = check(json!([touch("n", "never")]));
    assert_eq!(run.told("n"), format!("changed\nrun touch {}", path("n")));
    let left: Vec<_> =
        std::fs::read_dir(directory.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["n"]);
}

#[test]
fn later_step_does_not_tell_of_a_sensitive_one() {
    let secret = json!({"name": "s", "command": "make hunter2", "sensitive": true});
    let later = json!({"name": "t", "command": {"shell": "x", "chdir": "/made/by/it"}});
    assert_eq!(
        check(json!([secret, later])).told("t"),
        "pending\nrun x (depends on a task that is `sensitive`)"
    );
}

#[test]
fn open_task_is_a_cause_only_if_it_may_act() {
    let waits = json!({"name": "w", "wait_for": {"path": "/no/such/path"}});
    let cause = |open: Value| {
        let open = with(open, json!({"name": "open", "when": "r.rc == 0"}));
        let told = check(json!([probe(json!({})), open, waits])).told("w");
        told.rsplit_once('(').unwrap().1.to_owned()
    };
    assert_eq!(cause(json!({"debug": {"msg": "a"}})), "depends on command `true`)");
    let file = json!({"file": {"dest": "/tmp/hep-no-such-file", "content": "a"}});
    assert_eq!(cause(file.clone()), "depends on task `open`)");
    assert_eq!(cause(with(file, json!({"check": "always"}))), "depends on command `true`)");
}
