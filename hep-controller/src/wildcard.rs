//! Names of files with parts that only a host knows, and the files of this machine that fit them.

use hep_protocol::expression::{Language, Scope};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io;
use std::path::{Component, Path};
use std::sync::Arc;

/// How many paths are followed at a time.
const MAX_MATCHES: usize = 1024;

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
    /// A name that is known.
    pub(crate) fn exactly(name: &str) -> Pattern {
        Pattern(vec![Part::Text(name.to_owned())])
    }

    /// A text's parts, each expression evaluated by itself; nothing for one with statements in it.
    pub(crate) fn of_text(
        language: &Language,
        text: &str,
        scope: &Arc<dyn Scope>,
    ) -> Option<Pattern> {
        parts_of(language, text, scope).map(Pattern)
    }

    /// Whether it stays where it begins, or begins at a directory that is known.
    pub(crate) fn is_narrow(&self) -> bool {
        !climbs(&self.shown())
            || matches!(self.0.first(), Some(Part::Text(text)) if text.starts_with('/'))
    }

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
    pub(crate) fn matches(&self, directory: &Path) -> Vec<String> {
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
                if next.len() > MAX_MATCHES {
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

/// Whether a path leads out of where it begins; such a pattern could list the whole machine.
pub(crate) fn climbs(text: &str) -> bool {
    Path::new(text).components().any(|part| part == Component::ParentDir)
}

/// A text's parts, each expression evaluated by itself; nothing for one with statements in it.
fn parts_of(language: &Language, text: &str, scope: &Arc<dyn Scope>) -> Option<Vec<Part>> {
    if text.contains("{%") {
        return None;
    }
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some((before, inner)) = rest.split_once("{{") {
        let (expression, after) = inner.split_once("}}")?;
        push_text(&mut parts, before);
        match language.text(&format!("{{{{{expression}}}}}"), scope) {
            Ok(Value::String(text)) => push_text(&mut parts, &text),
            Ok(other) => push_text(&mut parts, &other.to_string()),
            Err(_) if parts.last() == Some(&Part::Unknown) => {}
            Err(_) => parts.push(Part::Unknown),
        }
        rest = after;
    }
    push_text(&mut parts, rest);
    Some(parts)
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    match parts.last_mut() {
        _ if text.is_empty() => {}
        Some(Part::Text(before)) => before.push_str(text),
        Some(Part::Unknown) | None => parts.push(Part::Text(text.to_owned())),
    }
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
