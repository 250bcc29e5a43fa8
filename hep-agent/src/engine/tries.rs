//! One element of a loop, or a task without one: its condition, and tries until one will do.

use super::Walk;
use super::gives::{fields_of_files, give, given};
use super::helper::Errand;
use super::judge::{forgive, judge};
use super::rights::{Actor, Worn};
use super::task::{Job, conditions, unmet, with_result};
use super::verdict::{Certainty, Verdict, failure};
use crate::converge::{Tried, converge};
use crate::module::Input;
use crate::render::{Names, Rendered, Unrendered, ready};
use crate::sys::linux::credentials::may_switch;
use crate::sys::output::Missing;
use crate::sys::{Kept, SysError, TaskStart};
use hep_protocol::dialect::Dialect;
use hep_protocol::facts::setup::ALL as ALL_FACTS;
use hep_protocol::message::Reply;
use hep_protocol::outcome::Failure;
use hep_protocol::plan::{CheckPolicy, Condition, Privacy, Retry, RunMode, Settings, Spec, Task};
use hep_protocol::task::{Effect, TaskSpec};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How soon a pause between two tries notices that the run is to stop.
const GLANCE: Duration = Duration::from_millis(200);

/// How often and how soon a task is tried again.
struct Limits {
    most: u32,
    delay: Duration,
}

