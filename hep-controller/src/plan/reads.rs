//! What of a plan's settings each host is told: the variables of the command line that its plays read, and the inventory's
//! groups if they read those. A name counts as read wherever it stands as a word: too much may be told, never too little.

use crate::local_files::contents::Contents;
use crate::secrets::leaves::{self, Leaf};
use hep_protocol::about::Effect;
use hep_protocol::blob::{Digest, Source};
use hep_protocol::expression::has_expression;
use hep_protocol::plan::{HostPart, OnError, Plan, Play, Settings, Spec, Task};
use hep_protocol::rights::ActAs;
use hep_protocol::value::Json;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::sync::Arc;

/// The built-in name of the inventory's groups.
const GROUPS: &str = "groups";

/// Ansible's name of all hosts' variables: who reads them must know who is in the inventory.
const HOSTVARS: &str = "hostvars";

/// How large a template is at most that a host renders, in bytes.
const LARGEST_TEMPLATE: u64 = 8 * 1024 * 1024;

type Names<'p> = BTreeSet<&'p str>;

/// Shows `look` every text of a play in which a name may be read. A typed task has no expression in its parameters, and most
/// tasks are.
///
/// # Errors
/// The play cannot be looked through: it may read anything.
pub(super) fn texts(play: &Play, look: &mut dyn FnMut(&str)) -> serde_json::Result<()> {
    let Play {
        number: _,
        name,
        dialect: _,
        layers,
        first: _,
        tasks,
        items,
        handlers: _,
        on_failure: _,
    } = play;
    let mut leaf = |leaf: Leaf<'_>| {
        if let Leaf::Text(text) = leaf {
            look(text);
        }
    };
    leaves::visit(&(name, layers, items), &mut leaf)?;
    for Task { name, spec, sources: _, on_error, control } in tasks {
        if has_expression(name) {
            leaf(Leaf::Text(name));
        }
        let is_read = match spec {
            Spec::Open { .. } => true,
            Spec::Typed(spec) => {
                let about = spec.about();
                about.bare.is_some() || about.effect == Effect::None
            }
        };
        if is_read {
            leaves::visit(spec, &mut leaf)?;
        }
        if let OnError::Ask(condition) = on_error {
            leaves::visit(condition, &mut leaf)?;
        }
        if let Some(control) = control {
            leaves::visit(control, &mut leaf)?;
        }
    }
    Ok(())
}

/// The settings of each host, equal ones shared.
pub(crate) fn settings(plan: &Plan, hosts: &[HostPart], contents: &Contents) -> Vec<Arc<Settings>> {
    let Settings { extra, groups, .. } = &plan.settings;
    let shared = extra.entries().into_iter().flat_map(Map::keys).map(String::as_str);
    let shared: Names<'_> = shared.chain(has_entries(groups).then_some(GROUPS)).collect();
    if shared.is_empty() {
        let all = Arc::new(plan.settings.clone());
        return hosts.iter().map(|_| Arc::clone(&all)).collect();
    }
    // A variable of a host leads on from what plays read to what the command line says.
    let own = hosts.iter().filter_map(|part| part.vars.entries()).flat_map(Map::keys);
    let names: HashSet<&str> =
        shared.iter().copied().chain(own.map(String::as_str)).chain([HOSTVARS]).collect();
    let mut reader = Reader { names, contents, templates: HashMap::new() };
    let plays: HashMap<u32, Names<'_>> =
        plan.plays.iter().map(|play| (play.number, reader.play(play))).collect();
    let mut known: BTreeMap<Names<'_>, Arc<Settings>> = BTreeMap::new();
    let mut of_host = |part: &HostPart| {
        let of_plays = part.plays.iter().filter_map(|number| plays.get(number)).flatten();
        let mut first: Names<'_> = of_plays.copied().collect();
        let ActAs { wanted, user } = &part.act_as;
        for said in [wanted, user].into_iter().flatten() {
            reader.value(&said.0, &mut first);
        }
        let mut read = reader.beyond(first, &[extra, &part.vars]);
        let hosts = read.contains(HOSTVARS).then_some(GROUPS);
        read.extend(hosts);
        read.retain(|name| shared.contains(name));
        let settings = known.entry(read);
        Arc::clone(settings.or_insert_with_key(|read| Arc::new(told(plan, read))))
    };
    hosts.iter().map(&mut of_host).collect()
}

fn has_entries(json: &Json) -> bool {
    json.entries().is_some_and(|entries| !entries.is_empty())
}

/// The settings with these names alone.
fn told(plan: &Plan, read: &Names<'_>) -> Settings {
    let Settings { extra, groups, .. } = &plan.settings;
    let extra =
        extra.entries().into_iter().flatten().filter(|(name, _)| read.contains(name.as_str()));
    let extra: Map<String, Value> =
        extra.map(|(name, value)| (name.clone(), value.clone())).collect();
    let extra = if extra.is_empty() { Json::default() } else { Json(Value::Object(extra)) };
    let groups = if read.contains(GROUPS) { groups.clone() } else { Json::default() };
    Settings { extra, groups, ..plan.settings.clone() }
}

/// Finds the names that something reads.
struct Reader<'p> {
    /// Those that count.
    names: HashSet<&'p str>,
    contents: &'p Contents,
    /// Of templates that were looked into.
    templates: HashMap<Digest, Names<'p>>,
}

impl<'p> Reader<'p> {
    fn play(&mut self, play: &Play) -> Names<'p> {
        let mut read = Names::new();
        if texts(play, &mut |text| self.text(text, &mut read)).is_err() {
            return self.names.iter().copied().collect();
        }
        for task in play.tasks.iter().filter(|task| task.spec.has_template()) {
            for named in &task.sources {
                let Source::File(file) = &named.source else { continue };
                read.extend(self.template(&file.digest));
            }
        }
        read
    }

    fn text(&self, text: &str, read: &mut Names<'p>) {
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
        read.extend(words.filter_map(|word| self.names.get(word)).copied());
    }

    /// A host renders only the file that was hashed. One that cannot be read it will not have.
    fn template(&mut self, digest: &Digest) -> Names<'p> {
        if let Some(read) = self.templates.get(digest) {
            return read.clone();
        }
        let content = self.contents.get(digest).filter(|one| one.size <= LARGEST_TEMPLATE);
        let text = content.and_then(|content| fs::read(&content.path).ok()).unwrap_or_default();
        let mut read = Names::new();
        self.text(&String::from_utf8_lossy(&text), &mut read);
        self.templates.insert(*digest, read.clone());
        read
    }

    /// Those names, and what the values behind them read in turn.
    fn beyond(&self, first: Names<'p>, layers: &[&Json]) -> Names<'p> {
        let mut open: Vec<&str> = first.iter().copied().collect();
        let mut read = first;
        while let Some(name) = open.pop() {
            let mut more = Names::new();
            let values = layers.iter().filter_map(|layer| layer.entries()?.get(name));
            values.for_each(|value| self.value(value, &mut more));
            open.extend(more.difference(&read).copied());
            read.extend(more);
        }
        read
    }

    fn value(&self, value: &Value, read: &mut Names<'p>) {
        match value {
            Value::String(text) if has_expression(text) => self.text(text, read),
            Value::Array(items) => items.iter().for_each(|item| self.value(item, read)),
            Value::Object(entries) => entries.values().for_each(|value| self.value(value, read)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}
