//! The lists of cases that are known not to be equal: what hep cannot do yet, and what differs on purpose.
//!
//! Each line is `CATEGORY/NAME: reason`. A test requires the first list to be exact, so that it shrinks.

use crate::error::{Doing as _, Error, Result};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// What hep cannot do yet.
pub const NOT_YET: &str = "not-yet.txt";

/// What differs on purpose.
pub const DIFFERENT: &str = "different.txt";

/// The cases of a list, with their reasons.
pub fn read(root: &Path, name: &str) -> Result<BTreeMap<String, String>> {
    let path = root.join(name);
    let text = fs::read_to_string(&path).doing(|| format!("read {}", path.display()))?;
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let entry = |line: &str| {
        let (id, reason) = line
            .split_once(": ")
            .ok_or_else(|| Error::new(format!("{}: `{line}` has no reason", path.display())))?;
        Ok((id.to_owned(), reason.to_owned()))
    };
    lines.map(entry).collect()
}

/// Writes a list, with the comment that its file begins with.
pub fn write(root: &Path, name: &str, list: &BTreeMap<String, String>) -> Result<()> {
    let path = root.join(name);
    let text = fs::read_to_string(&path).unwrap_or_default();
    let comment = text.lines().take_while(|line| line.starts_with('#') || line.is_empty());
    let comment: String = comment.map(|line| format!("{line}\n")).collect();
    let lines: String = list.iter().map(|(id, reason)| format!("{id}: {reason}\n")).collect();
    fs::write(&path, comment + &lines).doing(|| format!("write {}", path.display()))
}
