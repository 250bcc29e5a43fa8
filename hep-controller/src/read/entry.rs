//! What stands in a list of tasks: a task, a block, or an include.

use super::control::Owner;
use super::include::of_file;
use super::keys;
use super::parse::Reader;
use super::task::{Sorted, unknown_key};
use crate::ast::control::Control;
use crate::ast::{Entry as Step, ManifestBlock, ManifestTask, Origin, Spot};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::Source;
use crate::yaml::{Entry, Kind, Node};
use hep_protocol::message::MAX_DEPTH;
use std::sync::Arc;

/// What an entry is, by the key that says so.
enum Form<'n> {
    Task,
    Block(&'n Entry),
    Include(&'n Entry),
}

impl Form<'_> {
    fn of(item: &Node) -> Form<'_> {
        let named = |name: &str| {
            let key = keys::find(keys::TASK, name);
            item.entries().iter().find(|entry| key.is_some_and(|key| key.is(&entry.key.text)))
        };
        match (named("block"), named("include")) {
            (Some(entry), _) => Form::Block(entry),
            (None, Some(entry)) => Form::Include(entry),
            (None, None) => Form::Task,
        }
    }
}

impl Reader {
    /// The entries of a list of tasks.
    pub(crate) fn entries(&mut self, source: &Arc<Source>, items: &[Node]) -> Vec<Step> {
        items.iter().filter_map(|item| self.entry(source, item)).collect()
    }

    /// The list of tasks below a key.
    pub(crate) fn list(&mut self, source: &Arc<Source>, entry: &Entry) -> Vec<Step> {
        match &entry.value.kind {
            Kind::Seq(items) => self.entries(source, items),
            Kind::Broken => Vec::new(),
            Kind::Scalar(_) if entry.value.is_null() => Vec::new(),
            Kind::Scalar(_) | Kind::Map(_) => {
                self.problems.push(no_list(source, entry));
                Vec::new()
            }
        }
    }

    fn entry(&mut self, source: &Arc<Source>, item: &Node) -> Option<Step> {
        if !self.is_mapping(source, item) {
            return None;
        }
        match Form::of(item) {
            Form::Task => {
                for key in ["rescue", "always"] {
                    if let Some(entry) = item.entry(key) {
                        let message = format!("`{key}` belongs to a block, and there is none");
                        let problem = Diagnostic::at(source, entry.key.span, message);
                        self.problems
                            .push(problem.hint("write the tasks before it below `block:`"));
                        return Some(Step::Task(Box::new(self.stand_in(source, item))));
                    }
                }
                self.task(source, item, Owner::Task).map(|task| Step::Task(Box::new(task)))
            }
            Form::Block(entry) => self.block(source, item, entry),
            Form::Include(entry) => self.include_entry(source, item, entry),
        }
    }

    fn is_mapping(&mut self, source: &Arc<Source>, item: &Node) -> bool {
        match &item.kind {
            Kind::Map(_) => true,
            Kind::Broken => false,
            Kind::Scalar(_) | Kind::Seq(_) => {
                let message = format!("a task is a mapping, found {}", item.describe());
                let hint =
                    "write `name:` and a module, as in `- file: {dest: /etc/motd, content: hello}`";
                self.problems.push(Diagnostic::at(source, item.span, message).hint(hint));
                false
            }
        }
    }

    fn block(&mut self, source: &Arc<Source>, item: &Node, entry: &Entry) -> Option<Step> {
        self.nothing_else(source, item, entry, "a block", &["rescue", "always", "block"]);
        let control = Control::read(source, item.entries(), Owner::Block, &mut self.problems);
        let no_tasks = match &entry.value.kind {
            Kind::Seq(items) => items.is_empty(),
            Kind::Scalar(_) | Kind::Map(_) | Kind::Broken => entry.value.is_null(),
        };
        if no_tasks {
            let problem = Diagnostic::at(source, entry.key.span, "the block has no tasks");
            self.problems.push(problem.hint("write them below `block:`, each beginning with `- `"));
        }
        self.deeper(source, entry, |reader| {
            let body = reader.list(source, entry);
            let mut below =
                |key: &str| item.entry(key).map_or(Vec::new(), |entry| reader.list(source, entry));
            let (rescue, always) = (below("rescue"), below("always"));
            let layers = Vec::new();
            Step::Block(Box::new(ManifestBlock {
                control,
                layers,
                body,
                rescue,
                always,
                gate: None,
            }))
        })
    }

    fn include_entry(&mut self, source: &Arc<Source>, item: &Node, entry: &Entry) -> Option<Step> {
        let own = ["include", "include_tasks", "import_tasks"];
        self.nothing_else(source, item, entry, "an include", &own);
        let control = Control::read(source, item.entries(), Owner::Include, &mut self.problems);
        let file = self.file_name(source, entry)?;
        let included =
            self.deeper(source, entry, |reader| reader.included(&file, control.vars.as_ref()))??;
        let (layers, body) = (of_file(included.vars), included.entries);
        let (rescue, always) = (Vec::new(), Vec::new());
        Some(Step::Block(Box::new(ManifestBlock {
            control,
            layers,
            body,
            rescue,
            always,
            gate: None,
        })))
    }

