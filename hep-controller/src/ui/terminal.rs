//! The controlling terminal, whatever the standard streams are (tty(4)): questions that only the operator can answer.

use crate::drive::Answer;
use crate::remote::Confirm;
use crate::stop::Stop;
use crate::text::shown_lines;
use hep_protocol::message::Go;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::termios::{FlushArg, LocalFlags, SetArg, tcflush, tcgetattr, tcsetattr};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsFd as _;
use std::sync::{Arc, Mutex, PoisonError};

/// Milliseconds between two looks at the wish to stop.
const LOOK: u16 = 200;

/// The longest answer, in bytes.
const ANSWER: usize = 1024;

/// Asks about host keys and for passphrases while the run goes on.
pub(crate) struct Asker {
    /// Held while a question stands: no status line is drawn over it.
    pub(super) screen: Arc<Mutex<()>>,
    /// Clears a status line.
    pub(super) clear: &'static str,
    /// A wish to stop ends the question.
    pub(super) stop: Arc<Stop>,
}

impl Confirm for Asker {
    fn confirm(&self, question: &str) -> io::Result<bool> {
        let _screen = self.screen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut terminal = open()?;
        write!(terminal, "{}", self.clear)?;
        confirm_at(&mut terminal, &harmless(question), &self.stop)
    }

    fn passphrase(&self, question: &str) -> io::Result<String> {
        let _screen = self.screen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut terminal = open()?;
        write!(terminal, "{}", self.clear)?;
        ask_quietly(&mut terminal, &harmless(question), &self.stop)
    }
}

/// What the operator says of one host's key, and of those that follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trusts {
    This,
    Not,
    All,
}

/// Asks whether a host's key is the right one; none if the input ends.
pub(super) fn ask_trust(question: &str, stop: &Stop) -> io::Result<Option<Trusts>> {
    ask_trust_at(&mut open()?, &harmless(question), stop)
}

fn ask_trust_at(terminal: &mut File, question: &str, stop: &Stop) -> io::Result<Option<Trusts>> {
    let words = [("yes", Trusts::This), ("no", Trusts::Not), ("all", Trusts::All)];
    choose_at(terminal, question, &words, stop)
}

/// The end of input says no.
fn confirm_at(terminal: &mut File, question: &str, stop: &Stop) -> io::Result<bool> {
    let answer = choose_at(terminal, question, &[("yes", true), ("no", false)], stop)?;
    Ok(answer.unwrap_or(false))
}

/// Asks until one of the words is typed, or the input ends.
fn choose_at<T: Copy>(
    terminal: &mut File,
    question: &str,
    words: &[(&str, T)],
    stop: &Stop,
) -> io::Result<Option<T>> {
    let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    // What was typed before the question, a second `yes` to the one before it most of all, is no answer to it.
    tcflush(&terminal, FlushArg::TCIFLUSH)?;
    write!(terminal, "{question} ({})? ", names.join("/"))?;
    loop {
        let answer = answer(terminal, stop)?;
        let Some(typed) = answer.as_deref().map(str::trim) else { return Ok(None) };
        match words.iter().find(|(word, _)| *word == typed) {
            Some((_, meaning)) => return Ok(Some(*meaning)),
            None => write!(terminal, "please type `{}`: ", names.join("` or `"))?,
        }
    }
}

/// A question as a terminal may show it: names in it may come from an inventory, or from a host.
fn harmless(question: &str) -> String {
    let lines: Vec<String> = shown_lines(question).collect();
    crate::secrets::masked(&lines.join("\n"))
}

/// Whether there is anybody to ask.
pub(super) fn is_there() -> bool {
    open().is_ok()
}

/// Asks whether a task may begin. A wish to stop, and the end of input, quit.
pub(super) fn ask_step(question: &str, stop: &Stop) -> io::Result<Answer> {
    ask_step_at(&mut open()?, question, stop)
}

