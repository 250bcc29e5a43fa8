//! The tools that hep is measured against, in a virtual environment of their own, each told to do the same seventeen tasks.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::stage::Way;
use crate::packages;
use crate::shell::{self, Failure};

/// Where they are installed.
pub(super) struct Peers {
    programs: PathBuf,
    /// Mitogen's strategies for Ansible.
    strategies: PathBuf,
    /// Of OpenSSH's masters: their paths are short (unix(7)), and this project's may be long.
    sockets: TempDir,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Peer {
    Ansible,
    Mitogen,
    Pyinfra,
}

pub(super) const ALL: [Peer; 3] = [Peer::Mitogen, Peer::Pyinfra, Peer::Ansible];

impl Peer {
    pub(super) fn name(self) -> &'static str {
        match self {
            Peer::Ansible => "Ansible",
            Peer::Mitogen => "Mitogen",
            Peer::Pyinfra => "pyinfra",
        }
    }
}

/// Installs what is missing, and says what there is.
pub(super) fn install(place: &Path) -> Result<Peers, Failure> {
    let environment = place.join("peers");
    let programs = environment.join("bin");
    let python = |program: &str| {
        let mut python = shell::command(programs.join("python3"));
        python.args(["-c", program]);
        python
    };
    if !shell::succeeds(&mut python("import ansible, mitogen, pyinfra")) {
        if !shell::succeeds(shell::command("python3").args(["-c", "import ensurepip, venv"])) {
            packages::install(&["python3-venv"])?;
        }
        shell::run(shell::command("python3").args(["-m", "venv"]).arg(&environment))?;
        let mut pip = shell::command(programs.join("python3"));
        pip.args(["-m", "pip", "install", "--quiet", "ansible-core", "mitogen", "pyinfra"]);
        shell::run(&mut pip)?;
    }
    shell::run(shell::command(programs.join("python3")).args(["-m", "pip", "list"]))?;
    let strategies = shell::output(&mut python(
        "import ansible_mitogen, os; print(os.path.dirname(ansible_mitogen.__file__))",
    ))?;
    let strategies = PathBuf::from(strategies.trim()).join("plugins/strategy");
    let sockets =
        TempDir::new().map_err(shell::file_error("make a directory in", &std::env::temp_dir()))?;
    Ok(Peers { programs, strategies, sockets })
}

impl Peers {
    /// The command that does the seventeen tasks over a way. Its control sockets are of this run alone: each run logs in.
    pub(super) fn command(&self, peer: Peer, way: &Way<'_>, run: u32) -> Result<Command, Failure> {
        let mut command = match peer {
            Peer::Ansible => self.ansible(peer, way, run)?,
            Peer::Mitogen => {
                let mut command = self.ansible(peer, way, run)?;
                command.env("ANSIBLE_STRATEGY_PLUGINS", &self.strategies);
                command.env("ANSIBLE_STRATEGY", "mitogen_linear");
                command
            }
            Peer::Pyinfra => self.pyinfra(way)?,
        };
        way.at_site(&mut command);
        Ok(command)
    }

    /// Its settings as variables of the environment, since ansible.cfg is the same for all runs.
    fn ansible(&self, peer: Peer, way: &Way<'_>, run: u32) -> Result<Command, Failure> {
        let hosts = way.write_hosts("ansible-hosts", ("", ""), |name, address, key| {
            format!(
                "{name} ansible_host={} ansible_port={} ansible_user=root ansible_ssh_private_key_file={}\n",
                address.ip(),
                address.port(),
                key.display()
            )
        })?;
        let ssh = format!(
            "-F none -o ControlMaster=auto -o ControlPersist=15s -o IdentitiesOnly=yes -o UserKnownHostsFile={}",
            way.known_hosts().display()
        );
        let mut command = shell::command(self.programs.join("ansible-playbook"));
        command.arg("-i").arg(hosts).arg("playbook.yml");
        command.env_remove("ANSIBLE_CONFIG").envs([
            ("ANSIBLE_FORKS", way.ends.len().to_string().as_str()),
            ("ANSIBLE_GATHERING", "explicit"),
            ("ANSIBLE_PYTHON_INTERPRETER", "/usr/bin/python3"),
            ("ANSIBLE_PIPELINING", "True"),
            ("ANSIBLE_SSH_ARGS", ssh.as_str()),
        ]);
        let sockets = self.sockets.path().join(format!("{}-{run}", peer.name()));
        command.env("ANSIBLE_SSH_CONTROL_PATH_DIR", sockets);
        Ok(command)
    }

    fn pyinfra(&self, way: &Way<'_>) -> Result<Command, Failure> {
        let known = way.known_hosts();
        let hosts = way.write_hosts("hosts.py", ("hosts = [\n", "]\n"), |name, address, key| {
            format!(
                "    ('{name}', {{'ssh_hostname': '{}', 'ssh_port': {}, 'ssh_user': 'root', 'ssh_key': '{}', \
                 'ssh_known_hosts_file': '{}', 'ssh_strict_host_key_checking': 'yes'}}),\n",
                address.ip(),
                address.port(),
                key.display(),
                known.display()
            )
        })?;
        let mut command = shell::command(self.programs.join("pyinfra"));
        command.arg("-y").arg(hosts).arg("deploy.py");
        Ok(command)
    }
}
