//! The keys that a task, block or include has beside what it does.

use super::keys;
use super::values::Value;
use crate::ast::control::{Control, ManifestLoop};
use crate::ast::{Piece, Spot};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{Source, Span};
use crate::words::nearest;
use crate::yaml::{Entry, Kind, Node, shorten};
use hep_protocol::expression::has_expression;
use hep_protocol::names::{Giver, refused};
use hep_protocol::plan::{CheckPolicy, Condition, OnError, Privacy};
use std::sync::Arc;

impl ManifestLoop {
    /// One over these, with the usual names.
    pub(crate) fn over(over: Piece) -> ManifestLoop {
        let (var, kind) = ("item".to_owned(), None);
        ManifestLoop { over, var, index: None, label: None, kind, pause: None, extended: false }
    }

    /// One with a mistake, which was reported: nothing is known of its elements.
    fn broken(source: &Arc<Source>, entry: &Entry) -> ManifestLoop {
        let node = Node::broken(entry.value.span);
        let over = Piece { source: Arc::clone(source), node };
        ManifestLoop::over(over)
    }
}

/// What the keys belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Task,
    Handler,
    Block,
    Include,
}

/// The name by which the table knows a task's key.
pub(crate) fn canonical(key: &str) -> Option<&'static str> {
    let table = keys::find(keys::TASK, key).or_else(|| keys::find(keys::HANDLER, key));
    table.map(|key| key.name).or_else(|| (key == "with_list").then_some("loop"))
}

/// Keys of a task's own result: a block or an include has none.
const OF_RESULTS: [&str; 6] =
    ["register", "retries", "delay", "until", "changed_when", "failed_when"];

/// Two spellings of one key.
fn twice(source: &Arc<Source>, entry: &Entry, first: Span) -> Diagnostic {
    let message = "this means the same as another key of the task";
    Diagnostic::at(source, entry.key.span, message)
        .label("and again here")
        .also(first, "first here")
        .hint("keep one of them")
}

impl Control {
    /// Reads the keys among the entries; the others are nothing it knows.
    pub(crate) fn read(
        source: &Arc<Source>,
        entries: &[Entry],
        owner: Owner,
        problems: &mut Diagnostics,
    ) -> Control {
        let mut control = Control::default();
        let (mut loop_control, mut seen) = (None, Vec::new());
        for entry in entries {
            let Some(key) = canonical(&entry.key.text) else {
                // A loop of Ansible's that hep has not: its elements are no mistakes of their own.
                if entry.key.text.starts_with("with_") {
                    control.each = Some(Box::new(ManifestLoop::broken(source, entry)));
                }
                continue;
            };
            if owner_lacks(owner, key) {
                problems.push(misplaced(source, entry, owner, key));
                continue;
            }
            if let Some((_, first)) = seen.iter().find(|(other, _)| *other == key) {
                problems.push(twice(source, entry, *first));
                continue;
            }
            seen.push((key, entry.key.span));
            let value = Value { source, entry, problems };
            if key == "loop_control" {
                loop_control = Some(entry);
            } else {
                control.take(key, value);
            }
        }
        if let Some(entry) = loop_control {
            control.refine_loop(Value { source, entry, problems });
        }
        control.check_tries(source, entries, problems);
        control
    }

    fn take(&mut self, key: &str, mut value: Value<'_>) {
        match key {
            "name" => self.name = value.text(),
            "when" => self.when = value.conditions(),
            "loop" => {
                let each = read_loop(&mut value);
                let broken = || ManifestLoop::broken(value.source, value.entry);
                self.each = Some(Box::new(each.unwrap_or_else(broken)));
            }
            "register" => {
                self.register = value.name().filter(|name| may_register(name, &mut value))
            }
            "notify" => self.notify = value.texts(),
            "listen" => self.listen = value.texts(),
            "ignore_error" => self.take_on_error(&mut value),
            "retries" => self.retries = value.number(),
            "delay" => self.delay = value.number(),
            "until" => self.until = value.conditions(),
            "changed_when" => self.changed_when = Some(value.conditions()),
            "failed_when" => self.failed_when = Some(value.conditions()),
            "vars" => self.vars = value.variables(),
            "env" => self.env = value.environment().into_iter().collect(),
            "tags" => self.tags = value.words(),
            "timeout" => self.timeout = value.number(),
            "sensitive" => {
                let privacy = |secret| if secret { Privacy::Sensitive } else { Privacy::Open };
                self.privacy = value.truth().map(privacy);
            }
            "check" => self.check = check(&mut value),
            key if self.act_as.take(key, &mut value) => {}
            // `block`, `rescue`, `always` and `include` are what it does.
            _ => {}
        }
    }

