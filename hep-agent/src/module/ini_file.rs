//! The module `ini_file`: an option of a section has its values, or is not there. Which lines change, and how, is as in
//! Ansible.

use super::file::edit::{Edit, Edited, Target, missing};
use crate::sys::SysError;
use hep_protocol::task::ini_file::{ABOUT, Condition, IniFile};
use hep_protocol::task::{About, State};
use serde_json::json;

/// What `path` begins with that was written for Windows.
const MARK: char = '\u{feff}';

impl Edit for IniFile {
    const ABOUT: &'static About = &ABOUT;
    const TELLS_ATTRIBUTES: bool = false;

    fn target(&self) -> Target {
        let (path, attributes) = (self.path.clone(), self.attributes());
        Target { path, create: self.create, attributes }
    }

    fn edit(&self, old: Option<&str>) -> Result<Edited, SysError> {
        if old.is_none() && !self.create {
            return Err(missing(&self.path, "remove `create: false` to create it"));
        }
        let text = old.unwrap_or_default().trim_start_matches(MARK);
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let ini = Ini::of(self, &text).edited();
        let new = ini.is_changed.then(|| ini.lines.concat());
        Ok(Edited {
            text: new.or_else(|| old.map(str::to_owned)),
            message: ini.message.to_owned(),
            data: vec![("path", json!(self.path))],
            ..Edited::default()
        })
    }
}

/// A file that is being edited.
struct Ini<'p> {
    params: &'p IniFile,
    /// All lines of the file, each with its end.
    lines: Vec<String>,
    /// The lines of the section, with its name; none if it is not there.
    section: Option<Section>,
    /// What the option should be and is not yet.
    values: Vec<String>,
    is_changed: bool,
    message: &'static str,
}

/// A section of the file.
struct Section {
    /// How many lines stand before it.
    start: usize,
    /// How many of its lines name it: none before the first section.
    heads: usize,
    lines: Vec<String>,
    /// Which lines have been seen to.
    done: Vec<bool>,
}

impl<'p> Ini<'p> {
    fn of(params: &'p IniFile, text: &str) -> Self {
        let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
        if lines.is_empty() {
            lines.push("\n".to_owned());
        }
        let open = lines.last_mut().filter(|line| !line.ends_with('\n'));
        let is_changed = open.is_some();
        open.into_iter().for_each(|line| line.push('\n'));
        let mut values = Vec::new();
        for value in params.value.iter().chain(params.values.iter()) {
            if !values.contains(value) {
                values.push(value.clone());
            }
        }
        let section = find(params, &mut lines);
        Self { params, lines, section, values, is_changed, message: "OK" }
    }

    fn edited(mut self) -> Self {
        let section = self.section.take();
        match (section, self.params.state) {
            (Some(mut section), State::Present) => {
                if let Some(option) = &self.params.option {
                    self.present(option, &mut section);
                }
                self.put_back(section);
            }
            (Some(mut section), State::Absent) => {
                self.absent(&mut section);
                self.put_back(section);
            }
            (None, State::Present) => self.append(),
            (None, State::Absent) => {}
        }
        self
    }

    fn put_back(&mut self, section: Section) {
        self.lines.splice(section.start..section.start, section.lines);
    }

