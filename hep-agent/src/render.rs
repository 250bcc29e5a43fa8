//! Names and expressions on the host: what an expression sees, and tasks with expressions made into typed ones.
//!
//! Results of earlier tasks are data: whatever a program wrote, it is never taken for an expression.

use crate::facts::Gathered;
use crate::sys::SysError;
use crate::sys::linux::credentials::unworn;
use hep_protocol::expression::{Found, Language, Ready, Scope, Trouble, TroubleKind};
use hep_protocol::facts::FACTS;
use hep_protocol::names::BUILT_IN;
use hep_protocol::plan::{HostPart, Plan, RunMode, Settings};
use hep_protocol::rights::ActAs;
use hep_protocol::value::Json;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use template::Templates;

mod task;
mod template;

pub(crate) use task::Rendered;

/// Why something with an expression has no value.
#[derive(Debug)]
pub(crate) enum Unrendered {
    /// It depends on something that check mode does not know: `the result of `NAME``.
    Unknown(String),
    /// It is wrong.
    Wrong(SysError),
}

impl From<Trouble> for Unrendered {
    fn from(trouble: Trouble) -> Self {
        match trouble.kind {
            TroubleKind::Unknown { cause } => Self::Unknown(cause),
            TroubleKind::Undefined { .. }
            | TroubleKind::Syntax
            | TroubleKind::Circle { .. }
            | TroubleKind::Other => Self::Wrong(wrong(&trouble)),
        }
    }
}

fn wrong(trouble: &Trouble) -> SysError {
    let error = SysError::new(trouble.to_string());
    match &trouble.hint {
        Some(hint) => error.hint(hint.clone()),
        None => error,
    }
}

impl From<Unrendered> for SysError {
    fn from(unrendered: Unrendered) -> Self {
        match unrendered {
            Unrendered::Unknown(cause) => Self::unknown(cause),
            Unrendered::Wrong(error) => error,
        }
    }
}

/// What expressions may use at one place of a run. Cloning shares it.
#[derive(Clone)]
pub(crate) struct Names {
    language: Arc<Language>,
    scope: Arc<dyn Scope>,
    /// The same as `scope`.
    frame: Arc<Frame>,
}

/// The layers of names at one place.
#[derive(Clone)]
struct Frame {
    base: Arc<Base>,
    /// Variables of the play, of blocks and of the task, outermost first.
    layers: Vec<Arc<Map<String, Value>>>,
    /// Loop variables and the task's own result: stronger than everything.
    locals: Vec<(String, Found)>,
}

/// What is the same everywhere in a run.
struct Base {
    facts: Gathered,
    host: HostPart,
    groups: Json,
    extra: Json,
    mode: RunMode,
    task_timeout: Option<u32>,
    registered: RwLock<HashMap<String, Registered>>,
    /// Tasks whose results have something else in place of bytes that are not UTF-8.
    foreign: RwLock<Vec<String>>,
    templates: Templates,
    /// Facts that were asked for, prepared.
    prepared: RwLock<HashMap<String, Found>>,
}

/// What a name stands for since a task gave it.
struct Registered {
    found: Found,
    /// How many bytes of what programs wrote it holds.
    size: usize,
}

/// How many tasks with foreign bytes are named.
const FOREIGN: usize = 3;

impl Names {
    /// The names of a host before its first play.
    pub(crate) fn of_host(plan: &Plan, host: HostPart) -> Self {
        let Settings { mode, diff: _, pace: _, extra, groups, task_timeout } = &plan.settings;
        let base = Base {
            facts: Gathered::new(),
            host,
            groups: groups.clone(),
            extra: extra.clone(),
            mode: *mode,
            task_timeout: *task_timeout,
            registered: RwLock::default(),
            foreign: RwLock::default(),
            templates: Templates::default(),
            prepared: RwLock::default(),
        };
        let frame = Frame { base: Arc::new(base), layers: Vec::new(), locals: Vec::new() };
        Self::new(Arc::new(Language::new()), frame)
    }

    fn new(language: Arc<Language>, frame: Frame) -> Self {
        let frame = Arc::new(frame);
        let scope: Arc<dyn Scope> = Arc::clone(&frame) as _;
        Self { language, scope, frame }
    }

    /// The names of a unit test: facts of the machine alone.
    #[cfg(test)]
    pub(crate) fn none() -> Self {
        use hep_protocol::plan::DiffMode;
        let plan = Plan::of_tasks(RunMode::Apply, DiffMode::Off, Vec::new());
        Self::of_host(&plan, HostPart::default())
    }

    /// With variables above those so far; the same when there are none.
    pub(crate) fn with_vars(&self, vars: &Json) -> Self {
        match vars.entries() {
            Some(entries) if !entries.is_empty() => {
                let mut frame = self.frame.as_ref().clone();
                frame.layers.push(Arc::new(entries.clone()));
                Self::new(Arc::clone(&self.language), frame)
            }
            Some(_) | None => self.clone(),
        }
    }

    /// With names above all others.
    pub(crate) fn with_locals(&self, locals: Vec<(String, Found)>) -> Self {
        let mut frame = self.frame.as_ref().clone();
        frame.locals.extend(locals);
        Self::new(Arc::clone(&self.language), frame)
    }

    /// Makes a result or a variable known from here on; `size` bytes of it are what programs wrote.
    pub(crate) fn register(&self, name: &str, found: Found, size: usize) {
        let mut registered =
            self.frame.base.registered.write().unwrap_or_else(PoisonError::into_inner);
        registered.insert(name.to_owned(), Registered { found, size });
    }

    /// Drops results and variables of tasks, but for those that somebody wants.
    pub(crate) fn keep(&self, is_wanted: impl Fn(&str) -> bool) {
        let mut registered =
            self.frame.base.registered.write().unwrap_or_else(PoisonError::into_inner);
        registered.retain(|name, _| is_wanted(name));
    }

