//! The system's packages that building needs: looks for what they bring, and installs what is missing on Debian,
//! as root or by a sudo that asks nothing. Elsewhere it names what is missing.

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::shell::{self, Failure};

/// A Debian package, and how to see that what it brings is there, whoever brought it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Need {
    package: &'static str,
    sign: Sign,
}

#[derive(Debug, Clone, Copy)]
enum Sign {
    /// A program in PATH.
    Program(&'static str),
    /// `pkg-config --exists` knows this library.
    Library(&'static str),
    /// `perl -e 'use M'` works: perl-base alone has the program without the modules.
    PerlModule(&'static str),
}

/// What compiling hep takes besides Rust.
pub(crate) const COMPILING: &[Need] = &[
    Need { package: "gcc", sign: Sign::Program("cc") },
    Need { package: "libc6-dev", sign: Sign::Program("cc") },
    Need { package: "pkg-config", sign: Sign::Program("pkg-config") },
];

/// The system's OpenSSL, for the builds that do not bring their own.
pub(crate) const OPENSSL: &[Need] =
    &[Need { package: "libssl-dev", sign: Sign::Library("openssl") }];

/// What building OpenSSL itself takes.
pub(crate) const OPENSSL_SOURCE: &[Need] = &[
    Need { package: "make", sign: Sign::Program("make") },
    Need { package: "perl", sign: Sign::PerlModule("IPC::Cmd") },
];

/// What `cargo xtask bench` runs beside hep.
pub(crate) const BENCH: &[Need] = &[
    Need { package: "rsync", sign: Sign::Program("rsync") },
    Need { package: "time", sign: Sign::Program("time") },
];

/// Installs those packages whose sign is missing, and says so; does nothing when all is there.
pub(crate) fn ensure(needs: &[Need]) -> Result<(), Failure> {
    let missing: Vec<&str> =
        needs.iter().filter(|need| !is_there(need.sign)).map(|need| need.package).collect();
    if missing.is_empty() { Ok(()) } else { install(&missing) }
}

/// Installs Debian packages by name.
pub(crate) fn install(packages: &[&str]) -> Result<(), Failure> {
    let list = packages.join(" ");
    if !in_path("apt-get") {
        return Err(Failure::Told(format!("not there, and this is no Debian: {list}")));
    }
    shell::say(&format!("installing Debian packages: {list}"));
    if apt_get(&["install"], packages).is_ok() {
        Ok(())
    } else {
        // The usual reason is that the lists are missing or stale.
        apt_get(&["update"], &[])?;
        apt_get(&["install"], packages)
    }
}

/// Fetches the lists of what there is. Nothing to do where there is no apt.
pub(crate) fn refresh() -> Result<(), Failure> {
    if in_path("apt-get") { apt_get(&["update"], &[]) } else { Ok(()) }
}

fn apt_get(action: &[&str], packages: &[&str]) -> Result<(), Failure> {
    let is_root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    let mut command = shell::command(if is_root { "env" } else { "sudo" });
    if !is_root {
        command.args(["-n", "env"]);
    }
    command.args([
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "-qq",
        "-o",
        "DPkg::Lock::Timeout=120",
    ]);
    command.args(["-y", "--no-install-recommends"]).args(action).args(packages);
    shell::run(&mut command).map_err(|failure| {
        let list = packages.join(" ");
        Failure::Told(format!("{failure}\nhint: as root: `apt-get install {list}`"))
    })
}

fn is_there(sign: Sign) -> bool {
    match sign {
        Sign::Program(name) => in_path(name),
        Sign::Library(name) => {
            shell::succeeds(shell::command("pkg-config").args(["--exists", name]))
        }
        Sign::PerlModule(name) => {
            shell::succeeds(shell::command("perl").args(["-e", &format!("use {name}")]))
        }
    }
}

/// Whether a program of that name is in PATH.
pub(crate) fn in_path(name: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|directory| is_executable(&directory.join(name)))
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.mode() & 0o111 != 0)
}
