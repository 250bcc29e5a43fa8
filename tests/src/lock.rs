//! A file lock between test processes; threads of one process exclude each other as well.

use crate::error::{Doing as _, Result};
use nix::fcntl::{Flock, FlockArg};
use std::fs::{self, File};
use std::path::Path;

/// Held while it lives; the kernel lets go when the process dies.
#[derive(Debug)]
pub struct Lock(#[allow(dead_code, reason = "held for its drop")] Flock<File>);

impl Lock {
    /// Waits until the lock file at `path` is ours, making it and its directory first.
    pub fn wait(path: &Path) -> Result<Self> {
        let what = || format!("lock {}", path.display());
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).doing(what)?;
        }
        let file = File::create(path).doing(what)?;
        // Each call opens the file anew, so that two threads hold two open file descriptions.
        Flock::lock(file, FlockArg::LockExclusive).map(Self).map_err(|(_, e)| e).doing(what)
    }
}
