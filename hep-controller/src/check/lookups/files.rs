//! Listings, and tests and filters that look at this machine's files.

use super::{Answer, expanded, text_of, wrong};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// What `is file`, `| realpath` and their kin say; nothing of any other.
pub(super) fn judged(name: &str, terms: &[Value]) -> Option<Answer> {
    let path = expanded(&terms.first().map(text_of).unwrap_or_default());
    let inode = |path: &Path| fs::metadata(path).ok().map(|about| (about.dev(), about.ino()));
    let found = match name {
        "is file" => Value::from(path.is_file()),
        "is directory" => Value::from(path.is_dir()),
        "is exists" => Value::from(path.exists()),
        "is link" => Value::from(path.is_symlink()),
        "is link_exists" => Value::from(fs::symlink_metadata(&path).is_ok()),
        "is mount" => {
            let above = path.join("..");
            let device = |path: &Path| fs::metadata(path).ok().map(|about| about.dev());
            let own = inode(&path).is_some() && inode(&path) == inode(&above);
            Value::from(!path.is_symlink() && (own || device(&path) != device(&above)))
        }
        "is same_file" => {
            let other = expanded(&terms.get(1).map(text_of).unwrap_or_default());
            Value::from(inode(&path).is_some() && inode(&path) == inode(&other))
        }
        "| expanduser" => Value::from(path.display().to_string()),
        "| expandvars" => Value::from(expanded_variables(&path.display().to_string())),
        "| realpath" => {
            let real = fs::canonicalize(&path).or_else(|_| std::path::absolute(&path));
            match real {
                Ok(real) => Value::from(super::tidied(&real).display().to_string()),
                Err(error) => {
                    let why = crate::source::plain(&error);
                    return Some(Err(wrong(format!("`realpath` of `{}`: {why}", path.display()))));
                }
            }
        }
        "| fileglob" => {
            return Some(Ok(vec![Value::from(listed(&path))]));
        }
        _ => return None,
    };
    Some(Ok(vec![found]))
}

/// A text with the environment's values in place of `$NAME` and `${NAME}`; what is not set stays as it is.
fn expanded_variables(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let after = from.get(1..).unwrap_or_default();
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let braced = after.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let bare = after.split_at(after.find(|c| !is_part(c)).unwrap_or(after.len()));
        let (name, tail) = braced.unwrap_or(bare);
        match std::env::var(name) {
            Ok(value) if !name.is_empty() => out.push_str(&value),
            Ok(_) | Err(_) => {
                out.push_str(from.get(..from.len() - tail.len()).unwrap_or_default());
            }
        }
        rest = tail;
    }
    out + rest
}

/// The files whose last name fits the pattern's, in order.
pub(super) fn listed(pattern: &Path) -> Vec<String> {
    let name = pattern.file_name().map(|name| name.to_string_lossy().into_owned());
    let (Some(name), Some(directory)) = (name, pattern.parent()) else { return Vec::new() };
    let Ok(listing) = fs::read_dir(directory) else { return Vec::new() };
    let name: Vec<char> = name.chars().collect();
    let mut found: Vec<String> = listing
        .filter_map(Result::ok)
        .filter(|item| item.path().is_file())
        .filter_map(|item| item.file_name().into_string().ok())
        .filter(|found| !found.starts_with('.') || name.first() == Some(&'.'))
        .filter(|found| fits(&name, &found.chars().collect::<Vec<_>>()))
        .map(|found| super::tidied(&directory.join(found)).display().to_string())
        .collect();
    found.sort_unstable();
    found
}

/// Whether a name fits a shell's pattern: `*`, `?`, `[a-z]`, `[!a]`.
fn fits(pattern: &[char], name: &[char]) -> bool {
    match (pattern, name) {
        ([], []) => true,
        (['*', rest @ ..], name) => {
            fits(rest, name) || name.split_first().is_some_and(|(_, tail)| fits(pattern, tail))
        }
        (['?', rest @ ..], [_, tail @ ..]) => fits(rest, tail),
        (['[', rest @ ..], [first, tail @ ..]) => {
            let end = rest.iter().skip(1).position(|c| *c == ']').map(|at| at + 1);
            match end {
                Some(end) => {
                    let (inside, after) = rest.split_at(end);
                    let (negated, inside) = match inside {
                        ['!', inside @ ..] => (true, inside),
                        inside => (false, inside),
                    };
                    in_class(inside, *first) != negated
                        && fits(after.get(1..).unwrap_or_default(), tail)
                }
                None => *first == '[' && fits(rest, tail),
            }
        }
        ([c, rest @ ..], [first, tail @ ..]) => c == first && fits(rest, tail),
        _ => false,
    }
}

fn in_class(inside: &[char], c: char) -> bool {
    match inside {
        [from, '-', to, rest @ ..] => (*from..=*to).contains(&c) || in_class(rest, c),
        [one, rest @ ..] => *one == c || in_class(rest, c),
        [] => false,
    }
}
