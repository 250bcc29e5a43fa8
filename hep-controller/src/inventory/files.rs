//! Which files an inventory is made of.

use super::draft::{ALL, Draft, Tier};
use super::yaml::Of;
use super::{AnsibleSources, Inventory, Place, Surroundings, ini, resolve, yaml};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::host::LOCALHOST;
use crate::source::{Source, plain};
use crate::words::{alternatives, nearest};
use hep_protocol::dialect::Dialect;
use serde_json::Map;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Endings of files in a directory that are no inventories.
const FOREIGN: [&str; 12] =
    [".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".orig", ".cfg", ".retry"];

/// Names in a directory that are no inventories.
const BESIDE: [&str; 3] = ["group_vars", "host_vars", "vars_plugins"];

/// How deep directories may nest: a link back up ends somewhere.
const MAX_DEPTH: usize = 16;

/// Reads an inventory with the variables beside it.
///
/// # Errors
/// Every mistake.
pub(super) fn read(path: &Path, around: &Surroundings) -> Result<Inventory, Diagnostics> {
    let mut draft = Draft::new(Dialect::Hep);
    hosts(path, &mut draft);
    let base = base(path);
    beside(base, Tier::Beside(0), &mut draft);
    let groups: Vec<String> = draft.groups.iter().map(|group| group.name.clone()).collect();
    let hosts: Vec<String> = draft.hosts.iter().map(|host| host.name.clone()).collect();
    for (kind, names) in [("group_vars", &groups), ("host_vars", &hosts)] {
        draft.warnings.extend(strays(base, kind, names, path));
    }
    let resolved = resolve::resolve(draft, path, &Map::new(), around)?;
    Ok(Inventory { base: base.to_owned(), ..resolved })
}

/// Reads inventories by Ansible's rules, as `ansible-playbook` with one `-i` for each does.
///
/// # Errors
/// Every mistake.
pub(super) fn read_ansible(
    wanted: &AnsibleSources<'_>,
    around: &Surroundings,
) -> Result<Inventory, Diagnostics> {
    let AnsibleSources { paths, playbook, extra, defaults, config } = wanted;
    let mut draft = Draft::new(Dialect::Ansible);
    let path = config.unwrap_or(Path::new("ansible.cfg")).to_owned();
    let place = Place::nowhere(&Arc::new(Source { path, text: String::new() }));
    for (name, value) in *defaults {
        draft.group_var(ALL, Tier::Inline, name, value.as_str().into(), &place);
    }
    let mut bases: Vec<&Path> = Vec::new();
    for path in *paths {
        hosts(path, &mut draft);
        if listed(path).is_none() {
            bases.push(base(path));
        }
    }
    for (number, base) in bases.iter().enumerate() {
        beside(base, Tier::Beside(number), &mut draft);
    }
    let there = |path: &Path| fs::canonicalize(around.working_directory.join(path)).ok();
    if !bases.iter().any(|base| there(base) == there(playbook)) {
        beside(playbook, Tier::Playbook, &mut draft);
    }
    let first = paths.first().map_or(Path::new("hosts"), PathBuf::as_path);
    let resolved = resolve::resolve(draft, first, extra, around)?;
    let base = bases.first().copied().unwrap_or(playbook).to_owned();
    Ok(Inventory { base, ..resolved })
}

/// Reads the hosts of a file, of a directory of files, or of a list of names.
fn hosts(path: &Path, draft: &mut Draft) {
    draft.file = None;
    if path.is_dir() {
        sources(path, 0, draft);
    } else if let Some(source) = listed(path) {
        ini::read(&source, draft);
    } else {
        source(path, draft);
    }
}

/// The directory in which `group_vars` and `host_vars` are looked for.
fn base(path: &Path) -> &Path {
    if path.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) }
}

/// Reads the variables in `group_vars` and `host_vars` of a directory.
fn beside(base: &Path, tier: Tier, draft: &mut Draft) {
    let groups: Vec<String> = draft.groups.iter().map(|group| group.name.clone()).collect();
    for (number, name) in groups.iter().enumerate() {
        variables(&base.join("group_vars"), name, Of::Group(number), tier, draft);
    }
    let hosts: Vec<String> = draft.hosts.iter().map(|host| host.name.clone()).collect();
    for (number, name) in hosts.iter().enumerate() {
        variables(&base.join("host_vars"), name, Of::Host(number), tier, draft);
    }
    if draft.dialect == Dialect::Ansible && !hosts.iter().any(|host| host == LOCALHOST) {
        variables(&base.join("host_vars"), LOCALHOST, Of::Implicit, tier, draft);
    }
}

