//! The content of a file: a text, or in Ansible's dialect a collection, which is JSON then.

use super::kind;
use serde::{Deserialize, Deserializer, de};
use std::fmt;

/// Decodes a content that may be left out.
///
/// # Errors
/// Those of the decoder.
pub(crate) fn document<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    if from.is_human_readable() {
        from.deserialize_option(Given)
    } else {
        Option::deserialize(from)
    }
}

struct Given;

impl<'de> de::Visitor<'de> for Given {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, value: D) -> Result<Self::Value, D::Error> {
        value.deserialize_newtype_struct(kind::DOCUMENT, Text).map(Some)
    }
}

struct Text;

impl<'de> de::Visitor<'de> for Text {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, value: D) -> Result<String, D::Error> {
        String::deserialize(value)
    }
}
