//! Roles: where they are, what their files give, and the roles they depend on.

use super::entry::{Around, Section};
use super::include::{CHOSEN, Dynamic, chosen, is_chosen};
use super::inherit::Keys;
use super::keywords::{self, Level};
use super::magic::magic;
use super::names::Using;
use super::scalars::{self, Truth, piece, spot};
use super::{Loaded, Reader};
use crate::ast::control::Control;
use crate::ast::{Entry as Step, Home, Layer, ManifestBlock, Spot};
use crate::diagnostic::Diagnostic;
use crate::source::Source;
use crate::yaml::{Entry, Kind, Node};
use hep_protocol::expression::{Rank, has_expression};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;

/// A role that is being read.
#[derive(Debug)]
pub(super) struct Role {
    /// Its name without a collection.
    pub(super) name: String,
    /// Its name with the collection, if it has one.
    pub(super) full: String,
    /// `namespace.name`, if it is from one.
    pub(super) collection: Option<String>,
    pub(super) path: PathBuf,
    /// Its defaults, variables, parameters and names.
    pub(super) layers: Vec<Layer>,
    /// Its own defaults and variables alone.
    own: Vec<Layer>,
    pub(super) home: Arc<Home>,
    /// The roles that led to it, the nearest first.
    parents: Vec<Arc<Role>>,
}

/// How a role is asked for.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) name: Spot,
    /// Files in place of `main`.
    pub(super) tasks: String,
    vars: String,
    defaults: String,
    handlers: String,
    /// What it is given, as layers.
    pub(super) given: Vec<Layer>,
    /// Whether its defaults and variables are those of the whole play too.
    pub(super) public: bool,
    /// Whether it is read where the run comes to it: its variables are nobody's before that.
    dynamic: bool,
    /// Whether it runs again where it ran before.
    pub(super) again: Option<bool>,
    /// Whether what it is given is checked first.
    pub(super) validates: bool,
    /// Whether it is a role of its play or of another role, of which each runs once.
    once: bool,
    /// How those that lead to it are told apart: its `when` and `tags`.
    condition: String,
}

impl Asked {
    fn of(name: Spot) -> Asked {
        let main = || "main".to_owned();
        Asked {
            name,
            tasks: main(),
            vars: main(),
            defaults: main(),
            handlers: main(),
            given: Vec::new(),
            public: true,
            dynamic: false,
            again: None,
            validates: true,
            once: false,
            condition: String::new(),
        }
    }

    /// Reads the keys of `include_role` and `import_role`.
    fn option(&mut self, key: &str, text: &str) -> bool {
        let name = || {
            text.strip_suffix(".yml")
                .or_else(|| text.strip_suffix(".yaml"))
                .unwrap_or(text)
                .to_owned()
        };
        match key {
            "tasks_from" => self.tasks = name(),
            "vars_from" => self.vars = name(),
            "defaults_from" => self.defaults = name(),
            "handlers_from" => self.handlers = name(),
            _ => return false,
        }
        true
    }
}

/// Keys of `include_role` and `import_role` beside those that name files.
const OPTIONS: [&str; 6] =
    ["allow_duplicates", "apply", "name", "public", "role", "rolespec_validate"];

