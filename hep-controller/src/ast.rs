//! A manifest as it was read: plays, tasks and blocks, every value with its place. Nothing is evaluated here, and nothing
//! is known of hosts.

pub(crate) mod control;
pub(crate) mod rights;
pub(crate) mod texts;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{Source, Span};
use crate::yaml::{self, Node, shorten};
use control::Control;
use hep_protocol::dialect::Dialect;
use hep_protocol::expression::{Rank, has_expression};
use hep_protocol::plan::{HandlersOnFailure, Privacy};
use hep_protocol::task::{About, TaskSpec};
use rights::Rights;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A whole manifest with its mistakes, as far as can be seen without looking at variables.
#[derive(Debug)]
pub(crate) struct Manifest {
    /// The file that was asked for: what it includes has sources of its own.
    pub(crate) source: Arc<Source>,
    /// The language of all its plays.
    pub(crate) dialect: Dialect,
    pub(crate) plays: Vec<ManifestPlay>,
    /// What tasks with a mistake name as `src`: looked up too, so that one run reports everything.
    pub(crate) loose_sources: Vec<Piece>,
    /// What is no mistake and may not be meant.
    pub(crate) warnings: Diagnostics,
    /// How many tasks and handlers there are: each has a number below this.
    pub(crate) tasks: usize,
    pub(crate) problems: Diagnostics,
}

/// Tasks for the same hosts.
#[derive(Debug)]
pub(crate) struct ManifestPlay {
    pub(crate) name: Option<String>,
    /// The pattern of its hosts; all without one.
    pub(crate) hosts: Option<Spot>,
    /// Its variables and those that its roles bring.
    pub(crate) layers: Vec<Layer>,
    pub(crate) vars_files: Vec<Spot>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) handlers: Vec<ManifestTask>,
    pub(crate) on_failure: HandlersOnFailure,
    pub(crate) act_as: Rights,
    pub(crate) batching: Batching,
    pub(crate) login: Login,
}

/// What a play says of the way to its hosts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Login {
    pub(crate) connection: Option<Spot>,
    pub(crate) user: Option<Spot>,
    pub(crate) port: Option<Spot>,
}

/// What a play says of the order of its hosts, and of what ends the run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batching {
    /// How many hosts have their turn together; of the last as often as needed.
    pub(crate) serial: Vec<Size>,
    /// How many of a batch may fail, in percent.
    pub(crate) most_failed: Option<u32>,
    /// Whether one failure ends the run.
    pub(crate) fatal: bool,
    /// Whether a host begins the play without waiting for others.
    pub(crate) free: bool,
}

/// How many hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    Hosts(usize),
    Percent(usize),
}

/// What stands in a list of tasks.
#[derive(Debug)]
pub(crate) enum Entry {
    Task(Box<ManifestTask>),
    Block(Box<ManifestBlock>),
    /// Notified handlers, now: where a section of a play ends.
    Flush,
}

/// One task of a manifest.
#[derive(Debug)]
pub(crate) struct ManifestTask {
    /// Tells it from all others of the manifest.
    pub(crate) number: usize,
    pub(crate) control: Control,
    /// Its module's name, and where that stands.
    pub(crate) module: Spot,
    /// Its parameters as written.
    pub(crate) params: Node,
    /// Its parameters, if nothing in them waits for a host.
    pub(crate) spec: Option<Arc<TaskSpec>>,
    /// Whether something is wrong with its module, which was reported.
    pub(crate) broken: bool,
    /// What lies around it without a block, for a handler: its own variables are above those of their rank.
    pub(crate) layers: Vec<Layer>,
    pub(crate) origin: Origin,
}

/// What a task of a playbook has beside its keys.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin {
    /// Where its relative names begin, if not at its file.
    pub(crate) home: Option<Arc<Home>>,
    /// Why hep cannot do it: it fails where it is reached.
    pub(crate) refused: Vec<Diagnostic>,
    /// How it reaches beyond its host, which hep can do only where there is no other.
    pub(crate) crossings: Vec<Crossing>,
    /// For a handler: the names that `notify` may use for it, if its own name is not the only one.
    pub(crate) calls: Option<Vec<String>>,
}

