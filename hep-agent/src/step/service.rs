//! What hep does to services.

use super::Effect;
use crate::sys::services::ServiceJob;
use crate::sys::{Host, SysError};
use std::fmt;

/// One thing done.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ServiceStep {
    /// systemd reads its unit files again. Nothing on the host is different after it, so it is no change.
    RefreshUnits,
    /// A service is acted on.
    Act(ServiceJob),
}

impl ServiceStep {
    pub(super) fn execute(&self, host: &mut dyn Host) -> Result<Effect, SysError> {
        match self {
            Self::RefreshUnits => host.refresh_units().map(|()| Effect::Noted(format!("{self}"))),
            Self::Act(job) => host.act_on_service(job).map(|()| Effect::Changed),
        }
    }
}

impl fmt::Display for ServiceStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RefreshUnits => {
                f.write_str("daemon-reload, as unit files changed since systemd read them")
            }
            Self::Act(job) => write!(f, "{} {}", job.verb, job.name),
        }
    }
}
