//! Services under systemd, by `systemctl` and, for what a failure said, `journalctl`.

mod unit;

use super::super::process::Program;
use super::sysv::Sysv;
use crate::sys::services::{Running, ServiceJob, ServiceState, Verb, unit_name};
use crate::sys::{ProcessEnd, SysError};
use hep_protocol::outcome::Exit;
use hep_protocol::value::ServiceName;
use std::time::{Duration, Instant, SystemTime};
use unit::{PROPERTIES, Unit};

/// How long a question to systemd may take; it answers from memory.
const ANSWER: Duration = Duration::from_secs(30);

/// How long a service that cannot say when it is ready is watched after its start.
const WATCHED: Duration = Duration::from_millis(300);

/// How long to wait between two looks.
const PAUSE: Duration = Duration::from_millis(25);

/// A unit's state; `None` if systemd knows none of that name.
pub(super) fn inspect(name: &ServiceName) -> Result<Option<ServiceState>, SysError> {
    let unit = show(name)?;
    match unit.load_error() {
        Some(why) => Err(SysError::new(format!("systemd cannot read the unit of {name}: {why}"))
            .hint(format!("`systemd-analyze verify {}` on the host says more", unit.id()))),
        None if unit.is_missing() => Sysv::host().not_yet_generated(name),
        None => {
            let links = match unit.script() {
                Some(script) => Some(Sysv::host().boot(script)?),
                None => None,
            };
            Ok(Some(unit.state(links)))
        }
    }
}

/// The names of all unit files; those of services without their kind.
pub(super) fn names() -> Result<Vec<String>, SysError> {
    let end = systemctl(&["list-unit-files", "--no-legend", "--full"], ANSWER)?;
    let text = String::from_utf8_lossy(&end.stdout);
    let units = text.lines().filter_map(|line| line.split_whitespace().next());
    let mut names: Vec<String> =
        units.map(|unit| unit.strip_suffix(".service").unwrap_or(unit).to_owned()).collect();
    names.sort_unstable();
    Ok(names)
}

/// `systemctl daemon-reload`.
pub(super) fn refresh_units() -> Result<(), SysError> {
    let end = systemctl(&["daemon-reload"], ANSWER)?;
    if end.exit == Some(Exit::Code(0)) {
        Ok(())
    } else {
        Err(SysError::new(format!("cannot have systemd read its unit files again{}", words(&end)))
            .process(end))
    }
}

/// Acts on a unit and sees to it that it got where it should.
pub(super) fn act(job: &ServiceJob) -> Result<(), SysError> {
    let begin = SystemTime::now();
    let deadline = Instant::now() + job.timeout;
    // Enabling refuses an alias, so that the unit's own name is used throughout.
    let unit = show(&job.name)?;
    let verb = job.verb.to_string();
    let end = systemctl(&[&verb, "--", unit.id()], job.timeout)
        .map_err(|error| late(job, error, begin))?;
    let unit = settled(job, deadline)?;
    let wrong = match job.verb {
        Verb::Start | Verb::Restart => too_often(&end)
            .or_else(|| unit.failure())
            .or_else(|| refused(&end))
            .or_else(|| unit.absence()),
        Verb::Reload => refused(&end).or_else(|| unit.failure()).or_else(|| unit.absence()),
        // A unit that failed while it was being stopped does not run either.
        Verb::Stop if unit.running() == Running::No => None,
        Verb::Stop => refused(&end).or_else(|| Some(format!("it is {}", unit.get("ActiveState")))),
        Verb::Enable | Verb::Disable | Verb::Mask | Verb::Unmask => refused(&end),
    };
    match wrong {
        None => Ok(()),
        Some(why) => Err(failed(job, &unit, why, end, begin)),
    }
}

/// The unit when it has got somewhere: not on its way any more, and watched for a moment if it cannot say that it is ready.
fn settled(job: &ServiceJob, deadline: Instant) -> Result<Unit, SysError> {
    let starts = matches!(job.verb, Verb::Start | Verb::Restart | Verb::Reload);
    let watched = Instant::now() + WATCHED;
    loop {
        let unit = show(&job.name)?;
        let now = Instant::now();
        let wait = match (starts, unit.running()) {
            (true, _) if unit.failure().or_else(|| unit.absence()).is_some() => false,
            (true, Running::Yes) => unit.may_yet_fail() && now < watched,
            (_, Running::Between) => now < deadline,
            (_, Running::Yes | Running::No | Running::Unknown(_)) => false,
        };
        if !wait {
            return Ok(unit);
        }
        std::thread::sleep(PAUSE);
    }
}

