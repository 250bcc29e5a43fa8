//! Running programs: one that the operator names, and those that other actions are done by.

use super::files::Content;
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
    /// A script that is there while it runs; the program, a shell, gets one argument more, which runs it.
    #[serde(skip)]
    pub script: Option<Box<Script>>,
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
    /// Whether its arguments say what the environment is to replace.
    #[serde(skip)]
    pub expand: bool,
    /// How long it may run.
    #[serde(skip)]
    pub timeout: Option<Duration>,
}

/// A script that is put on the host to be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The name of its file.
    pub name: String,
    /// Its text.
    pub content: Content,
    /// What stands before its path and after it.
    pub around: (String, String),
}

/// A program that does an action: its name and arguments, and what it reads on standard input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// The program and its arguments; it is looked up in the system's directories.
    pub argv: Vec<String>,
    /// What no list of processes may show.
    pub stdin: Vec<u8>,
}

impl Call {
    /// A program without input.
    pub fn new(argv: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { argv: argv.into_iter().map(Into::into).collect(), stdin: Vec::new() }
    }

    /// The name of the program.
    #[must_use]
    pub fn program(&self) -> &str {
        self.argv.first().map_or("", String::as_str)
    }
}
