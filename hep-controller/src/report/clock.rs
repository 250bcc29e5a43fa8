//! How long each stage on the way to a host's agent took, told by the threads of the run.

use crate::host::HostId;
use crate::remote::Stage;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// One clock serves all hosts of a run.
#[derive(Debug, Default)]
pub(crate) struct Clock(Mutex<BTreeMap<HostId, Way>>);

/// What one host has behind it, in order, and where it is.
#[derive(Debug, Default)]
struct Way {
    behind: Vec<(String, u64)>,
    now: Option<(Stage, Instant)>,
}

impl Way {
    fn leave(&mut self) {
        let Some((stage, since)) = self.now.take() else { return };
        let (name, ms) =
            (stage.to_string(), u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX));
        match self.behind.iter_mut().find(|(other, _)| *other == name) {
            Some((_, sum)) => *sum = sum.saturating_add(ms),
            None => self.behind.push((name, ms)),
        }
    }
}

impl Clock {
    /// A host begins a stage, and ends the one before it.
    pub(crate) fn enter(&self, host: HostId, stage: Stage) {
        let mut ways = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let way = ways.entry(host).or_default();
        way.leave();
        way.now = Some((stage, Instant::now()));
    }

    /// A host's way ends: at its agent, or before.
    pub(crate) fn arrive(&self, host: HostId) {
        let mut ways = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ways.entry(host).or_default().leave();
    }

    /// The stages that a host has behind it, in order, in milliseconds.
    pub(crate) fn of(&self, host: HostId) -> Vec<(String, u64)> {
        let ways = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ways.get(&host).map(|way| way.behind.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_that_is_tried_twice_is_one() {
        let (clock, host) = (Clock::default(), HostId(3));
        [Stage::Connect, Stage::Upload, Stage::Start, Stage::Upload]
            .into_iter()
            .for_each(|stage| clock.enter(host, stage));
        clock.arrive(host);
        let names: Vec<String> = clock.of(host).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["connect", "upload", "start"]);
        assert_eq!(clock.of(HostId(0)), []);
    }
}
