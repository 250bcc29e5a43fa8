//! Groups that come, change and go.

use crate::converge::testing::{settles, tried};
use crate::sys::overlay::Overlay;
use crate::sys::overlay::empty::Empty;
use serde_json::{Value, json};

#[track_caller]
fn check(params: Value, expected: &str) {
    settles("group", &params, &mut Overlay::new(Empty), expected);
}

#[test]
fn groups_are_added_changed_and_removed() {
    check(json!({"name": "web"}), "add group web");
    check(json!({"name": "web", "gid": "2000", "system": true}), "add group web (gid 2000)");
    check(json!({"name": "www-data"}), "");
    check(json!({"name": "www-data", "gid": 33}), "");
    check(json!({"name": "www-data", "gid": 34}), "change group www-data: gid 33 -> 34");
    check(json!({"name": "www-data", "state": "absent", "force": true}), "remove group www-data");
    check(json!({"name": "web", "state": "absent"}), "");
}

#[test]
fn what_the_programs_would_refuse_is_refused_before() {
    let taken = "failed: the number 33 is that of the group www-data";
    check(json!({"name": "web", "gid": 33}), taken);
    check(json!({"name": "root", "gid": 33}), taken);
    let both = json!({"name": "web", "gid": 33, "non_unique": true});
    check(both, "add group web (gid 33)");
    let used = "failed: www-data is the own group of the user www-data";
    check(json!({"name": "www-data", "state": "absent"}), used);
    let mut host = Overlay::new(Empty);
    tried("group", &json!({"name": "www-data", "gid": 34}), &mut host);
    settles("group", &json!({"name": "web", "gid": 33}), &mut host, "add group web (gid 33)");
}

#[test]
fn result_has_the_number_where_it_is_known() {
    let mut host = Overlay::new(Empty);
    let mut fields = |params: Value| Value::Object(tried("group", &params, &mut host).1);
    let told = json!({"name": "www-data", "state": "present", "gid": 33, "system": false});
    assert_eq!(fields(json!({"name": "www-data"})), told);
    assert_eq!(fields(json!({"name": "web"})), json!({"name": "web", "state": "present"}));
    let told = json!({"name": "none", "state": "absent"});
    assert_eq!(fields(json!({"name": "none", "state": "absent"})), told);
}

#[test]
fn programs_are_asked_for_what_the_task_says() {
    let words = |params: Value| {
        let group: super::Group = serde_json::from_value(params).unwrap();
        [super::added(&group), super::removed(&group)].map(|call| call.argv.join(" "))
    };
    let all = json!({"name": "w", "gid": "5", "non_unique": true, "system": true, "force": true});
    assert_eq!(words(all), ["groupadd -r -g 5 -o w", "groupdel -f w"]);
    let range = json!({"name": "w", "gid_min": "500", "gid_max": "600"});
    assert_eq!(words(range), ["groupadd -K GID_MIN=500 -K GID_MAX=600 w", "groupdel w"]);
}
