//! What of actions leaves the host.

use super::*;
use crate::blob::Digest;
use crate::task::apt::Debconf;
use crate::value::{Argv, PermissionBits};
use files::{
    Account, Acl, Attrs, Content, Durable, FileKind, FileState, Former, NewAttrs, NewFile,
};
use files::{NewLink, Place};
use packages::{After, Delta, Hold, Options, Transact, Transaction, Version};
use serde_json::Value;
use services::{ServiceJob, Verb};
use std::time::Duration;

fn path(text: &str) -> AbsPath {
    text.parse().unwrap()
}

fn attrs(mode: u16, acl: Acl) -> Attrs {
    let group = Account::Expected("www".to_owned());
    Attrs { owner: Account::Number(0), group, mode: PermissionBits(mode), acl }
}

fn check(action: Action, line: &str, told: Value) {
    assert_eq!(action.to_string(), line);
    assert_eq!(action.told().0, told, "{line}");
}

#[test]
fn files_tell_what_was_and_what_comes_and_no_content() {
    let detail = || "4 bytes".to_owned();
    let file = NewFile {
        place: Place::of(path("/etc/motd")),
        from: Some(Former {
            kind: FileKind::Link,
            size: 1,
            target: Some("x".to_owned()),
            attrs: attrs(0o777, Acl::AsItIs),
        }),
        to: FileState { content: Content::inline(b"new\n"), attrs: attrs(0o644, Acl::None) },
        backup: false,
        validate: Some(Argv::try_from(vec!["check".to_owned()]).unwrap()),
        in_place: false,
        durable: Durable::AtOnce,
        detail: detail(),
    };
    check(
        Action::File(FileAction::Put(Box::new(file))),
        "replace link /etc/motd by a file (4 bytes)",
        json!({
            "domain": "files", "kind": "put", "subject": "/etc/motd",
            "from": {"type": "link", "size": 1, "target": "x", "owner": 0, "group": "www", "mode": "0777"},
            "to": {
                "size": 4,
                "owner": 0, "group": "www", "mode": "0644", "acl": null,
            },
            "backup": false, "in_place": false,
        }),
    );
    let (place, to) = (Place::of(path("/srv/l")), attrs(0o777, Acl::AsItIs));
    let (from, durable) = (None, Durable::AtOnce);
    let link = NewLink { target: "t".to_owned(), attrs: to.clone() };
    let detail = String::new();
    let action = FileAction::Link { place: place.clone(), from, to: link, durable, detail };
    check(
        Action::File(action),
        "link /srv/l -> t",
        json!({
            "domain": "files", "kind": "link", "subject": "/srv/l", "from": null,
            "to": {"target": "t", "owner": 0, "group": "www", "mode": "0777"},
        }),
    );
    let entries = vec![NewAttrs { place, from: to.clone(), to }];
    let (root, detail) = (path("/srv"), "l".to_owned());
    check(
        Action::File(FileAction::SetBelow { root, entries, detail }),
        "set 1 entry below /srv: l",
        json!({"domain": "files", "kind": "set-below", "subject": "/srv", "entries": 1}),
    );
}

#[test]
fn packages_tell_versions_and_no_answers() {
    let patience = Duration::ZERO;
    let answer = Debconf {
        package: "p".to_owned(),
        question: "p/q".to_owned(),
        kind: "password".to_owned(),
        value: "secret".to_owned(),
    };
    check(
        Action::Package(PackageAction::Answer { answer, patience }),
        "answer p/q",
        json!({"domain": "packages", "kind": "answer", "subject": "p/q"}),
    );
    let names = vec!["a".to_owned()];
    check(
        Action::Package(PackageAction::Hold { names, to: Hold::Keep, patience }),
        "hold a",
        json!({"domain": "packages", "kind": "hold", "subject": ["a"], "to": "keep"}),
    );
    let (from, to) = (Some(Version::new("1")), After::Version(Version::new("2")));
    let delta = Delta { name: "a".to_owned(), arch: "all".to_owned(), from, to };
    let (verb, options) = (packages::Verb::Install, Options::default());
    let transaction = Transaction { verb, targets: Vec::new(), options };
    let transact = Transact { transaction, foreseen: vec![delta], asked: 1 };
    check(
        Action::Package(PackageAction::Transact(Box::new(transact))),
        "upgrade a 1 -> 2",
        json!({
            "domain": "packages", "kind": "transact", "asked": 1,
            "subject": [{"name": "a", "arch": "all", "from": "1", "to": {"version": "2"}}],
        }),
    );
}

#[test]
fn services_and_programs_tell_what_is_done_to_what() {
    let (name, timeout) = ("nginx".to_owned().try_into().unwrap(), Duration::ZERO);
    let pattern = Some("p".to_owned());
    check(
        Action::Service(ServiceAction::Act(ServiceJob {
            verb: Verb::Start,
            name,
            pattern,
            timeout,
        })),
        "start nginx",
        json!({"domain": "services", "kind": "start", "subject": "nginx"}),
    );
    check(
        Action::Service(ServiceAction::RefreshUnits),
        "daemon-reload, as unit files changed since systemd read them",
        json!({"domain": "services"}),
    );
    let invocation = Invocation {
        expand: false,
        words: "make".to_owned(),
        argv: Argv::try_from(vec!["make".to_owned()]).unwrap(),
        script: None,
        paths: Vec::new(),
        chdir: path("/srv"),
        env: [("TOKEN".to_owned(), "secret".to_owned())].into(),
        stdin: b"secret".to_vec(),
        timeout: None,
    };
    check(
        Action::Program(invocation),
        "run make",
        json!({"domain": "programs", "kind": "run", "subject": "make", "chdir": "/srv"}),
    );
}

#[test]
fn digest_of_what_a_task_holds_stays_on_the_host() {
    let digest = Digest::of(b"x");
    let told = |content: Content| serde_json::to_value(content).unwrap();
    let from_outside = Content { digest, size: 1, inline: None };
    assert_eq!(told(from_outside), json!({"sha256": digest.to_string(), "size": 1}));
    assert_eq!(told(Content::inline(b"x")), json!({"size": 1}));
}
