//! Modules that change nothing on a host: they show, check, end, remember or wait.

use super::arguments::{Arguments, FREE, inner};
use super::table::{Parameter, named, nothing, own, refused, same};
use crate::yaml::{Entry, Kind, Node};
use std::sync::Arc;

pub(super) const DEBUG: &[Parameter] = &[same("msg"), own("var"), own("verbosity")];

/// What Ansible shows where nothing is asked for.
const GREETING: &str = "Hello world!";

pub(super) fn debug(arguments: &mut Arguments<'_>) -> &'static str {
    arguments.mean_as_written();
    if let Some(Entry { key, value }) = arguments.take("var") {
        let value = bare(value);
        arguments.put("var", key.span, value);
    } else if !arguments.has("msg") {
        arguments.set_text("msg", GREETING);
    }
    if let Some(Entry { value, .. }) = arguments.take("verbosity") {
        match value.text().map(|text| inner(text).unwrap_or(text)) {
            Some("0") => {}
            Some(level) => arguments.only_if(format!("ansible_verbosity >= ({level}) | int")),
            None => arguments.mistake(value.span, "`verbosity` takes a number", "write digits"),
        }
    }
    "debug"
}

pub(super) const ASSERT: &[Parameter] =
    &[own("that"), named("fail_msg", "msg").also(&["msg"]), same("success_msg"), nothing("quiet")];

pub(super) fn assert(arguments: &mut Arguments<'_>) -> &'static str {
    if let Some(Entry { key, value }) = arguments.take("that") {
        let items = |items: &[Node]| items.iter().cloned().map(bare).collect::<Vec<_>>();
        let value = match &value.kind {
            Kind::Seq(all) => value.with_items(items(all)),
            Kind::Scalar(_) | Kind::Map(_) | Kind::Broken => bare(value),
        };
        arguments.put("that", key.span, value);
    } else {
        let span = arguments.call.module.span;
        arguments.mistake(span, "`assert` needs the parameter `that`", "add `that: [condition]`");
    }
    for name in ["fail_msg", "success_msg"] {
        in_lines(arguments, name);
    }
    "assert"
}

/// A message that is a list is one of several lines.
fn in_lines(arguments: &mut Arguments<'_>, name: &str) {
    let Some(Entry { key, value }) = arguments.take(name) else { return };
    let lines: Option<Vec<&str>> = match &value.kind {
        Kind::Seq(items) => items.iter().map(Node::text).collect(),
        Kind::Scalar(_) | Kind::Map(_) | Kind::Broken => None,
    };
    let text = lines.map(|lines| Node::of_text(&lines.join("\n"), value.span));
    let ours = if name == "fail_msg" { "msg" } else { name };
    arguments.put(ours, key.span, text.unwrap_or(value));
}

/// A bare expression without the braces that Ansible would take as well.
fn bare(value: Node) -> Node {
    match value.text() {
        // A word such as `true` is an expression too.
        Some(text) => Node::of_text(inner(text).unwrap_or(text), value.span),
        None => value,
    }
}

pub(super) const FAIL: &[Parameter] = &[same("msg")];

pub(super) fn fail(arguments: &mut Arguments<'_>) -> &'static str {
    if !arguments.has("msg") {
        arguments.set_text("msg", "Failed as requested from task");
    }
    in_lines(arguments, "msg");
    "fail"
}

pub(super) fn set_fact(arguments: &mut Arguments<'_>) -> &'static str {
    // A fact that is kept is one all the same.
    arguments.take_back("cacheable");
    arguments.mean_as_written();
    "set"
}

pub(super) const META: &[Parameter] = &[own(FREE)];

/// Words of `meta` that hep does not support, and what to do without them. Others than `flush_handlers` the reader does.
const METAS: [(&str, &str); 4] = [
    ("clear_facts", "leave it out: facts are gathered anew by `setup`"),
    ("end_batch", "use `when` on the tasks that follow"),
    ("end_role", "use `when` on the tasks that follow"),
    ("refresh_inventory", "leave it out: the inventory is read once"),
];

pub(super) fn meta(arguments: &mut Arguments<'_>) -> &'static str {
    let Some(Entry { value, .. }) = arguments.take(FREE) else {
        let span = arguments.call.module.span;
        arguments.mistake(span, "`meta` says nothing", "write `meta: flush_handlers`");
        return "flush";
    };
    let word = Arc::<str>::from(value.text().unwrap_or_default().trim());
    match METAS.iter().find(|(known, _)| *known == &*word) {
        _ if &*word == "flush_handlers" => arguments.whole("true"),
        Some((word, hint)) => {
            arguments.refuse(value.span, format!("hep does not support `meta: {word}`"), hint);
        }
        None => {
            let hint = "write `flush_handlers`, `noop`, `end_play` or `end_host`";
            arguments.mistake(value.span, format!("`{word}` is no word of `meta`"), hint);
        }
    }
    "flush"
}

/// How to do without what only looks at connections.
const DRAINED: &str = "wait for `state: stopped` instead, or look with `command: ss -tn`";

pub(super) const WAIT_FOR: &[Parameter] = &[
    same("host"),
    same("port"),
    same("path"),
    named("search_regex", "pattern"),
    own("state"),
    same("timeout"),
    same("delay"),
    same("msg"),
    nothing("connect_timeout"),
    nothing("sleep"),
    refused("exclude_hosts", DRAINED),
    refused("active_connection_states", DRAINED),
];

pub(super) fn wait_for(arguments: &mut Arguments<'_>) -> &'static str {
    let waits = arguments.has("port") || arguments.has("path");
    if !waits {
        // There is nothing to wait for but time.
        arguments.take("host");
        arguments.take("state");
        if !arguments.has("timeout") {
            arguments.set("timeout", "300");
        }
    }
    match arguments.literal("state") {
        Some("drained") => arguments.refuse_argument("state", DRAINED),
        Some(_) | None => arguments.word("state", "wait_for"),
    }
    "wait_for"
}
