//! Running a program that the operator names.

use crate::value::{AbsPath, Argv};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// A program to run, with everything it sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename = "run")]
pub struct Invocation {
    /// The operator's words for it, on one bounded line: the command, or a script's first line.
    #[serde(rename = "subject")]
    pub words: String,
    /// The program and its arguments; looked up in `PATH` when it has no slash.
    #[serde(skip)]
    pub argv: Argv,
    /// The paths that its task says it makes or removes.
    #[serde(skip)]
    pub paths: Vec<AbsPath>,
    /// Its working directory.
    pub chdir: AbsPath,
    /// Variables on top of the clean environment.
    #[serde(skip)]
    pub env: BTreeMap<String, String>,
    /// What it reads on standard input.
    #[serde(skip)]
    pub stdin: Vec<u8>,
    /// How long it may run.
    #[serde(skip)]
    pub timeout: Option<Duration>,
}
