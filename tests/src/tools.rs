//! The Debian packages that the harness and the tests call upon, installed when they are missing.

use crate::error::{Error, Result, run, say};
use crate::lock::Lock;
use nix::unistd::geteuid;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

/// A program looked for on the search path, and the Debian package that brings it.
const TOOLS: &[(&str, &str)] = &[
    ("apt-ftparchive", "apt-utils"),
    ("curl", "curl"),
    ("dpkg-source", "dpkg-dev"),
    ("ip", "iproute2"),
    ("mmdebstrap", "mmdebstrap"),
    ("mount", "mount"),
    ("nft", "nftables"),
    ("nsenter", "util-linux"),
    ("ssh", "openssh-client"),
    ("ssh-keygen", "openssh-client"),
    ("sshd", "openssh-server"),
    ("sshpass", "sshpass"),
    ("strace", "strace"),
    ("systemd-nspawn", "systemd-container"),
];

/// Installs with apt-get what is missing of the packages that hosts need. Cheap when nothing is.
///
/// As another user than root it goes through `sudo -n`, and failing that the error is the command to run.
pub fn ensure_tools() -> Result<()> {
    static DONE: Mutex<bool> = Mutex::new(false);
    let mut done = DONE.lock().map_err(|_| Error::new("another thread failed to install tools"))?;
    if !*done && !missing().is_empty() {
        // Several test processes start at once; the first installs and the others find it done.
        let _lock = Lock::wait(&std::env::temp_dir().join("hep-tools.lock"))?;
        let missing = missing();
        if !missing.is_empty() {
            install(&missing)?;
        }
    }
    *done = true;
    Ok(())
}

/// Hosts are namespaces, mounts and network devices: nobody but root makes them.
pub fn ensure_root() -> Result<()> {
    if geteuid().is_root() {
        Ok(())
    } else {
        Err(Error::new(
            "throwaway hosts need root\nhint: run the same command under `sudo -E env \"PATH=$PATH\"`",
        ))
    }
}

fn missing() -> Vec<&'static str> {
    let mut packages: Vec<&str> = TOOLS
        .iter()
        .filter(|(program, _)| !on_path(program))
        .map(|(_, package)| *package)
        .collect();
    packages.dedup();
    packages
}

fn on_path(program: &str) -> bool {
    // Tools of the administrator are not on every user's search path.
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    path.split(':').any(|dir| Path::new(dir).join(program).exists())
}

fn install(packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    say(&format!("installing missing Debian packages: {list}"));
    let apt = |args: &[&str]| {
        let mut command =
            if geteuid().is_root() { Command::new("env") } else { Command::new("sudo") };
        if !geteuid().is_root() {
            command.args(["-n", "env"]);
        }
        run(command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]).args(args))
    };
    let install = [&["install", "-y", "--no-install-recommends"], packages].concat();
    // The lists may be absent or stale; only then is an update worth its time.
    apt(&install).or_else(|_| apt(&["update"]).and_then(|_| apt(&install))).map(drop).map_err(|e| {
        Error::new(format!("cannot install {list}\nhint: run `sudo apt-get install {list}`\n{e}"))
    })
}
