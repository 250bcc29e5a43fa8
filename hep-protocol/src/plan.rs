//! The plan: what the hosts of a run are asked to do, fully checked. Flat: a block is counted, not nested.

mod place;

use crate::blob::Source;
use crate::dialect::Dialect;
use crate::expression::Rank;
use crate::facts::setup::Collector;
use crate::message::MAX_DEPTH;
use crate::rights::ActAs;
use crate::task::{About, TaskSpec};
use crate::value::{Json, Secret};
pub use place::{PLACE, place};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a run does. A host is sent [`Settings`] and its own plays, one by one, and never another's; on the controller a plan
/// has all of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// How the plays are run, and what all of them can read.
    pub settings: Settings,
    /// The plays, in order.
    pub plays: Vec<Play>,
}

/// How plays are run, and what all of them can read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Whether the host is changed, or only asked.
    pub mode: RunMode,
    /// Whether changes carry a text diff.
    pub diff: DiffMode,
    /// Whether the agent asks before each task.
    pub pace: Pace,
    /// The variables of the command line (`-e`), a mapping: nothing beats them. A host has those that its plays read.
    pub extra: Json,
    /// The inventory's groups, a mapping of names to lists of hosts; empty when no expression reads it.
    pub groups: Json,
    /// How long a task may take that does not say so itself, in seconds.
    pub task_timeout: Option<u32>,
    /// What of `setup`'s facts the plays read, by its collectors; `None`: they may read any.
    pub facts: Option<BTreeSet<Collector>>,
}

impl Settings {
    /// Those of a run without variables of its own.
    #[must_use]
    pub fn of(mode: RunMode, diff: DiffMode) -> Self {
        let (extra, groups) = (Json::default(), Json::default());
        Self { mode, diff, pace: Pace::Straight, extra, groups, task_timeout: None, facts: None }
    }
}

impl Plan {
    /// One play of tasks in a row, without variables and handlers.
    #[must_use]
    pub fn of_tasks(mode: RunMode, diff: DiffMode, tasks: Vec<Task>) -> Self {
        let numbers = (0_u32..).zip(&tasks).map(|(number, _)| Item::Task(number));
        let plays = vec![Play { items: numbers.collect(), tasks, ..Play::default() }];
        Self { settings: Settings::of(mode, diff), plays }
    }

    /// Every task with its number, in order.
    pub fn tasks(&self) -> impl Iterator<Item = (u32, &Task)> {
        let numbers = |play: &Play| play.first..play.end().unwrap_or(u32::MAX);
        self.plays.iter().flat_map(move |play| numbers(play).zip(&play.tasks))
    }

    /// The numbers of the tasks that are handlers of their plays.
    pub fn handlers(&self) -> impl Iterator<Item = u32> {
        self.plays.iter().flat_map(|play| play.handlers.iter().copied())
    }

    /// The task with this number, if it belongs to one of the plays.
    #[must_use]
    pub fn task(&self, number: u32) -> Option<&Task> {
        let behind = self.plays.partition_point(|play| play.first <= number);
        self.plays.get(behind.checked_sub(1)?)?.task(number)
    }

    /// What is wrong with the numbers and counts of the plays that came for a host.
    #[must_use]
    pub fn fault(&self, host: &HostPart) -> Option<String> {
        if !self.plays.iter().map(|play| &play.number).eq(&host.plays) {
            return Some("its plays are not those of the host".to_owned());
        }
        let mut end = 0;
        for play in &self.plays {
            if play.first < end {
                return Some(format!("task {} is in two plays", play.first));
            }
            if let Some(fault) = play.fault() {
                return Some(fault);
            }
            end = play.end().unwrap_or(u32::MAX);
        }
        let ascend = host.plays.is_sorted_by(|play, next| play < next);
        (!ascend).then(|| "its plays are out of order".to_owned())
    }
}

