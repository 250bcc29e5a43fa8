//! The host's own facts for Ansible: `*.fact` of a directory, each an executable's output or a file, as JSON or else INI.
//! What cannot be read is said in its place.

use super::super::host::{Host, Ran};
use super::super::named;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

/// The most that one file may hold.
pub(crate) const LIMIT: u64 = 1 << 20;

/// How long an executable may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// The facts, and what should be said of them.
pub(super) fn facts(host: &Host, directory: &str) -> (Json, Vec<String>) {
    let below = directory.trim_start_matches('/');
    let names = names(host, below);
    let (mut facts, mut notes) = (Vec::new(), Vec::new());
    for name in names {
        let path = format!("{below}/{name}");
        let fact = fact(host, &path).unwrap_or_else(|trouble| {
            notes.push(trouble.clone());
            trouble.into()
        });
        facts.push((name.replace(".fact", ""), fact));
    }
    (named(&mut facts.into_iter()), notes)
}

/// Whether a file of this name is one.
pub(crate) fn is_local(name: &str) -> bool {
    name.ends_with(".fact") && !name.starts_with('.')
}

fn names(host: &Host, below: &str) -> Vec<String> {
    let entries = fs::read_dir(host.path(below)).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| is_local(name)).collect();
    names.sort_unstable();
    names
}

/// The files, with what is in them.
pub(super) fn files(host: &Host, directory: &str) -> BTreeMap<String, Vec<u8>> {
    let below = directory.trim_start_matches('/');
    let content = |name: String| {
        let bytes = host.bytes(&format!("{below}/{name}"), LIMIT + 1).ok()?;
        (bytes.len() as u64 <= LIMIT).then_some((name, bytes))
    };
    names(host, below).into_iter().filter_map(content).collect()
}

fn fact(host: &Host, path: &str) -> Result<Json, String> {
    let shown = format!("/{path}");
    let mode = host.path(path).metadata().map(|meta| meta.permissions().mode());
    let mode = mode.map_err(|error| format!("Could not stat fact ({shown}): {error}"))?;
    let text = if mode & 0o100 == 0 {
        String::from_utf8(host.bytes(path, LIMIT).unwrap_or_default()).map_err(|_| ())
    } else {
        let Ran { code, stdout, stderr, is_foreign } =
            (host.run)(std::slice::from_ref(&shown), PATIENCE);
        match code {
            Some(0) if is_foreign => Err(()),
            Some(0) => Ok(stdout),
            Some(code) => {
                return Err(format!(
                    "Failure executing fact script ({shown}), rc: {code}, err: {stderr}"
                ));
            }
            None => {
                return Err(format!("Could not execute fact script ({shown}): it did not end"));
            }
        }
    };
    let foreign = |()| format!("error loading fact - output of running \"{shown}\" was not utf-8");
    let text = text.map_err(foreign)?;
    if let Ok(fact) = serde_json::from_str(&text) {
        return Ok(fact);
    }
    let wrong = || format!("error loading facts as JSON or ini - please check content: {shown}");
    ini(&text).ok_or_else(wrong)
}

/// Sections of keys in lower case and texts, as Python's configparser reads them; nothing if it does not.
fn ini(text: &str) -> Option<Json> {
    let mut sections: Map<String, Json> = Map::new();
    let mut defaults = Map::new();
    let mut section: Option<String> = None;
    let (mut key, mut indent): (Option<String>, usize) = (None, 0);
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        let own = line.len() - line.trim_start().len();
        let options = match &section {
            None => None,
            Some(name) if name == DEFAULT => Some(&mut defaults),
            Some(name) => sections.get_mut(name).and_then(Json::as_object_mut),
        };
        if let (Some(key), true, Some(options)) = (&key, own > indent, options) {
            // A value that goes on.
            let value = options.get(key).and_then(Json::as_str).unwrap_or_default();
            let value = format!("{value}\n{trimmed}");
            options.insert(key.clone(), value.into());
            continue;
        }
        indent = own;
        if let Some((name, _)) = trimmed.strip_prefix('[').and_then(|rest| rest.rsplit_once(']')) {
            if sections.contains_key(name) || name.is_empty() {
                return None;
            }
            if name != DEFAULT {
                sections.insert(name.to_owned(), Json::Object(Map::new()));
            }
            (section, key) = (Some(name.to_owned()), None);
            continue;
        }
        let (name, value) = trimmed.split_once(['=', ':'])?;
        let name = name.trim().to_lowercase();
        let options = match section.as_deref()? {
            DEFAULT => &mut defaults,
            section => sections.get_mut(section)?.as_object_mut()?,
        };
        if name.is_empty() || options.insert(name.clone(), value.trim().into()).is_some() {
            return None;
        }
        key = Some(name);
    }
    for options in sections.values_mut().filter_map(Json::as_object_mut) {
        for (name, value) in &defaults {
            options.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    Some(Json::Object(sections))
}

/// The section whose keys all others have.
const DEFAULT: &str = "DEFAULT";

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ini_is_sections_of_texts() {
        let check = |text: &str, expected: Option<Json>| assert_eq!(ini(text), expected, "{text}");
        check("[a]\nKey = 1\nb: x = y\n", Some(json!({"a": {"key": "1", "b": "x = y"}})));
        check("# c\n[a]\n\n; d\n[b]\nk=\n", Some(json!({"a": {}, "b": {"k": ""}})));
        check("[a]\nk = 1\n  2\n", Some(json!({"a": {"k": "1\n2"}})));
        check("[DEFAULT]\nd=1\n[a]\nk=2\n", Some(json!({"a": {"k": "2", "d": "1"}})));
        check("", Some(json!({})));
        check("k = 1\n", None);
        check("[a]\nword\n", None);
        check("[a]\nk=1\nk=2\n", None);
    }
}
