//! Waiting for what comes or goes by itself. It changes nothing, so it never counts as a change.

use super::Effect;
use crate::sys::signs::{Wait, Waited};
use crate::sys::{Cause, Host, SysError};
use std::fmt;
use std::time::Duration;

/// Below this nobody has waited, in the eyes of a reader.
const WORTH_TELLING: Duration = Duration::from_secs(1);

/// One thing waited for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WaitStep {
    /// What, and how long.
    pub(crate) wait: Wait,
}

impl WaitStep {
    pub(super) fn execute(&self, host: &mut dyn Host) -> Result<Effect, SysError> {
        Ok(match host.wait_for_sign(&self.wait)? {
            Waited::For(time) if time < WORTH_TELLING => Effect::Nothing,
            Waited::For(time) => Effect::Noted(format!("waited {} s", time.as_secs())),
            Waited::Not(None) => Effect::Nothing,
            Waited::Not(Some((sight, cause))) => {
                let state = sight.words().unwrap_or("it is there");
                Effect::Noted(format!("would {}, now {state}{}", self.wait, rests(cause.as_ref())))
            }
        })
    }
}

/// Which earlier step it rests on that it will be different by then.
fn rests(cause: Option<&Cause>) -> String {
    cause.map_or_else(String::new, |cause| format!(" (depends on {cause})"))
}

impl fmt::Display for WaitStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.wait.fmt(f)
    }
}
