//! What is made of the answers of the `ssh` that is installed; none of them reads a file of this machine's user.

use super::*;
use crate::remote::demands::{Algorithms, Barred};
use std::fs;

struct Home(tempfile::TempDir);

impl Home {
    fn with(config: &str) -> Home {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join(".ssh")).unwrap();
        fs::write(home.path().join(".ssh/config"), config).unwrap();
        Home(home)
    }

    fn about(&self, said: &Destination) -> Result<Answer, Problem> {
        let asking = Asking {
            config: &SshConfig::Usual,
            home: Some(self.0.path()),
            system_home: Some(Path::new("/nonexistent")),
            user: Some("me"),
            within: Duration::from_secs(10),
        };
        asking.about(said, &Canceller::default()).map(Option::unwrap)
    }
}

fn said(address: &str) -> Destination {
    Destination { name: "web1".to_owned(), address: address.to_owned(), ..Destination::default() }
}

const ALL: &str = "\
Host web
  HostName 10.0.0.1
  Port 2222
  User deploy
  IdentityFile ~/.ssh/%h.key
  IdentitiesOnly yes
  IdentityAgent /run/%h
  CertificateFile %d/cert
  UserKnownHostsFile /known /other
  HostKeyAlias shelf
  StrictHostKeyChecking accept-new
  ConnectTimeout 7
  ServerAliveInterval 3
  ServerAliveCountMax 2
Host behind
  ProxyCommand nc %h %p # 100%%
Host inner
  ProxyJump one@a:22,two@b:2022
";

#[test]
fn every_setting_is_taken() {
    let home = Home::with(ALL);
    let at = |name: &str| home.0.path().join(name);
    let answer = home.about(&said("web")).unwrap();
    assert_eq!(
        (answer.address.as_str(), answer.port, answer.user.as_str()),
        ("10.0.0.1", 2222, "deploy")
    );
    assert_eq!(answer.identity_files, Some(vec![at(".ssh/10.0.0.1.key")]));
    assert_eq!(answer.certificates, [at("cert")]);
    assert!(answer.identities_only);
    assert_eq!(answer.agent, AgentChoice::Socket("/run/10.0.0.1".into()));
    assert_eq!(answer.user_known_hosts, Some(vec!["/known".into(), "/other".into()]));
    assert_eq!(answer.alias.as_deref(), Some("shelf"));
    assert_eq!(answer.policy, HostKeyPolicy::AcceptNew);
    assert_eq!(answer.connect_timeout, Some(Duration::from_secs(7)));
    assert_eq!(answer.alive, Some(Alive { every: Duration::from_secs(3), unanswered: 2 }));
}

#[test]
fn what_hardens_is_taken_and_nothing_is_made_of_silence() {
    assert_eq!(Home::with("").about(&said("web")).unwrap().demands, Demands::default());

    let home = Home::with(
        "HashKnownHosts yes\nRevokedHostKeys ~/.ssh/revoked\nRequiredRSASize 3072\nCiphers aes256-ctr,aes128-ctr\n\
         MACs hmac-sha2-512\nKexAlgorithms curve25519-sha256\nHostKeyAlgorithms ssh-ed25519\n\
         PubkeyAcceptedAlgorithms ssh-ed25519\nCASignatureAlgorithms rsa-sha2-512\nVerifyHostKeyDNS yes\n\
         CheckHostIP yes\nRekeyLimit 1G\nPreferredAuthentications publickey\nPasswordAuthentication no\n",
    );
    let demands = home.about(&said("web")).unwrap().demands;
    let list = |names: &str| Some(names.split(',').map(str::to_owned).collect::<Vec<_>>());
    let expected = Demands {
        algorithms: Algorithms {
            kex: list("curve25519-sha256"),
            host_keys: list("ssh-ed25519"),
            ciphers: list("aes256-ctr,aes128-ctr"),
            macs: list("hmac-sha2-512"),
            own_keys: list("ssh-ed25519"),
        },
        ca_signatures: vec!["rsa-sha2-512".to_owned()],
        smallest_rsa: 3072,
        revoked: Some(home.0.path().join(".ssh/revoked")),
        hashes_names: true,
        barred: Barred {
            public_key: None,
            password: Some("PasswordAuthentication no"),
            interactive: Some("PreferredAuthentications"),
        },
        foreign: ["CheckHostIP yes", "RekeyLimit 1073741824 0", "VerifyHostKeyDNS true"]
            .map(str::to_owned)
            .into(),
    };
    assert_eq!(demands, expected);
}