    /// The values get into the lines that have the option, first those that have them already, and new lines after them.
    fn present(&mut self, option: &str, section: &mut Section) {
        let IniFile { exclusive, allow_no_value, .. } = *self.params;
        let mut without_value = false;
        for at in 0..section.lines.len() {
            let Some(value) = self.value(option, section, at) else { continue };
            if let Some(wanted) = self.values.iter().position(|wanted| *wanted == value) {
                let bare = value.is_empty() && allow_no_value;
                without_value |= bare;
                let line = self.line(option, (!bare).then_some(&value));
                self.write(option, section, at, line);
                self.values.remove(wanted);
            } else if self.values.is_empty() && allow_no_value {
                let line = self.line(option, None);
                self.write(option, section, at, line);
                without_value = true;
                break;
            }
        }
        if exclusive && !allow_no_value {
            self.replace(option, section);
        }
        let mut backwards = (section.heads..section.lines.len()).rev();
        let last = backwards.find(|at| section.lines.get(*at).is_some_and(|it| says(it)));
        let at = last.map_or(section.heads, |last| last + 1);
        let mut new: Vec<String> =
            self.values.iter().map(|value| self.line(option, Some(value))).collect();
        if new.is_empty() && allow_no_value && !without_value {
            new.push(self.line(option, None));
        }
        if !new.is_empty() {
            (self.is_changed, self.message) = (true, "option added");
            section.lines.splice(at..at, new);
        }
    }

    /// Other lines with the option get the values that are left; then the rest of them go.
    fn replace(&mut self, option: &str, section: &mut Section) {
        for at in 0..section.lines.len() {
            let open = section.done.get(at) == Some(&false);
            if open && !self.values.is_empty() && self.value(option, section, at).is_some() {
                let value = self.values.remove(0);
                let line = self.line(option, Some(&value));
                self.write(option, section, at, line);
            }
        }
        for at in (section.heads..section.lines.len()).rev() {
            let open = section.done.get(at) == Some(&false);
            if open && self.value(option, section, at).is_some() {
                section.lines.remove(at);
                section.done.remove(at);
                (self.is_changed, self.message) = (true, "option changed");
            }
        }
    }

    /// What a line says the option is.
    fn value(&self, option: &str, section: &Section, at: usize) -> Option<String> {
        let inactive = self.params.modify_inactive_option;
        let found = assignment(option, section.lines.get(at)?, inactive)?;
        Some(found.value.to_owned())
    }

    fn write(&mut self, option: &str, section: &mut Section, at: usize, new: String) {
        let Section { lines, done, .. } = section;
        let (Some(line), Some(done)) = (lines.get_mut(at), done.get_mut(at)) else { return };
        *done = true;
        let (old, wanted) = (assignment(option, line, true), assignment(option, &new, true));
        let active = old.as_ref().is_some_and(|old| !old.is_comment);
        let same = match (&old, &wanted) {
            (Some(old), Some(wanted)) if self.params.ignore_spaces && active => {
                old.value == wanted.value
            }
            (Some(_) | None, _) => *line == new,
        };
        if !same {
            *line = new;
            (self.is_changed, self.message) = (true, "option changed");
        }
    }

    fn line(&self, option: &str, value: Option<&String>) -> String {
        match value {
            Some(value) if self.params.no_extra_spaces => format!("{option}={value}\n"),
            Some(value) => format!("{option} = {value}\n"),
            None => format!("{option}\n"),
        }
    }

    fn absent(&mut self, section: &mut Section) {
        let before = section.lines.len();
        let Some(option) = &self.params.option else {
            section.lines.clear();
            (self.is_changed, self.message) = (true, "section removed");
            return;
        };
        let goes = |line: &String| {
            let found = assignment(option, line, false);
            let is_meant = |value: &str| self.values.iter().any(|wanted| wanted == value);
            found.is_some_and(|found| self.params.exclusive || is_meant(found.value))
        };
        section.lines.retain(|line| !goes(line));
        if section.lines.len() != before {
            (self.is_changed, self.message) = (true, "option changed");
        }
    }

