//! `ObservePackages` and `ChangePackages` on the real host: dpkg's and apt's files are read, changes are theirs to make.

mod apt_get;
mod assumed;
mod debconf;
mod files;
mod locks;
mod output;
mod policy;

use super::Linux;
use super::process::{Capture, Program};
use crate::sys::packages::*;
use crate::sys::{ProcessEnd, SysError};
use apt_get::Purpose;
use hep_protocol::outcome::Exit;
use hep_protocol::task::apt::Debconf;
use hep_protocol::value::AbsPath;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What this run did to apt's files.
#[derive(Default)]
pub(super) struct Session {
    /// The task that refreshed the index last.
    refreshed: Option<u32>,
}

impl ObservePackages for Linux {
    fn packages(&self) -> Result<Database, SysError> {
        files::database()
    }

    fn settle(&self, patience: Duration) -> Result<(), SysError> {
        self.wait_for_locks(Instant::now(), patience)
    }

    fn may_change_packages(&self) -> bool {
        nix::unistd::geteuid().is_root()
    }

    fn package_index(&self) -> Result<Index, SysError> {
        let refreshed = self.packages.refreshed == Some(self.task);
        Ok(Index { age: files::index_age()?, refreshed, gap: None })
    }

    fn catalogue(&self) -> Result<Catalogue, SysError> {
        files::catalogue()
    }

    fn package_file(&self, path: &AbsPath) -> Result<Option<PackageFile>, SysError> {
        files::package_file(path)
    }

    fn answers(&self, questions: &[&str]) -> Result<BTreeMap<String, String>, SysError> {
        debconf::answers(questions)
    }

    fn simulate(
        &self,
        transaction: &Transaction,
        assumed: Option<&Assumed<'_>>,
    ) -> Result<Vec<Delta>, SysError> {
        let mut argv = apt_get::arguments(transaction, Purpose::Simulate);
        let stage = assumed.map(assumed::Stage::set).transpose()?;
        if let Some(stage) = &stage {
            argv.splice(1..1, stage.options());
        }
        let (end, stdout) = collected(&argv)?;
        match end.exit {
            Some(Exit::Code(0)) => output::deltas(&stdout),
            Some(_) | None => Err(output::refusal(transaction, end)),
        }
    }
}

impl ChangePackages for Linux {
    fn refresh_index(&mut self, patience: Duration) -> Result<(), SysError> {
        let argv = ["apt-get", "-q", "-o", "APT::Update::Error-Mode=any", "update"];
        let end = self.run_locked(&argv.map(str::to_owned), patience)?;
        match output::missing_index(&end) {
            None => {
                self.packages.refreshed = Some(self.task);
                files::stamp_index()
            }
            Some(error) => Err(error.process(end)),
        }
    }

    fn recover(&mut self, patience: Duration) -> Result<(), SysError> {
        let configure = ["dpkg", "--force-confdef", "--force-confold", "--configure", "-a"];
        let first = self.run_locked(&configure.map(str::to_owned), patience)?;
        let mut end = first;
        if files::database()?.is_interrupted() {
            let argv = apt_get::repair(patience);
            end = self.run_locked(&argv, patience)?;
        }
        let left = files::database()?;
        if left.is_interrupted() { Err(output::unrecovered(&left.broken(), end)) } else { Ok(()) }
    }

    fn transact(&mut self, transaction: &Transaction, _: &[Delta]) -> Result<(), SysError> {
        let argv = apt_get::arguments(transaction, Purpose::Act);
        let policy = policy::Policy::place(transaction.options.policy)?;
        let end = self.run_locked(&argv, transaction.options.patience);
        let restored = policy.take_away();
        let end = end?;
        match end.exit {
            Some(Exit::Code(0)) => restored,
            Some(_) | None => Err(output::failure(transaction, end)),
        }
    }

    fn hold(&mut self, names: &[String], hold: Hold, patience: Duration) -> Result<(), SysError> {
        let word = match hold {
            Hold::Keep => "hold",
            Hold::Release => "install",
        };
        let lines: String = names.iter().map(|name| format!("{name} {word}\n")).collect();
        self.settle(patience)?;
        let argv = ["dpkg", "--set-selections"].map(str::to_owned);
        checked(Program { stdin: lines.as_bytes(), ..program(&argv) })
    }

    fn mark_manual(&mut self, names: &[String], patience: Duration) -> Result<(), SysError> {
        self.settle(patience)?;
        let mut argv = vec!["apt-mark".to_owned(), "manual".to_owned()];
        argv.extend_from_slice(names);
        checked(program(&argv))
    }

    fn answer(&mut self, answer: &Debconf) -> Result<(), SysError> {
        let Debconf { package, question, kind, value } = answer;
        let line = format!("{package} {question} {kind} {value}\n");
        let argv = ["debconf-set-selections".to_owned()];
        checked(Program { stdin: line.as_bytes(), ..program(&argv) })
    }
}

impl Linux {
    /// Runs a program that takes the package managers' locks, streaming what it says. Should another take a lock between
    /// our look and its own, it is waited for again. Once started, it is never stopped: half a package is worse than a late
    /// cancel.
    fn run_locked(&self, argv: &[String], patience: Duration) -> Result<ProcessEnd, SysError> {
        let start = Instant::now();
        loop {
            self.wait_for_locks(start, patience)?;
            let mut sink = |stream, data: &[u8]| self.output(stream, data);
            let end = Program { capture: Capture::Stream(&mut sink), ..program(argv) }.run()?;
            if !output::lost_the_lock(&end) || start.elapsed() >= patience {
                return Ok(end);
            }
        }
    }
}

/// A program that asks nobody anything and speaks a known language.
fn program(argv: &[String]) -> Program<'_> {
    let env = [
        ("DEBIAN_FRONTEND", "noninteractive"),
        ("DEBIAN_PRIORITY", "critical"),
        ("APT_LISTCHANGES_FRONTEND", "none"),
        ("APT_LISTBUGS_FRONTEND", "none"),
        ("NEEDRESTART_MODE", "a"),
        ("LC_ALL", "C.UTF-8"),
    ];
    let env = env.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    Program { env, ..Program::new(argv) }
}

/// Runs a program to a success.
fn checked(program: Program<'_>) -> Result<(), SysError> {
    let name = program.argv.first().cloned().unwrap_or_default();
    let end = program.run()?;
    match end.exit {
        Some(Exit::Code(0)) => Ok(()),
        Some(_) | None => {
            Err(SysError::new(format!("`{name}` failed{}", output::last_words(&end))).process(end))
        }
    }
}

/// More than any package manager says of itself; a host must not fill our memory.
const MOST_OUTPUT: usize = 64 * 1024 * 1024;

/// Runs a program and keeps its whole standard output.
fn collected(argv: &[String]) -> Result<(ProcessEnd, Vec<u8>), SysError> {
    use hep_protocol::message::Stream;
    let mut stdout = Vec::new();
    let mut sink = |stream, data: &[u8]| {
        if stream == Stream::Stdout && stdout.len() < MOST_OUTPUT {
            stdout.extend_from_slice(data);
        }
    };
    let end = Program { capture: Capture::Stream(&mut sink), ..program(argv) }.run()?;
    if stdout.len() >= MOST_OUTPUT {
        let name = argv.first().map_or("", String::as_str);
        return Err(SysError::new(format!("`{name}` says more than can be true")));
    }
    Ok((end, stdout))
}
