//! Starts a second agent as another user, by sudo, doas or su, and meets it on a socket.
//!
//! The program runs on a terminal of its own; a password is typed there and nowhere else, and frames are on the socket:
//! neither can be taken for the other. Both ends of the socket are proven: the kernel says which user is there, and the new
//! agent shows on the terminal the token that it sends, which only the process on that terminal can.

mod arrival;
mod dialogue;
mod refusal;

pub(crate) use arrival::{Ticket, arrive};

use crate::sys::SysError;
use crate::sys::linux::terminal::OnTerminal;
use crate::sys::linux::{accounts, socket};
use crate::uploaded::Copy;
use dialogue::{Dialogue, Look, Turn};
use hep_protocol::outcome::Exit;
use hep_protocol::rights::{Means, Method};
use serde::{Deserialize, Serialize};
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long becoming another user may take, with a password's question, delays, and a directory of users far away.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a process that has connected may take to say its token.
const TOKEN_PATIENCE: Duration = Duration::from_secs(5);

/// How often the terminal is looked at.
const TICK: Duration = Duration::from_millis(20);

/// How much of what is on the terminal is kept, in bytes: its end.
const KEPT: usize = 64 * 1024;

/// What stands before the token on the terminal.
const MARK: &str = "hep-agent is here: ";

/// Who the login's user is; tasks that become nobody run as that user.
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
        let name = match accounts::local_user(uid) {
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
    /// The number of its user.
    #[expect(dead_code, reason = "the run's own agent needs it not, those of single tasks do")]
    pub(crate) uid: u32,
    /// Gives how the program that started it ended, once it has; by then the agent has too.
    pub(crate) end: JoinHandle<io::Result<Exit>>,
}

/// What is attempted.
#[derive(Clone, Copy, Debug)]
struct Attempt<'a> {
    method: Method,
    /// Who is to be become.
    user: &'a str,
    /// Who this process's user is.
    login: &'a str,
}

/// Starts an agent of `user` with `mode` as its first argument; [`arrive`] is what it does first. Gives up when `stop` says so.
pub(crate) fn start(
    means: &Means,
    user: &str,
    mode: &str,
    stop: &dyn Fn() -> bool,
) -> Result<Started, SysError> {
    let Means { method, password, start: _ } = means;
    let uid = known(user)?;
    let own = Login::own();
    let attempt = Attempt { method: *method, user, login: &own.name };
    let name = socket::random_name().map_err(|e| SysError::io("cannot read /dev/urandom", e))?;
    let listener = socket::listen(&name).map_err(|e| SysError::io("cannot open a socket", e))?;
    let copy = Copy::make(uid)?;
    let ticket = Ticket { name, uid: own.uid };
    let terminal = OnTerminal::start(&attempt.argv(copy.path(), mode, &ticket)).map_err(|e| {
        e.hint("`become_method` names how other users are become: sudo, doas or su")
    })?;
    let password = password.as_ref().map(hep_protocol::value::Secret::reveal);
    let mut meeting = Meeting {
        attempt,
        uid,
        terminal,
        listener,
        said: Vec::new(),
        lines: 0,
        callers: Vec::new(),
    };
    match meeting.wait(password, stop) {
        Ok(stream) => {
            let terminal = meeting.terminal;
            let end = std::thread::spawn(move || terminal.outlast());
            Ok(Started { stream, uid, end })
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
            .hint("`become_user` names one that is there when the run begins")
    })
}

impl Attempt<'_> {
    /// The command line. It holds names only: everybody on the host can read it.
    fn argv(&self, file: &str, mode: &str, ticket: &Ticket) -> Vec<String> {
        let Ticket { name, uid } = ticket;
        let uid = uid.to_string();
        let agent = [file, mode, name, &uid];
        let shell = agent.join(" ");
        let before: &[&str] = match self.method {
            Method::Sudo => &["sudo", "-u", self.user, "--"],
            Method::Doas => &["doas", "-u", self.user, "--"],
            // The login shell may be any program; the line is made of letters, digits, `/`, `.` and `-`.
            Method::Su => &["su", "-s", "/bin/sh", "-c", &shell, self.user],
        };
        let after = match self.method {
            Method::Sudo | Method::Doas => &agent[..],
            Method::Su => &[],
        };
        before.iter().chain(after).map(|&word| word.to_owned()).collect()
    }
}

