//! The agent's own file on the host: removed first, not last, so that a killed agent leaves nothing.
//!
//! A push puts it at `DIRECTORY/.hep-<16 hex digits>/hep-agent`; one that a host keeps lies elsewhere, and stays. Only a file
//! at such a place is removed, and with it what pushes that were killed during their upload left beside it. Another user
//! can run it only while it has a name: for that moment there is a copy at such a place again, which later pushes remove
//! if this one is killed.

use crate::sys::SysError;
use crate::sys::linux::guarded_place;
use crate::sys::linux::socket::random_name;
use hep_protocol::upload;
use nix::sys::statvfs::{FsFlags, statvfs};
use rustix::fs::{AtFlags, CWD, FlockOperation, Mode, OFlags, flock, openat, unlinkat};
use rustix::io::Errno;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A directory that nothing was written to for so long is not an upload under way.
const QUIET: Duration = Duration::from_secs(15);

/// Directories that may take a copy, in the order they are tried; before them, the one that took the agent itself.
const FOR_COPIES: [&str; 4] = ["/var/tmp", "/dev/shm", "/tmp", "/run"];

/// What may lie in an upload's directory: the agent, what it is unpacked from, and what the shell that brings it tries the
/// directory with.
const FILES: [&str; 4] = [upload::AGENT, "hep-agent.gz", "try", "room"];

/// Removes this program's file if it was uploaded, and its directory, and what others left. Errors leave things as they are:
/// the run matters more.
pub(crate) fn remove_own_file() {
    let Ok(own) = std::env::current_exe() else { return };
    let size = fs::metadata(&own).map_or(0, |meta| meta.len());
    let uploaded = own.parent().filter(|dir| is_upload(dir) && own.ends_with(upload::AGENT));
    if let Some(directory) = uploaded {
        fs::remove_file(&own).ok();
        fs::remove_dir(directory).ok();
    }
    let beside = uploaded.and_then(Path::parent).map(Path::to_owned);
    let mut places: Vec<PathBuf> =
        beside.into_iter().chain(FOR_COPIES.map(PathBuf::from)).collect();
    places.sort();
    places.dedup();
    let entries = places.iter().filter_map(|place| fs::read_dir(place).ok());
    for entry in entries.flatten().flatten() {
        let path = entry.path();
        if is_upload(&path) && is_abandoned(&path, size) {
            remove_upload(&path).ok();
        }
    }
}

/// Removes an upload's directory with what may lie in it, by descriptors: what is removed is in a directory of ours.
fn remove_upload(path: &Path) -> io::Result<()> {
    let name = path.file_name().ok_or(Errno::INVAL)?;
    let above = openat(CWD, path.parent().ok_or(Errno::INVAL)?, DIRECTORY, Mode::empty())?;
    let directory = own_directory(&above, name)?;
    for name in FILES {
        unlinkat(&directory, name, AtFlags::empty()).ok();
    }
    Ok(unlinkat(&above, name, AtFlags::REMOVEDIR)?)
}

const DIRECTORY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// Opens a directory that is this user's own, and no link.
fn own_directory(above: &OwnedFd, name: &(impl AsRef<Path> + ?Sized)) -> io::Result<OwnedFd> {
    let flags = DIRECTORY | OFlags::NOFOLLOW;
    let directory = openat(above, name.as_ref(), flags, Mode::empty())?;
    match rustix::fs::fstat(&directory)?.st_uid == nix::unistd::geteuid().as_raw() {
        true => Ok(directory),
        false => Err(Errno::PERM.into()),
    }
}

/// A copy of this program that others may run, until it is dropped.
pub(crate) struct Copy {
    above: OwnedFd,
    name: String,
    directory: OwnedFd,
    path: String,
    /// Locked, so that another push does not take it for abandoned.
    _file: File,
}

impl Copy {
    /// Makes one that a user can reach.
    pub(crate) fn make(uid: u32) -> Result<Self, SysError> {
        let own = std::env::current_exe().unwrap_or_default();
        let former = own.parent().filter(|dir| is_upload(dir)).and_then(Path::parent);
        let places = former.into_iter().chain(FOR_COPIES.map(Path::new));
        let mut last = None;
        for place in places.filter(|place| is_runnable(place) && (uid == 0 || is_reachable(place)))
        {
            match Self::make_in(place) {
                Ok(copy) => return Ok(copy),
                Err(error) => last = Some((place, error)),
            }
        }
        Err(match last {
            Some((place, error)) => {
                SysError::io(format!("cannot place the agent in {}", place.display()), error)
            }
            None => SysError::new("no directory lets other users run the agent"),
        }
        .hint(format!("one of {} must allow programs to run", FOR_COPIES.join(", "))))
    }

