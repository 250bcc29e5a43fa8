//! What the module decides, by tables on an overlay.

use super::*;
use crate::converge::testing;
use crate::sys::Change as _;
use crate::sys::files::{
    Account, Acl, Attrs, Content, Durable, FileAction, FileState, NewFile, Place,
};
use crate::sys::overlay::Overlay;
use crate::sys::overlay::empty::Empty;
use hep_protocol::blob::{Digest, Source, SourceFile};
use hep_protocol::plan::{DiffMode, NamedSource, Task};
use hep_protocol::task::TaskSpec;
use hep_protocol::value::PermissionBits;
use serde_json::json;

/// Plans and executes on the host: the lines of the plan, or the error and its hint.
fn converge(host: &mut Overlay<Empty>, parameters: &Value) -> Result<String, String> {
    let params: Command = serde_json::from_value(parameters.clone()).unwrap();
    let task = testing::task(TaskSpec::Command(params.clone()));
    let plan = testing::with_input(&task, DiffMode::Off, |input| {
        params.inspect(input, host).and_then(|state| params.plan(input, &state))
    });
    let plan = plan.map_err(|error| {
        let failure = hep_protocol::outcome::Failure::from(error);
        format!("{}; {}", failure.message, failure.hint.unwrap_or_default())
    })?;
    for planned in &plan.steps {
        host.apply(&planned.action).unwrap();
    }
    let lines: Vec<String> = plan.steps.iter().map(|planned| planned.change().line).collect();
    Ok(lines.join(", "))
}

fn check(parameters: &Value, expected: &str) {
    assert_eq!(converge(&mut Overlay::new(Empty), parameters).as_deref(), Ok(expected));
}

#[test]
fn line_shows_the_command_or_the_first_line_of_the_script() {
    check(&json!({"argv": ["nginx", "-t", "a b"]}), "run nginx -t \"a b\"");
    check(&json!({"argv": "nginx -t"}), "run nginx -t");
    check(&json!({"shell": "echo a | wc"}), "run echo a | wc");
    check(&json!({"shell": "\n  set -e\n  echo a\n"}), "run set -e...");
    let long = "x".repeat(100);
    check(&json!({"shell": long}), &format!("run {}...", "x".repeat(SHOWN)));
}

#[test]
fn local_script_is_run_by_its_path_with_what_it_is_given() {
    let params =
        json!({"script": "run.sh", "arguments": "a $B", "executable": "python3", "terminal": true});
    let params: Command = serde_json::from_value(params).unwrap();
    let file = SourceFile {
        name: "run.sh".to_owned(),
        digest: Digest::of(b"x"),
        size: 1,
        mode: PermissionBits(0o644),
    };
    let source = NamedSource { written: "run.sh".to_owned(), source: Source::File(file) };
    let task = Task { sources: vec![source], ..testing::task(TaskSpec::Command(params.clone())) };
    let script = testing::with_input(&task, DiffMode::Off, |input| script::of(&params, input));
    let script = script.unwrap().unwrap();
    assert_eq!(script.name, "run.sh");
    assert_eq!(script.around, ("exec 2>&1\npython3 ".to_owned(), " a $B".to_owned()));
    let invocation = invocation(&params, Some(&script)).unwrap();
    assert_eq!(invocation.argv.parts(), ["/bin/sh", "-c"]);
    assert_eq!(invocation.words, "run.sh a $B");
}

#[test]
fn script_goes_to_the_shell_as_one_argument() {
    let params: Command =
        serde_json::from_value(json!({"shell": "a; b", "timeout": 7, "stdin": "x"})).unwrap();
    let invocation = invocation(&params, None).unwrap();
    assert_eq!(invocation.argv.parts(), ["/bin/sh", "-c", "a; b"]);
    assert_eq!((invocation.chdir, invocation.stdin), (AbsPath::root(), b"x".to_vec()));
    assert_eq!(invocation.timeout, Some(Duration::from_secs(7)));
}

#[test]
fn what_was_done_is_not_done_again() {
    check(&json!({"shell": "x", "creates": "/"}), "");
    check(&json!({"shell": "x", "creates": "/nothing"}), "run x");
    check(&json!({"shell": "x", "removes": "/nothing"}), "");
    check(&json!({"shell": "x", "removes": "/"}), "run x");
    check(&json!({"shell": "x", "creates": "/nothing", "removes": "/"}), "run x");
    check(&json!({"shell": "x", "creates": "/", "removes": "/"}), "");
}

