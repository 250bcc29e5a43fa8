//! The text diff of a file's old and new content.

use super::unified::unified;
use crate::sys::files::{Content, FileKind, Meta, Place, Seen};
use crate::sys::{Observe, SysError};
use hep_protocol::value::AbsPath;

/// The largest content that is shown, in bytes.
const LIMIT: u64 = 64 * 1024;

/// How much is read for the diffs of one task, in bytes: a tree may have any number of files.
pub(super) const BUDGET: u64 = 1024 * 1024;

/// The two contents, or why they are not shown.
#[derive(Debug)]
pub(super) enum Texts {
    Both { old: Option<String>, new: String },
    Left { why: &'static str },
}

impl Texts {
    /// Reads both, if they are short enough and text. What is read is taken from the task's budget.
    pub(super) fn read(
        host: &dyn Observe,
        place: &Place,
        old: Option<&Meta>,
        new: &Content,
        budget: &mut u64,
    ) -> Result<Self, SysError> {
        let old = old.filter(|meta| meta.kind == FileKind::File);
        let size = old.map_or(0, |meta| meta.size);
        if size > LIMIT || new.size > LIMIT {
            return Ok(Self::Left { why: "too large to be shown" });
        }
        if size + new.size > *budget {
            return Ok(Self::Left { why: "left out: this task's other diffs are long enough" });
        }
        *budget -= size + new.size;
        let before = match old {
            Some(_) => host.read_at(place, LIMIT)?,
            None => Some(Vec::new()),
        };
        let (Some(before), Some(new)) = (before, host.wanted(new, LIMIT)?) else {
            return Ok(Self::Left { why: "too large to be shown" });
        };
        match (text(before), text(new)) {
            (Some(text), Some(new)) => Ok(Self::Both { old: old.map(|_| text), new }),
            (None, _) | (_, None) => Ok(Self::Left { why: "binary" }),
        }
    }

    /// The new content, if it is here.
    pub(super) fn new_content(&self) -> Option<&str> {
        match self {
            Self::Both { new, .. } => Some(new),
            Self::Left { .. } => None,
        }
    }

    /// The diff: unified, or a line that says why there is none.
    pub(super) fn unified(&self, path: &AbsPath) -> String {
        match self {
            Self::Left { why } => format!("(content of {path}: {why})\n"),
            Self::Both { old, new } => {
                let before = old.as_ref().map_or("/dev/null", |_| path.as_str());
                unified([before, path.as_str()], old.as_deref().unwrap_or_default(), new)
            }
        }
    }
}

/// The contents that will be read for diffs, of these and what is there in their place.
pub(super) fn shown<'c>(all: impl Iterator<Item = (&'c Content, &'c Seen)>) -> Vec<&'c Content> {
    let mut budget = BUDGET;
    let fits = |(content, seen): (&'c Content, &Seen)| {
        let old = seen.meta.as_ref().filter(|meta| meta.kind == FileKind::File);
        let size = old.map_or(0, |meta| meta.size);
        let fits = size <= LIMIT && content.size <= LIMIT && size + content.size <= budget;
        budget -= if fits { size + content.size } else { 0 };
        fits.then_some(content)
    };
    all.filter_map(fits).collect()
}

/// Bytes as text; as diff(1) has it, what has a NUL is binary.
fn text(bytes: Vec<u8>) -> Option<String> {
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}
