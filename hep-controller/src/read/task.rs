//! One task: its module and its keys, and what is said of keys that it does not have.

use super::control::{Owner, canonical};
use super::module::{self, Params};
use super::parse::Reader;
use super::{foreign, keys};
use crate::ast::control::Control;
use crate::ast::{ManifestTask, Origin, Piece, Spot};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{Source, Span};
use crate::words::{all_of, alternatives, nearest};
use crate::yaml::{self, Entry, Node};
use hep_protocol::dialect::Dialect;
use hep_protocol::task::{About, TaskSpec};
use std::sync::Arc;

/// A mapping in a list of tasks, its entries sorted by what they are.
pub(crate) struct Sorted<'n> {
    pub(crate) modules: Vec<&'n Entry>,
    pub(crate) strange: Vec<&'n Entry>,
}

impl<'n> Sorted<'n> {
    pub(crate) fn of(item: &'n Node) -> Sorted<'n> {
        let (mut modules, mut strange) = (vec![], vec![]);
        for entry in item.entries() {
            let key: &str = &entry.key.text;
            if TaskSpec::MODULES.contains(&key) {
                modules.push(entry);
            } else if canonical(key).is_none() {
                strange.push(entry);
            }
        }
        Sorted { modules, strange }
    }
}

impl Reader {
    /// Reads one task; its mistakes go to the problems.
    pub(crate) fn task(
        &mut self,
        source: &Arc<Source>,
        item: &Node,
        owner: Owner,
    ) -> Option<ManifestTask> {
        let spelled_out = module::spelled_out(item);
        let item = spelled_out.as_ref().unwrap_or(item);
        let Sorted { modules, strange } = Sorted::of(item);
        let beside = BesideModule::of(&modules, &strange);
        self.problems.extend(beside.problem(source));
        for entry in strange.iter().filter(|entry| !beside.has(entry)) {
            self.problems.push(unknown_key(source, entry, &modules));
        }
        self.one_module(source, item, &modules, strange.is_empty());
        let mut read = modules.iter().map(|entry| {
            let params = match beside.0 {
                Some((module, _)) if std::ptr::eq(module, *entry) => Params::Wrong,
                Some(_) | None => module::read(source, Dialect::Hep, entry, &mut self.problems),
            };
            (entry, params)
        });
        let first = read.next();
        read.for_each(drop);
        let control = Control::read(source, item.entries(), owner, &mut self.problems);
        let (module, params, spec, broken) = match &first {
            Some((entry, read)) => {
                let spec = match read {
                    Params::Typed(spec) => Some(Arc::clone(spec)),
                    Params::Open | Params::Wrong => None,
                };
                let name = (entry.key.text.to_string(), entry.key.span);
                (name, entry.value.clone(), spec, matches!(read, Params::Wrong))
            }
            None => ((String::new(), item.span), item.clone(), None, true),
        };
        if broken {
            self.loose_sources.extend(loose_source(source, item));
        }
        let module = Spot { text: module.0, source: Arc::clone(source), span: module.1 };
        let number = self.count;
        self.count += 1;
        // One with mistakes is kept for its names: what uses them has no mistake by that.
        Some(ManifestTask {
            number,
            control,
            module,
            params,
            spec,
            broken,
            layers: Vec::new(),
            origin: Origin::default(),
        })
    }

    fn one_module(
        &mut self,
        source: &Arc<Source>,
        item: &Node,
        modules: &[&Entry],
        no_strange: bool,
    ) {
        match modules {
            [] if no_strange => {
                let hint = format!("add one of {}", alternatives(&TaskSpec::MODULES));
                self.problems
                    .push(Diagnostic::at(source, item.span, "the task has no module").hint(hint));
            }
            [first, second, ..] => {
                let (one, two) = (&first.key.text, &second.key.text);
                let message =
                    format!("a task has one module, and this one has `{one}` and `{two}`");
                self.problems.push(
                    Diagnostic::at(source, second.key.span, message)
                        .label("the second module")
                        .also(first.key.span, "the first module")
                        .hint("make two tasks of it, each beginning with `- `"),
                );
            }
            [] | [_] => {}
        }
    }
}

/// Parameters that stand beside a module without any, where they should stand below it.
struct BesideModule<'n>(Option<(&'n Entry, Vec<&'n Entry>)>);

impl<'n> BesideModule<'n> {
    fn of(modules: &[&'n Entry], strange: &[&'n Entry]) -> BesideModule<'n> {
        let empty = modules.iter().copied().find(|module| module.value.is_null());
        let found = empty.map(|module| {
            let is_own = |entry: &&&Entry| module::has_parameter(&module.key.text, &entry.key.text);
            (module, strange.iter().filter(is_own).copied().collect::<Vec<_>>())
        });
        BesideModule(found.filter(|(_, own)| !own.is_empty()))
    }

