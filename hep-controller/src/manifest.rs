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

/// A whole manifest with its mistakes, as far as can be seen without looking at other files.
#[derive(Debug)]
pub(crate) struct Manifest {
    /// The text that all spans point into.
    pub(crate) source: Arc<Source>,
    /// Its tasks without mistake, in order.
    tasks: Vec<ManifestTask>,
    /// What tasks with a mistake name as `src`: looked up too, so that one run reports everything.
    loose_sources: Vec<(String, Span)>,
    /// What is wrong with the rest.
    problems: Diagnostics,
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
    /// The file is no text that can be read.
    pub(crate) fn read(path: &Path) -> Result<Manifest, Diagnostics> {
        Ok(Manifest::parse(&Source::read(path)?))
    }

    /// Checks a manifest's text; `compile` tells the mistakes, together with its own.
    pub(crate) fn parse(source: &Arc<Source>) -> Manifest {
        parse::parse(source)
    }
}
