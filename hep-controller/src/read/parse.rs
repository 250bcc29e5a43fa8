//! The forms a manifest may have: a list of tasks, a play, a list of plays.

use super::include::Loaded;
use super::values::Value;
use super::{foreign, keys};
use crate::ast::rights::Rights;
use crate::ast::{Batching, Layer, Login, Manifest, ManifestPlay, ManifestTask, Piece, Spot};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{Source, Span};
use crate::words::nearest;
use crate::yaml::{self, Kind, Node};
use hep_protocol::dialect::Dialect;
use hep_protocol::expression::Rank;
use hep_protocol::plan::HandlersOnFailure;
use hep_protocol::task::TaskSpec;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Reads a manifest with all its files.
#[derive(Default)]
pub(crate) struct Reader {
    pub(crate) problems: Diagnostics,
    pub(crate) loose_sources: Vec<Piece>,
    /// How many tasks and handlers there are so far.
    pub(crate) count: usize,
    /// How many files were included so far.
    pub(crate) includes: usize,
    /// How many blocks and includes lie around what is read.
    pub(crate) depth: usize,
    /// The files that include one another around what is read, outermost first.
    pub(crate) chain: Vec<PathBuf>,
    /// Included files by their paths; nothing for one that cannot be read.
    pub(crate) loaded: HashMap<PathBuf, Option<Loaded>>,
    /// Variables of the included files around what is read and of their includes, weakest first.
    pub(crate) given: Vec<Piece>,
    /// Handlers of included files, for the play that is read.
    pub(crate) joining: Vec<ManifestTask>,
}

/// Reads the text of a manifest.
pub(crate) fn parse(source: &Arc<Source>) -> Manifest {
    let (root, problems) = yaml::parse(source);
    let chain = vec![source.path.clone()];
    let mut reader = Reader { problems, chain, ..Reader::default() };
    let plays = match &root {
        Some(root) => reader.root(source, root),
        None => Vec::new(),
    };
    let tasks = |play: &ManifestPlay| !play.entries.is_empty();
    if !plays.iter().any(tasks) && reader.problems.is_empty() {
        let message = "the manifest has no tasks";
        let diagnostic = match &root {
            Some(root) if !root.is_null() => Diagnostic::at(source, root.span, message),
            Some(_) | None => Diagnostic::of_file(&source.path, message),
        };
        reader.problems.push(
            diagnostic.hint("write a list of tasks: `- file: {dest: /etc/motd, content: hello}`"),
        );
    }
    let Reader { problems, loose_sources, count, .. } = reader;
    let (source, dialect) = (Arc::clone(source), Dialect::Hep);
    Manifest {
        source,
        dialect,
        plays,
        loose_sources,
        tasks: count,
        warnings: Diagnostics::default(),
        problems,
    }
}

/// Keys that only a play has, Ansible's too.
const OF_PLAYS: [&str; 11] = [
    "serial",
    "max_fail_percentage",
    "any_errors_fatal",
    "tasks",
    "hosts",
    "handlers",
    "handlers_on_failure",
    "vars_files",
    "pre_tasks",
    "post_tasks",
    "roles",
];

/// Whether an item of a list is a play and no task.
pub(crate) fn is_play(item: &Node) -> bool {
    item.entries().iter().any(|entry| OF_PLAYS.contains(&&*entry.key.text))
}

impl Reader {
    fn root(&mut self, source: &Arc<Source>, root: &Node) -> Vec<ManifestPlay> {
        match &root.kind {
            Kind::Seq(items) if items.iter().any(is_play) => self.plays(source, items),
            Kind::Seq(items) => {
                let mut play = ManifestPlay::new();
                play.entries = self.entries(source, items);
                play.handlers = std::mem::take(&mut self.joining);
                vec![play]
            }
            Kind::Map(_) => vec![self.play(source, root)],
            Kind::Broken => Vec::new(),
            Kind::Scalar(_) if root.is_null() => Vec::new(),
            Kind::Scalar(_) => {
                let message = format!("a manifest is a list of tasks, found {}", root.describe());
                self.problems.push(
                    Diagnostic::at(source, root.span, message)
                        .hint("begin each task with `- name: ...` and write its module below"),
                );
                Vec::new()
            }
        }
    }

    fn plays(&mut self, source: &Arc<Source>, items: &[Node]) -> Vec<ManifestPlay> {
        let mut plays = Vec::new();
        for item in items {
            match &item.kind {
                Kind::Map(_) if is_play(item) => plays.push(self.play(source, item)),
                Kind::Broken => {}
                Kind::Map(_) if item.entry("import_playbook").is_some() => {
                    plays.push(self.play(source, item));
                }
                Kind::Map(_) | Kind::Scalar(_) | Kind::Seq(_) => {
                    let message = "a list holds either plays or tasks, and this is not a play";
                    let problem = Diagnostic::at(source, item.span, message);
                    self.problems.push(problem.hint("write it below the `tasks:` of a play"));
                }
            }
        }
        plays
    }

