//! A program on a terminal of our own making (pty(7)): for those that ask a person for a password.
//!
//! Nothing is decided here: who wrote what, and whether it is a question, is the caller's to judge.

mod readers;

pub(crate) use readers::Readers;

use super::memory;
use super::process::{SYSTEM_PATH, exit_of, found};
use crate::sys::SysError;
use hep_protocol::outcome::Exit;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal, killpg};
use nix::unistd::Pid;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, OutputModes, tcgetattr};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A program under way, and the terminal it runs on.
pub(crate) struct OnTerminal {
    child: Child,
    /// Our side of the terminal, until all of the other side is closed.
    ours: Option<File>,
    /// The device's number of the other side.
    device: u64,
}

impl OnTerminal {
    /// Starts a program in `/`, in a session of its own with a new terminal; what it says is to be in English. It is
    /// looked for in the system's directories first, and knows no others: what lies in the `PATH` of a login is not
    /// for root to run.
    pub(crate) fn start(argv: &[String]) -> Result<Self, SysError> {
        let name = argv.first().map_or("", String::as_str);
        let no_terminal = |e| SysError::io(format!("cannot make a terminal for `{name}`"), e);
        let (ours, theirs) = pair().map_err(no_terminal)?;
        let device = theirs.metadata().map_err(no_terminal)?.rdev();
        let mut command = Command::new(found(name));
        command.args(argv.get(1..).unwrap_or_default()).current_dir("/").env_clear();
        command.env("PATH", SYSTEM_PATH).env("LANG", "C").env("LC_ALL", "C").env("TERM", "dumb");
        let child = prepared(&mut command, theirs).and_then(Command::spawn).map_err(|error| {
            if error.kind() == io::ErrorKind::NotFound {
                SysError::new(format!("there is no `{name}` on the host"))
            } else {
                SysError::io(format!("cannot run `{name}`"), error)
            }
        })?;
        Ok(Self { child, ours: Some(ours), device })
    }

    /// Takes all that was written since.
    pub(crate) fn read(&mut self) -> Vec<u8> {
        let (mut said, mut buffer) = (Vec::new(), [0; 4096]);
        while let Some(ours) = &mut self.ours {
            match ours.read(&mut buffer) {
                Ok(n) if n > 0 => said.extend_from_slice(buffer.get(..n).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // EIO: nobody has the other side open.
                Ok(_) | Err(_) => self.ours = None,
            }
        }
        said
    }

    /// Types something.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.ours.as_mut().map_or(Ok(()), |ours| ours.write_all(bytes))
    }

    /// Whether what is typed is hidden, as for a password. A terminal that passes on every byte as it is (sudo makes it so
    /// while a program runs on another terminal: `use_pty`) hides too, and asks nothing.
    pub(crate) fn hides(&self) -> bool {
        let modes = self.ours.as_ref().and_then(|ours| tcgetattr(ours).ok());
        modes.is_some_and(|modes| {
            let local = modes.local_modes;
            let raw = !local.contains(LocalModes::ISIG)
                && !modes.output_modes.contains(OutputModes::OPOST);
            !local.contains(LocalModes::ECHO) && !raw
        })
    }

    /// The users whose processes can read what is typed.
    pub(crate) fn readers(&self) -> Readers {
        readers::readers(self.child.id(), self.device, nix::unistd::geteuid().as_raw())
    }

    /// Sleeps until there is something to read, here or at the others, or the time is over.
    pub(crate) fn wait<'a>(&'a self, others: impl Iterator<Item = BorrowedFd<'a>>, time: Duration) {
        let all = self.ours.as_ref().map(AsFd::as_fd).into_iter().chain(others);
        let mut fds: Vec<_> = all.map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
        // Woken early, the caller looks again.
        poll(&mut fds, PollTimeout::try_from(time).unwrap_or(PollTimeout::MAX)).ok();
    }

    /// How it ended, once it has.
    pub(crate) fn ended(&mut self) -> io::Result<Option<Exit>> {
        Ok(self.child.try_wait()?.map(exit_of))
    }

    /// Waits for the end; what it still writes is dropped.
    pub(crate) fn outlast(mut self) -> io::Result<Exit> {
        while self.ours.is_some() {
            self.read();
            if let Some(exit) = self.ended()? {
                return Ok(exit);
            }
            self.wait(std::iter::empty(), Duration::from_millis(500));
        }
        // It has left its terminal, where there is nothing more to be read.
        Ok(exit_of(self.child.wait()?))
    }

    /// Hangs up. Programs of another user take no signal from us, but those of the terminal come from the kernel.
    pub(crate) fn hang_up(mut self) {
        self.write(b"\x03").ok();
        self.ours = None;
        let group = i32::try_from(self.child.id()).unwrap_or(i32::MAX);
        killpg(Pid::from_raw(group), Signal::SIGTERM).ok();
        // It may be in the middle of a delay; nobody waits for that.
        std::thread::spawn(move || self.child.wait());
    }
}

