//! Which way leads to a host. Decides names only.

use crate::words::alternatives;
use std::str::FromStr;

/// A way to a running agent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize, clap::ValueEnum)]
#[serde(try_from = "String")]
pub(crate) enum Transport {
    /// hep's own SSH, the fastest.
    #[default]
    Ssh2,
    /// The `ssh` of this machine, one process per host: needed for FIDO keys, GSSAPI and ControlMaster.
    Openssh,
    /// Every host is this machine.
    Local,
}

/// The ways by their names.
const WAYS: [(&str, Transport); 3] =
    [("ssh2", Transport::Ssh2), ("openssh", Transport::Openssh), ("local", Transport::Local)];

impl Transport {
    /// Its name, as it is written.
    pub(crate) fn name(self) -> &'static str {
        WAYS.iter().find(|(_, way)| *way == self).map_or("", |(name, _)| name)
    }

    /// The names of all, for messages.
    pub(crate) fn names() -> String {
        alternatives(&WAYS.map(|(name, _)| name))
    }
}

impl FromStr for Transport {
    type Err = String;

    fn from_str(text: &str) -> Result<Transport, String> {
        let found = WAYS.iter().find(|(name, _)| *name == text);
        let wrong = || format!("`{text}` is not a transport: write {}", Transport::names());
        found.map(|(_, way)| *way).ok_or_else(wrong)
    }
}

impl TryFrom<String> for Transport {
    type Error = String;

    fn try_from(text: String) -> Result<Transport, String> {
        text.parse()
    }
}
