//! The format of dpkg's and apt's databases (deb822(5)): stanzas of `Field: value` lines, read one after the other.

use std::io::{self, BufRead};

/// The fields of one stanza that were asked for.
pub(crate) struct Stanza<'a> {
    fields: &'a [&'a str],
    values: Vec<String>,
}

impl Stanza<'_> {
    /// A field's value, its lines joined; empty if the stanza has none.
    pub(crate) fn get(&self, field: &str) -> &str {
        let place = self.fields.iter().position(|name| *name == field);
        place.and_then(|place| self.values.get(place)).map_or("", String::as_str)
    }

    fn is_empty(&self) -> bool {
        self.values.iter().all(String::is_empty)
    }
}

/// Hands every stanza that has one of the fields to `each`; the other fields cost next to nothing.
pub(crate) fn each_stanza(
    mut input: impl BufRead,
    fields: &[&str],
    mut each: impl FnMut(&Stanza<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let mut stanza = Stanza { fields, values: vec![String::new(); fields.len()] };
    let mut line = Vec::new();
    let mut current = None;
    loop {
        line.clear();
        let end = input.read_until(b'\n', &mut line)? == 0;
        let text = line.trim_ascii_end();
        if text.is_empty() {
            if !stanza.is_empty() {
                each(&stanza)?;
                stanza.values.iter_mut().for_each(String::clear);
            }
            current = None;
        } else if text.starts_with(b" ") || text.starts_with(b"\t") {
            let value = current.and_then(|place: usize| stanza.values.get_mut(place));
            if let Some(value) = value {
                value.push('\n');
                value.push_str(&String::from_utf8_lossy(text.trim_ascii_start()));
            }
        } else {
            let (name, value) = split(text);
            current = fields.iter().position(|field| name.eq_ignore_ascii_case(field.as_bytes()));
            if let Some(slot) = current.and_then(|place| stanza.values.get_mut(place)) {
                slot.clear();
                slot.push_str(&String::from_utf8_lossy(value));
            }
        }
        if end {
            return Ok(());
        }
    }
}

/// A line without a colon is a field without a value.
fn split(line: &[u8]) -> (&[u8], &[u8]) {
    let colon = line.iter().position(|&byte| byte == b':').unwrap_or(line.len());
    let (name, value) = line.split_at(colon);
    (name, value.get(1..).unwrap_or_default().trim_ascii_start())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &[u8], fields: &[&str]) -> Vec<Vec<String>> {
        let mut stanzas = Vec::new();
        each_stanza(text, fields, |stanza| {
            stanzas.push(fields.iter().map(|field| stanza.get(field).to_owned()).collect());
            Ok(())
        })
        .unwrap();
        stanzas
    }

    #[test]
    fn stanzas_are_told_apart_and_other_fields_left_out() {
        let text = b"Package: a\nDescription: x\n Package: not\nVersion: 1:2\n\n\nOther: y\n\npackage:b\n more";
        assert_eq!(read(text, &["Package", "Version"]), [["a", "1:2"], ["b\nmore", ""]]);
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes: Vec<u8>) {
            read(&bytes, &["Package", "a", ""]);
        }

        #[test]
        fn what_was_written_is_read(values in prop::collection::vec("[!-~]([ -~]{0,30}[!-~])?", 1..8)) {
            let text: String = values.iter().map(|v| format!("Noise: {v}\nField: {v}\n lorem\n\n")).collect();
            let expected: Vec<Vec<String>> = values.iter().map(|v| vec![format!("{v}\nlorem")]).collect();
            prop_assert_eq!(read(text.as_bytes(), &["Field"]), expected);
        }
    }
}
