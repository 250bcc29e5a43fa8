//! Local files and directories as the plan describes them: names, digests, links. Reads contents as streams, those of a
//! tree on several threads.

use super::contents::Contents;
use super::contents::{Company, Content, Version};
use crate::open;
use crate::source::plain;
use hep_protocol::blob::{Digest, RelPath, Source, SourceFile, TreeEntry, TreeKind};
use hep_protocol::value::PermissionBits;
use std::fs::{self, Metadata};
use std::io;
use std::num::NonZero;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Why something local cannot be sent.
pub(crate) struct Trouble {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Trouble {
    pub(crate) fn new(message: impl Into<String>) -> Trouble {
        Trouble { message: message.into(), hint: None }
    }

    fn cannot_read(path: &Path, error: &io::Error) -> Trouble {
        Trouble::new(format!("cannot read `{}`: {}", path.display(), plain(error)))
    }

    fn hint(mut self, hint: &str) -> Trouble {
        self.hint = Some(hint.to_owned());
        self
    }
}

/// What becomes of symbolic links in a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Links {
    /// They are copied as links.
    Kept,
    /// What they lead to is copied, as Ansible does it: not where they lead nowhere, or back to a directory that they are in.
    Followed,
}

/// A file, or a directory with everything below it; links that lead to `path` itself are followed.
///
/// # Errors
/// Everything in it that cannot be read or sent.
pub(crate) fn read(
    path: &Path,
    metadata: &Metadata,
    links: Links,
    contents: &mut Contents,
) -> Result<Source, Vec<Trouble>> {
    let name = name_of(path).map_err(|trouble| vec![trouble])?;
    if metadata.is_dir() {
        walk(path, links, contents).map(|entries| Source::Tree { name, entries })
    } else if metadata.is_file() {
        file(path, name, contents).map(Source::File).map_err(|trouble| vec![trouble])
    } else {
        Err(vec![unsendable(path, metadata.file_type())])
    }
}

/// The last component, also of `.` and `..`.
fn name_of(path: &Path) -> Result<String, Trouble> {
    let real = match path.components().next_back() {
        Some(std::path::Component::Normal(_)) => path.to_owned(),
        Some(_) | None => path.canonicalize().map_err(|e| Trouble::cannot_read(path, &e))?,
    };
    match real.file_name().map(|name| name.to_str()) {
        Some(Some(name)) => Ok(name.to_owned()),
        Some(None) => Err(no_text(&real)),
        None => Err(Trouble::new("the whole file system cannot be copied")),
    }
}

fn no_text(path: &Path) -> Trouble {
    Trouble::new(format!("the name `{}` is not UTF-8", path.display())).hint("rename it")
}

fn unsendable(path: &Path, kind: fs::FileType) -> Trouble {
    let what = if kind.is_socket() {
        "a socket"
    } else if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_block_device() || kind.is_char_device() {
        "a device"
    } else {
        "no file"
    };
    Trouble::new(format!("`{}` is {what}, which cannot be copied", path.display()))
        .hint("only files, directories and symbolic links can be")
}

/// Through how much files are read, in bytes: as much as they have, within these.
const SMALLEST_BUFFER: usize = 4 * 1024;
const LARGEST_BUFFER: usize = 256 * 1024;

/// What a file is found to be when it is read.
struct Read {
    version: Version,
    digest: Digest,
    size: u64,
    mode: PermissionBits,
}

impl Read {
    /// Reads what was seen to be a file, unless its content is known.
    fn file(path: &Path, contents: &Contents, buffer: &mut Vec<u8>) -> Result<Read, Trouble> {
        let failed = |error: io::Error| Trouble::cannot_read(path, &error);
        let (mut file, metadata) = open::seen_regular(path).map_err(failed)?;
        let version = Version::of(&metadata);
        let (digest, size) = match contents.remembered(&version) {
            Some(digest) => (digest, metadata.len()),
            None => {
                let room = usize::try_from(metadata.len()).unwrap_or(LARGEST_BUFFER);
                buffer.resize(room.clamp(SMALLEST_BUFFER, LARGEST_BUFFER).max(buffer.len()), 0);
                Digest::of_reader_through(&mut file, buffer).map_err(failed)?
            }
        };
        // The mask leaves what a u16 holds.
        let mode = u16::try_from(metadata.permissions().mode() & 0o7777).unwrap_or_default();
        Ok(Read { version, digest, size, mode: PermissionBits(mode) })
    }

