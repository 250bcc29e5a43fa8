//! `strftime`, as C's library has it in its own language.

use super::super::super::refuse;
use super::{SECOND, Zone, days_of, parts};
use minijinja::Error;

const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// More than any name of a file has.
const LONGEST: usize = 4096;

/// Microseconds by the clock on the wall in a format.
///
/// `second` is what the moment is in UTC, where a moment of Python's `datetime` is formatted, which knows microseconds; `time` has
/// none.
pub(super) fn formatted(
    format: &str,
    micros: i64,
    zone: Option<&Zone>,
    second: Option<i64>,
) -> Result<String, Error> {
    if format.len() > LONGEST {
        return Err(refuse("`strftime`: the format is too long"));
    }
    let written = Written { micros, zone, second };
    let mut out = String::new();
    let mut characters = format.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            out.push(character);
            continue;
        }
        let mut directive = characters.next();
        let flag = directive.filter(|flag| "-_0^#".contains(*flag));
        if flag.is_some() {
            directive = characters.next();
        }
        let Some(letter) = directive else {
            out.push('%');
            break;
        };
        match written.directive(letter, flag) {
            Some(text) => out.push_str(&text),
            None => {
                out.push('%');
                out.extend(flag);
                out.push(letter);
            }
        }
    }
    Ok(out)
}

/// What a letter is short for.
fn composed(letter: char) -> Option<&'static str> {
    Some(match letter {
        'c' => "%a %b %e %H:%M:%S %Y",
        'D' | 'x' => "%m/%d/%y",
        'F' => "%Y-%m-%d",
        'r' => "%I:%M:%S %p",
        'R' => "%H:%M",
        'T' | 'X' => "%H:%M:%S",
        _ => return None,
    })
}

struct Written<'z> {
    micros: i64,
    zone: Option<&'z Zone>,
    second: Option<i64>,
}

impl Written<'_> {
    /// What a letter says of the zone.
    fn of_zone(&self, letter: char) -> Option<String> {
        Some(match letter {
            's' => {
                let local = self.micros.div_euclid(SECOND);
                let zoned = local - self.zone.map_or(0, |zone| zone.offset);
                self.second.unwrap_or(zoned).to_string()
            }
            'z' => self.zone.map(|zone| offset(zone.offset, "")).unwrap_or_default(),
            'Z' => self.zone.map(|zone| zone.name.clone()).unwrap_or_default(),
            _ => return None,
        })
    }

    /// What stands for a letter; nothing for one that stands for itself.
    fn directive(&self, letter: char, flag: Option<char>) -> Option<String> {
        let [year, month, day, hour, minute, second, micro] = parts(self.micros);
        let days = days_of([year, month, day]);
        let of_year = days - days_of([year, 1, 1]);
        let weekday = (days + 4).rem_euclid(7);
        let from_monday = (weekday + 6) % 7;
        let (iso_year, iso_week) = iso_week(year, of_year, from_monday);
        let half = if hour % 12 == 0 { 12 } else { hour % 12 };
        let number = |value: i64, width: usize, blank: char| match flag {
            Some('-') => value.to_string(),
            Some('_') => format!("{value:width$}"),
            Some('0') => format!("{value:0width$}"),
            _ if blank == ' ' => format!("{value:width$}"),
            _ => format!("{value:0width$}"),
        };
        let name = |names: &[&str], at: i64| {
            let at = usize::try_from(at).unwrap_or_default();
            let name = names.get(at).copied().unwrap_or_default();
            if flag == Some('^') { name.to_uppercase() } else { name.to_owned() }
        };
        let short = |name: String| name.chars().take(3).collect::<String>();
        if let Some(text) = self.of_zone(letter) {
            return Some(text);
        }
        if let Some(format) = composed(letter) {
            return formatted(format, self.micros, self.zone, self.second).ok();
        }
        Some(match letter {
            'a' => short(name(&DAYS, weekday)),
            'A' => name(&DAYS, weekday),
            'b' | 'h' => short(name(&MONTHS, month - 1)),
            'B' => name(&MONTHS, month - 1),
            'C' => number(year.div_euclid(100), 2, '0'),
            'd' => number(day, 2, '0'),
            'e' => number(day, 2, ' '),
            'f' if self.second.is_some() => format!("{micro:06}"),
            'g' => number(iso_year.rem_euclid(100), 2, '0'),
            'G' => number(iso_year, 1, '0'),
            'H' => number(hour, 2, '0'),
            'I' => number(half, 2, '0'),
            'j' => number(of_year + 1, 3, '0'),
            'k' => number(hour, 2, ' '),
            'l' => number(half, 2, ' '),
            'm' => number(month, 2, '0'),
            'M' => number(minute, 2, '0'),
            'n' => "\n".to_owned(),
            'p' if flag == Some('#') => if hour < 12 { "am" } else { "pm" }.to_owned(),
            'p' => if hour < 12 { "AM" } else { "PM" }.to_owned(),
            'P' => if hour < 12 { "am" } else { "pm" }.to_owned(),
            'S' => number(second, 2, '0'),
            't' => "\t".to_owned(),
            'u' => number(from_monday + 1, 1, '0'),
            'U' => number((of_year + 7 - weekday) / 7, 2, '0'),
            'V' => number(iso_week, 2, '0'),
            'w' => number(weekday, 1, '0'),
            'W' => number((of_year + 7 - from_monday) / 7, 2, '0'),
            'y' => number(year.rem_euclid(100), 2, '0'),
            'Y' => number(year, 1, '0'),
            '%' => "%".to_owned(),
            _ => return None,
        })
    }
}

/// The year and number of a week that begins on a Monday, and belongs to the year that has its Thursday.
fn iso_week(year: i64, of_year: i64, from_monday: i64) -> (i64, i64) {
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = |year: i64| if leap(year) { 366 } else { 365 };
    let thursday = of_year - from_monday + 3;
    if thursday < 0 {
        (year - 1, (thursday + length(year - 1)) / 7 + 1)
    } else if thursday >= length(year) {
        (year + 1, 1)
    } else {
        (year, thursday / 7 + 1)
    }
}

/// `+0200`, or with something between hours and minutes.
pub(super) fn offset(seconds: i64, between: &str) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let seconds = seconds.abs();
    format!("{sign}{:02}{between}{:02}", seconds / 3600, seconds / 60 % 60)
}

/// What Python calls a zone that has no name.
pub(super) fn named(seconds: i64) -> String {
    if seconds == 0 { "UTC".to_owned() } else { format!("UTC{}", offset(seconds, ":")) }
}
