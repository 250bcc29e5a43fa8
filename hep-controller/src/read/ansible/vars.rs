//! Variables from files: `vars` and `environment` as mappings, `vars_files`, `include_vars`.

use super::entry::Around;
use super::first_found::{FirstFound, ITEM, first_layers};
use super::include::{too_many, unknowable};
use super::inherit::Keys;
use super::names::{Named, Using};
use super::scalars::{piece, spot};
use super::task::respanned;
use super::{Loaded, Reader, places};
use crate::ast::control::{Control, Gives};
use crate::ast::{Entry as Step, Layer, Manifest, Piece, Spot};
use crate::source::Source;
use crate::yaml::{Entry, Key, Kind, Node, shorten};
use hep_protocol::expression::Rank;
use hep_protocol::names::is_name;
use hep_protocol::task::{TaskSpec, set::Set};
use hep_protocol::value::Json;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The endings of files of variables, in the order in which they are tried.
const ENDINGS: [&str; 4] = ["", ".yml", ".yaml", ".json"];

impl Reader<'_> {
    /// A mapping of variables; a list of mappings too.
    pub(super) fn variables(
        &mut self,
        source: &Arc<Source>,
        node: &Node,
        what: &str,
    ) -> Option<Piece> {
        match &node.kind {
            Kind::Map(entries) => {
                for entry in entries.iter().filter(|entry| !is_name(&entry.key.text)) {
                    let message =
                        format!("`{}` is not a valid variable name", shorten(&entry.key.text));
                    self.refuse(
                        source,
                        entry.key.span,
                        message,
                        "use letters, digits and `_`, and begin with a letter",
                    );
                }
                Some(piece(source, node))
            }
            Kind::Broken => Some(Piece { source: Arc::clone(source), node: node.clone() }),
            Kind::Scalar(_) if node.is_null() => None,
            Kind::Seq(items) if items.iter().all(|item| matches!(item.kind, Kind::Map(_))) => {
                let all = items.iter().flat_map(Node::entries).cloned().collect();
                Some(piece(source, &node.with_entries(all)))
            }
            Kind::Scalar(_) | Kind::Seq(_) => {
                let message = format!("`{what}` takes a mapping, found {}", node.describe());
                self.refuse(source, node.span, message, "write each as `name: value`");
                None
            }
        }
    }

    /// The variables of a file: nothing for one that is empty or was refused.
    pub(super) fn variables_of(&mut self, path: &Path) -> Option<Piece> {
        let Loaded { source, root } = self.load(path)?;
        self.variables(&source, root.as_ref()?, "a file of variables")
    }

    /// The variables of a file or directory of a role by its name without an ending.
    pub(super) fn variables_named(&mut self, directory: &Path, name: &str) -> Option<Vec<Piece>> {
        let whole = directory.join(name);
        let (path, _) = ENDINGS.iter().find_map(|ending| {
            let path = PathBuf::from(format!("{}{ending}", whole.display()));
            path.exists().then_some((path, ()))
        })?;
        if !path.is_dir() {
            return Some(self.variables_of(&path).into_iter().collect());
        }
        let mut files = Vec::new();
        files_below(&path, &mut files);
        Some(files.iter().filter_map(|file| self.variables_of(file)).collect())
    }

    /// The files that a play names by `vars_files`: one that is not there is left out, of a list the first that is there.
    pub(super) fn vars_files(
        &mut self,
        source: &Arc<Source>,
        entry: &Entry,
        around: &mut Around,
    ) -> Vec<Step> {
        let mut later = Vec::new();
        if entry.value.is_null() {
            return later;
        }
        for item in entry.value.items() {
            let mut found = false;
            for one in item.items() {
                let Some(text) = one.text() else {
                    self.wrong(source, entry, "names of files");
                    continue;
                };
                if found {
                    break;
                }
                let file = spot(source, one, text);
                match self.known_text(text, around, Using::Static) {
                    Some(name) => {
                        if let Some(path) = self.variables_file(&file.source, &name, around) {
                            found = true;
                            let vars = self.variables_of(&path).map(|vars| (Rank::Play, vars));
                            around.known.extend(vars.clone());
                            self.play.layers.extend(vars);
                        }
                    }
                    None => later.extend(self.later_vars_file(&file, around)),
                }
            }
        }
        later
    }

    /// A file of variables whose name a host decides.
    fn later_vars_file(&mut self, file: &Spot, around: &Around) -> Option<Step> {
        let Named::Like(pattern) = self.named(&file.text, around) else {
            self.problems.push(unknowable(file));
            return None;
        };
        let directories = self.vars_directories(&file.source, around);
        let Some(found) = Self::candidates(&pattern, &directories) else {
            self.problems.push(too_many(file));
            return None;
        };
        let chosen = Some(file.clone());
        let control = unreported(file);
        Some(self.choosing(Rank::Play, chosen, (file, found), None, control, around))
    }

    /// A task that gives the host the variables of files, as they are written.
    fn giving(
        &mut self,
        file: &Spot,
        vars: &Piece,
        gives: Gives,
        mut control: Control,
        around: &Around,
    ) -> Step {
        let name = || Spot { text: "include_vars".to_owned(), ..file.clone() };
        control.name.get_or_insert_with(name);
        control.gives = Some(gives);
        let named = Spot { source: Arc::clone(&vars.source), span: vars.node.span, ..file.clone() };
        let spec = TaskSpec::Set(Set(values(&vars.node)));
        Step::Task(Box::new(self.typed_task(&named, spec, vars.node.clone(), control, around)))
    }

    /// The same where the host chooses one of the files. One with mistakes tells them where it is chosen.
    fn choosing(
        &mut self,
        rank: Rank,
        chosen: Option<Spot>,
        (file, found): (&Spot, Vec<(String, PathBuf)>),
        below: Option<&Spot>,
        control: Control,
        around: &Around,
    ) -> Step {
        let mut entries = Vec::new();
        for (name, path) in &found {
            let (vars, wrong) = self.tried(|reader| reader.variables_of(path));
            let value = match wrong.into_iter().next() {
                Some(problem) => {
                    self.loaded.remove(path);
                    Node::of_text(&problem.in_a_line(), file.span)
                }
                None => {
                    let none = || Node::of_list(Vec::new(), file.span).with_entries(Vec::new());
                    let node = vars.map_or_else(none, |vars| under(vars, below).node);
                    respanned(&node, file.span)
                }
            };
            let key = Key { span: file.span, text: name.as_str().into() };
            entries.push(Entry { key, value });
        }
        let node = Node::of_list(Vec::new(), file.span).with_entries(entries);
        let vars = Piece { source: Arc::clone(&file.source), node };
        self.giving(file, &vars, Gives { rank, chosen, files: found }, control, around)
    }

    /// A role's variables for all that comes after it in its play.
    pub(super) fn published(
        &mut self,
        asked: &Spot,
        layers: &[Layer],
        around: &Around,
    ) -> Vec<Step> {
        let mut steps = Vec::new();
        for (rank, vars) in layers {
            let control = unreported(asked);
            let gives = Gives { rank: *rank, chosen: None, files: Vec::new() };
            steps.push(self.giving(asked, vars, gives, control, around));
        }
        steps
    }

    /// `include_vars`: files that are known, or those that a host may mean.
    pub(super) fn include_vars(
        &mut self,
        source: &Arc<Source>,
        entry: &Entry,
        mut keys: Keys,
        around: &Around,
    ) -> Option<Step> {
        let options = entry.value.entries().iter().chain(keys.args.iter().flat_map(Node::entries));
        let option = |name: &str| {
            options.clone().find(|entry| &*entry.key.text == name).map(|entry| entry.value.clone())
        };
        let below = option("name").and_then(|node| Some(spot(source, &node, node.text()?)));
        if let Some(directory) = option("dir") {
            return self.directory_of_vars(source, &directory, below, keys, around, entry);
        }
        let node = match &entry.value.kind {
            Kind::Map(_) => option("file").or_else(|| option("_raw_params")),
            Kind::Scalar(_) if entry.value.is_null() => option("file"),
            Kind::Scalar(_) => Some(entry.value.clone()),
            Kind::Seq(_) | Kind::Broken => None,
        };
        let Some(file) =
            node.as_ref().and_then(|node| Some(spot(source, node, free_form(node.text()?))))
        else {
            self.wrong(source, entry, "the name of a file");
            return None;
        };
        let first = match self.first_found(&mut keys, around, "vars") {
            Some(first) => Some(first),
            None => self.first_by_lookup(&file, &keys, around),
        };
        let directories = self.vars_directories(&file.source, around);
        let mut inner = around.clone();
        inner.known.extend(keys.vars.iter().map(|vars| (Rank::Task, vars.clone())));
        let in_loop = self.vars_of_loop(&file, &keys, &inner);
        let found = match (&first, in_loop) {
            (Some(first), _) => self.found(&file, first, &inner, &directories),
            (None, Some(found)) => Ok(found),
            (None, None) => match self.named(&file.text, &inner) {
                Named::Exactly(name) => {
                    return Some(self.known_vars(&file, &name, below, keys, around));
                }
                Named::Like(pattern) => Self::candidates(&pattern, &directories)
                    .ok_or_else(|| Box::new(too_many(&file))),
                Named::Unknown => Err(unknowable(&file).into()),
            },
        };
        let found = match found {
            Ok(found) => found,
            Err(problem) => {
                let named = Spot { text: entry.key.text.to_string(), ..file };
                return Some(Step::Task(Box::new(self.refusal(&named, *problem, keys, around))));
            }
        };
        Some(self.chosen_vars(&file, found, first, below, keys, around))
    }

    /// One task for the files of which a host, or a loop, chooses one.
    fn chosen_vars(
        &mut self,
        file: &Spot,
        found: Vec<(String, PathBuf)>,
        first: Option<FirstFound>,
        below: Option<Spot>,
        mut keys: Keys,
        around: &Around,
    ) -> Step {
        let (mut chosen, mut layers) = (file.clone(), Vec::new());
        if let Some(first) = first {
            chosen.text = format!("{{{{ {} }}}}", first.var);
            layers = first_layers(file, &first, &found);
            if first.is_loop {
                layers.retain(|(_, piece)| piece.node.entry(ITEM).is_none());
                keys.each = Some(first.each(file));
            }
        }
        let control = around.inherited.clone().control(keys);
        let (rank, files) = (Rank::IncludedVars, (file, found));
        match self.choosing(rank, Some(chosen), files, below.as_ref(), control, around) {
            Step::Task(mut task) => {
                task.layers.extend(layers);
                Step::Task(task)
            }
            other @ (Step::Block(_) | Step::Flush) => other,
        }
    }

    /// The files that the rounds of a loop name, if they are known before the run.
    fn vars_of_loop(
        &self,
        file: &Spot,
        keys: &Keys,
        around: &Around,
    ) -> Option<Vec<(String, PathBuf)>> {
        let names = self.named_in_loop(&file.text, keys.each.as_ref(), around)?;
        let mut found: Vec<(String, PathBuf)> = Vec::new();
        for name in names {
            if !found.iter().any(|(known, _)| *known == name) {
                let path = self.variables_file(&file.source, &name, around);
                found.extend(path.map(|path| (name, path)));
            }
        }
        Some(found)
    }

    /// The one task for a file that is known.
    fn known_vars(
        &mut self,
        file: &Spot,
        name: &str,
        below: Option<Spot>,
        keys: Keys,
        around: &Around,
    ) -> Step {
        let Some(path) = self.variables_file(&file.source, name, around) else {
            let directories = self.vars_directories(&file.source, around);
            let message = format!(
                "there is no file `{name}` of variables: searched {}",
                places(&directories)
            );
            let problem = file
                .problem(message)
                .hint("the path is relative to the role's `vars`, or to the playbook");
            let named = Spot { text: "include_vars".to_owned(), ..file.clone() };
            return Step::Task(Box::new(self.refusal(&named, problem, keys, around)));
        };
        let vars = self.variables_of(&path).map(|vars| under(vars, below.as_ref()));
        let vars = vars.unwrap_or_else(|| Piece {
            source: Arc::clone(&file.source),
            node: Node::of_list(Vec::new(), file.span),
        });
        let control = around.inherited.clone().control(keys);
        let files = vec![(name.to_owned(), path)];
        let gives = Gives { rank: Rank::IncludedVars, chosen: None, files };
        self.giving(file, &vars, gives, control, around)
    }

    /// `{{ lookup('first_found', names) }}` as the whole name.
    fn first_by_lookup(&mut self, file: &Spot, keys: &Keys, around: &Around) -> Option<FirstFound> {
        let text = file.text.trim().strip_prefix("{{")?.strip_suffix("}}")?.trim();
        let inner = ["lookup", "query", "q"].iter().find_map(|name| text.strip_prefix(*name))?;
        let inner = inner.trim().strip_prefix('(')?.strip_suffix(')')?;
        let (kind, terms) = inner.split_once(',')?;
        let kind = kind.trim().trim_matches(['"', '\'']);
        if super::lower::short(kind) != "first_found" {
            return None;
        }
        let name = terms.split(',').next()?.trim();
        let mut inner = around.clone();
        inner.known.extend(keys.vars.iter().map(|vars| (Rank::Task, vars.clone())));
        let node =
            self.variable(&Node::of_text(&format!("{{{{ {name} }}}}"), file.span), &inner)?;
        let terms = Piece { source: Arc::clone(&file.source), node };
        Some(self.terms(&terms, &inner, "vars"))
    }

    fn directory_of_vars(
        &mut self,
        source: &Arc<Source>,
        node: &Node,
        below: Option<Spot>,
        keys: Keys,
        around: &Around,
        entry: &Entry,
    ) -> Option<Step> {
        let directory = spot(source, node, node.text()?);
        let name = self.known_text(&directory.text, around, Using::Certain);
        let directories = self.vars_directories(&directory.source, around);
        let path = name.and_then(|name| {
            directories.iter().map(|base| base.join(&name)).find(|path| path.is_dir())
        });
        let Some(path) = path else {
            let problem = directory
                .problem("there is no such directory of variables")
                .hint("the path is relative to the role's `vars`, or to the playbook");
            let named = Spot { text: entry.key.text.to_string(), ..directory };
            return Some(Step::Task(Box::new(self.refusal(&named, problem, keys, around))));
        };
        let mut files = Vec::new();
        files_below(&path, &mut files);
        let mut entries: Vec<Entry> = Vec::new();
        let mut first = None;
        for file in &files {
            let Some(vars) = self.variables_of(file) else { continue };
            for new in vars.node.entries() {
                entries.retain(|old| old.key.text != new.key.text);
                entries.push(new.clone());
            }
            first.get_or_insert(vars);
        }
        let vars = first.map(|first| Piece { node: first.node.with_entries(entries), ..first })?;
        let control = around.inherited.clone().control(keys);
        let files = files.into_iter().map(|file| (file.to_string_lossy().into_owned(), file));
        let gives = Gives { rank: Rank::IncludedVars, chosen: None, files: files.collect() };
        Some(self.giving(&directory, &under(vars, below.as_ref()), gives, control, around))
    }

    /// Where files of variables are sought.
    pub(super) fn vars_directories(&self, file: &Source, around: &Around) -> Vec<PathBuf> {
        let mut all: Vec<PathBuf> = Vec::new();
        let beside = Manifest::directory(file);
        let playbook = self.play.directory.clone();
        let mut bases: Vec<PathBuf> = around.home.roots.clone();
        bases.extend([beside, playbook]);
        for base in bases {
            for directory in [base.join("vars"), base] {
                if !all.contains(&directory) {
                    all.push(directory);
                }
            }
        }
        all
    }

    fn variables_file(&self, file: &Source, name: &str, around: &Around) -> Option<PathBuf> {
        let directories = self.vars_directories(file, around);
        directories.iter().map(|directory| directory.join(name)).find(|path| path.is_file())
    }
}

