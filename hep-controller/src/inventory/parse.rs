//! From the lines of a hosts file to hosts.

use super::address::{self, Address};
use super::line::{self, Unclosed, Word};
use super::{Host, Inventory, Surroundings};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::remote::Secret;
use crate::source::{Source, Span};
use crate::words::{all_of, nearest};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a key of a line says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Key {
    Host,
    Port,
    User,
    Password,
    Identity,
}

/// hep's spellings first, then Ansible's.
const KEYS: [(&str, Key); 13] = [
    ("host", Key::Host),
    ("port", Key::Port),
    ("user", Key::User),
    ("password", Key::Password),
    ("private_key", Key::Identity),
    ("ansible_host", Key::Host),
    ("ansible_port", Key::Port),
    ("ansible_user", Key::User),
    ("ansible_password", Key::Password),
    ("ansible_ssh_pass", Key::Password),
    ("ansible_ssh_private_key_file", Key::Identity),
    ("ansible_private_key_file", Key::Identity),
    ("ansible_ssh_user", Key::User),
];

/// Variables of Ansible's that hep does without.
const FOREIGN: [(&str, &str); 4] = [
    ("ansible_python_interpreter", "remove it: hep needs no Python on the host"),
    ("ansible_become", "remove it: hep does everything as the user it logs in as"),
    ("ansible_become_password", "remove it: hep does everything as the user it logs in as"),
    ("ansible_connection", "for this machine use `hep apply MANIFEST`"),
];

pub(super) fn parse(source: &Arc<Source>, around: &Surroundings) -> Result<Inventory, Diagnostics> {
    let mut reading = Reading {
        source,
        around,
        group: 0,
        skipping: false,
        hosts: Vec::new(),
        seen: HashMap::new(),
        problems: Diagnostics::default(),
    };
    if let Some(span) = yaml_inventory(&source.text) {
        let message = "this looks like a YAML inventory; hep reads one host a line";
        let hint = "write each host on a line, as `web1 host=192.0.2.7 port=2222`";
        return Err(Diagnostic::at(source, span, message).hint(hint).into());
    }
    let mut at = 0;
    for line in source.text.split_inclusive('\n') {
        reading.line(line, at);
        at += line.len();
    }
    let Reading { hosts, mut problems, .. } = reading;
    if hosts.is_empty() && problems.is_empty() {
        problems.push(
            Diagnostic::of_file(&source.path, "the hosts file names no host")
                .hint("write a name or an address on each line"),
        );
    }
    problems.unless(Inventory { hosts })
}

/// The first line of a YAML inventory: `---`, or a key above lines that are indented.
fn yaml_inventory(text: &str) -> Option<Span> {
    let mut at = 0;
    let mut lines = text.split_inclusive('\n').filter_map(|line| {
        let span = Span::new(at, at + line.trim_end().len());
        at += line.len();
        let said = !line.trim().is_empty() && !line.trim_start().starts_with('#');
        said.then(|| (line.trim_end(), span))
    });
    let (first, span) = lines.next()?;
    let mut indented = || lines.next().is_some_and(|(line, _)| line.starts_with([' ', '\t']));
    let key = first.ends_with(':') && !first.contains(char::is_whitespace);
    (first == "---" || key && indented()).then_some(span)
}

/// The `=` of a setting that has spaces around it.
fn loose_equals(words: &[Word]) -> Option<Span> {
    let alone = |word: &Word| word.key.is_empty() && word.value.is_some();
    let empty = |word: &Word| word.value.as_ref().is_some_and(|(_, at)| at.start == at.end);
    let before = words.windows(2).find_map(|pair| match pair {
        [one, next] if empty(one) && next.value.is_none() => Some(one.span),
        _ => None,
    });
    words.iter().find(|word| alone(word)).map(|word| word.span).or(before)
}

