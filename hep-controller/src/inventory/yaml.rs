//! YAML inventories, and the files of `group_vars` and `host_vars`.

use super::draft::{ALL, Draft, Tier};
use super::{Place, Text, address, range, value};
use crate::source::{Source, Span};
use crate::words::nearest;
use crate::yaml::{self, Entry, Kind, Node};
use hep_protocol::dialect::Dialect;
use std::sync::Arc;

const SHAPE: &str =
    "write groups with `hosts`, `children` and `vars`, as `web: {hosts: {web1: {}}}`";

/// Where `ansible-inventory --list` and `hep hosts --output json` have the variables of hosts.
const META: &str = "_meta";

/// How groups name what is in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// As keys, as people write them.
    Written,
    /// As lists, as `ansible-inventory --list` and `hep hosts --output json` print them.
    Listing,
}

/// Reads a YAML inventory into a draft.
pub(super) fn read(source: &Arc<Source>, draft: &mut Draft) {
    let (root, problems) = yaml::parse(source);
    draft.problems.extend(problems);
    let text = &Text::of(source);
    let form = match &root {
        Some(root) if root.entry(META).is_some() => Form::Listing,
        Some(_) | None => Form::Written,
    };
    let mut reading = Reading { text, draft, form };
    match &root {
        Some(root) if root.entry("plugin").is_some() => {
            let message = "this configures an inventory plugin of Ansible, and hep has none";
            let hint =
                "write what it says into a file: `ansible-inventory -i FILE --list -y > hosts.yml`";
            reading.problem(root.span, message, hint);
        }
        Some(Node { kind: Kind::Map(groups), .. }) => {
            let (meta, groups): (Vec<_>, Vec<_>) =
                groups.iter().partition(|entry| &*entry.key.text == META);
            for entry in groups {
                reading.group(entry);
            }
            meta.into_iter().for_each(|meta| reading.meta(meta));
        }
        Some(root) if !root.is_null() => reading.wrong(root, "an inventory"),
        Some(_) | None => {}
    }
}

/// The hosts or groups whose variables a file next to the inventory contains.
#[derive(Clone, Copy, Debug)]
pub(super) enum Of {
    Group(usize),
    Host(usize),
    /// This machine, where no file names it.
    Implicit,
}

/// Reads a file of variables.
pub(super) fn read_variables(source: &Arc<Source>, of: Of, tier: Tier, draft: &mut Draft) {
    let (root, problems) = yaml::parse(source);
    draft.problems.extend(problems);
    let text = &Text::of(source);
    let mut reading = Reading { text, draft, form: Form::Written };
    match &root {
        Some(Node { kind: Kind::Map(entries), .. }) => {
            entries.iter().for_each(|entry| reading.variable(entry, of, tier));
        }
        Some(root) if !root.is_null() => {
            if !matches!(root.kind, Kind::Broken) {
                let message = format!("variables are a mapping, found {}", root.describe());
                reading.problem(
                    root.span,
                    message,
                    "write names with their values, as `http_port: 8080`",
                );
            }
        }
        Some(_) | None => {}
    }
}

struct Reading<'a> {
    text: &'a Arc<Text>,
    draft: &'a mut Draft,
    form: Form,
}

