//! Batches, and what ends a run: who was contacted is asked of the hosts' own sshd, and what was done of their files.

use crate::operator::{Operator, Run, traces};
use crate::visits::{connections, forget, watch};
use hep_tests::{Flavour, Host};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Hosts `web1` and on, and their operator.
fn bench(hosts: usize) -> (Vec<Host>, Operator) {
    let hosts: Vec<Host> = thread::scope(|scope| {
        let start = |at| scope.spawn(move || Host::start(Flavour::Sysv, &format!("web{at}")));
        let started: Vec<_> = (1..=hosts).map(start).collect();
        started.into_iter().map(|host| host.join().unwrap().unwrap()).collect()
    });
    hosts.iter().for_each(watch);
    let operator = Operator::new(&hosts.iter().collect::<Vec<_>>());
    (hosts, operator)
}

/// A push of a play with these keys, on hosts that are `bad` or not; who was contacted, and the run.
fn push(hosts: &[Host], operator: &Operator, keys: &str, bad: &[usize]) -> (Vec<usize>, Run) {
    for (at, host) in hosts.iter().enumerate() {
        forget(host);
        let make = if bad.contains(&(at + 1)) { "touch" } else { "rm -f" };
        host.shell(&format!("{make} /srv/bad; rm -f /srv/done")).unwrap();
    }
    let manifest = format!(
        "- hosts: all\n{keys}  tasks:\n    - command: {{shell: 'test ! -e /srv/bad'}}\n    - command: {{argv: [touch, /srv/done]}}\n"
    );
    let run = operator.push(&manifest, &[]);
    (contacted(hosts), run)
}

/// The numbers of those who were; each at most once.
fn contacted(hosts: &[Host]) -> Vec<usize> {
    let numbered = (1..).zip(hosts);
    let contacted = numbered.filter(|(number, host)| {
        let visits = connections(host);
        assert!(visits <= 1, "web{number} was contacted {visits} times");
        visits == 1
    });
    contacted.map(|(number, _)| number).collect()
}

