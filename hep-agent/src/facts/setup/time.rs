//! When the facts were gathered: strftime(3)'s words, by the host's own clock and time zone.

use super::super::host::Host;
use super::super::mapping;
use super::one;
use hep_protocol::calendar::Moment;
use serde_json::{Map, Value as Json};
use std::time::{SystemTime, UNIX_EPOCH};

/// What the host's `date` is asked for, as it knows the host's time zone.
const ASKED: &str = "+%Y %m %d %H %M %S %A %w %W %Z %z";

pub(super) fn facts(host: &Host, now: SystemTime) -> Map<String, Json> {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (seconds, micros) = (since.as_secs(), since.subsec_micros());
    let local = asked(host, seconds, ASKED).unwrap_or_default();
    let words: Vec<&str> = local.split_whitespace().collect();
    let [year, month, day, hour, minute, second, weekday, number, week, zone, offset] =
        *words.as_slice()
    else {
        return Map::new();
    };
    let (utc_date, utc_time) = utc(seconds);
    let date = format!("{year}-{month}-{day}");
    let basic = format!("{year}{month}{day}T{hour}{minute}{second}");
    let fact = mapping([
        ("year", year.into()),
        ("month", month.into()),
        ("weekday", weekday.into()),
        ("weekday_number", number.into()),
        ("weeknumber", week.into()),
        ("day", day.into()),
        ("hour", hour.into()),
        ("minute", minute.into()),
        ("second", second.into()),
        ("epoch", seconds.to_string().into()),
        ("epoch_int", seconds.to_string().into()),
        ("date", date.into()),
        ("time", format!("{hour}:{minute}:{second}").into()),
        ("iso8601", format!("{utc_date}T{utc_time}Z").into()),
        ("iso8601_micro", format!("{utc_date}T{utc_time}.{micros:06}Z").into()),
        ("iso8601_basic", format!("{basic}{micros:06}").into()),
        ("iso8601_basic_short", basic.into()),
        ("tz", zone.into()),
        ("tz_dst", summer(host, seconds).unwrap_or_else(|| zone.to_owned()).into()),
        ("tz_offset", offset.into()),
    ]);
    one("date_time", fact)
}

fn asked(host: &Host, seconds: u64, format: &str) -> Option<String> {
    let ran = host.ask("date", &["-d", &format!("@{seconds}"), format])?;
    (ran.code == Some(0)).then(|| ran.stdout.trim().to_owned())
}

/// The zone's other name: that of the half of the year in which clocks are ahead; it may be the same.
fn summer(host: &Host, seconds: u64) -> Option<String> {
    const YEAR: u64 = (365 * 24 + 6) * 3600;
    let start = seconds / YEAR * YEAR;
    let of = |seconds: u64| {
        let said = asked(host, seconds, "+%Z %z")?;
        let (name, offset) = said.split_once(' ')?;
        Some((name.to_owned(), offset.parse::<i32>().ok()?))
    };
    let (winter, summer) = (of(start)?, of(start + YEAR / 2)?);
    Some(if winter.1 > summer.1 { winter.0 } else { summer.0 })
}

/// A day and a time in UTC, as ISO 8601 has them.
fn utc(seconds: u64) -> (String, String) {
    let Moment { year, month, day, hour, minute, second } = Moment::of(seconds);
    (format!("{year:04}-{month:02}-{day:02}"), format!("{hour:02}:{minute:02}:{second:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_since_1970_are_days_of_the_calendar() {
        let check = |seconds, day: &str, time: &str| {
            assert_eq!(utc(seconds), (day.to_owned(), time.to_owned()));
        };
        check(0, "1970-01-01", "00:00:00");
        check(951_827_696, "2000-02-29", "12:34:56");
        check(1_709_251_199, "2024-02-29", "23:59:59");
        check(1_709_251_200, "2024-03-01", "00:00:00");
        check(1_796_085_852, "2026-12-01", "00:44:12");
        check(4_107_542_400, "2100-03-01", "00:00:00");
    }
}
