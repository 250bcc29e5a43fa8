//! The only file that prints. What a run found goes to standard output, everything else to standard error.
//!
//! A reader that goes away (`hep push | head`) stops the printing, never the run.
#![expect(clippy::disallowed_methods, reason = "this is where the controller prints")]

use crate::drive::Answer;
use crate::remote::password_command::Complaints;
use crate::report::Texts;
use crate::secrets;
use crate::stop::Stop;
use crate::text::{Colour, Style, shown};
use hep_protocol::message::Go;
use std::env;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::{Duration, Instant};

mod terminal;

pub(crate) use terminal::{Asker, Trusts};

/// Moves to the beginning of the line and empties it (ECMA-48, 8.3.41).
const CLEAR: &str = "\r\u{1b}[K";

/// How wide a terminal is that does not say.
const USUAL_WIDTH: usize = 80;

/// How often the status line is drawn at most: faster is flicker.
const DRAWN: Duration = Duration::from_millis(100);

/// The two streams of the process.
pub(crate) struct Ui {
    out: Box<dyn Write>,
    err: Box<dyn Write>,
    /// Colours for what goes to standard output.
    pub(crate) out_colour: Colour,
    /// Colours for what goes to standard error.
    pub(crate) err_colour: Colour,
    /// Whether a line that is overwritten again makes sense: a person looks at both streams.
    live: bool,
    /// The line that is there now.
    status: String,
    /// When it was drawn.
    drawn: Option<Instant>,
    /// Held by whoever asks the operator.
    screen: Arc<Mutex<()>>,
    /// What was to be written while a question stood.
    waiting: Vec<(Stream, String)>,
    /// Whether the operator has answered that all tasks may begin.
    asks_no_more: bool,
    out_broken: bool,
    /// Whether a reader who is still there misses what was to be written.
    pub(crate) out_lost: bool,
}

#[derive(Debug, Clone, Copy)]
enum Stream {
    Out,
    Err,
}

/// Where programs that hep starts complain: at a terminal a person sees it, if they write where hep does.
pub(crate) fn complaints() -> Complaints {
    if io::stderr().is_terminal() { Complaints::Terminal } else { Complaints::Message }
}

impl Ui {
    /// The real streams. Colours only on a terminal, and not if `NO_COLOR` is set (no-color.org).
    pub(crate) fn new() -> Ui {
        let (out, err) = (io::stdout(), io::stderr());
        let plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || env::var_os("TERM").is_some_and(|term| term == "dumb");
        let colour = |terminal: bool| if terminal && !plain { Colour::Ansi } else { Colour::Off };
        let live = out.is_terminal() && err.is_terminal() && !plain;
        let (out_colour, err_colour) = (colour(out.is_terminal()), colour(err.is_terminal()));
        Ui {
            out: Box::new(out),
            err: Box::new(err),
            out_colour,
            err_colour,
            live,
            status: String::new(),
            drawn: None,
            screen: Arc::default(),
            waiting: Vec::new(),
            asks_no_more: false,
            out_broken: false,
            out_lost: false,
        }
    }

    /// Shows what a view made.
    pub(crate) fn show(&mut self, texts: &Texts) {
        self.err(&texts.err);
        self.out(&texts.out);
    }

    /// What a run found.
    pub(crate) fn out(&mut self, text: &str) {
        self.write(Stream::Out, text);
    }

    /// Everything else.
    pub(crate) fn err(&mut self, text: &str) {
        self.write(Stream::Err, text);
    }

    /// Nothing is printed over a question: it waits until that has its answer, and the run goes on meanwhile.
    fn write(&mut self, stream: Stream, text: &str) {
        if !text.is_empty() {
            self.waiting.push((stream, text.to_owned()));
        }
        self.catch_up();
    }

