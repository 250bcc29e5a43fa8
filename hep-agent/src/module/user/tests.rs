//! What the module decides, by tables on an overlay; and which programs it asks for what.

use crate::converge::testing::{recorded, settles, tried};
use crate::sys::accounts::AccountAction;
use crate::sys::overlay::Overlay;
use crate::sys::overlay::empty::Empty;
use hep_protocol::action::Action;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::rc::Rc;

#[track_caller]
fn check(params: Value, expected: &str) {
    settles("user", &params, &mut Overlay::new(Empty), expected);
}

/// The programs that a task runs, each with what it reads.
fn programs(host: &mut Overlay<Empty>, params: Value) -> Vec<String> {
    let calls: Rc<RefCell<Vec<String>>> = Rc::default();
    let told = Rc::clone(&calls);
    let record = move |action: &Action, _: &dyn crate::sys::Host| {
        if let Action::Account(AccountAction::User(change)) = action {
            told.borrow_mut().extend(change.by.iter().map(|call| {
                let stdin = String::from_utf8(call.stdin.clone()).unwrap();
                format!(
                    "{}{}",
                    call.argv.join(" "),
                    if stdin.is_empty() { stdin } else { format!(" < {stdin}") }
                )
            }));
        }
    };
    recorded(record, || drop(tried("user", &params, host)));
    calls.take()
}

fn on_empty(params: Value) -> Vec<String> {
    programs(&mut Overlay::new(Empty), params)
}

#[test]
fn new_user_gets_a_home_directory() {
    check(
        json!({"name": "ada"}),
        "add user ada (home /home/ada, shell /bin/sh, password)\n\
         make directory /home (0755 root:root)\n\
         make directory /home/ada (0755 ada:ada)",
    );
    check(
        json!({"name": "ada", "create_home": false, "uid": 1000}),
        "add user ada (uid 1000, home /home/ada, shell /bin/sh, password)",
    );
    check(
        json!({"name": "ada", "home": "/srv/ada", "umask": "0077", "group": "www-data"}),
        "add user ada (gid 33, home /srv/ada, shell /bin/sh, password)\n\
         make directory /srv (0755 root:root)\n\
         make directory /srv/ada (0700 ada:www-data)",
    );
}

#[test]
fn number_of_another_user_is_refused() {
    let taken = "failed: the number 33 is that of the user www-data";
    let new = |more: Value| {
        let mut params = json!({"name": "ada", "create_home": false, "uid": 33});
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        params
    };
    check(new(json!({})), taken);
    check(new(json!({"name": "root"})), taken);
    let both = "add user ada (uid 33, home /home/ada, shell /bin/sh, password)";
    check(new(json!({"non_unique": true})), both);
}

#[test]
fn home_moves_only_where_nothing_is() {
    let mut host = Overlay::new(Empty);
    tried("file", &json!({"dest": "/srv/w", "action": "directory", "parents": true}), &mut host);
    let params = json!({"name": "www-data", "home": "/srv/w", "move_home": true});
    let there = "failed: cannot move the home directory of www-data: /srv/w exists";
    settles("user", &params, &mut host, there);
}

#[test]
fn old_user_changes_only_where_it_differs() {
    let old = |mut params: Value| {
        params["name"] = json!("www-data");
        params["create_home"] = json!(false);
        params
    };
    check(old(json!({})), "");
    check(old(json!({"shell": "/bin/sh", "uid": 33, "group": "www-data", "groups": ""})), "");
    check(old(json!({"shell": "/bin/bash"})), "change user www-data: shell /bin/sh -> /bin/bash");
    check(old(json!({"comment": "Web"})), "change user www-data: comment \"\" -> Web");
    check(old(json!({"groups": ["root"]})), "change user www-data: groups \"\" -> root");
    check(
        old(json!({"groups": "root", "append": true})),
        "change user www-data: groups \"\" -> root",
    );
    check(old(json!({"group": "0"})), "change user www-data: gid 33 -> 0");
    check(old(json!({"password": "$6$x"})), "change user www-data: password");
    check(old(json!({"password": "$6$x", "update_password": "on_create"})), "");
    check(old(json!({"password": "!*"})), "");
    check(old(json!({"password_lock": true})), "change user www-data: password");
    check(old(json!({"password_lock": false})), "");
    check(
        old(json!({"expires": 1_422_403_387.0})),
        "change user www-data: expires never -> day 16463",
    );
    check(old(json!({"expires": -1})), "");
    check(
        old(json!({"password_expire_max": 90})),
        "change user www-data: password days -1, -1, -1, -1 -> -1, 90, -1, -1",
    );
    check(old(json!({"state": "absent"})), "remove user www-data");
    check(
        old(json!({"state": "absent", "remove": true})),
        "remove user www-data and its home directory",
    );
    check(json!({"name": "nobody-here", "state": "absent"}), "");
}

