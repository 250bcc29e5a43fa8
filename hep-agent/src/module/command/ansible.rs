//! What Ansible's result of a command says.

use super::paths;
use crate::module::{Done, RAN};
use hep_protocol::calendar::Moment;
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
            if params.script.is_some() {
                let option = if is == "exists" { "creates" } else { "removes" };
                return named([("msg", json!(format!("{why} {is}, matching {option} option")))]);
            }
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
    if params.terminal {
        // What sends a program to a shell tells only what it says.
        let said = |name: &str| ["rc", "stdout", "stderr", RAN].contains(&name);
        let told = |(name, value): &(&str, Value)| said(name) || (*name == "msg" && *value != "");
        return named(fields.into_iter().filter(told));
    }
    fields.push(match (&params.argv, &params.shell) {
        (Some(argv), _) => ("cmd", json!(argv.parts())),
        (None, shell) => ("cmd", json!(shell)),
    });
    named(fields)
}

fn named(fields: impl IntoIterator<Item = (&'static str, Value)>) -> Map<String, Value> {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A time as Python writes it, in UTC: `2026-01-02 03:04:05.678901`.
fn local(time: SystemTime) -> String {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let Moment { year, month, day, hour, minute, second } = Moment::of(since.as_secs());
    let micros = since.subsec_micros();
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{micros:06}")
}

/// How long something took as Python writes it: `0:00:05.678901`.
fn delta(took: Duration) -> String {
    let seconds = took.as_secs();
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{hours}:{minutes:02}:{rest:02}.{:06}", took.subsec_micros())
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
