//! The layers of names that only the agent has: what the run itself gives, and facts.

use super::ready;
use crate::facts::Gathered;
use crate::sys::linux::credentials::unworn;
use hep_protocol::expression::{CHANCE, Found, Lookup, MOMENT, Scope, Trouble, TroubleKind, ZONE};
use hep_protocol::facts::{FACTS, setup};
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{SystemTime, UNIX_EPOCH};

/// Names with their values; of those of one name the last counts.
#[derive(Debug)]
pub(super) struct Given(pub(super) Vec<(String, Found)>);

impl Scope for Given {
    fn get(&self, name: &str) -> Option<Found> {
        self.0.iter().rev().find(|(given, _)| given == name).map(|(_, found)| found.clone())
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| name.clone()).collect()
    }
}

/// What tasks gave: results and variables. Tells what was read of those that have lost something.
#[derive(Debug, Default)]
pub(super) struct Results {
    held: RwLock<HashMap<String, Registered>>,
    read: Mutex<Lossy>,
    /// What the elements of blocks' loops are made of.
    outer: Mutex<Lossy>,
}

/// How far something is made of texts with U+FFFD in place of bytes that are not UTF-8.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lossy {
    /// The tasks whose programs wrote those bytes, as many as are named.
    pub(super) tasks: Vec<String>,
    /// Whether it was given another form, which does not show U+FFFD.
    pub(super) encoded: bool,
}

/// How many tasks are named.
const NAMED: usize = 3;

impl Lossy {
    pub(super) fn add(&mut self, other: &Self) {
        other.tasks.iter().for_each(|task| self.add_task(task));
        self.encoded |= other.encoded;
    }

    pub(super) fn add_task(&mut self, task: &str) {
        if self.tasks.len() < NAMED && !self.tasks.iter().any(|known| known == task) {
            self.tasks.push(task.to_owned());
        }
    }
}

/// What a name stands for since a task gave it.
#[derive(Debug)]
pub(super) struct Registered {
    pub(super) found: Found,
    /// How many bytes of what programs wrote it holds.
    pub(super) size: usize,
    /// What it lacks.
    pub(super) lossy: Lossy,
}

impl Results {
    pub(super) fn read(&self) -> RwLockReadGuard<'_, HashMap<String, Registered>> {
        self.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, HashMap<String, Registered>> {
        self.held.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn outer(&self) -> MutexGuard<'_, Lossy> {
        self.outer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known to have been read.
    pub(super) fn noted(&self) -> MutexGuard<'_, Lossy> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Scope for Results {
    fn get(&self, name: &str) -> Option<Found> {
        let held = self.read();
        let registered = held.get(name)?;
        if !registered.lossy.tasks.is_empty() {
            self.noted().add(&registered.lossy);
        }
        Some(registered.found.clone())
    }

    fn names(&self) -> Vec<String> {
        self.read().keys().cloned().collect()
    }
}

/// Variables that tasks gave, as they are written.
#[derive(Debug, Default)]
pub(super) struct Kept(RwLock<HashMap<String, Value>>);

impl Kept {
    pub(super) fn set(&self, name: &str, value: Value) {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        held.insert(name.to_owned(), value);
    }

    pub(super) fn clear(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Scope for Kept {
    fn get(&self, name: &str) -> Option<Found> {
        let held = self.0.read().unwrap_or_else(PoisonError::into_inner);
        held.get(name).cloned().map(Found::Raw)
    }

    fn names(&self) -> Vec<String> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }
}

/// All facts, and each by its own name; none changes while the run goes on.
pub(super) struct Facts {
    gathered: Gathered,
    /// Those that were asked for, prepared.
    prepared: RwLock<HashMap<String, Found>>,
}

/// The name of all facts.
const ALL: &str = "facts";

impl Facts {
    pub(super) fn of_host() -> Self {
        Self { gathered: Gathered::new(), prepared: RwLock::default() }
    }
}

impl Scope for Facts {
    fn get(&self, name: &str) -> Option<Found> {
        let known = self.prepared.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        if known.is_some() {
            return known;
        }
        // As the process's own user, whatever task asks first: a fact is the same for all.
        let found = unworn(|| match name {
            ALL => Some(self.gathered.all().map(|all| ready(&all))),
            name => self.gathered.get(name).map(|fact| fact.map(ready)),
        })?;
        let found = found.unwrap_or_else(|error| Found::Failed(crate::sys::words(error)));
        let mut prepared = self.prepared.write().unwrap_or_else(PoisonError::into_inner);
        prepared.insert(name.to_owned(), found.clone());
        Some(found)
    }

