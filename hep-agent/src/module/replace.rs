//! The module `replace`: what a pattern matches is something else, everywhere in a file or in a part of it.

use super::file::edit::{Edit, Edited, Target, missing};
use crate::sys::SysError;
use hep_protocol::expression::{Anchors, Python, Replacement};
use hep_protocol::task::About;
use hep_protocol::task::replace::{ABOUT, Replace};
use serde_json::{Value, json};

/// The group that stands for the part of the file.
const PART: &str = "subsection";

impl Edit for Replace {
    const ABOUT: &'static About = &ABOUT;

    fn target(&self) -> Target {
        let (path, attributes) = (self.path.clone(), self.attributes());
        Target { path, create: false, attributes }
    }

    fn edit(&self, old: Option<&str>) -> Result<Edited, SysError> {
        let hint = "write it in an earlier task, with `file`";
        let old = old.ok_or_else(|| missing(&self.path, hint))?;
        let pattern = |written: &str, anchors| Python::new(written, anchors);
        let part = match part(self) {
            Some(part) => {
                let part_of = pattern(&part, Anchors::Text).and_then(|part| part.group(old, PART));
                match part_of.map_err(SysError::new)? {
                    Some(found) => found,
                    None => return Ok(untouched(&part)),
                }
            }
            None => 0..old.len(),
        };
        let pattern = pattern(&self.regexp, Anchors::Lines).map_err(SysError::new)?;
        let replacement = Replacement::new(&self.replace, &pattern).map_err(SysError::new)?;
        let section = old.get(part.clone()).unwrap_or_default();
        let (new, count) = pattern.replace_all(section, &replacement).map_err(SysError::new)?;
        let is_new = count > 0 && new != section;
        let message = if is_new { format!("{count} replacements made") } else { String::new() };
        let before = old.get(..part.start).unwrap_or_default();
        let after = old.get(part.end..).unwrap_or_default();
        Ok(Edited {
            text: Some([before, &new, after].concat()),
            message,
            data: data(),
            ..Edited::default()
        })
    }
}

/// What finds the part of the file in which matches are replaced.
fn part(params: &Replace) -> Option<String> {
    let given = |written: &Option<String>| written.clone().filter(|text| !text.is_empty());
    Some(match (given(&params.after), given(&params.before)) {
        (Some(after), Some(before)) => format!("(?s){after}(?P<{PART}>.*?){before}"),
        (Some(after), None) => format!("(?s){after}(?P<{PART}>.*)"),
        (None, Some(before)) => format!("(?s)(?P<{PART}>.*){before}"),
        (None, None) => return None,
    })
}

/// The field that scripts look at.
fn data() -> Vec<(&'static str, Value)> {
    vec![("rc", json!(0))]
}

/// The file as it is, for want of the part that was named.
fn untouched(part: &str) -> Edited {
    let written = part.strip_prefix("(?s)").unwrap_or(part);
    let message =
        format!("Pattern for before/after params did not match the given file: {written}");
    let notes = vec!["nothing is replaced: `after` and `before` match nothing".to_owned()];
    Edited { message, notes, data: data(), ..Edited::default() }
}

#[cfg(test)]
mod tests;
