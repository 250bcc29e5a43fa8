//! The modules of the language at work: what they show, set, demand, and find.

use super::*;

fn debug(name: &str, shown: &str) -> Value {
    json!({"name": name, "debug": {"var": shown}})
}

#[test]
fn debug_shows_texts_and_values() {
    let tasks = json!([
        {"name": "text", "debug": {"msg": "one\ntwo {{ 1 + 1 }}"}},
        {"name": "list", "debug": {"msg": "{{ [1, 'a'] }}"}},
        {"name": "mapping", "debug": {"msg": {"a": "{{ 1 + 1 }}"}}},
        debug("var", "[1, 2] | map('string') | list"),
        debug("none", "none"),
        debug("long", "range(40) | list"),
    ]);
    let run = apply(tasks);
    assert_eq!(run.told("text"), "ok\nnote: one\nnote: two 2");
    assert_eq!(run.told("list"), "ok\nnote: [1,\"a\"]");
    assert_eq!(run.told("mapping"), "ok\nnote: {\"a\":2}");
    assert_eq!(run.told("var"), "ok\nnote: [1, 2] | map('string') | list: [\"1\",\"2\"]");
    assert_eq!(run.told("none"), "ok\nnote: none: null");
    assert_eq!(run.outcome("long").details.notes.len(), 42);
}

#[test]
fn fail_ends_the_run_with_its_own_words() {
    let run = apply(json!([{"name": "a", "fail": {"msg": "no {{ 'way' }}"}}, debug("b", "1")]));
    assert_eq!((run.order().as_str(), run.failure().0.as_str()), ("a failed: failed", "no way"));
}

#[test]
fn assert_names_every_condition_that_does_not_hold() {
    let refused = |params: Value| {
        let run = apply(json!([{"name": "a", "assert": params}, debug("b", "1")]));
        assert_eq!(run.order(), "a failed: failed");
        let (message, hint) = run.failure();
        if hint.is_empty() { message } else { format!("{message}; {hint}") }
    };
    assert_eq!(refused(json!({"that": "1 > 2"})), "this does not hold: 1 > 2");
    assert_eq!(
        refused(json!({"that": ["1 > 2", "true", "[] == [1]"]})),
        "these do not hold: 1 > 2; [] == [1]"
    );
    assert_eq!(
        refused(json!({"that": ["1 > 2"], "msg": "too {{ 'small' }}"})),
        "too small; this does not hold: 1 > 2"
    );
    orders(json!([{"name": "a", "assert": {"that": ["true", "1 < 2"]}}]), "a ok: completed");
    let looks = json!({"name": "look", "command": {"argv": "true"}, "register": "r"});
    let asserts = json!({"name": "a", "assert": {"that": "r.rc == 0"}});
    assert_eq!(
        check(json!([looks, asserts])).told("a"),
        "pending\ndepends on the result of `look`"
    );
}

#[test]
fn set_keeps_types_and_goes_for_later_plays() {
    let set =
        json!({"name": "s", "set": {"n": "{{ 1 + 1 }}", "list": [1, "{{ 'a' }}"], "text": "0644"}});
    let shown = debug("d", "[n, list, text]");
    let run = Run::of(plan(RunMode::Apply, &[json!([set]), json!([shown])]));
    assert_eq!(run.told("s"), "ok");
    assert_eq!(run.told("d"), "ok\nnote: [n, list, text]: [2,[1,\"a\"],\"0644\"]");
    // What was set is data: no expression in it is taken for one.
    let braces = json!({"name": "s", "set": {"x": "{{ '{' ~ '{ 1 }' ~ '}' }}"}});
    let run = apply(json!([braces, {"name": "d", "debug": {"msg": "{{ x }}"}}]));
    assert_eq!(run.told("d"), "ok\nnote: {{ 1 }}");
}

#[test]
fn set_refuses_a_name_that_only_the_host_could_see() {
    let set = json!({"name": "s", "set": {"result": "{{ 1 }}"}});
    let run = apply(json!([set]));
    assert_eq!(
        run.failure().0,
        "`result` cannot be a variable: it is a task's own result, in `until`, `changed_when` and `failed_when`"
    );
}

