//! Files: `copy`, `template`, `file` and `stat`.

use super::arguments::{Answer, Arguments};
use super::table::{Parameter, named, nothing, only, own, refused, same};
use crate::yaml::{Entry, Node, Style};
use hep_protocol::expression::{RULES, has_expression};
use hep_protocol::value::Mode;

/// Owner, group and mode. What only SELinux knows changes nothing on hosts without it.
pub(super) const RIGHTS: &[Parameter] = &[
    same("owner"),
    same("group"),
    own("mode"),
    nothing("seuser"),
    nothing("serole"),
    nothing("setype"),
    nothing("selevel"),
    nothing("unsafe_writes"),
    refused("attributes", "set them with `command: chattr`").also(&["attr"]),
];

/// What modules that edit a file take besides hep's own parameters.
pub(super) const EDITED: &[Parameter] = &[nothing("others")];

/// What `ini_file` takes besides: a link is followed in any case.
pub(super) const INI: &[Parameter] = &[nothing("follow")];

pub(super) const COPY: &[Parameter] = &[
    same("src"),
    same("content"),
    own("dest"),
    own("remote_src"),
    own("force"),
    same("follow"),
    same("backup"),
    same("validate"),
    own("directory_mode"),
    nothing("decrypt"),
    only("local_follow", "true", "copy what the links lead to"),
    refused("checksum", "check it with `stat` in a task of its own"),
];

pub(super) const TEMPLATE: &[Parameter] = &[
    named("src", "template"),
    own("dest"),
    own("force"),
    same("follow"),
    same("backup"),
    same("validate"),
    own("trim_blocks"),
    own("lstrip_blocks"),
    own("newline_sequence"),
    only("output_encoding", "utf-8", "write UTF-8"),
    own("block_start_string"),
    own("block_end_string"),
    own("variable_start_string"),
    own("variable_end_string"),
    own("comment_start_string"),
    own("comment_end_string"),
];

pub(super) const FILE: &[Parameter] = &[
    own("path").also(&["dest", "name"]),
    own("state"),
    own("src"),
    own("recurse"),
    own("force"),
    own("follow"),
    own("access_time"),
    own("modification_time"),
    nothing("access_time_format"),
    nothing("modification_time_format"),
];

/// What `find` takes besides hep's own parameters.
pub(super) const FIND: &[Parameter] =
    &[own("mode"), only("encoding", "utf-8", "leave it out: files are read as UTF-8")];

pub(super) const STAT: &[Parameter] = &[
    same("path").also(&["dest", "name"]),
    same("follow"),
    own("get_checksum"),
    named("checksum_algorithm", "algorithm").also(&["checksum", "checksum_algo"]),
    nothing("get_mime").also(&["mime", "mime_type", "mime-type"]),
    nothing("get_attributes").also(&["attr", "attributes"]),
    nothing("get_selinux_context"),
];

