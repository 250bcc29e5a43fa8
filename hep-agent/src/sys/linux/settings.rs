//! Settings of the real host, read from the kernel and from files, and the programs that set them.

use super::process::Program;
mod alternatives;
mod locales;

use super::{Linux, machine};
use crate::sys::settings::{By, ObserveSettings, Setting, What};
use crate::sys::{Effect, ProcessEnd, Said, SysError};
use hep_protocol::action::programs::Call;
use hep_protocol::outcome::Exit;
use std::fmt;
use std::fs;
use std::io::ErrorKind;

impl ObserveSettings for Linux {
    fn setting(&self, what: &What) -> Result<Option<String>, SysError> {
        match what {
            What::HostName => Ok(Some(machine::uname().node)),
            What::KernelParameter(path) => kernel(path),
            What::Locale(name) => Ok(locales::has(name)?.then(String::new)),
            What::Alternative(name) => alternatives::group(name),
            What::Choice(name, path) => alternatives::choice(name, path),
            What::KeyPair(path) => {
                Ok(fs::symlink_metadata(path.as_str()).is_ok().then(String::new))
            }
        }
    }
}

impl Linux {
    pub(super) fn apply_setting(&mut self, setting: &Setting) -> Result<Effect, SysError> {
        match &setting.by {
            By::Kernel(path) => {
                let value = setting.to.clone().unwrap_or_default();
                fs::write(path.as_str(), value)
                    .map_err(|error| SysError::io(format!("cannot {setting}"), error))?;
            }
            // Its file below /proc/sys is read-only in containers that may set their name all the same.
            By::HostName => {
                nix::unistd::sethostname(setting.to.as_deref().unwrap_or_default())
                    .map_err(|error| SysError::io(format!("cannot {setting}"), error))?;
            }
            By::Programs(calls) => drop(self.call(calls, setting)?),
        }
        Ok(Effect::Changed)
    }

    /// Runs the programs by which an action is done, until one fails; gives what they said.
    pub(super) fn call(&self, calls: &[Call], action: &dyn fmt::Display) -> Result<Said, SysError> {
        let mut said = Said::default();
        for call in calls {
            let program = Program {
                name: Some(call.program()),
                stdin: &call.stdin,
                ..Program::new(&call.argv)
            };
            let end = program.run().map_err(|error| error.about(format!("cannot {action}")))?;
            if end.exit != Some(Exit::Code(0)) {
                let why = first_line(&end);
                let what = format!("cannot {action}: {}: {why}", call.program());
                return Err(SysError::new(what).needs_root().process(end));
            }
            said.stdout.push_str(&String::from_utf8_lossy(&end.stdout));
            said.stderr.push_str(&String::from_utf8_lossy(&end.stderr));
        }
        Ok(said)
    }
}

/// What a program said first of its failure, without its own name before it.
fn first_line(end: &ProcessEnd) -> String {
    let text = String::from_utf8_lossy(&end.stderr);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    match (line, end.exit) {
        (Some(line), _) => line.split_once(": ").map_or(line, |(_, rest)| rest).to_owned(),
        (None, Some(exit)) => exit.to_string(),
        (None, None) => "it was stopped".to_owned(),
    }
}

/// The value of a parameter of the kernel, by its path below /proc/sys.
fn kernel(path: &str) -> Result<Option<String>, SysError> {
    let path = format!("/proc/sys/{path}");
    match fs::read(&path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned())),
        // Some can only be written.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => {
            Ok(None)
        }
        Err(error) => Err(SysError::io(format!("cannot read {path}"), error)),
    }
}