    /// The name of a file to include.
    pub(crate) fn file_name(&mut self, source: &Arc<Source>, entry: &Entry) -> Option<Spot> {
        let node = match &entry.value.kind {
            // Ansible's `include_tasks: {file: x.yml}`.
            Kind::Map(entries) if entries.len() == 1 => &entry.value.entry("file")?.value,
            Kind::Map(_) | Kind::Scalar(_) | Kind::Seq(_) | Kind::Broken => &entry.value,
        };
        match node.text() {
            Some(text) => {
                Some(Spot { text: text.to_owned(), source: Arc::clone(source), span: node.span })
            }
            None => {
                if !matches!(node.kind, Kind::Broken) {
                    let message = format!(
                        "`{}` takes the name of a file, found {}",
                        entry.key.text,
                        node.describe()
                    );
                    let problem = Diagnostic::at(source, node.span, message);
                    self.problems.push(problem.hint("write one entry for each file"));
                }
                None
            }
        }
    }

    /// Modules and unknown keys beside what an entry does.
    fn nothing_else(
        &mut self,
        source: &Arc<Source>,
        item: &Node,
        main: &Entry,
        what: &str,
        own: &[&str],
    ) {
        let Sorted { modules, strange } = Sorted::of(item);
        for entry in strange {
            self.problems.push(unknown_key(source, entry, &[main]));
        }
        let forms = ["block", "rescue", "always", "include", "include_tasks", "import_tasks"];
        let foreign = item.entries().iter().filter(|entry| {
            let key: &str = &entry.key.text;
            forms.contains(&key) && !own.contains(&key)
        });
        for entry in modules.into_iter().chain(foreign) {
            let message = format!("{what} has no `{}` beside it", entry.key.text);
            self.problems.push(
                Diagnostic::at(source, entry.key.span, message)
                    .also(main.key.span, format!("this makes it {what}"))
                    .hint("make two entries of it, each beginning with `- `"),
            );
        }
    }

    /// Goes one level down, unless that is too deep.
    fn deeper<T>(
        &mut self,
        source: &Arc<Source>,
        entry: &Entry,
        read: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        if self.depth >= MAX_DEPTH {
            let message = format!("blocks and includes nest more than {MAX_DEPTH} deep here");
            let problem = Diagnostic::at(source, entry.key.span, message);
            self.problems.push(problem.hint("write the tasks one after another"));
            return None;
        }
        self.depth += 1;
        let done = read(self);
        self.depth -= 1;
        Some(done)
    }

    /// The handlers below a key; includes among them are replaced by what they include.
    pub(crate) fn handlers(&mut self, source: &Arc<Source>, entry: &Entry) -> Vec<ManifestTask> {
        let items = match &entry.value.kind {
            Kind::Seq(items) => items.as_slice(),
            Kind::Broken => &[],
            Kind::Scalar(_) if entry.value.is_null() => &[],
            Kind::Scalar(_) | Kind::Map(_) => {
                self.problems.push(no_list(source, entry));
                &[]
            }
        };
        self.handler_items(source, items)
    }

    pub(crate) fn handler_items(
        &mut self,
        source: &Arc<Source>,
        items: &[Node],
    ) -> Vec<ManifestTask> {
        let mut handlers = Vec::new();
        for item in items.iter() {
            if !self.is_mapping(source, item) {
                continue;
            }
            match Form::of(item) {
                Form::Task => handlers.extend(self.handler(source, item)),
                Form::Block(entry) => {
                    let problem =
                        Diagnostic::at(source, entry.key.span, "a handler cannot be a block");
                    self.problems.push(problem.hint(
                        "write its tasks as handlers that `listen` to one name, and notify that",
                    ));
                    handlers.push(self.stand_in(source, item));
                }
                Form::Include(entry) => {
                    handlers.extend(self.included_handlers(source, item, entry));
                }
            }
        }
        handlers
    }

    fn handler(&mut self, source: &Arc<Source>, item: &Node) -> Option<ManifestTask> {
        let task = self.task(source, item, Owner::Handler)?;
        if task.control.name.is_none() && task.control.listen.is_empty() {
            let problem =
                Diagnostic::at(source, item.span, "a handler without a name is never notified");
            self.problems.push(problem.hint("add `name: ...`, which `notify` then uses"));
        }
        Some(task)
    }

    /// For a handler with a mistake: who notifies it makes none.
    fn stand_in(&mut self, source: &Arc<Source>, item: &Node) -> ManifestTask {
        let mut unheard = Diagnostics::default();
        let control = Control::read(source, item.entries(), Owner::Handler, &mut unheard);
        let module = Spot { text: String::new(), source: Arc::clone(source), span: item.span };
        let number = self.count;
        self.count += 1;
        let (params, layers) = (Node::broken(item.span), Vec::new());
        ManifestTask {
            number,
            control,
            module,
            params,
            spec: None,
            broken: true,
            layers,
            origin: Origin::default(),
        }
    }

    fn included_handlers(
        &mut self,
        source: &Arc<Source>,
        item: &Node,
        entry: &Entry,
    ) -> Vec<ManifestTask> {
        for other in item.entries() {
            if !std::ptr::eq(other, entry) && &*other.key.text != "name" {
                let message = "an include among handlers takes no further keys";
                let problem = Diagnostic::at(source, other.key.span, message);
                self.problems.push(problem.hint("give the key to the handlers in the file"));
            }
        }
        let Some(file) = self.file_name(source, entry) else { return Vec::new() };
        let read = |reader: &mut Self| reader.included_as_handlers(&file);
        self.deeper(source, entry, read).unwrap_or_default()
    }
}

fn no_list(source: &Arc<Source>, entry: &Entry) -> Diagnostic {
    let message = format!("`{}` takes a list, found {}", entry.key.text, entry.value.describe());
    Diagnostic::at(source, entry.value.span, message).hint("begin each task with `- `")
}
