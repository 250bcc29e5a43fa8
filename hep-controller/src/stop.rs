//! The operator's wish to stop, shared by all threads, and the signals that bring it: first SIGINT, SIGTERM or SIGHUP
//! no new hosts, and current steps finish; the next one cuts the links. Decides nothing about hosts.

use crate::canceller::Canceller;
use crate::host::HostId;
use signal_hook::consts::signal::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How urgently the operator wants to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stopping {
    /// Steps in hand finish, no host begins.
    Soon,
    /// Links are cut.
    Now,
}

/// Whether to stop, and whatever must be cut for it.
#[derive(Debug, Default)]
pub(crate) struct Stop(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    wish: Option<Stopping>,
    /// Why, where it is not the operator who wishes it.
    reason: Option<String>,
    /// Whether the operator was the first to wish it.
    cancelled: bool,
    ways: BTreeMap<HostId, (Canceller, Phase)>,
}

/// How far a host is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing was done there: it may be cut at once.
    Launching,
    /// A step may be in hand.
    Running,
}

impl Stop {
    /// One more signal.
    pub(crate) fn ask(&self) {
        let mut state = self.lock();
        state.cancelled |= state.wish.is_none();
        Self::wish_more(&mut state);
    }

    fn wish_more(state: &mut State) {
        let wish = match state.wish {
            None => Stopping::Soon,
            Some(Stopping::Soon | Stopping::Now) => Stopping::Now,
        };
        state.wish = Some(wish);
        let cut = |phase| wish == Stopping::Now || phase == Phase::Launching;
        state.ways.values().filter(|(_, phase)| cut(*phase)).for_each(|(way, _)| way.cancel());
    }

    /// The run itself has a reason: no new hosts, and current steps finish; once more, and links are cut.
    pub(crate) fn halt(&self, reason: &str) {
        let mut state = self.lock();
        state.reason.get_or_insert_with(|| reason.to_owned());
        Self::wish_more(&mut state);
    }

    /// Whether it is the operator who has ended the run, and no reason of its own.
    pub(crate) fn cancelled(&self) -> bool {
        self.lock().cancelled
    }

    /// Why the run stops by itself; nothing where the operator wishes it.
    pub(crate) fn reason(&self) -> Option<String> {
        self.lock().reason.clone()
    }

    /// In words: `stopped on request`.
    pub(crate) fn words(&self) -> String {
        match self.reason() {
            Some(reason) => format!("stopped, since {reason},"),
            None => "stopped on request".to_owned(),
        }
    }

    /// What is wished.
    pub(crate) fn wish(&self) -> Option<Stopping> {
        self.lock().wish
    }

    /// Whether anything is.
    pub(crate) fn wanted(&self) -> bool {
        self.wish().is_some()
    }

    /// A host is about to be reached by this way; false if that must not begin any more.
    pub(crate) fn begin(&self, host: HostId, way: &Canceller) -> bool {
        let mut state = self.lock();
        let go = state.wish.is_none();
        if go {
            state.ways.insert(host, (way.clone(), Phase::Launching));
        }
        go
    }

    /// The host's agent answered; from now on the way is cut only by the second wish. False if the first has come.
    pub(crate) fn reached(&self, host: HostId, way: &Canceller) -> bool {
        let mut state = self.lock();
        let go = state.wish.is_none();
        if go {
            state.ways.insert(host, (way.clone(), Phase::Running));
        }
        go
    }

    /// The host is done with.
    pub(crate) fn end(&self, host: HostId) {
        self.lock().ways.remove(&host);
    }

    /// Lets the signals ask from now on. They are caught and not blocked: what is caught has its usual effect again in a
    /// program that hep starts (execve(2)), and what is blocked would stay blocked in it and in all that it starts.
    ///
    /// # Errors
    /// The system refuses to catch them or to start a thread.
    pub(crate) fn on_signals() -> io::Result<Arc<Stop>> {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let stop = Arc::new(Stop::default());
        let asked = Arc::clone(&stop);
        let wait = move || signals.forever().for_each(|_| asked.ask());
        std::thread::Builder::new().name("signals".to_owned()).spawn(wait)?;
        Ok(stop)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn launches_are_cut_first_and_runs_last() {
        let stop = Stop::default();
        let ways = [Canceller::default(), Canceller::default(), Canceller::default()];
        let cut = || ways.clone().map(|way| way.is_cancelled());
        assert!(stop.begin(HostId(0), &ways[0]));
        assert!(stop.begin(HostId(1), &ways[1]) && stop.reached(HostId(1), &ways[1]));
        assert_eq!((stop.wanted(), cut()), (false, [false, false, false]));
        stop.ask();
        assert_eq!((stop.wish(), cut()), (Some(Stopping::Soon), [true, false, false]));
        assert!(!stop.begin(HostId(2), &ways[2]) && !stop.reached(HostId(0), &ways[0]));
        stop.end(HostId(0));
        stop.ask();
        assert_eq!((stop.wish(), cut()), (Some(Stopping::Now), [true, true, false]));
    }
}
