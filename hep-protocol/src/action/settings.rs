//! Settings: each a name that has a value, which one program or file of the kernel's reads and sets. The inverse of one is
//! that with both values exchanged.

use super::programs::Call;
use crate::value::AbsPath;
use serde::Serialize;
use std::fmt;

/// Gives a setting another value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Which.
    #[serde(flatten)]
    pub what: What,
    /// Its value before; `None`: it had none.
    pub from: Option<String>,
    /// Its value after; `None`: it has none.
    pub to: Option<String>,
    /// How it is set.
    #[serde(skip)]
    pub by: By,
}

/// What can be set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "kind", content = "subject", rename_all = "kebab-case")]
pub enum What {
    /// The name that the running host calls itself.
    HostName,
    /// A parameter of the running kernel, by its path below /proc/sys.
    KernelParameter(String),
    /// A locale that programs can use: nothing more.
    Locale(String),
    /// A group of alternatives: whether the choice is `auto` or `manual`, the link, and what is chosen.
    Alternative(String),
    /// What a group of alternatives offers at a path: its priority, and each link that follows it.
    Choice(String, String),
    /// A pair of SSH keys, by the file of the private one: its type.
    KeyPair(AbsPath),
}

/// How a setting is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// The value is written to a file of the kernel's.
    Kernel(AbsPath),
    /// sethostname(2).
    HostName,
    /// Programs, in turn.
    Programs(Vec<Call>),
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HostName => f.write_str("host name"),
            Self::KernelParameter(path) => write!(f, "kernel parameter {path}"),
            Self::Locale(name) => write!(f, "locale {name}"),
            Self::Alternative(name) => write!(f, "alternative {name}"),
            Self::Choice(name, path) => write!(f, "alternative {name}, choice {path}"),
            Self::KeyPair(path) => write!(f, "SSH key {path}"),
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &str| crate::text::shown(value);
        let what = &self.what;
        match (self.from.as_deref(), self.to.as_deref()) {
            (_, None) => write!(f, "remove {what}"),
            (None, Some("")) => write!(f, "add {what}"),
            (None, Some(to)) => write!(f, "set {what}: {}", shown(to)),
            (Some(from), Some(to)) => write!(f, "set {what}: {} -> {}", shown(from), shown(to)),
        }
    }
}
