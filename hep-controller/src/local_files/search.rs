//! The local files that tasks name: found beside the file that names them, read and hashed once.

use super::contents::Contents;
use super::tree::{self, Links, Trouble};
use crate::ast::{Home, Manifest, ManifestTask, Piece};
use crate::diagnostic::Diagnostics;
use crate::source::{Source, plain};
use crate::wildcard::Pattern;
use hep_protocol::blob;
use hep_protocol::decode::expanded;
use std::borrow::Cow;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

/// Where a relative `src` is looked for, in this order: beside the file that names it, beside the manifest, here.
#[derive(Clone, Debug)]
pub(crate) struct SearchPath {
    pub(crate) beside_manifest: PathBuf,
    pub(crate) working_directory: PathBuf,
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

    /// The places a name may mean; one, if they are the same.
    fn candidates(&self, from: &From<'_>, main: &Source, written: &str) -> Vec<PathBuf> {
        let mut all = Vec::new();
        for directory in self.directories(from, main) {
            let path = directory.join(written);
            if !all.contains(&path) {
                all.push(path);
            }
        }
        all
    }

    fn directories<'d>(&'d self, from: &'d From<'_>, main: &Source) -> Vec<Cow<'d, Path>> {
        let rest = [&self.beside_manifest, &self.working_directory].map(|path| path.as_path());
        match from {
            From::File(file) if std::ptr::eq(*file, main) => rest.map(Cow::from).into(),
            From::File(file) => {
                let beside_file = self.working_directory.join(Manifest::directory(file));
                [Cow::from(beside_file)].into_iter().chain(rest.map(Cow::from)).collect()
            }
            From::Home { home, kind } => {
                let both = |root: &PathBuf| {
                    let root = self.working_directory.join(root);
                    [root.join(kind).into(), root.into()]
                };
                home.roots.iter().flat_map(both).collect()
            }
        }
    }
}

/// From where relative names of local files begin.
#[derive(Clone, Copy)]
pub(crate) enum From<'f> {
    /// Beside the file that names them.
    File(&'f Source),
    /// In the directories of a playbook or role, each with its directory of this kind, `files` or `templates`, first.
    Home { home: &'f Home, kind: &'static str },
}

impl<'f> From<'f> {
    /// Where a task's names begin.
    pub(crate) fn of(task: &'f ManifestTask) -> From<'f> {
        match &task.origin.home {
            Some(home) => {
                let kind = if task.template().is_some() { "templates" } else { "files" };
                From::Home { home, kind }
            }
            None => From::File(&task.module.source),
        }
    }
}

/// How many files one text with unknown parts may stand for.
const MAX_MATCHES: usize = 256;

/// What was found so far, for all tasks.
pub(crate) struct Sources<'s> {
    search: &'s SearchPath,
    main: &'s Source,
    /// A manifest may name one large tree many times.
    seen: HashMap<PathBuf, blob::Source>,
    pub(crate) contents: Contents,
}

/// A local file that a text stands for.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    /// What the host will look up.
    pub(crate) written: String,
    pub(crate) path: PathBuf,
    pub(crate) source: blob::Source,
}

