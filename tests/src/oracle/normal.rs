//! What does not count in a comparison: values that differ from run to run, and the places of this machine.

use serde_json::{Map, Value};

/// Paths that are not compared, each with its reason. A `*` stands for any text; what ends in `/` stands for all below it too, and
/// so does a name after `*/`.
pub const IGNORED: &[(&str, &str)] = &[
    ("*/.ansible", "where Ansible puts its modules"),
    ("*/__pycache__", "what Python compiles of them"),
    ("/var/log/", "what programs log, with times"),
    ("/var/cache/", "caches of apt, debconf and ldconfig"),
    ("/var/lib/apt/", "apt's lists and times"),
    ("/var/lib/dpkg/", "dpkg's database: packages are compared by name and state"),
    ("/var/lib/systemd/", "random seeds, time stamps of timers"),
    ("/etc/passwd", "compared account by account"),
    ("/etc/shadow", "compared account by account, without the day of the change"),
    ("/etc/group", "compared group by group"),
    ("/etc/gshadow", "compared group by group"),
    ("/etc/sub*", "ranges of users and groups that depend on former accounts"),
    ("*-", "what the tools of accounts keep of the former file"),
    ("/etc/.pwd.lock", "the lock of accounts"),
    (
        "/usr/lib/locale/locale-archive",
        "an archive whose order varies: `locale -a` tells its content",
    ),
    ("/etc/ld.so.cache", "the linker's index of all libraries"),
    ("/root/.ssh/known_hosts", "what a login leaves"),
    ("/tmp/ansible_*", "directories that Ansible leaves where a task was stopped"),
    ("/tmp/systemd-private*", "directories of services, with random names"),
    ("/var/tmp/systemd-private*", "the same"),
];

/// Fields of results that differ from run to run.
const VOLATILE: &[&str] = &[
    "start",
    "end",
    "delta",
    "invocation",
    "diff",
    "warnings",
    "deprecations",
    "exception",
    "inode",
    "dev",
    "atime",
    "mtime",
    "ctime",
    "ansible_job_id",
    "results_file",
    "module_stdout",
    "module_stderr",
    "_ansible_no_log",
    "_ansible_verbose_always",
    "cache_update_time",
    "failed_when_suppressed_exception",
];

/// Whether a path is left out.
pub fn is_ignored(path: &str) -> bool {
    IGNORED.iter().any(|(pattern, _)| {
        match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
            (Some(end), _) => {
                let below = format!("{end}/");
                path.ends_with(end) || (end.starts_with('/') && path.contains(&below))
            }
            (None, Some(start)) => path.starts_with(start),
            (None, None) if pattern.ends_with('/') => {
                path.starts_with(pattern) || path == pattern.trim_end_matches('/')
            }
            (None, None) => path == *pattern,
        }
    })
}

/// The places of this machine, and what stands for them.
#[derive(Debug, Clone, Default)]
pub struct Places(pub Vec<(String, &'static str)>);

impl Places {
    /// The text without them.
    pub fn hide(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (place, word)| text.replace(place, word))
    }
}

/// A path without the process number and time that a backup's name has; hep's has the time, and a number where there is such a file.
pub fn path(path: &str) -> String {
    let is_time = |word: &str| {
        let parts: Vec<&str> = word.split('-').collect();
        let is_number = |part: &&str| part.chars().all(|c| c.is_ascii_digit());
        let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
        parts.iter().all(is_number) && matches!(lengths.as_slice(), [8, 6] | [8, 6, 1..=3])
    };
    let stamped = path.strip_suffix('~').and_then(|path| path.rsplit_once('.'));
    if let Some((name, _)) = stamped.filter(|(_, time)| is_time(time)) {
        return format!("{name}.BACKUP~");
    }
    let stamped = path.strip_suffix('~').and_then(|path| path.rsplit_once('@'));
    let Some((before, _)) = stamped else { return path.to_owned() };
    let name: Vec<&str> = before.rsplitn(3, '.').collect();
    match name.as_slice() {
        [_, number, name] if number.chars().all(|c| c.is_ascii_digit()) => {
            format!("{name}.BACKUP~")
        }
        _ => path.to_owned(),
    }
}

/// A result without what differs from run to run, and without the words of a failure.
pub fn value(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(object(fields)),
        Value::Array(values) => Value::Array(values.into_iter().map(self::value).collect()),
        Value::String(text) => Value::String(path(&text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

fn object(fields: Map<String, Value>) -> Map<String, Value> {
    let has_failed = fields.get("failed") == Some(&Value::Bool(true));
    let is_stat = fields.contains_key("inode");
    let is_apt = fields.contains_key("cache_updated");
    let left = fields.into_iter().filter(|(name, value)| {
        let name = name.as_str();
        let is_temporary = value.as_str().is_some_and(|text| text.contains("/.ansible/tmp/"));
        let is_words = has_failed && ["msg", "reason", "cmd"].contains(&name);
        let is_output = is_apt && (name.starts_with("stdout") || name.starts_with("stderr"));
        let is_generation = is_stat && name == "version";
        !(VOLATILE.contains(&name) || is_temporary || is_words || is_output || is_generation)
    });
    let mut fields: Vec<(String, Value)> = left.map(|(name, field)| (name, value(field))).collect();
    fields.sort_by(|one, other| one.0.cmp(&other.0));
    fields.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_are_left_out_by_beginning_end_or_name() {
        let check = |path: &str, expected: bool| assert_eq!(is_ignored(path), expected, "{path}");
        check("/etc/passwd", true);
        check("/etc/passwd-", true);
        check("/etc/passwd.d", false);
        check("/var/log", true);
        check("/var/log/apt/term.log", true);
        check("/var/logs", false);
        check("/tmp/systemd-private-1-a.service-x", true);
        check("/usr/lib/python3/__pycache__", true);
    }

    #[test]
    fn at_most_twenty_paths_are_left_out() {
        assert!(IGNORED.len() <= 20);
        assert!(IGNORED.iter().all(|(_, reason)| !reason.is_empty()));
    }

    #[test]
    fn a_backup_has_no_time_in_its_name() {
        assert_eq!(path("/opt/a.conf.123.2026-01-02@03:04:05~"), "/opt/a.conf.BACKUP~");
        assert_eq!(path("/opt/a.conf.20260102-030405~"), "/opt/a.conf.BACKUP~");
        assert_eq!(path("/opt/a.conf.20260102-030405-1~"), "/opt/a.conf.BACKUP~");
        assert_eq!(path("/opt/a.conf~"), "/opt/a.conf~");
        assert_eq!(path("/opt/a@b~"), "/opt/a@b~");
    }

    #[test]
    fn a_failure_keeps_its_fields_but_not_its_words() {
        let result =
            json!({"failed": true, "msg": "no", "rc": 1, "start": "now", "item": {"msg": "x"}});
        assert_eq!(value(result), json!({"failed": true, "item": {"msg": "x"}, "rc": 1}));
        assert_eq!(
            value(json!({"failed": false, "msg": "done"})),
            json!({"failed": false, "msg": "done"})
        );
    }
}
