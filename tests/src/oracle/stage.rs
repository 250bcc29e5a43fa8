//! A throwaway host and an operator's home, on which one of the two tools plays cases.

use super::case::{Case, Course};
use super::image;
use super::normal::Places;
use super::record::{Played, Runs};
use super::state::{self, State};
use super::tool::{Mode, Tool};
use crate::Host;
use crate::error::{Doing as _, Result};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The name of every twin.
const NAME: &str = "target";

/// A host with the operator who reaches it.
#[derive(Debug)]
pub struct Stage {
    host: Host,
    /// What it stands on.
    root: PathBuf,
    place: TempDir,
    places: Places,
    now: State,
}

impl Stage {
    /// Boots a host and writes what leads to it.
    pub fn start() -> Result<Self> {
        let root = image::ensure()?;
        let host = Host::start_on(&root, image::FLAVOUR, NAME)?;
        host.exec_ok(&["mkdir", "-m", "1777", state::RESULTS])?;
        let place = tempfile::tempdir().doing(|| "make a directory".to_owned())?;
        let ssh = place.path().join("home/.ssh");
        fs::create_dir_all(&ssh).doing(|| format!("make {}", ssh.display()))?;
        fs::set_permissions(&ssh, fs::Permissions::from_mode(0o700))
            .doing(|| format!("protect {}", ssh.display()))?;
        write(&ssh.join("known_hosts"), host.known_hosts())?;
        write(&place.path().join("connection.ini"), &connection(&host))?;
        let places = Places(vec![
            (place.path().display().to_string(), "/operator"),
            (super::workspace().display().to_string(), "/project"),
            (host.private_key().display().to_string(), "/operator/key"),
            (host.addr().to_string(), "192.0.2.1"),
        ]);
        let now = state::read(&host, &root, &places)?;
        Ok(Self { host, root, place, places, now })
    }

    /// The host.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Runs a case in all modes that its course has for this tool.
    pub fn play(&mut self, tool: &Tool, case: &Case) -> Result<Runs> {
        let mut runs = Runs::new();
        for (name, mode) in course(tool, case.course) {
            runs.insert((*name).to_owned(), self.run(tool, case, *mode)?);
        }
        Ok(runs)
    }

    fn run(&mut self, tool: &Tool, case: &Case, mode: Mode) -> Result<Played> {
        let place = self.place.path();
        let mut command = tool.command(place);
        for inventory in &case.inventories {
            command.args(["-i", inventory]);
        }
        command.args(&case.options).arg("-i").arg(place.join("connection.ini"));
        if mode == Mode::Check {
            command.arg("--check");
        }
        command.arg(&case.playbook).current_dir(&case.dir).stdin(std::process::Stdio::null());
        command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        command.env("HOME", place.join("home"));
        command.envs([("LANG", "C.UTF-8"), ("USER", "root"), ("ORACLE", "from the environment")]);
        let output = command.output().doing(|| format!("run {command:?}"))?;
        let mut played = tool.read(&output, mode)?;
        let after = state::read(&self.host, &self.root, &self.places)?;
        played.changes = state::delta(&self.now, &after);
        self.now = after;
        Ok(played)
    }
}

/// Ansible's check on a fresh host is not asked for: each of its tasks looks at the real host, so it foretells nothing.
fn course(tool: &Tool, course: Course) -> &'static [(&'static str, Mode)] {
    const ALL: [(&str, Mode); 4] = [
        ("check", Mode::Check),
        ("push", Mode::Push),
        ("again", Mode::Push),
        ("check again", Mode::Check),
    ];
    let (from, to) = match (tool, course) {
        (Tool::Ansible(_), Course::Once) => (1, 2),
        (Tool::Ansible(_), Course::Converge) => (1, 4),
        (Tool::Hep(_), Course::Once) => (0, 2),
        (Tool::Hep(_), Course::Converge) => (0, 4),
    };
    ALL.get(from..to).unwrap_or_default()
}

fn connection(host: &Host) -> String {
    format!(
        "[all:vars]\nansible_host={}\nansible_port={}\nansible_user=root\nansible_ssh_private_key_file={}\n",
        host.addr(),
        host.port(),
        host.private_key().display()
    )
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).doing(|| format!("write {}", path.display()))
}
