//! Services as scripts in `/etc/init.d`, with links in `/etc/rc?.d` and `update-rc.d`.

mod processes;
mod status;
mod words;

use super::super::process::Program;
use crate::sys::services::script::{self, Knows, Script};
use crate::sys::services::{
    Boot, Definition, Presence, Running, ServiceJob, ServiceState, Verb, script_name,
};
use crate::sys::{ProcessEnd, SysError};
use hep_protocol::outcome::Exit;
use hep_protocol::value::ServiceName;
use status::{Answer, Evidence, PidFile, Status};
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a script may take to say whether its service runs.
const ANSWER: Duration = Duration::from_secs(30);

/// How long to wait between two looks; a service must be seen to run twice, for one may end as soon as it was started.
const PAUSE: Duration = Duration::from_millis(150);

/// How often to look before the operator is told that there is a wait.
const LOOKS_IN_SILENCE: u32 = 10;

/// Scripts are short; of a larger file only the beginning is read.
const SCRIPT_LIMIT: u64 = 1024 * 1024;

/// The runlevels that a host boots into, and those of the boot itself (init(8)).
const RUNLEVELS: [&str; 5] = ["2", "3", "4", "5", "S"];

/// What lies in `/etc/init.d` and is no service.
const NO_SERVICES: [&str; 5] = ["README", "skeleton", "rc", "rcS", "functions"];

/// A system of SysV scripts.
pub(super) struct Sysv {
    /// Where its `/etc` and `/run` are: `/` but for tests.
    root: PathBuf,
}

/// A script, found and read.
struct Found {
    name: String,
    path: PathBuf,
    script: Script,
}

impl Sysv {
    /// The machine's own.
    pub(super) fn host() -> Self {
        Self { root: PathBuf::from("/") }
    }

    /// A service's state; `None` without a script of that name.
    pub(super) fn inspect(
        &self,
        name: &ServiceName,
        pattern: Option<&str>,
    ) -> Result<Option<ServiceState>, SysError> {
        let Some(found) = self.find(script_name(name))? else { return Ok(None) };
        let running = match self.status(&found, pattern)? {
            Status::Running(_) => Running::Yes,
            Status::Stopped => Running::No,
            Status::Unknown(why) => Running::Unknown(why.to_owned()),
        };
        Ok(Some(ServiceState {
            presence: Presence::Here,
            running,
            boot: self.boot(&found.name)?,
            reload: found.script.reload(),
            definition: Definition::Current,
        }))
    }

    /// A service under systemd whose script came after systemd last made units of such: once it reads its units again it
    /// has one (systemd-sysv-generator(8)). `None` without a script.
    pub(super) fn not_yet_generated(
        &self,
        name: &ServiceName,
    ) -> Result<Option<ServiceState>, SysError> {
        let Some(found) = self.find(script_name(name))? else { return Ok(None) };
        let fresh = ServiceState::fresh(self.boot(&found.name)?);
        Ok(Some(ServiceState { definition: Definition::Stale, ..fresh }))
    }

    /// The names of all scripts, sorted.
    pub(super) fn names(&self) -> Result<Vec<String>, SysError> {
        let names = listed(&self.root.join("etc/init.d"))?;
        Ok(names
            .into_iter()
            .filter(|name| !NO_SERVICES.contains(&name.as_str()))
            .filter(|name| !name.starts_with('.') && !name.contains(".dpkg-"))
            .collect())
    }

    /// Whether a service starts at boot: by any link that starts it in a runlevel that the host boots into.
    pub(super) fn boot(&self, name: &str) -> Result<Boot, SysError> {
        for level in RUNLEVELS {
            let links = listed(&self.root.join(format!("etc/rc{level}.d")))?;
            // A link's name is S for start, two digits for its place, and the script's name.
            let starts = |link: &String| {
                link.strip_prefix('S').and_then(|rest| rest.get(2..)).is_some_and(|it| it == name)
            };
            if links.iter().any(starts) {
                return Ok(Boot::Enabled);
            }
        }
        Ok(Boot::Disabled)
    }

    /// Acts on a service and sees to it that it got where it should; says so when that takes a while.
    pub(super) fn act(&self, job: &ServiceJob, say: &dyn Fn(String)) -> Result<(), SysError> {
        let name = script_name(&job.name);
        match (job.verb, self.find(name)?) {
            (_, None) => Err(SysError::new(format!(
                "cannot {} {name}: its script /etc/init.d/{name} is gone",
                job.verb
            ))),
            (Verb::Enable, Some(_)) => {
                self.link(job, Boot::Enabled, &[&[name, "defaults"], &[name, "enable"]])
            }
            (Verb::Disable, Some(_)) => self.link(job, Boot::Disabled, &[&[name, "disable"]]),
            (Verb::Mask | Verb::Unmask, Some(_)) => {
                Err(SysError::new(format!("cannot {} {name}: only systemd masks", job.verb))
                    .hint("remove `masked`; `enabled: false` keeps it from starting at boot"))
            }
            (Verb::Start | Verb::Stop | Verb::Restart | Verb::Reload, Some(found)) => {
                self.drive(job, &found, say)
            }
        }
    }

