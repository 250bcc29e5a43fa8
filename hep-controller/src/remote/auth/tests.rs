//! The order of ways to log in, a line each.

use super::*;
use crate::remote::demands::Barred;
use crate::remote::{Secret, check_key};
use std::os::unix::fs::PermissionsExt;

fn public(kind: &str, number: u8) -> PublicKey {
    let mut blob = u32::try_from(kind.len()).unwrap().to_be_bytes().to_vec();
    blob.extend(kind.bytes());
    blob.push(number);
    PublicKey::from_blob(&blob).unwrap()
}

fn file(name: &str, number: u8, encrypted: bool) -> KeyFile {
    KeyFile {
        path: name.into(),
        text: Secret::new(""),
        encrypted,
        passphrase: None,
        certificates: Vec::new(),
        public: Some(public("ssh-ed25519", number)),
    }
}

fn agent(number: u8) -> AgentKey {
    AgentKey { public: public("ssh-ed25519", number), comment: format!("{number}") }
}

const ALL: &str = "publickey,password,keyboard-interactive";

/// What is tried and what is left out, in short.
fn check(means: Means, offered: &str, expected: &[&str]) {
    let plan = means.plan(Offered(offered));
    let tried = plan.attempts.iter().map(|attempt| match attempt {
        Attempt::Certificate(_, one) => format!("certificate {}", one.path.display()),
        Attempt::File(file) => format!("file {}", file.path.display()),
        Attempt::Agent(key) => format!("agent {}", key.comment),
        Attempt::Password => "password".to_owned(),
        Attempt::Interactive => "interactive".to_owned(),
    });
    let left_out = plan.left_out.iter().map(|left_out| match left_out {
        LeftOut::Encrypted(path) => format!("encrypted {}", path.display()),
        LeftOut::Fido(name) => format!("fido {name}"),
        LeftOut::Exposed(exposed) => format!("exposed {}", exposed.path.display()),
        LeftOut::Barred(way, setting) => format!("{setting}: {way}"),
    });
    assert_eq!(tried.chain(left_out).collect::<Vec<_>>(), expected);
}

#[test]
fn the_named_key_comes_first_and_the_password_last() {
    let means = || Means {
        named: vec![file("named", 1, false)],
        agent: vec![agent(2)],
        defaults: vec![file("default", 3, false)],
        has_password: true,
        ..Means::default()
    };
    check(means(), ALL, &["file named", "agent 2", "file default", "password", "interactive"]);
    check(means(), "publickey", &["file named", "agent 2", "file default"]);
    check(means(), "password", &["password"]);
    check(means(), "keyboard-interactive", &["interactive"]);
    check(means(), "gssapi-with-mic", &[]);
    check(Means::default(), ALL, &[]);
}

#[test]
fn few_keys_and_no_password_need_no_question() {
    let keys = |count: usize, has_password| {
        let named = (0..count).map(|number| file("named", number as u8, false)).collect();
        Means { named, has_password, ..Means::default() }
    };
    let first = |means: Means| means.unasked().map(|attempt| attempt.shown());
    assert_eq!(first(keys(0, false)), None);
    assert_eq!(first(keys(1, false)).as_deref(), Some("key named"));
    assert_eq!(first(keys(1, true)), None);
    assert_eq!(first(keys(4, false)).as_deref(), Some("key named"));
    assert_eq!(first(keys(5, false)), None);
}

#[test]
fn an_encrypted_key_is_used_through_the_agent_that_holds_it() {
    let named = || vec![file("named", 1, true)];
    let wanted = vec![public("ssh-ed25519", 1)];
    let means =
        Means { named: named(), wanted, agent: vec![agent(2), agent(1)], ..Means::default() };
    check(means, ALL, &["agent 1", "agent 2"]);
    let means = Means { named: named(), agent: vec![agent(2)], ..Means::default() };
    check(means, ALL, &["agent 2", "encrypted named"]);
}

#[test]
fn a_default_key_is_not_tried_twice() {
    let defaults = vec![file("same", 1, false), file("other", 2, true)];
    check(
        Means { agent: vec![agent(1)], defaults, ..Means::default() },
        ALL,
        &["agent 1", "encrypted other"],
    );
}

#[test]
fn fido_keys_are_left_out() {
    let fido = AgentKey { public: public("sk-ssh-ed25519@openssh.com", 1), comment: "usb".into() };
    check(
        Means { agent: vec![fido, agent(2)], ..Means::default() },
        ALL,
        &["agent 2", "fido ssh-agent's `usb`"],
    );
}

#[test]
fn many_keys_leave_room_for_the_password_and_are_tried_all_the_same() {
    let means = |has_password| Means {
        agent: (1..=8).map(agent).collect(),
        has_password,
        ..Means::default()
    };
    let keys: Vec<String> = (1..=8).map(|number| format!("agent {number}")).collect();
    let mut all: Vec<&str> = keys.iter().map(String::as_str).collect();
    check(means(false), ALL, &all);
    check(means(true), "publickey", &all);
    all.splice(4..4, ["password", "interactive"]);
    check(means(true), ALL, &all);
}

