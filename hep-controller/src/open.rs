//! Opens files that somebody names. They are regular files with content of their own: a pipe, a device or a file that the
//! kernel makes up, as in /proc, could make hep wait or read without end.

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::statfs::{self, FsType, Statfs, fstatfs, statfs};
use std::collections::BTreeSet;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The largest text file that is read, in bytes: far above 100,000 tasks.
pub(crate) const LARGEST_TEXT: u64 = 64 * 1024 * 1024;

/// The most that is read from a pipe, in bytes.
const LARGEST_PIPED: u64 = 16 * 1024 * 1024;

/// How long a pipe may stay silent, in seconds: a program that decrypts a file needs some.
const LONGEST_SILENCE: u8 = 30;

/// What has files whose content the kernel makes up while they are read: `f_type` in statfs(2).
const KERNELS: [FsType; 10] = [
    statfs::PROC_SUPER_MAGIC,
    statfs::DEBUGFS_MAGIC,
    statfs::SECURITYFS_MAGIC,
    statfs::SELINUX_MAGIC,
    statfs::SMACK_MAGIC,
    statfs::BPF_FS_MAGIC,
    statfs::CGROUP_SUPER_MAGIC,
    statfs::CGROUP2_SUPER_MAGIC,
    // sysfs and tracefs, which nix has no names for.
    FsType(0x6265_6572),
    FsType(0x7472_6163),
];

/// Opens a regular file to read it.
///
/// # Errors
/// Those of the system; `IsADirectory`; `InvalidInput` for everything else that is no regular file with content of its own.
pub(crate) fn regular(path: &Path) -> io::Result<File> {
    // Opening alone does something to some devices.
    check(&std::fs::metadata(path)?)?;
    seen_regular(path).map(|(file, _)| file)
}

/// Opens what was just seen to be a regular file, and says what it is: one look at the name less than [`regular`].
///
/// # Errors
/// Those of [`regular`].
pub(crate) fn seen_regular(path: &Path) -> io::Result<(File, Metadata)> {
    let file = opened(path)?;
    let metadata = file.metadata()?;
    check(&metadata)?;
    // Of what was opened, whatever has the name by now.
    let kernels = is_made_up(metadata.dev(), || fstatfs(&file))?;
    if kernels { Err(of_kernel()) } else { Ok((file, metadata)) }
}

