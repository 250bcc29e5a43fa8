//! Every expression of a manifest against what is known before the run, once for all hosts that are alike. What depends on
//! facts or results is left to the host.

mod class;
mod context;
mod evaluate;
mod keys;
mod rounds;

use super::Input;
use super::host_classes::HostClasses;
use super::lookups::{Answers, Programs};
use super::mistakes::Mistakes;
use super::resolve::ResolvedPlay;
use super::select::Chosen;
use crate::ast::rights::Rights;
use crate::ast::{Entry, Home, ManifestBlock, ManifestPlay, ManifestTask, Spot};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::expression::{self, Form, Origin, Reading, Shape, place};
use crate::local_files::search::{From, Local, Sources, at_place};
use crate::source::Source;
use context::{has_expressions, result_shape, result_shape_of_try, spots_of};
pub(crate) use evaluate::hint_of;
use hep_protocol::dialect::Dialect;
use hep_protocol::expression::{Language, Layers, Rank, has_expression};
use hep_protocol::plan::{OnError, Privacy};
use hep_protocol::task::TaskSpec;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

/// What Ansible's dialect knows in a `rescue`.
const FAILED: [&str; 2] = ["ansible_failed_task", "ansible_failed_result"];

/// How many times something is evaluated before the rest is left to the hosts.
const MAX_EVALUATIONS: usize = 500_000;

/// Goes through plays as their hosts will.
pub(super) struct Verifier<'v, 's> {
    pub(super) input: &'v Input<'v>,
    pub(super) language: &'v Language,
    chosen: &'v Chosen,
    pub(super) sources: &'v mut Sources<'s>,
    /// The local files of tasks, by the tasks' numbers.
    pub(super) files: BTreeMap<usize, Vec<Local>>,
    pub(super) mistakes: Mistakes,
    /// What is no mistake and most likely not meant.
    pub(super) warnings: Vec<String>,
    /// Names that results have by now, and what may be read below them.
    registered: Registered,
    /// The texts with expressions of the manifest's variables, by the variables' names.
    texts: HashMap<String, Vec<Spot>>,
    /// What was read of texts, by what they are to the engine and by themselves.
    readings: HashMap<Form, HashMap<String, Arc<Reading>>>,
    /// Templates by their paths; the mistakes of those that cannot be read.
    pub(super) templates: HashMap<PathBuf, Result<Arc<Template>, Diagnostics>>,
    evaluations: usize,
    /// What lookups were answered with, for the hosts that are looked at.
    answers: Arc<Answers>,
    /// The same of all hosts, by their numbers among the targets.
    answered: BTreeMap<usize, Map<String, Value>>,
    programs: Programs,
    /// Why tasks of the play cannot be done that reach beyond their hosts, by their numbers.
    crossed: HashMap<usize, Diagnostic>,
}

/// What verifying came to.
pub(super) struct Verified {
    /// The local files of tasks, by the tasks' numbers.
    pub(super) files: BTreeMap<usize, Vec<Local>>,
    pub(super) warnings: Vec<String>,
    pub(super) problems: Diagnostics,
    pub(super) doubts: Vec<Diagnostic>,
    /// What lookups were answered with, by the hosts' numbers among the targets.
    pub(super) answered: BTreeMap<usize, Map<String, Value>>,
}

/// A template that was read.
pub(super) struct Template {
    pub(super) source: Arc<Source>,
    pub(super) reading: Reading,
}

/// Names of results.
#[derive(Clone, Default)]
struct Registered {
    later: Arc<HashMap<String, String>>,
    shapes: HashMap<String, Shape>,
}

impl Registered {
    fn add(&mut self, name: &str, cause: String, shape: Shape) {
        if !self.later.contains_key(name) {
            Arc::make_mut(&mut self.later).insert(name.to_owned(), cause);
        }
        self.shapes.insert(name.to_owned(), shape);
    }
}

/// What lies around an entry.
#[derive(Clone)]
pub(super) struct Context {
    class: Arc<HostClass>,
    /// The names and their values, as far as they are known, but for what tasks give.
    layers: Layers,
    /// Variables and loops that have no value here, with what may be below.
    shapes: Vec<(String, Origin, Shape)>,
    /// Conditions that hold here, if they could not be decided.
    conditions: Vec<Arc<Reading>>,
    /// The user that tasks run as here.
    rights: Rights,
    /// Whether mistakes may show the values of what is looked at.
    pub(super) privacy: Privacy,
    /// Whether only hosts know whether this is reached.
    doubtful: bool,
    /// Where local files are sought, in a task of a playbook.
    home: Option<Arc<Home>>,
    /// Which of their directories is its own: `files`, `templates`.
    kind: &'static str,
}

/// What all hosts of a class have in common.
pub(super) struct HostClass {
    layers: Layers,
    names: expression::Known<'static>,
    /// Whether names may be missing for a mistake that was reported.
    incomplete: bool,
}

/// What could be made of an expression.
pub(crate) enum Rendered {
    Known(Value),
    /// It is `omit`: what it is the value of is left out.
    Omitted,
    /// The host decides.
    Later,
    /// It is wrong, which was reported.
    Wrong,
}

