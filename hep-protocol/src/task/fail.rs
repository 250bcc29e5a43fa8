//! Parameters of `fail`: an end of the run with the operator's own words.

use super::{About, BadParam, Effect, Params};
use serde::{Deserialize, Serialize};

/// What is known of the module.
pub const ABOUT: About = About { main: Some("msg"), ..About::module("fail", Effect::None) };

/// Parameters of `fail`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Fail {
    /// Why the run cannot continue.
    pub msg: String,
}

impl Params for Fail {
    fn title(&self) -> String {
        "fail".to_owned()
    }

    fn check(&self) -> Result<(), BadParam> {
        BadParam::when(self.msg.trim().is_empty(), "msg", "`msg` says nothing", "say what is wrong")
    }
}
