//! Parameters of `timezone`: the time zone of the host.

use super::{About, BadParam, Effect, Params};
use serde::{Deserialize, Serialize};

/// What is known of the module.
pub const ABOUT: About =
    About { main: Some("name"), results: Some(&[]), ..About::module("timezone", Effect::Acts) };

/// Parameters of `timezone`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Timezone {
    /// The zone, by its file below /usr/share/zoneinfo: `Europe/Berlin`.
    pub name: String,
}

impl Params for Timezone {
    fn title(&self) -> String {
        format!("time zone {}", self.name)
    }

    fn check(&self) -> Result<(), BadParam> {
        let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+');
        BadParam::when(
            self.name.is_empty() || self.name.starts_with('/') || !self.name.chars().all(sound),
            "name",
            "this is no time zone",
            "write it as in `Europe/Berlin` or `UTC`",
        )
    }
}
