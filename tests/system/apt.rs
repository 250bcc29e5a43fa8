//! `apt` against the real one: versions, holds, locks, broken and interrupted packages.

use crate::operator::Operator;
use hep_tests::{Flavour, Host};
use std::thread;
use std::time::Duration;

fn sysv() -> (Host, Operator) {
    let host = Host::start(Flavour::Sysv, "web1").unwrap();
    let operator = Operator::new(&[&host]);
    (host, operator)
}

/// dpkg's own word on a package: its state and version, or nothing.
fn state(host: &Host, package: &str) -> String {
    host.shell(&format!(
        "dpkg-query -W -f '${{db:Status-Abbrev}}|${{Version}}' {package} 2>/dev/null || true"
    ))
    .unwrap()
}

/// Pushes one apt task twice; the second time must find nothing to do.
#[track_caller]
fn converges(operator: &Operator, parameters: &str) {
    let manifest = format!("- apt: {{{parameters}}}\n");
    let first = operator.push(&manifest, &[]).ends(0);
    assert_eq!(first.statuses(), ["changed"], "{}", first.stdout);
    let second = operator.push(&manifest, &[]).ends(0);
    assert_eq!(second.statuses(), ["ok"], "{}", second.stdout);
}

#[track_caller]
fn refused(operator: &Operator, parameters: &str, words: &[&str]) {
    let run = operator.push(&format!("- apt: {{{parameters}}}\n"), &[]).ends(1);
    let error = run.error();
    for word in words {
        assert!(error.contains(word), "`{word}` is not in {error}");
    }
}

#[test]
fn versions_are_taken_as_written() {
    let (host, operator) = sysv();
    converges(&operator, "package: hep-greeter=1.0");
    assert_eq!(state(&host, "hep-greeter"), "ii |1.0");
    let run = operator
        .push("- apt: {package: hep-greeter}\n- apt: {package: 'hep-greet*'}\n", &[])
        .ends(0);
    assert_eq!(run.statuses(), ["ok", "ok"]);
    assert_eq!(state(&host, "hep-greeter"), "ii |1.0");
    converges(&operator, "package: hep-greeter=1.1*");
    assert_eq!(state(&host, "hep-greeter"), "ii |1.1");
    converges(&operator, "package: hep-greeter, action: latest");
    assert_eq!(state(&host, "hep-greeter"), "ii |2.0");
    refused(
        &operator,
        "package: hep-greeter=1.0",
        &["hep-greeter", "2.0", "1.0", "allow_downgrade"],
    );
    converges(&operator, "package: hep-greeter=1.0, allow_downgrade: true");
    refused(&operator, "package: hep-greeter=7*", &["hep-greeter", "7*", "2.0"]);
}

#[test]
fn conffiles_keep_the_operators_changes() {
    let (host, operator) = sysv();
    converges(&operator, "package: hep-greeter=1.0");
    host.write("/etc/hep-greeter.conf", "greeting=mine\n").unwrap();
    converges(&operator, "package: hep-greeter, action: latest");
    assert_eq!(host.read("/etc/hep-greeter.conf").unwrap(), "greeting=mine\n");
}

#[test]
fn remove_keeps_configuration_and_purge_does_not() {
    let (host, operator) = sysv();
    converges(&operator, "package: hep-greeter");
    converges(&operator, "package: hep-greeter, action: remove");
    assert_eq!(state(&host, "hep-greeter"), "rc |2.0");
    assert!(host.exists("/etc/hep-greeter.conf"));
    converges(&operator, "package: hep-greeter, action: purge");
    assert!(!host.exists("/etc/hep-greeter.conf"));
}

#[test]
fn virtual_name_is_satisfied_by_what_provides_it() {
    let (host, operator) = sysv();
    refused(&operator, "package: hep-mail-agent", &["hep-mail-agent", "hep-mail-a", "hep-mail-b"]);
    converges(&operator, "package: hep-mail-b");
    let run = operator.push("- apt: {package: hep-mail-agent}\n", &[]).ends(0);
    assert_eq!(run.statuses(), ["ok"]);
    assert_eq!(state(&host, "hep-mail-a"), "");
}

