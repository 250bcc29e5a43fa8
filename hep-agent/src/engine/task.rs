//! One task: its condition, its loop, its tries, and what follows from how they ended.

use super::block::locals;
use super::verdict::{Certainty, Verdict, failure, found};
use super::{Flow, Walk};
use crate::converge::{Tried, converge};
use crate::module::Input;
use crate::render::{Names, Rendered, Unrendered};
use crate::sys::{SysError, TaskStart};
use hep_protocol::expression::has_expression;
use hep_protocol::message::{Go, Reply, Turn};
use hep_protocol::names::{RESULT, RESULTS};
use hep_protocol::outcome::{Change, Outcome, Status};
use hep_protocol::plan::{Condition, Control, Loop, OnError, Pace, Privacy, Retry, RunMode, Task};
use serde_json::{Map, Value, json};
use std::time::{Duration, Instant};

/// How soon a pause between two tries notices that the run is to stop.
const GLANCE: Duration = Duration::from_millis(200);

/// How many characters a loop's element is called by.
const LABEL: usize = 60;

/// What around a task decides about it.
#[derive(Default)]
pub(super) struct Kin<'a> {
    /// Why it is not known whether a handler was notified.
    pub(super) depends: Option<&'a str>,
}

/// A task at its turn.
struct Job<'a> {
    number: u32,
    task: &'a Task,
    control: &'a Control,
    names: Names,
}

