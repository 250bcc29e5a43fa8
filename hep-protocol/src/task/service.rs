//! Parameters of `service`: services of systemd or SysV scripts.

use super::{About, BadParam, Effect, Params};
use crate::value::ServiceName;
use serde::{Deserialize, Serialize};

/// What is known of the module.
pub const ABOUT: About = About {
    main: Some("name"),
    results: Some(&[]),
    foreign: &[(
        "action",
        &[
            ("reloaded", "reload"),
            ("restarted", "restart"),
            ("started", "start"),
            ("stopped", "stop"),
        ],
    )],
    ..About::module("service", Effect::Acts)
};

/// What to do with the service now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It runs.
    Start,
    /// It does not run.
    Stop,
    /// Stop and start it, always.
    Restart,
    /// Reload its configuration; start it if it is stopped.
    Reload,
}

/// Parameters of `service`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// The service; needed except with `daemon_reload`.
    #[serde(default, alias = "service")]
    #[cfg_attr(feature = "schema", schemars(extend("x-aliases" = ["service"])))]
    pub name: Option<ServiceName>,
    /// What to do with it now.
    #[serde(default)]
    pub action: Option<Action>,
    /// Whether it starts when the host boots.
    #[serde(default)]
    pub enabled: Option<bool>,
    /// `true` forbids every start of a systemd unit, `false` allows it again.
    #[serde(default)]
    pub masked: Option<bool>,
    /// Have systemd read its unit files again first. hep does so by itself where it sees that the service's own unit changed.
    #[serde(default)]
    pub daemon_reload: bool,
    /// Text in the command line of its process, for SysV scripts that cannot tell whether the service runs.
    #[serde(default)]
    pub pattern: Option<String>,
    /// How long it may take to reach the state, in seconds. Default: 90.
    #[serde(default)]
    pub timeout: Option<u32>,
}

impl Params for Service {
    fn title(&self) -> String {
        let verb = match (self.action, self.enabled) {
            (Some(Action::Start), _) => "start",
            (Some(Action::Stop), _) => "stop",
            (Some(Action::Restart), _) => "restart",
            (Some(Action::Reload), _) => "reload",
            (None, Some(false)) => "disable",
            (None, Some(true)) => "enable",
            (None, None) => match self.masked {
                Some(true) => "mask",
                Some(false) => "unmask",
                None => "daemon-reload",
            },
        };
        match &self.name {
            Some(name) => format!("{verb} {name}"),
            None => verb.to_owned(),
        }
    }

    fn patience(&mut self) -> Option<&mut Option<u32>> {
        Some(&mut self.timeout)
    }

    fn check(&self) -> Result<(), BadParam> {
        BadParam::when(
            self.name.is_none() && !(self.daemon_reload && self.is_idle()),
            "name",
            "`service` needs the parameter `name`",
            "add `name: ...` below `service`",
        )?;
        BadParam::when(
            self.is_idle() && !self.daemon_reload,
            "name",
            "there is nothing to do: neither `action` nor `enabled` is given",
            "add `action: start`, `stop`, `restart` or `reload`, or `enabled: true`",
        )?;
        BadParam::when(
            self.pattern.as_deref().is_some_and(|pattern| pattern.trim().is_empty()),
            "pattern",
            "an empty pattern is found in every process",
            "write a text of the service's command line",
        )
    }
}

impl Service {
    /// Whether nothing is asked of the service itself.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.action.is_none() && self.enabled.is_none() && self.masked.is_none()
    }
}
