//! The two programs: how each is called, and what its report says, in the same words.

use super::record::Played;
use crate::error::{Doing as _, Error, Result};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// One of the two.
#[derive(Debug, Clone)]
pub enum Tool {
    /// Real Ansible: its `ansible-playbook`.
    Ansible(PathBuf),
    /// The hep under test.
    Hep(PathBuf),
}

/// Whether a run changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Nothing is to change.
    Check,
    /// The host is to be changed.
    Push,
}

/// A status of hep's that only check mode has: what a command does is not known.
pub const COMMAND: &str = "command";

/// The same of one that counts as unchanged whatever it does, or that `creates` makes needless.
pub const QUIET: &str = "quiet";

/// The other one: it depends on what only a real run can tell.
pub const UNCERTAIN: &str = "uncertain";

/// A task that did not come to its end.
const FAILED: &str = "failed";

/// A host that nothing was done on.
const UNREACHABLE: &str = "unreachable";

/// Tasks that read other tasks, gather facts or check arguments are counted in other ways by each tool, and change nothing;
/// they count where they fail.
const UNCOUNTED: &[&str] = &[
    "meta",
    "include_tasks",
    "import_tasks",
    "include_role",
    "import_role",
    "include",
    "gather_facts",
    "validate_argument_spec",
];

/// The longest that one run may take, in seconds; then it is ended, and has failed.
const LIMIT: &str = "300";

impl Tool {
    /// The hep under test: `HEP_BIN`, or the one of `cargo build`.
    pub fn hep() -> Self {
        let built = || super::workspace().join("target/debug/hep");
        Self::Hep(std::env::var_os("HEP_BIN").map_or_else(built, PathBuf::from))
    }

    /// The command, less the environment that the stage gives it.
    pub fn command(&self, place: &Path) -> Command {
        let mut command = Command::new("timeout");
        command.args(["-k", "5", LIMIT]).env_clear();
        match self {
            Self::Ansible(program) => {
                let ssh = format!(
                    "-F none -o ControlMaster=auto -o ControlPersist=60s -o IdentitiesOnly=yes -o UserKnownHostsFile={}",
                    place.join("home/.ssh/known_hosts").display()
                );
                command.arg(program).envs([
                    ("ANSIBLE_STDOUT_CALLBACK", "ansible.posix.json"),
                    ("ANSIBLE_PIPELINING", "True"),
                    ("ANSIBLE_PYTHON_INTERPRETER", "/usr/bin/python3"),
                    ("ANSIBLE_NOCOLOR", "1"),
                    ("ANSIBLE_FORKS", "1"),
                    ("ANSIBLE_SSH_ARGS", ssh.as_str()),
                ]);
                command.env("ANSIBLE_SSH_CONTROL_PATH_DIR", place.join("cp"));
            }
            Self::Hep(program) => {
                command.arg(program).args(["playbook", "--output", "json"]);
            }
        }
        command
    }

    /// What the program's output says.
    pub fn read(&self, output: &Output, mode: Mode) -> Result<Played> {
        let stdout = String::from_utf8_lossy(&output.stdout);
        let stderr = String::from_utf8_lossy(&output.stderr);
        match self {
            Self::Ansible(_) => ansible(&stdout, &stderr),
            Self::Hep(_) => hep(&stdout, &stderr, output.status.code(), mode),
        }
    }
}

fn ansible(stdout: &str, stderr: &str) -> Result<Played> {
    let start = stdout.find("\n{").map_or(0, |newline| newline + 1);
    let text = stdout.get(start..).unwrap_or_default();
    let Ok(report) = serde_json::from_str::<Value>(text) else {
        return Err(Error::new(format!("Ansible refuses this:\n{stdout}{stderr}")));
    };
    let mut played = Played::default();
    for task in list(&report, "plays").iter().flat_map(|play| list(play, "tasks")) {
        let name = task.pointer("/task/name").and_then(Value::as_str).unwrap_or_default();
        for (host, result) in task.get("hosts").and_then(Value::as_object).into_iter().flatten() {
            // hep does not come to a task of such a host: what tells of it is the count.
            let is_unreachable = ansible_status(result) == UNREACHABLE;
            let status = ansible_status(result);
            let counts = status == FAILED || !is_uncounted(text_of(result, "action"), name);
            if counts && !is_unreachable {
                let items = list(result, "results").iter().map(ansible_status);
                let line = line(name, status, items);
                played.tasks.entry(host.clone()).or_default().push(line);
            }
        }
    }
    for (host, counts) in report.get("stats").and_then(Value::as_object).into_iter().flatten() {
        let count = |name: &str| counts.get(name).and_then(Value::as_u64).unwrap_or(0);
        let named = [
            ("failed", "failures"),
            ("ignored", "ignored"),
            ("rescued", "rescued"),
            (UNREACHABLE, UNREACHABLE),
        ];
        let counts = named.map(|(ours, theirs)| (ours.to_owned(), count(theirs)));
        let counts = counts.into_iter().filter(|(_, count)| *count > 0).collect();
        played.counts.insert(host.clone(), counts);
    }
    Ok(played)
}

