//! Launches against a real sshd, with shell scripts in the agent's place.

use super::*;
use crate::agent_binary::Agent;
use crate::remote::host_key::{Confirm, HostKeyPolicy, HostKeys};
use crate::remote::test_server::{Server, keygen};
use crate::remote::{
    Demands, Ending, Exit, Identities, Known, Passphrases, Timeouts, Transport, UploadMode,
};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

mod evil;
mod host_keys;
mod logins;
mod proxies;
mod round_trips;
mod upload;

/// Removes itself as the agent does, says hello, then does what follows.
const GREETING: &str = "#!/bin/sh\nrm -r \"${0%/*}\"\necho hello\n";

/// Nobody, unless it is about a passphrase.
struct Somebody(Option<&'static str>);

/// One launch, to be varied.
struct Try {
    target: Target,
    policy: HostKeyPolicy,
    demands: Demands,
    known_hosts: PathBuf,
    timeouts: Timeouts,
    identities: Identities,
    passphrases: Passphrases,
    /// What is typed when a passphrase is asked for.
    typed: Option<&'static str>,
    /// After what time an unknown key is trusted, if ever.
    trusts: Option<Duration>,
    script: String,
    upload: UploadMode,
    cancel: Canceller,
}

type Launched = Result<(Box<dyn Link>, String), Unreachable>;

impl Try {
    fn at(server: &Server) -> Try {
        let mut try_ = Try::port(server.port);
        try_.target.private_key = Some(server.path("user"));
        try_.known_hosts = server.path("known_hosts");
        try_
    }

    fn port(port: u16) -> Try {
        Try {
            target: Target {
                name: "web1".into(),
                address: "127.0.0.1".into(),
                port,
                user: "root".into(),
                password: None,
                private_key: None,
                ..Target::default()
            },
            policy: HostKeyPolicy::AcceptNew,
            demands: Demands::default(),
            known_hosts: "/nonexistent".into(),
            timeouts: Timeouts::default(),
            identities: Identities::default(),
            passphrases: Passphrases::default(),
            typed: None,
            trusts: None,
            script: GREETING.to_owned(),
            upload: UploadMode::Sftp,
            cancel: Canceller::default(),
        }
    }

    fn script(mut self, rest: &str) -> Try {
        self.script.push_str(rest);
        self
    }

    fn launch(&self) -> Launched {
        let files = [self.known_hosts.clone()];
        let host_keys = HostKeys::read(&files, Some(self.known_hosts.clone()));
        let agent = Arc::new(Agent::of(self.script.clone().into_bytes()));
        let agents = |machine: &str| {
            assert_eq!(machine, std::env::consts::ARCH);
            Ok(Arc::clone(&agent))
        };
        let known = [Known::new(std::env::consts::ARCH, &agent)];
        let options = Options {
            policy: self.policy,
            host_keys: &host_keys,
            demands: self.demands.clone(),
            confirm: match &self.trusts {
                Some(after) => &host_keys::Thinker(*after),
                None => &Somebody(self.typed),
            },
            timeouts: self.timeouts,
            identities: self.identities.clone(),
            passphrases: &self.passphrases,
            agents: &agents,
            entered: &|_| {},
            upload: self.upload,
            known: &known,
            ahead: 0,
        };
        launch(&self.target, &options, &self.cancel, greeting)
    }

    fn fails_at(&self, stage: Stage) -> Unreachable {
        let unreachable = self.launch().err().unwrap();
        assert_eq!(unreachable.stage, stage, "{unreachable} {:?}", unreachable.source);
        unreachable
    }
}

/// The greeting of an agent; a line of anything else is none.
fn greeting(link: &mut dyn Link) -> Result<String, Problem> {
    match hello(link)? {
        line if line == "hello" => Ok(line),
        line => Err(Problem::new(format!("no hello but a line of {} characters", line.len()))),
    }
}

/// A line from the agent, or what came instead.
fn hello(link: &mut dyn Link) -> Result<String, Problem> {
    let mut line = String::new();
    let mut byte = [0];
    loop {
        match link.read(&mut byte) {
            Ok(0) => return Err(Problem::new(format!("no hello but: {line:?}"))),
            Ok(_) if byte == *b"\n" => return Ok(line),
            Ok(_) => line.push(char::from(byte[0])),
            Err(error) => return Err(Problem::new(format!("no hello: {error}"))),
        }
    }
}

fn read_to_end(link: &mut dyn Link) -> String {
    let mut text = String::new();
    link.read_to_string(&mut text).unwrap();
    text
}

/// What of ours is on the server, in the directory tried first.
fn leftovers(server: &Server) -> Vec<String> {
    let entries = std::fs::read_dir(server.root().join("var/tmp")).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn bytes_go_there_and_back_and_nothing_stays() {
    let server = Server::start();
    let try_ =
        Try::at(&server).script("echo \"$0 $1\"; head -c 4194304; echo last words >&2; exit 3\n");
    let (mut link, greeting) = try_.launch().unwrap();
    assert_eq!(greeting, "hello");
    let place = hello(&mut *link).unwrap();
    assert!(place.starts_with("/var/tmp/.hep-") && place.ends_with("/hep-agent serve"), "{place}");
    // More than all windows and buffers on the way: the script cannot take it before we read.
    let much = "0123456789abcdef".repeat(1 << 18);
    let mut read = String::new();
    for part in much.as_bytes().chunks(1 << 20) {
        link.write_all(part).unwrap();
    }
    link.read_to_string(&mut read).unwrap();
    assert!(read == much);
    let counters = link.counters();
    assert!(counters.sent > 4 << 20 && counters.received > 4 << 20, "{counters:?}");
    assert!(counters.sent < 5 << 20, "{counters:?}");
    let ending = Ending { exit: Exit::Code(3), stderr: "last words\n".to_owned() };
    assert_eq!(link.finish(), ending);
    assert_eq!(link.finish(), ending);
    assert_eq!(leftovers(&server), [] as [&str; 0]);
}

#[test]
fn every_kind_of_key_file_logs_in() {
    let server = Server::start();
    for kind in ["ed25519", "ecdsa", "rsa"] {
        let key = server.path(kind);
        keygen(&key, kind, "");
        std::fs::copy(server.path(&format!("{kind}.pub")), server.path("authorized")).unwrap();
        let mut try_ = Try::at(&server);
        try_.target.private_key = Some(key);
        let (mut link, _) = try_.launch().unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert_eq!(link.finish().exit, Exit::Code(0));
    }
}

#[test]
fn a_default_key_logs_in() {
    let server = Server::start();
    let mut try_ = Try::at(&server);
    try_.target.private_key = None;
    std::fs::create_dir(server.path("ssh")).unwrap();
    std::fs::copy(server.path("user"), server.path("ssh/id_ed25519")).unwrap();
    try_.identities.ssh_directory = Some(server.path("ssh"));
    try_.launch().unwrap();
}

#[test]
fn a_key_with_a_passphrase_logs_in_through_ssh_agent_and_not_without() {
    let server = Server::start();
    let key = server.path("guarded");
    keygen(&key, "ed25519", "");
    let socket = server.path("agent");
    let mut agent = Command::new("ssh-agent").arg("-D").arg("-a").arg(&socket).spawn().unwrap();
    while !socket.exists() {
        thread::sleep(Duration::from_millis(10));
    }
    let added = Command::new("ssh-add").arg("-q").arg(&key).env("SSH_AUTH_SOCK", &socket).status();
    assert!(added.unwrap().success());
    let changed =
        Command::new("ssh-keygen").args(["-q", "-p", "-N", "secret", "-f"]).arg(&key).status();
    assert!(changed.unwrap().success());
    std::fs::copy(server.path("guarded.pub"), server.path("authorized")).unwrap();

    let mut try_ = Try::at(&server);
    try_.target.private_key = Some(key.clone());
    let refused = try_.fails_at(Stage::Login);
    assert_eq!(
        refused.hint.unwrap().split("` opens").next().unwrap(),
        format!("`ssh-add {}", key.display())
    );
    try_.identities.agent_socket = Some(socket);
    let launched = try_.launch();
    agent.kill().unwrap();
    agent.wait().unwrap();
    launched.unwrap();
}

/// A user `guest` with the password `secret`, on the server only.
const GUEST: &str = "cp /etc/passwd /etc/shadow $DIR && echo guest:x:4321:4321::/tmp:/bin/sh >> $DIR/passwd \
    && echo \"guest:$(openssl passwd -6 secret):19000::::::\" >> $DIR/shadow \
    && mount --bind $DIR/passwd /etc/passwd && mount --bind $DIR/shadow /etc/shadow";

#[test]
fn a_password_logs_in_either_way() {
    for config in ["PasswordAuthentication yes", "KbdInteractiveAuthentication yes\nUsePAM yes"] {
        let server = Server::with(config, GUEST);
        let mut try_ = Try::at(&server).script("id -un\n");
        try_.target.private_key = None;
        try_.target.user = "guest".to_owned();
        try_.target.password = Some(crate::remote::Secret::new("secret"));
        let (mut link, _) = try_.launch().unwrap_or_else(|error| panic!("{config}: {error}"));
        assert_eq!(read_to_end(&mut *link), "guest\n");
        try_.target.password = Some(crate::remote::Secret::new("wrong"));
        try_.fails_at(Stage::Login);
    }
}

#[test]
fn a_refused_login_names_what_was_tried() {
    let server = Server::with("PasswordAuthentication yes", "true");
    let key = server.path("other");
    keygen(&key, "ed25519", "");
    let mut try_ = Try::at(&server);
    try_.target.private_key = Some(key.clone());
    try_.target.password = Some(crate::remote::Secret::new("wrong"));
    let what = try_.fails_at(Stage::Login).what;
    let expected = format!(
        "no login as `root`: the host offers publickey, password; refused: key {}",
        key.display()
    );
    assert!(what.starts_with(&expected), "{what}");
    assert!(what.contains("; password"), "{what}");
    assert!(!what.contains("wrong"), "{what}");
}

#[test]
fn a_host_that_shares_no_algorithm_is_told_apart_with_both_offers() {
    let check = |config: &str, expected: &[&str]| {
        let server = Server::with(config, "true");
        let failed = Try::at(&server).fails_at(Stage::Connect);
        for word in expected {
            assert!(failed.what.contains(word), "{config}: {word}: {}", failed.what);
        }
        assert!(failed.hint.unwrap().contains("`--transport openssh`"));
    };
    let kex = "sntrup761x25519-sha512@openssh.com";
    let words =
        ["share no key exchange method: the host offers sntrup761", "hep offers curve25519-sha256"];
    check(&format!("KexAlgorithms {kex}"), &words);
    let words = ["share no MAC: the host offers umac-64@openssh.com;", "hmac-sha2-256"];
    check("Ciphers aes256-ctr\nMACs umac-64@openssh.com", &words);
}

#[test]
fn a_full_a_read_only_and_a_noexec_directory_are_passed_over() {
    for options in ["size=4k", "ro", "noexec"] {
        let mount = format!("mount -t tmpfs -o {options} tmpfs /var/tmp");
        let server = Server::with("", &mount);
        let filling =
            format!("ls -A /var/tmp | wc -l; echo \"$0\"; exit\n{}\n", "#".repeat(100_000));
        let launched = Try::at(&server).script(&filling).launch();
        let (mut link, _) = launched.unwrap_or_else(|error| panic!("{options}: {error}"));
        let said = read_to_end(&mut *link);
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines[0], "0", "{options}");
        assert!(lines[1].starts_with("./.hep-"), "{options}: {said}");
        link.finish();
    }
}

#[test]
fn no_directory_at_all_is_an_error_that_names_each() {
    // All five read-only; the server's own files, which are below /tmp, stay where they are.
    let before = "mount --bind $DIR /mnt && for d in /var/tmp /root /dev/shm /tmp /run; do mount -t tmpfs tmpfs $d; done \
                  && mkdir -p $DIR /run/sshd && mount --bind /mnt $DIR \
                  && for d in /var/tmp /root /dev/shm /tmp /run; do mount -o remount,ro $d; done";
    let server = Server::with("", before);
    let failed = Try::at(&server).fails_at(Stage::Upload);
    assert_eq!(
        failed.what,
        "no directory can hold the agent: /var/tmp: mkdir failed (full or read-only?); ~: mkdir failed (full or \
         read-only?); /dev/shm: mkdir failed (full or read-only?); /tmp: mkdir failed (full or read-only?); /run: mkdir \
         failed (full or read-only?)"
    );
}

#[test]
fn a_file_that_is_no_program_is_not_tried_everywhere() {
    let server = Server::start();
    let mut try_ = Try::at(&server);
    try_.script = "\x7fELF, but not really".to_owned();
    let failed = try_.fails_at(Stage::Start);
    assert!(failed.what.contains("xec format error"), "{failed}");
    assert_eq!(leftovers(&server), [] as [&str; 0]);
}

#[test]
fn login_noise_is_no_machine_and_an_agent_that_cannot_start_says_why() {
    let server = Server::with("", "true");
    // Run by sshd, bash reads this file whatever it is run for.
    let noisy = format!("SetEnv HOME={}", server.directory.path().display());
    std::fs::write(server.path(".bashrc"), "echo Welcome to Linux; echo careful >&2\n").unwrap();
    let noisy = Server::with(&noisy, "true");
    let (mut link, greeting) = Try::at(&noisy).launch().unwrap();
    assert_eq!(greeting, "hello");
    assert_eq!(link.finish().stderr, "careful\n");

    let mut try_ = Try::at(&server);
    try_.script = "#!/bin/sh\necho no /proc here >&2; exit 7\n".to_owned();
    let failed = try_.fails_at(Stage::Start);
    assert_eq!(
        failed.what,
        "no hello but: \"\"; the agent exited with code 7; its stderr: no /proc here"
    );
    assert_eq!(leftovers(&server), [] as [&str; 0]);
}

#[test]
fn every_stage_is_bounded() {
    let soon = Duration::from_millis(300);
    let check = |try_: &Try, stage, within: Duration| {
        let started = Instant::now();
        let failed = try_.fails_at(stage);
        assert!(started.elapsed() < within, "{failed}: {:?}", started.elapsed());
    };
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut try_ = Try::port(silent.local_addr().unwrap().port());
    try_.timeouts.handshake = soon;
    check(&try_, Stage::Connect, Duration::from_secs(2));

    let server = Server::start();
    let mut try_ = Try::at(&server);
    try_.target.private_key = None;
    try_.identities.agent_socket = Some(server.path("silent"));
    let _silent_agent = UnixListener::bind(server.path("silent")).unwrap();
    check(&try_, Stage::Login, Duration::from_secs(8));

    let mut try_ = Try::at(&server);
    try_.script = "#!/bin/sh\nsleep 20\n".to_owned();
    (try_.timeouts.start, try_.timeouts.finish) = (soon, 2 * soon);
    check(&try_, Stage::Start, Duration::from_secs(4));
    assert_eq!(leftovers(&server), [] as [&str; 0]);

    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    check(&Try::port(closed), Stage::Connect, Duration::from_secs(2));
}

#[test]
fn a_cancel_ends_a_launch_and_a_read() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let try_ = Try::port(silent.local_addr().unwrap().port());
    let soon = |cancel: Canceller| {
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(100));
            cancel.cancel();
        })
    };
    let started = Instant::now();
    let cancelling = soon(try_.cancel.clone());
    let failed = try_.fails_at(Stage::Connect);
    assert_eq!(failed.source.unwrap().to_string(), "cancelled");
    cancelling.join().unwrap();

    let server = Server::start();
    let (mut link, _) = Try::at(&server).script("exec sleep 20\n").launch().unwrap();
    let cancelling = soon(link.canceller());
    assert_eq!(link.read(&mut [0]).unwrap_err().to_string(), "cancelled");
    assert_eq!(link.finish().exit, Exit::Unknown);
    cancelling.join().unwrap();
    drop(link);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn a_server_that_dies_is_an_error_and_a_killed_agent_an_end() {
    let server = Server::start();
    let (mut link, _) =
        Try::at(&server).script("read go; kill -9 $PPID; sleep 5\n").launch().unwrap();
    link.write_all(b"go\n").unwrap();
    let error = link.read(&mut [0; 16]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted, "{error}");
    assert_eq!(link.finish().exit, Exit::Unknown);

    let (mut link, _) = Try::at(&server).script("kill -9 $$\n").launch().unwrap();
    assert_eq!(read_to_end(&mut *link), "");
    assert_eq!(link.finish().exit, Exit::Signal("KILL".to_owned()));
}