/// What differs from host to host.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HostPart {
    /// Its name in the inventory.
    pub name: String,
    /// The groups it is in.
    pub groups: Vec<String>,
    /// Its variables, a mapping: those of its groups with its own above them.
    pub vars: Json,
    /// The plays it runs, by their [`Play::number`], ascending: all that it is sent.
    pub plays: Vec<u32>,
    /// Those of them before which it waits for the other hosts, ascending.
    pub waits: Vec<u32>,
    /// The user that its tasks run as; overrides what they say themselves.
    pub act_as: ActAs,
    /// What nothing that leaves the host may show.
    pub secrets: Vec<Secret>,
}

/// Whether the host is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunMode {
    /// The real host.
    Apply,
    /// The same run on an overlay that keeps every change in memory.
    Check,
}

/// Whether changes carry a text diff.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DiffMode {
    /// Lines only.
    Off,
    /// A unified diff of texts up to a size.
    Unified,
}

/// Whether the agent asks before each task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pace {
    /// It runs the whole plan by itself.
    #[default]
    Straight,
    /// It asks before each task and waits for the answer (`--step`).
    Asking,
}

/// Tasks for the same hosts, with their variables and handlers. It refers to no other play.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Play {
    /// Its place among all plays of the run: the first number of its turns.
    pub number: u32,
    /// What the operator called it.
    pub name: Option<String>,
    /// The language of its expressions.
    pub dialect: Dialect,
    /// Its variables: those of the play with those of its files above them, and what its roles bring.
    pub layers: Vec<Layer>,
    /// The number of its first task. Tasks are numbered across all plays of the run, and have that number in every message.
    pub first: u32,
    /// Its tasks, handlers too.
    pub tasks: Vec<Task>,
    /// What is run, in order.
    pub items: Vec<Item>,
    /// Its handlers, by their numbers, in the order of their definition.
    pub handlers: Vec<u32>,
    /// What becomes of notified handlers when a task fails.
    pub on_failure: HandlersOnFailure,
}

impl Play {
    /// The task with this number, if it is one of its own.
    #[must_use]
    pub fn task(&self, number: u32) -> Option<&Task> {
        self.tasks.get(number.checked_sub(self.first)? as usize)
    }

    /// The number after that of its last task; `None` beyond what a plan can hold.
    fn end(&self) -> Option<u32> {
        u32::try_from(self.tasks.len()).ok().and_then(|count| self.first.checked_add(count))
    }

    fn fault(&self) -> Option<String> {
        if self.end().is_none() {
            return Some(format!("task {} and those after it are too many", self.first));
        }
        if !blocks_fit(&self.items) {
            return Some("a block reaches past what is around it".to_owned());
        }
        let controls = self.tasks.iter().filter_map(|task| task.control.as_ref());
        let notified = controls.flat_map(|control| &control.notify).copied();
        let items = self.items.iter().filter_map(Item::task);
        let mut all = items.chain(self.handlers.iter().copied()).chain(notified);
        let missing = all.find(|number| self.task(*number).is_none());
        missing.map(|task| format!("there is no task {task}"))
    }
}

/// What becomes of notified handlers when a later task fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum HandlersOnFailure {
    /// They run before the host's run ends: the change that notified them has been made.
    #[default]
    Run,
    /// They do not run (`handlers_on_failure: skip`).
    Skip,
}

/// An entry of a play. A block's own entries follow it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Item {
    /// A task of the play, by its number.
    Task(u32),
    /// A block over the entries after it.
    Block(Box<Block>),
    /// Notified handlers, now: where a part of a play ends.
    Flush,
}

impl Item {
    fn task(&self) -> Option<u32> {
        match self {
            Self::Task(number) => Some(*number),
            Self::Block(_) | Self::Flush => None,
        }
    }
}