pub(super) fn copy(arguments: &mut Arguments<'_>) -> &'static str {
    destination(arguments, None);
    match arguments.take_answer("remote_src", Answer::No) {
        Answer::Yes => drop(arguments.rename("src", "copy_of")),
        Answer::No => {}
        Answer::Later => {
            let span = arguments.call.module.span;
            let message = "only the host knows whether `src` is a file of its own";
            arguments.refuse(
                span,
                message,
                "write two tasks with `when`, one with `remote_src: true`",
            );
        }
    }
    if arguments.has("src") || arguments.has_out("copy_of") {
        // A new file is executable only if the task says so.
        arguments.set("executable", "false");
        arguments.set("parents_alike", "true");
        match arguments.take("directory_mode") {
            Some(Entry { key, value }) => {
                let value = octal(arguments, value);
                arguments.put("directory_mode", key.span, value);
            }
            None => arguments.set_text("directory_mode", UNCHANGED),
        }
    }
    content(arguments)
}

/// A mode that leaves every mode as it is.
const UNCHANGED: &str = "u+";

/// All but the mode is as in hep.
pub(super) fn edited(arguments: &mut Arguments<'_>) -> &'static str {
    mode(arguments);
    ""
}

pub(super) fn template(arguments: &mut Arguments<'_>) -> &'static str {
    let name =
        arguments.literal("src").map(|src| src.rsplit('/').next().unwrap_or_default().to_owned());
    if destination(arguments, name.as_deref()) {
        arguments.set("parents", "true");
        arguments.set("parents_alike", "true");
        arguments.set_text("directory_mode", UNCHANGED);
    }
    rules(arguments);
    content(arguments)
}

/// Jinja's rules, in the words of a template's first line.
fn rules(arguments: &mut Arguments<'_>) {
    let mut rules = Vec::new();
    for name in RULES {
        let Some(Entry { key, value }) = arguments.take(name) else { continue };
        let Some(text) = value.text() else {
            let message = format!("`{name}` takes a text, found {}", value.describe());
            arguments.mistake(key.span, message, "write it in quotes");
            continue;
        };
        let text = text.replace('\n', "\\n").replace('\r', "\\r");
        rules.push(match name.ends_with("_blocks") {
            true => format!("{name}: {text}"),
            false => format!("{name}: '{text}'"),
        });
    }
    if !rules.is_empty() {
        arguments.set_text("template_rules", &rules.join(", "));
    }
}

/// What `copy` and `template` have in common.
fn content(arguments: &mut Arguments<'_>) -> &'static str {
    mode(arguments);
    match arguments.answer("force", Answer::Yes) {
        Answer::Yes => drop(arguments.take("force")),
        Answer::No | Answer::Later => drop(arguments.rename("force", "overwrite")),
    }
    "file"
}

/// Where a content goes, and whether that was written as a directory; a template keeps its name there.
fn destination(arguments: &mut Arguments<'_>, name: Option<&str>) -> bool {
    let Some(Entry { key, value }) = arguments.take("dest") else {
        let module = &arguments.call.module;
        let message = format!("`{}` needs the parameter `dest`", module.text);
        arguments.mistake(module.span, message, "add `dest: /path/on/the/host`");
        return false;
    };
    let into = value.text().is_some_and(|text| text.ends_with('/'));
    let whole = match (value.text(), name) {
        (Some(text), Some(name)) if into => Node::of_text(&format!("{text}{name}"), value.span),
        (_, _) => value,
    };
    arguments.put("dest", key.span, whole);
    into
}

pub(super) fn file(arguments: &mut Arguments<'_>) -> &'static str {
    let recurse = arguments.answer("recurse", Answer::No);
    if recurse == Answer::Yes && !arguments.has("state") {
        arguments.set("action", "directory");
    }
    let state = arguments.literal("state").map(str::to_owned);
    arguments.word("state", "file");
    if !arguments.rename("path", "dest") {
        let span = arguments.call.module.span;
        arguments.mistake(
            span,
            "`file` needs the parameter `path`",
            "add `path: /path/on/the/host`",
        );
    }
    arguments.rename("src", "target");
    let mode = mode(arguments);
    let may_be = |word: &str| state.as_deref().is_none_or(|state| state == word);
    if may_be("directory") && arguments.has_out("action") {
        arguments.set("parents", "true");
        arguments.set("parents_alike", "true");
        // The same mode for all that is in it.
        if let Some(mode) = mode.filter(|_| recurse != Answer::No) {
            arguments.put("directory_mode", mode.span, mode.clone());
        }
    }
    if may_be("absent") && arguments.has_out("action") {
        arguments.set("remove_content", "true");
    }
    match recurse {
        Answer::No => drop(arguments.take("recurse")),
        Answer::Yes | Answer::Later => drop(arguments.rename("recurse", "recurse")),
    }
    if !arguments.rename("follow", "follow") && state.as_deref() != Some("absent") {
        arguments.set("follow", "true");
    }
    if may_be("link") || may_be("hard") {
        arguments.rename("force", "force");
    } else {
        arguments.take("force");
    }
    times(arguments);
    "file"
}

/// The times that a touched file gets. What is not touched keeps them in any case.
fn times(arguments: &mut Arguments<'_>) {
    let both = ["access_time", "modification_time"];
    let kept = both.map(|name| arguments.literal(name) == Some("preserve"));
    let now = both.map(|name| arguments.literal(name).is_none_or(|word| word == "now"));
    if kept == [true; 2] {
        both.iter().for_each(|name| drop(arguments.take(name)));
        arguments.set("keep_times", "true");
    } else if now == [true; 2] && !both.iter().any(|name| is_open(arguments, name)) {
        both.iter().for_each(|name| drop(arguments.take(name)));
    } else {
        let hint = "write `preserve` for both times, or leave both out";
        both.iter().for_each(|name| arguments.refuse_argument(name, hint));
    }
}

fn is_open(arguments: &Arguments<'_>, name: &str) -> bool {
    arguments.has(name) && arguments.literal(name).is_none()
}

pub(super) fn stat(arguments: &mut Arguments<'_>) -> &'static str {
    if !arguments.has("path") {
        let span = arguments.call.module.span;
        arguments.mistake(
            span,
            "`stat` needs the parameter `path`",
            "add `path: /path/on/the/host`",
        );
    }
    // A checksum that nobody reads is not made.
    match arguments.take_answer("get_checksum", Answer::Yes) {
        Answer::Yes | Answer::Later if !arguments.has("checksum_algorithm") => {
            arguments.set("algorithm", "sha1");
        }
        Answer::Yes | Answer::Later => {}
        Answer::No => drop(arguments.take("checksum_algorithm")),
    }
    "stat"
}

/// The mode, as octal digits where it is literal.
fn mode(arguments: &mut Arguments<'_>) -> Option<Node> {
    let Entry { key, value } = arguments.take("mode")?;
    let value = octal(arguments, value);
    arguments.put("mode", key.span, value.clone());
    Some(value)
}

/// A number that stands in the playbook, as the mode it is. YAML 1.1 reads `0644` as octal; `644` it reads as decimal, and
/// nobody who writes that means 01204.
fn octal(arguments: &mut Arguments<'_>, value: Node) -> Node {
    let crate::yaml::Kind::Scalar(scalar) = &value.kind else { return value };
    let digits = !scalar.text.is_empty() && scalar.text.bytes().all(|byte| byte.is_ascii_digit());
    if scalar.style == Style::Text || !digits || has_expression(&scalar.text) {
        return value;
    }
    let text = scalar.text.to_string();
    if text.starts_with('0') {
        return Node::of_text(&text, value.span);
    }
    let number = text.parse::<u16>().unwrap_or(u16::MAX);
    match text.parse::<Mode>() {
        Ok(mode) if mode.doubt().is_none() && !arguments.call.as_ansible => {
            let decimal = format!("{number:04o}");
            arguments.warn(
                value.span,
                format!("`mode: {text}` is taken as octal; Ansible would take it as {decimal}"),
                &format!("write `mode: \"0{text}\"`"),
            );
            Node::of_text(&text, value.span)
        }
        Ok(_) | Err(_) => Node::of_text(&format!("{number:04o}"), value.span),
    }
}
