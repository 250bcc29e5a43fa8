//! Questions about host keys, at a real terminal.

use crate::operator::Operator;
use crate::terminal::Answers;
use hep_tests::{Flavour, Host};
use std::fs;
use std::time::Duration;

const MANIFEST: &str = "
- {name: one, command: {argv: [echo, first]}}
- {name: two, command: {argv: [echo, second]}}
";

const PUSH: [&str; 4] = ["push", "-i", "hosts", "manifest.yml"];

fn hosts<const N: usize>(names: [&str; N]) -> ([Host; N], Operator) {
    let hosts = names.map(|name| Host::start(Flavour::Sysv, name).unwrap());
    let operator = Operator::new(&hosts.each_ref());
    operator.write("manifest.yml", MANIFEST);
    (hosts, operator)
}

fn known(operator: &Operator) -> String {
    fs::read_to_string(operator.path("home/.ssh/known_hosts")).unwrap_or_default()
}

#[test]
fn unknown_keys_are_asked_about_before_the_first_task() {
    let (hosts, operator) = hosts(["web1", "web2", "web3"]);
    operator.write("home/.ssh/known_hosts", "");
    // The last is for two hosts.
    let answers = ["yes", "all"];
    let answers = Answers { question: "(yes/no/all)? ", answers: &answers, after: Duration::ZERO };
    let (code, screen) = answers.given_to(&operator, &PUSH);
    assert_eq!(code, 0, "{screen}");
    let lines = known(&operator);
    for host in &hosts {
        let key = host.known_hosts_line().split(' ').nth(2).unwrap();
        assert!(lines.contains(key), "{}: {lines}", host.name());
    }
    for host in &hosts[..2] {
        let asked = format!("'{} ({})' can't be established", host.name(), host.addr());
        assert!(screen.contains(&asked), "{asked}: {screen}");
    }
    // No host was worked on before the last answer.
    let (_, after) = screen.rsplit_once("(yes/no/all)? ").unwrap();
    let before = &screen[..screen.len() - after.len()];
    assert!(!before.contains("one") && after.contains("one"), "{screen}");
    let answers = Answers { question: "(yes/no", answers: &[], after: Duration::ZERO };
    let (code, screen) = answers.given_to(&operator, &PUSH);
    assert_eq!(code, 0, "{screen}");
}

#[test]
fn a_host_that_is_not_trusted_is_not_asked_about_again() {
    let (_hosts, operator) = hosts(["web1"]);
    operator.write("home/.ssh/known_hosts", "");
    let answers = Answers { question: "(yes/no", answers: &["no"], after: Duration::ZERO };
    let (code, screen) = answers.given_to(&operator, &PUSH);
    assert_ne!(code, 0, "{screen}");
    assert!(screen.contains("was not trusted by the operator"), "{screen}");
    assert_eq!(known(&operator), "");
}

/// A host that shows a key of another type than is known is asked about while others are worked on.
#[test]
fn nothing_is_printed_over_a_question() {
    let (hosts, operator) = hosts(["web1", "web2"]);
    // Of a type that the host does not have.
    let other = "ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjE=";
    let lines = format!("{} {other}\n{}", hosts[0].addr(), hosts[1].known_hosts_line());
    operator.write("home/.ssh/known_hosts", lines);
    // Meanwhile the other host has long ended.
    let after = Duration::from_secs(5);
    let answers = Answers { question: "(yes/no)? ", answers: &["yes"], after };
    let (code, screen) = answers.given_to(&operator, &PUSH);
    assert_eq!(code, 0, "{screen}");
    let (_, after) = screen.split_once("(yes/no)? ").unwrap();
    assert!(after.starts_with("yes\r\n"), "{screen}");
    assert!(after.contains("web2"), "{screen}");
}

#[test]
fn names_are_recorded_as_ssh_config_wants() {
    let (hosts, operator) = hosts(["web1"]);
    operator.write("home/.ssh/known_hosts", "");
    operator.write("home/.ssh/config", "HashKnownHosts yes\n");
    let answers = Answers { question: "(yes/no/all)? ", answers: &["yes"], after: Duration::ZERO };
    let (code, screen) = answers.given_to(&operator, &PUSH);
    assert_eq!(code, 0, "{screen}");
    let lines = known(&operator);
    assert!(lines.starts_with("|1|") && !lines.contains(&hosts[0].addr().to_string()), "{lines}");
    let answers = Answers { question: "(yes/no", answers: &[], after: Duration::ZERO };
    let (code, screen) = answers.given_to(&operator, &PUSH);
    assert_eq!(code, 0, "{screen}");
}
