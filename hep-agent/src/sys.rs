//! The host as modules see it ([`Observe`]) and as actions change it ([`Change`]).
//!
//! Actions are semantic (replace a file, install packages, act on a service), not raw system calls, so that an overlay can
//! answer for them and a journal could invert them. One file a domain: what is read of it.

pub(crate) mod accounts;
mod error;
pub(crate) mod files;
pub(crate) mod linux;
pub(crate) mod output;
pub(crate) mod overlay;
pub(crate) mod packages;
pub(crate) mod services;
pub(crate) mod settings;
pub(crate) mod signs;

pub(crate) use error::{Lost, ProcessEnd, SysError, words};
use hep_protocol::action::Action;
use hep_protocol::dialect::Dialect;
use hep_protocol::plan::Privacy;
use hep_protocol::value::AbsPath;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Reads the host.
pub(crate) trait Observe:
    files::ObserveFiles
    + packages::ObservePackages
    + services::ObserveServices
    + accounts::ObserveAccounts
    + settings::ObserveSettings
    + signs::ObserveSigns
{
    /// Why something that is missing here may be there when its turn comes; always `None` on a real host.
    fn depends(&self, subject: Subject<'_>) -> Option<Cause>;
}

/// Acts on the host.
pub(crate) trait Change {
    /// Announces which contents will be put next, in this order; none: nothing more of what was announced before.
    fn announce(&mut self, contents: &[&files::Content]);

    /// Does it. What it replaces is told in it, and anything else that is there by then is an error, which says what was being
    /// done.
    fn apply(&mut self, action: &Action) -> Result<Effect, SysError>;
}

/// What an action came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The host is different now (on an overlay: would be).
    Changed,
    /// The host is different now, and what gave way is kept under this name.
    Kept(AbsPath),
    /// A program ran, and this is how it ended.
    Ran(ProcessEnd),
    /// The host is different now, and the programs that made it so said this.
    Said(Said),
    /// A program would run: what it would say is not known.
    WouldRun,
    /// Nothing that counts as a change happened, but the reader should know this.
    Noted(String),
    /// The host was like that already.
    Nothing,
}

/// What programs said that did an action.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Effect {
    /// Of what may have been like that already.
    fn of(is_different: bool) -> Self {
        if is_different { Self::Changed } else { Self::Nothing }
    }
}

/// A host to run a plan on: the real one, or an overlay.
pub(crate) trait Host: Observe + Change + Session {}

impl<T: Observe + Change + Session> Host for T {}

/// The run that a host is part of.
pub(crate) trait Session {
    /// Whether to stop after the current step.
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
    /// The language of what reads its result; none where nobody does.
    pub(crate) result: Option<Dialect>,
}

/// How much of what a program says is kept for the task's result, in bytes of both streams together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept(pub(crate) usize);

impl Default for Kept {
    /// What a failure shows, for a result that nobody reads.
    fn default() -> Self {
        Self(hep_protocol::outcome::MAX_SHOWN)
    }
}

/// Something a module looked for and did not find.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subject<'a> {
    /// A path that has to be there.
    Path(&'a AbsPath),
    /// A path that is about to be made or changed: an earlier step may bring its directory, or itself.
    Place(&'a AbsPath),
    /// A path at which something is: an earlier command may change it or take it away.
    There(&'a AbsPath),
    /// A path of which that is asked for all that is below it, too.
    Tree(&'a AbsPath),
    /// What keeps paths from being changed, as a mount or an attribute: an earlier command may end that.
    Hindrance,
    /// What a command says of a new content.
    Verdict(&'a hep_protocol::value::Argv),
    /// A user's name.
    User(&'a str),
    /// A group's name.
    Group(&'a str),
    /// A service.
    Service(&'a hep_protocol::value::ServiceName),
    /// All services together.
    Services,
}

/// An earlier step whose whole effect only its real run would show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Packages that an earlier task would install; by name.
    Packages(Vec<String>),
    /// A service that an earlier task would start, stop or change.
    Service(String),
    /// A user or group that an earlier task would add or change.
    Account(String),
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
            Self::Account(words) => f.write_str(words),
            Self::File(path) => write!(f, "file {path}"),
            Self::Command(text) => write!(f, "command `{text}`"),
            Self::Task(name) => write!(f, "task `{name}`"),
            Self::Sensitive => f.write_str("a task that is `sensitive`"),
        }
    }
}
