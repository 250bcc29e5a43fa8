//! Dates and times as Python's `datetime` and `time` have them: `to_datetime`, `strftime`, `now`. The engine has no clock: what
//! time it is, and how far the zone is from UTC, only the scope says.

mod format;
mod parse;

use super::super::{Registry, advise, described, refuse, trouble};
use super::{run, string};
use crate::expression::rewrite::MINUS;
use crate::expression::{Lookup, MOMENT, ZONE};
use minijinja::value::{DynObject, Kwargs, Object, ObjectRepr, Rest, ValueOrKwargs, from_args};
use minijinja::{Error, ErrorKind, State, Value};
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

pub(super) fn register(engine: &mut Registry<'_>) {
    engine.add_filter_named("to_datetime", &["format"], |value: &Value, format: Option<Value>| {
        let format = format.filter(|format| !format.is_undefined());
        let format = format.map_or_else(|| Ok("%Y-%m-%d %H:%M:%S".to_owned()), |f| string(&f))?;
        let (micros, offset) = parse::parsed(&string(value)?, &format)?;
        Ok::<_, Error>(Value::from_object(Moment { micros, offset, date: false }))
    });
    engine.add_filter_named(
        "strftime",
        &["second", "utc"],
        |state: &State, value: &Value, second: Option<Value>, utc: Option<Value>| {
            let utc = utc.is_some_and(|utc| utc.is_true());
            let given = second.filter(|second| !second.is_undefined() && !second.is_none());
            let second = match given {
                Some(second) => seconds(&second)?,
                None => now(state)?.div_euclid(SECOND),
            };
            let zone = if utc { Zone::utc("GMT") } else { Zone::at(state, second)? };
            let micros = second.saturating_add(zone.offset).saturating_mul(SECOND);
            format::formatted(&string(value)?, micros, Some(&zone), None)
        },
    );
    engine.add_filter(MINUS, |value: &Value, other: &Value| minus(value, other));
    engine.add_function("now", |state: &mut State, args: Rest<ValueOrKwargs>| {
        let args = args.into_values();
        let (utc, fmt, kwargs): (Option<bool>, Option<String>, Kwargs) = from_args(&args)?;
        let utc = utc.or(kwargs.get("utc")?).unwrap_or(false);
        let fmt = fmt.or(kwargs.get("fmt")?).filter(|fmt| !fmt.is_empty());
        kwargs.assert_all_used()?;
        let now = now(state)?;
        let zone = if utc { Zone::utc("") } else { Zone::at(state, now.div_euclid(SECOND))? };
        let micros = now.saturating_add(zone.offset.saturating_mul(SECOND));
        match fmt {
            Some(format) => {
                Ok(format::formatted(&format, micros, None, Some(now.div_euclid(SECOND)))?.into())
            }
            None => {
                Ok::<_, Error>(Value::from_object(Moment { micros, offset: None, date: false }))
            }
        }
    });
}

/// So many seconds since 1970, without their fractions.
fn seconds(value: &Value) -> Result<i64, Error> {
    let number = match value.as_str() {
        Some(text) => text.trim().parse::<f64>().ok(),
        None => f64::try_from(value.clone()).ok(),
    };
    // Until the year 9999.
    let known = number.filter(|number| number.abs() < 253_402_300_800.0);
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    known.map(|number| number.floor() as i64).ok_or_else(|| {
        let message = format!("`strftime` takes seconds since 1970, found `{value}`");
        advise(message, "`now()` is a moment, `ansible_date_time.epoch` are seconds")
    })
}

/// What the scope tells of the moment.
fn asked(
    state: &State,
    plugin: &str,
    terms: Vec<serde_json::Value>,
) -> Result<Vec<serde_json::Value>, Error> {
    let lookup = Lookup { plugin: plugin.to_owned(), terms, options: serde_json::Map::new() };
    let untold = || refuse("what time it is, is not known here");
    run(state)?.ask(&lookup).ok_or_else(untold)?.map_err(trouble)
}

