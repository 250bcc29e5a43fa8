//! What a try means, by what its module and the task say about changes and failures.

use super::task::{Job, conditions, with_result};
use super::verdict::{Certainty, FORESEEN, UNDECIDED, Verdict};
use crate::converge::Tried;
use crate::module::RAN;
use crate::render::{Names, Unrendered};
use hep_protocol::dialect::Dialect;
use hep_protocol::outcome::{Change, Failure, Status};
use hep_protocol::plan::{Condition, OnError, RunMode};
use serde_json::{Map, Value, json};

/// What a try means.
pub(super) fn judge(job: &Job<'_>, names: &Names, tried: Tried, mode: RunMode) -> Verdict {
    let Tried {
        mut details,
        mut data,
        missing,
        unforeseen,
        killed,
        skipped,
        set: _,
        facts: _,
        depends: _,
    } = tried;
    if data.remove(RAN).is_some() && details.changes.is_empty() {
        details.changes.push(Change::new("ran"));
    }
    details.notes.extend(missing.notes());
    let certainty = match (unforeseen, &job.task.on_error) {
        (false, _) => Certainty::Known,
        (true, OnError::Stop) => Certainty::Partly(FORESEEN),
        // Had the program failed, the run would go on, and it would count as nothing changed.
        (true, OnError::GoOn | OnError::Ask(_)) => Certainty::Partly(UNDECIDED),
    };
    let status = if details.failure.is_some() { Status::Failed } else { Status::Ok };
    let acts = match mode {
        RunMode::Apply => Status::Changed,
        RunMode::Check => Status::Pending,
    };
    let needless = status == Status::Ok && certainty == Certainty::Known && !ran(job, &data);
    let (truncated, foreign) = (missing.is_cut(), missing.is_foreign());
    let verdict = Verdict { details, data, certainty, acts, ..Verdict::of(status) };
    let verdict = Verdict { truncated, foreign, needless, killed, ..verdict }.acted();
    if skipped {
        return Verdict { status: Status::Skipped, ..verdict };
    }
    let (changed_when, failed_when) = (&job.control.changed_when, &job.control.failed_when);
    // A program that `creates` or `removes` made needless has changed nothing, and has not failed.
    if needless || (changed_when.is_none() && failed_when.is_none()) {
        return verdict;
    }
    let asked = |all: &Option<Vec<Condition>>, seen: &Verdict| {
        let names = with_result(job, names, seen, job.one());
        all.as_ref().map(|all| conditions(all, &names))
    };
    let failed = match verdict.killed {
        false => asked(failed_when, &verdict),
        // It has no end that a condition could call a success; one that does not read its result still may.
        true => {
            asked(failed_when, &Verdict::open(String::new())).filter(|f| matches!(f, Ok(false)))
        }
    };
    let changed = asked(changed_when, &verdict);
    let in_result = names.dialect() == Dialect::Ansible;
    let said = [failed_when_result(&failed), changed_when_result(&changed)];
    let verdict = match failed {
        Some(failed) => judged_failed(verdict, failed, failed_when.as_deref().unwrap_or_default()),
        None => verdict,
    };
    let verdict = match changed {
        Some(changed) => judged_changed(verdict, changed),
        None => verdict,
    };
    if in_result { verdict.with(said.into_iter().flatten()) } else { verdict }
}

/// What a condition came to.
type Asked = Option<Result<bool, Unrendered>>;

/// What Ansible's result says of `failed_when`.
fn failed_when_result(asked: &Asked) -> Option<(&'static str, Value)> {
    let value = match asked.as_ref()? {
        Ok(failed) => json!(failed),
        Err(why) => json!(why.words()),
    };
    Some(("failed_when_result", value))
}

/// What it says of `changed_when`: only what is wrong with it.
fn changed_when_result(asked: &Asked) -> Option<(&'static str, Value)> {
    let why = asked.as_ref()?.as_ref().err()?;
    Some(("changed_when_result", json!(why.words())))
}

/// Whether the task's program ran; a module that runs none counts as one that did what it does.
fn ran(job: &Job<'_>, data: &Map<String, Value>) -> bool {
    !job.task.spec.about().runs_program() || data.contains_key("rc")
}

fn judged_failed(
    mut verdict: Verdict,
    failed: Result<bool, Unrendered>,
    conditions: &[Condition],
) -> Verdict {
    match failed {
        Ok(true) => {
            let all: Vec<&str> = conditions.iter().map(|one| one.0.trim()).collect();
            let message = format!("`failed_when` holds: {}", all.join(" and "));
            let own = verdict.details.failure.take();
            let own = own.unwrap_or_else(|| Failure { message, ..verdict.spoken() });
            verdict.failed_by(own)
        }
        Ok(false) => forgive(verdict),
        Err(Unrendered::Unknown(cause)) => {
            verdict.details.notes.push(format!("whether it fails depends on {cause}"));
            verdict
        }
        Err(Unrendered::Wrong(error)) => verdict.failed_by(error.about("`failed_when`").into()),
    }
}

/// A try that, against its module's word, did not fail.
pub(super) fn forgive(mut verdict: Verdict) -> Verdict {
    let Some(own) = verdict.details.failure.take() else { return verdict };
    if std::mem::take(&mut verdict.killed) {
        verdict.details.changes.push(Change::new(own.message));
    } else if !verdict.data.contains_key("rc") {
        verdict.details.notes.push(format!("no failure to the task: {}", own.message));
    } else if verdict.details.changes.is_empty() {
        // A command that ended with another code than 0 has run all the same.
        let line = "ran, and its exit code counts as success";
        verdict.details.changes.push(Change::new(line));
    }
    verdict.status = Status::Ok;
    verdict.acted()
}

fn judged_changed(mut verdict: Verdict, changed: Result<bool, Unrendered>) -> Verdict {
    match changed {
        Ok(changed) => {
            if verdict.certainty == Certainty::Partly(UNDECIDED) {
                verdict.certainty = Certainty::Partly(FORESEEN);
            }
            if changed { with_change(verdict) } else { without_change(verdict) }.acted()
        }
        Err(Unrendered::Unknown(cause)) => {
            let line = format!("whether it changes something depends on {cause}");
            verdict.details.changes.push(Change::new(line));
            verdict.certainty = Certainty::Partly(UNDECIDED);
            let failed = verdict.status == Status::Failed;
            Verdict { status: if failed { Status::Failed } else { Status::Pending }, ..verdict }
        }
        Err(Unrendered::Wrong(error)) => verdict.failed_by(error.about("`changed_when`").into()),
    }
}

fn with_change(mut verdict: Verdict) -> Verdict {
    if verdict.details.changes.is_empty() {
        verdict.details.changes.push(Change::new("changed, according to `changed_when`"));
    }
    verdict
}

/// What was done to the host is told all the same; that a command ran is no news.
fn without_change(mut verdict: Verdict) -> Verdict {
    let changes = std::mem::take(&mut verdict.details.changes);
    if !verdict.data.contains_key("rc") && verdict.certainty == Certainty::Known {
        verdict.details.notes.extend(changes.into_iter().map(|change| change.line));
    }
    verdict
}
