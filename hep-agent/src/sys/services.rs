//! Services, of systemd or SysV: what is known of them, and what is done to them.

pub(crate) mod script;

use super::{Effect, SysError};
pub(crate) use hep_protocol::action::services::{ServiceAction, ServiceJob, Verb};
use hep_protocol::facts::Init;
use hep_protocol::value::ServiceName;

/// What a host tells of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServiceState {
    /// Whether it is there, or only an earlier task's real run would bring it.
    pub(crate) presence: Presence,
    /// Whether it runs.
    pub(crate) running: Running,
    /// Whether it starts when the host boots.
    pub(crate) boot: Boot,
    /// Whether it can read its configuration again while it runs.
    pub(crate) reload: Reload,
    /// Whether its manager knows its definition as it is on disk.
    pub(crate) definition: Definition,
}

/// Whether a service is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// Its manager knows it.
    Here,
    /// An earlier task would bring it, and only its real run would show how.
    Later,
}

/// Whether a service runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Running {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// It is on its way from one to the other: acting on it joins or replaces that.
    Between,
    /// Nothing on the host tells, and what was looked at.
    Unknown(String),
}

/// Whether a service starts when the host boots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Boot {
    /// It does.
    Enabled,
    /// It does not.
    Disabled,
    /// It is forbidden to start at all (systemd's `masked`).
    Masked,
    /// That cannot be changed; systemd's word for it (`static`, `indirect`, `generated`, `transient`).
    Fixed(String),
    /// Only an earlier task's real run would show it.
    Unknown,
}

/// Whether a service can read its configuration again while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reload {
    /// As far as can be known before it is tried.
    Possible,
    /// Its unit or script has no way to.
    Impossible,
}

/// Whether the manager knows a service's definition as it is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Definition {
    /// It does.
    Current,
    /// The files were changed since systemd read them (`NeedDaemonReload`).
    Stale,
}

impl ServiceState {
    /// A service of which nothing is known yet but that an earlier task's command may bring it.
    pub(crate) fn later() -> Self {
        Self {
            presence: Presence::Later,
            running: Running::Unknown("an earlier task would bring it".to_owned()),
            boot: Boot::Unknown,
            reload: Reload::Possible,
            definition: Definition::Current,
        }
    }

    /// A service that an earlier task's package would bring: Debian's packages enable and start what they bring (Debian
    /// Policy 9.3.3), unless the host forbids starting.
    pub(crate) fn of_package(running: Running) -> Self {
        Self { running, boot: Boot::Enabled, ..Self::later() }
    }

    /// A service whose definition has just been put in place: it does not run.
    pub(crate) fn fresh(boot: Boot) -> Self {
        Self {
            presence: Presence::Here,
            running: Running::No,
            boot,
            reload: Reload::Possible,
            definition: Definition::Current,
        }
    }

    /// The state that an action which succeeds leaves.
    pub(crate) fn after(self, verb: Verb) -> Self {
        match verb {
            Verb::Start | Verb::Restart | Verb::Reload => Self { running: Running::Yes, ..self },
            Verb::Stop => Self { running: Running::No, ..self },
            Verb::Enable => Self { boot: Boot::Enabled, ..self },
            Verb::Disable | Verb::Unmask => Self { boot: Boot::Disabled, ..self },
            Verb::Mask => Self { boot: Boot::Masked, ..self },
        }
    }
}

/// Reads the state of services.
pub(crate) trait ObserveServices {
    /// What manages services here.
    fn service_manager(&self) -> Init;

    /// A service's state; `None` if the manager knows none of that name. The pattern is a text in the command line of its
    /// process; of a SysV service it decides before all that its script says.
    fn service(
        &self,
        name: &ServiceName,
        pattern: Option<&str>,
    ) -> Result<Option<ServiceState>, SysError>;

    /// The names of the services there are, sorted.
    fn services(&self) -> Result<Vec<String>, SysError>;
}

/// What such an action comes to where it succeeds.
pub(crate) fn effect(action: &ServiceAction) -> Effect {
    match action {
        ServiceAction::RefreshUnits | ServiceAction::ReadUnits => Effect::Noted(action.to_string()),
        ServiceAction::Act(_) => Effect::Changed,
    }
}

/// The kinds of unit that can be started or enabled (systemd.unit(5)).
const UNIT_KINDS: [&str; 10] = [
    ".service",
    ".socket",
    ".timer",
    ".target",
    ".path",
    ".mount",
    ".automount",
    ".swap",
    ".slice",
    ".scope",
];

/// The unit a name stands for: without a kind of unit at its end it is a service.
pub(crate) fn unit_name(name: &ServiceName) -> String {
    let name = name.as_str();
    if UNIT_KINDS.iter().any(|kind| name.ends_with(kind)) {
        name.to_owned()
    } else {
        format!("{name}.service")
    }
}

/// The name a service goes by without systemd's word for its kind; that of its script in `/etc/init.d`.
pub(crate) fn script_name(name: &ServiceName) -> &str {
    name.as_str().strip_suffix(".service").unwrap_or(name.as_str())
}
