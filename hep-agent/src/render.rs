//! Names and expressions on the host: what an expression sees, and tasks with expressions made into typed ones.
//!
//! Results of earlier tasks are data: whatever a program wrote, it is never taken for an expression.

use crate::sys::SysError;
use hep_protocol::dialect::Dialect;
use hep_protocol::expression::{
    Found, Language, Layers, Rank, Ready, Scope, Trouble, TroubleKind, Variables,
    has_encoded_replacement,
};
use hep_protocol::facts::setup::Collector;
use hep_protocol::plan::{HostPart, Layer, Plan, RunMode, Settings};
use hep_protocol::rights::ActAs;
use hep_protocol::value::Json;
use layers::{Facts, Given, HostFacts, HostVars, Hosts, Kept, Lossy, Now, Registered, Results};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::sync::Arc;
use template::Templates;

mod layers;
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

impl Unrendered {
    /// Why, in words.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Unknown(cause) => format!("it depends on {cause}"),
            Self::Wrong(error) => error.to_string(),
        }
    }
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
    base: Arc<Base>,
    layers: Arc<Layers>,
    /// The same as `layers`.
    scope: Arc<dyn Scope>,
}

/// The ranks of what tasks give until the end of their play: files that the play names and the host chooses, and what roles
/// bring that are included for all that comes after.
const OF_PLAY: [Rank; 3] = [Rank::RoleDefaults, Rank::Play, Rank::RoleVars];

/// What is the same everywhere in a run.
struct Base {
    /// Variables that tasks gave as they are written: until the end of the run, and until that of the play.
    kept: Arc<Kept>,
    kept_of_play: [(Rank, Arc<Kept>); 3],
    act_as: ActAs,
    task_timeout: Option<u32>,
    registered: Arc<Results>,
    templates: Templates,
    /// Facts by Ansible's names, and what else the run gives in that dialect.
    facts: Arc<HostFacts>,
    magic: Arc<Given>,
    hosts: Hosts,
    wanted_facts: Option<BTreeSet<Collector>>,
}

impl Names {
    /// The names of a host before its first play.
    pub(crate) fn of_host(plan: &Plan, host: HostPart) -> Self {
        let Settings { mode, diff: _, pace: _, extra, groups, task_timeout, facts } =
            &plan.settings;
        let HostPart { name, groups: own_groups, vars, plays: _, waits: _, act_as, secrets: _ } =
            host;
        let registered = Arc::new(Results::default());
        let magic = given([
            ("group_names", own_groups.clone().into()),
            ("groups", groups.0.clone()),
            ("inventory_hostname", name.as_str().into()),
            ("inventory_hostname_short", name.split('.').next().unwrap_or_default().into()),
        ]);
        let kept = Arc::new(Kept::default());
        let kept_of_play = OF_PLAY.map(|rank| (rank, Arc::default()));
        let listed = groups.entries().into_iter().flat_map(Map::values).filter_map(Value::as_array);
        let others = listed.flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        let hosts = Hosts { name: name.clone(), others };
        let base = Base {
            kept: Arc::clone(&kept),
            kept_of_play,
            facts: Arc::default(),
            magic: Arc::new(magic),
            hosts,
            wanted_facts: facts.clone(),
            act_as,
            task_timeout: *task_timeout,
            registered: Arc::clone(&registered),
            templates: Templates::default(),
        };
        let built_in = given([
            ("check_mode", (*mode == RunMode::Check).into()),
            ("group_names", own_groups.into()),
            ("groups", groups.0.clone()),
            ("host", name.into()),
        ]);
        let variables = |vars: &Json| Variables(vars.entries().cloned().unwrap_or_default());
        let mut layers = Layers::default()
            .with(Rank::Facts, Facts::of_host())
            .with(Rank::BuiltIn, built_in)
            .with(Rank::Inventory, variables(&vars))
            .with(Rank::Extra, variables(extra));
        layers.add(Rank::Registered, registered);
        layers.add(Rank::IncludedVars, kept);
        Self::new(Arc::new(Language::new()), Arc::new(base), layers)
    }

