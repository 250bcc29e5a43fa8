//! Results: registered fields, tries, and what counts as a change or a failure.

use super::*;
use std::sync::Arc;

fn shell(script: &str, more: Value) -> Value {
    with(json!({"name": "t", "command": {"shell": script}}), more)
}

/// What an expression gives after a task whose result is `r`.
#[track_caller]
fn gives(task: Value, expression: &str, expected: &str) {
    let task = with(task, json!({"register": "r"}));
    let run = apply(json!([task, {"name": "shown", "debug": {"var": expression}}]));
    assert_eq!(run.told("shown"), format!("ok\nnote: {expression}: {expected}"));
}

#[test]
fn registered_result_has_its_fields() {
    let lines = shell("printf 'a\\nb\\n'; echo e >&2", json!({}));
    gives(lines.clone(), "[r.changed, r.failed, r.skipped, r.attempts]", "[true,false,false,1]");
    gives(lines.clone(), "r.changes", "[\"run printf 'a\\\\nb\\\\n'; echo e >&2\"]");
    gives(lines.clone(), "[r.rc, r.stdout, r.stdout_lines]", "[0,\"a\\nb\",[\"a\",\"b\"]]");
    gives(lines, "[r.stderr, r.stderr_lines, r.msg]", "[\"e\",[\"e\"],\"\"]");
    let failing = shell("echo o; exit 4", json!({"ignore_error": true}));
    gives(failing.clone(), "[r.failed, r.changed, r.rc, r.stdout]", "[true,false,4,\"o\"]");
    gives(failing, "r.msg", "`echo o; exit 4`: exit code 4");
    gives(shell("kill -9 $$", json!({"ignore_error": true})), "r.rc", "137");
    gives(
        shell("x", json!({"when": false})),
        "[r.skipped, r.changed, r.failed]",
        "[true,false,false]",
    );
    let file = json!({"name": "t", "file": {"action": "absent", "dest": "/nowhere/at/all"}});
    gives(file, "[r.changed, r.changes]", "[false,[]]");
    let looped = shell("echo {{ item }}", json!({"loop": ["a", "b"], "when": "item != 'b'"}));
    gives(looped.clone(), "r.results | map(attribute='item') | list", "[\"a\",\"b\"]");
    gives(looped.clone(), "[r.results[0].stdout, r.results[1].skipped]", "[\"a\",true]");
    gives(looped, "[r.changed, r.skipped, r.failed]", "[true,false,false]");
    gives(shell("x", json!({"loop": []})), "[r.skipped, r.results]", "[true,[]]");
}

#[test]
fn result_has_the_same_fields_however_the_task_went() {
    let all = |task: Value| {
        let task = with(task, json!({"register": "r", "ignore_error": true}));
        let show = json!({"name": "shown", "debug": {"var": "r | list | sort | join(' ')"}});
        apply(json!([task, show])).told("shown")
    };
    let command = |parameters: Value| json!({"name": "t", "command": parameters});
    let ran = all(command(json!({"argv": "true"})));
    for parameters in [
        json!({"shell": "exit 3"}),
        json!({"shell": "kill -9 $$"}),
        json!({"shell": "sleep 9", "timeout": 1}),
        json!({"argv": "true", "creates": "/etc/pass*"}),
        json!({"argv": "true", "removes": "/nowhere"}),
        json!({"argv": "/nowhere/program"}),
        json!({"argv": "hep-no-such-program"}),
        json!({"argv": "true", "chdir": "/nowhere"}),
        json!({"argv": "/etc/passwd"}),
    ] {
        assert_eq!(all(command(parameters.clone())), ran, "{parameters}");
    }
    assert_eq!(all(with(command(json!({"argv": "true"})), json!({"when": false}))), ran);
    let nobody = json!({"become_user": "hep-nobody-of-that-name"});
    assert_eq!(all(with(command(json!({"argv": "true"})), nobody)), ran);

    let stat = |parameters: Value| json!({"name": "t", "stat": parameters});
    let found = all(stat(json!({"path": "/etc/passwd"})));
    assert_eq!(all(stat(json!({"path": "/nowhere"}))), found);
    assert_eq!(all(with(stat(json!({"path": "/etc"})), json!({"when": false}))), found);

    let looped = json!({"loop": ["a"]});
    let results = all(with(command(json!({"argv": "true"})), looped));
    let wrong = json!({"loop": "{{ 7 }}"});
    assert_eq!(all(with(command(json!({"argv": "true"})), wrong)), results);
}

