//! Handlers: who was notified, and running those, each once, in the order of their definition.

use super::block::deeper;
use super::task::Kin;
use super::{Flow, Walk, worse};
use crate::render::Names;
use hep_protocol::message::Turn;
use hep_protocol::plan::Play;
use std::collections::BTreeMap;

/// More rounds than handlers that notify one another have a use for.
const MAX_ROUNDS: u32 = 100;

/// The handlers that wait to be run, by their task's number; with what it depends on whether they are run at all.
#[derive(Debug, Default)]
pub(super) struct Notified(BTreeMap<u32, Option<String>>);

impl Notified {
    /// A task that changed something notifies these; one that only may have, says on what that depends.
    pub(super) fn notify(&mut self, handlers: &[u32], depends: Option<&str>) {
        for handler in handlers {
            let known = self.0.entry(*handler).or_insert_with(|| depends.map(str::to_owned));
            if depends.is_none() {
                *known = None;
            }
        }
    }
}

impl Walk<'_> {
    /// Runs what was notified, until nobody is notified any more. A handler that fails keeps no other from running.
    pub(super) fn handlers(&mut self, play: &Play, turn: &Turn, names: &Names) -> Flow {
        let mut flow = Flow::On;
        for round in 0..MAX_ROUNDS {
            if self.notified.0.is_empty() {
                break;
            }
            for (place, handler) in (0_u32..).zip(&play.handlers) {
                let Some(depends) = self.notified.0.remove(handler) else { continue };
                let turn = deeper(&deeper(turn, round), place);
                let kin = Kin { depends: depends.as_deref() };
                flow = worse(flow, self.task(*handler, &turn, names, &kin));
                if flow == Flow::Cancelled {
                    return flow;
                }
            }
        }
        flow
    }
}