/// Whether something is done, as far as that is known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Decision {
    Done,
    NotDone,
}

impl<'v, 's> Verifier<'v, 's> {
    pub(super) fn new(
        input: &'v Input<'v>,
        language: &'v Language,
        sources: &'v mut Sources<'s>,
        chosen: &'v Chosen,
        programs: Programs,
    ) -> Verifier<'v, 's> {
        Verifier {
            input,
            language,
            chosen,
            sources,
            files: BTreeMap::new(),
            mistakes: Mistakes::default(),
            warnings: Vec::new(),
            registered: Registered::default(),
            texts: HashMap::new(),
            readings: HashMap::new(),
            templates: HashMap::new(),
            evaluations: 0,
            answers: Arc::default(),
            answered: BTreeMap::new(),
            programs,
            crossed: HashMap::new(),
        }
    }

    /// Everything that is wrong with the plays, and the local files that their tasks name.
    pub(super) fn verify(mut self, plays: &[ResolvedPlay<'_>]) -> Verified {
        let classes = HostClasses::of(self.input, plays);
        let mut results = Vec::new();
        for ResolvedPlay { play, .. } in plays {
            // To Ansible a variable that nobody reads may be anything.
            if self.dialect() == Dialect::Hep {
                self.texts_of_vars(play);
            }
            if self.dialect() == Dialect::Hep {
                self.named_files(play);
            }
            play.each_task(&mut |task| {
                results.extend(task.control.register.iter().map(|name| name.text.as_str()));
            });
        }
        self.loose_files();
        for play in plays {
            self.play(play, &classes, &results);
        }
        self.warnings.extend(self.mistakes.told_doubts());
        Verified {
            files: self.files,
            warnings: self.warnings,
            problems: self.mistakes.all,
            doubts: self.mistakes.doubts,
            answered: self.answered,
        }
    }

    fn play(&mut self, resolved: &ResolvedPlay<'_>, classes: &HostClasses, results: &[&str]) {
        let ResolvedPlay { play, crossed, .. } = resolved;
        self.crossed.clone_from(crossed);
        let targets = self.input.targets;
        let before = self.registered.clone();
        for members in &classes.of_play(targets, resolved) {
            if self.evaluations >= MAX_EVALUATIONS {
                break;
            }
            self.registered = before.clone();
            self.mistakes.begin_class(members);
            let class = Arc::new(self.class(resolved, members, results));
            let mut context = Context::of(class, play.act_as.clone());
            self.mistakes.doubtful = false;
            let own = members.first().and_then(|member| targets.members.get(*member));
            let own = own.map(|member| (Rank::Inventory, member.vars.clone()));
            let extra = (Rank::Extra, self.input.options.extra.vars());
            let all: Vec<_> = resolved.layers().into_iter().chain(own).chain([extra]).collect();
            self.ask_ahead(&context, &all);
            self.entries(&play.entries, &context);
            self.doubt(&mut context);
            play.handlers.iter().for_each(|handler| self.register(handler));
            for handler in &play.handlers {
                self.task(handler, &context);
            }
            let answers = self.answers.take();
            if !answers.is_empty() {
                for member in members {
                    self.answered.entry(*member).or_default().extend(answers.clone());
                }
            }
        }
        let name = |member: &usize| {
            targets.members.get(*member).map_or(String::new(), |member| member.name.clone())
        };
        self.mistakes.end_play(&name);
    }

    /// Finds the local files that the tasks of a play name without an expression.
    fn named_files(&mut self, play: &ManifestPlay) {
        play.each_task(&mut |task| {
            if self.chosen.has(task.number) {
                let missing = self.files_of(task);
                self.mistakes.all.extend(missing);
            }
        });
    }

    /// Finds the local files that a task names without an expression; those that are not there.
    pub(super) fn files_of(&mut self, task: &ManifestTask) -> Diagnostics {
        let mut missing = Diagnostics::default();
        for written in task.spec.iter().flat_map(|spec| spec.params().sources()) {
            match self.sources.find(From::of(task), written) {
                Ok(local) => self.keep(task, local),
                Err(troubles) => missing.extend(at_place(&task.parameter(written), troubles)),
            }
        }
        missing
    }

    /// Looks up what tasks with a mistake name.
    fn loose_files(&mut self) {
        for piece in &self.input.manifest.loose_sources {
            let written = piece.node.text().filter(|text| !has_expression(text));
            let Some(written) = written.filter(|text| !text.is_empty()) else { continue };
            if let Err(troubles) = self.sources.find(From::File(&piece.source), written) {
                self.mistakes.all.extend(at_place(piece, troubles));
            }
        }
    }

    /// Variables are evaluated where they are used, but what is no expression is a mistake anywhere.
    fn texts_of_vars(&mut self, play: &ManifestPlay) {
        for piece in play.vars() {
            for entry in piece.node.entries() {
                let mut spots = Vec::new();
                spots_of(piece, &entry.value, &mut spots);
                for (spot, node) in spots {
                    let mapping = place(&spot.source, node);
                    for problem in &self.read(&spot.text, Form::Text).problems {
                        self.mistakes.all.push(mapping.diagnostic(problem));
                    }
                    self.texts.entry(entry.key.text.to_string()).or_default().push(spot);
                }
            }
        }
    }

    fn entries(&mut self, entries: &[Entry], context: &Context) {
        for entry in entries {
            match entry {
                Entry::Task(task) => self.task(task, context),
                Entry::Block(block) => self.block(block, context),
                Entry::Flush => {}
            }
        }
    }

    fn block(&mut self, block: &ManifestBlock, context: &Context) {
        let ManifestBlock { control, layers: _, body, rescue, always, gate: _ } = block;
        let mut context = context.clone();
        context.privacy = control.privacy.unwrap_or(context.privacy);
        context.take_layers(block.layers());
        context.rights = control.act_as.within(&context.rights);
        let rounds = match &control.each {
            Some(each) => {
                // The second round knows the results of the first.
                [body, rescue, always].into_iter().for_each(|part| self.register_all(part));
                self.rounds(each, &context)
            }
            None => vec![context],
        };
        let mut entered = false;
        for mut context in rounds {
            if self.decide(&control.when, &mut context) == Decision::Done {
                entered = true;
                for env in &control.env {
                    self.tree(env, &context);
                }
                let mut doubtful = context.clone();
                self.doubt(&mut doubtful);
                // A failure in what has a rescue is no failure of the host.
                self.entries(body, if rescue.is_empty() { &context } else { &doubtful });
                if self.dialect() == Dialect::Ansible && !rescue.is_empty() {
                    for name in FAILED {
                        self.registered.add(name, "what has failed".to_owned(), Shape::Any);
                    }
                }
                self.entries(rescue, &doubtful);
                self.entries(always, &context);
            }
        }
        if !entered {
            [body, rescue, always].into_iter().for_each(|part| self.register_all(part));
        }
    }

    fn register_all(&mut self, entries: &[Entry]) {
        for entry in entries {
            match entry {
                Entry::Task(task) => self.register(task),
                Entry::Block(block) => {
                    for part in [&block.body, &block.rescue, &block.always] {
                        self.register_all(part);
                    }
                }
                Entry::Flush => {}
            }
        }
    }

    /// The names that a task gives to what comes after it.
    fn register(&mut self, task: &ManifestTask) {
        if let Some(name) = &task.control.register {
            let shape = result_shape(task);
            self.registered.add(&name.text, format!("the result of `{}`", name.text), shape);
        }
        if task.about().gives_variables() {
            let chosen = task.control.gives.as_ref().is_some_and(|gives| gives.chosen.is_some());
            let written = task.params.entries();
            let of_files = written.iter().filter(|_| chosen).flat_map(|file| file.value.entries());
            for entry in of_files.chain(written.iter().filter(|_| !chosen)) {
                let cause = format!("`{}`, which a task sets", entry.key.text);
                self.registered.add(&entry.key.text, cause, Shape::Any);
            }
        }
    }

    fn task(&mut self, task: &ManifestTask, context: &Context) {
        let crossed = self.crossed.get(&task.number);
        let refused: Vec<_> = task.origin.refused.iter().chain(crossed).cloned().collect();
        let foreign = self.dialect() == Dialect::Ansible;
        let names = |spec: &TaskSpec| !spec.params().sources().is_empty();
        let evaluated = has_expressions(task, &context.rights)
            || !refused.is_empty()
            || foreign && task.spec.as_deref().is_some_and(names);
        if self.chosen.has(task.number) && evaluated && self.evaluations < MAX_EVALUATIONS {
            let mut context = context.clone();
            context.privacy = task.control.privacy.unwrap_or(context.privacy);
            context.take_layers(task.layers());
            context.home = task.origin.home.clone();
            context.kind = if task.template().is_some() { "templates" } else { "files" };
            self.ask_ahead(&context, &task.layers());
            context.rights = task.control.act_as.within(&context.rights);
            self.mistakes.doubtful = context.doubtful;
            if task.control.on_error == Some(OnError::GoOn) || task.control.ignored_if.is_some() {
                self.doubt(&mut context);
            }
            // Where it cannot be rendered the host shows it as it is written: what guards the task, or loops, guards it too.
            // To Ansible it is no mistake anywhere.
            let title = task.control.name.as_ref().filter(|name| has_expression(&name.text));
            let mut title = title.filter(|_| self.dialect() == Dialect::Hep);
            let rounds = match &task.control.each {
                // To Ansible a loop that is skipped may be anything.
                Some(_) if foreign && self.surely_skipped(&task.control.when, &context) => {
                    Vec::new()
                }
                Some(each) => self.rounds(each, &context),
                None => vec![context],
            };
            for mut context in rounds {
                self.mistakes.doubtful = context.doubtful;
                if self.decide(&task.control.when, &mut context) == Decision::Done {
                    if let Some(title) = title.take() {
                        self.text(title, &context);
                    }
                    if !task.broken && refused.is_empty() {
                        self.params(task, &context);
                    }
                    for refused in &refused {
                        self.mistakes.push(refused.clone());
                    }
                    self.keys(&task.control, &context, result_shape_of_try(task));
                }
            }
        }
        self.register(task);
    }
}