#[test]
fn program_that_did_not_run_says_so_by_its_code() {
    let code = |more: Value| {
        let task = with(shell("true", json!({"ignore_error": true})), more);
        gives(
            task.clone(),
            "[r.stdout, r.stdout_lines, r.stderr, r.stderr_lines]",
            "[\"\",[],\"\",[]]",
        );
        let run = apply(json!([
            with(task, json!({"register": "r"})),
            {"name": "shown", "debug": {"var": "r.rc"}},
        ]));
        run.told("shown")
    };
    let creates = json!({"command": {"argv": "true", "creates": "/etc/passwd"}});
    assert_eq!(code(creates), "ok\nnote: r.rc: 0");
    let missing = json!({"command": {"argv": "/nowhere/x"}});
    assert_eq!(code(missing), "ok\nnote: r.rc: 127");
    assert_eq!(code(json!({"when": false})), "ok\nnote: r.rc: null");
}

#[test]
fn needless_program_is_neither_changed_nor_failed() {
    for keys in [
        json!({"changed_when": true, "notify": "h"}),
        json!({"changed_when": "'made' in result.stdout"}),
        json!({"failed_when": "'made' not in result.stdout"}),
        json!({"failed_when": true}),
        json!({"until": "result.stdout == 'made'", "retries": 3, "delay": 0}),
    ] {
        let task = json!({"name": "t", "command": {"argv": "true", "creates": "/etc/passwd"}});
        let handler = json!({"name": "h", "debug": {"msg": "ran"}});
        let play = json!({"tasks": [with(task, keys.clone())], "handlers": [handler]});
        assert_eq!(apply(play).order(), "t ok: completed", "{keys}");
    }
}

#[test]
fn result_that_is_data_is_never_rendered() {
    let directory = tempfile::tempdir().unwrap();
    let dest = directory.path().join("f");
    // The script itself must reach the host as it is: it travels typed.
    let mut plan = plan(
        RunMode::Apply,
        &[json!([
            {"name": "t", "command": {"shell": "SCRIPT"}, "register": "r"},
            {"name": "var", "debug": {"msg": "{{ indirect }}"}, "vars": {"indirect": "{{ r.stdout }}"}},
            {"name": "loop", "debug": {"msg": "{{ item }}"}, "loop": "{{ r.stdout_lines }}"},
            {"name": "set", "set": {"kept": "{{ r.stdout }}"}},
            {"name": "kept", "debug": {"msg": "{{ kept }}"}},
            {"name": "{{ r.stdout }}", "file": {"dest": dest.to_str().unwrap(), "content": "{{ r.stdout }}"}},
        ])],
    );
    let script = json!({"shell": "printf '%s' '{{ 7*7 }}{% if %}'"});
    plan.plays[0].tasks[0].spec = hep_protocol::plan::Spec::Typed(Arc::new(
        hep_protocol::task::TaskSpec::from_json("command", &script).unwrap(),
    ));
    let run = Run::of(plan);
    let text = "{{ 7*7 }}{% if %}";
    assert_eq!(run.told("var"), format!("ok\nnote: {text}"));
    assert_eq!(run.told("loop"), format!("ok\n[{text}] ok {text}"));
    assert_eq!(run.told("kept"), format!("ok\nnote: {text}"));
    assert_eq!(run.outcome(text).status, Status::Changed);
    assert_eq!(std::fs::read_to_string(dest).unwrap(), text);
}

/// Counts its tries in a file: says the number, and exits with 0 from the third on.
fn counting(directory: &tempfile::TempDir, more: Value) -> Value {
    let path = directory.path().join("n");
    let script = format!(
        "n=$(($(cat {0} 2>/dev/null || echo 0) + 1)); echo $n > {0}; echo $n; test $n -ge 3",
        path.display()
    );
    with(shell(&script, more), json!({"register": "r"}))
}

fn counted(directory: &tempfile::TempDir) -> String {
    std::fs::read_to_string(directory.path().join("n")).unwrap().trim().to_owned()
}