struct Reading<'a> {
    source: &'a Arc<Source>,
    around: &'a Surroundings,
    /// The number of the group the line is in.
    group: usize,
    /// Whether the lines are of a section that is not understood.
    skipping: bool,
    hosts: Vec<Host>,
    /// Where each name was written, and in which group.
    seen: HashMap<String, (Span, usize)>,
    problems: Diagnostics,
}

impl Reading<'_> {
    fn problem(&mut self, span: Span, message: impl Into<String>, hint: impl Into<String>) {
        self.problems.push(Diagnostic::at(self.source, span, message).hint(hint));
    }

    fn line(&mut self, line: &str, at: usize) {
        let words = match line::words(line, at) {
            Ok(words) => words,
            Err(Unclosed(span)) => {
                let hint = "close it at the end of the value, or put the value into the other kind of quotes";
                self.problem(span, "this quote is not closed", hint);
                return;
            }
        };
        if let Some(span) = loose_equals(&words) {
            let hint = "write it as in `web1 port=22`";
            self.problem(span, "a setting has no spaces around its `=`", hint);
            return;
        }
        let Some((name, settings)) = words.split_first() else { return };
        if name.key.starts_with('[') && address::parse(&name.key).is_err() {
            self.header(line.trim(), name, settings);
        } else if !self.skipping {
            self.host(name, settings);
        }
    }

    /// `[group]`: groups have no meaning yet, so that a file with them is a list of all its hosts.
    fn header(&mut self, line: &str, name: &Word, settings: &[Word]) {
        self.group += 1;
        self.skipping = false;
        let inner = name.key.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        match inner.and_then(|inner| inner.split_once(':')) {
            Some((_, "vars" | "children")) => {
                self.skipping = true;
                let message =
                    format!("this version of hep has no `{}`", crate::yaml::shorten(line));
                self.problem(name.span, message, "write the settings on the lines of the hosts");
            }
            Some(_) => {
                let hint = "write `[group]`, or an address as `[::1]:22`";
                self.problem(name.span, "this is neither a group nor an address", hint);
            }
            None => {
                let sound = |c: char| c.is_alphanumeric() || "_-.".contains(c);
                let fine = inner.is_some_and(|i| !i.is_empty() && i.chars().all(sound));
                if !fine || !settings.is_empty() {
                    let hint = "write `[group]` on a line of its own";
                    self.problem(name.span, "this is no group", hint);
                }
            }
        }
    }

    fn host(&mut self, name: &Word, settings: &[Word]) {
        let address = match (&name.value, address::parse(&name.key)) {
            (Some(_), _) => {
                let hint = format!("write the host first: `web1 {}=...`", name.key);
                self.problem(name.key_span, "a line begins with the name of a host", hint);
                return;
            }
            (None, Err(why)) => {
                self.problem(name.span, why.message, why.hint);
                return;
            }
            (None, Ok(address)) => address,
        };
        if let Some((first, group)) = self.seen.get(&name.key).copied() {
            self.again(name, settings, first, group);
            return;
        }
        self.seen.insert(name.key.clone(), (name.span, self.group));
        let Address { user, host, port } = address;
        let mut host = Host {
            name: name.key.clone(),
            address: host,
            port,
            user,
            password: None,
            private_key: None,
        };
        let mut given: Vec<(Key, Span)> = Vec::new();
        given.extend(host.user.is_some().then_some((Key::User, name.span)));
        given.extend(host.port.is_some().then_some((Key::Port, name.span)));
        settings.iter().for_each(|word| self.setting(word, &mut given, &mut host));
        self.hosts.push(host);
    }

    /// A host may be in several groups, but is described once.
    fn again(&mut self, name: &Word, settings: &[Word], first: Span, group: usize) {
        if group == self.group || !settings.is_empty() {
            let message = format!("the host `{}` is given twice", name.key);
            let diagnostic = Diagnostic::at(self.source, name.span, message)
                .label("and again here")
                .also(first, "first here")
                .hint("remove one of the lines");
            self.problems.push(diagnostic);
        }
    }

    fn setting(&mut self, word: &Word, given: &mut Vec<(Key, Span)>, host: &mut Host) {
        let Some((value, place)) = &word.value else {
            let hint = "write one host a line; behind its name come settings as `port=2222`";
            self.problem(word.span, format!("`{}` is no `key=value`", word.key), hint);
            return;
        };
        let Some((_, key)) = KEYS.iter().find(|(name, _)| *name == word.key).copied() else {
            let hint = unknown_key_hint(&word.key);
            self.problem(word.key_span, format!("unknown key `{}`", word.key), hint);
            return;
        };
        if let Some((_, first)) = given.iter().find(|(other, _)| *other == key) {
            let diagnostic = Diagnostic::at(self.source, word.span, "this is given twice")
                .label("and again here")
                .also(*first, "first here")
                .hint("keep one of them");
            self.problems.push(diagnostic);
            return;
        }
        given.push((key, word.span));
        self.set(key, value, *place, word, host);
    }

    fn set(&mut self, key: Key, value: &str, place: Span, word: &Word, host: &mut Host) {
        if value.is_empty() {
            let hint = format!("write `{}=value`, or remove it", word.key);
            self.problem(word.span, format!("`{}` has no value", word.key), hint);
            return;
        }
        match key {
            Key::Host => match address::parse(value) {
                Ok(Address { user: None, host: address, port: None }) => host.address = address,
                Ok(_) => {
                    let hint = "give user and port as `user=` and `port=`";
                    self.problem(place, format!("`{}` is more than an address", word.key), hint);
                }
                Err(why) => self.problem(place, why.message, why.hint),
            },
            Key::Port => match address::port(value) {
                Some(port) => host.port = Some(port),
                None => self.problem(
                    place,
                    format!("`{}` is no port", crate::yaml::shorten(value)),
                    "write a number from 1 to 65535",
                ),
            },
            Key::User => host.user = Some(value.to_owned()),
            Key::Password => host.password = Some(Secret::new(value)),
            Key::Identity => self.private_key(value, place, host),
        }
    }

    fn private_key(&mut self, value: &str, place: Span, host: &mut Host) {
        match key_path(value, &self.source.path, self.around) {
            Ok(path) => host.private_key = Some(path),
            Err(tried) => {
                let tried: Vec<String> = tried.iter().map(|p| p.display().to_string()).collect();
                let tried: Vec<&str> = tried.iter().map(String::as_str).collect();
                let message =
                    format!("there is no private key at {}", crate::words::alternatives(&tried));
                let hint = "a relative path is sought beside the hosts file, then in the working directory";
                self.problem(place, message, hint);
            }
        }
    }
}

