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

/// What rounds of a loop see, each on its own.
#[track_caller]
fn rounds(task: Value, shown: &str, expected: Value) {
    let name = json!({"name": "t", "debug": {"msg": shown}});
    let result = result(with(name, task));
    let said = result["results"]
        .as_array()
        .map(|all| all.iter().map(|one| one["msg"].clone()).collect::<Value>());
    assert_eq!(said.unwrap_or_else(|| result["msg"].clone()), expected);
}

#[test]
fn lookups_give_the_elements_of_a_loop() {
    let check = |with: &str, over: Value, expected: Value| {
        rounds(json!({"with": with, "loop": over}), "{{ item }}", expected);
    };
    check("items", json!([1, [2, 3], [[4]]]), json!([1, 2, 3, [4]]));
    check("items", json!("single"), json!(["single"]));
    check("list", json!([1, [2, 3]]), json!([1, [2, 3]]));
    check("flattened", json!([1, [2, [3]]]), json!([1, 2, 3]));
    check("dict", json!({"a": 1}), json!([{"key": "a", "value": 1}]));
    check("together", json!([["a", "b"], [1]]), json!([["a", 1], ["b", null]]));
    check("nested", json!([["a"], [1, 2]]), json!([["a", 1], ["a", 2]]));
    check("indexed_items", json!(["a", "b"]), json!([[0, "a"], [1, "b"]]));
    check("sequence", json!("start=1 end=2 format=n%02d"), json!(["n01", "n02"]));
    check("random_choice", json!(["a", "a"]), json!(["a"]));
    let users = json!([{"name": "x", "keys": [1, 2]}]);
    let (one, two) = (json!([{"name": "x"}, 1]), json!([{"name": "x"}, 2]));
    check("subelements", json!([users, "keys"]), json!([one, two]));
    check("nope", json!(["a"]), json!("the lookup `nope` cannot be answered here"));
}

#[test]
fn rounds_know_their_place() {
    let place = "{{ ansible_loop.index }}{{ ansible_loop.revindex0 }}{{ ansible_loop.last }}\
                 {{ ansible_loop.previtem | default('-') }}{{ ansible_loop.nextitem | default('-') }}";
    let looped = json!({"loop": ["a", "b"], "extended": true, "pause": 0.01});
    rounds(looped, place, json!(["11False-b", "20Truea-"]));
    let index = json!({"loop": ["a"], "index": "i", "var": "it"});
    rounds(index, "{{ i }}{{ it }}", json!(["0a"]));
}

#[test]
fn loop_takes_a_list_alone() {
    let check = |over: Value, expected: &str| {
        rounds(json!({"loop": over}), "x", json!(expected));
    };
    check(json!({"a": 1}), "`loop` takes a list, found {\"a\":1}");
    check(json!("a"), "`loop` takes a list, found \"a\"");
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

#[test]
fn what_a_handler_notifies_before_itself_waits_for_the_next_flush() {
    let handlers = json!([changes("A", &[]), changes("B", &["A", "C"]), changes("C", &[])]);
    let tasks = json!([changes("t", &["B"]), flush(), "u", flush()]);
    let run = apply(json!({"foreign": true, "tasks": tasks, "handlers": handlers}));
    let expected =
        "t changed, flush ok, B changed, C changed, u ok, flush ok, A changed: completed";
    assert_eq!(run.order(), expected);
}

#[test]
fn a_rescue_reads_the_result_of_a_loop_that_failed() {
    let text = "{{ ansible_failed_result.results | map(attribute='rc') | list | to_json }}";
    let rescue = json!({"name": "told", "debug": {"msg": text}});
    let fails = json!({"name": "f", "command": {"shell": "exit {{ item }}"}, "loop": [0, 2]});
    let run = apply(json!({"foreign": true, "tasks": [{"block": [fails], "rescue": [rescue]}]}));
    assert_eq!(run.told("told"), "ok\nnote: [0, 2]");
}

#[test]
fn files_of_variables_are_chosen_round_by_round() {
    let set =
        json!({"a.yml": {"v": "{{ w }}", "w": 1}, "b.yml": {"u": 2}, "c.yml": "it has mistakes"});
    let gives = json!({"rank": "included", "chosen": "{{ item }}", "files": ["a.yml", "b.yml"]});
    let task = |over: Value| json!({"name": "i", "set": set, "gives": gives, "loop": over, "register": "r"});
    let files = "{{ r.results | map(attribute='ansible_included_var_files') | list | to_json }}";
    let shown = json!({"name": "shown", "debug": {"msg": "{{ v }} {{ u }}"}});
    let told = json!({"name": "told", "debug": {"msg": files}});
    let run =
        apply(json!({"foreign": true, "tasks": [task(json!(["a.yml", "b.yml"])), shown, told]}));
    assert_eq!(run.told("shown"), "ok\nnote: 1 2");
    assert_eq!(run.told("told"), "ok\nnote: [[\"/vars/a.yml\"], [\"/vars/b.yml\"]]");
    for (file, why) in [
        ("c.yml", "it has mistakes"),
        ("d.yml", "there is no file `d.yml` of variables; there are: a.yml, b.yml, c.yml"),
    ] {
        let run = apply(json!({"foreign": true, "tasks": [task(json!([file]))]}));
        assert!(run.told("i").contains(why), "{}", run.told("i"));
    }
}

#[test]
fn what_a_role_publishes_is_no_task_and_ends_with_the_play() {
    let set = json!({"name": "p", "set": {"v": 1}, "gives": {"rank": "defaults"}});
    let shown = |name: &str| json!({"name": name, "debug": {"msg": "{{ v is defined }}"}});
    let plays = [
        json!({"foreign": true, "tasks": [shown("a"), set, shown("b")]}),
        json!({"foreign": true, "tasks": [shown("c")]}),
    ];
    let run = Run::of(plan(RunMode::Apply, &plays));
    assert_eq!(run.order(), "a ok, b ok, c ok: completed");
    let told = ["a", "b", "c"].map(|name| run.told(name));
    assert_eq!(told, ["ok\nnote: false", "ok\nnote: true", "ok\nnote: false"]);
}
