//! Where facts come from: files below a root directory, and system calls. Tests hand a tree of files instead.

use crate::sys::linux::machine::{self, Interface, Uname};
use crate::sys::linux::process::Program;
use hep_protocol::outcome::Exit;
use nix::fcntl::OFlag;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::Duration;

/// What of one file is read: also a table of mounts or users is of a size that someone decided.
const LIMIT: u64 = 4 << 20;

/// How long a program may take that is asked for a fact.
const PATIENCE: Duration = Duration::from_secs(10);

/// The host whose facts are read.
#[derive(Clone)]
pub(super) struct Host {
    /// `/` but in tests.
    pub(super) root: PathBuf,
    /// The machine's names.
    pub(super) uname: fn() -> Uname,
    /// The machine's network interfaces.
    pub(super) interfaces: fn() -> Vec<Interface>,
    /// Runs a program, for facts that only a program tells; not for hep's own.
    pub(super) run: fn(&[String], Duration) -> Ran,
}

/// What came of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ran {
    /// Its exit code; `None` if it could not be run to its end.
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
    /// Whether it wrote bytes that are not UTF-8.
    pub(super) is_foreign: bool,
}

fn run(argv: &[String], patience: Duration) -> Ran {
    let ended = Program { timeout: Some(patience), ..Program::new(argv) }.run();
    let Ok(end) = ended else { return Ran::default() };
    let code = match end.exit {
        Some(Exit::Code(code)) => Some(code),
        // As Python says it.
        Some(Exit::Signal(signal)) => Some(signal.saturating_neg()),
        None => None,
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let is_foreign = std::str::from_utf8(&end.stdout).is_err();
    Ran { code, stdout: text(&end.stdout), stderr: text(&end.stderr), is_foreign }
}

impl Host {
    /// The host this program runs on.
    pub(super) fn this() -> Self {
        let (uname, interfaces) = (machine::uname, machine::interfaces);
        Self { root: "/".into(), uname, interfaces, run }
    }

    /// A path (without its leading `/`) below the root.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub(super) fn exists(&self, path: &str) -> bool {
        self.path(path).exists()
    }

    /// Where a program is, looked for where `setup` looks.
    pub(super) fn program(&self, name: &str) -> Option<String> {
        const DIRECTORIES: [&str; 6] =
            ["usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin"];
        let paths = DIRECTORIES.map(|directory| format!("{directory}/{name}"));
        paths.into_iter().find(|path| self.exists(path)).map(|path| format!("/{path}"))
    }

    /// Runs a program of the host with these arguments, if it has it.
    pub(super) fn ask(&self, name: &str, arguments: &[&str]) -> Option<Ran> {
        self.program(name).map(|path| self.start(&path, arguments))
    }

    /// Runs the program at a path.
    pub(super) fn start(&self, path: &str, arguments: &[&str]) -> Ran {
        let argv: Vec<String> =
            [path].iter().chain(arguments).map(|word| (*word).to_owned()).collect();
        (self.run)(&argv, PATIENCE)
    }

    pub(super) fn is_dir(&self, path: &str) -> bool {
        self.path(path).is_dir()
    }

    /// A file's text, with odd bytes replaced; `None` if it cannot be read. A file beyond the limit ends with its last
    /// whole line.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        let mut bytes = self.bytes(path, LIMIT).ok()?;
        if bytes.len() as u64 == LIMIT {
            let end = bytes.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
            bytes.truncate(end);
        }
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A file of one value, without the newline at its end; `None` also if it is empty.
    pub(super) fn value(&self, path: &str) -> Option<String> {
        let text = self.text(path)?;
        let value = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// A file's first bytes, as many as the limit says.
    pub(super) fn bytes(&self, path: &str, limit: u64) -> io::Result<Vec<u8>> {
        // A named pipe in a file's place is read as empty and not waited for.
        let wait_for_none = OFlag::O_NONBLOCK.bits();
        let file = File::options().read(true).custom_flags(wait_for_none).open(self.path(path))?;
        let mut bytes = Vec::new();
        file.take(limit).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Where a symbolic link leads, as it is written.
    pub(super) fn link(&self, path: &str) -> Option<String> {
        Some(fs::read_link(self.path(path)).ok()?.to_string_lossy().into_owned())
    }
}
