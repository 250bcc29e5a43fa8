//! Tasks that run as other users, from the operator's side: keys, options, passwords and where they come from.

use crate::operator::{Operator, Run, traces};
use hep_tests::{Flavour, Host, keys};
use std::io::Write;
use std::process::Stdio;

/// The password of `op`; nothing on any screen or in any list may hold it.
const CODE: &str = "Plugh-4711-xyz";

/// A host on which `op` may use sudo with a password, and whose operator logs in as `op`.
fn bench() -> (Host, Operator) {
    let host = Host::start(Flavour::Sysv, "rights").unwrap();
    host.shell("useradd -m -s /bin/bash app").unwrap();
    host.write("/etc/sudoers.d/t", "Defaults requiretty, lecture=always, timestamp_timeout=0\n")
        .unwrap();
    host.shell("chmod 440 /etc/sudoers.d/t && visudo -cq").unwrap();
    let mut change = host.command(&["chpasswd"]).stdin(Stdio::piped()).spawn().unwrap();
    change.stdin.take().unwrap().write_all(format!("op:{CODE}\n").as_bytes()).unwrap();
    assert!(change.wait().unwrap().success());
    let operator = Operator::new(&[&host]);
    write_hosts(&operator, &host, "");
    (host, operator)
}

fn write_hosts(operator: &Operator, host: &Host, more: &str) {
    let (name, address, key) = (host.name(), host.addr(), host.private_key().display());
    let line = format!("{name} host={address} user={} private_key={key} {more}\n", keys::USER);
    operator.write("hosts", line);
}

const MANIFEST: &str = r#"
- hosts: all
  become: true
  vars: {who: app}
  tasks:
  - {name: root's, file: {dest: /srv/root.txt, content: x, mode: "0600"}}
  - {name: own, file: {dest: /home/op/own.txt, content: x}, become: false, notify: look}
  - name: another's
    file: {dest: "/home/{{ item }}/app.txt", content: x}
    become_user: "{{ item }}"
    loop: ["{{ who }}"]
  - block:
    - {command: {shell: "id -un; id -ru; echo $HOME"}, register: who_am_i}
    - {assert: {that: "who_am_i.stdout_lines == ['app', who_am_i.stdout_lines[1], '/home/app']"}}
    become_user: app
  handlers:
  - {name: look, command: {shell: "id -un > /srv/handler"}}
"#;

fn owners(host: &Host) -> String {
    host.shell("stat -c '%U %n' /srv/root.txt /home/op/own.txt /home/app/app.txt /srv/handler; cat /srv/handler").unwrap()
}

const OWNERS: &str =
    "root /srv/root.txt\nop /home/op/own.txt\napp /home/app/app.txt\nroot /srv/handler\nroot";

fn all(run: &Run) -> String {
    format!("{}{}", run.stdout, run.stderr)
}

#[test]
fn each_task_runs_as_its_own_user_in_one_run() {
    let (host, operator) = bench();
    write_hosts(&operator, &host, &format!("become_password={CODE}"));
    let checked = operator.push(MANIFEST, &["--check"]).ends(0);
    assert!(!host.exists("/srv/root.txt"));
    let run = operator.push(MANIFEST, &["-v"]).ends(0);
    assert_eq!(owners(&host).trim(), OWNERS);
    assert_eq!(checked.statuses().len(), run.statuses().len());
    let again = operator.push(MANIFEST, &[]).ends(0);
    assert!(!again.statuses()[..3].iter().any(|status| status == "changed"), "{}", all(&again));
    for run in [&checked, &run, &again] {
        assert!(!all(run).contains(CODE));
    }
    assert_eq!(traces(&host), "");
}

#[test]
fn a_password_comes_from_where_the_operator_says() {
    let (host, operator) = bench();
    let manifest = "- command: {shell: id -un}\n";
    let works = |options: &[&str]| {
        let run = operator.push(manifest, &[options, &["--become"]].concat()).ends(0);
        assert!(!all(&run).contains(CODE));
    };
    let secret = operator.write("secret", format!("{CODE}\nmore\n"));
    let command = format!("cat {}", secret.display());
    works(&["--become-password-command", &command]);
    operator.write("config.yml", format!("become: {{password_command: \"{command}\"}}\n"));
    works(&[]);
    operator.write("config.yml", "");
    write_hosts(&operator, &host, "become_password_command='cat secret'");
    works(&[]);
    write_hosts(&operator, &host, "");
    let (name, address, key) = (host.name(), host.addr(), host.private_key().display());
    operator.write(
        "hosts",
        format!(
            "{name} ansible_host={address} ansible_user=op ansible_ssh_private_key_file={key}\n\
             [all:vars]\nansible_become=yes\nvault_password={CODE}\n\
             ansible_become_password=\"{{{{ vault_password }}}}\"\n"
        ),
    );
    let run = operator.push("- command: {shell: \"id -un > /srv/who\"}\n", &[]).ends(0);
    assert!(!all(&run).contains(CODE), "{}", all(&run));
    assert_eq!(host.read("/srv/who").unwrap(), "root\n");
}

/// What the report has on the host's end.
fn trouble(run: &Run) -> String {
    let ends = run.events("host");
    ends.iter().map(ToString::to_string).collect()
}

#[test]
fn a_host_where_the_password_is_wrong_or_missing_is_named_with_stage_cause_and_hint() {
    let (host, operator) = bench();
    let manifest = "- {become: true, command: {argv: [id]}}\n";
    let run = operator.push(manifest, &[]).ends(3);
    let said = trouble(&run);
    assert!(said.contains("become: `sudo` asks for a password"), "{said}");
    assert!(said.contains("-K"), "{said}");
    write_hosts(&operator, &host, "become_password=Wrong-5555");
    let run = operator.push(manifest, &[]).ends(3);
    assert!(trouble(&run).contains("become: the password of `op` is wrong"), "{}", trouble(&run));
    assert!(!all(&run).contains("Wrong-5555"));
    let run = operator.push(manifest, &["--become-password-command", "false"]);
    assert_eq!(run.code, 2, "{}", all(&run));
    assert!(run.stderr.contains("gives no password: `false` ends with an error"), "{}", run.stderr);
    write_hosts(&operator, &host, "become_method=su");
    let run = operator.push(manifest, &[]).ends(3);
    assert!(trouble(&run).contains("`su` asks for the password of `root`"), "{}", trouble(&run));
    write_hosts(&operator, &host, "become_user=nobody-there become_password=x");
    let run = operator.push(manifest, &[]).ends(3);
    assert!(trouble(&run).contains("there is no user `nobody-there`"), "{}", trouble(&run));
    assert_eq!(traces(&host), "");
}

/// Every module that needs rights says how to get them, where the operator's login has none.
#[test]
fn login_without_rights_is_told_of_become() {
    let (_host, operator) = bench();
    let manifest = "
- {name: file, file: {dest: /etc/x, content: x}, ignore_error: true}
- {name: index, apt: {update_cache: true}, ignore_error: true}
- {name: service, service: {name: ssh, action: restart}, ignore_error: true}
- {name: command, command: {argv: [/etc/passwd]}, ignore_error: true}
";
    let run = operator.push(manifest, &[]).ends(0);
    let advice = "it ran as `op`, who is not root: `become: true` or `--become` runs it as root";
    for name in ["file", "index", "service", "command"] {
        let line = run.stdout.lines().find(|line| line.contains(&format!("\"task\":\"{name}\"")));
        assert!(line.is_some_and(|line| line.contains(advice)), "{name}: {}", run.stdout);
    }
}
