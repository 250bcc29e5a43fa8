//! Which version of a file is there: what was read of it once need not be read again while that is the same.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;

/// What changes when a file is written to, or replaced by another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Version {
    /// That of the file at a path, links followed; `None` if there is nothing.
    pub(super) fn of(path: &str) -> io::Result<Option<Version>> {
        match fs::metadata(path) {
            Ok(meta) => Ok(Some(Version {
                device: meta.dev(),
                inode: meta.ino(),
                size: meta.size(),
                modified: (meta.mtime(), meta.mtime_nsec()),
                changed: (meta.ctime(), meta.ctime_nsec()),
            })),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}
