//! Parameters of `replace`: what a pattern matches in a file on the host, everywhere.

use super::{About, BadParam, Effect, Params};
use crate::expression::Anchors;
use crate::value::{AbsPath, Mode, with_attributes};
use serde::{Deserialize, Serialize};

/// What is known of the module.
pub const ABOUT: About = About {
    main: Some("path"),
    results: Some(&["backup_file", "msg", "rc"]),
    ..About::module("replace", Effect::Acts)
};

/// How the file's text is encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Encoding {
    /// UTF-8; what is not stays as it is.
    #[default]
    #[serde(rename = "utf-8", alias = "utf8", alias = "UTF-8", alias = "ascii")]
    #[cfg_attr(feature = "schema", schemars(extend("x-aliases" = ["utf8", "UTF-8", "ascii"])))]
    Utf8,
}

with_attributes! {
    /// Parameters of `replace`.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
    #[serde(deny_unknown_fields)]
    pub struct Replace {
        /// The file on the host. A link is followed.
        #[serde(alias = "dest", alias = "destfile", alias = "name")]
        #[cfg_attr(feature = "schema", schemars(extend("x-aliases" = ["dest", "destfile", "name"])))]
        pub path: AbsPath,
        /// A regular expression in Python's syntax; `^` and `$` are the ends of each line.
        pub regexp: String,
        /// What comes instead of each match; `\1` and `\g<name>` are its groups. Without it matches are removed.
        #[serde(default)]
        pub replace: String,
        /// Only what follows the first match of this pattern, in which `.` matches newlines, too.
        #[serde(default)]
        pub after: Option<String>,
        /// Only what precedes the last match of this pattern, with `after` the first one after that.
        #[serde(default)]
        pub before: Option<String>,
        /// How the text is encoded. Default: `utf-8`.
        #[serde(default)]
        pub encoding: Encoding,
    }
}

impl Params for Replace {
    fn mode(&self) -> Option<&Mode> {
        self.mode.as_ref()
    }

    fn title(&self) -> String {
        format!("replace in {}", self.path)
    }

    fn check(&self) -> Result<(), BadParam> {
        if let Some(regexp) = BadParam::pattern("regexp", Some(&self.regexp), Anchors::Lines)? {
            BadParam::replacement("replace", &self.replace, &regexp)?;
        }
        BadParam::pattern("after", self.after.as_deref(), Anchors::Text)?;
        BadParam::pattern("before", self.before.as_deref(), Anchors::Text)?;
        BadParam::own_mode(self.mode.as_ref())?;
        BadParam::validate(self.validate.as_ref())
    }
}
