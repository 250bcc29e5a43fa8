//! Forty hosts behind a bastion on a Monday morning: not all are well. The others converge, and each that does not is named
//! with stage and cause.

use crate::operator::{Operator, Run, traces};
use crate::visits::{connections, forget, logins, watch};
use hep_tests::{Flavour, Host};
use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

/// How many hosts of the forty are well; one of them runs no programs in /tmp and /var/tmp.
const WELL: usize = 33;

/// How long the way to a host may take, in seconds: what all waits together are bounded by.
const CONNECT: u64 = 8;

/// What the hosts that are well may take on this machine, all of which are on the same few processors.
const WORK: u64 = 60;

/// Fills all places that could take an agent. What sshd needs of them is put back.
const NO_ROOM: &str = "
cp -a /root/.ssh /srv/ssh; cp -a /run /srv/run
for place in /var/tmp /root /dev/shm /tmp /run; do
  mount -t tmpfs -o size=256k,mode=1777 full $place
done
chmod 700 /root; chmod 755 /run
cp -a /srv/ssh /root/.ssh; cp -a /srv/run/sshd /run/
for place in /var/tmp /root /dev/shm /tmp /run; do
  head -c 1m /dev/zero > $place/fill || true
done
";

/// Starts hosts, some at a time.
fn start(names: &[String]) -> Vec<Host> {
    thread::scope(|scope| {
        let chunks = names.chunks(names.len().div_ceil(6));
        let begun: Vec<_> = chunks
            .map(|names| {
                scope.spawn(move || {
                    let start = |name: &String| Host::start(Flavour::Sysv, name).unwrap();
                    names.iter().map(start).collect::<Vec<_>>()
                })
            })
            .collect();
        begun.into_iter().flat_map(|hosts| hosts.join().unwrap()).collect()
    })
}

/// An operator whose ssh_config leads to all hosts through the first one.
fn operator(bastion: &Host, hosts: &[Host]) -> Operator {
    let all: Vec<&Host> = hosts.iter().chain([bastion]).collect();
    let operator = Operator::new(&all);
    let known = operator.path("home/.ssh/known_hosts");
    let config = format!(
        "Host *\n  UserKnownHostsFile {}\n  StrictHostKeyChecking yes\n  IdentityFile {}\n  IdentitiesOnly yes\n\
         Host {bastion}\n  User root\nHost 198.18.* !{bastion}\n  ProxyJump {bastion}\n",
        known.display(),
        bastion.private_key().display(),
        bastion = bastion.addr(),
    );
    operator.write("ssh_config", config);
    operator
}

fn push(operator: &Operator, more: &[&str]) -> Run {
    let connect = CONNECT.to_string();
    let fixed = [
        "push",
        "-i",
        "hosts",
        "--output",
        "json",
        "--ssh-config",
        "ssh_config",
        "--forks",
        "40",
        "--connect-timeout",
        &connect,
        "--failed-hosts",
        "failed",
        "site.yml",
    ];
    operator.run(&[&fixed, more].concat())
}

/// A key that no host has, as known_hosts writes it.
fn strange_key(operator: &Operator) -> String {
    let file = operator.path("strange");
    let mut keygen = Command::new("ssh-keygen");
    keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"]).arg(&file);
    assert!(keygen.status().unwrap().success());
    fs::read_to_string(file.with_extension("pub")).unwrap().trim().to_owned()
}

/// Each host's status and error, by name.
fn end_of(run: &Run, name: &str) -> String {
    let ends = run.events("host");
    let of = |kind: &str| {
        let events = run.events(kind);
        let own = events.iter().filter(|event| event["host"] == name);
        own.map(|event| event["error"].to_string()).collect::<String>()
    };
    let end = ends.iter().find(|end| end["host"] == name).unwrap();
    format!("{} {}{}", end["status"].as_str().unwrap(), end["error"], of("task"))
}

