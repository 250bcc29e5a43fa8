//! Starting other programs: clean environment, own session, nothing inherited, output streamed and bounded.
//!
//! The only place of the agent that starts a process, but for the one that needs a terminal (`terminal`).

use super::{credentials, memory};
use crate::sys::{Lost, ProcessEnd, SysError};
use hep_protocol::message::Stream;
use hep_protocol::outcome::{Exit, MAX_SHOWN};
use nix::fcntl::{FcntlArg, OFlag, SealFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::signal::{SigSet, Signal, killpg};
use nix::unistd::{AccessFlags, Pid, access};
use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How large a memory file of output may grow, in bytes: it is the host's memory. Looked at every [`GLANCE`].
const MOST: u64 = 64 * 1024 * 1024;

/// How often the size of a memory file is looked at.
const GLANCE: Duration = Duration::from_secs(1);

/// How often a process is asked whether it has ended, where the kernel cannot tell by itself.
const TICK: Duration = Duration::from_millis(20);

/// How long a process may take to end after SIGTERM before it is killed.
const GRACE: Duration = Duration::from_secs(5);

/// A program to run to its end.
pub(crate) struct Program<'a> {
    /// What errors call it; without it, its arguments.
    pub(crate) name: Option<&'a str>,
    /// The program and its arguments; without a slash it is looked for in the agent's `PATH`.
    pub(crate) argv: &'a [String],
    /// Variables on top of `PATH`, `HOME` and `LANG=C.UTF-8`.
    pub(crate) env: BTreeMap<String, String>,
    /// Its working directory.
    pub(crate) directory: &'a str,
    /// What it reads; afterwards, and if empty, its standard input is at its end.
    pub(crate) stdin: &'a [u8],
    /// How long it may run; then its process group is ended and that is an error.
    pub(crate) timeout: Option<Duration>,
    /// How its output is taken.
    pub(crate) capture: Capture<'a>,
    /// How much of each stream is kept, in bytes: its end. Of sealed output never more than [`MAX_SHOWN`].
    pub(crate) kept: usize,
}

/// How a program's output is taken.
pub(crate) enum Capture<'a> {
    /// By pipes, passed on while it runs. Ends with the program, whatever it left behind still holds the pipes.
    Stream(&'a mut dyn FnMut(Stream, &[u8])),
    /// By memory files that can grow no more once the program has ended: a daemon that it leaves behind with these as its
    /// output neither keeps us waiting nor dies of writing (SIGPIPE).
    Sealed,
}

impl<'a> Program<'a> {
    /// A program in `/` with the clean environment, no input and no limit of time, its output kept.
    pub(crate) fn new(argv: &'a [String]) -> Self {
        Self {
            name: None,
            argv,
            env: BTreeMap::new(),
            directory: "/",
            stdin: &[],
            timeout: None,
            capture: Capture::Sealed,
            kept: MAX_SHOWN,
        }
    }

    /// Runs it to its end. An error when it cannot be started or runs out of time; an exit code is the caller's to judge.
    pub(crate) fn run(self) -> Result<ProcessEnd, SysError> {
        let deadline = self.timeout.map(|timeout| (Instant::now() + timeout, timeout));
        let name = self.name.map_or_else(|| self.argv.join(" "), str::to_owned);
        let program =
            self.argv.first().ok_or_else(|| SysError::new("there is no program to run"))?;
        let mut command = Command::new(program);
        command
            .args(self.argv.get(1..).unwrap_or_default())
            .current_dir(self.directory)
            .env_clear();
        command.envs(environment(&self.env));
        own_session(&mut command);
        let stdin = input(self.stdin)
            .map_err(|e| SysError::io(format!("cannot give `{name}` its input"), e))?;
        command.stdin(stdin);
        match self.capture {
            Capture::Stream(sink) => {
                command.stdout(Stdio::piped()).stderr(Stdio::piped());
                let mut child = start(&mut command, &name, self.directory)?;
                stream(&mut child, &name, deadline, self.kept, sink)
            }
            Capture::Sealed => {
                let files = [memory_file(&name)?, memory_file(&name)?];
                let [stdout, stderr] = &files;
                for (file, set) in [(stdout, true), (stderr, false)] {
                    let copy = file
                        .try_clone()
                        .map_err(|e| SysError::io(format!("cannot run `{name}`"), e))?;
                    if set {
                        command.stdout(copy)
                    } else {
                        command.stderr(copy)
                    };
                }
                let mut child = start(&mut command, &name, self.directory)?;
                let exit = wait(&mut child, &name, deadline, &files);
                let exit_code = exit.as_ref().ok().copied();
                let end = process_end(exit_code, files.map(sealed));
                exit.map(|_| end.clone()).map_err(|error| error.process(end))
            }
        }
    }
}