    fn new(language: Arc<Language>, base: Arc<Base>, layers: Layers) -> Self {
        let layers = Arc::new(layers);
        let scope: Arc<dyn Scope> = Arc::clone(&layers) as _;
        Self { language, base, layers, scope }
    }

    fn with(&self, rank: Rank, layer: impl Scope + 'static) -> Self {
        let layers = self.layers.as_ref().clone().with(rank, layer);
        Self::new(Arc::clone(&self.language), Arc::clone(&self.base), layers)
    }

    /// The names of a unit test: facts of the machine alone.
    #[cfg(test)]
    pub(crate) fn none() -> Self {
        use hep_protocol::plan::DiffMode;
        let plan = Plan::of_tasks(RunMode::Apply, DiffMode::Off, Vec::new());
        Self::of_host(&plan, HostPart::default())
    }

    /// The names of a host in the language of a play.
    pub(crate) fn in_dialect(&self, dialect: Dialect) -> Self {
        if self.language.dialect() == dialect {
            return self.clone();
        }
        let shared = [Rank::Inventory, Rank::IncludedVars, Rank::Registered, Rank::Extra];
        let mut layers = self.layers.only(&shared);
        match dialect {
            Dialect::Hep => {}
            Dialect::Ansible => {
                layers.add(Rank::HostFacts, Arc::<HostFacts>::clone(&self.base.facts));
                layers.add(Rank::Magic, Arc::<Given>::clone(&self.base.magic));
                layers.add(Rank::Magic, Arc::new(Now));
                let hosts =
                    HostVars { hosts: self.base.hosts.clone(), own: Arc::new(layers.clone()) };
                let hosts = Found::Names(Arc::new(hosts));
                layers.add(Rank::Magic, Arc::new(Given(vec![("hostvars".to_owned(), hosts)])));
            }
        }
        Self::new(Arc::new(Language::of(dialect)), Arc::clone(&self.base), layers)
    }

    /// Makes facts known from here on, in all later plays too, by the names that they have as variables.
    pub(crate) fn add_facts(&self, facts: &Map<String, Value>) {
        self.base.facts.add(facts);
    }

    /// The collectors of `setup` whose facts anybody reads; `None`: all may be read.
    pub(crate) fn wanted_facts(&self) -> Option<&BTreeSet<Collector>> {
        self.base.wanted_facts.as_ref()
    }

    /// The language of what uses these names.
    pub(crate) fn dialect(&self) -> Dialect {
        self.language.dialect()
    }

    /// With variables, each layer above those of its rank so far; the same when there are none.
    pub(crate) fn with_layers(&self, added: &[Layer]) -> Self {
        let entries = added.iter().filter_map(|(rank, vars)| Some((rank, vars.entries()?)));
        let mut entries = entries.filter(|(_, entries)| !entries.is_empty()).peekable();
        if entries.peek().is_none() {
            return self.clone();
        }
        let mut layers = self.layers.as_ref().clone();
        for (rank, entries) in entries {
            layers.add(*rank, Arc::new(Variables(entries.clone())));
        }
        Self::new(Arc::clone(&self.language), Arc::clone(&self.base), layers)
    }

    /// With what tasks give of a play's variables and its roles': none yet.
    pub(crate) fn with_kept_of_play(&self) -> Self {
        let mut layers = self.layers.as_ref().clone();
        for (rank, kept) in &self.base.kept_of_play {
            kept.clear();
            layers.add(*rank, Arc::<Kept>::clone(kept));
        }
        Self::new(Arc::clone(&self.language), Arc::clone(&self.base), layers)
    }

    /// Makes a variable known from here on, as it is written: it is evaluated where it is read.
    pub(crate) fn give(&self, rank: Rank, name: &str, value: Value) {
        let Base { kept, kept_of_play, .. } = self.base.as_ref();
        let of_play = kept_of_play.iter().find(|(own, _)| *own == rank);
        of_play.map_or(kept, |(_, kept)| kept).set(name, value);
    }