impl Walk<'_> {
    /// Runs a task and reports it.
    pub(super) fn task(&mut self, number: u32, turn: &Turn, names: &Names, kin: &Kin<'_>) -> Flow {
        let plan = self.plan;
        let Some(task) = plan.tasks.get(number as usize) else { return Flow::On };
        let plain = Control::default();
        let control = task.control.as_deref().unwrap_or(&plain);
        let names = names.with_vars(&control.vars);
        if let Some(cause) = kin.depends {
            self.leave_open(number, turn, cause);
            return Flow::On;
        }
        if !self.asked(number) {
            self.skip(number, turn);
            return Flow::On;
        }
        self.begin(number, task, turn, &names);
        let start = Instant::now();
        let job = Job { number, task, control, names };
        let (outcome, flow) = match &control.each {
            None => self.single(&job),
            Some(each) => self.looped(&job, each),
        };
        self.flush = flow == Flow::On && outcome.status == Status::Ok && task.spec.module() == "flush";
        self.outside.reply(Reply::Finished {
            task: number,
            outcome: Outcome { ms: millis(start), ..outcome },
        });
        if self.outside.cancelled() { Flow::Cancelled } else { flow }
    }

    /// Whether the operator, if asked, wants it.
    fn asked(&mut self, number: u32) -> bool {
        match self.pace {
            Pace::Straight => true,
            Pace::Asking => match self.outside.ask(number) {
                Go::Run => true,
                Go::Skip => false,
                Go::RunAll => {
                    self.pace = Pace::Straight;
                    true
                }
            },
        }
    }

    fn begin(&self, number: u32, task: &Task, turn: &Turn, names: &Names) {
        let name = has_expression(&task.name).then(|| name_of(task, names));
        self.outside.reply(Reply::Started { task: number, turn: turn.clone(), name });
    }

    /// Reports a task that is not run.
    pub(super) fn skip(&mut self, number: u32, turn: &Turn) {
        self.report(number, turn, Verdict::skipped());
    }

    /// Reports a task of which nobody knows whether it would run, and makes its result unknown.
    pub(super) fn leave_open(&mut self, number: u32, turn: &Turn, cause: &str) {
        let plan = self.plan;
        let Some(task) = plan.tasks.get(number as usize) else { return };
        let verdict = Verdict::open(cause.to_owned());
        if let Some(control) = &task.control {
            self.follow(task, control, &self.names.clone(), &verdict);
        }
        self.foresee(&task.name);
        self.report(number, turn, verdict);
    }

    /// Reports a task that fails before it begins.
    pub(super) fn fail(&mut self, number: u32, turn: &Turn, error: SysError) -> Flow {
        let mut verdict = Verdict::failed(error.into());
        verdict.status = if self.rescued > 0 { Status::Rescued } else { Status::Failed };
        self.report(number, turn, verdict);
        Flow::Failed
    }

    fn report(&self, number: u32, turn: &Turn, verdict: Verdict) {
        self.outside.reply(Reply::Started { task: number, turn: turn.clone(), name: None });
        self.outside.reply(Reply::Finished { task: number, outcome: outcome(verdict) });
    }

    fn single(&mut self, job: &Job<'_>) -> (Outcome, Flow) {
        let mut verdict = self.once(job, &job.names);
        let (status, flow) = self.settle(job, &verdict, verdict.result(&job.task.name));
        self.follow(job.task, job.control, &job.names, &verdict);
        verdict.status = status;
        (outcome(verdict.hidden(job.control.privacy)), flow)
    }

    /// What the failure of a task means, and how it goes on.
    fn settle(
        &self,
        job: &Job<'_>,
        verdict: &Verdict,
        result: hep_protocol::expression::Found,
    ) -> (Status, Flow) {
        if verdict.status != Status::Failed {
            return (verdict.status, Flow::On);
        }
        let tolerated = match &job.task.on_error {
            OnError::Stop => false,
            OnError::GoOn => true,
            // A condition that itself is wrong tolerates nothing.
            OnError::Ask(condition) => {
                let names = with_result(&job.names, job.control, result);
                names.holds(&condition.0).unwrap_or(false)
            }
        };
        match (tolerated, self.rescued) {
            (true, _) => (Status::Ignored, Flow::On),
            (false, 0) => (Status::Failed, Flow::Failed),
            (false, _) => (Status::Rescued, Flow::Failed),
        }
    }

    /// What others learn of a task's end: its result, and handlers that were notified.
    fn follow(&mut self, task: &Task, control: &Control, names: &Names, verdict: &Verdict) {
        if let Some(name) = &control.register {
            names.register(name, verdict.result(&task.name));
        }
        let depends = match &verdict.certainty {
            Certainty::Open(cause) => Some(cause.as_str()),
            Certainty::Known | Certainty::Foreseen => None,
        };
        if verdict.changed() {
            self.notified.notify(&control.notify, depends);
        }
    }

    /// All must hold.
    pub(super) fn conditions(&self, all: &[Condition], names: &Names) -> Result<bool, Unrendered> {
        for condition in all {
            if !names.holds(&condition.0)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// One element, or a task without a loop: condition, then tries until one will do.
    fn once(&mut self, job: &Job<'_>, names: &Names) -> Verdict {
        match self.conditions(&job.control.when, names) {
            Ok(true) => {}
            Ok(false) => return Verdict::skipped(),
            Err(why) => {
                self.foresee(&job.task.name);
                return Verdict::unrendered(why);
            }
        }
        let Some(retry) = &job.control.retry else { return self.attempt(job, names) };
        let limits = (names.number(&retry.retries, "retries"), names.number(&retry.delay, "delay"));
        match limits {
            (Ok(retries), Ok(delay)) => {
                let delay = Duration::from_secs(delay.into());
                self.attempts(job, names, retry, retries.saturating_add(1), delay)
            }
            (Err(why), _) | (_, Err(why)) => Verdict::unrendered(why),
        }
    }

    fn attempts(
        &mut self,
        job: &Job<'_>,
        names: &Names,
        retry: &Retry,
        most: u32,
        delay: Duration,
    ) -> Verdict {
        let mut attempt = 1;
        loop {
            let mut verdict = Verdict { attempts: attempt, ..self.attempt(job, names) };
            let enough = match (&verdict.certainty, retry.until.as_slice()) {
                // What a program would say is not known, and trying again would not tell.
                (Certainty::Foreseen | Certainty::Open(_), _) => Ok(true),
                (Certainty::Known, []) => Ok(verdict.failure.is_none()),
                (Certainty::Known, until) => {
                    let result = verdict.result(&job.task.name);
                    self.conditions(until, &with_result(names, job.control, result))
                }
            };
            match enough {
                Ok(true) => {
                    if attempt > 1 {
                        verdict.notes.push(format!("after {attempt} tries"));
                    }
                    // `until` says what success is.
                    if !retry.until.is_empty() && verdict.failure.take().is_some() {
                        verdict.status = Status::Ok;
                    }
                    return verdict;
                }
                Ok(false) if attempt < most && !self.outside.cancelled() => {
                    self.pause(job, attempt, most, delay);
                    attempt += 1;
                }
                Ok(false) => return exhausted(verdict, &retry.until),
                Err(why) => return Verdict::unrendered(why),
            }
        }
    }

    fn pause(&self, job: &Job<'_>, attempt: u32, most: u32, delay: Duration) {
        if job.control.privacy == Privacy::Open {
            let seconds = delay.as_secs();
            let text = format!("try {attempt} of {most} did not do; the next in {seconds} s");
            self.outside.reply(Reply::Progress { task: job.number, text });
        }
        let end = Instant::now() + delay;
        while !self.outside.cancelled() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left.min(GLANCE));
        }
    }

    /// One try.
    fn attempt(&mut self, job: &Job<'_>, names: &Names) -> Verdict {
        let Rendered { spec, env } = match names.task(job.task, self.outside) {
            Ok(rendered) => rendered,
            Err(why) => {
                self.foresee(&job.task.name);
                return Verdict::unrendered(why);
            }
        };
        let start = TaskStart { number: job.number, env, privacy: job.control.privacy };
        let input = Input { task: job.task, diff: self.plan.diff, names };
        let tried = self.machine.with(job.control.check, |host, mode| {
            host.begin_task(start);
            (converge(&spec, &input, host), mode)
        });
        match tried {
            Some((tried, mode)) => {
                tried.set.iter().for_each(|(name, value)| names.register(name, crate::render::ready(value)));
                judge(job, names, tried, mode)
            }
            None => Verdict::failed(failure("there is no host: this is a fault of hep")),
        }
    }

    fn looped(&mut self, job: &Job<'_>, each: &Loop) -> (Outcome, Flow) {
        let elements = match self.elements(each, &job.names) {
            Ok(elements) => elements,
            Err(why) => {
                self.foresee(&job.task.name);
                let mut verdict = Verdict::unrendered(why);
                let result = verdict.result(&job.task.name);
                let (status, flow) = self.settle(job, &verdict, result);
                self.follow(job.task, job.control, &job.names, &verdict);
                verdict.status = status;
                return (outcome(verdict.hidden(job.control.privacy)), flow);
            }
        };
        let mut done = Vec::new();
        for (round, element) in (0_u32..).zip(&elements) {
            if self.outside.cancelled() {
                break;
            }
            let start = Instant::now();
            let names = job.names.with_locals(locals(each, round, element));
            let label = label(each, round, element, &names, job.control.privacy);
            if round > 0 && job.control.privacy == Privacy::Open {
                let text = format!("{label} ({} of {})", round + 1, elements.len());
                self.outside.reply(Reply::Progress { task: job.number, text });
            }
            done.push((label, self.once(job, &names), millis(start)));
        }
        self.gather(job, &elements, done)
    }

    /// The elements of a loop made into one outcome and one result.
    fn gather(
        &mut self,
        job: &Job<'_>,
        elements: &[Value],
        done: Vec<(String, Verdict, u64)>,
    ) -> (Outcome, Flow) {
        let mut whole = summed(&done, &job.names);
        let results: Vec<Value> = done
            .iter()
            .zip(elements)
            .map(|((_, verdict, _), element)| {
                let mut fields = verdict.fields();
                fields.insert("item".to_owned(), element.clone());
                Value::Object(fields)
            })
            .collect();
        if whole.certainty == Certainty::Known {
            whole.data.insert(RESULTS.to_owned(), Value::Array(results));
        }
        let result = whole.result(&job.task.name);
        let (status, flow) = self.settle(job, &whole, result);
        self.follow(job.task, job.control, &job.names, &whole);
        let items = done.into_iter().map(|(label, verdict, ms)| {
            let status = if verdict.status == Status::Failed { status } else { verdict.status };
            verdict.hidden(job.control.privacy).item(label, status, ms)
        });
        let items = items.collect();
        let failure = whole.failure.take().map(|_| {
            let failed = done_wrong(&items);
            failure(failed)
        });
        let (changes, notes) = (Vec::new(), Vec::new());
        (Outcome { status, changes, notes, failure, items, ms: 0 }, flow)
    }
}

