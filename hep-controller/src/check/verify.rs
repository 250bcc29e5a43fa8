//! Every expression of a manifest against what is known before the run, once for all hosts that are alike. What depends on
//! facts or results is left to the host.

mod around;
mod evaluate;
mod keys;

use super::host_classes;
use super::mistakes::Mistakes;
use super::scope::Layer;
use super::select::Chosen;
use super::targets::Hosts;
use super::variables::mapping;
use super::{Order, PlayToVerify};
use crate::ast::control::ManifestLoop;
use crate::ast::rights::Rights;
use crate::ast::vars_of_blocks;
use crate::ast::{Entry, ManifestBlock, ManifestPlay, ManifestTask, Piece, Spot};
use crate::diagnostic::Diagnostics;
use crate::expression::{self, Form, Origin, Reading, Shape, place};
use crate::local_files::search::Sources;
use crate::yaml::Node;
use around::{result_shape, result_shape_of_try, spots_of};
pub(crate) use evaluate::hint_of;
use hep_protocol::expression::{Language, has_expression};
use hep_protocol::plan::Privacy;
use hep_protocol::plan::{NamedSource, RunMode};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

/// How many times something is evaluated before the rest is left to the hosts.
const MAX_EVALUATIONS: usize = 500_000;

/// How many elements of a loop are gone through.
const MAX_ELEMENTS: usize = 1000;

/// Goes through plays as their hosts will.
pub(crate) struct Verifier<'v, 's> {
    pub(crate) order: &'v Order<'v>,
    pub(crate) language: &'v Language,
    pub(crate) sources: &'v mut Sources<'s>,
    chosen: &'v Chosen,
    /// The local files of tasks, by the tasks' numbers.
    pub(crate) found: BTreeMap<usize, Vec<NamedSource>>,
    /// Where the local files of tasks are, by the tasks' numbers and the texts that name them.
    pub(crate) paths: BTreeMap<(usize, String), PathBuf>,
    pub(crate) mistakes: Mistakes,
    /// Names that results have by now, and what may be read below them.
    registered: Registered,
    /// What was read of texts, by their places in memory: the manifest outlives this.
    pub(crate) readings: HashMap<(usize, usize), Arc<Reading>>,
    pub(crate) templates: HashMap<PathBuf, Result<Arc<crate::source::Source>, Diagnostics>>,
    evaluations: usize,
    /// Whether names may be missing in the present play for a mistake that was reported.
    incomplete: bool,
    /// Names that results have anywhere.
    all_results: Vec<String>,
    /// The texts with expressions of the manifest's variables, by the variables' names.
    texts: HashMap<String, Vec<Spot>>,
    /// Whether mistakes may show the values of what is looked at.
    pub(crate) privacy: Privacy,
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
#[derive(Clone, Default)]
pub(crate) struct Around {
    /// Variables of blocks and tasks, strongest first.
    vars: Vec<Arc<Layer>>,
    /// Elements of loops, innermost first.
    loops: Vec<Arc<Layer>>,
    /// Variables and loops that have no value here, with what may be below.
    shapes: Vec<(String, Origin, Shape)>,
    /// Conditions that hold here, if they could not be decided.
    conditions: Vec<Arc<Reading>>,
    /// As whom tasks run here.
    rights: Rights,
}

/// What all hosts of one kind have in common.
pub(crate) struct Kind {
    vars: Arc<Layer>,
    play: Arc<Layer>,
    extra: Arc<Layer>,
    built_in: Arc<Layer>,
    facts: Arc<Layer>,
    names: expression::Known<'static>,
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
    pub(crate) fn new(
        order: &'v Order<'v>,
        language: &'v Language,
        sources: &'v mut Sources<'s>,
        chosen: &'v Chosen,
        paths: BTreeMap<(usize, String), PathBuf>,
    ) -> Verifier<'v, 's> {
        Verifier {
            order,
            language,
            sources,
            chosen,
            found: BTreeMap::new(),
            paths,
            mistakes: Mistakes::default(),
            registered: Registered::default(),
            readings: HashMap::new(),
            templates: HashMap::new(),
            evaluations: 0,
            incomplete: false,
            all_results: Vec::new(),
            texts: HashMap::new(),
            privacy: Privacy::Open,
        }
    }

    /// Everything that is wrong, and the local files that expressions name.
    pub(crate) fn finish(self) -> (Diagnostics, BTreeMap<usize, Vec<NamedSource>>) {
        (self.mistakes.all, self.found)
    }

