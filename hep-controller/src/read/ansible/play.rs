//! Playbooks and their plays.

use super::entry::{Around, Section};
use super::handlers::joined;
use super::inherit::{Inherited, Keys};
use super::keywords::{self, Level};
use super::names::Using;
use super::scalars::{self, Truth, canonical, spot};
use super::{Gathering, Loaded, OfPlay, Reader};
use crate::ast::{Batching, Entry as Step, Home, Layer, Manifest, ManifestPlay, Piece, Spot};
use crate::read::values::Value;
use crate::source::Source;
use crate::words::nearest;
use crate::yaml::{Entry, Key, Kind, Node, shorten};
use hep_protocol::expression::Rank;
use std::sync::Arc;

/// What an imported playbook is given.
#[derive(Clone, Default)]
struct Given {
    inherited: Inherited,
    layers: Vec<Layer>,
}

impl Reader<'_> {
    /// The plays of a playbook.
    pub(super) fn playbook(&mut self, source: &Arc<Source>) -> Vec<ManifestPlay> {
        let loaded = self.parse(Arc::clone(source));
        self.chain = std::fs::canonicalize(&source.path).into_iter().collect();
        self.plays(&loaded, &Given::default())
    }

    fn plays(&mut self, loaded: &Loaded, given: &Given) -> Vec<ManifestPlay> {
        let Loaded { source, root } = loaded;
        let Some(root) = root else { return Vec::new() };
        let Kind::Seq(items) = &root.kind else {
            if !matches!(root.kind, Kind::Broken) {
                let message = format!("a playbook is a list of plays, found {}", root.describe());
                self.refuse(source, root.span, message, "begin each play with `- hosts: ...`");
            }
            return Vec::new();
        };
        let mut plays = Vec::new();
        for item in items.iter() {
            match &item.kind {
                Kind::Broken => {}
                Kind::Map(_) => match imported(item) {
                    Some(entry) => plays.extend(self.import_playbook(source, item, entry, given)),
                    None if item.entry("hosts").is_none() => self.no_play(source, item),
                    None => plays.push(self.play(source, item, given)),
                },
                Kind::Scalar(_) | Kind::Seq(_) => self.no_play(source, item),
            }
        }
        plays
    }

    fn no_play(&mut self, source: &Arc<Source>, item: &Node) {
        let message = "this is no play: it has no `hosts`";
        self.refuse(
            source,
            item.span,
            message,
            "a playbook is a list of plays, and tasks stand below `tasks:` of a play",
        );
    }

    fn import_playbook(
        &mut self,
        source: &Arc<Source>,
        item: &Node,
        entry: &Entry,
        given: &Given,
    ) -> Vec<ManifestPlay> {
        let keys = self.keys(source, item.entries(), Level::Include);
        let Some(text) = entry.value.text() else {
            self.wrong(source, entry, "the name of a playbook");
            return Vec::new();
        };
        let file = spot(source, &entry.value, text.split_whitespace().next().unwrap_or(text));
        let around = self.around(source, given);
        let name = self.known_text(&file.text, &around, Using::Static);
        let path = name.map(|name| Manifest::directory(source).join(name));
        let Some(path) = path.filter(|path| path.is_file()) else {
            let message = format!("there is no playbook `{}`", shorten(&file.text));
            let hint = "the path is relative to this file; a playbook of a collection is imported by its path";
            self.problems.push(file.problem(message).hint(hint));
            return Vec::new();
        };
        let mut given = given.clone();
        given.inherited = given.inherited.with(&keys.handed);
        given.layers.extend(keys.vars.into_iter().map(|vars| (Rank::Play, vars)));
        let read = |reader: &mut Self, loaded: Loaded| reader.plays(&loaded, &given);
        self.within(source, file.span, &path, read).unwrap_or_default()
    }

    /// What lies around the first entry of a play.
    fn around(&self, source: &Arc<Source>, given: &Given) -> Around {
        let directory = Manifest::directory(source);
        let home = Arc::new(Home { role: None, roots: vec![directory] });
        Around {
            inherited: given.inherited.clone(),
            base: given.inherited.clone(),
            role: None,
            home,
            known: given.layers.clone(),
            section: Section::Tasks,
        }
    }

    fn play(&mut self, source: &Arc<Source>, item: &Node, given: &Given) -> ManifestPlay {
        let directory = Manifest::directory(source);
        self.play = OfPlay { directory, layers: given.layers.clone(), ..OfPlay::default() };
        let mut play = ManifestPlay::new();
        let keys = self.keys(source, item.entries(), Level::Play);
        let mut gather = Gather::default();
        for entry in item.entries() {
            self.play_key(source, entry, &mut play, &mut gather);
        }
        let Keys { handed, name, vars, .. } = keys;
        play.name = name.map(|name| name.text);
        self.play.layers.extend(vars.map(|vars| (Rank::Play, vars)));
        play.act_as = handed.act_as.clone();
        let mut around = self.around(source, given);
        around.inherited = around.inherited.with(&handed);
        around.base = around.inherited.clone();
        let mut entries = Vec::new();
        let key = Key { span: item.span, text: "hosts".into() };
        let hosts = item.entry("hosts").map_or(&key, |entry| &entry.key);
        if gather.wanted.unwrap_or(self.settings.gathering == Gathering::Implicit) {
            entries.push(self.gathering(source, hosts, gather, &around));
        }
        if let Some(entry) = item.entry("vars_files") {
            entries.extend(self.vars_files(source, entry, &mut around));
        }
        self.sections(source, item, &around, &mut entries);
        self.finished(source, hosts, play, entries)
    }

    /// The tasks of a play in the order of their sections, with the handlers after each.
    fn sections(
        &mut self,
        source: &Arc<Source>,
        item: &Node,
        around: &Around,
        entries: &mut Vec<Step>,
    ) {
        let section = |reader: &mut Self, key: &str| match item.entry(key) {
            Some(entry) if key == "roles" => reader.roles(source, entry, around),
            Some(entry) => reader.list(source, entry, around),
            None => Vec::new(),
        };
        let pre = section(self, "pre_tasks");
        let roles = section(self, "roles");
        let tasks = section(self, "tasks");
        let post = section(self, "post_tasks");
        // Each section ends with one, and what a handler notifies that stands before it waits for the next.
        let handlers = item.entry("handlers").is_some() || !self.play.handlers.is_empty();
        let after_pre = (handlers && !pre.is_empty()).then_some(Step::Flush);
        let before_post = [&pre, &roles, &tasks].into_iter().any(|section| !section.is_empty());
        let after_tasks = (handlers && before_post).then_some(Step::Flush);
        entries.extend(pre);
        entries.extend(after_pre);
        entries.extend(roles);
        entries.extend(tasks);
        entries.extend(after_tasks);
        entries.extend(post);
        if let Some(entry) = item.entry("handlers") {
            let around = Around { section: Section::Handlers, ..around.clone() };
            let handlers = self.handlers_of(source, entry.value.items(), &around);
            self.play.handlers.push(handlers);
        }
    }

    /// A play with what its roles have given it.
    fn finished(
        &mut self,
        source: &Arc<Source>,
        hosts: &Key,
        mut play: ManifestPlay,
        entries: Vec<Step>,
    ) -> ManifestPlay {
        let OfPlay { directory, layers, handlers, roles, .. } = std::mem::take(&mut self.play);
        let text = |text: &str| Node::of_text(text, hosts.span);
        let entry = |key: &str, value: Node| Entry {
            key: Key { span: hosts.span, text: key.into() },
            value,
        };
        // That of `site.yml` is empty.
        let directory = std::path::absolute(directory.join(".")).unwrap_or(directory);
        let names = |roles: &[String]| {
            Node::of_list(roles.iter().map(|role| text(role)).collect(), hosts.span)
        };
        let magic = vec![
            entry("playbook_dir", text(&directory.to_string_lossy())),
            entry("ansible_play_role_names", names(&roles)),
            entry("ansible_role_names", names(&roles)),
            entry("role_names", names(&roles)),
            entry("ansible_dependent_role_names", names(&[])),
            entry(
                "ansible_search_path",
                Node::of_list(vec![text(&directory.to_string_lossy())], hosts.span),
            ),
        ];
        let node = Node::of_list(Vec::new(), hosts.span).with_entries(magic);
        let managed = Node::below("ansible_managed", text("Ansible managed"));
        play.layers =
            vec![(Rank::RoleDefaults, Piece { source: Arc::clone(source), node: managed })];
        play.layers.extend(layers);
        play.layers.push((Rank::Magic, Piece { source: Arc::clone(source), node }));
        play.entries = entries;
        play.handlers = joined(handlers);
        play
    }

    /// A key that only plays have.
    fn play_key(
        &mut self,
        source: &Arc<Source>,
        entry: &Entry,
        play: &mut ManifestPlay,
        gather: &mut Gather,
    ) {
        let value = &entry.value;
        let known = |reader: &mut Self| match scalars::truth(source, value) {
            Truth::Known(known) => Some(known),
            Truth::Absent => None,
            Truth::Asked(_) | Truth::Wrong => {
                reader.wrong(source, entry, "true or false");
                None
            }
        };
        match &*entry.key.text {
            "hosts" => play.hosts = self.hosts(source, entry),
            "gather_facts" => gather.wanted = known(self),
            "gather_subset" | "gather_timeout" | "fact_path" => gather.params.push(entry.clone()),
            "serial" | "max_fail_percentage" => self.batching(source, entry, &mut play.batching),
            "any_errors_fatal" => play.batching.fatal = known(self).unwrap_or_default(),
            "connection" => {
                play.login.connection = value.text().map(|text| spot(source, value, text))
            }
            "remote_user" | "user" => {
                play.login.user = value.text().map(|text| spot(source, value, text))
            }
            "port" => play.login.port = value.text().map(|text| spot(source, value, text)),
            "strategy" => {
                let text = value.text().unwrap_or_default();
                let plain = [
                    "linear",
                    "free",
                    "host_pinned",
                    "debug",
                    "ansible.builtin.linear",
                    "ansible.builtin.free",
                ];
                if !plain.contains(&text) && !text.starts_with("mitogen") {
                    let message = format!("hep knows no strategy `{}`", shorten(text));
                    self.warn(
                        source,
                        value.span,
                        message,
                        "hosts run as with `free`, and meet where they must",
                    );
                }
            }
            "vars_prompt" => self.prompts(source, entry),
            key if keywords::find(key).is_some() => {}
            key => {
                let hint = match nearest(key, keywords::of(Level::Play)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "tasks stand below `tasks:`".to_owned(),
                };
                let message = format!("unknown key `{}` of a play", shorten(key));
                self.refuse(source, entry.key.span, message, hint);
            }
        }
    }

    fn hosts(&mut self, source: &Arc<Source>, entry: &Entry) -> Option<Spot> {
        let patterns = self.texts_of(source, entry);
        if patterns.is_empty() && !matches!(entry.value.kind, Kind::Broken) {
            self.refuse(source, entry.value.span, "`hosts` names no hosts", "write `hosts: all`");
        }
        let text = patterns.iter().map(|spot| spot.text.as_str()).collect::<Vec<_>>().join(",");
        let around = self.around(source, &Given::default());
        let known = self.known_text(&text, &around, Using::Static);
        if known.is_none() {
            let message = "the hosts of a play must be known before the run";
            self.refuse(source, entry.value.span, message, "it may use variables of `-e` alone");
        }
        Some(spot(source, &entry.value, known.unwrap_or(text)))
    }

    fn batching(&mut self, source: &Arc<Source>, entry: &Entry, batching: &mut Batching) {
        let around = self.around(source, &Given::default());
        let known =
            entry.value.text().and_then(|text| self.known_text(text, &around, Using::Static));
        let value = match known {
            Some(text) => Node::of_word(&text, entry.value.span),
            None => canonical(&entry.value),
        };
        let entry = Entry { key: entry.key.clone(), value };
        let key = entry.key.text.to_string();
        batching.take(&key, &mut Value { source, entry: &entry, problems: &mut self.problems });
    }

    /// Variables that Ansible asks the operator for.
    fn prompts(&mut self, source: &Arc<Source>, entry: &Entry) {
        for item in entry.value.items() {
            let named = item.entry("name").and_then(|entry| entry.value.text());
            let given = named.is_some_and(|name| self.settings.extra.contains_key(name));
            match (named, item.entry("default")) {
                (None, _) => {}
                (Some(_), _) if given => {}
                (Some(name), Some(default)) => {
                    let node = Node::below(name, canonical(&default.value));
                    self.play.layers.push((Rank::Play, Piece { source: Arc::clone(source), node }));
                }
                (Some(name), None) => {
                    let message = format!("hep does not ask for the variable `{name}`");
                    self.refuse(
                        source,
                        item.span,
                        message,
                        format!("give it with `-e {name}=...`"),
                    );
                }
            }
        }
    }

    /// The task that gathers facts.
    fn gathering(
        &mut self,
        source: &Arc<Source>,
        hosts: &Key,
        gather: Gather,
        around: &Around,
    ) -> Step {
        let name = Spot {
            text: "Gathering Facts".to_owned(),
            source: Arc::clone(source),
            span: hosts.span,
        };
        let params = Node::of_list(Vec::new(), hosts.span).with_entries(gather.params);
        let entry = Entry { key: Key { span: hosts.span, text: "setup".into() }, value: params };
        let keys = Keys { name: Some(name.clone()), ..Keys::default() };
        let mut control = around.inherited.clone().control(keys);
        control.tags.push(Spot { text: "always".to_owned(), ..name.clone() });
        Step::Task(Box::new(self.own_task(&name, entry, control, around)))
    }
}

/// What a play says of facts.
#[derive(Default)]
struct Gather {
    wanted: Option<bool>,
    /// Parameters of the module.
    params: Vec<Entry>,
}

fn imported(item: &Node) -> Option<&Entry> {
    item.entries().iter().find(|entry| {
        matches!(super::lower::short(&entry.key.text), "import_playbook")
            || (&*entry.key.text == "include" && item.entry("hosts").is_none())
    })
}
