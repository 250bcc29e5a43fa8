//! What is done to services.

use crate::value::ServiceName;
use serde::Serialize;
use std::fmt;
use std::time::Duration;

/// One thing done to services.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ServiceAction {
    /// systemd reads its unit files again (`systemctl daemon-reload`). Nothing on the host is different after it, so it is no
    /// change.
    RefreshUnits,
    /// The same, because the task asks for it.
    ReadUnits,
    /// A service is acted on.
    Act(ServiceJob),
}

/// One action on one service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceJob {
    /// What to do.
    #[serde(rename = "kind")]
    pub verb: Verb,
    /// The service.
    #[serde(rename = "subject")]
    pub name: ServiceName,
    /// A text in the command line of its process, for a SysV script that cannot tell.
    #[serde(skip)]
    pub pattern: Option<String>,
    /// How long the wanted state may take.
    #[serde(skip)]
    pub timeout: Duration,
}

/// What can be done to a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// Make it run.
    Start,
    /// Make it stop.
    Stop,
    /// Stop it, if it runs, and make it run.
    Restart,
    /// Make it read its configuration again.
    Reload,
    /// Have it started when the host boots.
    Enable,
    /// Have it not started when the host boots.
    Disable,
    /// Forbid every start.
    Mask,
    /// Allow starts again.
    Unmask,
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::Reload => "reload",
            Self::Enable => "enable",
            Self::Disable => "disable",
            Self::Mask => "mask",
            Self::Unmask => "unmask",
        })
    }
}

impl fmt::Display for ServiceAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RefreshUnits => {
                f.write_str("daemon-reload, as unit files changed since systemd read them")
            }
            Self::ReadUnits => f.write_str("daemon-reload"),
            Self::Act(job) => write!(f, "{} {}", job.verb, job.name),
        }
    }
}
