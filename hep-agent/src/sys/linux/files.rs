//! Files on the real host, read and changed.
//!
//! Every change is made beside its place under a name of hep's and then renamed there, by descriptors of the directories.

mod acl;
mod attributes;
mod backup;
mod in_place;
mod mounts;
mod obstacle;
mod partial;
mod put;
mod remove;
mod spot;
mod supply;
mod survey;
mod temp;
#[cfg(test)]
mod tests;
mod trouble;
mod walk;
mod writeback;
mod xattrs;

use super::Linux;
use super::passwd::Database;
use crate::sys::files::walk::{End, Way};
use crate::sys::files::{
    Account, Acl, Attrs, Content, Deed, Durable, FileAction, FileKind, Former, Meta, NewFile,
    NewLink, ObserveFiles, Place, Seen, Times,
};
use crate::sys::{Effect, SysError};
use hep_protocol::blob::{Digest, Want};
use hep_protocol::value::{AbsPath, PermissionBits};
pub(crate) use mounts::unescaped as unescaped_mount;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Timespec, Timestamps, UTIME_NOW};
use rustix::io::Errno;
pub(super) use spot::Near;
use spot::Spot;
use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind, Read};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
pub(super) use supply::Known;
use temp::TempName;
use trouble::trouble;
use walk::Lost;
pub(crate) use walk::guarded_place;

impl ObserveFiles for Linux {
    fn lstat(&self, path: &AbsPath) -> Result<Option<Meta>, SysError> {
        seen(path, fs::symlink_metadata(path).map_err(Lost::from))
    }

    fn times(&self, path: &AbsPath) -> Option<Times> {
        let meta = fs::symlink_metadata(path).ok()?;
        let time = |seconds: i64, nanos: i64| seconds as f64 + nanos as f64 / 1e9;
        Some(Times {
            mode: meta.mode(),
            atime: time(meta.atime(), meta.atime_nsec()),
            mtime: time(meta.mtime(), meta.mtime_nsec()),
            ctime: time(meta.ctime(), meta.ctime_nsec()),
            blocks: meta.blocks(),
            block_size: meta.blksize(),
        })
    }

    fn stat(&self, path: &AbsPath) -> Result<Option<Meta>, SysError> {
        seen(path, fs::metadata(path).map_err(Lost::from))
    }

    fn resolve(&self, path: &AbsPath) -> Result<Option<AbsPath>, SysError> {
        match fs::canonicalize(path) {
            Ok(real) => {
                let text = real.to_str().and_then(|text| AbsPath::try_from(text.to_owned()).ok());
                let shown = real.display().to_string();
                let why =
                    || SysError::new(format!("{path} leads to a path that is not UTF-8: {shown}"));
                text.map(Some).ok_or_else(why)
            }
            Err(error) if is_absence(&error) => Ok(None),
            Err(error) => Err(SysError::io(format!("cannot follow {path}"), error)),
        }
    }

    fn read_link(&self, path: &AbsPath) -> Result<String, SysError> {
        match fs::read_link(path) {
            Ok(target) => Ok(target.to_string_lossy().into_owned()),
            Err(error) => Err(SysError::io(format!("cannot read the link {path}"), error)),
        }
    }

    fn way(&self, path: &AbsPath, end: End, below: &[&str]) -> Result<Option<Way>, SysError> {
        match walk::way(path, end) {
            Ok(way) => Ok(Some(way)),
            Err(error) if error.is_absence() => Ok(None),
            Err(error) => Err(error.below(below).doing(format!("cannot follow {path}"))),
        }
    }

    fn digest(&self, path: &AbsPath) -> Result<Digest, SysError> {
        self.digest_at(&Place::of(path.clone()))
    }

    fn read(&self, path: &AbsPath, limit: u64) -> Result<Option<Vec<u8>>, SysError> {
        self.read_at(&Place::of(path.clone()), limit)
    }

    fn wanted(&self, content: &Content, limit: u64) -> Result<Option<Vec<u8>>, SysError> {
        match &content.inline {
            _ if content.size > limit => Ok(None),
            Some(bytes) => Ok(Some(bytes.clone())),
            None => self
                .outside
                .open(Want { digest: content.digest, from: 0 })
                .and_then(|reader| read_up_to(reader, limit))
                .and_then(|bytes| proven(bytes, &content.digest))
                .map_err(|error| SysError::io("cannot get the new content", error)),
        }
    }

    fn foresee(&self, contents: &[&Content]) {
        self.outside.foresee(supply::wants(contents, &self.known));
    }

    fn list(&self, path: &AbsPath) -> Result<Vec<String>, SysError> {
        self.list_at(&Place::below(path.clone(), path.clone()))
    }

