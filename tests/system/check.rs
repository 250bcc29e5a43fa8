//! Check mode foretells the push: the same statuses and the same lines, also on an empty host.

use crate::operator::{Operator, Run, workspace};
use hep_tests::{Flavour, Host};
use std::path::{Path, PathBuf};

/// Every manifest of examples/.
fn examples() -> Vec<PathBuf> {
    let directory = workspace().join("examples");
    let files = |path: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(path).unwrap();
        entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|e| e == "yml"))
            .collect()
    };
    let mut all = [files(&directory), files(&directory.join("manifests"))].concat();
    all.sort();
    assert!(all.len() >= 5, "{all:?}");
    all
}

/// Pushes a manifest that is foretold, done, and then has nothing left to do; gives the lines of its changes.
#[track_caller]
pub(crate) fn converges(operator: &Operator, manifest: &str) -> Vec<String> {
    let foreseen = operator.push(manifest, &["--check"]).ends(0);
    let done = operator.push(manifest, &[]).ends(0);
    foretold(&foreseen, &done);
    let again = operator.push(manifest, &[]).ends(0);
    assert!(again.statuses().iter().all(|status| status == "ok"), "{}", again.stdout);
    done.changes()
}

/// What a run says of each task, with everything left out that only the real run could know: lines that name the package
/// or command they depend on.
pub(crate) fn foretold(check: &Run, push: &Run) {
    let (foreseen, done) = (check.events("task"), push.events("task"));
    assert_eq!(foreseen.len(), done.len());
    for (foreseen, done) in foreseen.iter().zip(&done) {
        // Whether and how it runs is told by a result that only the real run has.
        let open =
            |line: &serde_json::Value| line.as_str().unwrap().contains("depends on the result of");
        if foreseen["changes"].as_array().unwrap().iter().any(open) {
            continue;
        }
        let expected = if foreseen["status"] == "pending" {
            "changed".into()
        } else {
            foreseen["status"].clone()
        };
        assert_eq!(done["status"], expected, "\nforeseen {foreseen}\ndone {done}");
        let line = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let foreseen_lines: Vec<String> =
            foreseen["changes"].as_array().unwrap().iter().map(line).collect();
        let done_lines: Vec<String> =
            done["changes"].as_array().unwrap().iter().map(line).collect();
        let depends =
            |line: &String| line.starts_with("depends on ") || line.contains("(depends on ");
        let (open, certain): (Vec<String>, Vec<String>) =
            foreseen_lines.into_iter().partition(depends);
        if open.is_empty() {
            assert_eq!(certain, done_lines, "\nforeseen {foreseen}\ndone {done}");
        }
        let mut rest = done_lines.iter();
        let in_order = certain.iter().all(|line| rest.any(|done| done == line));
        assert!(in_order, "\nforeseen {foreseen}\ndone {done}");
    }
}

fn check_then_push(flavour: Flavour) {
    for example in examples() {
        let host = Host::start(flavour, "web1").unwrap();
        let operator = Operator::new(&[&host]);
        let inventory = operator.path("hosts");
        let run = |options: &[&str]| {
            let mut hep =
                operator.hep(&["push", "--output", "json", "-i", inventory.to_str().unwrap()]);
            Run::of(hep.args(options).arg(&example).current_dir(workspace()).output().unwrap())
                .ends(0)
        };
        let before =
            host.shell("dpkg-query -W | md5sum; find /etc /srv /var/www | sort | md5sum").unwrap();
        let check = run(&["--check", "--diff"]);
        let after =
            host.shell("dpkg-query -W | md5sum; find /etc /srv /var/www | sort | md5sum").unwrap();
        assert_eq!(before, after, "{}", example.display());
        foretold(&check, &run(&[]));
        let again = run(&["--check"]);
        let pending = again.events("task").into_iter().filter(|task| task["status"] == "pending");
        for task in pending {
            assert_eq!(task["module"], "service", "{}: {task}", example.display());
        }
    }
}

#[test]
fn every_example_is_foretold_on_a_sysv_host() {
    check_then_push(Flavour::Sysv);
}

#[test]
fn every_example_is_foretold_on_a_systemd_host() {
    check_then_push(Flavour::Systemd);
}

#[test]
fn what_earlier_tasks_would_bring_is_there_for_later_ones() {
    let host = Host::start(Flavour::Sysv, "web1").unwrap();
    let operator = Operator::new(&[&host]);
    let manifest = "
- file: {action: directory, dest: /srv/app}
- file: {dest: /srv/app/conf, content: a}
- file: {action: link, src: /srv/app, dest: /srv/current}
- file: {dest: /srv/current/more, content: b}
- apt: {package: hep-user}
- file: {dest: /etc/hep-user/extra.conf, content: x, owner: hepd}
- apt: {package: hep-svc}
- service: {name: hep-svc, action: restart}
- file: {dest: /etc/hep-svc.d/a, content: x}
- file: {action: absent, dest: /srv/app, recurse: true}
";
    let check = operator.push(manifest, &["--check"]).ends(0);
    assert_eq!(check.statuses(), vec!["pending"; 10]);
    let lines = check.changes().join("\n");
    assert!(lines.contains("depends on package hep-user"), "{lines}");
    assert!(lines.contains("depends on package hep-svc"), "{lines}");
    assert!(!host.exists("/srv/app") && !host.exists("/usr/sbin/hep-svc"));
}

#[test]
fn diff_shows_what_changes_and_fail_on_change_tells_by_its_exit() {
    let host = Host::start(Flavour::Sysv, "web1").unwrap();
    let operator = Operator::new(&[&host]);
    host.write("/etc/motd", "one\ntwo\n").unwrap();
    let manifest = "- file: {dest: /etc/motd, content: \"one\\nthree\\n\", mode: 600}\n";
    operator.write("manifest.yml", manifest);
    let run = operator
        .run(&["push", "-i", "hosts", "--check", "--diff", "--fail-on-change", "manifest.yml"])
        .ends(4);
    for part in ["-two", "+three", "mode 0644 -> 0600"] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    assert_eq!(host.read("/etc/motd").unwrap(), "one\ntwo\n");
    operator.push(manifest, &["--fail-on-change"]).ends(4);
    operator.push(manifest, &["--fail-on-change"]).ends(0);
}
