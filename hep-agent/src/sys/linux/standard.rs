//! The process's own standard streams and signals, and files without a name.
#![expect(clippy::disallowed_methods, reason = "moves the streams out of everybody's way")]

use nix::fcntl::OFlag;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::stat::Mode;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::time::SystemTime;

/// Moves the frames' streams away from descriptors 0 and 1, so that no child and no stray print can touch them: 0 then
/// reads nothing and 1 goes where 2 goes. The new descriptors close on exec.
pub(crate) fn take_standard_streams() -> io::Result<(File, File)> {
    let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let null = File::open("/dev/null")?;
    nix::unistd::dup2_stdin(&null)?;
    nix::unistd::dup2_stdout(io::stderr())?;
    Ok((input, output))
}

/// Shows a line of text to who started this program, apart from whatever stands before it.
pub(crate) fn show_on_terminal(line: &str) -> io::Result<()> {
    use std::io::Write;
    io::stdout().write_all(format!("\n{line}\n").as_bytes())?;
    io::stdout().flush()
}

/// A copy of standard error.
pub(crate) fn standard_error() -> io::Result<File> {
    io::stderr().as_fd().try_clone_to_owned().map(File::from)
}

/// Lets go of standard error, and of standard output, which went the same way: who reads them sees their end.
pub(crate) fn give_up_standard_streams() -> io::Result<()> {
    let null = File::options().write(true).open("/dev/null")?;
    nix::unistd::dup2_stdout(&null)?;
    nix::unistd::dup2_stderr(&null)?;
    Ok(())
}

/// Makes `errors` what standard error and standard output go to; standard input reads nothing.
pub(crate) fn use_standard_error(errors: &File) -> io::Result<()> {
    nix::unistd::dup2_stdin(File::open("/dev/null")?)?;
    nix::unistd::dup2_stdout(errors)?;
    nix::unistd::dup2_stderr(errors)?;
    Ok(())
}

/// Leaves of the environment only what `known` holds, and `PATH`.
///
/// For the main thread, before any other is started.
#[allow(unsafe_code, reason = "std changes the environment only through unsafe functions")]
pub(crate) fn keep_environment(known: &[(&str, &str)]) {
    let names: Vec<_> = std::env::vars_os().map(|(name, _)| name).collect();
    for name in names.into_iter().filter(|name| name != "PATH") {
        // SAFETY: no other thread exists yet that could read the environment.
        unsafe { std::env::remove_var(name) };
    }
    for (name, value) in known {
        // SAFETY: as above.
        unsafe { std::env::set_var(name, value) };
    }
}

/// A file in `/var/tmp` or `/tmp` that has no name and is gone with the process.
pub(crate) fn unnamed_file() -> io::Result<File> {
    unnamed_in("/var/tmp").or_else(|_| unnamed_in("/tmp"))
}

/// Some file systems know no `O_TMPFILE` (open(2)): there the file has a name for a moment.
fn unnamed_in(directory: &str) -> io::Result<File> {
    let flags = OFlag::O_TMPFILE | OFlag::O_RDWR | OFlag::O_CLOEXEC;
    match nix::fcntl::open(directory, flags, Mode::from_bits_truncate(0o600)) {
        Ok(descriptor) => Ok(File::from(descriptor)),
        Err(_) => unlinked_in(directory),
    }
}

fn unlinked_in(directory: &str) -> io::Result<File> {
    // With O_EXCL a name that is taken, also by a link to nowhere, is an error and never opened; the next one is tried.
    let (process, mut tried) = (std::process::id(), 0);
    loop {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let path = format!("{directory}/.hep-{process}-{}", now.as_nanos());
        let mut options = File::options();
        match options.read(true).write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => return fs::remove_file(&path).map(|()| file),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tried < 100 => tried += 1,
            Err(error) => return Err(error),
        }
    }
}

/// Blocks SIGINT, SIGTERM and SIGHUP in this thread, and in all it starts from now on, and calls `stop` for each that comes.
/// Other programs are started with none blocked.
pub(crate) fn stop_on_signals(mut stop: impl FnMut() + Send + 'static) -> io::Result<()> {
    let signals: SigSet = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP].into_iter().collect();
    signals.thread_block()?;
    let wait = move || {
        // sigwait(3) fails only for a set that holds no signal.
        while signals.wait().is_ok() {
            stop();
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(wait).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Seek, Write};
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn files_without_a_name_are_had_both_ways() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().to_str().unwrap();
        for open in [unnamed_in, unlinked_in] {
            let mut file = open(path).unwrap();
            file.write_all(b"kept").unwrap();
            file.rewind().unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            let meta = file.metadata().unwrap();
            assert_eq!((text.as_str(), meta.nlink(), meta.mode() & 0o777), ("kept", 0, 0o600));
            assert_eq!(fs::read_dir(path).unwrap().count(), 0);
        }
        assert!(unlinked_in("/nonexistent").is_err());
    }
}
