//! Passwords by the `openssh` transport: they are where they are wanted, and nowhere else.

use super::{WAYS, end_of};
use crate::operator::{Operator, traces};
use hep_tests::{Flavour, Host};
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

const CODE: &str = "Xyzzy op 4711";

/// Of a key. Another than the password: ssh-keygen is given it as an argument, while another test looks for that everywhere.
const PHRASE: &str = "Plugh key 4712";

/// Everything that processes of this machine show of themselves: argument lists and environments.
fn shown() -> Vec<Vec<u8>> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let texts = |entry: fs::DirEntry| {
        ["cmdline", "environ"].map(|name| fs::read(entry.path().join(name)).unwrap_or_default())
    };
    processes.flat_map(texts).filter(|text| !text.is_empty()).collect()
}

fn holds(text: &[u8], secret: &str) -> bool {
    text.windows(secret.len()).any(|window| window == secret.as_bytes())
}

/// Does something, while all that processes show is searched. How many programs hep had start itself to ask, too.
fn watched<T>(secret: &str, work: impl FnOnce() -> T) -> (T, usize) {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut asking = BTreeSet::new();
            while !over.load(Ordering::SeqCst) {
                for text in shown() {
                    assert!(!holds(&text, secret), "{}", String::from_utf8_lossy(&text));
                    if holds(&text, "HEP_ASKPASS=") {
                        asking.insert(text);
                    }
                }
            }
            asking.len()
        });
        let done = work();
        over.store(true, Ordering::SeqCst);
        (done, watch.join().unwrap())
    })
}

fn host_with_password() -> (Host, Operator) {
    let host = Host::start(Flavour::Sysv, "web1").unwrap();
    host.write("/root/pw", format!("op:{CODE}\nroot:{CODE}\n")).unwrap();
    host.shell("chpasswd < /root/pw && rm /root/pw && rm -rf ~op/.ssh /etc/sudoers.d/*; gpasswd -a op sudo").unwrap();
    let operator = Operator::new(&[&host]);
    operator.write("hosts", format!("web1 host={} user=op\n", host.addr()));
    (host, operator)
}

#[test]
fn a_password_logs_in_and_becomes_root_and_is_nowhere_else() {
    let (host, operator) = host_with_password();
    let file = operator.write("password", CODE);
    let command = format!("cat {}", file.display());
    let task = "- tasks:\n    - command: {shell: 'id -un > /root/who'}\n      become: true\n    \
                - command: {shell: 'id -un > /home/op/who'}\n";
    for way in WAYS {
        let options = ["--transport", way, "--password-command", &command];
        let become_options = ["--become-password-command", &command, "-vvv", "--log", "log"];
        let (run, asking) =
            watched(CODE, || operator.push(task, &[&options[..], &become_options].concat()));
        let run = run.ends(0);
        assert!(way == "ssh2" || asking > 0, "nobody was seen asking");
        for path in ["/root/who", "/home/op/who"] {
            let user = if path.contains("root") { "root" } else { "op" };
            assert_eq!(host.read(path).unwrap().trim(), user, "{way}");
        }
        let log = fs::read_to_string(operator.path("log")).unwrap();
        for text in [&run.stdout, &run.stderr, &log] {
            assert!(!text.contains(CODE), "{way}: {text}");
        }
        drop(fs::remove_file(operator.path("log")));
        host.shell("rm /root/who /home/op/who").unwrap();
    }
    let left =
        host.shell(&format!("grep -rlF '{CODE}' /tmp /var/tmp /var/log /home /root /run || true"));
    assert_eq!(left.unwrap().trim(), "");
    assert_eq!(traces(&host), "");
}

#[test]
fn keyboard_interactive_takes_the_password_once() {
    let (host, operator) = host_with_password();
    let config = "sed -i '1i PasswordAuthentication no\\nKbdInteractiveAuthentication yes' /etc/ssh/sshd_config; \
                  kill -HUP $(cat /run/sshd.pid)";
    host.shell(config).unwrap();
    thread::sleep(std::time::Duration::from_millis(500));
    let task = "- file: {dest: /home/op/x, content: x}\n";
    let line = |password: &str| {
        operator.write("hosts", format!("web1 host={} user=op password={password}\n", host.addr()));
    };
    for way in WAYS {
        line(&format!("\"{CODE}\""));
        operator.push(task, &["--transport", way]).ends(0);
        line("wrong");
        let run = operator.push(task, &["--transport", way]).ends(3);
        let (_, error) = end_of(&run);
        assert!(error.contains("login: "), "{way}: {error}");
    }
}