impl<'s> Sources<'s> {
    pub(crate) fn new(search: &'s SearchPath, main: &'s Source) -> Sources<'s> {
        Sources { search, main, seen: HashMap::new(), contents: Contents::default() }
    }

    /// Finds what a text names, and reads it.
    ///
    /// # Errors
    /// It is not there, or cannot be sent.
    pub(crate) fn find(&mut self, from: From<'_>, written: &str) -> Result<Local, Vec<Trouble>> {
        let search = self.search;
        let home = |user: &str| user.is_empty().then(|| std::env::var("HOME").ok()).flatten();
        let at_home = match from {
            From::Home { .. } => expanded(written, &home).ok().flatten(),
            From::File(_) => None,
        };
        for directory in search.directories(&from, self.main) {
            // An absolute path stays what it is.
            let path = directory.join(at_home.as_deref().unwrap_or(written));
            if let Some(source) = self.read(from, &path)? {
                return Ok(Local { written: written.to_owned(), path, source });
            }
        }
        Err(vec![missing(written, &search.candidates(&from, self.main, written))])
    }

    fn read(&mut self, from: From<'_>, path: &Path) -> Result<Option<blob::Source>, Vec<Trouble>> {
        if let Some(source) = self.seen.get(path) {
            return Ok(Some(source.clone()));
        }
        match std::fs::metadata(path) {
            Ok(metadata) => {
                let links = match from {
                    From::File(_) => Links::Kept,
                    From::Home { .. } => Links::Followed,
                };
                let source = tree::read(path, &metadata, links, &mut self.contents)?;
                self.seen.insert(path.to_owned(), source.clone());
                Ok(Some(source))
            }
            Err(error) if is_absence(&error) => Ok(None),
            Err(error) => {
                let path = path.display();
                let message = format!("cannot look at `{path}`: {}", plain(&error));
                Err(vec![Trouble::new(message)])
            }
        }
    }

    /// Finds all files that a text may name whose parts between these pieces are not known.
    ///
    /// # Errors
    /// None is there, too many are, or one cannot be sent.
    pub(crate) fn find_all(
        &mut self,
        from: From<'_>,
        pattern: &Pattern,
    ) -> Result<Vec<Local>, Vec<Trouble>> {
        let text = pattern.shown();
        let mut found: Vec<Local> = Vec::new();
        for path in self.search.candidates(&from, self.main, "") {
            for written in pattern.matches(&path) {
                // Of two files by one name the host would get the first.
                if !found.iter().any(|local| local.written == written) {
                    let whole = path.join(&written);
                    if let Some(source) = self.read(from, &whole)? {
                        found.push(Local { written, path: whole, source });
                    }
                }
                if found.len() > MAX_MATCHES {
                    return Err(vec![Trouble {
                        message: format!("more than {MAX_MATCHES} files match `{text}`"),
                        hint: Some("put the possible files into a directory of their own".into()),
                    }]);
                }
            }
        }
        if found.is_empty() {
            let sought = self.search.candidates(&from, self.main, &text);
            let sought: Vec<String> =
                sought.iter().map(|path| format!("`{}`", path.display())).collect();
            return Err(vec![Trouble {
                message: format!("no file matches `{text}`: searched {}", sought.join(", ")),
                hint: Some(
                    "`*` stands for what the host decides: the files it may request must exist"
                        .into(),
                ),
            }]);
        }
        Ok(found)
    }
}

/// Troubles with a source as mistakes at the value that names it.
pub(crate) fn at_place(piece: &Piece, troubles: Vec<Trouble>) -> Diagnostics {
    let mut problems = Diagnostics::default();
    for Trouble { message, hint } in troubles {
        problems.push(piece.problem(message).with(hint));
    }
    problems
}

/// Nothing is there; also where a file stands in place of a directory on the way.
fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn missing(written: &str, candidates: &[PathBuf]) -> Trouble {
    let shown: Vec<String> =
        candidates.iter().map(|path| format!("`{}`", path.display())).collect();
    match shown.as_slice() {
        [one, others @ .., last] => {
            let middle: String = others.iter().map(|path| format!(", {path}")).collect();
            let message =
                format!("`{written}` is not there: neither {one}{middle} nor {last} exists");
            let hint = "a relative path starts next to the manifest, else in the working directory";
            Trouble { message, hint: Some(hint.into()) }
        }
        [] | [_] => {
            let absolute = Path::new(written).is_absolute();
            let message = match shown.first() {
                Some(path) if !absolute => {
                    format!("`{written}` is not there: {path} does not exist")
                }
                Some(_) | None => format!("`{written}` does not exist on this machine"),
            };
            let hint = if absolute {
                "it names a file or directory on this machine, not on the host"
            } else {
                "it is a path on this machine, next to the manifest, and not on the host"
            };
            Trouble { message, hint: Some(hint.into()) }
        }
    }
}
