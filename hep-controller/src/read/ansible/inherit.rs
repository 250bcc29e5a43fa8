//! The keywords of plays, blocks, tasks and includes: what each says for itself, and what it hands to the tasks in it.

use super::Reader;
use super::keywords::{self, Level, Treatment};
use super::loops::Looping;
use super::lower;
use super::scalars::{self, Truth, canonical, piece, spot};
use crate::ast::control::{Control, ManifestLoop};
use crate::ast::rights::Rights;
use crate::ast::{Piece, Spot, Way};
use crate::diagnostic::Diagnostic;
use crate::source::Source;
use crate::yaml::{Entry, Kind, Node, shorten};
use hep_protocol::expression::has_expression;
use hep_protocol::names::is_name;
use hep_protocol::plan::{CheckPolicy, Condition, OnError, Privacy};
use hep_protocol::rights::Method;
use std::sync::Arc;

/// What blocks, plays, roles and imports hand to the tasks in them.
#[derive(Clone, Debug, Default)]
pub(super) struct Inherited {
    pub(super) when: Vec<Spot>,
    pub(super) tags: Vec<Spot>,
    pub(super) notify: Vec<Spot>,
    pub(super) env: Vec<Piece>,
    pub(super) act_as: Rights,
    on_error: Option<(OnError, Option<Spot>)>,
    privacy: Option<Privacy>,
    check: Option<CheckPolicy>,
    timeout: Option<Piece>,
    /// Defaults of modules, weakest first.
    pub(super) defaults: Vec<Piece>,
    pub(super) collections: Vec<Spot>,
    /// What hep cannot do of what they say.
    pub(super) refused: Vec<Refused>,
    /// Whether the facts of a delegated task are the other host's: `delegate_facts`.
    pub(super) gives_away: bool,
}

/// Something that hep cannot do.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    pub(super) problem: Diagnostic,
    /// The keyword, so that what is inside may take it back.
    key: &'static str,
    /// How it reaches beyond the host; `None`: hep can do it nowhere.
    pub(super) way: Option<Way>,
}

/// The keywords of one item.
#[derive(Debug, Default)]
pub(super) struct Keys {
    pub(super) handed: Inherited,
    pub(super) name: Option<Spot>,
    pub(super) each: Option<ManifestLoop>,
    pub(super) register: Option<Spot>,
    pub(super) listen: Vec<Spot>,
    pub(super) retries: Option<Piece>,
    pub(super) delay: Option<Piece>,
    pub(super) until: Vec<Spot>,
    pub(super) changed_when: Option<Vec<Spot>>,
    pub(super) failed_when: Option<Vec<Spot>>,
    pub(super) vars: Option<Piece>,
    pub(super) args: Option<Node>,
    /// Keywords of an include that it hands to what it reads.
    pub(super) apply: Option<Node>,
}

impl Inherited {
    /// What holds inside of something that says this.
    pub(super) fn with(&self, own: &Inherited) -> Inherited {
        let join = |outer: &[Spot], own: &[Spot]| outer.iter().chain(own).cloned().collect();
        let outer = self.clone();
        let taken_back = |refused: &&Refused| !own.says(refused.key);
        Inherited {
            when: join(&self.when, &own.when),
            tags: join(&self.tags, &own.tags),
            notify: join(&self.notify, &own.notify),
            env: self.env.iter().chain(&own.env).cloned().collect(),
            act_as: own.act_as.within(&outer.act_as),
            on_error: own.on_error.clone().or(outer.on_error),
            privacy: own.privacy.or(outer.privacy),
            check: own.check.or(outer.check),
            timeout: own.timeout.clone().or(outer.timeout),
            defaults: self.defaults.iter().chain(&own.defaults).cloned().collect(),
            collections: if own.collections.is_empty() {
                outer.collections
            } else {
                own.collections.clone()
            },
            refused: self.refused.iter().filter(taken_back).chain(&own.refused).cloned().collect(),
            gives_away: self.gives_away || own.gives_away,
        }
    }

    fn says(&self, key: &str) -> bool {
        self.refused.iter().any(|refused| refused.key == key)
    }

