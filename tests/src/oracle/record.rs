//! What was seen of one run, and the files that keep what Ansible did.

use super::state::State;
use crate::error::{Doing as _, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// One run of a playbook.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Played {
    /// Why nothing was run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// Of each host, its tasks in order: `NAME: STATUS`, and of a loop's items `NAME: STATUS [STATUS, STATUS]`.
    pub tasks: BTreeMap<String, Vec<String>>,
    /// Of each host, how many tasks failed, were ignored, were rescued, or found it unreachable.
    pub counts: BTreeMap<String, BTreeMap<String, u64>>,
    /// What became of the host's files, accounts, packages and services.
    #[serde(default, skip_serializing_if = "State::is_empty")]
    pub changes: State,
}

/// All runs of a case, by their names: `check`, `push`, `again`, `check again`.
pub type Runs = BTreeMap<String, Played>;

/// What Ansible did in the cases of one category.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Recorded {
    /// The version of ansible-core.
    pub ansible: String,
    /// By the names of the cases.
    pub cases: BTreeMap<String, Runs>,
}

fn file(root: &Path, category: &str) -> PathBuf {
    root.join("recorded").join(format!("{category}.json"))
}

impl Recorded {
    /// What is kept of a category; nothing, if there is no file.
    pub fn load(root: &Path, category: &str) -> Result<Self> {
        let path = file(root, category);
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = fs::read_to_string(&path).doing(|| format!("read {}", path.display()))?;
        serde_json::from_str(&text).doing(|| format!("read {}", path.display()))
    }

    /// Keeps it, with sorted names, one value a line.
    pub fn save(&self, root: &Path, category: &str) -> Result<()> {
        let path = file(root, category);
        let text = serde_json::to_string_pretty(self).doing(|| "write JSON".to_owned())?;
        let directory = path.parent().unwrap_or(root);
        fs::create_dir_all(directory).doing(|| format!("make {}", directory.display()))?;
        fs::write(&path, text + "\n").doing(|| format!("write {}", path.display()))
    }
}
