//! Hosts files: which hosts there are and how to reach them.
//!
//! Says what the file says; what it leaves open (user, port, key) the caller fills in.

mod address;
mod line;
mod parse;

use crate::diagnostic::Diagnostics;
use crate::remote::Secret;
use crate::source::Source;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The hosts of a file, at least one, each name once, in the file's order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Inventory {
    pub(crate) hosts: Vec<Host>,
}

/// One host as its line describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Host {
    /// The first word of its line as written, `root@web1:22` even: what messages call it.
    pub(crate) name: String,
    /// The name or address to connect to: `host=`, or that in the first word. Without brackets.
    pub(crate) address: String,
    pub(crate) port: Option<u16>,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Secret>,
    /// A file on this machine; `~` and relative paths are resolved.
    pub(crate) private_key: Option<PathBuf>,
}

/// What paths in a hosts file are relative to.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    /// The working directory.
    pub(crate) working_directory: PathBuf,
    /// What `~` stands for.
    pub(crate) home: Option<PathBuf>,
}

impl Inventory {
    /// Reads a hosts file.
    ///
    /// # Errors
    /// Every mistake in it.
    pub(crate) fn read(path: &Path, around: &Surroundings) -> Result<Inventory, Diagnostics> {
        Inventory::parse(&Source::read(path)?, around)
    }

    /// Reads a hosts file's text. Looks whether a relative key lies beside the file, and touches nothing else.
    ///
    /// # Errors
    /// Every mistake in it.
    pub(crate) fn parse(
        source: &Arc<Source>,
        around: &Surroundings,
    ) -> Result<Inventory, Diagnostics> {
        parse::parse(source, around)
    }
}
