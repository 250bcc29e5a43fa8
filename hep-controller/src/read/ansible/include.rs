//! Files of tasks: those that are imported, and those that are included during the run, whose names a host may decide.

use super::entry::{Around, Section};
use super::first_found::{FirstFound, ITEM, first_layers};
use super::inherit::Keys;
use super::keywords::Level;
use super::names::{Named, Using};
use super::scalars::spot;
use super::{Loaded, Reader, places};
use crate::ast::control::{Control, ManifestLoop};
use crate::ast::{Entry as Step, Layer, Manifest, ManifestBlock, ManifestTask, Piece, Spot};
use crate::diagnostic::Diagnostic;
use crate::source::Source;
use crate::yaml::{Entry, Key, Kind, Node};
use hep_protocol::expression::Rank;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The name under which the host finds the name of an included file.
pub(super) const CHOSEN: &str = "hep_included_file";

/// What is read during the run, once it is known what that may be.
pub(super) struct Dynamic {
    pub(super) keys: Keys,
    /// Variables in view of the name and of what is read.
    pub(super) layers: Vec<Layer>,
    pub(super) body: Vec<Step>,
}

impl Reader<'_> {
    /// The name of the file that an include reads, and the variables beside it in one line.
    fn file_of(
        &mut self,
        source: &Arc<Source>,
        entry: &Entry,
        keys: &Keys,
    ) -> Option<(Spot, Option<Piece>)> {
        let value = &entry.value;
        let below = |node: &Node| {
            node.entry("file")
                .or_else(|| node.entry("_raw_params"))
                .map(|entry| entry.value.clone())
        };
        let node = match &value.kind {
            Kind::Map(_) => below(value),
            Kind::Scalar(_) if value.is_null() => keys.args.as_ref().and_then(below),
            Kind::Scalar(_) => Some(value.clone()),
            Kind::Seq(_) => None,
            Kind::Broken => return None,
        };
        let Some((node, text)) = node.as_ref().and_then(|node| Some((node, node.text()?))) else {
            let message = format!("`{}` takes the name of a file", entry.key.text);
            self.refuse(source, value.span, message, "write one entry for each file");
            return None;
        };
        let (name, vars) = in_line(text);
        let vars = vars
            .map(|entries| Piece { source: Arc::clone(source), node: node.with_entries(entries) });
        Some((spot(source, node, name), vars))
    }

    /// `import_tasks`: its keywords are those of each task in the file.
    pub(super) fn import_tasks(
        &mut self,
        source: &Arc<Source>,
        entry: &Entry,
        keys: Keys,
        around: &Around,
    ) -> Option<Step> {
        let (file, _) = self.file_of(source, entry, &keys)?;
        if let Some(each) = &keys.each {
            let hint = "write `include_tasks`, which may have a loop";
            self.refuse(source, each.over.node.span, "an import has no loop", hint);
        }
        let mut inner = Around { inherited: around.inherited.with(&keys.handed), ..around.clone() };
        inner.known.extend(keys.vars.iter().map(|vars| (Rank::Task, vars.clone())));
        let Some(name) = self.known_text(&file.text, &inner, Using::Static) else {
            let hint = "it may use variables of the play and `-e`; write `include_tasks` for what facts decide";
            self.problems.push(
                file.problem("the name of an imported file must be known before the run")
                    .hint(hint),
            );
            return None;
        };
        let Some(path) = self.tasks_file(&file.source, &name, around) else {
            let problem = self.missing(&file, &name, around);
            self.problems.push(problem);
            return None;
        };
        let read = |reader: &mut Self, Loaded { source, root }: Loaded| {
            reader.tasks_of_file(&source, root.as_ref(), &inner)
        };
        let body = self.within(&file.source, file.span, &path, read)?;
        let control = Control { vars: keys.vars, ..Control::default() };
        Some(Step::Block(Box::new(ManifestBlock { control, body, ..ManifestBlock::default() })))
    }

    /// `include_tasks`: read where the run comes to it, under its own condition and in its own loop.
    pub(super) fn include_tasks(
        &mut self,
        source: &Arc<Source>,
        entry: &Entry,
        mut keys: Keys,
        around: &Around,
    ) -> Option<Step> {
        let (file, in_line) = self.file_of(source, entry, &keys)?;
        let apply = keys
            .apply
            .take()
            .or_else(|| entry.value.entry("apply").map(|entry| entry.value.clone()));
        let (inherited, applied) = self.applied(source, apply.as_ref(), around);
        let mut inner = Around { inherited, ..around.clone() };
        let vars: Vec<Piece> = in_line.into_iter().chain(keys.vars.take()).collect();
        let mut layers: Vec<Layer> = vars.into_iter().map(|vars| (Rank::Params, vars)).collect();
        layers.extend(applied);
        inner.known.extend(layers.iter().cloned());
        let first = self.first_found(&mut keys, around, "");
        let body = match &first {
            Some(first) => self.first_of_tasks(&file, first, &inner, &mut layers),
            None => self.chosen_tasks(&file, keys.each.as_ref(), &inner, &mut layers),
        };
        match body {
            Ok(body) => Some(self.dynamic(Dynamic { keys, layers, body }, around)),
            Err(problem) => {
                let named = named_by(&file, entry);
                Some(Step::Task(Box::new(self.unincluded(&named, *problem, keys, around))))
            }
        }
    }

    /// What an include hands to the tasks that it reads: what reaches them anyway, and what stands below `apply`.
    pub(super) fn applied(
        &mut self,
        source: &Arc<Source>,
        apply: Option<&Node>,
        around: &Around,
    ) -> (super::inherit::Inherited, Option<Layer>) {
        match apply {
            Some(apply) => {
                let keys = self.keys(source, apply.entries(), Level::Block);
                (around.base.with(&keys.handed), keys.vars.map(|vars| (Rank::Task, vars)))
            }
            None => (around.base.clone(), None),
        }
    }

    /// What is done for a file by one name, or for each that it may be.
    fn chosen_tasks(
        &mut self,
        file: &Spot,
        each: Option<&ManifestLoop>,
        inner: &Around,
        layers: &mut Vec<Layer>,
    ) -> Result<Vec<Step>, Box<Diagnostic>> {
        if let Some(names) = self.named_in_loop(&file.text, each, inner) {
            let mut found: Vec<(String, PathBuf)> = Vec::new();
            for name in names {
                let path = self.tasks_file(&file.source, &name, inner);
                if !found.iter().any(|(known, _)| *known == name) {
                    found.extend(path.map(|path| (name, path)));
                }
            }
            layers.push(chosen(file));
            return Ok(self.branches(file, found, inner, CHOSEN));
        }
        let directories = self.task_directories(&file.source, inner);
        match self.named(&file.text, inner) {
            Named::Exactly(name) => match self.tasks_file(&file.source, &name, inner) {
                Some(path) => Ok(self.tasks_at(file, &path, inner)),
                None => Err(self.missing(file, &name, inner).into()),
            },
            Named::Like(pattern) => {
                let found = Self::candidates(&pattern, &directories)
                    .ok_or_else(|| Box::new(too_many(file)))?;
                layers.push(chosen(file));
                Ok(self.branches(file, found, inner, CHOSEN))
            }
            Named::Unknown => Err(unknowable(file).into()),
        }
    }

    /// What is done for the first of several names that is there.
    fn first_of_tasks(
        &mut self,
        file: &Spot,
        first: &FirstFound,
        inner: &Around,
        layers: &mut Vec<Layer>,
    ) -> Result<Vec<Step>, Box<Diagnostic>> {
        let directories = self.task_directories(&file.source, inner);
        let found = self.found(file, first, inner, &directories)?;
        layers.extend(first_layers(file, first, &found));
        Ok(self.branches(file, found, inner, ITEM))
    }

    /// The tasks of a file for each name that it may have.
    fn branches(
        &mut self,
        file: &Spot,
        found: Vec<(String, PathBuf)>,
        inner: &Around,
        variable: &str,
    ) -> Vec<Step> {
        let mut body = Vec::new();
        for (name, path) in &found {
            let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.clone());
            if self.chain.contains(&real) {
                continue;
            }
            let (mut tasks, found) = self.tried(|reader| reader.tasks_at(file, path, inner));
            if !found.is_empty() {
                // Where it is surely read its mistakes are told.
                self.loaded.remove(path);
                tasks = vec![self.unread(file, found, inner)];
            }
            let when = vec![is_chosen(file, variable, name)];
            let control = Control { when, choice: true, ..Control::default() };
            body.push(Step::Block(Box::new(ManifestBlock {
                control,
                body: tasks,
                ..ManifestBlock::default()
            })));
        }
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        body.push(self.none_chosen(file, &names, inner, variable));
        body
    }

    /// What fails in place of an include. To Ansible it is no task whose errors may be ignored.
    pub(super) fn unincluded(
        &mut self,
        named: &Spot,
        problem: Diagnostic,
        keys: Keys,
        around: &Around,
    ) -> ManifestTask {
        let mut task = self.refusal(named, problem, keys, around);
        task.control.on_error = None;
        task.control.ignored_if = None;
        task
    }

    /// What fails where a host chooses a file with mistakes.
    pub(super) fn unread(&mut self, file: &Spot, found: Vec<Diagnostic>, around: &Around) -> Step {
        let named = Spot { text: "include".to_owned(), ..file.clone() };
        Step::Task(Box::new(self.refusals(&named, found, Keys::default(), around)))
    }

    /// A task that fails if the host wants a file that is not there.
    pub(super) fn none_chosen(
        &mut self,
        file: &Spot,
        names: &[&str],
        around: &Around,
        variable: &str,
    ) -> Step {
        let list = serde_json::json!(names);
        let when = vec![Spot { text: format!("{variable} not in {list}"), ..file.clone() }];
        let shown = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let msg = format!("there is no file `{{{{ {variable} }}}}` to include; there are: {shown}");
        let name = Some(Spot { text: "include".to_owned(), ..file.clone() });
        let control = Control { name, when, choice: true, ..Control::default() };
        let params = Node::below("msg", Node::of_text(&msg, file.span));
        let entry = Entry { key: Key { span: file.span, text: "fail".into() }, value: params };
        Step::Task(Box::new(self.own_task(file, entry, control, around)))
    }

    fn tasks_at(&mut self, file: &Spot, path: &Path, inner: &Around) -> Vec<Step> {
        let read = |reader: &mut Self, Loaded { source, root }: Loaded| {
            reader.tasks_of_file(&source, root.as_ref(), inner)
        };
        self.within(&file.source, file.span, path, read).unwrap_or_default()
    }

    /// Something that is read where the run comes to it.
    pub(super) fn dynamic(&mut self, what: Dynamic, around: &Around) -> Step {
        let Dynamic { keys, layers, body } = what;
        let Keys { handed, each, .. } = keys;
        let own = around.inherited.with(&handed);
        let gate = Some(own.tags);
        let looped = each.is_some();
        let inner = Control { when: own.when, choice: true, ..Control::default() };
        let inner = ManifestBlock {
            control: inner,
            layers,
            body,
            gate: if looped { None } else { gate.clone() },
            ..ManifestBlock::default()
        };
        let Some(each) = each else { return Step::Block(Box::new(inner)) };
        let control = Control { each: Some(Box::new(each)), choice: true, ..Control::default() };
        let body = vec![Step::Block(Box::new(inner))];
        Step::Block(Box::new(ManifestBlock { control, body, gate, ..ManifestBlock::default() }))
    }

    /// Where files of tasks are sought.
    fn task_directories(&self, file: &Source, around: &Around) -> Vec<PathBuf> {
        let mut all: Vec<PathBuf> = Vec::new();
        let role = around.role.as_ref().map(|role| {
            let kind = if around.section == Section::Handlers { "handlers" } else { "tasks" };
            role.path.join(kind)
        });
        let beside = Manifest::directory(file);
        let playbook = self.play.directory.clone();
        let parents = self.chain.iter().rev().filter_map(|path| path.parent()).map(Path::to_owned);
        for directory in role.into_iter().chain([beside]).chain(parents).chain([playbook]) {
            if !all.contains(&directory) {
                all.push(directory);
            }
        }
        all
    }

    fn tasks_file(&self, file: &Source, name: &str, around: &Around) -> Option<PathBuf> {
        let directories = self.task_directories(file, around);
        directories.iter().map(|directory| directory.join(name)).find(|path| path.is_file())
    }

    fn missing(&self, file: &Spot, name: &str, around: &Around) -> Diagnostic {
        let directories = self.task_directories(&file.source, around);
        let message =
            format!("there is no file `{name}` of tasks: searched {}", places(&directories));
        let near = directories.iter().find_map(|directory| near_file(&directory.join(name)));
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "the path is relative to the role's `tasks`, or to the file with the include"
                .to_owned(),
        };
        file.problem(message).hint(hint)
    }
}

