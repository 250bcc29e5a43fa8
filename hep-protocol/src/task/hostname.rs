//! Parameters of `hostname`: what the host calls itself.

use super::{About, BadParam, Effect, Params};
use serde::{Deserialize, Serialize};

/// What is known of the module.
pub const ABOUT: About = About {
    main: Some("name"),
    results: Some(&["name"]),
    ..About::module("hostname", Effect::Acts)
};

/// The longest name, in bytes (gethostname(2)).
const LONGEST: usize = 64;

/// Where the name is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Use {
    /// As systemd-hostnamed keeps it: in /etc/hostname, as the name for people in /etc/machine-info, and in the kernel.
    Systemd,
    /// The same.
    Debian,
}

/// Parameters of `hostname`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Hostname {
    /// The name. Where systemd runs, the running host takes it at once; elsewhere it is written to /etc/hostname for the next
    /// boot.
    pub name: String,
    /// How the name is kept, whatever runs.
    #[serde(default, rename = "use")]
    pub keeper: Option<Use>,
}

impl Params for Hostname {
    fn title(&self) -> String {
        format!("host name {}", self.name)
    }

    fn check(&self) -> Result<(), BadParam> {
        let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        BadParam::when(
            self.name.is_empty() || !self.name.chars().all(sound) || self.name.len() > LONGEST,
            "name",
            "a host name has up to 64 letters, digits, `-` and `.`",
            "write it without spaces",
        )
    }
}
