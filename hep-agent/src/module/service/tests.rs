//! What the module decides, by tables on an overlay.

use super::*;
use crate::converge::testing;
use crate::sys::overlay::Overlay;
use crate::sys::overlay::empty::Empty;
use crate::sys::{Change as _, Effect};
use hep_protocol::plan::DiffMode;
use hep_protocol::task::TaskSpec;
use serde_json::json;

fn state(running: Running, boot: Boot) -> ServiceState {
    ServiceState { running, ..ServiceState::fresh(boot) }
}

fn params(parameters: Value) -> Service {
    serde_json::from_value(parameters).unwrap()
}

/// Plans and executes on the host: the lines of the plan, or the error and its hint.
fn converge(host: &mut Overlay<Empty>, parameters: &Value) -> Result<String, String> {
    let params = params(parameters.clone());
    let task = testing::task(TaskSpec::Service(params.clone()));
    let mut lines = Vec::new();
    loop {
        let plan = testing::with_input(&task, DiffMode::Off, |input| {
            params.inspect(input, host).and_then(|state| params.plan(input, &state))
        });
        let plan = plan.map_err(words)?;
        for planned in plan.steps {
            match host.apply(&planned.action).unwrap() {
                Effect::Changed => lines.push(planned.change().line),
                Effect::Noted(note) => lines.push(format!("note: {note}")),
                other @ (Effect::Kept(_)
                | Effect::Said(_)
                | Effect::Ran(_)
                | Effect::WouldRun
                | Effect::Nothing) => {
                    panic!("{other:?}")
                }
            }
        }
        if !plan.again {
            return Ok(lines.join(", "));
        }
    }
}

fn words(error: SysError) -> String {
    let failure = hep_protocol::outcome::Failure::from(error);
    format!("{}; {}", failure.message, failure.hint.unwrap_or_default())
}

/// What a task does to `apache2` in that state; and that, but for what always acts, it then has nothing left to do.
fn check(action: &Value, before: ServiceState, expected: Result<&str, &str>) {
    let mut parameters = action.clone();
    parameters["name"] = json!("apache2");
    let mut host = Overlay::new(Empty);
    host.set_service("apache2.service", before.clone());
    let lines = converge(&mut host, &parameters);
    let as_expected = match (&lines, expected) {
        (Ok(lines), Ok(expected)) => lines == expected,
        (Err(error), Err(expected)) => error.contains(expected),
        _ => false,
    };
    assert!(as_expected, "{action} on {before:?}: {lines:?}, not {expected:?}");
    let always = matches!(parameters["action"].as_str(), Some("restart" | "reload"));
    if lines.is_ok() && !always {
        assert_eq!(converge(&mut host, &parameters), Ok(String::new()), "{action} on {before:?}");
    }
}

fn unknown() -> Running {
    Running::Unknown("its script gives no status".to_owned())
}

#[test]
fn start_and_stop_act_only_where_needed() {
    let start = json!({"action": "start"});
    check(&start, state(Running::No, Boot::Enabled), Ok("start apache2"));
    check(&start, state(Running::Yes, Boot::Enabled), Ok(""));
    check(&start, state(Running::Between, Boot::Enabled), Ok("start apache2"));
    let stop = json!({"action": "stop"});
    check(&stop, state(Running::Yes, Boot::Enabled), Ok("stop apache2"));
    check(&stop, state(Running::No, Boot::Enabled), Ok(""));
    check(&stop, state(Running::Between, Boot::Enabled), Ok("stop apache2"));
}

#[test]
fn restart_always_acts_and_reload_starts_what_is_stopped() {
    let restart = json!({"action": "restart"});
    for running in [Running::Yes, Running::No, Running::Between, unknown()] {
        check(&restart, state(running, Boot::Disabled), Ok("restart apache2"));
    }
    let reload = json!({"action": "reload"});
    check(&reload, state(Running::Yes, Boot::Enabled), Ok("reload apache2"));
    check(&reload, state(Running::No, Boot::Enabled), Ok("start apache2"));
    let cannot =
        |running| ServiceState { reload: Reload::Impossible, ..state(running, Boot::Enabled) };
    check(&reload, cannot(Running::Yes), Err("it has no way to reload; write `action: restart`"));
    check(&reload, cannot(Running::No), Ok("start apache2"));
}

#[test]
fn what_is_not_known_is_never_guessed() {
    for action in ["start", "stop", "reload"] {
        let wanted = "cannot tell whether apache2 runs: its script gives no status; add `pattern:`";
        check(&json!({"action": action}), state(unknown(), Boot::Enabled), Err(wanted));
    }
    check(&json!({"enabled": true}), state(unknown(), Boot::Disabled), Ok("enable apache2"));
}