    fn play(&mut self, source: &Arc<Source>, node: &Node) -> ManifestPlay {
        let mut play = ManifestPlay::new();
        let mut included = Vec::new();
        for entry in node.entries() {
            let mut value = Value { source, entry, problems: &mut self.problems };
            match &*entry.key.text {
                "name" => play.name = value.text().map(|name| name.text),
                "hosts" => {
                    let patterns = value.texts();
                    let text = patterns.iter().map(|spot| spot.text.as_str()).collect::<Vec<_>>();
                    let (text, source) = (text.join(","), Arc::clone(source));
                    let spot = Spot { text, source, span: entry.value.span };
                    play.hosts = (!patterns.is_empty()).then_some(spot);
                }
                "vars" => play.layers = of_play(value.variables()),
                "vars_files" => play.vars_files = value.texts(),
                "handlers_on_failure" => play.on_failure = on_failure(&mut value),
                "include" => included = value.texts(),
                "tasks" => {
                    let tasks = self.list(source, entry);
                    play.entries.extend(tasks);
                }
                "handlers" => play.handlers = self.handlers(source, entry),
                key if play.act_as.take(key, &mut value) => {}
                key if play.batching.take(key, &mut value) => {}
                key if has_module(node) && super::control::canonical(key).is_some() => {}
                key => {
                    let problem = unknown_key(source, key, entry.key.span, node);
                    self.problems.push(problem);
                }
            }
        }
        let mut first = Vec::new();
        for file in &included {
            if let Some(found) = self.included(file, None) {
                first.push(found.into_entry());
            }
        }
        first.append(&mut play.entries);
        play.entries = first;
        play.handlers.append(&mut self.joining);
        play
    }
}

/// A play's own variables as a layer.
fn of_play(vars: Option<Piece>) -> Vec<Layer> {
    vars.into_iter().map(|vars| (Rank::Play, vars)).collect()
}

impl ManifestPlay {
    pub(crate) fn new() -> ManifestPlay {
        ManifestPlay {
            name: None,
            hosts: None,
            layers: Vec::new(),
            vars_files: Vec::new(),
            entries: Vec::new(),
            handlers: Vec::new(),
            on_failure: HandlersOnFailure::Run,
            act_as: Rights::default(),
            batching: Batching::default(),
            login: Login::default(),
        }
    }
}

fn on_failure(value: &mut Value<'_>) -> HandlersOnFailure {
    let word = value.text();
    match word.as_ref().map(|word| word.text.as_str()) {
        Some("skip") => HandlersOnFailure::Skip,
        Some("run") | None => HandlersOnFailure::Run,
        Some(other) => {
            let message = format!(
                "`handlers_on_failure` takes `run` or `skip`, found `{}`",
                yaml::shorten(other)
            );
            value.refuse(message, "`run` is what holds without it");
            HandlersOnFailure::Run
        }
    }
}

/// Whether a task was written where a play should be: then its other keys are no mistakes of their own.
fn has_module(node: &Node) -> bool {
    node.entries().iter().any(|entry| TaskSpec::MODULES.contains(&&*entry.key.text))
}

/// A key that a play does not have.
fn unknown_key(source: &Arc<Source>, key: &str, span: Span, play: &Node) -> Diagnostic {
    let at = |message: String| Diagnostic::at(source, span, message);
    if let Some(item) = key.strip_prefix('-') {
        let (message, hint) = yaml::dash(item);
        return Diagnostic::at(source, Span::new(span.start, span.start + 1), message).hint(hint);
    }
    let of_plays = play.entries().iter().find(|entry| OF_PLAYS.contains(&&*entry.key.text));
    if let Some(other) = of_plays.filter(|_| TaskSpec::MODULES.contains(&key)) {
        let other = &other.key.text;
        return at(format!("`{key}` belongs in a task, but `{other}` makes this a play"))
            .hint(format!("write `- {key}: ...` below `tasks:`; a task has no `{other}`"));
    }
    if TaskSpec::MODULES.contains(&key) {
        return at(format!("`{key}` is outside a task"))
            .hint("a manifest is a list of tasks: begin each with `- `");
    }
    if let Some(foreign) = foreign::play_key(key).or_else(|| foreign::task_key(key)) {
        return foreign.diagnostic(source, key, span);
    }
    if super::control::canonical(key).is_some() {
        return at(format!("`{key}` is a key of tasks, but this is a play")).hint(format!(
            "put the tasks into a block with it: `- block: [...]` and `{key}: ...`"
        ));
    }
    let message = format!("unknown key `{}` of a manifest", yaml::shorten(key));
    let hint = match nearest(key, keys::words(keys::PLAY)) {
        Some(name) => format!("did you mean `{name}`?"),
        None => {
            let names: Vec<&str> = keys::PLAY.iter().map(|key| key.name).collect();
            format!("the keys of a manifest are {}", crate::words::all_of(&names))
        }
    };
    at(message).hint(hint)
}
