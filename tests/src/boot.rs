//! What a host is made of before it runs: its overlay, its own files, and the container that boots it.

use crate::error::{Doing as _, Result};
use crate::keys::{self, Keys};
use crate::machine;
use crate::slot::Slot;
use nix::mount::{MsFlags, mount};
use nix::unistd::Pid;
use std::fs;
use std::io::Read as _;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::unix::fs::{DirBuilderExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Moves the shell into the `$1` cgroups that follow and becomes the command after them.
const ENTER_CGROUPS: &str = "n=$1; shift
while [ $n -gt 0 ]; do echo $$ > \"$1/cgroup.procs\"; shift; n=$((n - 1)); done
exec \"$@\"";

/// Mounts the host's file system and says where.
pub(crate) fn mount_overlay(root: &Path, run_dir: &Path) -> Result<PathBuf> {
    let [upper, work, merged] = ["upper", "work", "merged"].map(|name| run_dir.join(name));
    for dir in [&upper, &work, &merged] {
        fs::create_dir_all(dir).doing(|| format!("make {}", dir.display()))?;
    }
    // volatile: what is fsynced on a host that will be thrown away need not reach the disk.
    let options = format!(
        "lowerdir={},upperdir={},workdir={},volatile",
        root.display(),
        upper.display(),
        work.display()
    );
    mount(Some("hep-host"), &merged, Some("overlay"), MsFlags::empty(), Some(options.as_str()))
        .doing(|| format!("mount the overlay at {}", merged.display()))?;
    Ok(merged)
}

/// Writes what differs between hosts of one root, before anything of the host runs.
pub(crate) fn personalise(merged: &Path, name: &str, keys: &Keys) -> Result<()> {
    let write = |path: &str, text: &str| {
        fs::write(merged.join(path), text).doing(|| format!("write the host's /{path}"))
    };
    write("etc/hostname", &format!("{name}\n"))?;
    write("etc/hosts", &format!("127.0.0.1 localhost\n127.0.1.1 {name}\n"))?;
    write("etc/resolv.conf", &machine::resolv_conf())?;
    let id = fs::read_to_string("/proc/sys/kernel/random/uuid")
        .doing(|| "read a random number".to_owned())?;
    // With a machine id systemd does not take the boot for the first and leaves unit presets alone.
    write("etc/machine-id", &id.replace('-', ""))?;
    // useradd gave the root's only user the first number for people.
    let user_home = format!("home/{}", keys::USER);
    for (home, owner) in [("root", 0), (user_home.as_str(), 1000)] {
        let ssh = merged.join(home).join(".ssh");
        let authorized = ssh.join("authorized_keys");
        let what = || format!("write {}", authorized.display());
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&ssh).doing(what)?;
        fs::write(&authorized, format!("{}\n", keys.public)).doing(what)?;
        chown(&ssh, Some(owner), Some(owner)).doing(what)?;
        chown(&authorized, Some(owner), Some(owner)).doing(what)?;
    }
    Ok(())
}

/// The host keys as known_hosts lines, also written to a file of that name in the run directory.
pub(crate) fn known_hosts(merged: &Path, address: IpAddr) -> Result<String> {
    let dir = merged.join("etc/ssh");
    let what = || format!("read the host keys in {}", dir.display());
    let mut lines = Vec::new();
    for entry in fs::read_dir(&dir).doing(what)? {
        let path = entry.doing(what)?.path();
        if path.extension().is_some_and(|extension| extension == "pub") {
            let text = fs::read_to_string(&path).doing(what)?;
            // The third word is a comment with the name of the machine that built the root.
            let key: Vec<&str> = text.split(' ').take(2).collect();
            lines.push(format!("{address} {}\n", key.join(" ").trim_end()));
        }
    }
    lines.sort();
    let text = lines.concat();
    let file = merged.with_file_name("known_hosts");
    fs::write(&file, &text).doing(|| format!("write {}", file.display()))?;
    Ok(text)
}

/// Starts systemd-nspawn, which boots the init it finds in the root.
pub(crate) fn spawn(slot: &Slot, merged: &Path, name: &str) -> Result<Child> {
    let what = || "prepare systemd-nspawn".to_owned();
    let console = fs::File::create(slot.run_dir.join("console")).doing(what)?;
    let errors = console.try_clone().doing(what)?;
    let cgroups = slot.cgroups();
    for dir in &cgroups {
        fs::create_dir_all(dir).doing(|| format!("make the cgroup {}", dir.display()))?;
    }
    let netns = format!("/run/netns/{}", slot.name());
    let mut command = Command::new("sh");
    command.args(["-c", ENTER_CGROUPS, "sh"]);
    command.arg(cgroups.len().to_string()).args(&cgroups);
    command.args(["systemd-nspawn", "--quiet", "--boot", "--keep-unit", "--register=no"]);
    command.args([
        "--resolv-conf=off",
        "--timezone=off",
        "--link-journal=no",
        "--console=read-only",
    ]);
    command.arg(format!("--machine={}", slot.name())).arg(format!("--hostname={name}"));
    command.arg(format!("--network-namespace-path={netns}")).arg("-D").arg(merged);
    // /tmp is on the disk, as on a Debian server.
    command.env("SYSTEMD_NSPAWN_TMPFS_TMP", "0");
    command.stdin(Stdio::null()).stdout(console).stderr(errors);
    command.spawn().doing(|| "start systemd-nspawn".to_owned())
}

/// The child of systemd-nspawn that is PID 1 in a namespace of its own.
pub(crate) fn find_init(container: u32) -> Option<Pid> {
    let children =
        fs::read_to_string(format!("/proc/{container}/task/{container}/children")).ok()?;
    children.split_whitespace().find_map(|child| {
        let status = fs::read_to_string(format!("/proc/{child}/status")).ok()?;
        let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
        let is_init = numbers.split_whitespace().skip(1).last() == Some("1");
        // Until it has become init it is systemd-nspawn still, at work on the mounts.
        let program = fs::read_link(format!("/proc/{child}/exe")).ok()?;
        let ready = is_init && !program.ends_with("systemd-nspawn");
        child.parse().ok().filter(|_| ready).map(Pid::from_raw)
    })
}

/// Whether something at the address speaks SSH.
pub(crate) fn greets_as_sshd(address: SocketAddr) -> bool {
    let mut greeting = [0_u8; 4];
    TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok_and(|mut stream| {
        stream.set_read_timeout(Some(Duration::from_secs(2))).is_ok()
            && stream.read_exact(&mut greeting).is_ok()
            && &greeting == b"SSH-"
    })
}