    /// `true`, `false`, or an expression that decides when the task has failed.
    fn take_on_error(&mut self, value: &mut Value<'_>) {
        let Some(text) = value.entry.value.text().filter(|text| has_expression(text)) else {
            let of = |ignored| if ignored { OnError::GoOn } else { OnError::Stop };
            self.on_error = value.truth().map(of);
            return;
        };
        let inner = text.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
        match inner.filter(|inner| !inner.contains("{{")) {
            Some(condition) => {
                let (text, source) = (condition.trim().to_owned(), Arc::clone(value.source));
                self.on_error = Some(OnError::Ask(Condition(text.clone())));
                self.ignored_if = Some(Spot { text, source, span: value.entry.value.span });
            }
            None => value.refuse(
                "`ignore_error` takes `true`, `false` or one expression",
                "write `ignore_error: \"{{ ... }}\"`",
            ),
        }
    }

    fn refine_loop(&mut self, mut value: Value<'_>) {
        let (source, entry) = (value.source, value.entry);
        let Kind::Map(entries) = &entry.value.kind else {
            value.variables();
            return;
        };
        let Some(each) = &mut self.each else {
            if !entries.is_empty() {
                let problem = Diagnostic::at(source, entry.key.span, "`loop_control` has no loop");
                value.problems.push(problem.hint("add `loop: [...]`, or remove it"));
            }
            return;
        };
        for entry in entries.iter() {
            let mut inner = Value { source, entry, problems: value.problems };
            match keys::find(keys::LOOP, &entry.key.text).map(|key| key.name) {
                Some("var") => {
                    if let Some(name) = inner.name() {
                        each.var = name.text;
                    }
                }
                Some("index") => each.index = inner.name().map(|name| name.text),
                Some("label") => each.label = inner.text(),
                Some(_) | None => {
                    inner.problems.push(strange_loop_key(source, entry));
                    // Perhaps that was its variable's name.
                    each.over.node = Node::broken(each.over.node.span);
                }
            }
        }
    }

    fn check_tries(&self, source: &Arc<Source>, entries: &[Entry], problems: &mut Diagnostics) {
        let delay = entries.iter().find(|entry| &*entry.key.text == "delay");
        if let Some(entry) = delay.filter(|_| self.retries.is_none() && self.until.is_empty()) {
            let message = "`delay` is the pause between tries, and there is only one";
            let problem = Diagnostic::at(source, entry.key.span, message);
            problems.push(problem.hint("add `retries: 10` or `until: ...`, or remove `delay`"));
        }
    }
}

fn owner_lacks(owner: Owner, key: &str) -> bool {
    match owner {
        Owner::Task => key == "listen",
        Owner::Handler => false,
        Owner::Block | Owner::Include => OF_RESULTS.contains(&key) || key == "listen",
    }
}

fn misplaced(source: &Arc<Source>, entry: &Entry, owner: Owner, key: &str) -> Diagnostic {
    let written = shorten(&entry.key.text);
    let at = |message: String| Diagnostic::at(source, entry.key.span, message);
    if key == "listen" {
        return at("only handlers can `listen`".to_owned())
            .hint("move the task below `handlers:`, or remove `listen`");
    }
    let what = match owner {
        Owner::Include => "an include",
        Owner::Task | Owner::Handler | Owner::Block => "a block",
    };
    at(format!("{what} has no result of its own, so `{written}` means nothing here"))
        .hint("move the key to the task inside that it applies to")
}

