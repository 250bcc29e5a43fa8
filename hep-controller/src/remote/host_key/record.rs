//! The file in which new keys are recorded: made, locked, read and appended to. What is written, the caller decides.

use crate::remote::Demands;
use crate::remote::known_hosts::Form;
use nix::fcntl::{Flock, FlockArg};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

/// How a new line is to name its host.
pub(super) fn form(demands: &Demands) -> io::Result<Form> {
    if !demands.hashes_names {
        return Ok(Form::Plain);
    }
    let mut salt = [0; 20];
    File::open("/dev/urandom")?.read_exact(&mut salt)?;
    Ok(Form::Hashed { salt })
}

/// Opens a file to append to, and makes it (0600) and its directory (0700) if need be. Nobody else who asks for the lock has
/// it until the file is closed.
pub(super) fn locked(file: &Path) -> io::Result<Flock<File>> {
    if let Some(directory) = file.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    let open = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(file)?;
    Flock::lock(open, FlockArg::LockExclusive).map_err(|(_, errno)| errno.into())
}

pub(super) fn read(file: &mut File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Appends a line to what the file has. Gives the line's number.
pub(super) fn append(file: &mut File, there: &str, line: &str) -> io::Result<usize> {
    let ends_open = there.ends_with(|last| last != '\n');
    // One write, so that another program that appends at the same time finds whole lines.
    let text = if ends_open { format!("\n{line}") } else { line.to_owned() };
    file.write_all(text.as_bytes())?;
    Ok(there.lines().count() + 1)
}
