//! The table of handlers: who runs when, and what becomes of it.

use super::*;

/// Runs a play with the handlers `A` and `B`, which change something.
#[track_caller]
fn table(rows: &[(&str, Value, &str)]) {
    let handlers = json!([changes("A", &[]), changes("B", &[])]);
    for (what, tasks, expected) in rows {
        let run = apply(json!({"tasks": tasks, "handlers": handlers}));
        assert_eq!(run.order(), *expected, "{what}");
    }
}

#[test]
fn handlers_run_once_in_the_order_of_their_definition() {
    table(&[
        (
            "no change",
            json!([with(changes("t", &["A"]), json!({"changed_when": false}))]),
            "t ok: completed",
        ),
        (
            "skipped",
            json!([with(changes("t", &["A"]), json!({"when": false}))]),
            "t skipped: completed",
        ),
        (
            "order of definition",
            json!([changes("t", &["B", "A"]), "u"]),
            "t changed, u ok, A changed, B changed: completed",
        ),
        (
            "twice",
            json!([changes("t", &["A"]), changes("u", &["A"])]),
            "t changed, u changed, A changed: completed",
        ),
        (
            "in a loop",
            json!([with(changes("t", &["A"]), json!({"loop": [1, 2, 3]}))]),
            "t changed, A changed: completed",
        ),
        (
            "by one element of a loop",
            json!([with(changes("t", &["A"]), json!({"loop": [1, 2], "when": "item == 2"}))]),
            "t changed, A changed: completed",
        ),
        (
            "in a looped block",
            json!([{"block": [changes("t", &["A"])], "loop": [1, 2]}]),
            "t changed, t changed, A changed: completed",
        ),
    ]);
}

#[test]
fn notified_handlers_run_although_a_later_task_fails() {
    table(&[
        (
            "later failed",
            json!([changes("t", &["B", "A"]), fails("f"), "never"]),
            "t changed, f failed, A changed, B changed: failed",
        ),
        (
            "ignored",
            json!([changes("t", &["A"]), with(fails("f"), json!({"ignore_error": true})), "u"]),
            "t changed, f ignored, u ok, A changed: completed",
        ),
        (
            "a failure that changed nothing notifies nobody",
            json!([with(fails("f"), json!({"notify": ["A"], "ignore_error": true}))]),
            "f ignored: completed",
        ),
        (
            "a failure that changed something notifies",
            json!([with(changes("t", &["A"]), json!({"failed_when": true}))]),
            "t failed, A changed: failed",
        ),
        (
            "one element failed behind one that changed something",
            json!([with(
                changes("t", &["A"]),
                json!({"loop": [1, 2], "failed_when": "item == 2",
                "changed_when": "item == 1"})
            )]),
            "t failed, A changed: failed",
        ),
        (
            "in the body of a rescued block",
            json!([{"block": [changes("t", &["A"]), fails("f")], "rescue": [changes("r", &["B"])]}, "u"]),
            "t changed, f rescued, r changed, u ok, A changed, B changed: completed",
        ),
        (
            "in a rescue that fails",
            json!([{"block": [fails("f")], "rescue": [changes("r", &["A"]), fails("g")],
                "always": [changes("w", &["B"])]}]),
            "f rescued, r changed, g failed, w changed, A changed, B changed: failed",
        ),
    ]);
}

#[test]
fn flush_runs_handlers_midway_and_they_run_again_when_notified_again() {
    table(&[
        (
            "midway",
            json!([changes("t", &["A"]), flush(), "u"]),
            "t changed, flush ok, A changed, u ok: completed",
        ),
        (
            "midway and at the end",
            json!([changes("t", &["A"]), flush(), changes("u", &["B", "A"])]),
            "t changed, flush ok, A changed, u changed, A changed, B changed: completed",
        ),
        (
            "skipped flush",
            json!([changes("t", &["A"]), with(flush(), json!({"when": false})), "u"]),
            "t changed, flush skipped, u ok, A changed: completed",
        ),
        ("nobody notified", json!([flush(), "u"]), "flush ok, u ok: completed"),
        (
            "in a looped block",
            json!([{"block": [changes("t", &["A"]), flush()], "loop": [1, 2]}]),
            "t changed, flush ok, A changed, t changed, flush ok, A changed: completed",
        ),
        (
            "a flush fails behind",
            json!([changes("t", &["A"]), flush(), fails("f")]),
            "t changed, flush ok, A changed, f failed: failed",
        ),
        (
            "an ordinary task behind a flush that is skipped runs no handler",
            json!([with(flush(), json!({"when": false})), changes("t", &["A"]), "u", flush()]),
            "flush skipped, t changed, u ok, flush ok, A changed: completed",
        ),
    ]);
}

