//! Which entries `find` takes.

use crate::glob;
use crate::sys::files::{FileKind, Meta};
use crate::sys::{Observe, SysError};
use hep_protocol::expression::{Anchors, Python};
use hep_protocol::task::find::{FileType, Find, Stamp};
use hep_protocol::value::{AbsPath, PermissionBits};
use std::time::{SystemTime, UNIX_EPOCH};

/// The largest file that is searched, in bytes: it is held in memory.
const SEARCHED: u64 = 64 << 20;

/// What is wanted of an entry, ready to be compared.
pub(super) struct Wanted<'p> {
    pub(super) params: &'p Find,
    patterns: Vec<Pattern<'p>>,
    excludes: Vec<Pattern<'p>>,
    contains: Option<Python>,
    /// Since 1970, in seconds.
    now: f64,
}

/// A pattern of names.
enum Pattern<'p> {
    Glob(&'p str),
    Regex(Python),
}

impl Pattern<'_> {
    fn matches(&self, name: &str) -> Result<bool, SysError> {
        match self {
            Self::Glob(pattern) => Ok(glob::matches(pattern, name)),
            Self::Regex(pattern) => from_the_beginning(pattern, name),
        }
    }
}

/// Whether a pattern matches, and not only further on.
fn from_the_beginning(pattern: &Python, text: &str) -> Result<bool, SysError> {
    let found = pattern.find(text).map_err(SysError::new)?;
    Ok(found.is_some_and(|found| found.start == 0))
}

fn python(pattern: &str, anchors: Anchors) -> Result<Python, SysError> {
    Python::new(pattern, anchors).map_err(SysError::new)
}

impl<'p> Wanted<'p> {
    pub(super) fn of(params: &'p Find) -> Result<Self, SysError> {
        let pattern = |written: &'p String| match params.use_regex {
            true => python(written, Anchors::Line).map(Pattern::Regex),
            false => Ok(Pattern::Glob(written)),
        };
        let anchors = if params.read_whole_file { Anchors::Text } else { Anchors::Line };
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Ok(Self {
            params,
            patterns: params.patterns.iter().map(pattern).collect::<Result<_, _>>()?,
            excludes: params.excludes.iter().map(pattern).collect::<Result<_, _>>()?,
            contains: params.contains.as_deref().map(|it| python(it, anchors)).transpose()?,
            now: now.map_or(0.0, |now| now.as_secs_f64()),
        })
    }

    /// Whether an entry is wanted.
    pub(super) fn takes(
        &self,
        name: &str,
        path: &AbsPath,
        meta: &Meta,
        host: &dyn Observe,
    ) -> Result<bool, SysError> {
        let params = self.params;
        let kind = match params.file_type {
            FileType::Any => true,
            FileType::Directory => meta.kind == FileKind::Directory,
            FileType::File => meta.kind == FileKind::File,
            FileType::Link => meta.kind == FileKind::Link,
        };
        let shown = params.hidden || !name.starts_with('.');
        Ok(kind
            && shown
            && self.is_called(name)?
            && params.bytes().is_none_or(|size| is_size(size, meta))
            && self.has_mode(meta)
            && params.seconds().is_none_or(|age| self.is_age(age, path, host))
            && self.says(path, host)?)
    }

    fn is_called(&self, name: &str) -> Result<bool, SysError> {
        let one = |patterns: &[Pattern<'_>]| {
            let found = patterns.iter().map(|pattern| pattern.matches(name));
            found.collect::<Result<Vec<_>, _>>().map(|found| found.contains(&true))
        };
        Ok((self.patterns.is_empty() || one(&self.patterns)?) && !one(&self.excludes)?)
    }

    fn has_mode(&self, meta: &Meta) -> bool {
        let Some(mode) = &self.params.mode else { return true };
        let (wanted, has) = (mode.apply(PermissionBits(0), false).0, meta.attrs.mode.0);
        if self.params.exact_mode { has == wanted } else { has & wanted != 0 }
    }

    /// What an earlier task makes is new when its turn comes.
    fn is_age(&self, age: i64, path: &AbsPath, host: &dyn Observe) -> bool {
        let since = host.times(path).map_or(self.now, |times| match self.params.age_stamp {
            Stamp::Atime => times.atime,
            Stamp::Ctime => times.ctime,
            Stamp::Mtime => times.mtime,
        });
        let (is, limit) = (self.now - since, age.unsigned_abs() as f64);
        if age >= 0 { is >= limit } else { is <= limit }
    }

    /// Whether a file says what is sought; of what is no file that is not asked.
    fn says(&self, path: &AbsPath, host: &dyn Observe) -> Result<bool, SysError> {
        let Some(pattern) = &self.contains else { return Ok(true) };
        if self.params.file_type != FileType::File {
            return Ok(true);
        }
        let too_large = || {
            let error = format!("{path} has more than {SEARCHED} bytes, too many to be searched");
            SysError::new(error).hint("leave it out with `excludes`, or with `size`")
        };
        // One that cannot be read says nothing.
        let Ok(read) = host.read(path, SEARCHED) else { return Ok(false) };
        let bytes = read.ok_or_else(too_large)?;
        let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
        if self.params.read_whole_file {
            return pattern.is_match(&text).map_err(SysError::new);
        }
        for line in text.split_inclusive('\n') {
            if from_the_beginning(pattern, line)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Only files have a size that counts.
fn is_size(size: i64, meta: &Meta) -> bool {
    let limit = size.unsigned_abs();
    meta.kind != FileKind::File || if size >= 0 { meta.size >= limit } else { meta.size <= limit }
}
