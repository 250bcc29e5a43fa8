//! `hep-agent apply BUNDLE`: the plan of a file, run without a controller, printed for a person or as JSON lines.
//!
//! The only file of the agent that prints.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is where the agent talks to a person"
)]

use crate::engine::{self, Outside};
use crate::inbox::{Ending, Inbox};
use hep_protocol::blob::Digest;
use hep_protocol::hello;
use hep_protocol::message::{End, Reply};
use hep_protocol::outcome::{Outcome, Status};
use hep_protocol::plan::{DiffMode, Plan, RunMode};
use std::fs::File;
use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

/// The exit code for a bad command line or bundle, as hep's.
const USAGE: u8 = 2;

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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Human,
    Json,
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
                return refuse(&format!("hep-agent: unknown option: `{}`", option.escape_debug()));
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
        Err(message) => refuse(&format!("hep-agent: {}: {message}", path.escape_debug())),
    }
}

fn read(path: &str) -> Result<(Arc<Inbox>, Plan), String> {
    let mut file = io::BufReader::new(
        File::open(path).map_err(|error| format!("cannot open the bundle: {error}"))?,
    );
    hello::read(&mut file).map_err(|error| {
        format!("{error}\nhint: bundles are made and applied by the same build; make it anew with `hep bundle`")
    })?;
    let inbox = Arc::new(Inbox::default());
    inbox.fill(&mut file);
    match inbox.plan() {
        Ok(_) if inbox.cancelled() => {
            Err("the bundle is cut short; make it anew with `hep bundle`".to_owned())
        }
        Ok(plan) => Ok((inbox, plan)),
        Err(Ending::Meant) => Err("the bundle holds no plan".to_owned()),
        Err(Ending::Lost(how)) => Err(how),
    }
}

fn run(inbox: Arc<Inbox>, plan: &Plan, format: Format) -> ExitCode {
    let tasks = plan.tasks.iter().map(|task| (task.name.clone(), task.spec.module())).collect();
    let reader = Arc::new(Reader { inbox, tasks, format, counts: Mutex::default() });
    let outside: Arc<dyn Outside> = Arc::clone(&reader) as _;
    let end = engine::run(plan, &outside);
    let counts = reader.counts.lock().unwrap_or_else(PoisonError::into_inner);
    let count = |status| counts.iter().filter(|seen| **seen == status).count();
    let failed = count(Status::Failed) > 0;
    let line = match format {
        Format::Human => format!(
            "\n{} ok, {} changed, {} pending, {} failed, {} ignored",
            count(Status::Ok),
            count(Status::Changed),
            count(Status::Pending),
            count(Status::Failed),
            count(Status::Ignored),
        ),
        Format::Json => serde_json::json!({
            "event": "host", "host": "localhost", "status": if failed { "failed" } else { "converged" },
            "ok": count(Status::Ok), "changed": count(Status::Changed), "pending": count(Status::Pending),
            "failed": count(Status::Failed), "skipped": count(Status::Skipped), "ignored": count(Status::Ignored),
        })
        .to_string(),
    };
    say(&line);
    match (end, failed) {
        (End::Completed, false) => ExitCode::SUCCESS,
        (End::Completed | End::Cancelled, _) => ExitCode::FAILURE,
    }
}

/// A person, or a program that reads JSON lines.
struct Reader {
    inbox: Arc<Inbox>,
    tasks: Vec<(String, &'static str)>,
    format: Format,
    counts: Mutex<Vec<Status>>,
}

impl Outside for Reader {
    fn reply(&self, reply: Reply) {
        match reply {
            Reply::Finished { task, outcome } => {
                let (name, module) = self
                    .tasks
                    .get(task as usize)
                    .map_or(("", ""), |(name, module)| (name, *module));
                say(&match self.format {
                    Format::Human => human(name, &outcome),
                    Format::Json => json(name, module, &outcome),
                });
                self.counts.lock().unwrap_or_else(PoisonError::into_inner).push(outcome.status);
            }
            Reply::Progress { text, .. } => {
                writeln!(io::stderr(), "  {}", escaped(&text)).ok();
            }
            Reply::Hello(_)
            | Reply::Want(_)
            | Reply::Started { .. }
            | Reply::Output { .. }
            | Reply::Done(_) => {}
        }
    }

    fn open(&self, digest: &Digest) -> io::Result<Box<dyn Read>> {
        self.inbox.open(digest, || {})
    }

    fn cancelled(&self) -> bool {
        self.inbox.cancelled()
    }
}

fn human(name: &str, outcome: &Outcome) -> String {
    let mut lines = vec![format!("{:<8} {}", outcome.status, escaped(name))];
    for change in &outcome.changes {
        lines.push(format!("         {}", escaped(&change.line)));
        let diff = change.diff.iter().flat_map(|diff| diff.lines());
        lines.extend(diff.map(|line| format!("           {}", escaped(line))));
    }
    lines.extend(outcome.notes.iter().map(|note| format!("         {}", escaped(note))));
    if let Some(failure) = &outcome.failure {
        lines.push(format!("         error: {}", escaped(&failure.message)));
        lines.extend(failure.hint.iter().map(|hint| format!("         hint: {}", escaped(hint))));
        lines.extend(failure.exit.iter().map(|exit| format!("         {exit}")));
        for (what, text) in [("stdout", &failure.stdout), ("stderr", &failure.stderr)] {
            lines.extend(text.lines().map(|line| format!("         {what}: {}", escaped(line))));
        }
    }
    lines.join("\n")
}

fn json(name: &str, module: &str, outcome: &Outcome) -> String {
    let lines: Vec<&str> = outcome.changes.iter().map(|change| change.line.as_str()).collect();
    serde_json::json!({
        "event": "task", "host": "localhost", "task": name, "module": module, "status": outcome.status,
        "changes": lines, "error": outcome.failure, "ms": outcome.ms,
    })
    .to_string()
}

/// Text of the host for a terminal: control characters are shown, never obeyed.
fn escaped(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() && c != '\t' { c.escape_default().to_string() } else { c.to_string() }
        })
        .collect()
}