fn unknown_key_hint(key: &str) -> String {
    if let Some((_, hint)) = FOREIGN.iter().find(|(name, _)| *name == key) {
        return (*hint).to_owned();
    }
    let ours: Vec<&str> = KEYS.iter().take(5).map(|(name, _)| *name).collect();
    let list = format!("the keys are {}", all_of(&ours));
    match nearest(key, KEYS.iter().map(|(name, _)| *name)) {
        Some(name) => format!("did you mean `{name}`? {list}"),
        None => list,
    }
}

/// The file a text means; what was tried when there is none.
fn key_path(
    value: &str,
    hosts_file: &Path,
    around: &Surroundings,
) -> Result<PathBuf, Vec<PathBuf>> {
    let home = around.home.as_deref();
    let expanded = match (value.strip_prefix("~/"), home) {
        (Some(below), Some(home)) => home.join(below),
        (Some(_) | None, _) => PathBuf::from(value),
    };
    let beside = hosts_file.parent().unwrap_or(Path::new(""));
    let mut tried = vec![
        around.working_directory.join(beside).join(&expanded),
        around.working_directory.join(&expanded),
    ];
    tried.dedup();
    tried.iter().find(|path| path.is_file()).cloned().ok_or(tried)
}

#[cfg(test)]
mod tests;
