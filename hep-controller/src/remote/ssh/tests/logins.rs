//! Ways to log in, with the OpenSSH client as the reference: what `ssh` accepts or refuses under a config, hep accepts or
//! refuses under the same, by both kinds of SSH. `rows` has the table, and docs/connections.md a copy.

use super::*;
use crate::remote::Destination;
use crate::remote::openssh::{self, Wishes};
use crate::remote::ssh_config::{Asking, SshConfig};
use crate::remote::{Books, Secret};
use rows::{GROUPS, Group, Row};
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};

mod rows;

/// Answers `ssh` as a person would who knows a password and a passphrase, or does not.
const PERSON: &str = "#!/bin/sh
case $1 in
  *passphrase*) test -n \"$PASSPHRASE\" && echo \"$PASSPHRASE\" ;;
  *assword*) test -n \"$PASSWORD\" && echo \"$PASSWORD\" ;;
  *) false ;;
esac
";

/// A server with an authority for users, and keys of all sorts beside it.
struct Place {
    server: Server,
    agents: Vec<Child>,
    home: PathBuf,
}

impl Place {
    fn start(group: &Group) -> Place {
        let prepare = "cd $DIR && for name in ca other guarded certified moved expired stranger k1 k2 k3 k4 k5 k6 k7; do \
             ssh-keygen -q -t ed25519 -N '' -C $name -f $name; done && ssh-keygen -q -t rsa -N '' -f rsa \
             && cat guarded.pub >> authorized && ssh-keygen -q -p -N secret -f guarded > /dev/null \
             && ssh-keygen -q -s ca -I id -n root certified.pub moved.pub rsa.pub \
             && ssh-keygen -q -s ca -I id -n root -V 20200101:20200102 expired.pub \
             && ssh-keygen -q -s ca -I id -n guest stranger.pub && mv moved-cert.pub elsewhere.pub \
             && ssh-keygen -q -s ca -I id -h -n shelf,127.0.0.1 host.pub \
             && cp user readable && chmod 644 readable \
             && hash=$(openssl passwd -6 'open sesame') && sed \"s|^root:[^:]*:|root:$hash:|\" /etc/shadow > shadow \
             && mount --bind shadow /etc/shadow && mount --bind pam /etc/pam.d/sshd";
        let pam = "auth required pam_unix.so nodelay\naccount required pam_permit.so\nsession required pam_permit.so\n";
        let write = format!("printf '{}' > $DIR/pam && {prepare}", pam.replace('\n', "\\n"));
        let authority = "TrustedUserCAKeys DIR/ca.pub\nHostCertificate DIR/host-cert.pub";
        let server = Server::with(&format!("{}\n{authority}", group.server), &write);
        server.program("person", PERSON);
        server.answers_at_heps_door();
        let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).unwrap().unwrap();
        let mut place = Place { server, agents: Vec::new(), home: user.dir };
        for (name, key) in [
            ("agent", "user"),
            ("certified-agent", "certified"),
            ("rsa-agent", "rsa"),
            ("moved-agent", "moved"),
        ] {
            place.start_agent(name, key);
        }
        place
    }

    fn start_agent(&mut self, name: &str, key: &str) {
        let socket = self.server.path(name);
        let mut agent = Command::new("ssh-agent");
        agent.arg("-D").arg("-a").arg(&socket).stdout(Stdio::null());
        self.agents.push(agent.spawn().unwrap());
        add_key(&self.server.path(key), &socket, &["-q"]);
    }

    /// What a row has in its home, its known_hosts and its config, where `DIR` stands for the place's directory.
    fn prepare(&self, row: &Row) -> PathBuf {
        let mut before = Command::new("sh");
        before.args(["-ec", &format!("rm -rf ~/.ssh/*\n{}", row.before)]);
        before.env("DIR", self.directory()).env("HOME", &self.home);
        assert!(before.status().unwrap().success());
        let read = |name: &str| fs::read_to_string(self.server.path(name)).unwrap();
        // Word by word: a key may have any of these letters in it.
        let word = |word: &str| match word {
            "HOST" => read("host.pub").trim().to_owned(),
            "OTHER" => read("other.pub").trim().to_owned(),
            "RSA" => read("rsa.pub").trim().to_owned(),
            "CA" => read("ca.pub").trim().to_owned(),
            "NAME" => format!("[127.0.0.1]:{}", self.server.port),
            other => other.to_owned(),
        };
        let line = |line: &str| line.split(' ').map(word).collect::<Vec<_>>().join(" ") + "\n";
        let known: String = row.known.lines().map(line).collect();
        fs::write(self.server.path("known"), known).unwrap();
        let file = self.server.path("ssh_config");
        let usual = "Match all\nUserKnownHostsFile DIR/known\nStrictHostKeyChecking yes\nIdentityAgent none\n\
                     GlobalKnownHostsFile none\nPort PORT\nUser root\nHostName 127.0.0.1\n";
        let text = format!("{}\n{usual}", row.config.join("\n"));
        let text = text.replace("PORT", &self.server.port.to_string());
        fs::write(&file, text.replace("DIR", &self.directory().display().to_string())).unwrap();
        file
    }

    fn directory(&self) -> &Path {
        self.server.directory.path()
    }

    /// Fails with what it says.
    fn ssh(&self, row: &Row) -> Result<(), String> {
        let config = self.prepare(row);
        let mut ssh = Command::new("ssh");
        ssh.arg("-F").arg(config).args(["-v", "-o", "NumberOfPasswordPrompts=1", "web", "true"]);
        ssh.env("SSH_ASKPASS", self.server.path("person")).env("SSH_ASKPASS_REQUIRE", "force");
        ssh.env("PASSWORD", row.password.unwrap_or_default());
        ssh.env("PASSPHRASE", row.passphrase.unwrap_or_default());
        let output = ssh.stdin(Stdio::null()).output().unwrap();
        let said = || String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(()) } else { Err(format!("{}: {}", output.status, said())) }
    }

    fn hep(&self, row: &Row, transport: Transport) -> Result<(), String> {
        let config = SshConfig::File(self.prepare(row));
        let password = row.password.map(Secret::new);
        let said = Destination {
            name: "web".into(),
            address: "web".into(),
            password,
            ..Destination::default()
        };
        let asking = Asking {
            config: &config,
            home: Some(&self.home),
            system_home: Some(&self.home),
            user: Some("root"),
            within: Duration::from_secs(60),
        };
        let cancel = Canceller::default();
        let answer = asking.about(&said, &cancel).unwrap();
        let host_keys = Books::of_user(Some(&self.home)).of(answer.as_ref());
        let agents = |_: &str| Ok(Arc::new(Agent::of(GREETING.as_bytes().to_vec())));
        let own = Some(self.home.join(".ssh"));
        let identities = Identities { ssh_directory: own, ..Identities::default() };
        let options = Options {
            upload: UploadMode::Exec,
            known: &[],
            policy: answer.as_ref().unwrap().policy,
            host_keys: &host_keys,
            demands: answer.as_ref().unwrap().demands.clone(),
            confirm: &Somebody(row.passphrase),
            timeouts: Timeouts::of(answer.as_ref(), None),
            identities: identities.with_answer(answer.as_ref()),
            passphrases: &Passphrases::default(),
            agents: &agents,
            entered: &|_| {},
            ahead: 0,
        };
        let target = Target::of(&said, answer.clone(), "root");
        let launched = match transport {
            Transport::Openssh => {
                let words = asking.words(&said);
                let wishes = Wishes {
                    address: &said.address,
                    words: &words,
                    answer: answer.as_ref(),
                    connect_timeout: None,
                    other_home: None,
                    has_key: false,
                    has_password: said.password.is_some(),
                };
                openssh::launch(&target, &wishes, &options, &cancel, hello)
            }
            Transport::Ssh2 | Transport::Local => launch(&target, &options, &cancel, hello),
        };
        launched.map(drop).map_err(|error| format!("{error}; {:?}; {:?}", error.hint, error.source))
    }

    /// What became of it other than the row says.
    fn check(&self, row: &Row) -> Vec<String> {
        let tries = [
            ("ssh", row.ssh, self.ssh(row)),
            ("ssh2", row.ssh2, self.hep(row, Transport::Ssh2)),
            ("openssh", row.openssh, self.hep(row, Transport::Openssh)),
        ];
        let wrong = tries.into_iter().filter(|(_, expected, done)| done.is_ok() != *expected);
        wrong.map(|(who, _, done)| format!("{}: {who}: {done:?}", row.way)).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        for agent in &mut self.agents {
            let _ = agent.kill();
            let _ = agent.wait();
        }
    }
}

