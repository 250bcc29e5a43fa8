//! The harness's one error: a sentence that says what was being done, and the cause inside it.

use std::fmt;
use std::process::{Command, Output};

/// What the harness could not do, and why.
pub struct Error(String);

/// A result whose error is the harness's.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error that says `message`.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// The same as Display: what a test returns is shown by Debug, and a host's output has many lines.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// Says what was being done when something else's error came up.
pub trait Doing<T> {
    /// Turns the error into "cannot `what`: cause".
    fn doing(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: fmt::Display> Doing<T> for std::result::Result<T, E> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|cause| Error(format!("cannot {}: {cause}", what())))
    }
}

/// Runs a command to its end and gives its stdout; anything but exit 0 is an error with both outputs.
pub fn run(command: &mut Command) -> Result<String> {
    let Output { status, stdout, stderr } =
        command.output().doing(|| format!("start {command:?}"))?;
    let stdout = String::from_utf8_lossy(&stdout).into_owned();
    if status.success() {
        Ok(stdout)
    } else {
        let stderr = String::from_utf8_lossy(&stderr);
        Err(Error(format!("{command:?} failed with {status}\n{stdout}{stderr}")))
    }
}

/// `run` for a literal command line.
pub fn run_args(argv: &[&str]) -> Result<String> {
    let (program, args) = argv.split_first().ok_or_else(|| Error::new("empty command"))?;
    run(Command::new(program).args(args))
}

/// One line for the person who waits. Stdout belongs to the test.
#[expect(clippy::disallowed_methods, reason = "the harness may print")]
pub fn say(line: &str) {
    use std::io::Write as _;
    // A closed stderr is no reason to fail a test.
    let _ignored = writeln!(std::io::stderr(), "{line}");
}
