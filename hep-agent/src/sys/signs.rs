//! What a run can wait for: a port that answers, a path, a line in a file.

use super::files::FileKind;
use super::{Observe, SysError};
pub(crate) use hep_protocol::action::waits::{Address, Regex, Sign, Wait};
use hep_protocol::task::wait_for::Action;
use hep_protocol::value::AbsPath;

/// How large a file may be that is read before anybody waits, in bytes. A larger one is read while waiting, piece by piece.
const AT_ONCE: u64 = 16 * 1024 * 1024;

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

/// Sees whether ports answer; paths and files are seen through [`super::files::ObserveFiles`].
pub(crate) trait ObserveSigns {
    /// Whether a port takes connections now.
    fn port(&self, address: &Address) -> Result<Sight, SysError>;
}

/// One look.
pub(crate) fn look(sign: &Sign, host: &dyn Observe) -> Result<Sight, SysError> {
    match sign {
        Sign::Time => Ok(Sight::There),
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
