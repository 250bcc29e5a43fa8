//! Who owns which host on this machine: one directory per host under `/run/hep-hosts`, named by its number.
//!
//! The number gives a host its address, network namespace and cgroup, so numbers are the machine's and not
//! the checkout's. A slot whose owner died is stale; `sweep` takes away all that its host was made of.

use crate::error::{Doing as _, Error, Result, say};
use crate::lock::Lock;
use crate::network;
use nix::mount::{MntFlags, umount2};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const SLOTS: &str = "/run/hep-hosts";

/// How many hosts one machine can have at a time.
const LIMIT: u16 = 2000;

/// A host's number, held until it is released.
#[derive(Debug, Clone)]
pub struct Slot {
    /// From 1; unique among the machine's living hosts.
    pub number: u16,
    /// Where the host's overlay lies.
    pub run_dir: PathBuf,
}

impl Slot {
    /// Takes a free number for this process, after sweeping away the hosts of dead ones.
    pub fn take(runs: &Path) -> Result<Self> {
        let _lock = Lock::wait(&Path::new(SLOTS).join("lock"))?;
        sweep_locked()?;
        network::ensure_bridge()?;
        let number = (1..=LIMIT)
            .find(|number| !slot_dir(*number).exists())
            .ok_or_else(|| Error::new(format!("all {LIMIT} host numbers are taken")))?;
        let slot = Self { number, run_dir: runs.join(number.to_string()) };
        let dir = slot_dir(number);
        let owner = format!("{}\n{}\n", owner_now()?, slot.run_dir.display());
        fs::create_dir_all(&dir).doing(|| format!("make {}", dir.display()))?;
        fs::write(dir.join("owner"), owner).doing(|| format!("write {}/owner", dir.display()))?;
        Ok(slot)
    }

    /// The name of the host's network namespace, its device on the machine and its cgroup.
    pub fn name(&self) -> String {
        format!("hep-{}", self.number)
    }

    /// Takes away everything the host is made of, in any state of construction, and gives the number back.
    ///
    /// It goes on over what fails, since most of it may not be there, and says only what remains.
    pub fn clear(&self) -> Result<()> {
        for dir in self.cgroups() {
            kill_cgroup(&dir);
        }
        network::remove(self);
        // MNT_DETACH: a test may still have its working directory or an open file in there.
        let _unmounted = umount2(&self.run_dir.join("merged"), MntFlags::MNT_DETACH);
        if self.run_dir.exists() {
            fs::remove_dir_all(&self.run_dir)
                .doing(|| format!("remove {}", self.run_dir.display()))?;
        }
        let dir = slot_dir(self.number);
        fs::remove_dir_all(&dir).doing(|| format!("remove {}", dir.display()))
    }

    /// The host's own cgroups, one in every hierarchy systemd may use here: v2, hybrid or v1.
    ///
    /// systemd-nspawn puts its payload below the cgroup it runs in, so hosts must not share one.
    pub fn cgroups(&self) -> Vec<PathBuf> {
        ["/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd"]
            .iter()
            .map(Path::new)
            .filter(|base| base.join("cgroup.procs").exists())
            .map(|base| base.join(self.name()))
            .collect()
    }
}

/// Removes the hosts whose owner is no more. Every start of a host does it.
pub fn sweep() -> Result<()> {
    let _lock = Lock::wait(&Path::new(SLOTS).join("lock"))?;
    sweep_locked()
}

fn sweep_locked() -> Result<()> {
    let slots = fs::read_dir(SLOTS).doing(|| format!("read {SLOTS}"))?;
    for number in slots.flatten().filter_map(|e| e.file_name().to_str()?.parse::<u16>().ok()) {
        // A slot without a readable owner was never finished: owners are written under the lock.
        let text = fs::read_to_string(slot_dir(number).join("owner")).unwrap_or_default();
        let (owner, run_dir) = text.split_once('\n').unwrap_or_default();
        if !is_alive(owner) {
            let run_dir = PathBuf::from(run_dir.trim_end());
            // What cannot be removed must not keep anybody from testing: its number stays taken.
            Slot { number, run_dir }.clear().unwrap_or_else(|e| say(&format!("warning: {e}")));
        }
    }
    Ok(())
}

fn slot_dir(number: u16) -> PathBuf {
    Path::new(SLOTS).join(number.to_string())
}

/// "pid start-time": a pid alone may have been given to another process since.
fn owner_now() -> Result<String> {
    let pid = std::process::id();
    let start = start_time(pid).ok_or_else(|| Error::new("cannot read /proc/self/stat"))?;
    Ok(format!("{pid} {start}"))
}

fn is_alive(owner: &str) -> bool {
    owner.split_once(' ').is_some_and(|(pid, start)| {
        pid.parse().ok().and_then(start_time).is_some_and(|now| now == start)
    })
}

/// Field 22 of proc(5)'s stat, counted from after the command, which may hold spaces.
fn start_time(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(19).map(str::to_owned)
}

/// Kills what is in the cgroup and below until it can be removed, for at most five seconds.
fn kill_cgroup(dir: &Path) {
    let deadline = Instant::now() + Duration::from_secs(5);
    while dir.exists() && Instant::now() < deadline {
        remove_cgroup(dir);
        if dir.exists() {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn remove_cgroup(dir: &Path) {
    let own = std::process::id().cast_signed();
    let pids = fs::read_to_string(dir.join("cgroup.procs")).unwrap_or_default();
    for pid in pids.lines().filter_map(|line| line.parse().ok()).filter(|pid| *pid != own) {
        let _gone = kill(Pid::from_raw(pid), Signal::SIGKILL);
    }
    for child in fs::read_dir(dir).into_iter().flatten().flatten() {
        if child.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_cgroup(&child.path());
        }
    }
    let _busy = fs::remove_dir(dir);
}
