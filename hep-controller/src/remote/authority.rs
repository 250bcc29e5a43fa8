//! Does a certificate authority of known_hosts vouch for a host's key? libssh2 reads no host certificates, so `ssh` is asked to
//! judge the one that the host shows it, by all its rules (principals, times, revocations), and to go no further.
//!
//! It is the key within that certificate that must be the one which our own session has proven to be the host's: whoever is
//! in the middle of either connection lacks the private half.

use super::known_hosts::PublicKey;
use super::{Canceller, Target, child};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// All that OpenSSH has.
const CERTIFICATES: &str = "ssh-ed25519-cert-v01@openssh.com,ecdsa-sha2-nistp256-cert-v01@openssh.com,\
    ecdsa-sha2-nistp384-cert-v01@openssh.com,ecdsa-sha2-nistp521-cert-v01@openssh.com,\
    rsa-sha2-512-cert-v01@openssh.com,rsa-sha2-256-cert-v01@openssh.com";

/// Whether `ssh` accepts a certificate of the host that is about this key. False also if there is no `ssh`.
pub(super) fn vouches(
    target: &Target,
    key: &PublicKey,
    files: &[PathBuf],
    within: Duration,
    cancel: &Canceller,
) -> bool {
    let (asked, words) = target.asked_as.clone().unwrap_or_else(|| untold(target));
    let mut command = Command::new("ssh");
    command.arg("-v");
    let quoted: Vec<String> = files.iter().map(|file| format!("\"{}\"", file.display())).collect();
    let mut set = |option: &str, value: &str| {
        command.arg("-o").arg(format!("{option}={value}"));
    };
    // First come, first served: these before all others.
    set("LogLevel", "DEBUG1");
    set("BatchMode", "yes");
    set("StrictHostKeyChecking", "yes");
    set("UserKnownHostsFile", &quoted.join(" "));
    set("GlobalKnownHostsFile", "none");
    set("HostKeyAlgorithms", CERTIFICATES);
    set("PreferredAuthentications", "none");
    set("ControlPath", "none");
    if let Some(proxy) = &target.proxy {
        set("ProxyCommand", &proxy.for_shell());
    }
    command.args(words).arg("--").arg(asked).arg("true");
    let collected = child::collect(&mut command, within, cancel);
    collected.is_ok_and(|collected| is_vouched(&collected.stderr, &key.fingerprint()))
}

/// The name and the words for a host of which no ssh_config counts.
fn untold(target: &Target) -> (String, Vec<String>) {
    let port = target.port.to_string();
    let words = ["-F", "none", "-p", &port, "-l", &target.user];
    (target.address.clone(), words.map(str::to_owned).into())
}

/// Whether the certificate that was accepted is the one about this key. That an authority is known for it is logged before its
/// principals and times are judged, and a plain key may be taken in its place: it counts only once `ssh` goes on to log
/// in. Until then no host's own words begin a line.
fn is_vouched(log: &str, fingerprint: &str) -> bool {
    let (mut shown, mut is_certificate) = (None, false);
    for line in log.lines().map(|line| line.trim_end_matches('\r')) {
        if let Some(rest) = line.strip_prefix("debug1: Server host certificate: ") {
            shown = rest.split_ascii_whitespace().nth(1).map(|word| word.trim_end_matches(','));
        } else if line.starts_with("debug1: Host ") && line.contains(" is known and matches the ") {
            is_certificate = line.ends_with("-CERT host certificate.");
        } else if line.starts_with("debug1: SSH2_MSG_SERVICE_ACCEPT received") {
            return is_certificate && shown == Some(fingerprint);
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_accepted_certificate_counts() {
        let shown =
            "debug1: Server host certificate: ssh-ed25519-cert-v01@openssh.com SHA256:aa, serial 0";
        let accepted = "debug1: Host 'web' is known and matches the ED25519-CERT host certificate.";
        let check = |lines: &[&str], expected| {
            assert_eq!(is_vouched(&lines.join("\r\n"), "SHA256:aa"), expected, "{lines:?}");
        };
        let on = "debug1: SSH2_MSG_SERVICE_ACCEPT received";
        let plain = "debug1: Host 'web' is known and matches the ED25519 host key.";
        let other = shown.replace("aa", "bb");
        check(&[shown, accepted, on], true);
        check(&[shown, accepted], false);
        check(&[shown, on], false);
        check(&[accepted, on], false);
        check(&[&other, accepted, on], false);
        check(&[shown, &other, accepted, on], false);
        check(&[shown, plain, on], false);
        check(&[shown, accepted, plain, on], false);
    }
}
