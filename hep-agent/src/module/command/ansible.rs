//! What Ansible's result of a command says.

use super::paths;
use crate::module::{Done, RAN};
use hep_protocol::task::command::Command;
use hep_protocol::value::AbsPath;
use serde_json::{Map, Value, json};
use std::time::{Duration, SystemTime};

/// The fields of Ansible's result.
pub(super) fn fields(params: &Command, done: &Done<'_>) -> Map<String, Value> {
    let ran = &done.data;
    let mut fields = match (ran.get("rc"), done.failed) {
        (Some(rc), _) => {
            let text = |name: &str| ran.get(name).cloned().unwrap_or_default();
            let good = rc == 0;
            let mut said = vec![
                ("rc", rc.clone()),
                ("stdout", text("stdout")),
                ("stderr", text("stderr")),
                ("msg", json!(if good { "" } else { "non-zero return code" })),
                ("start", json!(local(done.began))),
                ("end", json!(local(done.began + done.took))),
                ("delta", json!(delta(done.took))),
            ];
            // It has changed something all the same.
            said.extend((!good).then_some((RAN, json!(true))));
            said
        }
        // What failed before it ran is not told by its output.
        (None, true) => vec![("rc", json!(2)), ("stdout", json!("")), ("stderr", json!(""))],
        (None, false) if done.unforeseen => Vec::new(),
        (None, false) => {
            let there = |path: &&AbsPath| matches!(paths::first(path, done.host), Ok(Some(_)));
            let created = params.creates.as_ref().filter(there).map(|path| (path, "exists"));
            let removed = params.removes.as_ref().map(|path| (path, "does not exist"));
            let Some((why, is)) = created.or(removed) else { return Map::new() };
            vec![
                ("rc", json!(0)),
                ("stdout", json!(format!("skipped, since {why} {is}"))),
                ("stderr", json!("")),
                ("msg", json!(format!("Did not run command since '{why}' {is}"))),
                ("start", Value::Null),
                ("end", Value::Null),
                ("delta", Value::Null),
            ]
        }
    };
    fields.push(match (&params.argv, &params.shell) {
        (Some(argv), _) => ("cmd", json!(argv.parts())),
        (None, shell) => ("cmd", json!(shell)),
    });
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A time as Python writes it, in UTC: `2026-01-02 03:04:05.678901`.
fn local(time: SystemTime) -> String {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let (days, rest) = (since.as_secs() / DAY, since.as_secs() % DAY);
    let (year, month, day) = date(days);
    let (hours, minutes, seconds) = (rest / 3600, rest / 60 % 60, rest % 60);
    let micros = since.subsec_micros();
    format!("{year:04}-{month:02}-{day:02} {hours:02}:{minutes:02}:{seconds:02}.{micros:06}")
}

/// How long something took as Python writes it: `0:00:05.678901`.
fn delta(took: Duration) -> String {
    let seconds = took.as_secs();
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{hours}:{minutes:02}:{rest:02}.{:06}", took.subsec_micros())
}

const DAY: u64 = 86_400;

/// The date so many days after 1970-01-01, in the Gregorian calendar: years that begin in March have their leap day last.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_python_writes_them() {
        let check = |seconds: u64, expected: &str| {
            let time = SystemTime::UNIX_EPOCH + Duration::new(seconds, 1_500);
            assert_eq!(local(time), expected);
        };
        check(0, "1970-01-01 00:00:00.000001");
        check(951_782_399, "2000-02-28 23:59:59.000001");
        check(951_868_799, "2000-02-29 23:59:59.000001");
        check(1_767_225_599, "2025-12-31 23:59:59.000001");
        assert_eq!(delta(Duration::new(3_725, 42_000_000)), "1:02:05.042000");
    }
}
