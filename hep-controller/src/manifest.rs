//! Manifests: what the hosts shall be, from YAML text to a plan.
//!
//! `parse` reads the manifest and the files it includes; `compile` the variables and local files that it names, and
//! checks it for every host it is for. Every mistake is reported in one go, with its place.

mod alike;
pub(crate) mod ansible;
mod audience;
pub(crate) mod batches;
mod compile;
mod contents;
mod control;
mod entry;
mod include;
pub(crate) mod keys;
mod listing;
mod mistakes;
pub(crate) mod module;
mod notify;
pub(crate) mod parameter;
mod params;
mod parse;
mod reads;
pub(crate) mod rights;
mod scope;
mod select;
mod sources;
mod task;
#[cfg(test)]
mod tests;
mod texts;
mod tree;
mod values;
mod variables;
mod verify;

pub(crate) use audience::Audience;
pub(crate) use compile::{Compiled, Order, compile};
pub(crate) use contents::Contents;
pub(crate) use listing::{listing, show_vars, tags_and_titles};
pub(crate) use select::Choice;
pub(crate) use variables::Extra;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{Source, Span};
use crate::yaml::Node;
use hep_protocol::plan::HandlersOnFailure;
use hep_protocol::task::TaskSpec;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A whole manifest with its mistakes, as far as can be seen without looking at variables.
#[derive(Debug)]
pub(crate) struct Manifest {
    /// The file that was asked for: what it includes has sources of its own.
    pub(crate) source: Arc<Source>,
    plays: Vec<ManifestPlay>,
    /// What tasks with a mistake name as `src`: looked up too, so that one run reports everything.
    loose_sources: Vec<Piece>,
    /// How many tasks and handlers there are: each has a number below this.
    tasks: usize,
    problems: Diagnostics,
}

/// Tasks for the same hosts.
#[derive(Debug)]
pub(crate) struct ManifestPlay {
    pub(crate) name: Option<String>,
    /// The pattern of its hosts; all without one.
    hosts: Option<Spot>,
    vars: Option<Piece>,
    vars_files: Vec<Spot>,
    entries: Vec<Entry>,
    handlers: Vec<ManifestTask>,
    on_failure: HandlersOnFailure,
    act_as: rights::Rights,
    order: batches::Order,
}

/// What stands in a list of tasks.
#[derive(Debug)]
pub(crate) enum Entry {
    Task(Box<ManifestTask>),
    Block(Box<ManifestBlock>),
}

/// One task of a manifest.
#[derive(Debug)]
pub(crate) struct ManifestTask {
    /// Tells it from all others of the manifest.
    number: usize,
    control: control::Control,
    /// Its module's name, and where that stands.
    module: Spot,
    /// Its parameters as written.
    params: Node,
    /// Its parameters, if nothing in them waits for a host.
    spec: Option<TaskSpec>,
    /// Whether something is wrong with its module, which was reported.
    broken: bool,
    /// What its included file says of variables, for a handler: weaker than its own.
    file_vars: Vec<Piece>,
}

/// A block, or the tasks of an included file.
#[derive(Debug)]
pub(crate) struct ManifestBlock {
    control: control::Control,
    /// Variables of the included file, weaker than those that its include gives.
    file_vars: Option<Piece>,
    body: Vec<Entry>,
    rescue: Vec<Entry>,
    always: Vec<Entry>,
}

/// A text of a file, as it stands or as it is meant.
#[derive(Clone, Debug)]
pub(crate) struct Spot {
    pub(crate) text: String,
    pub(crate) source: Arc<Source>,
    pub(crate) span: Span,
}

impl Spot {
    fn problem(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::at(&self.source, self.span, message)
    }
}

/// A value of a file.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    pub(crate) source: Arc<Source>,
    pub(crate) node: Node,
}

impl Piece {
    fn problem(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::at(&self.source, self.node.span, message)
    }
}

impl Manifest {
    /// Reads and checks a manifest and what it includes.
    ///
    /// # Errors
    /// The file is no text that can be read.
    pub(crate) fn read(path: &Path) -> Result<Manifest, Diagnostics> {
        Ok(Manifest::parse(&Source::read(path)?))
    }

    /// Checks a manifest's text and what it includes; `compile` tells the mistakes, together with its own.
    pub(crate) fn parse(source: &Arc<Source>) -> Manifest {
        parse::parse(source)
    }

    /// What is wrong with the manifest, whatever its hosts are.
    pub(crate) fn mistakes(self) -> Diagnostics {
        self.problems
    }

    /// The directory of a file that a part of the manifest is from.
    fn directory(source: &Source) -> PathBuf {
        source.path.parent().unwrap_or(Path::new("")).to_owned()
    }
}
