//! The program on the host. `serve` is what a push starts, `act` and `assist` what it starts in turn as another user; `apply`
//! and `facts` are for people on the host.
//!
//! It owns its standard streams, removes its own file when it was uploaded, and serves one run.
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests act on hosts of their own"))]

mod apply;
#[doc(hidden)]
pub mod bench;
mod converge;
mod engine;
mod escalate;
mod facts;
mod glob;
mod inbox;
mod module;
mod nearest;
mod outside;
mod planned;
mod redact;
mod render;
mod say;
mod serve;
mod sys;
mod uploaded;

use std::process::ExitCode;

const USAGE: &str = "\
usage: hep-agent serve                             run the plan on standard input (what `hep push` starts)
       hep-agent apply BUNDLE [--check] [--diff] [--output human|json]
                                                   run a plan that `hep bundle` wrote
       hep-agent facts [NAME...]                   say what this host is, as JSON
       hep-agent --version";

/// Words that ask for [`USAGE`].
const HELP: [&str; 2] = ["--help", "-h"];

/// What the program does, from its arguments to its exit code.
pub fn main() -> ExitCode {
    sys::linux::prepare_process();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["serve"] => serve::main(),
        // Started by another agent, never by a person.
        ["act", socket, uid] => serve::go_on(socket, uid),
        ["assist", socket, uid] => engine::assist(socket, uid),
        // su(1) starts it in the place of a shell, with the line to run.
        ["-c", line] => escalate::in_place_of_a_shell(line),
        ["apply" | "facts", words @ ..] if words.iter().any(|word| HELP.contains(word)) => {
            say::say(USAGE)
        }
        ["apply", rest @ ..] => apply::main(rest),
        ["facts", names @ ..] => facts::main(names),
        ["--version" | "-V"] => {
            let text = format!(
                "hep-agent {} ({})",
                env!("CARGO_PKG_VERSION"),
                hep_protocol::hello::BUILD_ID
            );
            say::say(&text)
        }
        ["help"] => say::say(USAGE),
        [word] if HELP.contains(word) => say::say(USAGE),
        [] => say::refuse(USAGE),
        ["serve", word, ..] => say::unknown("argument", word, USAGE),
        [option, ..] if option.starts_with('-') => say::unknown("option", option, USAGE),
        [command, ..] => say::unknown("command", command, USAGE),
    }
}
