//! From a checked manifest to the tasks of a plan: finds and hashes the local files that tasks name.

use super::tree::{self, Trouble};
use super::{Contents, Manifest, ManifestTask};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{Span, plain};
use hep_protocol::blob::Source;
use hep_protocol::plan::{NamedSource, Task};
use std::collections::HashMap;
use std::io;
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

    /// The places a text may mean; one, if both are the same.
    fn candidates(&self, written: &str) -> Vec<PathBuf> {
        let mut all =
            vec![self.beside_manifest.join(written), self.working_directory.join(written)];
        all.dedup();
        all
    }
}

/// Compiles a manifest; the same for every host.
///
/// # Errors
/// Every mistake of the manifest, and every local file that is missing, unreadable or nothing that can be sent, at the place that names it.
pub(crate) fn compile(manifest: &Manifest, search: &SearchPath) -> Result<Compiled, Diagnostics> {
    let mut run = Run { search, seen: HashMap::new(), contents: Contents::default() };
    let mut problems = manifest.problems.clone();
    let mut tasks = Vec::with_capacity(manifest.tasks.len());
    for task in &manifest.tasks {
        let mut sources = Vec::new();
        for written in task.spec.params().sources() {
            match run.find(written) {
                Ok(source) => sources.push(NamedSource { written: written.to_owned(), source }),
                Err(troubles) => {
                    problems.extend(at_place(manifest, place_of(task, written), troubles));
                }
            }
        }
        tasks.push(Task {
            name: task.name.clone(),
            spec: task.spec.clone(),
            sources,
            on_error: task.on_error,
        });
    }
    for (written, place) in &manifest.loose_sources {
        if let Err(troubles) = run.find(written) {
            problems.extend(at_place(manifest, *place, troubles));
        }
    }
    problems.unless(Compiled { tasks, contents: Arc::new(run.contents) })
}

fn at_place(manifest: &Manifest, place: Span, troubles: Vec<Trouble>) -> Diagnostics {
    let mut problems = Diagnostics::default();
    for Trouble { message, hint } in troubles {
        let diagnostic = Diagnostic::at(&manifest.source, place, message);
        problems.push(match hint {
            Some(hint) => diagnostic.hint(hint),
            None => diagnostic,
        });
    }
    problems
}

/// Where a task names a source.
fn place_of(task: &ManifestTask, written: &str) -> Span {
    let named = task.params.entries().iter().find(|entry| entry.value.text() == Some(written));
    named.map_or(task.module_span, |entry| entry.value.span)
}

struct Run<'s> {
    search: &'s SearchPath,
    /// What was found before: a manifest may name one large tree many times.
    seen: HashMap<PathBuf, Source>,
    contents: Contents,
}

impl Run<'_> {
    /// Finds what a text names, and reads it.
    fn find(&mut self, written: &str) -> Result<Source, Vec<Trouble>> {
        let candidates = self.search.candidates(written);
        for path in &candidates {
            if let Some(source) = self.seen.get(path) {
                return Ok(source.clone());
            }
            match std::fs::metadata(path) {
                Ok(metadata) => {
                    let source = tree::read(path, &metadata, &mut self.contents)?;
                    self.seen.insert(path.clone(), source.clone());
                    return Ok(source);
                }
                Err(error) if is_absence(&error) => {}
                Err(error) => {
                    let path = path.display();
                    let message = format!("cannot look at `{path}`: {}", plain(&error));
                    return Err(vec![Trouble::new(message)]);
                }
            }
        }
        Err(vec![missing(written, &candidates)])
    }
}

/// Nothing is there; also where a file stands in place of a directory on the way.
fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn missing(written: &str, candidates: &[PathBuf]) -> Trouble {
    match candidates {
        [beside, working] => Trouble {
            message: format!(
                "`{written}` is not there: neither `{}` nor `{}` exists",
                beside.display(),
                working.display()
            ),
            hint: Some(
                "a relative path is sought beside the manifest, then in the working directory"
                    .into(),
            ),
        },
        [] | [_] | [..] => Trouble {
            message: match candidates.first() {
                Some(path) if !Path::new(written).is_absolute() => {
                    format!("`{written}` is not there: `{}` does not exist", path.display())
                }
                Some(_) | None => format!("`{written}` does not exist on this machine"),
            },
            hint: Some("`src` names a file or directory on this machine, not on the host".into()),
        },
    }
}
