//! Waiting in memory: what is there now is seen, and nobody waits for what is not.

use super::Overlay;
use crate::sys::signs::{Address, ObserveSigns, Sight, Sign, Wait, look};
use crate::sys::{Cause, Effect, Observe, Subject, SysError};

impl<O: Observe> ObserveSigns for Overlay<O> {
    fn port(&self, address: &Address) -> Result<Sight, SysError> {
        self.base.port(address)
    }
}

impl<O: Observe> Overlay<O> {
    /// What is seen now, and which earlier step may make it different.
    pub(super) fn wait(&mut self, wait: &Wait) -> Result<Effect, SysError> {
        let sight = look(&wait.sign, self)?;
        if sight.is(wait.action) {
            return Ok(Effect::Nothing);
        }
        let state = sight.words().unwrap_or("it is there");
        let cause = self.cause_of(&wait.sign);
        let rests = cause.map_or_else(String::new, |cause| format!(" (depends on {cause})"));
        Ok(Effect::Noted(format!("would {wait}, now {state}{rests}")))
    }

    /// The earlier step that is the likeliest to bring a sign about, or to end it: for a port the service that was acted on
    /// last, for a file what else it may come from first.
    fn cause_of(&self, sign: &Sign) -> Option<Cause> {
        match sign {
            Sign::Time => None,
            Sign::Port(_) => self.acted_on().or_else(|| self.latest()),
            Sign::Path(path) | Sign::Line(path, _) => {
                self.depends(Subject::Path(path)).or_else(|| self.acted_on())
            }
        }
    }
}
