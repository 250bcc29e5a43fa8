//! Debian packages as a manifest names them.

use super::{AbsPath, InvalidValue, text_value};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The name of a package, checked by Debian policy 5.6.1; may hold `*`, `?` and `[...]` where a pattern is meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PackageName(String);

impl PackageName {
    /// The name as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a pattern rather than a name.
    #[must_use]
    pub fn is_pattern(&self) -> bool {
        self.0.contains(['*', '?', '['])
    }
}

impl TryFrom<String> for PackageName {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        let sound = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.*?[]".contains(c);
        // A leading `-` or a trailing `-` or `+` would be read by apt-get as an option or another action.
        let first = text.starts_with(|c: char| {
            c.is_ascii_lowercase() || c.is_ascii_digit() || "*?[".contains(c)
        });
        let why = if text.chars().any(|c| c.is_ascii_uppercase()) {
            "package names are in lower case"
        } else if text.ends_with('-') {
            "a name does not end in `-`; to remove a package write `action: remove`"
        } else if text.contains(char::is_whitespace) || text.contains(',') {
            "write several packages as a list: `[a, b]`"
        } else if first
            && (2..=200).contains(&text.len().max(usize::from(text == "*") * 2))
            && text.chars().all(sound)
        {
            return Ok(Self(text));
        } else {
            "names have at least two of `a-z`, `0-9`, `+`, `-`, `.` and begin with a letter or digit"
        };
        Err(InvalidValue::new("a package name", &text, why))
    }
}

impl fmt::Display for PackageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_value!(PackageName);

/// What the `package` parameter names: `nginx`, `libc6:arm64`, `php=8.2*`, `/srv/tool_1.0_all.deb`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Package {
    /// A package of the configured repositories.
    Named {
        /// Its name, or a pattern.
        name: PackageName,
        /// The architecture after `:`.
        arch: Option<String>,
        /// The version, or a glob of it, after `=`.
        version: Option<String>,
    },
    /// A package file on the host.
    File(AbsPath),
}

impl TryFrom<String> for Package {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        if text.contains('/') {
            return package_file(text);
        }
        let (rest, version) = match text.split_once('=') {
            Some((rest, version)) => (rest, Some(version.to_owned())),
            None => (text.as_str(), None),
        };
        let (name, arch) = match rest.split_once(':') {
            Some((name, arch)) => (name, Some(arch.to_owned())),
            None => (rest, None),
        };
        let in_version = |c: char| c.is_ascii_alphanumeric() || ".+-~:*?[]".contains(c);
        if version
            .as_ref()
            .is_some_and(|v| v.is_empty() || v.starts_with('-') || !v.chars().all(in_version))
        {
            return Err(InvalidValue::new(
                "a package",
                &text,
                "write a version after `=` as `nginx=1.22*`",
            ));
        }
        let in_arch = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if arch
            .as_ref()
            .is_some_and(|a| a.is_empty() || a.starts_with('-') || !a.chars().all(in_arch))
        {
            return Err(InvalidValue::new(
                "a package",
                &text,
                "write an architecture after `:` as `libc6:arm64`",
            ));
        }
        Ok(Self::Named { name: name.parse()?, arch, version })
    }
}

fn package_file(text: String) -> Result<Package, InvalidValue> {
    let why = "a package file is an absolute path on the host that ends in `.deb`";
    if !text.ends_with(".deb") {
        return Err(InvalidValue::new("a package", &text, why));
    }
    match text.parse() {
        Ok(path) => Ok(Package::File(path)),
        Err(_) => Err(InvalidValue::new("a package", &text, why)),
    }
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named { name, arch, version } => {
                write!(f, "{name}")?;
                arch.iter().try_for_each(|arch| write!(f, ":{arch}"))?;
                version.iter().try_for_each(|version| write!(f, "={version}"))
            }
            Self::File(path) => write!(f, "{path}"),
        }
    }
}

text_value!(Package);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_survives_its_own_text() {
        for text in [
            "nginx",
            "libc6:arm64",
            "php=8.2*",
            "libx:i386=1:2.0-1~bpo+1",
            "/srv/a_1.0_all.deb",
            "php8.2-*",
            "g++",
        ] {
            assert_eq!(text.parse::<Package>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_apt_would_take_for_something_else_is_refused() {
        for text in [
            "",
            "-y",
            "nginx-",
            "Nginx",
            "a b",
            "nginx, curl",
            "nginx=",
            "nginx:",
            "x.deb/",
            "./x.deb",
            "nginx=-o",
            "a;b",
        ] {
            assert!(text.parse::<Package>().is_err(), "{text}");
        }
    }
}
