//! Parameters of `user`: users of the host.

use super::{About, BadParam, Effect, Params, State};
use crate::value::{AbsPath, Id, Names, Owner, Secret, Whole};
use serde::{Deserialize, Serialize};

/// What is known of the module.
pub const ABOUT: About =
    About { main: Some("name"), results: None, ..About::module("user", Effect::Acts) };

/// When a password is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum UpdatePassword {
    /// Whenever it is another.
    #[default]
    Always,
    /// Only for a new user.
    OnCreate,
}

/// Parameters of `user`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The user's name.
    #[serde(alias = "user")]
    #[cfg_attr(feature = "schema", schemars(extend("x-aliases" = ["user"])))]
    pub name: Owner,
    /// Whether it should be there.
    #[serde(default)]
    pub state: State,
    /// Its number. Without it, a new user gets the next free one.
    #[serde(default)]
    pub uid: Option<Id>,
    /// Its own group, by name or number. Without it, a new user gets a group of its own name.
    #[serde(default)]
    pub group: Option<Owner>,
    /// The other groups that it is in; an empty text or list: none.
    #[serde(default)]
    pub groups: Option<Names>,
    /// Only add it to `groups`, and leave it in all others that it is in.
    #[serde(default)]
    pub append: bool,
    /// Its full name and the like (the GECOS field).
    #[serde(default)]
    pub comment: Option<String>,
    /// Its home directory.
    #[serde(default)]
    pub home: Option<AbsPath>,
    /// Its login shell.
    #[serde(default)]
    pub shell: Option<String>,
    /// Make the home directory if it is not there, with what is in `skeleton`.
    #[serde(default = "yes", alias = "createhome")]
    #[cfg_attr(feature = "schema", schemars(extend("x-aliases" = ["createhome"])))]
    pub create_home: bool,
    /// Move the old home directory to `home` when that changes.
    #[serde(default)]
    pub move_home: bool,
    /// The directory with the first content of a home directory. Default: /etc/skel.
    #[serde(default)]
    pub skeleton: Option<AbsPath>,
    /// The umask that a new home directory is made with, in octal. Default: what /etc/login.defs says.
    #[serde(default)]
    pub umask: Option<String>,
    /// Give a new user a number of the system's range.
    #[serde(default)]
    pub system: bool,
    /// The encrypted password, as in /etc/shadow: `$6$...`. `!` or `*`: no password lets it in.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub password: Option<Secret>,
    /// When `password` is set.
    #[serde(default)]
    pub update_password: UpdatePassword,
    /// Whether its password is locked. Other ways to log in, such as keys, stay open.
    #[serde(default)]
    pub password_lock: Option<bool>,
    /// When the account expires, in seconds since 1970; a negative number: never.
    #[serde(default)]
    pub expires: Option<Whole>,
    /// How many days a password may be kept.
    #[serde(default)]
    pub password_expire_max: Option<Whole>,
    /// How many days a password must be kept.
    #[serde(default)]
    pub password_expire_min: Option<Whole>,
    /// How many days before its password expires a user is warned.
    #[serde(default)]
    pub password_expire_warn: Option<Whole>,
    /// How many days after its password expired the account is disabled.
    #[serde(default)]
    pub password_expire_account_disable: Option<Whole>,
    /// With `state: absent`: remove the home directory and the mail, too.
    #[serde(default)]
    pub remove: bool,
    /// With `state: absent`: remove it even if it is logged in. With `generate_ssh_key`: replace a key that is there.
    #[serde(default)]
    pub force: bool,
    /// Allow a `uid` that another user has.
    #[serde(default)]
    pub non_unique: bool,
    /// Look only at the host's own files, not at a directory such as LDAP.
    #[serde(default)]
    pub local: bool,
    /// The lowest number that a new user may get.
    #[serde(default)]
    pub uid_min: Option<Id>,
    /// The highest number that a new user may get.
    #[serde(default)]
    pub uid_max: Option<Id>,
    /// Make a pair of SSH keys if there is none.
    #[serde(default)]
    pub generate_ssh_key: bool,
    /// The length of the key, where its type leaves a choice.
    #[serde(default)]
    pub ssh_key_bits: Option<Whole>,
    /// The type of the key. Default: rsa.
    #[serde(default)]
    pub ssh_key_type: Option<String>,
    /// The file of the private key, below the home directory unless it begins with `/`. Default: `.ssh/id_TYPE`.
    #[serde(default)]
    pub ssh_key_file: Option<String>,
    /// The comment of the key. Default: names the host.
    #[serde(default)]
    pub ssh_key_comment: Option<String>,
}

fn yes() -> bool {
    true
}

impl User {
    /// The type of the SSH key.
    #[must_use]
    pub fn key_type(&self) -> &str {
        self.ssh_key_type.as_deref().unwrap_or("rsa")
    }
}

impl Params for User {
    fn title(&self) -> String {
        match self.state {
            State::Present => format!("user {}", self.name),
            State::Absent => format!("remove user {}", self.name),
        }
    }

    fn check(&self) -> Result<(), BadParam> {
        BadParam::when(
            self.comment.as_deref().is_some_and(|text| text.contains([':', '\n'])),
            "comment",
            "a comment with `:` or a line break would break the lines of /etc/passwd",
            "leave these out",
        )?;
        BadParam::when(
            self.shell.as_deref().is_some_and(|text| text.contains([':', '\n'])),
            "shell",
            "a shell with `:` or a line break would break the lines of /etc/passwd",
            "write the path of a program",
        )?;
        let password = self.password.as_ref().map_or("", Secret::reveal);
        BadParam::when(
            password.contains([':', '\n']),
            "password",
            "an encrypted password has no `:` and no line break",
            "encrypt it first: `mkpasswd --method=sha-512`",
        )?;
        BadParam::when(
            self.force && self.generate_ssh_key && self.state == State::Present,
            "force",
            "with `generate_ssh_key` this would replace the key in every run",
            "remove `force`; to have another key, remove the old one with `file: {action: absent}`",
        )?;
        let octal = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_digit(8));
        BadParam::when(
            self.umask.as_deref().is_some_and(|umask| !octal(umask) || umask.len() > 4),
            "umask",
            "a umask has up to four octal digits",
            "write it as `\"0077\"`",
        )?;
        let sound = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '@' || c == '.';
        BadParam::when(
            !self.key_type().starts_with(|c: char| c.is_ascii_alphabetic())
                || !self.key_type().chars().all(sound),
            "ssh_key_type",
            "this is no type of key",
            "write `ed25519`, `rsa` or `ecdsa`",
        )
    }
}