#[test]
fn handler_may_notify() {
    let play = |handlers: Value| json!({"tasks": [changes("t", &["A"])], "handlers": handlers});
    orders(
        play(json!([changes("A", &["B"]), changes("B", &[])])),
        "t changed, A changed, B changed: completed",
    );
    orders(
        json!({"tasks": [changes("t", &["B"])], "handlers": [changes("A", &[]), changes("B", &["A"])]}),
        "t changed, B changed, A changed: completed",
    );
    // What B changed came after A: A is due again.
    orders(
        json!({"tasks": [changes("t", &["A", "B"])], "handlers": [changes("A", &[]), changes("B", &["A"])]}),
        "t changed, A changed, B changed, A changed: completed",
    );
    // The longest chain there is, against the order of definition.
    orders(
        json!({"tasks": [changes("t", &["D"])], "handlers": [changes("A", &[]), changes("B", &["A"]),
            changes("C", &["B"]), changes("D", &["C"])]}),
        "t changed, D changed, C changed, B changed, A changed: completed",
    );
    let circle = apply(play(json!([changes("A", &["B"]), changes("B", &["A"])])));
    assert_eq!(
        circle.order(),
        "t changed, A changed, B changed, A changed, B changed, A failed: failed"
    );
    assert_eq!(circle.failure().0, "handlers notify each other in a cycle");
    let once = with(changes("A", &["A"]), json!({"changed_when": "not seen", "register": "x"}));
    orders(
        json!({"tasks": [changes("t", &["A"])], "handlers": [once], "vars": {"seen": true}}),
        "t changed, A ok: completed",
    );
}

#[test]
fn failing_handler_keeps_no_other_from_running_unless_the_play_says_so() {
    let failing = json!([fails("A"), changes("B", &[])]);
    let tasks = json!([changes("t", &["A", "B"]), "u"]);
    orders(
        json!({"tasks": tasks, "handlers": failing}),
        "t changed, u ok, A failed, B changed: failed",
    );
    orders(
        json!({"tasks": tasks, "handlers": failing, "handlers_on_failure": "skip"}),
        "t changed, u ok, A failed: failed",
    );
    orders(
        json!({"tasks": [changes("t", &["A"]), fails("f")], "handlers": [changes("A", &[])],
            "handlers_on_failure": "skip"}),
        "t changed, f failed: failed",
    );
    let flushed = json!([changes("t", &["A", "B"]), flush(), "u"]);
    orders(
        json!({"tasks": flushed, "handlers": failing}),
        "t changed, flush ok, A failed, B changed: failed",
    );
    // A flush in a block: its handlers' failure is the block's.
    orders(
        json!({"tasks": [{"block": flushed, "rescue": ["r"]}, "v"], "handlers": failing}),
        "t changed, flush ok, A rescued, B changed, r ok, v ok: completed",
    );
    orders(
        json!({"tasks": tasks, "handlers": [with(fails("A"), json!({"ignore_error": true})), changes("B", &[])]}),
        "t changed, u ok, A ignored, B changed: completed",
    );
}

#[test]
fn handlers_belong_to_their_play() {
    let play = |task: Value| json!({"tasks": [task], "handlers": [changes("A", &[])]});
    let run = |plays: &[Value]| Run::of(plan(RunMode::Apply, plays)).order();
    assert_eq!(
        run(&[play(changes("t", &["A"])), play(changes("u", &["A"]))]),
        "t changed, A changed, u changed, A changed: completed"
    );
    assert_eq!(
        run(&[play(changes("t", &["A"])), json!(["u"])]),
        "t changed, A changed, u ok: completed"
    );
    assert_eq!(run(&[json!([fails("f")]), json!(["u"])]), "f failed: failed");
    let failing = json!({"tasks": [changes("t", &["A"])], "handlers": [fails("A")]});
    assert_eq!(run(&[failing, json!(["u"])]), "t changed, A failed: failed");
}

