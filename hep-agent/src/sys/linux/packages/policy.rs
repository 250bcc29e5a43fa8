//! `policy-rc.d` for one run of apt-get: what keeps the services of new packages from starting (invoke-rc.d(8)).
//!
//! Whatever stood at its place is back afterwards. Should the agent die first, the script notices, takes itself away and
//! puts back what was there.

use crate::sys::SysError;
use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;

const PLACE: &str = "/usr/sbin/policy-rc.d";
/// Where a script of the host's own waits meanwhile.
const ASIDE: &str = "/usr/sbin/policy-rc.d.hep-aside";
const NEW: &str = "/usr/sbin/policy-rc.d.hep-new";
/// What only our script holds.
const MARK: &str = "# Placed by hep for one run of apt-get.";

/// The script, while it is in place.
#[must_use]
pub(super) struct Policy {
    placed: bool,
}

impl Policy {
    /// Puts a script in place that answers with `code`; without one, only what a dead agent left is taken away.
    pub(super) fn place(code: Option<u8>) -> Result<Self, SysError> {
        let place = || -> io::Result<()> {
            if is_ours()? {
                put_back()?;
            }
            if let Some(code) = code {
                fs::write(NEW, script(code)?)?;
                fs::set_permissions(NEW, Permissions::from_mode(0o755))?;
                ignore_missing(fs::rename(PLACE, ASIDE))?;
                fs::rename(NEW, PLACE)?;
            }
            Ok(())
        };
        place().map_err(|error| SysError::io(format!("cannot write {PLACE}"), error))?;
        Ok(Self { placed: code.is_some() })
    }

    /// Puts back what was there before.
    pub(super) fn take_away(self) -> Result<(), SysError> {
        let result = if self.placed { put_back() } else { Ok(()) };
        result.map_err(|error| SysError::io(format!("cannot take {PLACE} away again"), error))
    }
}

/// Whether the script in place is ours.
fn is_ours() -> io::Result<bool> {
    match fs::read(PLACE) {
        Ok(bytes) => Ok(bytes.windows(MARK.len()).any(|part| part == MARK.as_bytes())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
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

/// Answers as long as this very process lives: its number and start time say so (proc_pid_stat(5), field 22).
fn script(code: u8) -> io::Result<String> {
    let pid = std::process::id();
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The second field is a name in parentheses that may hold anything; the third follows the last one.
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
    let start = fields.split(' ').nth(19).unwrap_or("0");
    Ok(format!(
        "#!/bin/sh
{MARK}
read -r stat 2>/dev/null < /proc/{pid}/stat && set -- \"${{stat##*) }}\" \"$@\" || set -- '' \"$@\"
fields=$1
shift
start=$(set -- $fields; echo \"${{20}}\")
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
}
