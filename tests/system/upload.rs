//! The road to an agent: how many round trips a push takes in each mode, and what becomes of hosts without SFTP, without
//! room, and without leave to run programs. Nothing may stay but what is meant to.

use crate::operator::{Operator, start, traces};
use hep_tests::relay::{Counters, Options};
use hep_tests::{Flavour, Host, Relay};
use std::process::Command;
use std::time::Duration;

/// Enough for a host to be sure to have answered before a round trip is over, on a busy machine too.
const RTT: Duration = Duration::from_millis(150);

/// Seventeen tasks: a directory, ten files of 2.7 KB each, five packages that are there, one service.
fn manifest(operator: &Operator) -> String {
    let mut text = String::from("- file: {dest: /etc/road, action: directory, mode: 755}\n");
    for number in 0..10 {
        let name = format!("files/{number}");
        operator.write(&name, format!("line {number} of a file that is like others\n").repeat(69));
        text.push_str(&format!("- file: {{dest: /etc/road/{number}, src: {name}, mode: 644}}\n"));
    }
    for package in ["dpkg", "bash", "coreutils", "sed", "grep"] {
        text.push_str(&format!("- apt: {{package: {package}}}\n"));
    }
    text.push_str("- service: {name: ssh, action: start}\n");
    text
}

/// A second push of the manifest over a line with delay: everything is as it should be, and this is what crossed.
fn converged(host: &Host, mode: &str) -> Counters {
    let relay = Relay::start(host.address(), Options { rtt: RTT, ..Options::default() }).unwrap();
    let operator = Operator::through(host, relay.addr());
    let manifest = manifest(&operator);
    let run = operator.push(&manifest, &["--agent-upload", mode, "--ssh-config", "none"]).ends(0);
    assert!(run.statuses().iter().all(|status| status == "ok"), "{:?}", run.statuses());
    assert_eq!(run.statuses().len(), 17);
    relay.counters()
}

#[test]
fn a_push_takes_hardly_more_round_trips_than_a_login() {
    let (host, operator) = start(Flavour::Systemd);
    let text = manifest(&operator);
    for mode in ["sftp", "cache"] {
        operator.push(&text, &["--agent-upload", mode]).ends(0);
    }
    let relay = Relay::start(host.address(), Options { rtt: RTT, ..Options::default() }).unwrap();
    let through = Operator::through(&host, relay.addr());
    let known = format!("UserKnownHostsFile={}", through.path("home/.ssh/known_hosts").display());
    let ssh = Command::new("ssh")
        .args(["-F", "none", "-l", "root", "-o", &known, "-o", "BatchMode=yes", "-i"])
        .arg(host.private_key())
        .args(["-p", &relay.addr().port().to_string(), &relay.addr().ip().to_string(), "true"])
        .status()
        .unwrap();
    assert!(ssh.success());
    // The goodbye after the host's last word is a turn to the relay, but nobody waits for its answer.
    let trips = |counters: Counters| counters.turns + counters.connections - 1;
    let login = trips(relay.counters());
    // What is larger than sshd's window (2 MiB, of which SFTP uses three quarters) crosses in several goes.
    let windows = [3 << 19, 2 << 20, 2 << 20];
    for ((mode, most), window) in [("sftp", 13), ("exec", 9), ("cache", 9)].into_iter().zip(windows)
    {
        // A machine that is busy makes a stream look longer than it is.
        let all = [converged(&host, mode), converged(&host, mode)];
        let counters = *all.iter().min_by_key(|counters| counters.turns).unwrap();
        let (trips, goes) = (trips(counters), (counters.sent - 1) / window);
        eprintln!(
            "{mode}: {trips} round trips, {goes} of them for the agent's size; `ssh host true`: {login}; {all:?}"
        );
        // An unstripped agent has so many goes that the gaps between them add up; one of a release has one or two.
        assert!(trips <= most + goes + goes / 10, "{mode}: {trips} round trips");
        assert_eq!(counters.connections, 1);
        assert!(mode != "cache" || counters.sent < 60_000, "{counters:?}");
    }
    assert_eq!(traces(&host).lines().filter(|line| !line.contains("/.cache/hep/")).count(), 0);
}

/// One push that must converge whatever the host lacks, and leave nothing.
fn arrives(host: &Host, operator: &Operator, options: &[&str]) {
    operator.push("- file: {dest: /etc/road, action: directory}\n", options).ends(0);
    assert_eq!(traces(host), "");
}

#[test]
fn without_sftp_the_agent_comes_through_the_shell() {
    let (host, operator) = start(Flavour::Sysv);
    host.shell("sed -i '/^Subsystem/d' /etc/ssh/sshd_config; kill -HUP $(cat /run/sshd.pid)")
        .unwrap();
    std::thread::sleep(Duration::from_millis(500));
    let options = host.ssh_args();
    let sftp = Command::new("ssh").args(&options).args(["-s", "sftp"]).output().unwrap();
    assert!(!sftp.status.success(), "{sftp:?}");
    arrives(&host, &operator, &[]);
    arrives(&host, &operator, &["--agent-upload", "exec"]);
}
