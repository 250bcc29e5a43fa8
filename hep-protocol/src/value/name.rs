//! Names of users, groups and services.

use super::{InvalidValue, text_value};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A user or group, by name or number.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Owner {
    /// A name, looked up on the host.
    Name(String),
    /// A numeric id.
    Id(u32),
}

impl TryFrom<String> for Owner {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        let refuse = |why: &str| Err(InvalidValue::new("a user or group", &text, why));
        if text.starts_with(|c: char| c.is_ascii_digit())
            && text.bytes().all(|b| b.is_ascii_digit())
        {
            // The last number means "leave as it is" to chown(2).
            return match text.parse() {
                Ok(id) if id != u32::MAX => Ok(Self::Id(id)),
                Ok(_) | Err(_) => refuse("the number is too large"),
            };
        }
        if text.is_empty() || text.len() > 256 {
            return refuse("a name has 1 to 256 characters");
        }
        // What useradd(8) refuses, and what would break the lines of passwd(5); `@` and `\` occur in directories.
        let unsound = |c: char| c.is_control() || c.is_whitespace() || matches!(c, ':' | ',' | '/');
        if text.starts_with('-') || text.contains(unsound) {
            return refuse("names have no spaces, no `:`, `,` or `/`, and do not begin with `-`");
        }
        Ok(Self::Name(text))
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Id(id) => write!(f, "{id}"),
        }
    }
}

text_value!(Owner);

/// A service: `apache2`, `getty@tty1`, `nginx.service`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServiceName(String);

impl ServiceName {
    /// The name as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ServiceName {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        // The characters of systemd.unit(5); a script in /etc/init.d never needs others.
        let sound = |c: char| c.is_ascii_alphanumeric() || ":-_.\\@+".contains(c);
        let first = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        if first && text.len() <= 255 && text.chars().all(sound) {
            Ok(Self(text))
        } else {
            let why = "letters, digits and `:-_.\\@+`, beginning with a letter or digit";
            Err(InvalidValue::new("a service name", &text, why))
        }
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_value!(ServiceName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_alone_are_an_id() {
        assert_eq!("33".parse(), Ok(Owner::Id(33)));
        assert_eq!("www-data".parse(), Ok(Owner::Name("www-data".into())));
        assert_eq!("0day".parse(), Ok(Owner::Name("0day".into())));
        for text in ["", "a b", "a:b", "4294967295", "-x", "a\0"] {
            assert!(text.parse::<Owner>().is_err(), "{text}");
        }
    }

    #[test]
    fn service_names_are_those_of_units_and_scripts() {
        for text in ["apache2", "getty@tty1.service", "php8.2-fpm", "dbus-org.freedesktop.x"] {
            assert!(text.parse::<ServiceName>().is_ok(), "{text}");
        }
        for text in ["", "../x", "a b", "-x", "a;b", "."] {
            assert!(text.parse::<ServiceName>().is_err(), "{text}");
        }
    }
}
