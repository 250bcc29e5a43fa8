//! What `apt` decides, on a host in memory with the small world of packages of `sys/overlay/empty/packages.rs`.

use super::*;
use crate::converge::testing;
use crate::sys::overlay::Overlay;
use crate::sys::overlay::empty::Empty;
use crate::sys::{Cause, Session, TaskStart};
use hep_protocol::outcome::{Outcome, Status};
use hep_protocol::plan::{DiffMode, RunMode};
use hep_protocol::task::TaskSpec;

fn run(host: &mut Overlay<Empty>, parameters: &str) -> Outcome {
    let params: Apt = serde_json::from_str(parameters).unwrap();
    host.begin_task(TaskStart::default());
    testing::outcome(&testing::task(TaskSpec::Apt(params)), DiffMode::Off, RunMode::Check, host)
}

/// What a task came to, in lines.
fn said(outcome: &Outcome) -> String {
    let mut lines: Vec<String> =
        outcome.details.changes.iter().map(|change| change.line.clone()).collect();
    lines.extend(outcome.details.notes.iter().map(|note| format!("note: {note}")));
    if let Some(failure) = &outcome.details.failure {
        lines.push(format!("error: {}", failure.message));
        lines.extend(failure.hint.iter().map(|hint| format!("hint: {hint}")));
    }
    if lines.is_empty() { "ok".to_owned() } else { lines.join("\n") }
}

/// Runs tasks in order on one host; each must say what is expected, and by the law of modules nothing the second time
/// unless it failed.
#[track_caller]
fn check(tasks: &[(&str, &str)]) {
    let mut host = Overlay::new(Empty);
    for (parameters, expected) in tasks {
        step(&mut host, parameters, expected);
    }
}

#[track_caller]
fn step(host: &mut Overlay<Empty>, parameters: &str, expected: &str) {
    let outcome = run(host, parameters);
    assert_eq!(said(&outcome), *expected, "{parameters}");
    if outcome.status != Status::Failed {
        assert!(run(host, parameters).details.changes.is_empty(), "the second time: {parameters}");
    }
}

