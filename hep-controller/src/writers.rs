//! Finds who else can write a file that hep obeys: such a user can make hep run commands and log in anywhere.

use std::fmt;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Group and others may write (inode(7)).
const BY_GROUP: u32 = 0o020;
const BY_OTHERS: u32 = 0o002;

/// Only owners may rename and remove what is in the directory.
const STICKY: u32 = 0o1000;

/// Somebody else may write a file, or put another in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exposed {
    /// The file, or a directory that holds it.
    path: PathBuf,
    how: How,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// It belongs to the user of this number.
    Foreign(u32),
    /// Its mode lets others in.
    Mode(u32),
}

impl fmt::Display for Exposed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match self.how {
            How::Foreign(uid) => match users::get_user_by_uid(uid) {
                Some(user) => write!(f, "{path} belongs to `{}`", user.name().to_string_lossy()),
                None => write!(f, "{path} belongs to the user with the number {uid}"),
            },
            How::Mode(mode) => write!(f, "others may write {path}: its mode is {mode:04o}"),
        }
    }
}

/// Whether somebody beside root and the operator may write a file or the directory that holds it; of a link also the
/// directory that it stands in. Nothing of a file that is not there.
pub(crate) fn exposed(file: &Path) -> Option<Exposed> {
    let own = Trusted::here();
    let real = fs::canonicalize(file).ok()?;
    let named_in = file.parent().map(|parent| {
        let here = parent.as_os_str().is_empty();
        if here { PathBuf::from(".") } else { parent.to_owned() }
    });
    let looked_at = |path: &Path| fs::metadata(path).ok().and_then(|about| own.judge(path, &about));
    let parents = [real.parent().map(Path::to_owned), named_in];
    looked_at(file).or_else(|| parents.iter().flatten().find_map(|parent| looked_at(parent)))
}

/// The users who can write.
struct Trusted {
    users: Vec<u32>,
    /// The operator's own group, where each user has one.
    group: Option<u32>,
}

impl Trusted {
    fn here() -> Trusted {
        let uid = users::get_effective_uid();
        let mut own = vec![0, uid];
        if uid == 0 {
            // As git does it: who calls `sudo hep` may do all that hep does anyway.
            let caller = std::env::var("SUDO_UID").ok();
            own.extend(caller.and_then(|caller| caller.parse::<u32>().ok()));
        }
        Trusted { group: private_group(*own.last().unwrap_or(&uid)), users: own }
    }

    fn judge(&self, path: &Path, about: &Metadata) -> Option<Exposed> {
        let mode = about.mode() & 0o7777;
        let exposed = |how| Some(Exposed { path: path.to_owned(), how });
        if !self.users.contains(&about.uid()) {
            return exposed(How::Foreign(about.uid()));
        }
        let own_group = about.gid() == 0 || self.group == Some(about.gid());
        let open = mode & BY_OTHERS != 0 || (mode & BY_GROUP != 0 && !own_group);
        let guarded = about.is_dir() && mode & STICKY != 0;
        if open && !guarded { exposed(How::Mode(mode)) } else { None }
    }
}

/// The group that only this user is in, as many systems give one to each: then a umask of 002 lets nobody else write.
fn private_group(uid: u32) -> Option<u32> {
    let user = users::get_user_by_uid(uid)?;
    let group = users::get_group_by_gid(user.primary_group_id())?;
    let alone = users::os::unix::GroupExt::members(&group).iter().all(|name| name == user.name());
    (group.name() == user.name() && alone).then(|| group.gid())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    /// What is said of a file in a directory, with the mode and the owner of each.
    fn check(directory: (u32, u32), file: (u32, u32), expected: Option<&str>) {
        let place = tempfile::tempdir().unwrap();
        let (inner, path) = (place.path().join("d"), place.path().join("d/f"));
        fs::create_dir(&inner).unwrap();
        fs::write(&path, "").unwrap();
        for (path, (mode, owner)) in [(&path, file), (&inner, directory)] {
            chown(path, Some(owner), Some(0)).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
        let link = place.path().join("link");
        symlink(&path, &link).unwrap();
        let said = |path: &Path| {
            let exposed = exposed(path).map(|exposed| exposed.to_string());
            exposed.map(|said| said.replace(&place.path().display().to_string(), ""))
        };
        assert_eq!(said(&path).as_deref(), expected, "{directory:?} {file:?}");
        assert_eq!(said(&link).is_some(), expected.is_some(), "{directory:?} {file:?}");
    }

    #[test]
    fn what_others_may_write_is_told() {
        if users::get_effective_uid() != 0 {
            return;
        }
        let user = 65_534;
        check((0o755, 0), (0o644, 0), None);
        check((0o755, 0), (0o600, 0), None);
        check((0o755, 0), (0o666, 0), Some("others may write /d/f: its mode is 0666"));
        check((0o755, 0), (0o602, 0), Some("others may write /d/f: its mode is 0602"));
        check((0o755, 0), (0o600, user), Some("/d/f belongs to `nobody`"));
        check((0o777, 0), (0o600, 0), Some("others may write /d: its mode is 0777"));
        check((0o755, user), (0o600, 0), Some("/d belongs to `nobody`"));
        // As /tmp is: what is in it is its owner's.
        check((0o1777, 0), (0o600, 0), None);
        check((0o1777, 0), (0o600, user), Some("/d/f belongs to `nobody`"));
        // Root's group is root's.
        check((0o775, 0), (0o664, 0), None);
    }

    #[test]
    fn a_group_with_others_in_it_is_no_private_one() {
        if users::get_effective_uid() != 0 {
            return;
        }
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("f");
        fs::write(&path, "").unwrap();
        chown(&path, Some(0), Some(1)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
        assert!(exposed(&path).is_some());
        assert_eq!(exposed(&place.path().join("none")), None);
    }
}
