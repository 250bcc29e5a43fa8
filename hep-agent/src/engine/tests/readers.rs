//! Where names are read for the last time, and what becomes of results because of that.

use super::super::readers::{Point, Readers};
use super::*;

/// Where `r` is read last: `play:entry`.
#[track_caller]
fn last(plays: &[Value], expected: &str) {
    let plan = plan(RunMode::Apply, plays);
    let host = manifest::host(&plan);
    let readers = Readers::of(&plan, &host);
    let told = match readers.0["r"] {
        None => "nowhere".to_owned(),
        Some(Point { play: u32::MAX, .. }) => "end of run".to_owned(),
        Some(Point { play, entry: u32::MAX }) => format!("end of play {play}"),
        Some(Point { play, entry }) => format!("{play}:{entry}"),
    };
    assert_eq!(told, expected, "{plays:?}");
}

/// Registers a short output as `r`.
fn gives() -> Value {
    json!({"name": "gives", "command": {"argv": ["echo", "said"]}, "register": "r"})
}

#[test]
fn reader_is_found_wherever_a_text_is_evaluated() {
    last(&[json!([gives(), "other"])], "nowhere");
    last(&[json!([gives(), {"name": "r2", "command": {"argv": ["r"]}}])], "nowhere");
    for keys in [
        json!({"when": "r.rc == 0"}),
        json!({"name": "{{ r.rc }}"}),
        json!({"loop": "{{ r.stdout_lines }}"}),
        json!({"loop": [1], "label": "{{ r.rc }}"}),
        json!({"retries": "{{ r.rc }}"}),
        json!({"retries": 1, "delay": "{{ r.rc }}"}),
        json!({"retries": 1, "until": "r.rc == 0"}),
        json!({"changed_when": "r.rc == 0"}),
        json!({"failed_when": "r.rc == 0"}),
        json!({"ignore_error": "r.rc == 0"}),
        json!({"vars": {"x": ["{{ r.rc }}"]}}),
        json!({"env": [{"X": "{{ r.rc }}"}]}),
        json!({"timeout": "{{ r.rc }}"}),
        json!({"become": "{{ r.rc == 0 }}"}),
        json!({"become_user": "{{ r.stdout }}"}),
    ] {
        let reader = with(json!({"name": "reader", "command": {"argv": ["id"]}}), keys);
        last(&[json!([gives(), reader, "other"])], "0:1");
    }
    for reader in [
        json!({"name": "reader", "command": {"argv": ["{{ r.rc }}"]}}),
        json!({"name": "reader", "assert": {"that": ["r.rc == 0"]}}),
        json!({"name": "reader", "debug": {"var": "r"}}),
        json!({"name": "reader", "set": {"x": {"y": ["{{ r }}"]}}}),
        json!({"name": "reader", "file": {"dest": "/x", "template": "any.j2"}}),
        json!({"name": "reader", "file": {"dest": "{{ x }}", "template": "any.j2"}}),
    ] {
        last(&[json!([gives(), reader, "other"])], "0:1");
        let handlers = json!({"tasks": [gives(), "other"], "handlers": [reader]});
        last(&[json!(["other"]), handlers], "end of play 1");
    }
}

#[test]
fn whoever_may_have_a_turn_later_reads_later() {
    let reads = || json!({"name": "reads", "debug": {"var": "r"}});
    last(&[json!([gives()]), json!(["other", reads()]), json!(["other"])], "1:1");
    let block = json!({"block": ["a", reads(), "b"]});
    last(&[json!([gives(), block, "other"])], "0:3");
    // A loop comes back to what stands before.
    let block = json!({"block": [reads(), gives(), "b"], "loop": [1, 2]});
    last(&[json!([block, "other"])], "0:4");
    let block = json!({"block": [{"block": [reads()], "loop": [1]}, "b"], "loop": [1, 2]});
    last(&[json!([gives(), block, "other"])], "0:5");
    // Variables are rendered where they are used.
    let block = json!({"block": ["a", "b"], "vars": {"x": "{{ r }}"}});
    last(&[json!([gives(), block, "other"])], "0:4");
    last(&[json!({"tasks": [gives()], "vars": {"x": "{{ r }}"}})], "end of play 0");
    let mut plan = plan(RunMode::Apply, &[json!([gives()])]);
    plan.settings.extra.0 = json!({"x": "{{ r }}"});
    let readers = Readers::of(&plan, &manifest::host(&plan));
    assert_eq!(readers.0["r"].map(|last| last.play), Some(u32::MAX));
}