/// A word about variables that nothing of the inventory has, unless a file beside it, most likely another inventory,
/// speaks of whom they are for.
fn strays(base: &Path, kind: &str, known: &[String], path: &Path) -> Option<String> {
    let directory = base.join(kind);
    let endings = [".yml", ".yaml", ".json"];
    let stem = |file: String| {
        let name = endings.iter().find_map(|ending| file.strip_suffix(ending)).unwrap_or(&file);
        name.to_owned()
    };
    let foreign = |name: &String| {
        name.starts_with('.') || FOREIGN.iter().any(|ending| name.ends_with(ending))
    };
    let files = names(&directory).unwrap_or_default().into_iter().filter(|name| !foreign(name));
    let there: HashSet<&str> = known.iter().map(String::as_str).collect();
    let stray = |name: &String| !there.contains(name.as_str());
    let mut strays: Vec<String> = files.map(stem).filter(stray).collect();
    if strays.is_empty() {
        return None;
    }
    for name in names(base).unwrap_or_default().iter().filter(|name| !foreign(name)) {
        let other = base.join(name);
        let small = other.metadata().is_ok_and(|about| about.is_file() && about.len() < 1 << 20);
        let text = Some(other).filter(|other| small && other != path).map(|o| Source::read(&o));
        let Some(Ok(source)) = text else { continue };
        let word = |c: char| !c.is_alphanumeric() && !['_', '-', '.'].contains(&c);
        let words: HashSet<&str> = source.text.split(word).collect();
        strays.retain(|name| !words.contains(name.as_str()));
    }
    let first = strays.first()?;
    let all: Vec<&str> = strays.iter().map(String::as_str).take(5).collect();
    let near = nearest(first, known.iter().map(String::as_str));
    let meant = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    let what = if kind == "group_vars" { "group" } else { "host" };
    Some(format!("{}: there is no {what} {}{meant}", directory.display(), alternatives(&all)))
}

/// `web1,web2,` in place of a file, as Ansible takes it.
fn listed(path: &Path) -> Option<Arc<Source>> {
    let text = path.to_str().filter(|text| text.contains(',') && !path.exists())?;
    let text = text.replace(',', "\n");
    Some(Arc::new(Source { path: path.to_owned(), text }))
}

/// All files of a directory, by name, then those of the directories in it.
fn sources(directory: &Path, depth: usize, draft: &mut Draft) {
    let names = match names(directory) {
        Ok(names) => names,
        Err(problems) => return draft.problems.extend(problems),
    };
    for name in names {
        let path = directory.join(&name);
        let foreign = FOREIGN.iter().any(|ending| name.ends_with(ending));
        if name.starts_with('.') || foreign || BESIDE.contains(&name.as_str()) {
            continue;
        }
        if !path.is_dir() {
            source(&path, draft);
        } else if depth < MAX_DEPTH {
            sources(&path, depth + 1, draft);
        }
    }
}

/// The names in a directory, sorted.
fn names(directory: &Path) -> Result<Vec<String>, Diagnostics> {
    let read = fs::read_dir(directory).and_then(|entries| {
        let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
        entries.map(|entry| entry.map(name)).collect::<Result<Vec<String>, _>>()
    });
    match read {
        Ok(mut names) => {
            names.sort();
            Ok(names)
        }
        Err(error) => {
            let message = format!("cannot read the directory: {}", plain(&error));
            Err(Diagnostic::of_file(directory, message).into())
        }
    }
}

/// One file of hosts.
fn source(path: &Path, draft: &mut Draft) {
    let Some(source) = text(path, draft) else { return };
    draft.file = std::path::absolute(path).ok();
    if source.text.starts_with("#!") {
        let message = "this is a program: hep runs none to learn of hosts";
        let hint =
            "write what it says into a file: `ansible-inventory -i FILE --list -y > hosts.yml`";
        draft.problems.push(Diagnostic::of_file(path, message).hint(hint));
        return;
    }
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("yml" | "yaml" | "json") => yaml::read(&source, draft),
        Some("toml") => {
            let hint = "write it as YAML: `ansible-inventory -i FILE --list -y > hosts.yml`";
            draft.problems.push(Diagnostic::of_file(path, "hep reads no TOML").hint(hint));
        }
        Some("ini") => ini::read(&source, draft),
        Some(_) | None if yaml::is_yaml(&source.text) => yaml::read(&source, draft),
        Some(_) | None => ini::read(&source, draft),
    }
}

/// A file's text, unless it cannot be read; what is wrong is among the problems then.
fn text(path: &Path, draft: &mut Draft) -> Option<Arc<Source>> {
    match Source::read(path) {
        Ok(source) => Some(source),
        Err(problems) => {
            draft.problems.extend(problems);
            None
        }
    }
}

/// The variables of a group or host in a directory: `NAME` (a file, or a directory of files), else `NAME.yml`, else
/// `NAME.yaml`, else `NAME.json`. The first that is there is taken alone.
fn variables(directory: &Path, name: &str, of: Of, tier: Tier, draft: &mut Draft) {
    // A name is no way out of the directory.
    if name.contains('/') || name.starts_with('.') || !directory.is_dir() {
        return;
    }
    let candidates =
        ["", ".yml", ".yaml", ".json"].map(|ending| directory.join(format!("{name}{ending}")));
    let mut files = Vec::new();
    match candidates.into_iter().find(|path| path.exists()) {
        Some(path) if path.is_dir() => below(&path, 0, &mut files, draft),
        Some(path) => files.push(path),
        None => {}
    }
    for path in files {
        if let Some(source) = text(&path, draft) {
            yaml::read_variables(&source, of, tier, draft);
        }
    }
}

/// The files of variables in a directory, by name.
fn below(directory: &Path, depth: usize, files: &mut Vec<PathBuf>, draft: &mut Draft) {
    let names = match names(directory) {
        Ok(names) => names,
        Err(problems) => return draft.problems.extend(problems),
    };
    for name in names.iter().filter(|name| !name.starts_with('.') && !name.ends_with('~')) {
        let path = directory.join(name);
        let ending = path.extension().and_then(|ending| ending.to_str());
        match (path.is_dir(), ending) {
            (true, None) if depth < MAX_DEPTH => below(&path, depth + 1, files, draft),
            (false, None | Some("yml" | "yaml" | "json")) => files.push(path),
            (true | false, _) => {}
        }
    }
}

#[cfg(test)]
mod tests;