fn ask_step_at(terminal: &mut File, question: &str, stop: &Stop) -> io::Result<Answer> {
    tcflush(&terminal, FlushArg::TCIFLUSH)?;
    write!(terminal, "{question}: run it (y/n/c/q)? ")?;
    loop {
        let answer = match answer(terminal, stop) {
            Err(_) if stop.wanted() => return Ok(Answer::Quit),
            answer => answer?,
        };
        match answer.as_deref().map(str::trim) {
            Some("y" | "yes") => return Ok(Answer::Go(Go::Run)),
            Some("n" | "no") => return Ok(Answer::Go(Go::Skip)),
            Some("c") => return Ok(Answer::Go(Go::RunAll)),
            Some("q") | None => return Ok(Answer::Quit),
            Some(_) => write!(
                terminal,
                "please type `y` to run it, `n` to leave it out, `c` to run it and all that follow, on every host, \
                 without asking, or `q` to stop here: "
            )?,
        }
    }
}

/// Asks for a password without showing what is typed. A wish to stop ends the question.
pub(super) fn ask_password(question: &str, stop: &Stop) -> io::Result<String> {
    ask_quietly(&mut open()?, question, stop)
}

fn ask_quietly(terminal: &mut File, question: &str, stop: &Stop) -> io::Result<String> {
    let loud = tcgetattr(&terminal)?;
    let mut quiet = loud.clone();
    quiet.local_flags.remove(LocalFlags::ECHO);
    quiet.local_flags.insert(LocalFlags::ECHONL);
    // Flushed: what was typed before the question is no answer to it.
    tcsetattr(&terminal, SetArg::TCSAFLUSH, &quiet)?;
    let asked = write!(terminal, "{question}").and_then(|()| answer(terminal, stop));
    tcsetattr(&terminal, SetArg::TCSAFLUSH, &loud)?;
    let ended = || io::Error::new(io::ErrorKind::UnexpectedEof, "nothing was typed");
    asked?.map(|text| text.trim_end_matches(['\r', '\n']).to_owned()).ok_or_else(ended)
}

fn open() -> io::Result<File> {
    let opened = OpenOptions::new().read(true).write(true).open("/dev/tty");
    opened.map_err(|error| io::Error::new(error.kind(), "there is no terminal"))
}

/// One line, which a terminal hands over as a whole; none at the end of input.
fn answer(terminal: &mut File, stop: &Stop) -> io::Result<Option<String>> {
    while !is_readable(terminal)? {
        if stop.wanted() {
            // The question stays without an answer; what follows is not on its line.
            writeln!(terminal)?;
            return Err(io::Error::other("stopped on request"));
        }
    }
    let mut bytes = vec![0; ANSWER];
    let read = terminal.read(&mut bytes)?;
    bytes.truncate(read);
    if read == 0 {
        // Ctrl-D begins no line; what follows is not on that of the question.
        writeln!(terminal)?;
    }
    Ok((read > 0).then(|| String::from_utf8_lossy(&bytes).into_owned()))
}

