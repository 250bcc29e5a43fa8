//! Inventories: which hosts there are, in which groups, how to reach them, and what variables they have.
//!
//! Ansible's inventories load as they are: hosts files, YAML, directories, `group_vars` and `host_vars`. Says what the
//! files say; what they leave open (user, port, key) the caller fills in. Evaluates no expression.

mod address;
mod connection;
mod draft;
mod files;
mod ini;
mod line;
mod literal;
mod nesting;
mod pattern;
mod range;
mod resolve;
mod show;
mod value;
mod yaml;

pub(crate) use connection::is_connection;
pub(crate) use pattern::NoSelection;
pub(crate) use range::expand_shown;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::remote::{Secret, Transport};
use crate::source::{Source, Span};
use hep_protocol::dialect::Dialect;
use hep_protocol::rights::{ActAs, Method};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Hosts and groups. At least one host, except in Ansible's dialect.
#[derive(Debug)]
pub(crate) struct Inventory {
    /// Whose rules it was read by.
    dialect: Dialect,
    /// Each name once, in the order of the files.
    pub(crate) hosts: Vec<Host>,
    /// `all`, `ungrouped`, then the others in the order of the files.
    pub(crate) groups: Vec<Group>,
    /// This machine, for the pattern `localhost` where no file names it.
    localhost: Host,
    /// What is no mistake, and is most likely not what was meant.
    pub(crate) warnings: Vec<String>,
    /// The directory in which `group_vars` and `host_vars` are looked for.
    pub(crate) base: PathBuf,
}

/// One host with all that concerns it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Host {
    /// What messages and patterns call it. With a user, as written: `root@web1:22`; else without the port.
    pub(crate) name: String,
    /// The name or address to connect to. Without brackets.
    pub(crate) address: String,
    pub(crate) port: Option<u16>,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Secret>,
    /// A command on this machine that prints it.
    pub(crate) password_command: Option<String>,
    /// A file on this machine; `~` and relative paths are resolved.
    pub(crate) private_key: Option<PathBuf>,
    /// Which way leads to it, where that is said.
    pub(crate) transport: Option<Transport>,
    pub(crate) rights: Rights,
    /// All groups it is in, without `all`, sorted.
    pub(crate) groups: Vec<String>,
    /// All definitions that concern it, weakest first: the last of a name is the one that counts. No passwords.
    pub(crate) vars: Vec<Arc<Variable>>,
    /// Mistakes that matter only to who connects to it.
    pub(crate) obstacles: Diagnostics,
}

/// The user that tasks run as on a host, and how they become that user.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Rights {
    pub(crate) act_as: ActAs,
    pub(crate) method: Option<Method>,
    pub(crate) password: Option<Secret>,
    /// A command on this machine that prints it.
    pub(crate) password_command: Option<String>,
}

/// One group.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) name: String,
    /// Numbers of the groups right below it.
    pub(crate) children: Vec<usize>,
    /// Numbers of the hosts it names itself.
    pub(crate) hosts: Vec<usize>,
    /// Its own definitions, weakest first. No passwords.
    pub(crate) vars: Vec<Arc<Variable>>,
}

/// One definition of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) name: String,
    /// With the type it was written in; texts may hold `{{ }}`.
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

/// Where a definition comes from. Displayed as `group web, group_vars/web.yml:3`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) owner: Owner,
    place: Place,
}

impl Origin {
    pub(crate) fn file(&self) -> &Path {
        &self.place.text.source.path
    }
}

/// The host or group the variable belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Group(String),
    Host(String),
}

/// What a definition ranks as: a host's beats a group's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Layer {
    Group,
    Host,
}

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    text: Arc<Text>,
    span: Span,
}

/// A file of an inventory.
#[derive(Debug, PartialEq, Eq)]
struct Text {
    source: Arc<Source>,
    /// Where its lines begin: thousands of hosts ask for the lines of their variables.
    lines: Vec<usize>,
}

/// What paths in an inventory are relative to.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    /// The working directory.
    pub(crate) working_directory: PathBuf,
    /// What `~` stands for.
    pub(crate) home: Option<PathBuf>,
}

/// What an inventory in Ansible's dialect is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AnsibleSources<'a> {
    /// Files, directories and lists of names, each beating those before it.
    pub(crate) paths: &'a [PathBuf],
    /// The directory of the playbook: its `group_vars` and `host_vars` count too.
    pub(crate) playbook: &'a Path,
    /// The variables of the command line, which beat all others.
    pub(crate) extra: &'a Map<String, Value>,
    /// Variables that all others beat, and the file that says them.
    pub(crate) defaults: &'a [(&'static str, String)],
    pub(crate) config: Option<&'a Path>,
}

impl Inventory {
    /// Reads an inventory: a file or a directory, with the `group_vars` and `host_vars` beside.
    ///
    /// # Errors
    /// Every mistake in it.
    pub(crate) fn read(path: &Path, around: &Surroundings) -> Result<Inventory, Diagnostics> {
        files::read(path, around)
    }

