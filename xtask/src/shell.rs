//! Running other programs, each shown as it would be typed, and saying things: the only file that prints.
//! No shell is involved: arguments stay separate.
#![expect(clippy::print_stderr, reason = "what a developer reads beside cargo's own messages")]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::{env, fmt, io};

/// Why a task of xtask could not be done.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A program was not there or could not be started.
    Start { command: String, source: io::Error },
    /// A program that was shown while it ran failed; it has said why itself.
    Exit { command: String, code: u8 },
    /// A program that ran unseen failed; what it said on stderr.
    Quiet { command: String, stderr: String },
    /// A file could not be read, written, moved or removed.
    File { doing: &'static str, path: PathBuf, source: io::Error },
    /// A condition of ours does not hold.
    Told(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Start { command, source } => write!(f, "cannot start `{command}`: {source}"),
            Failure::Exit { command, code } => write!(f, "`{command}` failed: exit code {code}"),
            Failure::Quiet { command, stderr } => {
                write!(f, "`{command}` failed: {}", stderr.trim())
            }
            Failure::File { doing, path, source } => {
                write!(f, "cannot {doing} `{}`: {source}", path.display())
            }
            Failure::Told(text) => f.write_str(text),
        }
    }
}

/// Turns the error of one file operation into a [`Failure`].
pub(crate) fn file_error<'a>(
    doing: &'static str,
    path: &'a Path,
) -> impl Fn(io::Error) -> Failure + 'a {
    move |source| Failure::File { doing, path: path.to_owned(), source }
}

/// One line to the developer.
pub(crate) fn say(text: &str) {
    eprintln!("{text}");
}

/// The cargo that runs us, without the environment it gave to us alone.
pub(crate) fn cargo() -> Command {
    command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// A program to be run, without the library path that `cargo run` set for us: another rustc must not find our rustc's libraries.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_remove("LD_LIBRARY_PATH").stdin(Stdio::null());
    command
}

/// Shows the command, runs it with our output, and fails unless it succeeds.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    match run_for_status(command)? {
        status if status.success() => Ok(()),
        status => Err(Failure::Exit { command: typed(command), code: exit_code(status) }),
    }
}

/// Shows the command and runs it with our output; how it ended is the caller's to judge.
pub(crate) fn run_for_status(command: &mut Command) -> Result<ExitStatus, Failure> {
    say(&format!("$ {}", typed(command)));
    command.status().map_err(|source| Failure::Start { command: typed(command), source })
}

/// Runs the command unseen and gives its stdout.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let ended =
        command.output().map_err(|source| Failure::Start { command: typed(command), source })?;
    if ended.status.success() {
        Ok(String::from_utf8_lossy(&ended.stdout).into_owned())
    } else {
        let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
        Err(Failure::Quiet { command: typed(command), stderr })
    }
}

/// Whether the command can be started and succeeds; it runs unseen.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn exit_code(status: ExitStatus) -> u8 {
    // A signal has no code; 1 is as good as any other failure.
    status.code().and_then(|code| u8::try_from(code).ok()).filter(|code| *code != 0).unwrap_or(1)
}

/// The command as a person would type it: variables first, no directories before the program.
fn typed(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = program.file_name().unwrap_or(command.get_program()).to_string_lossy();
    let variables = command.get_envs().filter_map(|(name, value)| {
        let value = value?.to_string_lossy();
        // A search path is long and says nothing, the programs found by it are named in the line; a home is xtask's own affair.
        (name != "PATH" && name != "HOME")
            .then(|| format!("{}={}", name.to_string_lossy(), quoted(&value)))
    });
    let arguments = command.get_args().map(|argument| quoted(&argument.to_string_lossy()));
    let here = env::current_dir().map(|here| format!("{}/", here.display())).unwrap_or_default();
    let words: Vec<String> = variables.chain([program.into_owned()]).chain(arguments).collect();
    if here.len() > 1 { words.join(" ").replace(&here, "") } else { words.join(" ") }
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_it_would_be_typed() {
        let mut command = command("/usr/bin/cargo");
        command.args(["build", "-p", "x y", ""]).env("RUSTFLAGS", "-C a=b").env("PATH", "/long");
        assert_eq!(typed(&command), "RUSTFLAGS='-C a=b' cargo build -p 'x y' ''");
    }
}