/// The name of a file beside one that is not there, if it is like its name.
pub(super) fn near_file(path: &Path) -> Option<String> {
    let wanted = path.file_name()?.to_str()?;
    let entries = std::fs::read_dir(path.parent()?).ok()?;
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let names: Vec<String> = names.take(1000).collect();
    crate::words::nearest(wanted, names.iter().map(String::as_str)).map(str::to_owned)
}

/// `setup.yml a=1 b=2`: the name, and variables beside it.
fn in_line(text: &str) -> (String, Option<Vec<Entry>>) {
    let variable = |word: &&str| {
        word.split_once('=').is_some_and(|(name, _)| hep_protocol::names::is_name(name))
    };
    if text.contains("{{") || !text.split_whitespace().skip(1).any(|word| variable(&word)) {
        return (text.trim().to_owned(), None);
    }
    let mut words = text.split_whitespace();
    let name = words.next().unwrap_or_default().to_owned();
    let span = crate::source::Span::default();
    let entry = |word: &str| {
        let (key, value) = word.split_once('=')?;
        let value = Node::of_text(value.trim_matches(['"', '\'']), span);
        Some(Entry { key: Key { span, text: key.into() }, value })
    };
    (name, Some(words.filter_map(entry).collect()))
}

/// The name that the host finds under [`CHOSEN`].
pub(super) fn chosen(file: &Spot) -> Layer {
    let node = Node::below(CHOSEN, Node::of_text(&file.text, file.span));
    (Rank::Local, Piece { source: Arc::clone(&file.source), node })
}

/// The condition that a file is the one that the host has chosen.
pub(super) fn is_chosen(file: &Spot, variable: &str, name: &str) -> Spot {
    Spot { text: format!("{variable} == {}", serde_json::json!(name)), ..file.clone() }
}

fn named_by(file: &Spot, entry: &Entry) -> Spot {
    Spot { text: entry.key.text.to_string(), ..file.clone() }
}

pub(super) fn too_many(file: &Spot) -> Diagnostic {
    file.problem("more than 64 files may be meant by this name")
        .hint("put the possible files into a directory of their own")
}

pub(super) fn unknowable(file: &Spot) -> Diagnostic {
    let message = "only the host knows which file this is, and nothing of its name is known before";
    let hint = "write a part of the name that is the same for all hosts, as in `setup-{{ ansible_facts.os_family }}.yml`";
    file.problem(message).hint(hint)
}
