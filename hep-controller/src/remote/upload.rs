//! Where on the host the agent goes, under which name, and by which way.
//! Decides names only; `ssh` does the work. The agent knows these names too: it removes its own, and stale siblings.

use crate::words::alternatives;
use hep_protocol::upload;
use std::fmt;
use std::str::FromStr;

/// How the agent comes onto a host.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize, clap::ValueEnum)]
#[serde(try_from = "String")]
pub(crate) enum UploadMode {
    /// As a file over SFTP, which the agent removes; falls back to `exec` if a host has no SFTP.
    #[default]
    Sftp,
    /// Through the shell that starts it: fewer round trips, no SFTP.
    Exec,
    /// As `exec`, but kept on the host in `~/.cache/hep` and sent again only when it changes.
    Cache,
}

/// The modes by their names.
const MODES: [(&str, UploadMode); 3] =
    [("sftp", UploadMode::Sftp), ("exec", UploadMode::Exec), ("cache", UploadMode::Cache)];

impl FromStr for UploadMode {
    type Err = String;

    fn from_str(text: &str) -> Result<UploadMode, String> {
        let found = MODES.iter().find(|(name, _)| *name == text);
        found.map(|(_, mode)| *mode).ok_or_else(|| {
            format!(
                "`{text}` is not a way to upload: write {}",
                alternatives(&MODES.map(|(name, _)| name))
            )
        })
    }
}

impl TryFrom<String> for UploadMode {
    type Error = String;

    fn try_from(text: String) -> Result<UploadMode, String> {
        text.parse()
    }
}

/// Directories that may take the agent, in the order they are tried.
///
/// `/var/tmp` is on every Debian, on disk, and emptied of forgotten files by the system. Hardened hosts mount all world
/// writable directories noexec at once, so the home directory comes next: it is where a user may run programs.
/// `/dev/shm` is in memory, for a host whose disk is full or read-only; `/tmp` and `/run` are for what is left.
pub(super) const CANDIDATES: [&str; 5] = ["/var/tmp", ".", "/dev/shm", "/tmp", "/run"];

/// The last word of a shell that could not unpack the agent, most likely without room.
pub(super) const NOT_UNPACKED: &str = "hep-agent: not unpacked";

/// The private directory and the files in it: `<candidate>/.hep-<16 hex>/hep-agent`, and what it is unpacked from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) directory: String,
    pub(super) file: String,
    pub(super) packed: String,
}

impl Place {
    /// With a name of sixteen hex digits.
    pub(super) fn named(candidate: &str, name: &str) -> Place {
        let directory = format!("{candidate}/{}", upload::directory(name));
        let file = format!("{directory}/{}", upload::AGENT);
        Place { packed: format!("{file}.gz"), file, directory }
    }
}

/// As messages name it: the home directory by its usual sign.
pub(super) fn shown(candidate: &str) -> impl fmt::Display {
    if candidate == "." { "~" } else { candidate }
}

/// The machine in the output of `uname -sm`, found after whatever the login shell printed first.
pub(super) fn machine(output: &str) -> Option<&str> {
    output.lines().rev().find_map(|line| {
        let machine = line.trim().strip_prefix("Linux ")?;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        (!machine.is_empty() && machine.chars().all(plain)).then_some(machine)
    })
}

/// Whether a shell that ended so could not execute the file where it lies, so that another directory may do: sh, bash,
/// zsh and dash exit with 126; csh with 1 and the same words.
pub(super) fn is_refused_by_directory(ending: &super::Ending) -> bool {
    let refused = ending.stderr.contains("ermission denied");
    match ending.exit {
        super::Exit::Code(126) => !ending.stderr.contains("xec format error"),
        super::Exit::Code(1 | 127) => refused && ending.stderr.contains("hep-agent"),
        super::Exit::Code(_) | super::Exit::Signal(_) | super::Exit::Unknown => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::{Ending, Exit};

    #[test]
    fn a_place_needs_no_quoting() {
        for candidate in CANDIDATES {
            let place = Place::named(candidate, "00000000000000ab");
            assert_eq!(place.file, format!("{candidate}/.hep-00000000000000ab/hep-agent"));
        }
    }

    #[test]
    fn machine_is_found_behind_login_noise() {
        let check = |output, expected| assert_eq!(machine(output), expected, "{output:?}");
        check("Linux x86_64\n", Some("x86_64"));
        check("Welcome!\nLinux is fun, really\nLinux aarch64\r\n", Some("aarch64"));
        check("Darwin arm64\n", None);
        check("This account is currently not available.\n", None);
        check("Linux \n", None);
        check("", None);
    }

    #[test]
    fn a_noexec_directory_is_told_from_a_wrong_file() {
        let check = |code, stderr: &str, expected| {
            let ending = Ending { exit: Exit::Code(code), stderr: stderr.to_owned() };
            assert_eq!(is_refused_by_directory(&ending), expected, "{stderr}");
        };
        check(126, "bash: line 1: /tmp/.hep-1/hep-agent: Permission denied", true);
        check(126, "sh: 1: /tmp/.hep-1/hep-agent: Permission denied", true);
        check(1, "/tmp/.hep-1/hep-agent: Permission denied.", true);
        check(
            126,
            "bash: /tmp/.hep-1/hep-agent: cannot execute binary file: Exec format error",
            false,
        );
        check(126, NOT_UNPACKED, true);
        check(1, "hep-agent: cannot read /proc", false);
        check(1, "This account is currently not available.", false);
    }
}
