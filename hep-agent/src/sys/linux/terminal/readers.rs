//! Finds the users whose processes can read what is typed on a terminal, from /proc (proc(5)).
//!
//! The program that was started there asks before it starts anything as another user, and that user has no way to the
//! terminal before a process of his is on it. So it is enough to look at the moment of the question: that process is still
//! there, or the program is about to end. A terminal that it has handed on to a process from elsewhere is not seen here;
//! agents hand on none, and nobody can take one from them (`memory.rs`).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// The users whose processes can read what is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Root's and this process's user's.
    Trusted,
    /// Also those of the user of that number.
    Other(u32),
    /// /proc does not show the processes of others (`hidepid`).
    Unknown,
}

/// What /proc says of a process.
#[derive(Clone, Copy, Debug)]
struct Process {
    parent: u32,
    session: u32,
    /// The number of its terminal, as stat(2) gives a device's.
    terminal: u64,
    /// The real, the effective and the saved user.
    users: [u32; 3],
}

/// The users whose processes can read what is typed on `terminal`, where the program `leader` is: they have that
/// terminal, are of the program's session, or come from the program, whatever session they are in by now.
pub(super) fn readers(leader: u32, terminal: u64, own: u32) -> Readers {
    let all = processes();
    // Root's first process and the program itself are always there. A process that sees them sees all.
    if !all.contains_key(&1) || !all.contains_key(&leader) {
        return Readers::Unknown;
    }
    let mut near: BTreeSet<u32> = BTreeSet::from([leader]);
    loop {
        let beside = |process: &Process| {
            process.terminal == terminal
                || process.session == leader
                || near.contains(&process.parent)
        };
        let more: Vec<u32> = all
            .iter()
            .filter(|(pid, process)| !near.contains(*pid) && beside(process))
            .map(|(pid, _)| *pid)
            .collect();
        if more.is_empty() {
            break;
        }
        near.extend(more);
    }
    let others = near.iter().filter_map(|pid| all.get(pid)).find_map(|process| other(process, own));
    others.map_or(Readers::Trusted, Readers::Other)
}

/// The user whose process it is, if that is neither root nor `own`. Whoever holds root's number in any of the three can be
/// root at any time, and is out of all others' reach.
fn other(process: &Process, own: u32) -> Option<u32> {
    let users = process.users;
    if users.contains(&0) { None } else { users.into_iter().find(|user| *user != own) }
}

fn processes() -> BTreeMap<u32, Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid| Some((pid, process(pid)?))).collect()
}

fn process(pid: u32) -> Option<Process> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    parsed(&stat, &status)
}

/// The name of a program stands in parentheses, and may hold any.
fn parsed(stat: &str, status: &str) -> Option<Process> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    let (_state, parent, _group) = (fields.next()?, fields.next()?, fields.next()?);
    let (session, terminal) = (fields.next()?, fields.next()?);
    let users = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    let mut users = users.split_whitespace().map(str::parse);
    let mut user = || users.next()?.ok();
    Some(Process {
        parent: parent.parse().ok()?,
        session: session.parse().ok()?,
        terminal: device(terminal.parse().ok()?),
        users: [user()?, user()?, user()?],
    })
}

/// A device's number out of the 32 bits in which the kernel shows a terminal's: the minor number is in bits 31 to 20 and 7
/// to 0, the major one between them.
fn device(shown: i32) -> u64 {
    let shown = shown.cast_unsigned();
    let (major, minor) = ((shown >> 8) & 0xfff, (shown & 0xff) | ((shown >> 12) & 0xf_ff00));
    rustix::fs::makedev(major, minor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users_of(users: [u32; 3]) -> Option<u32> {
        other(&Process { parent: 1, session: 1, terminal: 0, users }, 1000)
    }

    #[test]
    fn process_is_another_users_unless_it_can_be_root() {
        assert_eq!(users_of([1000, 0, 0]), None);
        assert_eq!(users_of([0, 0, 0]), None);
        assert_eq!(users_of([1000, 1000, 1000]), None);
        // sudo for a moment, on its way to the user it becomes.
        assert_eq!(users_of([1000, 33, 0]), None);
        assert_eq!(users_of([33, 33, 33]), Some(33));
        // A set-id program of another user's.
        assert_eq!(users_of([1000, 33, 33]), Some(33));
        assert_eq!(users_of([1000, 1000, 33]), Some(33));
    }

    #[test]
    fn what_proc_says_is_understood_whatever_a_program_is_called() {
        let status = "Name:\tx\nUmask:\t0022\nUid:\t1000\t0\t0\t0\nGid:\t1000\t0\t0\t0\n";
        // /dev/pts/258: major 136, minor 258.
        let stat = "7 (a) b) 9) S 5 7 6 1083394 7 0 0";
        let Process { parent, session, terminal, users } = parsed(stat, status).unwrap();
        assert_eq!((parent, session, users), (5, 6, [1000, 0, 0]));
        assert_eq!(terminal, rustix::fs::makedev(136, 258));
        assert!(parsed("7 (a) S", status).is_none());
        assert!(parsed(stat, "Name:\tx\n").is_none());
    }
}