    fn make_in(place: &Path) -> io::Result<Self> {
        // It is started by its path, in which nobody else may exchange anything.
        let (above, place) = guarded_place(place)?;
        let name: String = random_name()?.chars().take(upload::DIGITS).collect();
        let name = upload::directory(&name);
        let file = place.join(&name).join(upload::AGENT);
        let path = file.to_str().ok_or(io::ErrorKind::InvalidFilename)?.to_owned();
        // Others pass through, and see no list.
        rustix::fs::mkdirat(&above, &name, Mode::from_raw_mode(0o711))?;
        let directory = own_directory(&above, &name)?;
        match fill(&directory) {
            Ok(open) => Ok(Self { above, name, directory, path, _file: open }),
            Err(error) => {
                remove_copy(&above, &name, &directory);
                Err(error)
            }
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        remove_copy(&self.above, &self.name, &self.directory);
    }
}

fn remove_copy(above: &OwnedFd, name: &str, directory: &OwnedFd) {
    unlinkat(directory, upload::AGENT, AtFlags::empty()).ok();
    unlinkat(above, name, AtFlags::REMOVEDIR).ok();
}

/// Writes this program to a new file. Open for reading alone in the end: nobody runs what is open for writing (ETXTBSY).
/// Others may run it and not read it: such a process keeps its memory and its descriptors to itself from its first moment on
/// (execve(2)), also from its own user's.
fn fill(directory: &OwnedFd) -> io::Result<File> {
    let mut own = File::open("/proc/self/exe")?;
    let common = OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let new = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | common;
    let new = openat(directory, upload::AGENT, new, Mode::from_raw_mode(0o711))?;
    io::copy(&mut own, &mut File::from(new))?;
    let file = openat(directory, upload::AGENT, OFlags::RDONLY | common, Mode::empty())?;
    flock(&file, FlockOperation::LockShared)?;
    Ok(File::from(file))
}

fn is_runnable(place: &Path) -> bool {
    let words = place.to_str().is_some_and(|text| {
        text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'-' | b'_'))
    });
    words && statvfs(place).is_ok_and(|fs| !fs.flags().contains(FsFlags::ST_NOEXEC))
}

/// Whether everybody may pass all directories down to this one.
fn is_reachable(place: &Path) -> bool {
    place.ancestors().all(|dir| fs::metadata(dir).is_ok_and(|meta| meta.mode() & 0o001 != 0))
}

fn is_upload(directory: &Path) -> bool {
    let name = directory.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    upload::is_directory(name)
}

/// Whether a push died here: ours, not open, and long untouched. Root need not wait when the file is unfinished: it sees
/// who has what open. Others see nothing of an `sftp-server` of their own, as sshd keeps its processes from being looked at
/// (`PR_SET_DUMPABLE`, prctl(2)).
fn is_abandoned(directory: &Path, whole: u64) -> bool {
    let own = nix::unistd::geteuid().as_raw();
    let ours = |meta: &Metadata| meta.uid() == own;
    let Some(dir_meta) =
        fs::symlink_metadata(directory).ok().filter(|meta| meta.is_dir() && ours(meta))
    else {
        return false;
    };
    let files = [upload::AGENT, "hep-agent.gz"].map(|name| directory.join(name));
    let [meta, packed] = files
        .each_ref()
        .map(|file| fs::symlink_metadata(file).ok().filter(|meta| meta.is_file() && ours(meta)));
    let written = [&meta, &packed].into_iter().flatten().filter_map(|meta| meta.modified().ok());
    let touched = written.max().or(dir_meta.modified().ok()).unwrap_or_else(SystemTime::now);
    let quiet = touched.elapsed().is_ok_and(|age| age > QUIET);
    // What is still to be unpacked may be whole, with nobody at it for a moment.
    let unfinished = packed.is_none() && meta.is_some_and(|meta| meta.len() < whole);
    (quiet || (unfinished && own == 0)) && !files.iter().any(|file| is_kept(file) || is_open(file))
}

/// Whether an agent keeps the file for another one: agents cannot be looked at, not even by their own user's.
fn is_kept(file: &Path) -> bool {
    let no_link = nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK;
    let file = File::options().read(true).custom_flags(no_link).open(file);
    file.is_ok_and(|file| {
        flock(&file, FlockOperation::NonBlockingLockExclusive) == Err(Errno::WOULDBLOCK)
    })
}

/// Whether any process we may look at has the file open or runs it.
fn is_open(file: &Path) -> bool {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter(|entry| entry.file_name().to_string_lossy().bytes().all(|b| b.is_ascii_digit()))
        .any(|process| {
            let links = fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten();
            links
                .map(|link| link.path())
                .chain([process.path().join("exe")])
                .any(|link| fs::read_link(link).is_ok_and(|target| target == file))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copy_is_whole_open_to_all_and_gone_with_its_value() {
        let copy = Copy::make(1).unwrap();
        let path = PathBuf::from(copy.path());
        let own = fs::metadata("/proc/self/exe").unwrap();
        let meta = fs::metadata(&path).unwrap();
        assert_eq!((meta.len(), meta.mode() & 0o777), (own.len(), 0o711));
        let directory = path.parent().unwrap();
        assert!(
            is_upload(directory) && is_reachable(directory) && is_open(&path) && is_kept(&path)
        );
        drop(copy);
        assert!(!directory.exists());
    }

    #[test]
    fn place_that_others_may_exchange_takes_no_copy() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let place = tempfile::tempdir().unwrap();
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let named = place.path().join("named");
        symlink(place.path(), &named).unwrap();
        let copy = Copy::make_in(&named).unwrap();
        let real = place.path().canonicalize().unwrap();
        assert!(copy.path().starts_with(real.to_str().unwrap()), "{}", copy.path());
        drop(copy);
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o777)).unwrap();
        assert!(Copy::make_in(place.path()).is_err());
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }

    #[test]
    fn abandoned_upload_goes_and_what_a_link_of_its_name_leads_to_stays() {
        use std::os::unix::fs::symlink;
        let place = tempfile::tempdir().unwrap();
        let (upload, kept) =
            (place.path().join(".hep-0123456789abcdef"), place.path().join("kept"));
        fs::create_dir(&upload).unwrap();
        fs::write(upload.join("hep-agent"), "x").unwrap();
        remove_upload(&upload).unwrap();
        fs::create_dir(&kept).unwrap();
        fs::write(kept.join("hep-agent"), "x").unwrap();
        symlink(&kept, &upload).unwrap();
        assert!(remove_upload(&upload).is_err());
        assert!(kept.join("hep-agent").exists());
    }
}
