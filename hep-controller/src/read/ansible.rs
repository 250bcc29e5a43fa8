//! From the text of playbooks, and of the roles and files that they name, to the same tree that hep's own reader gives.
//! What only a host can decide is left to it; what hep cannot do is kept with its reason.

pub(crate) mod crossing;
mod entry;
mod find;
mod first_found;
mod handlers;
mod include;
mod inherit;
mod keywords;
mod loops;
pub(crate) mod lower;
mod magic;
mod meta;
mod names;
mod play;
mod role;
mod scalars;
mod specs;
mod task;
#[cfg(test)]
mod tests;
mod vars;

use crate::ast::{Layer, Manifest, ManifestTask};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{Source, Span};
use crate::yaml::{self, Node};
use hep_protocol::dialect::Dialect;
use hep_protocol::expression::Language;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where roles and collections are, and what else decides how a playbook is read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// Directories of roles, after those beside the playbook.
    pub(crate) roles_path: Vec<PathBuf>,
    /// Directories that hold `ansible_collections`, after `collections` beside the playbook.
    pub(crate) collections_path: Vec<PathBuf>,
    /// The variables of the command line.
    pub(crate) extra: Map<String, Value>,
    /// Whether Ansible's side is taken of what hep does otherwise on purpose.
    pub(crate) as_ansible: bool,
    /// Whether a play that does not say so gathers facts.
    pub(crate) gathering: Gathering,
}

/// When plays gather facts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Gathering {
    /// Unless they say otherwise.
    #[default]
    Implicit,
    /// Only if they say so.
    Explicit,
}

/// How many files may be included in all.
const MAX_FILES: usize = 20_000;