    pub(crate) fn plays(&mut self, plays: &[PlayToVerify<'_>]) {
        let alike = host_classes::Groups::of(self.order, plays);
        plays.iter().for_each(|play| self.texts_of_vars(play.play));
        for play in plays {
            play.play.each_task(&mut |task| {
                self.all_results.extend(task.control.register.iter().map(|name| name.text.clone()));
            });
        }
        for play in plays {
            // Names may be those of hosts that nobody knows of.
            self.incomplete = play.incomplete || self.order.audience.hosts == Hosts::Unreadable;
            let before = self.registered.clone();
            let kinds = alike.of_play(self.order.audience, play);
            for members in &kinds {
                if self.evaluations >= MAX_EVALUATIONS {
                    break;
                }
                self.registered = before.clone();
                self.mistakes.begin_kind(members);
                let kind = self.kind(play, members);
                let rights = play.play.act_as.clone();
                let around = Around { rights, ..Around::default() };
                self.entries(&play.play.entries, &around, &kind);
                for handler in &play.play.handlers {
                    self.register(handler);
                }
                for handler in &play.play.handlers {
                    self.task(handler, &around, &kind);
                }
            }
            let name = |member: &usize| {
                self.order.audience.members.get(*member).map_or(String::new(), |m| m.name.clone())
            };
            self.mistakes.end_play(&name);
        }
    }

    /// Variables are evaluated where they are used, but what is no expression is a mistake anywhere.
    fn texts_of_vars(&mut self, play: &ManifestPlay) {
        let mut pieces: Vec<&Piece> = play.vars.iter().collect();
        play.each_task(&mut |task| pieces.extend(task.file_vars.iter().chain(&task.control.vars)));
        vars_of_blocks(&play.entries, &mut pieces);
        for piece in pieces {
            for entry in piece.node.entries() {
                let mut spots = Vec::new();
                spots_of(piece, &entry.value, &mut spots);
                for (spot, node) in spots {
                    let mapping = place(&spot.source, node);
                    for problem in expression::read(&spot.text, Form::Text).problems {
                        self.mistakes.all.push(mapping.diagnostic(&problem));
                    }
                    self.texts.entry(entry.key.text.to_string()).or_default().push(spot);
                }
            }
        }
    }

    fn kind(&self, play: &PlayToVerify<'_>, members: &[usize]) -> Kind {
        let audience = self.order.audience;
        let member = members.first().and_then(|member| audience.members.get(*member));
        let vars = member.map(|member| member.vars.clone()).unwrap_or_default();
        let (play, extra) = (mapping(&play.vars), self.order.extra.vars());
        let mut built_in = Map::new();
        if let Some(member) = member {
            built_in.insert("host".to_owned(), json!(member.name));
            built_in.insert("group_names".to_owned(), json!(member.groups));
        }
        built_in.insert("groups".to_owned(), Value::Object(audience.groups.clone()));
        built_in.insert("check_mode".to_owned(), json!(self.order.mode == RunMode::Check));
        let mut names = expression::Known::of_every_host();
        for (name, _) in hep_protocol::names::BUILT_IN {
            if name != "facts" {
                names.add(name, Origin::Fact, Shape::Any);
            }
        }
        for map in [&vars, &play, &extra] {
            map.iter()
                .for_each(|(name, value)| names.add(name, Origin::Variable, Shape::of(value)));
        }
        self.explain(&mut names);
        Kind {
            vars: Layer::raw(vars),
            play: Layer::raw(play),
            extra: Layer::raw(extra),
            built_in: Arc::new(Layer::Plain(built_in)),
            facts: Layer::facts(),
            names,
        }
    }

    /// What is said of names that are not in scope, though they exist elsewhere.
    fn explain(&self, names: &mut expression::Known<'_>) {
        if self.incomplete {
            names.be_silent();
        }
        if self.order.audience.hosts == Hosts::NotNamed {
            names.miss_hosts();
        }
        for name in &self.all_results {
            names.explain(
                name,
                "it is known behind the task that registers it: move that before this one",
            );
        }
        names.explain(
            "item",
            "only a task with `loop` has it, unless `loop_control` calls it otherwise",
        );
        let result = "only `until`, `changed_when` and `failed_when` have it: elsewhere write `register: NAME`, and use `NAME` in the tasks after it";
        names.explain("result", result);
    }

    fn entries(&mut self, entries: &[Entry], around: &Around, kind: &Kind) {
        for entry in entries {
            match entry {
                Entry::Task(task) => self.task(task, around, kind),
                Entry::Block(block) => self.block(block, around, kind),
            }
        }
    }

    fn block(&mut self, block: &ManifestBlock, around: &Around, kind: &Kind) {
        let ManifestBlock { control, file_vars: _, body, rescue, always } = block;
        let outer = self.privacy;
        self.privacy = control.privacy.unwrap_or(outer);
        let mut around = around.clone();
        around.take_vars(block.vars());
        around.rights = control.act_as.within(&around.rights);
        let rounds = match &control.each {
            Some(each) => {
                // The second round knows the results of the first.
                [body, rescue, always].into_iter().for_each(|part| self.register_all(part));
                self.rounds(each, &around, kind)
            }
            None => vec![around],
        };
        let mut entered = false;
        for mut around in rounds {
            if self.decide(&control.when, &mut around, kind) == Decision::Done {
                entered = true;
                if let Some(env) = &control.env {
                    self.tree(env, &around, kind);
                }
                for part in [body, rescue, always] {
                    self.entries(part, &around, kind);
                }
            }
        }
        if !entered {
            [body, rescue, always].into_iter().for_each(|part| self.register_all(part));
        }
        self.privacy = outer;
    }

    /// One scope for each element of a loop; one with an unknown element, if those are not known.
    fn rounds(&mut self, each: &ManifestLoop, around: &Around, kind: &Kind) -> Vec<Around> {
        let over = self.tree(&each.over, around, kind);
        let elements: Option<Vec<Value>> = match over {
            Rendered::Known(Value::Array(items)) => Some(items),
            Rendered::Known(Value::Object(map)) => {
                let pair = |(key, value): (&String, &Value)| json!({"key": key, "value": value});
                Some(map.iter().map(pair).collect())
            }
            Rendered::Known(other) => {
                let found = Node::of_text("", each.over.node.span).rendered(&other).describe();
                let problem = each
                    .over
                    .problem(format!("a loop takes a list or a mapping, and this gives {found}"));
                self.mistakes.push(problem.hint("write an expression that gives a list"));
                return Vec::new();
            }
            Rendered::Later => None,
            Rendered::Omitted => {
                let problem = each.over.problem("a loop cannot be left out by `omit`");
                self.mistakes
                    .push(problem.hint("write `default([])` where there may be nothing to do"));
                return Vec::new();
            }
            Rendered::Wrong => return Vec::new(),
        };
        let shape = elements.as_deref().map_or(Shape::Any, Shape::of_each);
        let round = |layer: Layer| {
            let mut around = around.clone();
            around.loops.insert(0, Arc::new(layer));
            around.shapes.push((each.var.clone(), Origin::LoopVariable, shape.clone()));
            if let Some(index) = &each.index {
                around.shapes.push((index.clone(), Origin::LoopVariable, Shape::Leaf("a number")));
            }
            around
        };
        match &elements {
            Some(items) => {
                let layer = |(number, item): (usize, &Value)| {
                    let mut names = Map::new();
                    names.insert(each.var.clone(), item.clone());
                    each.index
                        .iter()
                        .for_each(|index| drop(names.insert(index.clone(), json!(number))));
                    round(Layer::Plain(names))
                };
                items.iter().enumerate().take(MAX_ELEMENTS).map(layer).collect()
            }
            None => {
                let cause = "the elements of the loop";
                let names = [Some(&each.var), each.index.as_ref()].into_iter().flatten();
                let later = names.map(|name| (name.clone(), cause.to_owned())).collect();
                vec![round(Layer::Later(later))]
            }
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
            }
        }
    }

