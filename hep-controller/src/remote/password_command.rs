//! Passwords that a command on this machine prints: a password manager's, most often. It may ask at hep's terminal, so it
//! stays in hep's process group, and one runs at a time.

use super::ssh_config::words_of;
use super::{Problem, Secret};
use crate::memory;
use crate::secrets;
use crate::source::plain;
use crate::stop::Stop;
use crate::yaml::shorten;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::HashMap;
use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A password manager may have to be unlocked by its own means.
const WITHIN: Duration = Duration::from_secs(60);

/// How soon its end, or a wish to stop, is noticed.
const LOOK: Duration = Duration::from_millis(20);

/// How long what it has written may take to be read when it has ended. A daemon that it left behind may hold the pipe open.
const LEFT: Duration = Duration::from_secs(1);

/// How much it may write, in bytes.
const MOST: u64 = 256 * 1024;

/// The sources of a password: the operator's typing, then the command line, the host's own setting, the config.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sources<'a> {
    pub(crate) typed: Option<&'a Secret>,
    /// A command on the command line.
    pub(crate) line: Option<&'a str>,
    /// What the inventory has, and a command there.
    pub(crate) host: (Option<&'a Secret>, Option<&'a str>),
    /// What the config has, and a command there.
    pub(crate) config: (Option<&'a Secret>, Option<&'a str>),
}

/// Where a command's complaints go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Complaints {
    /// To the terminal, since they may be its questions.
    Terminal,
    /// Into the message that says how it failed.
    Message,
}

/// Passwords that commands have printed: each is run once.
#[derive(Debug)]
pub(crate) struct Printed<'a> {
    known: HashMap<String, Secret>,
    stop: &'a Stop,
    complaints: Complaints,
}

impl<'a> Printed<'a> {
    /// None so far; a wish to stop ends the command that runs.
    pub(crate) fn new(stop: &'a Stop, complaints: Complaints) -> Self {
        Self { known: HashMap::new(), stop, complaints }
    }

    /// The password of the nearest source that has one. `key` is what names a command, for messages.
    ///
    /// # Errors
    /// As of [`ask`].
    pub(crate) fn nearest(
        &mut self,
        sources: Sources<'_>,
        key: &str,
    ) -> Result<Option<Secret>, Problem> {
        let Sources { typed, line, host, config } = sources;
        for (password, command) in [(typed, line), host, config] {
            match (password, command) {
                (Some(password), _) => return Ok(Some(password.clone())),
                (None, Some(command)) => return self.by(command, key).map(Some),
                (None, None) => {}
            }
        }
        Ok(None)
    }

    fn by(&mut self, command: &str, key: &str) -> Result<Secret, Problem> {
        if let Some(password) = self.known.get(command) {
            return Ok(password.clone());
        }
        let password = ask(command, key, self.stop, self.complaints)?;
        secrets::learn(password.reveal());
        self.known.insert(command.to_owned(), password.clone());
        Ok(password)
    }
}

/// The first line of what a command prints. `key` is what names it, for messages.
///
/// # Errors
/// It is no command, does not end well, or prints nothing.
fn ask(command: &str, key: &str, stop: &Stop, complaints: Complaints) -> Result<Secret, Problem> {
    let failed = |what: String| {
        let shown = shorten(command);
        Problem::new(format!("`{key}` gives no password: `{shown}` {what}")).with_hint(
            "try it in a shell: it must print the password on its first line and exit with 0",
        )
    };
    let words = words_of(command).filter(|words| !words.is_empty());
    let words = words.ok_or_else(|| failed("is not a command; is a quote missing?".to_owned()))?;
    let (program, arguments) = words.split_first().ok_or_else(|| failed("is empty".to_owned()))?;
    let mut started = Command::new(program);
    started.args(arguments);
    let (stdout, stderr, status) = run(&mut started, stop, complaints)
        .map_err(|error| failed(format!("cannot be run: {}", plain(&error))))?;
    if !status.success() {
        let said = match stderr.trim() {
            "" => String::new(),
            said => format!(": {said}"),
        };
        return Err(failed(format!("ends with an error{said}")));
    }
    match stdout.lines().next().unwrap_or_default() {
        "" => Err(failed("prints nothing".to_owned())),
        password => Ok(Secret::new(password)),
    }
}

/// Runs a command to its end: what it printed, what it complained of if that goes into a message, and how it ended.
fn run(
    command: &mut Command,
    stop: &Stop,
    complaints: Complaints,
) -> io::Result<(String, String, ExitStatus)> {
    let complaints = match complaints {
        Complaints::Terminal => Stdio::inherit(),
        Complaints::Message => Stdio::piped(),
    };
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(complaints);
    let mut child = memory::start(command)?;
    let stdout = Heard::aside(child.stdout.take());
    let stderr = Heard::aside(child.stderr.take());
    let status = await_end(&mut child, stop);
    if status.is_err() {
        end(&mut child);
    }
    Ok((stdout.text(), stderr.text(), status?))
}

