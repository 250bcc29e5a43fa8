//! Handlers: who was notified, and running those, each once, in the order of their definition.

use super::block::{Place, deeper};
use super::{Flow, Walk, worse};
use crate::sys::SysError;
use hep_protocol::dialect::Dialect;
use hep_protocol::message::Turn;
use hep_protocol::plan::HandlersOnFailure;
use std::collections::BTreeMap;

/// The handlers that wait to be run, by their task's number; with what it depends on whether they are run at all.
#[derive(Debug, Default)]
pub(super) struct Notified(BTreeMap<u32, Option<String>>);

impl Notified {
    /// A task that changed something notifies these; one that only may have, says on what that depends.
    pub(super) fn notify(&mut self, handlers: &[u32], depends: Option<String>) {
        for handler in handlers {
            let known = self.0.entry(*handler).or_insert_with(|| depends.clone());
            if depends.is_none() {
                *known = None;
            }
        }
    }
}

impl Walk<'_> {
    /// Runs what was notified, until nobody is notified any more; in Ansible's language what a handler notifies that stands
    /// before it waits for the next flush. A handler that fails keeps no other from running, unless the play wants it so. They
    /// see the play's names, wherever they are run.
    pub(super) fn handlers(&mut self, place: &Place<'_>, turn: &Turn) -> Flow {
        let mut flow = Flow::On;
        // Handlers that do not notify one another in a circle need no more rounds than there are of them.
        let rounds = match place.play.dialect {
            Dialect::Hep => u32::try_from(place.play.handlers.len()).unwrap_or(u32::MAX),
            Dialect::Ansible => 1,
        };
        for round in 0..rounds {
            if self.notified.0.is_empty() {
                return flow;
            }
            for (at, handler) in (0_u32..).zip(&place.play.handlers) {
                let Some(depends) = self.notified.0.remove(handler) else { continue };
                let turn = deeper(&deeper(turn, round), at);
                let (_, after) = self.task(*handler, &turn, &place.outer, depends.as_deref());
                flow = worse(flow, after);
                let ends = match (flow, place.play.on_failure) {
                    (Flow::Cancelled | Flow::Ended, _)
                    | (Flow::Failed, HandlersOnFailure::Skip) => true,
                    (Flow::Failed, HandlersOnFailure::Run) | (Flow::On, _) => false,
                };
                if ends {
                    return flow;
                }
            }
        }
        match place.play.dialect {
            Dialect::Hep => worse(flow, self.endless(place, &deeper(turn, rounds))),
            Dialect::Ansible => flow,
        }
    }

    /// A handler that is still notified then fails, since this would never end.
    fn endless(&mut self, place: &Place<'_>, turn: &Turn) -> Flow {
        let mut handlers = (0_u32..).zip(&place.play.handlers);
        let next = handlers.find(|(_, handler)| self.notified.0.contains_key(handler));
        self.notified = Notified::default();
        let Some((at, handler)) = next else { return Flow::On };
        let Some(job) = self.job(*handler, &place.outer) else { return Flow::On };
        let error = SysError::new("handlers notify each other in a cycle").hint(
            "remove one of their `notify`, or let its task change something only when needed",
        );
        self.fail(&job, &deeper(turn, at), error)
    }
}
