//! Walks a plan: plays, blocks, loops and handlers, on the real host or on an overlay of it. What becomes of one task is
//! decided in `engine/task.rs` and those beside it.

mod block;
mod gives;
mod handlers;
mod helper;
mod homes;
mod judge;
mod loops;
mod machine;
mod merge;
mod readers;
mod rights;
mod tally;
mod task;
#[cfg(test)]
mod tests;
mod tries;
mod verdict;

use crate::escalate::Login;
use crate::outside::Outside;
use crate::render::Names;
use crate::sys::linux::credentials::Identities;
use handlers::Notified;
use helper::Helpers;
pub(crate) use helper::assist;
use hep_protocol::message::{End, Turn};
use hep_protocol::plan::{HandlersOnFailure, HostPart, Pace, Plan, Play};
use hep_protocol::rights::Means;
use machine::Machine;
use readers::{Point, Readers};
use std::sync::Arc;

/// Runs a host's plays. Check mode is the same run on an overlay.
pub(crate) fn run(plan: &Plan, host: HostPart, outside: &Arc<dyn Outside>) -> End {
    run_for(plan, host, outside, Others::default())
}

/// The users of a run beside the process's own.
#[derive(Default)]
pub(crate) struct Others {
    /// The login's, if the process was started as another: tasks that do not want another run as that.
    pub(crate) login: Option<Login>,
    /// How to become those whom tasks name, if this process cannot take their rights.
    pub(crate) means: Option<Means>,
}

/// The same where tasks may run as others.
pub(crate) fn run_for(
    plan: &Plan,
    host: HostPart,
    outside: &Arc<dyn Outside>,
    others: Others,
) -> End {
    let outside = crate::redact::around(outside, &host.secrets);
    Walk::new(plan, host, &outside, others).run()
}

/// How it goes on after a task, a block or a play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    /// With what comes next.
    On,
    /// With the next play: the host is done with this one.
    Ended,
    /// With what is run in any case: a task failed.
    Failed,
    /// Not at all.
    Cancelled,
}

/// One host's run.
struct Walk<'p> {
    plan: &'p Plan,
    outside: &'p dyn Outside,
    machine: Machine,
    /// The plays before which the host waits for the others, as long as there are any.
    waits: Vec<u32>,
    /// The names outside of any play; what is registered is shared by all places.
    names: Names,
    readers: Readers,
    /// How far the run has come.
    point: Point,
    /// What the present task's result may still keep of what programs write, in bytes; nothing if nobody reads it.
    room: Option<usize>,
    notified: Notified,
    pace: Pace,
    /// How many of the blocks around the present task have a rescue that would run.
    rescued: usize,
    /// The login's user, if this process is another's.
    login: Option<Login>,
    helpers: Helpers,
    identities: Identities,
}

impl<'p> Walk<'p> {
    fn new(plan: &'p Plan, host: HostPart, outside: &'p Arc<dyn Outside>, others: Others) -> Self {
        Self {
            plan,
            outside: outside.as_ref(),
            machine: Machine::new(plan.settings.mode, outside),
            readers: Readers::of(plan, &host),
            point: Point::default(),
            room: None,
            waits: host.waits.clone(),
            names: Names::of_host(plan, host),
            notified: Notified::default(),
            pace: plan.settings.pace,
            rescued: 0,
            login: others.login,
            helpers: Helpers::new(others.means),
            identities: Identities::default(),
        }
    }

    fn run(&mut self) -> End {
        for play in &self.plan.plays {
            if self.waits.contains(&play.number) && self.outside.wait(play.number) {
                self.waits.clear();
            }
            if self.outside.cancelled() {
                return End::Cancelled;
            }
            match self.play(play) {
                Flow::On | Flow::Ended => {}
                Flow::Failed => return End::Failed,
                Flow::Cancelled => return End::Cancelled,
            }
        }
        if self.outside.cancelled() { End::Cancelled } else { End::Completed }
    }

    fn play(&mut self, play: &Play) -> Flow {
        let names = self.names.in_dialect(play.dialect).with_layers(&play.layers);
        let names = names.with_kept_of_play();
        self.point = Point { play: play.number, entry: 0 };
        self.notified = Notified::default();
        let turn = Turn(vec![play.number]);
        let place = block::Place { play, outer: names.clone(), depth: 0, turn };
        let end = u32::try_from(play.items.len()).unwrap_or(u32::MAX);
        let flow = self.entries(&place, 0..end, &names);
        let wanted = match (flow, play.on_failure) {
            (Flow::On, _) | (Flow::Failed, HandlersOnFailure::Run) => true,
            (Flow::Failed, HandlersOnFailure::Skip) | (Flow::Cancelled | Flow::Ended, _) => false,
        };
        let handlers =
            if wanted { self.handlers(&place, &Turn(vec![play.number, end])) } else { Flow::On };
        self.forget(Point { play: play.number.saturating_add(1), entry: 0 });
        worse(flow, handlers)
    }

    /// Drops what nobody reads from here on.
    fn forget(&self, point: Point) {
        self.names.keep(|name| self.readers.is_read_from(name, point));
    }
}

/// The graver of two ends.
fn worse(one: Flow, other: Flow) -> Flow {
    match (one, other) {
        (Flow::Cancelled, _) | (_, Flow::Cancelled) => Flow::Cancelled,
        (Flow::Failed, _) | (_, Flow::Failed) => Flow::Failed,
        (Flow::Ended, _) | (_, Flow::Ended) => Flow::Ended,
        (Flow::On, Flow::On) => Flow::On,
    }
}