fn is_readable(terminal: &File) -> io::Result<bool> {
    let mut fds = [PollFd::new(terminal.as_fd(), PollFlags::POLLIN)];
    match poll(&mut fds, PollTimeout::from(LOOK)) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::EINTR) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::pty::openpty;

    /// Reads what the terminal shows up to these words.
    fn read_to(person: &mut File, words: &[u8]) -> Vec<u8> {
        let mut shown = Vec::new();
        while !shown.ends_with(words) {
            let mut byte = [0; 1];
            person.read_exact(&mut byte).unwrap();
            shown.extend(byte);
        }
        shown
    }

    fn echoes(terminal: &File) -> bool {
        tcgetattr(terminal).unwrap().local_flags.contains(LocalFlags::ECHO)
    }

    #[test]
    fn a_wish_to_stop_ends_the_question_and_the_terminal_echoes_again() {
        let pty = openpty(None, None).unwrap();
        let mut terminal = File::from(pty.slave);
        let stop = Stop::default();
        stop.ask();
        let error = ask_quietly(&mut terminal, "password: ", &stop).unwrap_err();
        assert_eq!(error.to_string(), "stopped on request");
        assert!(echoes(&terminal));
    }

    #[test]
    fn a_password_is_taken_without_an_echo() {
        let pty = openpty(None, None).unwrap();
        let (mut person, mut terminal) = (File::from(pty.master), File::from(pty.slave));
        let copy = terminal.try_clone().unwrap();
        let asking =
            std::thread::spawn(move || ask_quietly(&mut terminal, "?", &Stop::default()).unwrap());
        // What comes before the question is thrown away.
        let mut question = [0; 1];
        person.read_exact(&mut question).unwrap();
        assert!(!echoes(&copy));
        person.write_all(b"secret\n").unwrap();
        assert_eq!(asking.join().unwrap(), "secret");
        assert!(echoes(&copy));
        let mut shown = [0; 64];
        let read = person.read(&mut shown).unwrap();
        assert_eq!(&shown[..read], b"\r\n");
    }

    #[test]
    fn what_was_typed_before_a_question_is_no_answer_to_it() {
        let pty = openpty(None, None).unwrap();
        let (mut person, mut terminal) = (File::from(pty.master), File::from(pty.slave));
        person.write_all(b"yes\nyes\n").unwrap();
        // Nothing more is typed but this, once the question stands.
        let typing = std::thread::spawn(move || {
            read_to(&mut person, b"(yes/no)? ");
            person.write_all(b"no\n").unwrap();
            // Whoever hangs up takes the answer along.
            person
        });
        assert!(!confirm_at(&mut terminal, "the next host", &Stop::default()).unwrap());
        drop(typing.join());
    }

    #[test]
    fn a_key_is_asked_about_until_the_answer_is_one_of_three() {
        let check = |typed: &str, expected: Option<Trusts>| {
            let pty = openpty(None, None).unwrap();
            let (mut person, mut terminal) = (File::from(pty.master), File::from(pty.slave));
            let text = typed.to_owned();
            let typing = std::thread::spawn(move || {
                read_to(&mut person, b"(yes/no/all)? ");
                person.write_all(text.as_bytes()).unwrap();
                // The answer's line is ended, by whoever types or for them.
                read_to(&mut person, b"\n");
                person
            });
            let stop = Stop::default();
            assert_eq!(ask_trust_at(&mut terminal, "web1", &stop).unwrap(), expected, "{typed:?}");
            drop(typing.join());
        };
        check("yes\n", Some(Trusts::This));
        check("y\nyes\n", Some(Trusts::This));
        check("no\n", Some(Trusts::Not));
        check("all\n", Some(Trusts::All));
        check("\u{4}", None);
    }

    #[test]
    fn a_question_is_shown_without_what_a_terminal_would_obey() {
        assert_eq!(harmless("the host\nweb\u{1b}[2Jdb\r\nis"), "the host\nweb\\u{1b}[2Jdb\nis");
    }

    #[test]
    fn a_step_is_asked_about_until_the_answer_is_one() {
        let check = |typed: &str, expected: Answer| {
            let pty = openpty(None, None).unwrap();
            let (mut person, mut terminal) = (File::from(pty.master), File::from(pty.slave));
            // The next step is not what an answer to the one before was meant for.
            person.write_all(b"y\n").unwrap();
            let text = typed.to_owned();
            let typing = std::thread::spawn(move || {
                let mut bytes = read_to(&mut person, b"run it (y/n/c/q)? ");
                person.write_all(text.as_bytes()).unwrap();
                // Its end is an error, EIO.
                drop(person.read_to_end(&mut bytes));
                bytes
            });
            let stop = Stop::default();
            assert_eq!(ask_step_at(&mut terminal, "web1: one", &stop).unwrap(), expected);
            drop(terminal);
            // A terminal shows what is typed too.
            let bytes = typing.join().unwrap();
            let shown = String::from_utf8_lossy(&bytes);
            assert!(shown.contains("web1: one: run it (y/n/c/q)? "), "{shown}");
            assert_eq!(shown.contains("please type `y`"), typed.starts_with("what"), "{shown}");
        };
        check("y\n", Answer::Go(Go::Run));
        check("what\nn\n", Answer::Go(Go::Skip));
        check("c\n", Answer::Go(Go::RunAll));
        check("q\n", Answer::Quit);
        check("\u{4}", Answer::Quit);
    }

    #[test]
    fn a_wish_to_stop_quits() {
        let pty = openpty(None, None).unwrap();
        let stop = Stop::default();
        stop.ask();
        let answer = ask_step_at(&mut File::from(pty.slave), "one", &stop).unwrap();
        assert_eq!(answer, Answer::Quit);
    }
}
