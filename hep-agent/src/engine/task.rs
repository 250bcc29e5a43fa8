//! A task at its turn: whether it begins, what its end means, and what others learn of that.

use super::readers::FAILED_RESULT;
use super::verdict::{Shape, Verdict, failure};
use super::{Flow, Walk};
use crate::render::{Names, Unrendered, ready, word};
use crate::sys::output;
use crate::sys::{Cause, SysError};
use hep_protocol::dialect::Dialect;
use hep_protocol::expression::{Found, has_expression};
use hep_protocol::message::{Go, Reply, Turn};
use hep_protocol::names::RESULT;
use hep_protocol::outcome::{Outcome, Status};
use hep_protocol::plan::{CheckPolicy, Condition, Control, OnError, Pace, Privacy, Spec, Task};
use hep_protocol::task::Effect;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::sync::LazyLock;
use std::time::Instant;

/// What the keys of a task say that has none.
static PLAIN: LazyLock<Control> = LazyLock::new(Control::default);

/// A task at its turn.
pub(super) struct Job<'p> {
    pub(super) number: u32,
    pub(super) task: &'p Task,
    pub(super) control: &'p Control,
    /// With the task's own variables.
    pub(super) names: Names,
    /// Its name, with the expressions replaced as far as they can be; a sensitive task's stays as written.
    pub(super) title: Cow<'p, str>,
}

impl Job<'_> {
    /// What the result of a single try looks like.
    pub(super) fn one(&self) -> Shape<'_> {
        match self.names.dialect() {
            Dialect::Hep => Shape::One(self.task.spec.about()),
            Dialect::Ansible => Shape::Ansible,
        }
    }

    /// What the task's result looks like.
    fn whole(&self) -> Shape<'_> {
        match (self.names.dialect(), &self.control.each) {
            (Dialect::Hep, Some(_)) => Shape::Loop,
            (Dialect::Hep | Dialect::Ansible, _) => self.one(),
        }
    }

    /// What becomes of it where a condition does not hold.
    pub(super) fn skipped(&self, condition: &Condition) -> Verdict {
        match self.names.dialect() {
            Dialect::Hep => Verdict::skipped(),
            Dialect::Ansible => {
                let text = condition.0.trim();
                let written = match text {
                    "false" | "False" => json!(false),
                    _ => json!(text),
                };
                Verdict::skipped().with([
                    ("skip_reason", json!("Conditional result was False")),
                    ("false_condition", written),
                ])
            }
        }
    }
}

impl<'p> Walk<'p> {
    /// Runs a task and reports it. `depends` is set when only a real run could tell whether it has a turn at all.
    pub(super) fn task(
        &mut self,
        number: u32,
        turn: &Turn,
        names: &Names,
        depends: Option<&str>,
    ) -> (Status, Flow) {
        let Some(job) = self.job(number, names) else { return (Status::Skipped, Flow::On) };
        names.begin_task();
        if let Some(cause) = depends {
            return (self.leave_open(&job, turn, cause), Flow::On);
        }
        if job.control.ends_play
            && !matches!(conditions(&job.control.when, &job.names), Err(Unrendered::Wrong(_)))
        {
            // Nothing is reported of what does nothing else.
            let ends = matches!(conditions(&job.control.when, &job.names), Ok(true));
            return (Status::Skipped, if ends { Flow::Ended } else { Flow::On });
        }
        if self.gives_quietly(&job) {
            return (Status::Skipped, Flow::On);
        }
        let untaken = || matches!(conditions(&job.control.when, &job.names), Ok(false));
        if job.control.choice && untaken() {
            return (Status::Skipped, Flow::On);
        }
        let wanted = self.asked(number);
        if self.outside.cancelled() {
            return (Status::Skipped, Flow::Cancelled);
        }
        if !wanted {
            return (self.pass_over(&job, turn), Flow::On);
        }
        self.begin(&job, turn);
        self.room = self.room(&job);
        let start = Instant::now();
        let (outcome, flow) = match &job.control.each {
            None => self.single(&job),
            Some(each) => self.looped(&job, each),
        };
        let status = outcome.status;
        let outcome = Outcome { ms: millis(start), ..outcome };
        self.outside.reply(Reply::Finished { task: number, outcome });
        let ends = job.control.ends_play && status == Status::Ok && flow == Flow::On;
        let flow = if ends { Flow::Ended } else { flow };
        (status, if self.outside.cancelled() { Flow::Cancelled } else { flow })
    }

