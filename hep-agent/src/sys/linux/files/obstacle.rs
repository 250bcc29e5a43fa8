//! What would make the file system refuse a change, found out without trying: so a push fails before its first step, and check
//! mode says so beforehand. What this cannot tell, trying still will.

use super::spot::Spot;
use super::trouble::trouble;
use super::walk::Lost;
use crate::sys::SysError;
use crate::sys::files::{Account, Attrs, Deed, FileKind, Place};
use hep_protocol::value::AbsPath;
use rustix::fs::{
    Access, AtFlags, Dir, Mode, OFlags, StatVfsMountFlags, StatxAttributes, StatxFlags, accessat,
    fstatfs, fstatvfs, openat, statx,
};
use rustix::io::Errno;
use std::os::fd::OwnedFd;
use std::rc::Rc;

/// File systems of the kernel's own, in which nobody else makes, replaces or removes files: their numbers (statfs(2),
/// `linux/magic.h`), and what they are called.
const KERNELS: [(u64, &str); 11] = [
    (0x9fa0, "proc"),
    (0x6265_6572, "sysfs"),
    (0x27_e0eb, "cgroup"),
    (0x6367_7270, "cgroup2"),
    (0x6462_6720, "debugfs"),
    (0x7472_6163, "tracefs"),
    (0x7363_6673, "securityfs"),
    (0xf97c_ff8c, "selinuxfs"),
    (0x1cd1, "devpts"),
    (0x6265_6570, "configfs"),
    (0x6573_5543, "fusectl"),
];

/// Those of them in which directories and links can be made all the same.
const WITH_DIRECTORIES: [&str; 4] = ["cgroup", "cgroup2", "tracefs", "configfs"];

/// Why a change would be refused.
pub(super) fn refusal(place: &Place, deed: Deed<'_>) -> Option<SysError> {
    let (there, spot) = nearest(place)?;
    let found = there.then(|| Found::look(&spot)).flatten();
    match deed {
        Deed::Place { kind, was, attrs } => {
            let doing = match kind {
                FileKind::File => "write a new file beside",
                FileKind::Directory => "make the directory",
                FileKind::Link => "make the link",
                FileKind::Special => "make",
            };
            kernels_own(&spot, Some(kind))
                .or_else(|| closed(&spot, doing))
                .or_else(|| match (kind, was) {
                    // It gets its name at once.
                    (FileKind::File, None) => None,
                    (_, _) => grows_only(&spot, doing),
                })
                .or_else(|| found.filter(|_| was.is_some())?.stays(&spot, "replace"))
                .or_else(|| foreign(&spot, attrs?))
        }
        Deed::Rewrite => kernels_own(&spot, None).or_else(|| found?.keeps(&spot, "write into")),
        Deed::Attributes(attrs) => {
            let doing = "set the attributes of";
            let found = found?;
            found.keeps(&spot, doing).or_else(|| found.others(&spot, attrs))
        }
        Deed::Remove => kernels_own(&spot, None)
            .or_else(|| closed(&spot, "remove"))
            .or_else(|| grows_only(&spot, "remove"))
            .or_else(|| found?.stays(&spot, "remove")),
        Deed::Touch => found?.read_only(&spot, "set the times of"),
    }
}

/// The place if its directory is there; else that of the first directory above that would have to be made.
fn nearest(place: &Place) -> Option<(bool, Spot)> {
    let mut path = place.path().clone();
    let mut opened = Spot::directory_of(place);
    let mut there = true;
    // Below a file, or a link in circles, the first directory above is come to as well: the plan tells of these.
    while opened.as_ref().is_err_and(Lost::is_absence) {
        path = path.parent()?;
        there = false;
        opened = Spot::directory_of(&Place::of(path.clone()));
    }
    let name = if path == AbsPath::root() { "." } else { path.name() }.to_owned();
    Some((there, Spot { dir: Rc::new(opened.ok()?), name, path: place.path().clone() }))
}

/// A file system of the kernel's. Where something is to be made, `kind` says what.
fn kernels_own(spot: &Spot, kind: Option<FileKind>) -> Option<SysError> {
    let number = fstatfs(&*spot.dir).ok()?.f_type;
    let number = u64::try_from(number).ok()? & 0xffff_ffff;
    let (_, name) = KERNELS.iter().find(|(known, _)| *known == number)?;
    let may_be_made = matches!(kind, Some(FileKind::Directory | FileKind::Link));
    if may_be_made && WITH_DIRECTORIES.contains(name) {
        return None;
    }
    let path = &spot.path;
    Some(
        SysError::new(format!(
            "cannot change {path}: on {name}, a file system of the kernel's, files can be neither made, replaced nor removed"
        ))
        .hint("a value is written there by `command: {shell: \"echo VALUE > PATH\"}`"),
    )
}

/// A directory that takes nothing new and lets nothing go.
fn closed(spot: &Spot, doing: &str) -> Option<SysError> {
    let error = accessat(&*spot.dir, ".", Access::WRITE_OK | Access::EXEC_OK, by_whom());
    match error {
        Err(error @ (Errno::ROFS | Errno::ACCESS)) => Some(trouble(doing, spot, error)),
        // A system that does not know the question answers so too.
        Err(Errno::PERM) if flags(spot, ".").contains(StatxAttributes::IMMUTABLE) => {
            Some(trouble(doing, spot, Errno::PERM))
        }
        Ok(()) | Err(_) => None,
    }
}