    /// The names that a task gives to what comes behind it.
    fn register(&mut self, task: &ManifestTask) {
        if let Some(name) = &task.control.register {
            let shape = result_shape(task);
            self.registered.add(&name.text, format!("the result of `{}`", name.text), shape);
        }
        if task.module.text == "set" {
            for entry in task.params.entries() {
                let cause = format!("`{}`, which a task sets", entry.key.text);
                self.registered.add(&entry.key.text, cause, Shape::Any);
            }
        }
    }

    fn task(&mut self, task: &ManifestTask, around: &Around, kind: &Kind) {
        let outer = self.privacy;
        self.privacy = task.control.privacy.unwrap_or(outer);
        let evaluated = task.has_expressions() || around.rights.has_expressions();
        if self.chosen.has(task) && evaluated && self.evaluations < MAX_EVALUATIONS {
            let mut around = around.clone();
            around.take_vars(task.vars());
            around.rights = task.control.act_as.within(&around.rights);
            // Where it cannot be rendered the host shows it as it is written: what guards the task, or loops, guards it too.
            let mut title = task.control.name.as_ref().filter(|name| has_expression(&name.text));
            let rounds = match &task.control.each {
                Some(each) => self.rounds(each, &around, kind),
                None => vec![around],
            };
            for mut around in rounds {
                if self.decide(&task.control.when, &mut around, kind) == Decision::Done {
                    if let Some(title) = title.take() {
                        self.text(title, &around, kind);
                    }
                    if !task.broken {
                        self.params(task, &around, kind);
                    }
                    self.keys(&task.control, &around, kind, result_shape_of_try(task));
                }
            }
        }
        self.privacy = outer;
        self.register(task);
    }
}