#[test]
fn task_is_tried_until_it_will_do() {
    let run = |more: Value| {
        let directory = tempfile::tempdir().unwrap();
        let shown = json!({"name": "z", "debug": {"var": "[r.attempts, r.rc, r.failed]"}});
        let run = apply(json!([counting(&directory, more), shown]));
        let last = run.outcome("t").details.notes.join(", ");
        (run.order(), last, counted(&directory), run)
    };
    let (order, note, tries, done) = run(json!({"retries": 5}));
    assert_eq!(
        (order.as_str(), note.as_str(), tries.as_str()),
        ("t changed, z ok: completed", "after 3 tries", "3")
    );
    assert_eq!(done.outcome("z").details.notes, ["[r.attempts, r.rc, r.failed]: [3,0,false]"]);
    // `until` says what success is, whatever the exit code.
    let (order, note, tries, done) = run(json!({"retries": 5, "until": "result.stdout == '2'"}));
    assert_eq!(
        (order.as_str(), note.as_str(), tries.as_str()),
        ("t changed, z ok: completed", "after 2 tries", "2")
    );
    assert_eq!(done.outcome("z").details.notes, ["[r.attempts, r.rc, r.failed]: [2,1,false]"]);
    assert_eq!(
        done.outcome("t").details.changes[0].line,
        "ran, and its exit code counts as success"
    );
    let (_, _, tries, _) =
        run(json!({"retries": "{{ 2 + 3 }}", "until": ["r.rc == 0", "r.attempts > 3"]}));
    assert_eq!(tries, "4");
    // Where `failed_when` says what failure is, `until` only ends the tries.
    let (order, _, tries, _) =
        run(json!({"retries": 5, "until": "r.stdout == '2'", "failed_when": "r.rc == 1"}));
    assert_eq!((order.as_str(), tries.as_str()), ("t failed: failed", "2"));
}

#[test]
fn too_many_tries_are_a_failure_that_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let failure =
        |more: Value| apply(json!([with(counting(&directory, json!({})), more)])).failure();
    let until = json!({"retries": 1, "until": "r.stdout == 'ready'"});
    let advice = "raise `retries` or `delay`".to_owned();
    let message = "`until` did not hold in 2 tries: r.stdout == 'ready'".to_owned();
    assert_eq!(failure(until), (message, advice));
    let run = apply(json!([shell("echo why >&2; exit 3", json!({"retries": 1}))]));
    assert_eq!(run.failure().0, "`echo why >&2; exit 3`: exit code 3 (2 tries)");
    assert_eq!(run.outcome("t").details.failure.as_ref().unwrap().stderr, "why\n");
    let run = apply(json!([shell("true", json!({"retries": "many"}))]));
    assert_eq!(run.failure().0, "`retries` takes a whole number, found \"many\"");
    let run = apply(json!([shell("true", json!({"retries": 1, "until": "nope"}))]));
    assert_eq!(run.failure().0, "`nope`: `nope` is undefined");
}

#[test]
fn cancel_ends_a_pause_between_tries() {
    let plan =
        plan(RunMode::Apply, &[json!([shell("false", json!({"retries": 9, "delay": 600}))])]);
    let host = manifest::host(&plan);
    let start = std::time::Instant::now();
    let run = Run::heard(plan, host, Ear { cancels: Some(Cancels::Progress), ..Ear::default() });
    assert!(start.elapsed().as_secs() < 5);
    assert_eq!(run.order(), "t failed: cancelled");
    assert_eq!(run.failure().0, "stopped before try 2 of 10");
}