/// Both sides of a new terminal: ours, and the program's.
fn pair() -> io::Result<(File, File)> {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let name = ptsname(&ours, Vec::new())?;
    let path = std::ffi::OsStr::from_bytes(name.as_bytes());
    let no_terminal = OFlag::O_NOCTTY.bits();
    let theirs = File::options().read(true).write(true).custom_flags(no_terminal).open(path)?;
    fcntl(&ours, FcntlArg::F_SETFL(OFlag::O_RDWR | OFlag::O_NONBLOCK))?;
    Ok((File::from(ours), theirs))
}

/// Gives the program a session whose terminal is `theirs`; no signal is blocked in it.
#[allow(unsafe_code, reason = "std can change a child before exec only through an unsafe closure")]
fn prepared(command: &mut Command, theirs: File) -> io::Result<&mut Command> {
    command.stdin(theirs.try_clone()?).stdout(theirs.try_clone()?);
    command.stderr(Stdio::from(theirs.try_clone()?));
    let theirs = OwnedFd::from(theirs);
    let prepare = move || {
        nix::unistd::setsid()?;
        rustix::process::ioctl_tiocsctty(&theirs)?;
        SigSet::empty().thread_set_mask()?;
        memory::usual_core_files()
    };
    // SAFETY: between fork and exec only async-signal-safe functions may be called; setsid(2), ioctl(2), pthread_sigmask(3)
    // and the bare setrlimit(2) are, and converting an errno allocates nothing.
    Ok(unsafe { command.pre_exec(prepare) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads until `words` were said.
    fn hear(program: &mut OnTerminal, words: &str) -> String {
        let mut said = String::new();
        while !said.contains(words) && program.ours.is_some() {
            program.wait(std::iter::empty(), Duration::from_secs(10));
            said += &String::from_utf8_lossy(&program.read());
        }
        said
    }

    fn sh(script: &str) -> OnTerminal {
        OnTerminal::start(&["sh", "-c", script].map(str::to_owned)).unwrap()
    }

    #[test]
    fn program_has_a_terminal_and_its_end_is_known() {
        let mut program = sh("test -t 0 && test -t 2 && echo x >/dev/tty && exit 3");
        hear(&mut program, "x");
        assert_eq!(program.outlast().unwrap(), Exit::Code(3));
    }

    #[test]
    fn leaving_the_terminal_is_seen_while_the_program_goes_on() {
        let mut program = sh("trap '' HUP; echo x; exec <&- >&- 2>&-; sleep 60");
        hear(&mut program, "x");
        while program.ours.is_some() {
            program.wait(std::iter::empty(), Duration::from_secs(10));
            program.read();
        }
        assert_eq!(program.ended().unwrap(), None);
        program.hang_up();
    }

    #[test]
    fn end_behind_the_terminals_is_known() {
        let mut program = sh("trap '' HUP; echo x; exec <&- >&- 2>&-; sleep 0.2; exit 3");
        hear(&mut program, "x");
        assert_eq!(program.outlast().unwrap(), Exit::Code(3));
    }

    #[test]
    fn hidden_typing_is_told_from_shown_and_raw() {
        let mut program =
            sh("echo on; read a; stty -echo; echo off; read a; stty raw; echo raw; sleep 60");
        hear(&mut program, "on\r\n");
        assert!(!program.hides());
        program.write(b"\n").unwrap();
        hear(&mut program, "off\r\n");
        assert!(program.hides());
        program.write(b"\n").unwrap();
        hear(&mut program, "raw\n");
        assert!(!program.hides());
        program.hang_up();
    }

    #[test]
    fn readers_are_found_whatever_session_they_are_in() {
        let own = nix::unistd::geteuid().as_raw();
        let mut program = sh("echo on; read a; exec sleep 60");
        hear(&mut program, "on");
        assert_eq!(program.readers(), Readers::Trusted);
        program.hang_up();
        if own == 0 {
            for become_daemon in ["setpriv", "setsid -w setpriv"] {
                let script =
                    format!("{become_daemon} --reuid=1 --clear-groups sh -c 'echo on; sleep 60'");
                let mut program = sh(&format!("{script}; sleep 60"));
                hear(&mut program, "on");
                assert_eq!(program.readers(), Readers::Other(1), "{become_daemon}");
                program.hang_up();
            }
        }
    }

    #[test]
    fn programs_are_sought_in_the_systems_directories_first() {
        let mut program = OnTerminal::start(&["env".to_owned()]).unwrap();
        let said = hear(&mut program, "PATH=");
        assert!(said.contains(&format!("PATH={SYSTEM_PATH}\r\n")), "{said}");
        program.hang_up();
    }

    #[test]
    fn absent_program_is_named() {
        let error = OnTerminal::start(&["hep-no-such-program".to_owned()]).err().unwrap();
        assert_eq!(error.to_string(), "there is no `hep-no-such-program` on the host");
    }
}
