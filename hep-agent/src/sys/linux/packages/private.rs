//! Directories that only we can enter, for files that apt insists on having by name.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// A new directory in `parent`, where nobody else can be ahead of us; its name is the prefix and our process's number.
pub(super) fn directory(parent: &str, prefix: &str) -> io::Result<PathBuf> {
    sweep(parent, prefix)?;
    let path = Path::new(parent).join(format!("{prefix}{}", std::process::id()));
    DirBuilder::new().mode(0o700).create(&path)?;
    Ok(path)
}

/// Removes what agents that were killed have left.
fn sweep(parent: &str, prefix: &str) -> io::Result<()> {
    let own = nix::unistd::geteuid().as_raw();
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| name.strip_prefix(prefix));
        let dead = pid.is_some_and(|pid| {
            pid.parse::<u32>().is_ok() && !Path::new("/proc").join(pid).exists()
        });
        if dead && entry.metadata()?.uid() == own {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}
