//! Ways to log in, with the OpenSSH client as the reference: what `ssh -o BatchMode=yes` accepts or refuses under a config,
//! hep accepts or refuses under the same.

use super::*;
use crate::remote::Books;
use crate::remote::Said;
use crate::remote::ssh_config::{Asking, SshConfig};
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};

/// A server with an authority for users, and keys of all sorts beside it.
struct Place {
    server: Server,
    agent: Child,
}

impl Place {
    fn start() -> Place {
        let prepare = "cd $DIR && for name in ca other guarded certified moved expired stranger; do \
             ssh-keygen -q -t ed25519 -N '' -C $name -f $name; done && ssh-keygen -q -t rsa -N '' -f rsa \
             && cat guarded.pub >> authorized && ssh-keygen -q -p -N secret -f guarded > /dev/null \
             && ssh-keygen -q -s ca -I id -n root certified.pub moved.pub rsa.pub \
             && ssh-keygen -q -s ca -I id -n root -V 20200101:20200102 expired.pub \
             && ssh-keygen -q -s ca -I id -n guest stranger.pub && mv moved-cert.pub elsewhere.pub \
             && ssh-keygen -q -s ca -I id -h -n shelf,127.0.0.1 host.pub";
        let server = Server::with(
            "TrustedUserCAKeys DIR/ca.pub\nHostCertificate DIR/host-cert.pub\nMaxAuthTries 20",
            prepare,
        );
        let socket = server.path("agent");
        let agent = Command::new("ssh-agent")
            .arg("-D")
            .arg("-a")
            .arg(&socket)
            .stdout(Stdio::null())
            .spawn();
        while !socket.exists() {
            thread::sleep(Duration::from_millis(10));
        }
        let mut add = Command::new("ssh-add");
        let added = add.arg("-q").arg(server.path("user")).env("SSH_AUTH_SOCK", &socket).status();
        assert!(added.unwrap().success());
        Place { server, agent: agent.unwrap() }
    }

    /// The config, with `DIR` for the place's directory.
    fn config(&self, lines: &str) -> PathBuf {
        let file = self.server.path("ssh_config");
        let known = "UserKnownHostsFile DIR/known\nStrictHostKeyChecking yes\n";
        let usual = "IdentityAgent none\nGlobalKnownHostsFile none\nPort PORT\nUser root\nHostName 127.0.0.1\n";
        let text = format!("{lines}\n{known}{usual}");
        let text = text.replace("PORT", &self.server.port.to_string());
        fs::write(&file, text.replace("DIR", &self.directory().display().to_string())).unwrap();
        file
    }

    fn directory(&self) -> &Path {
        self.server.directory.path()
    }

    fn known(&self, lines: &str) {
        let read = |name: &str| fs::read_to_string(self.server.path(name)).unwrap();
        let lines = lines
            .replace("HOST", read("host.pub").trim())
            .replace("OTHER", read("other.pub").trim());
        let lines = lines.replace("CA", read("ca.pub").trim());
        let name = format!("[127.0.0.1]:{}", self.server.port);
        fs::write(self.server.path("known"), lines.replace("NAME", &name)).unwrap();
    }

    fn ssh(&self, config: &Path) -> bool {
        let mut ssh = Command::new("ssh");
        ssh.arg("-F").arg(config).args(["-o", "BatchMode=yes", "web", "true"]);
        ssh.stdin(Stdio::null()).output().unwrap().status.success()
    }

    fn hep(&self, config: &Path) -> Result<(), String> {
        let said = Said { name: "web".into(), address: "web".into(), ..Said::default() };
        let asking = Asking {
            config: &SshConfig::File(config.to_owned()),
            home: Some(self.directory()),
            system_home: Some(self.directory()),
            user: Some("root"),
            within: Duration::from_secs(10),
        };
        let answer = asking.about(&said, &Canceller::default()).unwrap();
        let host_keys = Books::of_user(Some(self.directory())).of(answer.as_ref());
        let agents = |_: &str| Ok(Arc::new(Agent::of(GREETING.as_bytes().to_vec())));
        let options = Options {
            upload: UploadMode::Sftp,
            known: &[],
            policy: answer.as_ref().unwrap().policy,
            host_keys: &host_keys,
            confirm: &Somebody(None),
            timeouts: Timeouts::of(answer.as_ref(), None),
            identities: Identities::default().with_answer(answer.as_ref()),
            passphrases: &Passphrases::default(),
            agents: &agents,
            entered: &|_| {},
        };
        let target = Target::of(&said, answer, "root");
        let launched = launch(&target, &options, &Canceller::default(), hello);
        launched.map(drop).map_err(|error| format!("{error}; {:?}", error.hint))
    }

    /// Config and known_hosts, and whether a login is accepted.
    fn check(&self, lines: &str, known: &str, expected: bool) {
        let config = self.config(lines);
        self.known(known);
        assert_eq!(self.ssh(&config), expected, "ssh: {lines} / {known}");
        self.known(known);
        let done = self.hep(&config);
        assert_eq!(done.is_ok(), expected, "hep: {lines} / {known}: {done:?}");
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = self.agent.kill();
        let _ = self.agent.wait();
    }
}

const KNOWN: &str = "NAME HOST\n";

