//! `RevokedHostKeys` of ssh_config(5): a list of keys that no host may have, one per line, or as a KRL, which
//! `ssh-keygen` reads. A list that cannot be read revokes everything.

use super::host_certificate::HostCertificate;
use super::key_file::public_of;
use super::public_key::{PublicKey, certified};
use super::{Problem, child};
use crate::canceller::Canceller;
use crate::{open, source};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tempfile::NamedTempFile;

/// How a KRL begins (PROTOCOL.krl of OpenSSH).
const KRL: &[u8] = b"SSHKRL\n\0";

/// Whether a key, its certificate or the authority that signed it are on the list.
///
/// # Errors
/// One of them is, or nobody can tell.
pub(super) fn refuse(
    list: &Path,
    key: &PublicKey,
    certificate: Option<&HostCertificate>,
    within: Duration,
    cancel: &Canceller,
) -> Result<(), Problem> {
    let hint = "correct the list, or `RevokedHostKeys` in ssh_config, which names it";
    let unreadable = |why: String| {
        let what = format!("the list of revoked host keys {}: {why}", list.display());
        Problem::new(what).with_hint(hint)
    };
    let bytes = open::whole(list).map_err(|error| unreadable(source::plain(&error)))?;
    let is_revoked = if bytes.starts_with(KRL) {
        let shown = [Some(key), certificate.map(HostCertificate::whole)];
        let free = is_free(list, shown.into_iter().flatten(), within, cancel);
        !free.map_err(|error| unreadable(format!("`ssh-keygen -Q` cannot read it: {error}")))?
    } else {
        let authority = certificate.map(|certificate| &certificate.authority);
        listed(&String::from_utf8_lossy(&bytes), key, authority).map_err(unreadable)?
    };
    if is_revoked {
        let (kind, fingerprint) = (key.shown_kind(), key.fingerprint());
        let list = list.display();
        return Err(Problem::new(format!("the {kind} key {fingerprint} is revoked by {list}")));
    }
    Ok(())
}

/// Whether a list of lines has the key or the authority. A certificate on it stands for its key, as in ssh.
fn listed(text: &str, key: &PublicKey, authority: Option<&PublicKey>) -> Result<bool, String> {
    let mut found = false;
    for (at, line) in text.lines().enumerate() {
        let line = line.trim_start_matches([' ', '\t']);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = || format!("line {} is not a public key", at + 1);
        let revoked = public_of(line).ok_or_else(wrong)?;
        let revoked = certified(&revoked).unwrap_or(revoked);
        found |= revoked == *key || Some(&revoked) == authority;
    }
    Ok(found)
}

/// Whether a KRL has none of these. `ssh-keygen` ends with 0 only then.
fn is_free<'a>(
    krl: &Path,
    keys: impl Iterator<Item = &'a PublicKey>,
    within: Duration,
    cancel: &Canceller,
) -> io::Result<bool> {
    let mut command = Command::new("ssh-keygen");
    command.arg("-Q").arg("-f").arg(krl);
    let mut files = Vec::new();
    for key in keys {
        let mut file = NamedTempFile::new()?;
        writeln!(file, "{} {}", key.kind(), STANDARD.encode(key.blob()))?;
        command.arg(file.path());
        files.push(file);
    }
    Ok(child::collect(&mut command, within, cancel)?.ended_well)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes keys `a` and `ca`, and `a-cert.pub`, whose number is 7, then does what the script says.
    fn check(script: &str, expected: Result<(), &str>) {
        let directory = tempfile::tempdir().unwrap();
        let keys = "for key in a b ca; do ssh-keygen -q -t ed25519 -N '' -C $key -f $key; done\n\
                    ssh-keygen -q -s ca -I id -h -z 7 a.pub\n";
        let mut shell = Command::new("sh");
        shell.args(["-ec", &format!("{keys}{script}")]).current_dir(directory.path());
        let made = shell.output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let key = |name: &str| {
            let text = std::fs::read_to_string(directory.path().join(name)).unwrap();
            public_of(&text).unwrap()
        };
        let certificate = HostCertificate::of(&key("a-cert.pub")).unwrap();
        let list = directory.path().join("list");
        let limit = Duration::from_secs(60);
        let found =
            refuse(&list, &key("a.pub"), certificate.as_ref(), limit, &Canceller::default());
        let told = found.as_ref().map(drop).map_err(|problem| problem.what.as_str());
        match (told, expected) {
            (Ok(()), Ok(())) => {}
            (Err(what), Err(part)) => assert!(what.contains(part), "{script}: {what}"),
            (told, expected) => panic!("{script}: {told:?}, not {expected:?}"),
        }
    }

    #[test]
    fn a_list_of_lines_names_keys_certificates_and_authorities() {
        check("cp a.pub list", Err("is revoked by"));
        check("echo '# lost' > list; echo >> list; cat b.pub ca.pub >> list", Err("is revoked by"));
        check("(printf ' \\t'; cat a-cert.pub) > list", Err("is revoked by"));
        check("cp b.pub list", Ok(()));
        check(": > list", Ok(()));
    }

    #[test]
    fn a_krl_names_keys_and_certificates() {
        check("ssh-keygen -q -k -f list a.pub", Err("is revoked by"));
        check("ssh-keygen -q -k -f list ca.pub", Err("is revoked by"));
        check(
            "echo serial: 7 > what; ssh-keygen -q -k -s ca.pub -f list what",
            Err("is revoked by"),
        );
        check("echo serial: 8 > what; ssh-keygen -q -k -s ca.pub -f list what", Ok(()));
        check("ssh-keygen -q -k -f list b.pub", Ok(()));
    }

    #[test]
    fn a_list_that_cannot_be_read_revokes_everything() {
        check(":", Err("no such file"));
        check("mkdir list", Err("is a directory"));
        check("mkfifo list", Err("it is a named pipe"));
        check("cp b.pub list; echo SHA256:abc >> list", Err("line 2 is not a public key"));
        check("ssh-keygen -q -k -f list b.pub; truncate -s -9 list", Err("is revoked by"));
    }
}
