//! The module `service`.

use super::{Done, Input, Module, Plan};
use crate::nearest::nearest;
use crate::planned::Planned;
use crate::sys::services::{
    Boot, Definition, Presence, Reload, Running, ServiceAction, ServiceJob, ServiceState, Verb,
    script_name, unit_name,
};
use crate::sys::{Cause, Observe, Subject, SysError};
use hep_protocol::action;
use hep_protocol::facts::Init;
use hep_protocol::task::service::{Action, Service};
use hep_protocol::value::ServiceName;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// How long a service may take to reach the wanted state when the task does not say.
const PATIENCE: Duration = Duration::from_secs(90);

/// What was found of a service; nothing where none is named.
pub(crate) type State = Option<Found>;

/// What was found of a service.
#[derive(Debug)]
pub(crate) struct Found {
    service: ServiceState,
    /// The earlier task that would bring it, if it is not there.
    depends: Option<Cause>,
}

/// A service with what is asked of it.
struct Named<'s> {
    name: &'s ServiceName,
    params: &'s Service,
}

impl Module for Service {
    type State = State;

    fn inspect(&self, _input: &Input<'_>, host: &dyn Observe) -> Result<State, SysError> {
        let Some(name) = &self.name else { return Ok(None) };
        match host.service(name, self.pattern.as_deref())? {
            Some(service) => {
                let depends = match service.presence {
                    Presence::Here => None,
                    Presence::Later => host.depends(Subject::Service(name)),
                };
                Ok(Some(Found { service, depends }))
            }
            // Starts may be forbidden of what is not there yet.
            None if self.masked.is_some() && self.action.is_none() && self.enabled.is_none() => {
                let service = ServiceState::fresh(Boot::Disabled);
                Ok(Some(Found { service, depends: None }))
            }
            None => Err(missing(name, host)),
        }
    }

    fn plan(&self, _input: &Input<'_>, state: &State) -> Result<Plan, SysError> {
        let read = || Planned::new(action::Action::Service(ServiceAction::ReadUnits));
        let (Some(name), Some(state)) = (&self.name, state) else {
            return Ok(Plan { steps: vec![read()], ..Plan::default() });
        };
        if state.service.definition == Definition::Stale {
            // What systemd tells of a stale unit may be what its old file said: first it reads anew, then we look anew.
            let refresh = Planned {
                depends: state.depends.clone(),
                ..Planned::new(action::Action::Service(ServiceAction::RefreshUnits))
            };
            return Ok(Plan { steps: vec![refresh], again: true, ..Plan::default() });
        }
        let named = Named { name, params: self };
        let (mask, service) = mask(self, &state.service);
        let act = match self.action {
            Some(action) => act(&named, action, &service)?,
            None => None,
        };
        let boot = match self.enabled {
            Some(wanted) => boot(&named, wanted, &service)?,
            None => None,
        };
        // Enabled before it is started, disabled after it was stopped: cut short, the host is never left with a service
        // that runs now and is gone after the next boot.
        let verbs = if boot == Some(Verb::Disable) { [act, boot] } else { [boot, act] };
        let verbs = mask.into_iter().chain(verbs.into_iter().flatten());
        let steps = verbs.map(|verb| ServiceAction::Act(job(&named, verb)));
        let planned = steps.map(|step| Planned {
            depends: state.depends.clone(),
            ..Planned::new(action::Action::Service(step))
        });
        let steps: Vec<Planned> =
            self.daemon_reload.then(read).into_iter().chain(planned).collect();
        let notes = match &state.depends {
            Some(cause) if steps.is_empty() => {
                vec![format!("{name} is not there yet; it depends on {cause}")]
            }
            Some(_) | None => Vec::new(),
        };
        Ok(Plan { steps, notes, ..Plan::default() })
    }

    fn as_ansible(&self, done: &Done<'_>) -> Map<String, Value> {
        let state = match self.action {
            _ if done.failed => return Map::new(),
            Some(Action::Start | Action::Restart | Action::Reload) => json!("started"),
            Some(Action::Stop) => json!("stopped"),
            None => Value::Null,
        };
        let fields =
            [("name", json!(self.name)), ("state", state), ("enabled", json!(self.enabled))];
        let said = fields.into_iter().filter(|(name, value)| *name == "name" || !value.is_null());
        let status = ("status".to_owned(), json!({}));
        said.map(|(name, value)| (name.to_owned(), value)).chain([status]).collect()
    }
}

fn job(params: &Named<'_>, verb: Verb) -> ServiceJob {
    let Service { pattern, timeout, .. } = params.params;
    ServiceJob {
        name: params.name.clone(),
        verb,
        pattern: pattern.clone(),
        timeout: timeout.map_or(PATIENCE, |seconds| Duration::from_secs(seconds.into())),
    }
}

