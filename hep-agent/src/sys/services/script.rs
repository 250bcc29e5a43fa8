//! What the text of a script in `/etc/init.d` tells without running it. Reads nothing itself.

use super::Reload;
use crate::sys::SysError;
use std::collections::BTreeMap;

/// Whether a script acts on an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Knows {
    /// It names the argument.
    Yes,
    /// It names others and not this one.
    No,
    /// It names none: it hands its arguments on to something else.
    Unclear,
}

/// A script's text.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    text: String,
}

impl Script {
    /// The text as it is in the file.
    pub(crate) fn new(text: String) -> Self {
        Self { text }
    }

    /// Whether it acts on an argument: by a branch of a `case`, or by a comparison with it.
    pub(crate) fn knows(&self, argument: &str) -> Knows {
        // init-d-script(5) runs such a script: the script itself only says what is special about it.
        if self.text.lines().next().is_some_and(|line| line.contains("init-d-script")) {
            return match argument {
                "start" | "stop" | "restart" | "status" | "force-reload" => Knows::Yes,
                _ => Knows::Unclear,
            };
        }
        if self.names(argument) {
            Knows::Yes
        } else if self.names("start") {
            Knows::No
        } else {
            Knows::Unclear
        }
    }

    /// Whether it may be able to reload.
    pub(crate) fn reload(&self) -> Reload {
        match self.knows("reload") {
            Knows::No => Reload::Impossible,
            Knows::Yes | Knows::Unclear => Reload::Possible,
        }
    }

    fn names(&self, argument: &str) -> bool {
        let lines = self.text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
        lines.flat_map(|line| line.split(";;")).any(|part| {
            let branch = part.rsplit_once(" in ").map_or(part, |(_, branch)| branch);
            let patterns = branch.split_once(')').map_or("", |(patterns, _)| patterns);
            let in_case = patterns.split('|').any(|pattern| bare(pattern) == argument);
            in_case || compares(part, argument)
        })
    }

    /// The pid file that it names itself: in a comment `# pidfile: PATH`, or by a variable.
    pub(crate) fn pid_file(&self) -> Option<String> {
        let header = self.text.lines().find_map(|line| {
            let (key, value) = line.trim_start_matches('#').split_once(':')?;
            let named = line.starts_with('#') && key.trim().eq_ignore_ascii_case("pidfile");
            named.then(|| value.trim().to_owned())
        });
        let variables = self.variables();
        let names = ["PIDFILE", "PID_FILE", "pidfile", "pid_file", "PID"];
        let variable = names.iter().find_map(|name| variables.get(*name).cloned());
        let path = header.or(variable).or_else(|| self.only_pid_path())?;
        path.starts_with('/').then_some(path)
    }

    /// The one path that it gives as a pid file to a program, or writes a number to. That it removes one proves nothing.
    fn only_pid_path(&self) -> Option<String> {
        let lines = self.text.lines().filter(|line| !line.trim_start().starts_with('#'));
        let mut paths: Vec<String> = lines.flat_map(pid_paths).collect();
        paths.sort_unstable();
        paths.dedup();
        match paths.as_slice() {
            [path] => Some(path.clone()),
            _ => None,
        }
    }

    /// The name of the program that it says it starts, without directories.
    pub(crate) fn daemon(&self) -> Option<String> {
        let path = self.variables().remove("DAEMON")?;
        let name = path.rsplit('/').next().unwrap_or_default().trim();
        (path.starts_with('/') && !name.is_empty()).then(|| name.to_owned())
    }

    /// The variables that are set to what can be known by reading: texts, and other such variables.
    fn variables(&self) -> BTreeMap<String, String> {
        let mut variables = BTreeMap::new();
        for line in self.text.lines() {
            let line = line.trim();
            let Some((name, value)) = line.strip_prefix("export ").unwrap_or(line).split_once('=')
            else {
                continue;
            };
            let is_name =
                !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if is_name && let Some(value) = expanded(word(value), &variables) {
                variables.entry(name.to_owned()).or_insert(value);
            }
        }
        variables
    }
}

/// The paths of a line that are pid files by what stands before them: `-p PATH`, `--pidfile=PATH`, `> PATH`.
fn pid_paths(line: &str) -> Vec<String> {
    let spaced = line.replace('>', " > ").replace(['=', ';', ')', '"', '\''], " ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let pairs = words.windows(2).filter_map(|pair| match pair {
        ["-p" | "-P" | "--pidfile" | "--pid-file" | "--pid" | ">", path] => Some(*path),
        _ => None,
    });
    pairs
        .filter(|path| path.starts_with('/') && path.ends_with(".pid") && !path.contains('$'))
        .map(str::to_owned)
        .collect()
}

