//! One throwaway host: an overlay over a root, in its own namespaces, booted by systemd-nspawn.

use crate::error::{Doing as _, Error, Result, run};
use crate::keys::{self, Keys};
use crate::roots::{self, Flavour};
use crate::slot::Slot;
use crate::{boot, hosts_dir, network};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// How long a host may take until it lets users in.
const BOOT_TIMEOUT: Duration = Duration::from_secs(60);

/// A living host. Dropping it kills its processes and removes its files.
#[derive(Debug)]
pub struct Host {
    name: String,
    flavour: Flavour,
    slot: Slot,
    keys: Keys,
    known_hosts: String,
    container: Child,
    /// The host's PID 1 as the machine sees it.
    init: Pid,
}

/// An answer over HTTP.
#[derive(Debug)]
pub struct Page {
    /// The status code.
    pub status: u16,
    /// The body, with any invalid UTF-8 replaced.
    pub body: String,
}

/// A process of a host.
#[derive(Debug)]
pub struct Process {
    /// Its number on the machine, not on the host.
    pub machine_pid: u32,
    /// Its command line, separated by spaces; of a kernel thread or a zombie, empty.
    pub command: String,
}

impl Host {
    /// Boots a host and waits until it has booted and sshd answers.
    ///
    /// `name` becomes its hostname; it need not be unique.
    pub fn start(flavour: Flavour, name: &str) -> Result<Self> {
        Self::start_on(&roots::ensure(flavour)?, flavour, name)
    }

    /// [`start`](Self::start) on a root that was made elsewhere from the one of this flavour.
    pub fn start_on(root: &Path, flavour: Flavour, name: &str) -> Result<Self> {
        let keys = keys::ensure()?;
        let slot = Slot::take(&hosts_dir().join("run"))?;
        Self::boot(flavour, name, root, keys, slot.clone()).map_err(|e| {
            let console = fs::read_to_string(slot.run_dir.join("console")).unwrap_or_default();
            // The boot's failure is the news; what remains is swept up by the next start.
            let _remains = slot.clear();
            Error::new(format!("cannot start the {} host {name}: {e}\n{console}", flavour.name()))
        })
    }

    fn boot(flavour: Flavour, name: &str, root: &Path, keys: Keys, slot: Slot) -> Result<Self> {
        let merged = boot::mount_overlay(root, &slot.run_dir)?;
        boot::personalise(&merged, name, &keys)?;
        network::create(&slot)?;
        let known_hosts = boot::known_hosts(&merged, IpAddr::V4(network::address(&slot)))?;
        let container = boot::spawn(&slot, &merged, name)?;
        let init = Pid::from_raw(0);
        let name = name.to_owned();
        let mut host = Self { name, flavour, slot, keys, known_hosts, container, init };
        let deadline = Instant::now() + BOOT_TIMEOUT;
        host.init =
            host.wait_for(deadline, "an init process", || boot::find_init(host.container.id()))?;
        host.wait_for(deadline, "sshd", || boot::greets_as_sshd(host.address()).then_some(()))?;
        host.wait_for(deadline, "the end of the boot", || host.has_booted().then_some(()))?;
        Ok(host)
    }

