//! A value whose shape nobody fixed: variables, and parameters with expressions in them.

use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::fmt;

/// Any JSON value. On the wire it is its text, since a wire type must not nest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(transparent))]
pub struct Json(pub Value);

impl Json {
    /// The entries of a mapping; none of anything else.
    #[must_use]
    pub fn entries(&self) -> Option<&serde_json::Map<String, Value>> {
        self.0.as_object()
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            self.0.serialize(serializer)
        } else {
            serializer.serialize_str(&self.0.to_string())
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Json;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the text of a JSON value")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Json, E> {
                serde_json::from_str(text).map(Json).map_err(E::custom)
            }
        }
        if deserializer.is_human_readable() {
            Value::deserialize(deserializer).map(Json)
        } else {
            deserializer.deserialize_str(Text).map_err(D::Error::custom)
        }
    }
}