/// The directories where a system keeps its programs.
pub(super) const SYSTEM_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What programs are looked for in: the agent's own `PATH` may be short, so the system's directories are always in it.
fn search_path() -> String {
    match std::env::var("PATH") {
        Ok(path) if !path.is_empty() => format!("{path}:{SYSTEM_PATH}"),
        Ok(_) | Err(_) => SYSTEM_PATH.to_owned(),
    }
}

/// Where a program is that makes other users of its callers: in the system's directories if it is there, else in the agent's
/// own `PATH`, which its user has chosen. The bare name where it is nowhere.
pub(super) fn found(name: &str) -> PathBuf {
    let path = format!("{SYSTEM_PATH}:{}", std::env::var("PATH").unwrap_or_default());
    let runs = |path: &PathBuf| path.is_file() && access(path, AccessFlags::X_OK).is_ok();
    // An empty directory's name in `PATH` is the working directory, where nothing of the sort is looked for.
    let absolute = path.split(':').filter(|directory| directory.starts_with('/'));
    let mut places = absolute.map(|directory| Path::new(directory).join(name));
    places.find(runs).unwrap_or_else(|| PathBuf::from(name))
}

/// Becomes another program, which has all that this one was started with. Comes back if that cannot be.
pub(crate) fn become_program(argv: &[&str]) -> io::Error {
    let Some((program, arguments)) = argv.split_first() else {
        return io::ErrorKind::InvalidInput.into();
    };
    match memory::usual_core_files() {
        Ok(()) => Command::new(program).args(arguments).exec(),
        Err(error) => error,
    }
}

/// All that a program sees of variables, with these of its own.
pub(super) fn environment(own: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let clean = [("PATH", search_path()), ("HOME", home()), ("LANG", "C.UTF-8".to_owned())];
    let mut all: BTreeMap<String, String> =
        clean.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    all.extend(credentials::environment().into_iter().map(|(name, value)| (name.into(), value)));
    all.extend(own.clone());
    all
}

fn home() -> String {
    std::env::var("HOME").unwrap_or_else(|_| "/".to_owned())
}

fn start(command: &mut Command, name: &str, directory: &str) -> Result<Child, SysError> {
    command.spawn().map_err(|error| {
        let missing = error.kind() == io::ErrorKind::NotFound;
        if missing && !Path::new(directory).is_dir() {
            SysError::new(format!(
                "cannot run `{name}`: there is no directory {directory} to run it in"
            ))
        } else if missing {
            SysError::new(format!("cannot run `{name}`: there is no such program on the host"))
        } else {
            SysError::io(format!("cannot run `{name}`"), error)
        }
    })
}

/// A file with the input, so that nobody must feed it while the program runs.
fn input(bytes: &[u8]) -> io::Result<Stdio> {
    if bytes.is_empty() {
        return Ok(Stdio::null());
    }
    let mut file = File::from(memfd_create(c"stdin", MFdFlags::MFD_CLOEXEC)?);
    file.write_all(bytes)?;
    io::Seek::rewind(&mut file)?;
    Ok(Stdio::from(file))
}

fn memory_file(name: &str) -> Result<File, SysError> {
    memfd_create(c"output", MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING)
        .map(File::from)
        .map_err(|error| SysError::io(format!("cannot take the output of `{name}`"), error))
}

/// The end of what a memory file holds; it can grow no more.
fn sealed(mut file: File) -> Heard {
    // Without the seal a daemon that keeps writing uses memory until it ends; that is no reason to fail.
    fcntl(&file, FcntlArg::F_ADD_SEALS(SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SHRINK)).ok();
    let len = file.metadata().map_or(0, |meta| meta.len());
    let lost = len.saturating_sub(MAX_SHOWN as u64);
    io::Seek::seek(&mut file, io::SeekFrom::Start(lost)).ok();
    let mut end = Vec::new();
    file.take(MAX_SHOWN as u64).read_to_end(&mut end).ok();
    Heard { end, lost }
}

/// What was heard of a stream: its end, and how much came before that.
struct Heard {
    end: Vec<u8>,
    lost: u64,
}

fn process_end(exit: Option<Exit>, [stdout, stderr]: [Heard; 2]) -> ProcessEnd {
    let lost = Lost { stdout: stdout.lost, stderr: stderr.lost };
    ProcessEnd { exit, stdout: stdout.end, stderr: stderr.end, lost }
}

type Deadline = Option<(Instant, Duration)>;

