//! Where facts come from: files below a root directory, and system calls. Tests hand a tree of files instead.

use crate::sys::linux::machine::{self, Interface, Uname};
use nix::fcntl::OFlag;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// What of one file is read: also a table of mounts or users is of a size that someone decided.
const LIMIT: u64 = 4 << 20;

/// The host whose facts are read.
pub(super) struct Host {
    /// `/` but in tests.
    pub(super) root: PathBuf,
    /// The machine's names.
    pub(super) uname: fn() -> Uname,
    /// The machine's network interfaces.
    pub(super) interfaces: fn() -> Vec<Interface>,
}

impl Host {
    /// The host this program runs on.
    pub(super) fn this() -> Self {
        Self { root: "/".into(), uname: machine::uname, interfaces: machine::interfaces }
    }

    /// A path (without its leading `/`) below the root.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub(super) fn exists(&self, path: &str) -> bool {
        self.path(path).exists()
    }

    pub(super) fn is_dir(&self, path: &str) -> bool {
        self.path(path).is_dir()
    }

    /// A file's text, with odd bytes replaced; `None` if it cannot be read. A file beyond the limit ends with its last
    /// whole line.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        let mut bytes = self.bytes(path, LIMIT).ok()?;
        if bytes.len() as u64 == LIMIT {
            let end = bytes.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
            bytes.truncate(end);
        }
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A file of one value, without the newline at its end; `None` also if it is empty.
    pub(super) fn value(&self, path: &str) -> Option<String> {
        let text = self.text(path)?;
        let value = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// A file's first bytes, as many as the limit says.
    pub(super) fn bytes(&self, path: &str, limit: u64) -> io::Result<Vec<u8>> {
        // A named pipe in a file's place is read as empty and not waited for.
        let wait_for_none = OFlag::O_NONBLOCK.bits();
        let file = File::options().read(true).custom_flags(wait_for_none).open(self.path(path))?;
        let mut bytes = Vec::new();
        file.take(limit).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Where a symbolic link leads, as it is written.
    pub(super) fn link(&self, path: &str) -> Option<String> {
        Some(fs::read_link(self.path(path)).ok()?.to_string_lossy().into_owned())
    }
}
