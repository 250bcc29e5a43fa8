//! The module `lineinfile`: one line is there, or is not. Which line is replaced, and where a new one goes, is as in Ansible.

use super::file::edit::{Edit, Edited, Target, missing};
use crate::sys::SysError;
use hep_protocol::expression::{Anchors, Python, Replacement};
use hep_protocol::task::lineinfile::{ABOUT, Lineinfile};
use hep_protocol::task::{About, State};
use serde_json::json;

/// Which line is meant.
enum Search<'a> {
    Pattern(Python),
    Text(&'a str),
}

impl Search<'_> {
    fn finds(&self, line: &str) -> Result<bool, SysError> {
        match self {
            Self::Pattern(pattern) => matches(pattern, line),
            Self::Text(text) => Ok(line.contains(text)),
        }
    }

    /// Which lines it finds.
    fn among(&self, lines: &[&str]) -> Result<Vec<bool>, SysError> {
        lines.iter().map(|line| self.finds(line)).collect()
    }
}

/// Where a new line goes.
enum Place {
    Begin,
    End,
    After(Python),
    Before(Python),
}

impl Edit for Lineinfile {
    const ABOUT: &'static About = &ABOUT;
    const BACKUP: &'static str = "backup";

    fn target(&self) -> Target {
        let (path, attributes) = (self.path.clone(), self.attributes());
        Target { path, create: self.create, attributes }
    }

    fn edit(&self, old: Option<&str>) -> Result<Edited, SysError> {
        match (self.state, old) {
            (State::Present, Some(old)) => present(self, old),
            (State::Present, None) if self.create => present(self, ""),
            (State::Present, None) => Err(missing(&self.path, "add `create: true` to create it")),
            (State::Absent, Some(old)) => absent(self, old),
            (State::Absent, None) => {
                let message = "file not present".to_owned();
                Ok(Edited { message, ..Edited::default() })
            }
        }
    }
}

fn present(params: &Lineinfile, old: &str) -> Result<Edited, SysError> {
    let line = params.line.as_deref().unwrap_or_default();
    let mut lines: Vec<&str> = old.split_inclusive('\n').collect();
    let (search, place) = (search(params)?, place(params)?);
    let finds = search.as_ref().map_or(Ok(Vec::new()), |search| search.among(&lines))?;
    let mut found = finds.iter().zip(&lines).enumerate().filter(|(_, (finds, _))| **finds);
    let found = if params.firstmatch { found.next() } else { found.next_back() };
    let found = found.map(|(at, (_, line))| (at, *line));
    let (equal, spot) = match found {
        Some(_) => (None, None),
        None => survey(params, &lines, line, &place)?,
    };
    let new = filled(params, line, search.as_ref(), found.map(|(_, line)| line))?;
    let there = found.map(|(at, _)| at).or(equal);
    if let Some(there) = there.and_then(|at| lines.get_mut(at)) {
        let message = if *there == new { "" } else { "line replaced" };
        *there = &new;
        return Ok(edited(Some(lines.concat()), message.to_owned(), None));
    }
    let end = lines.len();
    let message = match (spot, &place) {
        // Without a match there is nothing to fill in.
        _ if params.backrefs => "",
        (_, Place::Begin) => insert(&mut lines, 0, &new),
        (Some(at), Place::After(_)) if is(lines.get(at), line) => "",
        (Some(at), _) => insert(&mut lines, at, &new),
        (None, _) => insert(&mut lines, end, &new),
    };
    Ok(edited(Some(lines.concat()), message.to_owned(), None))
}

fn absent(params: &Lineinfile, old: &str) -> Result<Edited, SysError> {
    let search = search(params)?;
    let lines: Vec<&str> = old.split_inclusive('\n').collect();
    let goes = match &search {
        Some(search) => search.among(&lines)?,
        None => {
            let line = params.line.as_deref().unwrap_or_default();
            lines.iter().map(|there| is(Some(there), line)).collect()
        }
    };
    let kept: Vec<&str> =
        lines.iter().zip(&goes).filter(|(_, goes)| !**goes).map(|(line, _)| *line).collect();
    let gone = lines.len() - kept.len();
    let message = if gone == 0 { String::new() } else { format!("{gone} line(s) removed") };
    Ok(edited(Some(kept.concat()), message, Some(gone)))
}

