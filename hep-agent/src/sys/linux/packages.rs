//! Packages on the real host: dpkg's and apt's files are read, changes are theirs to make.

mod apt_get;
mod assumed;
mod copies;
mod debconf;
mod files;
mod output;
mod policy;
mod private;

use super::Linux;
use super::locks::Locks;
use super::process::{Capture, Program};
use crate::sys::packages::*;
use crate::sys::{Effect, ProcessEnd, SysError};
use apt_get::Purpose;
use hep_protocol::outcome::Exit;
use hep_protocol::task::apt::Debconf;
use hep_protocol::value::AbsPath;
use policy::{Placed, Policy};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The locks of dpkg and apt.
const LOCKS: Locks = Locks {
    records: &[
        "/var/lib/dpkg/lock-frontend",
        "/var/lib/dpkg/lock",
        "/var/lib/apt/lists/lock",
        "/var/cache/apt/archives/lock",
    ],
    files: &[],
    who: "another package manager",
    hint: "raise `lock_timeout` (seconds), or see what it is doing",
};

/// How long after a lock was lost, or another agent's script seen, to try again.
const PAUSE: Duration = Duration::from_millis(500);

/// What this run did to apt's files.
#[derive(Default)]
pub(super) struct Session {
    /// The task that refreshed the index last.
    refreshed: Option<u32>,
    copies: copies::Copies,
}

impl Session {
    /// What only the task before needed is over.
    pub(super) fn begin_task(&mut self) {
        self.copies.forget();
    }
}

impl ObservePackages for Linux {
    fn packages(&self) -> Result<Database, SysError> {
        files::database()
    }

    fn settle(&self, patience: Duration) -> Result<(), SysError> {
        self.wait_for_locks(&LOCKS, Instant::now(), patience)
    }

    fn may_change_packages(&self) -> bool {
        nix::unistd::geteuid().is_root()
    }

    fn package_index(&self) -> Result<Index, SysError> {
        let refreshed = self.packages.refreshed == Some(self.task.number);
        Ok(Index { age: files::index_age()?, refreshed, gap: None })
    }

    fn catalogue(&self) -> Result<Catalogue, SysError> {
        files::catalogue()
    }

    fn origins(&self) -> Result<Origins, SysError> {
        files::origins()
    }

    fn package_file(&self, path: &AbsPath) -> Result<Option<PackageFile>, SysError> {
        match self.packages.copies.of(path)? {
            Some(file) => files::package_file(&file),
            None => Ok(None),
        }
    }

    fn answers(&self, questions: &[&str]) -> Result<BTreeMap<String, String>, SysError> {
        debconf::answers(questions)
    }

