//! The same by `hep push`: what a person sees, and where the password is not.

use super::bench::{Bench, CODE};
use super::{STRICT, sudo};
use crate::operator::{Operator, Run};
use hep_tests::keys;

const MANIFEST: &str = "
- tasks:
    - name: as the login
      command: {shell: 'id -un >/tmp/login'}
    - name: as root
      command: {shell: 'id -un >/root/root'}
      become: true
    - name: as bob
      command: {shell: 'id -un >~/bob; pwd; echo $HOME'}
      become: true
      become_user: bob
      register: said
    - name: what bob said
      assert: {that: [\"'/home/bob' in said.stdout\"]}
";

/// An operator who logs in as `op`, with more in the line of the host.
pub(super) fn operator(bench: &Bench, more: &str) -> Operator {
    let operator = Operator::new(&[&bench.host]);
    let hosts = std::fs::read_to_string(operator.path("hosts")).unwrap();
    let user = format!("user={}", keys::USER);
    operator.write("hosts", format!("{} {more}\n", hosts.trim_end().replace("user=root", &user)));
    operator
}

/// A line of inventory that gives the password by a command.
pub(super) fn known(operator: &Operator) -> String {
    let path = operator.write("password", CODE);
    format!("cat {}", path.display())
}

fn push(operator: &Operator, options: &[&str]) -> Run {
    operator.write("manifest.yml", MANIFEST);
    let run = operator.run(&[&["push", "-i", "hosts"], options, &["manifest.yml"]].concat());
    let typed = CODE.split('$').next().unwrap();
    assert!(!format!("{}{}", run.stdout, run.stderr).contains(typed), "{}", run.stderr);
    run
}

#[test]
fn push_runs_each_task_as_its_user_and_shows_no_password() {
    let bench = Bench::new();
    sudo(&bench, STRICT);
    let operator = operator(&bench, "");
    let command = known(&operator);
    let options = ["--become-password-command", &command, "--log", "log", "-vvv", "--diff"];
    for output in ["human", "json"] {
        push(&operator, &[&options[..], &["--output", output]].concat()).ends(0);
        let log = std::fs::read_to_string(operator.path("log")).unwrap();
        assert!(!log.contains("Xyzzy"), "{log}");
    }
    for (path, user) in [("/tmp/login", "op"), ("/root/root", "root"), ("/home/bob/bob", "bob")] {
        assert_eq!(bench.host.read(path).unwrap().trim(), user);
        let owner = bench.host.shell(&format!("stat -c %U {path}")).unwrap();
        assert_eq!(owner.trim(), user, "{path}");
    }
    let found =
        bench.host.shell("grep -rlF 'Xyzzy 4711' /tmp /var/tmp /var/log /home /root || true");
    assert_eq!(found.unwrap().trim(), "");
    bench.nothing_is_left();
}

#[test]
fn config_says_who_is_meant_where_nothing_nearer_does() {
    let bench = Bench::new();
    sudo(&bench, "op ALL=(ALL) NOPASSWD: ALL\n");
    let operator = operator(&bench, "");
    let config = operator.write("config.yml", "become:\n  user: bob\n");
    let tasks = "- tasks:\n    - command: {shell: 'id -un >/tmp/who'}\n      become: true\n";
    operator.write("manifest.yml", tasks);
    let config = config.to_str().unwrap();
    operator.run(&["push", "-i", "hosts", "--config", config, "manifest.yml"]).ends(0);
    assert_eq!(bench.host.read("/tmp/who").unwrap(), "bob\n");
    bench.nothing_is_left();
}

#[test]
fn push_that_cannot_become_is_unreachable_with_the_cause() {
    let bench = Bench::new();
    sudo(&bench, "");
    let check = |operator: &Operator, options: &[&str], expected: &str| {
        let run = push(operator, options);
        let said = format!("{}{}", run.stdout, run.stderr);
        assert_ne!(run.code, 0, "{said}");
        assert!(said.contains(expected) && said.contains("become"), "{said}");
    };
    let none = "`sudo` asks for a password on the host, and none was given";
    let wrong = "the password of `op` is wrong: `sudo` rejected it";
    let ours = operator(&bench, "");
    check(&ours, &[], none);
    check(&operator(&bench, "ansible_become_password=Sesame"), &[], wrong);
    check(&ours, &["--become-password-command", "echo Sesame"], wrong);
    let root = "the password of `root` is wrong: `su` rejected it";
    check(&ours, &["--become-password-command", "echo Sesame", "--become-method", "su"], root);
    assert!(!bench.host.exists("/root/root") && !bench.host.exists("/tmp/login"));
    bench.nothing_is_left();
}
