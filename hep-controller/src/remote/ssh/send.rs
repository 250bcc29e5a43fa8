//! The agent's bytes into a private directory of the host, by SFTP.

use super::Failed;
use super::bring::Parcel;
use super::wire::{Broken, Wire, recovered};
use crate::remote::launcher::Form;
use crate::remote::upload::Place;
use libssh2_sys as raw;
use ssh2::{ErrorCode, File, OpenFlags, OpenType, Sftp};
use std::io::Write as _;
use std::path::Path;

/// Why the agent is not there.
pub(super) enum Unsent {
    /// This directory does not take it; another may. Nothing of ours was left.
    Directory(String),
    Failed(Failed),
}

/// An agent that is there.
pub(super) struct Sent {
    pub(super) place: Place,
    /// The host was asked to close it and has not answered yet: there may be as much to say to it meanwhile as is wanted.
    closing: Option<File>,
}

/// Makes the place (0700, new) and writes the agent into it. No fsync: after a crash of the host there would be nothing to
/// start.
pub(super) fn send(wire: &mut Wire, parcel: &Parcel<'_>, place: Place) -> Result<Sent, Unsent> {
    let sftp = parcel.sftp;
    let name = match parcel.form {
        Form::Packed => &place.packed,
        Form::Plain => &place.file,
    };
    let (directory, file) = (Path::new(&place.directory), Path::new(name));
    let flags = OpenFlags::WRITE | OpenFlags::CREATE | OpenFlags::EXCLUSIVE;
    // SFTP answers in order, so the file's directory is there when its turn comes.
    let (made, opened) = wire
        .both(
            |_| sftp.mkdir(directory, 0o700),
            |_| sftp.open_mode(file, flags, 0o700, OpenType::File),
        )
        .map_err(lost)?;
    if let Err(error) = made {
        // A directory or link of this name is not ours, whoever made it; what we created by it is, and did not exist
        // before.
        if let Ok(mut opened) = opened {
            let closed = wire.run(|_| opened.close());
            drop(wire.run(|_| sftp.unlink(file)));
            closed.map_err(|error| unsent("close", error))?;
        }
        return Err(unsent("mkdir", error));
    }
    let written = match opened {
        Ok(file) => write(wire, file, parcel),
        Err(error) => Err(unsent("create", error)),
    };
    let mut sent = Sent { place, closing: None };
    match written {
        Ok(closing) => Ok(Sent { closing, ..sent }),
        Err(unsent) => {
            if matches!(unsent, Unsent::Directory(_)) {
                sent.remove(wire, sftp);
            }
            Err(unsent)
        }
    }
}

/// Gives the file if it is not closed yet.
fn write(wire: &mut Wire, mut file: File, parcel: &Parcel<'_>) -> Result<Option<File>, Unsent> {
    let mut rest = parcel.form.of(parcel.agent);
    let written = loop {
        if rest.is_empty() {
            break Ok(());
        }
        // libssh2 has many packets under way at once, but only within what one call was given. When one of them fails it
        // forgets the others, even one of which the host has the first half only: that would swallow all that follows.
        // It stops within a packet where the host's window ends; what is under way must never fill it.
        let piece = rest.get(..parcel.under_way).unwrap_or(rest);
        match wire.run(|session| file.write(piece).map_err(|error| recovered(session, &error))) {
            Ok(acknowledged) => {
                rest = rest.get(acknowledged..).unwrap_or_default();
                if acknowledged > 0 {
                    wire.count(acknowledged, 0);
                    wire.moves();
                }
            }
            Err(error) => break Err(unsent("write", error)),
        }
    };
    let closed = match (&written, parcel.form) {
        // All is there, and gzip will tell if it is not.
        (Ok(()), Form::Packed) => match wire.step(&mut |_| file.close()) {
            Some(closed) => closed,
            None => return Ok(Some(file)),
        },
        // A program cannot be started while its file is open for writing (ETXTBSY, execve(2)): this answer is needed.
        (Ok(()), Form::Plain) | (Err(_), _) => wire.run(|_| file.close()),
    };
    written?;
    closed.map_err(|error| unsent("close", error))?;
    Ok(None)
}

impl Sent {
    /// Removes it as far as it is still there.
    pub(super) fn remove(&mut self, wire: &mut Wire, sftp: &Sftp) {
        let Place { directory, file, packed } = &self.place;
        // A lost session is found out by whoever uses it next, and a file that is gone already needs no removal.
        if let Some(mut file) = self.closing.take() {
            drop(wire.run(|_| file.close()));
        }
        for name in [packed, file] {
            drop(wire.run(|_| sftp.unlink(Path::new(name))));
        }
        drop(wire.run(|_| sftp.rmdir(Path::new(directory))));
    }
}

fn lost(source: Broken) -> Unsent {
    Unsent::Failed(Failed::because("the host went away during the upload", source))
}

/// An answer of the SFTP server is about the directory; anything else is about the session.
fn unsent(operation: &str, error: Broken) -> Unsent {
    match error {
        Broken::Refused(ref refusal) => match refusal.code() {
            // All that SFTP 3 says of a full or a read-only disk.
            ErrorCode::SFTP(raw::LIBSSH2_FX_FAILURE)
            | ErrorCode::Session(raw::LIBSSH2_ERROR_SFTP_PROTOCOL) => {
                Unsent::Directory(format!("{operation} failed (full or read-only?)"))
            }
            ErrorCode::SFTP(_) => Unsent::Directory(format!("{operation}: {}", refusal.message())),
            ErrorCode::Session(_) => lost(error),
        },
        Broken::Late(_) | Broken::Overdue(_) | Broken::Silent(_) => lost(error),
        Broken::Cancelled | Broken::Ended | Broken::Wait(_) => lost(error),
    }
}