    /// How many bytes of what programs wrote the results hold, without that of this name.
    pub(crate) fn held_beside(&self, name: &str) -> usize {
        let registered = self.frame.base.registered.read().unwrap_or_else(PoisonError::into_inner);
        registered.iter().filter(|(other, _)| *other != name).map(|(_, held)| held.size).sum()
    }

    /// Remembers that this task's result has something else in place of bytes that are not UTF-8.
    pub(crate) fn note_foreign(&self, task: &str) {
        let mut foreign = self.frame.base.foreign.write().unwrap_or_else(PoisonError::into_inner);
        if foreign.len() < FOREIGN && !foreign.iter().any(|known| known == task) {
            foreign.push(task.to_owned());
        }
    }

    /// The tasks of which that is remembered, in words: `a`, `b`.
    fn foreign(&self) -> Option<String> {
        let foreign = self.frame.base.foreign.read().unwrap_or_else(PoisonError::into_inner);
        let quoted: Vec<String> = foreign.iter().map(|task| format!("`{task}`")).collect();
        (!quoted.is_empty()).then(|| quoted.join(", "))
    }

    /// As whom the host's tasks run, whatever they say themselves.
    pub(crate) fn act_as(&self) -> &ActAs {
        &self.frame.base.host.act_as
    }

    /// How long a task may take that does not say so itself, in seconds.
    pub(crate) fn task_timeout(&self) -> Option<u32> {
        self.frame.base.task_timeout
    }

    /// Whether a condition holds.
    pub(crate) fn holds(&self, condition: &str) -> Result<bool, Unrendered> {
        self.language.holds(condition, &self.scope).map_err(|trouble| {
            let condition = condition.trim();
            match Unrendered::from(trouble) {
                Unrendered::Wrong(error) => {
                    Unrendered::Wrong(error.about(format!("`{condition}`")))
                }
                unknown @ Unrendered::Unknown(_) => unknown,
            }
        })
    }

    /// The value of a bare expression.
    pub(crate) fn value(&self, expression: &str) -> Result<Value, Unrendered> {
        Ok(self.language.evaluate(expression, &self.scope)?)
    }

    /// A value with the expressions in all its texts replaced.
    pub(crate) fn tree(&self, value: &Json) -> Result<Value, Unrendered> {
        Ok(self.language.tree(&value.0, &self.scope)?)
    }

    /// A text with its expressions replaced.
    pub(crate) fn text(&self, text: &str) -> Result<Value, Unrendered> {
        Ok(self.language.text(text, &self.scope)?)
    }
}

/// A value of the run itself, made ready for many uses.
pub(crate) fn ready(value: &Value) -> Found {
    Found::Ready(Ready::new(value))
}

impl Frame {
    fn built_in(&self, name: &str) -> Option<Found> {
        let base = &self.base;
        Some(match name {
            "check_mode" => Found::Plain(Value::Bool(base.mode == RunMode::Check)),
            "group_names" => Found::Plain(base.host.groups.clone().into()),
            "groups" => Found::Plain(base.groups.0.clone()),
            "host" => Found::Plain(base.host.name.clone().into()),
            fact => return base.fact(fact),
        })
    }
}

impl Base {
    /// A fact, or all of them; none changes while the run goes on.
    fn fact(&self, name: &str) -> Option<Found> {
        let known = self.prepared.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        if known.is_some() {
            return known;
        }
        // As the process's own user, whatever task asks first: a fact is the same for all.
        let found = unworn(|| match name {
            "facts" => Some(self.facts.all().map(|all| ready(&all))),
            name => self.facts.get(name).map(|fact| fact.map(ready)),
        })?;
        let found = found.unwrap_or_else(|error| Found::Failed(crate::sys::words(error)));
        let mut prepared = self.prepared.write().unwrap_or_else(PoisonError::into_inner);
        prepared.insert(name.to_owned(), found.clone());
        Some(found)
    }
}

impl Scope for Frame {
    /// Loop variables, then the command line, results, the task's variables down to the inventory's, facts.
    fn get(&self, name: &str) -> Option<Found> {
        let local = self.locals.iter().rev().find(|(local, _)| local == name);
        if let Some((_, found)) = local {
            return Some(found.clone());
        }
        let raw = |vars: &Json| vars.entries()?.get(name).cloned().map(Found::Raw);
        let registered = || {
            let registered = self.base.registered.read().unwrap_or_else(PoisonError::into_inner);
            registered.get(name).map(|registered| registered.found.clone())
        };
        let layer = || self.layers.iter().rev().find_map(|layer| layer.get(name).cloned());
        raw(&self.base.extra)
            .or_else(registered)
            .or_else(|| layer().map(Found::Raw))
            .or_else(|| raw(&self.base.host.vars))
            .or_else(|| self.built_in(name))
    }

    fn names(&self) -> Vec<String> {
        let registered = self.base.registered.read().unwrap_or_else(PoisonError::into_inner);
        let vars = [&self.base.extra, &self.base.host.vars];
        let vars = vars.into_iter().filter_map(|vars| vars.entries());
        let layers = vars.chain(self.layers.iter().map(Arc::as_ref)).flat_map(Map::keys).cloned();
        let facts = FACTS.iter().map(|fact| fact.name.to_owned());
        let built_in = BUILT_IN.iter().map(|(name, _)| (*name).to_owned());
        let locals = self.locals.iter().map(|(name, _)| name.clone());
        layers
            .chain(locals)
            .chain(registered.keys().cloned())
            .chain(facts)
            .chain(built_in)
            .collect()
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame({} layers, {} locals)", self.layers.len(), self.locals.len())
    }
}