/// A result is there for each of its readers, wherever that stands.
#[test]
fn result_is_kept_for_each_reader() {
    let reads = |name: &str| json!({"name": name, "debug": {"msg": "{{ r.stdout }}"}});
    let run = Run::of(plan(
        RunMode::Apply,
        &[
            json!({
                "tasks": [gives(), {"block": [reads("inner"), "b"], "loop": [1, 2]}, changes("c", &["h"]), flush(), "d"],
                "handlers": [with(reads("h"), json!({"register": "own"})), {"name": "h2", "debug": {"var": "own.changed"}}],
            }),
            json!([{"block": [fails("f")], "rescue": [reads("rescue")], "always": [reads("always")]}]),
        ],
    ));
    for name in ["inner", "h", "rescue", "always"] {
        assert_eq!(run.told(name), "ok\nnote: said", "{name}");
    }
    assert_eq!(run.finished().iter().filter(|(name, _)| name == "inner").count(), 2);
}

/// So many MiB of short lines as `NAME`.
fn writes(name: &str, mib: usize) -> Value {
    let script = format!("yes abcdefg | head -c {}", mib << 20);
    json!({"name": name, "command": {"shell": script}, "register": name})
}

fn length(of: &str) -> Value {
    let msg = format!(
        "{{{{ {of}.stdout | length }}}} {{{{ {of}.truncated }}}} {{{{ {of}.stdout_lines | first }}}}"
    );
    json!({"name": format!("of {of}"), "debug": {"msg": msg}})
}

#[test]
fn result_keeps_its_last_whole_lines_and_says_so() {
    let run = apply(json!([writes("a", 8), length("a"), writes("b", 9), length("b")]));
    assert_eq!(run.told("of a"), "ok\nnote: 8388607 false abcdefg");
    assert_eq!(run.told("of b"), "ok\nnote: 8388599 true abcdefg");
    let note = "stdout is truncated: of 8.9 MiB the last 7.9 MiB are kept (a result keeps 8 MiB, all together 32 MiB)";
    assert_eq!(run.outcome("b").details.notes, [note]);
    assert!(run.outcome("a").details.notes.is_empty());
    // What nobody reads is cut without a word.
    let run = apply(json!([
        with(writes("a", 9), json!({"changed_when": "result.rc == 0"})),
        writes("b", 9)
    ]));
    assert_eq!(run.outcome("a").details.notes, [note]);
    assert!(run.outcome("b").details.notes.is_empty());
}

#[test]
fn results_of_a_run_have_room_while_they_are_read() {
    // Each is gone before the next comes.
    let names = ["a", "b", "c", "d", "e"];
    let tasks: Vec<Value> = names.iter().flat_map(|name| [writes(name, 8), length(name)]).collect();
    let run = apply(json!(tasks));
    for name in names {
        assert_eq!(run.told(&format!("of {name}")), "ok\nnote: 8388607 false abcdefg");
    }
    // All are read at the end.
    let tasks: Vec<Value> = names.iter().map(|name| writes(name, 8)).collect();
    let reads: Vec<Value> = names.iter().map(|name| length(name)).collect();
    let run = apply(json!([tasks, reads].concat()));
    assert_eq!(run.told("of d"), "ok\nnote: 8388607 false abcdefg");
    assert!(run.told("of e").contains(" true "), "{}", run.told("of e"));
    assert!(run.outcome("e").details.notes[0].starts_with("stdout is truncated: "));
    // A name that gets another result has room for that.
    let run = apply(json!([writes("a", 8), writes("a", 8), length("a")]));
    assert_eq!(run.told("of a"), "ok\nnote: 8388607 false abcdefg");
}

#[test]
fn elements_of_a_loop_share_their_results_room() {
    let script = format!("yes abcdefg | head -c {}", 3 << 20);
    let task =
        json!({"name": "t", "command": {"shell": script}, "loop": [1, 2, 3, 4], "register": "r"});
    let msg = "{{ r.truncated }} {{ r.results | map(attribute='truncated') | list }} {{ r.results | map(attribute='stdout') | map('length') | sum <= 8388608 }}";
    let run = apply(json!([task, {"name": "told", "debug": {"msg": msg}}]));
    assert_eq!(run.told("told"), "ok\nnote: true [false,false,true,true] true");
}

