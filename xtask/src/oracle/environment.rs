//! Real Ansible in a virtual environment of its own, with the collections and libraries that content expects.

use std::path::PathBuf;

use hep_tests::oracle::Tool;

use crate::packages;
use crate::shell::{self, Failure};
use crate::workspace::Workspace;

/// What is installed: the release that brings the collections around ansible-core 2.19, and what filters need.
const WANTED: &[&str] = &["ansible==12.*", "passlib", "netaddr", "jmespath"];

/// The line of versions that hep is compared with.
const CORE: &str = "2.19.";

/// Ansible, installed.
pub(crate) struct Ansible {
    /// Its `ansible-playbook`.
    pub(crate) program: PathBuf,
    /// Of ansible-core.
    pub(crate) version: String,
}

impl Ansible {
    pub(crate) fn tool(&self) -> Tool {
        Tool::Ansible(self.program.clone())
    }
}

/// Installs what is missing.
pub(crate) fn ensure(workspace: &Workspace) -> Result<Ansible, Failure> {
    let place = workspace.target.join("oracle");
    let programs = place.join("bin");
    let python = programs.join("python3");
    let program = programs.join("ansible-playbook");
    if !program.exists() {
        if !shell::succeeds(shell::command("python3").args(["-c", "import ensurepip, venv"])) {
            packages::install(&["python3-venv"])?;
        }
        shell::run(shell::command("python3").args(["-m", "venv"]).arg(&place))?;
        let mut pip = shell::command(&python);
        shell::run(pip.args(["-m", "pip", "install", "--quiet"]).args(WANTED))?;
    }
    let print = "import ansible.release; print(ansible.release.__version__)";
    let version = shell::output(shell::command(&python).args(["-c", print]))?.trim().to_owned();
    if version.starts_with(CORE) {
        Ok(Ansible { program, version })
    } else {
        let place = place.display();
        Err(Failure::Told(format!("{place} has ansible-core {version}, not {CORE}: remove it")))
    }
}
