//! `strptime`, as Python has it.

use super::super::super::advise;
use super::format::MONTHS;
use super::{DAY, SECOND, days_of};
use minijinja::Error;

/// What was read, before it is a date.
struct Read {
    date: [i64; 3],
    of_year: Option<i64>,
    hour: i64,
    half: Option<i64>,
    afternoon: bool,
    minute: i64,
    second: i64,
    micro: i64,
    offset: Option<i64>,
}

/// Microseconds since 1970, and seconds before UTC if the text has them.
pub(super) fn parsed(text: &str, format: &str) -> Result<(i64, Option<i64>), Error> {
    let found = read(text, format).and_then(|read| read.moment());
    found.ok_or_else(|| {
        advise(
            format!("`to_datetime`: the text `{text}` has not the form `{format}`"),
            "its argument is the form: `to_datetime('%Y-%m-%d')`",
        )
    })
}

fn read(text: &str, format: &str) -> Option<Read> {
    let mut read = Read {
        date: [1900, 1, 1],
        of_year: None,
        hour: 0,
        half: None,
        afternoon: false,
        minute: 0,
        second: 0,
        micro: 0,
        offset: None,
    };
    let (mut rest, mut format) = (text, format.chars());
    while let Some(character) = format.next() {
        rest = match character {
            '%' => read.directive(format.next()?, rest)?,
            blank if blank.is_whitespace() => {
                let trimmed = rest.trim_start();
                (trimmed.len() < rest.len()).then_some(trimmed)?
            }
            character => {
                let first = rest.chars().next()?;
                let same = first.to_lowercase().eq(character.to_lowercase());
                same.then(|| rest.get(first.len_utf8()..))??
            }
        };
    }
    rest.is_empty().then_some(read)
}

/// A number of at most so many digits that is in a range, and what is left.
fn number(text: &str, digits: usize, range: std::ops::RangeInclusive<i64>) -> Option<(i64, &str)> {
    let count = text.bytes().take(digits).take_while(u8::is_ascii_digit).count();
    (1..=count).rev().find_map(|count| {
        let value = text.get(..count)?.parse().ok()?;
        range.contains(&value).then_some((value, text.get(count..)?))
    })
}

/// Which of these names a text begins with, the longer ones first, and what is left.
fn name<'t>(text: &'t str, names: &[&str], lengths: &[usize]) -> Option<(i64, &'t str)> {
    lengths.iter().find_map(|length| {
        names.iter().enumerate().find_map(|(at, name)| {
            let name = name.get(..*length).unwrap_or(name);
            let start = text.get(..name.len())?;
            let same = start.eq_ignore_ascii_case(name);
            same.then_some((i64::try_from(at).ok()?, text.get(name.len()..)?))
        })
    })
}

impl Read {
    fn directive<'t>(&mut self, letter: char, text: &'t str) -> Option<&'t str> {
        const WEEKDAYS: [&str; 7] =
            ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
        const WHOLE: [usize; 2] = [usize::MAX, 3];
        let [year, month, day] = &mut self.date;
        let plain = |place: &mut i64, digits, range| {
            let (value, rest) = number(text, digits, range)?;
            *place = value;
            Some(rest)
        };
        match letter {
            'Y' => {
                let (value, rest) = number(text, 4, 0..=9999)?;
                *year = (text.len() - rest.len() == 4).then_some(value)?;
                Some(rest)
            }
            'y' => {
                let (value, rest) = number(text, 2, 0..=99)?;
                *year = if value < 69 { value + 2000 } else { value + 1900 };
                (text.len() - rest.len() == 2).then_some(rest)
            }
            'm' => plain(month, 2, 1..=12),
            'd' => plain(day, 2, 1..=31),
            'H' => plain(&mut self.hour, 2, 0..=23),
            'I' => {
                let (value, rest) = number(text, 2, 1..=12)?;
                self.half = Some(value);
                Some(rest)
            }
            'M' => plain(&mut self.minute, 2, 0..=59),
            'S' => plain(&mut self.second, 2, 0..=61),
            'f' => {
                let (value, rest) = number(text, 6, 0..=999_999)?;
                let missing = 6_usize.saturating_sub(text.len() - rest.len());
                self.micro = value * 10_i64.pow(u32::try_from(missing).ok()?);
                Some(rest)
            }
            'j' => {
                let (value, rest) = number(text, 3, 1..=366)?;
                self.of_year = Some(value);
                Some(rest)
            }
            'b' | 'B' => {
                let lengths = if letter == 'B' { &WHOLE[..1] } else { &WHOLE[1..] };
                let (value, rest) = name(text, &MONTHS, lengths)?;
                *month = value + 1;
                Some(rest)
            }
            'a' => name(text, &WEEKDAYS, &[3]).map(|(_, rest)| rest),
            'A' => name(text, &WEEKDAYS, &[usize::MAX]).map(|(_, rest)| rest),
            'p' => {
                let (value, rest) = name(text, &["AM", "PM"], &[2])?;
                self.afternoon = value == 1;
                Some(rest)
            }
            'w' | 'u' => number(text, 1, 0..=7).map(|(_, rest)| rest),
            'z' => self.zone(text),
            'Z' => name(text, &["UTC", "GMT"], &[3]).map(|(_, rest)| rest),
            '%' => text.strip_prefix('%'),
            _ => None,
        }
    }

    /// `Z`, `+02:00` or `-0530`.
    fn zone<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        if let Some(rest) = text.strip_prefix('Z') {
            self.offset = Some(0);
            return Some(rest);
        }
        let sign = match text.chars().next()? {
            '+' => 1,
            '-' => -1,
            _ => return None,
        };
        let (hours, rest) = number(text.get(1..)?, 2, 0..=23)?;
        let (minutes, rest) = number(rest.strip_prefix(':').unwrap_or(rest), 2, 0..=59)?;
        self.offset = Some(sign * (hours * 3600 + minutes * 60));
        Some(rest)
    }

    fn moment(self) -> Option<(i64, Option<i64>)> {
        let [year, month, day] = self.date;
        let days = match self.of_year {
            Some(of_year) => days_of([year, 1, 1]) + of_year - 1,
            None => days_of([year, month, day]),
        };
        // The 30th of February is another day.
        if self.of_year.is_none() && super::civil(days) != self.date || !(1..=9999).contains(&year)
        {
            return None;
        }
        let hour = match self.half {
            Some(half) => half % 12 + if self.afternoon { 12 } else { 0 },
            None => self.hour,
        };
        // Only clocks know of a second 60.
        let second = (self.second < 60).then_some(self.second)?;
        let seconds = hour * 3600 + self.minute * 60 + second;
        Some((days * DAY + seconds * SECOND + self.micro, self.offset))
    }
}