#[test]
fn handler_sees_its_plays_names_wherever_it_runs() {
    let handler = json!({"name": "H {{ x }}", "debug": {"msg": "{{ x }} {{ item is defined }}"}});
    let block = json!({"block": [changes("t", &["H {{ x }}"]), flush()], "vars": {"x": "block"}, "loop": [1]});
    let run = apply(json!({"tasks": [block], "handlers": [handler], "vars": {"x": "play"}}));
    assert_eq!(run.told("H play"), "ok\nnote: play false");
}

#[test]
fn handlers_have_conditions_loops_and_results_of_their_own() {
    let handler = json!({"name": "A", "command": "echo {{ item }}", "loop": ["a", "b"], "when": "item == 'b'",
        "register": "a"});
    let tasks = json!([changes("t", &["A"]), flush(), {"name": "u", "debug": {"var": "a.results[1].stdout"}}]);
    let run = apply(json!({"tasks": tasks, "handlers": [handler]}));
    assert_eq!(run.told("A"), "changed\n[a] skipped\n[b] changed run echo b");
    assert_eq!(run.told("u"), "ok\nnote: a.results[1].stdout: b");
}

#[test]
fn checked_task_notifies_nobody_and_one_that_is_never_checked_does() {
    let always = with(changes("t", &["A"]), json!({"check": "always"}));
    let handlers = json!([{"name": "A", "command": "true"}]);
    orders(json!({"tasks": [always], "handlers": handlers}), "t pending: completed");
    let never = with(changes("t", &["A"]), json!({"check": "never"}));
    let run = check(json!({"tasks": [never], "handlers": handlers}));
    assert_eq!(run.order(), "t changed, A pending: completed");
}

#[test]
fn check_mode_tells_which_handlers_would_run() {
    let handlers =
        json!([changes("A", &[]), with(changes("B", &[]), json!({"when": "mode == 2"}))]);
    let run =
        |tasks: Value| check(json!({"tasks": tasks, "handlers": handlers, "vars": {"mode": 1}}));
    assert_eq!(
        run(json!([changes("t", &["A", "B"])])).order(),
        "t pending, A pending, B skipped: completed"
    );
    assert_eq!(
        run(json!([changes("t", &["A"]), flush(), "u"])).order(),
        "t pending, flush ok, A pending, u ok: completed"
    );
    // A command that is not run says nothing.
    let probe = json!({"name": "probe", "command": "true", "register": "p"});
    let maybe = with(changes("t", &["A", "B"]), json!({"when": "p.rc == 0"}));
    let open = run(json!([probe, maybe]));
    assert_eq!(open.order(), "probe pending, t pending, A pending, B skipped: completed");
    assert_eq!(open.told("A"), "pending\ndepends on the result of `probe`");
    // Somebody else notifies it for sure.
    let sure = run(json!([probe, maybe, changes("u", &["A"])]));
    assert_eq!(sure.told("A"), "pending\nchanged, according to `changed_when`\nnote: A");
    // Whether it changes something is its own program's secret.
    let own = json!({"name": "own", "command": "true", "changed_when": "result.rc == 2", "notify": ["A"]});
    let own = run(json!([own]));
    assert_eq!(
        own.told("own"),
        "pending\nrun true\nwhether it changes something depends on the result of `own`"
    );
    assert_eq!(own.told("A"), "pending\ndepends on the result of `own`");
    let ignored = json!({"name": "own", "command": "true", "ignore_error": true, "notify": ["A"]});
    assert_eq!(run(json!([ignored])).told("A"), "pending\ndepends on the result of `own`");
    let surely = json!({"name": "own", "command": "true", "notify": ["A"]});
    assert_eq!(
        run(json!([surely])).told("A"),
        "pending\nchanged, according to `changed_when`\nnote: A"
    );
}
