//! Lookups of Ansible's that this machine answers while a playbook is checked: files, the environment, listings; what a program
//! prints only where a run is certain to read it. Nothing is written but a new password, there too. What was answered travels with
//! the variables of the hosts that asked.
#![expect(clippy::result_large_err, reason = "a lookup that fails is the end of its task")]

mod files;
mod password;
mod tables;

use hep_protocol::expression::{CHANCE, Found, Lookup, MOMENT, Scope, Trouble, TroubleKind, ZONE};
use serde_json::{Map, Value};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

/// The most that a program may print, in bytes; what is read travels with the variables of hosts.
const MAX_PRINTED: u64 = 8 << 20;

/// What lookups were answered with, by [`Lookup::key`].
#[derive(Debug, Default)]
pub(super) struct Answers(Mutex<Map<String, Value>>);

impl Answers {
    /// All of them; from here on there are none.
    pub(super) fn take(&self) -> Map<String, Value> {
        // Nothing panics while it is held.
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn keep(&self, key: String, answer: &Result<Vec<Value>, Trouble>) {
        let value = match answer {
            Ok(found) => Value::from(found.clone()),
            Err(trouble) => Value::from(trouble.message.as_str()),
        };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // What was found stays, though a later reader may not look.
        if value.is_array() || !known.contains_key(&key) {
            known.insert(key, value);
        }
    }

    /// What was found before.
    fn found(&self, key: &str) -> Option<Vec<Value>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(key).and_then(Value::as_array).cloned()
    }
}

/// Answers what is looked up from within a task, or a play.
#[derive(Debug)]
pub(super) struct Looking {
    pub(super) answers: Arc<Answers>,
    /// Where relative names begin, in this order: the role's directory, the playbook's.
    pub(super) roots: Vec<PathBuf>,
    /// The directory there that a loop's `first_found` looks into: `files`, `templates`.
    pub(super) kind: &'static str,
    pub(super) programs: Programs,
}

/// Whether lookups may start programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Programs {
    /// This is certain to be read in a run.
    Start,
    /// A run may not come to this.
    Doubtful,
    /// Nothing is run: something is listed or explained.
    Leave,
}

impl Scope for Looking {
    fn get(&self, _: &str) -> Option<Found> {
        None
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    fn answer(&self, asked: &Lookup) -> Option<Result<Vec<Value>, Trouble>> {
        // Only a run has a moment.
        if [MOMENT, ZONE, CHANCE].contains(&asked.plugin.as_str()) {
            return Some(Err(Trouble::unknown("the moment of the run")));
        }
        let answer = self.find(asked)?;
        self.answers.keep(asked.key(), &answer);
        Some(answer)
    }
}

/// The calls of lookups in a text, as they are written.
pub(super) fn lookups_in(text: &str) -> Vec<&str> {
    let mut calls = Vec::new();
    for name in ["lookup(", "query(", "q("] {
        for (at, _) in text.match_indices(name) {
            let before = text.get(..at).and_then(|before| before.chars().next_back());
            let word = before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '.');
            calls.extend(call_at(text.get(at..).unwrap_or_default()).filter(|_| !word));
        }
    }
    calls
}