/// Whether starts have to be forbidden or allowed first, and the service as it is then.
fn mask(params: &Service, state: &ServiceState) -> (Option<Verb>, ServiceState) {
    let verb = match (params.masked, &state.boot) {
        (Some(true), Boot::Enabled | Boot::Disabled | Boot::Fixed(_) | Boot::Unknown) => Verb::Mask,
        (Some(false), Boot::Masked) => Verb::Unmask,
        (Some(true), Boot::Masked)
        | (Some(false), Boot::Enabled | Boot::Disabled | Boot::Fixed(_) | Boot::Unknown)
        | (None, _) => return (None, state.clone()),
    };
    (Some(verb), state.clone().after(verb))
}

/// What has to be done to the service now.
fn act(params: &Named<'_>, action: Action, state: &ServiceState) -> Result<Option<Verb>, SysError> {
    let unknown = |verb| match &state.running {
        Running::Unknown(why) if state.presence == Presence::Here => Err(unclear(params, why)),
        Running::Unknown(_) | Running::Yes | Running::No | Running::Between => Ok(Some(verb)),
    };
    let verb = match (action, &state.running) {
        (Action::Restart, _) => Some(Verb::Restart),
        (Action::Start, Running::Yes) | (Action::Stop, Running::No) => None,
        (Action::Start, Running::No | Running::Between)
        | (Action::Reload, Running::No | Running::Between) => Some(Verb::Start),
        (Action::Stop, Running::Yes | Running::Between) => Some(Verb::Stop),
        (Action::Reload, Running::Yes) => Some(Verb::Reload),
        (Action::Start, Running::Unknown(_)) => unknown(Verb::Start)?,
        (Action::Stop, Running::Unknown(_)) => unknown(Verb::Stop)?,
        (Action::Reload, Running::Unknown(_)) => unknown(Verb::Reload)?,
    };
    match verb {
        Some(verb @ (Verb::Start | Verb::Restart | Verb::Reload)) if state.boot == Boot::Masked => {
            Err(masked(params, verb))
        }
        Some(Verb::Reload) if state.reload == Reload::Impossible => {
            Err(SysError::new(format!("cannot reload {}: it has no way to reload", params.name))
                .hint("write `action: restart`"))
        }
        Some(_) | None => Ok(verb),
    }
}

/// What has to be done about the service's start when the host boots.
fn boot(params: &Named<'_>, wanted: bool, state: &ServiceState) -> Result<Option<Verb>, SysError> {
    match (wanted, &state.boot) {
        (true, Boot::Enabled) | (false, Boot::Disabled | Boot::Masked | Boot::Fixed(_)) => Ok(None),
        (true, Boot::Disabled | Boot::Unknown) => Ok(Some(Verb::Enable)),
        (false, Boot::Enabled | Boot::Unknown) => Ok(Some(Verb::Disable)),
        (true, Boot::Masked) => Err(masked(params, Verb::Enable)),
        (true, Boot::Fixed(word)) => Err(fixed(params, word)),
    }
}

fn masked(params: &Named<'_>, verb: Verb) -> SysError {
    let name = params.name;
    SysError::new(format!("cannot {verb} {name}: it is masked, which forbids every start"))
        .hint(format!("`systemctl unmask {name}` on the host lifts that"))
}

/// Why a unit cannot be enabled, by systemd's word for its state (systemctl(1), `is-enabled`).
fn fixed(params: &Named<'_>, word: &str) -> SysError {
    let (why, hint) = match word {
        "static" => (
            "its unit is static: without an [Install] section it is started only by other units",
            "leave `enabled` out, or enable the unit that starts it (often its .socket or .timer)",
        ),
        "indirect" => (
            "its unit is indirect: it is enabled through another unit",
            "name the unit that its `Also=` names",
        ),
        "generated" => (
            "its unit is generated: what it is made from decides",
            "leave `enabled` out; `systemctl show -p SourcePath` names that file",
        ),
        _ => ("its unit cannot be enabled", "leave `enabled` out"),
    };
    let more = if why.contains(word) { String::new() } else { format!(" ({word})") };
    SysError::new(format!("cannot enable {}: {why}{more}", params.name)).hint(hint)
}

fn unclear(params: &Named<'_>, why: &str) -> SysError {
    SysError::new(format!("cannot tell whether {} runs: {why}", params.name)).hint(
        "add `pattern:` with a text of its process's command line, or write `action: restart`",
    )
}

/// Names what was looked for, and what is there that is called nearly so.
fn missing(name: &ServiceName, host: &dyn Observe) -> SysError {
    let sought = match host.service_manager() {
        Init::Systemd => "systemd knows no unit",
        Init::Sysv => "systemd does not run, and there is no script",
    };
    let file = match host.service_manager() {
        Init::Systemd => unit_name(name),
        Init::Sysv => format!("/etc/init.d/{}", script_name(name)),
    };
    // Only a hint rests on the list: without it the error is still the whole truth.
    let names = host.services().unwrap_or_default();
    let near = nearest(script_name(name), names.iter().map(String::as_str));
    let hint = match near.as_slice() {
        [] => "correct `name`, or install the package that brings it in an earlier task".to_owned(),
        near => format!("the nearest names are: {}", near.join(", ")),
    };
    SysError::new(format!("there is no service {name}: {sought} {file}")).hint(hint)
}

#[cfg(test)]
mod tests;
