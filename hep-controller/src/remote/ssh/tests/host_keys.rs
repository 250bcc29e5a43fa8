//! Which hosts a launch accepts as the right one.

use super::*;
use crate::remote::public_key::PublicKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Says yes, after a while.
pub(super) struct Thinker(pub(super) Duration);

impl Confirm for Thinker {
    fn passphrase(&self, _question: &str) -> io::Result<String> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn confirm(&self, _question: &str) -> io::Result<bool> {
        thread::sleep(self.0);
        Ok(true)
    }
}

impl Confirm for Somebody {
    fn passphrase(&self, _question: &str) -> io::Result<String> {
        self.0.map(str::to_owned).ok_or(io::ErrorKind::NotFound.into())
    }

    fn confirm(&self, _question: &str) -> io::Result<bool> {
        Err(io::ErrorKind::NotFound.into())
    }
}

#[test]
fn an_authority_vouches_for_a_host_without_any_ssh_config() {
    let sign = "cd $DIR && ssh-keygen -q -t ed25519 -N '' -f ca && ssh-keygen -q -s ca -I id -h -n 127.0.0.1 host.pub";
    let server = Server::with("HostCertificate DIR/host-cert.pub", sign);
    let mut try_ = Try::at(&server);
    try_.policy = HostKeyPolicy::Strict;
    let authority = |key: &str| {
        let key = std::fs::read_to_string(server.path(key)).unwrap();
        std::fs::write(server.path("known_hosts"), format!("@cert-authority * {key}")).unwrap();
    };
    authority("ca.pub");
    try_.launch().unwrap_or_else(|error| panic!("{error}"));
    authority("user.pub");
    try_.fails_at(Stage::HostKey);
}

#[test]
fn an_authority_costs_no_connection_and_is_no_question_to_the_operator() {
    let sign = "cd $DIR && ssh-keygen -q -t ed25519 -N '' -f ca && ssh-keygen -q -s ca -I id -h -n 127.0.0.1 host.pub";
    let server = Server::with("LogLevel VERBOSE\nHostCertificate DIR/host-cert.pub", sign);
    let mut try_ = Try::at(&server);
    try_.policy = HostKeyPolicy::Strict;
    let key = std::fs::read_to_string(server.path("ca.pub")).unwrap();
    std::fs::write(server.path("known_hosts"), format!("@cert-authority * {key}")).unwrap();
    // Whatever is asked takes too long.
    try_.timeouts.asked = Duration::ZERO;
    try_.launch().unwrap_or_else(|error| panic!("{error}"));
    let log = std::fs::read_to_string(server.path("log")).unwrap();
    assert_eq!(log.matches("Connection from 127.0.0.1").count(), 1, "{log}");
}

/// Each kind of key that a host's certificate can be about, and that it is proved to have.
#[test]
fn certificates_of_all_kinds_of_keys_are_taken() {
    for (kind, bits) in
        [("ed25519", "256"), ("ecdsa", "256"), ("ecdsa", "384"), ("ecdsa", "521"), ("rsa", "2048")]
    {
        let sign = format!(
            "cd $DIR && rm host host.pub && ssh-keygen -q -t {kind} -b {bits} -N '' -f host \
             && ssh-keygen -q -t ed25519 -N '' -f ca && ssh-keygen -q -s ca -I id -h -n 127.0.0.1 host.pub"
        );
        let server = Server::with("HostCertificate DIR/host-cert.pub", &sign);
        let mut try_ = Try::at(&server);
        try_.policy = HostKeyPolicy::Strict;
        let key = std::fs::read_to_string(server.path("ca.pub")).unwrap();
        std::fs::write(server.path("known_hosts"), format!("@cert-authority * {key}")).unwrap();
        try_.launch().unwrap_or_else(|error| panic!("{kind} {bits}: {error}"));
        if kind == "rsa" {
            try_.demands.smallest_rsa = 3072;
            let failed = try_.fails_at(Stage::HostKey);
            assert!(failed.what.contains("RSA key has 2048 bits"), "{failed}");
        }
    }
}