    fn lstat_at(&self, place: &Place) -> Result<Option<Meta>, SysError> {
        let opened = Spot::open_at(place, OFlags::PATH);
        seen(place.path(), opened.and_then(|file| Ok(fs::File::from(file).metadata()?)))
    }

    fn digest_at(&self, place: &Place) -> Result<Digest, SysError> {
        let read = || Ok(Digest::of_reader(&mut open_to_read_at(place)?)?.0);
        read().map_err(|error: Lost| error.doing(format!("cannot read {}", place.path())))
    }

    fn survey(&self, places: &[(&Place, Option<&Content>)]) -> Result<Vec<Seen>, SysError> {
        let seen = survey::survey(places)?;
        for ((place, content), seen) in places.iter().zip(&seen) {
            if let Some(content) = content.filter(|content| seen.same && content.inline.is_none()) {
                self.known.add(content.digest, place);
            }
        }
        Ok(seen)
    }

    fn read_at(&self, place: &Place, limit: u64) -> Result<Option<Vec<u8>>, SysError> {
        open_to_read_at(place)
            .and_then(|file| Ok(read_up_to(file, limit)?))
            .map_err(|error| error.doing(format!("cannot read {}", place.path())))
    }

    fn list_at(&self, place: &Place) -> Result<Vec<String>, SysError> {
        let path = place.path();
        let what = || format!("cannot read the directory {path}");
        let broken = |error| SysError::io(what(), error);
        let directory = Spot::open_at(place, OFlags::RDONLY | OFlags::DIRECTORY);
        let directory = directory.map_err(|error| error.doing(what()))?;
        let entries = Dir::read_from(directory).map_err(broken)?;
        let names = entries.map(|entry| {
            let name = entry.map_err(broken)?.file_name().to_bytes().to_owned();
            Ok(OsString::from_vec(name))
        });
        let own = |name: &Result<OsString, SysError>| {
            name.as_ref().is_ok_and(|name| name == "." || name == "..")
        };
        sorted(path, names.filter(|name| !own(name)))
    }

    fn mounts(&self, path: &AbsPath) -> Result<Vec<AbsPath>, SysError> {
        mounts::at_or_below(path)
    }

    fn refusal(&self, place: &Place, deed: Deed<'_>) -> Option<SysError> {
        obstacle::refusal(place, deed)
    }

    fn acls(&self, places: &[(&Place, FileKind)]) -> Result<Vec<Acl>, SysError> {
        acl::of(places, &|uid| self.user_name(uid), &|gid| self.group_name(gid))
    }

    fn handed_down(&self, directory: &AbsPath) -> Result<Option<PermissionBits>, SysError> {
        acl::handed_down(directory)
    }

    fn user(&self, name: &str) -> Result<Option<u32>, SysError> {
        Database::Passwd.number(name)
    }

    fn group(&self, name: &str) -> Result<Option<u32>, SysError> {
        Database::Group.number(name)
    }

    fn user_name(&self, uid: u32) -> Option<String> {
        Database::Passwd.name_of(uid)
    }

    fn group_name(&self, gid: u32) -> Option<String> {
        Database::Group.name_of(gid)
    }

    fn own_ids(&self) -> (u32, u32) {
        (nix::unistd::geteuid().as_raw(), nix::unistd::getegid().as_raw())
    }
}

impl Linux {
    /// Says which contents will be put next.
    pub(super) fn announce_contents(&mut self, contents: &[&Content]) {
        self.near.forget();
        self.foresee(contents);
    }

    /// Makes something of it. What is made anew appears with its attributes.
    pub(super) fn apply_file(&mut self, action: &FileAction) -> Result<Effect, SysError> {
        let kind = |from: &Option<Former>| from.as_ref().map(|from| from.kind);
        match action {
            FileAction::Put(file) => {
                return Ok(match self.put_file(file)? {
                    Some(kept) => Effect::Kept(kept),
                    None => Effect::Changed,
                });
            }
            FileAction::Set { place, to, .. } => self.set_attrs(place, to)?,
            FileAction::SetBelow { entries, .. } => {
                // What is in a directory goes before it: who is given it may put anything into it.
                entries.iter().rev().try_for_each(|new| self.set_attrs(&new.place, &new.to))?;
            }
            FileAction::MakeDirectory { place, from, to, durable, .. } => {
                self.make_dir(place, to, kind(from), *durable)?;
            }
            FileAction::Link { place, from, to, durable, .. } => {
                self.make_link(place, to, kind(from), *durable)?;
            }
            FileAction::Hardlink { place, from, to } => {
                self.make_hardlink(place, to, kind(from))?
            }
            FileAction::Remove { place, from } => {
                self.remove(place, kind(from).unwrap_or(FileKind::File))?;
            }
            FileAction::Flush { directory } => {
                self.flush(directory)?;
                return Ok(Effect::Nothing);
            }
            FileAction::Touch { place } => self.touch(place)?,
        }
        Ok(Effect::Changed)
    }

