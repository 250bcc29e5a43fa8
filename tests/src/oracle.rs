//! Real Ansible and `hep playbook` on the same content: what each leaves on a throwaway host and says of its tasks, in a form
//! that can be compared and stored.
//!
//! A case is a playbook below `tests/oracle/`. What Ansible made of it is recorded beside the cases, so that a test needs hep
//! alone; `cargo xtask oracle` records anew, or runs both.

pub mod case;
pub mod compare;
pub mod image;
pub mod lists;
pub mod normal;
pub mod record;
pub mod stage;
pub mod state;
pub mod suite;
pub mod tool;

pub use case::{Case, Course};
pub use record::{Played, Recorded};
pub use stage::Stage;
pub use tool::Tool;

use std::path::{Path, PathBuf};

/// The directory of the cases.
pub fn cases_dir() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("oracle");
    here.canonicalize().unwrap_or(here)
}

/// The root of the project, which no stored text names.
pub fn workspace() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    root.canonicalize().unwrap_or(root)
}
