//! Starts a second agent as another user, by sudo, doas or su, and meets it on a socket.
//!
//! The program runs on a terminal of its own; a password is typed there and nowhere else, and frames are on the socket:
//! neither can be taken for the other. Both ends of the socket are proven: the kernel says which user is there, and the new
//! agent shows on the terminal the token that it sends, which only the process on that terminal can.

mod arrival;
mod callers;
mod dialogue;
mod meeting;
mod refusal;

pub(crate) use arrival::{Ticket, arrive, in_place_of_a_shell};

use crate::sys::SysError;
use crate::sys::linux::terminal::OnTerminal;
use crate::sys::linux::{accounts, passwd, socket};
use crate::uploaded::Copy;
use hep_protocol::outcome::Exit;
use hep_protocol::rights::{Means, Method};
use meeting::Meeting;
use serde::{Deserialize, Serialize};
use std::io;
use std::os::unix::net::UnixStream;
use std::thread::JoinHandle;
use std::time::Duration;

/// How long becoming another user may take, with a password's question, delays, and a directory of users far away.
const PATIENCE: Duration = Duration::from_secs(60);

/// What stands before the token on the terminal.
const MARK: &str = "hep-agent is here: ";

/// The login user; tasks without `become` run as that user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Login {
    /// The name, or the number where the host has no name for it.
    pub(crate) name: String,
    /// The user's number.
    pub(crate) uid: u32,
    /// The number of the main group.
    pub(crate) gid: u32,
    /// The numbers of all other groups.
    pub(crate) groups: Vec<u32>,
}

impl Login {
    /// This process's user.
    pub(crate) fn own() -> Self {
        let (uid, gid) = (nix::unistd::geteuid().as_raw(), nix::unistd::getegid().as_raw());
        let groups = nix::unistd::getgroups().unwrap_or_default();
        let told = || std::env::var("LOGNAME").or_else(|_| std::env::var("USER"));
        let name = match passwd::local_user(uid) {
            Some(user) => user.name,
            // A user of a directory; sshd has said the name, and getent(1) takes a number for one.
            None => told().unwrap_or_else(|_| uid.to_string()),
        };
        Self { name, uid, gid, groups: groups.into_iter().map(nix::unistd::Gid::as_raw).collect() }
    }
}

/// An agent of another user, started and met.
pub(crate) struct Started {
    /// To it, and to nobody else.
    pub(crate) stream: UnixStream,
    /// Gives how the program that started it ended, once it has; by then the agent has too.
    pub(crate) end: JoinHandle<io::Result<Exit>>,
}

/// Why there is no agent of another user.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The password was not the right one; to try it again would count as one more failure.
    Password(SysError),
    /// For any other reason.
    Otherwise(SysError),
}

impl From<SysError> for Refused {
    fn from(error: SysError) -> Self {
        Self::Otherwise(error)
    }
}

impl From<Refused> for SysError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Password(error) | Refused::Otherwise(error) => error,
        }
    }
}

/// What is attempted.
#[derive(Clone, Copy, Debug)]
struct Attempt<'a> {
    method: Method,
    /// The user to become.
    user: &'a str,
    /// The user of this process.
    login: &'a str,
}

/// Starts an agent of `user` with `mode` as its first argument; [`arrive`] is what it does first. Gives up when `stop` says so.
pub(crate) fn start(
    means: &Means,
    user: &str,
    mode: &str,
    stop: &dyn Fn() -> bool,
) -> Result<Started, Refused> {
    let Means { method, password, start: _ } = means;
    let uid = known(user)?;
    let own = Login::own();
    let attempt = Attempt { method: *method, user, login: &own.name };
    let name = socket::random_name().map_err(|e| SysError::io("cannot read /dev/urandom", e))?;
    let listener = socket::listen(&name).map_err(|e| SysError::io("cannot open a socket", e))?;
    let copy = Copy::make(uid)?;
    let ticket = Ticket { name, uid: own.uid };
    let terminal = OnTerminal::start(&attempt.argv(copy.path(), mode, &ticket))
        .map_err(|e| e.hint("set `become_method` to sudo, doas or su"))?;
    let password = password.as_ref().map(hep_protocol::value::Secret::reveal);
    let mut meeting = Meeting::new(attempt, uid, terminal, listener);
    match meeting.wait(password, PATIENCE, stop) {
        Ok(stream) => {
            let terminal = meeting.terminal;
            let end = std::thread::spawn(move || terminal.outlast());
            Ok(Started { stream, end })
        }
        Err(error) => {
            meeting.terminal.hang_up();
            Err(error)
        }
    }
}

/// The number of a user whom the host knows.
pub(crate) fn known(user: &str) -> Result<u32, SysError> {
    let odd = user.is_empty() || user.starts_with('-') || user.chars().any(char::is_control);
    let number = if odd { None } else { accounts::user_number(user)? };
    number.ok_or_else(|| {
        SysError::new(format!("there is no user `{user}` on the host"))
            .hint("`become_user` must exist when the run begins")
    })
}

impl Attempt<'_> {
    /// The command line. It holds names only: everybody on the host can read it.
    fn argv(&self, file: &str, mode: &str, ticket: &Ticket) -> Vec<String> {
        let Ticket { name, uid } = ticket;
        let uid = uid.to_string();
        let agent = [file, mode, name, &uid];
        let line = agent.join(" ");
        let before: &[&str] = match self.method {
            Method::Sudo => &["sudo", "-u", self.user, "--"],
            Method::Doas => &["doas", "-u", self.user, "--"],
            // The agent itself is the shell: a real one could be read by its user, terminal and all, before it has run the
            // line. That is made of letters, digits, `/`, `.` and `-`, for a user whose own shell su insists on.
            Method::Su => &["su", "-s", file, "-c", &line, self.user],
        };
        let after = match self.method {
            Method::Sudo | Method::Doas => &agent[..],
            Method::Su => &[],
        };
        before.iter().chain(after).map(|&word| word.to_owned()).collect()
    }
}
