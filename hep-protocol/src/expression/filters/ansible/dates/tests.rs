//! Dates that Python was seen to give.

use crate::dialect::Dialect;
use crate::expression::{Found, Language, Lookup, MOMENT, Scope, Trouble};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// A scope in which it is always the same moment, two hours before UTC.
#[derive(Debug)]
struct Clock;

impl Scope for Clock {
    fn get(&self, _: &str) -> Option<Found> {
        None
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    fn answer(&self, asked: &Lookup) -> Option<Result<Vec<Json>, Trouble>> {
        let now = asked.plugin == MOMENT;
        Some(Ok(if now {
            vec![json!(1_704_164_645_000_007_i64)]
        } else {
            vec![json!(7200), json!("CEST")]
        }))
    }
}

#[track_caller]
fn check(text: &str, expected: Json) {
    let scope: Arc<dyn Scope> = Arc::new(Clock);
    let found = Language::of(Dialect::Ansible).text(text, &scope);
    assert_eq!(found.unwrap_or_else(|trouble| trouble.message.into()), expected, "{text}");
}

#[test]
fn dates_are_written_as_python_writes_them() {
    check(
        "{{ '%Y-%m-%d %H:%M:%S %z %Z %f' | strftime(0, utc=true) }}",
        json!("1970-01-01 00:00:00 +0000 GMT %f"),
    );
    check(
        "{{ '%a %A %w %b %B %I %p %j %U %W %c|%x %X %% %e %-d %V %G %u' | strftime(1704164645, true) }}",
        json!(
            "Tue Tuesday 2 Jan January 03 AM 002 00 01 Tue Jan  2 03:04:05 2024|01/02/24 03:04:05 %  2 2 01 2024 2"
        ),
    );
    check("{{ '%H %z %Z' | strftime(0) }}", json!("02 +0200 CEST"));
    check("{{ '%G-%V' | strftime(1609459200, true) }}", json!("2020-53"));
    check("{{ now() }}", json!("2024-01-02T05:04:05.000007"));
    check("{{ now(utc=true, fmt='%H %f') }}", json!("03 000007"));
    check(
        "{{ '%d' | strftime('soon') }}",
        json!("`strftime` takes seconds since 1970, found `soon`"),
    );
}

#[test]
fn texts_are_read_as_dates() {
    check("{{ ('2024-01-02 03:04:05' | to_datetime).year }}", json!(2024));
    check(
        "{{ '1 Feb 2024, 3 PM' | to_datetime('%d %b %Y, %I %p') }}",
        json!("2024-02-01T15:00:00"),
    );
    check(
        "{{ '2024-02-29T01:02:03.5Z' | to_datetime('%Y-%m-%dT%H:%M:%S.%f%z') }}",
        json!("2024-02-29T01:02:03.500000+00:00"),
    );
    check(
        "{{ '2023-02-29' | to_datetime('%Y-%m-%d') }}",
        json!("`to_datetime`: the text `2023-02-29` has not the form `%Y-%m-%d`"),
    );
    check("at {{ '12:30' | to_datetime('%H:%M') }}", json!("at 1900-01-01 12:30:00"));
}

#[test]
fn moments_are_compared_and_have_a_difference() {
    let days = "{{ (('2024-01-02' | to_datetime('%Y-%m-%d')) - ('2024-01-01' | to_datetime('%Y-%m-%d'))).days }}";
    check(days, json!(1));
    check(
        "{% set a = '2024-01-02 03:04:05' | to_datetime %}{% set b = '2024-01-01 00:00:00' | to_datetime %}\
           {{ a - b }}|{{ (b - a).total_seconds() }}|{{ a > b }}|{{ (a - b).seconds }}|{{ a.date() }}|{{ 5 - 3 }}",
        json!("1 day, 3:04:05|-97445.0|True|11045|2024-01-02|2"),
    );
}
