//! Names and expressions through the engine: precedence, templates, parameters, environment, and what never leaves.

use super::*;
use hep_protocol::decode::STAND_IN;
use hep_protocol::expression::Rank;
use hep_protocol::plan::{DiffMode, Spec};
use hep_protocol::task::TaskSpec;
use hep_protocol::value::Json;

#[test]
fn condition_asks_facts_results_and_says_what_is_wrong_with_it() {
    let asks = |when: Value| json!({"name": "t", "debug": {"msg": "x"}, "when": when});
    let register = json!({"name": "r", "command": "echo yes", "register": "r"});
    for (when, expected) in [
        (json!("os.family is string"), "ok"),
        (json!("facts.hostname == hostname"), "ok"),
        (json!("host == 'web1' and 'web' in group_names"), "ok"),
        (json!("r.stdout == 'yes'"), "ok"),
        (json!(["r.changed", "r.rc == 0"]), "ok"),
        (json!(["true", "r.rc == 1"]), "skipped"),
        (json!("missing is defined"), "skipped"),
        (json!("missing | default(false)"), "skipped"),
        (json!("not check_mode"), "ok"),
    ] {
        let run = apply(json!([register, asks(when.clone())]));
        assert_eq!(run.outcome("t").status.to_string(), expected, "{when}");
    }
    for (when, message, hint) in [
        ("hostnme == 'a'", "`hostnme == 'a'`: `hostnme` is undefined", "did you mean `hostname`?"),
        ("r.stdot", "`r.stdot`: `r.stdot` is undefined", "did you mean `r.stdout`?"),
        (
            "'false'",
            "`'false'`: the condition is the text `false`, which is neither true nor false",
            "write `'false' | bool` to read it as a word",
        ),
    ] {
        let run = apply(json!([register, asks(json!(when)), "z"]));
        assert_eq!(run.failure(), (message.to_owned(), hint.to_owned()));
        assert_eq!(run.order(), "r changed, t failed: failed");
    }
}

/// The layers from the weakest to the strongest, each as the value of `x` in it: facts, inventory, play, outer and
/// inner block, task, `set`, the command line, a loop's variable.
#[test]
fn stronger_names_hide_weaker_ones() {
    let layers = ["inventory", "play", "outer", "inner", "task", "set", "extra", "loop"];
    for count in 0..=layers.len() {
        let has = |layer: &str| layers[..count].contains(&layer);
        let vars = |layer: &str| if has(layer) { json!({"hostname": layer}) } else { json!({}) };
        let mut shown =
            json!({"name": "t", "debug": {"msg": "{{ hostname }}"}, "vars": vars("task")});
        if has("loop") {
            shown = with(shown, json!({"loop": ["loop"], "var": "hostname"}));
        }
        let inner = json!({"block": [shown], "vars": vars("inner")});
        let outer = json!({"block": [inner], "vars": vars("outer")});
        let set = json!({"name": "s", "set": {"hostname": "set"}, "when": has("set")});
        let play = json!({"tasks": [set, outer], "vars": vars("play")});
        let mut plan = plan(RunMode::Apply, &[play]);
        plan.settings.extra = Json(vars("extra"));
        let host = HostPart { vars: Json(vars("inventory")), ..manifest::host(&plan) };
        let run = Run::heard(plan, host, Ear::default());
        let outcome = run.outcome("t");
        let notes =
            outcome.items.first().map_or(&outcome.details.notes, |item| &item.details.notes);
        let fact = nix::unistd::gethostname().unwrap().into_string().unwrap();
        let expected = count.checked_sub(1).map_or(fact, |last| layers[last].to_owned());
        assert_eq!(notes, &[expected], "{count} layers");
    }
}

