//! What a run waits for: a port that answers, a path, a line in a file. It changes nothing, so it never counts as a change.

use super::as_text;
use crate::expression::Pattern;
use crate::task::wait_for::Action;
use crate::value::AbsPath;
use serde::Serialize;
use std::fmt;
use std::num::NonZeroU16;
use std::time::Duration;

/// What is waited for, and how long.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename = "wait")]
pub struct Wait {
    /// What.
    #[serde(rename = "subject", serialize_with = "as_text")]
    pub sign: Sign,
    /// Whether for its coming or its going.
    #[serde(rename = "to")]
    pub action: Action,
    /// How long at most, the delay included.
    #[serde(skip)]
    pub timeout: Duration,
    /// How long before the first look.
    #[serde(skip)]
    pub delay: Duration,
    /// What to say if it is not so in time, in the operator's words.
    #[serde(skip)]
    pub msg: Option<String>,
}

/// Something that comes or goes by itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Sign {
    /// A TCP port takes connections.
    Port(Address),
    /// Something is at a path; links are followed.
    Path(AbsPath),
    /// A line of a file matches a pattern.
    Line(AbsPath, Regex),
    /// The time that is waited before the first look.
    Time,
}

/// Where a port is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// An address, or the name of a host.
    pub host: String,
    /// The port.
    pub port: NonZeroU16,
}

/// A pattern with the text it was made of.
#[derive(Clone, Debug)]
pub struct Regex {
    /// As the operator wrote it.
    pub written: String,
    /// As it is used.
    pub pattern: Pattern,
}

impl PartialEq for Regex {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "port {} of {}", self.port, self.host)
    }
}

impl fmt::Display for Sign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(address) => write!(f, "{address}"),
            Self::Path(path) => write!(f, "{path}"),
            Self::Line(path, regex) => write!(f, "`{}` in {path}", regex.written),
            Self::Time => f.write_str("time to pass"),
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.action {
            Action::Present => write!(f, "wait for {}", self.sign),
            Action::Absent => write!(f, "wait for the end of {}", self.sign),
        }
    }
}
