//! The hosts that a manifest may be for, as it needs to know them: names, groups, variables.

use super::variables::Definition;
use crate::host::LOCALHOST;
use crate::inventory::{Host, Inventory};
use crate::remote::Transport;
use hep_protocol::rights::ActAs;
use serde_json::{Map, Value, json};
use std::path::Path;

/// Hosts, and which of them a pattern means.
#[derive(Debug)]
pub(crate) struct Targets {
    /// Their numbers are those that a pattern's answer uses.
    pub(crate) members: Vec<Member>,
    /// The groups, a mapping of names to lists of hosts.
    pub(crate) groups: Map<String, Value>,
    inventory: Option<Inventory>,
    pub(crate) hosts: Hosts,
    /// The numbers of those that count; all without it.
    limit: Option<Vec<usize>>,
}

/// Whether the hosts are those of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hosts {
    Named,
    /// An inventory may be named, and was not.
    NotNamed,
    /// One was named, and cannot be read: that is told by itself.
    Unreadable,
}

/// One host.
#[derive(Clone, Debug, Default)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) groups: Vec<String>,
    /// Its variables and those of its groups, weakest first.
    pub(crate) definitions: Vec<Definition>,
    /// Of each name the one that counts.
    pub(crate) vars: Map<String, Value>,
    /// The user that tasks run as there, if the inventory sets one.
    pub(crate) act_as: ActAs,
}

/// Why a pattern means nothing.
pub(crate) struct NoHosts {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Targets {
    /// The hosts of an inventory, and this machine after them.
    pub(crate) fn of(inventory: Inventory) -> Targets {
        let numbers = 0..=inventory.hosts.len();
        let members = numbers.filter_map(|number| inventory.host(number)).map(Member::of).collect();
        let named = |number: &usize| inventory.host(*number).map(|host| host.name.clone());
        let mut groups = Map::new();
        for (at, group) in inventory.groups.iter().enumerate() {
            let hosts = inventory.members(at).iter().filter_map(named).map(Value::from).collect();
            groups.insert(group.name.clone(), Value::Array(hosts));
        }
        let (inventory, hosts) = (Some(inventory), Hosts::Named);
        Targets { members, groups, inventory, hosts, limit: None }
    }

    /// This machine alone, without an inventory.
    pub(crate) fn this_machine(name: &str) -> Targets {
        let member = Member { name: name.to_owned(), ..Member::default() };
        // As an inventory with this host alone has it.
        let alone = |group: &str| (group.to_owned(), json!([name]));
        let groups = ["all", "ungrouped"].map(alone).into_iter().collect();
        let (members, hosts) = (vec![member], Hosts::Named);
        Targets { members, groups, inventory: None, hosts, limit: None }
    }

    /// One host of which nothing is known, in place of those of an inventory that was not named.
    pub(crate) fn some_host(name: &str) -> Targets {
        Targets { hosts: Hosts::NotNamed, ..Targets::this_machine(name) }
    }

    /// One host of which nothing is known, in place of those of an inventory that cannot be read.
    pub(crate) fn unreadable(name: &str) -> Targets {
        Targets { hosts: Hosts::Unreadable, ..Targets::this_machine(name) }
    }

    /// The same with these hosts alone.
    pub(crate) fn limited_to(self, numbers: Vec<usize>) -> Targets {
        Targets { limit: Some(numbers), ..self }
    }

    /// Where variables of groups and hosts are looked for, if there is an inventory.
    pub(crate) fn base(&self) -> Option<&Path> {
        self.inventory.as_ref().map(|inventory| inventory.base.as_path())
    }

    /// Whether some hosts do not count.
    pub(crate) fn is_limited(&self) -> bool {
        self.limit.is_some()
    }

    /// A host as the inventory has it; one without an inventory is this machine.
    pub(crate) fn host(&self, number: usize) -> Option<Host> {
        match &self.inventory {
            Some(inventory) => inventory.host(number).cloned(),
            None => self.members.get(number).map(|member| Host {
                name: member.name.clone(),
                transport: Some(Transport::Local),
                ..Host::default()
            }),
        }
    }

    /// Whether what `delegate_to` names is certainly this host itself.
    pub(crate) fn is_host(&self, number: usize, named: &str) -> bool {
        let name = self.members.get(number).map(|member| member.name.as_str());
        let itself = ["{{ inventory_hostname }}", "{{inventory_hostname}}"];
        let here = [LOCALHOST, "127.0.0.1", "::1"];
        let is_local =
            || self.host(number).is_some_and(|host| host.transport == Some(Transport::Local));
        name == Some(named) || itself.contains(&named) || here.contains(&named) && is_local()
    }

    /// The numbers of the hosts that a pattern means; all without one.
    ///
    /// # Errors
    /// A name that no host or group has, or no pattern at all.
    pub(crate) fn select(&self, pattern: Option<&str>) -> Result<Vec<usize>, NoHosts> {
        let mut meant = self.meant(pattern)?;
        meant.retain(|number| self.limit.as_ref().is_none_or(|limit| limit.contains(number)));
        Ok(meant)
    }

    fn meant(&self, pattern: Option<&str>) -> Result<Vec<usize>, NoHosts> {
        match (&self.inventory, pattern) {
            (None, None) => Ok((0..self.members.len()).collect()),
            (Some(inventory), None) => Ok((0..inventory.hosts.len()).collect()),
            // Without an inventory there is one host, and nothing to choose from.
            (None, Some(_)) => Ok((0..self.members.len()).collect()),
            (Some(inventory), Some(pattern)) => inventory.select(pattern).map_err(|error| {
                let crate::inventory::NoSelection { message, hint } = error;
                NoHosts { message, hint }
            }),
        }
    }
}

impl Member {
    fn of(host: &Host) -> Member {
        let definition = |variable: &std::sync::Arc<crate::inventory::Variable>| Definition {
            name: variable.name.clone(),
            value: variable.value.clone(),
            origin: variable.origin.to_string(),
        };
        let definitions: Vec<Definition> = host.vars.iter().map(definition).collect();
        let vars = definitions.iter().map(|one| (one.name.clone(), one.value.clone())).collect();
        let (name, groups) = (host.name.clone(), host.groups.clone());
        Member { name, groups, definitions, vars, act_as: host.rights.act_as.clone() }
    }
}