/// The same of all texts in a value.
pub(super) fn asked_in<'v>(value: &'v Value, calls: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => calls.extend(lookups_in(text)),
        Value::Array(items) => items.iter().for_each(|item| asked_in(item, calls)),
        Value::Object(map) => map.values().for_each(|item| asked_in(item, calls)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A call up to the parenthesis that ends it.
fn call_at(text: &str) -> Option<&str> {
    let (mut depth, mut quote) = (0_usize, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') if depth == 1 => return text.get(..=at),
            (None, ')') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
    }
    None
}

type Answer = Result<Vec<Value>, Trouble>;

fn wrong(message: impl Into<String>) -> Trouble {
    Trouble::new(TroubleKind::Other, message)
}

impl Looking {
    fn find(&self, asked: &Lookup) -> Option<Answer> {
        Some(match asked.plugin.as_str() {
            "file" => self.files(asked),
            "template" => self.templates(asked),
            "env" => Ok(environment(asked)),
            "fileglob" => self.listings(asked),
            "first_found" => self.first_found(asked, ""),
            "with_first_found" => self.first_found(asked, self.kind),
            "ini" => self.each(asked, |own, looking| tables::ini(&own, looking)),
            "csvfile" => self.each(asked, |own, looking| tables::csv(&own, looking)),
            "pipe" | "lines" => self.printed(asked),
            "password" => self.passwords(asked),
            plugin => return files::judged(plugin, &asked.terms),
        })
    }

    /// The answer of each term, with the options that stand in it.
    fn each(
        &self,
        asked: &Lookup,
        answer: impl Fn(Lookup, &Self) -> Result<Value, Trouble>,
    ) -> Answer {
        let own = |term: &Value| {
            let text = text_of(term);
            let words = text.split_whitespace();
            let (mut options, mut rest) = (asked.options.clone(), Vec::new());
            for word in words {
                match word.split_once('=') {
                    Some((name, value)) if !rest.is_empty() => {
                        options.insert(name.to_owned(), Value::from(value));
                    }
                    Some(_) | None => rest.push(word),
                }
            }
            Lookup {
                plugin: asked.plugin.clone(),
                terms: vec![Value::from(rest.join(" "))],
                options,
            }
        };
        asked.terms.iter().map(|term| answer(own(term), self)).collect()
    }

    /// The first file of a name, sought below directories of this kind first.
    fn sought(&self, kind: &str, name: &str) -> Result<PathBuf, Trouble> {
        let name = expanded(name);
        let kinds = if kind.is_empty() { vec![""] } else { vec![kind, ""] };
        let candidates =
            self.roots.iter().flat_map(|root| kinds.iter().map(|kind| root.join(kind)));
        let candidates: Vec<PathBuf> = candidates.map(|directory| directory.join(&name)).collect();
        match candidates.iter().find(|path| path.exists()) {
            Some(path) => Ok(tidied(path)),
            None => {
                let all: Vec<String> =
                    candidates.iter().map(|path| format!("`{}`", path.display())).collect();
                let what =
                    format!("there is no file `{}`: sought as {}", name.display(), all.join(", "));
                Err(wrong(what).hint("create it, or write its whole path"))
            }
        }
    }

    fn read(&self, kind: &str, name: &str) -> Result<String, Trouble> {
        let path = self.sought(kind, name)?;
        std::fs::read_to_string(&path).map_err(|error| {
            let why = crate::source::plain(&error);
            wrong(format!("cannot read `{}`: {why}", path.display()))
        })
    }

    fn files(&self, asked: &Lookup) -> Answer {
        let truth = |name: &str, default| asked.options.get(name).map_or(default, is_true);
        let (left, right) = (truth("lstrip", false), truth("rstrip", true));
        let read = |term: &Value| {
            let text = self.read("files", &text_of(term))?;
            let text = if right { text.trim_end() } else { &text };
            Ok(Value::from(if left { text.trim_start() } else { text }))
        };
        asked.terms.iter().map(read).collect()
    }

    /// What programs print: the text without blanks at its end, or its lines.
    fn printed(&self, asked: &Lookup) -> Answer {
        if let Some(found) = self.answers.found(&asked.key()) {
            return Ok(found);
        }
        let plugin = &asked.plugin;
        match self.programs {
            Programs::Start => {}
            Programs::Doubtful => {
                let what = format!(
                    "the lookup `{plugin}` starts a program here, and only a host knows whether it comes to this"
                );
                return Err(wrong(what)
                    .hint("set the value where every host comes to it, in a play's `vars`"));
            }
            Programs::Leave => return Err(Trouble::unknown(format!("what `{plugin}` prints"))),
        }
        let mut all = Vec::new();
        for term in &asked.terms {
            let command = text_of(term);
            let directory = self.roots.last().map_or(Path::new("."), |root| root);
            let text = program(plugin, &command, directory)?;
            if plugin == "pipe" {
                all.push(Value::from(text.trim_end()));
            } else {
                all.extend(text.lines().map(Value::from));
            }
        }
        Ok(all)
    }

    fn templates(&self, asked: &Lookup) -> Answer {
        let read = |term: &Value| self.read("templates", &text_of(term)).map(Value::from);
        asked.terms.iter().map(read).collect()
    }

    fn listings(&self, asked: &Lookup) -> Answer {
        let mut found = Vec::new();
        for term in &asked.terms {
            let pattern = expanded(&text_of(term));
            let directories = self.roots.iter().flat_map(|root| [root.join("files"), root.clone()]);
            let listed = directories.map(|directory| files::listed(&directory.join(&pattern)));
            found.extend(listed.into_iter().find(|paths| !paths.is_empty()).into_iter().flatten());
        }
        Ok(found.into_iter().map(Value::from).collect())
    }

    fn first_found(&self, asked: &Lookup, kind: &str) -> Answer {
        let mut skip = asked.options.get("skip").is_some_and(is_true);
        let mut names = Vec::new();
        let of_options = |options: &Map<String, Value>| {
            let files = options.get("files").map(split).unwrap_or_default();
            let paths = options.get("paths").map(split).unwrap_or_default();
            if paths.is_empty() {
                return files;
            }
            let joined = |path: &String| {
                files.iter().map(|file| format!("{path}/{file}")).collect::<Vec<_>>()
            };
            paths.iter().flat_map(joined).collect()
        };
        for term in &asked.terms {
            let terms = term.as_array().cloned().unwrap_or_else(|| vec![term.clone()]);
            for term in terms {
                match term.as_object() {
                    Some(options) => {
                        skip |= options.get("skip").is_some_and(is_true);
                        names.extend(of_options(options));
                    }
                    None => names.extend(split(&term)),
                }
            }
        }
        names.extend(of_options(&asked.options));
        match names.iter().find_map(|name| self.sought(kind, name).ok()) {
            Some(path) => Ok(vec![Value::from(path.display().to_string())]),
            None if skip => Ok(Vec::new()),
            None => {
                let what = format!("none of these files is there: {}", names.join(", "));
                Err(wrong(what).hint("create one of them, or give `skip=true`"))
            }
        }
    }
}

/// What a shell's command prints. It inherits standard error, and is killed once it prints too much.
fn program(plugin: &str, command: &str, directory: &Path) -> Result<String, Trouble> {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command).current_dir(directory);
    shell.stdin(Stdio::null()).stdout(Stdio::piped());
    let cannot = |error: std::io::Error| {
        wrong(format!("cannot run `/bin/sh -c '{command}'`: {}", crate::source::plain(&error)))
    };
    let mut child = shell.spawn().map_err(cannot)?;
    let mut bytes = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(MAX_PRINTED + 1).read_to_end(&mut bytes).map_err(cannot)?;
    }
    let failed = |why: &str| wrong(format!("the lookup `{plugin}` failed: `{command}`: {why}"));
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_PRINTED) {
        // It may have ended by itself; what matters is that nothing of it is left.
        let _ = child.kill();
        let _ = child.wait();
        return Err(failed("it prints more than 8 MiB").hint("print less: end it with `| head`"));
    }
    let status = child.wait().map_err(cannot)?;
    if !status.success() {
        let hint = "run it by hand in the playbook's directory";
        return Err(failed(&status.to_string()).hint(hint));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn environment(asked: &Lookup) -> Vec<Value> {
    let default = asked.options.get("default").cloned().unwrap_or_else(|| Value::from(""));
    let variable = |term: &Value| {
        let name = text_of(term);
        let name = name.split_whitespace().next().unwrap_or_default();
        std::env::var(name).map_or_else(|_| default.clone(), Value::from)
    };
    asked.terms.iter().map(variable).collect()
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn is_true(value: &Value) -> bool {
    hep_protocol::truth::truth_of_value(value).unwrap_or(false)
}

/// Names of files: a list, or a text with commas or semicolons.
fn split(value: &Value) -> Vec<String> {
    let words = |text: &str| -> Vec<String> {
        text.split([',', ';']).map(str::trim).filter(|w| !w.is_empty()).map(str::to_owned).collect()
    };
    match value.as_array() {
        Some(items) => items.iter().flat_map(|item| words(&text_of(item))).collect(),
        None => words(&text_of(value)),
    }
}

/// With the operator's directory for `~`.
fn expanded(name: &str) -> PathBuf {
    match (name.strip_prefix('~'), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => {
            Path::new(&home).join(rest.trim_start_matches('/'))
        }
        _ => PathBuf::from(name),
    }
}

/// Without `.` and `..`, as far as these can go without looking.
fn tidied(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                if !tidy.pop() {
                    tidy.push("..");
                }
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => tidy.push(part),
        }
    }
    tidy
}

#[cfg(test)]
mod tests;
