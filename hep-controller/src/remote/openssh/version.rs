//! Which OpenSSH the `ssh` of this machine is, as far as hep must know.

use crate::canceller::Canceller;
use crate::remote::child;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

/// How long `ssh -V` may take.
const ANSWERS: Duration = Duration::from_secs(10);

/// Major and minor number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(pub(super) u32, pub(super) u32);

/// The first that can be told to ask hep in any case (SSH_ASKPASS_REQUIRE).
pub(super) const ASKS: Version = Version(8, 4);

/// The first that marks a host's own questions with `(user@host)`. Before it a host could word its question as `ssh` words
/// its own, and be given a passphrase.
pub(super) const MARKS: Version = Version(8, 5);

impl Version {
    /// Asked once in a run. One that does not say it in OpenSSH's way is taken for a new one.
    pub(super) fn here(cancel: &Canceller) -> Version {
        static HERE: OnceLock<Version> = OnceLock::new();
        if let Some(version) = HERE.get() {
            return *version;
        }
        let asked = child::collect(Command::new("ssh").arg("-V"), ANSWERS, cancel);
        match asked {
            Ok(output) if output.ended_well => {
                *HERE.get_or_init(|| Version::read(&output.stderr).unwrap_or(MARKS))
            }
            Ok(_) | Err(_) => MARKS,
        }
    }

    /// `OpenSSH_9.2p1 Debian-2, OpenSSL 3.0.11`.
    fn read(text: &str) -> Option<Version> {
        let (_, rest) = text.split_once("OpenSSH_")?;
        let (major, rest) = rest.trim_start_matches("for_Windows_").split_once('.')?;
        let minor: String = rest.chars().take_while(char::is_ascii_digit).collect();
        Some(Version(major.parse().ok()?, minor.parse().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_found_and_compared_as_numbers() {
        let check = |text: &str, expected| assert_eq!(Version::read(text), expected, "{text}");
        check("OpenSSH_9.2p1 Debian-2+deb12u3, OpenSSL 3.0.11 19 Sep 2023", Some(Version(9, 2)));
        check("OpenSSH_8.4p1 Debian-5+deb11u3", Some(Version(8, 4)));
        check("OpenSSH_for_Windows_8.1p1, LibreSSL 3.0.2", Some(Version(8, 1)));
        check("OpenSSH_10.0", Some(Version(10, 0)));
        check("Sun_SSH_1.1", None);
        assert!(Version(10, 0) > MARKS && Version(8, 4) < MARKS && Version(8, 1) < ASKS);
    }
}
