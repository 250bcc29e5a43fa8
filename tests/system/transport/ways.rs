//! Ways to a host: other hosts, hosts that cannot be reached, and connections of others.

use super::{WAYS, end_of, interrupt, until};
use crate::operator::{Operator, Run, traces};
use hep_tests::relay::Options;
use hep_tests::{Flavour, Host, Relay, keys};
use std::fs;
use std::net::TcpListener;
use std::process::{Command, Stdio};

const TASK: &str = "- file: {dest: /srv/x, content: x}\n";

/// `op` gets no shell, and `bob` may run nothing anywhere.
const LIMITED: &str =
    "chsh -s /usr/sbin/nologin op; adduser --quiet --disabled-password --gecos '' bob;
    for d in /tmp /var/tmp /dev/shm /home/bob; do mount -t tmpfs -o noexec t $d; done;
    mkdir ~bob/.ssh; cp ~root/.ssh/authorized_keys ~bob/.ssh; chown -R bob: ~bob; chmod 755 ~bob";

/// The first words of an unreachable host's error: its stage.
fn stage(error: &str) -> String {
    error.split(": ").next().unwrap_or_default().to_owned()
}

#[test]
fn unreachable_hosts_have_the_same_stage_by_each_transport() {
    let host = Host::start(Flavour::Sysv, "web1").unwrap();
    let operator = Operator::new(&[&host]);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let deaf = silent.local_addr().unwrap().port();
    let no_ssh = TcpListener::bind("127.0.0.1:0").unwrap();
    let rude = no_ssh.local_addr().unwrap().port();
    std::thread::spawn(move || no_ssh.incoming().for_each(drop));
    let (address, key) = (host.addr(), host.private_key().display());
    let other = operator.path("other");
    let mut keygen = Command::new("ssh-keygen");
    keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&other);
    assert!(keygen.status().unwrap().success());
    let other = other.display();
    let known = fs::read_to_string(operator.path("home/.ssh/known_hosts")).unwrap();
    let strange = fs::read_to_string(operator.path("other.pub")).unwrap();
    let strange = strange.split(' ').take(2).collect::<Vec<_>>().join(" ");
    host.shell(LIMITED).unwrap();
    let table = [
        ("none host=no-such-name.invalid".to_owned(), known.clone(), "resolve"),
        ("closed host=127.0.0.1 port=1".to_owned(), known.clone(), "connect"),
        (format!("deaf host=127.0.0.1 port={deaf}"), known.clone(), "connect"),
        (format!("rude host=127.0.0.1 port={rude}"), known.clone(), "connect"),
        (
            format!("odd host={address} private_key={key}"),
            format!("{address} {strange}\n"),
            "host key",
        ),
        (format!("new host={address} private_key={key}"), String::new(), "host key"),
        (format!("wrong host={address} private_key={other}"), known.clone(), "login"),
        (format!("typo host={address} password=nonsense user=bob"), known.clone(), "login"),
        (format!("shell host={address} user=op private_key={key}"), known.clone(), "upload"),
        (format!("noexec host={address} user=bob private_key={key}"), known.clone(), "upload"),
    ];
    for (line, known, expected) in table {
        operator.write(
            "hosts",
            format!("{line}{}\n", if line.contains("user=") { "" } else { " user=root" }),
        );
        operator.write("home/.ssh/known_hosts", known);
        for way in WAYS {
            let options = ["--transport", way, "--connect-timeout", "3", "--host-key", "strict"];
            let run = operator.push(TASK, &options);
            let (status, error) = end_of(&run);
            println!("{way} {line}: {error}");
            assert_eq!((run.code, status.as_str()), (3, "unreachable"), "{way} {line}: {error}");
            assert_eq!(stage(&error), expected, "{way} {line}: {error}");
        }
    }
    drop(silent);
    assert_eq!(traces(&host), "");
}

#[test]
fn unknown_host_keys_are_taken_as_is_wished_by_each_transport() {
    let host = Host::start(Flavour::Sysv, "web1").unwrap();
    let operator = Operator::new(&[&host]);
    for way in WAYS {
        operator.write("home/.ssh/known_hosts", "");
        let push = |policy| operator.push(TASK, &["--transport", way, "--host-key", policy]);
        // There is no terminal.
        let (_, error) = end_of(&push("ask").ends(3));
        let words = ["host key: ", "nobody could be asked", "accept-new"];
        words.iter().for_each(|word| assert!(error.contains(word), "{way}: {error}"));
        push("accept-new").ends(0);
        push("strict").ends(0);
        operator.write("home/.ssh/known_hosts", "");
        push("off").ends(0);
        assert_eq!(fs::read_to_string(operator.path("home/.ssh/known_hosts")).unwrap(), "");
    }
}

