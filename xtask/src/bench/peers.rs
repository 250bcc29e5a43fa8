//! The tools that hep is measured against, in a virtual environment of their own, each told to do the same seventeen tasks.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::stage::Way;
use crate::packages;
use crate::shell::{self, Failure};

/// Where they are installed.
pub(super) struct Peers {
    environment: PathBuf,
    /// Mitogen's strategies for Ansible.
    strategies: PathBuf,
    /// Of OpenSSH's masters: their paths are short (unix(7)), and this project's may be long.
    sockets: TempDir,
    /// What is installed, with versions.
    pub(super) versions: String,
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

const WANTED: [&str; 3] = ["ansible-core", "mitogen", "pyinfra"];

/// Installs what is missing.
pub(super) fn install(place: &Path) -> Result<Peers, Failure> {
    let environment = place.join("peers");
    let python = environment.join("bin/python3");
    if !shell::succeeds(shell::command(&python).args(["-c", "import ansible, mitogen, pyinfra"])) {
        if !shell::succeeds(shell::command("python3").args(["-c", "import ensurepip, venv"])) {
            packages::install(&["python3-venv"])?;
        }
        shell::run(shell::command("python3").args(["-m", "venv"]).arg(&environment))?;
        let mut pip = shell::command(&python);
        shell::run(pip.args(["-m", "pip", "install", "--quiet"]).args(WANTED))?;
    }
    let ask = |program: &str| shell::output(shell::command(&python).args(["-c", program]));
    let strategies =
        ask("import ansible_mitogen, os; print(os.path.dirname(ansible_mitogen.__file__))")?;
    let strategies = PathBuf::from(strategies.trim()).join("plugins/strategy");
    let list = WANTED.map(|name| format!("'{name}'")).join(", ");
    let versions = ask(&format!(
        "from importlib.metadata import version as v; print(', '.join(n + ' ' + v(n) for n in [{list}]))"
    ))?;
    let sockets =
        TempDir::new().map_err(shell::file_error("make a directory in", &std::env::temp_dir()))?;
    Ok(Peers { environment, strategies, sockets, versions: versions.trim().to_owned() })
}

impl Peers {
    /// The command that does the seventeen tasks over a way. Its control sockets are of this run alone: each run logs in.
    pub(super) fn command(&self, peer: Peer, way: &Way<'_>, run: u32) -> Result<Command, Failure> {
        let mut command = match peer {
            Peer::Ansible | Peer::Mitogen => self.ansible(peer, way, run)?,
            Peer::Pyinfra => self.pyinfra(way)?,
        };
        command.current_dir(way.stage.place.join("site"));
        command.env("HOME", way.place.join("home")).env_remove("SSH_AUTH_SOCK");
        Ok(command)
    }

    fn ansible(&self, peer: Peer, way: &Way<'_>, run: u32) -> Result<Command, Failure> {
        let directory = relative(way);
        let mut hosts = String::new();
        for (host, address, name) in &way.ends {
            let (ip, port, key) = (address.ip(), address.port(), host.private_key().display());
            // Writing to a String cannot fail.
            let _ = writeln!(
                hosts,
                "{name} ansible_host={ip} ansible_port={port} ansible_user=root ansible_ssh_private_key_file={key}"
            );
        }
        way.stage.keep(&format!("{directory}/ansible-hosts"), &hosts)?;
        way.stage.keep("site/playbook.yml", playbook())?;
        let strategy = match peer {
            Peer::Mitogen => format!(
                "strategy_plugins = {}\nstrategy = mitogen_linear\n",
                self.strategies.display()
            ),
            Peer::Ansible | Peer::Pyinfra => String::new(),
        };
        let sockets = self.sockets.path().join(format!("{}-{run}", peer.name()));
        let config = format!(
            "[defaults]\nforks = {}\ngathering = explicit\ninterpreter_python = /usr/bin/python3\n{strategy}\
             [ssh_connection]\npipelining = True\ncontrol_path_dir = {}\n\
             ssh_args = -F none -o ControlMaster=auto -o ControlPersist=15s -o IdentitiesOnly=yes -o UserKnownHostsFile={}\n",
            way.ends.len(),
            sockets.display(),
            way.known_hosts().display(),
        );
        let file = format!("{directory}/{}.cfg", peer.name());
        way.stage.keep(&file, &config)?;
        let mut command = shell::command(self.environment.join("bin/ansible-playbook"));
        command.env("ANSIBLE_CONFIG", way.stage.place.join(file));
        command.arg("-i").arg(way.place.join("ansible-hosts")).arg("playbook.yml");
        Ok(command)
    }

    fn pyinfra(&self, way: &Way<'_>) -> Result<Command, Failure> {
        let directory = relative(way);
        let mut hosts = "hosts = [\n".to_owned();
        for (host, address, name) in &way.ends {
            let (ip, port, key) = (address.ip(), address.port(), host.private_key().display());
            let known = way.known_hosts();
            // Writing to a String cannot fail.
            let _ = writeln!(
                hosts,
                "    ('{name}', {{'ssh_hostname': '{ip}', 'ssh_port': {port}, 'ssh_user': 'root', 'ssh_key': '{key}', \
                 'ssh_known_hosts_file': '{}', 'ssh_strict_host_key_checking': 'yes'}}),",
                known.display()
            );
        }
        hosts.push_str("]\n");
        way.stage.keep(&format!("{directory}/hosts.py"), &hosts)?;
        way.stage.keep("site/deploy.py", deploy())?;
        let mut command = shell::command(self.environment.join("bin/pyinfra"));
        command.arg("-y").arg(way.place.join("hosts.py")).arg("deploy.py");
        Ok(command)
    }
}

/// The way's directory within the bench's.
fn relative(way: &Way<'_>) -> String {
    way.place.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn playbook() -> String {
    let mut text =
        "- hosts: all\n  tasks:\n    - file: {path: /etc/bench, state: directory, mode: '0755'}\n"
            .to_owned();
    for number in 0..10 {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "    - copy: {{src: files/{number}, dest: /etc/bench/{number}, owner: root, group: root, mode: '0644'}}"
        );
    }
    for package in super::stage::PACKAGES {
        let _ = writeln!(text, "    - apt: {{name: {package}}}");
    }
    text.push_str("    - service: {name: ssh, state: started}\n");
    text
}

fn deploy() -> String {
    let mut text = "from pyinfra.operations import apt, files, sysvinit\n\n\
                    files.directory(path='/etc/bench', mode='755')\n"
        .to_owned();
    for number in 0..10 {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "files.put(src='files/{number}', dest='/etc/bench/{number}', user='root', group='root', mode='644')"
        );
    }
    for package in super::stage::PACKAGES {
        let _ = writeln!(text, "apt.packages(packages=['{package}'])");
    }
    text.push_str("sysvinit.service(service='ssh', running=True)\n");
    text
}
