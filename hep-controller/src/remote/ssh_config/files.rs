//! Whether `ssh` could read its files to their ends: a pipe or a device among them would hold it, and hep with it.

use super::super::{Destination, Problem};
use super::{Asking, SshConfig, words_of};
use crate::open;
use crate::source::plain;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Looks at the file that is named, or else the user's, and at what it includes. What is missing, or may not be read, is
/// for `ssh` to say.
pub(super) fn check(asking: &Asking<'_>, said: &Destination) -> Result<(), Problem> {
    let below = asking.home.map(|home| home.join(".ssh"));
    let named = said.arguments.windows(2).filter_map(|pair| match pair {
        [option, file] if option == "-F" => Some(PathBuf::from(file)),
        _ => None,
    });
    let mut open: Vec<PathBuf> = named.collect();
    open.extend(match asking.config {
        SshConfig::None => None,
        SshConfig::File(file) => Some(file.clone()),
        SshConfig::Usual => below.as_ref().map(|below| below.join("config")),
    });
    let mut seen = BTreeSet::new();
    while let Some(path) = open.pop() {
        if path == Path::new("/dev/null") || !seen.insert(path.clone()) {
            continue;
        }
        match open::regular(&path).and_then(|_| open::whole(&path)) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                let patterns = text.lines().flat_map(included);
                open.extend(patterns.flat_map(|pattern| found(&pattern, asking, below.as_deref())));
            }
            Err(error)
                if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::FileTooLarge) =>
            {
                let what = format!("ssh_config cannot be `{}`: {}", path.display(), plain(&error));
                let hint = "name a file; `--ssh-config none` ignores ssh_config";
                return Err(Problem::new(what).with_hint(hint));
            }
            Err(_) => {}
        }
    }
    Ok(())
}

/// The patterns of a line with `Include` (ssh_config(5)).
fn included(line: &str) -> Vec<String> {
    let line = line.trim_start();
    let end = line.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(line.len());
    let (keyword, rest) = line.split_at(end);
    if keyword.eq_ignore_ascii_case("include") {
        words_of(rest.trim_start_matches([' ', '\t', '='])).unwrap_or_default()
    } else {
        Vec::new()
    }
}

/// The files of a pattern, by what stands before and after its wildcards.
fn found(pattern: &str, asking: &Asking<'_>, below: Option<&Path>) -> Vec<PathBuf> {
    let path = match (pattern.strip_prefix("~/"), asking.home, below) {
        (Some(rest), Some(home), _) => home.join(rest),
        (_, _, Some(below)) => below.join(pattern),
        (_, _, None) => PathBuf::from(pattern),
    };
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let wild = ['*', '?', '['];
    let (Some(from), Some(to)) = (name.find(wild), name.rfind(['*', '?', ']'])) else {
        return vec![path];
    };
    let (head, tail) =
        (name.get(..from).unwrap_or_default(), name.get(to + 1..).unwrap_or_default());
    let entries = path.parent().and_then(|directory| directory.read_dir().ok());
    let fits = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy());
        name.is_some_and(|name| name.starts_with(head) && name.ends_with(tail))
    };
    entries.into_iter().flatten().flatten().map(|entry| entry.path()).filter(fits).collect()
}
