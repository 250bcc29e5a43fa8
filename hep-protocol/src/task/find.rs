//! Parameters of `find`: what is below directories of the host, by name, type, age, size, mode and content.

use super::stat::Algorithm;
use super::{About, BadParam, Effect, Params};
use crate::expression::Anchors;
use crate::value::{AbsPath, Mode, OneOrMany, Scalar};
use serde::{Deserialize, Serialize};

/// What is known of the module.
pub const ABOUT: About = About {
    main: Some("paths"),
    results: Some(&["examined", "files", "matched", "msg", "skipped_paths"]),
    ..About::module("find", Effect::Reads)
};

/// What entries are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum FileType {
    /// Anything.
    Any,
    /// Directories.
    Directory,
    /// Regular files.
    #[default]
    File,
    /// Symbolic links.
    Link,
}

/// Which of a file's times counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Stamp {
    /// When it was last read.
    Atime,
    /// When its attributes were last changed.
    Ctime,
    /// When its content was last changed.
    #[default]
    Mtime,
}

/// Parameters of `find`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Find {
    /// The directories to look into.
    #[serde(alias = "name", alias = "path")]
    #[cfg_attr(feature = "schema", schemars(extend("x-aliases" = ["name", "path"])))]
    pub paths: OneOrMany<AbsPath>,
    /// Patterns of names, of which one has to match: `*.log`. Default: all names.
    #[serde(default, alias = "pattern")]
    #[cfg_attr(feature = "schema", schemars(extend("x-aliases" = ["pattern"])))]
    pub patterns: OneOrMany<String>,
    /// Patterns of names that are left out.
    #[serde(default, alias = "exclude")]
    #[cfg_attr(feature = "schema", schemars(extend("x-aliases" = ["exclude"])))]
    pub excludes: OneOrMany<String>,
    /// The patterns are regular expressions in Python's syntax, which match from the beginning of a name.
    #[serde(default)]
    pub use_regex: bool,
    /// What the entries are. Default: `file`.
    #[serde(default)]
    pub file_type: FileType,
    /// Look into directories below, too.
    #[serde(default)]
    pub recurse: bool,
    /// How many levels down to go with `recurse`. Default: all.
    #[serde(default)]
    pub depth: Option<u32>,
    /// Include names that begin with a dot.
    #[serde(default)]
    pub hidden: bool,
    /// Look into directories that links lead to, too.
    #[serde(default)]
    pub follow: bool,
    /// At least this old: `3600`, `90m`, `2d`, `1w`; with `-` before it, at most.
    #[serde(default)]
    pub age: Option<Scalar>,
    /// The time that the age is counted from. Default: `mtime`.
    #[serde(default)]
    pub age_stamp: Stamp,
    /// At least this large: `512`, `10k`, `1g`; with `-` before it, at most.
    #[serde(default)]
    pub size: Option<Scalar>,
    /// A regular expression in Python's syntax that matches from the beginning of a line of a file.
    #[serde(default)]
    pub contains: Option<String>,
    /// The expression is sought anywhere in the whole text of a file.
    #[serde(default)]
    pub read_whole_file: bool,
    /// The mode that entries have.
    #[serde(default)]
    pub mode: Option<Mode>,
    /// They have exactly that mode. `false`: one of its bits is enough. Default: `true`.
    #[serde(default = "yes")]
    pub exact_mode: bool,
    /// Include a digest of each file.
    #[serde(default)]
    pub get_checksum: bool,
    /// How the digest is made. Default: `sha1`.
    #[serde(default, alias = "checksum", alias = "checksum_algo")]
    #[cfg_attr(feature = "schema", schemars(extend("x-aliases" = ["checksum", "checksum_algo"])))]
    pub checksum_algorithm: Option<Algorithm>,
    /// Stop after so many.
    #[serde(default)]
    pub limit: Option<u32>,
}

fn yes() -> bool {
    true
}

/// The units of an age, in seconds.
const AGES: [(char, i64); 5] = [('s', 1), ('m', 60), ('h', 3600), ('d', 86400), ('w', 604_800)];

/// The units of a size, in bytes.
const SIZES: [(char, i64); 5] =
    [('b', 1), ('k', 1 << 10), ('m', 1 << 20), ('g', 1 << 30), ('t', 1 << 40)];

/// A whole number with a unit.
fn amount(text: &str, units: &[(char, i64)]) -> Option<i64> {
    let text = text.to_ascii_lowercase();
    let unit = units.iter().find_map(|(unit, times)| Some((text.strip_suffix(*unit)?, *times)));
    let (digits, times) = unit.unwrap_or((&text, 1));
    let sound = digits.strip_prefix('-').unwrap_or(digits).bytes().all(|c| c.is_ascii_digit());
    digits.parse::<i64>().ok().filter(|_| sound)?.checked_mul(times)
}

impl Find {
    /// The age in seconds, below zero for one that entries have at most; `None` if it is not given, or no age.
    #[must_use]
    pub fn seconds(&self) -> Option<i64> {
        self.age.as_deref().and_then(|text| amount(text, &AGES))
    }

    /// The size in bytes, below zero for one that files have at most; `None` if it is not given, or no size.
    #[must_use]
    pub fn bytes(&self) -> Option<i64> {
        self.size.as_deref().and_then(|text| amount(text, &SIZES))
    }
}

impl Params for Find {
    fn title(&self) -> String {
        let paths: Vec<&str> = self.paths.iter().map(AbsPath::as_str).collect();
        format!("find in {}", paths.join(", "))
    }

    fn check(&self) -> Result<(), BadParam> {
        BadParam::when(
            self.age.is_some() && self.seconds().is_none(),
            "age",
            "this is no age",
            "write a number and a unit, as in `90m`, `2d` or `-1w`",
        )?;
        BadParam::when(
            self.size.is_some() && self.bytes().is_none(),
            "size",
            "this is no size",
            "write a number and a unit, as in `512`, `10k` or `-1g`",
        )?;
        BadParam::when(
            self.limit == Some(0),
            "limit",
            "`limit: 0` would find nothing",
            "write how many are wanted, or remove it",
        )?;
        for (key, patterns) in [("patterns", &self.patterns), ("excludes", &self.excludes)] {
            for pattern in patterns.iter().filter(|_| self.use_regex) {
                BadParam::pattern(key, Some(pattern), Anchors::Line)?;
            }
        }
        BadParam::pattern("contains", self.contains.as_deref(), Anchors::Line)?;
        BadParam::own_mode(self.mode.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_units() {
        let ages = ["90", "2m", "1H", "-2d", "1w"].map(|text| amount(text, &AGES));
        assert_eq!(ages, [90, 120, 3600, -172_800, 604_800].map(Some));
        let wrong = ["", "d", "1.5h", "+1", "1 d", "1y", "99999999999999999w"];
        assert_eq!(wrong.map(|text| amount(text, &AGES)), [None; 7]);
        assert_eq!(["1k", "-1G"].map(|text| amount(text, &SIZES)), [1024, -1 << 30].map(Some));
    }
}
