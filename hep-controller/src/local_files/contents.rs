//! The contents of local files by their digest, for whoever sends them. Nothing is held in memory.

use hep_protocol::blob::Digest;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
#[cfg(test)]
use std::path::Path;
use std::path::PathBuf;

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
/// ever be wrong, the host finds the content to be another, since it hashes what comes, and does not take it.
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

    pub(crate) fn size(&self) -> u64 {
        self.size
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
    /// The file as it was then. None of one whose size says nothing of its content, as in /proc.
    pub(crate) version: Option<Version>,
    /// With which others it is asked for.
    pub(crate) company: Company,
}

impl Contents {
    #[cfg(test)]
    pub(crate) fn insert(&mut self, digest: Digest, path: &Path, size: u64) {
        let version = std::fs::metadata(path).ok().map(|metadata| Version::of(&metadata));
        let version = version.map(|version| Version { size, ..version });
        let path = path.to_owned();
        self.insert_of(digest, Content { path, size, version, company: Company::Alone });
    }

    /// Adds a content. One that any task has alone counts as that.
    pub(crate) fn insert_of(&mut self, digest: Digest, content: Content) {
        let company = content.company;
        let content = self.all.entry(digest).or_insert(content);
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

    /// What of some contents is sent before it is asked for: each no larger than `small`, and all together no more than
    /// `limit` bytes. Those that a host asks for alone come first.
    pub(crate) fn ahead(
        &self,
        own: &BTreeSet<Digest>,
        small: u64,
        limit: u64,
    ) -> Vec<(&Digest, &Content)> {
        let own = || own.iter().filter_map(|digest| self.all.get_key_value(digest));
        let of = |company| own().filter(move |(_, content)| content.company == company);
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

    /// Opens a content for streaming, after its first `from` bytes.
    ///
    /// The reader gives the bytes of the file that was hashed, or fails: before it gives the last it sees that the file is of
    /// the same version still. Nothing is hashed again, for each host anew: whoever receives a content proves it by its
    /// digest, and that alone is proof.
    ///
    /// # Errors
    /// The digest is unknown, the file cannot be opened any more, is of another version, or has fewer bytes.
    pub(crate) fn reader(&self, digest: &Digest, from: u64) -> io::Result<ContentReader> {
        let unknown = || io::Error::new(io::ErrorKind::NotFound, "no task has this content");
        let content = self.get(digest).ok_or_else(unknown)?;
        if from > content.size {
            let error = "the host says that it has more of a content than there is";
            return Err(io::Error::other(error));
        }
        let file = crate::open::regular(&content.path).map_err(|error| {
            let path = content.path.display();
            io::Error::new(error.kind(), format!("cannot read `{path}`: {error}"))
        })?;
        let mut reader =
            ContentReader { file, content: content.clone(), left: content.size - from };
        reader.check()?;
        reader.file.seek(SeekFrom::Start(from))?;
        Ok(reader)
    }
}

/// The bytes of one content; see [`Contents::reader`].
pub(crate) struct ContentReader {
    file: File,
    content: Content,
    /// How many are still to come.
    left: u64,
}

impl ContentReader {
    /// How many bytes are still to come.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    /// Reads the next bytes in the place of others: `most` of them, or all that are left.
    pub(crate) fn next(&mut self, most: usize, data: &mut Vec<u8>) -> io::Result<()> {
        let size = usize::try_from(self.left).map_or(most, |left| left.min(most));
        data.clear();
        data.reserve(size);
        (&self.file).take(size as u64).read_to_end(data)?;
        self.left -= data.len() as u64;
        if data.len() < size {
            return Err(self.changed());
        }
        if self.left == 0 { self.check() } else { Ok(()) }
    }

    /// Whether the file is what it was.
    fn check(&self) -> io::Result<()> {
        match self.content.version {
            Some(version) if version != Version::of(&self.file.metadata()?) => Err(self.changed()),
            Some(_) | None => Ok(()),
        }
    }

    fn changed(&self) -> io::Error {
        let path = self.content.path.display();
        io::Error::other(format!("`{path}` has changed since the run began"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(company: Company, size: u64) -> Content {
        Content { path: "f".into(), size, version: None, company }
    }

    fn check(trees: &[u64], alone: &[u64], expected: &[u64]) {
        let mut contents = Contents::default();
        let mut insert = |company, sizes: &[u64]| {
            for (n, size) in sizes.iter().enumerate() {
                let digest = Digest::of(format!("{company:?} {n}").as_bytes());
                contents.insert_of(digest, content(company, *size));
            }
        };
        insert(Company::Tree, trees);
        insert(Company::Alone, alone);
        let own = contents.iter().map(|(digest, _)| *digest).collect();
        let found = contents.ahead(&own, 1000, 70_000).into_iter();
        let mut found: Vec<u64> = found.map(|(_, content)| content.size).collect();
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
        contents.insert_of(digest, content(Company::Tree, 1));
        contents.insert(digest, path, 1);
        contents.insert_of(digest, content(Company::Tree, 1));
        contents.insert_of(Digest::of(b"y"), content(Company::Tree, 1 << 20));
        let own = contents.iter().map(|(digest, _)| *digest).collect();
        assert_eq!(contents.ahead(&own, 10, 10).len(), 1);
        assert!(contents.ahead(&BTreeSet::new(), 10, 10).is_empty());
    }
}