/// Microseconds since 1970.
fn now(state: &State) -> Result<i64, Error> {
    let told = asked(state, MOMENT, Vec::new())?;
    told.first().and_then(serde_json::Value::as_i64).ok_or_else(|| refuse("there is no clock"))
}

/// A zone at some moment.
struct Zone {
    /// Seconds before UTC.
    offset: i64,
    name: String,
}

impl Zone {
    fn utc(name: &str) -> Self {
        Self { offset: 0, name: name.to_owned() }
    }

    fn at(state: &State, second: i64) -> Result<Self, Error> {
        let told = asked(state, ZONE, vec![second.into()])?;
        let offset = told.first().and_then(serde_json::Value::as_i64).unwrap_or_default();
        let name = told.get(1).and_then(serde_json::Value::as_str).unwrap_or("UTC");
        Ok(Self { offset, name: name.to_owned() })
    }
}

/// A date and a time.
#[derive(Debug)]
pub(in crate::expression) struct Moment {
    /// Microseconds since 1970 by the clock on the wall.
    micros: i64,
    /// Seconds before UTC, if that was said.
    offset: Option<i64>,
    /// Only the date counts.
    date: bool,
}

/// Year, month, day, hour, minute, second, microsecond.
fn parts(micros: i64) -> [i64; 7] {
    let (days, rest) = (micros.div_euclid(DAY), micros.rem_euclid(DAY));
    let [year, month, day] = civil(days);
    let (seconds, fraction) = (rest / SECOND, rest % SECOND);
    [year, month, day, seconds / 3600, seconds / 60 % 60, seconds % 60, fraction]
}

/// The date so many days after 1970 begins.
fn civil(days: i64) -> [i64; 3] {
    // Years are counted from 1 March of the year 0, so that the leap day is the last of its year; 400 of them are an era.
    let days = days.saturating_add(719_468);
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    [year + era * 400 + i64::from(month <= 2), month, day]
}

/// How many days after 1970 begins a date is.
fn days_of([year, month, day]: [i64; 3]) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let from_march = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * from_march + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

impl Moment {
    /// As ISO 8601 has it.
    fn iso(&self, between: &str) -> String {
        let [year, month, day, hour, minute, second, micro] = parts(self.micros);
        let date = format!("{year:04}-{month:02}-{day:02}");
        if self.date {
            return date;
        }
        let fraction = if micro == 0 { String::new() } else { format!(".{micro:06}") };
        let offset = self.offset.map(|offset| format::offset(offset, ":")).unwrap_or_default();
        format!("{date}{between}{hour:02}:{minute:02}:{second:02}{fraction}{offset}")
    }

    /// The same moment in UTC, as far as its zone is known.
    fn absolute(&self) -> i64 {
        self.micros.saturating_sub(self.offset.unwrap_or_default().saturating_mul(SECOND))
    }

    fn method(&self, state: &State, name: &str, args: &[Value]) -> Result<Value, Error> {
        let weekday = self.micros.div_euclid(DAY).saturating_add(3).rem_euclid(7);
        Ok(match name {
            "strftime" => {
                let (format,): (String,) = from_args(args)?;
                let zone = self.offset.map(|offset| Zone { offset, name: format::named(offset) });
                let second = self.absolute().div_euclid(SECOND);
                format::formatted(&format, self.micros, zone.as_ref(), Some(second))?.into()
            }
            "isoformat" => {
                let (between,): (Option<String>,) = from_args(args)?;
                self.iso(between.as_deref().unwrap_or("T")).into()
            }
            "date" => Value::from_object(Self {
                micros: self.micros.div_euclid(DAY).saturating_mul(DAY),
                offset: None,
                date: true,
            }),
            "timestamp" => {
                let micros = match self.offset {
                    Some(_) => self.absolute(),
                    None => {
                        let zone = Zone::at(state, self.micros.div_euclid(SECOND))?;
                        self.micros.saturating_sub(zone.offset.saturating_mul(SECOND))
                    }
                };
                fraction(micros).into()
            }
            "weekday" => weekday.into(),
            "isoweekday" => weekday.saturating_add(1).into(),
            "toordinal" => self.micros.div_euclid(DAY).saturating_add(719_163).into(),
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        })
    }
}