fn ansible_status(result: &Value) -> &'static str {
    let is = |field: &str| result.get(field) == Some(&Value::Bool(true));
    match (is("unreachable"), is("failed"), is("skipped"), is("changed")) {
        (true, _, _, _) => UNREACHABLE,
        (_, true, _, _) => FAILED,
        (_, _, true, _) => "skipped",
        (_, _, _, true) => "changed",
        (false, false, false, false) => "ok",
    }
}

fn hep(stdout: &str, stderr: &str, code: Option<i32>, mode: Mode) -> Result<Played> {
    let mut played = Played::default();
    let mut has_ended = false;
    for text in stdout.lines() {
        let event: Value =
            serde_json::from_str(text).doing(|| format!("read hep's line {text}"))?;
        let host = text_of(&event, "host").to_owned();
        match text_of(&event, "event") {
            "task" => {
                let name = text_of(&event, "task");
                let module = text_of(&event, "module");
                let status = hep_status(&event, module, mode);
                if status == FAILED || !is_uncounted(module, name) {
                    let items =
                        list(&event, "items").iter().map(|item| hep_status(item, module, mode));
                    let line = line(name, status, items);
                    played.tasks.entry(host).or_default().push(line);
                }
            }
            "host" => {
                let count = |name: &str| event.get(name).and_then(Value::as_u64).unwrap_or(0);
                let counts =
                    ["failed", "ignored", "rescued"].map(|name| (name.to_owned(), count(name)));
                let is_unreachable = text_of(&event, "status") == UNREACHABLE;
                let unreachable = (UNREACHABLE.to_owned(), u64::from(is_unreachable));
                let counts = counts.into_iter().chain([unreachable]);
                let counts = counts.filter(|(_, count)| *count > 0).collect();
                played.counts.insert(host, counts);
            }
            "run" => has_ended = true,
            _ => {}
        }
    }
    if !has_ended {
        let words: Vec<&str> =
            stderr.lines().filter(|line| !line.trim().is_empty()).take(8).collect();
        played.refused = Some(format!("exit code {code:?}: {}", words.join(" / ")));
    }
    Ok(played)
}

fn hep_status(event: &Value, module: &str, mode: Mode) -> &'static str {
    let depends = |line: &Value| line.as_str().is_some_and(|line| line.contains("depends on"));
    match text_of(event, "status") {
        "ok" if module == "command" && mode == Mode::Check => QUIET,
        "ok" => "ok",
        "changed" => "changed",
        "skipped" => "skipped",
        "pending" if list(event, "changes").iter().any(depends) => UNCERTAIN,
        "pending" if list(event, "notes").iter().any(depends) => UNCERTAIN,
        "pending" if module == "command" => COMMAND,
        "pending" => "changed",
        "failed" | "ignored" | "rescued" => FAILED,
        _ => "unknown",
    }
}

fn line<'a>(name: &str, status: &str, items: impl Iterator<Item = &'a str>) -> String {
    let items: Vec<&str> = items.collect();
    if items.is_empty() {
        format!("{name}: {status}")
    } else {
        format!("{name}: {status} [{}]", items.join(", "))
    }
}

fn is_uncounted(action: &str, name: &str) -> bool {
    let action = action.rsplit('.').next().unwrap_or(action);
    UNCOUNTED.contains(&action)
        || name == "Gathering Facts"
        || name.contains("Validating arguments against arg spec")
}

fn text_of<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_reports_say_the_same() {
        let theirs = r#"{"plays": [{"tasks": [
            {"task": {"name": "Gathering Facts"}, "hosts": {"web": {"action": "gather_facts"}}},
            {"task": {"name": "a"}, "hosts": {"web": {"action": "copy", "changed": true}}},
            {"task": {"name": "b"}, "hosts": {"web": {"action": "command", "changed": true, "failed": true,
                "results": [{"changed": true}, {"failed": true}, {"skipped": true}]}}}]}],
            "stats": {"web": {"failures": 0, "ignored": 1, "rescued": 0, "ok": 2}}}"#;
        let ours = r#"{"event":"task","host":"web","task":"a","module":"file","status":"changed"}
{"event":"task","host":"web","task":"b","module":"command","status":"ignored","items":[{"status":"changed"},{"status":"ignored"},{"status":"skipped"}]}
{"event":"host","host":"web","ok":0,"changed":1,"failed":0,"ignored":1,"rescued":0}
{"event":"run","status":"converged"}"#;
        let theirs = ansible(theirs, "").unwrap();
        assert_eq!(theirs.tasks["web"], ["a: changed", "b: failed [changed, failed, skipped]"]);
        assert_eq!(theirs, hep(ours, "", Some(0), Mode::Push).unwrap());
    }

    #[test]
    fn a_run_that_does_not_end_was_refused() {
        let played = hep("", "error: no such module\n", Some(2), Mode::Push).unwrap();
        assert_eq!(played.refused.as_deref(), Some("exit code Some(2): error: no such module"));
    }
}
