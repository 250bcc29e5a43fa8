//! Plays in order across the hosts of a batch: no host begins a play before all others have ended those before it. Hosts that
//! wait leave their place among those that may work at a time to others.

use crate::host::HostId;
use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Where the hosts of a batch meet.
#[derive(Debug)]
pub(crate) struct Meeting {
    state: Mutex<State>,
    /// The first play that some host has not ended is another one.
    turn: Condvar,
    /// A host has stopped working.
    room: Condvar,
}

#[derive(Debug)]
struct State {
    hosts: BTreeMap<HostId, Place>,
    /// How many hosts are at each play, or about to begin it.
    at: BTreeMap<u32, usize>,
    /// How many more hosts may work.
    room: usize,
}

/// How far a host is.
#[derive(Debug)]
struct Place {
    /// The plays it runs, ascending.
    plays: Vec<u32>,
    /// The one it is at or about to begin; nothing, once it has ended.
    at: Option<u32>,
    works: bool,
    failed_in: Option<u32>,
}

impl State {
    /// Whether all hosts have ended the plays before that which this one is at.
    fn may_begin(&self, host: HostId) -> bool {
        let at = self.hosts.get(&host).and_then(|place| place.at);
        let first = self.at.first_key_value().map(|(play, _)| *play);
        at.is_none() || at <= first
    }

    /// Puts a host to a play, or beyond all; whether others may have waited for that.
    fn put(&mut self, host: HostId, play: Option<u32>) -> bool {
        let Some(place) = self.hosts.get_mut(&host) else { return false };
        let before = std::mem::replace(&mut place.at, play);
        if before == play {
            return false;
        }
        let first = self.at.keys().next().copied();
        if let Some(count) = before.and_then(|play| self.at.get_mut(&play)) {
            *count -= 1;
        }
        self.at.retain(|_, count| *count > 0);
        if let Some(play) = play {
            *self.at.entry(play).or_default() += 1;
        }
        self.at.keys().next().copied() != first
    }
}