/// A key of the operator's that opens the host to `op`, with a passphrase.
fn guarded_key(host: &Host, operator: &Operator) -> PathBuf {
    let key = operator.path("guarded");
    let mut keygen = Command::new("ssh-keygen");
    keygen.args(["-q", "-t", "ed25519", "-N", PHRASE, "-f"]).arg(&key);
    assert!(keygen.status().unwrap().success());
    let public = fs::read_to_string(key.with_extension("pub")).unwrap();
    host.shell("mkdir ~op/.ssh").unwrap();
    host.write("/home/op/.ssh/authorized_keys", public).unwrap();
    host.shell("chown -R op: ~op/.ssh").unwrap();
    key
}

#[test]
fn a_key_with_a_passphrase_that_nobody_types_is_named() {
    let (host, operator) = host_with_password();
    let key = guarded_key(&host, &operator);
    let line = format!("web1 host={} user=op private_key={}\n", host.addr(), key.display());
    operator.write("hosts", line);
    for way in WAYS {
        let run = operator.push("- file: {dest: /home/op/x, content: x}\n", &["--transport", way]);
        let (_, error) = end_of(&run.ends(3));
        assert!(error.contains("login: ") && error.contains("passphrase"), "{way}: {error}");
        assert!(error.contains("ssh-add"), "{way}: {error}");
    }
}

/// Runs hep at a terminal and answers each of its questions; what it said.
fn at_a_terminal(operator: &Operator, words: &[&str], answers: &[(&str, &str)]) -> String {
    let line = format!("{} {}", crate::operator::hep().display(), words.join(" "));
    // Given a command, script(1) runs it at a terminal of its own.
    let mut script = Command::new("script");
    script.args(["-qefc", &line, "/dev/null"]).current_dir(operator.path(""));
    script.env("HOME", operator.path("home")).env_remove("SSH_AUTH_SOCK");
    let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut keyboard, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (mut all, mut told, mut left) = (String::new(), 0, answers.iter());
    let mut next = left.next();
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = screen.read(&mut buffer) {
        all.push_str(&String::from_utf8_lossy(&buffer[..read]));
        while let Some((question, answer)) = next
            && let Some(found) = all[told..].find(question)
        {
            told += found + question.len();
            keyboard.write_all(format!("{answer}\n").as_bytes()).unwrap();
            next = left.next();
        }
    }
    assert_eq!(next, None, "{all}");
    assert_eq!(child.wait().unwrap().code(), Some(0), "{all}");
    all
}

#[test]
fn the_operator_is_asked_at_the_terminal_of_hep() {
    let (host, operator) = host_with_password();
    operator.write("site.yml", "- file: {dest: /home/op/x, content: x}\n");
    let known = operator.path("home/.ssh/known_hosts");
    let push = ["push", "-i", "hosts", "--transport", "openssh", "site.yml"];
    for more in [&["-k"][..], &["-k", "--host-key", "ask"]] {
        drop(fs::remove_file(&known));
        let answers = [("SSH password: ", CODE), ("continue connecting (yes/no/all)? ", "yes")];
        let said = at_a_terminal(&operator, &[&push[..], more].concat(), &answers);
        assert!(said.contains("SHA256:") && !said.contains(CODE), "{said}");
        assert!(fs::read_to_string(&known).unwrap().contains("ssh-ed25519"));
    }
    // A passphrase is asked for once for two names of the host.
    let key = guarded_key(&host, &operator);
    let line =
        |name: &str| format!("{name} host={} user=op private_key={}\n", host.addr(), key.display());
    operator.write("hosts", line("web1") + &line("again"));
    let question = format!("Passphrase for the key {}: ", key.display());
    let said = at_a_terminal(&operator, &push, &[(&question, PHRASE)]);
    assert_eq!(said.matches(&question).count(), 1, "{said}");
    assert_eq!(traces(&host), "");
}