#[test]
fn missing_group_is_an_error_unless_an_earlier_task_adds_it() {
    check(json!({"name": "ada", "groups": "web"}), "failed: there is no group `web` on the host");
    let mut host = Overlay::new(Empty);
    tried("group", &json!({"name": "web"}), &mut host);
    let params = json!({"name": "ada", "group": "web", "groups": "web,root", "create_home": false});
    let line = "add user ada (home /home/ada, shell /bin/sh, groups root,web, password)";
    settles("user", &params, &mut host, line);
}

#[test]
fn what_is_new_can_own_a_file_and_what_is_gone_cannot() {
    let mut host = Overlay::new(Empty);
    let file = json!({"action": "directory", "dest": "/x", "owner": "ada", "group": "ada"});
    let refused = "failed: there is no user `ada` on the host";
    assert_eq!(tried("file", &file, &mut host).0, refused);
    tried("user", &json!({"name": "ada"}), &mut host);
    let made = "make directory /x (0755 ada:ada) (depends on user ada)";
    assert_eq!(tried("file", &file, &mut host).0, made);
    assert_eq!(tried("file", &file, &mut host).0, "");
    let gone = json!({"name": "www-data", "state": "absent"});
    tried("user", &gone, &mut host);
    let file = json!({"action": "directory", "dest": "/y", "owner": "www-data"});
    assert!(tried("file", &file, &mut host).0.contains("www-data"));
}

#[test]
fn passwords_are_read_by_chpasswd_and_in_no_argument_list() {
    let add = json!({"name": "ada", "password": "$6$x", "system": true, "uid": 5, "non_unique": true, "create_home": false});
    assert_eq!(on_empty(add), ["useradd -u 5 -o -M -r ada", "chpasswd -e < ada:$6$x\n"]);
    let lock = json!({"name": "ada", "password": "$6$x", "password_lock": true});
    assert_eq!(on_empty(lock), ["useradd -M ada", "chpasswd -e < ada:!$6$x\n"]);
    let all = json!({
        "name": "www-data", "password": "$6$x", "password_lock": false, "shell": "/bin/bash",
        "groups": "root", "append": true, "expires": 0, "password_expire_min": 1,
    });
    assert_eq!(
        on_empty(all),
        [
            "usermod -a -G root -s /bin/bash www-data",
            "chpasswd -e < www-data:$6$x\n",
            "chage -E 0 -m 1 www-data",
        ]
    );
    let lock =
        json!({"name": "www-data", "password_lock": true, "move_home": true, "home": "/srv/w"});
    assert_eq!(on_empty(lock), ["usermod -d /srv/w -m -L www-data"]);
    let gone = json!({"name": "www-data", "state": "absent", "remove": true, "force": true});
    assert_eq!(on_empty(gone), ["userdel -f -r www-data"]);
    let taken = json!({"name": "www-data", "state": "absent"});
    let mut host = Overlay::new(Empty);
    programs(&mut host, taken);
    let named = json!({"name": "root", "state": "absent"});
    programs(&mut host, named);
    tried("group", &json!({"name": "ada", "gid": 7}), &mut host);
    assert_eq!(programs(&mut host, json!({"name": "ada"})), ["useradd -N -M ada"]);
}

#[test]
fn pair_of_keys_is_made_once() {
    let params = json!({"name": "www-data", "generate_ssh_key": true, "ssh_key_type": "ed25519"});
    check(
        params,
        "make directory /home (0755 root:root)\n\
         make directory /home/www-data (0755 www-data:www-data)\n\
         make directory /home/www-data/.ssh (0700 www-data:www-data)\n\
         set SSH key /home/www-data/.ssh/id_ed25519: ed25519",
    );
}

#[test]
fn values_that_would_break_the_files_are_refused() {
    for params in [
        json!({"name": "a:b"}),
        json!({"name": "ada", "comment": "a:b"}),
        json!({"name": "ada", "shell": "/bin/sh\n"}),
        json!({"name": "ada", "password": "a:b"}),
        json!({"name": "ada", "umask": "8"}),
        json!({"name": "ada", "uid": "x"}),
        json!({"name": "ada", "generate_ssh_key": true, "force": true}),
        json!({"name": "ada", "ssh_key_type": "-f"}),
        json!({"name": "ada", "pass": "x"}),
    ] {
        let (lines, _) = tried("user", &params, &mut Overlay::new(Empty));
        assert!(lines.starts_with("refused: "), "{params}: {lines}");
    }
}
