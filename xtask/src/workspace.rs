//! Where hep's source tree and its build directory are, and what this machine is called.

use std::path::{Path, PathBuf};

use crate::shell::{self, Failure};

/// The places every task works in. All paths are absolute.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The directory of the workspace's Cargo.toml.
    pub(crate) root: PathBuf,
    /// Cargo's target directory, wherever the developer's configuration puts it.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// Asks cargo, and makes the root the working directory, so that shown commands can be typed there.
    pub(crate) fn find() -> Result<Workspace, Failure> {
        let own_crate = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = own_crate.parent().unwrap_or(own_crate).to_owned();
        std::env::set_current_dir(&root).map_err(shell::file_error("enter", &root))?;
        let mut command = shell::cargo();
        command.args(["metadata", "--no-deps", "--format-version", "1"]);
        let metadata: serde_json::Value = serde_json::from_str(&shell::output(&mut command)?)
            .map_err(|error| Failure::Told(format!("cargo metadata is not JSON: {error}")))?;
        let target = metadata.get("target_directory").and_then(serde_json::Value::as_str);
        let target =
            target.ok_or_else(|| Failure::Told("cargo names no target directory".into()))?;
        Ok(Workspace { root, target: PathBuf::from(target) })
    }

    /// Where the static agents land, one `hep-agent-<machine>` each.
    pub(crate) fn agents(&self) -> PathBuf {
        self.target.join("agents")
    }

    /// Programs that xtask installs for itself.
    pub(crate) fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }

    /// The hep of the dev profile, which the tests run.
    pub(crate) fn debug_hep(&self) -> PathBuf {
        self.target.join("debug/hep")
    }
}
