//! An inventory while its files are read: who was named where, nothing merged yet.

use super::connection::{self, Short};
use super::nesting::Edge;
use super::{Origin, Owner, Place, Variable};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::host::LOCALHOST;
use crate::source::Source;
use crate::words::nearest;
use hep_protocol::dialect::Dialect;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The number of the group of all hosts.
pub(super) const ALL: usize = 0;

/// The number of the group of those that are in no other.
pub(super) const UNGROUPED: usize = 1;

/// What Ansible calls the file that names a host first, and its directory.
pub(super) const ORIGINS: [&str; 2] = ["inventory_file", "inventory_dir"];

/// All that was read so far.
pub(super) struct Draft {
    /// Whose rules hold.
    pub(super) dialect: Dialect,
    /// What concerns this machine where no file names it.
    pub(super) implicit: Tiers,
    /// The file that is read now, as Ansible's `inventory_file`; none for a list of names.
    pub(super) file: Option<PathBuf>,
    pub(super) groups: Vec<DraftGroup>,
    group_numbers: HashMap<String, usize>,
    pub(super) hosts: Vec<DraftHost>,
    host_numbers: HashMap<String, usize>,
    /// Groups below groups as the files say, each pair once.
    pub(super) edges: Vec<Edge>,
    nested: HashSet<(usize, usize)>,
    linked: HashSet<(usize, usize)>,
    pub(super) problems: Diagnostics,
    /// What is no mistake, and is most likely not what was meant.
    pub(super) warnings: Vec<String>,
}

/// A group as far as it is known.
#[derive(Default)]
pub(super) struct DraftGroup {
    pub(super) name: String,
    pub(super) parents: Vec<usize>,
    pub(super) children: Vec<usize>,
    pub(super) hosts: Vec<usize>,
    pub(super) vars: Tiers,
    /// Of two groups of one depth the higher wins.
    pub(super) priority: i64,
    /// Whether a file says that there is such a group, and not only what it has.
    declared: bool,
    /// Where it was first spoken of without being declared, and as what.
    mention: Option<(Place, &'static str)>,
}

/// A host as far as it is known.
pub(super) struct DraftHost {
    pub(super) name: String,
    /// Where it was first named.
    pub(super) place: Place,
    pub(super) groups: Vec<usize>,
    pub(super) vars: Tiers,
    /// hep's own keys of its lines; the last of a kind counts.
    pub(super) short: Vec<Short>,
    /// The port after its name.
    port: Option<u16>,
}

/// Definitions of one owner, weakest first.
#[derive(Default)]
pub(super) struct Tiers {
    /// In the inventory's own files.
    pub(super) inline: Vec<Arc<Variable>>,
    /// In `group_vars` or `host_vars` beside the inventory: these win, and of several inventories the later's.
    pub(super) beside: BTreeMap<usize, Vec<Arc<Variable>>>,
    /// In those beside the playbook, which win over the inventory's.
    pub(super) playbook: Vec<Arc<Variable>>,
}

/// Where a definition stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tier {
    Inline,
    /// Beside the inventory of this number.
    Beside(usize),
    Playbook,
}

impl Tiers {
    fn of(&mut self, tier: Tier) -> &mut Vec<Arc<Variable>> {
        match tier {
            Tier::Inline => &mut self.inline,
            Tier::Beside(number) => self.beside.entry(number).or_default(),
            Tier::Playbook => &mut self.playbook,
        }
    }

    /// Those beside one inventory.
    pub(super) fn beside(&self, number: usize) -> &[Arc<Variable>] {
        self.beside.get(&number).map_or(&[], Vec::as_slice)
    }

    /// All of them, weakest first.
    pub(super) fn in_order(&self) -> impl Iterator<Item = Arc<Variable>> {
        let beside = self.beside.values().flatten();
        self.inline.iter().chain(beside).chain(&self.playbook).cloned()
    }

    /// All of them, weakest first.
    pub(super) fn into_all(self) -> Vec<Arc<Variable>> {
        let Tiers { mut inline, beside, playbook } = self;
        inline.extend(beside.into_values().flatten());
        inline.extend(playbook);
        inline
    }
}

