//! The module `find`: what is below directories, by name, type, age, size, mode and content.

mod wanted;

use super::{Input, Module, Plan};
use crate::sys::files::{FileKind, Meta, told};
use crate::sys::{Observe, Subject, SysError};
use hep_protocol::task::find::Find;
use hep_protocol::value::AbsPath;
use serde_json::{Map, Value, json};
use wanted::Wanted;

/// How many entries are looked at.
const LOOKED: usize = 2_000_000;

/// How many may be found: all that is told of them is kept in memory.
const FOUND: usize = 20_000;

/// How many paths are told that could not be looked into.
const SKIPPED: usize = 1000;

/// What was found.
#[derive(Default)]
pub(crate) struct State {
    files: Vec<Value>,
    examined: usize,
    skipped: Map<String, Value>,
    notes: Vec<String>,
}

/// Something in a directory.
struct Entry {
    name: String,
    path: AbsPath,
    meta: Meta,
    /// Whether it is a directory, or leads to one.
    leads_on: bool,
}

impl Module for Find {
    type State = State;

    fn inspect(&self, _input: &Input<'_>, host: &dyn Observe) -> Result<State, SysError> {
        let mut walk = Walk { wanted: Wanted::of(self)?, host, state: State::default() };
        for top in self.paths.iter() {
            walk.below(top)?;
        }
        Ok(walk.state)
    }

    fn plan(&self, _input: &Input<'_>, state: &State) -> Result<Plan, SysError> {
        let State { files, examined, skipped, notes } = state;
        let msg = if !notes.is_empty() {
            "Not all paths examined, check warnings for details"
        } else if is_enough(self, files) {
            "Limit of matches reached"
        } else {
            "All paths examined"
        };
        let data = [
            ("examined", json!(examined)),
            ("files", json!(files)),
            ("matched", json!(files.len())),
            ("msg", json!(msg)),
            ("skipped_paths", json!(skipped)),
        ];
        let data = data.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Ok(Plan { data, notes: notes.clone(), ..Plan::default() })
    }
}

fn is_enough(params: &Find, files: &[Value]) -> bool {
    params.limit.is_some_and(|limit| files.len() >= limit as usize)
}

/// A walk through directories, from the top down.
struct Walk<'w> {
    wanted: Wanted<'w>,
    host: &'w dyn Observe,
    state: State,
}

impl Walk<'_> {
    fn below(&mut self, top: &AbsPath) -> Result<(), SysError> {
        let params = self.wanted.params;
        let is_directory = self.leads_on(top);
        let subject = if is_directory { Subject::Tree(top) } else { Subject::Path(top) };
        if let Some(cause) = self.host.depends(subject) {
            return Err(SysError::unknown(cause.to_string()));
        }
        if !is_directory {
            let why = format!("'{top}' is not a directory");
            self.state.notes.push(format!("skipped {top}: it is not a directory"));
            self.skip(top, why);
            return Ok(());
        }
        let deepest = params.depth.filter(|depth| *depth > 0).unwrap_or(u32::MAX);
        let mut open = vec![(top.clone(), 1)];
        while let Some((directory, level)) = open.pop() {
            if is_enough(params, &self.state.files) {
                break;
            }
            let mut entries = match self.entries(&directory) {
                Ok(entries) => entries,
                Err(error) => {
                    self.skip(&directory, error.to_string());
                    continue;
                }
            };
            self.state.examined += entries.len();
            if self.state.examined > LOOKED {
                let error = SysError::new(format!("there are more than {LOOKED} entries to see"));
                return Err(error.hint("name directories further down, or limit `depth`"));
            }
            if level > deepest {
                continue;
            }
            entries.sort_by_key(|entry| entry.leads_on);
            self.take(&entries)?;
            let goes_on = |entry: &&Entry| {
                let may = params.follow || entry.meta.kind == FileKind::Directory;
                params.recurse && entry.leads_on && may && !self.returns(top, &directory, entry)
            };
            let further = entries.iter().rev().filter(goes_on);
            open.extend(further.map(|entry| (entry.path.clone(), level + 1)));
        }
        Ok(())
    }

    /// Keeps those that are wanted.
    fn take(&mut self, entries: &[Entry]) -> Result<(), SysError> {
        let params = self.wanted.params;
        for Entry { name, path, meta, .. } in entries {
            if is_enough(params, &self.state.files) {
                break;
            }
            if !self.wanted.takes(name, path, meta, self.host)? {
                continue;
            }
            let mut file = told::inode(meta, path, self.host);
            file.insert("path".to_owned(), json!(path));
            if params.get_checksum && meta.kind == FileKind::File {
                let algorithm = params.checksum_algorithm.map_or("sha1", |kind| kind.name());
                let digest = told::digest(path, algorithm, self.host)?;
                file.insert("checksum".to_owned(), json!(digest));
            }
            if self.state.files.len() >= FOUND {
                let error = SysError::new(format!("more than {FOUND} entries are found"));
                return Err(error.hint("narrow it down with `patterns`, or set `limit`"));
            }
            self.state.files.push(Value::Object(file));
        }
        Ok(())
    }

    fn entries(&self, directory: &AbsPath) -> Result<Vec<Entry>, SysError> {
        let mut entries = Vec::new();
        for name in self.host.list(directory)? {
            let path = directory.join(&name).map_err(|error| SysError::new(error.to_string()))?;
            // One that is gone by now was never there.
            let Some(meta) = self.host.lstat(&path)? else { continue };
            let leads_on = match meta.kind {
                FileKind::Directory => true,
                FileKind::Link => self.leads_on(&path),
                FileKind::File | FileKind::Special => false,
            };
            entries.push(Entry { name, path, meta, leads_on });
        }
        Ok(entries)
    }

    /// Whether a path is a directory, or leads to one. A link that cannot be followed leads nowhere.
    fn leads_on(&self, path: &AbsPath) -> bool {
        let meta = self.host.stat(path).ok().flatten();
        meta.is_some_and(|meta| meta.kind == FileKind::Directory)
    }

    /// Whether a link leads to a directory that it is in.
    fn returns(&self, top: &AbsPath, directory: &AbsPath, entry: &Entry) -> bool {
        let id = |path: &AbsPath| self.host.stat(path).ok().flatten().map(|meta| meta.id);
        let up = |path: &AbsPath| path.parent().filter(|_| path != top);
        let mut above = std::iter::successors(Some(directory.clone()), up);
        let target = id(&entry.path);
        entry.meta.kind == FileKind::Link && above.any(|path| id(&path) == target)
    }

    fn skip(&mut self, path: &AbsPath, why: String) {
        if self.state.skipped.len() < SKIPPED {
            self.state.skipped.insert(path.to_string(), why.into());
        }
    }
}

#[cfg(test)]
mod tests;
