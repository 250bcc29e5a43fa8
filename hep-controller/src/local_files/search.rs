//! The local files that tasks name: found beside the file that names them, read and hashed once.

use super::contents::Contents;
use super::tree::{self, Trouble};
use crate::ast::{Manifest, Piece};
use crate::diagnostic::Diagnostics;
use crate::source::{Source, plain};
use hep_protocol::blob;
use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::{Component, Path, PathBuf};

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

    /// The places a text in a file may mean; one, if they are the same.
    fn candidates(&self, file: &Source, main: &Source, written: &str) -> Vec<PathBuf> {
        let mut all = Vec::new();
        let beside_file = self.working_directory.join(Manifest::directory(file));
        let main_file = std::ptr::eq(file, main);
        let first = (!main_file).then_some(&beside_file);
        let rest = [&self.beside_manifest, &self.working_directory];
        for directory in first.into_iter().chain(rest) {
            let path = directory.join(written);
            if !all.contains(&path) {
                all.push(path);
            }
        }
        all
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
    pub(crate) fn find(&mut self, file: &Source, written: &str) -> Result<Local, Vec<Trouble>> {
        let candidates = self.search.candidates(file, self.main, written);
        for path in &candidates {
            if let Some(source) = self.read(path)? {
                let written = written.to_owned();
                return Ok(Local { written, path: path.clone(), source });
            }
        }
        Err(vec![missing(written, &candidates)])
    }

    fn read(&mut self, path: &Path) -> Result<Option<blob::Source>, Vec<Trouble>> {
        if let Some(source) = self.seen.get(path) {
            return Ok(Some(source.clone()));
        }
        match std::fs::metadata(path) {
            Ok(metadata) => {
                let source = tree::read(path, &metadata, &mut self.contents)?;
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
        file: &Source,
        pattern: &Pattern,
    ) -> Result<Vec<Local>, Vec<Trouble>> {
        let text = pattern.shown();
        let mut found: Vec<Local> = Vec::new();
        for path in self.search.candidates(file, self.main, "") {
            for written in pattern.matches(&path) {
                // Of two files by one name the host would get the first.
                if !found.iter().any(|local| local.written == written) {
                    let whole = path.join(&written);
                    if let Some(source) = self.read(&whole)? {
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
            let sought = self.search.candidates(file, self.main, &text);
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

/// A relative path with parts that only the host knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Pattern(pub(crate) Vec<Part>);

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Part {
    Text(String),
    /// Anything but a slash.
    Unknown,
}

impl Pattern {
    /// With `*` for what is not known.
    pub(crate) fn shown(&self) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Unknown => "*".to_owned(),
        };
        self.0.iter().map(part).collect()
    }

    /// Whether anything is known at all.
    pub(crate) fn says_something(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Text(text) if text.contains(|c| c != '/')))
    }

    /// The path's components, each in its parts.
    fn components(&self) -> Vec<Vec<Part>> {
        let mut components = vec![Vec::new()];
        for part in &self.0 {
            match part {
                Part::Unknown => {
                    components.last_mut().into_iter().for_each(|c| c.push(Part::Unknown))
                }
                Part::Text(text) => {
                    for (number, piece) in text.split('/').enumerate() {
                        if number > 0 {
                            components.push(Vec::new());
                        }
                        if let Some(last) = components.last_mut().filter(|_| !piece.is_empty()) {
                            last.push(Part::Text(piece.to_owned()));
                        }
                    }
                }
            }
        }
        components
    }

    /// The relative (or absolute) paths below a directory that it stands for, in order.
    fn matches(&self, directory: &Path) -> Vec<String> {
        let mut found = vec![String::new()];
        let components = self.components();
        let count = components.len();
        for (number, component) in components.iter().enumerate() {
            let separator = if number + 1 < count { "/" } else { "" };
            let mut next = Vec::new();
            for before in &found {
                match component.as_slice() {
                    [] => next.push(format!("{before}{separator}")),
                    [Part::Text(name)] => next.push(format!("{before}{name}{separator}")),
                    parts => {
                        let names = names_in(&directory.join(before));
                        let fitting = names.into_iter().filter(|name| fits(parts, name));
                        next.extend(fitting.map(|name| format!("{before}{name}{separator}")));
                    }
                }
                if next.len() > 4 * MAX_MATCHES {
                    break;
                }
            }
            found = next;
        }
        found.retain(|path| directory.join(path).exists());
        found
    }
}

fn names_in(directory: &Path) -> Vec<String> {
    let Ok(listed) = std::fs::read_dir(directory) else { return Vec::new() };
    let name = |item: io::Result<std::fs::DirEntry>| item.ok()?.file_name().into_string().ok();
    let mut names: Vec<String> = listed.filter_map(name).collect();
    names.sort_unstable();
    names
}

/// Whether a name consists of the parts, with one character or more for each that is unknown.
fn fits(parts: &[Part], name: &str) -> bool {
    // Where in the name the parts so far may end.
    let mut ends = BTreeSet::from([0]);
    for part in parts {
        ends = match part {
            Part::Text(text) => {
                let rest = |at: usize| name.get(at..).unwrap_or_default();
                let fitting = ends.into_iter().filter(|at| rest(*at).starts_with(text.as_str()));
                fitting.map(|at| at + text.len()).collect()
            }
            Part::Unknown => {
                let first = ends.first().copied().unwrap_or(name.len());
                let starts = name.char_indices().map(|(at, _)| at).chain([name.len()]);
                starts.filter(|at| *at > first).collect()
            }
        };
    }
    ends.contains(&name.len())
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

/// Whether a path leads out of where it begins; such a pattern could list the whole machine.
pub(crate) fn climbs(text: &str) -> bool {
    Path::new(text).components().any(|part| part == Component::ParentDir)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(parts: &[&str], expected: &[&str]) {
        let directory = tempfile::tempdir().unwrap();
        for path in [
            "files/bookworm.conf",
            "files/trixie.conf",
            "files/other",
            "a/x/site",
            "b/x/site",
            "b/y",
        ] {
            let path = directory.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let part =
            |part: &&str| if *part == "*" { Part::Unknown } else { Part::Text((*part).to_owned()) };
        let pattern = Pattern(parts.iter().map(part).collect());
        assert_eq!(pattern.matches(directory.path()), expected);
    }

    #[test]
    fn unknown_parts_stand_for_what_is_there() {
        check(&["files/", "*", ".conf"], &["files/bookworm.conf", "files/trixie.conf"]);
        check(&["*", "/x/site"], &["a/x/site", "b/x/site"]);
        check(
            &["*", "/", "*"],
            &["a/x", "b/x", "b/y", "files/bookworm.conf", "files/other", "files/trixie.conf"],
        );
        check(&["files/b", "*", "m.conf"], &["files/bookworm.conf"]);
        check(&["none/", "*"], &[]);
        check(&["files/", "*", "o", "*", "o", "*"], &["files/bookworm.conf"]);
    }

    #[test]
    fn many_unknown_parts_of_a_long_name_are_decided_at_once() {
        let mut parts = Vec::new();
        for _ in 0..120 {
            parts.extend([Part::Unknown, Part::Text("a".to_owned())]);
        }
        parts.push(Part::Text("b".to_owned()));
        assert!(!fits(&parts, &"a".repeat(250)));
    }
}
