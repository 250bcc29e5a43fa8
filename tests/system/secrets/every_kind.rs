//! A run with secrets of every kind: none is in anything that hep shows or writes, in no process list, and on the host only
//! where it was wanted.

use crate::operator::Operator;
use hep_tests::{Flavour, Host, keys};
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// One of each kind, each a word of its own.
const SECRETS: [&str; 6] = [
    "play-Grue-1111",
    "host-Zork-2222",
    "file-Nitfol-3333",
    "extra-Frotz-4444",
    "multi-Rezrov-5555",
    BECOME,
];

/// The password of `op`, for the login and for sudo.
const BECOME: &str = "pass-Gnusto-6666";

const MANIFEST: &str = r#"
- hosts: all
  become: true
  vars:
    of_play: !secret play-Grue-1111
    many: !secret
      lines: "one\nmulti-Rezrov-5555\n"
  vars_files: [of_file.yml]
  tasks:
  - {name: a template, file: {template: all.j2, dest: /srv/wanted, mode: "0600"}}
  - {name: "a name with {{ of_host }}", debug: {msg: "{{ of_play }} {{ of_file }} {{ many }}"}}
  - name: input
    command: {shell: "cat; echo $IT; printf '%s' \"$IT\" | cut -c1-6 | tr -d '\\n'; sleep 0.4; printf '%s\\n' \"$IT\" | cut -c7-", stdin: "{{ of_host }}\n"}
    env: {IT: "{{ of_extra }}"}
    register: said
  - {name: what was said, debug: {var: said}}
  - {name: a loop, debug: {msg: "{{ item }}"}, loop: ["{{ of_play }}", "{{ of_file | b64encode }}"]}
  - {name: an assertion, assert: {that: "of_play == 'x'", msg: "is {{ of_play }}"}, ignore_error: true}
  - name: a failure
    command: {shell: "echo $IT; echo $IT >&2; exit 3"}
    env: {IT: "{{ of_host }}"}
    ignore_error: true
  - name: an answer of the host
    command: {argv: [cat, /srv/echo]}
    ignore_error: true
"#;

fn bench() -> (Host, Operator) {
    let host = Host::start(Flavour::Sysv, "secrets").unwrap();
    host.write("/etc/sudoers.d/t", "Defaults timestamp_timeout=0\n").unwrap();
    host.shell("chmod 440 /etc/sudoers.d/t; echo PasswordAuthentication yes > /etc/ssh/sshd_config.d/00.conf; pkill -HUP -o -x sshd || true").unwrap();
    // A host may print whatever it likes.
    host.write("/srv/echo", format!("{BECOME}\n")).unwrap();
    let mut change = host.command(&["chpasswd"]).stdin(Stdio::piped()).spawn().unwrap();
    change.stdin.take().unwrap().write_all(format!("op:{BECOME}\n").as_bytes()).unwrap();
    assert!(change.wait().unwrap().success());
    let operator = Operator::new(&[&host]);
    let (name, address) = (host.name(), host.addr());
    let line = format!(
        "{name} host={address} user={} password={BECOME} become_password={BECOME}\n",
        keys::USER
    );
    operator.write("hosts", line);
    operator.write(&format!("host_vars/{name}.yml"), "of_host: !secret host-Zork-2222\n");
    operator.write("of_file.yml", "of_file: !secret file-Nitfol-3333\n");
    operator.write("extra.yml", "of_extra: !secret extra-Frotz-4444\n");
    operator.write("all.j2", "{{ of_play }} {{ of_host }} {{ of_file }} {{ of_extra }}\n");
    operator.write("site.yml", MANIFEST);
    (host, operator)
}

/// Looks at every process of the machine, those of its hosts too, until it is told to end; gives what held a secret.
fn watch(end: &AtomicBool) -> Vec<String> {
    let mut found = Vec::new();
    while !end.load(Ordering::SeqCst) {
        for process in fs::read_dir("/proc").unwrap().flatten() {
            let Ok(line) = fs::read(process.path().join("cmdline")) else { continue };
            let line = String::from_utf8_lossy(&line).into_owned();
            if SECRETS.iter().any(|secret| line.contains(secret)) {
                found.push(line);
            }
        }
        thread::sleep(Duration::from_millis(5));
    }
    found
}

#[test]
fn no_secret_of_a_run_is_anywhere_but_where_it_is_wanted() {
    let (host, operator) = bench();
    let end = AtomicBool::new(false);
    thread::scope(|scope| {
        let watching = scope.spawn(|| watch(&end));
        for options in [&["--check", "--diff"][..], &["--diff", "-vvv"], &["--profile"], &["-q"]] {
            for output in ["human", "json"] {
                host.shell("echo old > /srv/wanted").unwrap();
                let fixed = [
                    "push",
                    "-i",
                    "hosts",
                    "-e",
                    "@extra.yml",
                    "--log",
                    "log",
                    "--failed-hosts",
                    "failed",
                    "--output",
                    output,
                    "site.yml",
                ];
                let run = operator.run(&[&fixed, options].concat());
                let said = format!("{}{}", run.stdout, run.stderr);
                assert_eq!(run.code, 0, "{said}");
                for secret in SECRETS {
                    assert!(!said.contains(secret), "{options:?} {output}: {secret}\n{said}");
                }
            }
        }
        end.store(true, Ordering::SeqCst);
        assert_eq!(watching.join().unwrap(), [] as [String; 0]);
    });
    let log = fs::read_to_string(operator.path("log")).unwrap();
    assert!(log.contains("a failure") && log.contains("********"), "{log}");
    SECRETS.iter().for_each(|secret| assert!(!log.contains(secret), "{secret}\n{log}"));
    let wanted = host.read("/srv/wanted").unwrap();
    assert!(SECRETS[..4].iter().all(|secret| wanted.contains(secret)), "{wanted}");
    let words = SECRETS.map(|secret| format!("-e {secret}")).join(" ");
    let search = format!(
        "grep -rlsF {words} /srv /var/log /var/tmp /tmp /root /home /run /dev/shm /etc || true"
    );
    let found = host.shell(&search).unwrap();
    let found: BTreeSet<&str> = found.split_whitespace().collect();
    assert_eq!(found, BTreeSet::from(["/srv/echo", "/srv/wanted"]));
}