fn done_wrong(items: &Vec<hep_protocol::outcome::ItemOutcome>) -> String {
    let wrong: Vec<&str> = items
        .iter()
        .filter(|item| item.failure.is_some())
        .map(|item| item.label.as_str())
        .collect();
    match wrong.as_slice() {
        [one] => format!("`{one}` failed, of {}", items.len()),
        many => format!("{} of {} failed", many.len(), items.len()),
    }
}

/// The elements together.
fn summed(done: &[(String, Verdict, u64)], _names: &Names) -> Verdict {
    let has = |status| done.iter().any(|(_, verdict, _)| verdict.status == status);
    let status = [Status::Failed, Status::Pending, Status::Changed, Status::Ok];
    let status = status.into_iter().find(|status| has(*status));
    // A loop over nothing, or in which nothing held, did nothing.
    let mut whole = Verdict::tried(status.unwrap_or(Status::Skipped));
    for (_, verdict, _) in done {
        whole.changes.extend(verdict.changes.iter().cloned());
        if whole.failure.is_none() {
            whole.failure.clone_from(&verdict.failure);
        }
        if whole.certainty == Certainty::Known {
            whole.certainty = match &verdict.certainty {
                // Some elements are certain to be run.
                Certainty::Open(cause) if done.len() == 1 => Certainty::Open(cause.clone()),
                Certainty::Open(_) | Certainty::Foreseen => Certainty::Foreseen,
                Certainty::Known => Certainty::Known,
            };
        }
    }
    whole
}

