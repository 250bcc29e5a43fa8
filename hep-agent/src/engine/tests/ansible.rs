//! Registered results as content for Ansible reads them.

use super::*;

/// The result `r` of a task, without times.
fn result(task: Value) -> Value {
    let task = with(task, json!({"register": "r", "ignore_error": true}));
    let show = json!({"name": "shown", "debug": {"msg": "{{ r | to_json }}"}});
    let told = apply(json!({"foreign": true, "tasks": [task, show]})).told("shown");
    let text = told.strip_prefix("ok\nnote: ").expect(&told);
    let mut result: Value = serde_json::from_str(text).unwrap();
    strip(&mut result);
    result
}

fn strip(result: &mut Value) {
    let fields = result.as_object_mut().unwrap();
    fields.retain(|name, _| !["start", "end", "delta"].contains(&name.as_str()));
    if let Some(Value::Array(results)) = fields.get_mut("results") {
        results.iter_mut().for_each(strip);
    }
}

#[track_caller]
fn check(task: Value, expected: Value) {
    assert_eq!(result(with(json!({"name": "t"}), task)), expected);
}

fn ran(cmd: Value, rc: u8, stdout: &str) -> Value {
    let lines: Vec<&str> = stdout.lines().collect();
    json!({"changed": true, "cmd": cmd, "failed": false, "msg": if rc == 0 { "" } else { "non-zero return code" },
        "rc": rc, "stderr": "", "stderr_lines": [], "stdout": stdout, "stdout_lines": lines})
}

#[test]
fn command_tells_how_its_program_ended() {
    check(json!({"command": {"argv": "echo a"}}), ran(json!(["echo", "a"]), 0, "a"));
    let failed = with(ran(json!("echo a; exit 2"), 2, "a"), json!({"failed": true}));
    check(json!({"command": {"shell": "echo a; exit 2"}}), failed);
    let why = "'/etc/pass*' exists";
    check(
        json!({"command": {"argv": "echo x", "creates": "/etc/pass*"}}),
        with(
            ran(json!(["echo", "x"]), 0, "skipped, since /etc/pass* exists"),
            json!({"changed": false, "msg": format!("Did not run command since {why}")}),
        ),
    );
}

#[test]
fn conditions_on_the_end_stand_in_the_result() {
    let task = |more: Value| with(json!({"command": {"shell": "exit 1"}}), more);
    let end = ran(json!("exit 1"), 1, "");
    check(
        task(json!({"failed_when": "false"})),
        with(end.clone(), json!({"failed_when_result": false})),
    );
    check(
        task(json!({"failed_when": "r.rc == 1", "changed_when": "false"})),
        with(end.clone(), json!({"failed_when_result": true, "failed": true, "changed": false})),
    );
    check(
        task(json!({"retries": 2, "delay": 0, "until": "r.rc == 0"})),
        with(end.clone(), json!({"failed": true, "attempts": 2})),
    );
    check(
        task(json!({"retries": 2, "delay": 0, "until": "r.rc == 1"})),
        with(end, json!({"failed": true, "attempts": 1})),
    );
}

#[test]
fn skipped_task_says_by_which_condition() {
    let skipped = |condition: Value| {
        json!({"changed": false, "skipped": true, "skip_reason": "Conditional result was False",
            "false_condition": condition})
    };
    check(json!({"command": {"argv": "x"}, "when": "false"}), skipped(json!(false)));
    check(json!({"command": {"argv": "x"}, "when": "1 == 2"}), skipped(json!("1 == 2")));
}

#[test]
fn loop_has_the_results_of_its_elements() {
    let task = |more: Value| with(json!({"debug": {"msg": "{{ item }}"}}), more);
    let one = |item: &str| json!({"changed": false, "failed": false, "msg": item, "item": item, "ansible_loop_var": "item"});
    check(
        task(json!({"loop": ["a", "b"]})),
        json!({"changed": false, "failed": false, "skipped": false, "msg": "All items completed",
            "results": [one("a"), one("b")]}),
    );
    check(
        task(json!({"loop": []})),
        json!({"changed": false, "skipped": true, "results": [], "skipped_reason": "No items in the list"}),
    );
    let result = result(with(json!({"name": "t"}), task(json!({"loop": ["a"], "when": "false"}))));
    assert_eq!(result["msg"], "All items skipped");
    assert_eq!([&result["skipped"], &result["results"][0]["skipped"]], [true, true]);
}

#[test]
fn words_and_facts_are_in_the_result() {
    check(json!({"debug": {"msg": 5}}), json!({"changed": false, "failed": false, "msg": 5}));
    check(
        json!({"debug": {"var": "1 + 2"}}),
        json!({"changed": false, "failed": false, "1 + 2": 3}),
    );
    check(json!({"fail": {"msg": "no"}}), json!({"changed": false, "failed": true, "msg": "no"}));
    check(
        json!({"set": {"a": 1}}),
        json!({"changed": false, "failed": false, "ansible_facts": {"a": 1}}),
    );
    check(
        json!({"assert": {"that": ["1 == 1"]}}),
        json!({"changed": false, "failed": false, "msg": "All assertions passed"}),
    );
    check(
        json!({"assert": {"that": ["1 == 1", "1 == 2"]}}),
        json!({"changed": false, "failed": true, "msg": "Assertion failed",
            "assertion": "1 == 2", "evaluated_to": false}),
    );
}

#[test]
fn file_tells_what_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("f").display().to_string();
    let file = |params: Value| json!({"name": "t", "file": with(json!({"dest": path}), params)});
    let fields = |result: &Value| {
        let mut names = result.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        names.sort();
        names.join(" ")
    };
    let new = result(file(json!({"content": "x\n", "mode": "0640"})));
    assert_eq!(
        fields(&new),
        "changed checksum dest failed gid group md5sum mode owner size state uid"
    );
    assert_eq!(new["checksum"], "6fcf9dfbd479ed82697fee719b9f8c610a11ff2a");
    assert_eq!([&new["mode"], &new["state"], &new["dest"]], ["0640", "file", &path]);
    let same = result(file(json!({"content": "x\n"})));
    assert_eq!(
        fields(&same),
        "changed checksum dest failed gid group mode owner path size state uid"
    );
    let kept = result(file(json!({"content": "y", "overwrite": false})));
    assert_eq!(kept, json!({"changed": false, "failed": false, "dest": path}));
    let touched = result(file(json!({"action": "touch"})));
    assert_eq!(fields(&touched), "changed dest failed gid group mode owner size state uid");
    let stat = json!({"name": "t", "stat": {"path": path, "algorithm": "sha1"}});
    let stat = &result(stat)["stat"];
    assert_eq!(stat["checksum"], new["checksum"]);
    assert_eq!([&stat["isreg"], &stat["isfifo"], &stat["woth"]], [true, false, false]);
    assert_eq!([&stat["mode"], &stat["pw_name"]], [&json!("0640"), &new["owner"]]);
    let gone = result(file(json!({"action": "absent"})));
    assert_eq!(gone, json!({"changed": true, "failed": false, "path": path, "state": "absent"}));
    let none = result(json!({"name": "t", "stat": {"path": path}}));
    assert_eq!(none, json!({"changed": false, "failed": false, "stat": {"exists": false}}));
}
