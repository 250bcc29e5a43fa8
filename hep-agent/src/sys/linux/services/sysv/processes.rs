//! The host's processes as `/proc` shows them (proc(5)).

use std::fs;

/// A process's number.
pub(super) type Pid = u32;

/// Whether a process runs; one that has ended and was not yet waited for does not.
pub(super) fn is_alive(pid: Pid) -> bool {
    match stat(pid) {
        Some(fields) => !fields.starts_with(['Z', 'X']),
        None => false,
    }
}

/// Whether a process's command line or the name of its program holds a text.
pub(super) fn mentions(pid: Pid, text: &str) -> bool {
    let program = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
    program.to_string_lossy().contains(text) || command_line(pid).contains(text)
}

/// A living process with a text in its command line, but for this one and those it was started by.
pub(super) fn find(text: &str) -> Option<Pid> {
    let own = own_line();
    let entries = fs::read_dir("/proc").ok()?;
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .find(|pid| !own.contains(pid) && command_line(*pid).contains(text) && is_alive(*pid))
}

/// The arguments with spaces between them; empty for a kernel's thread.
fn command_line(pid: Pid) -> String {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', " ")
}

/// This process and its ancestors: the operator's own words in their command lines prove nothing.
fn own_line() -> Vec<Pid> {
    let parent = |pid: &Pid| stat(*pid)?.split(' ').nth(1)?.parse().ok().filter(|pid| *pid > 1);
    std::iter::successors(Some(std::process::id()), parent).collect()
}

/// The fields of `/proc/PID/stat` from the state on; the program's name before it may hold anything.
fn stat(pid: Pid) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    text.rsplit_once(") ").map(|(_, fields)| fields.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_are_found_and_this_process_is_not() {
        let mut child = std::process::Command::new("sleep").arg("31.4159").spawn().unwrap();
        // Between fork and exec it still bears another command line.
        while find("sleep 31.4159").is_none() {
            std::thread::yield_now();
        }
        assert_eq!(find("sleep 31.4159"), Some(child.id()));
        assert!(is_alive(child.id()) && mentions(child.id(), "sleep"));
        child.kill().unwrap();
        while is_alive(child.id()) {
            std::thread::yield_now();
        }
        assert_eq!(find("sleep 31.4159"), None);
        child.wait().unwrap();
        let own = command_line(std::process::id());
        assert!(!own.is_empty() && find(&own).is_none());
    }
}