/// A task that reaches beyond its host.
#[derive(Clone, Debug)]
pub(crate) struct Crossing {
    pub(crate) way: Way,
    /// Why hep cannot do it where there are other hosts.
    pub(crate) problem: Diagnostic,
}

/// How a task reaches beyond its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// It runs on one host for all of them: `run_once`.
    Once,
    /// It runs on this host in place of its own: `delegate_to`.
    Elsewhere(String),
}

/// Where something of a playbook is from.
#[derive(Debug)]
pub(crate) struct Home {
    /// The role, if it is from one.
    pub(crate) role: Option<String>,
    /// The directories in which local files are sought, each with its `files` or `templates` first.
    pub(crate) roots: Vec<PathBuf>,
}

/// A block, or the tasks of an included file.
#[derive(Debug, Default)]
pub(crate) struct ManifestBlock {
    pub(crate) control: Control,
    /// Variables that its own `vars` do not give: those of the included file, which are weaker than those that its include
    /// gives, or of a role.
    pub(crate) layers: Vec<Layer>,
    pub(crate) body: Vec<Entry>,
    pub(crate) rescue: Vec<Entry>,
    pub(crate) always: Vec<Entry>,
    /// Tags that decide whether it is read at all, and are not those of its tasks.
    pub(crate) gate: Option<Vec<Spot>>,
}

/// A text of a file, as it stands or as it is meant.
#[derive(Clone, Debug)]
pub(crate) struct Spot {
    pub(crate) text: String,
    pub(crate) source: Arc<Source>,
    pub(crate) span: Span,
}

impl Spot {
    pub(crate) fn problem(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::at(&self.source, self.span, message)
    }
}

/// Variables and how strong they are; of one rank later ones are stronger.
pub(crate) type Layer = (Rank, Piece);

/// A value of a file.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    pub(crate) source: Arc<Source>,
    pub(crate) node: Node,
}

impl Piece {
    pub(crate) fn problem(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::at(&self.source, self.node.span, message)
    }
}

impl Manifest {
    /// What is wrong with the manifest, whatever its hosts are.
    pub(crate) fn mistakes(self) -> Diagnostics {
        self.problems
    }

    /// The directory of a file that a part of the manifest is from.
    pub(crate) fn directory(source: &Source) -> PathBuf {
        source.path.parent().unwrap_or(Path::new("")).to_owned()
    }
}

impl ManifestPlay {
    /// Everything in it that gives variables.
    pub(crate) fn vars(&self) -> Vec<&Piece> {
        let mut pieces: Vec<&Piece> = pieces_of(&self.layers).collect();
        vars_of_blocks(&self.entries, &mut pieces);
        self.each_task(&mut |task| {
            pieces.extend(pieces_of(&task.layers).chain(&task.control.vars));
        });
        pieces
    }

    /// Every task in its order, then every handler.
    pub(crate) fn each_task<'p>(&'p self, see: &mut dyn FnMut(&'p ManifestTask)) {
        fn walk<'p>(entries: &'p [Entry], see: &mut dyn FnMut(&'p ManifestTask)) {
            for entry in entries {
                match entry {
                    Entry::Task(task) => see(task),
                    Entry::Block(block) => {
                        walk(&block.body, see);
                        walk(&block.rescue, see);
                        walk(&block.always, see);
                    }
                    Entry::Flush => {}
                }
            }
        }
        walk(&self.entries, see);
        self.handlers.iter().for_each(see);
    }
}

impl ManifestTask {
    /// What it is called: its own name, or one made from its parameters.
    pub(crate) fn title(&self) -> String {
        self.title_in(self.control.privacy.unwrap_or_default())
    }

