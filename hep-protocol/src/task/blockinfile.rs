//! Parameters of `blockinfile`: lines of a file on the host, between two marks.

use super::{About, BadParam, Effect, Params, State};
use crate::value::{AbsPath, Mode, with_attributes};
use serde::{Deserialize, Serialize};

/// What is known of the module.
pub const ABOUT: About = About {
    main: Some("path"),
    results: Some(&["backup_file", "msg"]),
    ..About::module("blockinfile", Effect::Acts)
};

with_attributes! {
    /// Parameters of `blockinfile`.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
    #[serde(deny_unknown_fields)]
    pub struct Blockinfile {
        /// The file on the host. A link is followed.
        #[serde(alias = "dest", alias = "destfile", alias = "name")]
        #[cfg_attr(feature = "schema", schemars(extend("x-aliases" = ["dest", "destfile", "name"])))]
        pub path: AbsPath,
        /// Whether the block is in the file. Default: `present`.
        #[serde(default)]
        pub state: State,
        /// The lines. Without any, the block is removed.
        #[serde(default, alias = "content")]
        #[cfg_attr(feature = "schema", schemars(extend("x-aliases" = ["content"])))]
        pub block: String,
        /// The line before and after the block; `{mark}` in it becomes `marker_begin` and `marker_end`.
        #[serde(default = "marker")]
        pub marker: String,
        /// What `{mark}` is before the block.
        #[serde(default = "begin")]
        pub marker_begin: String,
        /// What `{mark}` is after the block.
        #[serde(default = "end")]
        pub marker_end: String,
        /// Where a new block goes: after the last line that this pattern matches (a regular expression in Python's syntax),
        /// or `EOF`. Default: `EOF`.
        #[serde(default)]
        pub insertafter: Option<String>,
        /// Where a new block goes: before the last line that this pattern matches, or `BOF`.
        #[serde(default)]
        pub insertbefore: Option<String>,
        /// Make the file and its directories if they are missing.
        #[serde(default)]
        pub create: bool,
        /// Have an empty line after the block, unless it ends the file.
        #[serde(default)]
        pub append_newline: bool,
        /// Have an empty line before the block, unless it begins the file.
        #[serde(default)]
        pub prepend_newline: bool,
    }
}

fn marker() -> String {
    "# {mark} ANSIBLE MANAGED BLOCK".to_owned()
}

fn begin() -> String {
    "BEGIN".to_owned()
}

fn end() -> String {
    "END".to_owned()
}

impl Params for Blockinfile {
    fn mode(&self) -> Option<&Mode> {
        self.mode.as_ref()
    }

    fn title(&self) -> String {
        format!("{} in {}", self.state.of("block"), self.path)
    }

    fn check(&self) -> Result<(), BadParam> {
        BadParam::places(self.insertafter.as_deref(), self.insertbefore.as_deref())?;
        BadParam::own_mode(self.mode.as_ref())?;
        BadParam::validate(self.validate.as_ref())
    }
}

impl Blockinfile {
    /// The line that marks the block, with its end.
    #[must_use]
    pub fn mark(&self, word: &str) -> String {
        format!("{}\n", self.marker.replace("{mark}", word))
    }
}
