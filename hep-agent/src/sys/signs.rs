//! What a run can wait for: a port that answers, a path, a line in a file.

use super::files::FileKind;
use super::{Cause, Observe, SysError};
use hep_protocol::expression::Pattern;
use hep_protocol::task::wait_for::Action;
use hep_protocol::value::AbsPath;
use std::fmt;
use std::num::NonZeroU16;
use std::time::Duration;

/// How large a file may be that is read before anybody waits, in bytes. A larger one is read while waiting, piece by piece.
const AT_ONCE: u64 = 16 * 1024 * 1024;

/// Something that comes or goes by itself.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Sign {
    /// A TCP port takes connections.
    Port(Address),
    /// Something is at a path; links are followed.
    Path(AbsPath),
    /// A line of a file matches a pattern.
    Line(AbsPath, Regex),
}

/// Where a port is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// An address, or the name of a host.
    pub(crate) host: String,
    /// The port.
    pub(crate) port: NonZeroU16,
}

/// A pattern with the text it was made of.
#[derive(Clone, Debug)]
pub(crate) struct Regex {
    /// As the operator wrote it.
    pub(crate) written: String,
    /// As it is used.
    pub(crate) pattern: Pattern,
}

/// What one look showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// It is there.
    There,
    /// It is not, and what was seen instead: `connection refused`.
    Gone(String),
    /// That could not be seen, and why.
    Unclear(String),
}

impl Sight {
    /// Whether this is what is waited for.
    pub(crate) fn is(&self, action: Action) -> bool {
        match (self, action) {
            (Self::There, Action::Present) | (Self::Gone(_), Action::Absent) => true,
            (Self::There, Action::Absent)
            | (Self::Gone(_), Action::Present)
            | (Self::Unclear(_), _) => false,
        }
    }

    /// What was seen, if it needs words.
    pub(crate) fn words(&self) -> Option<&str> {
        match self {
            Self::There => None,
            Self::Gone(words) | Self::Unclear(words) => Some(words),
        }
    }
}

/// What is waited for, and how long.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wait {
    /// What.
    pub(crate) sign: Sign,
    /// Whether for its coming or its going.
    pub(crate) action: Action,
    /// How long at most, the delay included.
    pub(crate) timeout: Duration,
    /// How long before the first look.
    pub(crate) delay: Duration,
}

/// How waiting ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Waited {
    /// It came, or went, after so long.
    For(Duration),
    /// Nobody waits on an overlay. What is seen now, and which earlier step may make it different; `None` if it is so already.
    Not(Option<(Sight, Option<Cause>)>),
}

/// Sees whether ports answer; paths and files are seen through [`super::files::ObserveFiles`].
pub(crate) trait ObserveSigns {
    /// Whether a port takes connections now.
    fn port(&self, address: &Address) -> Result<Sight, SysError>;
}

/// Waits. Nothing on the host is different after it but the time.
pub(crate) trait ChangeSigns {
    /// Waits until it is so. An error when it is not in time, or when the run is to stop.
    fn wait_for_sign(&mut self, wait: &Wait) -> Result<Waited, SysError>;
}

/// One look.
pub(crate) fn look(sign: &Sign, host: &dyn Observe) -> Result<Sight, SysError> {
    match sign {
        Sign::Port(address) => host.port(address),
        Sign::Path(path) => Ok(match host.resolve(path)? {
            Some(_) => Sight::There,
            None => nothing(),
        }),
        Sign::Line(path, regex) => {
            let Some(real) = host.resolve(path)? else { return Ok(nothing()) };
            match host.lstat(&real)?.map(|meta| meta.kind) {
                Some(FileKind::File) => match host.read(&real, AT_ONCE)? {
                    Some(bytes) => Ok(in_lines(&bytes, regex)),
                    None => {
                        Ok(Sight::Unclear("the file is too large to be read at once".to_owned()))
                    }
                },
                Some(kind @ (FileKind::Directory | FileKind::Link | FileKind::Special)) => {
                    Err(no_lines(path, kind))
                }
                None => Ok(nothing()),
            }
        }
    }
}

/// What has no lines cannot be waited for to have one.
pub(crate) fn no_lines(path: &AbsPath, kind: FileKind) -> SysError {
    SysError::new(format!("cannot look for a line in {path}: it is a {kind}"))
        .hint("`pattern` needs the `path` of a regular file")
}

/// There is nothing at the path.
pub(crate) fn nothing() -> Sight {
    Sight::Gone("there is nothing".to_owned())
}

fn in_lines(bytes: &[u8], regex: &Regex) -> Sight {
    let lines = bytes.split(|byte| *byte == b'\n');
    let matches = |line: &[u8]| regex.pattern.is_match(&text_of(line));
    if lines.into_iter().any(matches) { Sight::There } else { no_match() }
}

/// A line as patterns see it: without its end, and with a mark for what is not UTF-8.
pub(crate) fn text_of(line: &[u8]) -> std::borrow::Cow<'_, str> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    String::from_utf8_lossy(line)
}

/// The file is there, and its lines say something else.
pub(crate) fn no_match() -> Sight {
    Sight::Gone("no line matches".to_owned())
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

impl PartialEq for Regex {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}