impl Walk<'_> {
    /// Condition, then tries until one will do.
    pub(super) fn once(&mut self, job: &Job<'_>, names: &Names) -> Verdict {
        match unmet(&job.control.when, names) {
            Ok(None) => {}
            Ok(Some(condition)) => return job.skipped(condition),
            Err(why) => return self.unsettled(job, why),
        }
        let Some(retry) = &job.control.retry else { return self.attempt(job, names) };
        match limits(retry, names) {
            Ok(limits) => self.attempts(job, names, retry, &limits),
            Err(why) => self.unsettled(job, why),
        }
    }

    fn attempts(
        &mut self,
        job: &Job<'_>,
        names: &Names,
        retry: &Retry,
        limits: &Limits,
    ) -> Verdict {
        let mut attempt = 1;
        loop {
            let verdict = Verdict { attempts: attempt, ..self.attempt(job, names) };
            match enough(job, names, &verdict, &retry.until) {
                Ok(true) => {
                    return sufficient(job, told(job, verdict, attempt), &retry.until);
                }
                Ok(false) if attempt >= limits.most => {
                    // There it is the number of those after the first.
                    let tries = attempt.saturating_sub(1);
                    return exhausted(told(job, verdict, tries), &retry.until);
                }
                Ok(false) => self.pause(job, attempt, limits),
                Err(why) => return self.unsettled(job, why),
            }
            attempt += 1;
            if self.outside.cancelled() {
                return stopped(verdict, &format!("try {attempt} of {}", limits.most));
            }
        }
    }

    fn pause(&self, job: &Job<'_>, attempt: u32, limits: &Limits) {
        let Limits { most, delay } = limits;
        if job.control.privacy == Privacy::Open {
            let seconds = delay.as_secs();
            let text = format!("try {attempt} of {most} failed; next try in {seconds} s");
            self.outside.reply(Reply::Progress { task: job.number, text });
        }
        self.sleep(*delay);
    }

    /// Lets time pass, unless the run is to stop.
    pub(super) fn sleep(&self, time: Duration) {
        let start = Instant::now();
        while !self.outside.cancelled() {
            let left = time.saturating_sub(start.elapsed());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left.min(GLANCE));
        }
    }

    /// In this process.
    fn try_here(
        &mut self,
        job: &Job<'_>,
        names: &Names,
        spec: &TaskSpec,
        start: TaskStart,
        worn: &Worn,
    ) -> Result<(Tried, RunMode), Untried> {
        self.foreseen_by_others(job, None)?;
        let (task, diff) = (job.task, self.plan.settings.diff);
        let input = Input { task, diff, names, kept: start.kept, result: start.result };
        let tried = self.machine.with(job.control.check, |host, mode| {
            host.begin_task(start);
            (worn.act(|| converge(spec, &input, host)), mode)
        });
        let none = || failure("there is no host: this is a bug in hep");
        let (tried, mode) = tried.ok_or_else(none)?;
        let tried = tried.map_err(Failure::from)?;
        self.foresee(job, None, &tried);
        Ok((tried, mode))
    }

    /// In an agent of that user.
    fn try_there(
        &mut self,
        job: &Job<'_>,
        user: &String,
        spec: TaskSpec,
        start: TaskStart,
    ) -> Result<(Tried, RunMode), Untried> {
        self.foreseen_by_others(job, Some(user))?;
        let sources = job.task.sources.clone();
        let task = Task { sources, ..Task::of(job.task.name.clone(), Spec::Typed(Arc::new(spec))) };
        let Settings { diff, mode, .. } = self.plan.settings;
        let check = job.control.check;
        let errand = Errand { task, start, diff, mode, check };
        let done = self.helpers.attempt(user, errand, self.outside)?;
        self.foresee(job, Some(user), &done.0);
        Ok(done)
    }

    /// In check mode nobody's overlay shows what another's tasks would have changed.
    fn foreseen_by_others(&self, job: &Job<'_>, user: Option<&String>) -> Result<(), Untried> {
        match self.helpers.depends(user).filter(|_| self.is_checked(job)) {
            Some(cause) => Err(Untried::Open(cause)),
            None => Ok(()),
        }
    }

    fn foresee(&mut self, job: &Job<'_>, user: Option<&String>, tried: &Tried) {
        let would = !tried.details.changes.is_empty() || tried.unforeseen;
        if would && self.is_checked(job) {
            self.helpers.foresee(user.cloned());
        }
    }

    /// Whether the task is run on the overlay that the whole run has, and its user's agent is not everybody's.
    fn is_checked(&self, job: &Job<'_>) -> bool {
        let looks = job.task.spec.about().effect != Effect::None;
        let kept = match job.control.check {
            CheckPolicy::AsRun => self.plan.settings.mode == RunMode::Check,
            CheckPolicy::Always | CheckPolicy::Never => false,
        };
        looks && kept && self.helpers.can_be() && !may_switch()
    }

    /// One try.
    fn attempt(&mut self, job: &Job<'_>, names: &Names) -> Verdict {
        let user = match self.user(job, names) {
            Ok(user) => user,
            Err(why) => return self.unsettled(job, why),
        };
        let Rendered { spec, env, doubt } = match self.rendered(job, names, user.as_deref()) {
            Ok(rendered) => rendered,
            Err(why) => return self.unsettled(job, why),
        };
        let user = user.filter(|_| job.task.spec.about().effect != Effect::None);
        let actor = match self.actor_of(job, user) {
            Ok(actor) => actor,
            Err(why) => return self.unsettled(job, why),
        };
        let kept = self.room.map_or_else(Kept::default, Kept);
        let result = self.room.map(|_| names.dialect());
        let privacy = job.control.privacy;
        let start = TaskStart { number: job.number, env, privacy, kept, result };
        let tried = match actor {
            Actor::Here(worn) => self.try_here(job, names, &spec, start, &worn),
            Actor::There(user) => self.try_there(job, &user, spec.into_owned(), start),
        };
        let (mut tried, mode) = match tried {
            Ok(tried) => tried,
            Err(Untried::Failed(failure)) => return Verdict::failed(failure),
            Err(Untried::Open(cause)) => {
                return self.unsettled(job, Unrendered::Unknown(cause.to_owned()));
            }
        };
        tried.details.notes.extend(doubt);
        if let Some(cause) = tried.depends {
            return self.unsettled(job, Unrendered::Unknown(cause));
        }
        if self.room.is_none() {
            // Nobody reads it.
            tried.missing = Missing::default();
        }
        match &job.control.gives {
            Some(gives) => match given(gives, &tried.set, names) {
                Ok(vars) => {
                    give(gives, vars, names);
                    if self.room.is_some() {
                        tried.data = fields_of_files(gives, vars, names);
                    }
                }
                Err(why) => return self.unsettled(job, why),
            },
            None => {
                for (name, value) in &tried.set {
                    names.register(name, ready(value), 0);
                }
            }
        }
        if !tried.facts.is_empty() {
            names.add_facts(&tried.facts);
            let facts = std::mem::take(&mut tried.facts);
            if self.room.is_some() {
                tried.data.insert(ALL_FACTS.to_owned(), Value::Object(facts));
            }
        }
        judge(job, names, tried, mode)
    }
}

