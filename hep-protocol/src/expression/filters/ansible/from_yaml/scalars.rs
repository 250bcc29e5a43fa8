//! Texts of scalars, and what they mean to YAML 1.1.

use super::super::to_yaml::scalars::{is_float, is_integer};
use super::{Loader, Read};
use crate::truth::{Reader, truth};
use serde_json::{Number, Value as Json};

/// A scalar with its tag.
pub(super) fn tagged(tag: Option<String>, text: &str) -> Read<Json> {
    match tag.as_deref() {
        None => Ok(meaning(text)),
        Some("!!str" | "!" | "!unsafe" | "!!binary" | "!!timestamp") => Ok(Json::from(text)),
        Some("!!int" | "!!float" | "!!bool" | "!!null") => Ok(meaning(text)),
        Some(tag) => Err(format!("there is no tag `{tag}` for this value")),
    }
}

/// What a plain scalar means.
fn meaning(text: &str) -> Json {
    if matches!(text, "" | "~" | "null" | "Null" | "NULL") {
        return Json::Null;
    }
    if let Some(truth) = truth(text, Reader::Yaml11) {
        return Json::Bool(truth);
    }
    let number = if is_integer(text) {
        integer(text)
    } else if is_float(text) {
        float(text)
    } else {
        None
    };
    number.map_or_else(|| Json::from(text), Json::Number)
}

