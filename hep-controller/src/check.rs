//! What is known of a manifest before the first packet, for all its hosts at once: which tasks are meant, whom they are for,
//! what their names stand for, and everything that would go wrong. Makes no plan.

pub(crate) mod handlers;
mod host_classes;
mod lookups;
pub(crate) mod magic;
mod mistakes;
pub(crate) mod params;
pub(crate) mod resolve;
mod scope;
pub(crate) mod select;
pub(crate) mod targets;
pub(crate) mod variables;
mod verify;

use crate::ast::Manifest;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::local_files::Contents;
use crate::local_files::search::{Local, SearchPath, Sources};
use hep_protocol::expression::Language;
use hep_protocol::plan::{DiffMode, Pace, RunMode};
use hep_protocol::rights::ActAs;
pub(crate) use lookups::Programs;
use resolve::{Resolved, ResolvedPlay};
use select::{Choice, Chosen};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use targets::Targets;
use variables::Extra;
use verify::Verifier;

/// What is asked of a manifest beside its text and its hosts.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) extra: Extra,
    pub(crate) choice: Choice,
    /// Where relative paths of local files begin.
    pub(crate) working_directory: PathBuf,
    pub(crate) mode: RunMode,
    pub(crate) diff: DiffMode,
    pub(crate) pace: Pace,
    /// The user that tasks run as if nothing more specific is set.
    pub(crate) act_as: ActAs,
    /// How long a task may take that does not say so, in seconds.
    pub(crate) task_timeout: Option<u32>,
    /// Magic variables that a run of playbooks has by its command line and configuration.
    pub(crate) foreign: Map<String, Value>,
    /// The user by whom hosts are logged in to that say none, in a run of playbooks.
    pub(crate) login_user: Option<String>,
    /// Facts of Ansible's that are taken for granted, where no host is asked.
    pub(crate) assumed: Arc<Map<String, Value>>,
}

/// A manifest, the hosts it may be for, and what is asked of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Input<'a> {
    pub(crate) manifest: &'a Manifest,
    pub(crate) targets: &'a Targets,
    pub(crate) options: &'a Options,
}

/// A manifest of which all is known that can be known before the run.
pub(crate) struct Checked<'m> {
    pub(crate) plays: Vec<ResolvedPlay<'m>>,
    /// The tasks and handlers that may run.
    pub(crate) chosen: Chosen,
    /// The local files of tasks, by the tasks' numbers.
    pub(crate) files: BTreeMap<usize, Vec<Local>>,
    /// What is in them.
    pub(crate) contents: Contents,
    /// What lookups were answered with, by the hosts' numbers among the targets.
    pub(crate) answered: BTreeMap<usize, Map<String, Value>>,
    /// What is no mistake and may be none of the operator's intentions.
    pub(crate) warnings: Vec<String>,
    pub(crate) problems: Diagnostics,
    /// What is a mistake where a host reaches it; [`Checked::warnings`] tell of it too.
    pub(crate) doubts: Vec<Diagnostic>,
}

/// Resolves a manifest's hosts, handlers and variables, and verifies it for all those hosts.
///
/// # Errors
/// The choice of tasks leaves none, or names one that is not there. All other mistakes are in [`Checked::problems`].
pub(crate) fn check<'m>(input: &Input<'m>, programs: Programs) -> Result<Checked<'m>, Diagnostics> {
    let Input { manifest, options, .. } = input;
    let language = Language::of(manifest.dialect);
    let Resolved { plays, chosen, mut warnings, mut problems } =
        resolve::resolve(input, &language)?;
    let search = SearchPath::new(&manifest.source.path, &options.working_directory);
    let mut sources = Sources::new(&search, &manifest.source);
    let verified = Verifier::new(input, &language, &mut sources, &chosen, programs).verify(&plays);
    warnings.extend(verified.warnings);
    problems.extend(verified.problems);
    Ok(Checked {
        plays,
        chosen,
        files: verified.files,
        answered: verified.answered,
        contents: sources.contents,
        warnings,
        problems,
        doubts: verified.doubts,
    })
}