    /// Prints what waits, unless a question stands.
    fn catch_up(&mut self) {
        let screen = Arc::clone(&self.screen);
        let _held = match screen.try_lock() {
            Ok(held) => held,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        self.print_waiting();
    }

    /// To be called by whoever holds the screen.
    fn print_waiting(&mut self) {
        for (stream, text) in std::mem::take(&mut self.waiting) {
            match stream {
                Stream::Out => self.print_out(&text),
                Stream::Err => self.print_err(&text),
            }
        }
    }

    fn print_out(&mut self, text: &str) {
        if self.out_broken {
            return;
        }
        self.clear_status();
        let text = secrets::masked(text);
        if let Err(error) = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()) {
            self.out_broken = true;
            if error.kind() != io::ErrorKind::BrokenPipe {
                self.out_lost = true;
                self.print_err(&format!("error: cannot write to standard output: {error}\n"));
            }
        }
    }

    fn print_err(&mut self, text: &str) {
        self.clear_status();
        let text = secrets::masked(text);
        // A closed standard error means that no output is wanted.
        drop(self.err.write_all(text.as_bytes()).and_then(|()| self.err.flush()));
    }

    /// A mistake of the operator or of the system; `hint` says what to change. Both harmless and without colours.
    pub(crate) fn error(&mut self, what: &str, hint: Option<&str>) {
        let mut text = format!("{} {what}\n", self.err_colour.paint(Style::Bad, "error:"));
        if let Some(hint) = hint {
            text.push_str(&format!("{} {hint}\n", self.err_colour.paint(Style::Foreseen, "hint:")));
        }
        self.err(&text);
    }

    /// What goes on, in a line that is overwritten by whatever comes next. Nothing unless at a terminal.
    pub(crate) fn status(&mut self, line: Option<&str>) {
        self.catch_up();
        let soon = self.drawn.is_some_and(|drawn| drawn.elapsed() < DRAWN);
        if !self.live || (soon && line.is_some()) {
            return;
        }
        let line = fitting(&secrets::masked(line.unwrap_or_default()), self.width());
        if line == self.status {
            return;
        }
        let screen = Arc::clone(&self.screen);
        // Not while the operator is being asked something.
        if let Ok(_held) = screen.try_lock() {
            // The rest is emptied after the new text: the line is never blank in between.
            let drawn = format!("\r{line}\u{1b}[K");
            drop(self.err.write_all(drawn.as_bytes()).and_then(|()| self.err.flush()));
            (self.status, self.drawn) = (line, Some(Instant::now()));
        }
    }

    /// How many columns the terminal has: `COLUMNS`, else what it says itself.
    pub(crate) fn width(&self) -> usize {
        let told = env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
        let own = || {
            let size = rustix::termios::tcgetwinsize(io::stderr()).ok()?;
            Some(usize::from(size.ws_col))
        };
        told.or_else(own).filter(|width| *width > 0).unwrap_or(USUAL_WIDTH)
    }

    fn clear_status(&mut self) {
        if !self.status.is_empty() {
            self.status.clear();
            drop(write!(self.err, "{CLEAR}").and_then(|()| self.err.flush()));
        }
    }

    /// What the command line's parser has to say: help and versions too.
    pub(crate) fn usage(&mut self, error: &clap::Error) {
        drop(error.print());
    }

    /// Asks for a password at the controlling terminal, without showing what is typed.
    ///
    /// # Errors
    /// There is no terminal, it cannot be told to keep quiet, or the operator wishes to stop.
    pub(crate) fn ask_password(&mut self, question: &str, stop: &Stop) -> io::Result<String> {
        self.clear_status();
        let typed = terminal::ask_password(&shown(question), stop)?;
        secrets::learn(&typed);
        Ok(typed)
    }

    /// Whether there is a terminal to ask at.
    pub(crate) fn can_ask(&self) -> bool {
        terminal::is_there()
    }

    /// Asks at the controlling terminal whether a task may begin; the question is harmless already. Who answers that all
    /// may is not asked again, about other hosts neither.
    ///
    /// # Errors
    /// There is no terminal any more.
    pub(crate) fn ask_step(&mut self, question: &str, stop: &Stop) -> io::Result<Answer> {
        if self.asks_no_more {
            return Ok(Answer::Go(Go::RunAll));
        }
        let screen = Arc::clone(&self.screen);
        let _held = screen.lock().unwrap_or_else(PoisonError::into_inner);
        self.print_waiting();
        self.clear_status();
        let answer = terminal::ask_step(&secrets::masked(question), stop)?;
        self.asks_no_more = answer == Answer::Go(Go::RunAll);
        Ok(answer)
    }

