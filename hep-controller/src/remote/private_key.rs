//! What a private key file is, before it is used: its type, whether a passphrase guards it, and its public half.
//! Reads the outer form only (PROTOCOL.key of OpenSSH; PEM, RFC 7468); the numbers are libssh2's business.

use super::public_key::{PublicKey, string};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What can be seen without a passphrase.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outside {
    pub(super) encrypted: bool,
    /// Only OpenSSH's own form has it in clear.
    pub(super) public: Option<PublicKey>,
}

/// None if the text is not a private key.
pub(super) fn look_at(text: &str) -> Option<Outside> {
    let mut lines = text.lines().map(str::trim).skip_while(|line| !line.starts_with("-----BEGIN "));
    let label = lines.next()?.strip_prefix("-----BEGIN ")?.strip_suffix("-----")?;
    match label {
        "OPENSSH PRIVATE KEY" => {
            let body: String = lines.take_while(|line| !line.starts_with("-----END ")).collect();
            openssh(&STANDARD.decode(body).ok()?)
        }
        "ENCRYPTED PRIVATE KEY" => Some(Outside { encrypted: true, public: None }),
        label if label.ends_with("PRIVATE KEY") => {
            let encrypted =
                lines.any(|line| line.starts_with("Proc-Type:") && line.ends_with("ENCRYPTED"));
            Some(Outside { encrypted, public: None })
        }
        _ => None,
    }
}

/// magic, cipher, kdf, kdf options, number of keys, public key, ...
fn openssh(bytes: &[u8]) -> Option<Outside> {
    let rest = bytes.strip_prefix(b"openssh-key-v1\0")?;
    let (cipher, rest) = string(rest)?;
    let (_kdf, rest) = string(rest)?;
    let (_options, rest) = string(rest)?;
    let (public, _) = string(rest.get(4..)?)?;
    Some(Outside { encrypted: cipher != b"none", public: PublicKey::from_blob(public) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    /// Encrypted and public type of a key that ssh-keygen makes with these arguments.
    fn check(arguments: &[&str], expected: (bool, Option<&str>)) {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("key");
        let made =
            Command::new("ssh-keygen").arg("-q").args(arguments).arg("-f").arg(&file).status();
        assert!(made.unwrap().success());
        let outside = look_at(&std::fs::read_to_string(file).unwrap()).unwrap();
        assert_eq!((outside.encrypted, outside.public.as_ref().map(PublicKey::kind)), expected);
    }

    #[test]
    fn openssh_keys_show_type_and_encryption() {
        check(&["-t", "ed25519", "-N", ""], (false, Some("ssh-ed25519")));
        check(&["-t", "ed25519", "-N", "secret"], (true, Some("ssh-ed25519")));
        check(&["-t", "ecdsa", "-N", ""], (false, Some("ecdsa-sha2-nistp256")));
    }

    #[test]
    fn pem_keys_show_encryption() {
        check(&["-t", "rsa", "-m", "PEM", "-N", ""], (false, None));
        check(&["-t", "rsa", "-m", "PEM", "-N", "secret"], (true, None));
        check(&["-t", "rsa", "-m", "PKCS8", "-N", "secret"], (true, None));
    }

    #[test]
    fn other_text_is_no_key() {
        for text in [
            "",
            "ssh-ed25519 AAAA comment",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
            "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----",
            "-----BEGIN OPENSSH PRIVATE KEY-----",
        ] {
            assert_eq!(look_at(text), None, "{text}");
        }
    }
}