/// Where something was sought, for a reader; the first places, if there are many.
fn places(directories: &[PathBuf]) -> String {
    let shown = directories.iter().take(6).map(|path| {
        let here = path.as_os_str().is_empty();
        format!("`{}`", if here { Path::new(".") } else { path }.display())
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// How deep includes, roles and blocks may lie within one another.
const MAX_NESTED: usize = 60;

/// Reads playbooks with all their files.
pub(crate) struct Reader<'s> {
    settings: &'s Settings,
    language: Language,
    problems: Diagnostics,
    warnings: Diagnostics,
    /// How many tasks and handlers there are so far.
    count: usize,
    /// How many files were included so far.
    files: usize,
    /// How many includes, roles and blocks lie around what is read.
    depth: usize,
    /// The files that include one another around what is read, outermost first.
    chain: Vec<PathBuf>,
    /// Files by their paths; nothing for one that cannot be read.
    loaded: HashMap<PathBuf, Option<Loaded>>,
    /// What the play that is read has so far.
    play: OfPlay,
}

/// A file that was read.
#[derive(Clone)]
struct Loaded {
    source: Arc<Source>,
    /// Nothing, if the file is empty.
    root: Option<Node>,
}

/// What the roles of a play give it.
#[derive(Default)]
struct OfPlay {
    /// The directory of its playbook.
    directory: PathBuf,
    /// Defaults and variables of its roles.
    layers: Vec<Layer>,
    /// Handlers, in groups of those that one file or list brought.
    handlers: Vec<Vec<ManifestTask>>,
    /// Roles that have run, by what makes two of them the same.
    done: Vec<String>,
    /// The names of its roles.
    roles: Vec<String>,
}

impl Manifest {
    /// Reads playbooks, whose plays follow one another, with the roles and files that they name.
    ///
    /// # Errors
    /// A file is no text that can be read.
    pub(crate) fn read_playbooks(
        paths: &[PathBuf],
        settings: &Settings,
    ) -> Result<Manifest, Diagnostics> {
        let sources = paths.iter().map(|path| Source::read(path));
        Manifest::read_playbook_sources(&sources.collect::<Result<Vec<_>, _>>()?, settings)
    }

    /// The same of texts.
    ///
    /// # Errors
    /// As of [`Manifest::read_playbooks`].
    pub(crate) fn read_playbook_sources(
        sources: &[Arc<Source>],
        settings: &Settings,
    ) -> Result<Manifest, Diagnostics> {
        let mut reader = Reader::new(settings);
        let plays = sources.iter().flat_map(|source| reader.playbook(source)).collect();
        let main = sources.first().cloned();
        let source =
            main.unwrap_or_else(|| Arc::new(Source { path: "-".into(), text: String::new() }));
        let Reader { problems, warnings, count, .. } = reader;
        let (dialect, loose_sources) = (Dialect::Ansible, Vec::new());
        Ok(Manifest { source, dialect, plays, loose_sources, tasks: count, warnings, problems })
    }
}

impl<'s> Reader<'s> {
    fn new(settings: &'s Settings) -> Reader<'s> {
        Reader {
            settings,
            language: Language::of(Dialect::Ansible),
            problems: Diagnostics::default(),
            warnings: Diagnostics::default(),
            count: 0,
            files: 0,
            depth: 0,
            chain: Vec::new(),
            loaded: HashMap::new(),
            play: OfPlay::default(),
        }
    }

    /// Says what is wrong at a place.
    fn refuse(
        &mut self,
        source: &Arc<Source>,
        span: Span,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.problems.push(Diagnostic::at(source, span, message).hint(hint));
    }

    /// Says what is no mistake and may not be meant.
    fn warn(
        &mut self,
        source: &Arc<Source>,
        span: Span,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.warnings.push(Diagnostic::at(source, span, message).hint(hint));
    }

    /// A file of YAML; nothing if it is not there or was refused.
    fn load(&mut self, path: &Path) -> Option<Loaded> {
        if let Some(loaded) = self.loaded.get(path) {
            return loaded.clone();
        }
        let loaded = match Source::read(path) {
            Ok(source) => Some(self.parse(source)),
            Err(found) => {
                self.problems.extend(found);
                None
            }
        };
        self.loaded.insert(path.to_owned(), loaded.clone());
        loaded
    }

    fn parse(&mut self, source: Arc<Source>) -> Loaded {
        let (root, problems, warnings) = yaml::parse_foreign(&source);
        self.problems.extend(problems);
        self.warnings.extend(warnings);
        Loaded { source, root: root.filter(|root| !root.is_null()) }
    }

    /// Reads what perhaps no host reaches, with what is wrong with it, which then is no mistake of the whole.
    fn tried<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> (T, Vec<Diagnostic>) {
        let before = std::mem::take(&mut self.problems);
        let done = read(self);
        let found = std::mem::replace(&mut self.problems, before);
        (done, found.into_iter().collect())
    }

    /// A number for a task.
    fn number(&mut self) -> usize {
        let number = self.count;
        self.count += 1;
        number
    }

    /// Does something one level deeper; nothing once that is too deep.
    fn deeper<T>(
        &mut self,
        source: &Arc<Source>,
        span: Span,
        read: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        if self.depth >= MAX_NESTED {
            let message =
                format!("blocks, includes and roles nest more than {MAX_NESTED} deep here");
            self.refuse(source, span, message, "include fewer files within others");
            return None;
        }
        self.depth += 1;
        let done = read(self);
        self.depth -= 1;
        Some(done)
    }

    /// Does something with a file, within which it is not read again.
    fn within<T>(
        &mut self,
        source: &Arc<Source>,
        span: Span,
        path: &Path,
        read: impl FnOnce(&mut Self, Loaded) -> T,
    ) -> Option<T> {
        self.files += 1;
        if self.files > MAX_FILES {
            let message = format!("files are included more than {MAX_FILES} times");
            self.refuse(source, span, message, "include fewer files within others");
            return None;
        }
        let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if let Some(at) = self.chain.iter().position(|other| *other == real) {
            let files = self.chain.iter().skip(at).map(|path| path.display().to_string());
            let chain: Vec<String> = files.chain([path.display().to_string()]).collect();
            let message = format!("the file includes itself: {}", chain.join(" -> "));
            self.refuse(source, span, message, "hep reads includes before the run: write a loop in place of a file that includes itself");
            return None;
        }
        let loaded = self.load(path)?;
        self.chain.push(real);
        let done = self.deeper(source, span, |reader| read(reader, loaded));
        self.chain.pop();
        done
    }
}