#[test]
fn bytes_that_are_not_utf8_are_said_and_never_written() {
    let directory = tempfile::tempdir().unwrap();
    let dest = directory.path().join("f");
    let says =
        json!({"name": "says", "command": {"shell": "printf 'caf\\351\\n'"}, "register": "r"});
    let writes = |name: &str, content: &str| {
        json!({"name": name, "ignore_error": true,
            "file": {"dest": dest.to_str().unwrap(), "content": content}})
    };
    let run = apply(json!([
        says,
        writes("direct", "{{ r.stdout }}"),
        {"name": "set", "set": {"kept": "{{ r.stdout }}"}},
        {"loop": "{{ r.stdout_lines }}", "block": [writes("by a block", "{{ item }}")]},
        writes("by a variable", "{{ kept }}"),
        with(writes("by a loop", "{{ item }}"), json!({"loop": "{{ r.stdout_lines }}"})),
        {"name": "as input", "command": {"argv": ["cat"], "stdin": "{{ r.stdout }}"}, "ignore_error": true},
        {"name": "shown", "debug": {"msg": "{{ r.stdout }}"}},
        writes("own", "\u{fffd} {{ r.rc }}"),
        writes("encoded", "{{ r.stdout | b64encode }}"),
        writes("in an address", "{{ r.stdout | urlencode }}"),
        writes("hashed", "{{ kept | hash('sha256') }}"),
        {"name": "set encoded", "set": {"sum": "{{ [r.stdout] | map('b64encode') | first }}"}},
        writes("by an encoded variable", "{{ sum }}"),
        {"name": "in env", "command": "true", "env": [{"X": "{{ r.stdout }}"}], "ignore_error": true},
        writes("word", "{{ 'yes' if r.stdout | length == 4 else 'no' }}"),
    ]));
    for name in ["encoded", "in an address", "hashed", "by an encoded variable"] {
        let error = "`content` encodes U+FFFD, which stands for bytes of the output of `says` that are not UTF-8";
        assert_eq!(run.outcome(name).details.failure.as_ref().unwrap().message, error, "{name}");
    }
    assert!(run.outcome("by a block").details.failure.is_some());
    assert!(run.outcome("in env").details.failure.is_some());
    assert_eq!(run.outcome("word").status, Status::Changed);
    let note = "stdout is not UTF-8: 1 byte is replaced by U+FFFD";
    assert_eq!(run.outcome("says").details.notes, [note]);
    for (name, key) in [("direct", "content"), ("by a variable", "content"), ("as input", "stdin")]
    {
        let error = format!(
            "`{key}` has U+FFFD, which stands for bytes of the output of `says` that are not UTF-8"
        );
        assert_eq!(run.outcome(name).details.failure.as_ref().unwrap().message, error, "{name}");
    }
    assert!(run.outcome("by a loop").items[0].details.failure.is_some());
    assert_eq!(run.told("shown"), "ok\nnote: caf\u{fffd}");
    assert_eq!(run.outcome("own").status, Status::Changed);
}

#[test]
fn replaced_bytes_are_those_of_the_command_that_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let dest = directory.path().join("f");
    let says = |name: &str, bytes: &str| json!({"name": name, "command": {"shell": format!("printf '{bytes}'")}, "register": name});
    let writes = |name: &str, content: &str| {
        json!({"name": name, "ignore_error": true,
            "file": {"dest": dest.to_str().unwrap(), "content": content}})
    };
    let run = apply(json!([
        says("bad", "\\351"),
        says("worse", "\\352"),
        says("good", "\\357\\277\\275"),
        with(writes("true", "{{ good.stdout }}"), json!({"when": "bad.rc == 0"})),
        writes("true in base64", "{{ good.stdout | b64encode }}"),
        with(writes("beside", "{{ good.stdout }}"), json!({"vars": {"v": "{{ worse.stdout }}"}})),
        writes("one", "{{ worse.stdout }}"),
        writes("both", "{{ worse.stdout }}{{ bad.stdout }}"),
        {"name": "unread", "debug": {"msg": "{{ [bad, worse, good] }}"}},
    ]));
    for name in ["true", "true in base64", "beside"] {
        assert_eq!(run.outcome(name).details.failure, None, "{name}");
    }
    let blamed = |name: &str| {
        let message = run.outcome(name).details.failure.as_ref().unwrap().message.clone();
        let (_, rest) = message.split_once("output of ").unwrap();
        rest.split_once(" that").unwrap().0.to_owned()
    };
    assert_eq!(blamed("one"), "`worse`");
    assert_eq!(blamed("both"), "`worse`, `bad`");
}
