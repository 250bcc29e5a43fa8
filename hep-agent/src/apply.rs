//! `hep-agent apply BUNDLE`: the plan of a file, run without a controller, printed for a person or as JSON lines.
//!
//! Only this file and those below it print.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is where the agent talks to a person"
)]

mod json;
mod reader;
mod text;

use crate::engine::{self, Outside};
use crate::inbox::{Ending, Inbox};
use crate::sys::linux::stop_on_signals;
use hep_protocol::hello;
use hep_protocol::message::End;
use hep_protocol::plan::{DiffMode, Plan, RunMode};
use reader::{Format, Reader};
use std::fs::File;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use text::shown_short;

/// The exit codes, as hep's: a bad command line or bundle, and a run that was stopped on request.
const USAGE: u8 = 2;
const STOPPED: u8 = 130;

/// Prints a line for whoever asked.
pub(crate) fn say(text: &str) -> ExitCode {
    match writeln!(io::stdout(), "{text}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Prints why nothing was done.
pub(crate) fn refuse(text: &str) -> ExitCode {
    writeln!(io::stderr(), "{text}").ok();
    ExitCode::from(USAGE)
}

/// `hep-agent apply`.
pub(crate) fn main(words: &[&str]) -> ExitCode {
    let mut bundle = None;
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
            option if option.starts_with("--") => {
                return refuse(&format!("hep-agent: unknown option: `{}`", shown_short(option)));
            }
            path if bundle.is_none() => bundle = Some(path),
            _ => return refuse("hep-agent: `apply` takes one bundle"),
        }
    }
    let Some(path) = bundle else {
        return refuse(
            "hep-agent: which bundle? write `hep-agent apply site.hep`\nhint: `hep bundle` makes one",
        );
    };
    match read(path) {
        Ok((inbox, plan)) => {
            let mode = check.unwrap_or(plan.mode);
            run(inbox, &Plan { mode, diff: diff.unwrap_or(plan.diff), ..plan }, format)
        }
        Err((what, hint)) => {
            let hint = hint.map_or(String::new(), |hint| format!("\nhint: {hint}"));
            refuse(&format!("hep-agent: {}: {}{hint}", shown_short(path), shown_short(&what)))
        }
    }
}

/// What is wrong with a bundle, and what helps.
type Unusable = (String, Option<&'static str>);

const ANEW: Option<&str> = Some("make it anew with `hep bundle`");

fn read(path: &str) -> Result<(Arc<Inbox>, Plan), Unusable> {
    let file = File::open(path).map_err(|e| (format!("cannot open the bundle: {e}"), None))?;
    let mut file = io::BufReader::new(file);
    hello::read(&mut file).map_err(|error| {
        let hint = "bundles are made and applied by the same build; make it anew with `hep bundle`";
        (error.to_string(), Some(hint))
    })?;
    let inbox = Arc::new(Inbox::default());
    inbox.fill(&mut file);
    match inbox.plan() {
        Ok(_) if inbox.cancelled() => Err(("the bundle is cut short".to_owned(), ANEW)),
        Ok(plan) => Ok((inbox, plan)),
        Err(Ending::Meant) => Err(("the bundle holds no plan".to_owned(), ANEW)),
        Err(Ending::Lost(how)) => Err((how, ANEW)),
    }
}

fn run(inbox: Arc<Inbox>, plan: &Plan, format: Format) -> ExitCode {
    let asked = Arc::clone(&inbox);
    let stop = move || {
        writeln!(io::stderr(), "stopping after the step in hand").ok();
        asked.cancel();
    };
    if let Err(error) = stop_on_signals(stop) {
        return refuse(&format!("hep-agent: cannot wait for signals: {error}"));
    }
    let reader = Arc::new(Reader::new(inbox, plan, format));
    let outside: Arc<dyn Outside> = Arc::clone(&reader) as _;
    let end = engine::run(plan, &outside);
    let exit = match (end, reader.failed()) {
        (End::Cancelled, _) => STOPPED,
        (End::Completed, true) => 1,
        (End::Completed, false) => 0,
    };
    reader.end(end, exit);
    ExitCode::from(exit)
}
