//! The module `sysctl`: a line of a file for the next boot, and the running kernel, which is asked and told by its files below
//! /proc/sys.

use super::file::text::{Part, text_of};
use super::{Input, Module, Plan};
use crate::planned::Planned;
use crate::sys::settings::{By, Setting, What};
use crate::sys::{Cause, Observe, Subject, SysError};
use hep_protocol::action::Action;
use hep_protocol::task::State as Wanted;
use hep_protocol::task::sysctl::Sysctl;
use hep_protocol::truth::{Reader, truth};
use serde_json::json;

/// Where values are kept if the task does not say.
const FILE: &str = "/etc/sysctl.conf";

/// What was found, and what the kernel lacks.
pub(crate) struct State {
    part: Option<Part>,
    /// What `sysctl_set` asks for.
    first: Option<Planned>,
    /// What the file asks for.
    rest: Vec<Planned>,
}

/// One line that gives a value.
#[derive(Clone, PartialEq, Eq)]
struct Entry<'t> {
    key: &'t str,
    value: &'t str,
}

impl Module for Sysctl {
    type State = State;

    fn inspect(&self, input: &Input<'_>, host: &dyn Observe) -> Result<State, SysError> {
        let file = self.sysctl_file.as_ref().map_or(FILE, |path| path.as_str());
        let old = text_of(file, host)?;
        let value = wanted(self);
        let name = self.name.trim();
        let kept = old.lines().filter_map(entry).rfind(|entry| entry.key == name);
        let kept = kept.map(|entry| entry.value);
        let writes = kept != value.as_deref();
        let new = rewritten(&old, name, value.as_deref());
        let first = match &value {
            Some(value) if self.sysctl_set => setting(self, &Entry { key: name, value }, host)?,
            Some(_) | None => None,
        };
        let live = match &value {
            Some(value) if self.reload => setting(self, &Entry { key: name, value }, host)?,
            Some(_) | None => None,
        };
        let text = if writes { &new } else { &old };
        let mut rest = Vec::new();
        if self.reload && (writes || live.is_some() || first.is_some()) {
            for entry in text.lines().filter_map(entry) {
                let is_first = first.is_some() && entry.key == name;
                rest.extend(setting(self, &entry, host)?.filter(|_| !is_first));
            }
        }
        let params = json!({"dest": file, "content": new, "follow": true});
        let part = writes.then(|| Part::look(params, input, host)).transpose()?;
        Ok(State { part, first, rest })
    }

    fn plan(&self, input: &Input<'_>, state: &State) -> Result<Plan, SysError> {
        let mut steps: Vec<Planned> = state.first.iter().cloned().collect();
        if let Some(part) = &state.part {
            steps.extend(part.steps(input)?);
        }
        steps.extend(state.rest.iter().cloned());
        Ok(Plan { steps, ..Plan::default() })
    }
}

/// The value that the parameter should have.
fn wanted(params: &Sysctl) -> Option<String> {
    let value = params.value.as_ref().filter(|_| params.state == Wanted::Present)?.trim();
    Some(match truth(value, Reader::Filter) {
        Some(truth) => u8::from(truth).to_string(),
        None => value.to_owned(),
    })
}

/// Gives the running kernel a value, if it has another; values are compared word by word.
fn setting(
    params: &Sysctl,
    entry: &Entry<'_>,
    host: &dyn Observe,
) -> Result<Option<Planned>, SysError> {
    // In a file, a `-` before a parameter lets it fail.
    let (key, passes) = match entry.key.strip_prefix('-') {
        Some(key) => (key, true),
        None => (entry.key, params.ignoreerrors),
    };
    let path = below_proc(key);
    let what = What::KernelParameter(path.clone());
    let from = host.setting(&what)?;
    let same = |now: &String| now.split_whitespace().eq(entry.value.split_whitespace());
    let depends: Option<Cause> = match &from {
        Some(now) if same(now) => return Ok(None),
        Some(_) => None,
        None => match host.depends(Subject::Hindrance) {
            Some(cause) => Some(cause),
            None if passes => return Ok(None),
            None => {
                let error = format!("the kernel has no parameter `{key}`");
                let hint = "correct `name`, load its module first, or add `ignoreerrors: true`";
                return Err(SysError::new(error).hint(hint));
            }
        },
    };
    let file = format!("/proc/sys/{path}").parse();
    let file = file.map_err(|error| SysError::new(format!("the parameter `{key}`: {error}")))?;
    let (to, by) = (Some(entry.value.to_owned()), By::Kernel(file));
    let setting = Setting { what, from, to, by };
    Ok(Some(Planned { depends, ..Planned::new(Action::Setting(setting)) }))
}

/// The path of a parameter: what comes first of `.` and `/` is what is between directories (sysctl(8)).
fn below_proc(key: &str) -> String {
    if key.find(['.', '/']).and_then(|at| key.get(at..)).is_some_and(|rest| rest.starts_with('/')) {
        return key.to_owned();
    }
    let exchange = |c| match c {
        '.' => '/',
        '/' => '.',
        other => other,
    };
    key.chars().map(exchange).collect()
}

/// The entry of a line, if it is no comment.
fn entry(line: &str) -> Option<Entry<'_>> {
    let line = line.trim();
    let (key, value) = line.split_once('=').filter(|_| !line.starts_with(['#', ';']))?;
    Some(Entry { key: key.trim(), value: value.trim() })
}

/// The file's text with another value of one parameter, or without it. Each parameter keeps its first line.
fn rewritten(old: &str, name: &str, value: Option<&str>) -> String {
    let mut seen: Vec<&str> = Vec::new();
    let mut new = String::new();
    for line in old.lines() {
        let Some(Entry { key, value: kept }) = entry(line) else {
            new.extend([line.trim(), "\n"]);
            continue;
        };
        if !seen.contains(&key) {
            seen.push(key);
            let value = if key == name { value } else { Some(kept) };
            new.extend(value.into_iter().flat_map(|value| [key, "=", value, "\n"]));
        }
    }
    match value {
        Some(value) if !seen.contains(&name) => new + name + "=" + value + "\n",
        Some(_) | None => new,
    }
}

#[cfg(test)]
mod tests;
