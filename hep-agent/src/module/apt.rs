//! The module `apt`: packages as the task says, in as few runs of apt as possible, and none if all is well.

mod guard;
mod request;
#[cfg(test)]
mod tests;

use super::{Done, Input, Module, Plan};
use crate::planned::Planned;
use crate::sys::packages::*;
use crate::sys::{Observe, SysError};
use hep_protocol::action;
use hep_protocol::task::apt::{Action, Apt, Debconf};
use hep_protocol::value::{AbsPath, Package};
use request::{Facts, Request};
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long another package manager is waited for unless the task says otherwise.
const PATIENCE: Duration = Duration::from_secs(300);

/// What was found, and what apt would make of it.
pub(crate) struct State {
    /// Whether this run may change packages.
    allowed: bool,
    facts: Facts,
    /// What is to be asked of apt.
    request: Request,
    /// What apt would do; `None` where it was not asked, because there is nothing to do or something comes first.
    outlook: Option<Outlook>,
    /// The answers that debconf has to the task's questions.
    answers: BTreeMap<String, String>,
}

/// What apt would do.
struct Outlook {
    transaction: Transaction,
    deltas: Vec<Delta>,
    /// What would go because nothing needs it any more.
    superfluous: Vec<Delta>,
}

impl Module for Apt {
    type State = State;

    fn inspect(&self, _input: &Input<'_>, host: &dyn Observe) -> Result<State, SysError> {
        meant(self).look(host)
    }

    fn plan(&self, input: &Input<'_>, state: &State) -> Result<Plan, SysError> {
        meant(self).decide(state, input.as_ansible())
    }

    fn as_ansible(&self, done: &Done<'_>) -> Map<String, Value> {
        let lists = AbsPath::try_from("/var/lib/apt/lists".to_owned()).ok();
        let lists = lists.and_then(|path| done.host.lstat(&path).ok().flatten());
        let fields = [
            (REFRESHED, json!(done.data.contains_key(REFRESHED))),
            ("cache_update_time", json!(lists.and_then(|meta| meta.mtime).unwrap_or_default())),
        ];
        let said = ["stdout", "stderr"].map(|name| {
            let text = done.data.get(name).cloned();
            (name, text.unwrap_or_else(|| json!("")))
        });
        fields.into_iter().chain(said).map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// The field that says whether the package index was read anew.
const REFRESHED: &str = "cache_updated";

/// The parameters with the action that is meant.
fn meant(params: &Apt) -> Meant<'_> {
    match (params.action, params.purge) {
        (Action::Remove, true) => {
            Meant(Cow::Owned(Apt { action: Action::Purge, ..params.clone() }))
        }
        (Action::Remove, false)
        | (Action::Install | Action::Latest | Action::Purge | Action::BuildDep, _) => {
            Meant(Cow::Borrowed(params))
        }
    }
}

/// Parameters whose action says all.
struct Meant<'a>(Cow<'a, Apt>);

impl std::ops::Deref for Meant<'_> {
    type Target = Apt;

    fn deref(&self) -> &Apt {
        &self.0
    }
}

impl Meant<'_> {
    fn look(&self, host: &dyn Observe) -> Result<State, SysError> {
        let mut state = look(self, host)?;
        if self.recover && state.facts.database.is_interrupted() {
            // It may not be interrupted but at work; when it is done, all is to be judged anew.
            host.settle(patience(self))?;
            state = look(self, host)?;
        }
        if first(self, &state.facts).is_empty() && acts(self, &state) {
            // What another package manager is changing now is not what apt will find.
            host.settle(patience(self))?;
            if host.packages()? != state.facts.database {
                state = look(self, host)?;
            }
            if acts(self, &state) && guard::finished(&state.facts, self).is_ok() {
                state.outlook = Some(outlook(self, &state.request, host)?);
            }
        }
        Ok(state)
    }

    fn decide(&self, state: &State, as_ansible: bool) -> Result<Plan, SysError> {
        let first = first(self, &state.facts);
        let (steps, again) =
            if first.is_empty() { (main_steps(self, state)?, false) } else { (first, true) };
        if !steps.is_empty() && !state.allowed {
            return Err(SysError::new(format!(
                "only root may change packages: {}",
                steps_in_words(&steps)
            ))
            .needs_root());
        }
        let planned = |step| Planned {
            depends: depends(state, &step),
            ..Planned::new(action::Action::Package(step))
        };
        let refreshes = steps.iter().any(|step| matches!(step, PackageAction::Refresh { .. }));
        let steps = steps.into_iter().map(planned).collect();
        let data = (as_ansible && refreshes).then(|| (REFRESHED.to_owned(), json!(true)));
        Ok(Plan { steps, again, data: data.into_iter().collect(), ..Plan::default() })
    }
}