/// Reads a whole text file, or what comes through a pipe that hep's caller gave it, as a shell does for `<(...)`.
///
/// # Errors
/// Those of [`regular`]; `FileTooLarge`; `TimedOut` for a pipe through which nothing comes.
pub(crate) fn whole(path: &Path) -> io::Result<Vec<u8>> {
    if is_handed(path) && std::fs::metadata(path)?.file_type().is_fifo() {
        return piped(&opened(path)?);
    }
    if is_null(&std::fs::metadata(path)?) {
        return Ok(Vec::new());
    }
    let file = regular(path)?;
    let size = file.metadata()?.len();
    if size > LARGEST_TEXT {
        return Err(too_large(LARGEST_TEXT));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    file.take(LARGEST_TEXT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST_TEXT { Err(too_large(LARGEST_TEXT)) } else { Ok(bytes) }
}

/// The text of a small file, as that of a key.
///
/// # Errors
/// Those of [`whole`]; `InvalidData` for what is not UTF-8.
pub(crate) fn text(path: &Path) -> io::Result<String> {
    let bytes = whole(path)?;
    String::from_utf8(bytes).map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is not text"))
}

/// Whether a file may take the place of what is at a path: root could lose `/dev/null` to it.
///
/// # Errors
/// Those of the system; `IsADirectory`; `InvalidInput` for everything else that is there and no regular file.
pub(crate) fn replaceable(path: &Path) -> io::Result<()> {
    match std::fs::metadata(path) {
        Ok(about) if about.is_file() => Ok(()),
        Ok(about) if about.is_dir() => Err(ErrorKind::IsADirectory.into()),
        Ok(_) => Err(refused("it is not a regular file, and would be replaced by one")),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Whether the content of what is there is made up by the kernel.
///
/// # Errors
/// The system's.
pub(crate) fn is_kernels(path: &Path) -> io::Result<bool> {
    is_made_up(std::fs::metadata(path)?.dev(), || statfs(path))
}

/// Whether the kernel makes up what is on a device. It is asked once for each: there may be very many files.
fn is_made_up(device: u64, ask: impl FnOnce() -> nix::Result<Statfs>) -> io::Result<bool> {
    /// Devices whose files have content of their own.
    static DISKS: Mutex<BTreeSet<u64>> = Mutex::new(BTreeSet::new());
    let mut disks = DISKS.lock().unwrap_or_else(PoisonError::into_inner);
    let kernels = !disks.contains(&device) && KERNELS.contains(&ask()?.filesystem_type());
    if !kernels {
        disks.insert(device);
    }
    Ok(kernels)
}

/// Why a file of the kernel's is not read.
pub(crate) fn of_kernel() -> io::Error {
    refused(
        "the kernel makes up its content, as in /proc: copy it to a file elsewhere, and name that",
    )
}

/// A named pipe that nobody writes to does not hold who opens it so.
fn opened(path: &Path) -> io::Result<File> {
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

fn refused(why: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, why)
}

fn too_large(most: u64) -> io::Error {
    io::Error::new(ErrorKind::FileTooLarge, format!("it is larger than {} MiB", most >> 20))
}

fn check(metadata: &Metadata) -> io::Result<()> {
    let kind = metadata.file_type();
    if kind.is_file() {
        Ok(())
    } else if kind.is_dir() {
        Err(ErrorKind::IsADirectory.into())
    } else if kind.is_fifo() {
        Err(refused("it is a named pipe, and hep reads only files"))
    } else if kind.is_socket() {
        Err(refused("it is a socket, and hep reads only files"))
    } else {
        Err(refused("it is a device, and hep reads only files"))
    }
}

/// `/dev/null`, by which people name a file that says nothing.
fn is_null(metadata: &Metadata) -> bool {
    metadata.file_type().is_char_device() && metadata.rdev() == nix::sys::stat::makedev(1, 3)
}

/// Whether a path names a descriptor that this process was started with.
fn is_handed(path: &Path) -> bool {
    let below = |directory: &str| path.starts_with(directory);
    path == Path::new("/dev/stdin") || below("/dev/fd") || below("/proc/self/fd")
}

fn piped(pipe: &File) -> io::Result<Vec<u8>> {
    let (mut bytes, mut piece) = (Vec::new(), vec![0; 64 * 1024]);
    let wait = PollTimeout::from(u16::from(LONGEST_SILENCE) * 1000);
    loop {
        if poll(&mut [PollFd::new(pipe.as_fd(), PollFlags::POLLIN)], wait)? == 0 {
            let message = format!("no data came through the pipe for {LONGEST_SILENCE} s");
            return Err(io::Error::new(ErrorKind::TimedOut, message));
        }
        match (&*pipe).read(&mut piece) {
            Ok(0) => return Ok(bytes),
            Ok(read) => bytes.extend_from_slice(piece.get(..read).unwrap_or_default()),
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(error) => return Err(error),
        }
        if bytes.len() as u64 > LARGEST_PIPED {
            return Err(too_large(LARGEST_PIPED));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::stat::Mode;
    use std::io::Write as _;
    use std::os::fd::AsRawFd as _;

    #[track_caller]
    fn check(path: &Path, expected: &str) {
        let said = |error: io::Error| crate::source::plain(&error);
        let regular = regular(path).map(|_| String::new()).unwrap_or_else(said);
        let whole = whole(path).map(|bytes| bytes.len().to_string()).unwrap_or_else(said);
        assert_eq!((regular.as_str(), whole.as_str()), (expected, expected));
    }

    #[test]
    fn what_could_go_on_for_ever_is_not_read() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        nix::unistd::mkfifo(&at("pipe"), Mode::S_IRWXU).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        std::os::unix::fs::symlink("pipe", at("link")).unwrap();
        check(&at("pipe"), "it is a named pipe, and hep reads only files");
        check(&at("link"), "it is a named pipe, and hep reads only files");
        check(&at("socket"), "it is a socket, and hep reads only files");
        for device in ["/dev/zero", "/dev/full", "/dev/tty", "/dev/ptmx"] {
            check(Path::new(device), "it is a device, and hep reads only files");
        }
        for kernels in ["/proc/cpuinfo", "/proc/self/pagemap", "/proc/kmsg", "/sys/power/state"] {
            if Path::new(kernels).exists() {
                check(Path::new(kernels), &crate::source::plain(&of_kernel()));
            }
        }
        check(directory.path(), "is a directory");
        assert!(whole(Path::new("/dev/null")).unwrap().is_empty());
        regular(Path::new("/dev/null")).unwrap_err();
    }

    #[test]
    fn only_a_regular_file_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        File::create(at("file")).unwrap();
        std::os::unix::fs::symlink("/dev/null", at("link")).unwrap();
        let check = |path: &Path, expected: ErrorKind| {
            assert_eq!(replaceable(path).unwrap_err().kind(), expected, "{}", path.display());
        };
        replaceable(&at("file")).unwrap();
        replaceable(&at("new")).unwrap();
        check(Path::new("/dev/null"), ErrorKind::InvalidInput);
        check(&at("link"), ErrorKind::InvalidInput);
        check(directory.path(), ErrorKind::IsADirectory);
    }

    #[test]
    fn a_file_that_is_too_large_is_not_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sparse");
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        assert_eq!(whole(&path).unwrap_err().to_string(), "it is larger than 64 MiB");
    }

    #[test]
    fn a_pipe_that_the_caller_made_is_read_up_to_a_limit() {
        let through = |size: usize| {
            let (reader, mut writer) = io::pipe().unwrap();
            let writer = std::thread::spawn(move || writer.write_all(&vec![b'x'; size]));
            let read = whole(Path::new(&format!("/proc/self/fd/{}", reader.as_raw_fd())));
            drop(reader);
            drop(writer.join().unwrap());
            read.map(|bytes| bytes.len()).map_err(|error| error.to_string())
        };
        assert_eq!(through(100_000), Ok(100_000));
        assert_eq!(through(20 << 20), Err("it is larger than 16 MiB".to_owned()));
    }
}