impl Meeting {
    /// `room` is how many hosts may work at a time.
    pub(crate) fn new<'p>(hosts: impl Iterator<Item = (HostId, &'p [u32])>, room: usize) -> Self {
        let place = |(host, plays): (HostId, &[u32])| {
            let (at, plays) = (plays.first().copied(), plays.to_vec());
            (host, Place { plays, at, works: false, failed_in: None })
        };
        let hosts: BTreeMap<HostId, Place> = hosts.map(place).collect();
        let mut at: BTreeMap<u32, usize> = BTreeMap::new();
        for play in hosts.values().filter_map(|place| place.at) {
            *at.entry(play).or_default() += 1;
        }
        let state = State { hosts, at, room: room.max(1) };
        Self { state: Mutex::new(state), turn: Condvar::new(), room: Condvar::new() }
    }

    /// Waits until the host may work.
    pub(crate) fn enter(&self, host: HostId) {
        let full = |state: &mut State| state.room == 0;
        let state = self.room.wait_while(self.lock(), full);
        self.begin_work(&mut state.unwrap_or_else(PoisonError::into_inner), host);
    }

    fn begin_work(&self, state: &mut State, host: HostId) {
        if let Some(place) = state.hosts.get_mut(&host).filter(|place| !place.works) {
            place.works = true;
            state.room = state.room.saturating_sub(1);
        }
    }

    fn end_work(&self, state: &mut State, host: HostId) {
        if let Some(place) = state.hosts.get_mut(&host).filter(|place| place.works) {
            place.works = false;
            state.room += 1;
            self.room.notify_one();
        }
    }

    /// The host has begun a play that it did not wait for.
    pub(crate) fn passes(&self, host: HostId, play: u32) {
        if self.lock().put(host, Some(play)) {
            self.turn.notify_all();
        }
    }

    /// The host has ended all plays before this one, and waits.
    pub(crate) fn arrives(&self, host: HostId, play: u32) {
        let mut state = self.lock();
        self.end_work(&mut state, host);
        if state.put(host, Some(play)) {
            self.turn.notify_all();
        }
    }

    /// Waits for that long until the host may go on; then it works again, and this says whether no other host is left.
    pub(crate) fn go_ahead(&self, host: HostId, patience: Duration) -> Option<bool> {
        let waits = |state: &mut State| !state.may_begin(host);
        let state = self.turn.wait_timeout_while(self.lock(), patience, waits);
        let state = state.unwrap_or_else(PoisonError::into_inner).0;
        if !state.may_begin(host) {
            return None;
        }
        let full = |state: &mut State| state.room == 0;
        let state = self.room.wait_timeout_while(state, patience, full);
        let mut state = state.unwrap_or_else(PoisonError::into_inner).0;
        if state.room == 0 {
            return None;
        }
        self.begin_work(&mut state, host);
        Some(state.at.values().sum::<usize>() <= 1)
    }

    /// The host has ended its run: nobody waits for it any more.
    pub(crate) fn leaves(&self, host: HostId) {
        let mut state = self.lock();
        self.end_work(&mut state, host);
        if state.put(host, None) {
            self.turn.notify_all();
        }
    }

    /// The host has failed, before it leaves. The play in which it did, if no host of that is left.
    pub(crate) fn fails(&self, host: HostId) -> Option<u32> {
        let mut state = self.lock();
        let place = state.hosts.get_mut(&host)?;
        let at = place.at?;
        place.failed_in = Some(at);
        let mut of_play = state.hosts.values().filter(|place| place.plays.contains(&at));
        let all = of_play.all(|place| place.failed_in.is_some_and(|play| play <= at));
        all.then_some(at)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;

    fn meeting(plays: &[&[u32]], room: usize) -> Meeting {
        Meeting::new(plays.iter().enumerate().map(|(host, plays)| (HostId(host), *plays)), room)
    }

    #[test]
    fn a_play_begins_when_all_hosts_have_ended_those_before_it() {
        let meeting = meeting(&[&[0, 1], &[0, 1], &[1]], 9);
        let [a, b, c] = [0, 1, 2].map(HostId);
        [a, b, c].into_iter().for_each(|host| meeting.enter(host));
        meeting.arrives(c, 1);
        assert_eq!(meeting.go_ahead(c, NOW), None);
        meeting.arrives(a, 1);
        assert_eq!(meeting.go_ahead(a, NOW), None);
        // One that is lost has ended, too.
        meeting.leaves(b);
        assert_eq!(meeting.go_ahead(a, NOW), Some(false));
        assert_eq!(meeting.go_ahead(c, NOW), Some(false));
        meeting.leaves(c);
        meeting.arrives(a, 2);
        assert_eq!(meeting.go_ahead(a, NOW), Some(true));
    }

    #[test]
    fn a_host_that_waits_lets_others_work() {
        let meeting = meeting(&[&[1], &[0]], 1);
        let [first, second] = [0, 1].map(HostId);
        meeting.enter(first);
        meeting.arrives(first, 1);
        meeting.enter(second);
        assert_eq!(meeting.go_ahead(first, NOW), None);
        meeting.leaves(second);
        assert_eq!(meeting.go_ahead(first, NOW), Some(true));
    }

    #[test]
    fn plays_that_nobody_waits_for_are_passed() {
        let meeting = meeting(&[&[0, 1, 2], &[2]], 2);
        let [first, second] = [0, 1].map(HostId);
        meeting.arrives(second, 2);
        meeting.passes(first, 1);
        assert_eq!(meeting.go_ahead(second, NOW), None);
        meeting.passes(first, 2);
        assert_eq!(meeting.go_ahead(second, NOW), Some(false));
    }

    #[test]
    fn a_play_that_all_its_hosts_fail_is_told() {
        let meeting = meeting(&[&[0, 1], &[0, 1], &[1, 2]], 9);
        let [a, b, c] = [0, 1, 2].map(HostId);
        assert_eq!(meeting.fails(a), None);
        meeting.leaves(a);
        meeting.passes(b, 1);
        assert_eq!(meeting.fails(b), None);
        assert_eq!(meeting.fails(c), Some(1));
    }
}
