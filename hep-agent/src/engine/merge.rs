//! A loop over packages as one transaction, where that is the same to the user: apt is asked and run once instead of once
//! an element, and still each element has a result of its own.
//!
//! It is done for elements whose parameters differ in `package` alone, and only when nothing asks for the result of one
//! try. When the transaction fails, each element is tried by itself, so that errors are those of one element, and what the
//! transaction did change until then counts for the elements it belongs to.
//!
//! Loops over `file` are not merged: an element costs a few system calls and no process, and has no transaction to share.

mod share;
#[cfg(test)]
mod tests;

use super::Walk;
use super::judge::judge;
use super::loops::locals;
use super::rights::Actor;
use super::task::{Job, conditions};
use super::verdict::Verdict;
use crate::converge::{Tried, converge};
use crate::module::Input;
use crate::render::{Names, Rendered};
use crate::sys::packages::Gap;
use crate::sys::{Host, Kept, TaskStart};
use hep_protocol::outcome::{Change, Details, Failure};
use hep_protocol::plan::{Control, Loop, RunMode};
use hep_protocol::task::TaskSpec;
use hep_protocol::task::apt::{self, Action, Apt};
use hep_protocol::value::{OneOrMany, Package};
use serde_json::Value;
use share::shares;
use std::collections::{BTreeMap, VecDeque};

/// The elements' shares in a transaction of all of them; of a loop that is not merged, none.
#[derive(Default)]
pub(super) struct Merged(VecDeque<Share>);

/// What became of one element.
enum Share {
    /// All that it asks for.
    Done(Box<Verdict>),
    /// It is to be tried by itself; this was changed for it already, before the transaction failed like this.
    Anew(Vec<Change>, Failure),
}

impl Merged {
    /// Whether the next element's end is known before its turn.
    pub(super) fn is_done(&self) -> bool {
        matches!(self.0.front(), Some(Share::Done(_)))
    }

    /// The next element's turn.
    pub(super) fn next(&mut self, walk: &mut Walk<'_>, job: &Job<'_>, names: &Names) -> Verdict {
        match self.0.pop_front() {
            Some(Share::Done(verdict)) => *verdict,
            Some(Share::Anew(made, broken)) if !made.is_empty() => {
                let mut verdict = walk.once(job, names);
                // Nothing was run for it: it is not done since the transaction broke at it, and only that one's words
                // say why.
                if let Some(own) = verdict.details.failure.as_mut().filter(|own| own.exit.is_none())
                {
                    *own = broken;
                }
                verdict.details.changes.splice(0..0, made);
                verdict.acted()
            }
            Some(Share::Anew(..)) | None => walk.once(job, names),
        }
    }
}

/// What the elements ask for together.
struct Parts {
    /// Of each element; `None` where its condition does not hold.
    each: Vec<Option<Apt>>,
    all: Apt,
    env: BTreeMap<String, String>,
    /// The user whose rights they all need, if not the process's.
    user: Option<String>,
}

impl Walk<'_> {
    /// Runs all elements of a loop at once, if that is the same to the user.
    pub(super) fn merged(&mut self, job: &Job<'_>, each: &Loop, elements: &[Value]) -> Merged {
        let Some(parts) = self.parts(job, each, elements) else { return Merged::default() };
        // An element by itself says best what is wrong with its user, and is what the agent of another is asked for.
        let Ok(Actor::Here(actor)) = self.actor_of(job, parts.user.clone()) else {
            return Merged::default();
        };
        let (number, privacy, kept) = (job.number, job.control.privacy, Kept::default());
        let start = TaskStart { number, env: parts.env.clone(), privacy, kept, result: None };
        let diff = self.plan.settings.diff;
        let input = Input { task: job.task, diff, names: &job.names, kept, result: None };
        let ran = self.machine.with(job.control.check, |host, mode| {
            host.begin_task(start);
            (actor.act(|| together(&parts, &input, host)).ok().flatten(), mode)
        });
        match ran {
            Some((Some(run), mode)) => Merged(run.shared(&parts, job, mode)),
            Some((None, _)) | None => Merged::default(),
        }
    }

    /// What the elements ask for, if they can be run together. No element's condition or parameters see the result of
    /// another, for that has no name before the loop has ended.
    fn parts(&self, job: &Job<'_>, each: &Loop, elements: &[Value]) -> Option<Parts> {
        let Control { retry, changed_when, failed_when, .. } = job.control;
        let judged = retry.is_some() || changed_when.is_some() || failed_when.is_some();
        if job.task.spec.module() != apt::ABOUT.name || judged || elements.len() < 2 {
            return None;
        }
        let (mut specs, mut known) = (Vec::new(), None);
        for (round, _) in (0_u32..).zip(elements) {
            let names = job.names.with_locals(locals(each, round, elements));
            if !conditions(&job.control.when, &names).ok()? {
                specs.push(None);
                continue;
            }
            let Rendered { spec, env, doubt: _ } =
                names.task(job.task, self.outside, &|_| None).ok()?;
            let TaskSpec::Apt(apt) = spec.into_owned() else { return None };
            let same = (env, self.user(job, &names).ok()?);
            if known.get_or_insert_with(|| same.clone()) != &same {
                return None;
            }
            specs.push(Some(apt));
        }
        let (env, user) = known?;
        Some(Parts { all: union(&specs)?, each: specs, env, user })
    }
}

