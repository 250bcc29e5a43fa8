//! The config file: defaults for what the command line does not say. A missing key is no mistake here; the caller
//! knows whether something else supplies it.

use crate::diagnostic::Diagnostics;
use crate::remote::Secret;
use crate::source::Source;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a config file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Config {
    /// How to log in where the hosts file does not say.
    pub(crate) ssh: SshDefaults,
    /// The manifest, as written: relative to the working directory.
    pub(crate) manifest: Option<PathBuf>,
    /// The hosts file, as written: relative to the working directory.
    pub(crate) hosts: Option<PathBuf>,
    pub(crate) log_level: Option<LogLevel>,
}

/// The section `ssh`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SshDefaults {
    pub(crate) username: Option<String>,
    pub(crate) password: Option<Secret>,
    /// As written; `~` is not expanded yet.
    pub(crate) private_key: Option<PathBuf>,
    pub(crate) port: Option<u16>,
}

/// How much a run says, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LogLevel {
    Critical,
    Error,
    Warning,
    Info,
    Debug,
}

impl Config {
    /// Reads a config file.
    ///
    /// # Errors
    /// Every mistake in it.
    pub(crate) fn read(path: &Path) -> Result<Config, Diagnostics> {
        Config::parse(&Source::read(path)?)
    }

    /// Reads a config's text.
    ///
    /// # Errors
    /// Every mistake in it.
    pub(crate) fn parse(source: &Arc<Source>) -> Result<Config, Diagnostics> {
        let _ = source;
        Err(Diagnostics::default())
    }
}