/// Passes output on until the program has ended and everything it wrote is read.
fn stream(
    child: &mut Child,
    name: &str,
    deadline: Deadline,
    kept: usize,
    sink: &mut dyn FnMut(Stream, &[u8]),
) -> Result<ProcessEnd, SysError> {
    let broken = |error: io::Error| SysError::io(format!("cannot follow `{name}`"), error);
    let watch = Watch::of(child);
    let mut pipes = [
        Pipe::new(Stream::Stdout, child.stdout.take().map(OwnedFd::from), kept).map_err(broken)?,
        Pipe::new(Stream::Stderr, child.stderr.take().map(OwnedFd::from), kept).map_err(broken)?,
    ];
    let mut over = false;
    while !over {
        let open = pipes.iter().filter_map(|pipe| pipe.file.as_ref()).map(AsFd::as_fd);
        over = watch.wait(child, open, time_left(deadline)).map_err(broken)?;
        for pipe in &mut pipes {
            pipe.pass_on(sink);
        }
        if !over && is_past(deadline) {
            end_group(child);
            return Err(
                timed_out(name, deadline).process(process_end(None, pipes.map(Pipe::heard)))
            );
        }
    }
    let exit = child.wait().map(exit_of).map_err(broken)?;
    Ok(process_end(Some(exit), pipes.map(Pipe::heard)))
}

/// Waits for the program to end, with an eye on how much memory its output takes.
fn wait(
    child: &mut Child,
    name: &str,
    deadline: Deadline,
    output: &[File],
) -> Result<Exit, SysError> {
    let broken = |error: io::Error| SysError::io(format!("cannot follow `{name}`"), error);
    let watch = Watch::of(child);
    let left = || time_left(deadline).map_or(GLANCE, |left| left.min(GLANCE));
    while !watch.wait(child, std::iter::empty(), Some(left())).map_err(broken)? {
        if is_past(deadline) {
            end_group(child);
            return Err(timed_out(name, deadline));
        }
        if output.iter().any(|file| file.metadata().is_ok_and(|meta| meta.len() > MOST)) {
            end_group(child);
            let most = MOST / (1024 * 1024);
            let what = format!("`{name}` wrote more than {most} MiB of output and was stopped");
            return Err(SysError::new(what));
        }
    }
    child.wait().map(exit_of).map_err(broken)
}

fn time_left(deadline: Deadline) -> Option<Duration> {
    deadline.map(|(at, _)| at.saturating_duration_since(Instant::now()) + Duration::from_millis(1))
}

fn is_past(deadline: Deadline) -> bool {
    deadline.is_some_and(|(at, _)| Instant::now() >= at)
}

fn timed_out(name: &str, deadline: Deadline) -> SysError {
    let seconds = deadline.map_or(0, |(_, timeout)| timeout.as_secs());
    SysError::new(format!("`{name}` did not end within {seconds} s and was stopped"))
        .hint("raise `timeout`")
}

/// How the end of a program is noticed: by a descriptor that becomes readable, or, where the kernel has none (before
/// Linux 5.3, or a filter of system calls), by asking every [`TICK`].
struct Watch(Option<OwnedFd>);

impl Watch {
    fn of(child: &Child) -> Self {
        Self(descriptor_of(child).ok())
    }

    /// Sleeps until the program ends (true), something can be read, or the time is over.
    fn wait<'a>(
        &'a self,
        child: &mut Child,
        pipes: impl Iterator<Item = BorrowedFd<'a>>,
        left: Option<Duration>,
    ) -> io::Result<bool> {
        let descriptor = self.0.as_ref().map(AsFd::as_fd);
        let left = match descriptor {
            Some(_) => left,
            None => Some(left.map_or(TICK, |left| left.min(TICK))),
        };
        let timeout = left.map_or(PollTimeout::NONE, |left| {
            PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)
        });
        let open = descriptor.into_iter().chain(pipes);
        let mut fds: Vec<_> = open.map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
        match poll(&mut fds, timeout) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        match descriptor {
            Some(_) => Ok(fds.first().is_some_and(|fd| fd.any().unwrap_or_default())),
            None => Ok(child.try_wait()?.is_some()),
        }
    }
}

/// The reading end of a program's output.
struct Pipe {
    stream: Stream,
    file: Option<File>,
    /// Never longer than the limit: a ring, so that an endless stream moves no memory.
    tail: VecDeque<u8>,
    limit: usize,
    lost: u64,
}