    /// The same of a task whose privacy is known: parameters that may not be shown make no name.
    pub(crate) fn title_in(&self, privacy: Privacy) -> String {
        let own = self.own_title(privacy);
        match self.role() {
            Some(role) => format!("{role} : {own}"),
            None => own,
        }
    }

    /// Whether this is what it is called, with or without its role.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.title() == name || self.own_title(self.control.privacy.unwrap_or_default()) == name
    }

    /// The role that it is from.
    fn role(&self) -> Option<&str> {
        self.origin.home.as_ref()?.role.as_deref()
    }

    fn own_title(&self, privacy: Privacy) -> String {
        if let Some(name) = &self.control.name {
            return name.text.clone();
        }
        match &self.spec {
            _ if privacy == Privacy::Sensitive => self.module.text.clone(),
            Some(spec) => spec.params().title(),
            None => {
                let module = &self.module.text;
                let main = self.params.entries().iter().find_map(|entry| {
                    let main = ["dest", "path", "package", "name", "service", "msg"];
                    main.contains(&&*entry.key.text).then(|| entry.value.text()).flatten()
                });
                // The name is rendered once, and the elements of a loop are not known then.
                match main.filter(|text| self.control.each.is_none() || !has_expression(text)) {
                    Some(text) => format!("{module} {}", shorten(text)),
                    None => module.clone(),
                }
            }
        }
    }

    /// What is known of its module.
    pub(crate) fn about(&self) -> &'static About {
        About::of(&self.module.text)
    }

    /// The entry that names its template.
    pub(crate) fn template(&self) -> Option<&yaml::Entry> {
        self.params.entry(self.about().local.as_ref()?.template?)
    }

    /// The parameter with this value.
    pub(crate) fn parameter(&self, written: &str) -> Piece {
        let named = self.params.entries().iter().find(|entry| entry.value.text() == Some(written));
        let node = match named {
            Some(entry) => entry.value.clone(),
            None => Node::of_text("", self.module.span),
        };
        Piece { source: Arc::clone(&self.module.source), node }
    }

    /// Its variables.
    pub(crate) fn layers(&self) -> Vec<(Rank, Map<String, Value>)> {
        merged(&self.layers, self.control.vars.as_ref())
    }
}

impl ManifestBlock {
    /// Its variables: an include's own beat those of the file.
    pub(crate) fn layers(&self) -> Vec<(Rank, Map<String, Value>)> {
        merged(&self.layers, self.control.vars.as_ref())
    }
}

fn pieces_of(layers: &[Layer]) -> impl Iterator<Item = &Piece> {
    layers.iter().map(|(_, piece)| piece)
}

/// Variables by their ranks, without those of a rank that has none; `own` are those of the keys.
pub(crate) fn merged<'l>(
    layers: impl IntoIterator<Item = &'l Layer>,
    own: Option<&Piece>,
) -> Vec<(Rank, Map<String, Value>)> {
    let mut all: Vec<(Rank, Map<String, Value>)> = Vec::new();
    let layers = layers.into_iter().map(|(rank, piece)| (*rank, piece));
    for (rank, piece) in layers.chain(own.map(|own| (Rank::Task, own))) {
        let Value::Object(map) = piece.node.to_json() else { continue };
        match all.iter_mut().find(|(other, _)| *other == rank) {
            Some((_, vars)) => vars.extend(map),
            None => all.push((rank, map)),
        }
    }
    all.retain(|(_, vars)| !vars.is_empty());
    all
}

/// What blocks and included files say of variables.
fn vars_of_blocks<'m>(entries: &'m [Entry], found: &mut Vec<&'m Piece>) {
    for entry in entries {
        if let Entry::Block(block) = entry {
            found.extend(pieces_of(&block.layers).chain(&block.control.vars));
            for part in [&block.body, &block.rescue, &block.always] {
                vars_of_blocks(part, found);
            }
        }
    }
}
