//! The contents of local files by their digest, for whoever sends them. Nothing is held in memory.

use hep_protocol::blob::{Digest, Hasher};
use std::collections::{BTreeMap, HashMap};
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What trees may have in files that are sent before they are asked for, in bytes: a host asks for all files of a tree in
/// one go, so little is won by it and much is sent for nothing.
const TREES_AHEAD: u64 = 64 * 1024;

/// Where the content of each digest is found on this machine. One value serves all hosts of a run.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    all: BTreeMap<Digest, Content>,
    hashed: HashMap<Version, Digest>,
}

/// A file as it was when it was hashed, under whatever name: two that are equal in all this have one content. Should that
/// ever be wrong, the content is found to be another when it is sent, and is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Version {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Version {
    pub(crate) fn of(metadata: &Metadata) -> Version {
        Version {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

/// With which others a content is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Company {
    /// None: it is a task's only one.
    Alone,
    /// Those of its tree.
    Tree,
}

/// A local file with a content, as it was when the manifest was compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    /// The file.
    pub(crate) path: PathBuf,
    /// Its size in bytes.
    pub(crate) size: u64,
    company: Company,
}

impl Contents {
    #[cfg(test)]
    pub(crate) fn insert(&mut self, digest: Digest, path: &Path, size: u64) {
        self.insert_of(Company::Alone, digest, path, size);
    }

    /// Adds a content. One that any task has alone counts as that.
    pub(crate) fn insert_of(&mut self, company: Company, digest: Digest, path: &Path, size: u64) {
        let new = || Content { path: path.to_owned(), size, company };
        let content = self.all.entry(digest).or_insert_with(new);
        if company == Company::Alone {
            content.company = company;
        }
    }

    /// Keeps what a file's content was hashed to, for the rest of this run.
    pub(crate) fn remember(&mut self, version: Version, digest: Digest) {
        self.hashed.insert(version, digest);
    }

    /// The digest of a file that was hashed before and is what it was.
    pub(crate) fn remembered(&self, version: &Version) -> Option<Digest> {
        self.hashed.get(version).copied()
    }

    /// What is sent before it is asked for: each no larger than `small`, and all together no more than `limit` bytes. Those
    /// that a host asks for alone come first.
    pub(crate) fn ahead(&self, small: u64, limit: u64) -> Vec<(&Digest, &Content)> {
        let of = |company| self.iter().filter(move |(_, content)| content.company == company);
        let trees: u64 = of(Company::Tree).map(|(_, content)| content.size).sum();
        let trees = of(Company::Tree).filter(|_| trees <= TREES_AHEAD);
        let mut left = limit;
        let fits = |(_, content): &(&Digest, &Content)| {
            let fits = content.size <= small && content.size <= left;
            left -= if fits { content.size } else { 0 };
            fits
        };
        of(Company::Alone).chain(trees).filter(fits).collect()
    }

    /// What is known of a digest; `None` when no task of the manifest has this content.
    pub(crate) fn get(&self, digest: &Digest) -> Option<&Content> {
        self.all.get(digest)
    }

    /// Every content once, in the order of the digests.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Digest, &Content)> {
        self.all.iter()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(trees: &[u64], alone: &[u64], expected: &[u64]) {
        let mut contents = Contents::default();
        let mut insert = |company, sizes: &[u64]| {
            for (n, size) in sizes.iter().enumerate() {
                let digest = Digest::of(format!("{company:?} {n}").as_bytes());
                contents.insert_of(company, digest, Path::new("f"), *size);
            }
        };
        insert(Company::Tree, trees);
        insert(Company::Alone, alone);
        let mut found: Vec<u64> =
            contents.ahead(1000, 70_000).into_iter().map(|(_, content)| content.size).collect();
        found.sort_unstable();
        assert_eq!(found, expected);
    }

    #[test]
    fn small_contents_go_ahead_and_of_trees_only_if_they_all_may() {
        check(&[], &[10, 1000, 1001], &[10, 1000]);
        check(&[20, 30], &[10], &[10, 20, 30]);
        check(&[20, 70_000], &[10], &[10]);
        check(&[999; 70], &[], &[]);
        check(&[], &[1000; 71], &[1000; 70]);
    }

    #[test]
    fn content_of_a_tree_that_a_task_has_alone_counts_as_alone() {
        let mut contents = Contents::default();
        let (path, digest) = (Path::new("f"), Digest::of(b"x"));
        contents.insert_of(Company::Tree, digest, path, 1);
        contents.insert(digest, path, 1);
        contents.insert_of(Company::Tree, digest, path, 1);
        contents.insert_of(Company::Tree, Digest::of(b"y"), path, 1 << 20);
        assert_eq!(contents.ahead(10, 10).len(), 1);
    }
}