/// Ends a command. A Ctrl-C at the terminal has reached it and all that it started: it may put the terminal in order first.
fn end(child: &mut Child) {
    if let Ok(id) = i32::try_from(child.id()) {
        // It fails only if the command has ended already.
        kill(Pid::from_raw(id), Signal::SIGTERM).ok();
    }
    let end = Instant::now() + LEFT;
    while matches!(child.try_wait(), Ok(None)) && Instant::now() < end {
        thread::sleep(LOOK);
    }
    child.kill().ok();
    child.wait().ok();
}

fn await_end(child: &mut Child, stop: &Stop) -> io::Result<ExitStatus> {
    let end = Instant::now() + WITHIN;
    loop {
        match child.try_wait()? {
            Some(status) if status.success() => return Ok(status),
            Some(status) => {
                // A Ctrl-C that ended it is heard here a moment later.
                thread::sleep(LOOK);
                return if stop.wanted() { Err(stopped()) } else { Ok(status) };
            }
            None if stop.wanted() => return Err(stopped()),
            None if Instant::now() > end => {
                let what = format!("it did not end within {} s", WITHIN.as_secs());
                return Err(io::Error::new(io::ErrorKind::TimedOut, what));
            }
            None => thread::sleep(LOOK),
        }
    }
}

fn stopped() -> io::Error {
    io::Error::other("stopped on request")
}

/// What a pipe has brought so far, read on a thread of its own.
struct Heard {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: Option<thread::JoinHandle<()>>,
}

impl Heard {
    fn aside(pipe: Option<impl Read + Send + 'static>) -> Self {
        let bytes = Arc::<Mutex<Vec<u8>>>::default();
        let heard = Arc::clone(&bytes);
        let read = move |pipe: &mut dyn Read| {
            let mut buffer = [0; 4096];
            // What came before an error is all there is.
            while let Ok(n @ 1..) = pipe.read(&mut buffer) {
                let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
                heard.extend_from_slice(buffer.get(..n).unwrap_or_default());
            }
        };
        let reader = pipe.map(|pipe| thread::spawn(move || read(&mut pipe.take(MOST))));
        Self { bytes, reader }
    }

    /// All of it, once the pipe is closed, or nothing more is waited for.
    fn text(&self) -> String {
        let end = Instant::now() + LEFT;
        let under_way = |reader: &thread::JoinHandle<()>| !reader.is_finished();
        while self.reader.as_ref().is_some_and(under_way) && Instant::now() < end {
            thread::sleep(LOOK);
        }
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_source_counts_and_each_command_runs_once() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("runs");
        let counting = format!("sh -c 'echo x >> {}; echo printed'", file.display());
        let [typed, host, config] = ["typed", "of host", "of config"].map(Secret::new);
        let stop = Stop::default();
        let mut printed = Printed::new(&stop, Complaints::Message);
        let mut check = |sources: Sources<'_>, expected: Option<&str>| {
            let found = printed.nearest(sources, "k").unwrap();
            assert_eq!(found.as_ref().map(Secret::reveal), expected);
        };
        let all = Sources {
            typed: Some(&typed),
            line: Some(&counting),
            host: (Some(&host), Some(&counting)),
            config: (Some(&config), Some(&counting)),
        };
        check(all, Some("typed"));
        check(Sources { typed: None, ..all }, Some("printed"));
        let inner = Sources { typed: None, line: None, ..all };
        check(inner, Some("of host"));
        check(Sources { host: (None, Some(&counting)), ..inner }, Some("printed"));
        check(Sources { host: (None, None), ..inner }, Some("of config"));
        check(Sources::default(), None);
        assert_eq!(std::fs::read_to_string(file).unwrap(), "x\n");
    }

    #[test]
    fn the_first_line_counts() {
        let stop = Stop::default();
        let ask = |command| {
            ask(command, "k", &stop, Complaints::Message).map(|secret| secret.reveal().to_owned())
        };
        assert_eq!(ask("printf 'se cret\\nmore\\n'").unwrap(), "se cret");
        let refused = |command, what: &str| {
            let problem = ask(command).unwrap_err();
            assert!(problem.what.contains(what), "{problem:?}");
        };
        refused("true", "prints nothing");
        refused("sh -c 'echo locked >&2; exit 3'", "ends with an error: locked");
        refused("/nonexistent/pass", "cannot be run");
        refused("sh -c 'open", "is a quote missing?");
        refused("", "is a quote missing?");
        // What it has started may go on with its pipe.
        assert_eq!(ask("sh -c 'sleep 4 & echo printed'").unwrap(), "printed");
    }

    #[test]
    fn wish_to_stop_ends_the_command() {
        let (stop, begun) = (Stop::default(), Instant::now());
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(100));
                stop.ask();
            });
            let problem = ask("sleep 30", "k", &stop, Complaints::Message).unwrap_err();
            assert!(problem.what.ends_with("stopped on request"), "{problem:?}");
        });
        assert!(begun.elapsed() < Duration::from_secs(10));
    }
}