    /// With names above all others.
    pub(crate) fn with_locals(&self, locals: Vec<(String, Found)>) -> Self {
        self.with(Rank::Local, Given(locals))
    }

    /// Makes a result or a variable known from here on; `size` bytes of it are what programs wrote. What the task has read
    /// may be in it.
    pub(crate) fn register(&self, name: &str, found: Found, size: usize) {
        let lossy = self.read();
        self.base.registered.write().insert(name.to_owned(), Registered { found, size, lossy });
    }

    /// Drops results and variables of tasks, but for those that somebody wants.
    pub(crate) fn keep(&self, is_wanted: impl Fn(&str) -> bool) {
        self.base.registered.write().retain(|name, _| is_wanted(name));
    }

    /// How many bytes of what programs wrote the results hold, without that of this name.
    pub(crate) fn held_beside(&self, name: &str) -> usize {
        let registered = self.base.registered.read();
        registered.iter().filter(|(other, _)| *other != name).map(|(_, held)| held.size).sum()
    }

    /// Forgets what was read before this task, but for the elements of loops around it.
    pub(crate) fn begin_task(&self) {
        let outer = self.base.registered.outer().clone();
        self.set_read(outer);
    }

    /// Remembers for all tasks of a block what the elements of its loop have read, until [`Self::leave_loop`] is handed what
    /// this gives.
    pub(crate) fn enter_loop(&self) -> Lossy {
        std::mem::replace(&mut *self.base.registered.outer(), self.read())
    }

    pub(crate) fn leave_loop(&self, outer: Lossy) {
        *self.base.registered.outer() = outer;
    }

    /// Remembers what this task's result has: of its program it may have something else in place of bytes that are not
    /// UTF-8, and nothing that the task itself encodes.
    pub(crate) fn note_result(&self, foreign: Option<&str>) {
        let mut read = self.read();
        read.encoded = false;
        foreign.into_iter().for_each(|task| read.add_task(task));
        self.set_read(read);
    }

    /// What this task has read of texts that lack something.
    fn read(&self) -> Lossy {
        let mut noted = self.base.registered.noted();
        noted.encoded |= has_encoded_replacement();
        noted.clone()
    }

    fn set_read(&self, read: Lossy) {
        let _of_before = has_encoded_replacement();
        *self.base.registered.noted() = read;
    }

    /// The user the host's tasks run as, whatever they say themselves.
    pub(crate) fn act_as(&self) -> &ActAs {
        &self.base.act_as
    }

    /// How long a task may take that does not say so itself, in seconds.
    pub(crate) fn task_timeout(&self) -> Option<u32> {
        self.base.task_timeout
    }

    /// Whether a condition holds.
    pub(crate) fn holds(&self, condition: &str) -> Result<bool, Unrendered> {
        let read = self.read();
        let holds = self.language.holds(condition, &self.scope);
        // Nothing of what it reads gets any further.
        self.set_read(read);
        holds.map_err(|trouble| {
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

    /// What a lookup gives for these terms.
    pub(crate) fn look_up(
        &self,
        plugin: &str,
        terms: Vec<Value>,
    ) -> Result<Vec<Value>, Unrendered> {
        Ok(self.language.look_up(plugin, terms, &self.scope)?)
    }

    /// A text with its expressions replaced.
    pub(crate) fn text(&self, text: &str) -> Result<Value, Unrendered> {
        Ok(self.language.text(text, &self.scope)?)
    }
}

/// Names with plain values.
fn given<const N: usize>(values: [(&str, Value); N]) -> Given {
    Given(values.map(|(name, value)| (name.to_owned(), Found::Plain(value))).into())
}

/// A value of the run itself, made ready for many uses.
pub(crate) fn ready(value: &Value) -> Found {
    Found::Ready(Ready::new(value))
}

/// A text as it is, anything else as JSON.
pub(crate) fn word(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    }
}
