//! Contents that were sent before anybody asked: kept in memory up to a limit, and beyond it in unnamed files.

use hep_protocol::blob::Digest;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// What is kept in memory, in bytes, all together.
const MEMORY: usize = 8 * 1024 * 1024;

/// Contents by their digest.
#[derive(Default)]
pub(super) struct Ahead {
    all: HashMap<Digest, Stored>,
    in_memory: usize,
}

enum Stored {
    Memory(Vec<u8>),
    Disk(Arc<File>, u64),
}

impl Ahead {
    pub(super) fn has(&self, digest: &Digest) -> bool {
        self.all.contains_key(digest)
    }

    /// A content without its first bytes.
    pub(super) fn open(&self, digest: &Digest, from: u64) -> Option<Box<dyn Read>> {
        Some(match self.all.get(digest)? {
            Stored::Memory(bytes) => {
                let mut reader = io::Cursor::new(bytes.clone());
                reader.set_position(from);
                Box::new(reader)
            }
            Stored::Disk(file, len) => {
                Box::new(DiskReader { file: Arc::clone(file), at: from.min(*len), len: *len })
            }
        })
    }

    /// Adds the next piece of a content.
    pub(super) fn store(&mut self, digest: Digest, data: Vec<u8>) -> io::Result<()> {
        let fits = self.in_memory + data.len() <= MEMORY;
        self.in_memory += data.len();
        match self.all.get_mut(&digest) {
            Some(Stored::Memory(bytes)) if fits => bytes.extend_from_slice(&data),
            Some(Stored::Memory(bytes)) => {
                let mut file = crate::sys::linux::unnamed_file()?;
                file.write_all(bytes)?;
                file.write_all(&data)?;
                let len = (bytes.len() + data.len()) as u64;
                self.in_memory -= bytes.len() + data.len();
                self.all.insert(digest, Stored::Disk(Arc::new(file), len));
            }
            Some(Stored::Disk(file, len)) => {
                file.write_all_at(&data, *len)?;
                *len += data.len() as u64;
                self.in_memory -= data.len();
            }
            None if fits => {
                self.all.insert(digest, Stored::Memory(data));
            }
            None => {
                let mut file = crate::sys::linux::unnamed_file()?;
                file.write_all(&data)?;
                self.in_memory -= data.len();
                self.all.insert(digest, Stored::Disk(Arc::new(file), data.len() as u64));
            }
        }
        Ok(())
    }
}

/// Reads a content kept on disk, apart from its other readers.
struct DiskReader {
    file: Arc<File>,
    at: u64,
    len: u64,
}

impl Read for DiskReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.len - self.at).unwrap_or(usize::MAX).min(buffer.len());
        let n = self.file.read_at(buffer.get_mut(..left).unwrap_or_default(), self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}
