//! The host that tasks run on: the real one, or in check mode an overlay of it; and the other of the two for the tasks
//! that ask for it.

use crate::outside::Outside;
use crate::sys::Host;
use crate::sys::linux::Linux;
use crate::sys::overlay::Overlay;
use hep_protocol::plan::{CheckPolicy, RunMode};
use std::sync::Arc;

/// Empty only while a task runs on an overlay of its own.
pub(super) struct Machine(Option<Kind>);

enum Kind {
    Real(Box<Linux>),
    Checked(Box<Overlay<Linux>>),
}

impl Machine {
    pub(super) fn new(mode: RunMode, outside: &Arc<dyn Outside>) -> Self {
        let linux = Linux::new(Arc::clone(outside));
        Self(Some(match mode {
            RunMode::Apply => Kind::Real(Box::new(linux)),
            RunMode::Check => Kind::Checked(Box::new(Overlay::new(linux))),
        }))
    }

    /// Does something on the host that a task's policy asks for; and tells it whether that is the real one.
    pub(super) fn with<R>(
        &mut self,
        policy: CheckPolicy,
        act: impl FnOnce(&mut dyn Host, RunMode) -> R,
    ) -> Option<R> {
        let kind = self.0.take()?;
        let (kind, result) = match (kind, policy) {
            (Kind::Real(linux), CheckPolicy::Always) => {
                let mut overlay = Overlay::new(*linux);
                let result = act(&mut overlay, RunMode::Check);
                (Kind::Real(Box::new(overlay.into_base())), result)
            }
            (Kind::Real(mut linux), CheckPolicy::AsRun | CheckPolicy::Never) => {
                let result = act(linux.as_mut(), RunMode::Apply);
                (Kind::Real(linux), result)
            }
            (Kind::Checked(mut overlay), CheckPolicy::Never) => {
                let result = act(overlay.base(), RunMode::Apply);
                (Kind::Checked(overlay), result)
            }
            // What such a task would do is done by no run.
            (Kind::Checked(overlay), CheckPolicy::Always) => {
                let mut above = Overlay::new(*overlay);
                let result = act(&mut above, RunMode::Check);
                (Kind::Checked(Box::new(above.into_base())), result)
            }
            (Kind::Checked(mut overlay), CheckPolicy::AsRun) => {
                let result = act(overlay.as_mut(), RunMode::Check);
                (Kind::Checked(overlay), result)
            }
        };
        self.0 = Some(kind);
        Some(result)
    }
}