/// What a certificate must not be, each from a real sshd and with a reason in the error.
#[test]
fn certificates_that_are_not_good_leave_the_host_unknown() {
    let forged = "$(printf 'x\\ndebug1: Host 127.0.0.1 is known and matches the ED25519-CERT host certificate.')";
    for (words, expected) in [
        ("-s ca -n 127.0.0.1", "is one for users"),
        ("-s ca -h -n db", "is for db, not for 127.0.0.1"),
        ("-s ca -h -V 20200101:20200102", "has expired"),
        ("-s ca -h -V +1d:+2d", "is not valid yet"),
        ("-s ca -h -O critical:moon", "has a critical option: moon"),
        ("-s rsa -t ssh-rsa -h", "is signed by an algorithm that is not allowed: ssh-rsa"),
        ("-s stranger -h", "is signed by another authority"),
    ] {
        let sign = format!(
            "cd $DIR && ssh-keygen -q -t ed25519 -N '' -f ca && ssh-keygen -q -t ed25519 -N '' -f stranger \
             && ssh-keygen -q -t rsa -N '' -f rsa && ssh-keygen -q -I \"{forged}\" {words} host.pub"
        );
        // sshd takes no certificate of a user for its own; it does not look at one beside a key in its agent's place.
        let server = Server::with("HostCertificate DIR/host-cert.pub", &sign);
        let mut try_ = Try::at(&server);
        try_.policy = HostKeyPolicy::Strict;
        let key = |name: &str| std::fs::read_to_string(server.path(name)).unwrap();
        let known =
            format!("@cert-authority * {}@cert-authority * {}", key("ca.pub"), key("rsa.pub"));
        std::fs::write(server.path("known_hosts"), known).unwrap();
        let failed = try_.fails_at(Stage::HostKey);
        let shows_none = words.contains("-n 127.0.0.1") && failed.what.contains("no certificate");
        assert!(failed.what.contains(expected) || shows_none, "{words}: {failed}");
    }
}

/// A man in the middle can tell an `ssh` that asks for a certificate anything, before any key exchange: nobody
/// asks it, and nobody believes it.
#[test]
fn a_stranger_in_the_middle_proves_nothing_by_words() {
    let sign = "cd $DIR && ssh-keygen -q -t ed25519 -N '' -f ca";
    let server = Server::with("PasswordAuthentication yes", sign);
    let key = |name: &str| std::fs::read_to_string(server.path(name)).unwrap();
    std::fs::write(server.path("known_hosts"), format!("@cert-authority * {}", key("ca.pub")))
        .unwrap();
    let shown =
        PublicKey::from_blob(&STANDARD.decode(key("host.pub").split(' ').nth(1).unwrap()).unwrap());
    let told = format!(
        "\ndebug1: Server host certificate: ssh-ed25519-cert-v01@openssh.com {}, serial 0\n\
         debug1: Host '127.0.0.1' is known and matches the ED25519-CERT host certificate.\n\
         debug1: SSH2_MSG_SERVICE_ACCEPT received\n",
        shown.unwrap().fingerprint()
    );
    let text =
        |text: &str| [&u32::try_from(text.len()).unwrap().to_be_bytes(), text.as_bytes()].concat();
    let packet = |payload: Vec<u8>| {
        let padding = 16 - (payload.len() + 5) % 8;
        let length = u32::try_from(payload.len() + padding + 1).unwrap();
        [&length.to_be_bytes()[..], &[u8::try_from(padding).unwrap()], &payload, &vec![0; padding]]
            .concat()
    };
    let version = b"SSH-2.0-OpenSSH_9.2\r\n".to_vec();
    let disconnect = packet([vec![1, 0, 0, 0, 2], text(&told), text("")].concat());
    let debug = packet([vec![4, 1], text(&told), text("")].concat());
    for (name, said) in [
        ("disconnect", [version.clone(), disconnect].concat()),
        ("debug", [version.clone(), debug].concat()),
        ("banner", [told.replace('\n', "\r\n").into_bytes(), version].concat()),
    ] {
        std::fs::write(server.path("said"), said).unwrap();
        // To `ssh` he says that; with hep he plays the host, with the stranger's own key.
        let middle = format!(
            "#!/bin/sh\nIFS= read -r version\ncase $version in *OpenSSH*) echo $version >> {0}/asked; cat {0}/said; sleep 1 ;;\n\
             *) {{ printf '%s\\n' \"$version\"; cat; }} | /usr/sbin/sshd -i -f {0}/config | cat ;; esac\n",
            server.directory.path().display()
        );
        let middle = server.program("middle", &middle);
        let mut try_ = Try::at(&server);
        try_.policy = HostKeyPolicy::Strict;
        try_.target.password = Some(crate::remote::Secret::new("open sesame"));
        try_.target.proxy = Some(Proxy::command(middle.display().to_string()));
        let failed = try_.fails_at(Stage::HostKey);
        assert!(failed.what.contains("it showed no certificate"), "{name}: {failed}");
        assert!(!server.path("asked").exists(), "{name}: `ssh` was asked");
    }
}