#[test]
fn a_batch_that_fails_too_often_leaves_the_later_ones_alone() {
    let (hosts, operator) = bench(5);
    let done = |numbers: &[usize]| {
        for (number, host) in (1..).zip(&hosts) {
            assert_eq!(host.exists("/srv/done"), numbers.contains(&number), "web{number}");
        }
    };
    // One, then two and two.
    let serial = "  serial: [1, 50%]\n";
    let (who, run) = push(&hosts, &operator, serial, &[]);
    assert_eq!((who, run.code), (vec![1, 2, 3, 4, 5], 0), "{}", run.stdout);
    done(&[1, 2, 3, 4, 5]);
    let (who, run) = push(&hosts, &operator, serial, &[1]);
    assert_eq!((who, run.code), (vec![1], 1), "{}", run.stdout);
    done(&[]);
    let (who, _) = push(&hosts, &operator, serial, &[2]);
    assert_eq!(who, [1, 2, 3, 4, 5]);
    done(&[1, 3, 4, 5]);
    let most = format!("{serial}  max_fail_percentage: 49\n");
    let (who, run) = push(&hosts, &operator, &most, &[2]);
    // The third has its turn together with the second, and may be at any point when that one fails.
    assert!(matches!(who.as_slice(), [1, 2] | [1, 2, 3]), "{who:?}: {}", run.stdout);
    let why = "stopped, since 1 of 2 hosts failed, more than 49 %, before the host was contacted";
    for later in ["web4", "web5"] {
        let ends = run.events("host");
        let end = ends.iter().find(|end| end["host"] == later).unwrap().to_string();
        assert!(end.contains(why) && end.contains(r#""status":"not started""#), "{end}");
    }
    assert!(!hosts[3].exists("/srv/done") && !hosts[4].exists("/srv/done"));
    let enough = format!("{serial}  max_fail_percentage: 50\n");
    assert_eq!(push(&hosts, &operator, &enough, &[2]).0, [1, 2, 3, 4, 5]);
    let fatal = format!("{serial}  any_errors_fatal: true\n");
    let (who, _) = push(&hosts, &operator, &fatal, &[3]);
    assert!(matches!(who.as_slice(), [1, 3] | [1, 2, 3]), "{who:?}");
    hosts.iter().for_each(|host| assert_eq!(traces(host), ""));
}

#[test]
fn one_wish_to_stop_lets_steps_finish_and_contacts_nobody_new() {
    let (hosts, operator) = bench(4);
    let slow = "- command: {shell: 'touch /srv/begun; sleep 3; touch /srv/done'}\n- command: {argv: [touch, /srv/late]}\n";
    operator.write("manifest.yml", slow);
    let line = ["push", "-i", "hosts", "--forks", "2", "--output", "json", "manifest.yml"];
    let mut hep = operator.hep(&line);
    let child = hep.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while !hosts[..2].iter().all(|host| host.exists("/srv/begun")) {
        assert!(begun.elapsed() < Duration::from_secs(60), "the first two never began");
        thread::sleep(Duration::from_millis(20));
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let run = Run::of(child.wait_with_output().unwrap()).ends(130);
    assert_eq!(contacted(&hosts), [1, 2]);
    for host in &hosts[..2] {
        assert!(host.exists("/srv/done") && !host.exists("/srv/late"), "{}", run.stdout);
    }
    let ends = run.events("host");
    let of = |name: &str| ends.iter().find(|end| end["host"] == name).unwrap().to_string();
    for (number, host) in (1..).zip(&hosts) {
        let end = of(&format!("web{number}"));
        let (status, word) = if number <= 2 {
            ("stopped", "stopped on request after")
        } else {
            ("not started", "before the host was contacted")
        };
        assert!(end.contains(word), "{end}");
        assert!(end.contains(&format!("\"status\":\"{status}\"")), "{end}");
        assert_eq!(traces(host), "");
    }
    assert_eq!((ends.len(), run.events("run").len()), (4, 1));
    let tasks = run.events("task");
    assert_eq!(tasks.len(), 2, "what was done is told: {}", run.stdout);
}

/// Every host writes when it began the second play; the first has a slow one before.
#[test]
fn a_play_begins_when_all_hosts_have_ended_the_one_before() {
    let (hosts, operator) = bench(3);
    let manifest = |more: &str| {
        format!(
            "- hosts: web1\n  tasks:\n    - command: {{shell: 'sleep 2; date +%s%N > /srv/first; test ! -e /srv/bad'}}\n\
             - hosts: all\n{more}  tasks:\n    - command: {{shell: 'date +%s%N > /srv/second'}}\n"
        )
    };
    let at = |host: &Host, file: &str| -> u64 {
        host.shell(&format!("cat /srv/{file}")).unwrap().trim().parse().unwrap()
    };
    let run = operator.push(&manifest(""), &["--forks", "2"]);
    assert_eq!(run.code, 0, "{}", run.stdout);
    let first = at(&hosts[0], "first");
    assert!(hosts.iter().all(|host| at(host, "second") > first));
    let run = operator.push(&manifest("  wait: false\n"), &[]);
    assert_eq!(run.code, 0, "{}", run.stdout);
    let first = at(&hosts[0], "first");
    assert!(hosts.iter().skip(1).all(|host| at(host, "second") < first));
    // A host that failed has ended all its plays.
    hosts[0].shell("touch /srv/bad; rm /srv/second").unwrap();
    let run = operator.push(&manifest(""), &[]);
    assert_eq!(run.code, 1, "{}", run.stdout);
    let first = at(&hosts[0], "first");
    assert!(!hosts[0].exists("/srv/second"));
    assert!(hosts.iter().skip(1).all(|host| at(host, "second") > first));
}