/// What a try means, by what the task says about changes and failures.
fn judge(job: &Job<'_>, names: &Names, tried: Tried, mode: RunMode) -> Verdict {
    let Tried { result, changes, notes, data, set: _, unforeseen } = tried;
    let status = match (&result, changes.is_empty(), mode) {
        (Err(_), _, _) => Status::Failed,
        (Ok(()), true, _) => Status::Ok,
        (Ok(()), false, RunMode::Apply) => Status::Changed,
        (Ok(()), false, RunMode::Check) => Status::Pending,
    };
    let certainty = if unforeseen { Certainty::Foreseen } else { Certainty::Known };
    let failure = result.err();
    let mut verdict =
        Verdict { changes, notes, data, failure, certainty, ..Verdict::tried(status) };
    let Control { changed_when, failed_when, .. } = job.control;
    if changed_when.is_none() && failed_when.is_none() {
        return verdict;
    }
    let name = &job.task.name;
    let result = found(&verdict.certainty, verdict.fields(), name);
    let names = with_result(names, job.control, result);
    let asked = |all: &Option<Vec<Condition>>| {
        all.as_ref().map(|all| {
            all.iter().try_fold(true, |so_far, one| Ok(so_far && names.holds(&one.0)?))
        })
    };
    let failed = asked(failed_when);
    let changed = asked(changed_when);
    if let Some(failed) = failed {
        verdict = judged_failed(verdict, failed, failed_when.as_deref().unwrap_or_default(), mode);
    }
    match changed {
        Some(changed) => judged_changed(verdict, changed, mode),
        None => verdict,
    }
}

fn judged_failed(
    mut verdict: Verdict,
    failed: Result<bool, Unrendered>,
    conditions: &[Condition],
    mode: RunMode,
) -> Verdict {
    match failed {
        Ok(true) => {
            if verdict.failure.is_none() {
                let all: Vec<&str> = conditions.iter().map(|one| one.0.trim()).collect();
                let mut own = failure(format!("`failed_when` holds: {}", all.join(" and ")));
                let text = |name: &str| {
                    verdict.data.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
                };
                (own.stdout, own.stderr) = (text("stdout"), text("stderr"));
                verdict.failure = Some(own);
            }
            verdict.status = Status::Failed;
        }
        Ok(false) => {
            if verdict.failure.take().is_some() {
                // A command that ended with another code than 0 has run all the same.
                if verdict.data.contains_key("rc") && verdict.changes.is_empty() {
                    let line = "ran, and its exit code counts as success".to_owned();
                    verdict.changes.push(Change { line, diff: None });
                }
                verdict.status = acted(&verdict, mode);
            }
        }
        Err(Unrendered::Unknown(cause)) => {
            verdict.notes.push(format!("whether it fails depends on {cause}"));
        }
        Err(Unrendered::Wrong(error)) => {
            let error = error.about("`failed_when`");
            verdict.failure = Some(error.into());
            verdict.status = Status::Failed;
        }
    }
    verdict
}

