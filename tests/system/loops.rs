//! Loops, tries, waiting and blocks on real hosts.

use crate::check::foretold;
use crate::operator::{Operator, Run, package, start, traces};
use hep_tests::relay::{Cut, Options, Relay};
use hep_tests::{Flavour, Host};
use serde_json::Value;
use std::thread;
use std::time::{Duration, Instant};

/// How often apt has changed something.
fn transactions(host: &Host) -> usize {
    let log = host.shell("cat /var/log/apt/history.log 2>/dev/null || true").unwrap();
    log.lines().filter(|line| line.starts_with("Start-Date")).count()
}

/// The items of the first task.
fn items(run: &Run) -> Vec<Value> {
    run.events("task")[0]["items"].as_array().unwrap().clone()
}

fn item_statuses(run: &Run) -> Vec<String> {
    items(run).iter().map(|item| item["status"].as_str().unwrap().to_owned()).collect()
}

fn packages(names: &str) -> String {
    format!("- apt: {{package: '{{{{ item }}}}'}}\n  loop: [{names}]\n  register: all\n")
}

#[test]
fn loop_over_packages_is_one_transaction_with_a_result_for_each() {
    let (host, operator) = start(Flavour::Sysv);
    operator.push("- apt: {package: hep-mail-a}\n", &[]).ends(0);
    let before = transactions(&host);
    let manifest = packages("hep-greeter, hep-mail-a, hep-user")
        + "- file: {dest: /srv/results, content: \"{{ all.results | map(attribute='changed') | list | to_json }}\"}\n";
    let run = operator.push(&manifest, &[]).ends(0);
    assert_eq!(transactions(&host), before + 1);
    assert_eq!(item_statuses(&run), ["changed", "ok", "changed"]);
    assert_eq!(items(&run)[2]["label"], "hep-user");
    assert_eq!(host.read("/srv/results").unwrap(), "[true, false, true]");
    for name in ["hep-greeter", "hep-mail-a", "hep-user"] {
        assert_eq!(package(&host, name), "ii", "{name}");
    }
}

#[test]
fn package_that_does_not_exist_fails_its_item_alone() {
    let (host, operator) = start(Flavour::Sysv);
    let run = operator.push(&packages("hep-greeter, hep-nothing, hep-user"), &[]).ends(1);
    assert_eq!(item_statuses(&run), ["changed", "failed", "changed"], "{}", run.stdout);
    let failed = &items(&run)[1];
    assert_eq!(failed["label"], "hep-nothing");
    assert!(failed["error"]["message"].as_str().unwrap().contains("hep-nothing"), "{failed}");
    assert_eq!(
        (package(&host, "hep-greeter"), package(&host, "hep-user")),
        ("ii".into(), "ii".into())
    );
}

#[test]
fn package_whose_script_fails_fails_its_item_alone() {
    let (host, operator) = start(Flavour::Sysv);
    let run = operator.push(&packages("hep-greeter, hep-broken, hep-user"), &[]).ends(1);
    assert_eq!(item_statuses(&run), ["changed", "failed", "changed"], "{}", run.stdout);
    let error = items(&run)[1]["error"].to_string();
    assert!(error.contains("the moon is in the wrong phase"), "{error}");
    assert_eq!(
        (package(&host, "hep-greeter"), package(&host, "hep-user")),
        ("ii".into(), "ii".into())
    );
    assert_ne!(package(&host, "hep-broken"), "ii");
}

#[test]
fn late_service_is_met_by_tries_and_by_waiting() {
    let (host, operator) = start(Flavour::Sysv);
    host.shell("mkdir -p /srv/www; echo up > /srv/www/index.html").unwrap();
    let manifest = r#"
- name: a service that comes up late
  command: {shell: "(sleep 1.5; echo 'Ready: 8099' >> /srv/late.log; exec perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(LocalPort => 8099, Listen => 5, ReuseAddr => 1) or die; while (my $c = $s->accept) { print $c qq(up\\n); close $c }') >/dev/null 2>&1 </dev/null &"}
- name: asks until it answers
  command: {argv: [bash, -c, "exec 3<>/dev/tcp/127.0.0.1/8099; cat <&3"]}
  register: page
  retries: 2000
  delay: 0
  until: page.rc == 0 and 'up' in page.stdout
  changed_when: false
- wait_for: {port: 8099, timeout: 20}
- wait_for: {path: /srv/late.log, pattern: '^Ready: \d+$', timeout: 20}
- file: {dest: /srv/answer, content: "{{ page.stdout }}"}
"#;
    let begin = Instant::now();
    let run = operator.push(manifest, &[]).ends(0);
    assert_eq!(run.statuses(), ["changed", "ok", "ok", "ok", "changed"]);
    assert!(begin.elapsed() > Duration::from_millis(1500));
    assert_eq!(host.read("/srv/answer").unwrap().trim(), "up");
    // A port that nobody listens at, and a line that nobody writes.
    let none = operator.push("- wait_for: {port: 8098, timeout: 1}\n", &[]).ends(1).error();
    assert!(none.contains("8098") && none.contains("1 s"), "{none}");
    let none = "- wait_for: {path: /srv/late.log, pattern: Gone, timeout: 1}\n";
    let none = operator.push(none, &[]).ends(1).error();
    assert!(none.contains("/srv/late.log") && none.contains("Gone"), "{none}");
}