/// Microseconds as seconds.
#[expect(clippy::cast_precision_loss, reason = "Python's are floats as well")]
fn fraction(micros: i64) -> f64 {
    micros as f64 / SECOND as f64
}

impl Object for Moment {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let names = ["year", "month", "day", "hour", "minute", "second", "microsecond"];
        let at = names.iter().position(|name| key.as_str() == Some(name))?;
        parts(self.micros).get(at).copied().map(Value::from)
    }

    fn call_method(
        self: &Arc<Self>,
        state: &mut State,
        name: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        self.method(state, name, args)
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        let other = other.downcast_ref::<Self>()?;
        Some(self.absolute().cmp(&other.absolute()))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iso(" "))
    }
}

/// How far two moments are apart, in microseconds.
#[derive(Debug)]
pub(in crate::expression) struct Span(i64);

impl Object for Span {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let rest = self.0.rem_euclid(DAY);
        match key.as_str()? {
            "days" => Some(self.0.div_euclid(DAY).into()),
            "seconds" => Some((rest / SECOND).into()),
            "microseconds" => Some((rest % SECOND).into()),
            _ => None,
        }
    }

    fn call_method(
        self: &Arc<Self>,
        _: &mut State,
        name: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        match (name, args) {
            ("total_seconds", []) => Ok(fraction(self.0).into()),
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        Some(self.0.cmp(&other.downcast_ref::<Self>()?.0))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, [_, _, _, hour, minute, second, micro]) =
            (self.0.div_euclid(DAY), parts(self.0));
        match days {
            0 => {}
            -1 | 1 => write!(f, "{days} day, ")?,
            days => write!(f, "{days} days, ")?,
        }
        write!(f, "{hour}:{minute:02}:{second:02}")?;
        if micro == 0 { Ok(()) } else { write!(f, ".{micro:06}") }
    }
}

/// Python's name of the kind of a value, and what it is as JSON, if it is a date.
pub(in crate::expression) fn known(value: &Value) -> Option<(&'static str, Option<String>)> {
    if let Some(moment) = value.downcast_object_ref::<Moment>() {
        let name = if moment.date { "date" } else { "datetime" };
        return Some((name, Some(moment.iso("T"))));
    }
    value.downcast_object_ref::<Span>().map(|_| ("timedelta", None))
}

/// A difference, of numbers as well.
fn minus(value: &Value, other: &Value) -> Result<Value, Error> {
    if let (Some(one), Some(other)) =
        (value.downcast_object_ref::<Moment>(), other.downcast_object_ref::<Moment>())
    {
        if one.offset.is_some() != other.offset.is_some() {
            return Err(refuse("of two moments only one has a zone: they have no difference"));
        }
        return Ok(Value::from_object(Span(one.absolute().saturating_sub(other.absolute()))));
    }
    if let (Some(one), Some(Span(span))) =
        (value.downcast_object_ref::<Moment>(), other.downcast_object_ref::<Span>())
    {
        let micros = one.micros.saturating_sub(*span);
        return Ok(Value::from_object(Moment { micros, offset: one.offset, date: one.date }));
    }
    match (i128::try_from(value.clone()), i128::try_from(other.clone())) {
        (Ok(one), Ok(other)) => {
            let difference = one.saturating_sub(other);
            Ok(i64::try_from(difference).map_or_else(|_| Value::from(difference), Value::from))
        }
        _ => match (f64::try_from(value.clone()), f64::try_from(other.clone())) {
            (Ok(one), Ok(other)) => Ok(Value::from(one - other)),
            _ => Err(advise(
                format!("{} cannot be taken from {}", described(other), described(value)),
                "make both numbers, or both moments: `x | int`, `x | to_datetime`",
            )),
        },
    }
}

#[cfg(test)]
mod tests;