    fn find(&self, name: &str) -> Result<Option<Found>, SysError> {
        let path = self.root.join("etc/init.d").join(name);
        let broken = |error: io::Error| {
            SysError::io(format!("cannot read the script {}", path.display()), error)
        };
        let meta = match fs::metadata(&path) {
            Ok(meta) if meta.is_file() => meta,
            Ok(_) => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(broken(error)),
        };
        if meta.permissions().mode() & 0o111 == 0 {
            return Err(script::not_executable(&path.to_string_lossy()));
        }
        let mut text = Vec::new();
        let file = fs::File::open(&path).map_err(broken)?;
        file.take(SCRIPT_LIMIT).read_to_end(&mut text).map_err(broken)?;
        let script = Script::new(String::from_utf8_lossy(&text).into_owned());
        Ok(Some(Found { name: name.to_owned(), path, script }))
    }

    /// Whether a service runs, from everything that could tell.
    fn status(&self, found: &Found, pattern: Option<&str>) -> Result<Status, SysError> {
        let knows = found.script.knows("status");
        let pattern = pattern.map(processes::find);
        let answer = match (&pattern, knows) {
            (None, Knows::Yes | Knows::Unclear) => {
                let script = found.path.to_string_lossy();
                // Its words are read as English. A daemon would inherit this, so no other call has it.
                let end = run(&script, &["status"], &[("LC_ALL", "C")], ANSWER)?;
                let text = [end.stdout, end.stderr].concat();
                let text = String::from_utf8_lossy(&text).into_owned();
                Some(Answer { exit: end.exit, text })
            }
            // The pattern tells; and what a script does with an argument that it does not know is not ours to try.
            (Some(_), _) | (None, Knows::No) => None,
        };
        Ok(status::decide(&Evidence { pattern, knows, answer, pid_file: self.pid_file(found) }))
    }

    fn pid_file(&self, found: &Found) -> PidFile {
        let name = &found.name;
        let declared = found.script.pid_file();
        let usual = [format!("/run/{name}.pid"), format!("/run/{name}/{name}.pid")];
        let text = declared
            .iter()
            .chain(&usual)
            .find_map(|path| fs::read_to_string(self.root.join(path.trim_start_matches('/'))).ok());
        let pid = text.as_deref().map(|text| text.split_whitespace().next()?.parse().ok());
        match pid {
            None if declared.is_some() => PidFile::Missing,
            None | Some(None) => PidFile::Nowhere,
            Some(Some(pid)) if !processes::is_alive(pid) => PidFile::Dead,
            Some(Some(pid)) => match found.script.daemon() {
                Some(daemon) if !processes::mentions(pid, &daemon) => PidFile::Foreign(pid),
                Some(_) | None => PidFile::Alive(pid),
            },
        }
    }

    /// Has `update-rc.d` change the links, and looks whether they are as wanted: it exits well even when it did nothing.
    fn link(&self, job: &ServiceJob, wanted: Boot, calls: &[&[&str]]) -> Result<(), SysError> {
        let mut last = ProcessEnd::default();
        for arguments in calls {
            last = run("update-rc.d", arguments, &[], job.timeout)?;
            if last.exit != Some(Exit::Code(0)) {
                break;
            }
        }
        if self.boot(script_name(&job.name))? == wanted {
            return Ok(());
        }
        let exit = last.exit.map_or(String::new(), |exit| format!(" ({exit})"));
        Err(SysError::new(format!(
            "cannot {} {}: update-rc.d left its links in /etc/rc?.d as they were{exit}",
            job.verb, job.name
        ))
        .hint("the LSB header of its script says in which runlevels it starts: `Default-Start`")
        .process(last))
    }

    /// Runs the script, then waits until the service is as wanted.
    fn drive(&self, job: &ServiceJob, found: &Found, say: &dyn Fn(String)) -> Result<(), SysError> {
        let deadline = Instant::now() + job.timeout;
        let before = self.status(found, job.pattern.as_deref())?;
        let end = command(found, job)?;
        let good = end.exit == Some(Exit::Code(0));
        let enough = if matches!(job.verb, Verb::Start | Verb::Restart) { 2 } else { 1 };
        let (mut looks, mut seen) = (0, 0);
        while seen < enough {
            let now = self.status(found, job.pattern.as_deref())?;
            let reached = is_reached(job.verb, good, &before, &now);
            seen = if reached { seen + 1 } else { 0 };
            if !reached && (!good || Instant::now() >= deadline) {
                return Err(unreached(job, found, &now, end));
            }
            if looks == LOOKS_IN_SILENCE {
                let seconds = job.timeout.as_secs();
                say(format!("waiting for the {} of {}, up to {seconds} s", job.verb, job.name));
            }
            if seen < enough {
                looks += 1;
                std::thread::sleep(PAUSE);
            }
        }
        Ok(())
    }
}