#[test]
fn stat_answers_in_both_shapes_and_leaves_open_what_it_cannot_know() {
    let directory = tempfile::tempdir().unwrap();
    let path = format!("{}/f", directory.path().display());
    let tasks = json!([
        {"name": "before", "stat": {"path": path}, "register": "before"},
        {"name": "f", "file": {"dest": path, "content": "abc", "mode": "0640"}},
        {"name": "after", "stat": {"path": path}, "register": "after"},
        debug("both", "[before.exists, before.stat.exists, before.kind == 'file', after.mode]"),
        debug("size", "after.size"),
        debug("open", "after.mtime > 0"),
    ]);
    let real = apply(tasks.clone());
    assert_eq!(real.told("open"), "ok\nnote: after.mtime > 0: true");
    std::fs::remove_file(&path).unwrap();
    let run = check(tasks);
    let both = "[before.exists, before.stat.exists, before.kind == 'file', after.mode]";
    let told = format!("ok\nnote: {both}: [false,false,false,\"0640\"]");
    assert_eq!((run.told("both"), real.told("both")), (told.clone(), told));
    assert_eq!(run.told("size"), "ok\nnote: after.size: 3");
    assert_eq!(run.told("open"), "pending\ndepends on the result of `after`");
}

#[test]
fn wait_is_no_change_and_fails_in_time() {
    let directory = tempfile::tempdir().unwrap();
    let path = format!("{}/f", directory.path().display());
    let brings = format!("(sleep 0.3; echo ready > {path}) > /dev/null 2>&1 &");
    let tasks = json!([
        {"name": "c", "command": {"shell": brings}},
        {"name": "w", "wait_for": {"path": path, "pattern": "^ready", "timeout": 20}},
    ]);
    assert_eq!(
        check(tasks.clone()).told("w"),
        format!(
            "ok\nnote: would wait for `^ready` in {path}, now there is nothing (depends on command `{}...`)",
            brings.chars().take(60).collect::<String>()
        )
    );
    assert_eq!(apply(tasks).order(), "c changed, w ok: completed");
    let run =
        apply(json!([{"name": "w", "wait_for": {"path": format!("{path}.no"), "timeout": 1}}]));
    let (message, hint) = run.failure();
    assert_eq!(message, format!("{path}.no did not come within 1 s"));
    assert_eq!(hint, "see what should have brought that about, or raise `timeout`");
}

/// What is told of each element of a loop over packages in check mode, whatever this machine has marked as what.
fn packages(over: &[&str]) -> Vec<String> {
    let task = json!({"name": "p", "apt": {"package": "{{ item }}"}, "loop": over,
        "when": "item != 'no'", "register": "r", "ignore_error": true});
    let run = check(json!([task]));
    run.told("p").lines().filter(|line| line.starts_with('[')).map(str::to_owned).collect()
}

#[test]
fn merged_loop_over_packages_answers_for_each() {
    let alone = |name| packages(&[name]).concat();
    let each = [alone("dpkg"), "[no] skipped".to_owned(), alone("libc6")];
    assert_eq!(packages(&["dpkg", "no", "libc6"]), each);
    let unknown = "no-such-package-of-hep";
    assert_eq!(packages(&["dpkg", unknown]), [alone("dpkg"), alone(unknown)]);
}

#[test]
fn odd_mode_that_only_the_host_knows_is_noted() {
    let directory = tempfile::tempdir().unwrap();
    let dest = directory.path().join("f");
    let file = |name: &str, mode: &str| json!({"name": name, "file": {"dest": dest.to_str().unwrap(), "content": "x", "mode": mode}});
    let run = apply(json!([
        {"name": "says", "command": "echo 420", "register": "r"},
        file("host", "{{ r.stdout | int }}"),
        with(file("controller", "{{ m }}"), json!({"vars": {"m": 420}})),
        file("sound", "{{ r.stdout | replace('2', '4') }}"),
    ]));
    let note = "the mode `420` gives group or others more than the owner; digits are octal: 420 in decimal is `0644`";
    assert_eq!(run.outcome("host").details.notes, [note]);
    // The controller has said it before the run.
    assert!(run.outcome("controller").details.notes.is_empty());
    assert!(run.outcome("sound").details.notes.is_empty());
}