    fn has(&self, entry: &Entry) -> bool {
        self.0.as_ref().is_some_and(|(_, own)| own.iter().any(|own| std::ptr::eq(*own, entry)))
    }

    /// One mistake, however many they are.
    fn problem(&self, source: &Arc<Source>) -> Diagnostics {
        let mut problems = Diagnostics::default();
        if let Some((module, own)) = &self.0 {
            let names: Vec<&str> = own.iter().map(|entry| &*entry.key.text).collect();
            let module = &module.key.text;
            let (are, them) = match names.as_slice() {
                [_] => ("is a parameter", "it"),
                [] | [..] => ("are parameters", "them"),
            };
            if let Some(first) = own.first() {
                let message = format!("{} {are} of `{module}`", all_of(&names));
                let problem = Diagnostic::at(source, first.key.span, message);
                problems.push(problem.hint(format!("indent {them} further than `{module}:`")));
            }
        }
        problems
    }
}

/// The local file that a task with a mistake names.
fn loose_source(source: &Arc<Source>, item: &Node) -> Option<Piece> {
    let node = item.entries().iter().find_map(|entry| {
        let local = About::of(&entry.key.text).local.as_ref()?;
        Some(&entry.value.entry(local.parameters.first()?)?.value)
    })?;
    node.text()?;
    Some(Piece { source: Arc::clone(source), node: node.clone() })
}

/// A key that is neither a module nor a task's own.
pub(crate) fn unknown_key(source: &Arc<Source>, entry: &Entry, modules: &[&Entry]) -> Diagnostic {
    let (key, span): (&str, Span) = (&entry.key.text, entry.key.span);
    if let Some(foreign) = foreign::task_key(key) {
        return foreign.with_value(key, entry.value.text()).diagnostic(source, key, span);
    }
    if let Some(module) = foreign::qualified(key).filter(|name| TaskSpec::MODULES.contains(name)) {
        return Diagnostic::at(
            source,
            span,
            format!("modules of hep have short names, found `{key}`"),
        )
        .hint(format!("write `{module}`"));
    }
    let shown = yaml::shorten(key);
    let owner = modules.iter().find(|module| module::has_parameter(&module.key.text, key));
    if let Some(module) = owner {
        let module = &module.key.text;
        return Diagnostic::at(source, span, format!("`{shown}` is a parameter of `{module}`"))
            .hint(format!("indent it further than `{module}`"));
    }
    let at = |message: String| Diagnostic::at(source, span, message);
    if keys::find(keys::PLAY, key).is_some() {
        return at(format!("`{shown}` is a key of a play, but this is a task"))
            .hint("write it beside `tasks:`");
    }
    let known = TaskSpec::MODULES.into_iter().chain(keys::words(keys::TASK));
    let guess = nearest(key, known);
    if modules.is_empty() {
        let list = format!("the modules are {}", all_of(&TaskSpec::MODULES));
        let hint = match guess {
            Some(name) => format!("did you mean `{name}`? {list}"),
            None => list,
        };
        at(format!("unknown module `{shown}`")).hint(hint)
    } else {
        let hint = match guess {
            Some(name) => format!("did you mean `{name}`?"),
            None => "`hep doc task` shows the keys of a task".to_owned(),
        };
        at(format!("unknown key `{shown}` of a task")).hint(hint)
    }
}