    /// The task of that number, with the names at its place.
    pub(super) fn job(&self, number: u32, names: &Names) -> Option<Job<'p>> {
        let task = self.plan.task(number)?;
        let control = task.control.as_deref().unwrap_or(&PLAIN);
        let names = names.with_layers(&control.layers);
        let shown = has_expression(&task.name) && control.privacy == Privacy::Open;
        let title = if shown { name_of(task, &names).into() } else { Cow::from(&*task.name) };
        Some(Job { number, task, control, names, title })
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

    /// What the task's result may keep of what its programs write: nothing if nobody reads that.
    fn room(&self, job: &Job<'_>) -> Option<usize> {
        let Control { retry, changed_when, failed_when, .. } = job.control;
        let reads_own = retry.as_ref().is_some_and(|retry| !retry.until.is_empty())
            || changed_when.is_some()
            || failed_when.is_some()
            || matches!(job.task.on_error, OnError::Ask(_));
        match self.registered(job) {
            Some(name) => {
                let left = output::OF_A_RUN.saturating_sub(job.names.held_beside(name));
                Some(left.min(output::OF_A_RESULT))
            }
            None => (reads_own || self.is_told(job)).then_some(output::OF_A_RESULT),
        }
    }

    /// Whether a rescue reads the result of the task if it fails, which Ansible has a name for.
    pub(super) fn is_told(&self, job: &Job<'_>) -> bool {
        let read = || self.readers.is_read_after(FAILED_RESULT, self.point);
        self.rescued > 0 && job.names.dialect() == Dialect::Ansible && read()
    }

    /// The name of the task's result, if anybody reads it.
    pub(super) fn registered<'j>(&self, job: &Job<'j>) -> Option<&'j str> {
        let name = job.control.register.as_deref();
        name.filter(|name| self.readers.is_read_after(name, self.point))
    }

    fn begin(&self, job: &Job<'_>, turn: &Turn) {
        let name = match &job.title {
            Cow::Owned(title) => Some(title.clone()),
            Cow::Borrowed(_) => None,
        };
        self.outside.reply(Reply::Started { task: job.number, turn: turn.clone(), name });
    }

    /// Reports a task that is not run, and says so in its result.
    pub(super) fn pass_over(&mut self, job: &Job<'_>, turn: &Turn) -> Status {
        let verdict = Verdict::skipped();
        self.follow(job, &verdict);
        self.report(job, turn, verdict)
    }

    /// Reports a task of which nobody knows whether it would run, and makes its result unknown. One whose own condition
    /// does not hold would be skipped in any case.
    pub(super) fn leave_open(&mut self, job: &Job<'_>, turn: &Turn, cause: &str) -> Status {
        if matches!(conditions(&job.control.when, &job.names), Ok(false)) {
            return self.pass_over(job, turn);
        }
        let verdict = self.unsettled(job, Unrendered::Unknown(cause.to_owned()));
        self.follow(job, &verdict);
        self.report(job, turn, verdict)
    }

    /// Reports a task that fails before it begins.
    pub(super) fn fail(&mut self, job: &Job<'_>, turn: &Turn, error: SysError) -> Flow {
        let mut verdict = Verdict::failed(error.into());
        self.follow(job, &verdict);
        verdict.status = self.failing();
        self.report(job, turn, verdict);
        Flow::Failed
    }

    fn report(&self, job: &Job<'_>, turn: &Turn, verdict: Verdict) -> Status {
        self.begin(job, turn);
        let outcome = verdict.hidden(job.control.privacy).outcome();
        let (task, status) = (job.number, outcome.status);
        self.outside.reply(Reply::Finished { task, outcome });
        status
    }

    fn single(&mut self, job: &Job<'_>) -> (Outcome, Flow) {
        let mut verdict = self.once(job, &job.names);
        let flow = self.settle(job, &mut verdict);
        (verdict.hidden(job.control.privacy).outcome(), flow)
    }

    /// What the end of a task means, for it and for others, and how it goes on.
    pub(super) fn settle(&mut self, job: &Job<'_>, verdict: &mut Verdict) -> Flow {
        self.follow(job, verdict);
        if verdict.status != Status::Failed {
            return Flow::On;
        }
        let tolerated = match &job.task.on_error {
            OnError::Stop => Ok(false),
            OnError::GoOn => Ok(true),
            OnError::Ask(condition) => {
                with_result(job, &job.names, verdict, job.whole()).holds(&condition.0)
            }
        };
        match tolerated {
            Ok(true) => {
                verdict.status = Status::Ignored;
                return Flow::On;
            }
            Ok(false) => {}
            // A condition that is wrong itself tolerates nothing.
            Err(_) if job.control.privacy == Privacy::Sensitive => {}
            Err(why) => {
                let words = crate::sys::words(SysError::from(why).about("`ignore_error`"));
                verdict.details.notes.push(words);
            }
        }
        verdict.status = self.failing();
        Flow::Failed
    }

    /// The status of a failure that nobody tolerates.
    fn failing(&self) -> Status {
        if self.rescued > 0 { Status::Rescued } else { Status::Failed }
    }

    /// What others learn of a task's end: its result, and handlers that were notified.
    fn follow(&mut self, job: &Job<'_>, verdict: &Verdict) {
        if let Some(name) = self.registered(job) {
            job.names.note_result(verdict.foreign.then_some(&*job.title));
            let size = output::size(&verdict.data);
            job.names.register(name, verdict.result(&job.title, job.whole()), size);
        }
        let notify = match job.control.check {
            // It changed nothing and never will.
            CheckPolicy::Always => &[],
            CheckPolicy::AsRun | CheckPolicy::Never => job.control.notify.as_slice(),
        };
        let fails = verdict.details.failure.is_some() && job.names.dialect() == Dialect::Ansible;
        if fails && self.rescued > 0 {
            let action = job.task.spec.about().name;
            let task = json!({"name": &*job.title, "action": action});
            job.names.register("ansible_failed_task", ready(&task), 0);
        }
        if fails && self.is_told(job) {
            let size = output::size(&verdict.data);
            let result = verdict.result(&job.title, job.whole());
            job.names.register(FAILED_RESULT, result, size);
        }
        if !notify.is_empty() && verdict.changed() && !fails {
            self.notified.notify(notify, verdict.open_change(&job.title));
        }
    }

    /// A task or element that could not be rendered, or may not run: when nobody can know that, what it would set is not
    /// known from here on either.
    pub(super) fn unsettled(&mut self, job: &Job<'_>, why: Unrendered) -> Verdict {
        let cause = match why {
            Unrendered::Wrong(error) => return Verdict::failed(error.into()),
            Unrendered::Unknown(cause) => cause,
        };
        for name in variables(job.task) {
            job.names.register(name, Found::Unknown(cause.clone()), 0);
        }
        if acts(job) {
            // Other users' agents see nothing of what is noted here.
            self.helpers.foresee(None);
            let task = Cause::Task(job.title.to_string());
            if self.machine.with(CheckPolicy::AsRun, |host, _| host.foresee(task)).is_none() {
                return Verdict::failed(failure("there is no host: this is a bug in hep"));
            }
        }
        Verdict::open(cause)
    }
}

