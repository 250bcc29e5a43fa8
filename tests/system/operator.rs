//! An operator's workstation in a temporary directory: manifests, a hosts file, known_hosts, and hep.

use hep_tests::{Flavour, Host};
use serde_json::Value;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// Where an operator works.
pub(crate) struct Operator {
    directory: tempfile::TempDir,
}

/// What a finished hep left behind.
pub(crate) struct Run {
    /// The exit code.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The repository.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The hep under test: `HEP_BIN`, or the one of `cargo build`.
pub(crate) fn hep() -> PathBuf {
    std::env::var_os("HEP_BIN").map_or_else(|| workspace().join("target/debug/hep"), PathBuf::from)
}

/// The agent under test: `HEP_AGENT`, or the one of `cargo build`.
pub(crate) fn agent() -> PathBuf {
    std::env::var_os("HEP_AGENT")
        .map_or_else(|| workspace().join("target/debug/hep-agent"), PathBuf::from)
}

impl Operator {
    /// An operator who knows these hosts' keys and lists them in `hosts`.
    pub(crate) fn new(hosts: &[&Host]) -> Self {
        let operator = Self { directory: tempfile::tempdir().unwrap() };
        let ssh = operator.path("home/.ssh");
        fs::create_dir_all(&ssh).unwrap();
        fs::set_permissions(&ssh, fs::Permissions::from_mode(0o700)).unwrap();
        let known: Vec<&str> = hosts.iter().map(|host| host.known_hosts().trim_end()).collect();
        fs::write(ssh.join("known_hosts"), known.join("\n") + "\n").unwrap();
        let lines: Vec<String> = hosts.iter().map(|host| host_line(host, host.address())).collect();
        operator.write("hosts", lines.join("\n"));
        operator
    }

    /// Reaches the host through another address, such as a relay's.
    pub(crate) fn through(host: &Host, address: SocketAddr) -> Self {
        let operator = Self::new(&[host]);
        let (ip, port) = (address.ip(), address.port());
        let own = host.addr().to_string();
        let known = host.known_hosts().replace(&own, &format!("[{ip}]:{port}"));
        operator.write("home/.ssh/known_hosts", &known);
        operator.write("hosts", host_line(host, address));
        operator
    }

    /// A path in the operator's directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file of the operator's, with the directories it needs.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// hep with arguments, in the operator's directory and home.
    pub(crate) fn hep(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(hep());
        command.args(arguments).current_dir(self.directory.path()).stdin(Stdio::null());
        command.env("HOME", self.path("home")).env_remove("SSH_AUTH_SOCK").env_remove("NO_COLOR");
        command
    }

    /// Runs hep to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.hep(arguments).output().expect("hep is built: `cargo build`"))
    }

    /// Pushes a manifest's text and gives the events.
    pub(crate) fn push(&self, manifest: &str, options: &[&str]) -> Run {
        let path = self.write("manifest.yml", manifest);
        let fixed = ["push", "-i", "hosts", "--output", "json"];
        self.run(&[&fixed, options, &[path.to_str().unwrap()]].concat())
    }

    /// Begins a push and leaves it running.
    pub(crate) fn begin(&self, manifest: &str) -> Child {
        self.write("manifest.yml", manifest);
        let mut command = self.hep(&["push", "-i", "hosts", "--output", "json", "manifest.yml"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }
}

/// Applies a manifest on a host, as a bundle, and gives the system calls by which processes are started.
pub(crate) fn started(host: &Host, operator: &Operator, manifest: &str) -> String {
    let path = operator.write("manifest.yml", manifest);
    let bundle = operator.path("site.hep");
    operator.run(&["bundle", path.to_str().unwrap(), "-o", bundle.to_str().unwrap()]).ends(0);
    fs::copy(&bundle, host.path("/root/site.hep")).unwrap();
    fs::copy(agent(), host.path("/root/agent")).unwrap();
    let trace = host.path("/root/trace");
    let calls = "trace=execve,fork,vfork,clone,clone3";
    let output = Command::new("strace")
        .args(["-f", "-qq", "-s", "1000", "-e", calls, "-o", trace.to_str().unwrap(), "chroot"])
        .arg(host.root_dir())
        .args(["/root/agent", "apply", "/root/site.hep", "--output", "json"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    host.read("/root/trace").unwrap()
}

fn host_line(host: &Host, address: SocketAddr) -> String {
    let key = host.private_key().display();
    format!(
        "{} host={} port={} user=root private_key={key}",
        host.name(),
        address.ip(),
        address.port()
    )
}

impl Run {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// The JSON events of one kind.
    pub(crate) fn events(&self, kind: &str) -> Vec<Value> {
        let events = self.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        events.filter(|event| event["event"] == kind).collect()
    }

    /// The status of every task, in order of their ends.
    pub(crate) fn statuses(&self) -> Vec<String> {
        self.events("task").iter().map(|task| text(&task["status"])).collect()
    }

    /// The change lines of every task.
    pub(crate) fn changes(&self) -> Vec<String> {
        self.events("task")
            .iter()
            .flat_map(|task| task["changes"].as_array().unwrap().iter().map(text))
            .collect()
    }

    /// The message, hint and outputs of the first failed task, for a test to look into.
    pub(crate) fn error(&self) -> String {
        let tasks = self.events("task");
        let error = tasks.iter().map(|task| &task["error"]).find(|error| !error.is_null());
        error.map(|error| error.to_string()).unwrap_or_default()
    }

    /// Fails with everything hep said unless it ended with this code.
    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What hep could have left on a host: its directories where uploads go, and its processes.
pub(crate) fn traces(host: &Host) -> String {
    let find = "find / -xdev -name '.hep-*' -o -xdev -name 'hep-agent*' 2>/dev/null; \
                find /tmp /var/tmp /dev/shm /run /root -name '*hep-*' ! -path '*/hep-repo*' 2>/dev/null; true";
    let files = host.shell(find).unwrap();
    let processes = host
        .processes()
        .unwrap()
        .into_iter()
        .filter(|process| process.command.contains("hep-agent"));
    files + &processes.map(|process| process.command + "\n").collect::<String>()
}

/// A host and an operator who knows it.
pub(crate) fn start(flavour: Flavour) -> (Host, Operator) {
    let host = Host::start(flavour, "web1").unwrap();
    let operator = Operator::new(&[&host]);
    (host, operator)
}

/// dpkg's own word on a package: its state, or nothing.
pub(crate) fn package(host: &Host, name: &str) -> String {
    let query = format!("dpkg-query -W -f '${{db:Status-Abbrev}}' {name} 2>/dev/null || true");
    host.shell(&query).unwrap().trim().to_owned()
}