impl Reader<'_> {
    /// The roles of a play.
    pub(super) fn roles(
        &mut self,
        source: &Arc<Source>,
        entry: &Entry,
        around: &Around,
    ) -> Vec<Step> {
        let mut steps = Vec::new();
        for item in entry.value.items() {
            if !item.is_null() {
                steps.extend(self.listed_role(source, item, around));
            }
        }
        steps
    }

    /// An entry below `roles` or `dependencies`.
    fn listed_role(&mut self, source: &Arc<Source>, item: &Node, around: &Around) -> Option<Step> {
        let named = match &item.kind {
            Kind::Scalar(_) => item.text().map(|text| (item, text)),
            Kind::Map(_) => item
                .entry("role")
                .or_else(|| item.entry("name"))
                .and_then(|entry| Some((&entry.value, entry.value.text()?))),
            Kind::Broken => return None,
            Kind::Seq(_) => None,
        };
        let Some((node, text)) = named else {
            self.refuse(source, item.span, "this names no role", "write `- role: NAME`");
            return None;
        };
        // `name,version` of old requirements.
        let text = text.split(',').next().unwrap_or(text).trim();
        let mut asked = Asked { once: true, ..Asked::of(spot(source, node, text)) };
        let keys = self.keys(source, item.entries(), Level::Role);
        let own = |entry: &&Entry| {
            let key = &*entry.key.text;
            key != "role"
                && key != "name"
                && !matches!(key, "src" | "scm" | "version" | "allow_duplicates")
        };
        let mut params = Vec::new();
        for entry in item.entries().iter().filter(own) {
            let text = entry.value.text().unwrap_or_default();
            if !asked.option(&entry.key.text, text) && keywords::find(&entry.key.text).is_none() {
                params.push(entry.clone());
            }
        }
        if let Some(entry) = item.entry("allow_duplicates") {
            asked.again = Some(matches!(scalars::truth(source, &entry.value), Truth::Known(true)));
        }
        if !params.is_empty() {
            asked.given.push((Rank::Params, piece(source, &item.with_entries(params))));
        }
        asked.given.extend(keys.vars.iter().map(|vars| (Rank::RoleVars, vars.clone())));
        let texts = |spots: &[Spot]| spots.iter().map(|spot| spot.text.clone()).collect::<Vec<_>>();
        let given: Vec<Value> = asked.given.iter().map(|(_, piece)| piece.node.to_json()).collect();
        asked.condition =
            json!([texts(&keys.handed.when), texts(&keys.handed.tags), given]).to_string();
        let inner = Around {
            inherited: around.inherited.with(&keys.handed),
            base: around.base.with(&keys.handed),
            ..around.clone()
        };
        match self.role(&asked, &inner) {
            Ok(step) => step,
            Err(problem) => {
                self.problems.push(*problem);
                None
            }
        }
    }

    /// `import_role`.
    pub(super) fn import_role(
        &mut self,
        source: &Arc<Source>,
        entry: &Entry,
        keys: Keys,
        around: &Around,
    ) -> Option<Step> {
        let mut asked = self.asked(source, entry, &keys)?;
        if let Some(each) = &keys.each {
            let hint = "write `include_role`, which may have a loop";
            self.refuse(source, each.over.node.span, "an import has no loop", hint);
        }
        asked.given = keys.vars.iter().map(|vars| (Rank::Task, vars.clone())).collect();
        let inner = Around { inherited: around.inherited.with(&keys.handed), ..around.clone() };
        match self.role(&asked, &inner) {
            Ok(step) => step,
            Err(problem) => {
                self.problems.push(*problem);
                None
            }
        }
    }

    /// `include_role`.
    pub(super) fn include_role(
        &mut self,
        source: &Arc<Source>,
        entry: &Entry,
        mut keys: Keys,
        around: &Around,
    ) -> Option<Step> {
        let mut asked = self.asked(source, entry, &keys)?;
        let apply = keys
            .apply
            .take()
            .or_else(|| entry.value.entry("apply").map(|entry| entry.value.clone()));
        let (inherited, applied) = self.applied(source, apply.as_ref(), around);
        asked.given = keys.vars.take().into_iter().map(|vars| (Rank::Params, vars)).collect();
        asked.public = entry.value.entry("public").is_some_and(|entry| {
            matches!(scalars::truth(source, &entry.value), Truth::Known(true))
        });
        asked.dynamic = true;
        let inner = Around { inherited, ..around.clone() };
        let mut layers = asked.given.clone();
        layers.extend(applied);
        let body = match self.named_in_loop(&asked.name.text, keys.each.as_ref(), around) {
            Some(names) if has_expression(&asked.name.text) => {
                layers.push(chosen(&asked.name));
                self.roles_of_loop(&asked, names, &inner)
            }
            Some(_) | None => self.role(&asked, &inner).map(|step| step.into_iter().collect()),
        };
        match body {
            Ok(body) => Some(self.dynamic(Dynamic { keys, layers, body }, around)),
            Err(problem) => {
                let named = Spot { text: entry.key.text.to_string(), ..asked.name };
                Some(Step::Task(Box::new(self.unincluded(&named, *problem, keys, around))))
            }
        }
    }

    /// The roles that the rounds of a loop name.
    fn roles_of_loop(
        &mut self,
        asked: &Asked,
        names: Vec<String>,
        around: &Around,
    ) -> Result<Vec<Step>, Box<Diagnostic>> {
        let mut body: Vec<Step> = Vec::new();
        let mut read: Vec<String> = Vec::new();
        for name in names {
            if read.contains(&name) {
                continue;
            }
            let when = vec![is_chosen(&asked.name, CHOSEN, &name)];
            let named = Spot { text: name.clone(), ..asked.name.clone() };
            let step = self.role(&Asked { name: named, ..asked.clone() }, around)?;
            let control = Control { when, choice: true, ..Control::default() };
            let inner = step.into_iter().collect();
            body.push(Step::Block(Box::new(ManifestBlock {
                control,
                body: inner,
                ..ManifestBlock::default()
            })));
            read.push(name);
        }
        Ok(body)
    }

    fn asked(&mut self, source: &Arc<Source>, entry: &Entry, keys: &Keys) -> Option<Asked> {
        let options: Vec<Entry> = match &entry.value.kind {
            Kind::Map(entries) => entries.to_vec(),
            Kind::Scalar(_) => in_line(&entry.value),
            Kind::Seq(_) | Kind::Broken => Vec::new(),
        };
        let args = keys.args.iter().flat_map(Node::entries).cloned();
        let options: Vec<Entry> = options.into_iter().chain(args).collect();
        let option = |name: &str| options.iter().find(|entry| &*entry.key.text == name);
        let named = option("name").or_else(|| option("role"));
        let Some((node, text)) = named.and_then(|entry| Some((&entry.value, entry.value.text()?)))
        else {
            let message = format!("`{}` names no role", entry.key.text);
            self.refuse(source, entry.key.span, message, "write `name: ROLE` below it");
            return None;
        };
        let mut asked = Asked::of(spot(source, node, text));
        for option in &options {
            let key = &*option.key.text;
            let known = asked.option(key, option.value.text().unwrap_or_default());
            if !known && !OPTIONS.contains(&key) {
                let message = format!("`{}` has no parameter `{key}`", entry.key.text);
                self.refuse(
                    source,
                    option.key.span,
                    message,
                    "variables of the role stand below `vars:`, beside the module",
                );
            }
        }
        let again = option("allow_duplicates").map(|entry| scalars::truth(source, &entry.value));
        asked.again = again.map(|truth| !matches!(truth, Truth::Known(false)));
        let checks = option("rolespec_validate").map(|entry| scalars::truth(source, &entry.value));
        asked.validates = !matches!(checks, Some(Truth::Known(false)));
        Some(asked)
    }

    /// What a role does, with the roles that it depends on before it; nothing if it ran before.
    fn role(&mut self, asked: &Asked, around: &Around) -> Result<Option<Step>, Box<Diagnostic>> {
        let span = asked.name.span;
        let Some(name) = self.known_text(&asked.name.text, around, Using::Static) else {
            let message = "the name of a role must be known before the run";
            return Err(asked
                .name
                .problem(message)
                .hint("include each possible role with its own `when`")
                .into());
        };
        let (path, full) = self.find_role(&asked.name, &name, around)?;
        let role = Arc::new(self.opened(asked, path, full, around));
        let again = asked.again.unwrap_or_else(|| self.may_run_again(&role));
        let same = format!("{} {} {}", role.path.display(), asked.tasks, asked.condition);
        let ran = self.play.done.contains(&same);
        if ran && ((asked.once && !again) || asked.again == Some(false)) {
            return Ok(None);
        }
        let deep = around.role.iter().flat_map(|outer| [outer].into_iter().chain(&outer.parents));
        if deep.filter(|outer| outer.path == role.path).count() > 3 {
            let message = format!("the role `{name}` leads to itself");
            return Err(asked
                .name
                .problem(message)
                .hint("remove one of these dependencies or includes")
                .into());
        }
        self.play.done.push(same);
        if asked.once {
            self.play.roles.push(role.full.clone());
        }
        let body =
            self.deeper(&asked.name.source, span, |reader| reader.role_body(asked, &role, around));
        let control = Control { name: None, ..Control::default() };
        let layers = role.layers.clone();
        let mut body = body.unwrap_or_default();
        if asked.public && asked.dynamic {
            body.splice(0..0, self.published(&asked.name, &role.own, around));
        }
        Ok(Some(Step::Block(Box::new(ManifestBlock {
            control,
            layers,
            body,
            ..ManifestBlock::default()
        }))))
    }

    /// A role with its variables.
    fn opened(&mut self, asked: &Asked, path: PathBuf, full: String, around: &Around) -> Role {
        let name = full.rsplit('.').next().filter(|_| is_qualified(&full)).unwrap_or(&full);
        let name = name.rsplit('/').next().unwrap_or(name).to_owned();
        let collection = is_qualified(&full)
            .then(|| full.rsplit_once('.').map(|(ns, _)| ns.to_owned()))
            .flatten();
        let parents: Vec<Arc<Role>> = around
            .role
            .iter()
            .flat_map(|role| [role].into_iter().chain(&role.parents))
            .cloned()
            .collect();
        let of_directory = |reader: &mut Self, kind: &str, name: &str, rank: Rank| {
            let found = reader.variables_named(&path.join(kind), name).unwrap_or_default();
            found.into_iter().map(|vars| (rank, vars)).collect::<Vec<Layer>>()
        };
        let defaults = of_directory(self, "defaults", &asked.defaults, Rank::RoleDefaults);
        let vars = of_directory(self, "vars", &asked.vars, Rank::RoleVars);
        let own: Vec<Layer> = defaults.iter().chain(&vars).cloned().collect();
        if asked.public && !asked.dynamic {
            self.play.layers.extend(own.iter().cloned());
        }
        let outer = around
            .role
            .iter()
            .flat_map(|role| role.layers.iter().filter(|(rank, _)| *rank != Rank::Magic));
        let mut layers: Vec<Layer> = outer.cloned().collect();
        layers.extend(defaults);
        layers.extend(vars);
        layers.extend(asked.given.iter().cloned());
        let outer =
            |role: &Arc<Role>| (role.full.clone(), role.path.to_string_lossy().into_owned());
        let outer: Vec<(String, String)> = parents.iter().map(outer).collect();
        layers.push((
            Rank::Magic,
            magic(&asked.name, &name, &full, collection.as_deref(), &path, &outer),
        ));
        let mut roots = vec![path.clone(), path.join("tasks")];
        roots.extend(around.home.roots.iter().cloned());
        let home = Arc::new(Home { role: Some(full.clone()), roots });
        Role { name, full, collection, path, layers, own, home, parents }
    }

    /// The dependencies of a role, and its tasks; its handlers join those of the play.
    fn role_body(&mut self, asked: &Asked, role: &Arc<Role>, around: &Around) -> Vec<Step> {
        let mut inner =
            Around { role: Some(Arc::clone(role)), home: Arc::clone(&role.home), ..around.clone() };
        let mut body = Vec::new();
        let meta = self.role_file(role, "meta", "main");
        if let Some(Loaded { source, root: Some(root) }) = &meta {
            for entry in root.entries() {
                match &*entry.key.text {
                    "dependencies" => {
                        for item in entry.value.items().iter().filter(|item| !item.is_null()) {
                            body.extend(self.listed_role(source, item, &inner));
                        }
                    }
                    "collections" => {
                        let names = scalars::texts(source, &entry.value).unwrap_or_default();
                        inner.inherited.collections = names.clone();
                        inner.base.collections = names;
                    }
                    _ => {}
                }
            }
        }
        self.role_handlers(asked, role, &inner);
        inner.section = Section::Tasks;
        if let Some(path) = self.file_of_role(role, "tasks", &asked.tasks) {
            let read = |reader: &mut Self, Loaded { source, root }: Loaded| {
                reader.tasks_of_file(&source, root.as_ref(), &inner)
            };
            let tasks = self.within(&asked.name.source, asked.name.span, &path, read);
            if tasks.as_ref().is_some_and(|tasks| !tasks.is_empty()) {
                body.extend(self.argument_spec(asked, role, meta.as_ref(), &inner));
            }
            body.extend(tasks.unwrap_or_default());
        } else if asked.tasks != "main" {
            let message =
                format!("the role `{}` has no file `tasks/{}.yml`", role.full, asked.tasks);
            self.problems.push(asked.name.problem(message).hint("correct `tasks_from`"));
        }
        body
    }

    fn role_handlers(&mut self, asked: &Asked, role: &Arc<Role>, inner: &Around) {
        let Some(Loaded { source, root: Some(root) }) =
            self.role_file(role, "handlers", &asked.handlers)
        else {
            return;
        };
        let around = Around { section: Section::Handlers, ..inner.clone() };
        let mut handlers = self.handlers_of(&source, root.items(), &around);
        for handler in &mut handlers {
            handler.layers.splice(0..0, role.layers.iter().cloned());
        }
        self.play.handlers.push(handlers);
    }

    fn file_of_role(&self, role: &Role, kind: &str, name: &str) -> Option<PathBuf> {
        let whole = role.path.join(kind).join(name);
        [".yml", ".yaml", ".json", ""]
            .iter()
            .map(|ending| PathBuf::from(format!("{}{ending}", whole.display())))
            .find(|path| path.is_file())
    }

    pub(super) fn role_file(&mut self, role: &Role, kind: &str, name: &str) -> Option<Loaded> {
        let path = self.file_of_role(role, kind, name)?;
        self.load(&path)
    }

    /// Whether a role's meta says that it may run several times.
    fn may_run_again(&mut self, role: &Role) -> bool {
        let Some(Loaded { source, root: Some(root) }) = self.role_file(role, "meta", "main") else {
            return false;
        };
        let entry = root.entry("allow_duplicates");
        entry.is_some_and(|entry| {
            matches!(scalars::truth(&source, &entry.value), Truth::Known(true))
        })
    }
}

/// Whether a name is that of a role in a collection.
pub(super) fn is_qualified(name: &str) -> bool {
    let mut parts = name.split('.');
    let word = |part: &str| hep_protocol::names::is_name(part);
    name.split('.').count() >= 3 && parts.all(word)
}

/// `name=nginx tasks_from=setup`.
fn in_line(value: &Node) -> Vec<Entry> {
    let text = value.text().unwrap_or_default();
    let entry = |word: &str| {
        let (key, text) = word.split_once('=')?;
        let key = crate::yaml::Key { span: value.span, text: key.into() };
        Some(Entry { key, value: Node::of_text(text.trim_matches(['"', '\'']), value.span) })
    };
    text.split_whitespace().filter_map(entry).collect()
}