#[test]
fn keys_certificates_and_ssh_agent() {
    let place = Place::start();
    let check = |lines: &str, expected| place.check(lines, KNOWN, expected);
    check("IdentityFile DIR/user", true);
    check("IdentityFile DIR/other", false);
    check("IdentityFile DIR/missing", false);
    check("IdentityFile DIR/other\nIdentityFile DIR/user", true);
    check("IdentityFile DIR/guarded", false);
    check("IdentityFile DIR/certified", true);
    check("IdentityFile DIR/rsa", true);
    check("IdentityFile DIR/moved", false);
    check("IdentityFile DIR/moved\nCertificateFile DIR/elsewhere.pub", true);
    check("IdentityFile DIR/expired", false);
    check("IdentityFile DIR/stranger", false);
    check("IdentityAgent DIR/agent\nIdentityFile DIR/other", true);
    check("IdentityAgent DIR/agent\nIdentityFile DIR/other\nIdentitiesOnly yes", false);
    check("IdentityAgent DIR/agent\nIdentityFile DIR/user.pub\nIdentitiesOnly yes", true);
    check("IdentityAgent DIR/nothing\nIdentityFile DIR/other", false);
    check("IdentityFile DIR/user\nUser nobody-of-this-name", false);
    check("IdentityFile DIR/user\nPort 1", false);
}

#[test]
fn host_keys() {
    let place = Place::start();
    let check = |lines: &str, known, expected| {
        place.check(&format!("IdentityFile DIR/user\n{lines}"), known, expected);
    };
    check("", KNOWN, true);
    check("", "", false);
    check("", "NAME OTHER\n", false);
    check("StrictHostKeyChecking accept-new", "", true);
    check("StrictHostKeyChecking accept-new", "NAME OTHER\n", false);
    check("StrictHostKeyChecking no", "", true);
    check("StrictHostKeyChecking no", "NAME OTHER\n", true);
    check("StrictHostKeyChecking ask", "", false);
    check("HostKeyAlias shelf", "shelf HOST\n", true);
    check("HostKeyAlias shelf", KNOWN, false);
    check("", "@revoked * HOST\nNAME HOST\n", false);
    check("StrictHostKeyChecking accept-new", "@revoked * HOST\n", false);
    check("", "@cert-authority NAME CA\n", true);
    check("", "@cert-authority * CA\n", true);
    check("", "@cert-authority * OTHER\n", false);
    check("", "@cert-authority * CA\n@revoked * CA\n", false);
    check("", "@cert-authority * CA\n@revoked * HOST\n", false);
    check("HostKeyAlias shelf", "@cert-authority shelf CA\n", true);
    check("HostKeyAlias attic", "@cert-authority attic CA\n", false);
    check("GlobalKnownHostsFile DIR/known\nUserKnownHostsFile none", KNOWN, true);
}

#[test]
fn ways() {
    let place = Place::start();
    let check = |lines: &str, expected| {
        let file = "Host behind*\n HostName 127.0.0.1\nHost web\n".to_owned() + lines;
        place.check(&format!("IdentityFile DIR/user\n{file}\nHost *\n"), KNOWN, expected);
    };
    check("ProxyJump behind1", true);
    check("ProxyJump behind1,root@behind2:PORT", true);
    check("ProxyJump behind1:1", false);
    check("ProxyCommand ssh -F DIR/ssh_config -W %h:%p behind1", true);
    check("ProxyCommand false", false);
    check("ProxyJump none", true);
}

#[test]
fn a_passphrase_is_asked_for_once_and_opens_the_key_for_all_hosts() {
    let server = Server::start();
    let key = server.path("guarded");
    keygen(&key, "ed25519", "secret");
    fs::copy(server.path("guarded.pub"), server.path("authorized")).unwrap();
    let mut try_ = Try::at(&server);
    try_.target.private_key = Some(key);
    try_.typed = Some("secret");
    try_.launch().unwrap_or_else(|error| panic!("{error}"));
    try_.typed = Some("nothing");
    try_.launch().unwrap_or_else(|error| panic!("{error}"));
    try_.passphrases = Passphrases::default();
    let what = try_.fails_at(Stage::Login).what;
    assert!(!what.contains("nothing"), "{what}");
}

#[test]
fn an_ssh_agent_that_waits_for_a_confirmation_holds_a_host_up_only_for_a_while() {
    let server = Server::start();
    let socket = server.path("agent");
    let mut agent = Command::new("ssh-agent");
    agent.env("SSH_ASKPASS", server.path("ask")).env("SSH_ASKPASS_REQUIRE", "force");
    fs::write(server.path("ask"), "#!/bin/sh\nexec sleep 30\n").unwrap();
    Command::new("chmod").arg("700").arg(server.path("ask")).status().unwrap();
    let mut agent = agent.arg("-D").arg("-a").arg(&socket).stdout(Stdio::null()).spawn().unwrap();
    while !socket.exists() {
        thread::sleep(Duration::from_millis(10));
    }
    let mut add = Command::new("ssh-add");
    let added =
        add.args(["-q", "-c"]).arg(server.path("user")).env("SSH_AUTH_SOCK", &socket).status();
    assert!(added.unwrap().success());
    let mut try_ = Try::at(&server);
    try_.target.private_key = None;
    try_.identities.agent_socket = Some(socket);
    try_.timeouts.login = Duration::from_secs(2);
    let begin = Instant::now();
    let failed = try_.fails_at(Stage::Login);
    assert!(begin.elapsed() < Duration::from_secs(8), "{:?} {failed}", begin.elapsed());
    agent.kill().unwrap();
    agent.wait().unwrap();
}
