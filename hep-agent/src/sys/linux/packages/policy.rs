//! `policy-rc.d` for one run of apt-get: what keeps the services of new packages from starting (invoke-rc.d(8)).
//!
//! Whatever stood at its place is back afterwards. Should the agent die first, the script notices, takes itself away and
//! puts back what was there.

use crate::sys::SysError;
use nix::fcntl::{Flock, FlockArg};
use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;

const DIRECTORY: &str = "/usr/sbin";
const PLACE: &str = "/usr/sbin/policy-rc.d";
/// Where a script of the host's own waits meanwhile.
const ASIDE: &str = "/usr/sbin/policy-rc.d.hep-aside";
const NEW: &str = "/usr/sbin/policy-rc.d.hep-new";
/// What only our script holds.
const MARK: &str = "# Placed by hep for one run of apt-get.";

/// The script, while it is in place.
#[must_use]
pub(super) struct Policy {
    script: Option<String>,
}

/// What came of placing a script.
pub(super) enum Placed {
    /// It is in place, or none was wanted.
    Here(Policy),
    /// That of another living agent is: of the process with this number.
    Taken(u32),
}

impl Policy {
    /// Puts a script in place that answers with `code`; without one, only what a dead agent left is taken away. What a
    /// living one has placed is left alone.
    pub(super) fn place(code: Option<u8>) -> Result<Placed, SysError> {
        let place = || -> io::Result<Placed> {
            let _turn = turn()?;
            match owner()? {
                // Our own is only there still if it could not be taken away before.
                Some(owner) if owner.lives() && owner != Owner::ourselves()? => {
                    return Ok(Placed::Taken(owner.pid));
                }
                Some(_) => put_back()?,
                None => {}
            }
            let script = code.map(script).transpose()?;
            if let Some(script) = &script {
                fs::write(NEW, script)?;
                fs::set_permissions(NEW, Permissions::from_mode(0o755))?;
                ignore_missing(fs::rename(PLACE, ASIDE))?;
                fs::rename(NEW, PLACE)?;
            }
            Ok(Placed::Here(Self { script }))
        };
        place().map_err(|error| SysError::io(format!("cannot write {PLACE}"), error))
    }

    /// Puts back what was there before, unless somebody has put something else there meanwhile.
    pub(super) fn take_away(self) -> Result<(), SysError> {
        let take_away = |script: String| -> io::Result<()> {
            let _turn = turn()?;
            if there()?.is_none_or(|there| there == script.as_bytes()) {
                put_back()
            } else {
                Ok(())
            }
        };
        let result = self.script.map_or(Ok(()), take_away);
        result.map_err(|error| SysError::io(format!("cannot take {PLACE} away again"), error))
    }
}

/// Keeps other agents from changing the place at the same time. The kernel ends it with this process at the latest.
fn turn() -> io::Result<Flock<File>> {
    let directory = File::open(DIRECTORY)?;
    Flock::lock(directory, FlockArg::LockExclusive).map_err(|(_, error)| error.into())
}

/// What is in place.
fn there() -> io::Result<Option<Vec<u8>>> {
    match fs::read(PLACE) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The agent whose script is in place.
fn owner() -> io::Result<Option<Owner>> {
    let script = there()?;
    Ok(script.and_then(|script| Owner::of(&String::from_utf8_lossy(&script))))
}

fn put_back() -> io::Result<()> {
    match fs::rename(ASIDE, PLACE) {
        Err(error) if error.kind() == ErrorKind::NotFound => ignore_missing(fs::remove_file(PLACE)),
        result => result,
    }
}

fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// A process, told from a later one of the same number by when it started.
#[derive(Debug, PartialEq)]
struct Owner {
    pid: u32,
    /// As in proc_pid_stat(5), field 22.
    start: u64,
}

impl Owner {
    fn ourselves() -> io::Result<Self> {
        let pid = std::process::id();
        let start = started(pid).ok_or_else(|| io::Error::other("/proc does not know us"))?;
        Ok(Self { pid, start })
    }

    /// The process that a script of ours is of. One that names none is of nobody who lives.
    fn of(script: &str) -> Option<Self> {
        let (_, rest) = script.split_once(MARK)?;
        let words = rest.lines().next().unwrap_or_default().strip_prefix(" Of process ");
        let (pid, start) = words.and_then(|words| words.split_once(" since ")).unwrap_or_default();
        Some(Self {
            pid: pid.parse().unwrap_or_default(),
            start: start.parse().unwrap_or_default(),
        })
    }

    fn lives(&self) -> bool {
        started(self.pid) == Some(self.start)
    }
}

/// When a process started; `None` if there is none, or only what its parent has yet to hear of.
fn started(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is a name in parentheses that may hold anything; the third follows the last one.
    let fields = stat.rsplit_once(") ")?.1;
    let start = fields.split(' ').nth(19).filter(|_| !fields.starts_with(['Z', 'X']))?;
    start.parse().ok()
}

/// Answers as long as this very process lives: its number and start time say so.
fn script(code: u8) -> io::Result<String> {
    let Owner { pid, start } = Owner::ourselves()?;
    Ok(format!(
        "#!/bin/sh
{MARK} Of process {pid} since {start}
read -r stat 2>/dev/null < /proc/{pid}/stat && set -- \"${{stat##*) }}\" \"$@\" || set -- '' \"$@\"
fields=$1
shift
start=$(set -- $fields; [ \"$1\" = Z ] || echo \"${{20}}\")
if [ \"$start\" = {start} ]; then
  exit {code}
elif [ -e {ASIDE} ]; then
  mv -f {ASIDE} {PLACE}
  exec {PLACE} \"$@\"
else
  rm -f {PLACE}
  exit 0
fi
"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    /// Only the living half is run: the other would touch the machine.
    #[test]
    fn script_answers_while_this_process_lives() {
        let text = script(101).unwrap();
        assert!(text.contains(MARK));
        let words = ["-c", &text, "policy-rc.d", "apache2", "start"];
        let status = Command::new("sh").args(words).status().unwrap();
        assert_eq!(status.code(), Some(101));
        let dead = text.replace(&format!("/proc/{}/", std::process::id()), "/proc/0/");
        let dead = dead.replace("/usr/sbin", "/nonexistent");
        let status = Command::new("sh").args(["-c", &dead, "policy-rc.d"]).status().unwrap();
        assert_eq!(status.code(), Some(0));
    }

    #[test]
    fn script_tells_whether_its_agent_lives() {
        let text = script(101).unwrap();
        let owner = Owner::of(&text).unwrap();
        assert_eq!(owner, Owner::ourselves().unwrap());
        assert!(owner.lives());
        assert!(!Owner { start: owner.start + 1, ..owner }.lives());
        assert!(!Owner::of(MARK).unwrap().lives());
        assert_eq!(Owner::of("#!/bin/sh\nexit 101\n"), None);
    }
}
