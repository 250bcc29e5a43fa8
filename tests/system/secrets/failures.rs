//! Runs that go wrong in every way: an error is where a secret would slip out, and none does.

use crate::operator::{Operator, Run};
use hep_tests::relay::{Cut, Options};
use hep_tests::{Flavour, Host, Relay, keys};
use std::fs;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// A variable, a password that is wrong, and the right one.
const SECRETS: [&str; 3] = ["Grue-of-play-1111", "Zork-wrong-2222", "Plugh-right-3333"];

const MANIFEST: &str = r#"
- hosts: all
  vars:
    word: !secret Grue-of-play-1111
  tasks:
  - {name: a file, file: {content: "{{ word }}", dest: /tmp/wanted, mode: "0600"}}
  - name: a wait
    command: {shell: 'echo "$IT"; sleep "$TIME"; echo "$IT" >&2'}
    env: {IT: "{{ word }}", TIME: "{{ time | default('0') }}"}
  - name: a failure
    command: {argv: [cat, "/nowhere/{{ word }}"]}
    when: not (well | default(false))
  - name: another
    file: {dest: "/proc/{{ word }}", content: "{{ word }}"}
"#;

struct Bench {
    host: Host,
    operator: Operator,
}

impl Bench {
    fn new() -> Self {
        let host = Host::start(Flavour::Sysv, "failures").unwrap();
        host.write("/etc/sudoers.d/t", "Defaults timestamp_timeout=0\n").unwrap();
        host.shell("chmod 440 /etc/sudoers.d/t").unwrap();
        let operator = Operator::new(&[&host]);
        operator.write("site.yml", MANIFEST);
        Self { host, operator }
    }

    /// The host is reached there, as that user and with more in its line.
    fn reached(&self, address: SocketAddr, user: &str, more: &str) {
        let key = self.host.private_key().display();
        let line = format!(
            "failures host={} port={} user={user} private_key={key} {more}\n",
            address.ip(),
            address.port()
        );
        self.operator.write("hosts", line);
        let own = self.host.addr().to_string();
        let name = format!("[{}]:{}", address.ip(), address.port());
        let known = self.host.known_hosts();
        let other = known.replace(&own, &name);
        self.operator.write("home/.ssh/known_hosts", format!("{known}\n{other}\n"));
    }

    /// Pushes and looks at all that is shown and kept, here and there.
    fn check(&self, options: &[&str], expected: &str, meanwhile: &dyn Fn()) {
        for output in ["human", "json"] {
            let fixed = ["push", "-i", "hosts", "--log", "log", "--failed-hosts", "failed", "-vvv"];
            let line = [&fixed, options, &["--diff", "--output", output, "site.yml"]].concat();
            let run = thread::scope(|scope| {
                let push = scope.spawn(|| self.operator.run(&line));
                meanwhile();
                push.join().unwrap()
            });
            let Run { code, stdout, stderr } = run;
            let log = fs::read_to_string(self.operator.path("log")).unwrap();
            let said = format!("{stdout}{stderr}{log}");
            assert!(code != 0 && said.contains(expected), "{expected} {output}: {said}");
            for secret in SECRETS {
                assert!(!said.contains(secret), "{expected} {output}: {secret}\n{said}");
            }
        }
        // Not in an argument: processes are looked at too.
        self.host.write("/opt/words", SECRETS.join("\n") + "\n").unwrap();
        let search = "rm -f /tmp/wanted; sleep 1; grep -rlsF -f /opt/words /srv /var/log /var/tmp /tmp /root /home /run /dev/shm /etc || true";
        assert_eq!(self.host.shell(search).unwrap(), "", "{expected}");
    }
}

/// Looks at every process of the machine until it is told to end; gives what held a secret. Environments hold what a task's
/// `env` says, and nobody but their user may read them.
fn processes(end: &AtomicBool) -> Vec<String> {
    let mut found = Vec::new();
    while !end.load(Ordering::SeqCst) {
        for process in fs::read_dir("/proc").unwrap().flatten() {
            let Ok(line) = fs::read(process.path().join("cmdline")) else { continue };
            let line = String::from_utf8_lossy(&line).into_owned();
            // The failing task has it as an argument, since its manifest says so.
            let own = line.starts_with("cat\0") || line.starts_with("/usr/bin/cat\0");
            if !own && SECRETS.iter().any(|secret| line.contains(secret)) {
                found.push(line);
            }
        }
        thread::sleep(Duration::from_millis(5));
    }
    found
}

#[test]
fn no_secret_is_in_what_is_told_of_a_failure() {
    let bench = Bench::new();
    let (own, end) = (bench.host.address(), AtomicBool::new(false));
    thread::scope(|scope| {
        let watching = scope.spawn(|| processes(&end));
        bench.reached(own, "root", "");
        bench.check(&[], "a failure", &|| ());
        // Its name is not what hep shows, and it is in no message of the system's either.
        bench.check(&["-e", "well=true"], "another", &|| ());
        let wrong = format!("become=true become_password={}", SECRETS[1]);
        bench.reached(own, keys::USER, &wrong);
        bench.check(&[], "is wrong", &|| ());
        let su = format!("{wrong} become_method=su become_user=root");
        bench.reached(own, keys::USER, &su);
        bench.check(&[], "is wrong", &|| ());
        // A password for the login, too, and nobody listens.
        let closed: SocketAddr = "127.0.0.1:1".parse().unwrap();
        bench.reached(closed, "root", &format!("password={} {wrong}", SECRETS[2]));
        bench.check(&["--connect-timeout", "3"], "unreachable", &|| ());
        let relay = Relay::start(own, Options::default()).unwrap();
        bench.reached(relay.addr(), "root", "");
        let cut = || {
            let mut waited = 0;
            while bench.host.shell("pgrep -x sleep").is_err() && waited < 600 {
                thread::sleep(Duration::from_millis(50));
                waited += 1;
            }
            relay.cut(Cut::Reset);
        };
        lost(&bench, &cut);
        end.store(true, Ordering::SeqCst);
        assert_eq!(watching.join().unwrap(), [] as [String; 0]);
    });
}

/// A link that is cut in the middle of a step; once, since the line stays cut.
fn lost(bench: &Bench, cut: &dyn Fn()) {
    let line = ["push", "-i", "hosts", "--log", "log", "-vvv", "-e", "time=3", "site.yml"];
    let run = thread::scope(|scope| {
        let push = scope.spawn(|| bench.operator.run(&line));
        cut();
        push.join().unwrap()
    });
    let log = fs::read_to_string(bench.operator.path("log")).unwrap();
    let said = format!("{}{}{log}", run.stdout, run.stderr);
    assert!(run.code != 0 && said.contains("lost"), "{said}");
    SECRETS.iter().for_each(|secret| assert!(!said.contains(secret), "{secret}\n{said}"));
}