fn place(host: &mut Overlay<Empty>, path: &str) {
    let owner = Account::Number(0);
    let attrs =
        Attrs { owner: owner.clone(), group: owner, mode: PermissionBits(0o644), acl: Acl::AsItIs };
    let file = NewFile {
        place: Place::of(path.parse().unwrap()),
        from: None,
        to: FileState { content: Content::inline(b""), attrs },
        backup: false,
        validate: None,
        in_place: false,
        durable: Durable::AtOnce,
        detail: String::new(),
    };
    host.apply(&Action::File(FileAction::Put(Box::new(file)))).unwrap();
}

#[test]
fn patterns_stand_for_any_path_that_fits() {
    let tried = |key: &str, pattern: &str| {
        let mut host = Overlay::new(Empty);
        for path in ["/opt/app-1.2.jar", "/opt/.hidden", "/opt/a[b", "/srv/1/done", "/srv/2"] {
            place(&mut host, path);
        }
        let done = converge(&mut host, &json!({"shell": "x", key: pattern})).unwrap();
        done.is_empty()
    };
    for (pattern, found) in [
        ("/opt/app-*.jar", true),
        ("/opt/app-?.[0-9].jar", true),
        ("/opt/APP-*", false),
        ("/opt/*.war", false),
        ("/opt/*hidden", false),
        ("/opt/.h*", true),
        ("/opt/a[b", true),
        ("/o*/app*", true),
        ("/srv/*/done", true),
        ("/srv/*/*/*", false),
        ("/srv/2/*", false),
        ("/nowhere/*", false),
        ("/*", true),
    ] {
        assert_eq!(tried("creates", pattern), found, "creates {pattern}");
        assert_eq!(tried("removes", pattern), !found, "removes {pattern}");
    }
}

#[test]
fn what_only_an_earlier_run_would_show_is_said() {
    let mut host = Overlay::new(Empty);
    assert_eq!(converge(&mut host, &json!({"shell": "make"})), Ok("run make".to_owned()));
    let depends = "(depends on command `make`)";
    let params = json!({"shell": "x", "chdir": "/made"});
    assert_eq!(converge(&mut host, &params), Ok(format!("run x {depends}")));
    let mut host = Overlay::new(Empty);
    host.set_cause(Cause::Command("make".to_owned()));
    let params = json!({"argv": "/made/it"});
    assert_eq!(converge(&mut host, &params), Ok(format!("run /made/it {depends}")));

    let mut host = Overlay::new(Empty);
    host.set_cause(Cause::Packages(vec!["nginx".to_owned()]));
    for key in ["creates", "removes"] {
        let params = json!({"shell": "x", key: "/etc/nginx/on"});
        let line = "run x (depends on package nginx)".to_owned();
        assert_eq!(converge(&mut host, &params), Ok(line), "{key}");
    }
}

#[test]
fn paths_that_an_earlier_command_names_are_not_known() {
    let check = |before: Value, parameters: Value, expected: &str| {
        let mut host = Overlay::new(Empty);
        place(&mut host, "/there");
        converge(&mut host, &before).unwrap();
        assert_eq!(converge(&mut host, &parameters).as_deref(), Ok(expected), "{parameters}");
    };
    let makes = json!({"shell": "touch /new"});
    let takes = json!({"argv": "rm /there"});
    let open = "run x (depends on command `touch /new`)";
    check(makes.clone(), json!({"shell": "x", "creates": "/new"}), open);
    check(makes.clone(), json!({"shell": "x", "creates": "/n*"}), "run x");
    check(makes.clone(), json!({"shell": "x", "removes": "/new"}), open);
    check(makes, json!({"shell": "x", "creates": "/there"}), "");
    let open = "run x (depends on command `rm /there`)";
    check(takes.clone(), json!({"shell": "x", "creates": "/there"}), open);
    check(takes.clone(), json!({"shell": "x", "creates": "/th*"}), open);
    check(takes.clone(), json!({"shell": "x", "removes": "/there"}), open);
    check(takes, json!({"argv": "/there"}), "run /there (depends on command `rm /there`)");
    // What it says of itself counts as if it stood in its words.
    let made = json!({"argv": "make", "creates": "/made"});
    check(made, json!({"shell": "x", "creates": "/made"}), "run x (depends on command `make`)");
}

#[test]
fn missing_directory_and_program_are_named_before_anything_runs() {
    let refused = |parameters| converge(&mut Overlay::new(Empty), &parameters).unwrap_err();
    assert_eq!(
        refused(json!({"shell": "x", "chdir": "/nothing"})),
        "cannot run `x`: there is no directory /nothing to run it in; correct `chdir`, or make the directory in an \
         earlier task"
    );
    assert_eq!(
        refused(json!({"argv": "/opt/nothing -x"})),
        "cannot run `/opt/nothing -x`: there is no such program on the host; "
    );
}