impl DraftHost {
    /// This machine, where no file names it.
    pub(super) fn implicit(vars: Tiers) -> DraftHost {
        let source = Arc::new(Source { path: LOCALHOST.into(), text: String::new() });
        let place = Place::nowhere(&source);
        let (name, groups, short) = (LOCALHOST.to_owned(), Vec::new(), Vec::new());
        DraftHost { name, place, groups, vars, short, port: None }
    }
}

impl Draft {
    pub(super) fn new(dialect: Dialect) -> Draft {
        let mut draft = Draft {
            dialect,
            implicit: Tiers::default(),
            file: None,
            groups: Vec::new(),
            group_numbers: HashMap::new(),
            hosts: Vec::new(),
            host_numbers: HashMap::new(),
            edges: Vec::new(),
            nested: HashSet::new(),
            linked: HashSet::new(),
            problems: Diagnostics::default(),
            warnings: Vec::new(),
        };
        let all = draft.declared("all");
        let ungrouped = draft.declared("ungrouped");
        draft.link(all, ungrouped);
        draft
    }

    /// The number of a group that a file declares.
    pub(super) fn declared(&mut self, name: &str) -> usize {
        let number = self.group(name);
        if let Some(group) = self.groups.get_mut(number) {
            group.declared = true;
        }
        number
    }

    /// The number of a group that is spoken of: some file has to declare it.
    pub(super) fn mentioned(&mut self, name: &str, place: &Place, part: &'static str) -> usize {
        let number = self.group(name);
        if let Some(group) = self.groups.get_mut(number) {
            group.mention.get_or_insert_with(|| (place.clone(), part));
        }
        number
    }

    fn group(&mut self, name: &str) -> usize {
        if let Some(number) = self.group_numbers.get(name) {
            return *number;
        }
        let number = self.groups.len();
        self.groups.push(DraftGroup {
            name: name.to_owned(),
            priority: 1,
            ..DraftGroup::default()
        });
        self.group_numbers.insert(name.to_owned(), number);
        number
    }

    /// Puts a host into a group; both may have been there before.
    pub(super) fn host(
        &mut self,
        name: &str,
        port: Option<u16>,
        place: &Place,
        group: usize,
    ) -> usize {
        let number = *self.host_numbers.entry(name.to_owned()).or_insert(self.hosts.len());
        if number == self.hosts.len() {
            let (groups, vars, short) = (Vec::new(), Tiers::default(), Vec::new());
            let (name, place) = (name.to_owned(), place.clone());
            self.hosts.push(DraftHost { name, place, groups, vars, short, port: None });
            self.origin_of(number);
        }
        if let Some(port) = port {
            self.host_port(number, port, place);
        }
        if let (Some(host), Some(group_of)) =
            (self.hosts.get_mut(number), self.groups.get_mut(group))
            && !host.groups.contains(&group)
        {
            host.groups.push(group);
            group_of.hosts.push(number);
        }
        number
    }

    /// Ansible's variables about the file that names a host first.
    fn origin_of(&mut self, number: usize) {
        let Some(file) = self.file.clone().filter(|_| self.dialect == Dialect::Ansible) else {
            return;
        };
        let Some(place) = self.hosts.get(number).map(|host| host.place.clone()) else { return };
        let directory = file.parent().unwrap_or(Path::new("/"));
        for (name, path) in ORIGINS.into_iter().zip([file.as_path(), directory]) {
            let value = Value::from(path.to_string_lossy());
            self.host_var(number, Tier::Inline, name, value, &place);
        }
    }

    /// `web1:2222`: one host has one port, and two that share an address need names.
    fn host_port(&mut self, number: usize, port: u16, place: &Place) {
        let Some(host) = self.hosts.get_mut(number) else { return };
        match host.port {
            None => {
                host.port = Some(port);
                self.host_var(number, Tier::Inline, "ansible_port", Value::from(port), place);
            }
            Some(first) if first != port => {
                let message = format!("`{}` is one host, and has port {first} already", host.name);
                let hint = format!("give each a name: `web1 host={} port={port}`", host.name);
                let same_file = Arc::ptr_eq(&host.place.text, &place.text);
                let first = host.place.span;
                let said = place.diagnostic(message, hint);
                self.problems.push(if same_file { said.also(first, "first here") } else { said });
            }
            Some(_) => {}
        }
    }

