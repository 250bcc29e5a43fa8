//! Waiting for the agent that sudo, doas or su starts, with their terminal on one side and a socket on the other.

use super::callers::Callers;
use super::dialogue::{Dialogue, Look, Turn};
use super::{Attempt, MARK, Refused};
use crate::sys::SysError;
use crate::sys::linux::terminal::{OnTerminal, Readers};
use hep_protocol::outcome::MAX_SHOWN;
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant};

/// How often the terminal is looked at.
const TICK: Duration = Duration::from_millis(20);

/// Waiting for an agent, with a terminal on one side and a socket on the other.
pub(super) struct Meeting<'a> {
    attempt: Attempt<'a>,
    uid: u32,
    pub(super) terminal: OnTerminal,
    callers: Callers,
    /// The end of what was on the terminal.
    said: Vec<u8>,
    /// How many lines were on it.
    lines: usize,
}

impl<'a> Meeting<'a> {
    /// Of an attempt under way on that terminal, to become who has that number.
    pub(super) fn new(
        attempt: Attempt<'a>,
        uid: u32,
        terminal: OnTerminal,
        listener: UnixListener,
    ) -> Self {
        let (said, lines, callers) = (Vec::new(), 0, Callers::of(uid, listener));
        Self { attempt, uid, terminal, callers, said, lines }
    }

