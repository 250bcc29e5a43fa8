//! Parameters of `ini_file`: an option of a section in a file of the host.

use super::{About, BadParam, Effect, Params, State};
use crate::value::{AbsPath, Mode, OneOrMany, with_attributes};
use serde::{Deserialize, Serialize};

/// What is known of the module.
pub const ABOUT: About = About {
    main: Some("path"),
    results: Some(&["backup_file", "msg", "path"]),
    ..About::module("ini_file", Effect::Acts)
};

/// What a section has to have to be the one that is meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The option.
    pub option: String,
    /// Its value. Default: any.
    #[serde(default)]
    pub value: Option<String>,
    /// Its values, of which one is enough.
    #[serde(default)]
    pub values: OneOrMany<String>,
}

with_attributes! {
    /// Parameters of `ini_file`.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
    #[serde(deny_unknown_fields)]
    pub struct IniFile {
        /// The file on the host. A link is followed.
        #[serde(alias = "dest")]
        #[cfg_attr(feature = "schema", schemars(extend("x-aliases" = ["dest"])))]
        pub path: AbsPath,
        /// The section, without its brackets. Default: what stands before the first section.
        #[serde(default)]
        pub section: Option<String>,
        /// What the section has to have, where several have that name.
        #[serde(default)]
        pub section_has_values: Vec<Condition>,
        /// The option. Default: the whole section.
        #[serde(default)]
        pub option: Option<String>,
        /// Its value.
        #[serde(default)]
        pub value: Option<String>,
        /// Its values, each with a line of its own.
        #[serde(default)]
        pub values: OneOrMany<String>,
        /// Whether the option is in the section. Default: `present`.
        #[serde(default)]
        pub state: State,
        /// Other lines with the option go. `false`: values are added to those that are there, or with `absent` only these go.
        /// Default: `true`.
        #[serde(default = "yes")]
        pub exclusive: bool,
        /// Write `a=b` instead of `a = b`.
        #[serde(default)]
        pub no_extra_spaces: bool,
        /// Leave a line as it is if only its spaces are different.
        #[serde(default)]
        pub ignore_spaces: bool,
        /// The option, or the section, may be without a value.
        #[serde(default)]
        pub allow_no_value: bool,
        /// Write an option into a line in which it is commented out. Default: `true`.
        #[serde(default = "yes")]
        pub modify_inactive_option: bool,
        /// Make the file and its directories if they are missing. Default: `true`.
        #[serde(default = "yes")]
        pub create: bool,
    }
}

fn yes() -> bool {
    true
}

impl Params for IniFile {
    fn mode(&self) -> Option<&Mode> {
        self.mode.as_ref()
    }

    fn title(&self) -> String {
        let what = match (&self.option, &self.section) {
            (Some(option), Some(section)) => format!("[{section}] {option}"),
            (Some(option), None) => option.clone(),
            (None, Some(section)) => format!("[{section}]"),
            (None, None) => "option".to_owned(),
        };
        format!("{} in {}", self.state.of(&what), self.path)
    }

    fn check(&self) -> Result<(), BadParam> {
        let is_present = self.state == State::Present;
        let both = self.value.is_some() && !self.values.is_empty();
        BadParam::when(
            both || self
                .section_has_values
                .iter()
                .any(|it| it.value.is_some() && !it.values.is_empty()),
            "values",
            "`value` and `values` both say what the option should be",
            "keep one of them",
        )?;
        BadParam::when(
            is_present && !self.allow_no_value && self.value.is_none() && self.values.is_empty(),
            "value",
            "`ini_file` needs the `value`",
            "give `value` or `values`, or add `allow_no_value: true`",
        )?;
        BadParam::when(
            !is_present && self.option.is_none() && self.section.is_none(),
            "section",
            "`state: absent` needs what is to go",
            "give `section`, `option`, or both",
        )?;
        let texts = [&self.section, &self.option, &self.value];
        BadParam::when(
            texts.into_iter().flatten().chain(self.values.iter()).any(|text| text.contains('\n')),
            "value",
            "a section, an option and a value are one line each",
            "remove the newline; `values` takes several values",
        )?;
        BadParam::own_mode(self.mode.as_ref())?;
        BadParam::validate(self.validate.as_ref())
    }
}
