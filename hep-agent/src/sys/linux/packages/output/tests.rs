//! Real words of apt-get 2.6 and dpkg 1.21, and what they mean.

use super::*;

fn check(simulation: &str, expected: &[&str]) {
    let shown: Vec<String> = deltas(simulation.as_bytes())
        .unwrap()
        .iter()
        .map(|Delta { name, arch, from, to }| {
            let from = from.as_ref().map_or("-", Version::as_str);
            let to = match to {
                After::Version(version) => version.as_str(),
                After::Unforeseen => "?",
                After::Removed => "removed",
                After::Purged => "purged",
            };
            format!("{name} {arch} {from} {to}")
        })
        .collect();
    assert_eq!(shown, expected);
}

#[test]
fn simulations_are_understood_to_the_letter() {
    check(
        "NOTE: This is only a simulation!\nReading package lists...\n\
The following NEW packages will be installed:\n  cpio postfix\n\
Inst cpio (2.13+dfsg-7.1 Debian:12.15/oldstable [amd64])\n\
Inst postfix (3.7.11-0+deb12u1 Debian:12.15/oldstable, Debian-Security:12/oldstable-security [amd64])\n\
Conf cpio (2.13+dfsg-7.1 Debian:12.15/oldstable [amd64])\n",
        &["cpio amd64 - 2.13+dfsg-7.1", "postfix amd64 - 3.7.11-0+deb12u1"],
    );
    check(
        "Remv hep-greeter [1.1]\nInst hep-conflict (1.0 localhost [all])\nPurg hep-old\nPurg bash [5.2.15-2+b13]\n",
        &[
            "hep-greeter  1.1 removed",
            "hep-conflict all - 1.0",
            "hep-old  - purged",
            "bash  5.2.15-2+b13 purged",
        ],
    );
    check(
        "Inst libc6 [2.36-9+deb12u9] (2.36-9+deb12u10 Debian:12.10/stable [amd64]) [libc6:i386 libc6-dev:amd64 ]\n\
Inst libc6:i386 [2.36-9+deb12u9] (2.36-9+deb12u10 Debian:12.10/stable [i386])\n\
Remv x:i386 [1] [y:amd64 ]\nInst hep-loose (1.0 local-deb [all])\n",
        &[
            "libc6 amd64 2.36-9+deb12u9 2.36-9+deb12u10",
            "libc6 i386 2.36-9+deb12u9 2.36-9+deb12u10",
            "x i386 1 removed",
            "hep-loose all - 1.0",
        ],
    );
}

#[test]
fn line_that_cannot_be_read_is_an_error() {
    let error = deltas(b"Inst apache2\n").unwrap_err();
    assert_eq!(error.to_string(), "cannot understand apt-get's simulation: `Inst apache2`");
}

fn end(exit: i32, stdout: &str, stderr: &str) -> ProcessEnd {
    let (stdout, stderr) = (stdout.into(), stderr.into());
    ProcessEnd { exit: Some(Exit::Code(exit)), stdout, stderr, ..ProcessEnd::default() }
}

fn transaction(name: &str) -> Transaction {
    Transaction {
        verb: Verb::Install,
        targets: vec![Target::Named { name: name.to_owned(), arch: None, version: None }],
        options: Options {
            recommends: None,
            release: None,
            dpkg: Vec::new(),
            autoremove: false,
            downgrades: false,
            held: false,
            removals: false,
            policy: None,
            patience: std::time::Duration::ZERO,
        },
    }
}

#[test]
fn failing_package_is_named_with_its_reason() {
    let stderr = "hep-broken: the moon is in the wrong phase\n\
dpkg: error processing package hep-broken (--configure):\n \
installed hep-broken package post-installation script subprocess returned error exit status 1\n\
Errors were encountered while processing:\n hep-broken\n\
E: Sub-process /usr/bin/dpkg returned an error code (1)\n";
    let error = failure(&transaction("hep-broken"), end(100, "", stderr));
    assert_eq!(
        error.to_string(),
        "apt-get could not install hep-broken (exit code 100): package hep-broken: hep-broken package \
post-installation script subprocess returned error exit status 1"
    );
}

#[test]
fn what_does_not_fit_together_is_told() {
    let stdout = "Some packages could not be installed. This may mean that you have\n\
The following packages have unmet dependencies:\n hep-mail-a : Conflicts: hep-mail-agent\n hep-mail-b : Conflicts: hep-mail-agent\n";
    let stderr = "E: Unable to correct problems, you have held broken packages.\n";
    let error = refusal(&transaction("hep-mail-a"), end(100, stdout, stderr));
    assert_eq!(
        error.to_string(),
        "apt-get cannot install hep-mail-a: hep-mail-a : Conflicts: hep-mail-agent; hep-mail-b : Conflicts: \
hep-mail-agent; Unable to correct problems, you have held broken packages."
    );
}

#[test]
fn half_an_index_is_an_error_even_if_apt_takes_it_lightly() {
    let light = "W: Failed to fetch http://x/InRelease  Could not resolve 'x'\n\
W: Some index files failed to download. They have been ignored, or old ones used instead.\n";
    let message = |end| missing_index(&end).map(|error| error.to_string());
    assert_eq!(
        message(end(0, "", light)).as_deref(),
        Some(
            "the package index could not be refreshed as a whole: Failed to fetch http://x/InRelease  Could not \
resolve 'x'"
        )
    );
    assert_eq!(message(end(0, "Hit:1 http://x\n", "W: x is configured multiple times\n")), None);
    assert!(
        message(end(100, "", "E: The repository 'y' does not have a Release file.\n")).is_some()
    );
}

#[test]
fn only_the_words_of_the_package_managers_tell_a_lost_lock() {
    let lost = |exit, stderr: &str| {
        let end = end(exit, "", stderr);
        (lost_the_lock(&end), lost_debconf(&end))
    };
    let apt = "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)\n\
E: Unable to lock directory /var/lib/apt/lists/\n";
    let dpkg = "dpkg: error: dpkg frontend lock was locked by another process with pid 7\n\
Note: removing the lock file is always wrong, can damage the locked area\n";
    let debconf = "debconf: DbDriver \"config\": /var/cache/debconf/config.dat is locked by another process: \
Resource temporarily unavailable\n";
    assert_eq!(lost(100, apt), (true, false));
    assert_eq!(lost(2, dpkg), (true, false));
    assert_eq!(lost(1, debconf), (false, true));
    assert_eq!(lost(0, apt), (false, false));
    assert_eq!(lost(1, "mydb: the table is locked by another process\n"), (false, false));
    assert_eq!(lost(1, "postinst: Could not get lock x\n"), (false, false));
}
