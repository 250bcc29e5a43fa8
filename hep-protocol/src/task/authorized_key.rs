//! Parameters of `authorized_key`: the SSH keys that let somebody log in as a user of the host.

use super::{About, BadParam, Effect, Params, State};
use crate::value::{AbsPath, Owner};
use serde::{Deserialize, Serialize};

/// What is known of the module.
pub const ABOUT: About =
    About { main: Some("user"), results: None, ..About::module("authorized_key", Effect::Acts) };

/// Parameters of `authorized_key`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AuthorizedKey {
    /// The user.
    pub user: Owner,
    /// The public key, or several: one per line. Empty lines and comments are passed over.
    pub key: String,
    /// Whether the file has them. Default: `present`.
    #[serde(default)]
    pub state: State,
    /// Remove all other lines of the file.
    #[serde(default)]
    pub exclusive: bool,
    /// What the keys may be used for, as in sshd(8): `no-pty,command="/bin/true"`. Default: what `key` says.
    #[serde(default)]
    pub key_options: Option<String>,
    /// The comment of the keys. Default: what `key` says.
    #[serde(default)]
    pub comment: Option<String>,
    /// The file. Default: `.ssh/authorized_keys` in the user's home directory.
    #[serde(default)]
    pub path: Option<AbsPath>,
    /// Create the file's directory if it is missing, and make it the user's alone.
    #[serde(default = "yes")]
    pub manage_dir: bool,
    /// Change the target of a link at `path` instead of replacing the link.
    #[serde(default)]
    pub follow: bool,
}

fn yes() -> bool {
    true
}

impl Params for AuthorizedKey {
    fn title(&self) -> String {
        format!("{} of {}", self.state.of("SSH key"), self.user)
    }

    fn check(&self) -> Result<(), BadParam> {
        BadParam::when(
            ["http://", "https://", "file://"].iter().any(|start| self.key.starts_with(start)),
            "key",
            "hep does not fetch keys from an address",
            "write the key itself, or read it from a file: `key: \"{{ lookup('file', 'ada.pub') }}\"`",
        )?;
        let wrong = self.lines().find(|line| Key::parse(line).is_none());
        let Some(line) = wrong else { return Ok(()) };
        Err(BadParam {
            key: "key",
            message: format!("`{}` is not a public key", crate::words::shorten(line)),
            hint: "write it as in the `.pub` file: `ssh-ed25519 AAAA... comment`".to_owned(),
        })
    }
}

impl AuthorizedKey {
    fn lines(&self) -> impl Iterator<Item = &str> {
        self.key.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
    }

    /// The keys with the options and the comment that they should have.
    pub fn keys(&self) -> impl Iterator<Item = Key<'_>> {
        self.lines().filter_map(Key::parse).map(|mut key| {
            key.options = self.key_options.as_deref().unwrap_or(key.options);
            key.comment = self.comment.clone().unwrap_or(key.comment);
            key
        })
    }
}

/// A public key with what sshd(8) reads beside it.
#[derive(Clone, Debug)]
pub struct Key<'t> {
    /// What it may be used for.
    pub options: &'t str,
    /// Its type.
    pub kind: &'t str,
    /// The key itself, in base64.
    pub data: &'t str,
    /// Whose it is.
    pub comment: String,
}

impl<'t> Key<'t> {
    /// The key of a line; `None` if there is none, or if the line is a comment.
    #[must_use]
    pub fn parse(line: &'t str) -> Option<Self> {
        let line = line.trim();
        let is_kind = |word: &&str| !line.starts_with('#') && is_kind(word);
        let kind = line.split_whitespace().find(is_kind)?;
        // Options have no word that is a type: the first such word is the one that was found.
        let (options, rest) = line.split_at(line.find(kind)?);
        let mut words = rest.split_whitespace().skip(1);
        let data = words.next()?;
        Some(Self {
            options: options.trim(),
            kind,
            data,
            comment: words.collect::<Vec<_>>().join(" "),
        })
    }

    /// Whether both say the same, in whatever order their options are.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        let all = |key: &Self| (key.kind.to_owned(), key.data.to_owned(), key.comment.clone());
        all(self) == all(other) && parts(self.options) == parts(other.options)
    }

    /// The line of a file, as Ansible writes it.
    #[must_use]
    pub fn line(&self) -> String {
        let Self { options, kind, data, comment } = self;
        let blank = if options.is_empty() { "" } else { " " };
        format!("{options}{blank}{kind} {data} {comment}\n")
    }
}

/// Whether a word is a type of key (sshd(8)).
fn is_kind(word: &str) -> bool {
    let word = word.strip_suffix("@openssh.com").unwrap_or(word);
    let word = word.strip_suffix("-cert-v01").unwrap_or(word);
    let word = word.strip_prefix("sk-").unwrap_or(word);
    let known = ["ssh-ed25519", "ssh-rsa", "ssh-dss", "rsa-sha2-256", "rsa-sha2-512"];
    known.contains(&word) || word.starts_with("ecdsa-sha2-nistp")
}

/// Options one by one, sorted; a comma in quotes is none between options.
fn parts(options: &str) -> Vec<&str> {
    let mut quoted = false;
    let mut parts: Vec<&str> = options
        .split(|c| {
            quoted ^= c == '"';
            c == ',' && !quoted
        })
        .collect();
    parts.sort_unstable();
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_with_what_is_around_them() {
        let read = |line: &str| {
            Key::parse(line).map(|key| (key.options.to_owned(), key.data.to_owned(), key.comment))
        };
        let some =
            |options: &str, comment: &str| Some((options.into(), "AAAA".into(), comment.into()));
        assert_eq!(read("ssh-ed25519 AAAA"), some("", ""));
        assert_eq!(
            read(" no-pty,command=\"a  b\" sk-ssh-ed25519@openssh.com AAAA a  b \n"),
            some("no-pty,command=\"a  b\"", "a b")
        );
        assert_eq!(read("ecdsa-sha2-nistp256-cert-v01@openssh.com AAAA x"), some("", "x"));
        assert_eq!(read("# ssh-rsa AAAA"), None);
        assert_eq!(read("ssh-rsa"), None);
        assert_eq!(read("nonsense AAAA"), None);
    }

    #[test]
    fn order_of_options_makes_no_difference() {
        let same = |a: &str, b: &str| {
            let (a, b) = (format!("{a} ssh-rsa A c"), format!("{b} ssh-rsa A c"));
            Key::parse(&a).unwrap().is(&Key::parse(&b).unwrap())
        };
        assert!(same("no-pty,from=\"a,b\"", "from=\"a,b\",no-pty"));
        assert!(!same("no-pty,from=\"a,b\"", "from=\"b,a\",no-pty"));
    }
}