/// Whether a service is as the verb says. A script that exits badly is believed only where its service shows otherwise:
/// an old process that still runs says nothing of a restart.
fn is_reached(verb: Verb, good: bool, before: &Status, now: &Status) -> bool {
    match (verb, now) {
        (Verb::Reload, _) | (Verb::Restart, Status::Running(_) | Status::Unknown(_)) => good,
        (Verb::Start, Status::Running(_)) | (Verb::Stop, Status::Stopped) => true,
        (Verb::Stop, Status::Unknown(_)) => has_ended(before),
        (Verb::Start | Verb::Restart, Status::Stopped)
        | (Verb::Start, Status::Unknown(_))
        | (Verb::Stop, Status::Running(_)) => false,
        (Verb::Enable | Verb::Disable | Verb::Mask | Verb::Unmask, _) => good,
    }
}

/// Whether the process that a service was known by has ended.
fn has_ended(before: &Status) -> bool {
    match before {
        Status::Running(Some(pid)) => !processes::is_alive(*pid),
        Status::Running(None) | Status::Stopped | Status::Unknown(_) => false,
    }
}

/// Runs the script with the verb. One that knows no `restart` is stopped and started.
fn command(found: &Found, job: &ServiceJob) -> Result<ProcessEnd, SysError> {
    let verb = job.verb.to_string();
    if job.verb == Verb::Restart && found.script.knows(&verb) == Knows::No {
        // Stopping what does not run may well fail; whether the start worked is looked at afterwards.
        call(found, "stop", job.timeout)?;
        call(found, "start", job.timeout)
    } else {
        call(found, &verb, job.timeout)
    }
}

fn call(found: &Found, argument: &str, timeout: Duration) -> Result<ProcessEnd, SysError> {
    run(&found.path.to_string_lossy(), &[argument], &[], timeout)
}

/// Runs a program as init would: in `/`, with nothing of ours in its environment.
fn run(
    program: &str,
    arguments: &[&str],
    more: &[(&str, &str)],
    timeout: Duration,
) -> Result<ProcessEnd, SysError> {
    let argv: Vec<String> =
        [program].iter().chain(arguments).map(|&part| part.to_owned()).collect();
    let clean = [("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), ("HOME", "/")];
    let env = clean.iter().chain(more);
    let env = env.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Program { timeout: Some(timeout), env, ..Program::new(&argv) }.run()
}

fn unreached(job: &ServiceJob, found: &Found, now: &Status, end: ProcessEnd) -> SysError {
    let script = format!("`{} {}`", found.path.display(), job.verb);
    let exit = end.exit.map_or_else(|| "an unknown end".to_owned(), |exit| exit.to_string());
    let state = match now {
        Status::Running(_) => "it runs".to_owned(),
        Status::Stopped => "it does not run".to_owned(),
        Status::Unknown(why) => format!("whether it runs is not known: {why}"),
    };
    let (verb, name) = (job.verb, &job.name);
    if end.exit == Some(Exit::Code(0)) {
        let seconds = job.timeout.as_secs();
        SysError::new(format!(
            "cannot {verb} {name}: {script} succeeded, but after {seconds} s {state}"
        ))
        .hint("see its log; if it only needs more time, raise `timeout`")
        .process(end)
    } else {
        let error = SysError::new(format!("cannot {verb} {name}: {script}: {exit}, and {state}"));
        let error = match verb {
            // LSB has no duty to reload; many scripts answer with their usage.
            Verb::Reload => error.hint("if its script cannot reload, write `action: restart`"),
            Verb::Start
            | Verb::Stop
            | Verb::Restart
            | Verb::Enable
            | Verb::Disable
            | Verb::Mask
            | Verb::Unmask => error,
        };
        error.process(end)
    }
}

/// The names in a directory, sorted; none if it is not there.
fn listed(path: &Path) -> Result<Vec<String>, SysError> {
    let broken = |error: io::Error| SysError::io(format!("cannot list {}", path.display()), error);
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(broken(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry.map_err(broken)?.file_name().into_string());
    }
    names.sort_unstable();
    Ok(names)
}

#[cfg(test)]
mod tests;
