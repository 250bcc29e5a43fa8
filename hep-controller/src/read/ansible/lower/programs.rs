//! Programs: `command`, `shell`, `raw` and `script`.

use super::arguments::{Answer, Arguments, FREE};
use super::line;
use super::table::{Parameter, nothing, own, refused, same};
use crate::yaml::{Entry, Node};

/// What all programs take.
pub(super) const PROGRAM: &[Parameter] = &[
    own(FREE).also(&["_raw_params"]),
    own("cmd"),
    same("creates"),
    same("removes"),
    same("chdir"),
];

/// What both take that have an input.
pub(super) const COMMAND: &[Parameter] = &[
    own("argv"),
    own("expand_argument_vars"),
    own("stdin"),
    own("stdin_add_newline"),
    own("strip_empty_ends"),
    nothing("warn"),
    refused("executable", "use `shell`, or write the program first"),
];

pub(super) const SHELL: &[Parameter] = &[
    same("executable"),
    own("stdin"),
    own("stdin_add_newline"),
    own("strip_empty_ends"),
    nothing("warn"),
];

pub(super) const RAW: &[Parameter] =
    &[own(FREE).also(&["_raw_params"]), own("cmd"), same("executable")];

pub(super) const SCRIPT: &[Parameter] = &[nothing("decrypt"), same("executable"), nothing("warn")];

pub(super) fn command(arguments: &mut Arguments<'_>) -> &'static str {
    not_in_a_check(arguments);
    let free = words(arguments);
    let list = arguments.take("argv");
    match (free, list) {
        (Some(Entry { key, value }), None) | (None, Some(Entry { key, value })) => {
            arguments.put("argv", key.span, value);
        }
        (Some(_), Some(Entry { key, .. })) => {
            arguments.mistake(key.span, "`argv` and a command are both given", "keep one of them");
        }
        (None, None) => nothing_to_run(arguments),
    }
    match arguments.take("expand_argument_vars") {
        Some(Entry { key, value }) => arguments.put("expand", key.span, value),
        None => arguments.set("expand", "true"),
    }
    input(arguments);
    "command"
}

pub(super) fn shell(arguments: &mut Arguments<'_>) -> &'static str {
    not_in_a_check(arguments);
    script_text(arguments);
    input(arguments);
    "command"
}

pub(super) fn raw(arguments: &mut Arguments<'_>) -> &'static str {
    not_in_a_check(arguments);
    script_text(arguments);
    arguments.set("terminal", "true");
    "command"
}

pub(super) fn script(arguments: &mut Arguments<'_>) -> &'static str {
    not_in_a_check(arguments);
    match words(arguments) {
        Some(Entry { key, value }) => {
            let text = value.text().unwrap_or_default();
            match line::first_word(text) {
                Some((script, rest)) => {
                    let [script, rest] = [script, rest].map(|text| Node::of_text(text, value.span));
                    let has_arguments = rest.text().is_some_and(|text| !text.is_empty());
                    arguments.put("script", key.span, script);
                    if has_arguments {
                        arguments.put("arguments", key.span, rest);
                    }
                }
                None => {
                    let message = "a quote or an expression in this line is never closed";
                    arguments.mistake(value.span, message, "quote the whole path of the script");
                }
            }
        }
        None => nothing_to_run(arguments),
    }
    arguments.set("terminal", "true");
    "command"
}

/// Ansible skips in a check what it cannot foretell.
fn not_in_a_check(arguments: &mut Arguments<'_>) {
    let foretold = arguments.has("creates") || arguments.has("removes");
    if arguments.call.as_ansible && !foretold {
        arguments.only_if("not ansible_check_mode".to_owned());
    }
}

/// The script for a shell.
fn script_text(arguments: &mut Arguments<'_>) {
    match words(arguments) {
        Some(Entry { key, value }) => arguments.put("shell", key.span, value),
        None => nothing_to_run(arguments),
    }
}

/// What is to be run, as one text.
fn words(arguments: &mut Arguments<'_>) -> Option<Entry> {
    let (free, cmd) = (arguments.take(FREE), arguments.take("cmd"));
    if let (Some(_), Some(Entry { key, .. })) = (&free, &cmd) {
        arguments.mistake(key.span, "`cmd` and a command are both given", "keep one of them");
    }
    free.or(cmd)
}

fn nothing_to_run(arguments: &mut Arguments<'_>) {
    let span = arguments.call.module.span;
    let message = format!("`{}` has nothing to run", arguments.call.module.text);
    arguments.mistake(span, message, "write the command after it, or below it as `cmd`");
}

/// The standard input, and what is done with the output's end.
fn input(arguments: &mut Arguments<'_>) {
    let newline = arguments.take_answer("stdin_add_newline", Answer::Yes);
    if let Some(Entry { key, value }) = arguments.take("stdin") {
        let text = value.text().map(str::to_owned);
        let value = match (newline, text) {
            (Answer::Yes, Some(text)) => Node::of_text(&format!("{text}\n"), value.span),
            (Answer::Later, _) => {
                let message = "only the host knows whether the input ends with a newline";
                arguments.refuse(key.span, message, "write `stdin_add_newline: true` or `false`");
                value
            }
            (Answer::Yes | Answer::No, _) => value,
        };
        arguments.put("stdin", key.span, value);
    }
    arguments.rename("strip_empty_ends", "strip");
}
