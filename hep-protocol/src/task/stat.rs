//! Parameters of `stat`: what a path on the host is, for later tasks to ask.

use super::{About, BadParam, Effect, Params};
use crate::value::AbsPath;
use serde::{Deserialize, Serialize};

/// What is known of the module.
pub const ABOUT: About =
    About { main: Some("path"), results: Some(&RESULTS), ..About::module("stat", Effect::Reads) };

/// The fields that it adds to a result. All are there whatever the path is; one that does not apply is none.
pub const RESULTS: [&str; 14] = [
    // Of a regular file's content, with `algorithm`: the digest in hex.
    "checksum",
    // Whether the mode lets anybody execute it.
    "executable",
    // Whether there is anything at the path.
    "exists",
    "gid",
    // The name; the number, as a text, if it has no name. So is `owner`.
    "group",
    // `file`, `directory`, `link` or `special` (a device, socket or pipe).
    "kind",
    // A text of four octal digits: `0644`.
    "mode",
    // When its content was last changed, in seconds since 1970.
    "mtime",
    "owner",
    // Of a regular file's content, with `checksum: true`.
    "sha256",
    // In bytes.
    "size",
    // All the others once more: what was written for Ansible reads `NAME.stat.exists`.
    "stat",
    // What a link says it points to.
    "target",
    "uid",
];

/// Parameters of `stat`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Stat {
    /// The path; it need not exist.
    #[serde(alias = "dest")]
    #[cfg_attr(feature = "schema", schemars(extend("x-aliases" = ["dest"])))]
    pub path: AbsPath,
    /// Look at the target of a link.
    #[serde(default)]
    pub follow: bool,
    /// Include the sha256 of a regular file.
    #[serde(default)]
    pub checksum: bool,
    /// Include another digest of a regular file, as `checksum`.
    #[serde(default)]
    pub algorithm: Option<Algorithm>,
}

/// How a digest is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// MD5, 128 bits.
    Md5,
    /// SHA-1, 160 bits.
    Sha1,
    /// SHA-2, 224 bits.
    Sha224,
    /// SHA-2, 256 bits.
    Sha256,
    /// SHA-2, 384 bits.
    Sha384,
    /// SHA-2, 512 bits.
    Sha512,
}

impl Algorithm {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha224 => "sha224",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }
}

impl Params for Stat {
    fn title(&self) -> String {
        format!("stat {}", self.path)
    }

    fn check(&self) -> Result<(), BadParam> {
        Ok(())
    }
}
