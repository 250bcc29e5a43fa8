//! How long a step on the way to a running agent may take. Knows no clock: whoever asks says what time it is. A limit may end
//! sooner where nothing moves, and is never put off beyond its end because something does: a host that sends or takes a
//! byte now and then must not hold hep.

use std::time::{Duration, Instant};

/// The slowest line that is waited for, in bytes a second.
const SLOWEST: u64 = 8 * 1024;

/// How long so many bytes may be under way.
pub(super) fn crossing(bytes: usize) -> Duration {
    Duration::from_secs((bytes as u64).div_ceil(SLOWEST))
}

/// When something is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limit {
    end: Instant,
    after: Duration,
    standstill: Option<Standstill>,
}

/// When it is given up since nothing moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Standstill {
    end: Instant,
    after: Duration,
}

impl Limit {
    /// So long in all.
    pub(super) fn of(now: Instant, after: Duration) -> Limit {
        Limit { end: now + after, after, standstill: None }
    }

    /// So long in all, and no longer than `standstill` without a movement.
    pub(super) fn moving(now: Instant, standstill: Duration, after: Duration) -> Limit {
        let standstill = Standstill { end: now + standstill, after: standstill };
        Limit { standstill: Some(standstill), ..Limit::of(now, after) }
    }

    /// Something moved.
    pub(super) fn moved(&mut self, now: Instant) {
        if let Some(standstill) = &mut self.standstill {
            standstill.end = now + standstill.after;
        }
    }

    /// hep itself took so long, over a question to the operator.
    pub(super) fn put_off(&mut self, by: Duration) {
        self.end += by;
        if let Some(standstill) = &mut self.standstill {
            standstill.end += by;
        }
    }

    /// How long is left.
    ///
    /// # Errors
    /// It is over; after which time.
    pub(super) fn left(&self, now: Instant) -> Result<Duration, Duration> {
        let standstill = self.standstill.filter(|standstill| standstill.end < self.end);
        let (end, after) = match standstill {
            Some(Standstill { end, after }) => (end, after),
            None => (self.end, self.after),
        };
        end.checked_duration_since(now).filter(|left| !left.is_zero()).ok_or(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn a_limit_ends_at_its_time_whatever_moves() {
        let begin = Instant::now();
        let mut limit = Limit::of(begin, seconds(30));
        assert_eq!(limit.left(begin), Ok(seconds(30)));
        for second in 0..30 {
            limit.moved(begin + seconds(second));
            assert_eq!(limit.left(begin + seconds(second)), Ok(seconds(30 - second)));
        }
        assert_eq!(limit.left(begin + seconds(30)), Err(seconds(30)));
    }

    #[test]
    fn a_standstill_ends_it_sooner_and_movement_no_later() {
        let begin = Instant::now();
        let mut limit = Limit::moving(begin, seconds(60), seconds(100));
        assert_eq!(limit.left(begin + seconds(60)), Err(seconds(60)));
        limit.moved(begin + seconds(30));
        assert_eq!(limit.left(begin + seconds(60)), Ok(seconds(30)));
        limit.moved(begin + seconds(89));
        assert_eq!(limit.left(begin + seconds(99)), Ok(seconds(1)));
        limit.moved(begin + seconds(99));
        assert_eq!(limit.left(begin + seconds(100)), Err(seconds(100)));
    }

    #[test]
    fn the_operators_time_is_not_the_hosts() {
        let begin = Instant::now();
        let mut limit = Limit::of(begin, seconds(10));
        limit.put_off(seconds(300));
        assert_eq!(limit.left(begin + seconds(309)), Ok(seconds(1)));
        assert_eq!(limit.left(begin + seconds(310)), Err(seconds(10)));
    }

    #[test]
    fn a_thin_line_has_time_for_what_crosses_it() {
        assert_eq!(crossing(0), Duration::ZERO);
        assert_eq!(crossing(1), seconds(1));
        assert_eq!(crossing(1024 * 1024), seconds(128));
    }
}
