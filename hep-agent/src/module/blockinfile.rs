//! The module `blockinfile`: lines between two marks are there, or are not. Where a new block goes is as in Ansible.

use super::file::edit::{Edit, Edited, Target, missing};
use crate::sys::SysError;
use hep_protocol::expression::{Anchors, Python};
use hep_protocol::task::blockinfile::{ABOUT, Blockinfile};
use hep_protocol::task::{About, State};

impl Edit for Blockinfile {
    const ABOUT: &'static About = &ABOUT;

    fn target(&self) -> Target {
        let (path, attributes) = (self.path.clone(), self.attributes());
        Target { path, create: self.create, attributes }
    }

    fn edit(&self, old: Option<&str>) -> Result<Edited, SysError> {
        match (old, self.state) {
            (None, _) if !self.create => {
                Err(missing(&self.path, "add `create: true` to create it"))
            }
            (None, State::Absent) => {
                let message = format!("File {} not present", self.path);
                Ok(Edited { message, ..Edited::default() })
            }
            (Some(_), _) | (None, State::Present) => arrange(self, old),
        }
    }
}

fn arrange(params: &Blockinfile, old: Option<&str>) -> Result<Edited, SysError> {
    let (begin, end) = (params.mark(&params.marker_begin), params.mark(&params.marker_end));
    let text = old.unwrap_or_default();
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let last = |mark: &str| lines.iter().rposition(|line| *line == mark);
    let mut at = match (last(&begin), last(&end)) {
        (Some(one), Some(other)) => {
            let (from, to) = (one.min(other), one.max(other));
            lines.drain(from..=to);
            from
        }
        (None, _) | (_, None) => spot(params, text, &lines)?,
    };
    let block = match params.state {
        State::Present => block_lines(params, &begin, &end),
        State::Absent => Vec::new(),
    };
    let above = at.checked_sub(1).and_then(|above| lines.get(above).copied());
    if above.is_some_and(|above| !above.ends_with('\n')) {
        lines.insert(at, "\n");
        // It ends the line above, and is none by itself.
        at += 1;
    }
    let is_present = params.state == State::Present;
    if params.prepend_newline && is_present && above.is_some_and(|above| above != "\n") {
        lines.insert(at, "\n");
        at += 1;
    }
    let below = at + block.len();
    lines.splice(at..at, block.iter().copied());
    if params.append_newline && is_present && lines.get(below).is_some_and(|line| *line != "\n") {
        lines.insert(below, "\n");
    }
    let new = lines.concat();
    let message = match old {
        None => "File created",
        Some(old) if old == new => "",
        Some(_) if block.is_empty() => "Block removed",
        Some(_) => "Block inserted",
    };
    Ok(Edited { text: Some(new), message: message.to_owned(), ..Edited::default() })
}

/// The block with its marks, each line with its end; nothing for an empty one.
fn block_lines<'a>(params: &'a Blockinfile, begin: &'a str, end: &'a str) -> Vec<&'a str> {
    if params.block.is_empty() {
        return Vec::new();
    }
    let open = (!params.block.ends_with('\n')).then_some("\n");
    [begin, &params.block].into_iter().chain(open).chain([end]).collect()
}

/// Where a block goes that is not there yet: before which line.
fn spot(params: &Blockinfile, text: &str, lines: &[&str]) -> Result<usize, SysError> {
    let (written, is_after) = match (params.insertafter.as_deref(), params.insertbefore.as_deref())
    {
        (Some("EOF"), _) | (None, None) => return Ok(lines.len()),
        (None, Some("BOF")) => return Ok(0),
        (Some(after), _) => (after, true),
        (None, Some(before)) => (before, false),
    };
    let pattern = |anchors| Python::new(written, anchors).map_err(SysError::new);
    let found = if Python::is_multiline(written) {
        let found = pattern(Anchors::Text)?.find(text).map_err(SysError::new)?;
        let place = found.map(|found| if is_after { found.end } else { found.start });
        place.map(|place| text.get(..place).unwrap_or_default().matches('\n').count())
    } else {
        let pattern = pattern(Anchors::Line)?;
        let matches = lines.iter().map(|line| pattern.is_match(line));
        let matches: Vec<bool> = matches.collect::<Result<_, _>>().map_err(SysError::new)?;
        matches.iter().rposition(|matches| *matches)
    };
    let spot = found.map_or(lines.len(), |found| found + usize::from(is_after));
    Ok(spot.min(lines.len()))
}

#[cfg(test)]
mod tests;