impl Pipe {
    fn new(stream: Stream, descriptor: Option<OwnedFd>, limit: usize) -> io::Result<Self> {
        let file = descriptor.map(File::from);
        if let Some(file) = &file {
            fcntl(file, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        }
        Ok(Self { stream, file, tail: VecDeque::new(), limit, lost: 0 })
    }

    /// Reads all there is now; the end of the pipe closes it.
    fn pass_on(&mut self, sink: &mut dyn FnMut(Stream, &[u8])) {
        let mut buffer = [0; 16 * 1024];
        while let Some(file) = &mut self.file {
            match file.read(&mut buffer) {
                Ok(0) => self.file = None,
                Ok(n) => {
                    let data = buffer.get(..n).unwrap_or_default();
                    sink(self.stream, data);
                    keep(&mut self.tail, data, self.limit, &mut self.lost);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => self.file = None,
            }
        }
    }

    fn heard(self) -> Heard {
        Heard { end: self.tail.into(), lost: self.lost }
    }
}

/// Adds to what is kept, which drops its oldest bytes beyond the limit.
fn keep(tail: &mut VecDeque<u8>, data: &[u8], limit: usize, lost: &mut u64) {
    let excess = tail.len().saturating_add(data.len()).saturating_sub(limit);
    let (old, new) = (excess.min(tail.len()), excess.saturating_sub(tail.len()));
    tail.drain(..old);
    tail.extend(data.get(new..).unwrap_or_default());
    *lost = lost.saturating_add(excess as u64);
}

/// Ends the program and all of its session's first group: politely, then not.
fn end_group(child: &mut Child) {
    let group = Pid::from_raw(i32::try_from(child.id()).unwrap_or(i32::MAX));
    killpg(group, Signal::SIGTERM).ok();
    let patience = Instant::now() + GRACE;
    while Instant::now() < patience && matches!(child.try_wait(), Ok(None)) {
        std::thread::sleep(Duration::from_millis(20));
    }
    killpg(group, Signal::SIGKILL).ok();
    child.wait().ok();
}

pub(super) fn exit_of(status: std::process::ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, signal) => Exit::Signal(signal.unwrap_or_default()),
    }
}

/// Gives the program a session of its own, so no terminal and no signals meant for us, and blocks no signal: what this
/// process waits for on a thread is blocked in it, and the mask outlives exec (execve(2)).
#[allow(unsafe_code, reason = "std can change a child before exec only through an unsafe closure")]
fn own_session(command: &mut Command) {
    let user = credentials::taken();
    let prepare = move || {
        nix::unistd::setsid()?;
        SigSet::empty().thread_set_mask()?;
        memory::usual_core_files()?;
        user.map_or(Ok(()), credentials::drop_for_good)
    };
    // SAFETY: between fork and exec only async-signal-safe functions may be called; setsid(2), pthread_sigmask(3) and
    // the bare setrlimit(2) and setresuid(2) are, and converting an errno allocates nothing.
    unsafe { command.pre_exec(prepare) };
}

/// A descriptor that becomes readable when the program has ended (pidfd_open(2)).
#[allow(unsafe_code, reason = "neither std nor nix offers pidfd_open")]
fn descriptor_of(child: &Child) -> io::Result<OwnedFd> {
    // SAFETY: the system call takes two integers and touches no memory of ours.
    let raw = unsafe { nix::libc::syscall(nix::libc::SYS_pidfd_open, child.id(), 0) };
    let raw = i32::try_from(raw).unwrap_or(-1);
    if raw < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just handed us this descriptor, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(raw) })
}

/// Marks every descriptor but the standard three to be closed on exec, whatever our caller left open (close_range(2)).
#[allow(unsafe_code, reason = "neither std nor nix offers close_range")]
pub(crate) fn keep_descriptors_private() {
    // SAFETY: with CLOSE_RANGE_CLOEXEC no descriptor is closed, so no owner of one is betrayed. An old kernel refuses, which
    // leaves things as they were.
    unsafe {
        nix::libc::syscall(nix::libc::SYS_close_range, 3, u32::MAX, nix::libc::CLOSE_RANGE_CLOEXEC)
    };
}

/// Keeps a statically linked glibc from loading the host's name service modules, which crash it.
///
/// See nss(5): only the built-in `files` service is left; other names are asked of getent(1).
#[cfg(all(target_env = "gnu", target_feature = "crt-static"))]
#[allow(unsafe_code, reason = "glibc has no other way to choose its name services at run time")]
pub(crate) fn keep_name_service_to_files() {
    unsafe extern "C" {
        fn __nss_configure_lookup(
            database: *const std::ffi::c_char,
            services: *const std::ffi::c_char,
        ) -> i32;
    }
    for database in [c"passwd", c"group", c"shadow"] {
        // SAFETY: both arguments are NUL-terminated and live for the whole program; glibc copies what it keeps, and no
        // other thread exists yet.
        unsafe { __nss_configure_lookup(database.as_ptr(), c"files".as_ptr()) };
    }
}

#[cfg(test)]
mod tests;
