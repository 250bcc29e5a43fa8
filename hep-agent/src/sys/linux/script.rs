//! A script that is on the host while it runs: in a directory of its own, which only the acting user can reach.

use super::Linux;
use crate::sys::SysError;
use crate::sys::files::ObserveFiles as _;
use hep_protocol::action::programs::Script;
use nix::sys::statvfs::{FsFlags, statvfs};
use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The largest script, in bytes: it is held in memory.
const LARGEST: u64 = 64 << 20;

/// Where it may be, in this order; not where programs cannot be run.
const PLACES: [&str; 3] = ["/tmp", "/var/tmp", "/dev/shm"];

/// A script on the host. It goes with its value.
pub(super) struct Placed {
    directory: PathBuf,
    path: PathBuf,
}

impl Linux {
    /// Puts a script where it can be run.
    pub(super) fn place(&self, script: &Script) -> Result<Placed, SysError> {
        let name = &script.name;
        let bytes = self.wanted(&script.content, LARGEST)?.ok_or_else(|| {
            SysError::new(format!("the script `{name}` is larger than {} MiB", LARGEST >> 20))
                .hint("copy it with `file`, and run it with `command: {argv: ...}`")
        })?;
        let failed =
            |error| SysError::io(format!("cannot put the script `{name}` in place"), error);
        let directory = directory().map_err(failed)?;
        let path = directory.join(name);
        let placed = Placed { directory, path };
        let mut options = fs::File::options();
        let file = options.write(true).create_new(true).mode(0o700).open(&placed.path);
        file.and_then(|mut file| file.write_all(&bytes)).map_err(failed)?;
        Ok(placed)
    }
}

impl Placed {
    /// The text for a shell that runs it.
    pub(super) fn line(&self, script: &Script) -> String {
        let (before, after) = &script.around;
        let path = self.path.to_string_lossy().replace('\'', "'\\''");
        format!("{before}'{path}'{after}")
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        fs::remove_file(&self.path).ok();
        fs::remove_dir(&self.directory).ok();
    }
}

/// A new directory. With mkdir(2) a name that is taken, also by a link, is an error; the next is tried.
fn directory() -> std::io::Result<PathBuf> {
    let is_runnable =
        |place: &&str| statvfs(*place).is_ok_and(|told| !told.flags().contains(FsFlags::ST_NOEXEC));
    let place = PLACES.iter().find(|place| is_runnable(place)).unwrap_or(&"/tmp");
    let mut builder = fs::DirBuilder::new();
    builder.mode(0o700);
    let mut tries = 0;
    loop {
        let path = Path::new(place)
            .join(format!("hep-script-{:016x}", RandomState::new().build_hasher().finish()));
        match builder.create(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && tries < 8 => {
                tries += 1;
            }
            Err(error) => return Err(error),
        }
    }
}