#[test]
fn what_hep_was_told_wins() {
    let home = Home::with(ALL);
    let key = home.0.path().join("key");
    fs::write(&key, "").unwrap();
    let told = Destination {
        port: Some(22),
        user: Some("root".to_owned()),
        private_key: Some(key),
        arguments: ["-o", "ConnectTimeout=9"].map(str::to_owned).into(),
        ..said("web")
    };
    let answer = home.about(&told).unwrap();
    assert_eq!((answer.port, answer.user.as_str()), (22, "root"));
    assert_eq!(answer.identity_files, Some(vec![home.0.path().join(".ssh/10.0.0.1.key")]));
    assert_eq!(answer.connect_timeout, Some(Duration::from_secs(9)));
}

#[test]
fn nothing_said_is_nothing_changed() {
    let answer = Home::with("").about(&said("web")).unwrap();
    assert_eq!((answer.address.as_str(), answer.port), ("web", 22));
    assert_eq!((answer.identity_files, answer.proxy, answer.alias), (None, None, None));
    assert_eq!((answer.policy, answer.agent), (HostKeyPolicy::Ask, AgentChoice::Usual));
}

#[test]
fn a_key_that_is_named_is_none_of_the_usual_ones() {
    for file in ["~/.ssh/id_work", "~/.ssh/id_rsa"] {
        let home = Home::with(&format!("IdentityFile {file}\n"));
        let named = home.0.path().join(file.trim_start_matches("~/"));
        assert_eq!(home.about(&said("web")).unwrap().identity_files, Some(vec![named]));
    }
}

#[test]
fn ways_through_other_hosts_are_found() {
    let home = Home::with(ALL);
    let proxy = |host| home.about(&said(host)).unwrap().proxy.unwrap();
    assert_eq!(proxy("behind").shown(), "ProxyCommand `nc behind 22 # 100%`");
    let words = proxy("inner").words().join(" ");
    let config = home.0.path().join(".ssh/config");
    assert_eq!(
        words,
        format!(
            "ssh -o BatchMode=yes -F {} -J one@a:22 -l two -p 2022 -W [inner]:22 -- b",
            config.display()
        )
    );
}

#[test]
fn a_mistake_in_the_file_is_told() {
    let problem = Home::with("Nonsense yes\n").about(&said("web")).unwrap_err();
    assert!(problem.what.contains("line 1: Bad configuration option: nonsense"), "{problem:?}");
    assert!(problem.hint.unwrap().contains("--ssh-config none"));
}

#[test]
fn a_mistake_in_the_file_is_told_from_one_of_a_host() {
    let check = |text: &str, expected| assert_eq!(is_mistake(text), expected, "{text}");
    check("/h/.ssh/config: line 1: Bad configuration option: nonsense\r\n", true);
    check("/h/.ssh/config line 7: garbage at end of line; \"x\".\r\n", true);
    check("command-line line 0: unsupported option \"maybe\".\r\n", true);
    check("Bad owner or permissions on /h/.ssh/config\r\n", true);
    check("Can't open user config file /h/none: No such file or directory\r\n", true);
    check("hostname contains invalid characters\r\n", false);
    check("", false);
}

#[test]
fn words_are_those_of_a_shell() {
    let check = |text: &str, expected: Option<&[&str]>| {
        let expected = expected.map(|words| words.iter().map(|&word| word.to_owned()).collect());
        assert_eq!(words_of(text), expected, "{text}");
    };
    check("-o  ProxyJump=a", Some(&["-o", "ProxyJump=a"]));
    check("-o 'ProxyCommand=ssh -W %h:%p b' ''", Some(&["-o", "ProxyCommand=ssh -W %h:%p b", ""]));
    check(r#"-o ProxyCommand="ssh \"b c\"""#, Some(&["-o", "ProxyCommand=ssh \"b c\""]));
    check("", Some(&[]));
    check("-o 'a", None);
}

#[test]
fn what_the_inventory_adds_is_known_without_a_file_where_ssh_obeys_it() {
    let asking = Asking {
        config: &SshConfig::None,
        home: None,
        system_home: None,
        user: Some("me"),
        within: Duration::from_secs(10),
    };
    let arguments = ["-A", "-o", "StrictHostKeyChecking=no"].map(str::to_owned).into();
    let said = Destination { transport: Transport::Openssh, arguments, ..said("web") };
    let answer = asking.about(&said, &Canceller::default()).unwrap().unwrap();
    assert_eq!((answer.policy, answer.lends_agent), (HostKeyPolicy::Lax, true));
    let said = Destination { transport: Transport::Ssh2, ..said };
    assert_eq!(asking.about(&said, &Canceller::default()).unwrap(), None);
}
