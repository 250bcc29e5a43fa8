//! Parameters of `ping`: whether tasks reach the host.

use super::{About, BadParam, Effect, Params};
use serde::{Deserialize, Serialize};

/// What is known of the module.
pub const ABOUT: About = About { results: Some(&["ping"]), ..About::module("ping", Effect::Reads) };

/// Parameters of `ping`. It changes nothing: that it ends well shows that tasks reach the host, and as which user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Ping {
    /// The answer. `crash` fails. Default `pong`.
    #[serde(default)]
    pub data: Option<String>,
}

impl Params for Ping {
    fn title(&self) -> String {
        "ping".to_owned()
    }

    fn check(&self) -> Result<(), BadParam> {
        Ok(())
    }
}
