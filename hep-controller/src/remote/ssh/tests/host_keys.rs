//! Whom a launch takes for the right host.

use super::*;

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
fn an_authority_that_takes_its_time_is_no_question_to_the_operator() {
    let sign = "cd $DIR && ssh-keygen -q -t ed25519 -N '' -f ca && ssh-keygen -q -s ca -I id -h -n 127.0.0.1 host.pub";
    let server = Server::with("LogLevel VERBOSE\nHostCertificate DIR/host-cert.pub", sign);
    let mut try_ = Try::at(&server);
    try_.policy = HostKeyPolicy::Strict;
    let key = std::fs::read_to_string(server.path("ca.pub")).unwrap();
    std::fs::write(server.path("known_hosts"), format!("@cert-authority * {key}")).unwrap();
    // Whatever is asked takes too long.
    try_.timeouts.asked = Duration::ZERO;
    try_.launch().unwrap_or_else(|error| panic!("{error}"));
    // The one that asks the authority, and the launch.
    let log = std::fs::read_to_string(server.path("log")).unwrap();
    assert_eq!(log.matches("Connection from 127.0.0.1").count(), 2, "{log}");
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