fn show(name: &ServiceName) -> Result<Unit, SysError> {
    let unit = unit_name(name);
    if unit.contains("@.") {
        return Err(SysError::new(format!("{unit} is a template and no service by itself"))
            .hint("name an instance of it: `getty@tty1`"));
    }
    let end = systemctl(&["show", "--property", PROPERTIES, "--", &unit], ANSWER)?;
    match end.exit {
        Some(Exit::Code(0)) => Ok(Unit::parse(&String::from_utf8_lossy(&end.stdout))),
        Some(_) | None => {
            Err(SysError::new(format!("cannot ask systemd about {unit}{}", words(&end)))
                .process(end))
        }
    }
}

fn systemctl(arguments: &[&str], timeout: Duration) -> Result<ProcessEnd, SysError> {
    run("systemctl", &[&["--no-pager", "--no-ask-password"], arguments].concat(), timeout)
}

fn run(program: &str, arguments: &[&str], timeout: Duration) -> Result<ProcessEnd, SysError> {
    let argv: Vec<String> =
        [program].iter().chain(arguments).map(|&part| part.to_owned()).collect();
    let env = [("SYSTEMD_COLORS".to_owned(), "0".to_owned())].into();
    Program { timeout: Some(timeout), env, ..Program::new(&argv) }.run()
}

/// What systemctl said if it did not do what it was asked.
fn refused(end: &ProcessEnd) -> Option<String> {
    match end.exit {
        Some(Exit::Code(0)) => None,
        Some(_) | None => Some(words(end).trim_start_matches(": ").to_owned()),
    }
}

/// Whether systemd did not even try: the unit's own `Result` then still tells of the start before.
fn too_often(end: &ProcessEnd) -> Option<String> {
    String::from_utf8_lossy(&end.stderr)
        .contains("attempted too often")
        .then(|| "it was started too often within a short time".to_owned())
}

/// The first line on standard error, for the end of a sentence; advice follows only later.
fn words(end: &ProcessEnd) -> String {
    let text = String::from_utf8_lossy(&end.stderr);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    match (line, end.exit) {
        (Some(line), _) => format!(": {}", line.trim_end_matches('.')),
        (None, Some(exit)) => format!(": {exit}"),
        (None, None) => String::new(),
    }
}

/// systemctl waits for the job; when that takes too long, what the unit does meanwhile says more.
fn late(job: &ServiceJob, error: SysError, begin: SystemTime) -> SysError {
    match show(&job.name) {
        Ok(unit) if error.kind().is_none() => {
            let (state, sub) = (unit.get("ActiveState"), unit.get("SubState"));
            let why = format!("after {} s it is {state} ({sub})", job.timeout.as_secs());
            failed(job, &unit, why, ProcessEnd::default(), begin)
                .hint("raise `timeout` if it only needs more time")
        }
        Ok(_) | Err(_) => error,
    }
}

/// The failure with what `systemctl status` would show: how the main process ended, and the journal's last lines.
fn failed(
    job: &ServiceJob,
    unit: &Unit,
    why: String,
    end: ProcessEnd,
    begin: SystemTime,
) -> SysError {
    let hint = if too_often(&end).is_some() || unit.get("Result") == "start-limit-hit" {
        format!("fix its cause; `systemctl reset-failed {}` lets it start again", unit.id())
    } else {
        format!("`systemctl status {}` on the host says more", unit.id())
    };
    let journal = journal(unit.id(), begin);
    let stderr = if journal.is_empty() { end.stderr } else { journal };
    // systemctl's own exit code would only repeat that it failed.
    let exit = if unit.failure().is_some() { unit.exit() } else { end.exit };
    SysError::new(format!("cannot {} {}: {why}", job.verb, job.name))
        .hint(hint)
        .process(ProcessEnd { exit, stdout: end.stdout, stderr, lost: end.lost })
}

/// The unit's last lines in the journal since the action began; empty if there is no journal to ask.
fn journal(unit: &str, begin: SystemTime) -> Vec<u8> {
    let since = begin.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let since = format!("--since=@{}.{:06}", since.as_secs(), since.subsec_micros());
    // What the service wrote just before its end may still be on its way to the journal.
    run("journalctl", &["--sync"], ANSWER).ok();
    let arguments = ["--unit", unit, "--lines=20", "--no-pager", "--quiet", "--output=cat", &since];
    match run("journalctl", &arguments, ANSWER) {
        Ok(end) => end.stdout,
        Err(_) => Vec::new(),
    }
}
