//! As whom tasks run on the host, and how the agent becomes that user.

use crate::value::{Json, Secret};
use crate::words::alternatives;
use serde::{Deserialize, Serialize};

/// As whom a task runs. What is left open is said further out, and in the end the user of the login runs it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ActAs {
    /// Whether it runs as another user: true, false, or an expression (`become`).
    pub wanted: Option<Json>,
    /// Who that is: a name, or an expression (`become_user`); `root` if nothing says.
    pub user: Option<Json>,
}

/// The user whom `become: true` means when nothing says who.
pub const ROOT: &str = "root";

/// How an agent becomes other users than the one of the login.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Means {
    /// By which program.
    pub method: Method,
    /// What that program asks for: the password of the login's user for `sudo` and `doas`, of the other one for `su`.
    pub password: Option<Secret>,
    /// As whom the run goes on, from this request on; without it tasks alone become others.
    pub start: Option<String>,
}

/// A program that starts others as another user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// sudo(8).
    #[default]
    Sudo,
    /// doas(1).
    Doas,
    /// su(1).
    Su,
}

impl Method {
    /// All of them, by their names.
    pub const ALL: [(&'static str, Self); 3] =
        [("sudo", Self::Sudo), ("doas", Self::Doas), ("su", Self::Su)];

    /// The method of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, method)| *method)
    }

    /// All names, for messages.
    #[must_use]
    pub fn names() -> String {
        alternatives(&Self::ALL.map(|(name, _)| name))
    }

    /// The program's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sudo => "sudo",
            Self::Doas => "doas",
            Self::Su => "su",
        }
    }
}