#[test]
fn held_package_is_left_and_what_would_change_it_is_refused() {
    let (host, operator) = sysv();
    converges(&operator, "package: hep-greeter=1.0, hold: true");
    assert_eq!(state(&host, "hep-greeter"), "hi |1.0");
    assert_eq!(operator.push("- apt: {package: hep-greeter}\n", &[]).ends(0).statuses(), ["ok"]);
    refused(&operator, "package: hep-greeter, action: latest", &["hep-greeter", "hold"]);
    converges(&operator, "package: hep-greeter, hold: false");
    converges(&operator, "package: hep-greeter, action: latest");
}

#[test]
fn package_file_on_the_host_is_installed_once() {
    let (host, operator) = sysv();
    converges(&operator, "package: /srv/hep-loose_1.0_all.deb");
    assert!(host.exists("/usr/share/hep-loose/loose.txt"));
    refused(&operator, "package: /srv/none.deb", &["/srv/none.deb"]);
}

#[test]
fn removals_nobody_asked_for_are_refused() {
    let (host, operator) = sysv();
    converges(&operator, "package: hep-greeter");
    refused(&operator, "package: hep-conflict", &["hep-greeter", "allow_removals"]);
    assert_eq!(state(&host, "hep-greeter"), "ii |2.0");
    converges(&operator, "package: hep-conflict, allow_removals: true");
    assert_eq!(state(&host, "hep-conflict"), "ii |1.0");
}

#[test]
fn unknown_names_are_told_with_the_nearest() {
    let (_host, operator) = sysv();
    refused(
        &operator,
        "package: [hep-greter, hep-svk, tree]",
        &["`hep-greter`", "`hep-greeter`", "`hep-svk`", "`hep-svc`"],
    );
}

#[test]
fn failing_maintainer_script_is_named_with_its_words_and_can_be_recovered() {
    let (host, operator) = sysv();
    refused(&operator, "package: hep-broken", &["hep-broken", "the moon is in the wrong phase"]);
    assert_eq!(state(&host, "hep-broken"), "iF |1.0");
    refused(&operator, "package: hep-greeter", &["hep-broken", "recover: true"]);
    host.write("/var/lib/dpkg/info/hep-broken.postinst", "#!/bin/sh\nexit 0\n").unwrap();
    converges(&operator, "package: hep-greeter, recover: true");
    assert_eq!(state(&host, "hep-broken"), "ii |1.0");
}

#[test]
fn interrupted_dpkg_is_recognised() {
    let (host, operator) = sysv();
    let mut install =
        host.command(&["apt-get", "install", "-y", "-q", "hep-slow"]).spawn().unwrap();
    while !host
        .processes()
        .unwrap()
        .iter()
        .any(|process| process.command.contains("hep-slow.postinst"))
    {
        thread::sleep(Duration::from_millis(50));
    }
    host.shell("pkill -9 -x dpkg; pkill -9 -f 'hep-slow[.]postinst'; true").unwrap();
    install.wait().unwrap();
    host.write("/var/lib/dpkg/info/hep-slow.postinst", "#!/bin/sh\nexit 0\n").unwrap();
    refused(&operator, "package: hep-greeter", &["hep-slow", "recover: true"]);
    converges(&operator, "package: hep-greeter, recover: true");
    assert_eq!(state(&host, "hep-slow"), "ii |1.0");
}

#[test]
fn another_package_manager_is_waited_for_and_named() {
    let (host, operator) = sysv();
    let mut other = host.command(&["apt-get", "install", "-y", "-q", "hep-slow"]).spawn().unwrap();
    while !host
        .processes()
        .unwrap()
        .iter()
        .any(|process| process.command.contains("hep-slow.postinst"))
    {
        thread::sleep(Duration::from_millis(50));
    }
    refused(
        &operator,
        "package: hep-greeter, lock_timeout: 2",
        &["apt-get install", "hep-slow", "lock_timeout"],
    );
    operator.write("manifest.yml", "- apt: {package: hep-greeter}\n");
    let run = operator.run(&["push", "-i", "hosts", "manifest.yml"]).ends(0);
    assert!(
        run.stderr.contains("apt-get install") && run.stderr.contains("hep-slow"),
        "{}",
        run.stderr
    );
    other.wait().unwrap();
    assert_eq!(state(&host, "hep-greeter"), "ii |2.0");
}

#[test]
fn build_dependencies_are_brought_and_a_broken_index_is_an_error() {
    let (host, operator) = sysv();
    converges(&operator, "package: hep-source, action: build-dep");
    assert_eq!(state(&host, "hep-greeter"), "ii |2.0");
    let index = "- apt: {update_cache: true, cache_valid_time: 3600}\n";
    for _ in 0..2 {
        assert_eq!(operator.push(index, &[]).ends(0).statuses(), ["ok"]);
    }
    host.write("/etc/apt/sources.list.d/gone.list", "deb [trusted=yes] file:/srv/none ./\n")
        .unwrap();
    refused(&operator, "update_cache: true", &["/srv/none"]);
}

