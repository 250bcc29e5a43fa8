//! Contents by their sha256: digests, and the local sources a plan refers to by digest.
//!
//! Nothing here holds a whole content; whoever has the bytes streams them.

use crate::value::{InvalidValue, PermissionBits};
use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use std::fmt;
use std::io::{self, Read};

/// The sha256 of a content (FIPS 180-4), 32 bytes; shown and parsed as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest([u8; 32]);

/// The largest piece of a content that crosses the wire in one frame, in bytes. Allocators keep memory of this size at
/// hand, and ask the system anew for each piece of twice as much.
pub const CHUNK: usize = 64 * 1024;

/// A content that is asked for, or the rest of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Want {
    /// Which content.
    pub digest: Digest,
    /// How many bytes of its beginning are there already.
    pub from: u64,
}

/// How many contents one frame asks for at most: the frame then fits into a pipe's buffer, and whoever writes it does not
/// wait for a controller that is itself writing contents.
pub const WANTS: usize = 512;

impl Digest {
    /// The digest of bytes in memory.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Its 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads to the end and gives the digest and the number of bytes read.
    ///
    /// # Errors
    /// Whatever the reader fails with.
    pub fn of_reader(reader: &mut dyn Read) -> io::Result<(Self, u64)> {
        Self::of_reader_through(reader, &mut vec![0; CHUNK])
    }

    /// The same through a buffer that serves for many: it must not be empty.
    ///
    /// # Errors
    /// Whatever the reader fails with.
    pub fn of_reader_through(reader: &mut dyn Read, buffer: &mut [u8]) -> io::Result<(Self, u64)> {
        let mut hasher = Hasher::default();
        loop {
            match reader.read(buffer) {
                Ok(0) => return Ok((hasher.finish(), hasher.len())),
                Ok(n) => hasher.update(buffer.get(..n).unwrap_or_default()),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A sha256 under way.
#[derive(Default, Clone)]
pub struct Hasher {
    state: sha2::Sha256,
    len: u64,
}

impl Hasher {
    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.state.update(bytes);
        self.len += bytes.len() as u64;
    }

    /// The digest of all bytes so far.
    #[must_use]
    pub fn finish(&self) -> Digest {
        Digest(self.state.clone().finalize().into())
    }

    /// How many bytes were added.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether no byte was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// A local file or directory that a task names (`src`), as the controller found it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// One regular file.
    File(SourceFile),
    /// A directory with everything below it.
    Tree {
        /// The directory's own name, used when it is copied into a destination.
        name: String,
        /// Every entry below it, parents before children, in byte order of the path.
        entries: Vec<TreeEntry>,
    },
}

/// A regular file on the controller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Its last path component.
    pub name: String,
    /// The sha256 of its content.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// Its mode.
    pub mode: PermissionBits,
}

impl SourceFile {
    /// Whether its owner may execute it: a new file on the host then gets 0755, else 0644.
    #[must_use]
    pub const fn is_executable(&self) -> bool {
        self.mode.0 & 0o100 != 0
    }
}

/// One entry of a source tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeEntry {
    /// Where it is below the tree's root.
    pub path: RelPath,
    /// What it is.
    pub kind: TreeKind,
}

/// What an entry of a source tree is. Sockets, devices and pipes are refused at compile time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TreeKind {
    /// A directory.
    Directory,
    /// A regular file.
    File(SourceFile),
    /// A symbolic link with its text as it stands.
    Link {
        /// The text of the link.
        target: String,
    },
}

/// A path below some root: no leading `/`, no `.` or `..`, no empty component, no NUL.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RelPath(String);

impl RelPath {
    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RelPath {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        let sound = !text.is_empty()
            && !text.contains('\0')
            && text.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if sound { Ok(Self(text)) } else { Err(InvalidValue::new("a relative path", &text, "")) }
    }
}

impl From<RelPath> for String {
    fn from(path: RelPath) -> Self {
        path.0
    }
}