    /// Asks at the controlling terminal whether a host's key is the right one; none if the input ends.
    ///
    /// # Errors
    /// There is no terminal any more, or the operator wishes to stop.
    pub(crate) fn ask_trust(&mut self, question: &str, stop: &Stop) -> io::Result<Option<Trusts>> {
        let screen = Arc::clone(&self.screen);
        let _held = screen.lock().unwrap_or_else(PoisonError::into_inner);
        self.print_waiting();
        self.clear_status();
        terminal::ask_trust(question, stop)
    }

    /// Asks about host keys, from the threads of a run.
    pub(crate) fn asker(&self, stop: &Arc<Stop>) -> Asker {
        let clear = if self.live { CLEAR } else { "" };
        Asker { screen: Arc::clone(&self.screen), clear, stop: Arc::clone(stop) }
    }
}

/// What of a line fits below `width` columns. Scripts with wide characters take two columns each.
fn fitting(line: &str, width: usize) -> String {
    let mut left = width.saturating_sub(1);
    let fits = |c: &char| {
        let columns = if *c < '\u{1100}' { 1 } else { 2 };
        let fits = columns <= left;
        left = left.saturating_sub(columns);
        fits
    };
    line.chars().take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    /// Keeps what is written, and breaks once it holds `room` bytes.
    #[derive(Clone)]
    struct Pipe {
        text: Arc<Mutex<Vec<u8>>>,
        room: usize,
    }

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut text = self.text.lock().unwrap();
            if text.len() >= self.room {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            text.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn check(room: usize, live: bool, act: impl FnOnce(&mut Ui), out: &str, err: &str) {
        let pipe = |room| Pipe { text: Arc::default(), room };
        let (to_out, to_err) = (pipe(room), pipe(usize::MAX));
        let mut ui = Ui {
            out: Box::new(to_out.clone()),
            err: Box::new(to_err.clone()),
            out_colour: Colour::Off,
            err_colour: Colour::Off,
            live,
            status: String::new(),
            drawn: None,
            screen: Arc::default(),
            waiting: Vec::new(),
            asks_no_more: false,
            out_broken: false,
            out_lost: false,
        };
        act(&mut ui);
        let text = |pipe: &Pipe| String::from_utf8(pipe.text.lock().unwrap().clone()).unwrap();
        assert_eq!((text(&to_out).as_str(), text(&to_err).as_str()), (out, err));
    }

    #[test]
    fn a_reader_that_goes_away_is_no_error() {
        let act = |ui: &mut Ui| ["one\n", "two\n", "three\n"].iter().for_each(|line| ui.out(line));
        check(4, false, act, "one\n", "");
        check(100, false, act, "one\ntwo\nthree\n", "");
    }

    #[test]
    fn a_status_leaves_no_trace_in_a_pipe() {
        let act = |ui: &mut Ui| {
            ui.status(Some("busy"));
            ui.out("done\n");
        };
        check(100, false, act, "done\n", "");
        check(100, true, act, "done\n", "\rbusy\u{1b}[K\r\u{1b}[K");
    }

    #[test]
    fn nothing_is_printed_over_a_question() {
        let act = |ui: &mut Ui| {
            let screen = Arc::clone(&ui.screen);
            let question = screen.lock().unwrap();
            ui.out("one\n");
            ui.err("two\n");
            ui.status(Some("busy"));
            assert_eq!(ui.waiting.len(), 2);
            drop(question);
            // The next look at the clock is enough.
            ui.status(None);
        };
        check(100, true, act, "one\n", "two\n");
    }

    #[test]
    fn errors_and_hints_stand_alone() {
        check(9, false, |ui| ui.error("no", Some("yes")), "", "error: no\nhint: yes\n");
    }
}
