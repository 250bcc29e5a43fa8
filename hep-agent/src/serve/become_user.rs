//! Going on with a run as another user: in this process if nothing stands in the way, else in an agent of that user, which
//! gets the controller's streams and is all that the controller talks to from then on.

use super::Controller;
use crate::engine::Others;
use crate::escalate::{self, Login, Started, Ticket};
use crate::outside::Outside;
use crate::sys::SysError;
use crate::sys::linux::{self, socket};
use hep_protocol::frame::{self, FrameError};
use hep_protocol::message::Reply;
use hep_protocol::outcome::{Exit, Failure};
use hep_protocol::rights::Means;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// How long an agent that was met may take to take over.
const HANDOVER: Duration = Duration::from_secs(10);

/// The users that tasks of a run may run as.
#[derive(Debug)]
pub(crate) struct Rights {
    /// The user of tasks without `become`.
    pub(crate) login: Login,
    /// How tasks become others; without it none does.
    pub(crate) means: Option<Means>,
}

impl Rights {
    /// Those of a run that this process's user began.
    pub(crate) fn of_login(means: Option<Means>) -> Self {
        Self { login: Login::own(), means }
    }

    /// The users of the run beside this process's.
    pub(super) fn others(&self) -> Others {
        let own = nix::unistd::geteuid().as_raw();
        let login = Some(&self.login).filter(|login| login.uid != own).cloned();
        Others { login, means: self.means.clone() }
    }
}

/// Where a run goes on.
pub(super) enum Begun {
    /// In this process.
    Here(Rights),
    /// In an agent that has the streams now.
    There(Started),
}

/// Goes on as the user whom `means` names.
pub(super) fn begin(means: Means, input: &File, output: &File) -> Result<Begun, SysError> {
    let rights = Rights::of_login(Some(means.clone()));
    // Root becomes everybody without help, task by task.
    let user = match means.start.as_deref() {
        Some(user) if rights.login.uid != 0 => user,
        Some(_) | None => return Ok(Begun::Here(rights)),
    };
    if escalate::known(user)? == rights.login.uid {
        return Ok(Begun::Here(rights));
    }
    let started =
        escalate::start(&means, user, "act", &|| is_gone(input)).map_err(SysError::from)?;
    hand_over(&started, &rights.login, input, output)
        .map_err(|error| SysError::io(format!("the agent of `{user}` did not take over"), error))?;
    Ok(Begun::There(started))
}

/// Whether nobody writes to the stream any more.
fn is_gone(input: &File) -> bool {
    // A pipe hangs up, a socket's other side stops writing (poll(2)).
    let hangup = PollFlags::from_bits_retain(nix::libc::POLLRDHUP);
    let mut fds = [PollFd::new(input.as_fd(), hangup)];
    poll(&mut fds, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
}

/// Gives the streams away, and waits for the word that they are taken. The new agent may be of a user who is not root, and who
/// can read all that it is given: of the rights it gets who the login is, and neither password nor means.
fn hand_over(started: &Started, login: &Login, input: &File, output: &File) -> io::Result<()> {
    let mut stream = &started.stream;
    stream.set_read_timeout(Some(HANDOVER))?;
    let errors = linux::standard_error()?;
    socket::send_descriptors(stream, [input.as_fd(), output.as_fd(), errors.as_fd()])?;
    frame::write(&mut stream, login).map_err(io_error)?;
    stream.read_exact(&mut [0])
}

/// The other side of [`hand_over`].
pub(super) fn take_over(ticket: &Ticket) -> Result<(File, File, Rights), SysError> {
    let mut stream = escalate::arrive(ticket)?;
    let failed = |e| SysError::io("cannot take over from the agent that started this one", e);
    let [input, output, errors] = socket::receive_descriptors(&stream).map_err(failed)?;
    let login = frame::read(&mut stream).map_err(io_error).map_err(failed)?;
    let login = login.ok_or_else(|| failed(io::ErrorKind::UnexpectedEof.into()))?;
    linux::use_standard_error(&errors).map_err(failed)?;
    stream.write_all(b"+").map_err(failed)?;
    // The login user may become users that the user it became may not: that user is root, or the only one the tasks
    // name.
    Ok((input, output, Rights { login, means: None }))
}

fn io_error(error: FrameError) -> io::Error {
    match error {
        FrameError::Io(error) => error,
        FrameError::TooLong { .. } | FrameError::Malformed(_) => {
            io::Error::other(error.to_string())
        }
    }
}

/// Says why the run does not go on.
pub(super) fn refused(controller: &Arc<Controller>, error: SysError) -> ExitCode {
    controller.reply(Reply::Refused(Failure::from(error)));
    ExitCode::FAILURE
}

/// Waits for the end of the agent that has the streams. None of them is held here, so that the controller sees their end.
pub(super) fn outlast(started: Started) -> ExitCode {
    linux::give_up_standard_streams().ok();
    drop(started.stream);
    match started.end.join() {
        Ok(Ok(Exit::Code(code))) => u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from),
        Ok(Ok(Exit::Signal(_)) | Err(_)) | Err(_) => ExitCode::FAILURE,
    }
}