fn judged_changed(
    mut verdict: Verdict,
    changed: Result<bool, Unrendered>,
    mode: RunMode,
) -> Verdict {
    match changed {
        Ok(true) => {
            if verdict.changes.is_empty() {
                let line = "changed, as `changed_when` has it".to_owned();
                verdict.changes.push(Change { line, diff: None });
            }
        }
        Ok(false) => verdict.changes.clear(),
        Err(Unrendered::Unknown(cause)) => {
            let line = format!("whether it changes something depends on {cause}");
            verdict.changes = vec![Change { line, diff: None }];
            verdict.certainty = Certainty::Open(cause);
        }
        Err(Unrendered::Wrong(error)) => {
            verdict.failure = Some(error.about("`changed_when`").into());
            verdict.status = Status::Failed;
        }
    }
    if verdict.status != Status::Failed {
        verdict.status = acted(&verdict, mode);
    }
    verdict
}

/// The status of a try that did not fail.
fn acted(verdict: &Verdict, mode: RunMode) -> Status {
    match (verdict.changes.is_empty(), mode) {
        (true, _) => Status::Ok,
        (false, RunMode::Apply) => Status::Changed,
        (false, RunMode::Check) => Status::Pending,
    }
}

/// The last of too many tries.
fn exhausted(verdict: Verdict, until: &[Condition]) -> Verdict {
    let tries = verdict.attempts;
    let s = if tries == 1 { "y" } else { "ies" };
    let own = verdict.failure.clone();
    let failure = match (own, until) {
        (Some(own), []) => {
            hep_protocol::outcome::Failure { message: format!("{} ({tries} tr{s})", own.message), ..own }
        }
        (own, until) => {
            let all: Vec<&str> = until.iter().map(|one| one.0.trim()).collect();
            let message = format!("`until` did not hold in {tries} tr{s}: {}", all.join(" and "));
            let text = |name: &str| {
                verdict.data.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
            };
            let hint = "raise `retries` or `delay`".to_owned();
            hep_protocol::outcome::Failure {
                message,
                hint: Some(hint),
                exit: own.and_then(|own| own.exit),
                stdout: text("stdout"),
                stderr: text("stderr"),
            }
        }
    };
    Verdict { status: Status::Failed, failure: Some(failure), ..verdict }
}

/// With the task's own result, under its own name and the name it is registered under.
fn with_result(
    names: &Names,
    control: &Control,
    result: hep_protocol::expression::Found,
) -> Names {
    let registered = control.register.iter().map(|name| (name.clone(), result.clone()));
    let own = (RESULT.to_owned(), result.clone());
    names.with_locals(registered.chain([own]).collect())
}

/// A task's name with its expressions replaced, as far as they can be.
fn name_of(task: &Task, names: &Names) -> String {
    match names.text(&task.name) {
        Ok(Value::String(name)) => name,
        Ok(other) => other.to_string(),
        Err(_) => task.name.clone(),
    }
}

/// What an element is called.
fn label(each: &Loop, round: u32, element: &Value, names: &Names, privacy: Privacy) -> String {
    if privacy == Privacy::Sensitive {
        return format!("element {}", round + 1);
    }
    let asked = each.label.as_ref().and_then(|label| names.text(label).ok());
    let text = match asked.as_ref().unwrap_or(element) {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let first = text.lines().next().unwrap_or_default();
    let short: String = first.chars().take(LABEL).collect();
    let more = if short.len() < text.len() { "..." } else { "" };
    format!("{short}{more}")
}

fn outcome(verdict: Verdict) -> Outcome {
    let Verdict { status, changes, notes, failure, .. } = verdict;
    Outcome { status, changes, notes, failure, items: Vec::new(), ms: 0 }
}

fn millis(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
}
