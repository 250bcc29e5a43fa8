//! Scalars: plain where that is possible, else in single quotes, and in double ones where nothing else carries a text.

use super::{At, Emitter};
use crate::expression::python;
use crate::truth::{Reader, truth};
use serde_json::Value as Json;

/// The longest text that stands as a key before its colon.
const MAX_KEY: usize = 128;

pub(super) fn is_simple_key(key: &str) -> bool {
    key.len() <= MAX_KEY && !key.contains(is_break)
}

pub(super) fn write(emitter: &mut Emitter, json: &Json, column: usize, at: At) {
    let folds = at != At::Key;
    match json {
        Json::String(text) => {
            let look = Look::at(text, emitter.unicode);
            let flow = emitter.depth > 0;
            let plain = if flow { look.plain_in_flow } else { look.plain };
            if plain && !text.is_empty() && is_text(text) {
                write_plain(emitter, text, column, folds);
            } else if look.single {
                write_single(emitter, text, column, folds);
            } else {
                write_double(emitter, text, column, folds);
            }
        }
        Json::Number(number) if number.is_f64() => {
            let text = python::float(number.as_f64().unwrap_or_default());
            let text = match text.split_once('e') {
                Some((before, after)) if !before.contains('.') => format!("{before}.0e{after}"),
                Some(_) | None => text,
            };
            write_plain(emitter, &text, column, false);
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
            write_plain(emitter, &json.to_string(), column, false);
        }
    }
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_blank(c: Option<char>) -> bool {
    c.is_none_or(|c| matches!(c, '\0' | ' ' | '\t') || is_break(c))
}

/// libyaml knows characters of up to three bytes.
fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && c != '\u{feff}'
}

/// The ways in which a text may be written.
struct Look {
    plain: bool,
    plain_in_flow: bool,
    single: bool,
}

impl Look {
    fn at(text: &str, unicode: bool) -> Self {
        let (mut block, mut flow) = (false, false);
        if text.starts_with("---") || text.starts_with("...") {
            (block, flow) = (true, true);
        }
        let (mut breaks, mut special, mut space_break, mut break_space) =
            (false, false, false, false);
        let mut before: Option<char> = None;
        let mut characters = text.chars().peekable();
        while let Some(c) = characters.next() {
            let followed = is_blank(characters.peek().copied());
            let both = match (before, c) {
                (None, c) if "#,[]{}&*!|>'\"%@`".contains(c) => true,
                (None, '-') => followed,
                (Some(before), '#') => is_blank(Some(before)),
                _ => false,
            };
            let colon = c == ':' || before.is_none() && c == '?';
            flow |= both || colon || before.is_some() && ",?[]{}".contains(c);
            block |= both || colon && followed;
            breaks |= is_break(c);
            special |= !is_printable(c) || !unicode && !c.is_ascii();
            break_space |= c == ' ' && before.is_some_and(is_break);
            space_break |= is_break(c) && before == Some(' ');
            before = Some(c);
        }
        let edge = |c: char| c == ' ' || is_break(c);
        let edges = text.starts_with(edge) || text.ends_with(edge);
        let odd = edges || break_space || space_break || special || breaks;
        Self {
            plain: !odd && !block,
            plain_in_flow: !odd && !flow,
            single: !break_space && !space_break && !special,
        }
    }
}

/// Whether YAML 1.1 reads a plain word as a text.
fn is_text(text: &str) -> bool {
    let special = matches!(text, "~" | "null" | "Null" | "NULL" | "<<" | "=" | "!" | "&" | "*");
    let number = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    !special
        && truth(text, Reader::Yaml11).is_none()
        && !(number && (is_integer(text) || is_float(text) || is_date(text)))
}

fn all(text: &str, known: &str) -> bool {
    text.chars().all(|c| known.contains(c))
}

pub(in super::super) fn is_integer(text: &str) -> bool {
    let bare = text.strip_prefix(['+', '-']).unwrap_or(text);
    let with = |prefix: &str, digits: &str| {
        bare.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty() && all(rest, digits))
    };
    bare == "0"
        || with("0b", "01_")
        || with("0x", "0123456789abcdefABCDEF_")
        || with("0", "01234567_")
        || bare.starts_with(|c: char| ('1'..='9').contains(&c))
            && (all(bare, "0123456789_") || is_sexagesimal(bare))
}

/// `1:30:00`: all parts but the first are below 60.
fn is_sexagesimal(text: &str) -> bool {
    let mut parts = text.split(':');
    let first = parts.next().unwrap_or_default();
    let mut count = 0_usize;
    let small = |part: &str| {
        matches!(part.len(), 1 | 2)
            && all(part, "0123456789")
            && part.parse().is_ok_and(|n: u8| n < 60)
    };
    let fitting = parts.all(|part| {
        count = count.saturating_add(1);
        small(part)
    });
    fitting && count > 0 && !first.is_empty() && all(first, "0123456789_")
}

pub(in super::super) fn is_float(text: &str) -> bool {
    let bare = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(bare, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let Some((whole, rest)) = bare.split_once('.') else { return false };
    if is_sexagesimal(whole) {
        return all(rest, "0123456789_");
    }
    let (digits, exponent) = match rest.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, Some(exponent)),
        None => (rest, None),
    };
    let exponent = exponent.is_none_or(|exponent| {
        let bare = exponent.strip_prefix(['+', '-']);
        bare.is_some_and(|bare| !bare.is_empty() && all(bare, "0123456789"))
    });
    let begun =
        whole.starts_with(|c: char| c.is_ascii_digit()) || whole.is_empty() && !digits.is_empty();
    begun && exponent && all(whole, "0123456789_") && all(digits, "0123456789_")
}