#[test]
fn a_key_that_others_may_read_is_left_out() {
    let exposed = vec![Exposed { path: "open".into(), mode: 0o644 }];
    let means = Means { exposed, agent: vec![agent(1)], ..Means::default() };
    check(means.clone(), ALL, &["agent 1", "exposed open"]);
    let left_out = means.plan(Offered(ALL)).left_out;
    let problem = refused(&target(None), Offered("publickey"), &Story::default(), &left_out);
    assert_eq!(
        problem.what,
        "nothing to log in with as `root`: the host offers publickey; not tried, others may read it (mode 0644): key open"
    );
    assert_eq!(
        problem.hint.unwrap(),
        "`chmod 600 open` keeps the key private, and then it is used"
    );
}

fn story(accepted: &[&str], refused: &[&str]) -> Story {
    let texts = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    Story { accepted: texts(accepted), refused: texts(refused) }
}

fn target(private_key: Option<PathBuf>) -> Target {
    Target {
        name: "web1".into(),
        address: "10.0.0.1".into(),
        port: 22,
        user: "root".into(),
        password: None,
        private_key,
        ..Target::default()
    }
}

#[test]
fn a_refusal_names_what_was_offered_tried_and_left_out() {
    let problem = refused(
        &target(None),
        Offered("publickey,password"),
        &story(&[], &["key /k (ED25519)"]),
        &[LeftOut::Encrypted("/e".into())],
    );
    assert_eq!(
        problem.what,
        "no login as `root`: the host offers publickey, password; refused: key /k (ED25519); not tried, has a \
         passphrase: key /e"
    );
    assert_eq!(problem.hint.unwrap(), "`ssh-add /e` opens the key once and keeps it in ssh-agent");
    let problem = refused(&target(None), Offered("password"), &Story::default(), &[]);
    assert_eq!(problem.what, "nothing to log in with as `root`: the host offers password");
}

#[test]
fn what_was_good_but_not_enough_is_no_refusal() {
    let story = story(&["key /k"], &[]);
    let problem = refused(&target(None), Offered("password"), &story, &[]);
    assert_eq!(
        problem.what,
        "no login as `root`: accepted, but not enough: key /k; the host still offers password"
    );
    assert!(problem.hint.unwrap().starts_with("the host wants a password as well: `-k`"));
}

#[test]
fn a_host_that_has_had_enough_is_told_by_its_cause() {
    let check = |refused: &[&str], what: &str| {
        let problem = hung_up(&target(None), Offered(""), &story(&[], refused), &[]);
        assert!(problem.what.ends_with(what), "{problem:?}");
        problem.hint.unwrap()
    };
    let hint = check(&["key /a", "key /b"], "too many authentication failures (`MaxAuthTries`)");
    assert!(hint.contains("`IdentitiesOnly yes`"), "{hint}");
    check(&["key /a"], "refused: key /a; then the host ended the connection");
}

#[test]
fn what_only_openssh_can_is_left_to_it() {
    let fido = [LeftOut::Fido("/k".into())];
    let hint = |offered, left_out| {
        refused(&target(None), Offered(offered), &Story::default(), left_out).hint
    };
    for (offered, left_out) in
        [("publickey", &fido[..]), ("gssapi-with-mic", &[]), ("publickey,hostbased", &[])]
    {
        let hint = hint(offered, left_out).unwrap();
        assert!(hint.starts_with("`--transport openssh` "), "{hint}");
    }
    assert!(!hint("password", &[]).unwrap().contains("--transport"));
}

#[test]
fn a_named_key_that_is_none_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    let problem = check_key(&path).unwrap_err();
    assert!(problem.what.ends_with("key: no such file or directory"), "{problem:?}");
    std::fs::write(&path, "ssh-ed25519 AAAA comment").unwrap();
    let problem = check_key(&path).unwrap_err();
    assert!(problem.what.ends_with("key is not a private key"), "{problem:?}");
    std::fs::write(&path, "-----BEGIN PRIVATE KEY-----\n").unwrap();
    let mode = |mode| std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
    mode(0o640);
    let problem = check_key(&path).unwrap_err();
    assert!(problem.what.ends_with("key: its mode is 0640"), "{problem:?}");
    assert!(problem.hint.unwrap().starts_with("`chmod 600 "));
    mode(0o600);
    check_key(&path).unwrap();
}

#[test]
fn what_ssh_config_bars_is_left_out_and_told() {
    let means = |barred| Means {
        named: vec![file("a", 2, false)],
        agent: vec![agent(1)],
        has_password: true,
        demands: Demands { barred, ..Demands::default() },
        ..Means::default()
    };
    let no_keys = Barred { public_key: Some("setting"), ..Barred::default() };
    let expected = ["password", "interactive", "setting: key a", "setting: ssh-agent's key `1`"];
    check(means(no_keys), ALL, &expected);
    let no_words =
        Barred { password: Some("one"), interactive: Some("other"), ..Barred::default() };
    let expected =
        ["file a", "agent 1", "one: password", "other: keyboard-interactive with the password"];
    check(means(no_words), ALL, &expected);
}
