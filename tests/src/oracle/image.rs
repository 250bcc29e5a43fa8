//! The root that both twins stand on: the systemd root, with what Ansible's modules need on a host.
//!
//! It is made once from the other root and kept beside it; a changed recipe makes a new one.

use crate::error::{Doing as _, Result, run, say};
use crate::hosts_dir;
use crate::lock::Lock;
use crate::roots::{self, Flavour};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The init that the twins run.
pub const FLAVOUR: Flavour = Flavour::Systemd;

/// What the twins have beside the base.
const PACKAGES: &[&str] =
    &["acl", "cron", "debconf-utils", "locales", "python3", "python3-apt", "tzdata"];

/// The root, built now if it is not there. Safe to call from many processes at once.
pub fn ensure() -> Result<PathBuf> {
    let base = roots::ensure(FLAVOUR)?;
    let roots = hosts_dir().join("roots");
    let mut hasher = DefaultHasher::new();
    (base.file_name(), include_str!("image.rs")).hash(&mut hasher);
    let root = roots.join(format!("oracle-{:016x}", hasher.finish()));
    if !root.exists() {
        let _lock = Lock::wait(&roots.join("oracle.lock"))?;
        if !root.exists() {
            build(&base, &root)?;
        }
    }
    Ok(root)
}

fn build(base: &Path, root: &Path) -> Result<()> {
    say("building the oracle's root (once, about a minute) ...");
    let work = root.with_extension("building");
    run(Command::new("rm").arg("-rf").arg("--one-file-system").arg(&work))?;
    run(Command::new("cp").args(["-a", "--reflink=auto"]).arg(base).arg(&work))?;
    let resolver = crate::machine::resolv_conf();
    let path = work.join("etc/resolv.conf");
    fs::write(&path, resolver).doing(|| format!("write {}", path.display()))?;
    let mut install = Command::new("chroot");
    install.arg(&work).args(["apt-get", "-q", "install", "-y", "--no-install-recommends"]);
    install.env("DEBIAN_FRONTEND", "noninteractive");
    // Nothing may start in a chroot.
    install.env("RUNLEVEL", "1");
    run(install.args(PACKAGES))?;
    fs::rename(&work, root).doing(|| format!("move the new root to {}", root.display()))
}
