//! What stands in a list of tasks: a task, a block, or something that reads other files.

use super::Reader;
use super::inherit::{Inherited, Keys};
use super::keywords::{self, Level};
use super::lower::short;
use super::meta::Meta;
use super::role::Role;
use crate::ast::control::Control;
use crate::ast::{Entry as Step, Home, Layer, ManifestBlock};
use crate::source::Source;
use crate::words::{all_of, nearest};
use crate::yaml::{Entry, Kind, Node, shorten};
use std::sync::Arc;

/// What lies around an entry.
#[derive(Clone)]
pub(super) struct Around {
    /// What the blocks and imports around it hand down, with the role's and the play's keywords.
    pub(super) inherited: Inherited,
    /// The role's and the play's keywords alone: all that reaches into a file that is included during the run.
    pub(super) base: Inherited,
    pub(super) role: Option<Arc<Role>>,
    pub(super) home: Arc<Home>,
    /// Variables that names of files and roles may use.
    pub(super) known: Vec<Layer>,
    pub(super) section: Section,
}

/// What a list of tasks is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Tasks,
    Handlers,
}

impl Section {
    pub(super) fn level(self) -> Level {
        match self {
            Section::Tasks => Level::Task,
            Section::Handlers => Level::Handler,
        }
    }
}

/// The modules that read other files, by their short names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    ImportTasks,
    IncludeTasks,
    /// `include`, which Ansible has no more.
    Include,
    ImportRole,
    IncludeRole,
    IncludeVars,
}

impl Reading {
    fn of(name: &str) -> Option<Reading> {
        match short(name) {
            "import_tasks" => Some(Reading::ImportTasks),
            "include_tasks" => Some(Reading::IncludeTasks),
            "include" => Some(Reading::Include),
            "import_role" => Some(Reading::ImportRole),
            "include_role" => Some(Reading::IncludeRole),
            "include_vars" => Some(Reading::IncludeVars),
            _ => None,
        }
    }
}