/// Gives a key to an agent that has just been started: its socket is there a moment before it listens.
fn add_key(key: &Path, socket: &Path, options: &[&str]) {
    let begun = Instant::now();
    loop {
        let mut add = Command::new("ssh-add");
        let added = add.args(options).arg(key).env("SSH_AUTH_SOCK", socket).output().unwrap();
        if added.status.success() {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{added:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Runs the rows of a group where `~/.ssh` is empty and nobody else's: the test starts itself once more, with a mount there.
fn check(test: &str, title: &str) {
    const INSIDE: &str = "HEP_TEST_INSIDE";
    if std::env::var_os(INSIDE).is_none() {
        let name = format!("{}::{test}", module_path!().split_once("::").unwrap().1);
        let script = "mkdir -p -m 700 ~/.ssh && mount -t tmpfs -o mode=700 tmpfs ~/.ssh && exec \"$0\" \"$@\"";
        let mut again = Command::new("unshare");
        again.args(["--mount", "sh", "-c", script]).arg(std::env::current_exe().unwrap());
        again.args(["--exact", &name, "--nocapture"]).env(INSIDE, "1");
        let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).unwrap().unwrap();
        assert!(again.env("HOME", user.dir).status().unwrap().success());
        return;
    }
    let group = GROUPS.iter().find(|group| group.title == title).unwrap();
    let place = Place::start(group);
    let wrong: Vec<String> = group.rows.iter().flat_map(|row| place.check(row)).collect();
    assert!(wrong.is_empty(), "{}\nthe server: {}", wrong.join("\n"), place.server.log());
}

#[test]
fn keys_certificates_and_ssh_agent() {
    check("keys_certificates_and_ssh_agent", "Keys, certificates, ssh-agent");
}

#[test]
fn more_keys_than_a_host_puts_up_with() {
    check("more_keys_than_a_host_puts_up_with", "A host with `MaxAuthTries 6`");
}

#[test]
fn passwords() {
    check("passwords", "A host that takes passwords");
}

#[test]
fn keyboard_interactive() {
    check("keyboard_interactive", "A host that takes keyboard-interactive alone");
}

#[test]
fn a_key_and_a_password() {
    check("a_key_and_a_password", "A host with `AuthenticationMethods publickey,password`");
}

#[test]
fn a_key_and_keyboard_interactive() {
    let title = "A host with `AuthenticationMethods publickey,keyboard-interactive`";
    check("a_key_and_keyboard_interactive", title);
}

#[test]
fn two_keys() {
    check("two_keys", "A host with `AuthenticationMethods publickey,publickey`");
}

#[test]
fn host_keys() {
    check("host_keys", "Host keys");
}

#[test]
fn ways() {
    check("ways", "Through other hosts");
}

#[test]
fn the_table_of_the_documentation_is_the_one_that_is_run() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/connections.md");
    let found = fs::read_to_string(&path).unwrap();
    let start = "<!-- logins -->\n";
    let (before, rest) = found.split_once(start).unwrap();
    let (_, after) = rest.split_once("<!-- end -->").unwrap();
    let expected = format!("{before}{start}{}<!-- end -->{after}", rows::table());
    if std::env::var_os("HEP_REFRESH").is_some() {
        fs::write(&path, &expected).unwrap();
    } else {
        assert!(found == expected, "docs/connections.md is old: run this test with HEP_REFRESH=1");
    }
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
    assert!(what.ends_with("guarded (the passphrase that was typed does not open it)"), "{what}");
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
    add_key(&server.path("user"), &socket, &["-q", "-c"]);
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