    /// Puts a file in place by a rename, its attributes set before it can be seen. Gives the name under which the old one
    /// was kept, if that was asked.
    fn put_file(&mut self, file: &NewFile) -> Result<Option<AbsPath>, SysError> {
        let spot = self.near.open_over(&file.place, file.was())?;
        let kept = put::put_file(file, &spot, &self.known, self.outside.as_ref())?;
        let content = &file.to.content;
        if content.inline.is_none() {
            self.known.add(content.digest, &file.place);
        }
        Ok(kept)
    }

    /// Sets owner, group, mode and ACL of what is at a path; a link at its end is changed itself, not followed.
    fn set_attrs(&mut self, place: &Place, attrs: &Attrs) -> Result<(), SysError> {
        attributes::set(&self.near.open(place)?, attrs)
    }

    fn make_dir(
        &mut self,
        place: &Place,
        attrs: &Attrs,
        was: Option<FileKind>,
        durable: Durable,
    ) -> Result<(), SysError> {
        let spot = self.near.open_over(place, was)?;
        let failed = |error| trouble("make the directory", &spot, error);
        let mut locked = None;
        let make = |name: &str| {
            rustix::fs::mkdirat(&spot.dir, name, Mode::from_raw_mode(0o700))?;
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            // Gone again if another agent took it for a left one.
            let made = rustix::fs::openat(&spot.dir, name, flags, Mode::empty())
                .map_err(|error| if error == Errno::NOENT { Errno::EXIST } else { error })?;
            temp::lock_named(&spot, name, &made)?;
            temp::is_new_directory(&spot, &made)?;
            locked = Some(made);
            Ok(())
        };
        let temp = TempName::claim(&spot, FileKind::Directory, make).map_err(failed)?;
        if let Some(made) = &locked {
            attributes::set_open(made, &spot, attrs)?;
        }
        temp.install(was, "make the directory")?;
        // Ours for as long as others could meet it under the name beside its place.
        drop(locked);
        spot.sync_if(durable)
    }

    fn make_link(
        &mut self,
        place: &Place,
        NewLink { target, attrs }: &NewLink,
        was: Option<FileKind>,
        durable: Durable,
    ) -> Result<(), SysError> {
        let spot = self.near.open_over(place, was)?;
        let failed = |error| trouble("make the link", &spot, error);
        let mut made = None;
        let make = |name: &str| {
            rustix::fs::symlinkat(target, &spot.dir, name)?;
            made = Some(temp::open_new_link(&spot, name, target)?);
            Ok(())
        };
        let temp = TempName::claim(&spot, FileKind::Link, make).map_err(failed)?;
        if let Some(made) = &made {
            attributes::set_open(made, &spot, attrs)?;
        }
        temp.install(was, "make the link")?;
        spot.sync_if(durable)
    }

    fn make_hardlink(
        &mut self,
        place: &Place,
        target: &AbsPath,
        was: Option<FileKind>,
    ) -> Result<(), SysError> {
        let target = Spot::open(&Place::of(target.clone()))?;
        let spot = self.near.open_over(place, was)?;
        let failed = |error| trouble("make the hard link", &spot, error);
        let make = |name: &str| {
            rustix::fs::linkat(&target.dir, &target.name, &spot.dir, name, AtFlags::empty())
        };
        let temp = TempName::claim(&spot, FileKind::File, make).map_err(failed)?;
        temp.install(was, "make the hard link")?;
        spot.sync()
    }

    /// Removes a path, by descriptors, following no link.
    fn remove(&mut self, place: &Place, was: FileKind) -> Result<(), SysError> {
        let spot = Spot::open(place)?;
        match was {
            FileKind::Directory => remove::tree(&spot)?,
            FileKind::File | FileKind::Link | FileKind::Special => {
                rustix::fs::unlinkat(&spot.dir, &spot.name, AtFlags::empty())
                    .map_err(|error| trouble("remove", &spot, error))?;
            }
        }
        spot.sync()
    }

    fn flush(&mut self, directory: &AbsPath) -> Result<(), SysError> {
        let place = Place::below(directory.clone(), directory.clone());
        Spot::open_at(&place, OFlags::RDONLY | OFlags::DIRECTORY)
            .and_then(|directory| Ok(rustix::fs::syncfs(directory)?))
            .map_err(|error| error.doing(format!("cannot write {directory} to disk")))
    }

