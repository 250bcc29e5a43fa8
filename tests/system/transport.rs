//! The transports: what `ssh2` does `openssh` does, and says; and what only OpenSSH's client can do.

mod logins;
mod unprivileged;
mod ways;

use crate::operator::{Operator, Run, start, traces};
use hep_tests::relay::{Cut, Options};
use hep_tests::{Flavour, Host, Relay};
use serde_json::Value;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

/// The ways that must not differ.
const WAYS: [&str; 2] = ["ssh2", "openssh"];

/// What a run has found, without what differs from one run to the next: times, bytes, and where things lie.
fn found(run: &Run, place: &str) -> Vec<String> {
    let events = run.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let told = |mut event: Value| {
        forget(&mut event);
        event.to_string().replace(place, "PLACE")
    };
    events.map(told).collect()
}

fn forget(value: &mut Value) {
    const VARYING: [&str; 4] = ["ms", "stages", "bytes_sent", "bytes_received"];
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !VARYING.contains(&name.as_str()));
            fields.values_mut().for_each(forget);
        }
        Value::Array(values) => values.iter_mut().for_each(forget),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// How a host ended, and why.
fn end_of(run: &Run) -> (String, String) {
    let ends = run.events("host");
    let end = ends.first().unwrap_or_else(|| panic!("{}{}", run.stdout, run.stderr));
    let text = |field: &str| end[field].as_str().unwrap_or_default().to_owned();
    let error = &end["error"];
    let words = ["message", "hint"].map(|part| error[part].as_str().unwrap_or_default());
    (text("status"), words.join("; "))
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(40), "never so: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

const MANIFEST: &str = "
- tasks:
    - {name: directory, file: {dest: '{{ place }}', action: directory, mode: 755}}
    - {name: text, file: {dest: '{{ place }}/text', content: \"one\\ntwo {{ item }}\\n\"}, loop: [a, b], notify: told}
    - {name: large, file: {dest: '{{ place }}/large', src: large, mode: 600}}
    - {name: rendered, file: {template: page.j2, dest: '{{ place }}/page'}, notify: told}
    - {name: output, command: {shell: 'echo out; echo err >&2; seq 20000'}, register: said}
    - {name: heard, assert: {that: ['said.stdout_lines | length == 20001', \"said.stderr == 'err'\"]}}
    - {name: refused, command: {shell: 'echo why >&2; exit 3'}, ignore_error: true}
    - {name: skipped, command: {argv: ['false']}, when: 1 == 2}
    - {name: fails, file: {dest: '{{ place }}/text/below', content: x}}
  handlers:
    - {name: told, command: {argv: [touch, '{{ place }}/told']}}
";

fn prepare(operator: &Operator) {
    operator.write("large", (0..700_000).map(|n| format!("{n}\n")).collect::<String>());
    operator.write("page.j2", "{% for n in range(3) %}{{ n }}\n{% endfor %}");
}

#[test]
fn the_same_manifest_has_the_same_report_by_each_transport() {
    let mut reports: Vec<Vec<Vec<String>>> = Vec::new();
    for way in ["ssh2", "openssh", "local"] {
        let (host, operator) = start(Flavour::Sysv);
        prepare(&operator);
        let place = match way {
            "local" => operator.path("here").display().to_string(),
            _ => "/srv/there".to_owned(),
        };
        let extra = format!("place={place}");
        let push = |options: &[&str]| {
            let run =
                operator.push(MANIFEST, &[&["--transport", way, "-e", &extra], options].concat());
            let mut report = found(&run, &place);
            report.push(format!("{} {}", run.code, run.stderr));
            report
        };
        let mut own = vec![push(&["--check", "--diff"]), push(&["--diff"])];
        own.extend(["exec", "cache", "cache"].map(|mode| push(&["--agent-upload", mode])));
        reports.push(own);
        let left = traces(&host);
        assert!(left.lines().all(|line| line.contains("/.cache/hep/")), "{way}: {left}");
    }
    for (way, report) in ["openssh", "local"].iter().zip(&reports[1..]) {
        for (expected, got) in reports[0].iter().zip(report) {
            assert_eq!(got.join("\n"), expected.join("\n"), "{way}");
        }
    }
    // They did something, too.
    let all = reports[0][1].join("\n");
    assert!(
        all.contains("\"changed\"") && all.contains("\"failed\"") && all.contains("two b"),
        "{all}"
    );
}

#[test]
fn a_push_through_ssh_takes_hardly_more_round_trips_than_ssh() {
    let (host, operator) = start(Flavour::Sysv);
    let task = "- file: {dest: /srv/x, content: x}\n";
    operator.push(task, &["--agent-upload", "cache"]).ends(0);
    let options = Options { rtt: Duration::from_millis(150), ..Options::default() };
    // The goodbye is a turn to the relay, but nobody waits for its answer.
    let trips = |relay: &Relay| relay.counters().turns + relay.counters().connections - 1;
    let relay = Relay::start(host.address(), options).unwrap();
    let through = Operator::through(&host, relay.addr());
    let known = format!("UserKnownHostsFile={}", through.path("home/.ssh/known_hosts").display());
    let ssh = Command::new("ssh")
        .args(["-F", "none", "-l", "root", "-o", &known, "-o", "BatchMode=yes", "-i"])
        .arg(host.private_key())
        .args(["-p", &relay.addr().port().to_string(), &relay.addr().ip().to_string(), "true"])
        .status()
        .unwrap();
    assert!(ssh.success());
    let login = trips(&relay);
    let pushed = || {
        let relay = Relay::start(host.address(), options).unwrap();
        let through = Operator::through(&host, relay.addr());
        let words = ["--transport", "openssh", "--agent-upload", "cache", "--ssh-config", "none"];
        through.push(task, &words).ends(0);
        trips(&relay)
    };
    // A machine that is busy makes a stream look longer than it is.
    let push = pushed().min(pushed());
    println!("`ssh host true`: {login} round trips, a push: {push}");
    assert!(push <= login + 1, "{push} round trips; `ssh host true`: {login}");
}

#[test]
fn facts_are_the_same_by_each_transport() {
    let (_host, operator) = start(Flavour::Systemd);
    let facts = |way: &str| {
        let words = ["facts", "-i", "hosts", "web1", "os", "hostname", "users", "--output", "json"];
        operator.run(&[&words[..], &["--transport", way]].concat()).ends(0).stdout
    };
    assert_eq!(facts("openssh"), facts("ssh2"));
    assert!(facts("openssh").contains("debian"));
}

#[test]
fn a_way_comes_from_inventory_and_config_too() {
    let (host, operator) = start(Flavour::Sysv);
    // Only `ssh` of this machine goes this way: hep's own SSH asks nobody for it.
    let log = operator.path("ssh-was-here");
    let ssh = format!("#!/bin/sh\necho \"$*\" >> {}\nexec /usr/bin/ssh \"$@\"\n", log.display());
    let program = operator.write("bin/ssh", ssh);
    assert!(Command::new("chmod").arg("755").arg(&program).status().unwrap().success());
    let path = format!("{}:{}", operator.path("bin").display(), std::env::var("PATH").unwrap());
    let by_ssh = |more: &[&str]| {
        drop(std::fs::remove_file(&log));
        operator.write("site.yml", "- file: {dest: /srv/x, content: x}\n");
        let line = [&["push", "-i", "hosts", "--output", "json"], more, &["site.yml"]].concat();
        let output = operator.hep(&line).env("PATH", &path).output().unwrap();
        Run::of(output).ends(0);
        std::fs::read_to_string(&log)
            .unwrap_or_default()
            .lines()
            .any(|line| line.contains("LogLevel="))
    };
    let plain = std::fs::read_to_string(operator.path("hosts")).unwrap();
    assert!(!by_ssh(&[]));
    assert!(by_ssh(&["--transport", "openssh"]));
    operator.write("config.yml", "ssh: {transport: openssh}\n");
    assert!(by_ssh(&[]));
    operator.write("hosts", format!("{} hep_transport=ssh2\n", plain.trim_end()));
    assert!(!by_ssh(&[]));
    assert!(by_ssh(&["--transport", "openssh"]));
    operator.write("config.yml", "{}\n");
    operator.write("hosts", format!("{} ansible_connection=openssh\n", plain.trim_end()));
    assert!(by_ssh(&[]));
    assert!(!by_ssh(&["--transport", "ssh2"]));
    assert_eq!(traces(&host), "");
}

/// A push through a line that is cut while a task runs.
fn lost(way: &str, how: Cut) -> (i32, String, String) {
    let host = Host::start(Flavour::Sysv, "web1").unwrap();
    let relay = Relay::start(host.address(), Options::default()).unwrap();
    let operator = Operator::through(&host, relay.addr());
    operator.write(
        "site.yml",
        "- {command: {argv: [sleep, '2']}}\n- {command: {argv: [touch, /srv/late]}}\n",
    );
    let known = operator.path("home/.ssh/known_hosts").display().to_string();
    operator.write(
        "ssh_config",
        format!("ServerAliveInterval 1\nServerAliveCountMax 2\nUserKnownHostsFile {known}\n"),
    );
    let mut push = operator.hep(&["push", "-i", "hosts", "--output", "json", "--transport", way]);
    let child = push
        .args(["--ssh-config", "ssh_config", "site.yml"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    until("the task runs", || host.shell("pgrep -x sleep").is_ok());
    relay.cut(how);
    let run = Run::of(child.wait_with_output().unwrap());
    let (status, error) = end_of(&run);
    if how == Cut::Reset {
        // A host that hears nothing learns of it by its own clock alone.
        until("nothing is left", || {
            host.shell("! pgrep -f hep-agen[t] && ! pgrep -x sleep").is_ok()
        });
        assert_eq!(traces(&host), "");
        assert!(!host.exists("/srv/late"));
    }
    (run.code, status, error)
}

#[test]
fn a_lost_link_is_told_alike() {
    for how in [Cut::Reset, Cut::Hang] {
        for way in WAYS {
            let (code, status, error) = lost(way, how);
            assert_eq!((code, status.as_str()), (3, "lost"), "{way}: {error}");
            let words = ["the connection was lost", "no sign of life", "lost ("];
            assert!(words.iter().any(|word| error.contains(word)), "{way}: {error}");
            assert!(error.contains("sleep"), "{way}: {error}");
        }
    }
}

/// Processes of this machine that are about a place of the operator's.
fn local_processes(mark: &str) -> Vec<String> {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let line = |entry: std::fs::DirEntry| {
        let text = std::fs::read(entry.path().join("cmdline")).ok()?;
        let text = String::from_utf8_lossy(&text).replace('\0', " ");
        (text.starts_with("ssh ") && text.contains(mark)).then_some(text)
    };
    all.filter_map(line).collect()
}

fn interrupt(child: &Child) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
}

#[test]
fn a_second_interrupt_leaves_no_ssh_and_nothing_on_the_host() {
    let (host, operator) = start(Flavour::Sysv);
    operator.write("config.yml", "ssh: {transport: openssh}\n");
    let mut child = operator
        .begin("- {command: {argv: [sleep, \"3\"]}}\n- {command: {argv: [touch, /srv/late]}}\n");
    let mark = operator.path("home").display().to_string();
    until("the task runs", || host.shell("pgrep -x sleep").is_ok());
    assert_eq!(local_processes(&mark).len(), 1);
    interrupt(&child);
    thread::sleep(Duration::from_millis(300));
    assert_eq!(local_processes(&mark).len(), 1);
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(local_processes(&mark), [] as [String; 0]);
    until("all is gone", || host.shell("! pgrep -f hep-agen[t] && ! pgrep -x sleep").is_ok());
    assert_eq!(traces(&host), "");
    assert!(!host.exists("/srv/late"));
}

/// A host could sign with a lent agent's keys for as long as hep is there.
#[test]
fn an_ssh_agent_that_ssh_would_lend_stays_here_and_that_is_said() {
    let (_host, operator) = start(Flavour::Sysv);
    let known = operator.path("home/.ssh/known_hosts").display().to_string();
    operator.write("lending", format!("ForwardAgent yes\nUserKnownHostsFile {known}\n"));
    operator.write("keeping", format!("ForwardAgent no\nUserKnownHostsFile {known}\n"));
    let task = "- command: {shell: 'test -z \"$SSH_AUTH_SOCK\"'}\n";
    let told =
        "warning: `ForwardAgent yes` had no effect on 1 host: hep does not forward ssh-agent";
    for way in WAYS {
        for (config, is_told) in [("lending", true), ("keeping", false)] {
            let words = ["--ssh-config", config, "--transport", way];
            let run = operator.push(task, &words).ends(0);
            assert_eq!(run.stderr.contains(told), is_told, "{way} {config}: {}", run.stderr);
        }
    }
}