    /// The way to the new agent, once it is there.
    pub(super) fn wait(
        &mut self,
        password: Option<&str>,
        patience: Duration,
        stop: &dyn Fn() -> bool,
    ) -> Result<UnixStream, Refused> {
        let (begun, mut heard) = (Instant::now(), Instant::now());
        let mut dialogue = Dialogue::default();
        loop {
            // Asked before reading: what it wrote last is read after its end is known.
            let ended = self.terminal.ended().map_err(|e| SysError::io("cannot wait", e))?;
            if self.hear() {
                heard = Instant::now();
            }
            self.callers.meet();
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
                Turn::Again => {
                    self.unheard()?;
                    return Err(self.attempt.asks_again(&self.shown(password)));
                }
            }
            if begun.elapsed() > patience {
                return Err(self
                    .attempt
                    .too_late(patience.as_secs(), &self.shown(password))
                    .into());
            }
            if stop() {
                return Err(self.attempt.stopped().into());
            }
            self.terminal.wait(self.callers.descriptors(), TICK);
        }
    }

    /// Reads the terminal; whether there was something.
    fn hear(&mut self) -> bool {
        let new = self.terminal.read();
        self.lines += new.iter().filter(|&&byte| byte == b'\n').count();
        self.said.extend_from_slice(&new);
        let excess = self.said.len().saturating_sub(MAX_SHOWN);
        self.said.drain(..excess);
        !new.is_empty()
    }

    /// The one whose token is on the terminal.
    fn proven(&mut self) -> Option<UnixStream> {
        let said = String::from_utf8_lossy(&self.said);
        self.callers.proven(|token| said.contains(&format!("{MARK}{token}")))
    }

    /// That nobody but root and the login's user can read what is typed, or why the password is not typed. What hides
    /// typing may be anything that has the terminal: a process of the target user need not ask for a password to be
    /// given one.
    fn unheard(&self) -> Result<(), SysError> {
        match self.terminal.readers() {
            Readers::Trusted => Ok(()),
            Readers::Other(uid) => Err(self.attempt.overheard(uid)),
            // All that a program starts there to become root is root's.
            Readers::Unknown if self.uid == 0 => Ok(()),
            Readers::Unknown => Err(self.attempt.unseen()),
        }
    }

    /// Types the password, followed by Return.
    fn answer(&mut self, password: Option<&str>) -> Result<(), SysError> {
        self.unheard()?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::linux::socket;
    use hep_protocol::outcome::Failure;
    use hep_protocol::rights::Method;
    use std::io::{Read, Write};

    /// Meets whom a script of sh brings, as this process's own user.
    fn meet(
        script: &str,
        password: Option<&str>,
        patience: u64,
        name: &str,
    ) -> Result<UnixStream, Failure> {
        let attempt = Attempt { method: Method::Sudo, user: "root", login: "me" };
        let terminal = OnTerminal::start(&["sh", "-c", script].map(str::to_owned)).unwrap();
        let listener = socket::listen(name).unwrap();
        let uid = nix::unistd::geteuid().as_raw();
        let mut meeting = Meeting::new(attempt, uid, terminal, listener);
        let met = meeting.wait(password, Duration::from_millis(patience), &|| false);
        meeting.terminal.hang_up();
        met.map_err(|refused| Failure::from(SysError::from(refused)))
    }

    fn refused(script: &str, password: Option<&str>, patience: u64) -> (String, String) {
        let name = socket::random_name().unwrap();
        let failure = meet(script, password, patience, &name).err().unwrap();
        (failure.message, failure.stderr)
    }

    #[test]
    fn program_that_neither_asks_nor_ends_is_given_up() {
        let (message, stderr) = refused("echo well; sleep 60", None, 2000);
        assert_eq!(message, "`sudo` did not start an agent as `root` within 2 s");
        assert_eq!(stderr, "well\n");
    }

    #[test]
    fn run_that_is_stopped_meanwhile_says_so() {
        let attempt = Attempt { method: Method::Sudo, user: "root", login: "me" };
        let terminal = OnTerminal::start(&["sleep", "60"].map(str::to_owned)).unwrap();
        let listener = socket::listen(&socket::random_name().unwrap()).unwrap();
        let mut meeting = Meeting::new(attempt, 0, terminal, listener);
        let met = meeting.wait(None, Duration::from_secs(60), &|| true);
        meeting.terminal.hang_up();
        let error = SysError::from(met.err().unwrap());
        assert_eq!(error.to_string(), "stopped before `sudo` started an agent as `root`");
    }

    #[test]
    fn password_is_never_among_the_last_words() {
        let script = "stty -echo; echo Code:; read -r a; echo \"got $a\"; exit 1";
        let (message, stderr) = refused(script, Some("Xyzzy"), 20_000);
        assert_eq!(message, "`sudo` did not start an agent as `root`: exit code 1");
        assert_eq!(stderr, "Code:\ngot ********\n");
    }

    #[test]
    fn password_that_cannot_be_typed_is_told() {
        let script = "stty -echo; echo Code:; read -r a";
        let (message, _) = refused(script, Some("a\u{3}b"), 20_000);
        assert_eq!(message, "the password holds a character that cannot be typed");
    }

    #[test]
    fn end_of_a_password_s_time_is_no_wrong_password() {
        let script = "stty -echo; echo Code:; read -r a; echo; echo New password:; read -r b";
        let (message, _) = refused(script, Some("Xyzzy"), 20_000);
        assert_eq!(message, "`sudo` refuses: an account or password has expired");
    }

    #[test]
    fn only_who_is_on_the_terminal_is_taken() {
        let name = socket::random_name().unwrap();
        let [stranger, agent] = ["0", "f"].map(|digit| digit.repeat(32));
        let script = format!("echo Welcome; echo {MARK}{agent}; sleep 60");
        let called = name.clone();
        let callers = std::thread::spawn(move || {
            let mut streams = Vec::new();
            for token in [stranger, agent] {
                let stream = loop {
                    match socket::connect(&called) {
                        Ok(stream) => break stream,
                        Err(_) => std::thread::sleep(Duration::from_millis(5)),
                    }
                };
                (&stream).write_all(token.as_bytes()).unwrap();
                (&stream).write_all(token.as_bytes()).unwrap();
                streams.push(stream);
            }
            streams
        });
        let mut met = meet(&script, None, 20_000, &name).unwrap();
        let mut rest = [0; 4];
        met.read_exact(&mut rest).unwrap();
        assert_eq!(&rest, b"ffff");
        drop(callers.join().unwrap());
    }

    /// A process that hides typing for the password, which it keeps.
    const THIEF: &str = "stty -echo; echo Password:; read -r a; echo $a >";

    #[test]
    fn nothing_is_typed_where_a_process_of_another_user_reads() {
        if !nix::unistd::geteuid().is_root() {
            return;
        }
        let directory = tempfile::tempdir().unwrap();
        let loot = directory.path().join("loot");
        std::fs::write(&loot, "").unwrap();
        std::fs::set_permissions(&loot, std::os::unix::fs::PermissionsExt::from_mode(0o666))
            .unwrap();
        std::fs::set_permissions(
            directory.path(),
            std::os::unix::fs::PermissionsExt::from_mode(0o755),
        )
        .unwrap();
        let thief = format!("{THIEF}{}", loot.display());
        for way in ["exec ", "", "setsid -w "] {
            let script = format!("{way}setpriv --reuid=1 --clear-groups sh -c '{thief}'; exit 0");
            let (message, _) = refused(&script, Some("Xyzzy"), 20_000);
            assert_eq!(
                message,
                "`sudo` hides what is typed, and a process of `daemon` is on its terminal: the password was not typed"
            );
            // At most the end of its line, as the terminal hangs up.
            assert_eq!(std::fs::read_to_string(&loot).unwrap().trim(), "", "{way}");
        }
        // The attack is one: root's own process gets it.
        let (message, _) = refused(&format!("{thief}; exit 1"), Some("Xyzzy"), 20_000);
        assert_eq!(message, "`sudo` did not start an agent as `root`: exit code 1");
        assert_eq!(std::fs::read_to_string(&loot).unwrap(), "Xyzzy\n");
    }

    #[test]
    fn silent_and_lying_callers_keep_nobody_waiting() {
        let name = socket::random_name().unwrap();
        let agent = "f".repeat(32);
        let script = format!("echo {MARK}{agent}; sleep 60");
        let called = name.clone();
        let callers = std::thread::spawn(move || {
            let connect = || loop {
                match socket::connect(&called) {
                    Ok(stream) => break stream,
                    Err(_) => std::thread::sleep(Duration::from_millis(5)),
                }
            };
            let silent: Vec<UnixStream> = (0..150).map(|_| connect()).collect();
            let liars: Vec<UnixStream> = (0..150).map(|_| connect()).collect();
            liars.iter().for_each(|mut stream| drop(stream.write_all(&[b'0'; 32])));
            let mut own = connect();
            own.write_all(agent.as_bytes()).unwrap();
            (silent, liars, own)
        });
        // Far less than each of them may take to prove who it is.
        let met = meet(&script, None, 4_000, &name);
        met.unwrap();
        drop(callers.join().unwrap());
    }
}