#[test]
fn registered_results_live_on_and_variables_of_tasks_do_not() {
    let shown = |what: &str| json!({"name": "t", "debug": {"msg": what}});
    let with_vars = json!({"name": "v", "debug": {"msg": "{{ x }}"}, "vars": {"x": 1}});
    let run = apply(json!([with_vars, shown("{{ x | default('gone') }}")]));
    assert_eq!(run.told("t"), "ok\nnote: gone");
    let set = json!({"name": "s", "set": {"x": "{{ n + 1 }}", "y": {"deep": ["{{ n }}"]}}, "vars": {"n": 4}});
    let plays = [json!([set]), json!([shown("{{ x }} {{ y.deep[0] }} {{ x is number }}")])];
    assert_eq!(Run::of(plan(RunMode::Apply, &plays)).told("t"), "ok\nnote: 5 4 true");
    // Lazy: rendered at their use, with what is known there.
    let play = json!({"tasks": [{"name": "s", "set": {"b": 2}}, shown("{{ a }}")], "vars": {"a": "{{ b + 1 }}", "b": 1}});
    assert_eq!(apply(play).told("t"), "ok\nnote: 3");
}

#[test]
fn commands_have_their_environment_and_their_time() {
    let task = json!({"name": "t", "command": {"shell": "echo $A $B $C $D", "env": {"D": "own"}}, "register": "r",
        "env": [{"A": "play", "B": 1}, "{{ more }}"], "vars": {"more": {"A": "task", "C": true, "D": "outer"}}});
    let run = apply(json!([task, {"name": "z", "debug": {"var": "r.stdout"}}]));
    assert_eq!(run.told("z"), "ok\nnote: r.stdout: task 1 true own");
    let late = json!({"name": "t", "command": "sleep 60", "timeout": "{{ 1 }}"});
    assert_eq!(
        apply(json!([late])).failure().0,
        "`sleep 60` did not end within 1 s and was stopped"
    );
    for (wrong, message) in [
        (json!({"timeout": 0}), "a `timeout` of 0 leaves no time"),
        (json!({"timeout": "soon"}), "`timeout` takes a whole number, found \"soon\""),
        (json!({"env": ["A=1"]}), "`env` takes a mapping, found \"A=1\""),
        (json!({"env": [{"A": [1]}]}), "`env`: `A` takes a text, found [1]"),
    ] {
        let task = with(json!({"name": "t", "command": "true"}), wrong);
        assert_eq!(apply(json!([task])).failure().0, message);
    }
}

/// A file made of a template, in a directory of its own: what it holds, or why it failed.
fn rendered(text: &str, more: Value) -> Result<String, (String, String)> {
    let directory = tempfile::tempdir().unwrap();
    let dest = directory.path().join("f");
    let task = json!({"name": "t", "file": {"template": "t.j2", "dest": dest.to_str().unwrap()},
        "template_text": text, "vars": {"names": ["a", "b"]}});
    let plan = plan(RunMode::Apply, &[json!([with(task, more)])]);
    let host = manifest::host(&plan);
    let contents = HashMap::from([(Digest::of(text.as_bytes()), text.as_bytes().to_vec())]);
    let run = Run::heard(plan, host, Ear { contents, ..Ear::default() });
    if run.end == End::Failed {
        return Err(run.failure());
    }
    Ok(std::fs::read_to_string(dest).unwrap())
}

#[test]
fn template_gives_a_files_content() {
    assert_eq!(rendered("host {{ host }}\n", json!({})).unwrap(), "host web1\n");
    let loops = "{% for name in names %}\n  {{ name }}\n{% endfor %}\nend\n";
    assert_eq!(rendered(loops, json!({})).unwrap(), "  a\n  b\nend\n");
    assert_eq!(rendered("no newline", json!({})).unwrap(), "no newline");
    let (message, hint) = rendered("first\n  {{ nmes }}\n", json!({})).unwrap_err();
    assert_eq!(message, "t.j2:2:6: `nmes` is undefined");
    assert_eq!(hint, "did you mean `names`?");
    let (message, _) = rendered("a\n{% if %}\n", json!({})).unwrap_err();
    assert!(message.starts_with("t.j2:2:"), "{message}");
}

