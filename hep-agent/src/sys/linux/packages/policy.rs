//! `policy-rc.d` for one run of apt-get: what keeps the services of new packages from starting (invoke-rc.d(8)).
//!
//! Whatever stood at its place is back afterwards. Should the agent die first, the script notices, takes itself away and
//! puts back what was there.

use crate::sys::SysError;
use nix::fcntl::{Flock, FlockArg};
use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Where invoke-rc.d looks for it.
pub(super) const DIRECTORY: &str = "/usr/sbin";
const PLACE: &str = "policy-rc.d";
/// Where a script of the host's own waits meanwhile.
const ASIDE: &str = "policy-rc.d.hep-aside";
const NEW: &str = "policy-rc.d.hep-new";
/// What only our script holds.
const MARK: &str = "# Placed by hep for one run of apt-get.";

/// The script, while it is in place.
#[must_use]
pub(super) struct Policy {
    directory: PathBuf,
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
    pub(super) fn place(directory: &Path, code: Option<u8>) -> Result<Placed, SysError> {
        let (place, new) = (directory.join(PLACE), directory.join(NEW));
        let act = || -> io::Result<Placed> {
            let _turn = turn(directory)?;
            match owner(directory)? {
                // Our own is only there still if it could not be taken away before.
                Some(owner) if owner.lives() && owner != Owner::ourselves()? => {
                    return Ok(Placed::Taken(owner.pid));
                }
                Some(_) => put_back(directory)?,
                None => {}
            }
            let script = code.map(|code| script(directory, code)).transpose()?;
            if let Some(script) = &script {
                fs::write(&new, script)?;
                fs::set_permissions(&new, Permissions::from_mode(0o755))?;
                ignore_missing(fs::rename(&place, directory.join(ASIDE)))?;
                fs::rename(&new, &place)?;
            }
            Ok(Placed::Here(Self { directory: directory.to_owned(), script }))
        };
        act().map_err(|error| SysError::io(format!("cannot write {}", place.display()), error))
    }

    /// Puts back what was there before, unless somebody has put something else there meanwhile.
    pub(super) fn take_away(self) -> Result<(), SysError> {
        let Self { directory, script } = self;
        let take_away = |script: String| -> io::Result<()> {
            let _turn = turn(&directory)?;
            if there(&directory)?.is_none_or(|there| there == script.as_bytes()) {
                put_back(&directory)
            } else {
                Ok(())
            }
        };
        let result = script.map_or(Ok(()), take_away);
        result.map_err(|error| {
            SysError::io(format!("cannot take {DIRECTORY}/{PLACE} away again"), error)
        })
    }
}

/// Keeps other agents from changing the place at the same time. The kernel ends it with this process at the latest.
fn turn(directory: &Path) -> io::Result<Flock<File>> {
    let directory = File::open(directory)?;
    Flock::lock(directory, FlockArg::LockExclusive).map_err(|(_, error)| error.into())
}

/// What is in place.
fn there(directory: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(directory.join(PLACE)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The agent whose script is in place.
fn owner(directory: &Path) -> io::Result<Option<Owner>> {
    let script = there(directory)?;
    Ok(script.and_then(|script| Owner::of(&String::from_utf8_lossy(&script))))
}

fn put_back(directory: &Path) -> io::Result<()> {
    let place = directory.join(PLACE);
    match fs::rename(directory.join(ASIDE), &place) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            ignore_missing(fs::remove_file(&place))
        }
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

    /// The process that one of our scripts belongs to. A script that names none belongs to no living process.
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
fn script(directory: &Path, code: u8) -> io::Result<String> {
    let directory = directory.display();
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
elif [ -e {directory}/{ASIDE} ]; then
  mv -f {directory}/{ASIDE} {directory}/{PLACE}
  exec {directory}/{PLACE} \"$@\"
else
  rm -f {directory}/{PLACE}
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
        let text = script(DIRECTORY.as_ref(), 101).unwrap();
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
        let text = script(DIRECTORY.as_ref(), 101).unwrap();
        let owner = Owner::of(&text).unwrap();
        assert_eq!(owner, Owner::ourselves().unwrap());
        assert!(owner.lives());
        assert!(!Owner { start: owner.start + 1, ..owner }.lives());
        assert!(!Owner::of(MARK).unwrap().lives());
        assert_eq!(Owner::of("#!/bin/sh\nexit 101\n"), None);
    }

    /// What is in place after another's `script` was found there, and whether ours could be placed meanwhile.
    fn check(script: &str, placed: bool, left: Option<&str>) {
        let root = tempfile::tempdir().unwrap();
        let place = root.path().join(PLACE);
        fs::write(&place, script).unwrap();
        match Policy::place(root.path(), Some(101)).unwrap() {
            Placed::Here(policy) => {
                assert!(placed, "{script}");
                assert!(fs::read_to_string(&place).unwrap().contains("exit 101"));
                policy.take_away().unwrap();
            }
            Placed::Taken(pid) => assert!(!placed, "{pid}: {script}"),
        }
        assert_eq!(fs::read_to_string(&place).ok().as_deref(), left);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), usize::from(left.is_some()));
    }

    #[test]
    fn only_what_the_dead_left_is_taken_away() {
        let of = |pid: u32, start: u64| {
            format!("#!/bin/sh\n{MARK} Of process {pid} since {start}\nexit 1\n")
        };
        let hosts_own = "#!/bin/sh\nexit 104\n";
        check(hosts_own, true, Some(hosts_own));
        let living = of(1, started(1).unwrap());
        check(&living, false, Some(&living));
        check(&of(1, started(1).unwrap() + 1), true, None);
        check(&of(std::process::id(), Owner::ourselves().unwrap().start), true, None);
    }

    #[test]
    fn what_another_put_in_place_meanwhile_stays() {
        let root = tempfile::tempdir().unwrap();
        let Placed::Here(policy) = Policy::place(root.path(), Some(101)).unwrap() else { panic!() };
        fs::write(root.path().join(PLACE), "new").unwrap();
        policy.take_away().unwrap();
        assert_eq!(fs::read(root.path().join(PLACE)).unwrap(), b"new");
    }
}
