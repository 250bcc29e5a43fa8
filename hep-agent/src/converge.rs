//! One task: inspect, plan, execute. With the files of `module/`, this crate's one list of modules.
#![expect(clippy::disallowed_methods, reason = "this is where actions are done")]

use crate::module::{Done, Input, Module, WithoutRun};
use crate::planned::{self, Planned};
use crate::sys::output::{self, Ends, Missing};
use crate::sys::{Effect, Host, Kept, ProcessEnd, Said, SysError};
use hep_protocol::action::{Action, copied_tree};
use hep_protocol::outcome::{Change, Details, Exit, Room, Told};
use hep_protocol::task::{self, TaskSpec};
use hep_protocol::value::AbsPath;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::time::{Instant, SystemTime};

/// No module needs more than two looks at the host; a third would mean that it goes in circles.
const MAX_ROUNDS: usize = 3;

/// The modules, each by its file and the type of its parameters.
macro_rules! modules {
    ($($module:ident::$Params:ident,)*) => {
        fn dispatch(
            spec: &TaskSpec,
            input: &Input<'_>,
            host: &mut dyn Host,
            report: &mut Report,
        ) -> Result<(), SysError> {
            match spec { $(TaskSpec::$Params(params) => run(params, input, host, report),)* }
        }

        /// The fields that Ansible's result of the task has.
        fn as_ansible(spec: &TaskSpec, done: &Done<'_>) -> Map<String, Value> {
            match spec { $(TaskSpec::$Params(params) => params.as_ansible(done),)* }
        }

        /// The fields that the module of this name adds to its results, as they are where it did not run.
        pub(crate) fn fields_without_run(module: &str, why: WithoutRun) -> Map<String, Value> {
            $(if module == task::$module::ABOUT.name {
                return task::$module::$Params::fields_without_run(why);
            })*
            Map::new()
        }
    };
}

modules! {
    alternatives::Alternatives,
    apt::Apt,
    apt_repository::AptRepository,
    assert::Assert,
    authorized_key::AuthorizedKey,
    blockinfile::Blockinfile,
    command::Command,
    debug::Debug,
    fail::Fail,
    file::File,
    find::Find,
    flush::Flush,
    getent::Getent,
    group::Group,
    hostname::Hostname,
    ini_file::IniFile,
    lineinfile::Lineinfile,
    locale_gen::LocaleGen,
    package_facts::PackageFacts,
    ping::Ping,
    replace::Replace,
    service::Service,
    service_facts::ServiceFacts,
    set::Set,
    setup::Setup,
    slurp::Slurp,
    stat::Stat,
    sysctl::Sysctl,
    timezone::Timezone,
    user::User,
    validate_argument_spec::ValidateArgumentSpec,
    wait_for::WaitFor,
}

/// Brings one task's part of the host to what the task says, and tells what came of it.
pub(crate) fn converge(spec: &TaskSpec, input: &Input<'_>, host: &mut dyn Host) -> Tried {
    let params = spec.params();
    let ends = match (params.shows_terminal(), params.keeps_ends()) {
        (true, _) => Ends::Terminal,
        (false, true) => Ends::Kept,
        (false, false) => Ends::Stripped,
    };
    let mut report = Report { kept: input.kept, ends, ..Report::default() };
    let (began, start) = (SystemTime::now(), Instant::now());
    let done = dispatch(spec, input, host, &mut report);
    report.close();
    let mut tried = report.tried;
    if tried.killed && !spec.about().runs_program() {
        // Its program was a means, and how that ended is not the task's end.
        tried.killed = false;
        tried.data.insert("rc".to_owned(), Value::Null);
    }
    if let Err(error) = done {
        tried.depends = error.depends().map(str::to_owned);
        tried.details.failure = Some(with_user(error, host).into());
    }
    if input.as_ansible() {
        let done = Done {
            input,
            host,
            failed: tried.details.failure.is_some(),
            unforeseen: tried.unforeseen,
            data: &tried.data,
            set: &tried.set,
            began,
            took: start.elapsed(),
        };
        tried.data = as_ansible(spec, &done);
    }
    tried
}

/// An error with what its user lacks, if that is not root.
fn with_user(error: SysError, host: &dyn Host) -> SysError {
    match host.own_ids().0 {
        0 => error,
        uid => error.with_advice_for(&host.user_name(uid).unwrap_or_else(|| uid.to_string())),
    }
}

