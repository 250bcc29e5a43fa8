//! Parameters of `alternatives`: which of several programs a name stands for.

use super::{About, BadParam, Effect, Params};
use crate::value::{AbsPath, Whole};
use serde::{Deserialize, Serialize};

/// What is known of the module.
pub const ABOUT: About =
    About { main: None, results: Some(&[]), ..About::module("alternatives", Effect::Acts) };

/// What should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The path is a choice.
    Present,
    /// The path is a choice, and chosen.
    #[default]
    Selected,
    /// The path is a choice, and the choice with the highest priority is chosen.
    Auto,
    /// The path is no choice.
    Absent,
}

/// A link that follows the choice: a manual page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Subcommand {
    /// Its name.
    pub name: String,
    /// What it leads to.
    pub path: AbsPath,
    /// The link.
    pub link: AbsPath,
}

/// Parameters of `alternatives`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Alternatives {
    /// The name of the group: `editor`.
    pub name: String,
    /// The choice.
    pub path: AbsPath,
    /// The link that leads to what is chosen, for a group that is not there yet: `/usr/bin/editor`.
    #[serde(default)]
    pub link: Option<AbsPath>,
    /// The priority of the choice. Default: the one it has, else 50.
    #[serde(default)]
    pub priority: Option<Whole>,
    /// What should be.
    #[serde(default)]
    pub state: State,
    /// Links that follow the choice.
    #[serde(default, alias = "slaves")]
    #[cfg_attr(feature = "schema", schemars(extend("x-aliases" = ["slaves"])))]
    pub subcommands: Option<Vec<Subcommand>>,
}

impl Params for Alternatives {
    fn title(&self) -> String {
        format!("alternative {}: {}", self.name, self.path)
    }

    fn check(&self) -> Result<(), BadParam> {
        let wrong = |name: &str| {
            name.is_empty() || name.starts_with('-') || name.contains(['/', ' ', '\n', '\0'])
        };
        let more = self.subcommands.iter().flatten().any(|command| wrong(&command.name));
        BadParam::when(
            wrong(&self.name) || more,
            "name",
            "a name has no `/` and no space, and does not begin with `-`",
            "write it as in `editor`",
        )
    }
}
