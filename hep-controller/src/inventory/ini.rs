//! From the lines of a hosts file to a draft.

use super::address;
use super::connection::{self, Key, SHORT, Short};
use super::draft::{Draft, Tier, UNGROUPED};
use super::line::{self, Unclosed, Word};
use super::{Place, Text, literal, range};
use crate::source::{Source, Span};
use crate::yaml::shorten;
use hep_protocol::dialect::Dialect;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// Reads a hosts file's text into a draft.
pub(super) fn read(source: &Arc<Source>, draft: &mut Draft) {
    let section = Section::Hosts(UNGROUPED);
    let text = &Text::of(source);
    let mut reading = Reading { text, draft, section };
    let mut at = 0;
    for line in source.text.split_inclusive('\n') {
        reading.line(line, at);
        at += line.len();
    }
}

/// What the lines under a header are.
#[derive(Clone, Copy)]
enum Section {
    Hosts(usize),
    Vars(usize),
    Children(usize),
    /// Its header is not understood.
    Skipped,
}

struct Reading<'a> {
    text: &'a Arc<Text>,
    draft: &'a mut Draft,
    section: Section,
}

impl Reading<'_> {
    fn place(&self, span: Span) -> Place {
        Place::new(self.text, span)
    }

    fn problem(&mut self, span: Span, message: impl Into<String>, hint: impl Into<String>) {
        let problem = self.place(span).diagnostic(message, hint);
        self.draft.problems.push(problem);
    }

    fn line(&mut self, line: &str, at: usize) {
        let text = line.trim();
        let start = at + (line.len() - line.trim_start().len());
        let span = Span::new(start, start + text.len());
        if text.is_empty() || text.starts_with(['#', ';']) {
            return;
        }
        if text.starts_with('[') && self.header(text, span) {
            return;
        }
        match self.section {
            Section::Hosts(group) => self.host_line(line, at, group),
            Section::Vars(group) => self.variable(text, span, group),
            Section::Children(group) => self.child(text, span, group),
            Section::Skipped => {}
        }
    }

    /// Reads `[group]`, `[group:vars]` or `[group:children]`. Says whether the line is a header, a wrong one included.
    fn header(&mut self, text: &str, span: Span) -> bool {
        let word = text.split(|c: char| c.is_whitespace() || c == '#').next().unwrap_or_default();
        // `[::1]` and `[::1]:22` are hosts.
        if address::parse(word).is_ok() {
            return false;
        }
        let closed = text.split_once(']');
        let Some((inner, rest)) = closed.and_then(|(head, rest)| Some((head.get(1..)?, rest)))
        else {
            self.no_header(span);
            return true;
        };
        if !rest.trim().is_empty() && !rest.trim_start().starts_with('#') {
            // A range may begin a name: `[1:3].example.org`.
            let range = range::expand(word).is_ok();
            if !range {
                self.no_header(span);
            }
            return !range;
        }
        let (name, part) =
            inner.split_once(':').map_or((inner, "hosts"), |(name, part)| (name, part));
        if name.is_empty() || name.contains(char::is_whitespace) {
            self.no_header(span);
            return true;
        }
        let place = self.place(Span::new(span.start + 1, span.start + 1 + name.len()));
        self.section = match part {
            "hosts" => Section::Hosts(self.draft.declared(name)),
            "children" => Section::Children(self.draft.declared(name)),
            "vars" => Section::Vars(self.draft.mentioned(name, &place, "these variables")),
            _ => {
                let message = format!("there are no sections of the kind `{}`", shorten(part));
                let from = place.span.end + 1;
                let hint = "write `[group]`, `[group:vars]` or `[group:children]`";
                self.problem(Span::new(from, from + part.len()), message, hint);
                Section::Skipped
            }
        };
        true
    }

    fn no_header(&mut self, span: Span) {
        self.section = Section::Skipped;
        self.problem(
            span,
            "this is not a group",
            "write `[group]` on a line of its own, without spaces",
        );
    }

    /// A line of `[group:vars]`: everything after the first `=` is the value.
    fn variable(&mut self, text: &str, span: Span, group: usize) {
        let Some((name, value)) = text.split_once('=') else {
            let message = format!("`{}` is not a `name=value`", shorten(text));
            self.problem(span, message, "write a variable on each line, as `http_port=8080`");
            return;
        };
        let trimmed = value.trim_start();
        let place = self.place(Span::new(span.end - trimmed.len(), span.end));
        let name = name.trim();
        if name.is_empty() {
            self.problem(span, "this variable has no name", "write it as `http_port=8080`");
        } else {
            let key = self.place(Span::new(span.start, span.start + name.len()));
            self.draft.check_name(name, &key);
            self.draft.group_var(group, Tier::Inline, name, self.typed(name, trimmed), &place);
        }
    }

    /// A value with its type. A password that looks like a number stays as it was typed.
    fn typed(&self, name: &str, text: &str) -> Value {
        let value = literal::value(text);
        let own = self.draft.dialect == Dialect::Hep;
        let mangled = own && value.is_number() && connection::is_secret(name);
        if mangled { Value::String(text.to_owned()) } else { value }
    }

    fn child(&mut self, text: &str, span: Span, group: usize) {
        let name = text.split(|c: char| c.is_whitespace() || c == '#').next().unwrap_or_default();
        let rest = text.get(name.len()..).unwrap_or_default().trim_start();
        let place = self.place(Span::new(span.start, span.start + name.len()));
        if name.contains([':', ']', '=']) || !(rest.is_empty() || rest.starts_with('#')) {
            let message = format!("`{}` is not a group name", shorten(text));
            self.problem(span, message, "write one group a line, without settings");
            return;
        }
        let child = self.draft.mentioned(name, &place, "this section");
        self.draft.nest(group, child, &place);
    }

    fn host_line(&mut self, line: &str, at: usize, group: usize) {
        let words = match line::words(line, at, self.draft.dialect) {
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
        if name.value.is_some() {
            let hint = format!("write the host first: `web1 {}=...`", name.key);
            self.problem(name.key_span, "a line begins with the name of a host", hint);
            return;
        }
        let named = match Named::read(&name.key) {
            Ok(named) => named,
            Err(why) => {
                self.problem(name.span, why.message, why.hint);
                return;
            }
        };
        let place = self.place(name.span);
        let hosts: Vec<usize> = named
            .names
            .iter()
            .map(|host| self.draft.host(host, named.port, &place, group))
            .collect();
        let mut given: HashMap<&str, Span> = HashMap::new();
        given.extend(named.user.then_some(("user", name.span)));
        given.extend(named.port.is_some().then_some(("port", name.span)));
        settings.iter().for_each(|word| self.setting(word, &mut given, &hosts));
    }

    fn setting<'w>(&mut self, word: &'w Word, given: &mut HashMap<&'w str, Span>, hosts: &[usize]) {
        let Some((value, place)) = &word.value else {
            let hint = "write one host a line; settings such as `port=2222` follow the name";
            self.problem(word.span, format!("`{}` is not a `key=value`", word.key), hint);
            return;
        };
        let short = SHORT.iter().filter(|_| self.draft.dialect == Dialect::Hep);
        let own = short.clone().find(|(short, _)| *short == word.key);
        let unknown = own.is_none() && short.count() > 0;
        if let Some(meant) = connection::misspelt_short(&word.key, value).filter(|_| unknown) {
            let problem = connection::slip(&word.key, meant, &self.place(word.key_span));
            self.draft.problems.push(problem);
            return;
        }
        let first = given.get(word.key.as_str());
        if let Some(first) = first.filter(|_| self.draft.dialect == Dialect::Hep) {
            let problem =
                self.place(word.span).diagnostic("this is given twice", "keep one of them");
            self.draft.problems.push(problem.label("and again here").also(*first, "first here"));
            return;
        }
        given.insert(&word.key, word.span);
        self.draft.check_name(&word.key, &self.place(word.key_span));
        // Without a value there is no place to point to but the word.
        let at = self.place(if value.is_empty() { word.span } else { *place });
        for host in hosts {
            if let Some((name, key)) = own {
                let short = Short { key: *key, name, text: value.clone(), place: at.clone() };
                self.draft.short(*host, short);
            }
            // A password is nobody's variable, and `host` is the inventory's name to every expression.
            let hidden = own.is_some_and(|(_, key)| {
                matches!(key, Key::Password | Key::BecomePassword | Key::Host)
            });
            if !hidden {
                self.draft.host_var(
                    *host,
                    Tier::Inline,
                    &word.key,
                    self.typed(&word.key, value),
                    &at,
                );
            }
        }
    }
}

/// What the first word of a line names.
pub(super) struct Named {
    pub(super) names: Vec<String>,
    /// The port after it. In `root@web1:22` it belongs to the name.
    pub(super) port: Option<u16>,
    /// Whether it says a user.
    user: bool,
}

impl Named {
    pub(super) fn read(word: &str) -> Result<Named, range::NoRange> {
        if word.contains('@') {
            let whole = || Ok(vec![word.to_owned()]);
            let names = address::parse(word).map_or_else(|_| range::expand(word), |_| whole())?;
            return Ok(Named { names, port: None, user: true });
        }
        let parsed = address::parse(word).ok();
        if let Some(found) = parsed {
            return Ok(Named { names: vec![found.host], port: found.port, user: false });
        }
        // A `:` in brackets belongs to a range.
        let behind = word.rsplit_once(':').filter(|(_, tail)| !tail.contains(']'));
        let port = behind.and_then(|(head, tail)| Some((head, address::port(tail)?)));
        let (head, port) = port.map_or((word, None), |(head, port)| (head, Some(port)));
        Ok(Named { names: range::expand(head)?, port, user: false })
    }
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

#[cfg(test)]
mod tests;
