//! Files that a manifest includes: found, read once, and never within themselves.

use super::parse::{Reader, is_play};
use super::{foreign, keys, values};
use crate::ast::control::Control;
use crate::ast::{Entry, Layer, Manifest, ManifestBlock, ManifestTask, Piece, Spot};
use crate::diagnostic::Diagnostic;
use crate::source::{Source, plain};
use crate::yaml::{self, Kind, Node};
use hep_protocol::expression::{Rank, has_expression};
use hep_protocol::task::TaskSpec;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How often files may be included in all: a file that includes another ten times, and so on, has an end.
const MAX_INCLUDES: usize = 10_000;

/// The variables of an included file as a layer.
pub(crate) fn of_file(vars: Option<Piece>) -> Vec<Layer> {
    vars.into_iter().map(|vars| (Rank::Task, vars)).collect()
}

/// What an included file holds.
#[derive(Debug, Default)]
pub(crate) struct Included {
    pub(crate) vars: Option<Piece>,
    pub(crate) entries: Vec<Entry>,
}

impl Included {
    /// As an entry of a play.
    pub(crate) fn into_entry(self) -> Entry {
        let Included { vars, entries } = self;
        Entry::Block(Box::new(ManifestBlock {
            control: Control::default(),
            layers: of_file(vars),
            body: entries,
            rescue: Vec::new(),
            always: Vec::new(),
            gate: None,
        }))
    }
}

/// Whether a key is one that included files may have, or other files of plays.
fn of_included(entry: &yaml::Entry) -> bool {
    let key = &*entry.key.text;
    let near = || crate::words::nearest(key, ["vars", "tasks", "handlers"]).is_some();
    // A variable may have the name of a module, and seldom has parameters below it.
    let calls = TaskSpec::MODULES.contains(&key) && matches!(entry.value.kind, Kind::Map(_));
    keys::find(keys::PLAY, key).is_some() || calls || near()
}

/// The name of a file beside one that is not there, if it is like its name.
fn file_like(path: &Path) -> Option<String> {
    let wanted = path.file_name()?.to_str()?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let entries = std::fs::read_dir(directory.unwrap_or(Path::new("."))).ok()?;
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let names: Vec<String> = names.take(1000).collect();
    crate::words::nearest(wanted, names.iter().map(String::as_str)).map(str::to_owned)
}

/// A file that was read.
#[derive(Clone)]
pub(crate) struct Loaded {
    source: Arc<Source>,
    root: Option<Node>,
}

impl ManifestTask {
    /// Whether it is the same task of the same file with the same variables.
    fn is_same(&self, other: &ManifestTask) -> bool {
        let pairs = || self.layers.iter().zip(&other.layers);
        Arc::ptr_eq(&self.module.source, &other.module.source)
            && self.module.span == other.module.span
            && self.layers.len() == other.layers.len()
            && pairs().all(|((_, one), (_, two))| one.node.to_json() == two.node.to_json())
    }
}

impl Reader {
    /// Reads a file into a list of tasks, to which its include gives variables; its handlers join those of the play.
    pub(crate) fn included(&mut self, file: &Spot, given: Option<&Piece>) -> Option<Included> {
        self.within(file, |reader, loaded| {
            let Loaded { source, root } = loaded;
            let mut included = Included::default();
            match root.as_ref().map(|root| &root.kind) {
                Some(Kind::Seq(items)) if !reader.holds_plays(&source, items, file) => {
                    let entries = |reader: &mut Reader| reader.entries(&source, items);
                    included.entries = reader.giving(given.into_iter(), entries);
                }
                Some(Kind::Map(entries))
                    if !entries.iter().any(of_included) && !entries.is_empty() =>
                {
                    reader.no_tasks(&source, root.as_ref());
                }
                Some(Kind::Map(entries)) => included = reader.mapping(&source, entries, given),
                Some(Kind::Seq(_) | Kind::Broken) | None => {}
                Some(Kind::Scalar(_)) => reader.no_tasks(&source, root.as_ref()),
            }
            included
        })
    }

    /// A file with `vars`, `tasks` and `handlers`.
    fn mapping(
        &mut self,
        source: &Arc<Source>,
        entries: &[yaml::Entry],
        given: Option<&Piece>,
    ) -> Included {
        let mut included = Included::default();
        if let Some(entry) = entries.iter().find(|entry| &*entry.key.text == "vars") {
            let mut value = values::Value { source, entry, problems: &mut self.problems };
            included.vars = value.variables();
        }
        let vars = included.vars.clone();
        self.giving(vars.iter().chain(given), |reader| {
            for entry in entries {
                reader.key_of_included(source, entry, &mut included);
            }
        });
        included
    }

