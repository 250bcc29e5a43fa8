//! An inventory as a person or a program reads it. Shows no password.

use super::draft::ALL;
use super::{Group, Inventory, Owner, Variable, effective};
use crate::report::text::shown;
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Groups, hosts below them, and what each says of itself, as a tree.
pub(super) fn tree(inventory: &Inventory, hosts: &[usize]) -> String {
    let hosts: HashSet<usize> = hosts.iter().copied().collect();
    let mut tree = Tree {
        inventory,
        holding: holding(inventory, &hosts),
        hosts,
        told: HashSet::new(),
        groups: HashSet::new(),
        text: String::new(),
    };
    tree.group(ALL, "", "");
    // This machine is in no group.
    let implicit = inventory.hosts.len();
    if tree.hosts.contains(&implicit) {
        tree.host(implicit, "", "");
    }
    tree.text
}

/// A line of the tree.
enum Item<'a> {
    Variable(&'a Arc<Variable>),
    Group(usize),
    Host(usize),
}

struct Tree<'a> {
    inventory: &'a Inventory,
    hosts: HashSet<usize>,
/// The groups with any of these hosts in them or below.
fn holding(inventory: &Inventory, hosts: &HashSet<usize>) -> HashSet<usize> {
    let mut parents: HashMap<usize, Vec<usize>> = HashMap::new();
    let (mut holding, mut open) = (HashSet::new(), Vec::new());
    for (number, group) in inventory.groups.iter().enumerate() {
        group.children.iter().for_each(|child| parents.entry(*child).or_default().push(number));
        if group.hosts.iter().any(|host| hosts.contains(host)) {
            open.push(number);
        }
    }
    while let Some(number) = open.pop() {
        if holding.insert(number) {
            open.extend(parents.get(&number).into_iter().flatten());
        }
    }
    holding
}

    /// The hosts whose variables were shown.
    told: HashSet<usize>,
    text: String,
    /// The groups with any of them.
    holding: HashSet<usize>,
    /// The groups that were shown: there may be more ways to one than can be counted.
    groups: HashSet<usize>,
}

impl Tree<'_> {
    fn line(&mut self, prefix: &str, text: &str) {
        self.text.push_str(prefix);
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn group(&mut self, number: usize, first: &str, rest: &str) {
        let inventory = self.inventory;
        let Some(group) = inventory.groups.get(number) else { return };
        let again = !self.groups.insert(number);
        let note = if again { " (shown above)" } else { "" };
        self.line(first, &format!("{}:{note}", shown(&group.name)));
        if again {
            return;
        }
        let mut items: Vec<Item<'_>> =
            effective(&group.vars).into_iter().map(Item::Variable).collect();
        let own = group.hosts.iter().filter(|host| number != ALL && self.hosts.contains(host));
        items.extend(own.map(|host| Item::Host(*host)));
        items.extend(
            group
                .children
                .iter()
                .filter(|child| self.holding.contains(*child))
                .map(|child| Item::Group(*child)),
        );
        self.items(&items, rest);
    }

    fn items(&mut self, items: &[Item<'_>], prefix: &str) {
        for (at, item) in items.iter().enumerate() {
            let last = at + 1 == items.len();
            let first = format!("{prefix}{}", if last { "`- " } else { "|- " });
            let rest = format!("{prefix}{}", if last { "   " } else { "|  " });
            match item {
                Item::Variable(variable) => {
                    let text = format!("{} = {}", variable.name, variable.value);
                    self.line(&first, &shown(&text));
                }
                Item::Group(group) => self.group(*group, &first, &rest),
                Item::Host(host) => self.host(*host, &first, &rest),
            }
        }
    }

    fn host(&mut self, number: usize, first: &str, rest: &str) {
        let inventory = self.inventory;
        let Some(host) = inventory.host(number) else { return };
        self.line(first, &shown(&host.name));
        if self.told.insert(number) {
            let own = host.effective().into_iter().filter(|variable| match variable.origin.owner {
                Owner::Host(_) => true,
                Owner::Group(_) => false,
            });
            let items: Vec<Item<'_>> = own.map(Item::Variable).collect();
            self.items(&items, rest);
        }
    }
}

/// Groups with hosts and children, and below `_meta` the variables of each host.
pub(super) fn json(inventory: &Inventory, hosts: &[usize]) -> Value {
    let mut hostvars = Map::new();
    for host in hosts.iter().filter_map(|number| inventory.host(*number)) {
        let vars: Map<String, Value> = host
            .effective()
            .into_iter()
            .map(|variable| (variable.name.clone(), variable.value.clone()))
            .collect();
        if !vars.is_empty() {
            hostvars.insert(host.name.clone(), Value::Object(vars));
        }
    }
    let mut shown = Map::new();
    shown.insert("_meta".to_owned(), json!({ "hostvars": hostvars }));
    let chosen: HashSet<usize> = hosts.iter().copied().collect();
    for (number, group) in inventory.groups.iter().enumerate() {
        let of = json_group(inventory, number, group, &chosen);
        if !of.is_empty() {
            shown.insert(group.name.clone(), Value::Object(of));
        }
    }
    Value::Object(shown)
}

fn json_group(
    inventory: &Inventory,
    number: usize,
    group: &Group,
    chosen: &HashSet<usize>,
) -> Map<String, Value> {
    let children = group.children.iter().filter_map(|child| inventory.groups.get(*child));
    let children: Vec<&str> = children.map(|child| child.name.as_str()).collect();
    let own = group.hosts.iter().filter(|host| number != ALL && chosen.contains(host));
    let own = own.filter_map(|host| inventory.hosts.get(*host));
    let own: Vec<&str> = own.map(|host| host.name.as_str()).collect();
    let mut of = Map::new();
    if !children.is_empty() {
        of.insert("children".to_owned(), json!(children));
    }
    if !own.is_empty() {
        of.insert("hosts".to_owned(), json!(own));
    }
    of
}