    /// Reads inventories by the rules of `ansible-playbook`.
    ///
    /// # Errors
    /// Every mistake in them.
    pub(crate) fn read_ansible(
        wanted: &AnsibleSources<'_>,
        around: &Surroundings,
    ) -> Result<Inventory, Diagnostics> {
        files::read_ansible(wanted, around)
    }

    /// The hosts that a pattern means, as numbers, each once, in the order Ansible gives them. The number after the last
    /// host's is this machine's, where the pattern says `localhost` and no file does. May be none.
    ///
    /// # Errors
    /// A name that no host or group has, and what is no pattern.
    pub(crate) fn select(&self, pattern: &str) -> Result<Vec<usize>, NoSelection> {
        pattern::select(self, pattern)
    }

    /// Of the hosts chosen, those that a limit leaves: `pattern` or `@file`, several separated by commas.
    ///
    /// # Errors
    /// As of [`Inventory::select`]; and a file that cannot be read.
    pub(crate) fn limit(&self, chosen: &[usize], limit: &str) -> Result<Vec<usize>, NoSelection> {
        let left = pattern::limit(self, limit)?;
        Ok(chosen.iter().copied().filter(|number| left.contains(number)).collect())
    }

    /// What stands in the way of reaching any host.
    pub(crate) fn obstacles(&self) -> Diagnostics {
        let mut all = Diagnostics::default();
        self.hosts.iter().for_each(|host| all.extend(host.obstacles.clone()));
        all
    }

    /// A host by the number that a selection gives it.
    pub(crate) fn host(&self, number: usize) -> Option<&Host> {
        let implicit = (number == self.hosts.len()).then_some(&self.localhost);
        self.hosts.get(number).or(implicit)
    }

    /// All hosts of a group and of those below it: its own first, then breadth by breadth.
    pub(crate) fn members(&self, group: usize) -> Vec<usize> {
        let (mut groups, mut at) = (vec![group], 0);
        let mut listed = vec![false; self.groups.len()];
        let mut hosts = Vec::new();
        let mut seen = vec![false; self.hosts.len()];
        while let Some(group) = groups.get(at).and_then(|number| self.groups.get(*number)) {
            for host in &group.hosts {
                if let Some(seen) = seen.get_mut(*host).filter(|seen| !**seen) {
                    *seen = true;
                    hosts.push(*host);
                }
            }
            for child in &group.children {
                if let Some(listed) = listed.get_mut(*child).filter(|listed| !**listed) {
                    *listed = true;
                    groups.push(*child);
                }
            }
            at += 1;
        }
        hosts
    }

    /// The inventory as a tree for a person, of these hosts alone.
    pub(crate) fn tree(&self, hosts: &[usize]) -> String {
        show::tree(self, hosts)
    }

    /// Whether any of these hosts has a password, or a command that prints one: neither is shown.
    pub(crate) fn has_passwords(&self, hosts: &[usize]) -> bool {
        show::has_passwords(self, hosts)
    }

    /// The inventory as `ansible-inventory --list` shows it, of these hosts alone.
    pub(crate) fn json(&self, hosts: &[usize]) -> Value {
        show::json(self, hosts)
    }
}

impl Host {
    /// The definitions that count, one a name, in the order of their first definition.
    pub(crate) fn effective(&self) -> Vec<&Arc<Variable>> {
        effective(&self.vars)
    }
}

/// Of each name the last definition, in the order of the first.
fn effective(vars: &[Arc<Variable>]) -> Vec<&Arc<Variable>> {
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let mut found: Vec<&Arc<Variable>> = Vec::new();
    for variable in vars {
        let number = *numbers.entry(&variable.name).or_insert(found.len());
        match found.get_mut(number) {
            Some(earlier) => *earlier = variable,
            None => found.push(variable),
        }
    }
    found
}

impl Origin {
    pub(crate) fn layer(&self) -> Layer {
        match self.owner {
            Owner::Group(_) => Layer::Group,
            Owner::Host(_) => Layer::Host,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.owner {
            Owner::Group(name) => write!(f, "group {name}, ")?,
            Owner::Host(name) => write!(f, "host {name}, ")?,
        }
        let Place { text, span } = &self.place;
        let line = text.lines.partition_point(|start| *start <= span.start);
        write!(f, "{}:{line}", text.source.path.display())
    }
}

impl Text {
    fn of(source: &Arc<Source>) -> Arc<Text> {
        let ends = source.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        Arc::new(Text { source: Arc::clone(source), lines })
    }
}

impl Place {
    /// Of a file as a whole.
    fn nowhere(source: &Arc<Source>) -> Place {
        Place::new(&Text::of(source), Span::new(0, 0))
    }

    fn new(text: &Arc<Text>, span: Span) -> Place {
        Place { text: Arc::clone(text), span }
    }

    fn diagnostic(&self, message: impl Into<String>, hint: impl Into<String>) -> Diagnostic {
        Diagnostic::at(&self.text.source, self.span, message).hint(hint)
    }
}