/// Whether every block lies within one part of the block around it, and none deeper than blocks may.
fn blocks_fit(items: &[Item]) -> bool {
    // Where the parts around the present entry end, the innermost last.
    let mut ends = vec![items.len()];
    for (at, item) in items.iter().enumerate() {
        while ends.last().is_some_and(|end| *end <= at) {
            ends.pop();
        }
        let Item::Block(block) = item else { continue };
        let behind = |from: usize, count: u32| from.saturating_add(count as usize);
        let body = behind(at.saturating_add(1), block.body);
        let rescue = behind(body, block.rescue);
        let always = behind(rescue, block.always);
        let deep = ends.len() > MAX_DEPTH.saturating_mul(3);
        if deep || block.entries().is_none() || ends.last().is_none_or(|outer| *outer < always) {
            return false;
        }
        ends.extend([always, rescue, body]);
    }
    true
}

/// Entries that share a condition, a loop, variables, or what happens when one of them fails.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// What the operator called it.
    pub name: Option<String>,
    /// How many of the entries after it are run first; those of inner blocks count too.
    pub body: u32,
    /// How many after those are run if one of the body fails, which then is no failure.
    pub rescue: u32,
    /// How many after those are run in every case.
    pub always: u32,
    /// All must hold for the block to be entered; decided once.
    pub when: Vec<Condition>,
    /// It is run for each element.
    pub each: Option<Loop>,
    /// Its variables.
    pub layers: Vec<Layer>,
    /// Whether its tasks are one choice of several: nothing is reported of them where it is not entered.
    pub choice: bool,
}

/// Variables, a mapping, and how strong they are. Those of one rank stand in one layer.
pub type Layer = (Rank, Json);

impl Block {
    /// How many entries belong to it; `None` beyond what a plan can hold.
    #[must_use]
    pub fn entries(&self) -> Option<u32> {
        self.body.checked_add(self.rescue)?.checked_add(self.always)
    }
}

/// One task of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// What the operator called it, or a description made from its parameters. May hold `{{ }}`.
    pub name: String,
    /// What it does.
    pub spec: Spec,
    /// The local files its parameters name, each under the text that names it.
    pub sources: Vec<NamedSource>,
    /// Whether a failure of this task ends the run.
    pub on_error: OnError,
    /// Everything else that its keys say; most tasks have none.
    pub control: Option<Box<Control>>,
}

/// A task's module and parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Spec {
    /// Without an expression: checked and typed.
    Typed(Arc<TaskSpec>),
    /// With expressions: rendered on the host, and decoded there into the same types.
    Open {
        /// The module's name.
        module: String,
        /// Its parameters as written, a mapping.
        params: Json,
    },
}

impl Spec {
    /// The module's name.
    #[must_use]
    pub fn module(&self) -> &str {
        match self {
            Self::Typed(spec) => spec.about().name,
            Self::Open { module, .. } => module,
        }
    }

    /// What is known of the module.
    #[must_use]
    pub fn about(&self) -> &'static About {
        match self {
            Self::Typed(spec) => spec.about(),
            Self::Open { module, .. } => About::of(module),
        }
    }

    /// Whether a template gives something in it.
    #[must_use]
    pub fn has_template(&self) -> bool {
        match self {
            Self::Typed(spec) => spec.params().template().is_some(),
            Self::Open { params, .. } => {
                params.entries().is_some_and(|params| self.about().has_template(params))
            }
        }
    }
}

/// A task's keys that say when, how often and with what it runs, and what follows from its result.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Control {
    /// All must hold, for each element of a loop anew.
    pub when: Vec<Condition>,
    /// It is run for each element.
    pub each: Option<Loop>,
    /// The name its result has from here on.
    pub register: Option<String>,
    /// The handlers it notifies when it changed something, by their numbers; all are of its own play.
    pub notify: Vec<u32>,
    /// How often it is tried.
    pub retry: Option<Retry>,
    /// What counts as a change, all together; its module says so otherwise.
    pub changed_when: Option<Vec<Condition>>,
    /// What counts as a failure, all together; its module says so otherwise.
    pub failed_when: Option<Vec<Condition>>,
    /// Its variables.
    pub layers: Vec<Layer>,
    /// Environment variables for its processes: mappings or expressions of such, later ones beat earlier ones.
    pub env: Vec<Json>,
    /// How long it may take, in seconds: a number or an expression. Package managers are never killed.
    pub timeout: Option<Json>,
    /// Whether its parameters and output may be shown.
    pub privacy: Privacy,
    /// Whether it runs on the host or on an overlay, whatever the run does.
    pub check: CheckPolicy,
    /// The user that it runs as; blocks, play and command line are taken into account.
    pub act_as: ActAs,
    /// Whether it is one choice of several: it is not reported where its condition does not hold.
    pub choice: bool,
    /// What it gives; without it the variables that it sets are results.
    pub gives: Option<Box<Gives>>,
    /// Whether the host is done with the play after it, which is no failure.
    pub ends_play: bool,
}