fn steps_in_words(steps: &[PackageAction]) -> String {
    steps.iter().map(PackageAction::to_string).collect::<Vec<_>>().join("; ")
}

/// A step with packages that only an earlier step's real run would make known rests on that step.
fn depends(state: &State, step: &PackageAction) -> Option<crate::sys::Cause> {
    let unforeseen = match step {
        PackageAction::Transact(step) => step.foreseen.iter().any(|d| d.to == After::Unforeseen),
        PackageAction::Refresh { .. }
        | PackageAction::Recover { .. }
        | PackageAction::Answer { .. }
        | PackageAction::MarkManual { .. }
        | PackageAction::Hold { .. } => false,
    };
    match (&state.request.depends, &state.facts.index.gap) {
        _ if !unforeseen => None,
        (Some(cause), _) | (None, Some(Gap::Step(cause))) => Some(cause.clone()),
        (None, Some(Gap::Refresh) | None) => None,
    }
}

fn patience(params: &Apt) -> Duration {
    params.lock_timeout.map_or(PATIENCE, |seconds| Duration::from_secs(seconds.into()))
}

/// Reads what needs no process (but package files, which dpkg-deb has to open).
fn look(params: &Apt, host: &dyn Observe) -> Result<State, SysError> {
    let mut facts = Facts {
        database: host.packages()?,
        index: host.package_index()?,
        files: BTreeMap::new(),
        catalogue: None,
    };
    let (mut request, mut answers) = (Request::default(), BTreeMap::new());
    for package in params.package.iter() {
        if let Package::File(path) = package {
            let file = host.package_file(path)?.ok_or_else(|| {
                SysError::new(format!("there is no package file {path} on the host"))
                    .hint("a `file` task before this one can bring it")
            })?;
            facts.files.insert(path.clone(), file);
        }
    }
    if first(params, &facts).is_empty() {
        if request::needs_catalogue(params, &facts.database) {
            facts.catalogue = Some(host.catalogue()?);
        }
        request = request::request(params, &facts)?;
        if !params.debconf.is_empty() {
            let questions: Vec<&str> = params.debconf.iter().map(|d| d.question.as_str()).collect();
            answers = host.answers(&questions)?;
        }
    }
    Ok(State { allowed: host.may_change_packages(), facts, request, outlook: None, answers })
}

/// What has to come before the host can be judged: a finished dpkg, a fresh index.
fn first(params: &Apt, facts: &Facts) -> Vec<PackageAction> {
    let mut steps = Vec::new();
    if params.recover && guard::finished(facts, params).is_err() {
        let names = request::strangers(params, facts);
        steps.push(PackageAction::Recover { names, patience: patience(params) });
    }
    let valid = params.cache_valid_time.map(|seconds| Duration::from_secs(seconds.into()));
    let fresh = facts.index.age.zip(valid).is_some_and(|(age, valid)| age <= valid);
    if params.update_cache && !facts.index.refreshed && !fresh {
        steps.push(PackageAction::Refresh { patience: patience(params) });
    }
    steps
}

/// Whether apt has to be asked, or would be if it could know all names.
fn acts(params: &Apt, state: &State) -> bool {
    let Request { targets, unforeseen, .. } = &state.request;
    !targets.is_empty() || !unforeseen.is_empty() || params.upgrade.is_some() || params.autoremove
}

/// Asks apt what it would do.
fn outlook(params: &Apt, request: &Request, host: &dyn Observe) -> Result<Outlook, SysError> {
    let mut transaction = transaction(params, request);
    let asks = !request.targets.is_empty() || params.upgrade.is_some();
    let mut deltas = if asks { host.simulate(&transaction, None)? } else { Vec::new() };
    let mut superfluous = Vec::new();
    if params.autoremove {
        transaction.options.autoremove = true;
        let all = host.simulate(&transaction, None)?;
        let more = all.iter().filter(|delta| guard::goes(delta) && !deltas.contains(delta));
        superfluous = more.cloned().collect();
        deltas = all;
    }
    deltas.extend(request.unforeseen.iter().cloned());
    Ok(Outlook { transaction, deltas, superfluous })
}

