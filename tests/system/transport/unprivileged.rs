//! hep as a user without rights, whose other processes may not look into it: what it hands to the programs that it starts
//! must reach them all the same.

use super::WAYS;
use crate::operator::{Operator, Run};
use hep_tests::{Flavour, Host, keys};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// A user of this machine, who owns nothing.
const NOBODY: u32 = 65534;

/// What hep and a program that it starts are limited to, and who may look into hep.
const LOOK: &str = "#!/bin/sh
awk '/^Max core/ {print \"hep\", $5}' /proc/$PPID/limits >>seen
awk '/^Max core/ {print \"own\", $5}' /proc/self/limits >>seen
stat -c %u /proc/$PPID/environ /proc/$PPID/mem >>seen
echo throw-away
";

#[test]
fn hep_of_a_user_reaches_hosts_and_keeps_its_memory_to_itself() {
    assert_eq!(keys::PASSWORD, "throw-away");
    let host = Host::start(Flavour::Sysv, "web1").unwrap();
    let operator = Operator::new(&[&host]);
    let look = operator.write("look", LOOK);
    let line =
        format!("web1 host={} user=op password_command='sh {}'\n", host.addr(), look.display());
    operator.write("hosts", line);
    operator.write("manifest.yml", "- tasks:\n    - command: {argv: [id, -un]}\n");
    let place = operator.path("");
    assert!(Command::new("chown").arg("-R").arg("65534").arg(&place).status().unwrap().success());
    for way in WAYS {
        let words = ["push", "-i", "hosts", "--transport", way, "--output", "json", "manifest.yml"];
        let hep = operator.hep(&words);
        // The limits of a user who wants core files.
        let mut limited = Command::new("prlimit");
        limited.arg("--core=4096000:").arg(hep.get_program()).args(hep.get_args());
        limited.current_dir(&place).env("HOME", operator.path("home")).env_remove("SSH_AUTH_SOCK");
        let run = Run::of(limited.uid(NOBODY).gid(NOBODY).output().unwrap()).ends(0);
        assert_eq!(run.statuses(), ["changed"], "{way}: {}", run.stdout);
        let seen = std::fs::read_to_string(operator.path("seen")).unwrap();
        assert_eq!(seen, "hep 0\nown 4096000\n0\n0\n", "{way}");
        std::fs::remove_file(operator.path("seen")).unwrap();
    }
}