    fn keep(self, path: &Path, name: String, company: Company, all: &mut Contents) -> SourceFile {
        let Read { version, digest, size, mode } = self;
        let version = Some(version).filter(|version| version.size() == size);
        if let Some(version) = version {
            all.remember(version, digest);
        }
        all.insert_of(digest, Content { path: path.to_owned(), size, version, company });
        SourceFile { name, digest, size, mode }
    }
}

fn file(path: &Path, name: String, contents: &mut Contents) -> Result<SourceFile, Trouble> {
    let read = Read::file(path, contents, &mut Vec::new())?;
    Ok(read.keep(path, name, Company::Alone, contents))
}

/// Something below a directory.
struct Listed {
    below: RelPath,
    path: PathBuf,
    kind: Kind,
}

enum Kind {
    Directory,
    File,
    Link { target: String },
}

/// Everything below a directory, in byte order of the paths, which puts parents before their children.
fn walk(
    root: &Path,
    links: Links,
    contents: &mut Contents,
) -> Result<Vec<TreeEntry>, Vec<Trouble>> {
    let (mut listed, mut troubles) = list(root, links);
    listed.sort_by(|a, b| a.below.cmp(&b.below));
    let read = read_all(&listed, contents);
    let mut entries = Vec::with_capacity(listed.len());
    for (Listed { below, path, kind }, read) in listed.into_iter().zip(read) {
        let kind = match (kind, read) {
            (Kind::Directory, _) => TreeKind::Directory,
            (Kind::Link { target }, _) => TreeKind::Link { target },
            (Kind::File, Some(Ok(read))) => {
                let name = below.as_str().rsplit('/').next().unwrap_or_default().to_owned();
                TreeKind::File(read.keep(&path, name, Company::Tree, contents))
            }
            (Kind::File, Some(Err(trouble))) => {
                troubles.push(trouble);
                continue;
            }
            (Kind::File, None) => {
                troubles.push(Trouble::new(format!("`{}` was not read", path.display())));
                continue;
            }
        };
        entries.push(TreeEntry { path: below, kind });
    }
    troubles.sort_by(|a, b| a.message.cmp(&b.message));
    if troubles.is_empty() { Ok(entries) } else { Err(troubles) }
}

/// All that is below a directory, in no order, and everything that is wrong with it.
fn list(root: &Path, links: Links) -> (Vec<Listed>, Vec<Trouble>) {
    let (mut all, mut troubles) = (Vec::new(), Vec::new());
    let mut pending = vec![root.to_owned()];
    while let Some(directory) = pending.pop() {
        let items = match items_of(&directory) {
            Ok(items) => items,
            Err(error) => {
                troubles.push(Trouble::cannot_read(&directory, &error));
                continue;
            }
        };
        for item in items {
            match entry(root, links, &item) {
                Ok(found) => {
                    if matches!(found.kind, Kind::Directory) {
                        pending.push(found.path.clone());
                    }
                    all.push(found);
                }
                Err(trouble) => troubles.push(trouble),
            }
        }
    }
    (all, troubles)
}

/// What is in a directory, unless the kernel makes it up.
fn items_of(directory: &Path) -> io::Result<Vec<fs::DirEntry>> {
    if open::is_kernels(directory)? {
        return Err(open::of_kernel());
    }
    fs::read_dir(directory)?.collect()
}

/// What is there, by what the directory says of it: a look of its own at each name costs as much as opening it.
fn entry(root: &Path, links: Links, item: &fs::DirEntry) -> Result<Listed, Trouble> {
    let mut path = item.path();
    let below = path.strip_prefix(root).ok().and_then(Path::to_str).map(str::to_owned);
    let below = below.and_then(|below| RelPath::try_from(below).ok());
    let below = below.ok_or_else(|| no_text(&path))?;
    let is = item.file_type().map_err(|e| Trouble::cannot_read(&path, &e))?;
    let kind = if is.is_dir() {
        Kind::Directory
    } else if is.is_file() {
        Kind::File
    } else if let Some((real, kind)) = followed(links, is, &path) {
        // A directory keeps its name, by which all in it stands below the root.
        path = if matches!(kind, Kind::File) { real } else { path };
        kind
    } else if is.is_symlink() {
        let target = fs::read_link(&path).map_err(|e| Trouble::cannot_read(&path, &e))?;
        let target = target.into_os_string().into_string();
        Kind::Link { target: target.map_err(|_| no_text(&path))? }
    } else {
        return Err(unsendable(&path, is));
    };
    Ok(Listed { below, path, kind })
}