/// The parameters that ask for all at once; `None` unless they say the same of different packages.
fn union(specs: &[Option<Apt>]) -> Option<Apt> {
    let mut named = specs.iter().flatten();
    let first = named.next()?;
    let bare = |apt: &Apt| Apt { package: OneOrMany::default(), ..apt.clone() };
    let common = bare(first);
    if !fits(&common) || named.next().is_none() {
        return None;
    }
    let (mut packages, mut versions) = (Vec::new(), BTreeMap::new());
    for apt in specs.iter().flatten() {
        if bare(apt) != common || apt.package.is_empty() {
            return None;
        }
        for package in apt.package.iter() {
            let Package::Named { name, arch: None, version } = package else { return None };
            if name.is_pattern() {
                return None;
            }
            match versions.insert(name.clone(), version.clone()) {
                None => packages.push(package.clone()),
                Some(known) if known == *version => {}
                // One after the other these would be two steps.
                Some(_) => return None,
            }
        }
    }
    Some(Apt { package: OneOrMany(packages), ..common })
}

/// Whether what these parameters do to one package is independent of the others.
fn fits(common: &Apt) -> bool {
    let action = match common.action {
        Action::Install | Action::Latest | Action::Remove | Action::Purge => true,
        Action::BuildDep => false,
    };
    let more = common.autoremove
        || common.recover
        || common.allow_removals
        || common.upgrade.is_some()
        || common.hold.is_some()
        || !common.debconf.is_empty();
    action && !more
}

/// What running all elements at once came to.
struct Together {
    /// What belongs to each element that asks for something, changed before any failure.
    shares: Vec<Vec<Change>>,
    notes: Vec<String>,
    failure: Option<Failure>,
}

/// Runs all at once; `None` when the host cannot be looked at, or when it is not certain what apt would find.
fn together(parts: &Parts, input: &Input<'_>, host: &mut dyn Host) -> Option<Together> {
    match host.package_index().ok()?.gap {
        // Lines would have to say what they depend on, each its own.
        Some(Gap::Step(_)) => return None,
        Some(Gap::Refresh) | None => {}
    }
    let before = host.packages().ok()?;
    let spec = TaskSpec::Apt(parts.all.clone());
    let Details { changes, notes, failure } = converge(&spec, input, host).details;
    let after = host.packages().ok()?;
    let asked: Vec<&Apt> = parts.each.iter().flatten().collect();
    let mut shares = shares(&asked, &before, &after);
    if shares.iter().all(Vec::is_empty)
        && let Some(first) = shares.first_mut()
    {
        // Something else than which packages there are.
        *first = changes;
    }
    Some(Together { shares, notes, failure })
}

impl Together {
    fn shared(self, parts: &Parts, job: &Job<'_>, mode: RunMode) -> VecDeque<Share> {
        let Self { shares, mut notes, failure } = self;
        let mut shares = shares.into_iter();
        let mut share = |part: &Option<Apt>| match (part, &failure) {
            (None, None) => Share::Done(Box::new(Verdict::skipped())),
            (None, Some(failure)) => Share::Anew(Vec::new(), failure.clone()),
            (Some(_), Some(failure)) => {
                Share::Anew(shares.next().unwrap_or_default(), failure.clone())
            }
            (Some(_), None) => {
                let changes = shares.next().unwrap_or_default();
                Share::Done(Box::new(verdict(changes, std::mem::take(&mut notes), job, mode)))
            }
        };
        parts.each.iter().map(&mut share).collect()
    }
}

fn verdict(changes: Vec<Change>, notes: Vec<String>, job: &Job<'_>, mode: RunMode) -> Verdict {
    let details = Details { changes, notes, failure: None };
    judge(job, &job.names, Tried { details, ..Tried::default() }, mode)
}
