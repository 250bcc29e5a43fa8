//! Package files that others may write. What a task looked at must be what is installed, so it works on a copy that only root
//! can reach, made at the first look and gone after the task.

use super::private;
use crate::sys::SysError;
use crate::sys::packages::{Target, Transaction};
use hep_protocol::value::AbsPath;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// On a disk: a package may be larger than the memory.
const PARENT: &str = "/var/cache";

/// What the directory is called, before the number of the agent.
const PREFIX: &str = "hep-packages-";

/// The copies of the task in hand.
#[derive(Default)]
pub(super) struct Copies(RefCell<Inner>);

#[derive(Default)]
struct Inner {
    directory: Option<PathBuf>,
    /// What stands for each file that was looked at: the file itself, or its copy.
    of: BTreeMap<AbsPath, AbsPath>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(directory) = &self.directory {
            // What stays behind is swept up by the next run.
            fs::remove_dir_all(directory).ok();
        }
    }
}

impl Copies {
    /// Forgets what earlier tasks looked at.
    pub(super) fn forget(&mut self) {
        self.0 = RefCell::default();
    }

    /// The file to work on; `None` if there is none.
    pub(super) fn of(&self, path: &AbsPath) -> Result<Option<AbsPath>, SysError> {
        let mut inner = self.0.borrow_mut();
        if let Some(known) = inner.of.get(path) {
            return Ok(Some(known.clone()));
        }
        let failed = |error| SysError::io(format!("cannot read the package file {path}"), error);
        let real = match fs::canonicalize(path) {
            Ok(real) => real,
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(failed(error)),
        };
        // Only root installs packages.
        let trusted = !nix::unistd::geteuid().is_root() || is_roots(path.as_ref(), &real);
        let stands = match trusted {
            true => path.clone(),
            false => inner.copy(path, &real).map_err(failed)?,
        };
        inner.of.insert(path.clone(), stands.clone());
        Ok(Some(stands))
    }

    /// The transaction with the files to work on.
    pub(super) fn in_place_of(&self, transaction: &Transaction) -> Result<Transaction, SysError> {
        let target = |target: &Target| -> Result<Target, SysError> {
            match target {
                Target::File(path) => {
                    let file = self.of(path)?.unwrap_or_else(|| path.clone());
                    Ok(Target::File(file))
                }
                Target::Named { .. } => Ok(target.clone()),
            }
        };
        let targets = transaction.targets.iter().map(target).collect::<Result<_, SysError>>()?;
        Ok(Transaction { targets, ..transaction.clone() })
    }
}

impl Inner {
    fn copy(&mut self, path: &AbsPath, real: &Path) -> io::Result<AbsPath> {
        let directory = match &self.directory {
            Some(directory) => directory,
            None => self.directory.insert(private::directory(PARENT, PREFIX)?),
        };
        // Two files may have the same name.
        let own = directory.join(self.of.len().to_string());
        fs::DirBuilder::new().mode(0o700).create(&own)?;
        // What became a link or a pipe by now is not for us.
        let flags = nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK;
        let mut from = OpenOptions::new().read(true).custom_flags(flags).open(real)?;
        if !from.metadata()?.is_file() {
            return Err(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file"));
        }
        let to = own.join(path.name());
        io::copy(&mut from, &mut File::create_new(&to)?)?;
        AbsPath::try_from(to.display().to_string()).map_err(io::Error::other)
    }
}

/// Whether nobody but root can make something else of a path: it and all directories above it are root's, and others may write
/// in them at most as in `/tmp`, where each may only remove what is his own.
fn is_roots(path: &Path, real: &Path) -> bool {
    let safe = |path: &Path| {
        fs::symlink_metadata(path).is_ok_and(|meta| {
            let sticky = meta.is_dir() && meta.mode() & 0o1000 != 0;
            meta.uid() == 0 && (sticky || meta.mode() & 0o022 == 0)
        })
    };
    path == real && path.ancestors().all(safe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    fn path(directory: &Path, name: &str) -> AbsPath {
        directory.join(name).display().to_string().parse().unwrap()
    }

    #[test]
    fn only_what_root_alone_can_change_is_taken_as_it_is() {
        if !nix::unistd::geteuid().is_root() {
            return;
        }
        let root = tempfile::Builder::new().prefix("debs").tempdir_in("/var/tmp").unwrap();
        let own = root.path().canonicalize().unwrap();
        let deb = own.join("a.deb");
        fs::write(&deb, "first").unwrap();
        let taken = |name: &str| Copies::default().of(&path(&own, name)).unwrap().unwrap();
        assert_eq!(taken("a.deb"), path(&own, "a.deb"));
        assert_eq!(Copies::default().of(&path(&own, "none.deb")).unwrap(), None);

        for (name, mode, owner) in
            [("a.deb", 0o646, 0), ("a.deb", 0o644, 33), (".", 0o777, 0), (".", 0o755, 33)]
        {
            let changed = own.join(name);
            let was = fs::metadata(&changed).unwrap().permissions();
            fs::set_permissions(&changed, Permissions::from_mode(mode)).unwrap();
            chown(&changed, Some(owner), None).unwrap();
            let copies = Copies::default();
            let taken = copies.of(&path(&own, "a.deb")).unwrap().unwrap();
            assert_ne!(taken, path(&own, "a.deb"), "{name} {mode:o} {owner}");
            // Another file takes the place: what was looked at is still what is installed.
            fs::write(&deb, "second").unwrap();
            assert_eq!(copies.of(&path(&own, "a.deb")).unwrap(), Some(taken.clone()));
            assert_eq!(fs::read_to_string(&taken).unwrap(), "first");
            assert_eq!(taken.name(), "a.deb");
            drop(copies);
            assert!(!Path::new(taken.as_str()).exists());
            fs::write(&deb, "first").unwrap();
            chown(&changed, Some(0), None).unwrap();
            fs::set_permissions(&changed, was).unwrap();
        }
        symlink("a.deb", own.join("l.deb")).unwrap();
        assert_ne!(taken("l.deb"), path(&own, "l.deb"));
        fs::set_permissions(&own, Permissions::from_mode(0o1777)).unwrap();
        assert_eq!(taken("a.deb"), path(&own, "a.deb"));
    }
}