    /// Does something within a file that has these variables, weakest first: they reach its handlers too.
    fn giving<'p, T>(
        &mut self,
        vars: impl Iterator<Item = &'p Piece>,
        read: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let before = self.given.len();
        self.given.extend(vars.cloned());
        let done = read(self);
        self.given.truncate(before);
        done
    }

    /// Reads a file into a list of handlers.
    pub(crate) fn included_as_handlers(&mut self, file: &Spot) -> Vec<ManifestTask> {
        let read = self.within(file, |reader, Loaded { source, root }| {
            match root.as_ref().map(|root| &root.kind) {
                Some(Kind::Seq(items)) => reader.handler_items(&source, items),
                Some(Kind::Map(_) | Kind::Scalar(_)) => {
                    reader.no_tasks(&source, root.as_ref());
                    Vec::new()
                }
                Some(Kind::Broken) | None => Vec::new(),
            }
        });
        read.unwrap_or_default()
    }

    fn no_tasks(&mut self, source: &Arc<Source>, root: Option<&Node>) {
        if let Some(root) = root.filter(|root| !root.is_null()) {
            let message = format!("an included file is a list of tasks, found {}", root.describe());
            let hint = match &root.kind {
                Kind::Map(_) => {
                    "begin each task with `- `; a file of variables is named by `vars_files: [...]` of the play"
                }
                Kind::Scalar(_) | Kind::Seq(_) | Kind::Broken => {
                    "begin each task with `- name: ...` and write its module below"
                }
            };
            self.problems.push(Diagnostic::at(source, root.span, message).hint(hint));
        }
    }

    fn holds_plays(&mut self, source: &Arc<Source>, items: &[Node], file: &Spot) -> bool {
        let play = items.iter().find(|item| is_play(item));
        if play.is_some() {
            let message =
                format!("`{}` holds plays, and only tasks can be included", source.path.display());
            let hint = "include a file with a list of tasks, or push that file by itself";
            self.problems.push(file.problem(message).hint(hint));
        }
        play.is_some()
    }

    fn key_of_included(
        &mut self,
        source: &Arc<Source>,
        entry: &yaml::Entry,
        included: &mut Included,
    ) {
        let mut value = values::Value { source, entry, problems: &mut self.problems };
        match &*entry.key.text {
            "name" => drop(value.text()),
            // Read before all others.
            "vars" => {}
            "tasks" => included.entries = self.list(source, entry),
            "handlers" => {
                let mut handlers = self.handlers(source, entry);
                for handler in &mut handlers {
                    handler.layers =
                        self.given.iter().map(|vars| (Rank::Task, vars.clone())).collect();
                }
                // A file that is included again with the same variables brings nothing new.
                handlers.retain(|handler| !self.joining.iter().any(|other| other.is_same(handler)));
                self.joining.extend(handlers);
            }
            key => {
                let problem = match foreign::play_key(key) {
                    Some(foreign) => foreign.diagnostic(source, key, entry.key.span),
                    None => Diagnostic::at(
                        source,
                        entry.key.span,
                        format!("unknown key `{}` of an included file", yaml::shorten(key)),
                    )
                    .hint("it is a list of tasks, or has `vars`, `tasks` and `handlers`"),
                };
                self.problems.push(problem);
            }
        }
    }

    /// Does something with a file, within which it cannot be included again.
    fn within<T>(&mut self, file: &Spot, read: impl FnOnce(&mut Self, Loaded) -> T) -> Option<T> {
        let path = self.path_of(file)?;
        if let Some(problem) = self.cycle(file, &path) {
            self.problems.push(problem);
            return None;
        }
        let loaded = self.load(file, &path)?;
        self.chain.push(path);
        let done = read(self, loaded);
        self.chain.pop();
        Some(done)
    }

    fn path_of(&mut self, file: &Spot) -> Option<PathBuf> {
        if has_expression(&file.text) {
            let message = "the name of an included file must be known before the run";
            self.problems
                .push(file.problem(message).hint("include each possible file with its own `when`"));
            return None;
        }
        self.includes += 1;
        if self.includes > MAX_INCLUDES {
            let message = format!("files are included more than {MAX_INCLUDES} times");
            self.problems.push(file.problem(message).hint("include fewer files within others"));
            return None;
        }
        Some(Manifest::directory(&file.source).join(&file.text))
    }

    /// The chain of files that would never end.
    fn cycle(&self, file: &Spot, path: &Path) -> Option<Diagnostic> {
        let same = |other: &PathBuf| match (other.canonicalize(), path.canonicalize()) {
            (Ok(one), Ok(two)) => one == two,
            (_, _) => other == path,
        };
        let at = self.chain.iter().position(same)?;
        let files = self.chain.iter().skip(at).map(|path| path.display().to_string());
        let chain: Vec<String> = files.chain([path.display().to_string()]).collect();
        let message = format!("the file includes itself: {}", chain.join(" -> "));
        Some(file.problem(message).hint("remove one of these includes"))
    }

    fn load(&mut self, file: &Spot, path: &Path) -> Option<Loaded> {
        if let Some(loaded) = self.loaded.get(path) {
            return loaded.clone();
        }
        let loaded = match std::fs::metadata(path) {
            Err(error) => {
                let message = format!("cannot include `{}`: {}", path.display(), plain(&error));
                let hint = match file_like(path) {
                    Some(near) => format!("did you mean `{near}`, which is in the same directory?"),
                    None => "the path is relative to the file with the include".to_owned(),
                };
                self.problems.push(file.problem(message).hint(hint));
                None
            }
            Ok(_) => match Source::read(path) {
                Err(found) => {
                    self.problems.extend(found);
                    None
                }
                Ok(source) => {
                    let (root, problems) = yaml::parse(&source);
                    self.problems.extend(problems);
                    Some(Loaded { source, root })
                }
            },
        };
        self.loaded.insert(path.to_owned(), loaded.clone());
        loaded
    }
}
