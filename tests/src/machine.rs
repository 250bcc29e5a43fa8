//! How the machine that runs the tests reaches its Debian mirror, told in apt's own words.
//!
//! A host has to fetch from where the machine fetches; no mirror is named in this project.

use crate::error::{Doing as _, Error, Result, run_args};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const ARCHIVE_KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// The release's code name, such as `bookworm`, from os-release(5).
pub fn codename() -> Result<String> {
    let text = fs::read_to_string("/etc/os-release").doing(|| "read /etc/os-release".to_owned())?;
    text.lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="))
        .map(|name| name.trim_matches('"').to_owned())
        .ok_or_else(|| {
            Error::new("/etc/os-release has no VERSION_CODENAME: is this Debian stable?")
        })
}

/// The machine's sources of its own release, its updates and its security fixes, as sources.list(5) lines.
pub fn sources() -> Result<Vec<String>> {
    let codename = codename()?;
    let format = "$(REPO_URI) $(RELEASE) $(COMPONENT)";
    let listed =
        run_args(&["apt-get", "indextargets", "--format", format, "Created-By: Packages"])?;
    let keyring = Path::new(ARCHIVE_KEYRING);
    let options =
        if keyring.exists() { format!("[signed-by={ARCHIVE_KEYRING}] ") } else { String::new() };
    let wanted: BTreeSet<String> = listed
        .lines()
        .filter(|line| {
            let mut words = line.split(' ').skip(1);
            // Third parties use suites of the same name; their component is never main.
            words.next().is_some_and(|release| release.starts_with(&codename))
                && words.next() == Some("main")
        })
        .map(|line| format!("deb {options}{line}"))
        .collect();
    if wanted.is_empty() {
        Err(Error::new(format!("apt on this machine has no source of {codename}'s main component")))
    } else {
        Ok(wanted.into_iter().collect())
    }
}

/// The apt.conf(5) lines by which the machine reaches its mirror: proxies, certificates, clock checks.
pub fn apt_conf() -> Result<Vec<String>> {
    let dump = run_args(&["apt-config", "dump", "--no-empty", "Acquire"])?;
    let wanted = ["Acquire::http", "Acquire::https", "Acquire::Check-"];
    let mut lines: Vec<String> = dump
        .lines()
        .filter(|line| wanted.iter().any(|prefix| line.starts_with(prefix)))
        .map(str::to_owned)
        .collect();
    for scheme in ["http", "https"] {
        if let Ok(proxy) = std::env::var(format!("{scheme}_proxy")) {
            lines.push(format!("Acquire::{scheme}::Proxy \"{proxy}\";"));
        }
    }
    lines.push("Acquire::Languages \"none\";".to_owned());
    Ok(lines)
}

/// A resolv.conf(5) that also works from another network namespace.
pub fn resolv_conf() -> String {
    // A resolver on loopback is out of a host's reach; systemd-resolved keeps the real servers beside it.
    ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"]
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .find(|text| !text.contains("nameserver 127.") && text.contains("nameserver"))
        .unwrap_or_default()
}
