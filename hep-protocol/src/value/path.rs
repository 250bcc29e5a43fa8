//! Absolute paths on a host.

use super::{InvalidValue, kind, text_value};
use serde::{Deserialize, Deserializer, Serialize, de};
use std::fmt;
use std::path::Path;

/// Linux's limit on a path, in bytes, its NUL included (`limits.h`).
const PATH_MAX: usize = 4096;

/// An absolute path on a host, UTF-8, without NUL, `//`, `.` components or a slash at the end.
///
/// `..` stays as written: what it means depends on links that only the host knows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "String")]
pub struct AbsPath(String);

/// The text of a path, by whose name a decoder knows it.
struct Written(String);

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_newtype_struct(kind::PATH, WrittenVisitor)
    }
}

struct WrittenVisitor;

impl<'de> de::Visitor<'de> for WrittenVisitor {
    type Value = Written;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a path")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, value: D) -> Result<Written, D::Error> {
        String::deserialize(value).map(Written)
    }

    /// One that stands for a list of one is a text alone.
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Written, E> {
        Ok(Written(text.to_owned()))
    }
}

/// Decodes a path that may be relative, and may be left out.
///
/// # Errors
/// Those of the decoder.
pub(crate) fn any_path<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Box<str>>, D::Error> {
    Ok(Option::deserialize(from)?.map(|Written(text)| text.into()))
}

impl AbsPath {
    /// The root directory.
    #[must_use]
    pub fn root() -> Self {
        Self("/".to_owned())
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The directory the path's last component is in; `None` for the root.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        match self.0.rsplit_once('/') {
            Some((_, "")) | None => None,
            Some(("", _)) => Some(Self::root()),
            Some((parent, _)) => Some(Self(parent.to_owned())),
        }
    }

    /// The last component; empty for the root.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(_, name)| name)
    }

    /// The path of something below this one.
    ///
    /// # Errors
    /// When the result would be no sound path: too long, or with a NUL.
    pub fn join(&self, below: &str) -> Result<Self, InvalidValue> {
        Self::try_from(format!("{}/{below}", self.0))
    }
}

impl TryFrom<String> for AbsPath {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        let refuse = |why: &str| Err(InvalidValue::new("an absolute path", &text, why));
        if text.contains('\0') {
            return refuse("it contains a NUL byte");
        }
        if text.starts_with('~') {
            return refuse("`~` is not expanded on the host, write the home directory in full");
        }
        if !text.starts_with('/') {
            return refuse("it must begin with `/`");
        }
        let parts: Vec<&str> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        if text.len() >= PATH_MAX || parts.iter().any(|part| part.len() > 255) {
            return refuse("it is longer than the system allows");
        }
        Ok(Self(format!("/{}", parts.join("/"))))
    }
}

impl TryFrom<Written> for AbsPath {
    type Error = InvalidValue;

    fn try_from(Written(text): Written) -> Result<Self, InvalidValue> {
        Self::try_from(text)
    }
}

impl fmt::Display for AbsPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<Path> for AbsPath {
    fn as_ref(&self) -> &Path {
        Path::new(&self.0)
    }
}

text_value!(AbsPath);

/// Where something goes: a path, and whether it was written with a slash at its end.
///
/// The slash says that this is a directory to put things into.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "String")]
pub struct Dest {
    /// The path itself.
    pub path: AbsPath,
    /// Whether it was written as a directory to put things into.
    pub into: bool,
}

impl TryFrom<String> for Dest {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        let into = text.ends_with('/');
        Ok(Self { path: AbsPath::try_from(text)?, into })
    }
}

impl TryFrom<Written> for Dest {
    type Error = InvalidValue;

    fn try_from(Written(text): Written) -> Result<Self, InvalidValue> {
        Self::try_from(text)
    }
}

impl fmt::Display for Dest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slash = if self.into && self.path.as_str() != "/" { "/" } else { "" };
        write!(f, "{}{slash}", self.path)
    }
}

text_value!(Dest);

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let shown = match text.parse::<AbsPath>() {
            Ok(path) => path.to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, expected);
    }

    #[test]
    fn needless_parts_are_dropped() {
        check("/etc//./motd/", "/etc/motd");
        check("/", "/");
        check("/a/../b", "/a/../b");
    }

    #[test]
    fn anything_else_is_refused_by_name() {
        check("etc/motd", "`etc/motd` is not an absolute path: it must begin with `/`");
        check("/a\0b", "`/a\\0b` is not an absolute path: it contains a NUL byte");
        check(
            "~/x",
            "`~/x` is not an absolute path: `~` is not expanded on the host, write the home directory in full",
        );
        assert!("/x".repeat(2100).parse::<AbsPath>().is_err());
    }

    #[test]
    fn parents_end_at_the_root() {
        let path: AbsPath = "/etc/motd".parse().unwrap();
        let parent = path.parent().unwrap();
        assert_eq!((parent.as_str(), path.name()), ("/etc", "motd"));
        assert_eq!(parent.parent(), Some(AbsPath::root()));
        assert_eq!(AbsPath::root().parent(), None);
    }

    #[test]
    fn slash_at_the_end_means_into() {
        let dest: Dest = "/srv/www/".parse().unwrap();
        assert!(dest.into && dest.path.as_str() == "/srv/www");
        assert_eq!(dest.to_string(), "/srv/www/");
    }
}
