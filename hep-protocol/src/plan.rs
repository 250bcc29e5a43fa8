//! The plan: what the hosts of a run are asked to do, fully checked. Flat: a block is counted, not nested.

use crate::blob::Source;
use crate::message::MAX_DEPTH;
use crate::rights::ActAs;
use crate::task::TaskSpec;
use crate::value::{Json, Secret};
use serde::{Deserialize, Serialize};

/// Everything one run does; the same for all its hosts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Whether the host is changed, or only asked.
    pub mode: RunMode,
    /// Whether changes carry a text diff.
    pub diff: DiffMode,
    /// Whether the agent asks before each task.
    pub pace: Pace,
    /// Every task of every play, handlers too. A task's place in this list is its number in every message.
    pub tasks: Vec<Task>,
    /// The plays, in order; each host runs those that its [`HostPart`] names.
    pub plays: Vec<Play>,
    /// The variables of the command line (`-e`), a mapping: nothing beats them.
    pub extra: Json,
    /// The inventory's groups, a mapping of names to lists of hosts; empty when no expression reads it.
    pub groups: Json,
    /// How long a task may take that does not say so itself, in seconds.
    pub task_timeout: Option<u32>,
}

impl Plan {
    /// One play of tasks in a row, without variables and handlers.
    #[must_use]
    pub fn of_tasks(mode: RunMode, diff: DiffMode, tasks: Vec<Task>) -> Self {
        let numbers = (0_u32..).zip(&tasks).map(|(number, _)| Item::Task(number));
        let plays = vec![Play { items: numbers.collect(), ..Play::default() }];
        let (extra, groups) = (Json::default(), Json::default());
        let (pace, task_timeout) = (Pace::Straight, None);
        Self { mode, diff, pace, tasks, plays, extra, groups, task_timeout }
    }

    /// What is wrong with the numbers and counts of a plan that came from elsewhere, and of the plays that a host runs.
    #[must_use]
    pub fn fault(&self, host: &HostPart) -> Option<String> {
        if let Some(play) = host.plays.iter().find(|play| self.plays.len() <= **play as usize) {
            return Some(format!("there is no play {play}"));
        }
        let controls = self.tasks.iter().filter_map(|task| task.control.as_ref());
        let mut tasks: Vec<u32> = controls.flat_map(|control| control.notify.clone()).collect();
        for play in &self.plays {
            tasks.extend(play.items.iter().filter_map(Item::task).chain(play.handlers.clone()));
            if !blocks_fit(&play.items) {
                return Some("a block reaches past what is around it".to_owned());
            }
        }
        let missing = tasks.into_iter().find(|task| self.tasks.len() <= *task as usize);
        missing.map(|task| format!("there is no task {task}"))
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
    /// The plays it runs, by their place in [`Plan::plays`], ascending.
    pub plays: Vec<u32>,
    /// As whom its tasks run; beats what they say themselves.
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

/// Tasks for the same hosts, with their variables and handlers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Play {
    /// What the operator called it.
    pub name: Option<String>,
    /// Its variables, a mapping: those of the play with those of its files above them.
    pub vars: Json,
    /// What is run, in order.
    pub items: Vec<Item>,
    /// Its handlers, by their place in [`Plan::tasks`], in the order of their definition.
    pub handlers: Vec<u32>,
    /// What becomes of notified handlers when a task fails.
    pub on_failure: HandlersOnFailure,
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
    /// A task, by its place in [`Plan::tasks`].
    Task(u32),
    /// A block over the entries behind it.
    Block(Box<Block>),
}

impl Item {
    fn task(&self) -> Option<u32> {
        match self {
            Self::Task(number) => Some(*number),
            Self::Block(_) => None,
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
    /// How many of the entries behind it are run first; those of inner blocks count too.
    pub body: u32,
    /// How many behind those are run if one of the body fails, which then is no failure.
    pub rescue: u32,
    /// How many behind those are run in every case.
    pub always: u32,
    /// All must hold for the block to be entered; decided once.
    pub when: Vec<Condition>,
    /// It is run for each element.
    pub each: Option<Loop>,
    /// Its variables, a mapping.
    pub vars: Json,
}

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
    Typed(TaskSpec),
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
            Self::Typed(spec) => spec.module(),
            Self::Open { module, .. } => module,
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
    /// The handlers it notifies when it changed something, by their place in [`Plan::tasks`].
    pub notify: Vec<u32>,
    /// How often it is tried.
    pub retry: Option<Retry>,
    /// What counts as a change, all together; its module says so otherwise.
    pub changed_when: Option<Vec<Condition>>,
    /// What counts as a failure, all together; its module says so otherwise.
    pub failed_when: Option<Vec<Condition>>,
    /// Its variables, a mapping.
    pub vars: Json,
    /// Environment variables for its processes: mappings or expressions of such, later ones beat earlier ones.
    pub env: Vec<Json>,
    /// How long it may take, in seconds: a number or an expression. Package managers are never killed.
    pub timeout: Option<Json>,
    /// Whether its parameters and output may be shown.
    pub privacy: Privacy,
    /// Whether it runs on the host or on an overlay, whatever the run does.
    pub check: CheckPolicy,
    /// As whom it runs; blocks, play and command line are taken into account.
    pub act_as: ActAs,
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
mod tests {
    use super::*;

    fn block(body: u32, rescue: u32, always: u32) -> Item {
        Item::Block(Box::new(Block { body, rescue, always, ..Block::default() }))
    }

    #[track_caller]
    fn check(items: Vec<Item>, fault: Option<&str>) {
        let task =
            Task::of("a", Spec::Open { module: "debug".to_owned(), params: Json::default() });
        let mut plan = Plan::of_tasks(RunMode::Apply, DiffMode::Off, vec![task]);
        plan.plays = vec![Play { items, ..Play::default() }];
        let host = HostPart { plays: vec![0], ..HostPart::default() };
        assert_eq!(plan.fault(&host).as_deref(), fault);
    }

    #[test]
    fn counts_and_numbers_that_lead_nowhere_are_a_fault() {
        const PAST: Option<&str> = Some("a block reaches past what is around it");
        let task = || Item::Task(0);
        check(vec![block(2, 1, 1), block(0, 1, 0), task(), task(), task()], None);
        check(vec![block(1, 1, 0), task(), block(0, 0, 0), task()], None);
        check(vec![block(2, 0, 0), task()], PAST);
        check(vec![block(1, 1, 0), block(1, 0, 0), task()], PAST);
        check(vec![block(u32::MAX, 1, 0), task()], PAST);
        let deep =
            |depth: u32| (0..depth).rev().map(|inner| block(inner + 1, 0, 0)).chain([task()]);
        check(deep(32).collect(), None);
        check(deep(1000).collect(), PAST);
        check(vec![task(), Item::Task(1)], Some("there is no task 1"));
    }
}
