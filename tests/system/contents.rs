//! What of contents crosses the line, and what memory that takes: each content once, the rest of what was cut, nothing of
//! what is there.

use crate::operator::{Operator, Run, start, traces};
use hep_tests::memory::peak;
use hep_tests::relay::{Counters, Cut, Options};
use hep_tests::{Flavour, Host, Relay};
use std::fs;
use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const MIB: usize = 1 << 20;

/// What no packing makes shorter.
fn noise(len: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let random = fs::File::open("/dev/urandom").unwrap();
    random.take(len as u64).read_to_end(&mut bytes).unwrap();
    bytes
}

/// A push through a line of its own, to which the agent is no news.
fn push(host: &Host, from: &Operator, manifest: &str, options: Options) -> (Run, Counters) {
    let relay = Relay::start(host.address(), options).unwrap();
    let through = Operator::through(host, relay.addr());
    for part in ["home/.ssh/known_hosts", "hosts"] {
        fs::copy(through.path(part), from.path(part)).unwrap();
    }
    let run = from.push(manifest, &["--agent-upload", "cache", "--ssh-config", "none"]);
    (run, relay.counters())
}

fn sha256(host: &Host, what: &str) -> String {
    host.shell(&format!("sha256sum {what} | cut -d' ' -f1 | sort -u")).unwrap()
}