    fn simulate(
        &self,
        transaction: &Transaction,
        assumed: Option<&Assumed<'_>>,
    ) -> Result<Vec<Delta>, SysError> {
        let staged = self.packages.copies.in_place_of(transaction)?;
        let mut argv = apt_get::arguments(&staged, Purpose::Simulate);
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

impl Linux {
    /// Has dpkg or apt do it. What dpkg says before and after is what counts, whatever the programs made of it.
    pub(super) fn apply_package(&mut self, action: &PackageAction) -> Result<Effect, SysError> {
        let before = files::database()?;
        match action {
            PackageAction::Refresh { patience } => {
                self.refresh_index(*patience)?;
                return Ok(Effect::Noted("package index refreshed".to_owned()));
            }
            PackageAction::Answer { answer, patience } => {
                self.answer(answer, *patience)?;
                return Ok(Effect::Changed);
            }
            PackageAction::Recover { names, patience } => self.recover(names, *patience)?,
            PackageAction::Transact(transact) => self.transact(&transact.transaction)?,
            PackageAction::MarkManual { names, patience } => self.mark_manual(names, *patience)?,
            PackageAction::Hold { names, to, patience } => self.hold(names, *to, *patience)?,
        }
        Ok(Effect::of(files::database()? != before))
    }

    fn refresh_index(&mut self, patience: Duration) -> Result<(), SysError> {
        let argv = ["apt-get", "-q", "-o", "APT::Update::Error-Mode=any", "update"];
        let end = self.run_locked(&argv.map(str::to_owned), patience)?;
        match output::missing_index(&end) {
            None => {
                self.packages.refreshed = Some(self.task.number);
                files::stamp_index()
            }
            Some(error) => Err(error.process(end)),
        }
    }

    fn recover(&mut self, names: &[String], patience: Duration) -> Result<(), SysError> {
        let left = || -> Result<(Vec<String>, bool), SysError> {
            let database = files::database()?;
            let mut broken = database.broken();
            broken.retain(|name| names.contains(name));
            let whole = broken.is_empty() && !database.unfinished;
            Ok((broken, whole))
        };
        let configure = ["dpkg", "--force-confdef", "--force-confold", "--configure", "-a"];
        let first = self.run_locked(&configure.map(str::to_owned), patience)?;
        let mut end = first;
        if !left()?.1 {
            let argv = apt_get::repair(patience);
            end = self.run_locked(&argv, patience)?;
        }
        let (broken, whole) = left()?;
        if whole { Ok(()) } else { Err(output::unrecovered(&broken, end)) }
    }

    fn transact(&mut self, transaction: &Transaction) -> Result<(), SysError> {
        let staged = self.packages.copies.in_place_of(transaction)?;
        let argv = apt_get::arguments(&staged, Purpose::Act);
        let Options { policy, patience, .. } = transaction.options;
        let mut restored = Ok(());
        let end = self.patiently(patience, Contest::Locks, |start| {
            let policy = self.place_policy(policy, start, patience)?;
            let end = self.streamed(&argv);
            restored = policy.take_away();
            end
        })?;
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
        let argv = ["dpkg", "--set-selections"].map(str::to_owned);
        let run = |_| Program { stdin: lines.as_bytes(), ..program(&argv) }.run();
        checked(&argv, self.patiently(patience, Contest::Locks, run)?)
    }

    fn mark_manual(&mut self, names: &[String], patience: Duration) -> Result<(), SysError> {
        let mut argv = vec!["apt-mark".to_owned(), "manual".to_owned()];
        argv.extend_from_slice(names);
        let run = |_| program(&argv).run();
        checked(&argv, self.patiently(patience, Contest::Locks, run)?)
    }

    fn answer(&mut self, answer: &Debconf, patience: Duration) -> Result<(), SysError> {
        let Debconf { package, question, kind, value } = answer;
        let line = format!("{package} {question} {kind} {value}\n");
        let argv = ["debconf-set-selections".to_owned()];
        let run = |_| Program { stdin: line.as_bytes(), ..program(&argv) }.run();
        checked(&argv, self.patiently(patience, Contest::Debconf, run)?)
    }
}

/// What another may be quicker to take.
#[derive(Clone, Copy)]
enum Contest {
    /// The locks of dpkg and apt.
    Locks,
    /// debconf's, which is held by whoever asks or answers questions.
    Debconf,
}

impl Linux {
    /// Runs a program that takes the package managers' locks, streaming what it says.
    fn run_locked(&self, argv: &[String], patience: Duration) -> Result<ProcessEnd, SysError> {
        self.patiently(patience, Contest::Locks, |_| self.streamed(argv))
    }

    /// Runs a program once nobody is at work. Should another take a lock between our look and its own, it is waited for
    /// again: but only if nothing was done, as a package's own script may have been what found the lock taken.
    fn patiently(
        &self,
        patience: Duration,
        contest: Contest,
        mut run: impl FnMut(Instant) -> Result<ProcessEnd, SysError>,
    ) -> Result<ProcessEnd, SysError> {
        let start = Instant::now();
        loop {
            self.wait_for_locks(&LOCKS, start, patience)?;
            let before = files::database()?;
            let end = run(start)?;
            let lost = match contest {
                Contest::Locks => output::lost_the_lock(&end),
                Contest::Debconf => output::lost_debconf(&end),
            };
            let over = start.elapsed() >= patience || self.outside.cancelled();
            if !lost || over || files::database()? != before {
                return Ok(end);
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Runs a program, streaming what it says. Once started, it is never stopped: half a package is worse than a late
    /// cancel.
    fn streamed(&self, argv: &[String]) -> Result<ProcessEnd, SysError> {
        let mut sink = |stream, data: &[u8]| self.output(stream, data);
        let mut program = program(argv);
        program.env.extend(self.task.env.clone());
        Program { capture: Capture::Stream(&mut sink), ..program }.run()
    }

    /// Places our `policy-rc.d` once no other agent's is there: that would decide for our packages too, and ours for its.
    fn place_policy(
        &self,
        code: Option<u8>,
        start: Instant,
        patience: Duration,
    ) -> Result<Policy, SysError> {
        let mut told = None;
        loop {
            let pid = match Policy::place(policy::DIRECTORY.as_ref(), code)? {
                Placed::Here(policy) => return Ok(policy),
                Placed::Taken(pid) => pid,
            };
            let whom = format!("pid {pid}: another run of hep, whose policy-rc.d is in place");
            if self.outside.cancelled() {
                return Err(SysError::new(format!("stopped waiting for {whom}")));
            }
            if start.elapsed() >= patience {
                let seconds = patience.as_secs();
                return Err(SysError::new(format!("not done after {seconds} s: {whom}"))
                    .hint("raise `lock_timeout` (seconds), or see what it is doing"));
            }
            if told != Some(pid) {
                self.progress(format!("waiting for {whom}"));
                told = Some(pid);
            }
            std::thread::sleep(PAUSE);
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

/// Whether a program ended with success.
fn checked(argv: &[String], end: ProcessEnd) -> Result<(), SysError> {
    let name = argv.first().map_or("", String::as_str);
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