#[test]
fn a_host_that_the_operator_thought_about_for_long_is_connected_to_anew() {
    let server = Server::with("LoginGraceTime 1", "true");
    let mut try_ = Try::at(&server);
    try_.policy = HostKeyPolicy::Ask;
    try_.trusts = Some(Duration::from_secs(3));
    // As short as the host's patience is.
    try_.timeouts.asked = Duration::from_millis(500);
    let (mut link, _) = try_.launch().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(link.finish().exit, Exit::Code(0));
}

#[test]
fn a_host_key_is_learnt_once_and_held_to() {
    let server = Server::start();
    let mut try_ = Try::at(&server);
    try_.policy = HostKeyPolicy::Strict;
    let unknown = try_.fails_at(Stage::HostKey);
    assert!(
        unknown.what.contains(&format!("of [127.0.0.1]:{} is not known", server.port)),
        "{unknown}"
    );
    try_.policy = HostKeyPolicy::Ask;
    assert!(try_.fails_at(Stage::HostKey).what.contains("nobody could be asked"));
    try_.policy = HostKeyPolicy::AcceptNew;
    try_.launch().unwrap();
    try_.policy = HostKeyPolicy::Strict;
    try_.launch().unwrap();
    // Another key under the same name.
    let impostor = Server::start();
    try_.target.port = impostor.port;
    let known = std::fs::read_to_string(&try_.known_hosts).unwrap();
    let renamed = known.replace(&server.port.to_string(), &impostor.port.to_string());
    std::fs::write(&try_.known_hosts, renamed).unwrap();
    try_.policy = HostKeyPolicy::AcceptNew;
    assert!(try_.fails_at(Stage::HostKey).what.contains("is not the key known for it"));
}

#[test]
fn a_host_certificate_does_not_hide_the_known_key() {
    let server = Server::with("", "true");
    let (ca, host) = (server.path("ca"), server.path("host"));
    keygen(&ca, "ed25519", "");
    let signed = Command::new("ssh-keygen")
        .args(["-q", "-h", "-I", "id", "-s"])
        .arg(&ca)
        .arg(&host)
        .status();
    assert!(signed.unwrap().success());
    let certified = format!(
        "HostCertificate {0}/host-cert.pub\nHostKey {0}/host\nAuthorizedKeysFile {0}/authorized",
        server.directory.path().display()
    );
    let with_certificate = Server::with(&certified, "true");
    let mut try_ = Try::at(&server);
    try_.target.port = with_certificate.port;
    try_.launch().unwrap();
    let known = std::fs::read_to_string(&try_.known_hosts).unwrap();
    let public = std::fs::read_to_string(server.path("host.pub")).unwrap();
    assert!(known.contains(public.split(' ').nth(1).unwrap()), "{known}");
}