fn transaction(params: &Apt, request: &Request) -> Transaction {
    let default = || vec!["force-confdef".to_owned(), "force-confold".to_owned()];
    let verb = match (params.action, params.upgrade) {
        (_, Some(upgrade)) => Verb::Upgrade(upgrade),
        (_, None) if request.targets.is_empty() => Verb::Autoremove,
        (Action::Install | Action::Latest, None) => Verb::Install,
        (Action::Remove, None) => Verb::Remove,
        (Action::Purge, None) => Verb::Purge,
        (Action::BuildDep, None) => Verb::BuildDep,
    };
    Transaction {
        verb,
        targets: request.targets.clone(),
        options: Options {
            recommends: params.install_recommends,
            release: params.default_release.clone(),
            dpkg: params.dpkg_options.clone().unwrap_or_else(default),
            autoremove: false,
            downgrades: params.allow_downgrade,
            held: params.hold.is_some(),
            removals: false,
            policy: params.policy_rc_d,
            patience: patience(params),
        },
    }
}

/// What makes the host as the task says.
fn main_steps(params: &Apt, state: &State) -> Result<Vec<PackageAction>, SysError> {
    let patience = patience(params);
    let installs = matches!(params.action, Action::Install | Action::Latest);
    if acts(params, state) {
        guard::finished(&state.facts, params)?;
    }
    let mut steps = Vec::new();
    let hold = |to| {
        let names = to_hold(state, to);
        (!names.is_empty()).then_some(PackageAction::Hold { names, to, patience })
    };
    let (release, keep) = match params.hold {
        None => (None, None),
        Some(true) => (None, hold(Hold::Keep)),
        Some(false) => (hold(Hold::Release), None),
    };
    steps.extend(release);
    if installs {
        let answers = params.debconf.iter().filter(|answer| differs(answer, state));
        steps.extend(answers.cloned().map(|answer| PackageAction::Answer { answer, patience }));
    }
    // apt's simulation has no line for a version that is there and only to be configured.
    let unfinished = installs && !request::broken_targets(state).is_empty();
    let acting = |outlook: &&Outlook| unfinished || !outlook.deltas.is_empty();
    if let Some(outlook) = state.outlook.as_ref().filter(acting) {
        guard::allowed(params, state, outlook)?;
        steps.push(PackageAction::Transact(Box::new(transact(state, outlook))));
    }
    let names = auto_names(state);
    if installs && !names.is_empty() {
        steps.push(PackageAction::MarkManual { names, patience });
    }
    steps.extend(keep);
    Ok(steps)
}

/// The step for apt: what was asked for first, in the task's order, then the rest by name.
fn transact(state: &State, outlook: &Outlook) -> Transact {
    let database = &state.facts.database;
    let place =
        |delta: &Delta| state.request.meant.iter().position(|meant| meant.is(delta, database));
    let mut foreseen = outlook.deltas.clone();
    foreseen.sort_by_cached_key(|delta| {
        (place(delta).unwrap_or(usize::MAX), delta.name.clone(), delta.arch.clone())
    });
    let asked = foreseen.iter().filter(|delta| place(delta).is_some()).count();
    let mut transaction = outlook.transaction.clone();
    transaction.options.removals = foreseen.iter().any(guard::goes);
    Transact { transaction, foreseen, asked }
}

/// A package's name as dpkg and apt-mark take it.
fn full_name(meant: &request::Meant) -> String {
    match &meant.arch {
        Some(arch) => format!("{}:{arch}", meant.name),
        None => meant.name.clone(),
    }
}

/// The packages that the task means and whose hold is not as wanted.
fn to_hold(state: &State, hold: Hold) -> Vec<String> {
    let wrong = |meant: &&request::Meant| {
        let entry = state.facts.database.get(&meant.name, meant.arch.as_deref());
        let held = entry.is_some_and(|entry| entry.want == Want::Hold);
        held == (hold == Hold::Release)
    };
    state.request.meant.iter().filter(wrong).map(full_name).collect()
}

/// The packages that the task names, that came for others only, and that apt will not touch: as apt-get install would, the
/// task says that they are wanted for themselves, so that no autoremove takes them.
fn auto_names(state: &State) -> Vec<String> {
    let database = &state.facts.database;
    let asked = |meant: &request::Meant| {
        let mut changed = state.outlook.iter().flat_map(|outlook| &outlook.deltas);
        changed.any(|delta| meant.is(delta, database))
    };
    let auto = |meant: &&request::Meant| {
        let entry = database.get(&meant.name, meant.arch.as_deref());
        meant.by_name
            && entry.is_some_and(|entry| entry.is_installed() && entry.auto)
            && !asked(meant)
    };
    state.request.meant.iter().filter(auto).map(full_name).collect()
}

/// Whether debconf has another answer. A password is forgotten once it was used, so it counts only before the package is
/// there.
fn differs(answer: &Debconf, state: &State) -> bool {
    if answer.kind == "password" {
        let entry = state.facts.database.get(&answer.package, None);
        entry.is_none_or(|entry| !entry.is_present())
    } else {
        state.answers.get(&answer.question) != Some(&answer.value)
    }
}