/// What one try of a task came to. It crosses as it is from another user's agent.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tried {
    /// For the report: every change, also those before a failure, what a reader should know, and the failure.
    pub(crate) details: Details,
    /// What its result has beyond what all results have: `rc`, `stdout` ...
    #[serde(with = "fields")]
    pub(crate) data: Map<String, Value>,
    /// What the result does not have of what a program wrote.
    pub(crate) missing: Missing,
    /// Variables for the rest of the run. A module that sets some needs nobody's rights, so they never cross.
    #[serde(skip)]
    pub(crate) set: Map<String, Value>,
    /// Facts for the rest of the run.
    #[serde(with = "fields")]
    pub(crate) facts: Map<String, Value>,
    /// Whether a program would have run, of which nobody knows what it would have said.
    pub(crate) unforeseen: bool,
    /// Whether its program was stopped before it ended by itself.
    pub(crate) killed: bool,
    /// Whether it counts as skipped.
    pub(crate) skipped: bool,
    /// What only a real run would tell and the module could not do without; then nothing else here counts.
    pub(crate) depends: Option<String>,
}

/// A result's fields on their way, as the wire has any value. What is no mapping has none.
mod fields {
    use super::{Map, Value};
    use hep_protocol::value::Json;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(
        data: &Map<String, Value>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        Json(Value::Object(data.clone())).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Map<String, Value>, D::Error> {
        match Json::deserialize(from)?.0 {
            Value::Object(data) => Ok(data),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Ok(Map::new()),
        }
    }
}

/// What a task did so far; kept when a later step fails.
#[derive(Default)]
struct Report {
    tried: Tried,
    /// How much of what a program says its result keeps.
    kept: Kept,
    ends: Ends,
    /// The bytes of all changes.
    size: usize,
    /// The bytes of their lines.
    lines: usize,
    /// Changes whose line found no more room.
    more: usize,
    actions: Room,
    /// The copied tree, the place of its first change, and how many it has.
    tree: Option<(AbsPath, usize, usize)>,
    /// The bytes of notes, and how many found no more room.
    noted: usize,
    more_notes: usize,
    /// Where the last step kept what gave way.
    backup: Option<AbsPath>,
}

/// What a shell says of a program that was ended by SIGTERM, as is one that does not end in time.
const TERMINATED: i32 = 128 + 15;

/// What the lines of one task's changes may take together in its report, in bytes; the others are counted.
const LINES: usize = 16 * 1024 * 1024;

/// What the notes of one task may take together in its report, in bytes, with [`NOTE`] for each: as much as a result.
const NOTES: usize = output::OF_A_RESULT;

/// What a note takes beside its text on its way, about.
const NOTE: usize = 32;

/// What the diffs of one task may take together in its report, in bytes: far less than a frame may.
const DIFFS: usize = 8 * 1024 * 1024;

impl Report {
    fn add(&mut self, planned: &Planned) {
        let mut change = planned.change();
        change.action = self.told(planned.tree.as_ref(), change.action);
        self.keep(change);
    }

    /// What is told of an action: nothing once there is no more room, and of a copied tree's only the first, for all of them.
    fn told(&mut self, tree: Option<&AbsPath>, action: Told) -> Told {
        if let Some(path) = tree {
            let (_, _, entries) = self
                .tree
                .get_or_insert_with(|| (path.clone(), self.tried.details.changes.len(), 0));
            *entries += 1;
            return Told::Nothing;
        }
        self.actions.take(action)
    }

    fn keep(&mut self, change: Change) {
        self.size += change.line.len() + change.diff.as_ref().map_or(0, String::len);
        let diff = change.diff.filter(|_| self.size <= DIFFS);
        self.lines += change.line.len();
        if self.lines <= LINES {
            self.tried.details.changes.push(Change { diff, ..change });
        } else {
            self.more += 1;
        }
    }

    fn note(&mut self, note: String) {
        self.noted = self.noted.saturating_add(note.len()).saturating_add(NOTE);
        if self.noted <= NOTES {
            self.tried.details.notes.push(note);
        } else {
            self.more_notes += 1;
        }
    }

    /// What a program said, for conditions and later tasks.
    fn ended(&mut self, end: &ProcessEnd) {
        let rc = match end.exit {
            Some(Exit::Code(code)) => json!(code),
            // As a shell says it.
            Some(Exit::Signal(signal)) => json!(signal.saturating_add(128)),
            None => json!(TERMINATED),
        };
        self.tried.killed = end.exit.is_none();
        let (stdout, stderr, missing) = output::texts(end, self.kept.0, self.ends);
        let said = [("rc", rc), ("stdout", stdout.into()), ("stderr", stderr.into())];
        self.tried.data.extend(said.map(|(name, value)| (name.to_owned(), value)));
        self.tried.missing = missing;
    }

    /// What the programs said by which an action was done, where they said anything.
    fn said(&mut self, said: Said) {
        let texts = [("stdout", said.stdout), ("stderr", said.stderr)];
        let texts = texts.into_iter().filter(|(_, text)| !text.is_empty());
        self.tried.data.extend(texts.map(|(name, text)| (name.to_owned(), text.into())));
    }