/// Waiting for an agent, with a terminal on one side and a socket on the other.
struct Meeting<'a> {
    attempt: Attempt<'a>,
    uid: u32,
    terminal: OnTerminal,
    listener: UnixListener,
    /// The end of what was on the terminal.
    said: Vec<u8>,
    /// How many lines were on it.
    lines: usize,
    /// Who has connected, and the token each sent.
    callers: Vec<(UnixStream, String)>,
}

impl Meeting<'_> {
    fn wait(
        &mut self,
        password: Option<&str>,
        stop: &dyn Fn() -> bool,
    ) -> Result<UnixStream, SysError> {
        let (begun, mut heard) = (Instant::now(), Instant::now());
        let mut dialogue = Dialogue::default();
        loop {
            // Asked before reading: what it wrote last is read after its end is known.
            let ended = self.terminal.ended().map_err(|e| SysError::io("cannot wait", e))?;
            if self.hear() {
                heard = Instant::now();
            }
            self.meet();
            if let Some(stream) = self.proven() {
                return Ok(stream);
            }
            if let Some(exit) = ended {
                return Err(self.attempt.ended(exit, &self.shown(password)));
            }
            let (hidden, quiet) = (self.terminal.hides(), heard.elapsed());
            match dialogue.turn(Look { hidden, quiet, lines: self.lines }) {
                Turn::Wait => {}
                Turn::Answer => self.answer(password)?,
                Turn::Again => return Err(self.attempt.wrong_password()),
            }
            if begun.elapsed() > PATIENCE {
                return Err(self.attempt.too_late(PATIENCE.as_secs()).process(
                    crate::sys::ProcessEnd {
                        stderr: self.shown(password).into_bytes(),
                        ..Default::default()
                    },
                ));
            }
            if stop() {
                return Err(SysError::new("the controller is gone"));
            }
            self.terminal.wait(Some(self.listener.as_fd()), TICK);
        }
    }

    /// Reads the terminal; whether there was something.
    fn hear(&mut self) -> bool {
        let new = self.terminal.read();
        self.lines += new.iter().filter(|&&byte| byte == b'\n').count();
        self.said.extend_from_slice(&new);
        let excess = self.said.len().saturating_sub(KEPT);
        self.said.drain(..excess);
        !new.is_empty()
    }

    /// Takes in who has connected. Anybody may: the names of sockets are no secret.
    fn meet(&mut self) {
        while let Ok((mut stream, _)) = self.listener.accept() {
            let mut token = [0; 32];
            let right = socket::peer(&stream).is_ok_and(|uid| uid == self.uid);
            let said = right
                && stream.set_nonblocking(false).is_ok()
                && stream.set_read_timeout(Some(TOKEN_PATIENCE)).is_ok()
                && stream.read_exact(&mut token).is_ok();
            if said && token.iter().all(u8::is_ascii_hexdigit) {
                self.callers.push((stream, String::from_utf8_lossy(&token).into_owned()));
            }
        }
    }

    /// The one whose token is on the terminal.
    fn proven(&mut self) -> Option<UnixStream> {
        let said = String::from_utf8_lossy(&self.said);
        let proof = |(_, token): &(UnixStream, String)| said.contains(&format!("{MARK}{token}"));
        let index = self.callers.iter().position(proof)?;
        let (stream, _) = self.callers.swap_remove(index);
        stream.set_read_timeout(None).ok()?;
        Some(stream)
    }

    /// Types the password, followed by Return.
    fn answer(&mut self, password: Option<&str>) -> Result<(), SysError> {
        let password = password.ok_or_else(|| self.attempt.no_password())?;
        if password.contains(char::is_control) {
            let what = "the password holds a character that cannot be typed";
            return Err(SysError::new(what).hint("see `become_password`"));
        }
        let failed = |e| SysError::io("cannot answer on the terminal", e);
        self.terminal.write(format!("{password}\n").as_bytes()).map_err(failed)
    }

    /// What was on the terminal, for a message: hidden or not, the password is not in it.
    fn shown(&self, password: Option<&str>) -> String {
        let said = String::from_utf8_lossy(&self.said).replace('\r', "");
        match password {
            Some(password) if !password.is_empty() => said.replace(password, "********"),
            Some(_) | None => said,
        }
    }
}
