//! The module `command`.

mod ansible;
mod paths;
mod script;

use super::{Done, Input, Module, Plan, WithoutRun};
use crate::planned::Planned;
use crate::sys::files::FileKind;
use crate::sys::{Cause, Observe, Subject, SysError};
use hep_protocol::action::Action;
use hep_protocol::action::programs::{Invocation, Script};
use hep_protocol::names::LINES;
use hep_protocol::task::command::Command;
use hep_protocol::value::{AbsPath, Argv};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// How many characters of a command a line shows.
const SHOWN: usize = 60;

/// The shell that runs scripts.
const SHELL: &str = "/bin/sh";

/// What has a shell write what comes after it to one stream.
const TOGETHER: &str = "exec 2>&1\n";

/// What a shell says of a program that it could not run (POSIX, Shell Command Language 2.8.2).
const NOT_RUN: i32 = 127;

/// Whether there is something to do.
pub(crate) enum State {
    /// It was done before: what it creates is there, or what it removes is not.
    Done,
    /// It is to be run.
    Due {
        /// Why that, or what the run needs, would be known only after an earlier task's real run.
        depends: Option<Cause>,
        /// The script that is to be put there for it.
        script: Option<Script>,
    },
}

impl Module for Command {
    type State = State;

    fn inspect(&self, input: &Input<'_>, host: &dyn Observe) -> Result<State, SysError> {
        let Some(depends) = due(self, host)? else { return Ok(State::Done) };
        let needed = [directory_missing(self, host)?, program_missing(self, host)?];
        let script = script::of(self, input)?;
        Ok(State::Due { depends: needed.into_iter().fold(depends, Option::or), script })
    }

    fn plan(&self, _input: &Input<'_>, state: &State) -> Result<Plan, SysError> {
        match state {
            State::Done => Ok(Plan { skipped: self.script.is_some(), ..Plan::default() }),
            State::Due { depends, script } => {
                let action = Action::Program(invocation(self, script.as_ref())?);
                let planned = Planned { depends: depends.clone(), ..Planned::new(action) };
                Ok(Plan { steps: vec![planned], ..Plan::default() })
            }
        }
    }

    fn fields_without_run(why: WithoutRun) -> Map<String, Value> {
        let rc = match why {
            WithoutRun::Skipped => Value::Null,
            WithoutRun::Needless => json!(0),
            WithoutRun::Failed => json!(NOT_RUN),
        };
        let texts =
            LINES.iter().flat_map(|(text, lines)| [(*text, json!("")), (*lines, json!([]))]);
        texts.chain([("rc", rc)]).map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn as_ansible(&self, done: &Done<'_>) -> Map<String, Value> {
        ansible::fields(self, done)
    }
}

/// Whether `creates` and `removes` leave something to do, and what that rests on; `None` if it is done.
fn due(params: &Command, host: &dyn Observe) -> Result<Option<Option<Cause>>, SysError> {
    let mut depends = None;
    if let Some(path) = &params.creates {
        depends = match paths::first(path, host)? {
            Some(found) => match host.depends(Subject::There(&found)) {
                None => return Ok(None),
                gone => gone,
            },
            None => host.depends(Subject::Place(path)),
        };
    }
    if let Some(path) = &params.removes {
        match paths::first(path, host)? {
            Some(found) => depends = depends.or_else(|| host.depends(Subject::There(&found))),
            None => match host.depends(Subject::Path(path)) {
                Some(cause) => depends = Some(cause),
                None => return Ok(None),
            },
        }
    }
    Ok(Some(depends))
}

fn invocation(params: &Command, script: Option<&Script>) -> Result<Invocation, SysError> {
    let argv = match (&params.argv, &params.shell) {
        (Some(argv), _) => argv.clone(),
        (None, Some(text)) => {
            let shell = params.executable.as_deref().unwrap_or(SHELL);
            let start = if params.terminal { TOGETHER } else { "" };
            argv([shell, "-c", &format!("{start}{text}")])?
        }
        (None, None) if script.is_some() => argv([SHELL, "-c"])?,
        (None, None) => {
            return Err(SysError::new("there is nothing to run: neither `argv` nor `shell`"));
        }
    };
    Ok(Invocation {
        words: words(params),
        argv,
        script: script.cloned().map(Box::new),
        paths: [&params.creates, &params.removes].into_iter().flatten().cloned().collect(),
        chdir: params.chdir.clone().unwrap_or_else(AbsPath::root),
        env: params.env.clone(),
        expand: params.expand,
        stdin: params.stdin.clone().unwrap_or_default().into_bytes(),
        timeout: params.timeout.map(|seconds| Duration::from_secs(seconds.into())),
    })
}

fn argv<const N: usize>(words: [&str; N]) -> Result<Argv, SysError> {
    let words = words.map(str::to_owned).to_vec();
    Argv::try_from(words).map_err(|error| SysError::new(error.to_string()))
}

/// The command on one bounded line; of a script, its first.
fn words(params: &Command) -> String {
    let text = match (&params.argv, &params.shell) {
        (Some(argv), _) => argv.to_string(),
        (None, Some(script)) => script.trim().to_owned(),
        (None, None) => params.script_line(),
    };
    let first = text.lines().next().unwrap_or_default().trim_end();
    let shown: String = first.chars().take(SHOWN).collect();
    let more = if shown.len() < text.len() { "..." } else { "" };
    format!("{shown}{more}")
}

fn directory_missing(params: &Command, host: &dyn Observe) -> Result<Option<Cause>, SysError> {
    let Some(path) = &params.chdir else { return Ok(None) };
    let kind = match host.resolve(path)? {
        Some(real) => host.lstat(&real)?.map(|meta| meta.kind),
        None => None,
    };
    let why = match (kind, host.depends(Subject::Path(path))) {
        (Some(FileKind::Directory), _) => return Ok(host.depends(Subject::There(path))),
        (None, Some(cause)) => return Ok(Some(cause)),
        (None, None) => format!("there is no directory {path} to run it in"),
        (Some(FileKind::File | FileKind::Link | FileKind::Special), _) => {
            format!("{path} is not a directory")
        }
    };
    Err(SysError::new(format!("cannot run `{}`: {why}", words(params)))
        .hint("correct `chdir`, or make the directory in an earlier task"))
}

/// Only a program named by its whole path can be looked for without knowing what `env` makes of `PATH`.
fn program_missing(params: &Command, host: &dyn Observe) -> Result<Option<Cause>, SysError> {
    let program = params.argv.as_ref().map(|argv| argv.program().to_owned());
    let Some(path) = program.and_then(|program| AbsPath::try_from(program).ok()) else {
        return Ok(None);
    };
    match (host.resolve(&path)?, host.depends(Subject::Path(&path))) {
        (Some(_), _) => Ok(host.depends(Subject::There(&path))),
        (None, Some(cause)) => Ok(Some(cause)),
        (None, None) => Err(SysError::new(format!(
            "cannot run `{}`: there is no such program on the host",
            words(params)
        ))),
    }
}

#[cfg(test)]
mod tests;