fn integer(text: &str) -> Option<Number> {
    let plain = text.replace('_', "");
    let (sign, bare) = match plain.strip_prefix('-') {
        Some(bare) => (-1_i128, bare),
        None => (1, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let number = if let Some(bits) = bare.strip_prefix("0b") {
        i128::from_str_radix(bits, 2).ok()?
    } else if let Some(hex) = bare.strip_prefix("0x") {
        i128::from_str_radix(hex, 16).ok()?
    } else if bare.len() > 1 && bare.starts_with('0') {
        i128::from_str_radix(bare, 8).ok()?
    } else {
        let digit = |sum: i128, part: &str| {
            part.parse::<i128>().ok().and_then(|part| sum.checked_mul(60)?.checked_add(part))
        };
        bare.split(':').try_fold(0, digit)?
    };
    let number = number.checked_mul(sign)?;
    let small = i64::try_from(number).ok().map(Number::from);
    small.or_else(|| u64::try_from(number).ok().map(Number::from))
}

fn float(text: &str) -> Option<Number> {
    let plain = text.replace('_', "");
    let (sign, bare) = match plain.strip_prefix('-') {
        Some(bare) => (-1.0, bare),
        None => (1.0, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let digit = |sum: f64, part: &str| part.parse::<f64>().ok().map(|part| sum * 60.0 + part);
    bare.split(':').try_fold(0.0, digit).and_then(|number| Number::from_f64(sign * number))
}

/// A key, which is a text here whatever it means.
pub(super) fn as_key(json: &Json) -> Read<String> {
    match json {
        Json::String(text) => Ok(text.clone()),
        Json::Null | Json::Bool(_) | Json::Number(_) => Ok(json.to_string()),
        Json::Array(_) | Json::Object(_) => Err("a key is no collection".to_owned()),
    }
}

pub(super) fn plain_as_key(text: &str) -> Read<String> {
    as_key(&meaning(text))
}

impl Loader<'_> {
    /// A text in quotes, which may go over lines.
    pub(super) fn quoted(&mut self) -> Read<String> {
        let double = self.take("\"");
        if !double {
            self.take("'");
        }
        let mut out = String::new();
        loop {
            let rest = self.rest();
            let stops: &[char] = if double { &['"', '\\', '\n'] } else { &['\'', '\n'] };
            let end = rest.find(stops).ok_or("a quoted text is never closed")?;
            out.push_str(rest.get(..end).unwrap_or_default());
            self.forward(end);
            match self.peek() {
                Some('\n') => self.folded(&mut out),
                Some('\\') => self.escape(&mut out)?,
                Some('\'') if self.rest().starts_with("''") => {
                    self.forward(2);
                    out.push('\'');
                }
                _ => {
                    self.forward(1);
                    return Ok(out);
                }
            }
        }
    }

    /// The end of a line within a text: a blank, or a newline for each empty line.
    fn folded(&mut self, out: &mut String) {
        out.truncate(out.trim_end_matches([' ', '\t']).len());
        let mut lines = 0_usize;
        while self.peek() == Some('\n') {
            self.forward(1);
            lines = lines.saturating_add(1);
            self.blanks();
        }
        match lines {
            0 | 1 => out.push(' '),
            lines => out.push_str(&"\n".repeat(lines.saturating_sub(1))),
        }
    }

    fn escape(&mut self, out: &mut String) -> Read<()> {
        self.forward(1);
        let Some(letter) = self.peek() else {
            return Err("a quoted text is never closed".to_owned());
        };
        self.forward(letter.len_utf8());
        let length = match letter {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        let simple = match letter {
            '0' => '\0',
            'a' => '\u{7}',
            'b' => '\u{8}',
            't' | '\t' => '\t',
            'n' => '\n',
            'v' => '\u{b}',
            'f' => '\u{c}',
            'r' => '\r',
            'e' => '\u{1b}',
            ' ' | '"' | '/' | '\\' => letter,
            'N' => '\u{85}',
            '_' => '\u{a0}',
            'L' => '\u{2028}',
            'P' => '\u{2029}',
            '\n' => {
                self.blanks();
                return Ok(());
            }
            'x' | 'u' | 'U' => {
                let digits = self.rest().get(..length).unwrap_or_default();
                let code = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
                self.forward(length);
                code.ok_or("this escape stands for no character")?
            }
            other => return Err(format!("there is no escape `\\{other}`")),
        };
        out.push(simple);
        Ok(())
    }

    /// A plain text, with its lines further right than `around`.
    pub(super) fn plain(&mut self, around: Option<usize>) -> Read<String> {
        let mut out = String::new();
        loop {
            let rest = self.rest();
            let line = rest.split('\n').next().unwrap_or_default();
            let end = line.find(" #").or_else(|| line.find("\t#")).unwrap_or(line.len());
            let part = line.get(..end).unwrap_or_default().trim_end();
            if part.contains(": ") || part.ends_with(':') {
                return Err("`: ` cannot stand within a text without quotes".to_owned());
            }
            out.push_str(part);
            self.forward(end);
            let (here, commented) = (self.at, end < line.len());
            let mut after = String::new();
            if commented || self.peek() != Some('\n') {
                return Ok(out);
            }
            self.folded(&mut after);
            let deeper = around.is_none_or(|around| self.column() > around);
            if self.rest().is_empty() || !deeper || self.marker() || self.peek() == Some('#') {
                self.at = here;
                return Ok(out);
            }
            out.push_str(if after.is_empty() { " " } else { &after });
        }
    }

    /// Whether the line that was read last has an end.
    fn ended(&self) -> bool {
        !self.rest().is_empty() || self.text.ends_with('\n')
    }

    /// A text after `|` or `>`.
    pub(super) fn block_text(&mut self, around: Option<usize>) -> Read<String> {
        let folds = self.peek() == Some('>');
        let header = self.rest().split('\n').next().unwrap_or_default();
        self.forward(header.len().saturating_add(1));
        let marks = header.get(1..).unwrap_or_default();
        let marks = marks.split('#').next().unwrap_or_default().trim();
        if !marks.chars().all(|c| matches!(c, '+' | '-' | '1'..='9')) {
            return Err(format!("`{marks}` cannot stand after `|` or `>`"));
        }
        let parent = around.map_or(0, |around| around);
        let given =
            marks.chars().find_map(|c| c.to_digit(10)).and_then(|n| usize::try_from(n).ok());
        let mut indent = given.map(|given| around.map_or(given, |_| parent.saturating_add(given)));
        let mut lines: Vec<&str> = Vec::new();
        while !self.rest().is_empty() {
            let line = self.rest().split('\n').next().unwrap_or_default();
            let blanks = line.len().saturating_sub(line.trim_start_matches(' ').len());
            let empty = blanks == line.len();
            if !empty {
                let least = *indent.get_or_insert(blanks);
                let outside = around.is_some_and(|around| least <= around) || blanks < least;
                if outside || self.marker() {
                    break;
                }
            }
            lines.push(
                line.get(indent.unwrap_or(blanks).min(blanks.max(indent.unwrap_or(0)))..)
                    .unwrap_or_default(),
            );
            self.forward(line.len().saturating_add(1));
        }
        let count =
            lines.iter().rposition(|line| !line.is_empty()).map_or(0, |at| at.saturating_add(1));
        let trailing = lines.len().saturating_sub(count);
        let kept = lines.get(..count).unwrap_or_default();
        let mut out = if folds { folded_lines(kept) } else { kept.join("\n") };
        if marks.contains('+') {
            let last = usize::from(count > 0 && (trailing > 0 || self.ended()));
            out.push_str(&"\n".repeat(trailing.saturating_add(last)));
        } else if !marks.contains('-') && count > 0 && (trailing > 0 || self.ended()) {
            out.push('\n');
        }
        Ok(out)
    }
}

/// Lines joined by blanks, but for those that are indented further or empty.
fn folded_lines(lines: &[&str]) -> String {
    let mut out = String::new();
    let deeper = |line: &str| line.starts_with([' ', '\t']);
    let mut empty = 0_usize;
    let mut last: Option<&str> = None;
    for line in lines {
        if line.is_empty() {
            empty = empty.saturating_add(1);
            continue;
        }
        if let Some(last) = last {
            let kept = deeper(last) || deeper(line);
            match (kept, empty) {
                (false, 0) => out.push(' '),
                (false, empty) => out.push_str(&"\n".repeat(empty)),
                (true, empty) => out.push_str(&"\n".repeat(empty.saturating_add(1))),
            }
        } else {
            out.push_str(&"\n".repeat(empty));
        }
        out.push_str(line);
        (last, empty) = (Some(*line), 0);
    }
    out
}
