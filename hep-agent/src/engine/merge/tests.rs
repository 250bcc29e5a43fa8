//! Merged loops on the small world of packages of `sys/overlay/empty/packages.rs`.

use super::*;
use crate::converge::testing;
use crate::sys::Session;
use crate::sys::overlay::Overlay;
use crate::sys::overlay::empty::Empty;
use hep_protocol::plan::DiffMode;
use serde_json::json;

/// A loop's elements, with the parameters that all have in common.
fn parts(packages: &[&str], common: &Value) -> Option<Parts> {
    let spec = |package: &&str| {
        let mut params = common.clone();
        params["package"] = json!(package);
        Some(serde_json::from_value(params).unwrap())
    };
    let each: Vec<Option<Apt>> = packages.iter().map(spec).collect();
    Some(Parts { all: union(&each)?, each, env: BTreeMap::new(), user: None })
}

fn alone(host: &mut Overlay<Empty>, apt: &Apt) -> Result<String, String> {
    host.begin_task(TaskStart::default());
    let spec = TaskSpec::Apt(apt.clone());
    let task = testing::task(spec.clone());
    let tried = testing::with_input(&task, DiffMode::Off, |input| converge(&spec, input, host));
    match tried.details.failure {
        Some(failure) => Err(failure.message),
        None => Ok(lines(&tried.details.changes)),
    }
}

fn lines(changes: &[Change]) -> String {
    changes.iter().map(|change| change.line.as_str()).collect::<Vec<_>>().join(" + ")
}

fn merged(host: &mut Overlay<Empty>, parts: &Parts) -> Together {
    host.begin_task(TaskStart::default());
    let task = testing::task(TaskSpec::Apt(parts.all.clone()));
    testing::with_input(&task, DiffMode::Off, |input| together(parts, input, host)).unwrap()
}

/// After what was there before: the elements' lines when merged, and that one by one leave the same host.
#[track_caller]
fn check(before: &[&str], packages: &[&str], common: &Value, expected: &[&str]) {
    let host = || {
        let mut host = Overlay::new(Empty);
        for package in before {
            let apt = serde_json::from_value(json!({"package": package})).unwrap();
            alone(&mut host, &apt).unwrap();
        }
        host
    };
    let parts = parts(packages, common).unwrap();
    let (mut once, mut each) = (host(), host());
    Empty::asked();
    let together = merged(&mut once, &parts);
    assert_eq!(together.failure, None);
    assert!(Empty::asked() <= 1, "apt was asked more than once");
    let said: Vec<String> = together.shares.iter().map(|share| lines(share)).collect();
    assert_eq!(said, expected, "{packages:?}");
    for apt in parts.each.iter().flatten() {
        alone(&mut each, apt).unwrap();
    }
    let state = |host: &Overlay<Empty>| {
        use crate::sys::packages::ObservePackages;
        host.packages().unwrap()
    };
    assert_eq!(state(&once), state(&each), "{packages:?}");
}

#[test]
fn one_transaction_is_the_same_as_one_an_element() {
    let install = json!({});
    check(
        &[],
        &["greeter", "php", "apache2"],
        &install,
        &[
            "install greeter 2.0 (and 3 more: apache2-bin, apache2-data, php8.2)",
            "install php 2:8.2+93",
            "install apache2 2.4.62-1",
        ],
    );
    check(&["php"], &["php", "greeter"], &install, &["", "install greeter 2.0"]);
    check(
        &["php"],
        &["php8.2", "greeter"],
        &install,
        &["mark php8.2 as manually installed", "install greeter 2.0"],
    );
    check(&["greeter", "php"], &["php", "greeter"], &install, &["", ""]);
    check(
        &[],
        &["lonely", "greeter", "greeter"],
        &install,
        &["install only-one 1.0", "install greeter 2.0", ""],
    );
    check(
        &["greeter=1.0"],
        &["greeter", "php8.2-cli"],
        &json!({"action": "latest"}),
        &["upgrade greeter 1.0 -> 2.0", "install php8.2-cli 8.2.29-1"],
    );
    check(
        &["greeter", "php"],
        &["php", "nothing", "greeter"],
        &json!({"action": "remove"}),
        &["remove php 2:8.2+93", "", "remove greeter 2.0"],
    );
    check(
        &["greeter", "php"],
        &["greeter", "php"],
        &json!({"action": "purge"}),
        &["purge greeter 2.0", "purge php 2:8.2+93"],
    );
}

#[test]
fn apt_is_asked_once_instead_of_once_an_element() {
    let parts = parts(&["greeter", "php", "apache2", "only-one"], &json!({})).unwrap();
    Empty::asked();
    let mut host = Overlay::new(Empty);
    for apt in parts.each.iter().flatten() {
        alone(&mut host, apt).unwrap();
    }
    assert_eq!(Empty::asked(), 4);
    merged(&mut Overlay::new(Empty), &parts);
    assert_eq!(Empty::asked(), 1);
}

#[test]
fn elements_that_differ_in_more_than_packages_are_not_merged() {
    let refused = |packages: &[&str], common: Value| {
        assert!(parts(packages, &common).is_none(), "{packages:?} {common}");
    };
    refused(&["greeter"], json!({}));
    refused(&["php8.2-*", "greeter"], json!({}));
    refused(&["greeter:amd64", "php"], json!({}));
    refused(&["/srv/a.deb", "php"], json!({}));
    refused(&["greeter=1.0", "greeter=2.0"], json!({}));
    refused(&["greeter", "greeter=2.0"], json!({}));
    for common in [
        json!({"action": "build-dep"}),
        json!({"hold": true}),
        json!({"autoremove": true}),
        json!({"recover": true}),
        json!({"allow_removals": true}),
        json!({"debconf": [{"package": "p", "question": "p/q", "type": "string", "value": "v"}]}),
    ] {
        refused(&["greeter", "php"], common);
    }
    let apt = |params: Value| Some(serde_json::from_value::<Apt>(params).unwrap());
    let differing =
        [apt(json!({"package": "a1"})), apt(json!({"package": "b1", "action": "latest"}))];
    assert!(union(&differing).is_none());
}

#[test]
fn failed_transaction_leaves_everything_to_each_element() {
    let parts = parts(&["greeter", "no-such-package"], &json!({})).unwrap();
    let mut host = Overlay::new(Empty);
    let together = merged(&mut host, &parts);
    assert!(together.failure.is_some() && together.shares.iter().all(Vec::is_empty));
    let each: Vec<_> = parts.each.iter().flatten().map(|apt| alone(&mut host, apt)).collect();
    assert_eq!(each[0], Ok("install greeter 2.0".to_owned()));
    assert!(each[1].is_err());
}

#[test]
fn what_depends_on_an_earlier_step_is_not_merged() {
    let parts = parts(&["greeter", "php"], &json!({})).unwrap();
    let mut host = Overlay::new(Empty);
    host.set_cause(crate::sys::Cause::Command("make".to_owned()));
    let task = testing::task(TaskSpec::Apt(parts.all.clone()));
    let together =
        testing::with_input(&task, DiffMode::Off, |input| together(&parts, input, &mut host));
    assert!(together.is_none());
}