impl Reading<'_> {
    fn problem(&mut self, span: Span, message: impl Into<String>, hint: impl Into<String>) {
        let problem = Place::new(self.text, span).diagnostic(message, hint);
        self.draft.problems.push(problem);
    }

    fn wrong(&mut self, node: &Node, what: &str) {
        if !matches!(node.kind, Kind::Broken) {
            let message = format!("{what} is a mapping, found {}", node.describe());
            self.problem(node.span, message, SHAPE);
        }
    }

    /// The variables of hosts, beside the groups.
    fn meta(&mut self, meta: &Entry) {
        let hosts = meta.value.entry("hostvars").map(|hosts| hosts.value.entries());
        for host in hosts.into_iter().flatten() {
            self.member("hosts", host, ALL);
        }
    }

    /// What a list names, of hosts or children.
    fn listed(&mut self, part: &str, items: &[Node], group: usize) {
        for item in items {
            let Some(name) = item.text() else {
                if !matches!(item.kind, Kind::Broken) {
                    let message = format!("`{part}` has names, found {}", item.describe());
                    self.problem(item.span, message, "write each as a text");
                }
                continue;
            };
            let place = Place::new(self.text, item.span);
            if part == "hosts" {
                self.hosts(name, &place, group);
            } else {
                let child = self.draft.declared(name);
                self.draft.nest(group, child, &place);
            }
        }
    }

    fn group(&mut self, entry: &Entry) -> usize {
        let number =
            if &*entry.key.text == "all" { ALL } else { self.draft.declared(&entry.key.text) };
        match &entry.value.kind {
            Kind::Map(parts) => parts.iter().for_each(|part| self.part(part, number)),
            Kind::Broken => {}
            Kind::Scalar(_) if entry.value.is_null() => {}
            Kind::Seq(hosts) if self.form == Form::Listing => self.listed("hosts", hosts, number),
            Kind::Scalar(_) | Kind::Seq(_) => self.wrong(&entry.value, "a group"),
        }
        number
    }

    /// `hosts`, `children` or `vars` of a group.
    fn part(&mut self, part: &Entry, group: usize) {
        let name: &str = &part.key.text;
        if !matches!(name, "hosts" | "children" | "vars") {
            let hint = match nearest(name, ["hosts", "children", "vars"]) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "groups have `hosts`, `children` and `vars`; a group goes below `children`"
                    .to_owned(),
            };
            let message = format!("unknown key `{}` of a group", yaml::shorten(name));
            match self.draft.dialect {
                Dialect::Hep => self.problem(part.key.span, message, hint),
                // Ansible passes over it, with a warning too.
                Dialect::Ansible => {
                    let path = self.text.source.path.display();
                    self.draft.warnings.push(format!("{path}: {message} is ignored; {hint}"));
                }
            }
            return;
        }
        let alone = match &part.value.kind {
            Kind::Map(entries) => {
                let entries = Arc::clone(entries);
                entries.iter().for_each(|entry| self.member(name, entry, group));
                return;
            }
            Kind::Broken => return,
            Kind::Seq(items) if self.form == Form::Listing && name != "vars" => {
                return self.listed(name, items, group);
            }
            Kind::Scalar(_) if part.value.is_null() => return,
            Kind::Scalar(_) if name != "vars" => part.value.text(),
            Kind::Scalar(_) | Kind::Seq(_) => None,
        };
        match alone {
            // `hosts: web1` names one.
            Some(text) => {
                let place = Place::new(self.text, part.value.span);
                if name == "hosts" {
                    self.hosts(text, &place, group);
                } else {
                    let child = self.draft.declared(text);
                    self.draft.nest(group, child, &place);
                }
            }
            None => {
                let message = format!("`{name}` takes a mapping, found {}", part.value.describe());
                let hint = match name {
                    "vars" => "write names with their values, as `http_port: 8080`",
                    _ => "write each name as a key: `web1:`",
                };
                self.problem(part.value.span, message, hint);
            }
        }
    }

    fn member(&mut self, part: &str, entry: &Entry, group: usize) {
        let place = Place::new(self.text, entry.key.span);
        match part {
            "hosts" => {
                let hosts = self.hosts(&entry.key.text, &place, group);
                match &entry.value.kind {
                    Kind::Map(vars) => {
                        for host in hosts {
                            vars.iter()
                                .for_each(|var| self.variable(var, Of::Host(host), Tier::Inline));
                        }
                    }
                    Kind::Broken => {}
                    Kind::Scalar(_) if entry.value.is_null() => {}
                    Kind::Scalar(_) | Kind::Seq(_) => {
                        let found = entry.value.describe();
                        let message = format!("a host's variables are a mapping, found {found}");
                        let hint = "write names with their values, as `web1: {http_port: 8080}`";
                        self.problem(entry.value.span, message, hint);
                    }
                }
            }
            "children" => {
                let child = self.group(entry);
                self.draft.nest(group, child, &place);
            }
            _ => self.variable(entry, Of::Group(group), Tier::Inline),
        }
    }

    /// The hosts that a key names.
    fn hosts(&mut self, pattern: &str, place: &Place, group: usize) -> Vec<usize> {
        match super::ini::Named::read(pattern) {
            Ok(named) => {
                let port = named.port;
                named.names.iter().map(|name| self.draft.host(name, port, place, group)).collect()
            }
            Err(range::NoRange { message, hint }) => {
                self.problem(place.span, message, hint);
                Vec::new()
            }
        }
    }

    fn variable(&mut self, entry: &Entry, of: Of, tier: Tier) {
        let Some(value) = value::of(&entry.value, self.draft.dialect) else { return };
        self.draft.check_name(&entry.key.text, &Place::new(self.text, entry.key.span));
        // A block begins lines below its name.
        let span = match &entry.value.kind {
            Kind::Scalar(_) if entry.value.span.start < entry.value.span.end => entry.value.span,
            Kind::Scalar(_) | Kind::Seq(_) | Kind::Map(_) | Kind::Broken => entry.key.span,
        };
        let place = Place::new(self.text, span);
        match of {
            Of::Group(group) => self.draft.group_var(group, tier, &entry.key.text, value, &place),
            Of::Host(host) => self.draft.host_var(host, tier, &entry.key.text, value, &place),
            Of::Implicit => self.draft.implicit_var(tier, &entry.key.text, value, &place),
        }
    }
}

/// Whether a text without a telling name is YAML: its first line is `---`, a brace, or a key without an `=`.
pub(super) fn is_yaml(text: &str) -> bool {
    let said = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with(['#', ';']);
    let Some(first) = text.lines().find(said).map(str::trim_end) else { return false };
    let key = first.split_once(": ").map(|(key, _)| key).or_else(|| first.strip_suffix(':'));
    let key = key.filter(|key| !key.contains(['=', '[', ' ']) && address::parse(first).is_err());
    first == "---" || first.starts_with("--- ") || first.starts_with(['{', '%']) || key.is_some()
}