#[test]
fn template_is_fetched_once_and_must_be_what_was_promised() {
    let directory = tempfile::tempdir().unwrap();
    let dest = directory.path().join("f");
    let text = "{{ item }}";
    let task = json!({"name": "t", "template_text": text, "loop": [1, 2, 3],
        "file": {"template": "t.j2", "dest": format!("{}{{{{ item }}}}", dest.display())}});
    let plan = plan(RunMode::Apply, &[json!([task])]);
    let fetched = |content: &str| {
        let contents = HashMap::from([(Digest::of(text.as_bytes()), content.as_bytes().to_vec())]);
        let ear = Arc::new(Ear { contents, ..Ear::default() });
        let outside: Arc<dyn Outside> = Arc::clone(&ear) as _;
        let end = run(&plan, manifest::host(&plan), &outside);
        (end, ear.opened.load(Ordering::SeqCst))
    };
    assert_eq!(fetched("{{ itme }}").0, End::Failed);
    assert!(!directory.path().join("f1").exists());
    assert_eq!(fetched(text), (End::Completed, 1));
    assert_eq!(std::fs::read_to_string(directory.path().join("f3")).unwrap(), "3");
}

#[test]
fn rendered_parameters_are_refused_by_the_words_for_literal_ones() {
    for (module, literal, open) in [
        (
            "file",
            json!({"dest": "/f", "mode": "0999"}),
            json!({"dest": "/f", "mode": "{{ '0999' }}"}),
        ),
        ("file", json!({"dest": "f"}), json!({"dest": "{{ 'f' }}"})),
        (
            "file",
            json!({"dest": "/f", "recurse": "maybe"}),
            json!({"dest": "/f", "recurse": "{{ 'maybe' }}"}),
        ),
        (
            "file",
            json!({"dest": "/f", "src": "a", "content": "b"}),
            json!({"dest": "{{ '/f' }}", "src": "a", "content": "b"}),
        ),
        ("apt", json!({"package": ["a b"]}), json!({"package": ["{{ 'a b' }}"]})),
        ("service", json!({"name": "a/b"}), json!({"name": "{{ 'a/b' }}"})),
        ("command", json!({"argv": []}), json!({"argv": "{{ [] }}"})),
        (
            "command",
            json!({"shell": "x", "timeout": "long"}),
            json!({"shell": "x", "timeout": "{{ 'long' }}"}),
        ),
        ("command", json!({"shel": "x"}), json!({"shel": "{{ 'x' }}"})),
    ] {
        let refused =
            TaskSpec::from_json(module, &literal).expect_err("it is wrong").sentence(module);
        let mut task = json!({"name": "t"});
        task[module] = open;
        let expected = (refused.message, refused.hint.unwrap_or_default());
        assert_eq!(apply(json!([task])).failure(), expected);
    }
    let task = json!({"name": "t", "file": {"dest": "/f", "content": "{{ nope }}"}});
    assert_eq!(apply(json!([task])).failure().0, "`content`: `nope` is undefined");
}

#[test]
fn rendered_parameters_are_the_literal_ones() {
    let vars = json!({"n": 30, "t": true, "list": ["aa", "bb"], "mode": "0644", "path": "/f"});
    for (module, literal, open) in [
        (
            "command",
            json!({"argv": ["aa", "bb"], "timeout": 30}),
            json!({"argv": "{{ list }}", "timeout": "{{ n }}"}),
        ),
        (
            "file",
            json!({"dest": "/f", "mode": "0644", "backup": true, "content": "30"}),
            json!({"dest": "{{ path }}", "mode": "{{ mode }}", "backup": "{{ t }}", "content": "{{ n }}"}),
        ),
        (
            "apt",
            json!({"package": ["aa", "bb"], "lock_timeout": 30}),
            json!({"package": "{{ list }}", "lock_timeout": "{{ n }}"}),
        ),
    ] {
        let names = Names::none().with_layers(&[(Rank::Task, Json(vars.clone()))]);
        let task = hep_protocol::plan::Task::of(
            "t",
            Spec::Open { module: module.into(), params: Json(open) },
        );
        let rendered = names.task(&task, &Ear::default(), STAND_IN).unwrap();
        assert_eq!(*rendered.spec, TaskSpec::from_json(module, &literal).unwrap());
    }
}