/// What a link leads to, where that is copied in its place.
fn followed(links: Links, is: fs::FileType, path: &Path) -> Option<(PathBuf, Kind)> {
    let real = path.canonicalize().ok().filter(|_| is.is_symlink() && links == Links::Followed)?;
    let metadata = fs::metadata(&real).ok()?;
    let above = path.parent()?.canonicalize().ok()?;
    let circles = metadata.is_dir() && above.starts_with(&real);
    match (metadata.is_file(), metadata.is_dir() && !circles) {
        (true, _) => Some((real, Kind::File)),
        (false, true) => Some((real, Kind::Directory)),
        (false, false) => None,
    }
}

/// Fewer files than this are not worth a thread.
const FILES_A_THREAD: usize = 32;

/// More threads than this wait for the disk and no more.
const THREADS: usize = 8;

/// Reads the files among these, each in its place.
fn read_all(listed: &[Listed], contents: &Contents) -> Vec<Option<Result<Read, Trouble>>> {
    let read = |part: &[Listed]| {
        let mut buffer = Vec::new();
        let one = |listed: &Listed| match listed.kind {
            Kind::File => Some(Read::file(&listed.path, contents, &mut buffer)),
            Kind::Directory | Kind::Link { .. } => None,
        };
        part.iter().map(one).collect::<Vec<_>>()
    };
    let processors = thread::available_parallelism().map_or(1, NonZero::get).min(THREADS);
    // Several parts a thread: files differ in size.
    let part = listed.len().div_ceil(processors * 4).max(FILES_A_THREAD);
    let parts: Vec<&[Listed]> = listed.chunks(part).collect();
    if processors == 1 || parts.len() < 2 {
        return read(listed);
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(part) = parts.get(at) else { return done };
            done.push((at, read(part)));
        }
    };
    let mut done: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..processors).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_else(|cause| resume_unwind(cause)))
            .collect()
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().flat_map(|(_, read)| read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_only_where_they_lead_down() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::create_dir_all(at("tree/d")).unwrap();
        fs::create_dir(at("other")).unwrap();
        fs::write(at("other/f"), "x").unwrap();
        for (target, name) in
            [("../other/f", "f"), ("../other", "o"), ("nowhere", "n"), ("../../tree", "d/up")]
        {
            std::os::unix::fs::symlink(target, at("tree").join(name)).unwrap();
        }
        let shown = |links| {
            let entries = walk(&at("tree"), links, &mut Contents::default());
            let entries = entries.unwrap_or_else(|_| panic!()).into_iter().map(|entry| {
                let kind = match entry.kind {
                    TreeKind::Directory => "/".to_owned(),
                    TreeKind::File(file) => format!(" {}", file.name),
                    TreeKind::Link { target } => format!(" -> {target}"),
                };
                format!("{}{kind}", entry.path.as_str())
            });
            entries.collect::<Vec<_>>().join(", ")
        };
        let kept = "d/, d/up -> ../../tree, f -> ../other/f, n -> nowhere, o -> ../other";
        assert_eq!(shown(Links::Kept), kept);
        let followed = "d/, d/up -> ../../tree, f f, n -> nowhere, o/, o/f f";
        assert_eq!(shown(Links::Followed), followed);
    }

    #[test]
    fn file_that_was_hashed_is_not_read_again_until_it_is_another() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("page");
        let mut contents = Contents::default();
        let look = |contents: &mut Contents| {
            let metadata = fs::metadata(&path).unwrap();
            match read(&path, &metadata, Links::Kept, contents) {
                Ok(Source::File(file)) => (Version::of(&metadata), file.digest),
                Ok(Source::Tree { .. }) | Err(_) => panic!(),
            }
        };
        fs::write(&path, "hello").unwrap();
        let (version, digest) = look(&mut contents);
        assert_eq!((digest, contents.remembered(&version)), (Digest::of(b"hello"), Some(digest)));
        // What no reading would give.
        contents.remember(version, Digest::of(b"other"));
        assert_eq!(look(&mut contents), (version, Digest::of(b"other")));
        fs::write(&path, "hello!").unwrap();
        assert_eq!(look(&mut contents).1, Digest::of(b"hello!"));
    }
}
