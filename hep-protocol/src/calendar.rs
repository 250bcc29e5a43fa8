//! The civil calendar, in UTC.

/// A day's length in seconds.
const DAY: u64 = 86_400;

/// A moment as a calendar and a clock have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The year, of four digits until the year 9999.
    pub year: u64,
    /// From 1 to 12.
    pub month: u64,
    /// From 1 to 31.
    pub day: u64,
    /// From 0 to 23.
    pub hour: u64,
    /// From 0 to 59.
    pub minute: u64,
    /// From 0 to 59: there are no leap seconds.
    pub second: u64,
}

impl Moment {
    /// The moment so many seconds after the beginning of 1970, in the Gregorian calendar.
    #[must_use]
    pub fn of(seconds: u64) -> Self {
        let (days, rest) = (seconds / DAY, seconds % DAY);
        // Years are counted from 1 March of the year 0, so that the leap day is the last of its year; 400 of them are an era.
        let days = days.saturating_add(719_468);
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let from_march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = year + era * 400 + u64::from(month <= 2);
        let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
        Self { year, month, day, hour, minute, second }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        // Checked with `date -u -d @N`.
        let check = |seconds: u64, expected: [u64; 6]| {
            let Moment { year, month, day, hour, minute, second } = Moment::of(seconds);
            assert_eq!([year, month, day, hour, minute, second], expected, "{seconds}");
        };
        check(0, [1970, 1, 1, 0, 0, 0]);
        check(951_782_399, [2000, 2, 28, 23, 59, 59]);
        check(951_782_400, [2000, 2, 29, 0, 0, 0]);
        check(1_735_689_599, [2024, 12, 31, 23, 59, 59]);
        check(4_107_542_400, [2100, 3, 1, 0, 0, 0]);
    }
}
