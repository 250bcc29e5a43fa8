//! An inventory as a person or a program reads it. Shows no password.

use super::draft::{ALL, ORIGINS};
use super::{Group, Host, Inventory, Owner, Rights, Variable, effective};
use crate::remote::Transport;
use crate::text::shown;
use hep_protocol::dialect::Dialect;
use hep_protocol::rights::Method;
use hep_protocol::value::Json;
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

struct Tree<'a> {
    inventory: &'a Inventory,
    hosts: HashSet<usize>,
    /// The groups with any of them.
    holding: HashSet<usize>,
    /// The groups that were shown: there may be more ways to one than can be counted.
    groups: HashSet<usize>,
    /// The hosts whose variables were shown.
    told: HashSet<usize>,
    text: String,
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

/// How to reach a host, and the user that tasks run as there, as variables: hep's short keys are none. Without
/// passwords and what prints them.
fn settings(host: &Host, vars: &Map<String, Value>) -> Vec<(&'static str, Value)> {
    let Host { name, address, port, user, private_key, transport, rights, .. } = host;
    let Rights { act_as, method, password: _, password_command: _ } = rights;
    let json = |of: &Option<Json>| of.as_ref().map(|json| json.0.clone());
    let key = private_key.as_ref().map(|path| json!(path.to_string_lossy()));
    let address = (transport != &Some(Transport::Local) && address != name).then(|| json!(address));
    let method = Method::ALL.iter().find(|(_, one)| Some(*one) == *method);
    let all: [(&[&'static str], Option<Value>); 8] = [
        (&["ansible_host", "ansible_ssh_host"], address),
        (&["ansible_port", "ansible_ssh_port"], port.map(Value::from)),
        (&["ansible_user", "ansible_ssh_user"], user.as_deref().map(Value::from)),
        (&["ansible_private_key_file", "ansible_ssh_private_key_file"], key),
        (&["hep_transport", "ansible_connection"], transport.map(|way| json!(way.name()))),
        (&["ansible_become"], json(&act_as.wanted)),
        (&["ansible_become_user"], json(&act_as.user)),
        (&["ansible_become_method"], method.map(|(name, _)| json!(name))),
    ];
    let own = |names: &[&str]| vars.keys().any(|own| names.contains(&own.as_str()));
    let missing = all.into_iter().filter(|(names, _)| !own(names));
    missing.filter_map(|(names, value)| Some((*names.first()?, value?))).collect()
}

/// Whether any of these hosts has a password, or a command that prints one, which is not shown.
pub(super) fn has_passwords(inventory: &Inventory, hosts: &[usize]) -> bool {
    hosts.iter().filter_map(|number| inventory.host(*number)).any(|host| {
        let Rights { act_as: _, method: _, password, password_command } = &host.rights;
        host.password.is_some()
            || host.password_command.is_some()
            || password.is_some()
            || password_command.is_some()
    })
}

/// Groups with hosts and children, and below `_meta` the variables of each host: what reads it has the same inventory.
pub(super) fn json(inventory: &Inventory, hosts: &[usize]) -> Value {
    let mut hostvars = Map::new();
    for host in hosts.iter().filter_map(|number| inventory.host(*number)) {
        let mut vars: Map<String, Value> = host
            .effective()
            .into_iter()
            .map(|variable| (variable.name.clone(), variable.value.clone()))
            .collect();
        match inventory.dialect {
            Dialect::Hep => {
                for (name, value) in settings(host, &vars) {
                    vars.insert(name.to_owned(), value);
                }
            }
            Dialect::Ansible => vars.retain(|name, _| !ORIGINS.contains(&name.as_str())),
        }
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