#[test]
fn nothing_of_a_sensitive_task_leaves_the_host() {
    const SECRET: &str = "hunter2";
    let directory = tempfile::tempdir().unwrap();
    let dest = directory.path().join(SECRET);
    let vars = json!({"password": SECRET, "passwords": [SECRET, "x"], "n": {"a": SECRET}});
    let sensitive = |more: Value| with(json!({"sensitive": true, "ignore_error": true}), more);
    let tasks = json!([
        sensitive(json!({"name": "{{ password }}", "command": {"shell": "echo {{ password }}; echo {{ password }} >&2"}})),
        sensitive(json!({"name": "b", "command": {"shell": "echo {{ password }}; exit 3"}, "retries": 1})),
        sensitive(json!({"name": "c", "command": "{{ password }}/missing"})),
        sensitive(json!({"name": "d", "file": {"dest": dest.to_str().unwrap(), "content": "{{ password }}\n"}})),
        sensitive(json!({"name": "e", "debug": {"msg": "{{ item }}"}, "loop": "{{ passwords }}", "label": "{{ item }}"})),
        sensitive(json!({"name": "f", "command": "{{ item }}", "loop": "{{ passwords }}"})),
        sensitive(json!({"name": "g", "debug": {"msg": "x"}, "loop": "{{ password }}"})),
        sensitive(json!({"name": "h", "debug": {"msg": "x"}, "when": "password.x"})),
        sensitive(json!({"name": "i", "file": {"dest": "{{ password }}"}})),
        sensitive(json!({"name": "j", "command": "true", "changed_when": "'{{ password }}' + n"})),
        sensitive(json!({"name": "l", "command": "true", "until": "false", "retries": "{{ password }}"})),
        sensitive(json!({"name": "m", "command": "true", "timeout": "{{ password }}"})),
        sensitive(json!({"name": "n", "command": "true", "env": ["{{ password }}"]})),
        {"name": "z", "command": {"shell": "true", "chdir": "/missing/place"}, "ignore_error": true},
        sensitive(json!({"name": "k", "fail": {"msg": "{{ password }}"}, "ignore_error": "password < 1"})),
    ]);
    for mode in [RunMode::Check, RunMode::Apply] {
        let mut plan = plan(mode, &[json!({"tasks": tasks, "vars": vars})]);
        plan.settings.diff = DiffMode::Unified;
        let run = Run::of(plan);
        assert_eq!(run.finished().len(), tasks.as_array().unwrap().len(), "{}", run.order());
        for reply in &run.replies {
            let shown = format!("{reply:?}");
            assert!(!shown.contains(SECRET), "{mode:?}: {shown}");
            let bytes = hep_protocol::frame::encode(reply).unwrap();
            let found = bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
            assert!(!found, "{mode:?}: {shown}");
        }
    }
    assert_eq!(std::fs::read_to_string(dest).unwrap(), format!("{SECRET}\n"));
}

#[test]
fn expression_that_has_no_value_is_shown() {
    let task = json!({"name": "t", "command": ["echo", "{{ [1] | int }}"]});
    let message = apply(json!([task])).failure().0;
    assert!(message.starts_with("`argv`: in `{{ [1] | int }}`: "), "{message}");
}

