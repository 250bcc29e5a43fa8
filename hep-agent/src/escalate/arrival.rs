//! The first steps of an agent that another started as this user: meets the other one, and leaves its surroundings.

use super::MARK;
use crate::sys::SysError;
use crate::sys::linux::{self, passwd, process, socket};
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

/// Where to meet the agent that started this one, as it stands on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    /// The name of its socket.
    pub(crate) name: String,
    /// The number of its user.
    pub(crate) uid: u32,
}

impl Ticket {
    /// Understands the two arguments.
    pub(crate) fn parse(name: &str, uid: &str) -> Option<Self> {
        Some(Self { name: name.to_owned(), uid: uid.parse().ok()? })
    }
}

/// What a shell does with a line of plain words: becomes the program that they name.
pub(crate) fn in_place_of_a_shell(line: &str) -> ExitCode {
    let words: Vec<&str> = line.split_whitespace().collect();
    let error = process::become_program(&words);
    crate::say::refuse(&format!("hep-agent: cannot run `{line}`: {error}"))
}

/// Meets who started this process; from then on the terminal and the environment of sudo, doas or su are left behind.
///
/// For the main thread, before any other is started.
pub(crate) fn arrive(ticket: &Ticket) -> Result<UnixStream, SysError> {
    let failed = |e: io::Error| SysError::io("cannot meet the agent that started this one", e);
    linux::outlive_terminal();
    linux::leave_caller();
    let mut stream = socket::connect(&ticket.name).map_err(failed)?;
    if socket::peer(&stream).map_err(failed)? != ticket.uid {
        return Err(SysError::new("the socket belongs to another user than it should"));
    }
    let token = socket::random_name().map_err(failed)?;
    linux::show_on_terminal(&format!("{MARK}{token}")).map_err(failed)?;
    stream.write_all(token.as_bytes()).map_err(failed)?;
    surroundings();
    Ok(stream)
}

/// Of the environment, what says who the user is, and the path.
fn surroundings() {
    let known = passwd::local_user(nix::unistd::geteuid().as_raw());
    let of_host = |name: &str| std::env::var(name).unwrap_or_default();
    // Users of a directory (LDAP) are not in the file; then sudo, doas or su have said it.
    let (name, home, shell) = match known {
        Some(account) => (account.name, account.home, account.shell),
        None => (of_host("USER"), of_host("HOME"), of_host("SHELL")),
    };
    let variables = [("HOME", home), ("USER", name.clone()), ("LOGNAME", name), ("SHELL", shell)];
    let set: Vec<(&str, &str)> = variables
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    linux::keep_environment(&set);
}
