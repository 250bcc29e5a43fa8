//! Loops over lists, mappings and expressions: labels, failures, and bounds.

use super::*;

fn say(loop_: Value, more: Value) -> Value {
    with(json!({"name": "t", "debug": {"msg": "{{ item }}"}, "loop": loop_}), more)
}

#[track_caller]
fn told(task: Value, expected: &str) {
    assert_eq!(apply(json!({"tasks": [task], "vars": {"list": ["x", "y"]}})).told("t"), expected);
}

#[test]
fn elements_come_from_lists_mappings_and_expressions() {
    told(say(json!(["a", "{{ list[0] }}"]), json!({})), "ok\n[a] ok a\n[x] ok x");
    told(say(json!("{{ list }}"), json!({})), "ok\n[x] ok x\n[y] ok y");
    told(say(json!("{{ range(2) }}"), json!({})), "ok\n[0] ok 0\n[1] ok 1");
    told(
        json!({"name": "t", "debug": {"msg": "{{ item.key }}={{ item.value }}"}, "loop": {"b": 1, "a": 2}}),
        "ok\n[{\"key\":\"b\",\"value\":1}] ok b=1\n[{\"key\":\"a\",\"value\":2}] ok a=2",
    );
    told(
        json!({"name": "t", "debug": {"msg": "{{ n }} {{ x }}"}, "loop": ["a", "b"], "var": "x", "index": "n",
            "label": "number {{ n + 1 }}"}),
        "ok\n[number 1] ok 0 a\n[number 2] ok 1 b",
    );
    told(say(json!([]), json!({})), "skipped");
    told(say(json!([1, 2]), json!({"when": "item > 5"})), "skipped\n[1] skipped\n[2] skipped");
    told(say(json!([1, 2]), json!({"when": "item > 1"})), "ok\n[1] skipped\n[2] ok 2");
}

#[test]
fn item_stands_in_nested_parameters() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().to_str().unwrap();
    let file = json!({"dest": "{{ root }}/{{ item.name }}", "content": "{{ item.lines | join(',') }}",
        "mode": "{{ item.mode }}"});
    let task = json!({"name": "t", "file": file, "loop": [{"name": "f", "lines": [1, 2], "mode": "0640"}],
        "label": "{{ item.name }}"});
    let run = apply(json!({"tasks": [task], "vars": {"root": root}}));
    assert_eq!(run.outcome("t").status, Status::Changed, "{}", run.told("t"));
    assert_eq!(std::fs::read_to_string(directory.path().join("f")).unwrap(), "1,2");
}

#[test]
fn what_is_no_list_is_refused_before_anything_runs() {
    for (over, found) in
        [(json!("nginx"), "\"nginx\""), (json!("{{ 7 }}"), "7"), (json!(true), "true")]
    {
        let run = apply(json!([say(over, json!({})), "z"]));
        assert_eq!(run.order(), "t failed: failed");
        let (message, hint) = run.failure();
        assert_eq!(message, format!("`loop` takes a list or a mapping, found {found}"));
        assert_eq!(hint, "write `[...]` around it, or an expression that gives a list");
    }
}

#[test]
fn failed_element_keeps_no_other_from_its_turn() {
    let shell = |more: Value| {
        let task =
            json!({"name": "t", "command": {"shell": "exit {{ item }}"}, "loop": [0, 3, 0, 4]});
        with(task, more)
    };
    told(
        shell(json!({})),
        "failed\nerror: 2 of 4 failed\n[0] changed run exit 0\n[3] failed `exit 3`: exit code 3\n\
         [0] changed run exit 0\n[4] failed `exit 4`: exit code 4",
    );
    told(
        shell(json!({"loop": [0, 3], "ignore_error": true})),
        "ignored\nerror: `3` failed, of 2\n[0] changed run exit 0\n[3] ignored `exit 3`: exit code 3",
    );
    orders(json!([shell(json!({"ignore_error": true})), "z"]), "t ignored, z ok: completed");
    orders(json!([{"block": [shell(json!({}))], "rescue": ["r"]}]), "t rescued, r ok: completed");
    // The condition sees the whole loop's result.
    let asked = shell(
        json!({"ignore_error": "result.results | selectattr('failed') | list | length == 2"}),
    );
    orders(json!([asked]), "t ignored: completed");
}

#[test]
fn label_that_cannot_be_rendered_tells_nothing_of_the_element() {
    told(say(json!(["secret"]), json!({"label": "{{ item.name }}"})), "ok\n[element 1] ok secret");
    let long = "x".repeat(70);
    told(
        json!({"name": "t", "debug": {"msg": "m"}, "loop": [long, "a\nb"]}),
        &format!("ok\n[{}...] ok m\n[a...] ok m", "x".repeat(60)),
    );
}

#[test]
fn huge_loop_stays_small_in_its_report() {
    let failing = "item in [50000, 60000]";
    let task =
        say(json!("{{ range(100000) }}"), json!({"failed_when": failing, "ignore_error": true}));
    let run = apply(json!([task]));
    let outcome = run.outcome("t");
    assert_eq!(outcome.items.len(), 10_003);
    assert_eq!(outcome.details.failure.as_ref().unwrap().message, "2 of 100000 failed");
    let kept: Vec<_> = outcome.items[10_000..]
        .iter()
        .map(|item| format!("{} {} {:?}", item.label, item.status, item.details.notes))
        .collect();
    assert_eq!(kept, ["50000 ignored []", "60000 ignored []", "and 89998 more ok [\"89998 ok\"]"]);
    let told = run.replies.iter().filter(|reply| matches!(reply, Reply::Progress { .. })).count();
    assert!(told <= 1000, "{told}");
}

#[test]
fn elements_with_much_to_say_find_no_more_room_than_a_frame_has() {
    let task =
        json!({"name": "t", "debug": {"msg": "{{ 'x' * 1000000 }}"}, "loop": "{{ range(100) }}"});
    let run = apply(json!([task]));
    let outcome = run.outcome("t").clone();
    assert_eq!(outcome.items.len(), 17);
    assert_eq!(outcome.items[16].label, "and 84 more");
    assert!(hep_protocol::frame::encode(&Reply::Finished { task: 0, outcome }).is_ok());
}

#[test]
fn cancelled_loop_says_where_it_stopped() {
    let sleeps =
        json!({"name": "t", "command": ["sleep", "{{ item }}"], "loop": ["1.1", "0.01", "0.02"]});
    let plan = plan(RunMode::Apply, &[json!([sleeps])]);
    let host = manifest::host(&plan);
    // A loop tells of its progress only when it takes long.
    let run = Run::heard(plan, host, Ear { cancels: Some(Cancels::Progress), ..Ear::default() });
    assert_eq!(run.order(), "t failed: cancelled");
    assert_eq!(
        run.told("t"),
        "failed\nerror: `0.02` failed, of 3\n[1.1] changed run sleep 1.1\n[0.01] changed run sleep 0.01\n[0.02] failed stopped before 0.02"
    );
}