#[test]
fn port_that_opens_late_is_waited_for() {
    let (host, operator) = start(Flavour::Systemd);
    let manifest = r#"
- command: {shell: "(sleep 1.5; date +%s%N > /srv/opened; exec perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(LocalPort => 8099, Listen => 5) or die; sleep 60') >/dev/null 2>&1 </dev/null &"}
- wait_for: {port: 8099, timeout: 20}
- command: {shell: "date +%s%N > /srv/met"}
"#;
    operator.push(manifest, &[]).ends(0);
    let time = |path| host.read(path).unwrap().trim().parse::<u64>().unwrap();
    assert!(time("/srv/met") > time("/srv/opened"));
}

/// A real failure of apt, fixed.
const MENDED: &str = "
- block:
    - apt: {package: hep-greeter}
    - name: breaks
      apt: {package: hep-broken}
      register: broken
    - file: {dest: /srv/unreached, content: x}
  rescue:
    - name: mends
      command: {argv: [dpkg, --purge, hep-broken]}
    - file: {dest: /srv/why, content: '{{ broken.failed }}'}
  always:
    - file: {dest: /srv/always, content: x}
- file: {dest: /srv/after, content: x}
";

#[test]
fn failure_of_apt_is_rescued_and_the_rest_goes_on() {
    let (host, operator) = start(Flavour::Sysv);
    let run = operator.push(MENDED, &[]).ends(0);
    let expected = ["changed", "rescued", "changed", "changed", "changed", "changed"];
    assert_eq!(run.statuses(), expected, "{}", run.stdout);
    assert_eq!(package(&host, "hep-greeter"), "ii");
    assert!(["", "un"].contains(&package(&host, "hep-broken").as_str()));
    assert_eq!(host.read("/srv/why").unwrap(), "true");
    assert!(host.exists("/srv/always") && host.exists("/srv/after"));
    assert!(!host.exists("/srv/unreached"));
    // Check mode cannot know that the script will fail again, and changes nothing.
    let before = host.shell("dpkg-query -W; ls -l /srv").unwrap();
    operator.push(MENDED, &["--check"]).ends(0);
    assert_eq!(host.shell("dpkg-query -W; ls -l /srv").unwrap(), before);
}

#[test]
fn rescue_of_what_check_mode_can_see_is_foretold() {
    let (_host, operator) = start(Flavour::Sysv);
    let manifest = "
- block:
    - apt: {package: hep-nothing}
    - file: {dest: /srv/unreached, content: x}
  rescue:
    - apt: {package: hep-greeter}
  always:
    - file: {dest: /srv/always, content: x}
";
    let check = operator.push(manifest, &["--check"]).ends(0);
    foretold(&check, &operator.push(manifest, &[]).ends(0));
    let again = operator.push(manifest, &["--check"]).ends(0);
    assert_eq!(again.statuses(), ["rescued", "ok", "ok"]);
}

#[test]
fn link_lost_amid_tries_leaves_nothing() {
    let host = Host::start(Flavour::Sysv, "web1").unwrap();
    let relay = Relay::start(host.address(), Options::default()).unwrap();
    let operator = Operator::through(&host, relay.addr());
    let push = operator.begin(
        "- command: {shell: 'echo x >> /root/tries; sleep 0.2; false'}\n  retries: 5000\n  delay: 0\n  register: r\n  until: r.rc == 0\n\
         - command: {argv: [touch, /root/never]}\n",
    );
    let eventually = |what: &str, happened: &dyn Fn() -> bool| {
        let until = Instant::now() + Duration::from_secs(30);
        while !happened() {
            assert!(Instant::now() < until, "never seen: {what}");
            thread::sleep(Duration::from_millis(50));
        }
    };
    eventually("the third try", &|| host.read("/root/tries").is_ok_and(|text| text.len() >= 6));
    relay.cut(Cut::Reset);
    let run = Run::of(push.wait_with_output().unwrap()).ends(3);
    assert_eq!(run.events("host")[0]["status"], "lost");
    eventually("the agent goes", &|| traces(&host).is_empty());
    let tries = host.read("/root/tries").unwrap();
    thread::sleep(Duration::from_millis(600));
    assert_eq!(host.read("/root/tries").unwrap(), tries);
    assert!(!host.exists("/root/never"));
}