/// The name of the file in `main.yml`, `file=main.yml`.
fn free_form(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix("file=").map_or(text, |name| name.trim_matches(['"', '\'']))
}

/// The keys of what is no task of anybody's.
fn unreported(named: &Spot) -> Control {
    let tags = vec![Spot { text: "always".to_owned(), ..named.clone() }];
    Control { choice: true, tags, ..Control::default() }
}

/// The variables of a mapping.
fn values(node: &Node) -> BTreeMap<String, Json> {
    match node.to_json() {
        Value::Object(map) => map.into_iter().map(|(name, value)| (name, Json(value))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            BTreeMap::new()
        }
    }
}

/// Variables below one name, if there is one.
fn under(vars: Piece, name: Option<&Spot>) -> Piece {
    match name {
        Some(name) => Piece { node: Node::below(&name.text, vars.node), ..vars },
        None => vars,
    }
}

/// The files of variables in a directory and those below it, by their names.
fn files_below(directory: &Path, found: &mut Vec<PathBuf>) {
    let Ok(listed) = std::fs::read_dir(directory) else { return };
    let mut paths: Vec<PathBuf> = listed.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let known = path
            .extension()
            .is_some_and(|ending| ["yml", "yaml", "json"].iter().any(|known| ending == *known));
        if path.is_dir() && !hidden {
            files_below(&path, found);
        } else if known && !hidden {
            found.push(path);
        }
    }
}