    /// Puts a group below another, unless that closes a circle.
    pub(super) fn nest(&mut self, parent: usize, child: usize, place: &Place) {
        if child == ALL {
            let message = "the group `all` would contain itself";
            let hint = "every group is already in `all`: name the intended groups";
            self.problems.push(place.diagnostic(message, hint));
        } else if self.nested.insert((parent, child)) {
            self.edges.push(Edge { parent, child, place: place.clone() });
        }
    }

    pub(super) fn link(&mut self, parent: usize, child: usize) {
        if let Some(group) = self.groups.get_mut(parent)
            && self.linked.insert((parent, child))
        {
            group.children.push(child);
            if let Some(group) = self.groups.get_mut(child) {
                group.parents.push(parent);
            }
        }
    }

    /// Every group but `all` is below some group.
    pub(super) fn gather_below_all(&mut self) {
        for number in 0..self.groups.len() {
            let orphan = self.groups.get(number).is_some_and(|group| group.parents.is_empty());
            if number != ALL && orphan {
                self.link(ALL, number);
            }
        }
    }

    pub(super) fn group_name(&self, number: usize) -> &str {
        self.groups.get(number).map_or("", |group| &group.name)
    }

    pub(super) fn group_var(
        &mut self,
        group: usize,
        tier: Tier,
        name: &str,
        value: Value,
        place: &Place,
    ) {
        let Some(of) = self.groups.get_mut(group) else { return };
        // As Ansible has it, only the inventory itself says how groups rank.
        if name == "ansible_group_priority" && tier == Tier::Inline {
            let number =
                value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
            match number {
                Some(priority) => of.priority = priority,
                None => {
                    let message = "a priority is a whole number";
                    self.problems.push(place.diagnostic(message, "write a number; 1 is usual"));
                }
            }
            return;
        }
        let origin = Origin { owner: Owner::Group(of.name.clone()), place: place.clone() };
        of.vars.of(tier).push(variable(name, value, origin));
    }

    pub(super) fn host_var(
        &mut self,
        host: usize,
        tier: Tier,
        name: &str,
        value: Value,
        place: &Place,
    ) {
        let Some(of) = self.hosts.get_mut(host) else { return };
        let origin = Origin { owner: Owner::Host(of.name.clone()), place: place.clone() };
        of.vars.of(tier).push(variable(name, value, origin));
    }

    pub(super) fn implicit_var(&mut self, tier: Tier, name: &str, value: Value, place: &Place) {
        let origin = Origin { owner: Owner::Host(LOCALHOST.to_owned()), place: place.clone() };
        self.implicit.of(tier).push(variable(name, value, origin));
    }

    /// A misspelt way to a host would be a variable that nobody reads.
    pub(super) fn check_name(&mut self, name: &str, place: &Place) {
        let meant = connection::misspelt(name).filter(|_| self.dialect == Dialect::Hep);
        if let Some(meant) = meant {
            let message = format!("unknown setting `{name}`");
            self.problems.push(place.diagnostic(message, format!("did you mean `{meant}`?")));
        }
    }

    pub(super) fn short(&mut self, host: usize, short: Short) {
        if let Some(host) = self.hosts.get_mut(host) {
            host.short.push(short);
        }
    }

    /// Groups that are spoken of, but that no file declares.
    pub(super) fn undeclared(&self) -> Vec<Diagnostic> {
        let known: Vec<&str> =
            self.groups.iter().filter(|g| g.declared).map(|g| g.name.as_str()).collect();
        let undeclared = self.groups.iter().filter(|group| !group.declared);
        let problem = |group: &DraftGroup| {
            let (place, part) = group.mention.as_ref()?;
            let name = crate::yaml::shorten(&group.name);
            let hint = match nearest(&group.name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("write a section `[{name}]` with its hosts"),
            };
            Some(place.diagnostic(format!("there is no group `{name}` for {part}"), hint))
        };
        undeclared.filter_map(problem).collect()
    }
}

/// A definition; secrets are learnt wherever they are, whether it is ever used or not.
fn variable(name: &str, value: Value, origin: Origin) -> Arc<Variable> {
    if connection::is_secret(name) {
        match &value {
            Value::String(text) if !hep_protocol::expression::has_expression(text) => {
                crate::secrets::learn(text)
            }
            Value::Number(number) => crate::secrets::learn(&number.to_string()),
            Value::String(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Array(_)
            | Value::Object(_) => {}
        }
    }
    Arc::new(Variable { name: name.to_owned(), value, origin })
}
