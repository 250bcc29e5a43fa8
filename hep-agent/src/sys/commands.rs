//! Running a program that the operator names.

use super::{ProcessEnd, SysError};
use hep_protocol::value::{AbsPath, Argv};
use std::collections::BTreeMap;
use std::time::Duration;

/// A program to run, with everything it sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invocation {
    /// The operator's words for it, on one bounded line: the command, or a script's first line.
    pub(crate) words: String,
    /// The program and its arguments; looked up in `PATH` when it has no slash.
    pub(crate) argv: Argv,
    /// The paths that its task says it makes or removes.
    pub(crate) paths: Vec<AbsPath>,
    /// Its working directory.
    pub(crate) chdir: AbsPath,
    /// Variables on top of the clean environment.
    pub(crate) env: BTreeMap<String, String>,
    /// What it reads on standard input.
    pub(crate) stdin: Vec<u8>,
    /// How long it may run.
    pub(crate) timeout: Option<Duration>,
}

/// Runs programs.
pub(crate) trait ChangeCommands {
    /// Runs to the end and gives how it ended; its output is streamed while it runs. An error only when it could not be
    /// run, or was killed at its timeout. On an overlay nothing runs, and nobody knows how it would end.
    fn run(&mut self, invocation: &Invocation) -> Result<Option<ProcessEnd>, SysError>;
}