#[test]
fn services_of_new_packages_can_be_kept_from_starting() {
    let (host, operator) = sysv();
    converges(&operator, "package: hep-svc, policy_rc_d: 101");
    assert!(!host.exists("/var/log/hep-svc.log") && !host.exists("/usr/sbin/policy-rc.d"));
}

/// A converged task reads dpkg's database itself: under strace no process is started but the agent.
#[test]
fn converged_task_starts_no_process() {
    let (host, operator) = sysv();
    let manifest = "- apt: {package: [hep-greeter, hep-mail-a, hep-mail-agent]}\n";
    operator.push("- apt: {package: [hep-greeter, hep-mail-a]}\n", &[]).ends(0);
    let calls = crate::operator::started(&host, &operator, manifest);
    let programs: Vec<&str> = calls.lines().filter(|line| line.contains("execve(")).collect();
    let forks = calls.lines().filter(|line| {
        line.contains("fork(") || (line.contains("clone") && !line.contains("CLONE_THREAD"))
    });
    assert_eq!(
        (programs.len(), forks.count()),
        (2, 0),
        "chroot and the agent, and nothing else:\n{calls}"
    );
}

/// Builds a package whose postinst does this, in a repository of its own that apt knows.
fn build(host: &Host, name: &str, version: &str, postinst: &str) {
    host.shell(&format!(
        "d=/tmp/{name}; rm -rf $d; mkdir -p $d/DEBIAN /srv/own; cd /srv/own
         printf 'Package: {name}\\nVersion: {version}\\nArchitecture: all\\nMaintainer: t <t@e.org>\\nDescription: t\\n' > $d/DEBIAN/control
         printf '#!/bin/sh\\n{postinst}\\n' > $d/DEBIAN/postinst; chmod 755 $d/DEBIAN/postinst
         dpkg-deb -b $d {name}_{version}_all.deb
         for f in *.deb; do dpkg-deb -f $f; printf 'Filename: ./%s\\nSize: %s\\nSHA256: %s\\n\\n' $f $(stat -c %s $f) $(sha256sum $f | cut -d' ' -f1); done > Packages
         echo 'deb [trusted=yes] file:/srv/own ./' > /etc/apt/sources.list.d/own.list; apt-get update -q"
    ))
    .unwrap();
}

#[test]
fn half_configured_package_is_replaced_removed_and_purged() {
    let (host, operator) = sysv();
    build(&host, "own", "1", "exit 1");
    build(&host, "own", "2", "exit 0");
    build(&host, "other", "1", "exit 1");
    let spoil = |package: &str| {
        refused(&operator, &format!("package: {package}=1"), &["recover: true"]);
        assert_eq!(state(&host, package), "iF |1");
    };
    let clean = || host.shell("dpkg --purge --force-all own other").unwrap();
    for recover in ["", ", recover: true"] {
        for (task, expected) in [
            ("package: own=2", "ii |2"),
            ("package: own", "ii |2"),
            ("package: /srv/own/own_2_all.deb", "ii |2"),
            ("package: own, action: latest", "ii |2"),
            ("package: own, action: purge", ""),
            ("package: own, action: remove", ""),
        ] {
            spoil("own");
            converges(&operator, &format!("{task}{recover}"));
            assert_eq!(state(&host, "own"), expected, "{task}{recover}");
            clean();
        }
    }
    spoil("own");
    refused(&operator, "package: own=1", &["own"]);
    assert_eq!(state(&host, "own"), "iF |1");
    // Another's mishap is in the way of both.
    refused(&operator, "package: hep-greeter", &["own", "recover: true"]);
    clean();
}

#[test]
fn package_file_in_a_directory_of_others_is_installed_from_a_copy() {
    let (host, operator) = sysv();
    host.shell(
        "mkdir /srv/user; cp /srv/hep-loose_1.0_all.deb /srv/user/; chown -R www-data /srv/user",
    )
    .unwrap();
    converges(&operator, "package: /srv/user/hep-loose_1.0_all.deb");
    assert!(host.exists("/usr/share/hep-loose/loose.txt"));
    assert_eq!(host.shell("ls /var/cache | grep hep || true").unwrap(), "");
}