/// Undefined until they are gathered, and then the same for all plays to come, whoever else is gathered from.
#[test]
fn facts_by_ansible_s_names_are_there_once_gathered() {
    let says = |name: &str, text: &str| json!({"name": name, "debug": {"msg": text}});
    let gather = |subset: Value| json!({"name": "g", "setup": {"gather_subset": subset}});
    let first = json!([
        says("none", "{{ ansible_system | default('-') }} {{ ansible_facts | length }}"),
        gather(json!(["!all", "!min", "platform"])),
        says(
            "some",
            "{{ ansible_system }} {{ ansible_facts['system'] }} {{ 'env' if ansible_env is defined else '-' }}"
        ),
        gather(json!(["!all", "!min", "env", "local"])),
        says(
            "more",
            "{{ ansible_facts.system }} {{ 'env' if ansible_env is defined else '-' }} {{ 'local' if ansible_facts.ansible_local is defined else '-' }}"
        ),
    ]);
    let second = json!([
        says("later", "{{ ansible_system }} {{ inventory_hostname }} {{ os | default('-') }}"),
        {"name": "hidden", "debug": {"msg": "{{ ansible_system }} {{ ansible_facts.system }}"}, "vars": {"ansible_system": "own"}},
    ]);
    let third = says("hep's", "{{ os.family is string }} {{ ansible_system is defined }}");
    let foreign = |tasks: Value| json!({"foreign": true, "tasks": tasks});
    let run = Run::of(plan(RunMode::Apply, &[foreign(first), foreign(second), json!([third])]));
    for (task, expected) in [
        ("none", "- 0"),
        ("some", "Linux Linux -"),
        ("more", "Linux env local"),
        ("later", "Linux web1 -"),
        ("hidden", "own Linux"),
        ("hep's", "true false"),
    ] {
        assert_eq!(run.told(task), format!("ok\nnote: {expected}"), "{task}");
    }
}

#[test]
fn only_facts_that_are_read_are_gathered_unless_the_result_is_kept() {
    use hep_protocol::facts::setup::Collector;
    let gather = json!({"name": "g", "setup": {}});
    let shows =
        json!({"name": "t", "debug": {"msg": "{{ ansible_facts | list | sort | join(' ') }}"}});
    let gathered = |task: Value| {
        let play = json!({"foreign": true, "tasks": [task, shows]});
        let mut plan = plan(RunMode::Apply, &[play]);
        plan.settings.facts = Some([Collector::Fips, Collector::Apparmor].into());
        Run::of(plan).told("t")
    };
    assert_eq!(gathered(gather.clone()), "ok\nnote: apparmor fips");
    let kept = gathered(with(gather, json!({"register": "r"})));
    assert!(kept.contains(" distribution ") && kept.contains(" mounts "), "{kept}");
}

/// It has no variables of plays and tasks, and its templates are rendered without them.
#[test]
fn hostvars_are_those_of_the_host_itself() {
    let shows = |name: &str, text: &str| json!({"name": name, "debug": {"msg": text}});
    let play = json!({"foreign": true, "vars": {"both": "play", "p": 1}, "tasks": [
        {"name": "s", "set": {"f": "set"}},
        shows("own", "{{ hostvars[inventory_hostname].f }} {{ hostvars.web1['both'] }} {{ hostvars['web1'].t }} {{ both }}"),
        shows("less", "{{ hostvars.web1.p | default('-') }} {{ hostvars['nobody'] | default('-') }}"),
        shows("other", "{{ hostvars['web2'].x | default('-') }}"),
    ]});
    let mut plan = plan(RunMode::Apply, &[play]);
    plan.settings.groups = Json(json!({"all": ["web1", "web2"]}));
    let mut host = manifest::host(&plan);
    host.vars = Json(json!({"both": "inventory", "t": "{{ both }}!"}));
    let run = Run::heard(plan, host, Ear::default());
    assert_eq!(run.told("own"), "ok\nnote: set inventory inventory! play");
    assert_eq!(run.told("less"), "ok\nnote: - -");
    assert!(run.failure().0.ends_with("the variables of `web2` are not known on `web1`"));
}