/// The last line that is there already, and where the line that is asked for would go.
fn survey(
    params: &Lineinfile,
    lines: &[&str],
    line: &str,
    place: &Place,
) -> Result<(Option<usize>, Option<usize>), SysError> {
    let (mut equal, mut spot) = (None, None);
    for (at, there) in lines.iter().enumerate() {
        let found = match place {
            _ if is(Some(there), line) => {
                equal = Some(at);
                continue;
            }
            Place::After(pattern) => matches(pattern, there)?.then_some(at + 1),
            Place::Before(pattern) => matches(pattern, there)?.then_some(at),
            Place::Begin | Place::End => None,
        };
        spot = found.or(spot);
        // The rest is not looked at, not even for the line.
        if found.is_some() && params.firstmatch {
            break;
        }
    }
    Ok((equal, spot))
}

/// The line with its end, and with the groups of what it replaces.
fn filled(
    params: &Lineinfile,
    line: &str,
    search: Option<&Search<'_>>,
    found: Option<&str>,
) -> Result<String, SysError> {
    let filled = match (search, found) {
        (Some(Search::Pattern(pattern)), Some(found)) if params.backrefs => {
            let replacement = Replacement::new(line, pattern).map_err(SysError::new)?;
            pattern.expand(found, &replacement).map_err(SysError::new)?.unwrap_or_default()
        }
        (Some(_) | None, _) => line.to_owned(),
    };
    Ok(if filled.ends_with('\n') { filled } else { filled + "\n" })
}

fn search(params: &Lineinfile) -> Result<Option<Search<'_>>, SysError> {
    let pattern = params.regexp.as_deref().map(pattern).transpose()?;
    let text = params.search_string.as_deref().map(Search::Text);
    Ok(pattern.map(Search::Pattern).or(text))
}

fn place(params: &Lineinfile) -> Result<Place, SysError> {
    Ok(match (params.insertafter.as_deref(), params.insertbefore.as_deref()) {
        (Some("BOF"), _) | (_, Some("BOF")) => Place::Begin,
        (Some("EOF"), _) | (None, None) => Place::End,
        (Some(after), _) => Place::After(pattern(after)?),
        (None, Some(before)) => Place::Before(pattern(before)?),
    })
}

/// The result. As in Ansible, the name of the backup is empty if there is none.
fn edited(text: Option<String>, message: String, found: Option<usize>) -> Edited {
    let found = found.map(|found| ("found", json!(found)));
    let data = [("backup", json!(""))].into_iter().chain(found).collect();
    Edited { text, message, data, ..Edited::default() }
}

fn pattern(written: &str) -> Result<Python, SysError> {
    Python::new(written, Anchors::Line).map_err(SysError::new)
}

fn matches(pattern: &Python, line: &str) -> Result<bool, SysError> {
    pattern.is_match(line).map_err(SysError::new)
}

/// Whether a line of the file says this, however it ends.
fn is(there: Option<&&str>, line: &str) -> bool {
    there.is_some_and(|there| there.trim_end_matches(['\r', '\n']) == line)
}

/// Inserts a line. The line before it gets an end if it has none.
fn insert<'a>(lines: &mut Vec<&'a str>, at: usize, line: &'a str) -> &'static str {
    let before = at.checked_sub(1).and_then(|before| lines.get(before));
    let open = before.is_some_and(|before| !before.ends_with(['\r', '\n']));
    let new = [open.then_some("\n"), Some(line)];
    lines.splice(at..at, new.into_iter().flatten());
    "line added"
}

#[cfg(test)]
mod tests;
