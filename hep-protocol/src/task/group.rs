//! Parameters of `group`: groups of the host.

use super::{About, BadParam, Effect, Params, State};
use crate::value::{Id, Owner};
use serde::{Deserialize, Serialize};

/// What is known of the module.
pub const ABOUT: About = About {
    main: Some("name"),
    results: Some(&["gid", "name", "state", "system"]),
    ..About::module("group", Effect::Acts)
};

/// Parameters of `group`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The group's name.
    pub name: Owner,
    /// Its number. Without it, a new group gets the next free one.
    #[serde(default)]
    pub gid: Option<Id>,
    /// Whether it should be there.
    #[serde(default)]
    pub state: State,
    /// Give a new group a number of the system's range.
    #[serde(default)]
    pub system: bool,
    /// Look only at the host's own files, not at a directory such as LDAP.
    #[serde(default)]
    pub local: bool,
    /// Allow a `gid` that another group has.
    #[serde(default)]
    pub non_unique: bool,
    /// Remove it even if it is some user's own group.
    #[serde(default)]
    pub force: bool,
    /// The lowest number that a new group may get.
    #[serde(default)]
    pub gid_min: Option<Id>,
    /// The highest number that a new group may get.
    #[serde(default)]
    pub gid_max: Option<Id>,
}

impl Params for Group {
    fn title(&self) -> String {
        match self.state {
            State::Present => format!("group {}", self.name),
            State::Absent => format!("remove group {}", self.name),
        }
    }

    fn check(&self) -> Result<(), BadParam> {
        BadParam::when(
            self.non_unique && self.gid.is_none(),
            "non_unique",
            "`non_unique` has no meaning without `gid`",
            "add `gid`, or remove `non_unique`",
        )
    }
}
