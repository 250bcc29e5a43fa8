//! Parameters of `lineinfile`: one line of a file on the host.

use super::{About, BadParam, Effect, Params, State};
use crate::expression::Anchors;
use crate::value::{AbsPath, Mode, with_attributes};
use serde::{Deserialize, Serialize};

/// What is known of the module.
pub const ABOUT: About = About {
    main: Some("path"),
    results: Some(&["backup", "found", "msg"]),
    ..About::module("lineinfile", Effect::Acts)
};

with_attributes! {
    /// Parameters of `lineinfile`.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
    #[serde(deny_unknown_fields)]
    pub struct Lineinfile {
        /// The file on the host. A link is followed.
        #[serde(alias = "dest", alias = "destfile", alias = "name")]
        #[cfg_attr(feature = "schema", schemars(extend("x-aliases" = ["dest", "destfile", "name"])))]
        pub path: AbsPath,
        /// Whether the line is in the file. Default: `present`.
        #[serde(default)]
        pub state: State,
        /// The line, without its end. With `absent` and no pattern, all lines that are equal to it go.
        #[serde(default, alias = "value")]
        #[cfg_attr(feature = "schema", schemars(extend("x-aliases" = ["value"])))]
        pub line: Option<String>,
        /// A regular expression in Python's syntax: the last line that it matches is replaced, with `absent` all are removed.
        #[serde(default, alias = "regex")]
        #[cfg_attr(feature = "schema", schemars(extend("x-aliases" = ["regex"])))]
        pub regexp: Option<String>,
        /// The same with a plain text that a line contains.
        #[serde(default)]
        pub search_string: Option<String>,
        /// Fill groups of `regexp` into `line` (`\1`, `\g<name>`); where nothing matches, nothing changes.
        #[serde(default)]
        pub backrefs: bool,
        /// Where a new line goes: after the last line that this pattern matches, or `BOF` or `EOF`. Default: `EOF`.
        #[serde(default)]
        pub insertafter: Option<String>,
        /// Where a new line goes: before the last line that this pattern matches, or `BOF`.
        #[serde(default)]
        pub insertbefore: Option<String>,
        /// Take the first line that a pattern matches, not the last.
        #[serde(default)]
        pub firstmatch: bool,
        /// Make the file and its directories if they are missing.
        #[serde(default)]
        pub create: bool,
    }
}

impl Params for Lineinfile {
    fn mode(&self) -> Option<&Mode> {
        self.mode.as_ref()
    }

    fn title(&self) -> String {
        format!("{} in {}", self.state.of("line"), self.path)
    }

    fn check(&self) -> Result<(), BadParam> {
        let is_present = self.state == State::Present;
        BadParam::when(
            self.line.is_none() && (is_present || !self.searches()),
            "line",
            "`lineinfile` needs the `line`",
            "give `line`; `state: absent` takes `regexp` or `search_string` instead",
        )?;
        BadParam::when(
            self.regexp.is_some() && self.search_string.is_some(),
            "search_string",
            "`regexp` and `search_string` both say which line is meant",
            "keep one of them",
        )?;
        BadParam::when(
            self.backrefs && self.regexp.is_none(),
            "backrefs",
            "`backrefs` fills in groups of `regexp`, and there is none",
            "add `regexp`, or remove `backrefs`",
        )?;
        let regexp = BadParam::pattern("regexp", self.regexp.as_deref(), Anchors::Line)?;
        BadParam::places(self.insertafter.as_deref(), self.insertbefore.as_deref())?;
        if let (true, Some(regexp), Some(line)) = (self.backrefs && is_present, regexp, &self.line)
        {
            BadParam::replacement("line", line, &regexp)?;
        }
        BadParam::own_mode(self.mode.as_ref())?;
        BadParam::validate(self.validate.as_ref())
    }
}

impl Lineinfile {
    /// Whether it names lines by more than what they are.
    fn searches(&self) -> bool {
        self.regexp.is_some() || self.search_string.is_some()
    }
}
