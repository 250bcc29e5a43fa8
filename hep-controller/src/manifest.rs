//! Manifests: what the hosts shall be, from YAML text to the tasks of a plan.
//!
//! `parse` touches no file; `compile` reads only the local files that tasks name. Every mistake of a manifest is
//! reported in one go, with its place.

mod ansible;
mod compile;
mod contents;
pub(crate) mod parameter;
mod parse;
mod task;
#[cfg(test)]
mod tests;
mod tree;

pub(crate) use compile::{Compiled, SearchPath, compile};
pub(crate) use contents::Contents;

use crate::diagnostic::Diagnostics;
use crate::source::{Source, Span};
use crate::yaml::Node;
use hep_protocol::plan::OnError;
use hep_protocol::task::TaskSpec;
use std::path::Path;
use std::sync::Arc;

/// A whole manifest, checked as far as can be without looking at other files.
#[derive(Debug)]
pub(crate) struct Manifest {
    /// The text that all spans point into.
    pub(crate) source: Arc<Source>,
    /// Its tasks, at least one, in order.
    pub(crate) tasks: Vec<ManifestTask>,
}

/// One task of a manifest.
#[derive(Debug)]
pub(crate) struct ManifestTask {
    /// The operator's name for it, or one made from its parameters.
    pub(crate) name: String,
    /// What it does.
    pub(crate) spec: TaskSpec,
    /// Whether its failure ends a host's run.
    pub(crate) on_error: OnError,
    /// Where its module's key is.
    module_span: Span,
    /// Its parameters as written, for the places of later messages.
    params: Node,
}

impl Manifest {
    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// Every mistake in it.
    pub(crate) fn read(path: &Path) -> Result<Manifest, Diagnostics> {
        Manifest::parse(&Source::read(path)?)
    }

    /// Checks a manifest's text.
    ///
    /// # Errors
    /// Every mistake in it.
    pub(crate) fn parse(source: &Arc<Source>) -> Result<Manifest, Diagnostics> {
        parse::parse(source)
    }
}