    /// The section with its option, at the end of the file.
    fn append(&mut self) {
        let IniFile { section, option, section_has_values, exclusive, allow_no_value, .. } =
            self.params;
        let name = section.as_deref().unwrap_or_default();
        let mut new = vec![format!("[{name}]\n")];
        for condition in section_has_values {
            let values = values(condition);
            if Some(&condition.option) != option.as_ref() {
                new.extend(values.iter().map(|&value| self.line(&condition.option, Some(value))));
                if values.is_empty() && *allow_no_value {
                    new.push(self.line(&condition.option, None));
                }
            } else if !exclusive {
                let more = values.into_iter().filter(|value| !self.values.contains(value));
                let more: Vec<String> = more.cloned().collect();
                self.values.extend(more);
            }
        }
        self.message = "section and option added";
        match option {
            Some(option) if !self.values.is_empty() => {
                new.extend(self.values.iter().map(|value| self.line(option, Some(value))));
            }
            Some(option) if *allow_no_value => new.push(self.line(option, None)),
            Some(_) | None => self.message = "only section added",
        }
        self.lines.extend(new);
        self.is_changed = true;
    }
}

/// Takes the lines of the section out of those of the file.
fn find(params: &IniFile, lines: &mut Vec<String>) -> Option<Section> {
    let name = params.section.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let starts = lines.iter().enumerate().filter(|(_, line)| line.starts_with('['));
    let starts: Vec<usize> = starts.map(|(at, _)| at).collect();
    let ends = starts.iter().skip(1).copied().chain([lines.len()]);
    let range = match name {
        None => Some((0, starts.first().copied().unwrap_or(lines.len()))),
        Some(name) => starts.iter().copied().zip(ends).find(|(start, end)| {
            let is_called = lines.get(*start).is_some_and(|line| names(line, name));
            is_called && lines.get(*start..*end).is_some_and(|lines| has(params, lines))
        }),
    };
    let (start, end) = range.filter(|(start, end)| {
        name.is_some() || lines.get(*start..*end).is_some_and(|lines| has(params, lines))
    })?;
    let lines: Vec<String> = lines.drain(start..end).collect();
    let (heads, done) = (usize::from(name.is_some()), vec![false; lines.len()]);
    Some(Section { start, heads, lines, done })
}

/// Whether a line begins the section of this name.
fn names(line: &str, name: &str) -> bool {
    let inner = line.strip_prefix('[').map(str::trim_start);
    let rest = inner.and_then(|inner| inner.strip_prefix(name));
    rest.is_some_and(|rest| rest.trim_start().starts_with(']'))
}

/// Whether a section has what the one that is meant has.
fn has(params: &IniFile, lines: &[String]) -> bool {
    params.section_has_values.iter().all(|condition| {
        let wanted = values(condition);
        let fits = |value: &str| wanted.is_empty() || wanted.iter().any(|it| *it == value);
        lines.iter().any(|line| {
            assignment(&condition.option, line, true).is_some_and(|found| fits(found.value))
        })
    })
}

fn values(condition: &Condition) -> Vec<&String> {
    condition.value.iter().chain(condition.values.iter()).collect()
}

/// Whether a line is neither empty nor a comment.
fn says(line: &str) -> bool {
    let line = line.trim_end_matches('\n').trim_start_matches([' ', '\t']);
    !line.is_empty() && !line.starts_with(['#', ';'])
}

/// What a line says of an option.
struct Assignment<'l> {
    is_comment: bool,
    value: &'l str,
}

/// Reads a line that gives the option a value, or names it; also in a comment, if that counts.
fn assignment<'l>(option: &str, line: &'l str, in_comments: bool) -> Option<Assignment<'l>> {
    let blank = [' ', '\t'];
    let line = line.trim_end_matches('\n').trim_start_matches(blank);
    let bare = line.strip_prefix(['#', ';']).filter(|_| in_comments);
    let lines = [bare.map(|bare| (true, bare.trim_start_matches(blank))), Some((false, line))];
    lines.into_iter().flatten().find_map(|(is_comment, line)| {
        let rest = line.strip_prefix(option)?.trim_start_matches(blank);
        let value = match rest.strip_prefix('=') {
            Some(value) => value.trim_start_matches(blank),
            None => rest.is_empty().then_some("")?,
        };
        Some(Assignment { is_comment, value })
    })
}

#[cfg(test)]
mod tests;
