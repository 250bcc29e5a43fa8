//! One task that calls a module: its keywords, and the parameters as hep's own module takes them.

use super::Reader;
use super::crossing::{crossings, failing};
use super::entry::Around;
use super::inherit::{Inherited, Keys};
use super::keywords::{self, Level};
use super::lower::{self, Call, Lowered, Unlowered};
use super::meta::Meta;
use super::names::Using;
use crate::ast::control::Control;
use crate::ast::{ManifestTask, Origin, Spot};
use crate::diagnostic::Diagnostic;
use crate::read::module::{self, Params};
use crate::source::{Source, Span};
use crate::words::nearest;
use crate::yaml::{Entry, Key, Kind, Node, shorten};
use hep_protocol::dialect::Dialect;
use hep_protocol::expression::{Rank, has_expression};
use hep_protocol::task::TaskSpec;
use std::sync::Arc;

/// A module's name as written, and what stands below it.
pub(super) struct Called {
    pub(super) key: Key,
    pub(super) value: Node,
}

/// What a task does.
pub(super) struct Work {
    pub(super) module: Spot,
    params: Node,
    spec: Option<Arc<TaskSpec>>,
    broken: bool,
    /// Why hep cannot do it.
    pub(super) refused: Vec<Diagnostic>,
}

impl Reader<'_> {
    /// Reads one task; one with mistakes is kept for its names.
    pub(super) fn task(
        &mut self,
        source: &Arc<Source>,
        item: &Node,
        around: &Around,
    ) -> ManifestTask {
        let mut keys = self.keys(source, item.entries(), around.section.level());
        let called = self.called(source, item);
        if keys.name.is_none() {
            keys.name = called.as_ref().map(|called| Spot {
                text: called.key.text.to_string(),
                source: Arc::clone(source),
                span: called.key.span,
            });
        }
        self.name_notified(&mut keys, around);
        let inherited = around.inherited.with(&keys.handed);
        let refused = inherited.refused.iter().find(|refused| refused.way.is_none());
        let refused = refused.map(|refused| refused.problem.clone());
        let meta =
            called.as_ref().and_then(|called| Meta::of_call(&called.key.text, &called.value));
        let meta = meta.filter(|meta| *meta != Meta::Flush);
        let (work, when) = match (called, refused) {
            (Some(called), Some(problem)) => {
                (self.undone(source, &called.key, vec![problem]), Vec::new())
            }
            (Some(called), None) if meta.is_some() => {
                (self.nothing(source, &called.key), Vec::new())
            }
            (Some(called), None) => self.work(source, &called, keys.args.as_ref(), &inherited),
            (None, _) => (self.broken(source, item.span), Vec::new()),
        };
        let crossings = crossings(&inherited, &work, keys.register.is_some());
        let mut control = around.inherited.clone().control(keys);
        control.ends_play = meta == Some(Meta::EndPlay);
        // A module's own conditions come before the task's.
        control.when.splice(
            0..0,
            when.iter().map(|text| Spot { text: text.clone(), ..work.module.clone() }),
        );
        let mut made = self.made(work, control, around);
        made.origin.crossings = crossings;
        made
    }

    /// Names of handlers with variables of plays and roles in them.
    fn name_notified(&self, keys: &mut Keys, around: &Around) {
        if !keys.handed.notify.iter().any(|name| has_expression(&name.text)) {
            return;
        }
        let mut inner = around.clone();
        inner.known.extend(keys.vars.iter().map(|vars| (Rank::Task, vars.clone())));
        for name in &mut keys.handed.notify {
            if let Some(known) = self.known_text(&name.text, &inner, Using::Static) {
                name.text = known;
            }
        }
    }

    fn made(&mut self, work: Work, control: Control, around: &Around) -> ManifestTask {
        let Work { module, params, spec, broken, refused } = work;
        let home = Some(Arc::clone(&around.home));
        let origin = Origin { home, refused, ..Origin::default() };
        let number = self.number();
        ManifestTask { number, control, module, params, spec, broken, layers: Vec::new(), origin }
    }

    /// The module that a task calls.
    fn called(&mut self, source: &Arc<Source>, item: &Node) -> Option<Called> {
        let strange: Vec<&Entry> =
            item.entries().iter().filter(|entry| !keywords::is_of_tasks(&entry.key.text)).collect();
        let action = item.entry("action").or_else(|| item.entry("local_action"));
        if let Some(action) = action {
            strange.iter().for_each(|entry| self.unknown(source, entry, &action.key));
            return self.action(source, action);
        }
        let module = strange
            .iter()
            .find(|entry| lower::is_module(&entry.key.text))
            .or_else(|| strange.iter().find(|entry| entry.key.text.contains('.')))
            .or_else(|| strange.first());
        let Some(module) = module else {
            let hint = "write a module and its parameters, as in `apt: {name: nginx}`";
            self.refuse(source, item.span, "the task has no module", hint);
            return None;
        };
        for other in strange.iter().filter(|other| !std::ptr::eq(**other, *module)) {
            self.unknown(source, other, &module.key);
        }
        Some(Called { key: module.key.clone(), value: module.value.clone() })
    }

    fn unknown(&mut self, source: &Arc<Source>, entry: &Entry, module: &Key) {
        let key = &*entry.key.text;
        if keywords::find(key).is_some() && !lower::is_module(key) {
            // That it is the key of something else was told.
            return;
        }
        let (message, hint) = if lower::is_module(key) {
            (
                format!("a task has one module, and this one has `{}` and `{key}`", module.text),
                "make two tasks of it, each beginning with `- `".to_owned(),
            )
        } else {
            let hint = match nearest(key, keywords::of(Level::Task)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("a parameter is indented further than `{}`", module.text),
            };
            (format!("unknown key `{}` of a task", shorten(key)), hint)
        };
        self.refuse(source, entry.key.span, message, hint);
    }

    /// `action: MODULE k=v`, and the same as a mapping.
    fn action(&mut self, source: &Arc<Source>, entry: &Entry) -> Option<Called> {
        let value = &entry.value;
        match &value.kind {
            Kind::Scalar(scalar) => {
                let text = scalar.text.trim();
                let (module, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
                if !module.is_empty() {
                    let key = Key { span: value.span, text: module.into() };
                    return Some(Called { key, value: Node::of_text(rest.trim(), value.span) });
                }
            }
            Kind::Map(entries) => {
                let named = entries.iter().find(|entry| &*entry.key.text == "module");
                if let Some((named, text)) =
                    named.and_then(|named| Some((named, named.value.text()?)))
                {
                    let (module, line) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
                    let key = Key { span: named.value.span, text: module.into() };
                    let rest: Vec<Entry> = entries
                        .iter()
                        .filter(|entry| &*entry.key.text != "module")
                        .cloned()
                        .collect();
                    let value = if rest.is_empty() {
                        Node::of_text(line.trim(), value.span)
                    } else {
                        value.with_entries(rest)
                    };
                    return Some(Called { key, value });
                }
            }
            Kind::Broken => return None,
            Kind::Seq(_) => {}
        }
        let message = format!("`{}` names no module", entry.key.text);
        self.refuse(source, entry.key.span, message, "write the module as a key of its own");
        None
    }

    /// A module's call as hep carries it out, with the conditions that come with it.
    fn work(
        &mut self,
        source: &Arc<Source>,
        called: &Called,
        args: Option<&Node>,
        inherited: &Inherited,
    ) -> (Work, Vec<String>) {
        let Called { key, value } = called;
        let defaults = defaults(inherited, key);
        let as_ansible = self.settings.as_ansible;
        let call = Call { source, module: key, value, args, as_ansible, defaults: &defaults };
        match lower::lower(&call) {
            Ok(Lowered { module, params, when, warnings }) => {
                warnings.into_iter().for_each(|warning| self.warnings.push(warning));
                let entry =
                    Entry { key: Key { span: key.span, text: module.into() }, value: params };
                // What is wrong with a call fails where it is reached, as to Ansible.
                let (work, found) = self.tried(|reader| reader.decoded(source, entry));
                if found.is_empty() {
                    return (work, when);
                }
                (self.undone(source, key, found), when)
            }
            Err(Unlowered::Mistakes(found) | Unlowered::Refused(found)) => {
                (self.undone(source, key, found.into_iter().collect()), Vec::new())
            }
        }
    }

    fn decoded(&mut self, source: &Arc<Source>, entry: Entry) -> Work {
        let read = module::read(source, Dialect::Ansible, &entry, &mut self.problems);
        let (spec, broken) = match read {
            Params::Typed(spec) => (Some(spec), false),
            Params::Open => (None, false),
            Params::Wrong => (None, true),
        };
        let module = Spot {
            text: entry.key.text.to_string(),
            source: Arc::clone(source),
            span: entry.key.span,
        };
        Work { module, params: entry.value, spec, broken, refused: Vec::new() }
    }

    /// What fails where it is reached, because hep cannot do it.
    fn undone(&mut self, source: &Arc<Source>, key: &Key, refused: Vec<Diagnostic>) -> Work {
        let msg = refused.first().map_or(String::new(), Diagnostic::in_a_line);
        let params = Node::below("msg", Node::of_text(&msg, key.span));
        let module = Spot { text: "fail".to_owned(), source: Arc::clone(source), span: key.span };
        let spec = Some(failing(msg));
        Work { module, params, spec, broken: false, refused }
    }

    /// A task that does nothing and is ok.
    fn nothing(&mut self, source: &Arc<Source>, key: &Key) -> Work {
        let params = Node::below("that", Node::of_text("true", key.span));
        let entry = Entry { key: Key { span: key.span, text: "assert".into() }, value: params };
        self.decoded(source, entry)
    }

    fn broken(&mut self, source: &Arc<Source>, span: Span) -> Work {
        let module = Spot { text: String::new(), source: Arc::clone(source), span };
        Work { module, params: Node::broken(span), spec: None, broken: true, refused: Vec::new() }
    }

    /// A task of the reader's own, which does what a module of hep does.
    pub(super) fn own_task(
        &mut self,
        named: &Spot,
        entry: Entry,
        control: Control,
        around: &Around,
    ) -> ManifestTask {
        let work = self.decoded(&named.source, entry);
        self.made(work, control, around)
    }

    /// A task of the reader's own whose parameters are complete.
    pub(super) fn typed_task(
        &mut self,
        named: &Spot,
        spec: TaskSpec,
        params: Node,
        control: Control,
        around: &Around,
    ) -> ManifestTask {
        let module = Spot { text: spec.about().name.to_owned(), ..named.clone() };
        let work =
            Work { module, params, spec: Some(Arc::new(spec)), broken: false, refused: Vec::new() };
        self.made(work, control, around)
    }

    /// A task in place of something that hep cannot do.
    pub(super) fn refusal(
        &mut self,
        named: &Spot,
        problem: Diagnostic,
        keys: Keys,
        around: &Around,
    ) -> ManifestTask {
        self.refusals(named, vec![problem], keys, around)
    }

    /// The same with several reasons.
    pub(super) fn refusals(
        &mut self,
        named: &Spot,
        refused: Vec<Diagnostic>,
        keys: Keys,
        around: &Around,
    ) -> ManifestTask {
        let key = Key { span: named.span, text: named.text.as_str().into() };
        let work = self.undone(&named.source, &key, refused);
        let mut control = around.inherited.clone().control(keys);
        control.name.get_or_insert_with(|| named.clone());
        self.made(work, control, around)
    }
}

/// The defaults that are for a module, weakest first.
fn defaults(inherited: &Inherited, module: &Key) -> Vec<Node> {
    let of = |piece: &crate::ast::Piece| {
        let own = |entry: &&Entry| lower::short(&entry.key.text) == lower::short(&module.text);
        let found = piece.node.entries().iter().filter(own);
        found.map(|entry| respanned(&entry.value, module.span)).collect::<Vec<_>>()
    };
    inherited.defaults.iter().flat_map(of).collect()
}

/// A value that is from elsewhere, with one place for all of it.
pub(super) fn respanned(node: &Node, span: Span) -> Node {
    match &node.kind {
        Kind::Scalar(_) | Kind::Broken => node.clone().placed(span),
        Kind::Seq(items) => {
            Node::of_list(items.iter().map(|item| respanned(item, span)).collect(), span)
        }
        Kind::Map(entries) => {
            let entry = |entry: &Entry| Entry {
                key: Key { span, text: entry.key.text.clone() },
                value: respanned(&entry.value, span),
            };
            node.with_entries(entries.iter().map(entry).collect()).placed(span)
        }
    }
}