fn gone(host: &Host) {
    let begun = Instant::now();
    while traces(host).lines().any(|line| line.ends_with("hep-agent serve")) {
        assert!(begun.elapsed() < Duration::from_secs(30), "{}", traces(host));
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn what_was_cut_goes_on_where_it_was() {
    let (host, operator) = start(Flavour::Sysv);
    let warm = "- file: {dest: /srv/contents, action: directory}";
    push(&host, &operator, warm, Options::default()).0.ends(0);
    let content = noise(24 * MIB);
    operator.write("large", &content);
    let manifest = "- file: {dest: /srv/contents/large, src: large}";
    let cut = Options { cut_after_sent: Some((16 << 20, Cut::Reset)), ..Options::default() };
    push(&host, &operator, manifest, cut).0.ends(3);
    gone(&host);
    let (run, counters) = push(&host, &operator, manifest, Options::default());
    run.ends(0);
    let digest = hep_protocol::blob::Digest::of(&content);
    assert_eq!(sha256(&host, "/srv/contents/large").trim(), digest.to_string());
    // At least twelve of the sixteen had come through what lies between, and are not sent again.
    assert!(counters.sent < 12 << 20, "{counters:?}");
    assert_eq!(host.shell("ls -A /var/tmp | grep partial || true").unwrap(), "");
}

#[test]
fn content_of_several_paths_crosses_once_and_none_when_it_is_there() {
    let (host, operator) = start(Flavour::Systemd);
    let warm = "- file: {dest: /srv/contents, action: directory}";
    push(&host, &operator, warm, Options::default()).0.ends(0);
    let content = noise(3 * MIB);
    for name in ["one", "two", "tree/three", "tree/four"] {
        operator.write(name, &content);
    }
    let manifest = "
- file: {dest: /srv/contents/one, src: one}
- file: {dest: /srv/contents/two, src: two}
- file: {dest: /srv/contents/, src: tree}
";
    let (run, first) = push(&host, &operator, manifest, Options::default());
    assert_eq!(run.ends(0).statuses(), ["changed"; 3]);
    assert!((3 << 20..4 << 20).contains(&first.sent), "{first:?}");
    let all = "/srv/contents/one /srv/contents/two /srv/contents/tree/*";
    let digest = hep_protocol::blob::Digest::of(&content);
    assert_eq!(sha256(&host, all).trim(), digest.to_string());
    let (run, second) = push(&host, &operator, manifest, Options::default());
    assert_eq!(run.ends(0).statuses(), ["ok"; 3]);
    assert!(second.sent < 60_000, "{second:?}");
}

#[test]
fn large_tree_is_the_same_on_the_other_side() {
    let (host, operator) = start(Flavour::Systemd);
    // More than one thread's share in number and in bytes, on both sides.
    for n in 0..600_usize {
        let size = if n % 100 == 7 { MIB } else { n % 50 };
        let content: Vec<u8> = (0..size).map(|i| ((i * (n + 3)) >> 3) as u8).collect();
        operator.write(&format!("tree/{}/{n}", n % 7), content);
    }
    let digests = "find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum";
    let mut shell = Command::new("sh");
    let here = shell.args(["-c", digests]).current_dir(operator.path("tree")).output().unwrap();
    let manifest = "- file: {dest: /srv/tree/, src: tree/, parents: true}";
    let (run, _) = push(&host, &operator, manifest, Options::default());
    assert_eq!(run.ends(0).changes().len(), 1 + 7 + 600);
    let there = host.shell(&format!("cd /srv/tree && {digests}")).unwrap();
    assert_eq!(there.as_bytes(), here.stdout);
    let (run, second) = push(&host, &operator, manifest, Options::default());
    assert_eq!(run.ends(0).statuses(), ["ok"]);
    assert!(second.sent < 100_000, "{second:?}");
}

/// Looks again and again until the process ends: the peaks of it and of the agents that are there meanwhile.
fn peaks(host: Option<&Host>, mut hep: Child) -> (u64, u64) {
    let (mut ours, mut theirs) = (0, 0);
    while hep.try_wait().unwrap().is_none() {
        ours = ours.max(peak(hep.id()).unwrap_or(0));
        let agents = host.map(|host| host.processes().unwrap()).unwrap_or_default();
        let agents = agents.iter().filter(|agent| agent.command.ends_with("hep-agent serve"));
        theirs = agents.filter_map(|agent| peak(agent.machine_pid)).fold(theirs, u64::max);
        thread::sleep(Duration::from_millis(10));
    }
    assert!(hep.wait().unwrap().success());
    (ours, theirs)
}

#[test]
fn memory_is_bounded_on_both_sides_whatever_the_size() {
    let (host, operator) = start(Flavour::Sysv);
    let large = fs::File::create(operator.path("large")).unwrap();
    let mut piece = noise(MIB).repeat(8);
    for n in 0..32 {
        piece[0] = n;
        std::io::Write::write_all(&mut &large, &piece).unwrap();
    }
    operator.write("manifest.yml", "- file: {dest: /srv/large, src: large}");
    let hep = operator.hep(&["push", "-i", "hosts", "manifest.yml"]).stdout(Stdio::null()).spawn();
    let (ours, theirs) = peaks(Some(&host), hep.unwrap());
    assert!((1..32 * 1024).contains(&ours), "hep had {ours} KiB");
    assert!((1..32 * 1024).contains(&theirs), "the agent had {theirs} KiB");
    assert_eq!(host.shell("stat -c %s /srv/large").unwrap().trim(), "268435456");
}

#[test]
fn ten_thousand_sources_are_checked_within_bounded_memory() {
    let operator = Operator::new(&[]);
    let mut manifest = String::new();
    for n in 0..10_000 {
        operator.write(&format!("files/{n}"), format!("the file of number {n}\n"));
        manifest.push_str(&format!("- file: {{src: files/{n}, dest: /srv/{n}, mode: 644}}\n"));
    }
    operator.write("manifest.yml", manifest);
    let hep = operator.hep(&["validate", "manifest.yml"]).stdout(Stdio::null()).spawn().unwrap();
    let (ours, _) = peaks(None, hep);
    assert!((1..100 * 1024).contains(&ours), "hep had {ours} KiB");
}

#[test]
fn file_task_that_has_nothing_to_do_costs_little_on_the_wire() {
    let (host, operator) = start(Flavour::Systemd);
    let manifest = |tasks: usize| {
        let mut text = "- file: {dest: /srv/many, action: directory}\n".to_owned();
        for n in 0..tasks {
            // Too large to be sent unasked, so that only tasks are counted.
            let name = format!("files/{n}");
            operator.write(&name, format!("{n:>50000}").repeat(2));
            text.push_str(&format!("- file: {{src: {name}, dest: /srv/many/{n}, owner: root}}\n"));
        }
        text
    };
    push(&host, &operator, &manifest(300), Options::default()).0.ends(0);
    let sent = |tasks| push(&host, &operator, &manifest(tasks), Options::default()).1.sent;
    let each = (sent(300) - sent(0)) / 300;
    assert!(each < 100, "{each} bytes a task");
}