#[test]
fn conditions_say_what_counts_as_change_and_failure() {
    for (script, more, expected) in [
        ("true", json!({"changed_when": false}), "ok"),
        ("true", json!({"changed_when": "result.rc == 0"}), "changed\nrun true"),
        ("true", json!({"changed_when": ["true", "false"]}), "ok"),
        ("true", json!({"failed_when": false}), "changed\nrun true"),
        (
            "true",
            json!({"failed_when": "result.rc == 0"}),
            "failed\nrun true\nerror: `failed_when` holds: result.rc == 0",
        ),
        ("true", json!({"failed_when": ["true", "false"]}), "changed\nrun true"),
        (
            "exit 3",
            json!({"failed_when": false}),
            "changed\nran, and its exit code counts as success",
        ),
        (
            "exit 3",
            json!({"failed_when": "result.rc > 3"}),
            "changed\nran, and its exit code counts as success",
        ),
        (
            "exit 3",
            json!({"failed_when": "result.rc == 3"}),
            "failed\nerror: `exit 3`: exit code 3",
        ),
        ("exit 3", json!({"failed_when": false, "changed_when": false}), "ok"),
        ("exit 3", json!({"changed_when": false}), "failed\nerror: `exit 3`: exit code 3"),
        (
            "exit 3",
            json!({"failed_when": "result.rc > 3", "changed_when": "result.rc == 3"}),
            "changed\nran, and its exit code counts as success",
        ),
        (
            "exit 3",
            json!({"changed_when": true}),
            "failed\nchanged, according to `changed_when`\nerror: `exit 3`: exit code 3",
        ),
        (
            "true",
            json!({"failed_when": true, "changed_when": false}),
            "failed\nerror: `failed_when` holds: true",
        ),
        (
            "true",
            json!({"changed_when": "nope"}),
            "failed\nrun true\nerror: `changed_when`: `nope`: `nope` is undefined",
        ),
        (
            "true",
            json!({"failed_when": "nope"}),
            "failed\nrun true\nerror: `failed_when`: `nope`: `nope` is undefined",
        ),
    ] {
        let shown = more.to_string();
        assert_eq!(apply(json!([shell(script, more)])).told("t"), expected, "{script} {shown}");
    }
}

#[test]
fn program_that_was_stopped_in_its_course_has_failed() {
    let late = |more: Value| {
        let task = shell("echo error; sleep 9", with(json!({"timeout": 1}), more));
        let shown = json!({"name": "z", "debug": {"var": "[r.rc, r.failed, r.stdout]"}});
        let task = with(task, json!({"register": "r", "ignore_error": true}));
        let run = apply(json!([task, shown]));
        format!("{}\n{}", run.told("t"), run.told("z"))
    };
    let stopped = "`echo error; sleep 9` did not end within 1 s and was stopped";
    let result =
        |failed: bool| format!("ok\nnote: [r.rc, r.failed, r.stdout]: [143,{failed},\"error\"]");
    let failed = format!("ignored\nerror: {stopped}\n{}", result(true));
    let twice = format!("ignored\nerror: {stopped} (2 tries)\n{}", result(true));
    let success = format!("changed\n{stopped}\n{}", result(false));
    std::thread::scope(|scope| {
        for (more, expected) in [
            (json!({"failed_when": "result.rc == 1"}), &failed),
            (json!({"failed_when": ["'Error' in r.stdout", "result.rc > 1"]}), &failed),
            (json!({"failed_when": "nope"}), &failed),
            (json!({"until": "result.rc != 5", "retries": 1, "delay": 0}), &twice),
            (json!({"failed_when": false, "until": "result.rc != 5"}), &success),
            (json!({"failed_when": "strict | default(false) and result.rc > 1"}), &success),
        ] {
            scope.spawn(move || assert_eq!(&late(more.clone()), expected, "{more}"));
        }
    });
}

#[test]
fn change_that_does_not_count_is_told_all_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let dest = directory.path().join("d");
    let made = json!({"name": "t", "file": {"action": "directory", "dest": dest.to_str().unwrap()}, "changed_when": false});
    let told = apply(json!([made])).told("t");
    assert!(told.starts_with(&format!("ok\nnote: make directory {}", dest.display())), "{told}");
    let missing =
        json!({"name": "t", "file": {"dest": "/nowhere/f", "content": "x"}, "failed_when": false});
    let told = apply(json!([missing])).told("t");
    assert!(told.starts_with("ok\nnote: no failure to the task: "), "{told}");
}

#[test]
fn failure_is_ignored_as_a_condition_says() {
    let ignoring = |condition: Value| shell("exit 3", json!({"ignore_error": condition}));
    orders(json!([ignoring(json!(true)), "z"]), "t ignored, z ok: completed");
    orders(json!([ignoring(json!("result.rc == 3")), "z"]), "t ignored, z ok: completed");
    orders(json!([ignoring(json!("result.rc == 4")), "z"]), "t failed: failed");
    let run = apply(json!([ignoring(json!("nope")), "z"]));
    assert_eq!(
        run.told("t"),
        "failed\nnote: `ignore_error`: `nope`: `nope` is undefined\nerror: `exit 3`: exit code 3"
    );
}