#[test]
fn the_way_may_lead_through_another_host_that_learns_no_password() {
    let [bastion, host] = ["bastion", "web1"].map(|name| Host::start(Flavour::Sysv, name).unwrap());
    let operator = Operator::new(&[&bastion, &host]);
    let known = operator.path("home/.ssh/known_hosts").display().to_string();
    let config = |identity: &str| {
        let text = format!(
            "Host *\n  UserKnownHostsFile {known}\n  StrictHostKeyChecking yes\n  IdentitiesOnly yes\n\
             Host {}\n  User op\n  IdentityFile {identity}\nHost {}\n  ProxyJump {}\n",
            bastion.addr(),
            host.addr(),
            bastion.addr(),
        );
        operator.write("ssh_config", text);
    };
    let line = format!("web1 host={} user=op password={}\n", host.addr(), keys::PASSWORD);
    operator.write("hosts", line);
    let push = |way: &str| {
        let task = "- file: {dest: /home/op/x, content: x}\n";
        operator.push(task, &["--transport", way, "--ssh-config", "ssh_config"])
    };
    for way in WAYS {
        config(&host.private_key().display().to_string());
        push(way).ends(0);
        // It would open the bastion too, which asks for it here.
        config("none");
        let run = push(way).ends(3);
        let (_, error) = end_of(&run);
        assert!(
            error.contains("connect: ") && error.contains("Permission denied"),
            "{way}: {error}"
        );
    }
    assert_eq!(traces(&host), "");
}

#[test]
fn a_master_that_is_there_is_used_and_left_alone() {
    let host = Host::start(Flavour::Sysv, "web1").unwrap();
    let relay = Relay::start(host.address(), Options::default()).unwrap();
    let operator = Operator::through(&host, relay.addr());
    let (path, known) = (operator.path("master"), operator.path("home/.ssh/known_hosts"));
    let config = operator.write(
        "ssh_config",
        format!("ControlPath {}\nUserKnownHostsFile {}\n", path.display(), known.display()),
    );
    let place = relay.addr();
    let ssh = |words: &[&str]| {
        let mut ssh = Command::new("ssh");
        ssh.arg("-F").arg(&config).args(["-p", &place.port().to_string()]).args(words);
        ssh.arg(format!("root@{}", place.ip())).stdin(Stdio::null());
        // A master holds on to what it is given.
        ssh.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
    };
    assert!(ssh(&["-i", host.private_key().to_str().unwrap(), "-fNM"]));
    // Nobody else could log in.
    operator.write("hosts", format!("web1 host={} port={} user=root\n", place.ip(), place.port()));
    let options = ["--transport", "openssh", "--ssh-config", "ssh_config"];
    for mode in ["exec", "cache", "cache"] {
        let run = operator.push(TASK, &[&options[..], &["--agent-upload", mode]].concat()).ends(0);
        assert_eq!(end_of(&run).0, "converged");
    }
    assert_eq!(relay.counters().connections, 1);
    operator.write("config.yml", "ssh: {transport: openssh}\n");
    operator.write("site.yml", "- {command: {argv: [sleep, '3']}}\n");
    let mut push = operator.hep(&["push", "-i", "hosts", "--ssh-config", "ssh_config", "site.yml"]);
    let mut child = push.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("the task runs", || host.shell("pgrep -x sleep").is_ok());
    interrupt(&child);
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    until("all is gone", || host.shell("! pgrep -f hep-agen[t] && ! pgrep -x sleep").is_ok());
    assert!(ssh(&["-O", "check"]));
    let run = operator.push(TASK, &options).ends(0);
    assert_eq!(end_of(&run).0, "converged");
    assert_eq!(relay.counters().connections, 1);
    // hep's own SSH knows no masters, and says who does.
    let ssh2: Run = operator.push(TASK, &["--transport", "ssh2", "--ssh-config", "ssh_config"]);
    let (status, error) = end_of(&ssh2);
    assert_eq!(status, "unreachable");
    assert!(error.contains("--transport openssh"), "{error}");
    assert!(ssh(&["-O", "exit"]));
}

#[test]
fn a_master_that_stays_is_made_only_where_that_is_wished() {
    let host = Host::start(Flavour::Sysv, "web1").unwrap();
    let relay = Relay::start(host.address(), Options::default()).unwrap();
    let operator = Operator::through(&host, relay.addr());
    let (path, known) = (operator.path("master"), operator.path("home/.ssh/known_hosts"));
    let config = |more: &str| {
        let (path, known) = (path.display(), known.display());
        let text =
            format!("ControlPath {path}\nControlMaster auto\nUserKnownHostsFile {known}\n{more}");
        operator.write("ssh_config", text)
    };
    let push = || operator.push(TASK, &["--transport", "openssh", "--ssh-config", "ssh_config"]);
    config("");
    push().ends(0);
    push().ends(0);
    assert_eq!(relay.counters().connections, 2);
    let file = config("ControlPersist 60\n");
    push().ends(0);
    push().ends(0);
    assert_eq!(relay.counters().connections, 3);
    let mut ssh = Command::new("ssh");
    ssh.arg("-F").arg(file).args(["-O", "exit", "-p", &relay.addr().port().to_string()]);
    let exit = ssh.arg(format!("root@{}", relay.addr().ip())).output().unwrap();
    assert!(exit.status.success(), "{exit:?}");
}