    /// Where a test's ssh goes: port 22 of the host's address.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.addr(), self.port())
    }

    /// The host's address.
    pub fn addr(&self) -> IpAddr {
        IpAddr::V4(network::address(&self.slot))
    }

    /// The port of its sshd.
    pub fn port(&self) -> u16 {
        22
    }

    /// The name that it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its init system.
    pub fn flavour(&self) -> Flavour {
        self.flavour
    }

    /// The private key that opens it.
    pub fn private_key(&self) -> &Path {
        &self.keys.private
    }

    /// Its host keys as lines of known_hosts, one for each type of key.
    pub fn known_hosts(&self) -> &str {
        &self.known_hosts
    }

    /// A file that holds `known_hosts()`.
    pub fn known_hosts_file(&self) -> PathBuf {
        self.slot.run_dir.join("known_hosts")
    }

    /// The line of known_hosts for its Ed25519 key.
    pub fn known_hosts_line(&self) -> &str {
        self.known_hosts.lines().find(|line| line.contains(" ssh-ed25519 ")).unwrap_or_default()
    }

    /// OpenSSH's arguments that log in as root by key and depend on nothing of the user's own.
    pub fn ssh_args(&self) -> Vec<String> {
        let known_hosts = self.known_hosts_file();
        let key = self.keys.private.display();
        let mut args = vec!["-F".to_owned(), "none".to_owned(), "-i".to_owned(), key.to_string()];
        for option in [
            "BatchMode=yes",
            "IdentitiesOnly=yes",
            "StrictHostKeyChecking=yes",
            "GlobalKnownHostsFile=none",
            &format!("UserKnownHostsFile={}", known_hosts.display()),
        ] {
            args.extend(["-o".to_owned(), option.to_owned()]);
        }
        args.extend(["-p".to_owned(), self.port().to_string(), format!("root@{}", self.addr())]);
        args
    }

    /// Runs a command as root through OpenSSH's client; its shell on the host splits the words.
    pub fn ssh(&self, words: &[&str]) -> Result<Output> {
        Command::new("ssh")
            .args(self.ssh_args())
            .args(words)
            .output()
            .doing(|| "start ssh".to_owned())
    }

    /// A command on the host as root, without ssh: by entering its namespaces. For tests to assert with.
    pub fn command(&self, argv: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["-t", &self.init.to_string(), "-m", "-u", "-i", "-n", "-p", "--"]);
        command.args(argv).env_clear().stdin(Stdio::null());
        command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        command.envs([
            ("HOME", "/root"),
            ("LC_ALL", "C.UTF-8"),
            ("DEBIAN_FRONTEND", "noninteractive"),
        ]);
        command
    }

    /// Runs `command` to its end, whatever that is.
    pub fn exec(&self, argv: &[&str]) -> Result<Output> {
        self.command(argv).output().doing(|| format!("run {argv:?} on {}", self.name))
    }

    /// Runs `command` and gives its stdout; any exit code but 0 is an error with both outputs.
    pub fn exec_ok(&self, argv: &[&str]) -> Result<String> {
        run(&mut self.command(argv))
    }

    /// `exec_ok` for a script of sh.
    pub fn shell(&self, script: &str) -> Result<String> {
        self.exec_ok(&["sh", "-c", script])
    }

    /// A path of the host as the machine reaches it, with the host's own mounts such as `/run`.
    ///
    /// Absolute symbolic links in it lead astray, to the machine's files: use `exec` where there are any.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root_dir().join(path.trim_start_matches('/'))
    }

    /// The host's `/` as the machine reaches it.
    pub fn root_dir(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root", self.init))
    }

    /// The changed files: the upper layer of the host's overlay. Only what is there counts, see the kernel's overlayfs.
    pub fn upper_dir(&self) -> PathBuf {
        self.slot.run_dir.join("upper")
    }

    /// The contents of a file on the host.
    pub fn read(&self, path: &str) -> Result<String> {
        fs::read_to_string(self.path(path)).doing(|| format!("read {path} on {}", self.name))
    }

    /// Writes a file on the host in place, as root.
    pub fn write(&self, path: &str, contents: impl AsRef<[u8]>) -> Result<()> {
        fs::write(self.path(path), contents).doing(|| format!("write {path} on {}", self.name))
    }

    /// Whether there is anything at a path of the host; a dangling symbolic link counts.
    pub fn exists(&self, path: &str) -> bool {
        fs::symlink_metadata(self.path(path)).is_ok()
    }

    /// What the host answers on port 80, asked from the machine.
    pub fn http_get(&self, path: &str) -> Result<Page> {
        let url = format!("http://{}{path}", self.addr());
        let written = "\n%{http_code}";
        let mut curl = Command::new("curl");
        // A proxy of the machine's environment does not know the host.
        let answer =
            run(curl.args(["-sS", "--noproxy", "*", "--max-time", "10", "-w", written, &url]))?;
        let (body, status) = answer.rsplit_once('\n').unwrap_or_default();
        let status = status.parse().doing(|| format!("read curl's status for {url}"))?;
        Ok(Page { status, body: body.to_owned() })
    }

    /// The host's processes, kernel threads excluded, in no order.
    pub fn processes(&self) -> Result<Vec<Process>> {
        let namespace = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/pid"));
        let own = namespace(&self.init.to_string()).doing(|| format!("look into {}", self.name))?;
        let all = fs::read_dir("/proc").doing(|| "read /proc".to_owned())?;
        let process = |entry: fs::DirEntry| {
            let pid = entry.file_name().into_string().ok()?;
            let ours = namespace(&pid).is_ok_and(|namespace| namespace == own);
            let machine_pid = pid.parse().ok().filter(|_| ours)?;
            let line = fs::read(entry.path().join("cmdline")).ok()?;
            let command = String::from_utf8_lossy(&line).replace('\0', " ").trim_end().to_owned();
            Some(Process { machine_pid, command })
        };
        Ok(all.flatten().filter_map(process).collect())
    }

    /// What the host's init wrote to its console.
    pub fn console(&self) -> String {
        fs::read_to_string(self.slot.run_dir.join("console")).unwrap_or_default()
    }

    fn has_booted(&self) -> bool {
        match self.flavour {
            Flavour::Sysv => self.processes().is_ok_and(|processes| {
                !processes
                    .iter()
                    .any(|p| p.command.contains("/etc/init.d/rc") || p.command == "init [S]")
            }),
            // "degraded" has booted as well: a unit that failed is the test's business.
            Flavour::Systemd => self
                .exec(&["systemctl", "is-system-running"])
                .is_ok_and(|output| matches!(output.stdout.trim_ascii(), b"running" | b"degraded")),
        }
    }

    fn wait_for<T>(
        &self,
        deadline: Instant,
        what: &str,
        mut probe: impl FnMut() -> Option<T>,
    ) -> Result<T> {
        loop {
            if let Some(found) = probe() {
                return Ok(found);
            }
            let left = Path::new("/proc").join(self.container.id().to_string()).join("root");
            // A zombie has no root any more: systemd-nspawn gave up.
            if Instant::now() > deadline || fs::read_link(left).is_err() {
                return Err(Error::new(format!("waited for {what}, in vain")));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if self.init.as_raw() > 0 {
            // With its PID 1 the kernel kills all of the host.
            let _gone = kill(self.init, Signal::SIGKILL);
        }
        let _killed = self.container.kill();
        let _reaped = self.container.wait();
        if let Err(e) = self.slot.clear() {
            crate::error::say(&format!("warning: {e}"));
        }
    }
}