    /// A task's control with this and its own keywords.
    pub(super) fn control(self, keys: Keys) -> Control {
        let Inherited {
            when,
            tags,
            notify,
            env,
            act_as,
            on_error,
            privacy,
            check,
            timeout,
            defaults: _,
            collections: _,
            refused: _,
            gives_away: _,
        } = self.with(&keys.handed);
        let Keys {
            handed: _,
            name,
            each,
            register,
            listen,
            retries,
            delay,
            until,
            changed_when,
            failed_when,
            vars,
            args: _,
            apply: _,
        } = keys;
        let (on_error, ignored_if) = on_error.unzip();
        // Three tries in all, where nothing says how many.
        let usual = until.first().map(|first| Piece {
            source: Arc::clone(&first.source),
            node: Node::of_word("2", first.span),
        });
        Control {
            name,
            when,
            each: each.map(Box::new),
            register,
            notify,
            listen,
            on_error,
            ignored_if: ignored_if.flatten(),
            retries: retries.or(usual),
            delay,
            until,
            changed_when,
            failed_when,
            vars,
            env,
            tags,
            timeout,
            privacy,
            check,
            act_as,
            choice: false,
            gives: None,
            ends_play: false,
        }
    }
}

impl Reader<'_> {
    /// The keywords of an item; its other keys are left to the caller. `strange` says which of them may be unknown keywords.
    pub(super) fn keys(&mut self, source: &Arc<Source>, entries: &[Entry], level: Level) -> Keys {
        let mut keys = Keys::default();
        let mut looping = Looping::default();
        for entry in entries {
            let name: &str = &entry.key.text;
            if name.starts_with("with_") || name == "loop" {
                looping.over = Some(entry);
                continue;
            }
            if name == "loop_control" {
                looping.control = Some(entry);
                continue;
            }
            let Some((levels, treatment)) = keywords::find(name) else { continue };
            if !keywords::is_of_tasks(name) && level != Level::Play && lower::is_module(name) {
                continue;
            }
            if !levels.contains(&level) {
                self.misplaced(source, entry, level, levels);
                continue;
            }
            match treatment {
                Treatment::Done if level == Level::Play && keywords::is_of_whole_play(name) => {}
                Treatment::Ignored => {}
                Treatment::Refused(why, way_out) => {
                    self.refuse_key(source, entry, &mut keys.handed, (why, way_out));
                }
                Treatment::Done => self.key(source, entry, &mut keys),
            }
        }
        self.looping(source, looping, &mut keys);
        keys
    }

    /// A keyword that hep cannot do, unless it asks for nothing.
    pub(super) fn refuse_key(
        &mut self,
        source: &Arc<Source>,
        entry: &Entry,
        handed: &mut Inherited,
        told: (&str, &str),
    ) {
        self.refuse_way(source, entry, handed, told, None);
    }

    /// The same of one that hep can do where there is no other host.
    pub(super) fn refuse_way(
        &mut self,
        source: &Arc<Source>,
        entry: &Entry,
        handed: &mut Inherited,
        (why, way_out): (&str, &str),
        way: Option<Way>,
    ) {
        let key: &str = &entry.key.text;
        let nothing = entry.value.is_null()
            || matches!(scalars::truth(source, &entry.value), Truth::Known(false));
        let Some(key) =
            keywords::of(Level::Task).chain(keywords::of(Level::Play)).find(|known| *known == key)
        else {
            return;
        };
        if !nothing {
            let message = format!("`{key}` cannot be done: {why}");
            let problem = Diagnostic::at(source, entry.key.span, message).hint(way_out);
            handed.refused.push(Refused { problem, key, way });
        }
    }

    fn misplaced(&mut self, source: &Arc<Source>, entry: &Entry, level: Level, levels: &[Level]) {
        let key = &entry.key.text;
        let message = format!("`{key}` is no key of {}", level.name());
        let hint = match levels.first() {
            Some(other) if level == Level::Include => {
                format!(
                    "it is a key of {}: write it below `apply:`, or at the tasks inside",
                    other.name()
                )
            }
            Some(other) => format!("it is a key of {}", other.name()),
            None => "remove it".to_owned(),
        };
        self.refuse(source, entry.key.span, message, hint);
    }

    /// A keyword whose value is no text that it takes.
    pub(super) fn wrong(&mut self, source: &Arc<Source>, entry: &Entry, takes: &str) {
        if matches!(entry.value.kind, Kind::Broken) {
            return;
        }
        let key = shorten(&entry.key.text);
        let message = format!("`{key}` takes {takes}, found {}", entry.value.describe());
        self.refuse(source, entry.value.span, message, format!("write `{key}: ...` with {takes}"));
    }

    fn key(&mut self, source: &Arc<Source>, entry: &Entry, keys: &mut Keys) {
        let value = &entry.value;
        match &*entry.key.text {
            "name" => keys.name = value.text().map(|text| spot(source, value, text)),
            "register" => keys.register = self.variable_name(source, entry),
            "listen" => keys.listen = self.texts_of(source, entry),
            "retries" => keys.retries = self.number_of(source, entry),
            "delay" => keys.delay = self.number_of(source, entry),
            "until" => keys.until = self.conditions_of(source, entry),
            "changed_when" => keys.changed_when = Some(self.conditions_of(source, entry)),
            "failed_when" => keys.failed_when = Some(self.conditions_of(source, entry)),
            "vars" => keys.vars = self.variables(source, value, "vars"),
            "args" => keys.args = Some(value.clone()),
            "apply" => keys.apply = Some(value.clone()),
            _ => self.handed_key(source, entry, &mut keys.handed),
        }
    }

    /// A keyword that is handed to the tasks inside.
    fn handed_key(&mut self, source: &Arc<Source>, entry: &Entry, handed: &mut Inherited) {
        let value = &entry.value;
        match &*entry.key.text {
            "when" => handed.when = self.conditions_of(source, entry),
            "tags" => match scalars::words(source, value) {
                Some(words) => handed.tags = words,
                None => self.wrong(source, entry, "a text or a list of texts"),
            },
            "notify" => handed.notify = self.texts_of(source, entry),
            "environment" => self.environment(source, value, handed),
            "module_defaults" => handed.defaults = self.mappings(source, entry),
            "collections" => handed.collections = self.texts_of(source, entry),
            "ignore_errors" => match scalars::truth(source, value) {
                Truth::Known(true) => handed.on_error = Some((OnError::GoOn, None)),
                Truth::Known(false) => handed.on_error = Some((OnError::Stop, None)),
                Truth::Asked(spot) => handed.on_error = Some(asked(&spot)),
                Truth::Absent => {}
                Truth::Wrong => self.wrong(source, entry, "true or false"),
            },
            "no_log" => match scalars::truth(source, value) {
                Truth::Known(false) => handed.privacy = Some(Privacy::Open),
                // What only the host can decide is hidden.
                Truth::Known(true) | Truth::Asked(_) => handed.privacy = Some(Privacy::Sensitive),
                Truth::Absent => {}
                Truth::Wrong => self.wrong(source, entry, "true or false"),
            },
            "check_mode" => match scalars::truth(source, value) {
                Truth::Known(true) => handed.check = Some(CheckPolicy::Always),
                Truth::Known(false) => handed.check = Some(CheckPolicy::Never),
                Truth::Absent => {}
                Truth::Asked(_) => self.refuse_key(
                    source,
                    entry,
                    handed,
                    (
                        "hep must know before the run whether a task is only checked",
                        "write `true` or `false`, or two tasks with a `when` each",
                    ),
                ),
                Truth::Wrong => self.wrong(source, entry, "true or false"),
            },
            "timeout" => handed.timeout = self.number_of(source, entry),
            "run_once" | "any_errors_fatal" | "delegate_to" | "local_action" => {
                self.for_all(source, entry, handed);
            }
            "delegate_facts" => {
                let truth = scalars::truth(source, value);
                handed.gives_away = matches!(truth, Truth::Known(true) | Truth::Asked(_));
            }
            "connection" | "remote_user" | "port" | "ignore_unreachable" => {
                self.other_login(source, entry, handed);
            }
            _ => self.rights_key(source, entry, &mut handed.act_as),
        }
    }

    /// Another way to the host than the play's.
    fn other_login(&mut self, source: &Arc<Source>, entry: &Entry, handed: &mut Inherited) {
        let usual = match (&*entry.key.text, entry.value.text()) {
            ("connection", Some(text)) => {
                matches!(text, "ssh" | "smart" | "paramiko" | "paramiko_ssh" | "local")
            }
            _ => false,
        };
        if !usual {
            let why = "a task runs by the login of its play";
            let way_out = "write the key at the play, or as a variable of the host";
            self.refuse_key(source, entry, handed, (why, way_out));
        }
    }

    fn rights_key(&mut self, source: &Arc<Source>, entry: &Entry, rights: &mut Rights) {
        let value = &entry.value;
        match &*entry.key.text {
            "become" => match scalars::truth(source, value) {
                Truth::Known(known) => {
                    let node = Node::of_word(&known.to_string(), value.span);
                    rights.wanted = Some(Piece { source: Arc::clone(source), node });
                }
                Truth::Asked(_) => rights.wanted = Some(piece(source, value)),
                Truth::Absent => {}
                Truth::Wrong => self.wrong(source, entry, "true or false"),
            },
            "become_user" if !value.is_null() => rights.user = Some(piece(source, value)),
            "become_method" if !value.is_null() => {
                let text = value.text().unwrap_or_default();
                match Method::named(text) {
                    Some(method) => rights.method = Some((method, spot(source, value, text))),
                    None => {
                        let message = format!("hep knows no `become_method: {}`", shorten(text));
                        self.refuse(
                            source,
                            value.span,
                            message,
                            format!("write {}", Method::names()),
                        );
                    }
                }
            }
            "become_flags" | "become_exe" if !value.is_null() => {
                let message = format!(
                    "`{}` is passed over: hep starts the program in its own way",
                    entry.key.text
                );
                self.warn(source, entry.key.span, message, "remove it");
            }
            // What an item is, and the keys of plays, are read elsewhere.
            _ => {}
        }
    }

    pub(super) fn texts_of(&mut self, source: &Arc<Source>, entry: &Entry) -> Vec<Spot> {
        let found = scalars::texts(source, &entry.value);
        if found.is_none() {
            self.wrong(source, entry, "a text or a list of texts");
        }
        found.unwrap_or_default()
    }

    fn conditions_of(&mut self, source: &Arc<Source>, entry: &Entry) -> Vec<Spot> {
        let found = scalars::conditions(source, &entry.value);
        if found.is_none() {
            self.wrong(source, entry, "an expression or a list of expressions");
        }
        found.unwrap_or_default()
    }

    pub(super) fn number_of(&mut self, source: &Arc<Source>, entry: &Entry) -> Option<Piece> {
        let value = canonical(&entry.value);
        let text = value.text()?.trim().to_owned();
        if has_expression(&text) {
            return Some(Piece { source: Arc::clone(source), node: value });
        }
        if text.parse::<f64>().is_ok_and(|number| number >= 0.0) {
            let node = Node::of_word(&text, value.span);
            return Some(Piece { source: Arc::clone(source), node });
        }
        self.wrong(source, entry, "a number");
        None
    }

    pub(super) fn variable_name(&mut self, source: &Arc<Source>, entry: &Entry) -> Option<Spot> {
        let text = entry.value.text()?;
        if is_name(text) {
            return Some(spot(source, &entry.value, text));
        }
        let message = format!("`{}` is not a valid variable name", shorten(text));
        self.refuse(
            source,
            entry.value.span,
            message,
            "use letters, digits and `_`, and begin with a letter",
        );
        None
    }

    fn environment(&mut self, source: &Arc<Source>, value: &Node, handed: &mut Inherited) {
        for item in value.items() {
            match &item.kind {
                Kind::Scalar(_) if item.is_null() => {}
                Kind::Map(_) => handed.env.push(piece(source, item)),
                Kind::Scalar(scalar) if has_expression(&scalar.text) => {
                    handed.env.push(piece(source, item));
                }
                Kind::Broken => {}
                Kind::Scalar(_) | Kind::Seq(_) => {
                    let message =
                        format!("`environment` takes a mapping, found {}", item.describe());
                    self.refuse(source, item.span, message, "write `{NAME: value}`");
                }
            }
        }
    }

    /// One mapping or a list of them.
    fn mappings(&mut self, source: &Arc<Source>, entry: &Entry) -> Vec<Piece> {
        let mut found = Vec::new();
        for item in entry.value.items() {
            match &item.kind {
                // Its scalars are parameters of modules: what they mean is decided there.
                Kind::Map(_) => {
                    found.push(Piece { source: Arc::clone(source), node: item.clone() })
                }
                Kind::Broken => {}
                Kind::Scalar(_) if item.is_null() => {}
                Kind::Scalar(_) | Kind::Seq(_) => self.wrong(source, entry, "a mapping"),
            }
        }
        found
    }
}

/// `ignore_errors` with an expression.
fn asked(spot: &Spot) -> (OnError, Option<Spot>) {
    let text = spot.text.trim();
    let inner = text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
    let condition = match inner.filter(|inner| !inner.contains("{{")) {
        Some(inner) => inner.trim().to_owned(),
        None => text.to_owned(),
    };
    (OnError::Ask(Condition(condition.clone())), Some(Spot { text: condition, ..spot.clone() }))
}