#[test]
fn a_write_to_an_agent_that_has_ended_fails() {
    let server = Server::start();
    let (mut link, _) = Try::at(&server).script("exit 0\n").launch().unwrap();
    let started = Instant::now();
    let much = vec![0; 16 << 20];
    assert!(link.write_all(&much).is_err());
    assert!(started.elapsed() < Duration::from_secs(10));
    link.finish();
}

/// For longer than a host may be silent: so long as its SSH server answers, which it may do before anybody polls.
#[test]
#[ignore = "takes a minute"]
fn a_quiet_agent_is_waited_for() {
    let server = Server::start();
    let (mut link, _) = Try::at(&server).script("sleep 75; echo done\n").launch().unwrap();
    assert_eq!(read_to_end(&mut *link), "done\n");
    assert_eq!(link.finish().exit, Exit::Code(0));
}

#[test]
#[ignore = "takes a minute"]
fn a_frozen_host_is_noticed() {
    let server = Server::start();
    let script = "read go; kill -STOP $PPID; sleep 75; kill -CONT $PPID\n";
    let (mut link, _) = Try::at(&server).script(script).launch().unwrap();
    link.write_all(b"go\n").unwrap();
    let error = link.read(&mut [0]).unwrap_err();
    assert!(error.to_string().starts_with("no sign of life for 6"), "{error}");
    assert_eq!(link.finish().exit, Exit::Unknown);
}
