//! What `ssh` asks for, answered without a terminal: it starts hep once more in the place of ssh-askpass(1), and that one
//! carries the question to the hep that started `ssh`, and the answer back.
//!
//! `ssh` closes every descriptor above 2 as it starts, so nothing can be handed down to that program but words. They are
//! the name of a socket in the abstract namespace (unix(7)): no secret, and no file that could stay behind. Whoever
//! connects there gets an answer only if the kernel says that it is a child of just that `ssh`: one that jumps to
//! another host for it, or any other program, gets none. The answer itself is in no argument list, environment or file.

use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::process::Command;
use std::time::Duration;

/// Names the socket to the program that asks.
const DOOR: &str = "HEP_ASKPASS";

/// By this `ssh` says that it wants no answer: the operator is to touch something.
const KIND: &str = "SSH_ASKPASS_PROMPT";

/// The longest question, in bytes.
const LONGEST: u64 = 16 * 1024;

/// How long a question may take to be told.
const TOLD: Duration = Duration::from_secs(5);

/// Before the text of an answer: without it there is none.
const ANSWERED: u8 = 1;

/// Where one `ssh` has its questions answered.
pub(super) struct Door {
    listener: UnixListener,
    name: String,
}

impl Door {
    /// One that nobody else has.
    pub(super) fn new() -> io::Result<Door> {
        let mut random = [0; 16];
        File::open("/dev/urandom")?.read_exact(&mut random)?;
        let name = format!("hep-askpass-{:032x}", u128::from_ne_bytes(random));
        let listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name)?)?;
        listener.set_nonblocking(true)?;
        Ok(Door { listener, name })
    }

    /// Has a command, which is `ssh`, ask here.
    pub(super) fn lead<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("SSH_ASKPASS", program())
            .env("SSH_ASKPASS_REQUIRE", "force")
            .env(DOOR, &self.name)
            .env_remove(KIND)
    }

    /// Answers whoever has knocked, if it is a child of that process; `answer` may say nothing.
    pub(super) fn open(
        &self,
        to: u32,
        answer: impl FnOnce(&str) -> Option<String>,
    ) -> io::Result<()> {
        let (mut visitor, _) = self.listener.accept()?;
        visitor.set_nonblocking(false)?;
        visitor.set_read_timeout(Some(TOLD))?;
        visitor.set_write_timeout(Some(TOLD))?;
        let who = getsockopt(&visitor, PeerCredentials)?;
        if who.uid() != nix::unistd::geteuid().as_raw() || parent(who.pid()) != Some(to) {
            return Ok(());
        }
        let mut question = Vec::new();
        (&visitor).take(LONGEST).read_to_end(&mut question)?;
        if let Some(text) = answer(&String::from_utf8_lossy(&question)) {
            visitor.write_all(&[ANSWERED])?;
            visitor.write_all(text.as_bytes())?;
        }
        Ok(())
    }
}

/// The program that asks: hep itself, by its path, since what is behind `/proc/PID/exe` is for hep alone. Another build that
/// lies there by now asks in the same words; a path whose file is gone has a mark from the kernel (proc_pid_exe(5)).
fn program() -> String {
    #[cfg(test)]
    if let Some(program) = tests::PROGRAM.get() {
        return program.clone();
    }
    let path = std::env::current_exe().unwrap_or_default().display().to_string();
    path.strip_suffix(" (deleted)").map_or_else(|| path.clone(), str::to_owned)
}

impl AsFd for Door {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }
}

/// The process that started another (proc_pid_stat(5)); the name before it may hold anything.
fn parent(process: i32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// There is no answer.
#[derive(Debug)]
pub(crate) struct NoAnswer;

/// What this process has to say, if it is `ssh` that has started it to ask: a line to print, or the refusal.
pub(crate) fn answer() -> Option<Result<String, NoAnswer>> {
    let door = std::env::var(DOOR).ok()?;
    let mut words = std::env::args().skip(1);
    let (question, None) = (words.next()?, words.next()) else { return None };
    if std::env::var(KIND).is_ok_and(|kind| kind == "none") {
        return Some(Ok(String::new()));
    }
    let answered = ask(&door, &question).ok().flatten();
    Some(answered.map(|text| text + "\n").ok_or(NoAnswer))
}

fn ask(door: &str, question: &str) -> io::Result<Option<String>> {
    let mut inside = UnixStream::connect_addr(&SocketAddr::from_abstract_name(door)?)?;
    inside.write_all(question.as_bytes())?;
    inside.shutdown(Shutdown::Write)?;
    let mut bytes = Vec::new();
    inside.read_to_end(&mut bytes)?;
    Ok(match bytes.split_first() {
        Some((&ANSWERED, text)) => Some(String::from_utf8_lossy(text).into_owned()),
        Some(_) | None => None,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use std::sync::OnceLock;

    /// What asks in the place of hep, whose part the program of the tests cannot play.
    pub(in crate::remote) static PROGRAM: OnceLock<String> = OnceLock::new();

    /// What a program that asks is told, if the `ssh` it must come from is this process.
    fn check(ssh: u32, answered: Option<&str>, expected: Option<&str>) {
        let door = Door::new().unwrap();
        let name = door.name.clone();
        let asking = std::thread::spawn(move || ask(&name, "op@web1's password: ").unwrap());
        let mut waiting = [PollFd::new(door.as_fd(), PollFlags::POLLIN)];
        poll(&mut waiting, PollTimeout::from(10_000_u16)).unwrap();
        // A visitor who is sent away may find the door shut before it has told anything.
        door.open(ssh, |question| {
            assert_eq!(question, "op@web1's password: ");
            answered.map(str::to_owned)
        })
        .unwrap();
        assert_eq!(asking.join().unwrap().as_deref(), expected);
    }

    #[test]
    fn only_a_child_of_that_ssh_is_told_anything() {
        // This process asks itself: it is a child of who has started the tests.
        let own = parent(i32::try_from(std::process::id()).unwrap()).unwrap();
        check(own, Some("pass word"), Some("pass word"));
        check(own, Some(""), Some(""));
        check(own, None, None);
    }

    #[test]
    fn nobody_else_is() {
        let door = Door::new().unwrap();
        let name = door.name.clone();
        let asking = std::thread::spawn(move || ask(&name, "q").ok().flatten());
        let mut waiting = [PollFd::new(door.as_fd(), PollFlags::POLLIN)];
        poll(&mut waiting, PollTimeout::from(10_000_u16)).unwrap();
        door.open(std::process::id(), |_| panic!("asked")).unwrap();
        assert_eq!(asking.join().unwrap(), None);
    }
}