/// Whether a task's real run may change the host.
fn acts(job: &Job<'_>) -> bool {
    match job.control.check {
        CheckPolicy::Always => false,
        CheckPolicy::AsRun | CheckPolicy::Never => job.task.spec.about().effect == Effect::Acts,
    }
}

/// The variables that a task sets.
pub(super) fn variables(task: &Task) -> Vec<&str> {
    let gives = task.control.as_ref().and_then(|control| control.gives.as_ref());
    let spec = &task.spec;
    match spec {
        Spec::Typed(spec) if gives.is_some_and(|gives| gives.chosen.is_some()) => {
            let files = spec.params().kept().into_iter().filter_map(Value::as_object);
            files.flat_map(serde_json::Map::keys).map(String::as_str).collect()
        }
        Spec::Typed(spec) => spec.params().variables(),
        Spec::Open { module: _, params } => {
            let given = params.entries().filter(|_| spec.about().gives_variables());
            given.into_iter().flat_map(serde_json::Map::keys).map(String::as_str).collect()
        }
    }
}

/// All must hold.
pub(super) fn conditions(all: &[Condition], names: &Names) -> Result<bool, Unrendered> {
    Ok(unmet(all, names)?.is_none())
}

/// The first that does not hold.
pub(super) fn unmet<'c>(
    all: &'c [Condition],
    names: &Names,
) -> Result<Option<&'c Condition>, Unrendered> {
    for condition in all {
        if !names.holds(&condition.0)? {
            return Ok(Some(condition));
        }
    }
    Ok(None)
}

/// With the task's own result, under its own name and the name it is registered under.
pub(super) fn with_result(
    job: &Job<'_>,
    names: &Names,
    verdict: &Verdict,
    shape: Shape<'_>,
) -> Names {
    let result = verdict.result(&job.title, shape);
    let registered = job.control.register.iter().map(|name| (name.clone(), result.clone()));
    let own = match names.dialect() {
        Dialect::Hep => Some((RESULT.to_owned(), result.clone())),
        // There it has the name alone that it is registered under.
        Dialect::Ansible => None,
    };
    names.with_locals(registered.chain(own).collect())
}

/// A task's name with its expressions replaced, as far as they can be.
fn name_of(task: &Task, names: &Names) -> String {
    names.text(&task.name).map_or_else(|_| task.name.clone(), word)
}

/// How long it took since then.
pub(super) fn millis(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
}