    /// Names in a last line what found no room.
    fn close(&mut self) {
        let Details { changes, .. } = &mut self.tried.details;
        if let Some((path, at, entries)) = self.tree.take()
            && let Some(first) = changes.get_mut(at)
        {
            first.action = self.actions.take(Told::Action(copied_tree(&path, entries)));
        }
        if self.more > 0 {
            let s = if self.more == 1 { "" } else { "s" };
            let line = format!("and {} more change{s}", self.more);
            self.tried.details.changes.push(Change::new(line));
        }
        if self.more_notes > 0 {
            let s = if self.more_notes == 1 { "" } else { "s" };
            self.tried.details.notes.push(format!("truncated: {} more line{s}", self.more_notes));
        }
    }
}

/// Does it. Dpkg, apt and the services' managers fail for the lack of rights as a rule.
fn apply(action: &Action, host: &mut dyn Host) -> Result<Effect, SysError> {
    #[cfg(test)]
    testing::record(action, host);
    let done = host.apply(action);
    match action {
        Action::Package(_) | Action::Service(_) => done.map_err(SysError::needs_root),
        Action::File(_)
        | Action::Account(_)
        | Action::Setting(_)
        | Action::Program(_)
        | Action::Wait(_) => done,
    }
}

fn run<M: Module>(
    params: &M,
    input: &Input<'_>,
    host: &mut dyn Host,
    report: &mut Report,
) -> Result<(), SysError> {
    let done = rounds(params, input, host, report);
    if let (Some(field), Some(backup)) = (M::BACKUP, report.backup.take()) {
        report.tried.data.insert(field.to_owned(), json!(backup.as_str()));
    }
    done.inspect_err(|error| {
        if let Some(end) = error.ended() {
            report.ended(end);
            output::left_out(end).into_iter().for_each(|note| report.note(note));
        }
    })
}

fn rounds<M: Module>(
    params: &M,
    input: &Input<'_>,
    host: &mut dyn Host,
    report: &mut Report,
) -> Result<(), SysError> {
    for _ in 0..MAX_ROUNDS {
        let state = params.inspect(input, host)?;
        let mut plan = params.plan(input, &state)?;
        plan.notes.into_iter().for_each(|note| report.note(note));
        report.tried.data.extend(plan.data);
        report.tried.set.extend(plan.set);
        report.tried.facts.extend(plan.facts);
        report.tried.unforeseen |= plan.unforeseen;
        report.tried.skipped |= plan.skipped;
        if !plan.steps.is_empty() {
            planned::weigh(&mut plan.steps, host)?;
            planned::announce(&plan.steps, host);
            let done = execute(&plan.steps, host, report);
            planned::announce(&[], host);
            done?;
        }
        if !plan.again {
            return Ok(());
        }
    }
    Err(SysError::new("the task does not end: this is a bug in hep"))
}

fn execute(steps: &[Planned], host: &mut dyn Host, report: &mut Report) -> Result<(), SysError> {
    for (index, planned) in steps.iter().enumerate() {
        if index > 0 && host.cancelled() {
            return Err(SysError::new(format!("stopped before: {}", planned.action))
                .hint("the run was cancelled or its controller went away; push again"));
        }
        match apply(&planned.action, host)? {
            Effect::Changed => report.add(planned),
            Effect::Kept(backup) => {
                report.add(planned);
                report.note(format!("kept the old content as {backup}"));
                report.backup = Some(backup);
            }
            Effect::Ran(end) => {
                report.add(planned);
                report.ended(&end);
            }
            Effect::Said(said) => {
                report.add(planned);
                report.said(said);
            }
            Effect::WouldRun => {
                report.add(planned);
                report.tried.unforeseen = true;
            }
            Effect::Noted(note) => report.note(note),
            Effect::Nothing => {}
        }
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests {
    use super::*;
    use hep_protocol::frame;
    use hep_protocol::message::Reply;
    use hep_protocol::outcome::{Outcome, Status};

    #[test]
    fn report_of_endless_changes_fits_into_a_frame() {
        let mut report = Report::default();
        let (line, diff) = ("x".repeat(1024 * 1024), Some("y".repeat(1024 * 1024)));
        for _ in 0..100 {
            report.keep(Change { diff: diff.clone(), ..Change::new(line.clone()) });
        }
        report.close();
        let details = report.tried.details;
        assert_eq!(details.changes.len(), 17);
        assert_eq!(details.changes[16].line, "and 84 more changes");
        assert_eq!(details.changes.iter().filter(|change| change.diff.is_some()).count(), 4);
        let outcome = Outcome::new(Status::Changed, details);
        assert!(frame::encode(&Reply::Finished { task: 0, outcome }).is_ok());
    }
}