/// `2001-12-15`, and one with a time of day after it.
fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let (year, month, rest) = (parts.next(), parts.next(), parts.next().unwrap_or_default());
    let digits = |part: Option<&str>, lengths: std::ops::RangeInclusive<usize>| {
        part.is_some_and(|part| lengths.contains(&part.len()) && all(part, "0123456789"))
    };
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (day, time) = rest.split_at(end);
    if !digits(year, 4..=4) {
        return false;
    }
    if time.is_empty() {
        return digits(month, 2..=2) && digits(Some(day), 2..=2);
    }
    let time =
        time.strip_prefix(['T', 't']).unwrap_or_else(|| time.trim_start_matches([' ', '\t']));
    let zone = time.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.'));
    let (clock, zone) = time.split_at(zone.unwrap_or(time.len()));
    let mut clock = clock.split(':');
    let (hour, minute, second) = (clock.next(), clock.next(), clock.next().unwrap_or_default());
    let second = second.split_once('.').map_or(second, |(second, _)| second);
    let zone = zone.trim_start_matches([' ', '\t']);
    digits(month, 1..=2)
        && digits(Some(day), 1..=2)
        && digits(hour, 1..=2)
        && digits(minute, 2..=2)
        && digits(Some(second), 2..=2)
        && clock.next().is_none()
        && (zone.is_empty()
            || zone == "Z"
            || zone.starts_with(['+', '-']) && all(zone, "+-:0123456789"))
}

fn begin(emitter: &mut Emitter) {
    if !emitter.whitespace {
        emitter.put(" ");
    }
    (emitter.whitespace, emitter.indention) = (false, false);
}

fn write_plain(emitter: &mut Emitter, text: &str, column: usize, folds: bool) {
    begin(emitter);
    write_words(emitter, text, column, folds, |emitter, c| emitter.put(c.encode_utf8(&mut [0; 4])));
    (emitter.whitespace, emitter.indention) = (false, false);
}

fn write_single(emitter: &mut Emitter, text: &str, column: usize, folds: bool) {
    begin(emitter);
    emitter.put("'");
    write_words(emitter, text, column, folds, |emitter, c| match c {
        '\'' => emitter.put("''"),
        c => emitter.put(c.encode_utf8(&mut [0; 4])),
    });
    emitter.put("'");
    (emitter.whitespace, emitter.indention) = (false, false);
}

/// The text, in a new line at single blanks once a line is long; line breaks are doubled.
fn write_words(
    emitter: &mut Emitter,
    text: &str,
    column: usize,
    folds: bool,
    put: impl Fn(&mut Emitter, char),
) {
    let mut before = None;
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let next = characters.peek().copied();
        let single = before.is_some() && before != Some(' ') && next.is_some() && next != Some(' ');
        if c == ' ' && folds && single && emitter.column > emitter.width {
            emitter.go_to(column);
        } else if is_break(c) {
            if !before.is_some_and(is_break) && c == '\n' {
                emitter.line_break();
            }
            emitter.line_break();
        } else {
            if before.is_some_and(is_break) {
                emitter.go_to(column);
            }
            put(emitter, c);
            emitter.indention = false;
        }
        before = Some(c);
    }
    if before.is_some_and(is_break) {
        emitter.go_to(column);
    }
}

fn write_double(emitter: &mut Emitter, text: &str, column: usize, folds: bool) {
    begin(emitter);
    emitter.put("\"");
    let mut before = None;
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let next = characters.peek().copied();
        let inside = before.is_some() && before != Some(' ') && next.is_some();
        let escape = match c {
            '\0' => "\\0",
            '\u{7}' => "\\a",
            '\u{8}' => "\\b",
            '\t' => "\\t",
            '\n' => "\\n",
            '\u{b}' => "\\v",
            '\u{c}' => "\\f",
            '\r' => "\\r",
            '\u{1b}' => "\\e",
            '"' => "\\\"",
            '\\' => "\\\\",
            '\u{85}' => "\\N",
            '\u{2028}' => "\\L",
            '\u{2029}' => "\\P",
            '\u{a0}' if !emitter.unicode => "\\_",
            _ => "",
        };
        if !escape.is_empty() {
            emitter.put(escape);
        } else if !is_printable(c) || !emitter.unicode && !c.is_ascii() {
            let escape = match u32::from(c) {
                code @ ..=0xff => format!("\\x{code:02X}"),
                code @ 0x100..=0xffff => format!("\\u{code:04X}"),
                code => format!("\\U{code:08X}"),
            };
            emitter.put(&escape);
        } else if c == ' ' && folds && inside && emitter.column > emitter.width {
            emitter.go_to(column);
            if next == Some(' ') {
                emitter.put("\\");
            }
        } else {
            emitter.put(c.encode_utf8(&mut [0; 4]));
        }
        emitter.indention = false;
        before = Some(c);
    }
    emitter.put("\"");
    (emitter.whitespace, emitter.indention) = (false, false);
}
