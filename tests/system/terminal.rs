//! hep at a terminal, and an operator who answers its questions.

use crate::operator::Operator;
use std::io::{Read as _, Write as _};
use std::process::{ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// An operator at a terminal.
pub(crate) struct Answers<'a> {
    /// How each question ends.
    pub(crate) question: &'a str,
    /// What is typed, one for each.
    pub(crate) answers: &'a [&'a str],
    /// How long the operator thinks.
    pub(crate) after: Duration,
}

impl Answers<'_> {
    /// Runs hep at a terminal and types one answer to each question. Gives the exit code and the screen.
    #[track_caller]
    pub(crate) fn given_to(&self, operator: &Operator, arguments: &[&str]) -> (i32, String) {
        let hep = operator.hep(arguments);
        // script(1) gives its child a terminal, and passes on what it reads itself.
        let mut script = Command::new("script");
        script.args(["-qec", &words(&hep), "/dev/null"]).current_dir(operator.path(""));
        script.env("HOME", operator.path("home")).env("TERM", "xterm").env("SHELL", "/bin/sh");
        script.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut running = script.spawn().unwrap();
        let mut keyboard = running.stdin.take().unwrap();
        let shown = screen(running.stdout.take().unwrap());
        let (mut seen, mut given) = (String::new(), self.answers.iter());
        let mut asked = 0;
        loop {
            match shown.recv_timeout(Duration::from_secs(30)) {
                Ok(text) => seen.push_str(&text),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    running.kill().unwrap();
                    panic!("nothing more after:\n{seen}");
                }
            }
            let questions = seen.matches(self.question).count();
            for _ in asked..questions {
                thread::sleep(self.after);
                let answer = given.next().unwrap_or_else(|| panic!("asked once more:\n{seen}"));
                keyboard.write_all(format!("{answer}\n").as_bytes()).unwrap();
            }
            asked = questions;
        }
        assert_eq!(asked, self.answers.len(), "{seen}");
        (running.wait().unwrap().code().unwrap(), seen)
    }
}

/// What the terminal shows, as it comes.
fn screen(mut terminal: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(read @ 1..) = terminal.read(&mut bytes) {
            let text = String::from_utf8_lossy(&bytes[..read]).into_owned();
            if sender.send(text).is_err() {
                break;
            }
        }
    });
    receiver
}

/// The command line in one text for a shell; no word of it has a quote.
fn words(command: &Command) -> String {
    let all = std::iter::once(command.get_program()).chain(command.get_args());
    all.map(|word| format!("'{}'", word.to_str().unwrap())).collect::<Vec<_>>().join(" ")
}
