//! The contents of local files by their digest, for whoever sends them. Nothing is held in memory.

use hep_protocol::blob::{Digest, Hasher};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Where the content of each digest is found on this machine. One value serves all hosts of a run.
#[derive(Debug, Default)]
pub(crate) struct Contents(BTreeMap<Digest, Content>);

/// A local file with a content, as it was when the manifest was compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    /// The file.
    pub(crate) path: PathBuf,
    /// Its size in bytes.
    pub(crate) size: u64,
}

impl Contents {
    pub(crate) fn insert(&mut self, digest: Digest, path: &Path, size: u64) {
        self.0.entry(digest).or_insert_with(|| Content { path: path.to_owned(), size });
    }

    /// What is known of a digest; `None` when no task of the manifest has this content.
    pub(crate) fn get(&self, digest: &Digest) -> Option<&Content> {
        self.0.get(digest)
    }

    /// Every content once, in the order of the digests.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Digest, &Content)> {
        self.0.iter()
    }

    /// Opens a content for streaming.
    ///
    /// The reader gives exactly the bytes that were hashed, or fails: a file that has changed since is noticed before its
    /// end is told, so a sender that marks the last chunk only after the end was read never completes a wrong content.
    ///
    /// # Errors
    /// The digest is unknown, or the file cannot be opened any more.
    pub(crate) fn reader(&self, digest: &Digest) -> io::Result<ContentReader> {
        let unknown = || io::Error::new(io::ErrorKind::NotFound, "no task has this content");
        let content = self.get(digest).ok_or_else(unknown)?;
        let file = File::open(&content.path).map_err(|error| {
            let path = content.path.display();
            io::Error::new(error.kind(), format!("cannot read `{path}`: {error}"))
        })?;
        Ok(ContentReader {
            file,
            content: content.clone(),
            digest: *digest,
            hasher: Hasher::default(),
        })
    }
}

/// The bytes of one content; see [`Contents::reader`].
pub(crate) struct ContentReader {
    file: File,
    content: Content,
    digest: Digest,
    hasher: Hasher,
}

impl Read for ContentReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(buffer)?;
        self.hasher.update(buffer.get(..n).unwrap_or_default());
        let ended = n == 0 && !buffer.is_empty();
        let wrong =
            self.hasher.len() > self.content.size || (ended && self.hasher.finish() != self.digest);
        if wrong {
            let path = self.content.path.display();
            return Err(io::Error::other(format!("`{path}` has changed since the run began")));
        }
        Ok(n)
    }
}
