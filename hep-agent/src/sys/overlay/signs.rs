//! `ObserveSigns` and `ChangeSigns` in memory: what is there now is seen, and nobody waits for what is not.

use super::Overlay;
use crate::sys::signs::{Address, ChangeSigns, ObserveSigns, Sight, Sign, Wait, Waited, look};
use crate::sys::{Cause, Observe, Subject, SysError};

impl<O: Observe> ObserveSigns for Overlay<O> {
    fn port(&self, address: &Address) -> Result<Sight, SysError> {
        self.base.port(address)
    }
}

impl<O: Observe> ChangeSigns for Overlay<O> {
    fn wait_for_sign(&mut self, wait: &Wait) -> Result<Waited, SysError> {
        let sight = look(&wait.sign, self)?;
        let unlike = !sight.is(wait.action);
        Ok(Waited::Not(unlike.then(|| (sight, self.cause_of(&wait.sign)))))
    }
}

impl<O: Observe> Overlay<O> {
    /// The earlier step that is the likeliest to bring a sign about, or to end it: for a port the service that was acted on
    /// last, for a file what else it may come from first.
    fn cause_of(&self, sign: &Sign) -> Option<Cause> {
        match sign {
            Sign::Port(_) => self.acted_on().or_else(|| self.latest()),
            Sign::Path(path) | Sign::Line(path, _) => {
                self.depends(Subject::Path(path)).or_else(|| self.acted_on())
            }
        }
    }
}
