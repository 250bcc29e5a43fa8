//! Parameters of `stat`: what a path on the host is, for later tasks to ask.

use super::{About, BadParam, Effect, Params};
use crate::value::AbsPath;
use serde::{Deserialize, Serialize};

/// What is known of the module.
pub const ABOUT: About =
    About { main: Some("path"), results: Some(&RESULTS), ..About::module("stat", Effect::Reads) };

/// The fields that it adds to a result. All are there whatever the path is; one that does not apply is none.
pub const RESULTS: [&str; 13] = [
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
}

impl Params for Stat {
    fn title(&self) -> String {
        format!("stat {}", self.path)
    }

    fn check(&self) -> Result<(), BadParam> {
        Ok(())
    }
}
