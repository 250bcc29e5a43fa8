//! Checks who can have written a bundle: it runs with all rights of the user who applies it, so nobody else may write
//! it, or any directory on the way to it.

use std::fmt;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// What helps.
pub(super) const HINT: &str =
    "copy it to where nobody else may write, as `install -m 0600 BUNDLE ~/`, and apply that";

/// Group and others may write (inode(7)); an ACL that lets others in shows as the group's bits.
const WRITABLE: u32 = 0o022;

/// Only owners may rename and remove what is in the directory.
const STICKY: u32 = 0o1000;

/// Somebody else may write the bundle or put another in its place.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Exposed {
    Foreign { path: PathBuf, owner: u32 },
    Mode { path: PathBuf, mode: u32 },
}

impl fmt::Display for Exposed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exposed::Foreign { path, owner } => {
                write!(
                    f,
                    "is not applied: {} belongs to the user with the number {owner}",
                    path.display()
                )
            }
            Exposed::Mode { path, mode } => {
                write!(
                    f,
                    "is not applied: others may write {}: its mode is {mode:04o}",
                    path.display()
                )
            }
        }
    }
}

/// Looks at the file, at the directories above it and, of a link, at those above that. What is not there is for who opens it.
pub(super) fn check(bundle: &Path) -> Result<(), Exposed> {
    let named = std::path::absolute(bundle).ok();
    let real = fs::canonicalize(bundle).ok();
    let above = |path: &Option<PathBuf>| {
        let parent = path.as_deref().and_then(Path::parent);
        // Through no link but the last: the directory that the name stands in.
        let parent = parent.and_then(|parent| fs::canonicalize(parent).ok());
        parent.map(|parent| parent.ancestors().map(Path::to_owned).collect()).unwrap_or_default()
    };
    let directories: [Vec<PathBuf>; 2] = [above(&real), above(&named)];
    let acting = nix::unistd::geteuid().as_raw();
    for path in real.iter().chain(directories.iter().flatten()) {
        if let Ok(about) = fs::metadata(path) {
            judge(path, &about, acting)?;
        }
    }
    Ok(())
}

fn judge(path: &Path, about: &Metadata, acting: u32) -> Result<(), Exposed> {
    let (owner, mode) = (about.uid(), about.mode() & 0o7777);
    if owner != 0 && owner != acting {
        return Err(Exposed::Foreign { path: path.to_owned(), owner });
    }
    let guarded = about.is_dir() && mode & STICKY != 0;
    if mode & WRITABLE != 0 && !guarded {
        return Err(Exposed::Mode { path: path.to_owned(), mode });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    /// What is said of a bundle two directories deep, with mode and owner of each, the outermost first.
    fn said(modes: [(u32, u32); 3]) -> Option<String> {
        let place = tempfile::tempdir().unwrap();
        let paths = ["a", "a/b", "a/b/site.hep"].map(|path| place.path().join(path));
        fs::create_dir_all(&paths[1]).unwrap();
        fs::write(&paths[2], "").unwrap();
        let link = place.path().join("link.hep");
        symlink(&paths[2], &link).unwrap();
        for (path, (mode, owner)) in paths.iter().zip(modes).rev() {
            chown(path, Some(owner), None).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
        let by_link = check(&link).map_err(|exposed| exposed.to_string());
        let found = check(&paths[2]).map_err(|exposed| exposed.to_string());
        assert_eq!(found, by_link);
        let short = |text: String| text.replace(&place.path().display().to_string(), "");
        found.err().map(short)
    }

    #[test]
    fn bundle_that_others_may_write_or_replace_is_refused() {
        if !nix::unistd::geteuid().is_root() {
            return;
        }
        let (open, own) = ((0o755, 0), (0o600, 0));
        let check = |modes, expected: Option<&str>| {
            let expected = expected.map(|text| format!("is not applied: {text}"));
            assert_eq!(said(modes), expected, "{modes:?}");
        };
        check([open, open, own], None);
        check([open, open, (0o644, 0)], None);
        // As /tmp is.
        check([(0o1777, 0), open, own], None);
        check([open, (0o1777, 0), own], None);
        let of = |path: &str| format!("{path} belongs to the user with the number 4321");
        let by_others =
            |path: &str, mode: &str| format!("others may write {path}: its mode is {mode}");
        check([open, open, (0o600, 4321)], Some(&of("/a/b/site.hep")));
        check([open, (0o755, 4321), own], Some(&of("/a/b")));
        check([(0o755, 4321), open, own], Some(&of("/a")));
        check([open, open, (0o620, 0)], Some(&by_others("/a/b/site.hep", "0620")));
        check([open, open, (0o602, 0)], Some(&by_others("/a/b/site.hep", "0602")));
        check([open, (0o777, 0), own], Some(&by_others("/a/b", "0777")));
        check([(0o775, 0), open, own], Some(&by_others("/a", "0775")));
    }

    #[test]
    fn link_in_the_directory_of_another_is_refused() {
        if !nix::unistd::geteuid().is_root() {
            return;
        }
        let place = tempfile::tempdir().unwrap();
        let (theirs, own) = (place.path().join("theirs"), place.path().join("site.hep"));
        fs::create_dir(&theirs).unwrap();
        fs::write(&own, "").unwrap();
        chown(&theirs, Some(4321), None).unwrap();
        symlink(&own, theirs.join("link")).unwrap();
        assert_eq!(check(&own), Ok(()));
        assert!(matches!(check(&theirs.join("link")), Err(Exposed::Foreign { owner: 4321, .. })));
        assert_eq!(check(&place.path().join("none")), Ok(()));
    }
}