/// Why a try was none.
enum Untried {
    Failed(Failure),
    /// Only a real run would tell what it comes to; on what that depends.
    Open(&'static str),
}

impl From<Failure> for Untried {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

fn limits(retry: &Retry, names: &Names) -> Result<Limits, Unrendered> {
    let most = names.number(&retry.retries, "retries")?.saturating_add(1);
    let delay = Duration::from_secs(names.number(&retry.delay, "delay")?.into());
    Ok(Limits { most, delay })
}

/// Whether no further try is needed.
fn enough(
    job: &Job<'_>,
    names: &Names,
    verdict: &Verdict,
    until: &[Condition],
) -> Result<bool, Unrendered> {
    match (&verdict.certainty, until) {
        // What a program would say is not known, and trying again would not tell.
        (Certainty::Partly(_) | Certainty::Open(_), _) => Ok(true),
        // Nothing more comes of what need not run.
        (Certainty::Known, _) if verdict.needless => Ok(true),
        // What has no end is not what anybody waited for.
        (Certainty::Known, _) if verdict.killed => Ok(false),
        (Certainty::Known, []) => Ok(verdict.details.failure.is_none()),
        (Certainty::Known, until) => {
            conditions(until, &with_result(job, names, verdict, job.one()))
        }
    }
}

/// With the number of tries, where a result has no such field unless it was asked for.
fn told(job: &Job<'_>, verdict: Verdict, attempts: u32) -> Verdict {
    match job.names.dialect() {
        Dialect::Hep => verdict,
        Dialect::Ansible => verdict.with([("attempts", json!(attempts))]),
    }
}

/// The last of the tries. `until` says what success is, where `failed_when` does not.
fn sufficient(job: &Job<'_>, mut verdict: Verdict, until: &[Condition]) -> Verdict {
    if verdict.attempts > 1 {
        verdict.details.notes.push(format!("after {} tries", verdict.attempts));
    }
    let heals = job.names.dialect() == Dialect::Hep;
    if until.is_empty() || job.control.failed_when.is_some() || !heals {
        verdict
    } else {
        forgive(verdict)
    }
}

/// The last of too many tries.
fn exhausted(verdict: Verdict, until: &[Condition]) -> Verdict {
    let tries = match verdict.attempts {
        1 => "1 try".to_owned(),
        tries => format!("{tries} tries"),
    };
    let own = verdict.details.failure.clone();
    let failure = match (own, until) {
        (Some(own), until) if until.is_empty() || verdict.killed => {
            Failure { message: format!("{} ({tries})", own.message), ..own }
        }
        (own, until) => {
            let all: Vec<&str> = until.iter().map(|one| one.0.trim()).collect();
            Failure {
                message: format!("`until` did not hold in {tries}: {}", all.join(" and ")),
                hint: Some("raise `retries` or `delay`".to_owned()),
                ..own.unwrap_or_else(|| verdict.spoken())
            }
        }
    };
    verdict.failed_by(failure)
}

/// What was not done because the run is to stop.
pub(super) fn stopped(verdict: Verdict, before: &str) -> Verdict {
    let error = SysError::new(format!("stopped before {before}"))
        .hint("the run was cancelled or its controller went away; push again");
    verdict.failed_by(error.into())
}
