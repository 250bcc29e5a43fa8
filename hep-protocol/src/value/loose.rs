//! Numbers and lists that inventories and playbooks often hold as texts: a number may be given by its digits, a list by one
//! text with commas.

use super::{InvalidValue, OneOrMany, text_value};
use serde::{Deserialize, Deserializer, Serialize, de};
use std::fmt;
use std::ops::Deref;

/// The number of a user or a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Id(pub u32);

impl TryFrom<String> for Id {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        // The last number means "leave as it is" to chown(2).
        let id = text.trim().parse().ok().filter(|id| *id != u32::MAX);
        id.map(Self).ok_or_else(|| InvalidValue::new("the number of a user or group", &text, ""))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

text_value!(Id);

/// A whole number; what follows a decimal point is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Whole(pub i64);

impl TryFrom<String> for Whole {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        let whole = match text.trim().split_once('.') {
            Some((whole, rest)) if rest.bytes().all(|digit| digit.is_ascii_digit()) => whole,
            Some(_) | None => text.trim(),
        };
        whole.parse().map(Self).map_err(|_| InvalidValue::new("a number", &text, ""))
    }
}

impl fmt::Display for Whole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

text_value!(Whole);

/// Names in a list, or in a text with commas between them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "OneOrMany<String>", into = "OneOrMany<String>")]
pub struct Names(Vec<String>);

impl From<OneOrMany<String>> for Names {
    fn from(given: OneOrMany<String>) -> Self {
        let names = given.iter().flat_map(|text| text.split(',')).map(str::trim);
        Self(names.filter(|name| !name.is_empty()).map(str::to_owned).collect())
    }
}

impl From<Names> for OneOrMany<String> {
    fn from(names: Names) -> Self {
        Self(names.0)
    }
}

impl Deref for Names {
    type Target = [String];

    fn deref(&self) -> &[String] {
        &self.0
    }
}

/// A text that may be given as a number, or as yes or no.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Scalar(String);

impl Deref for Scalar {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if from.is_human_readable() {
            from.deserialize_any(ScalarVisitor)
        } else {
            String::deserialize(from).map(Self)
        }
    }
}

struct ScalarVisitor;

impl de::Visitor<'_> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number, or yes or no")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar(text.to_owned()))
    }

    fn visit_bool<E: de::Error>(self, truth: bool) -> Result<Scalar, E> {
        Ok(Scalar(truth.to_string()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Scalar, E> {
        Ok(Scalar(number.to_string()))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar(number.to_string()))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Scalar, E> {
        Ok(Scalar(number.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_may_be_texts_and_lists_one_text() {
        assert_eq!("1000".parse(), Ok(Id(1000)));
        assert!(["", "-1", "x", "4294967295"].iter().all(|text| text.parse::<Id>().is_err()));
        assert_eq!("-1".parse(), Ok(Whole(-1)));
        assert_eq!("1422403387.0".parse(), Ok(Whole(1_422_403_387)));
        assert!(["", "1.x", "soon"].iter().all(|text| text.parse::<Whole>().is_err()));
        let names = |texts: &[&str]| {
            Names::from(OneOrMany(texts.iter().map(|&text| text.to_owned()).collect())).to_vec()
        };
        assert_eq!(names(&["adm, sudo,"]), ["adm", "sudo"]);
        assert_eq!(names(&["adm", "a,b"]), ["adm", "a", "b"]);
        assert!(names(&[""]).is_empty());
        let scalar = |value: serde_json::Value| Scalar::deserialize(value).unwrap().0;
        assert_eq!(
            [scalar(true.into()), scalar((-1).into()), scalar("x".into())],
            ["true", "-1", "x"]
        );
    }
}