    fn touch(&mut self, place: &Place) -> Result<(), SysError> {
        let spot = Spot::open(place)?;
        let stat = rustix::fs::statat(&spot.dir, &spot.name, AtFlags::SYMLINK_NOFOLLOW);
        let stat = stat.map_err(|error| trouble("set the times of", &spot, error))?;
        attributes::refuse_shared(&stat, &spot)?;
        let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
        let times = Timestamps { last_access: now, last_modification: now };
        rustix::fs::utimensat(&spot.dir, &spot.name, &times, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|error| trouble("set the times of", &spot, error))
    }
}

/// What a look gave, if there is anything.
fn seen(path: &AbsPath, looked: Result<fs::Metadata, Lost>) -> Result<Option<Meta>, SysError> {
    match looked {
        Ok(meta) => Ok(Some(meta_of(&meta))),
        Err(error) if error.is_absence() => Ok(None),
        Err(error) => Err(error.doing(format!("cannot look at {path}"))),
    }
}

fn sorted(
    directory: &AbsPath,
    names: impl Iterator<Item = Result<OsString, SysError>>,
) -> Result<Vec<String>, SysError> {
    let text = |name: OsString| {
        name.into_string().map_err(|name| {
            SysError::new(format!(
                "{directory} has a name in it that is not UTF-8: {}",
                name.to_string_lossy().escape_debug()
            ))
            .hint("rename it on the host")
        })
    };
    let mut names: Vec<String> = names.map(|name| text(name?)).collect::<Result<_, _>>()?;
    names.sort_unstable();
    Ok(names)
}

/// Nothing is there, something that is no directory stands in the path, or links in it go in circles.
pub(super) fn is_absence(error: &io::Error) -> bool {
    let in_circles = error.raw_os_error() == Some(nix::libc::ELOOP);
    in_circles || matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

pub(super) fn kind_of(meta: &fs::Metadata) -> FileKind {
    let kind = meta.file_type();
    if kind.is_file() {
        FileKind::File
    } else if kind.is_dir() {
        FileKind::Directory
    } else if kind.is_symlink() {
        FileKind::Link
    } else {
        FileKind::Special
    }
}

fn meta_of(meta: &fs::Metadata) -> Meta {
    let attrs = Attrs {
        owner: Account::Number(meta.uid()),
        group: Account::Number(meta.gid()),
        mode: PermissionBits(u16::try_from(meta.mode() & 0o7777).unwrap_or_default()),
        acl: Acl::AsItIs,
    };
    let id = (meta.dev(), meta.ino());
    let (size, mtime, names) = (meta.size(), Some(meta.mtime()), meta.nlink());
    Meta { kind: kind_of(meta), attrs, size, mtime, id, names }
}

/// The same of what a look by name gave.
fn meta_of_stat(stat: &rustix::fs::Stat) -> Meta {
    let attrs = Attrs {
        owner: Account::Number(stat.st_uid),
        group: Account::Number(stat.st_gid),
        mode: PermissionBits(u16::try_from(stat.st_mode & 0o7777).unwrap_or_default()),
        acl: Acl::AsItIs,
    };
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => FileKind::File,
        FileType::Directory => FileKind::Directory,
        FileType::Symlink => FileKind::Link,
        FileType::Fifo
        | FileType::Socket
        | FileType::CharacterDevice
        | FileType::BlockDevice
        | FileType::Unknown => FileKind::Special,
    };
    let size = u64::try_from(stat.st_size).unwrap_or_default();
    let (mtime, id) = (Some(stat.st_mtime), (stat.st_dev, stat.st_ino));
    // Its width is the machine's.
    #[allow(clippy::useless_conversion, reason = "it has 32 bits on some machines")]
    let names = u64::from(stat.st_nlink);
    Meta { kind, attrs, size, mtime, id, names }
}

/// Opens a file that was a regular one when it was looked at; a pipe or link in its place is refused, not waited for.
fn open_to_read_at(place: &Place) -> Result<fs::File, Lost> {
    let file = Spot::open_at(place, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?;
    Ok(regular(fs::File::from(file))?)
}

fn regular(file: fs::File) -> io::Result<fs::File> {
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file"))
    }
}

/// Bytes that came from outside, if they are what was promised.
fn proven(bytes: Option<Vec<u8>>, digest: &Digest) -> io::Result<Option<Vec<u8>>> {
    match bytes {
        Some(bytes) if Digest::of(&bytes) != *digest => {
            Err(io::Error::other("what came is not what was promised"))
        }
        bytes => Ok(bytes),
    }
}

fn read_up_to(reader: impl Read, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    reader.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(Some(bytes).filter(|bytes| bytes.len() as u64 <= limit))
}
