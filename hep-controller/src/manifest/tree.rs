//! Local files and directories as the plan describes them: names, digests, links. Reads contents as streams.

use super::Contents;
use crate::source::plain;
use hep_protocol::blob::{Digest, RelPath, Source, SourceFile, TreeEntry, TreeKind};
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;

/// Why something local cannot be sent.
pub(super) struct Trouble {
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Trouble {
    pub(super) fn new(message: impl Into<String>) -> Trouble {
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

/// A file, or a directory with everything below it; links that lead to `path` itself are followed.
///
/// # Errors
/// Everything in it that cannot be read or sent.
pub(super) fn read(
    path: &Path,
    metadata: &Metadata,
    contents: &mut Contents,
) -> Result<Source, Vec<Trouble>> {
    let name = name_of(path).map_err(|trouble| vec![trouble])?;
    if metadata.is_dir() {
        walk(path, contents).map(|entries| Source::Tree { name, entries })
    } else if metadata.is_file() {
        file(path, name, contents).map(Source::File).map_err(|trouble| vec![trouble])
    } else {
        Err(vec![unsendable(path, metadata)])
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
    Trouble::new(format!("the name `{}` is no UTF-8", path.display())).hint("rename it")
}

fn unsendable(path: &Path, metadata: &Metadata) -> Trouble {
    let kind = metadata.file_type();
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

fn file(path: &Path, name: String, contents: &mut Contents) -> Result<SourceFile, Trouble> {
    let failed = |error: io::Error| Trouble::cannot_read(path, &error);
    let mut file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode();
    let (digest, size) = Digest::of_reader(&mut file).map_err(failed)?;
    contents.insert(digest, path, size);
    Ok(SourceFile { name, digest, size, executable: mode & 0o100 != 0 })
}

/// Everything below a directory, in byte order of the paths, which puts parents before their children.
fn walk(root: &Path, contents: &mut Contents) -> Result<Vec<TreeEntry>, Vec<Trouble>> {
    let (mut entries, mut troubles) = (Vec::new(), Vec::new());
    let mut pending = vec![root.to_owned()];
    while let Some(directory) = pending.pop() {
        let listed = fs::read_dir(&directory).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let listed = match listed {
            Ok(listed) => listed,
            Err(error) => {
                troubles.push(Trouble::cannot_read(&directory, &error));
                continue;
            }
        };
        for item in listed {
            let path = item.path();
            match entry(root, &path, contents) {
                Ok(found) => {
                    if found.kind == TreeKind::Directory {
                        pending.push(path);
                    }
                    entries.push(found);
                }
                Err(trouble) => troubles.push(trouble),
            }
        }
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    troubles.sort_by(|a, b| a.message.cmp(&b.message));
    if troubles.is_empty() { Ok(entries) } else { Err(troubles) }
}

fn entry(root: &Path, path: &Path, contents: &mut Contents) -> Result<TreeEntry, Trouble> {
    let below = path.strip_prefix(root).ok().and_then(Path::to_str).map(str::to_owned);
    let below = below.and_then(|below| RelPath::try_from(below).ok());
    let below = below.ok_or_else(|| no_text(path))?;
    let metadata = fs::symlink_metadata(path).map_err(|e| Trouble::cannot_read(path, &e))?;
    let kind = if metadata.is_dir() {
        TreeKind::Directory
    } else if metadata.is_file() {
        let name = below.as_str().rsplit('/').next().unwrap_or_default().to_owned();
        TreeKind::File(file(path, name, contents)?)
    } else if metadata.is_symlink() {
        let target = fs::read_link(path).map_err(|e| Trouble::cannot_read(path, &e))?;
        let target = target.into_os_string().into_string();
        TreeKind::Link { target: target.map_err(|_| no_text(path))? }
    } else {
        return Err(unsendable(path, &metadata));
    };
    Ok(TreeEntry { path: below, kind })
}
