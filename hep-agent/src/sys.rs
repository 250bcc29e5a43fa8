//! The host as modules see it ([`Observe`]) and as steps act on it ([`Change`]).
//!
//! Operations are semantic (replace a file, install packages, act on a service), not raw system calls, so that an
//! overlay can answer for them and a journal could invert them. One file a domain: its plain types and its two traits.

pub(crate) mod commands;
pub(crate) mod files;
pub(crate) mod linux;
pub(crate) mod overlay;
pub(crate) mod packages;
pub(crate) mod services;
pub(crate) mod signs;

use crate::converge::said;
use hep_protocol::outcome::{Exit, Failure};
use hep_protocol::plan::Privacy;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::io;

/// Reads the host.
pub(crate) trait Observe:
    files::ObserveFiles + packages::ObservePackages + services::ObserveServices + signs::ObserveSigns
{
    /// Why something that is missing here may be there when its turn comes; always `None` on a real host.
    fn depends(&self, subject: Subject<'_>) -> Option<Cause>;
}

/// Acts on the host.
pub(crate) trait Change:
    files::ChangeFiles
    + packages::ChangePackages
    + services::ChangeServices
    + commands::ChangeCommands
    + signs::ChangeSigns
{
}

impl<T> Change for T where
    T: files::ChangeFiles
        + packages::ChangePackages
        + services::ChangeServices
        + commands::ChangeCommands
        + signs::ChangeSigns
{
}

/// A host to run a plan on: the real one, or an overlay.
pub(crate) trait Host: Observe + Change + Session {}

impl<T: Observe + Change + Session> Host for T {}

/// The run that a host is part of.
pub(crate) trait Session {
    /// Whether to stop after the step in hand.
    fn cancelled(&self) -> bool;

    /// Says which task the following steps belong to, for output and progress.
    fn begin_task(&mut self, task: TaskStart);

    /// Something may happen here whose effect is not known; never called for a real host's own steps.
    fn foresee(&mut self, cause: Cause);
}

/// What the steps of a task have in common.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct TaskStart {
    /// The task's place in the plan, for output and progress.
    pub(crate) number: u32,
    /// Variables on top of the clean environment of its commands and package managers.
    pub(crate) env: BTreeMap<String, String>,
    /// Whether output and progress are told.
    pub(crate) privacy: Privacy,
    /// How much of what its program says its result keeps.
    pub(crate) kept: Kept,
}

/// How much of what a program says is kept for the task's result, in bytes of both streams together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept(pub(crate) usize);

impl Default for Kept {
    /// What a failure shows, for a result that nobody reads.
    fn default() -> Self {
        Self(linux::process::KEPT)
    }
}

/// Something a module looked for and did not find.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subject<'a> {
    /// A path that has to be there.
    Path(&'a hep_protocol::value::AbsPath),
    /// A path that is about to be made or changed: an earlier step may bring its directory, or itself.
    Place(&'a hep_protocol::value::AbsPath),
    /// A path at which something is: an earlier command may change it or take it away.
    There(&'a hep_protocol::value::AbsPath),
    /// A path of which that is asked for all that is below it, too.
    Tree(&'a hep_protocol::value::AbsPath),
    /// What keeps paths from being changed, as a mount or an attribute: an earlier command may end that.
    Hindrance,
    /// A user's name.
    User(&'a str),
    /// A group's name.
    Group(&'a str),
    /// A service.
    Service(&'a hep_protocol::value::ServiceName),
}

/// An earlier step whose whole effect only its real run would show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Packages that an earlier task would install; by name.
    Packages(Vec<String>),
    /// A service that an earlier task would start, stop or change.
    Service(String),
    /// A file that an earlier task would put in place.
    File(String),
    /// A command that an earlier task would run.
    Command(String),
    /// A task that may or may not run; by its name.
    Task(String),
    /// A task of which nothing may be told.
    Sensitive,
}

/// How many packages a cause names; the ones that the manifest asks for come first.
const SHOWN_PACKAGES: usize = 3;

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Packages(names) => {
                let s = if names.len() == 1 { "" } else { "s" };
                let (shown, more) = names.split_at(names.len().min(SHOWN_PACKAGES));
                write!(f, "package{s} {}", shown.join(", "))?;
                if more.is_empty() { Ok(()) } else { write!(f, ", ...") }
            }
            Self::Service(name) => write!(f, "service {name}"),
            Self::File(path) => write!(f, "file {path}"),
            Self::Command(text) => write!(f, "command `{text}`"),
            Self::Task(name) => write!(f, "task `{name}`"),
            Self::Sensitive => f.write_str("a task that is `sensitive`"),
        }
    }
}

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
    said::last_lines(&String::from_utf8_lossy(bytes)).to_owned()
}

/// The cause in the system's words, without Rust's error number behind them.
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
