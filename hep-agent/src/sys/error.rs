//! Why the host could not be read or changed, and how it becomes a task's failure.

use super::output;
use hep_protocol::outcome::{Exit, Failure};
use std::fmt;
use std::io;

/// Why reading or acting failed: its own sentence, with the system's cause and the process's words apart.
#[derive(Debug, Default)]
pub(crate) struct SysError {
    what: String,
    source: Option<io::Error>,
    hint: Option<String>,
    process: Option<Box<ProcessEnd>>,
    depends: Option<String>,
    needs_root: bool,
}

/// How a process that failed ended, and the end of what it said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ProcessEnd {
    /// Its exit.
    pub(crate) exit: Option<Exit>,
    /// The end of its standard output.
    pub(crate) stdout: Vec<u8>,
    /// The end of its standard error.
    pub(crate) stderr: Vec<u8>,
    /// What it wrote before that and nobody kept.
    pub(crate) lost: Lost,
}

/// How many bytes of a program's streams were read and not kept: the first ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lost {
    /// Of its standard output.
    pub(crate) stdout: u64,
    /// Of its standard error.
    pub(crate) stderr: u64,
}

impl SysError {
    /// A sentence that names what was being done and to what.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), ..Self::default() }
    }

    /// A failed system call: `cannot open /etc/motd`, and the system's word for the cause.
    pub(crate) fn io(what: impl Into<String>, source: impl Into<io::Error>) -> Self {
        Self { what: what.into(), source: Some(source.into()), ..Self::default() }
    }

    /// Says first what it is about: a parameter, a condition.
    pub(crate) fn about(self, what: impl fmt::Display) -> Self {
        Self { what: format!("{what}: {}", self.what), ..self }
    }

    /// Adds advice that names the key or command to change.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// In check mode: what would have to be known, and only a real run would tell.
    pub(crate) fn unknown(cause: String) -> Self {
        Self { what: format!("depends on {cause}"), depends: Some(cause), ..Self::default() }
    }

    /// What only a real run would tell, if that is all that is wrong.
    pub(crate) fn depends(&self) -> Option<&str> {
        self.depends.as_deref()
    }

    /// Says that a program failed which, as another user than root, fails for the lack of rights as a rule. Its exit code
    /// does not tell.
    pub(crate) fn needs_root(self) -> Self {
        Self { needs_root: true, ..self }
    }

    /// With advice for the user who lacks rights: who needs root's, or was told so by the system and by nothing better.
    pub(crate) fn with_advice_for(self, user: &str) -> Self {
        let advice = || {
            format!(
                "it ran as `{user}`, who is not root: `become: true` or `--become` runs it as root"
            )
        };
        let denied = self.kind() == Some(io::ErrorKind::PermissionDenied);
        let hint = match (self.needs_root, denied, self.hint) {
            (true, _, Some(own)) => Some(format!("{own}; {}", advice())),
            (true, _, None) | (false, true, None) => Some(advice()),
            (false, _, own) => own,
        };
        Self { hint, ..self }
    }

    /// Adds how the process at fault ended.
    pub(crate) fn process(self, process: ProcessEnd) -> Self {
        Self { process: Some(Box::new(process)), ..self }
    }

    /// How the process at fault ended.
    pub(crate) fn ended(&self) -> Option<&ProcessEnd> {
        self.process.as_deref()
    }

    /// The kind of the system's cause, if it has one.
    pub(crate) fn kind(&self) -> Option<io::ErrorKind> {
        self.source.as_ref().map(io::Error::kind)
    }
}

impl fmt::Display for SysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for SysError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

/// The whole sentence of an error, with the system's cause.
pub(crate) fn words(error: SysError) -> String {
    Failure::from(error).message
}

impl From<SysError> for Failure {
    fn from(error: SysError) -> Self {
        let message = match &error.source {
            Some(source) => format!("{}: {}", error.what, system_words(source)),
            None => error.what,
        };
        let process = error.process.unwrap_or_default();
        Self {
            message,
            hint: error.hint,
            exit: process.exit,
            stdout: end_of(&process.stdout),
            stderr: end_of(&process.stderr),
        }
    }
}

/// The end of what a process said, as much as a failure carries.
fn end_of(bytes: &[u8]) -> String {
    output::last_lines(&String::from_utf8_lossy(bytes)).to_owned()
}

/// The cause in the system's words, without Rust's error number after them.
fn system_words(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(number) => {
            let words = nix::errno::Errno::from_raw(number).desc();
            let mut letters = words.chars();
            letters.next().map_or_else(String::new, |first| {
                first.to_lowercase().collect::<String>() + letters.as_str()
            })
        }
        None => error.to_string(),
    }
}
