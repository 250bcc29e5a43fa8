//! Throwaway Debian hosts for hep's tests and its demo: real init, real sshd, real apt, gone when dropped.
//!
//! ```ignore
//! let host = Host::start(Flavour::Sysv, "web1")?;         // about a second; the first ever builds the root
//! host.exec_ok(&["apt-get", "install", "-y", "hep-greeter"])?; // enters the namespaces, no ssh involved
//! let out = host.ssh(&["hep-greeter"])?;                  // or OpenSSH's client, as an operator would
//! assert_eq!(host.http_get("/")?.status, 200);            // every host has its own port 80
//! ```
//!
//! What a test author needs to know:
//! - Hosts need root on the machine that runs the tests. Missing Debian packages are installed.
//! - Everything made is kept under `target/hosts/`: `roots/` and `keys/` are caches and may be removed,
//!   `run/` holds the living hosts. `/run/hep-hosts/` says who owns which address.
//! - A host is reached by `host.addr()` port 22 as `root` or [`keys::USER`], by key
//!   (`host.private_key()`) or by password ([`keys::PASSWORD`]); `host.known_hosts()` has its host keys.
//! - The packages of [`aptrepo`] are known to apt on every host, with no `apt-get update`; so are the
//!   machine's own Debian sources, and [`roots::PREFETCHED`] install without any download.
//! - A dropped host leaves nothing. What a killed test leaves is removed by the next [`sweep`], which
//!   every start performs.
//! - To see a host from the middle of a test: `console()` has what its init said.
//!
//! This crate must not use any code of hep: what it asserts with has to be independent.

pub mod aptrepo;
mod boot;
pub mod error;
pub mod host;
pub mod keys;
pub mod lock;
pub mod machine;
pub mod memory;
pub mod network;
pub mod oracle;
pub mod relay;
pub mod roots;
pub mod slot;
pub mod tools;

pub use error::{Error, Result};
pub use host::Host;
pub use relay::Relay;
pub use roots::Flavour;
pub use slot::sweep;
pub use tools::ensure_tools;

use std::path::{Path, PathBuf};

/// `target/hosts`: everything the harness makes.
pub fn hosts_dir() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    let hosts = workspace.join(target).join("hosts");
    // The path goes into mount options and is read by programs elsewhere: it has to be absolute and plain.
    let made = std::fs::create_dir_all(&hosts);
    made.and_then(|()| hosts.canonicalize()).unwrap_or(hosts)
}
