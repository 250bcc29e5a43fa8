//! What has come of a large content when the link was cut, for the next push to go on with; and for a moment, what a program
//! is to look at that no other user may exchange.
//!
//! It lies in a directory that only its user can enter, under the content's sha256, and never under a final name. The
//! directory is used only if it is a directory, no link, this user's own and closed to all others; whoever makes one of that
//! name first wins that nothing is kept, and no more. A file in it is used only if it is a regular one of this user's with
//! one name. Nothing rests on what it holds: the whole content is hashed before it takes its place, and what does not lead
//! to the right digest is thrown away and fetched from its beginning.

use super::walk::{self, Lost};
use crate::sys::files::Content;
use hep_protocol::blob::Digest;
use hep_protocol::value::AbsPath;
use rustix::fs::{AtFlags, Dir, FileType, FlockOperation, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::fs::File;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Seek};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::time::{Duration, SystemTime};

/// A smaller content is sent again sooner than it is worth keeping, in bytes.
const LARGE: u64 = 8 * 1024 * 1024;

/// So much must have come, in bytes.
const MUCH: u64 = 1024 * 1024;

/// How long it is kept. Systems clear this place by themselves too, later.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// Where the directory is: on a file system that outlives a boot.
const ABOVE: &str = "/var/tmp";

fn directory_name() -> String {
    format!(".hep-partial-{}", nix::unistd::geteuid())
}

fn above() -> Result<OwnedFd, Lost> {
    let above = AbsPath::try_from(ABOVE.to_owned()).map_err(|_| Errno::INVAL)?;
    walk::directory(&above, &[])
}

/// The beginning of a content that was kept, and how long it is. Locked while it is used.
pub(super) fn find(content: &Content) -> Option<(File, u64)> {
    if content.size < LARGE {
        return None;
    }
    let directory = directory().ok()?;
    sweep(&directory);
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let name = content.digest.to_string();
    let file = rustix::fs::openat(&directory, name, flags, Mode::empty()).ok()?;
    let stat = rustix::fs::fstat(&file).ok()?;
    let len = u64::try_from(stat.st_size).ok()?;
    let sound = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
        && is_private(&stat)
        && stat.st_nlink == 1
        && (1..content.size).contains(&len);
    let locked = rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared).is_ok();
    (sound && locked).then(|| (File::from(file), len))
}

/// Keeps the first bytes of a content. That it cannot costs time at the next push, and nothing else.
pub(super) fn keep(draft: &mut File, content: &Content, len: u64) {
    if content.size >= LARGE && (MUCH..content.size).contains(&len) {
        drop(try_to_keep(draft, content, len));
    }
}

fn try_to_keep(draft: &mut File, content: &Content, len: u64) -> io::Result<()> {
    let directory = made_directory().map_err(|_| Errno::PERM)?;
    let name = content.digest.to_string();
    remove_in(&directory, &name);
    // Gives back the room that was set aside for the rest.
    draft.set_len(len)?;
    let from = super::temp::descriptor_path(&*draft);
    match rustix::fs::linkat(&directory, from, &directory, &name, AtFlags::SYMLINK_FOLLOW) {
        Err(Errno::XDEV) => copy(draft, &directory, &name, len),
        linked => Ok(linked?),
    }
}

/// Another file system: copied, if that leaves as much room again as it takes.
fn copy(draft: &mut File, directory: &OwnedFd, name: &str, len: u64) -> io::Result<()> {
    let room = rustix::fs::fstatvfs(directory)?;
    if room.f_bavail.saturating_mul(room.f_frsize) / 2 < len {
        return Err(Errno::NOSPC.into());
    }
    draft.rewind()?;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::openat(directory, name, flags, Mode::RUSR | Mode::WUSR)?;
    let copied = io::copy(draft, &mut File::from(file));
    if copied.is_err() {
        remove_in(directory, name);
    }
    copied.map(drop)
}

/// Removes what was kept of a content, and the directory if that was all.
pub(super) fn remove(digest: &Digest) {
    remove_named(&digest.to_string());
}

fn remove_named(name: &str) {
    if let Ok(directory) = directory() {
        remove_in(&directory, name);
        drop(above().map(|above| {
            rustix::fs::unlinkat(above, directory_name(), AtFlags::REMOVEDIR).ok();
        }));
    }
}

fn remove_in(directory: &OwnedFd, name: &str) {
    rustix::fs::unlinkat(directory, name, AtFlags::empty()).ok();
}

/// The directory, made if it is not there, without what is old.
fn made_directory() -> Result<OwnedFd, Lost> {
    match rustix::fs::mkdirat(above()?, directory_name(), Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    let directory = directory()?;
    sweep(&directory);
    Ok(directory)
}

fn directory() -> Result<OwnedFd, Lost> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let directory = rustix::fs::openat(above()?, directory_name(), flags, Mode::empty())?;
    match is_private(&rustix::fs::fstat(&directory)?) {
        true => Ok(directory),
        false => Err(Errno::PERM.into()),
    }
}

/// Whether it is this user's and nobody else's.
fn is_private(stat: &Stat) -> bool {
    stat.st_uid == nix::unistd::geteuid().as_raw() && stat.st_mode & 0o077 == 0
}

/// A copy of a file under a name that no other user can make lead to something else. It goes with its value.
pub(super) struct Copied {
    path: AbsPath,
    name: String,
}

impl Copied {
    /// Of a file with its owner and mode, under a name that ends as this one does.
    pub(super) fn of(draft: &File, name: &str) -> Result<Self, Lost> {
        let directory = made_directory()?;
        let shown = AbsPath::try_from(format!("{ABOVE}/{}", directory_name()));
        let guarded = walk::guarded(&shown.map_err(|_| Errno::INVAL)?)?.ok_or(Errno::PERM)?;
        let random = RandomState::new().build_hasher().finish();
        let name = format!("{random:016x}-{}", super::temp::shortened(name));
        let path = guarded.join(&name).map_err(|_| Errno::NAMETOOLONG)?;
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&directory, &name, flags, Mode::RUSR | Mode::WUSR)?;
        let copy = Self { path, name };
        let mut file = File::from(file);
        io::copy(&mut FromStart { file: draft, at: 0 }, &mut file)?;
        let meta = draft.metadata()?;
        std::os::unix::fs::fchown(&file, Some(meta.uid()), Some(meta.gid()))?;
        rustix::fs::fchmod(&file, Mode::from_raw_mode(meta.mode() & 0o777))?;
        Ok(copy)
    }

    pub(super) fn path(&self) -> &AbsPath {
        &self.path
    }
}

impl Drop for Copied {
    fn drop(&mut self) {
        remove_named(&self.name);
    }
}

/// Reads a file from its beginning, wherever its descriptor is.
struct FromStart<'a> {
    file: &'a File,
    at: u64,
}

impl io::Read for FromStart<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read_at(buffer, self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}

/// Removes what is old.
fn sweep(directory: &OwnedFd) {
    let Ok(entries) = Dir::read_from(directory) else { return };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    for entry in entries.flatten() {
        let name = entry.file_name();
        let age = rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW).ok().map(|stat| {
            let made = u64::try_from(stat.st_mtime).unwrap_or_default();
            now.saturating_sub(Duration::from_secs(made))
        });
        // `.` and `..` are directories, which this does not remove.
        if age.is_some_and(|age| age > KEPT) {
            rustix::fs::unlinkat(directory, name, AtFlags::empty()).ok();
        }
    }
}