/// A directory in which names are made and never given up (ioctl_iflags(2)), as that under which hep makes things.
fn grows_only(spot: &Spot, doing: &str) -> Option<SysError> {
    let append = flags(spot, ".").contains(StatxAttributes::APPEND);
    append.then(|| trouble(doing, spot, Errno::PERM))
}

/// How access(2) is asked for the rights that changes are made with.
fn by_whom() -> AtFlags {
    let same = nix::unistd::geteuid() == nix::unistd::getuid();
    if same { AtFlags::empty() } else { AtFlags::EACCESS }
}

fn flags(spot: &Spot, name: &str) -> StatxAttributes {
    let looked = statx(&*spot.dir, name, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::empty());
    looked.map_or(StatxAttributes::empty(), |meta| meta.stx_attributes)
}

/// The user whose rights are used for changes.
fn euid() -> u32 {
    nix::unistd::geteuid().as_raw()
}

/// Owners that somebody who is not root cannot give.
fn foreign(spot: &Spot, attrs: &Attrs) -> Option<SysError> {
    let own = |account: &Account, own: u32| match account {
        Account::Number(number) => *number == own,
        Account::Expected(_) => true,
    };
    let refused = euid() != 0 && !own(&attrs.owner, euid());
    refused.then(|| trouble("give its attributes to", spot, Errno::PERM))
}

/// What is at a place.
struct Found {
    file: OwnedFd,
    flags: StatxAttributes,
    uid: u32,
}

impl Found {
    fn look(spot: &Spot) -> Option<Self> {
        let how = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&*spot.dir, &spot.name, how, Mode::empty()).ok()?;
        let meta = statx(&file, "", AtFlags::EMPTY_PATH, StatxFlags::UID).ok()?;
        Some(Self { file, flags: meta.stx_attributes, uid: meta.stx_uid })
    }

    /// What cannot be replaced or removed.
    fn stays(&self, spot: &Spot, doing: &str) -> Option<SysError> {
        if self.flags.contains(StatxAttributes::MOUNT_ROOT) {
            return Some(trouble(doing, spot, Errno::BUSY));
        }
        let fixed = StatxAttributes::IMMUTABLE | StatxAttributes::APPEND;
        let foreign = || {
            // In a sticky directory only the owners of it and of the file (unlink(2)).
            let directory = rustix::fs::fstat(&*spot.dir).ok()?;
            let sticky = directory.st_mode & 0o1000 != 0;
            let others = ![self.uid, directory.st_uid, 0].contains(&euid());
            Some(sticky && others && euid() != 0)
        };
        if self.flags.intersects(fixed) || foreign().unwrap_or(false) {
            return Some(trouble(doing, spot, Errno::PERM));
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let directory = openat(&*spot.dir, &spot.name, flags, Mode::empty()).ok()?;
        let mut budget = LOOKED_AT;
        fixed_below(&Rc::new(directory), &spot.path, doing, &mut budget)
    }

    /// What cannot be changed where it is.
    fn keeps(&self, spot: &Spot, doing: &str) -> Option<SysError> {
        let fixed = StatxAttributes::IMMUTABLE | StatxAttributes::APPEND;
        let fixed = self.flags.intersects(fixed);
        fixed.then(|| trouble(doing, spot, Errno::PERM)).or_else(|| self.read_only(spot, doing))
    }

    fn read_only(&self, spot: &Spot, doing: &str) -> Option<SysError> {
        if self.flags.contains(StatxAttributes::IMMUTABLE) {
            return Some(trouble(doing, spot, Errno::PERM));
        }
        let mount = fstatvfs(&self.file).ok()?;
        let read_only = mount.f_flag.contains(StatVfsMountFlags::RDONLY);
        read_only.then(|| trouble(doing, spot, Errno::ROFS))
    }

    /// What only its owner may set, or only root.
    fn others(&self, spot: &Spot, attrs: &Attrs) -> Option<SysError> {
        let foreign =
            euid() != 0 && (self.uid != euid() || attrs.owner != Account::Number(self.uid));
        foreign.then(|| trouble("set the attributes of", spot, Errno::PERM))
    }
}

/// How many entries of a tree that is to go are looked at; of a larger one its removal tells the rest.
const LOOKED_AT: usize = 100_000;

/// The first entry below a directory that keeps it from being removed with all that is in it.
fn fixed_below(
    directory: &Rc<OwnedFd>,
    path: &AbsPath,
    doing: &str,
    budget: &mut usize,
) -> Option<SysError> {
    for entry in Dir::read_from(directory).ok()? {
        let entry = entry.ok()?;
        let Ok(name) = entry.file_name().to_str() else { continue };
        if matches!(name, "." | "..") {
            continue;
        }
        *budget = budget.checked_sub(1)?;
        let (dir, name, path) = (Rc::clone(directory), name.to_owned(), path.join(name).ok()?);
        let spot = Spot { dir, name, path };
        let fixed = StatxAttributes::IMMUTABLE | StatxAttributes::APPEND;
        if flags(&spot, &spot.name).intersects(fixed) {
            return Some(trouble(doing, &spot, Errno::PERM));
        }
        // What is mounted there is told apart before: nothing mounted is ever removed.
        let how = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        if let Ok(inner) = openat(&*spot.dir, &spot.name, how, Mode::empty())
            && let Some(error) = fixed_below(&Rc::new(inner), &spot.path, doing, budget)
        {
            return Some(error);
        }
    }
    None
}