    fn names(&self) -> Vec<String> {
        FACTS.iter().map(|fact| fact.name).chain([ALL]).map(str::to_owned).collect()
    }
}

/// The hosts of the inventory, as far as they were told.
#[derive(Clone, Debug)]
pub(super) struct Hosts {
    /// This one.
    pub(super) name: String,
    pub(super) others: BTreeSet<String>,
}

/// Ansible's `hostvars`: what this host has without plays, roles and tasks. Nothing is known of others.
#[derive(Debug)]
pub(super) struct HostVars {
    pub(super) hosts: Hosts,
    pub(super) own: Arc<dyn Scope>,
}

impl Scope for HostVars {
    fn get(&self, name: &str) -> Option<Found> {
        if name == self.hosts.name {
            return Some(Found::Names(Arc::clone(&self.own)));
        }
        let unknown =
            || format!("the variables of `{name}` are not known on `{}`", self.hosts.name);
        self.hosts.others.contains(name).then(|| Found::Failed(unknown()))
    }

    fn names(&self) -> Vec<String> {
        self.hosts.others.iter().cloned().chain([self.hosts.name.clone()]).collect()
    }
}

/// What only the moment says: the time, and what is left to chance.
#[derive(Debug)]
pub(super) struct Now;

/// More than the rules of any zone take, in bytes.
const MAX_ZONE: u64 = 64 << 10;

/// More bytes by chance than a salt has.
const MAX_CHANCE: u64 = 256;

impl Now {
    fn moment() -> Vec<Value> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        vec![u64::try_from(since.as_micros()).unwrap_or_default().into()]
    }

    /// How far the host's zone is before UTC at a second, and its name (localtime(5)); UTC where there are no rules.
    fn zone(second: i64) -> Vec<Value> {
        let read = || {
            let mut rules = Vec::new();
            File::open("/etc/localtime").ok()?.take(MAX_ZONE).read_to_end(&mut rules).ok()?;
            let zone = tz::TimeZone::from_tz_data(&rules).ok()?;
            let local = zone.find_local_time_type(second).ok()?;
            Some(vec![local.ut_offset().into(), local.time_zone_designation().into()])
        };
        read().unwrap_or_else(|| vec![0.into(), "UTC".into()])
    }

    fn chance(count: u64) -> io::Result<Vec<Value>> {
        let mut bytes = Vec::new();
        File::open("/dev/urandom")?.take(count.min(MAX_CHANCE)).read_to_end(&mut bytes)?;
        Ok(bytes.into_iter().map(Value::from).collect())
    }
}

impl Scope for Now {
    fn get(&self, _: &str) -> Option<Found> {
        None
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    fn answer(&self, asked: &Lookup) -> Option<Result<Vec<Value>, Trouble>> {
        let term = asked.terms.first();
        match asked.plugin.as_str() {
            MOMENT => Some(Ok(Self::moment())),
            ZONE => Some(Ok(Self::zone(term.and_then(Value::as_i64).unwrap_or_default()))),
            CHANCE => {
                let bytes = Self::chance(term.and_then(Value::as_u64).unwrap_or_default());
                let wrong = |error| format!("cannot read /dev/urandom: {error}");
                Some(bytes.map_err(|error| Trouble::new(TroubleKind::Other, wrong(error))))
            }
            _ => None,
        }
    }
}

/// Facts by Ansible's names, as tasks gave them: what was not gathered is not there.
#[derive(Debug, Default)]
pub(super) struct HostFacts(RwLock<Held>);

#[derive(Debug, Default)]
struct Held {
    /// By the names that they have as variables.
    facts: Map<String, Value>,
    /// Those that were asked for, and all together, prepared.
    prepared: HashMap<String, Found>,
}

impl HostFacts {
    pub(super) fn add(&self, facts: &Map<String, Value>) {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        held.facts.extend(facts.iter().map(|(name, value)| (name.clone(), value.clone())));
        held.prepared.clear();
    }
}

impl Held {
    /// All of them: without what their names as variables begin with, but for the host's own.
    fn all(&self) -> Value {
        let bare = |name: &str| match name.strip_prefix(setup::PREFIX) {
            Some(bare) if name != setup::LOCAL => bare.to_owned(),
            Some(_) | None => name.to_owned(),
        };
        self.facts.iter().map(|(name, value)| (bare(name), value.clone())).collect()
    }
}

impl Scope for HostFacts {
    fn get(&self, name: &str) -> Option<Found> {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = held.prepared.get(name) {
            return Some(found.clone());
        }
        let found = match name {
            setup::ALL => ready(&held.all()),
            name => ready(held.facts.get(name)?),
        };
        held.prepared.insert(name.to_owned(), found.clone());
        Some(found)
    }

    fn names(&self) -> Vec<String> {
        let held = self.0.read().unwrap_or_else(PoisonError::into_inner);
        held.facts.keys().cloned().chain([setup::ALL.to_owned()]).collect()
    }
}

impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Facts")
    }
}
