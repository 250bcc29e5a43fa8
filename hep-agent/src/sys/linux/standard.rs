//! The process's own standard streams, its name for the machine, and files without a name.

use nix::fcntl::OFlag;
use nix::sys::stat::Mode;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;

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

/// A file in `/var/tmp` or `/tmp` that has no name and is gone with the process (`O_TMPFILE`, open(2)).
pub(crate) fn unnamed_file() -> io::Result<File> {
    let open = |directory: &str| {
        let flags = OFlag::O_TMPFILE | OFlag::O_RDWR | OFlag::O_CLOEXEC;
        nix::fcntl::open(directory, flags, Mode::from_bits_truncate(0o600))
    };
    let descriptor = open("/var/tmp").or_else(|_| open("/tmp"))?;
    Ok(File::from(descriptor))
}

/// Node name, kernel release and machine, as uname(2) gives them.
pub(crate) fn uname() -> (String, String, String) {
    match nix::sys::utsname::uname() {
        Ok(name) => {
            let text = |value: &std::ffi::OsStr| value.to_string_lossy().into_owned();
            (text(name.nodename()), text(name.release()), text(name.machine()))
        }
        Err(_) => Default::default(),
    }
}
