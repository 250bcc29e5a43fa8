//! A program and its arguments. Never a shell's string.

use super::{InvalidValue, kind};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// A program with its arguments: at least the program, no NUL.
///
/// A manifest gives a list, or one text that is split at spaces; quotes (`'`, `"`) keep a part together and nothing is
/// expanded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Argv(Vec<String>);

impl Argv {
    /// The program.
    #[must_use]
    pub fn program(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    /// The program and its arguments.
    #[must_use]
    pub fn parts(&self) -> &[String] {
        &self.0
    }
}

impl TryFrom<Vec<String>> for Argv {
    type Error = InvalidValue;

    fn try_from(parts: Vec<String>) -> Result<Self, InvalidValue> {
        let shown = parts.join(" ");
        if parts.first().is_none_or(String::is_empty) {
            return Err(InvalidValue::new("a command", &shown, "it names no program"));
        }
        if shown.contains('\0') {
            return Err(InvalidValue::new("a command", &shown, "it contains a NUL byte"));
        }
        Ok(Self(parts))
    }
}

impl TryFrom<&str> for Argv {
    type Error = InvalidValue;

    fn try_from(text: &str) -> Result<Self, InvalidValue> {
        let mut parts = Vec::new();
        let mut part: Option<String> = None;
        let mut quote = None;
        for c in text.chars() {
            match (quote, c) {
                (Some(open), _) if open == c => quote = None,
                (None, '\'' | '"') => {
                    quote = Some(c);
                    part.get_or_insert_default();
                }
                (None, _) if c.is_whitespace() => parts.extend(part.take()),
                (None, '|' | '>' | '<' | ';' | '&' | '`') => {
                    let why = format!(
                        "no shell reads it, so `{c}` would be an argument; write `command: {{shell: \"...\"}}`, or a list"
                    );
                    return Err(InvalidValue::new("a command", text, why));
                }
                _ => part.get_or_insert_default().push(c),
            }
        }
        parts.extend(part);
        match quote {
            Some(open) => Err(InvalidValue::new(
                "a command",
                text,
                format!("the quote {open} is never closed"),
            )),
            None => Self::try_from(parts),
        }
    }
}

impl fmt::Display for Argv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.0.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            let special = |c: char| c.is_whitespace() || "'\"|&;<>()$`\\*?[]#~".contains(c);
            let plain = !part.is_empty() && !part.contains(special);
            if plain { write!(f, "{space}{part}")? } else { write!(f, "{space}{part:?}")? }
        }
        Ok(())
    }
}

impl Serialize for Argv {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Argv {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_newtype_struct(kind::ARGV, ArgvVisitor)
        } else {
            Vec::deserialize(deserializer)
                .and_then(|parts| Self::try_from(parts).map_err(de::Error::custom))
        }
    }
}

struct ArgvVisitor;

impl<'de> de::Visitor<'de> for ArgvVisitor {
    type Value = Argv;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a command: a list of its parts, or one text")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, value: D) -> Result<Argv, D::Error> {
        value.deserialize_any(self)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Argv, E> {
        Argv::try_from(text).map_err(E::custom)
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Argv, A::Error> {
        let mut parts = Vec::new();
        while let Some(part) = seq.next_element::<String>()? {
            parts.push(part);
        }
        Argv::try_from(parts).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(Argv::try_from(text).unwrap().parts(), expected);
    }

    #[test]
    fn text_is_split_at_spaces_outside_quotes() {
        check("nginx -t -c %s", &["nginx", "-t", "-c", "%s"]);
        check("  sh  -c 'a b' \"\" x'y z'", &["sh", "-c", "a b", "", "xy z"]);
        check("echo $HOME '|' cat", &["echo", "$HOME", "|", "cat"]);
    }

    #[test]
    fn nothing_to_run_is_refused() {
        for text in ["", "  ", "sh -c 'x", "ls | wc", "echo hi > /x", "cd /tmp && ls", "a; b"] {
            assert!(Argv::try_from(text).is_err(), "{text}");
        }
    }
}
