//! Blocks: conditions, rescue, always, loops, and how they end.

use super::*;

#[test]
fn rescue_takes_over_and_always_runs_in_every_case() {
    for (block, expected) in [
        (
            json!([{"block": ["a"], "rescue": ["r"], "always": ["w"]}, "z"]),
            "a ok, w ok, z ok: completed",
        ),
        (
            json!([{"block": ["a", fails("f"), "b"], "rescue": ["r"], "always": ["w"]}, "z"]),
            "a ok, f rescued, r ok, w ok, z ok: completed",
        ),
        (json!([{"block": [fails("f")], "always": ["w"]}, "z"]), "f failed, w ok: failed"),
        (
            json!([{"block": [fails("f")], "rescue": [fails("g"), "r"], "always": ["w"]}, "z"]),
            "f rescued, g failed, w ok: failed",
        ),
        (
            json!([{"block": [fails("f")], "rescue": ["r"], "always": [fails("w"), "x"]}, "z"]),
            "f rescued, r ok, w failed: failed",
        ),
        (
            json!([{"block": ["a"], "rescue": ["r"], "always": [fails("w")]}, "z"]),
            "a ok, w failed: failed",
        ),
        (
            json!([{"block": [with(fails("f"), json!({"ignore_error": true})), "a"], "rescue": ["r"]}]),
            "f ignored, a ok: completed",
        ),
    ] {
        orders(block, expected);
    }
}

#[test]
fn inner_failure_reaches_the_next_rescue_outwards() {
    let inner = json!({"block": [fails("f")], "always": ["w"]});
    orders(
        json!([{"block": [inner, "a"], "rescue": ["r"]}, "z"]),
        "f rescued, w ok, r ok, z ok: completed",
    );
    let inner = json!({"block": [fails("f")], "rescue": [fails("g")], "always": ["w"]});
    orders(
        json!([{"block": [inner, "a"], "rescue": ["r"], "always": ["v"]}, "z"]),
        "f rescued, g rescued, w ok, r ok, v ok, z ok: completed",
    );
    let inner = json!({"block": [fails("f")], "rescue": ["q"]});
    orders(
        json!([{"block": ["a"], "rescue": ["r"], "always": [inner, fails("w")]}]),
        "a ok, f rescued, q ok, w failed: failed",
    );
    let inner = json!({"block": ["b"], "rescue": ["q"], "always": [fails("w")]});
    orders(json!([{"block": [inner], "rescue": ["r"]}]), "b ok, w rescued, r ok: completed");
}

#[test]
fn block_that_is_not_entered_tells_so_of_its_body() {
    let inner = json!({"block": ["b", {"block": ["c"], "always": ["d"]}], "rescue": ["r"], "always": ["w"]});
    orders(
        json!([{"block": ["a", inner], "always": ["v"], "when": false}, "z"]),
        "a skipped, b skipped, c skipped, z ok: completed",
    );
    // Decided once, whatever happens inside.
    let set = json!({"name": "s", "set": {"go": false}});
    orders(
        json!({"tasks": [{"block": [set, "a"], "when": "go"}], "vars": {"go": true}}),
        "s ok, a ok: completed",
    );
    // A task that reads the result of a skipped one is told so.
    let left = json!({"name": "a", "debug": {"msg": "x"}, "register": "a"});
    let asks = json!({"name": "b", "debug": {"var": "[a.skipped, a.changed, a.failed]"}});
    let run = apply(json!([{"block": [left], "when": false}, asks]));
    assert_eq!(run.told("b"), "ok\nnote: [a.skipped, a.changed, a.failed]: [true,false,false]");
}

#[test]
fn wrong_condition_of_a_block_fails_its_first_task() {
    let run = apply(json!([{"block": [{"block": ["a"]}, "b"], "when": "nme == 1"}, "z"]));
    assert_eq!(run.order(), "a failed: failed");
    assert_eq!(run.failure().0, "`nme == 1`: `nme` is undefined");
    orders(
        json!([{"block": [{"block": ["a"], "when": "nope"}], "rescue": ["r"]}]),
        "a rescued, r ok: completed",
    );
    let run = apply(json!([{"block": ["a"], "loop": "text", "rescue": ["r"]}]));
    assert_eq!(run.order(), "a failed: failed");
    assert_eq!(run.failure().0, "`loop` takes a list or a mapping, found \"text\"");
}

#[test]
fn block_is_run_for_each_element() {
    let said = |name: &str| json!({"name": name, "debug": {"msg": "x"}});
    orders(
        json!([{"block": [said("{{ item }} {{ n }}"), said("{{ item }}")], "loop": ["p", "q"], "index": "n"}]),
        "p 0 ok, p ok, q 1 ok, q ok: completed",
    );
    let inner = json!({"block": [said("{{ x }}{{ y }}")], "loop": [1, 2], "var": "y"});
    orders(
        json!([{"block": [inner], "loop": ["a", "b"], "var": "x"}]),
        "a1 ok, a2 ok, b1 ok, b2 ok: completed",
    );
    // What failed in one round is rescued in it; what is not ends the rounds.
    let risky = with(fails("f{{ item }}"), json!({"when": "item == 1"}));
    orders(
        json!([{"block": [risky, "a"], "rescue": ["r"], "always": ["w"], "loop": [1, 2]}]),
        "f1 rescued, r ok, w ok, f2 skipped, a ok, w ok: completed",
    );
    orders(
        json!([{"block": [risky, "a"], "always": ["w"], "loop": [1, 2]}, "z"]),
        "f1 failed, w ok: failed",
    );
    let left = with(said("a"), json!({"register": "a"}));
    let asks = json!({"name": "z", "debug": {"var": "a.skipped"}});
    let run = apply(json!([{"block": [left], "loop": [], "rescue": ["r"]}, asks]));
    assert_eq!(run.order(), "a skipped, z ok: completed");
    assert_eq!(run.told("z"), "ok\nnote: a.skipped: true");
}

#[test]
fn cancelled_block_runs_neither_rescue_nor_always() {
    let play = json!({"tasks": [changes("t", &["H"]), {"block": [fails("a"), "b"], "rescue": ["r"],
        "always": ["w"]}], "handlers": [changes("H", &[])]});
    let plan = plan(RunMode::Apply, &[play]);
    let host = manifest::host(&plan);
    let ear = Ear { cancels: Some(Cancels::Start(2)), ..Ear::default() };
    assert_eq!(Run::heard(plan, host, ear).order(), "t changed, a rescued: cancelled");
}

#[test]
fn operator_is_asked_before_each_task() {
    let asked = |answers: &[Go], tasks: Value| {
        let mut plan = plan(RunMode::Apply, &[tasks]);
        plan.settings.pace = Pace::Asking;
        let host = manifest::host(&plan);
        let ear = Ear { answers: Mutex::new(answers.to_vec()), ..Ear::default() };
        Run::heard(plan, host, ear)
    };
    let run = asked(&[Go::Run, Go::Skip, Go::RunAll], json!(["a", "b", "c", "d"]));
    assert_eq!(run.order(), "a ok, b skipped, c ok, d ok: completed");
    let asks = run.replies.iter().filter(|reply| matches!(reply, Reply::Ask { .. })).count();
    assert_eq!(asks, 3);
    let left = json!({"name": "a", "command": "true", "register": "a"});
    let run =
        asked(&[Go::Skip, Go::Run], json!([left, {"name": "b", "debug": {"var": "a.skipped"}}]));
    assert_eq!(run.told("b"), "ok\nnote: a.skipped: true");
}
