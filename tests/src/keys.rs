//! The secrets of the throwaway hosts, which are none: a key pair made once per checkout, one known password.

use crate::error::{Doing as _, Result, run};
use crate::hosts_dir;
use crate::lock::Lock;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// The password of root and of [`USER`] on every host.
pub const PASSWORD: &str = "throw-away";

/// A user on every host who may become root through sudo with [`PASSWORD`].
pub const USER: &str = "op";

/// The key pair that every host lets in, for root and for [`USER`].
#[derive(Debug, Clone)]
pub struct Keys {
    /// The file of the private key, in OpenSSH's format, without a passphrase.
    pub private: PathBuf,
    /// The line for authorized_keys.
    pub public: String,
}

/// The checkout's key pair, made by ssh-keygen at first use.
pub fn ensure() -> Result<Keys> {
    let dir = hosts_dir().join("keys");
    let private = dir.join("id_ed25519");
    let public_path = private.with_extension("pub");
    let _lock = Lock::wait(&dir.join("lock"))?;
    if !public_path.exists() {
        // A private key alone is from an interrupted run, and ssh-keygen would ask about it.
        let _absent = fs::remove_file(&private);
        run(Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-C", "hep tests", "-f"])
            .arg(&private))?;
    }
    let public =
        fs::read_to_string(&public_path).doing(|| format!("read {}", public_path.display()))?;
    Ok(Keys { private, public: public.trim_end().to_owned() })
}