#[test]
fn enabling_and_disabling_act_only_where_needed() {
    let fixed = |word: &str| state(Running::Yes, Boot::Fixed(word.to_owned()));
    let on = json!({"enabled": true});
    check(&on, state(Running::Yes, Boot::Enabled), Ok(""));
    check(&on, state(Running::Yes, Boot::Disabled), Ok("enable apache2"));
    check(&on, fixed("static"), Err("cannot enable apache2: its unit is static"));
    check(&on, fixed("indirect"), Err("name the unit that its `Also=` names"));
    check(&on, fixed("transient"), Err("its unit cannot be enabled (transient)"));
    let off = json!({"enabled": false});
    check(&off, state(Running::Yes, Boot::Enabled), Ok("disable apache2"));
    check(&off, state(Running::Yes, Boot::Disabled), Ok(""));
    check(&off, fixed("static"), Ok(""));
    check(&off, state(Running::No, Boot::Masked), Ok(""));
}

#[test]
fn masked_service_can_only_be_stopped() {
    let masked = |running| state(running, Boot::Masked);
    let why = "it is masked, which forbids every start; `systemctl unmask apache2`";
    for action in ["start", "restart", "reload"] {
        check(&json!({"action": action}), masked(Running::No), Err(why));
    }
    check(&json!({"enabled": true}), masked(Running::No), Err(why));
    check(&json!({"action": "stop"}), masked(Running::Yes), Ok("stop apache2"));
    check(&json!({"action": "start"}), masked(Running::Yes), Ok(""));
}

#[test]
fn enabling_comes_first_and_disabling_last() {
    check(
        &json!({"action": "start", "enabled": true}),
        state(Running::No, Boot::Disabled),
        Ok("enable apache2, start apache2"),
    );
    check(
        &json!({"action": "stop", "enabled": false}),
        state(Running::Yes, Boot::Enabled),
        Ok("stop apache2, disable apache2"),
    );
}

#[test]
fn stale_units_are_read_again_first_and_that_is_no_change() {
    let stale =
        ServiceState { definition: Definition::Stale, ..state(Running::Yes, Boot::Enabled) };
    let note = "note: daemon-reload, as unit files changed since systemd read them";
    check(&json!({"action": "start"}), stale.clone(), Ok(note));
    let restart = json!({"action": "restart"});
    check(&restart, stale, Ok(&format!("{note}, restart apache2")));
}

#[test]
fn stale_unit_is_not_judged_by_what_it_was() {
    let state = ServiceState {
        definition: Definition::Stale,
        reload: Reload::Impossible,
        ..state(Running::Yes, Boot::Fixed("static".to_owned()))
    };
    let params = params(json!({"name": "app", "action": "reload", "enabled": true}));
    let task = testing::task(TaskSpec::Service(params.clone()));
    let state = Some(Found { service: state, depends: None });
    let plan = testing::with_input(&task, DiffMode::Off, |input| params.plan(input, &state));
    let plan = plan.unwrap();
    let steps: Vec<_> = plan.steps.into_iter().map(|planned| planned.action).collect();
    assert_eq!(
        (steps, plan.again),
        (vec![action::Action::Service(ServiceAction::RefreshUnits)], true)
    );
}

#[test]
fn missing_service_is_named_with_its_neighbours() {
    let error = converge(&mut Overlay::new(Empty), &json!({"name": "apche2", "action": "start"}));
    assert_eq!(
        error.unwrap_err(),
        "there is no service apche2: systemd does not run, and there is no script \
         /etc/init.d/apche2; the nearest names are: apache2"
    );
}

#[test]
fn service_that_an_earlier_task_would_bring_is_told_so() {
    let mut host = Overlay::new(Empty);
    host.set_cause(Cause::Packages(vec!["nginx".into()]));
    let depends = "(depends on package nginx)";
    let restart = json!({"name": "nginx.service", "action": "restart"});
    assert_eq!(converge(&mut host, &restart), Ok(format!("restart nginx.service {depends}")));
    let stop = json!({"name": "nginx", "action": "stop", "enabled": false});
    let both = format!("stop nginx {depends}, disable nginx {depends}");
    assert_eq!(converge(&mut host, &stop), Ok(both));
    assert_eq!(converge(&mut host, &stop), Ok(String::new()));
}

#[test]
fn service_of_a_package_is_foreseen_as_enabled_and_started() {
    let mut host = Overlay::new(Empty);
    host.set_cause(Cause::Packages(vec!["nginx".into()]));
    let start = json!({"name": "nginx", "action": "start", "enabled": true});
    assert_eq!(converge(&mut host, &start), Ok(String::new()));
}

#[test]
fn what_a_command_would_do_to_a_service_is_not_known() {
    let mut host = Overlay::new(Empty);
    host.set_cause(Cause::Command("make install".into()));
    let start = json!({"name": "app", "action": "start", "enabled": true});
    let depends = "(depends on command `make install`)";
    assert_eq!(
        converge(&mut host, &start),
        Ok(format!("enable app {depends}, start app {depends}"))
    );
    assert_eq!(converge(&mut host, &start), Ok(String::new()));
}
