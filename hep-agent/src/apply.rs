//! `hep-agent apply BUNDLE`: the plan of a file, run without a controller, printed for a person or as JSON lines.
//!
//! Only this file, those below it and `say.rs` print.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "this is where the agent talks to a person"
)]

mod bundle;
mod guard;
mod human;
mod json;
mod reader;

use crate::engine;
use crate::inbox::Inbox;
use crate::outside::Outside;
use crate::say::{refuse, say, shown_short, unknown};
use crate::sys::linux::stop_on_signals;
use hep_protocol::message::End;
use hep_protocol::plan::{DiffMode, HostPart, Plan, RunMode, Settings};
use reader::{Format, Reader};
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

/// The exit code of a run that was stopped on request, as hep's.
const STOPPED: u8 = 130;

const HOW: &str = "usage: hep-agent apply BUNDLE [--check] [--diff] [--output human|json]";

/// `hep-agent apply`.
pub(crate) fn main(words: &[&str]) -> ExitCode {
    let mut path = None;
    let (mut check, mut diff, mut format) = (None, None, Format::Human);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "--check" => check = Some(RunMode::Check),
            "--diff" => diff = Some(DiffMode::Unified),
            "--output" | "--output=json" | "--output=human" => {
                let value = word.strip_prefix("--output=").or_else(|| words.next().copied());
                format = match value {
                    Some("human") => Format::Human,
                    Some("json") => Format::Json,
                    Some(_) | None => {
                        return refuse("hep-agent: `--output` takes `human` or `json`");
                    }
                }
            }
            option if option.starts_with('-') => {
                return unknown("option", option, HOW);
            }
            word if path.is_none() => path = Some(word),
            _ => return refuse("hep-agent: `apply` takes one bundle"),
        }
    }
    let Some(path) = path else {
        return refuse(
            "hep-agent: which bundle? write `hep-agent apply site.hep`\nhint: `hep bundle` makes one",
        );
    };
    match bundle::read(path) {
        Ok((inbox, plan, host)) => {
            let Plan { settings, plays } = plan;
            let mode = check.unwrap_or(settings.mode);
            let diff = diff.unwrap_or(settings.diff);
            let settings = Settings { mode, diff, ..settings };
            run(inbox, &Plan { settings, plays }, host, format)
        }
        Err((what, hint)) => {
            let hint = hint.map_or(String::new(), |hint| format!("\nhint: {hint}"));
            refuse(&format!("hep-agent: `{}` {}{hint}", shown_short(path), shown_short(&what)))
        }
    }
}

fn run(inbox: Arc<Inbox>, plan: &Plan, host: HostPart, format: Format) -> ExitCode {
    let asked = Arc::clone(&inbox);
    let stop = move || {
        writeln!(io::stderr(), "stopping after the current step").ok();
        asked.cancel();
    };
    if let Err(error) = stop_on_signals(stop) {
        return refuse(&format!("hep-agent: cannot wait for signals: {error}"));
    }
    if plan.settings.mode == RunMode::Check && format == Format::Human {
        say("check mode: nothing is changed");
    }
    let reader = Arc::new(Reader::new(inbox, plan, format));
    let outside: Arc<dyn Outside> = Arc::clone(&reader) as _;
    let end = engine::run(plan, host, &outside);
    let exit = match end {
        End::Cancelled => STOPPED,
        End::Failed => 1,
        End::Completed => 0,
    };
    reader.end(end, exit);
    ExitCode::from(exit)
}