impl Reader<'_> {
    /// What a `meta` task does, under its conditions and tags; nothing is reported of it.
    fn meta(
        &mut self,
        source: &Arc<Source>,
        item: &Node,
        meta: Meta,
        around: &Around,
    ) -> Option<Step> {
        let keys = self.keys(source, item.entries(), around.section.level());
        if meta == Meta::Nothing {
            return None;
        }
        let own = around.inherited.with(&keys.handed);
        let control =
            Control { when: own.when, choice: true, vars: keys.vars, ..Control::default() };
        let (body, gate) = (vec![Step::Flush], Some(own.tags));
        Some(Step::Block(Box::new(ManifestBlock {
            control,
            body,
            gate,
            ..ManifestBlock::default()
        })))
    }

    /// The list of tasks below a key.
    pub(super) fn list(
        &mut self,
        source: &Arc<Source>,
        entry: &Entry,
        around: &Around,
    ) -> Vec<Step> {
        match &entry.value.kind {
            Kind::Seq(items) => self.entries(source, items, around),
            Kind::Broken => Vec::new(),
            Kind::Scalar(_) if entry.value.is_null() => Vec::new(),
            Kind::Scalar(_) | Kind::Map(_) => {
                let message =
                    format!("`{}` takes a list, found {}", entry.key.text, entry.value.describe());
                self.refuse(source, entry.value.span, message, "begin each task with `- `");
                Vec::new()
            }
        }
    }

    /// A whole file of tasks.
    pub(super) fn tasks_of_file(
        &mut self,
        source: &Arc<Source>,
        root: Option<&Node>,
        around: &Around,
    ) -> Vec<Step> {
        match root.map(|root| (root, &root.kind)) {
            Some((_, Kind::Seq(items))) => self.entries(source, items, around),
            Some((_, Kind::Broken)) | None => Vec::new(),
            Some((root, Kind::Map(_) | Kind::Scalar(_))) => {
                let message = format!("a file of tasks is a list, found {}", root.describe());
                self.refuse(source, root.span, message, "begin each task with `- `");
                Vec::new()
            }
        }
    }

    pub(super) fn entries(
        &mut self,
        source: &Arc<Source>,
        items: &[Node],
        around: &Around,
    ) -> Vec<Step> {
        let mut steps = Vec::new();
        for item in items {
            match &item.kind {
                Kind::Map(_) => steps.extend(self.entry(source, item, around)),
                Kind::Broken => {}
                Kind::Scalar(_) if item.is_null() => {}
                Kind::Scalar(_) | Kind::Seq(_) => {
                    let message = format!("a task is a mapping, found {}", item.describe());
                    let hint = "write `name:` and a module, as in `- apt: {name: nginx}`";
                    self.refuse(source, item.span, message, hint);
                }
            }
        }
        steps
    }

    fn entry(&mut self, source: &Arc<Source>, item: &Node, around: &Around) -> Option<Step> {
        if let Some(entry) = item.entry("block") {
            return self.block(source, item, entry, around);
        }
        if let Some(entry) = item.entry("rescue").or_else(|| item.entry("always")) {
            let message = format!("`{}` belongs to a block, and there is none", entry.key.text);
            let hint = "write the tasks before it below `block:`";
            self.refuse(source, entry.key.span, message, hint);
            return None;
        }
        let reading =
            item.entries().iter().find_map(|entry| Some((entry, Reading::of(&entry.key.text)?)));
        let Some((entry, reading)) = reading else {
            return match Meta::of_item(item) {
                Some(meta @ (Meta::Flush | Meta::Nothing)) => self.meta(source, item, meta, around),
                Some(Meta::EndPlay) | None => {
                    Some(Step::Task(Box::new(self.task(source, item, around))))
                }
            };
        };
        self.nothing_else(source, item, entry);
        if reading == Reading::Include && self.settings.as_ansible {
            let hint = "write `include_tasks` or `import_tasks`, or leave `--as-ansible` out";
            self.refuse(source, entry.key.span, "Ansible has no `include` any more", hint);
        } else if reading == Reading::Include {
            let hint = "write `include_tasks`, or `import_tasks` for a file that is always read";
            self.warn(
                source,
                entry.key.span,
                "Ansible has no `include` any more: this is taken for `include_tasks`",
                hint,
            );
        }
        let level = match reading {
            Reading::IncludeVars => around.section.level(),
            Reading::ImportTasks
            | Reading::IncludeTasks
            | Reading::Include
            | Reading::ImportRole
            | Reading::IncludeRole => Level::Include,
        };
        let keys = self.keys(source, item.entries(), level);
        match reading {
            Reading::ImportTasks => self.import_tasks(source, entry, keys, around),
            Reading::IncludeTasks | Reading::Include => {
                self.include_tasks(source, entry, keys, around)
            }
            Reading::ImportRole => self.import_role(source, entry, keys, around),
            Reading::IncludeRole => self.include_role(source, entry, keys, around),
            Reading::IncludeVars => self.include_vars(source, entry, keys, around),
        }
    }

    /// Unknown keys beside what an entry does.
    fn nothing_else(&mut self, source: &Arc<Source>, item: &Node, what: &Entry) {
        for entry in item.entries() {
            let key = &*entry.key.text;
            if std::ptr::eq(entry, what) || keywords::is_of_tasks(key) {
                continue;
            }
            let message = format!("unknown key `{}` beside `{}`", shorten(key), what.key.text);
            let hint = match nearest(key, keywords::of(Level::Task)) {
                Some(near) => format!("did you mean `{near}`? a task does one thing"),
                None => "a task does one thing: make two tasks of it".to_owned(),
            };
            self.refuse(source, entry.key.span, message, hint);
        }
    }

    fn block(
        &mut self,
        source: &Arc<Source>,
        item: &Node,
        entry: &Entry,
        around: &Around,
    ) -> Option<Step> {
        if around.section == Section::Handlers {
            let hint = "write its tasks as handlers that `listen` to one name, and notify that";
            self.refuse(source, entry.key.span, "a handler cannot be a block", hint);
            return None;
        }
        for other in item.entries() {
            let key = &*other.key.text;
            if !keywords::is_of_tasks(key) {
                let known: Vec<&str> = keywords::of(Level::Block).collect();
                let hint = match nearest(key, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("a block has {}", all_of(&known)),
                };
                let message = format!("unknown key `{}` of a block", shorten(key));
                self.refuse(source, other.key.span, message, hint);
            }
        }
        let keys = self.keys(source, item.entries(), Level::Block);
        if let Some(each) = &keys.each {
            let span = each.over.node.span;
            self.refuse(
                source,
                span,
                "a block has no loop",
                "put its tasks into a file and include that in a loop",
            );
        }
        let Keys { handed, name, vars, .. } = keys;
        let mut inner = Around { inherited: around.inherited.with(&handed), ..around.clone() };
        inner
            .known
            .extend(vars.iter().map(|vars| (hep_protocol::expression::Rank::Task, vars.clone())));
        self.deeper(source, entry.key.span, |reader| {
            let body = reader.list(source, entry, &inner);
            let mut below = |key: &str| {
                item.entry(key).map_or(Vec::new(), |entry| reader.list(source, entry, &inner))
            };
            let (rescue, always) = (below("rescue"), below("always"));
            let control = Control { name, vars, ..Control::default() };
            Step::Block(Box::new(ManifestBlock {
                control,
                body,
                rescue,
                always,
                ..ManifestBlock::default()
            }))
        })
    }
}