fn strange_loop_key(source: &Arc<Source>, entry: &Entry) -> Diagnostic {
    let key: &str = &entry.key.text;
    let at = Diagnostic::at(
        source,
        entry.key.span,
        format!("unknown key `{}` of `loop_control`", shorten(key)),
    );
    match key {
        "pause" => at.hint("hep does not wait between items: put `wait_for` or `command: {argv: [sleep, 3]}` into a block with the loop"),
        "extended" | "extended_allitems" => {
            at.hint("write `index: i` for the element's number; the list itself is what `loop` names")
        }
        "break_when" => at.hint("hep runs a loop to its end: narrow the list, or give the tasks a `when`"),
        key => match nearest(key, keys::words(keys::LOOP)) {
            Some(name) => at.hint(format!("did you mean `{name}`? it has `var`, `index` and `label`")),
            None => at.hint("it has `var`, `index` and `label`"),
        },
    }
}

fn may_register(name: &Spot, value: &mut Value<'_>) -> bool {
    let refused = refused(&name.text, Giver::Register);
    if let Some((message, hint)) = &refused {
        value.refuse(message, *hint);
    }
    refused.is_none()
}

fn check(value: &mut Value<'_>) -> Option<CheckPolicy> {
    let key: &str = &value.entry.key.text;
    if key == "check_mode" {
        let policy = |only| if only { CheckPolicy::Always } else { CheckPolicy::Never };
        return value.truth().map(policy);
    }
    match value.text()?.text.as_str() {
        "always" => Some(CheckPolicy::Always),
        "never" => Some(CheckPolicy::Never),
        other => {
            let message = format!("`check` takes `always` or `never`, found `{}`", shorten(other));
            value.refuse(
                message,
                "`always`: the task is only checked, in every run; `never`: it runs in check mode too",
            );
            None
        }
    }
}

fn read_loop(value: &mut Value<'_>) -> Option<ManifestLoop> {
    let over = value.piece();
    let theirs: &str = &value.entry.key.text;
    match &over.node.kind {
        Kind::Broken => return None,
        Kind::Seq(items) => {
            let expression = |item: &Node| item.text().is_some_and(alone);
            let nested = |item: &&Node| matches!(item.kind, Kind::Seq(_)) || expression(item);
            if theirs == "with_items" && items.len() > 1 && items.iter().any(|i| nested(&i)) {
                let bare = |item: &Node| {
                    let text = item.text().filter(|text| alone(text))?.trim();
                    Some(text.trim_start_matches("{{").trim_end_matches("}}").trim().to_owned())
                };
                let names: Option<Vec<String>> = items.iter().map(bare).collect();
                let sum = names.map_or_else(|| "one + two".to_owned(), |names| names.join(" + "));
                value.refuse(
                    "`with_items` joins items that are lists, and hep's loops do not",
                    format!("write `loop: \"{{{{ {} }}}}\"`", shorten(&sum)),
                );
                return None;
            }
        }
        Kind::Map(_) if matches!(theirs, "with_items" | "with_list") => {
            value.refuse(
                format!("`{theirs}` takes a list, found a mapping"),
                "write `loop`, whose elements then have `key` and `value`",
            );
            return None;
        }
        Kind::Map(_) => {}
        Kind::Scalar(_) if over.node.text().is_some_and(has_expression) => {}
        Kind::Scalar(_) => {
            let text = over.node.text().unwrap_or_default().to_owned();
            let found = over.node.describe();
            let hint = scalar_hint(&text);
            value.refuse(format!("`{theirs}` takes a list or a mapping, found {found}"), hint);
            return None;
        }
    }
    Some(ManifestLoop::over(over))
}

/// Whether a text is one expression and nothing else.
fn alone(text: &str) -> bool {
    let text = text.trim();
    text.starts_with("{{") && text.ends_with("}}") && text.matches("{{").count() == 1
}

fn scalar_hint(text: &str) -> String {
    let short = shorten(text);
    if text.is_empty() {
        "write `[one, two]`".to_owned()
    } else if text.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("write `\"{{{{ range({short}) }}}}\"` for the numbers below it, or `[{short}]`")
    } else if text.contains(',') {
        format!("write `[{short}]`")
    } else if text.contains(['(', '.', '|']) || text.contains('_') {
        format!("write `\"{{{{ {short} }}}}\"` for an expression, or `[{short}]` for a list of one")
    } else {
        format!("write `[{short}]` for a list of one, or `\"{{{{ {short} }}}}\"` for a variable")
    }
}