#[test]
fn forty_hosts_behind_a_bastion_are_not_all_well() {
    let begin = Instant::now();
    let mut names = vec!["bastion".to_owned()];
    names.extend((1..=WELL).map(|number| format!("web{number:02}")));
    names.extend(["odd-key", "asks", "full", "no-room"].map(str::to_owned));
    let mut hosts = start(&names);
    let bastion = hosts.remove(0);
    println!("{} hosts in {:.1} s", names.len(), begin.elapsed().as_secs_f32());
    let host = |name: &str| hosts.iter().find(|host| host.name() == name).unwrap();
    host("web07").shell("for d in /tmp /var/tmp; do mount -t tmpfs -o noexec t $d; done").unwrap();
    host("full").shell("mkdir -p /srv/app && mount -t tmpfs -o size=64k t /srv/app && head -c 64k /dev/zero > /srv/app/fill || true").unwrap();
    host("asks").shell("rm -f /etc/sudoers.d/*; gpasswd -a op sudo").unwrap();
    host("no-room").shell(NO_ROOM).unwrap();
    hosts.iter().for_each(watch);
    let operator = operator(&bastion, &hosts);
    // It accepts, and says nothing.
    let silent = TcpListener::bind("198.18.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let mut lines = vec!["[web]".to_owned()];
    let line =
        |host: &Host, user: &str| format!("{} host={} user={user}", host.name(), host.addr());
    lines.extend(hosts.iter().filter(|h| h.name().starts_with("web")).map(|h| line(h, "root")));
    lines.extend(["full", "no-room", "odd-key"].map(|name| line(host(name), "root")));
    lines.extend([
        "down1 host=198.18.250.1 user=root".to_owned(),
        "down2 host=198.18.250.2 user=root".to_owned(),
    ]);
    lines.push(format!("silent host=198.18.0.1 port={port} user=root"));
    lines.extend(["[careful]".to_owned(), line(host("asks"), "op") + " become=true"]);
    operator.write("hosts", lines.join("\n") + "\n");
    // Hosts of one root have the same key: where odd-key's should be, there is another.
    let known = fs::read_to_string(operator.path("home/.ssh/known_hosts")).unwrap();
    let odd = host("odd-key").addr().to_string();
    let known: Vec<String> = known
        .lines()
        .filter(|line| !line.starts_with(&format!("{odd} ")))
        .map(str::to_owned)
        .chain([format!("{odd} {}", strange_key(&operator))])
        .collect();
    operator.write("home/.ssh/known_hosts", known.join("\n") + "\n");
    operator.write(
        "site.yml",
        "- {file: {dest: /srv/app, action: directory}}\n\
         - {file: {dest: /srv/app/motd, content: \"{{ 'x' * 9000 }}\"}}\n",
    );

    let run = push(&operator, &[]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    for number in 1..=WELL {
        let end = end_of(&run, &format!("web{number:02}"));
        assert!(end.starts_with("converged "), "web{number:02}: {end}");
    }
    let said = |name: &str, status: &str, words: &[&str]| {
        let end = end_of(&run, name);
        assert!(end.starts_with(status), "{name}: {end}");
        words.iter().for_each(|word| assert!(end.contains(word), "{name}: {end}"));
    };
    said("down1", "unreachable", &["connect: "]);
    said("down2", "unreachable", &["connect: "]);
    said("silent", "unreachable", &["connect: ", "no answer within"]);
    said("odd-key", "unreachable", &["host key: "]);
    said("asks", "unreachable", &["become: `sudo` asks for a password", "-K"]);
    let places =
        ["upload: ", "/var/tmp: write failed (full", "~: ", "/dev/shm: ", "; /tmp: ", "/run: "];
    said("no-room", "unreachable", &places);
    said("full", "failed", &["/srv/app/motd", "no space left"]);
    // Bounded by the longest wait and not by their sum.
    let all = run.events("run")[0]["ms"].as_u64().unwrap();
    assert!(all < (CONNECT + WORK) * 1000, "{all} ms");
    for name in ["web07", "full", "odd-key", "asks"] {
        assert_eq!(traces(host(name)), "", "{name}");
    }

    // What is left goes to those alone.
    host("full").shell("rm -f /srv/app/fill").unwrap();
    hosts.iter().for_each(forget);
    let again = push(&operator, &["--limit", "@failed"]);
    let touched: BTreeSet<String> =
        again.events("host").iter().map(|end| end["host"].as_str().unwrap().to_owned()).collect();
    let failed =
        ["asks", "down1", "down2", "full", "no-room", "odd-key", "silent"].map(str::to_owned);
    assert_eq!(touched, BTreeSet::from(failed));
    assert!(end_of(&again, "full").starts_with("converged "), "{}", end_of(&again, "full"));
    drop(silent);
    // By the hosts' own word.
    for host in &hosts {
        let failed = !host.name().starts_with("web");
        assert_eq!(connections(host) > 0, failed, "{}", host.name());
        assert_eq!(logins(host) > 0, failed && host.name() != "odd-key", "{}", host.name());
    }
}

#[test]
fn a_link_that_is_cut_on_request_leaves_nothing_on_the_host() {
    let host = Host::start(Flavour::Sysv, "cut").unwrap();
    let operator = Operator::new(&[&host]);
    let mut child = operator
        .begin("- {command: {argv: [sleep, \"3\"]}}\n- {command: {argv: [touch, /srv/late]}}\n");
    let until = |script: &str| {
        let begun = Instant::now();
        while host.shell(script).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(40), "never so: {script}");
            thread::sleep(Duration::from_millis(50));
        }
    };
    until("pgrep -x sleep");
    let signal = |child: &Child| {
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    };
    signal(&child);
    thread::sleep(Duration::from_millis(300));
    signal(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    until("! pgrep -f hep-agen[t] && ! pgrep -x sleep");
    assert_eq!(traces(&host), "");
    assert!(!host.exists("/srv/late"));
}