/// What keeps a script from being a service.
pub(crate) fn not_executable(path: &str) -> SysError {
    SysError::new(format!("the script {path} is not executable"))
        .hint(format!("`chmod 755 {path}`, or a `file` task with `mode: 0755`"))
}

/// A pattern of a `case` without quotes, spaces and the parenthesis that may open it.
fn bare(pattern: &str) -> &str {
    pattern.trim().trim_start_matches('(').trim().trim_matches(['"', '\''])
}

/// Whether a line compares something with the argument: `[ "$1" = status ]`.
fn compares(line: &str, argument: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    words.windows(2).any(|pair| match pair {
        [operator, word] => {
            let word = word.trim_end_matches([';', ']', ')']).trim_matches(['"', '\'']);
            matches!(*operator, "=" | "==") && word == argument
        }
        _ => false,
    })
}

/// The first word of an assigned value: up to the closing quote, or to the first space.
fn word(value: &str) -> &str {
    match value.chars().next() {
        Some(quote @ ('"' | '\'')) => value.split(quote).nth(1).unwrap_or_default(),
        Some(_) | None => value.split([' ', '\t', ';', '#']).next().unwrap_or_default(),
    }
}

/// A value with `$NAME` and `${NAME}` put in; `None` if it takes a shell to know it.
fn expanded(value: &str, variables: &BTreeMap<String, String>) -> Option<String> {
    let mut parts = value.split('$');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = match part.strip_prefix('{') {
            Some(inner) => inner.split_once('}')?,
            None => {
                let end = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                part.split_at(end.unwrap_or(part.len()))
            }
        };
        text.push_str(variables.get(name)?);
        text.push_str(rest);
    }
    (!text.contains('`')).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(text: &str) -> Script {
        Script::new(text.to_owned())
    }

    #[test]
    fn branches_and_comparisons_are_found() {
        let check = |text: &str, expected: Knows| {
            assert_eq!(script(text).knows("status"), expected, "{text}");
        };
        check("case \"$1\" in\n start)\n ;;\n status)\n ;;\nesac", Knows::Yes);
        check("case \"$1\" in\n start|\"status\")\n;;\nesac", Knows::Yes);
        check("case $1 in (start) a;; (status) b;; esac", Knows::Yes);
        check("case $1 in start) a;; status) b;; esac", Knows::Yes);
        check(
            "if [ \"$1\" = \"start\" ]; then a; elif [ \"$1\" = status ]; then b; fi",
            Knows::Yes,
        );
        check(
            "case \"$1\" in\n start)\n ;;\n # status)\n *) echo 'Usage: x {start|stop}'\nesac",
            Knows::No,
        );
        check("if [ \"$1\" = \"start\" ]; then a; fi", Knows::No);
        check("case \"$1\" in\n start) echo \"check status (later)\" ;;\nesac", Knows::No);
        check("exec /opt/app/bin/app \"$@\"", Knows::Unclear);
        check("#!/usr/bin/env /lib/init/init-d-script\nNAME=x\n", Knows::Yes);
    }

    #[test]
    fn pid_files_are_read_out_of_the_text() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(script(text).pid_file().as_deref(), expected, "{text}");
        };
        check("NAME=foo\nPIDFILE=/var/run/$NAME.pid # its file\n", Some("/var/run/foo.pid"));
        check("  export PIDFILE=\"/run/a b.pid\"", Some("/run/a b.pid"));
        check("D=/run/x\nPID_FILE='${D}/y.pid'", Some("/run/x/y.pid"));
        check("# processname: x\n# pidfile: /run/x.pid\nPIDFILE=/run/y.pid", Some("/run/x.pid"));
        check("PIDFILE=`conf pidfile`", None);
        check("PIDFILE=${RUN:-/run}/x.pid", None);
        check("echo PIDFILE=/x", None);
        check("start) x -p /run/y.pid;; stop) rm -f /run/y.pid;;", Some("/run/y.pid"));
        check("start) x --pidfile=/run/y.pid;; stop) rm -f /run/z.pid;;", Some("/run/y.pid"));
        check("start) x & echo $! >/run/y.pid;;", Some("/run/y.pid"));
        check("start) x -p /run/y.pid\nstart) z -p /run/z.pid", None);
        check("start) x;; stop) rm -f /run/y.pid;;", None);
        check("PID=$(cat /run/x)", None);
    }

    #[test]
    fn daemons_are_known_by_their_name() {
        assert_eq!(script("DAEMON=/usr/sbin/foo").daemon().as_deref(), Some("foo"));
        assert_eq!(script("DAEMON=$(which foo)").daemon(), None);
    }
}
