//! The main road: the example converges, the ancestor's files are accepted, and nothing stays behind.

use crate::operator::{Operator, Run, traces, workspace};
use hep_tests::relay::{Cut, Options};
use hep_tests::{Flavour, Host, Relay};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// The ancestor's manifest, as it was.
const ANCESTOR: &str = include_str!("ancestor/manifest.yml");
const ANCESTOR_CONFIG: &str = include_str!("ancestor/config.yml");
const ANCESTOR_HOSTS: &str = include_str!("ancestor/hosts");

fn page(host: &Host) -> String {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        match host.http_get("/") {
            Ok(page) => return page.body,
            Err(error) => assert!(Instant::now() < until, "{error}"),
        }
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn example_converges_and_then_only_restarts() {
    let start =
        |flavour, name: &'static str| thread::spawn(move || Host::start(flavour, name).unwrap());
    let started = [
        start(Flavour::Sysv, "web1"),
        start(Flavour::Sysv, "web2"),
        start(Flavour::Systemd, "web3"),
    ];
    let hosts = started.map(|host| host.join().unwrap());
    let operator = Operator::new(&hosts.iter().collect::<Vec<_>>());
    let inventory = operator.path("hosts");
    let push = |options: &[&str]| {
        let mut hep =
            operator.hep(&["push", "--output", "json", "-i", inventory.to_str().unwrap()]);
        hep.args(options).arg("examples/manifests/manifest.yml").current_dir(workspace());
        Run::of(hep.output().unwrap())
    };

    let first = push(&[]).ends(0);
    assert_eq!(first.events("host").len(), 3);
    assert!(
        first
            .events("host")
            .iter()
            .all(|host| host["status"] == "converged" && host["changed"] != 0)
    );
    for host in &hosts {
        assert_eq!(page(host).trim(), "Hello, world!");
        let stat = |path| {
            host.exec_ok(&["stat", "-c", "%a %U %G %F", path]).unwrap().trim_end().to_owned()
        };
        assert_eq!(stat("/etc/apache2/mods-enabled/dir.conf"), "644 root root regular file");
        assert_eq!(stat("/var/www/html/index.php"), "644 www-data www-data regular file");
        assert_eq!(traces(host), "");
    }

    let second = push(&[]).ends(0);
    let changed: Vec<_> =
        second.events("task").into_iter().filter(|task| task["status"] != "ok").collect();
    assert_eq!(changed.len(), 3, "{changed:?}");
    assert!(changed.iter().all(|task| task["module"] == "service" && task["status"] == "changed"));
    assert_eq!(page(&hosts[0]).trim(), "Hello, world!");
}

#[test]
fn ancestor_files_are_accepted_and_php5_is_refused_by_name() {
    let hosts = ["web1", "web2"].map(|name| Host::start(Flavour::Sysv, name).unwrap());
    let operator = Operator::new(&hosts.iter().collect::<Vec<_>>());
    operator.write("examples/manifests/manifest.yml", ANCESTOR);
    operator.write("examples/apache2/dir.conf", "DirectoryIndex index.php\n");
    operator.write("examples/app/index.php", "<?php echo 'Hello, world!';\n");
    operator.write("config.yml", ANCESTOR_CONFIG);
    operator.write("examples/hosts", ANCESTOR_HOSTS);
    operator
        .run(&[
            "validate",
            "-c",
            "config.yml",
            "-i",
            "examples/hosts",
            "examples/manifests/manifest.yml",
        ])
        .ends(0);

    // The ancestor's hosts are strangers' by now: ours stand in, with the password of its config.
    for host in &hosts {
        host.shell("echo root:changeme | chpasswd").unwrap();
    }
    let lines = hosts.each_ref().map(|host| format!("{}\n", host.addr()));
    operator.write("examples/hosts", lines.concat());
    let usage_line =
        ["-c", "config.yml", "-i", "examples/hosts", "examples/manifests/manifest.yml"];
    let run = operator.run(&usage_line).ends(1);
    let said = run.stdout + &run.stderr;
    assert!(said.contains("`php5`") && said.contains("`php`"), "{said}");
    for host in &hosts {
        assert!(said.contains(&host.addr().to_string()), "{said}");
        assert_eq!(
            host.shell("dpkg-query -W -f '${Status}' apache2").unwrap(),
            "install ok installed"
        );
        assert_eq!(traces(host), "");
    }
}

#[test]
fn killed_push_leaves_nothing_once_its_step_is_done() {
    let host = Host::start(Flavour::Sysv, "web1").unwrap();
    let operator = Operator::new(&[&host]);
    let mut push = operator.begin("- command: {shell: 'touch /root/begun; sleep 2; touch /root/done'}\n- command: {argv: touch /root/never}\n");
    eventually("the task begins", || host.exists("/root/begun"));
    push.kill().unwrap();
    push.wait().unwrap();
    eventually("the agent goes", || traces(&host).is_empty());
    assert!(host.exists("/root/done") && !host.exists("/root/never"));
}

#[test]
fn upload_killed_midway_is_removed_by_the_next_push() {
    let host = Host::start(Flavour::Sysv, "web1").unwrap();
    let slow = Options { bytes_per_second: Some(200_000), ..Options::default() };
    let relay = Relay::start(host.address(), slow).unwrap();
    // Lives as long as its push, whose working directory it keeps.
    let operator = Operator::through(&host, relay.addr());
    let mut push = operator.begin("- command: {argv: 'true'}\n");
    eventually("the upload begins", || relay.counters().sent > 60_000);
    push.kill().unwrap();
    push.wait().unwrap();
    thread::sleep(Duration::from_secs(1));
    let left = host.shell("find / -xdev -name hep-agent -type f").unwrap();
    assert!(left.lines().count() <= 1, "{left}");
    Operator::new(&[&host]).push("- command: {argv: 'true'}\n", &[]).ends(0);
    assert_eq!(traces(&host), "");
}

#[test]
fn lost_link_is_not_a_success() {
    let host = Host::start(Flavour::Sysv, "web1").unwrap();
    let relay = Relay::start(host.address(), Options::default()).unwrap();
    let operator = Operator::through(&host, relay.addr());
    let push = operator.begin(
        "- command: {shell: 'touch /root/begun; sleep 3'}\n- command: {argv: touch /root/never}\n",
    );
    eventually("the task begins", || host.exists("/root/begun"));
    relay.cut(Cut::Reset);
    let run = Run::of(push.wait_with_output().unwrap()).ends(3);
    assert_eq!(run.events("host")[0]["status"], "lost");
    eventually("the agent goes", || traces(&host).is_empty());
    assert!(!host.exists("/root/never"));
}

#[test]
fn one_bad_host_stops_no_other() {
    let host = Host::start(Flavour::Sysv, "web1").unwrap();
    let operator = Operator::new(&[&host]);
    let good = std::fs::read_to_string(operator.path("hosts")).unwrap();
    operator.write("hosts", format!("down host=127.0.0.1 port=9 user=root\n{good}\n"));
    let run = operator.push("- file: {dest: /root/x, content: x}\n", &[]).ends(3);
    let status = |name| {
        run.events("host").into_iter().find(|host| host["host"] == name).unwrap()["status"].clone()
    };
    assert_eq!((status("down"), status("web1")), ("unreachable".into(), "converged".into()));
}

#[test]
fn directory_without_exec_or_space_is_passed_over() {
    let host = Host::start(Flavour::Sysv, "web1").unwrap();
    for directory in ["/tmp", "/var/tmp", "/dev/shm"] {
        host.exec_ok(&["mount", "-t", "tmpfs", "-o", "noexec,size=16k", "tmpfs", directory])
            .unwrap();
        Operator::new(&[&host]).push("- command: {argv: 'true'}\n", &[]).ends(0);
        assert_eq!(traces(&host), "", "{directory}");
    }
}

#[test]
fn wrong_host_key_is_refused_before_any_password() {
    let host = Host::start(Flavour::Sysv, "web1").unwrap();
    let operator = Operator::new(&[&host]);
    let other = operator.path("other");
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(&other)
        .status()
        .unwrap();
    assert!(made.success());
    let key = std::fs::read_to_string(other.with_extension("pub")).unwrap();
    operator.write("home/.ssh/known_hosts", format!("{} {key}", host.addr()));
    for policy in ["strict", "ask", "accept-new"] {
        let run = operator.push("- command: {argv: 'true'}\n", &["--host-key", policy]).ends(3);
        assert!(run.stdout.contains("known_hosts"), "{}", run.stdout);
    }
    operator.push("- command: {argv: 'true'}\n", &["--host-key", "off"]).ends(0);
}

/// Waits up to half a minute for something that has to happen.
#[track_caller]
fn eventually(what: &str, happened: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(30);
    while !happened() {
        assert!(Instant::now() < until, "never seen: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}
