//! From a checked manifest to the tasks of a plan: finds and hashes the local files that tasks name.

use super::{Contents, Manifest};
use crate::diagnostic::Diagnostics;
use hep_protocol::plan::Task;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What every host of a run is sent.
#[derive(Debug)]
pub(crate) struct Compiled {
    /// The tasks of the plan.
    pub(crate) tasks: Vec<Task>,
    /// The contents that the tasks refer to by digest.
    pub(crate) contents: Arc<Contents>,
}

/// Where a relative `src` is sought, in this order.
#[derive(Clone, Debug)]
pub(crate) struct SearchPath {
    beside_manifest: PathBuf,
    working_directory: PathBuf,
}

impl SearchPath {
    /// Beside the manifest, then in the working directory.
    pub(crate) fn new(manifest: &Path, working_directory: &Path) -> SearchPath {
        let beside = manifest.parent().unwrap_or(Path::new(""));
        SearchPath {
            beside_manifest: working_directory.join(beside),
            working_directory: working_directory.to_owned(),
        }
    }
}

/// Compiles a manifest; the same for every host.
///
/// # Errors
/// Every local file that is missing, unreadable or nothing that can be sent, at the place that names it.
pub(crate) fn compile(manifest: &Manifest, search: &SearchPath) -> Result<Compiled, Diagnostics> {
    let _ = (manifest, search);
    Err(Diagnostics::default())
}