#[test]
fn named_packages_come_first_and_what_they_need_is_counted() {
    check(&[
        (
            r#"{"package": ["php", "apache2"]}"#,
            "install php 2:8.2+93, apache2 2.4.62-1 (and 3 more: apache2-bin, apache2-data, php8.2)",
        ),
        (r#"{"package": "apache2-bin"}"#, "mark apache2-bin as manually installed"),
    ]);
}

#[test]
fn install_leaves_versions_alone_and_latest_does_not() {
    check(&[
        (r#"{"package": "greeter=1.0"}"#, "install greeter 1.0"),
        (r#"{"package": "greeter"}"#, "ok"),
        (r#"{"package": "greet*"}"#, "ok"),
        (r#"{"package": "greeter=1.*"}"#, "ok"),
        (r#"{"package": "greeter=1.*", "action": "latest"}"#, "upgrade greeter 1.0 -> 1.1"),
        (r#"{"package": "greeter", "action": "latest"}"#, "upgrade greeter 1.1 -> 2.0"),
        (
            r#"{"package": "greeter=1.1"}"#,
            "error: greeter 2.0 is installed, and 1.1 is older\nhint: add `allow_downgrade: true`",
        ),
        (r#"{"package": "greeter=1.?", "allow_downgrade": true}"#, "downgrade greeter 2.0 -> 1.1"),
        (
            r#"{"package": "greeter=7*"}"#,
            "error: `greeter` has no version `7*`: there are `2.0`, `1.1`, `1.0`\n\
hint: write one of these, or a pattern as `1.2*`; `update_cache: true` may bring newer ones",
        ),
    ]);
}

#[test]
fn patterns_mean_every_known_package() {
    check(&[
        (r#"{"package": "php8.2-*"}"#, "install php8.2-cli 8.2.29-1, php8.2-fpm 8.2.29-1"),
        (
            r#"{"package": "php9*"}"#,
            "error: no package matches `php9*`\nhint: correct the name, or add the source that has the package to the host",
        ),
        (
            r#"{"package": "php8.2-*", "action": "remove"}"#,
            "remove php8.2-cli 8.2.29-1, php8.2-fpm 8.2.29-1",
        ),
        (r#"{"package": "php8.2-*", "action": "purge"}"#, "purge php8.2-cli, php8.2-fpm"),
    ]);
}

#[test]
fn virtual_names_are_satisfied_by_providers() {
    check(&[
        (
            r#"{"package": "mail-agent"}"#,
            "error: `mail-agent` is provided by several packages: `mail-a`, `mail-b`\nhint: name the one you want",
        ),
        (r#"{"package": "lonely"}"#, "install only-one 1.0"),
        (r#"{"package": "mail-b"}"#, "install mail-b 1.0"),
        (r#"{"package": "mail-agent"}"#, "ok"),
    ]);
}

#[test]
fn every_unknown_name_is_told_with_the_nearest() {
    check(&[
        (
            r#"{"package": ["apache2", "php5", "libapache2-mod-php5", "greter", "xyzzy"]}"#,
            "error: there is no package `php5`: nearest are `php`, `php8.2`; there is no package `libapache2-mod-php5`: \
nearest are `libapache2-mod-php`, `libapache2-mod-php8.2`; there is no package `greter`: nearest is `greeter`; \
there is no package `xyzzy`\nhint: correct the name, or add the source that has the package to the host",
        ),
        (
            r#"{"package": "apache2:arm64"}"#,
            "error: the host does not take packages of architecture `arm64`: it is amd64\n\
hint: a task before may run `dpkg --add-architecture arm64`, with `update_cache: true` here",
        ),
    ]);
}

#[test]
fn removed_packages_have_configuration_until_they_are_purged() {
    check(&[
        (r#"{"package": "greeter", "action": "remove"}"#, "ok"),
        (r#"{"package": "greeter", "action": "purge"}"#, "ok"),
        (r#"{"package": "no-such-thing", "action": "remove"}"#, "ok"),
        (r#"{"package": "greeter"}"#, "install greeter 2.0"),
        (r#"{"package": "greeter", "action": "remove"}"#, "remove greeter 2.0"),
        (r#"{"package": "greeter", "action": "purge"}"#, "purge greeter"),
        (r#"{"package": "greeter"}"#, "install greeter 2.0"),
        (r#"{"package": "greeter", "action": "purge"}"#, "purge greeter 2.0"),
    ]);
}

#[test]
fn held_packages_satisfy_and_are_not_changed() {
    check(&[
        (r#"{"package": "greeter=1.0", "hold": true}"#, "install greeter 1.0\nhold greeter"),
        (r#"{"package": "greeter"}"#, "ok"),
        (
            r#"{"package": "greeter", "action": "latest"}"#,
            "error: greeter is held at 1.0 and would become 2.0\nhint: add `hold: false` to take the hold away",
        ),
        (r#"{"package": "greeter=1.1", "hold": true}"#, "upgrade greeter 1.0 -> 1.1"),
        (
            r#"{"package": "greeter", "action": "latest", "hold": false}"#,
            "unhold greeter\nupgrade greeter 1.1 -> 2.0",
        ),
    ]);
}

#[test]
fn answers_are_given_once() {
    let task = r#"{"package": "greeter", "debconf": [
        {"package": "greeter", "question": "greeter/word", "type": "string", "value": "hello there"},
        {"package": "greeter", "question": "greeter/secret", "type": "password", "value": "x"}]}"#;
    check(&[(
        task,
        "answer greeter/word: `hello there`\nanswer greeter/secret\ninstall greeter 2.0",
    )]);
}

#[test]
fn index_is_refreshed_first_and_that_is_no_change() {
    let note = "note: the package index would be refreshed first; versions may differ";
    check(&[
        (r#"{"update_cache": true, "cache_valid_time": 3600}"#, "ok"),
        (r#"{"update_cache": true, "cache_valid_time": 10}"#, note),
        (
            r#"{"package": "greeter", "update_cache": true}"#,
            &format!("install greeter 2.0\n{note}"),
        ),
        (r#"{"package": "brand-new"}"#, "install brand-new"),
        (r#"{"package": "brand-new", "action": "remove"}"#, "remove brand-new"),
    ]);
}

#[test]
fn what_a_command_may_bring_is_not_refused() {
    let mut host = Overlay::new(Empty);
    host.foresee(Cause::Command("add-repository".to_owned()));
    step(
        &mut host,
        r#"{"package": ["greeter", "brand-new"]}"#,
        "install greeter 2.0, brand-new (depends on command `add-repository`)",
    );
}

#[test]
fn interrupted_dpkg_is_told_and_recovered() {
    let mut host = Overlay::new(Empty);
    run(&mut host, r#"{"package": ["greeter", "only-one"]}"#);
    host.spoil("only-one");
    step(&mut host, r#"{"package": "greeter"}"#, "ok");
    step(
        &mut host,
        r#"{"package": "php"}"#,
        "error: dpkg was interrupted at only-one and has to finish first\n\
hint: add `recover: true`: it runs `dpkg --configure -a`",
    );
    step(
        &mut host,
        r#"{"package": "php", "recover": true}"#,
        "finish the interrupted installation of only-one\ninstall php 2:8.2+93 (and 1 more: php8.2)",
    );
}

#[test]
fn half_configured_package_is_no_obstacle_to_the_task_that_names_it() {
    for (parameters, expected) in [
        (r#"{"package": "greeter=2.0"}"#, "upgrade greeter 1.0 -> 2.0"),
        (r#"{"package": "greeter"}"#, "upgrade greeter 1.0 -> 2.0"),
        (r#"{"package": "greeter=1.0"}"#, "configure what is unpacked"),
        (r#"{"package": "greeter", "action": "remove"}"#, "remove greeter 1.0"),
        (r#"{"package": "greeter", "action": "purge"}"#, "purge greeter 1.0"),
        (r#"{"package": "greet*", "action": "purge"}"#, "purge greeter 1.0"),
        (
            r#"{"package": ["php", "greeter=2.0"]}"#,
            "install php 2:8.2+93 (and 1 more: php8.2); upgrade greeter 1.0 -> 2.0",
        ),
        (r#"{"package": "greeter=2.0", "recover": true}"#, "upgrade greeter 1.0 -> 2.0"),
        (r#"{"package": "greeter", "action": "purge", "recover": true}"#, "purge greeter 1.0"),
    ] {
        let mut host = Overlay::new(Empty);
        step(&mut host, r#"{"package": "greeter=1.0"}"#, "install greeter 1.0");
        host.spoil("greeter");
        step(&mut host, parameters, expected);
    }
}

#[test]
fn recovery_is_of_what_the_task_does_not_name() {
    let mut host = Overlay::new(Empty);
    let both = r#"{"package": ["greeter=1.0", "only-one"]}"#;
    step(&mut host, both, "install greeter 1.0, only-one 1.0");
    host.spoil("greeter");
    host.spoil("only-one");
    step(
        &mut host,
        r#"{"package": "greeter", "action": "purge"}"#,
        "error: dpkg was interrupted at only-one and has to finish first\n\
hint: add `recover: true`: it runs `dpkg --configure -a`",
    );
    step(
        &mut host,
        r#"{"package": "greeter", "action": "purge", "recover": true}"#,
        "finish the interrupted installation of only-one\npurge greeter 1.0",
    );
}

#[test]
fn dpkg_that_is_at_work_and_not_interrupted_is_waited_for() {
    Empty::is_at_work_on("only-one");
    let mut host = Overlay::new(Empty);
    step(&mut host, r#"{"package": "greeter", "recover": true}"#, "install greeter 2.0");
}

#[test]
fn later_tasks_see_what_earlier_ones_would_bring() {
    check(&[
        (r#"{"package": "greeter=1.0"}"#, "install greeter 1.0"),
        (r#"{"package": "needs-greeter"}"#, "install needs-greeter 1.0"),
        (
            r#"{"package": "no-greeter"}"#,
            "error: this would also remove what nobody asked for: greeter 1.0\nhint: add `allow_removals: true` if that is meant",
        ),
        (
            r#"{"package": "no-greeter", "allow_removals": true}"#,
            "install no-greeter 1.0; remove greeter 1.0",
        ),
    ]);
}

/// A state as apt's simulation would leave it, without asking any apt.
fn state(deltas: Vec<Delta>, meant: &[&str]) -> (Apt, State) {
    let meant = meant.iter().map(|&name| request::Meant {
        name: name.to_owned(),
        arch: None,
        by_name: true,
    });
    let targets = vec![Target::Named { name: "no-greeter".to_owned(), arch: None, version: None }];
    let meant = meant.collect();
    let request = Request { targets, unforeseen: Vec::new(), meant, depends: None };
    let params = Apt::default();
    let transaction = transaction(&params, &request);
    let superfluous = deltas.iter().filter(|delta| delta.name == "unneeded").cloned().collect();
    let outlook = Some(Outlook { transaction, deltas, superfluous });
    let index = Index { age: None, refreshed: false, gap: None };
    let facts =
        Facts { database: Database::default(), index, files: BTreeMap::new(), catalogue: None };
    (params, State { allowed: true, facts, request, outlook, answers: BTreeMap::new() })
}

fn delta(name: &str, from: Option<&str>, to: Option<&str>) -> Delta {
    Delta {
        name: name.to_owned(),
        arch: "all".to_owned(),
        from: from.map(Version::new),
        to: to.map_or(After::Removed, |version| After::Version(Version::new(version))),
    }
}

#[test]
fn removals_must_be_asked_for() {
    let deltas = vec![
        delta("greeter", Some("2.0"), None),
        delta("unneeded", Some("1"), None),
        delta("no-greeter", None, Some("1.0")),
    ];
    let (params, state) = state(deltas, &["no-greeter"]);
    let error = main_steps(&params, &state).unwrap_err();
    assert_eq!(error.to_string(), "this would also remove what nobody asked for: greeter 2.0");
    let allowed = Apt { allow_removals: true, ..Apt::default() };
    let steps = main_steps(&allowed, &state).unwrap();
    assert_eq!(steps_in_words(&steps), "install no-greeter 1.0; remove greeter 2.0, unneeded 1");
    let PackageAction::Transact(step) = &steps[0] else { panic!("{steps:?}") };
    assert!(step.transaction.options.removals);
}

/// A database where `greeter` is there for both architectures.
fn of_two_architectures(want: &str) -> Database {
    let stanza = |arch: &str| {
        format!(
            "Package: greeter\nStatus: {want} ok installed\nArchitecture: {arch}\nVersion: 2.0\n\n"
        )
    };
    let mut database = Database::new(vec!["amd64".to_owned(), "i386".to_owned()]);
    database.read((stanza("amd64") + &stanza("i386")).as_bytes()).unwrap();
    database
}

#[test]
fn namesakes_of_other_architectures_are_not_meant() {
    let delta = |arch: &str| Delta { arch: arch.to_owned(), ..delta("greeter", Some("2.0"), None) };
    let both = || vec![delta("i386"), delta("")];
    let (params, mut state) = state(both(), &["greeter"]);
    state.facts.database = of_two_architectures("install");
    let said = |state: &State, params: &Apt| main_steps(params, state).unwrap_err().to_string();
    let unasked = "this would also remove what nobody asked for";
    assert_eq!(said(&state, &params), format!("{unasked}: greeter:i386 2.0"));
    state.request.meant[0].arch = Some("i386".to_owned());
    assert_eq!(said(&state, &params), format!("{unasked}: greeter 2.0"));

    state.facts.database = of_two_architectures("hold");
    let holds = Apt { hold: Some(true), allow_removals: true, ..Apt::default() };
    assert_eq!(said(&state, &holds), "greeter is held at 2.0 and would be removed");
    state.request.meant[0].arch = None;
    assert_eq!(said(&state, &holds), "greeter:i386 is held at 2.0 and would be removed");
}

#[test]
fn who_may_not_change_packages_is_told_before_anything() {
    let (params, mut state) = state(vec![delta("no-greeter", None, Some("1.0"))], &["no-greeter"]);
    state.allowed = false;
    let task = testing::task(TaskSpec::Apt(params.clone()));
    let plan = testing::with_input(&task, DiffMode::Off, |input| params.plan(input, &state));
    let error = plan.unwrap_err();
    assert_eq!(error.to_string(), "only root may change packages: install no-greeter 1.0");
}
