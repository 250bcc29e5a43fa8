//! What memory processes take, by the kernel's own books.

use std::fs;

/// The most memory that a process ever had, in KiB (proc_pid_status(5), `VmHWM`); none when it is gone.
pub fn peak(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}
