//! The user that tasks run as on the host, and how the agent becomes that user.

use crate::value::{Json, Secret};
use crate::words::alternatives;
use serde::{Deserialize, Serialize};

/// The user that a task runs as. What is left open is set further out; by default it is the login user.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ActAs {
    /// Whether it runs as another user: true, false, or an expression (`become`).
    pub wanted: Option<Json>,
    /// The user: a name, or an expression (`become_user`); `root` by default.
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
    /// The user that the run continues as from this request on; without it only tasks become other users.
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