/// Variables that a task gives as they are written: they are evaluated where they are read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gives {
    /// How strong they are. Only a task that gives those of `include_vars` is reported: others are what a play or a role names.
    pub rank: Rank,
    /// If the host decides which: a text that gives the name of a file. What the task sets then are the variables of each file
    /// by its name; a text in their place says why there are none.
    pub chosen: Option<String>,
    /// The files that they are from, by the names that `chosen` gives, with their paths.
    pub files: BTreeMap<String, String>,
}

impl Gives {
    /// Whether they are given by a task that the operator wrote.
    #[must_use]
    pub fn is_reported(&self) -> bool {
        self.rank == Rank::IncludedVars
    }
}

/// An expression that must hold, without braces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition(pub String);

/// A loop over the elements of a list, or the `{key, value}` pairs of a mapping.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Loop {
    /// A list or a mapping, or an expression that gives one.
    pub over: Json,
    /// The name of the element: `item`.
    pub var: String,
    /// The name of its number, from 0.
    pub index: Option<String>,
    /// What reports call an element; may hold `{{ }}`.
    pub label: Option<String>,
    /// The lookup that makes elements of `over`, as `dict` in `with_dict`; without it these are the elements.
    pub kind: Option<String>,
    /// Seconds between two rounds: a number or an expression.
    pub pause: Option<Json>,
    /// Whether each round knows its place among the others, as `ansible_loop`.
    pub extended: bool,
}

/// How often a task is tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Retry {
    /// How often again after the first time: a number or an expression.
    pub retries: Json,
    /// Seconds between two tries: a number or an expression.
    pub delay: Json,
    /// What ends the tries, all together; empty: that the task did not fail.
    pub until: Vec<Condition>,
}

/// Whether a task's parameters and output may be shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Privacy {
    /// They may.
    #[default]
    Open,
    /// They leave the host in no form (`sensitive: true`).
    Sensitive,
}

/// Whether a task runs on the host or on an overlay, whatever the run does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CheckPolicy {
    /// As the run.
    #[default]
    AsRun,
    /// Always on an overlay (`check: always`).
    Always,
    /// Always on the host, in check mode too (`check: never`).
    Never,
}

impl Task {
    /// A task that says nothing but what it does; its failure ends the run.
    #[must_use]
    pub fn of(name: impl Into<String>, spec: Spec) -> Self {
        Self {
            name: name.into(),
            spec,
            sources: Vec::new(),
            on_error: OnError::Stop,
            control: None,
        }
    }

    /// The source that a parameter names.
    #[must_use]
    pub fn source(&self, written: &str) -> Option<&Source> {
        self.sources.iter().find(|named| named.written == written).map(|named| &named.source)
    }
}

/// What a failed task means for those after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnError {
    /// The host's run ends here.
    Stop,
    /// The failure is reported as ignored and the run goes on (`ignore_error: true`).
    GoOn,
    /// This decides between the two, when the task has failed.
    Ask(Condition),
}

/// A local source and the text in the manifest that names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedSource {
    /// The text as written, or as its expressions give it: `app/index.php`, `tree/`.
    pub written: String,
    /// What the controller found there.
    pub source: Source,
}

#[cfg(test)]
mod tests;
