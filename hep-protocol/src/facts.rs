//! What a host says of itself when a run starts.

use serde::{Deserialize, Serialize};

/// The program that manages services on a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Init {
    /// systemd is process 1: `/run/systemd/system` exists (`sd_booted(3)`).
    Systemd,
    /// Scripts in `/etc/init.d`.
    Sysv,
}

/// The facts every run begins with; gathered from files, without a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The node name (`uname -n`).
    pub hostname: String,
    /// `ID` of `os-release(5)`, as `debian`.
    pub os_id: String,
    /// `VERSION_ID` of `os-release(5)`, as `12`; empty on unreleased systems.
    pub os_version: String,
    /// `VERSION_CODENAME` of `os-release(5)`, as `bookworm`.
    pub os_codename: String,
    /// The kernel's release (`uname -r`).
    pub kernel: String,
    /// The machine's architecture (`uname -m`).
    pub arch: String,
    /// What manages services.
    pub init: Init,
}
